//! Work on several profiles, or on several webhooks: bounded concurrency, results in order, and one error for
//! the parts that failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Context;
use crate::commands::options::WebhooksOrAll;
use crate::config::resolve::{Target, is_for_several, places};
use crate::error::{CommandError, Diagnose as _, Diagnosis, Exit, Result, ResultExt as _};
use crate::http::client::HttpError;
use crate::ops::fanout;
use crate::ops::session::Session;
use crate::postmark::{ApiError, Webhook, WebhookId};
use crate::term::{ByProfile, Report};

/// Maximum number of profiles that are asked at the same time.
pub(crate) const PROFILES_AT_ONCE: usize = 16;

/// Results of the profiles of a run.
pub(crate) struct Batch<T> {
    /// Results with the names of their profiles, in the order in which the profiles are named. `None` for a
    /// token from the environment.
    pub(crate) parts: Vec<(Option<String>, T)>,
    /// True if the run is for several profiles, even if only one has a result.
    pub(crate) several: bool,
    /// Names of the profiles without a result.
    pub(crate) failed: Vec<String>,
    /// Error of the parts that failed.
    error: Option<CommandError>,
}

impl<T> Batch<T> {
    /// Shows the results, and ends with the error of the parts that failed.
    pub(crate) fn show<R: Report>(self, cx: &Context, report: impl Fn(T) -> R) -> Result<Exit> {
        let parts = self.parts.into_iter().map(|(profile, result)| (profile, report(result)));
        let exit = cx.show(&ByProfile { parts: parts.collect(), several: self.several })?;
        self.error.map_or(Ok(exit), Err)
    }

    /// Adds that some webhooks of the other profiles could not be `done`.
    pub(crate) fn add_failures(&mut self, failed: &[CommandError], asked: usize, done: &str) {
        if failed.is_empty() {
            return;
        }
        let mut error = some_failed(failed, asked, done);
        if self.several {
            // The commands in them do not name a profile.
            error = error.with_hints(Vec::new());
        }
        if let Some(before) = self.error.take() {
            let message = format!("{}; {}", before.message(), error.message());
            let mut hints = before.hints().to_vec();
            hints.extend_from_slice(error.hints());
            let causes = before.causes().into_iter().chain(error.causes());
            error = CommandError::new(error.exit(), message).with_causes(causes).with_hints(hints);
        }
        self.error = Some(error);
    }

    /// Ends with `exit`, or with the error of the parts that failed.
    pub(crate) fn end(self, exit: Exit) -> Result<Exit> {
        self.error.map_or(Ok(exit), Err)
    }
}

impl Context {
    /// Does the same work on the server of every profile of the run. `done` is its participle: `listed`.
    ///
    /// Errors of `work` name the profile, since several of them stand in one list. If all profiles fail, that
    /// is the error.
    pub(crate) fn each<T: Send>(
        &self,
        done: &str,
        work: impl Fn(&Session) -> Result<T> + Sync,
    ) -> Result<Batch<T>> {
        let Some(places) = places(&self.wanted, &self.environment)? else {
            let session = self.session()?;
            let profile = session.target.name().map(|name| name.to_string());
            let parts = vec![(profile, work(session)?)];
            return Ok(Batch { parts, several: false, failed: Vec::new(), error: None });
        };
        places.warnings.iter().for_each(|warning| self.ui.warn(warning));
        places.notes.iter().for_each(|note| self.ui.note(note));
        let total = places.places.len();
        let (ui, environment, net, limits) = (&self.ui, &self.environment, &self.net, self.limits);
        let answered = AtomicUsize::new(0);
        let show = |count| ui.progress(&format!("{count} of {total} profiles…"));
        show(0);
        let results = fanout::map(&places.places, PROFILES_AT_ONCE, |place| {
            let result = match &place.target {
                Err(error) => {
                    Err(CommandError::with_diagnosis(error.to_string(), error.diagnosis()))
                }
                Ok(target) => Session::at(target.clone(), environment, Arc::clone(net), limits)
                    .map_err(|error| with_origin(error.into(), target))
                    .and_then(|session| work(&session).map_err(|e| with_origin(e, target))),
            };
            show(answered.fetch_add(1, Ordering::Relaxed) + 1);
            result
        });
        let (mut parts, mut failed) = (Vec::new(), Vec::new());
        for (place, result) in places.places.into_iter().zip(results) {
            match result {
                Ok(result) => parts.push((Some(place.name), result)),
                Err(error) => failed.push((place.name, error)),
            }
        }
        let error = profiles_failed(&failed, total, done);
        match error {
            Some(error) if parts.is_empty() => Err(error),
            error => {
                let failed = failed.into_iter().map(|(name, _)| name).collect();
                Ok(Batch { parts, several: true, failed, error })
            }
        }
    }
}

