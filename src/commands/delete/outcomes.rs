//! What a delete reports: each webhook with its own outcome.

use serde_json::{Value, json};

use crate::commands::Context;
use crate::error::{CommandError, Exit, Result};
use crate::postmark::WebhookId;
use crate::term::{Cell, Column, Report, Table, Tone};

/// What became of each webhook.
pub struct Outcomes {
    rows: Vec<(WebhookId, bool, String, Option<String>)>,
    failures: Vec<CommandError>,
    dry_run: bool,
    is_quiet: bool,
}

impl Outcomes {
    /// Nothing yet. `is_quiet`: no sentence tells where the backups are.
    pub fn new(dry_run: bool, is_quiet: bool) -> Self {
        Self { rows: Vec::new(), failures: Vec::new(), dry_run, is_quiet }
    }

    /// It is deleted, or would be.
    pub fn done(&mut self, id: WebhookId, message: String, backup: Option<String>) {
        self.rows.push((id, !self.dry_run, message, backup));
    }

    /// It was not there, which is no failure here.
    pub fn missing(&mut self, id: WebhookId) {
        self.rows.push((id, false, "not found, ignored".to_owned(), None));
    }

    /// Somebody wanted the run to end before its turn came.
    pub fn not_reached(&mut self, id: WebhookId) {
        self.rows.push((id, false, "not reached".to_owned(), None));
        let message = format!("webhook {id} was not reached: interrupted");
        self.failures.push(CommandError::new(Exit::Interrupted, message));
    }

    /// It is still there, or nobody knows.
    pub fn failed(&mut self, id: WebhookId, error: CommandError) {
        self.rows.push((id, false, format!("{error:#}"), None));
        self.failures.push(error);
    }

    /// Reports: a single failure is itself; of several webhooks each has its row.
    pub fn finish(mut self, ids: &[WebhookId], cx: &Context) -> Result<Exit> {
        let failed = self.failures.len();
        if ids.len() == 1 && failed == 1 {
            return Err(self.failures.remove(0));
        }
        self.rows.sort_by_key(|(id, ..)| ids.iter().position(|i| i == id));
        cx.show(&self)?;
        match self.failures.first() {
            None => Ok(Exit::Done),
            Some(first) => {
                let exit = if failed == ids.len() { first.exit() } else { Exit::PartlyDone };
                let message = format!("{failed} of {} webhooks were not deleted", ids.len());
                let causes = self.failures.iter().map(|error| format!("{error:#}"));
                Err(CommandError::new(exit, message)
                    .with_causes(causes)
                    .with_hints(first.hints().to_vec()))
            }
        }
    }
}

fn marked(mut row: Value) -> Value {
    if let Value::Object(object) = &mut row {
        object.insert("DryRun".to_owned(), true.into());
    }
    row
}

impl Report for Outcomes {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::new("deleted", "Deleted"),
        Column::new("message", "Message"),
        Column::hidden("backup", "Backup"),
    ];

    fn json(&self) -> Value {
        let row = |(id, deleted, message, backup): &(WebhookId, bool, String, Option<String>)| {
            let row = json!({"ID": id.0, "Deleted": deleted, "Message": message, "Backup": backup});
            if self.dry_run { marked(row) } else { row }
        };
        self.rows.iter().map(row).collect()
    }

    fn table(&self) -> Table {
        let columns =
            Self::COLUMNS.iter().map(|c| Column { shown: c.shown || self.is_quiet, ..*c });
        let mut table = Table::new(&columns.collect::<Vec<_>>());
        for (id, deleted, message, backup) in &self.rows {
            let word = if *deleted { Cell::new("yes").tone(Tone::Good) } else { Cell::new("no") };
            let backup = Cell::new(backup.as_deref().unwrap_or_default());
            table.row(vec![Cell::new(id.to_string()), word, Cell::new(message), backup]);
        }
        table
    }

    fn ids(&self) -> Vec<String> {
        self.rows.iter().filter(|row| row.1).map(|row| row.0.to_string()).collect()
    }
}
