//! What is said of an apply that was carried out.

use crate::commands::Context;
use crate::commands::planned::{Planned, Plans};
use crate::error::{CommandError, Diagnose, Exit, Result};
use crate::ops::apply::Outcome;

/// How it ends: all done, or what was not, with the reasons.
pub fn tell(plans: &Plans, cx: &Context) -> Result<Exit> {
    let all: Vec<_> = plans.servers.iter().flat_map(outcomes).collect();
    let done = all.iter().filter(|outcome| matches!(outcome, Outcome::Done(_))).count();
    if done == all.len() {
        let changes = if done == 1 { "change" } else { "changes" };
        cx.ui.note(&format!("Done: {done} {changes}."));
        return Ok(Exit::Done);
    }
    let causes = plans.servers.iter().flat_map(|planned| {
        let changes = planned.plan.changes.iter().zip(outcomes(planned));
        let missing = changes.filter(|(_, outcome)| !matches!(outcome, Outcome::Done(_)));
        missing.map(|(change, outcome)| plans.whose(planned) + &planned.sentence(change, outcome))
    });
    let first = all.iter().find_map(|outcome| outcome.error()).map(Diagnose::diagnosis);
    let exit = match (&first, done) {
        (Some(first), 0) => first.exit,
        (None, 0) => Exit::Interrupted,
        _ => Exit::PartlyDone,
    };
    let message = format!("{} of {} changes were not made", all.len() - done, all.len());
    let hints = first.map(|first| first.hints).unwrap_or_default();
    Err(CommandError::new(exit, message)
        .with_causes(causes)
        .with_hints(hints)
        .hint("run the same command again: it goes on where this stopped"))
}

fn outcomes(planned: &Planned) -> &[Outcome] {
    planned.outcomes.as_deref().unwrap_or_default()
}
