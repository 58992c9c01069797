//! How a walk looks: a checklist for people, a row per step elsewhere, the findings as JSON.

use serde::{Serialize, Serializer};

use crate::commands::Context;
use crate::commands::findings::{FindingObject, LevelCounts};
use crate::ops::doctor::{Check, DoctorReport, Outcome};
use crate::term::checklist::{self, Item};
use crate::term::{Cell, Column, Format, Report, Row, Tone};

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

/// The walk in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WalkObject<'a> {
    findings: Vec<FindingObject<'a>>,
    summary: Summary,
    steps: Vec<StepObject<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    #[serde(flatten)]
    levels: LevelCounts,
    passed: usize,
    skipped: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StepObject<'a> {
    part: &'static str,
    step: &'static str,
    result: &'static str,
    message: &'a str,
    next: Option<String>,
}

impl<'a> From<&'a Check> for StepObject<'a> {
    fn from(check: &'a Check) -> Self {
        Self {
            part: check.part.name(),
            step: check.rule,
            result: check.outcome.name(),
            message: &check.message,
            next: (!check.next.is_empty()).then(|| check.next.join("; ")),
        }
    }
}

impl Serialize for Walk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.report.findings();
        WalkObject {
            summary: Summary {
                levels: LevelCounts::of(findings.iter()),
                passed: self.report.count(Outcome::Pass),
                skipped: self.report.count(Outcome::Skipped),
            },
            findings: findings.iter().map(FindingObject::from).collect(),
            steps: self.report.checks.iter().map(StepObject::from).collect(),
        }
        .serialize(serializer)
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
    const KEYS: &'static [&'static str] = FindingObject::KEYS;
    const FORMATS: &'static [Format] = &[];

    fn rows(&self) -> Vec<Row> {
        let row = |check: &Check| {
            Row::new([
                Cell::new(check.part.name()),
                Cell::new(check.rule),
                Cell::new(check.outcome.name()).tone(tone(check.outcome)),
                Cell::new(&check.message),
                Cell::new(check.next.join("; ")),
            ])
        };
        self.report.checks.iter().map(row).collect()
    }

    fn prose(&self, width: u16, color: bool) -> Option<String> {
        let parts = self.report.checks.chunk_by(|a, b| a.part == b.part);
        let parts = parts.map(|checks| {
            let title = checks.first().map_or("", |check| check.part.title());
            (title, checks.iter().map(item).collect())
        });
        Some(checklist::render(&parts.collect::<Vec<_>>(), width, color))
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
