//! What a rotation reports: each webhook with its tests and its outcome. Never a secret.

use serde::{Serialize, Serializer};

use super::rotation::{Rotation, Row};
use crate::ops::rotate::check::{Check, Checked, Who};
use crate::postmark::{StreamId, WebhookId, mask};
use crate::term::{Cell, Column, Report, Tone, table};

/// A webhook in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WebhookObject<'a> {
    #[serde(rename = "ID")]
    id: WebhookId,
    /// Masked.
    url: String,
    message_stream: &'a StreamId,
    result: &'static str,
    message: Option<String>,
    checks: Vec<CheckObject<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
}

/// A test of the endpoint in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CheckObject<'a> {
    credentials: &'static str,
    trigger_type: &'a str,
    success: bool,
    status_code: Option<u16>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
}

impl<'a> From<&'a Check> for CheckObject<'a> {
    fn from(check: &'a Check) -> Self {
        Self {
            credentials: check.who.name(),
            trigger_type: check.event.key(),
            success: check.verdict.success,
            status_code: check.verdict.status,
            message: &check.verdict.message,
            fix: check.verdict.fix.as_deref(),
        }
    }
}

impl Serialize for Rotation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows().map(|row| {
            let webhook = &row.turn.webhook;
            let checks = row.checked.map_or(&[][..], |checked| &checked.checks);
            WebhookObject {
                id: webhook.id,
                url: webhook.url.masked(),
                message_stream: &webhook.message_stream,
                result: self.result(&row),
                message: self.message(&row).map(|text| mask::text(&text).into_owned()),
                checks: checks.iter().map(CheckObject::from).collect(),
                warnings: row.checked.map_or(&[], |checked| &checked.warnings),
            }
        }))
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

    const KEYS: &'static [&'static str] =
        &["ID", "Url", "MessageStream", "Result", "Message", "Checks", "Warnings"];

    fn rows(&self) -> Vec<table::Row> {
        let row = |row: Row<'_>| {
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
            table::Row::new([
                Cell::new(row.turn.webhook.id.to_string()),
                Cell::new(row.turn.webhook.url.masked()),
                new,
                old,
                wrong,
                Cell::new(result).tone(tone),
            ])
            .id(Some(row.turn.webhook.id))
        };
        self.rows().map(row).collect()
    }

    fn empty_note(&self) -> &'static str {
        "There are no webhooks."
    }
}
