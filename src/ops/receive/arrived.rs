//! What an event says, for whoever looks at it. Nothing that Postmark may add one day is an error.

use serde_json::Value;

use super::Seen;
use crate::event::{Event, Received};
use crate::ops::receive::receiver::Delivery;

/// What an event says.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// What it is.
    pub event: Received,
    /// Whose mail it is about; empty where it does not say.
    pub recipient: String,
    /// What happened, in a few words.
    pub detail: String,
    /// The stream; empty where it does not say.
    pub stream: String,
    /// `X-PM-Webhook-Trace-Id`.
    pub trace: Option<String>,
    /// `X-PM-Retries-Remaining`.
    pub retries: Option<u64>,
    /// It was there before.
    pub is_repeated: bool,
    /// What was posted.
    pub body: Content,
}

/// A body.
#[derive(Clone, Debug)]
pub enum Content {
    /// JSON.
    Json(Value),
    /// Another text.
    Text(String),
    /// No text.
    Bytes(Vec<u8>),
}

impl Arrived {
    /// Looks at a delivery.
    pub fn of(delivery: &Delivery, seen: &mut Seen) -> Self {
        let body = content(delivery.body());
        let none = Value::Null;
        let value = if let Content::Json(value) = &body { value } else { &none };
        let event = Received::of(value);
        let header = |name| delivery.header(name).map(|value| value.trim().to_owned());
        let trace = header("x-pm-webhook-trace-id").filter(|trace| !trace.is_empty());
        let key = trace.as_ref().map(|trace| format!("trace {trace}")).or_else(|| key(value));
        Self {
            recipient: Received::recipient(value).to_owned(),
            detail: detail(&event, &body),
            stream: first(value, &["MessageStream"]),
            retries: header("x-pm-retries-remaining").and_then(|number| number.parse().ok()),
            is_repeated: key.is_some_and(|key| seen.again(&key)),
            trace,
            event,
            body,
        }
    }
}

fn content(bytes: &[u8]) -> Content {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Content::Json(value);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Content::Text(text.to_owned()),
        Err(_) => Content::Bytes(bytes.to_owned()),
    }
}

fn first(body: &Value, keys: &[&str]) -> String {
    let mut texts = keys.iter().filter_map(|key| body.get(key).and_then(Value::as_str));
    texts.find(|text| !text.is_empty()).unwrap_or_default().to_owned()
}

/// What is the same in a repetition, and only there (Postmark's page on webhooks, duplicates). It names
/// this for deliveries and bounces only.
fn key(body: &Value) -> Option<String> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (whose, when) = match text("RecordType")? {
        "Delivery" => ("Recipient", "DeliveredAt"),
        "Bounce" => ("Email", "BouncedAt"),
        _ => return None,
    };
    Some(format!("{} {} {}", text("MessageID")?, text(whose)?, text(when)?))
}

fn detail(event: &Received, body: &Content) -> String {
    let body = match body {
        Content::Json(body @ Value::Object(_)) => body,
        Content::Json(_) => return "JSON, but no object".to_owned(),
        Content::Text(text) if text.is_empty() => return "no body".to_owned(),
        Content::Text(text) => return format!("not JSON: {text}"),
        Content::Bytes(bytes) => return format!("not text: {} bytes", bytes.len()),
    };
    let text = |key: &str| first(body, &[key]);
    let is = |key: &str| body.get(key).and_then(Value::as_bool).unwrap_or_default();
    let inner = |key: &str| body.get(key).map(|inner| first(inner, &["Name"])).unwrap_or_default();
    match event.event() {
        Some(Event::Bounce | Event::SmtpApiError) => join(": ", [text("Type"), text("Details")]),
        Some(Event::SpamComplaint) => join(": ", [text("Subject"), text("Details")]),
        Some(Event::Delivery) => text("Details"),
        Some(Event::Open) => {
            let first_time = if is("FirstOpen") { "first time" } else { "" };
            join(", ", [first_time.to_owned(), inner("Client"), inner("OS")])
        }
        Some(Event::Click) => text("OriginalLink"),
        Some(Event::SubscriptionChange) => {
            let what = if is("SuppressSending") { "suppressed" } else { "reactivated" };
            let by = Some(text("Origin")).filter(|origin| !origin.is_empty());
            let by = by.map(|origin| format!("by {origin}")).unwrap_or_default();
            join(": ", [join(" ", [what.to_owned(), by]), text("SuppressionReason")])
        }
        Some(Event::Inbound) => {
            join(": ", [join(" ", ["from".to_owned(), text("From")]), text("Subject")])
        }
        None => first(body, &["Details", "Description"]),
    }
}

fn join<const N: usize>(between: &str, texts: [String; N]) -> String {
    let said: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    said.join(between)
}