/// Adds the source of the token or of the address to an error that is about it.
pub(crate) fn with_origin(error: CommandError, target: &Target) -> CommandError {
    if error.exit() == Exit::TokenRefused {
        let mut hints = vec![format!("the token comes from {}", target.token_source()).into()];
        hints.extend_from_slice(error.hints());
        return error.with_hints(hints);
    }
    if let Some(ApiError::Http(HttpError::Name { .. })) = error.find() {
        let (url, origin) = (&target.api_url, target.api_url_source);
        return error.with_hints(vec![format!("the API's address is {url} ({origin})").into()]);
    }
    error
}

/// Error of the profiles that failed. If all did, the first decides the exit code.
fn profiles_failed(
    failed: &[(String, CommandError)],
    total: usize,
    done: &str,
) -> Option<CommandError> {
    let (_, first) = failed.first()?;
    // The same hint is given for one profile only.
    let (mut hints, mut seen) = (Vec::new(), Vec::new());
    for (name, error) in failed.iter().filter(|(_, error)| !error.hints().is_empty()) {
        if !seen.contains(&error.exit()) {
            seen.push(error.exit());
            hints.extend(error.hints().iter().map(|hint| hint.clone().for_profile(name)));
        }
    }
    if let ([(name, only)], 1) = (failed, total) {
        let message = only.message();
        let is_named = message.contains(name.as_str());
        let prefix = if is_named { String::new() } else { format!("profile {name}: ") };
        let details = only.causes();
        let diagnosis = Diagnosis { hints, details, ..only.diagnosis().clone() };
        return Some(CommandError::with_diagnosis(prefix + &message, diagnosis));
    }
    let causes = failed.iter().map(|(name, error)| {
        let sentences: Vec<_> = std::iter::once(error.message()).chain(error.causes()).collect();
        // The name stands in front.
        format!("{name}: {}", sentences.join(": ").replace(&format!(" of profile {name}"), ""))
    });
    let details = causes.collect();
    if failed.len() == total {
        let message = format!("none of the {total} profiles could be {done}");
        let diagnosis = Diagnosis { hints, details, ..first.diagnosis().clone() };
        return Some(CommandError::with_diagnosis(message, diagnosis));
    }
    let message = format!("{} of {total} profiles could not be {done}", failed.len());
    let diagnosis = Diagnosis { hints, details, ..Diagnosis::new(Exit::PartlyDone) };
    Some(CommandError::with_diagnosis(message, diagnosis))
}

/// Results of all profiles, or the error that nothing was done because some of them failed.
pub(crate) fn all_or_nothing<T>(
    results: impl IntoIterator<Item = (String, Result<T>)>,
    done: &str,
) -> Result<Vec<T>> {
    let (mut good, mut failed) = (Vec::new(), Vec::new());
    for (name, result) in results {
        match result {
            Ok(one) => good.push(one),
            Err(error) => failed.push((name, error)),
        }
    }
    let total = good.len() + failed.len();
    let Some((_, first)) = failed.first() else { return Ok(good) };
    let Some(error) = profiles_failed(&failed, total, done) else { return Ok(good) };
    let message = format!("nothing was done: {}", error.message());
    let diagnosis = Diagnosis { exit: first.exit(), ..error.diagnosis().clone() };
    Err(CommandError::with_diagnosis(message, diagnosis))
}

