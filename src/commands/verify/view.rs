//! How verifications look: a row per trigger that Postmark speaks of.

use serde_json::{Value, json};

use crate::postmark::Verdict;
use crate::postmark::{Object, Reveal, Trigger, Verification, WebhookId, mask};
use crate::term::{Cell, Column, Report, Table, Tone};

/// What Postmark found at each webhook.
pub struct Verified(pub Vec<(WebhookId, Verification)>);

impl Verified {
    /// The webhooks that did not pass, each with the triggers that are said to have failed.
    pub fn not_passed(&self) -> Vec<(WebhookId, String)> {
        let failed = self.0.iter().filter(|(_, verification)| !verification.passed());
        let with_triggers = failed.map(|(id, verification)| {
            let failed = verification.results.iter().filter(|r| !r.success);
            let names: Vec<_> = failed.map(|r| Trigger::shown(&r.trigger_type)).collect();
            let names = if names.is_empty() { "any trigger".to_owned() } else { names.join(", ") };
            (*id, names)
        });
        with_triggers.collect()
    }
}

fn url(verification: &Verification) -> Option<String> {
    verification.extra.get("Url").and_then(Value::as_str).map(|url| mask::url(url).into_owned())
}

/// Postmark's words; a URL in them may hold secrets.
fn said(message: Option<&str>) -> Option<String> {
    message.map(|message| mask::text(message).into_owned())
}

fn to_json((id, verification): &(WebhookId, Verification)) -> Value {
    let result = |r: &Verdict| {
        let mut row = json!({"TriggerType": r.trigger_type, "Success": r.success,
            "StatusCode": r.status_code, "Message": said(r.message.as_deref())});
        if let Value::Object(row) = &mut row {
            row.extend(r.extra.clone());
        }
        row
    };
    let mut object = Object::new();
    object.insert("ID".to_owned(), id.0.into());
    object.insert("Url".to_owned(), url(verification).into());
    object.insert("Success".to_owned(), verification.passed().into());
    object.insert("Results".to_owned(), verification.results.iter().map(result).collect());
    object.insert("Message".to_owned(), said(verification.message.as_deref()).into());
    let known = ["Id", "ID", "Url"];
    let more = verification.extra.iter().filter(|(key, _)| !known.contains(&key.as_str()));
    object.extend(more.map(|(key, value)| (key.clone(), value.clone())));
    let mut value = Value::Object(object);
    mask::value(&mut value, Reveal::Masked);
    value
}

impl Report for Verified {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::hidden("url", "Url"),
        Column::new("trigger", "TriggerType"),
        Column::new("result", "Success"),
        Column::new("status", "StatusCode"),
        Column::new("message", "Message"),
    ];
    const HAS_IDS: bool = false;

    fn json(&self) -> Value {
        self.0.iter().map(to_json).collect()
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        let result = |success: bool| {
            let (word, tone) = if success { ("passed", Tone::Good) } else { ("failed", Tone::Bad) };
            Cell::new(word).tone(tone)
        };
        for (id, verification) in &self.0 {
            let mut row = |trigger: &str, success, status: Option<i64>, message: Option<&str>| {
                let status = status.filter(|s| *s > 0).map_or("-".to_owned(), |s| s.to_string());
                let url = url(verification).unwrap_or_default();
                let id = Cell::new(id.to_string());
                let message = Cell::new(said(message).unwrap_or_default());
                let cells =
                    [Cell::new(url), Cell::new(trigger), result(success), Cell::new(status)];
                table.row([id].into_iter().chain(cells).chain([message]).collect());
            };
            for r in &verification.results {
                row(
                    Trigger::shown(&r.trigger_type),
                    r.success,
                    r.status_code,
                    r.message.as_deref(),
                );
            }
            // Where no trigger is on there is nothing to probe.
            if verification.results.is_empty() {
                row("-", verification.passed(), None, verification.message.as_deref());
            }
        }
        table
    }
}
