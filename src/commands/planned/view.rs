//! How one plan looks in a program's eyes: a row per field, an object per change.

use serde_json::{Value, json};

use super::Planned;
use super::prose::{message, sign};
use crate::config::profile::ProfileName;
use crate::ops::apply::Outcome;
use crate::ops::change::FieldChange;
use crate::ops::plan::Change;
use crate::postmark::{HookUrl, WebhookId};
use crate::term::{Cell, Column, Table, Tone};

impl Planned {
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Change, Option<&Outcome>)> {
        let outcome = |index| self.outcomes.as_ref().and_then(|all| all.get(index));
        self.plan.changes.iter().enumerate().map(move |(i, change)| (change, outcome(i)))
    }

    /// The changes as they are reported.
    pub(super) fn changes_json(&self) -> Vec<Value> {
        self.rows().map(|(change, outcome)| self.change_json(change, outcome)).collect()
    }

    fn change_json(&self, change: &Change, outcome: Option<&Outcome>) -> Value {
        let mut value = json!({
            "Action": change.action(),
            "Profile": self.profile.as_ref().map(ProfileName::as_str),
            "MessageStream": change.stream(),
            "Url": change.url().map(HookUrl::masked),
            "ID": id_of(change, outcome).map(|id| id.0),
            "Fields": change.fields.iter().map(FieldChange::to_json).collect::<Vec<_>>(),
        });
        if let (Some(outcome), Value::Object(object)) = (outcome, &mut value) {
            object.insert("Result".to_owned(), outcome.name().into());
            object.insert(
                "Message".to_owned(),
                message(outcome).map(Value::from).unwrap_or_default(),
            );
        }
        value
    }
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

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
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
            for field in fields {
                let (from, to) = if whole {
                    (String::new(), String::new())
                } else {
                    (field.shown_from(), field.shown_to())
                };
                table.row(vec![
                    Cell::new(sign).tone(tone),
                    Cell::new(id_of(change, outcome).map(|id| id.to_string()).unwrap_or_default()),
                    Cell::new(change.stream().unwrap_or("(server)")),
                    Cell::new(change.url().map(HookUrl::masked).unwrap_or_default()),
                    Cell::new(&field.path),
                    Cell::new(from).tone(Tone::Faint),
                    Cell::new(to).tone(Tone::Strong),
                    Cell::new(result).tone(if result == "Done" { Tone::Good } else { Tone::Plain }),
                    Cell::new(outcome.and_then(message).unwrap_or_default()),
                ]);
            }
        }
        table
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.rows().filter_map(|(c, o)| id_of(c, o)).map(|id| id.to_string()).collect()
    }
}
