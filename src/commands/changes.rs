//! Report of a change: each field before and after; as JSON the changed thing itself.

use serde::Serialize;

use crate::ops::change::FieldChange;
use crate::term::{Cell, Column, Details, Report, Row, Tone};

/// Report of one changed thing.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct ChangeReport<R> {
    /// The thing as it now is, or would be.
    pub(crate) after: R,
    /// Fields that differ from before.
    #[serde(skip)]
    pub(crate) changes: Vec<FieldChange>,
    /// True if the whole thing is shown where nothing changed.
    #[serde(skip)]
    pub(crate) shows_unchanged: bool,
}

impl<R: Report> Report for ChangeReport<R> {
    const COLUMNS: &'static [Column] =
        &[Column::new("field", "Path"), Column::new("before", "From"), Column::new("after", "To")];
    const KEYS: &'static [&'static str] = R::KEYS;

    fn rows(&self) -> Vec<Row> {
        let row = |change: &FieldChange| {
            Row::new([
                Cell::new(&change.path),
                Cell::new(change.shown_from()).tone(Tone::Faint),
                Cell::new(change.shown_to()).tone(Tone::Strong),
            ])
        };
        self.changes.iter().map(row).collect()
    }

    fn id(&self) -> Option<String> {
        self.after.id()
    }

    fn details(&self) -> Option<Details> {
        self.after.details().filter(|_| self.shows_unchanged && self.changes.is_empty())
    }

    fn empty_note(&self) -> &'static str {
        ""
    }
}
