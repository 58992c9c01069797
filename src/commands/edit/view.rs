//! How a change looks: each field before and after; as JSON the webhook as it now is.

use serde_json::Value;

use crate::ops::change::FieldChange;
use crate::postmark::{Reveal, Webhook};
use crate::term::{Cell, Column, Report, Table, Tone, Webhooks};

/// A webhook and what changed in it.
pub struct Changed {
    /// As it now is, or would be.
    pub webhook: Webhook,
    /// What is different from before.
    pub changes: Vec<FieldChange>,
    /// Nothing of this has happened.
    pub dry_run: bool,
    /// Whether secrets are shown.
    pub reveal: Reveal,
}

impl Report for Changed {
    const COLUMNS: &'static [Column] =
        &[Column::new("field", "Path"), Column::new("before", "From"), Column::new("after", "To")];

    fn json(&self) -> Value {
        let one = Webhooks::one(self.webhook.clone(), self.reveal);
        Webhooks { dry_run: self.dry_run, ..one }.json()
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for change in &self.changes {
            table.row(vec![
                Cell::new(&change.path),
                Cell::new(change.shown_from()).tone(Tone::Faint),
                Cell::new(change.shown_to()).tone(Tone::Strong),
            ]);
        }
        table
    }

    fn ids(&self) -> Vec<String> {
        vec![self.webhook.id.to_string()]
    }

    fn nothing(&self) -> &'static str {
        ""
    }
}
