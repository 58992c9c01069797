//! What is to be said of the tests besides their table.

use super::rotation::Rotation;
use super::{Args, fresh};
use crate::commands::Context;
use crate::ops::rotate::check::{Checked, Who};
use crate::ops::test::verdict::DeliveryOutcome;

/// What is to be known though every test passed. JSON has it in its place.
pub(super) fn warn(rotation: &Rotation, cx: &Context) {
    if cx.ui.settings.format.is_json() {
        return;
    }
    let (mut said, mut silent, mut open) =
        (Vec::<(&str, Vec<String>)>::new(), Vec::new(), Vec::new());
    for row in rotation.rows().filter(|row| row.turn.changes()) {
        let id = row.turn.webhook.id.to_string();
        let Some(checked) = row.checked else { continue };
        for warning in &checked.warnings {
            match said.iter_mut().find(|(other, _)| other == warning) {
                Some((_, ids)) => ids.push(id.clone()),
                None => said.push((warning, vec![id.clone()])),
            }
        }
        let wrong = checked.of(Who::Wrong).and_then(|check| check.verdict.status);
        if matches!(wrong, Some(200..300)) {
            open.push(id);
        } else if checked.checks.is_empty() {
            silent.push(id);
        }
    }
    for (warning, ids) in said {
        cx.ui.warn(&format!("{warning} ({})", ids.join(", ")));
    }
    if !open.is_empty() {
        let ids = open.join(", ");
        cx.ui.warn(&format!(
            "the endpoint takes wrong credentials too, so the test proves little ({ids})"
        ));
    }
    if !silent.is_empty() {
        let ids = silent.join(", ");
        cx.ui.note(&format!(
            "No trigger is on, so there are no events to lose, and nothing to test ({ids})."
        ));
    }
}

/// What helps where a test failed, each thing once.
pub(super) fn advise(rotation: &Rotation, args: &Args, cx: &Context) {
    warn(rotation, cx);
    let mut hints: Vec<String> = Vec::new();
    let mut hint = |text: String| {
        if !hints.contains(&text) {
            cx.ui.hint(&text);
            hints.push(text);
        }
    };
    for checked in rotation.checked.iter().filter(|checked| !checked.passed()) {
        hint(advice(checked));
    }
    match fresh::flag(args) {
        Some(flag) => hint(format!("then run this again with {flag} in place of --generate")),
        None => hint("then run this again: nothing was changed so far".to_owned()),
    }
}

fn advice(checked: &Checked) -> String {
    let failed = |who| checked.of(who).filter(|check| !check.verdict.success);
    match (failed(Who::New), failed(Who::Old)) {
        (Some(new), None) if new.verdict.outcome == Some(DeliveryOutcome::WouldDrop) => {
            "let the endpoint take the new credentials besides the old ones, and deploy that"
                .to_owned()
        }
        (None, Some(_)) => "an endpoint takes the new credentials alone, so events are lost until \
                            its webhook sends them: once you are sure, change it with --no-test"
            .to_owned(),
        (new, old) => new.or(old).and_then(|c| c.verdict.fix.clone()).unwrap_or_default(),
    }
}
