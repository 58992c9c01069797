//! How one plan looks in a program's eyes: a row per field, an object per change.

use serde::Serialize;
use serde_json::Value;

use super::Planned;
use super::prose::sign;
use crate::config::profile::ProfileName;
use crate::ops::apply::Outcome;
use crate::ops::change::FieldChange;
use crate::ops::plan::Change;
use crate::postmark::WebhookId;
use crate::term::{Cell, Column, Row, Tone};

impl Planned {
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Change, Option<&Outcome>)> {
        let outcome = |index| self.outcomes.as_ref().and_then(|all| all.get(index));
        self.plan.changes.iter().enumerate().map(move |(i, change)| (change, outcome(i)))
    }

    /// The changes in JSON.
    pub(super) fn objects(&self) -> Vec<ChangeObject<'_>> {
        self.rows().map(|(change, outcome)| self.object(change, outcome)).collect()
    }

    fn object<'a>(&'a self, change: &'a Change, outcome: Option<&Outcome>) -> ChangeObject<'a> {
        ChangeObject {
            action: change.action(),
            profile: self.profile.as_ref(),
            message_stream: change.shown_stream.as_deref(),
            url: change.shown_url.as_deref(),
            id: id_of(change, outcome),
            fields: change.fields.iter().map(FieldObject::from).collect(),
            result: outcome.map(|outcome| ResultObject {
                result: outcome.name(),
                message: self.message(outcome),
            }),
        }
    }
}

/// A change in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeObject<'a> {
    action: &'static str,
    profile: Option<&'a ProfileName>,
    message_stream: Option<&'a str>,
    /// Masked.
    url: Option<&'a str>,
    #[serde(rename = "ID")]
    id: Option<WebhookId>,
    fields: Vec<FieldObject<'a>>,
    #[serde(flatten)]
    result: Option<ResultObject>,
}

/// A field that changes.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FieldObject<'a> {
    path: &'a str,
    from: &'a Value,
    to: &'a Value,
}

impl<'a> From<&'a FieldChange> for FieldObject<'a> {
    fn from(change: &'a FieldChange) -> Self {
        Self { path: &change.path, from: &change.from, to: &change.to }
    }
}

/// Result of a change that was applied.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResultObject {
    result: &'static str,
    message: Option<String>,
}

/// The webhook's ID; of one that was made just now, too.
fn id_of(change: &Change, outcome: Option<&Outcome>) -> Option<WebhookId> {
    match outcome {
        Some(Outcome::Done(Some(id))) => Some(*id),
        _ => change.id(),
    }
}

impl Planned {
    pub(super) const COLUMNS: &'static [Column] = &[
        Column::new("change", "Change"),
        Column::new("id", "ID"),
        Column::new("stream", "Stream"),
        Column::new("url", "Url"),
        Column::new("field", "Path"),
        Column::new("before", "From"),
        Column::new("after", "To"),
        Column::new("result", "Result"),
        Column::hidden("message", "Message"),
    ];

    pub(super) fn table_rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (change, outcome) in self.rows() {
            let (sign, tone) = sign(change);
            let result = outcome.map_or("planned", Outcome::name);
            let nothing = [FieldChange {
                path: "(all of it)".to_owned(),
                from: Value::Null,
                to: Value::Null,
            }];
            let whole = change.fields.is_empty();
            let fields = if whole { &nothing[..] } else { &change.fields[..] };
            let mut id = id_of(change, outcome);
            for field in fields {
                let (from, to) = if whole {
                    (String::new(), String::new())
                } else {
                    (field.shown_from(), field.shown_to())
                };
                let row = Row::new([
                    Cell::new(sign).tone(tone),
                    Cell::new(id_of(change, outcome).map(|id| id.to_string()).unwrap_or_default()),
                    Cell::new(change.shown_stream.as_deref().unwrap_or("(server)")),
                    Cell::new(change.shown_url.as_deref().unwrap_or_default()),
                    Cell::new(&field.path),
                    Cell::new(from).tone(Tone::Faint),
                    Cell::new(to).tone(Tone::Strong),
                    Cell::new(result).tone(if result == "Done" { Tone::Good } else { Tone::Plain }),
                    Cell::new(
                        outcome.and_then(|outcome| self.message(outcome)).unwrap_or_default(),
                    ),
                ]);
                rows.push(row.id(id.take()));
            }
        }
        rows
    }
}
