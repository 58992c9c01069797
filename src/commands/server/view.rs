//! How a server looks.

use serde_json::Value;

use crate::ops::change::FieldChange;
use crate::postmark::{Object, Reveal, Server};
use crate::term::{Cell, Column, Report, Table, Tone};

/// What is shown of a server in a table, in this order; the last four are the hook URLs of before.
const SHOWN: [&str; 12] = [
    "ID",
    "Name",
    "DeliveryType",
    "InboundAddress",
    "InboundHookUrl",
    "EnableSmtpApiErrorHooks",
    "TrackOpens",
    "TrackLinks",
    "BounceHookUrl",
    "OpenHookUrl",
    "DeliveryHookUrl",
    "ClickHookUrl",
];

/// A server to show.
pub struct ServerView {
    /// The server.
    pub server: Server,
    /// Whether secrets in URLs are shown.
    pub reveal: Reveal,
}

/// A server after a change, and what changed in it.
pub struct ChangedServer {
    /// The server as it is now, or would be.
    pub view: ServerView,
    /// Nothing of this has happened.
    pub dry_run: bool,
    /// What is different from before; shown in place of the settings where there is any.
    pub changes: Vec<FieldChange>,
}

impl ServerView {
    fn object(&self) -> Object {
        match self.server.to_json(self.reveal) {
            Value::Object(object) => object,
            _ => Object::new(),
        }
    }

    fn settings(&self) -> Vec<(&'static str, Cell)> {
        let object = self.object();
        let cell = |value: &Value| match value {
            Value::String(text) if text.is_empty() => Cell::new("none").tone(Tone::Faint),
            Value::String(text) => Cell::new(text),
            Value::Bool(true) => Cell::new("true").tone(Tone::Good),
            Value::Null => Cell::new("none").tone(Tone::Faint),
            other => Cell::new(other.to_string()),
        };
        SHOWN.iter().filter_map(|key| object.get(*key).map(|value| (*key, cell(value)))).collect()
    }
}

impl Report for ServerView {
    const COLUMNS: &'static [Column] =
        &[Column::new("field", "Path"), Column::new("value", "Value")];

    fn json(&self) -> Value {
        Value::Object(self.object())
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for (name, cell) in self.settings() {
            table.row(vec![Cell::new(name), cell]);
        }
        table
    }

    fn ids(&self) -> Vec<String> {
        vec![self.server.id.to_string()]
    }

    fn details(&self) -> Option<Vec<Vec<(&'static str, Cell)>>> {
        Some(vec![self.settings()])
    }
}

impl Report for ChangedServer {
    const COLUMNS: &'static [Column] =
        &[Column::new("field", "Path"), Column::new("before", "From"), Column::new("after", "To")];

    fn json(&self) -> Value {
        let mut object = self.view.object();
        if self.dry_run {
            object.insert("DryRun".to_owned(), true.into());
        }
        Value::Object(object)
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for change in &self.changes {
            let from = Cell::new(change.shown_from()).tone(Tone::Faint);
            let to = Cell::new(change.shown_to()).tone(Tone::Strong);
            table.row(vec![Cell::new(&change.path), from, to]);
        }
        table
    }

    fn ids(&self) -> Vec<String> {
        self.view.ids()
    }

    fn details(&self) -> Option<Vec<Vec<(&'static str, Cell)>>> {
        if self.changes.is_empty() { self.view.details() } else { None }
    }
}
