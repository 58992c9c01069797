//! What is said of the profiles that did not answer.

use crate::config::ConfigError;
use crate::config::resolve::Target;
use crate::error::{CommandError, Diagnose as _, Diagnosis, Exit, Result};
use crate::http::client::HttpError;
use crate::postmark::ApiError;

/// A failure that says where the token or the address came from, where that is what failed.
pub fn told(error: CommandError, target: Option<&Target>) -> CommandError {
    let Some(target) = target else { return error };
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

/// The failure of a profile that cannot be used.
pub(super) fn of_config(error: &ConfigError) -> CommandError {
    CommandError::with_diagnosis(error.to_string(), error.diagnosis())
}

/// The failure of those profiles that did not answer: where none did, of one it is its own, and of several
/// the first decides what the run ends with.
pub(super) fn missing(
    failed: &[(String, CommandError)],
    total: usize,
    done: &str,
) -> Option<CommandError> {
    let (_, first) = failed.first()?;
    // The same advice for each of fifty profiles is none.
    let (mut hints, mut seen) = (Vec::new(), Vec::new());
    for (name, failure) in failed.iter().filter(|(_, f)| !f.hints().is_empty()) {
        if !seen.contains(&failure.exit()) {
            seen.push(failure.exit());
            hints.extend(failure.hints().iter().map(|hint| hint.clone().for_profile(name)));
        }
    }
    if let ([(name, only)], 1) = (failed, total) {
        let message = only.message();
        let said = message.contains(name.as_str());
        let whose = if said { String::new() } else { format!("profile {name}: ") };
        let details = only.causes();
        let diagnosis = Diagnosis { hints, details, ..only.diagnosis().clone() };
        return Some(CommandError::with_diagnosis(whose + &message, diagnosis));
    }
    let causes = failed.iter().map(|(name, failure)| {
        let sentences: Vec<_> =
            std::iter::once(failure.message()).chain(failure.causes()).collect();
        // Whose it is stands in front.
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

/// What came of each profile, or, where one of them failed, why nothing was done.
pub fn all_or_nothing<T>(
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
    let Some(missing) = missing(&failed, total, done) else { return Ok(good) };
    let message = format!("nothing was done: {}", missing.message());
    let diagnosis = Diagnosis { exit: first.exit(), ..missing.diagnosis().clone() };
    Err(CommandError::with_diagnosis(message, diagnosis))
}
