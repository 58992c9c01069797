//! How webhooks look: a row each in a table, a block of names and values for one.

use serde_json::Value;

use super::{Cell, Column, Report, Table, Tone};
use crate::postmark::{Reveal, Trigger, Webhook};

/// Webhooks to show.
pub struct Webhooks {
    /// In the order in which they are shown.
    pub webhooks: Vec<Webhook>,
    /// One webhook is shown as itself rather than as a list of one.
    pub single: bool,
    /// Whether secrets are shown.
    pub reveal: Reveal,
    /// Nothing of this has happened.
    pub dry_run: bool,
}

impl Webhooks {
    /// A list.
    pub fn list(webhooks: Vec<Webhook>, reveal: Reveal) -> Self {
        Self { webhooks, single: false, reveal, dry_run: false }
    }

    /// A single one.
    pub fn one(webhook: Webhook, reveal: Reveal) -> Self {
        Self { webhooks: vec![webhook], single: true, reveal, dry_run: false }
    }

    fn object(&self, webhook: &Webhook) -> Value {
        let mut value = webhook.to_json(self.reveal);
        if let (true, Value::Object(object)) = (self.dry_run, &mut value) {
            if webhook.id.0 == 0 {
                object.insert("ID".to_owned(), Value::Null);
            }
            object.insert("DryRun".to_owned(), true.into());
        }
        value
    }

    fn url(&self, webhook: &Webhook) -> String {
        match self.reveal {
            Reveal::Masked => webhook.url.masked(),
            Reveal::Shown => webhook.url.expose().to_owned(),
        }
    }
}

impl Report for Webhooks {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::new("stream", "MessageStream"),
        Column::new("url", "Url"),
        Column::new("triggers", "Triggers"),
        Column::new("auth", "HttpAuth"),
        Column::hidden("headers", "HttpHeaders"),
        Column::new("status", "Status"),
    ];

    fn json(&self) -> Value {
        match self.webhooks.as_slice() {
            [webhook] if self.single => self.object(webhook),
            webhooks => webhooks.iter().map(|w| self.object(w)).collect(),
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for webhook in &self.webhooks {
            table.row(vec![
                id(webhook),
                Cell::new(webhook.message_stream.as_str()),
                Cell::new(self.url(webhook)),
                triggers(webhook),
                auth(webhook),
                Cell::new(names(webhook)),
                status(webhook),
            ]);
        }
        table
    }

    fn ids(&self) -> Vec<String> {
        // What is not made yet has none.
        self.webhooks.iter().filter(|w| w.id.0 != 0).map(|w| w.id.to_string()).collect()
    }

    fn details(&self) -> Option<Vec<Vec<(&'static str, Cell)>>> {
        if !self.single {
            return None;
        }
        let block = |webhook: &Webhook| {
            let mut rows = vec![
                ("ID", id(webhook)),
                ("Url", Cell::new(self.url(webhook))),
                ("MessageStream", Cell::new(webhook.message_stream.as_str())),
            ];
            if webhook.status.is_some() {
                rows.push(("Status", status(webhook)));
            }
            let json = self.object(webhook);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            rows.push(match json.get("HttpAuth") {
                Some(Value::Object(auth)) => {
                    let part = |key| auth.get(key).map(text).unwrap_or_default();
                    ("HttpAuth", Cell::new(format!("{} : {}", part("Username"), part("Password"))))
                }
                _ => ("HttpAuth", auth(webhook)),
            });
            for header in json.get("HttpHeaders").and_then(Value::as_array).into_iter().flatten() {
                let part = |key| header.get(key).map(text).unwrap_or_default();
                rows.push((
                    "HttpHeader",
                    Cell::new(format!("{}: {}", part("Name"), part("Value"))),
                ));
            }
            for trigger in Trigger::ALL {
                rows.push((trigger.key(), trigger_cell(webhook, trigger)));
            }
            // From the object above, whose secrets are masked.
            let other = |object: Option<&Value>, name: &String| {
                let value = object.and_then(|object| object.get(name)).unwrap_or(&Value::Null);
                Cell::new(format!("{name} {value}"))
            };
            for name in webhook.triggers.other.keys() {
                rows.push(("Other trigger", other(json.get("Triggers"), name)));
            }
            for name in webhook.extra.keys() {
                rows.push(("Other key", other(Some(&json), name)));
            }
            rows
        };
        Some(self.webhooks.iter().map(block).collect())
    }

    fn nothing(&self) -> &'static str {
        "There are no webhooks here; create makes one."
    }
}

fn id(webhook: &Webhook) -> Cell {
    Cell::new(if webhook.id.0 == 0 { "(new)".to_owned() } else { webhook.id.to_string() })
}

fn triggers(webhook: &Webhook) -> Cell {
    let text = triggers_text(webhook);
    let tone = if text == "none" { Tone::Warn } else { Tone::Plain };
    Cell::new(text).tone(tone)
}

/// The triggers that are on, in words.
pub fn triggers_text(webhook: &Webhook) -> String {
    let enabled = webhook.triggers.enabled();
    let mut names: Vec<_> = enabled.iter().map(|t| t.name()).collect();
    if enabled.len() == Trigger::ALL.len() {
        names = vec!["all"];
    }
    names.extend(webhook.triggers.other_enabled());
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn trigger_cell(webhook: &Webhook, trigger: Trigger) -> Cell {
    let setting = webhook.triggers.get(trigger);
    let option = trigger.option().filter(|_| setting.option(trigger));
    let extra = option.map(|option| format!(", {option}")).unwrap_or_default();
    if setting.enabled {
        Cell::new(format!("on{extra}")).tone(Tone::Good)
    } else {
        Cell::new(format!("off{extra}")).tone(Tone::Faint)
    }
}

fn auth(webhook: &Webhook) -> Cell {
    match &webhook.http_auth {
        Some(_) => Cell::new("basic"),
        None if webhook.url.has_credentials() => Cell::new("in url"),
        None => Cell::new("none").tone(Tone::Warn),
    }
}

fn names(webhook: &Webhook) -> String {
    let names: Vec<_> = webhook.http_headers.iter().map(|h| h.name.as_str()).collect();
    names.join(", ")
}

fn status(webhook: &Webhook) -> Cell {
    match webhook.status.as_deref() {
        Some("verified") => Cell::new("verified").tone(Tone::Good),
        Some("unverified") => Cell::new("unverified").tone(Tone::Bad),
        Some(other) => Cell::new(other).tone(Tone::Warn),
        None => Cell::new("-").tone(Tone::Faint),
    }
}
