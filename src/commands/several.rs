//! Several webhooks at once: which they are, and what is said where only some went well.

use super::Context;
use crate::commands::options::WebhooksOrAll;
use crate::config::resolve::is_for_several;
use crate::error::{CommandError, Diagnose as _, Diagnosis, Exit, Result, ResultExt as _};
use crate::ops::session::Session;
use crate::postmark::{ApiError, Webhook, WebhookId};

/// The IDs that are named, those of all webhooks, or the one that the user picks.
pub fn ids(target: &WebhooksOrAll, cx: &Context, question: &'static str) -> Result<Vec<WebhookId>> {
    if target.all {
        return Ok(all(cx.session()?)?.iter().map(|webhook| webhook.id).collect());
    }
    cx.ids_or_pick(&target.ids, question)
}

/// The IDs that are named, or the one that the user picks. An ID means a webhook of one server, so they
/// cannot be for several.
pub fn ids_of_one(
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

/// The webhooks of these IDs, all webhooks, or the one that the user picks; and why some are missing.
pub fn webhooks(
    target: &WebhooksOrAll,
    cx: &Context,
    question: &'static str,
) -> Result<(Vec<Webhook>, Vec<CommandError>)> {
    if target.all {
        return Ok((all(cx.session()?)?, Vec::new()));
    }
    let ids = cx.ids_or_pick(&target.ids, question)?;
    let session = cx.session()?;
    Ok(apart(ids.iter().map(|id| {
        let got = session.client.get(*id);
        got.with_context(|| format!("cannot get webhook {id} of {}", session.place()))
    })))
}

/// All webhooks of a server.
pub fn all(session: &Session) -> Result<Vec<Webhook>> {
    let webhooks = session.client.list(None);
    webhooks.with_context(|| format!("cannot list the webhooks of {}", session.place()))
}

/// What went well, and what did not.
pub fn apart<T>(results: impl IntoIterator<Item = Result<T>>) -> (Vec<T>, Vec<CommandError>) {
    let (mut good, mut failed) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(one) => good.push(one),
            Err(error) => failed.push(error),
        }
    }
    (good, failed)
}

/// Where nothing went well, a single failure is itself, and of several the first decides what the run
/// ends with. An API that cannot do it at all says so once.
pub fn none_of(mut failed: Vec<CommandError>, asked: usize, done: &str) -> CommandError {
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

/// The failure where some webhooks went well.
pub fn partly(failed: &[CommandError], asked: usize, done: &str) -> CommandError {
    let message = format!("{} of {asked} webhooks could not be {done}", failed.len());
    let hints = failed.first().map(|error| error.hints().to_vec()).unwrap_or_default();
    CommandError::new(Exit::PartlyDone, message).with_causes(sentences(failed)).with_hints(hints)
}

fn sentences(failed: &[CommandError]) -> Vec<String> {
    failed.iter().map(|error| format!("{error:#}")).collect()
}
