//! The sentences of a replay.

use super::report::ReplayReport;
use crate::ops::record::Damage;

/// So many damages are named on standard error.
const NAMED: usize = 10;

/// What was sent, and what became of it.
pub fn summary(report: &ReplayReport) -> String {
    let totals = &report.totals;
    let (events, url) = (some(totals.events, "event"), &report.url);
    let parts: Vec<String> = [
        (totals.delivered, "delivered"),
        (totals.dropped, "dropped"),
        (totals.retried, "to be tried again"),
        (totals.unreachable, "unreachable"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let left_out = match totals.left_out {
        0 => String::new(),
        count => format!("; {count} left out"),
    };
    if report.dry_run {
        return format!("Dry run: nothing was sent. {events} would go to {url}{left_out}.");
    }
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("Sent {events} to {url}{parts}{left_out}.")
}

/// What was passed over, and why.
pub fn damages(report: &ReplayReport) -> Vec<String> {
    let sentence =
        |damage: &Damage| format!("line {} was passed over: {}", damage.line, damage.reason);
    let mut sentences: Vec<_> = report.damages.iter().take(NAMED).map(sentence).collect();
    let named = sentences.len() as u64;
    if report.totals.damaged > named {
        sentences.push(format!("{} more were passed over", report.totals.damaged - named));
    }
    sentences
}

/// `1 event`, `2 events`.
pub fn some(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// `1 line is`, `2 lines are`.
pub fn are(count: u64) -> String {
    format!("{} {}", some(count, "line"), if count == 1 { "is" } else { "are" })
}
