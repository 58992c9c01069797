//! How findings look: a block per webhook for people, a row per finding in a pipe, the documented JSON.

use serde_json::{Value, json};

use super::sarif;
use crate::commands::{Context, findings};
use crate::config::profile::ProfileName;
use crate::ops::finding::Level;
use crate::ops::lint::{LintFinding, Rule, Scope};
use crate::term::{Cell, Column, Report, Table};

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
    /// The width of the terminal.
    pub width: Option<u16>,
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

impl Report for Lint {
    const COLUMNS: &'static [Column] = &[
        Column::PROFILE,
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
    const HAS_SARIF: bool = true;

    fn json(&self) -> Value {
        let all: Vec<_> = self.found.iter().map(|found| &found.finding).collect();
        let (_, mut summary) = findings::to_json(&all);
        if let Value::Object(summary) = &mut summary {
            let skipped: Vec<_> = self.skipped.iter().map(|rule| rule.id).collect();
            summary.insert("Webhooks".to_owned(), self.webhooks.into());
            summary.insert("Skipped".to_owned(), skipped.into());
        }
        let found: Vec<_> = self.found.iter().map(LintFinding::to_json).collect();
        json!({ "Findings": found, "Summary": summary })
    }

    fn table(&self) -> Table {
        let profile = Column { shown: self.several, ..Column::PROFILE };
        let columns = Self::COLUMNS.iter().map(|c| if c.key == profile.key { profile } else { *c });
        let mut table = Table::new(&columns.collect::<Vec<_>>());
        for found in &self.found {
            let (rule, finding) = (found.rule, &found.finding);
            table.row(vec![
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
            ]);
        }
        table
    }

    /// Webhooks with findings, to go on with.
    fn ids(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.found.iter().filter_map(LintFinding::id).collect();
        ids.dedup();
        ids.iter().map(ToString::to_string).collect()
    }

    fn prose(&self, colour: bool) -> Option<String> {
        Some(self.blocks(colour))
    }

    fn nothing(&self) -> &'static str {
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
