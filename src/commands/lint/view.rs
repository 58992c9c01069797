//! How findings look: a block per webhook for people, a row per finding in a pipe, the documented JSON.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::sarif;
use crate::commands::Context;
use crate::commands::findings::{self, FindingObject, LevelCounts};
use crate::config::profile::ProfileName;
use crate::ops::finding::Level;
use crate::ops::lint::{LintFinding, Rule, Scope};
use crate::term::{Cell, Column, Format, Report, Row};

/// What was found.
pub struct Lint {
    /// In the order in which it is shown.
    pub found: Vec<LintFinding>,
    /// The rules that could not look.
    pub skipped: Vec<&'static Rule>,
    /// Several profiles were looked at.
    pub several: bool,
    /// How many webhooks were looked at.
    pub webhooks: usize,
}

impl Lint {
    /// How much it is, what was not looked at, and where to read on.
    pub fn sum_up(&self, cx: &Context) {
        let (by_stream, unsaid): (Vec<&Rule>, Vec<&Rule>) =
            self.skipped.iter().partition(|rule| rule.scope == Scope::Whole);
        for (rules, why) in
            [(unsaid, ", as a manifest does not say it"), (by_stream, " with --stream")]
        {
            if !rules.is_empty() {
                let ids: Vec<_> = rules.iter().map(|rule| rule.id).collect();
                cx.ui.note(&format!("Skipped{why}: {}.", ids.join(", ")));
            }
        }
        let webhooks = counted(self.webhooks, "webhook");
        let Some(first) = self.found.first() else {
            return cx.ui.note(&format!("Nothing found in {webhooks}."));
        };
        let count = |level| self.found.iter().filter(|f| f.rule.level == level).count();
        let levels = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Info, "info")];
        let counts: Vec<_> = levels
            .into_iter()
            .map(|(level, word)| (count(level), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| counted(count, word))
            .collect();
        let explain = first.rule.id;
        cx.ui.note(&format!(
            "{} in {webhooks}; see pmhooks lint --explain {explain}",
            counts.join(", ")
        ));
    }
}

/// What was found, in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LintObject<'a> {
    findings: Vec<FindingObject<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    #[serde(flatten)]
    levels: LevelCounts,
    webhooks: usize,
    /// IDs of the rules that were skipped.
    skipped: Vec<&'static str>,
}

fn finding_object(found: &LintFinding) -> FindingObject<'_> {
    let mut object = FindingObject::from(&found.finding);
    object.id = found.id();
    object.url.clone_from(&found.url);
    object.message_stream = found.stream.as_deref();
    object.place = found.spot.as_ref().map(ToString::to_string);
    object
}

impl Serialize for Lint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        LintObject {
            findings: self.found.iter().map(finding_object).collect(),
            summary: Summary {
                levels: LevelCounts::of(self.found.iter().map(|found| &found.finding)),
                webhooks: self.webhooks,
                skipped: self.skipped.iter().map(|rule| rule.id).collect(),
            },
        }
        .serialize(serializer)
    }
}

impl Report for Lint {
    const COLUMNS: &'static [Column] = &[
        Column::new("rule", "Rule"),
        Column::hidden("name", "Name"),
        Column::new("level", "Level"),
        Column::new("where", "Place"),
        Column::hidden("id", "ID"),
        Column::new("stream", "MessageStream"),
        Column::hidden("url", "Url"),
        Column::new("message", "Message"),
        Column::new("fix", "Fix"),
    ];
    const KEYS: &'static [&'static str] =
        &["Rule", "Level", "ID", "Url", "MessageStream", "Profile", "Message", "Fix", "Place"];
    const FORMATS: &'static [Format] = &[Format::Ids, Format::Sarif];
    const HAS_PROFILES: bool = true;

    fn columns(&self) -> Vec<Column> {
        Column::with_profile(Self::COLUMNS.to_vec(), self.several)
    }

    fn rows(&self) -> Vec<Row> {
        let mut last = None;
        let mut row = |found: &LintFinding| {
            let (rule, finding) = (found.rule, &found.finding);
            let id = found.id().filter(|id| last.replace(*id) != Some(*id));
            Row::new([
                Cell::new(finding.profile.as_ref().map_or("", ProfileName::as_str)),
                Cell::new(rule.id),
                Cell::new(rule.name),
                Cell::new(rule.level.name()).tone(findings::tone(rule.level)),
                Cell::new(place(found)),
                Cell::new(found.id().map(|id| id.to_string()).unwrap_or_default()),
                Cell::new(found.stream.as_deref().unwrap_or_default()),
                Cell::new(found.url.as_deref().unwrap_or_default()),
                Cell::new(&finding.message),
                Cell::new(&finding.fix),
            ])
            .id(id)
        };
        self.found.iter().map(&mut row).collect()
    }

    fn prose(&self, width: u16, color: bool) -> Option<String> {
        Some(self.blocks(width, color))
    }

    fn empty_note(&self) -> &'static str {
        ""
    }

    fn sarif(&self) -> Value {
        sarif::log(&self.found)
    }
}

/// A webhook's ID, a place in a manifest, or in a word what it is about.
fn place(found: &LintFinding) -> String {
    match (&found.spot, found.id()) {
        (Some(spot), _) => spot.to_string(),
        (None, Some(id)) => id.to_string(),
        (None, None) if found.stream.is_some() => "stream".to_owned(),
        (None, None) => "server".to_owned(),
    }
}

fn counted(count: usize, word: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {word}{s}")
}
