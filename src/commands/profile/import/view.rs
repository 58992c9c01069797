//! What an import reports: each server with what became of it. Never a token.

use serde_json::{Value, json};

use crate::ops::import::{Fate, Import};
use crate::term::{Cell, Column, Report, Table, Tone};

/// What became of each server.
pub(super) struct Imports<'a> {
    /// In Postmark's order.
    pub(super) rows: &'a [Import],
    /// How many servers `--name` left out.
    pub(super) others: usize,
    /// Nothing was kept.
    pub(super) dry_run: bool,
}

impl Imports<'_> {
    /// The sum of it, in sentences.
    pub(super) fn notes(&self) -> Vec<String> {
        let words = ["Added", "Updated", "Kept", "Skipped"];
        let count = |word: &str| self.rows.iter().filter(|row| row.fate.word() == word).count();
        let counts = words.iter().map(|word| (word, count(word))).filter(|(_, n)| *n > 0);
        let parts: Vec<_> =
            counts.map(|(word, n)| format!("{} {n}", word.to_lowercase())).collect();
        let mut notes = Vec::new();
        if self.others > 0 {
            let servers = if self.others == 1 { "server has" } else { "servers have" };
            notes.push(format!("{} other {servers} a name that --name leaves out.", self.others));
        }
        if self.dry_run && !parts.is_empty() {
            notes.push("Dry run: nothing was kept. This would be done:".to_owned());
        } else if !parts.is_empty() {
            notes.push(format!("Profiles: {}.", parts.join(", ")));
        }
        notes
    }
}

/// Why it came to that, where that is not plain.
fn message(fate: &Fate) -> Option<&'static str> {
    match fate {
        Fate::Added(_) | Fate::Kept(_) => None,
        Fate::Updated(_) => Some("the server no longer knew its token"),
        Fate::Skipped(why) => Some(why),
    }
}

impl Report for Imports<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::new("name", "Name"),
        Column::new("server", "ServerName"),
        Column::new("server-id", "ServerID"),
        Column::new("result", "Result"),
    ];

    fn json(&self) -> Value {
        let row = |import: &Import| {
            let mut row = json!({
                "Name": import.fate.profile(),
                "ServerID": import.server_id.0,
                "ServerName": import.server_name,
                "Result": import.fate.word(),
                "Message": message(&import.fate),
            });
            if let (true, Value::Object(object)) = (self.dry_run, &mut row) {
                object.insert("DryRun".to_owned(), true.into());
            }
            row
        };
        self.rows.iter().map(row).collect()
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for import in self.rows {
            let fate = &import.fate;
            let tone = match fate {
                Fate::Added(_) => Tone::Good,
                Fate::Kept(_) => Tone::Plain,
                Fate::Updated(_) | Fate::Skipped(_) => Tone::Warn,
            };
            let word = fate.word().to_lowercase();
            let result = message(fate).map_or_else(|| word.clone(), |why| format!("{word}: {why}"));
            let name = fate.profile().map_or_else(|| "(none)".to_owned(), ToString::to_string);
            table.row(vec![
                Cell::new(name),
                Cell::new(&import.server_name),
                Cell::new(import.server_id.to_string()),
                Cell::new(result).tone(tone),
            ]);
        }
        table
    }

    fn ids(&self) -> Vec<String> {
        self.rows.iter().filter_map(|row| Some(row.fate.profile()?.to_string())).collect()
    }

    fn nothing(&self) -> &'static str {
        if self.others > 0 { "No server has such a name." } else { "The account has no servers." }
    }
}
