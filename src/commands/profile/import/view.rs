//! What an import reports: each server with what became of it. Never a token.

use serde::{Serialize, Serializer};

use crate::config::profile::ProfileName;
use crate::ops::import::{Fate, Import};
use crate::postmark::ServerId;
use crate::term::{Cell, Column, Report, Row, Tone};

/// What became of each server.
pub(super) struct Imports<'a> {
    /// In Postmark's order.
    pub(super) rows: &'a [Import],
    /// How many servers `--name` left out.
    pub(super) others: usize,
    /// True if nothing was saved.
    pub(super) is_dry: bool,
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
        if self.is_dry && !parts.is_empty() {
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

/// A server of the account in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ImportObject<'a> {
    name: Option<&'a ProfileName>,
    #[serde(rename = "ServerID")]
    server_id: ServerId,
    server_name: &'a str,
    result: &'static str,
    message: Option<&'static str>,
}

impl Serialize for Imports<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.iter().map(|import| ImportObject {
            name: import.fate.profile(),
            server_id: import.server_id,
            server_name: &import.server_name,
            result: import.fate.word(),
            message: message(&import.fate),
        }))
    }
}

impl Report for Imports<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::new("name", "Name"),
        Column::new("server", "ServerName"),
        Column::new("server-id", "ServerID"),
        Column::new("result", "Result"),
    ];

    const KEYS: &'static [&'static str] = &["Name", "ServerID", "ServerName", "Result", "Message"];

    fn rows(&self) -> Vec<Row> {
        let row = |import: &Import| {
            let fate = &import.fate;
            let tone = match fate {
                Fate::Added(_) => Tone::Good,
                Fate::Kept(_) => Tone::Plain,
                Fate::Updated(_) | Fate::Skipped(_) => Tone::Warn,
            };
            let word = fate.word().to_lowercase();
            let result = message(fate).map_or_else(|| word.clone(), |why| format!("{word}: {why}"));
            let name = fate.profile().map_or_else(|| "(none)".to_owned(), ToString::to_string);
            Row::new([
                Cell::new(name),
                Cell::new(&import.server_name),
                Cell::new(import.server_id.to_string()),
                Cell::new(result).tone(tone),
            ])
            .id(fate.profile())
        };
        self.rows.iter().map(row).collect()
    }

    fn empty_note(&self) -> &'static str {
        if self.others > 0 { "No server has such a name." } else { "The account has no servers." }
    }
}
