//! Report of webhooks: a row each in a table, a block of names and values for one.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::postmark::{
    HttpAuth, HttpHeader, Object, Reveal, StreamId, Trigger, TriggerSetting, Triggers, Webhook,
    WebhookId,
};
use crate::term::{Cell, Column, Details, Report, Row, Tone};

/// Report of webhooks.
pub(crate) struct Webhooks {
    /// Webhooks in the order in which they are shown.
    pub(crate) webhooks: Vec<Webhook>,
    /// True if a single webhook is shown as itself rather than as a list of one.
    pub(crate) single: bool,
}

impl Webhooks {
    /// Several webhooks.
    pub(crate) fn list(webhooks: Vec<Webhook>) -> Self {
        Self { webhooks, single: false }
    }

    /// One webhook.
    pub(crate) fn one(webhook: Webhook) -> Self {
        Self { webhooks: vec![webhook], single: true }
    }
}

/// A webhook in JSON: the API's object, secrets in clear.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WebhookObject<'a> {
    /// `None` for a webhook that is not created yet.
    #[serde(rename = "ID")]
    id: Option<WebhookId>,
    url: &'a str,
    message_stream: &'a StreamId,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    http_auth: Option<AuthObject<'a>>,
    http_headers: Vec<HeaderObject<'a>>,
    triggers: TriggersObject<'a>,
    /// Keys that are not known here.
    #[serde(flatten)]
    extra: &'a Object,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AuthObject<'a> {
    username: &'a str,
    password: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HeaderObject<'a> {
    name: &'a str,
    value: &'a str,
}

/// All triggers, those that are not known here last.
struct TriggersObject<'a>(&'a Triggers);

#[derive(Serialize)]
#[serde(untagged)]
enum TriggerObject<'a> {
    Known {
        #[serde(rename = "Enabled")]
        enabled: bool,
        #[serde(flatten)]
        options: &'a Object,
    },
    Other(&'a Value),
}

impl Serialize for TriggersObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = Trigger::ALL.into_iter().map(|trigger| {
            let TriggerSetting { enabled, options } = self.0.get(trigger);
            (trigger.key(), TriggerObject::Known { enabled: *enabled, options })
        });
        let other = self.0.other.iter().map(|(key, value)| (&**key, TriggerObject::Other(value)));
        serializer.collect_map(known.chain(other))
    }
}

impl<'a> From<&'a Webhook> for WebhookObject<'a> {
    fn from(webhook: &'a Webhook) -> Self {
        let auth = |auth: &'a HttpAuth| AuthObject {
            username: &auth.username,
            password: auth.password.expose(),
        };
        let header = |header: &'a HttpHeader| HeaderObject {
            name: &header.name,
            value: header.value.expose(),
        };
        Self {
            id: Some(webhook.id).filter(|id| id.0 != 0),
            url: webhook.url.expose(),
            message_stream: &webhook.message_stream,
            status: webhook.status.as_deref(),
            http_auth: webhook.http_auth.as_ref().map(auth),
            http_headers: webhook.http_headers.iter().map(header).collect(),
            triggers: TriggersObject(&webhook.triggers),
            extra: &webhook.extra,
        }
    }
}

impl Serialize for Webhooks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.webhooks.as_slice() {
            [webhook] if self.single => WebhookObject::from(webhook).serialize(serializer),
            webhooks => serializer.collect_seq(webhooks.iter().map(WebhookObject::from)),
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
    const KEYS: &'static [&'static str] =
        &["ID", "Url", "MessageStream", "Status", "HttpAuth", "HttpHeaders", "Triggers"];

    fn rows(&self) -> Vec<Row> {
        let row = |webhook: &Webhook| {
            Row::new([
                id(webhook),
                Cell::new(webhook.message_stream.as_str()),
                Cell::url(&webhook.url),
                triggers(webhook),
                auth(webhook),
                Cell::new(names(webhook)),
                status(webhook),
            ])
            .id(Some(webhook.id).filter(|id| id.0 != 0))
        };
        self.webhooks.iter().map(row).collect()
    }

    fn id(&self) -> Option<String> {
        let webhook = self.webhooks.first().filter(|webhook| self.single && webhook.id.0 != 0);
        webhook.map(|webhook| webhook.id.to_string())
    }

    fn details(&self) -> Option<Details> {
        self.single.then(|| self.webhooks.iter().map(details).collect())
    }

    fn empty_note(&self) -> &'static str {
        "There are no webhooks here; create makes one."
    }
}

fn details(webhook: &Webhook) -> Vec<(&'static str, Cell)> {
    let mut rows = vec![
        ("ID", id(webhook)),
        ("Url", Cell::url(&webhook.url)),
        ("MessageStream", Cell::new(webhook.message_stream.as_str())),
    ];
    if webhook.status.is_some() {
        rows.push(("Status", status(webhook)));
    }
    // What holds secrets is read from both objects, so that the mask is the same as in JSON.
    let (masked, clear) = (webhook.to_json(Reveal::Masked), webhook.to_json(Reveal::Shown));
    let cell = |text: &dyn Fn(&Value) -> String| Cell::secret(text(&masked), text(&clear));
    rows.push(match &webhook.http_auth {
        Some(_) => {
            let auth = |json: &Value| {
                format!(
                    "{} : {}",
                    text(json.pointer("/HttpAuth/Username")),
                    text(json.pointer("/HttpAuth/Password"))
                )
            };
            ("HttpAuth", cell(&auth))
        }
        None => ("HttpAuth", auth(webhook)),
    });
    for index in 0..webhook.http_headers.len() {
        let part = |json: &Value, key| text(json.pointer(&format!("/HttpHeaders/{index}/{key}")));
        let header = |json: &Value| format!("{}: {}", part(json, "Name"), part(json, "Value"));
        rows.push(("HttpHeader", cell(&header)));
    }
    for trigger in Trigger::ALL {
        rows.push((trigger.key(), trigger_cell(webhook, trigger)));
    }
    let other = |object: Option<&Value>, name: &str| {
        let value = object.and_then(|object| object.get(name)).unwrap_or(&Value::Null);
        format!("{name} {value}")
    };
    for name in webhook.triggers.other.keys() {
        rows.push(("Other trigger", cell(&|json| other(json.get("Triggers"), name))));
    }
    for name in webhook.extra.keys() {
        rows.push(("Other key", cell(&|json| other(Some(json), name))));
    }
    rows
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn id(webhook: &Webhook) -> Cell {
    Cell::new(if webhook.id.0 == 0 { "(new)".to_owned() } else { webhook.id.to_string() })
}

fn triggers(webhook: &Webhook) -> Cell {
    let text = triggers_text(webhook);
    let tone = if text == "none" { Tone::Warn } else { Tone::Plain };
    Cell::new(text).tone(tone)
}

/// Names of the enabled triggers, `all` or `none`.
pub(crate) fn triggers_text(webhook: &Webhook) -> String {
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
