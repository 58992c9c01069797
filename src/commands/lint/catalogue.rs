//! The rules themselves, for `--rules` and `--explain`.

use serde::{Serialize, Serializer};

use crate::commands::findings;
use crate::ops::lint::{Rule, Scope};
use crate::term::{Cell, Column, Details, Report, Row};

/// Report of rules.
pub(super) struct RuleReport {
    /// Rules in the order in which they are shown.
    pub(super) rules: Vec<&'static Rule>,
    /// True if each rule is shown with its reasons.
    pub(super) explained: bool,
}

/// A rule in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RuleObject {
    rule: &'static str,
    level: &'static str,
    name: &'static str,
    finds: &'static str,
    looks_at: &'static str,
    why: &'static str,
}

impl Serialize for RuleReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rules.iter().map(|rule| RuleObject {
            rule: rule.id,
            level: rule.level.name(),
            name: rule.name,
            finds: rule.finds,
            looks_at: looks_at(rule.scope),
            why: rule.why,
        }))
    }
}

impl Report for RuleReport {
    const COLUMNS: &'static [Column] = &[
        Column::new("rule", "Rule"),
        Column::new("level", "Level"),
        Column::new("name", "Name"),
        Column::new("finds", "Finds"),
        Column::hidden("looks-at", "LooksAt"),
        Column::hidden("why", "Why"),
    ];
    const KEYS: &'static [&'static str] = &["Rule", "Level", "Name", "Finds", "LooksAt", "Why"];

    fn rows(&self) -> Vec<Row> {
        let row = |rule: &&Rule| {
            Row::new([
                Cell::new(rule.id),
                level(rule),
                Cell::new(rule.name),
                Cell::new(rule.finds),
                Cell::new(looks_at(rule.scope)),
                Cell::new(rule.why),
            ])
            .id(Some(rule.id))
        };
        self.rules.iter().map(row).collect()
    }

    fn details(&self) -> Option<Details> {
        let one = |rule: &&Rule| {
            vec![
                ("Rule", Cell::new(format!("{} ({})", rule.id, rule.name))),
                ("Level", level(rule)),
                ("Finds", Cell::new(rule.finds)),
                ("LooksAt", Cell::new(looks_at(rule.scope))),
                ("Why", Cell::new(rule.why)),
            ]
        };
        self.explained.then(|| self.rules.iter().map(one).collect())
    }
}

fn level(rule: &Rule) -> Cell {
    Cell::new(rule.level.name()).tone(findings::tone(rule.level))
}

fn looks_at(scope: Scope) -> &'static str {
    match scope {
        Scope::Anywhere => "servers and manifests",
        Scope::Whole => "servers and manifests, without --stream",
        Scope::Server => "servers",
        Scope::Manifest => "manifests",
        Scope::Servers => "several servers",
    }
}
