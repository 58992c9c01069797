//! What a delete reports: each webhook with its own outcome.

use serde::Serialize;

use crate::commands::Context;
use crate::error::{CommandError, Exit, Result};
use crate::postmark::WebhookId;
use crate::term::{Cell, Column, Report, Row, Tone};

/// Report of a delete: each webhook with its own outcome.
#[derive(Serialize)]
#[serde(transparent)]
pub struct DeleteReport {
    rows: Vec<Deletion>,
    #[serde(skip)]
    failures: Vec<CommandError>,
    #[serde(skip)]
    is_dry: bool,
    /// True if no note names the backups, so that the table does.
    #[serde(skip)]
    is_quiet: bool,
}

/// Outcome of one webhook.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Deletion {
    #[serde(rename = "ID")]
    id: WebhookId,
    deleted: bool,
    message: String,
    /// Path of the file with its definition.
    backup: Option<String>,
}

impl Deletion {
    fn not_deleted(id: WebhookId, message: String) -> Self {
        Self { id, deleted: false, message, backup: None }
    }
}

impl DeleteReport {
    /// An empty report.
    pub fn new(is_dry: bool, is_quiet: bool) -> Self {
        Self { rows: Vec::new(), failures: Vec::new(), is_dry, is_quiet }
    }

    /// It is deleted, or would be.
    pub fn done(&mut self, id: WebhookId, message: String, backup: Option<String>) {
        self.rows.push(Deletion { id, deleted: !self.is_dry, message, backup });
    }

    /// It was not there, which is no failure here.
    pub fn missing(&mut self, id: WebhookId) {
        self.rows.push(Deletion::not_deleted(id, "not found, ignored".to_owned()));
    }

    /// Somebody wanted the run to end before its turn came.
    pub fn not_reached(&mut self, id: WebhookId) {
        self.rows.push(Deletion::not_deleted(id, "not reached".to_owned()));
        let message = format!("webhook {id} was not reached: interrupted");
        self.failures.push(CommandError::new(Exit::Interrupted, message));
    }

    /// It is still there, or nobody knows.
    pub fn failed(&mut self, id: WebhookId, error: CommandError) {
        self.rows.push(Deletion::not_deleted(id, format!("{error:#}")));
        self.failures.push(error);
    }

    /// Reports: a single failure is itself; of several webhooks each has its row.
    pub fn finish(mut self, ids: &[WebhookId], cx: &Context) -> Result<Exit> {
        let failed = self.failures.len();
        if ids.len() == 1 && failed == 1 {
            return Err(self.failures.remove(0));
        }
        self.rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
        cx.show_run(&self, self.is_dry)?;
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

impl Report for DeleteReport {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::new("deleted", "Deleted"),
        Column::new("message", "Message"),
        Column::hidden("backup", "Backup"),
    ];
    const KEYS: &'static [&'static str] = &["ID", "Deleted", "Message", "Backup"];

    fn columns(&self) -> Vec<Column> {
        Self::COLUMNS.iter().map(|c| Column { shown: c.shown || self.is_quiet, ..*c }).collect()
    }

    fn rows(&self) -> Vec<Row> {
        let row = |deletion: &Deletion| {
            let word =
                if deletion.deleted { Cell::new("yes").tone(Tone::Good) } else { Cell::new("no") };
            Row::new([
                Cell::new(deletion.id.to_string()),
                word,
                Cell::new(&deletion.message),
                Cell::new(deletion.backup.as_deref().unwrap_or_default()),
            ])
            .id(Some(deletion.id).filter(|_| deletion.deleted))
        };
        self.rows.iter().map(row).collect()
    }
}
