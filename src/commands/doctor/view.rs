//! How a walk looks: a checklist for people, a row per step elsewhere, the findings as JSON.

use serde_json::{Value, json};

use crate::commands::{Context, findings};
use crate::ops::doctor::{Check, DoctorReport, Outcome};
use crate::term::checklist::{self, Item};
use crate::term::{Cell, Column, Report, Table, Tone};

/// A walk that was taken.
pub struct Walk {
    /// What came of it.
    pub report: DoctorReport,
    /// The width of the terminal, if it is shown on one.
    pub width: Option<u16>,
}

impl Walk {
    /// What is wrong and what to do about it, where a table has no room for that. JSON and the checklist
    /// say it in its place.
    pub fn advise(&self, cx: &Context) {
        if self.width.is_some() {
            return;
        }
        for check in &self.report.checks {
            if matches!(check.outcome, Outcome::Pass | Outcome::Skipped) {
                continue;
            }
            let sentence = format!("{} [{}]", check.message, check.rule);
            cx.ui.labelled(tone(check.outcome), &format!("{}:", check.outcome.name()), &sentence);
            check.next.iter().for_each(|next| cx.ui.labelled(Tone::Strong, "  next:", next));
        }
    }

    /// In one sentence.
    pub fn summary(&self) -> String {
        let count = |outcome| self.report.count(outcome);
        let (failed, warned) = (count(Outcome::Fail), count(Outcome::Warn));
        let numbers =
            format!("{} passed, {} skipped", count(Outcome::Pass), count(Outcome::Skipped));
        match (failed, warned) {
            (0, 0) => format!("Nothing found: {numbers}."),
            (0, 1) => format!("Nothing is broken, 1 step is worth a look: {numbers}."),
            (0, many) => format!("Nothing is broken, {many} steps are worth a look: {numbers}."),
            (1, _) => format!("1 step failed: begin there. {warned} warned, {numbers}."),
            (many, _) => {
                format!("{many} steps failed: begin with the first. {warned} warned, {numbers}.")
            }
        }
    }
}

impl Report for Walk {
    const COLUMNS: &'static [Column] = &[
        Column::hidden("part", "Part"),
        Column::new("step", "Step"),
        Column::new("result", "Result"),
        Column::new("message", "Message"),
        Column::hidden("next", "Next"),
    ];
    const HAS_IDS: bool = false;

    fn json(&self) -> Value {
        let found = self.report.findings();
        let (findings, mut summary) = findings::to_json(&found.iter().collect::<Vec<_>>());
        if let Value::Object(summary) = &mut summary {
            summary.insert("Passed".to_owned(), self.report.count(Outcome::Pass).into());
            summary.insert("Skipped".to_owned(), self.report.count(Outcome::Skipped).into());
        }
        let step = |check: &Check| {
            let next = (!check.next.is_empty()).then(|| check.next.join("; "));
            json!({
                "Part": check.part.name(),
                "Step": check.rule,
                "Result": check.outcome.name(),
                "Message": check.message,
                "Next": next,
            })
        };
        let steps: Vec<_> = self.report.checks.iter().map(step).collect();
        json!({ "Findings": findings, "Summary": summary, "Steps": steps })
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for check in &self.report.checks {
            table.row(vec![
                Cell::new(check.part.name()),
                Cell::new(check.rule),
                Cell::new(check.outcome.name()).tone(tone(check.outcome)),
                Cell::new(&check.message),
                Cell::new(check.next.join("; ")),
            ]);
        }
        table
    }

    fn prose(&self, colour: bool) -> Option<String> {
        let width = self.width?;
        let parts = self.report.checks.chunk_by(|a, b| a.part == b.part);
        let parts = parts.map(|checks| {
            let title = checks.first().map_or("", |check| check.part.title());
            (title, checks.iter().map(item).collect())
        });
        Some(checklist::render(&parts.collect::<Vec<_>>(), width, colour))
    }
}

fn item(check: &Check) -> Item<'_> {
    Item {
        mark: if check.outcome == Outcome::Skipped { "skip" } else { check.outcome.name() },
        tone: tone(check.outcome),
        name: check.rule,
        text: &check.message,
        next: &check.next,
    }
}

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Pass => Tone::Good,
        Outcome::Warn => Tone::Warn,
        Outcome::Fail => Tone::Bad,
        Outcome::Skipped => Tone::Faint,
    }
}
