//! What a rotation reports: each webhook with its tests and its outcome. Never a secret.

use serde_json::{Value, json};

use super::rotation::{Rotation, Row};
use crate::ops::rotate::check::{Check, Checked, Who};
use crate::postmark::{Object, Reveal, mask};
use crate::term::{Cell, Column, Report, Table, Tone};

impl Rotation {
    fn object(&self, row: &Row<'_>) -> Value {
        let webhook = &row.turn.webhook;
        let check = |check: &Check| {
            let mut object = json!({
                "Credentials": check.who.name(),
                "TriggerType": check.event.key(),
                "Success": check.verdict.success,
                "StatusCode": check.verdict.status,
                "Message": check.verdict.message,
            });
            if let (Some(fix), Value::Object(object)) = (&check.verdict.fix, &mut object) {
                object.insert("Fix".to_owned(), fix.clone().into());
            }
            object
        };
        let checks = row.checked.map(|checked| checked.checks.iter().map(check).collect());
        let mut object = Object::new();
        object.insert("ID".to_owned(), webhook.id.0.into());
        object.insert("Url".to_owned(), webhook.url.expose().into());
        object.insert("MessageStream".to_owned(), webhook.message_stream.as_str().into());
        object.insert("Result".to_owned(), self.result(row).into());
        object.insert("Message".to_owned(), self.message(row).into());
        object.insert("Checks".to_owned(), checks.unwrap_or_else(|| json!([])));
        if let Some(checked) = row.checked.filter(|checked| !checked.warnings.is_empty()) {
            object.insert("Warnings".to_owned(), checked.warnings.clone().into());
        }
        if self.dry_run {
            object.insert("DryRun".to_owned(), true.into());
        }
        mask::object(&mut object, Reveal::Masked);
        Value::Object(object)
    }
}

/// What an endpoint made of a secret, in a word.
fn cell(checked: Option<&Checked>, who: Who) -> Cell {
    let Some(check) = checked.and_then(|checked| checked.of(who)) else { return Cell::new("") };
    let verdict = &check.verdict;
    let status = verdict.status.map_or_else(|| "no answer".to_owned(), |s| s.to_string());
    match (who, verdict.success, verdict.status) {
        (Who::Wrong, true, _) => Cell::new("refused").tone(Tone::Good),
        (Who::Wrong, false, Some(200..300)) => Cell::new("accepted").tone(Tone::Warn),
        (Who::Wrong, false, _) => Cell::new(status).tone(Tone::Warn),
        (_, true, _) => Cell::new("accepted").tone(Tone::Good),
        (_, false, _) => Cell::new(status).tone(Tone::Bad),
    }
}

impl Report for Rotation {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::new("url", "Url"),
        Column::new("new", "New"),
        Column::new("old", "Old"),
        Column::new("wrong", "Wrong"),
        Column::new("result", "Result"),
    ];

    fn json(&self) -> Value {
        self.rows().map(|row| self.object(&row)).collect()
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for row in self.rows() {
            let word = self.result(&row);
            let result = match self.message(&row) {
                Some(message) => format!("{word}: {message}"),
                None => word.to_owned(),
            };
            let tone = match word {
                "Done" => Tone::Good,
                "Skipped" => Tone::Faint,
                "PutBack" | "NotReached" => Tone::Warn,
                _ => Tone::Bad,
            };
            let [new, old, wrong] = Who::ALL.map(|who| cell(row.checked, who));
            table.row(vec![
                Cell::new(row.turn.webhook.id.to_string()),
                Cell::new(row.turn.webhook.url.masked()),
                new,
                old,
                wrong,
                Cell::new(result).tone(tone),
            ]);
        }
        table
    }

    fn ids(&self) -> Vec<String> {
        self.turns.iter().map(|turn| turn.webhook.id.to_string()).collect()
    }

    fn nothing(&self) -> &'static str {
        "There are no webhooks."
    }
}