/// IDs of the webhooks that are named, of all webhooks, or of the one that the user picks.
pub(crate) fn webhook_ids(
    target: &WebhooksOrAll,
    cx: &Context,
    question: &'static str,
) -> Result<Vec<WebhookId>> {
    if target.all {
        return Ok(all_webhooks(cx.session()?)?.iter().map(|webhook| webhook.id).collect());
    }
    cx.ids_or_pick(&target.ids, question)
}

/// IDs of the webhooks that are named, or of the one that the user picks. Refused for several profiles, since
/// an ID belongs to one server.
pub(crate) fn webhook_ids_of_one_profile(
    ids: &[WebhookId],
    cx: &Context,
    question: &'static str,
) -> Result<Vec<WebhookId>> {
    if is_for_several(&cx.wanted, &cx.environment)? {
        let message = "an ID means a webhook of one server, and several profiles are named";
        return Err(CommandError::usage(message).hint("all webhooks of each: --all"));
    }
    cx.ids_or_pick(ids, question)
}

/// Webhooks that are named, all, or the one that the user picks; with the errors of those that cannot be read.
pub(crate) fn webhooks(
    target: &WebhooksOrAll,
    cx: &Context,
    question: &'static str,
) -> Result<(Vec<Webhook>, Vec<CommandError>)> {
    if target.all {
        return Ok((all_webhooks(cx.session()?)?, Vec::new()));
    }
    Ok(get_webhooks(&cx.ids_or_pick(&target.ids, question)?, cx.session()?))
}

/// Webhooks of these IDs, with the errors of those that cannot be read.
pub(crate) fn get_webhooks(
    ids: &[WebhookId],
    session: &Session,
) -> (Vec<Webhook>, Vec<CommandError>) {
    partition(ids.iter().map(|id| {
        let webhook = session.client.get(*id);
        webhook.with_context(|| format!("cannot get webhook {id} of {}", session.place()))
    }))
}

/// All webhooks of a server.
pub(crate) fn all_webhooks(session: &Session) -> Result<Vec<Webhook>> {
    let webhooks = session.client.list(None);
    webhooks.with_context(|| format!("cannot list the webhooks of {}", session.place()))
}

/// Results and errors, each in order.
pub(crate) fn partition<T>(
    results: impl IntoIterator<Item = Result<T>>,
) -> (Vec<T>, Vec<CommandError>) {
    let (mut good, mut failed) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(one) => good.push(one),
            Err(error) => failed.push(error),
        }
    }
    (good, failed)
}

/// Error of a run in which all webhooks failed: the only error itself, or one with the exit code of the first.
/// An API that lacks the operation is named once.
pub(crate) fn all_failed(mut failed: Vec<CommandError>, asked: usize, done: &str) -> CommandError {
    let is_old = |error: &&ApiError| matches!(error, ApiError::NotOffered { .. });
    if let Some(old) = failed.iter().find_map(|error| error.find::<ApiError>().filter(is_old)) {
        return CommandError::with_diagnosis(old.to_string(), old.diagnosis());
    }
    if failed.len() == 1 {
        return failed.remove(0);
    }
    let message = format!("none of the {asked} webhooks could be {done}");
    let Some(first) = failed.first() else { return CommandError::usage(message) };
    let diagnosis = Diagnosis { details: sentences(&failed), ..first.diagnosis().clone() };
    CommandError::with_diagnosis(message, diagnosis)
}

/// Error of a run in which some webhooks failed.
pub(crate) fn some_failed(failed: &[CommandError], asked: usize, done: &str) -> CommandError {
    let message = format!("{} of {asked} webhooks could not be {done}", failed.len());
    let hints = failed.first().map(|error| error.hints().to_vec()).unwrap_or_default();
    CommandError::new(Exit::PartlyDone, message).with_causes(sentences(failed)).with_hints(hints)
}

fn sentences(failed: &[CommandError]) -> Vec<String> {
    failed.iter().map(|error| format!("{error:#}")).collect()
}
