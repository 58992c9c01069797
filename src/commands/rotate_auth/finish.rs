//! What a rotation ends with, and how to go on.

use super::rotation::{Rotation, Row};
use super::{Args, fresh};
use crate::commands::Context;
use crate::error::{CommandError, Diagnose, Exit, Result};
use crate::ops::rotate::{Fresh, Outcome, back};

/// Says what became of it all, and how to go on.
pub(super) fn finish(
    rotation: &Rotation,
    fresh: &Fresh,
    args: &Args,
    cx: &Context,
) -> Result<Exit> {
    let outcomes = rotation.outcomes.as_deref().unwrap_or_default();
    let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
    let done = count(|outcome| matches!(outcome, Outcome::Done(_)));
    let missing = rotation.count() - done;
    if args.no_verify {
        cx.ui
            .warn("webhooks that are not verified get no events until they are: pmhooks verify ID");
    }
    if missing == 0 {
        cx.ui.note(&format!("Changed the credentials of {}.", webhooks(done)));
        cx.ui.note(&format!(
            "Take the old ones out of the endpoints, then see that they are refused: {} test {} --check-auth",
            cx.target_options,
            ids(rotation)
        ));
        return Ok(Exit::Done);
    }
    let first = outcomes.iter().find_map(Outcome::error).map(Diagnose::diagnosis);
    let stuck = count(Outcome::is_stuck);
    let exit = match &first {
        _ if stuck > 0 || done > 0 => Exit::PartlyDone,
        Some(first) => first.exit,
        None => Exit::Interrupted,
    };
    let of = rotation.count();
    let message = match (&first, stuck) {
        (None, 0) => {
            format!("interrupted: {missing} of {of} webhooks have the old credentials still")
        }
        (_, 0) if of == 1 => "the webhook was not changed".to_owned(),
        (_, 0) => format!("none of {of} webhooks stays changed: one could not be"),
        _ => format!(
            "look at once: {} may have the new credentials, others the old ones",
            webhooks(stuck)
        ),
    };
    let is_cause = |row: &Row<'_>| {
        row.outcome.is_some_and(|outcome| outcome.error().is_some() || outcome.is_stuck())
    };
    let sentence = |row: Row<'_>| {
        Some(format!("webhook {}: {}", row.turn.webhook.id, rotation.message(&row)?))
    };
    let causes = rotation.rows().filter(is_cause).filter_map(sentence);
    let hints = first.map(|first| first.hints).unwrap_or_default();
    let mut failure = CommandError::new(exit, message).with_causes(causes).with_hints(hints);
    for row in rotation.rows().filter(|row| row.outcome.is_some_and(Outcome::is_stuck)) {
        failure = failure.hint(way_back(&row, fresh, cx));
    }
    Err(failure.hint(again(args)))
}

/// The command that gives a webhook its old secret, where we could not.
fn way_back(row: &Row<'_>, fresh: &Fresh, cx: &Context) -> String {
    let webhook = &row.turn.webhook;
    let place = cx.session().ok().and_then(|session| session.target.name());
    let place = place.map_or("environment".to_owned(), |name| name.to_string());
    match back::by_hand(webhook, fresh, &place) {
        Ok(command) => format!("the old credentials of webhook {}: `{command}`", webhook.id),
        Err(error) => {
            format!("the old credentials of webhook {} cannot be kept: {error}", webhook.id)
        }
    }
}

/// How it goes on.
fn again(args: &Args) -> String {
    match fresh::flag(args) {
        Some(flag) => format!("to go on, run this again with {flag} in place of --generate"),
        None => "to go on, run the same command again".to_owned(),
    }
}

fn webhooks(count: usize) -> String {
    if count == 1 { "1 webhook".to_owned() } else { format!("{count} webhooks") }
}

/// The webhooks as words of a command line: by their IDs as long as they are few.
fn ids(rotation: &Rotation) -> String {
    let turns = rotation.turns.iter().filter(|turn| turn.changes());
    let ids: Vec<_> = turns.map(|turn| turn.webhook.id.to_string()).collect();
    if ids.len() > 5 { "--all".to_owned() } else { ids.join(" ") }
}
