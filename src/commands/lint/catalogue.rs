//! The rules themselves, for `--rules` and `--explain`.

use serde_json::{Value, json};

use crate::commands::findings;
use crate::ops::lint::{Rule, Scope};
use crate::term::{Cell, Column, Report, Table};

/// Rules to show.
pub struct Catalogue {
    /// In the order in which they are shown.
    pub rules: Vec<&'static Rule>,
    /// Each with its reasons.
    pub explained: bool,
}

impl Report for Catalogue {
    const COLUMNS: &'static [Column] = &[
        Column::new("rule", "Rule"),
        Column::new("level", "Level"),
        Column::new("name", "Name"),
        Column::new("finds", "Finds"),
        Column::hidden("looks-at", "LooksAt"),
        Column::hidden("why", "Why"),
    ];

    fn json(&self) -> Value {
        let one = |rule: &&Rule| {
            json!({
                "Rule": rule.id,
                "Level": rule.level.name(),
                "Name": rule.name,
                "Finds": rule.finds,
                "LooksAt": looks_at(rule.scope),
                "Why": rule.why,
            })
        };
        self.rules.iter().map(one).collect()
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for rule in &self.rules {
            table.row(vec![
                Cell::new(rule.id),
                level(rule),
                Cell::new(rule.name),
                Cell::new(rule.finds),
                Cell::new(looks_at(rule.scope)),
                Cell::new(rule.why),
            ]);
        }
        table
    }

    fn ids(&self) -> Vec<String> {
        self.rules.iter().map(|rule| rule.id.to_owned()).collect()
    }

    fn details(&self) -> Option<Vec<Vec<(&'static str, Cell)>>> {
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
