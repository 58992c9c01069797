//! What is said of the profiles that did not answer.

use anyhow::Error;

use crate::commands::Context;
use crate::config::ConfigError;
use crate::config::resolve::Target;
use crate::error::{self, CommandError, Exit, Invocation, explain};
use crate::http::client::HttpError;
use crate::postmark::ApiError;

/// A failure that says where the token or the address came from, where that is what failed.
pub fn told(error: &Error, target: Option<&Target>) -> CommandError {
    let mut failure = explain(error);
    let Some(target) = target else { return failure };
    let has_no_name = |e: &(dyn std::error::Error + 'static)| {
        matches!(e.downcast_ref::<ApiError>(), Some(ApiError::Http(HttpError::Name { .. })))
    };
    if failure.exit == Exit::TokenRefused {
        failure.hints.insert(0, format!("the token comes from {}", target.token_source()));
    } else if error.chain().any(has_no_name) {
        let (url, origin) = (&target.api_url, target.api_url_source);
        failure.hints = vec![format!("the API's address is {url} ({origin})")];
    }
    failure
}

/// The failure of a profile that cannot be used.
pub(super) fn of_config(error: &ConfigError) -> CommandError {
    CommandError { message: error.to_string(), ..error::of(error) }
}

/// The failure of those profiles that did not answer: where none did, of one it is its own, and of several
/// the first decides what the run ends with.
pub(super) fn missing(
    failed: &[(String, CommandError)],
    total: usize,
    done: &str,
    invocation: &Invocation,
) -> Option<CommandError> {
    let (_, first) = failed.first()?;
    // The same advice for each of fifty profiles is none.
    let (mut hints, mut seen) = (Vec::new(), Vec::new());
    for (name, failure) in failed.iter().filter(|(_, f)| !f.hints.is_empty()) {
        if !seen.contains(&failure.exit) {
            seen.push(failure.exit);
            let invocation = invocation.of(Some(name));
            hints.extend(failure.hints.iter().map(|hint| invocation.applied(hint)));
        }
    }
    if let ([(name, only)], 1) = (failed, total) {
        let said = only.message.contains(name.as_str());
        let whose = if said { String::new() } else { format!("profile {name}: ") };
        let message = whose + &only.message;
        return Some(CommandError { message, hints, ..only.clone() });
    }
    let causes = failed.iter().map(|(name, failure)| {
        let sentences = std::iter::once(&failure.message).chain(&failure.causes);
        let sentences: Vec<_> = sentences.map(String::as_str).collect();
        // Whose it is stands in front.
        format!("{name}: {}", sentences.join(": ").replace(&format!(" of profile {name}"), ""))
    });
    let causes = causes.collect();
    if failed.len() == total {
        let message = format!("none of the {total} profiles could be {done}");
        return Some(CommandError { message, causes, hints, ..first.clone() });
    }
    let message = format!("{} of {total} profiles could not be {done}", failed.len());
    Some(CommandError { causes, hints, ..CommandError::new(Exit::PartlyDone, message) })
}

/// What came of each profile, or, where one of them failed, why nothing was done.
pub fn all_or_nothing<T>(
    results: impl IntoIterator<Item = (String, anyhow::Result<T>)>,
    done: &str,
    cx: &Context,
) -> anyhow::Result<Vec<T>> {
    let (mut good, mut failed) = (Vec::new(), Vec::new());
    for (name, result) in results {
        match result {
            Ok(one) => good.push(one),
            Err(error) => failed.push((name, explain(&error))),
        }
    }
    let total = good.len() + failed.len();
    let Some((_, first)) = failed.first() else { return Ok(good) };
    let Some(missing) = missing(&failed, total, done, &cx.invocation) else { return Ok(good) };
    let message = format!("nothing was done: {}", missing.message);
    Err(CommandError { exit: first.exit, message, ..missing }.into())
}
