//! How findings look in a report, and how they are counted.

use serde_json::{Value, json};

use crate::ops::finding::{Finding, Level};
use crate::term::Tone;

/// The documented `Findings` and the counts of their levels, for a `Summary`.
pub fn to_json(findings: &[&Finding]) -> (Value, Value) {
    let count = |level: Level| findings.iter().filter(|f| f.level == level).count();
    let summary = json!({
        "Errors": count(Level::Error),
        "Warnings": count(Level::Warning),
        "Infos": count(Level::Info),
    });
    (findings.iter().map(|f| f.to_json()).collect(), summary)
}

/// How a level is shown.
pub fn tone(level: Level) -> Tone {
    match level {
        Level::Error => Tone::Bad,
        Level::Warning => Tone::Warn,
        Level::Info => Tone::Plain,
    }
}
