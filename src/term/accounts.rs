//! How profiles and the account in use look. Never with a token.

use serde_json::{Value, json};

use super::{Cell, Column, Report, Table, Tone};
use crate::postmark::Object;

/// One way to a server.
#[derive(Clone, Debug, Default)]
pub struct AccountRow {
    /// The profile's name; none for a token of the environment.
    pub name: Option<String>,
    /// It is the default profile.
    pub default: bool,
    /// Where its API is; the sandbox's is known only while it runs.
    pub api_url: Option<String>,
    /// The server's ID, where it is known.
    pub server_id: Option<i64>,
    /// The server's name, where it is known.
    pub server_name: Option<String>,
    /// Where the token comes from, in words.
    pub token_source: String,
    /// Writes need its name.
    pub protected: bool,
    /// Writes are refused.
    pub read_only: bool,
    /// Its token opens another server than the one it is pinned to, so that writes are refused.
    pub elsewhere: bool,
    /// The stream of `create`, where the profile has one.
    pub stream: Option<String>,
    /// The names of its values for manifests.
    pub vars: Vec<String>,
    /// It cannot be used, and why.
    pub problem: Option<String>,
}

/// Accounts to show.
pub struct Accounts {
    /// In the order in which they are shown.
    pub rows: Vec<AccountRow>,
    /// A single one is shown as itself rather than as a list of one.
    pub single: bool,
    /// Also what only one profile's own page shows.
    pub whole: bool,
}

impl Accounts {
    /// A single one.
    pub fn one(row: AccountRow) -> Self {
        Self { rows: vec![row], single: true, whole: false }
    }

    fn object(&self, row: &AccountRow) -> Value {
        let mut object = Object::new();
        let mut put = |key: &str, value: Value| {
            object.insert(key.to_owned(), value);
        };
        put("Name", json!(row.name));
        put("Default", json!(row.default));
        put("ApiUrl", json!(row.api_url));
        put("ServerID", json!(row.server_id));
        put("ServerName", json!(row.server_name));
        put("TokenSource", json!(row.token_source));
        put("Protected", json!(row.protected));
        put("ReadOnly", json!(row.read_only));
        if self.whole {
            put("Stream", json!(row.stream));
            put("Vars", json!(row.vars));
        }
        if let Some(problem) = &row.problem {
            put("Problem", json!(problem));
        }
        Value::Object(object)
    }
}

impl Report for Accounts {
    const COLUMNS: &'static [Column] = &[
        Column::new("name", "Name"),
        Column::new("default", "Default"),
        Column::new("server", "ServerName"),
        Column::new("server-id", "ServerID"),
        Column::new("token", "TokenSource"),
        Column::new("writes", "Protected"),
        Column::hidden("api-url", "ApiUrl"),
    ];

    fn json(&self) -> Value {
        match self.rows.as_slice() {
            [row] if self.single => self.object(row),
            rows => rows.iter().map(|row| self.object(row)).collect(),
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for row in &self.rows {
            let default = if row.default { Cell::new("yes") } else { Cell::new("") };
            let id = row.server_id.map(|id| id.to_string()).unwrap_or_default();
            let name = Cell::new(row.name.as_deref().unwrap_or("(none)"));
            let server = match &row.problem {
                Some(problem) => Cell::new(problem).tone(Tone::Bad),
                None => Cell::new(row.server_name.as_deref().unwrap_or_default()),
            };
            let url = Cell::new(row.api_url.as_deref().unwrap_or_default());
            table.row(vec![
                name,
                default,
                server,
                Cell::new(id),
                Cell::new(&row.token_source),
                writes(row),
                url,
            ]);
        }
        table
    }

    fn ids(&self) -> Vec<String> {
        self.rows.iter().filter_map(|row| row.name.clone()).collect()
    }

    fn details(&self) -> Option<Vec<Vec<(&'static str, Cell)>>> {
        if !self.single {
            return None;
        }
        let block = |row: &AccountRow| {
            let or = |text: Option<String>, none: &str| {
                Cell::new(text.unwrap_or_else(|| none.to_owned()))
            };
            let mut block = vec![
                ("Profile", or(row.name.clone(), "none")),
                ("Server", or(row.server_name.clone(), "unknown")),
                ("ServerID", or(row.server_id.map(|id| id.to_string()), "not pinned")),
                ("Token", Cell::new(&row.token_source)),
                ("Writes", writes(row)),
            ];
            if let Some(url) = &row.api_url {
                block.insert(4, ("ApiUrl", Cell::new(url)));
            }
            if row.default {
                block.insert(1, ("Default", Cell::new("yes")));
            }
            if self.whole {
                block.push(("Stream", or(row.stream.clone(), "outbound")));
                block.push((
                    "Vars",
                    or((!row.vars.is_empty()).then(|| row.vars.join(", ")), "none"),
                ));
            }
            if let Some(problem) = &row.problem {
                block.push(("Problem", Cell::new(problem).tone(Tone::Bad)));
            }
            block
        };
        Some(self.rows.iter().map(block).collect())
    }

    fn nothing(&self) -> &'static str {
        "No profiles yet. Add one with: pmhooks profile add NAME; or try: pmhooks -p sandbox list"
    }
}

fn writes(row: &AccountRow) -> Cell {
    match (row.read_only, row.protected) {
        _ if row.problem.is_some() => Cell::new(""),
        _ if row.elsewhere => Cell::new("refused (another server)").tone(Tone::Bad),
        (true, _) => Cell::new("refused (read-only)").tone(Tone::Good),
        (false, true) => Cell::new("need the name (protected)").tone(Tone::Good),
        (false, false) => Cell::new("allowed"),
    }
}
