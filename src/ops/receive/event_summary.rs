//! Summary of a received event for display. Unknown or missing fields are never an error.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use super::server::EventRequest;
use crate::event::{Event, Received};

/// Maximum number of events that [`Dedup`] remembers.
const MAX_REMEMBERED: usize = 100_000;

/// Summary of an event.
#[derive(Clone, Debug)]
pub struct EventSummary {
    /// The event.
    pub event: Received,
    /// Recipient; empty if unknown.
    pub recipient: String,
    /// What happened, in a few words.
    pub detail: String,
    /// Message stream ID; empty if unknown.
    pub stream: String,
    /// `X-PM-Webhook-Trace-Id`.
    pub trace_id: Option<String>,
    /// `X-PM-Retries-Remaining`.
    pub retries_remaining: Option<u64>,
    /// The event was received before.
    pub is_repeated: bool,
    /// Body of the request.
    pub body: EventBody,
}

/// Body of a request.
#[derive(Clone, Debug)]
pub enum EventBody {
    /// JSON.
    Json(Value),
    /// UTF-8, but not JSON.
    Text(String),
    /// Not UTF-8.
    Binary(Vec<u8>),
}

impl EventBody {
    fn parse(bytes: &[u8]) -> Self {
        if let Ok(value) = serde_json::from_slice(bytes) {
            return Self::Json(value);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Binary(bytes.to_owned()),
        }
    }
}

impl EventSummary {
    /// Summarizes a request.
    pub fn new(request: &EventRequest, dedup: &mut Dedup) -> Self {
        let body = EventBody::parse(request.body());
        let value = if let EventBody::Json(value) = &body { value } else { &Value::Null };
        let event = Received::of(value);
        let header = |name| request.header(name).map(|value| value.trim().to_owned());
        let trace_id = header("x-pm-webhook-trace-id").filter(|trace_id| !trace_id.is_empty());
        let key = trace_id.as_ref().map(|id| format!("trace {id}")).or_else(|| dedup_key(value));
        Self {
            recipient: Received::recipient(value).to_owned(),
            detail: detail(&event, &body, header("content-encoding").as_deref()),
            stream: text(value, "MessageStream"),
            retries_remaining: header("x-pm-retries-remaining").and_then(|n| n.parse().ok()),
            is_repeated: key.is_some_and(|key| dedup.is_repeated(&key)),
            trace_id,
            event,
            body,
        }
    }
}

fn text(body: &Value, key: &str) -> String {
    body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Fields that identify an event. Postmark documents them for deliveries and bounces only (webhooks
/// overview, duplicates).
fn dedup_key(body: &Value) -> Option<String> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (recipient, time) = match text("RecordType")? {
        "Delivery" => ("Recipient", "DeliveredAt"),
        "Bounce" => ("Email", "BouncedAt"),
        _ => return None,
    };
    Some(format!("{} {} {}", text("MessageID")?, text(recipient)?, text(time)?))
}

fn detail(event: &Received, body: &EventBody, encoding: Option<&str>) -> String {
    let body = match body {
        EventBody::Json(body @ Value::Object(_)) => body,
        EventBody::Json(_) => return "JSON, but not an object".to_owned(),
        EventBody::Text(text) if text.is_empty() => return "empty body".to_owned(),
        EventBody::Text(text) => return format!("not JSON: {text}"),
        EventBody::Binary(bytes) => {
            return format!("{}, {} bytes", encoding.unwrap_or("binary"), bytes.len());
        }
    };
    let text = |key: &str| text(body, key);
    let name_of =
        |key: &str| body.get(key).map(|agent| self::text(agent, "Name")).unwrap_or_default();
    let flag = |key: &str| body.get(key).and_then(as_flag);
    match event.event() {
        Some(Event::Bounce | Event::SmtpApiError) => join(": ", [text("Type"), text("Details")]),
        Some(Event::SpamComplaint) => join(": ", [text("Subject"), text("Details")]),
        Some(Event::Delivery) => text("Details"),
        Some(Event::Open) => {
            let first = if flag("FirstOpen") == Some(true) { "first open" } else { "" };
            join(", ", [first.to_owned(), name_of("Client"), name_of("OS")])
        }
        Some(Event::Click) => text("OriginalLink"),
        Some(Event::SubscriptionChange) => {
            let change = match flag("SuppressSending") {
                Some(true) => "suppressed",
                Some(false) => "reactivated",
                None => "changed",
            };
            let origin = Some(text("Origin")).filter(|origin| !origin.is_empty());
            let origin = origin.map(|origin| format!("by {origin}")).unwrap_or_default();
            join(": ", [join(" ", [change.to_owned(), origin]), text("SuppressionReason")])
        }
        Some(Event::Inbound) => {
            join(": ", [join(" ", ["from".to_owned(), text("From")]), text("Subject")])
        }
        None => [text("Details"), text("Description")]
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
    }
}

/// A boolean, also in the spellings of programs that rebuild events. `None` for anything else.
fn as_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn join<const N: usize>(separator: &str, parts: [String; N]) -> String {
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(separator)
}

/// Recognizes events that were received before: Postmark delivers at least once.
#[derive(Debug)]
pub struct Dedup {
    max_remembered: usize,
    hashes: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Default for Dedup {
    fn default() -> Self {
        Self { max_remembered: MAX_REMEMBERED, hashes: HashSet::new(), order: VecDeque::new() }
    }
}

impl Dedup {
    /// Whether the key was seen before. Remembers it.
    fn is_repeated(&mut self, key: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let hash = hasher.finish();
        if !self.hashes.insert(hash) {
            return true;
        }
        self.order.push_back(hash);
        if self.order.len() > self.max_remembered
            && let Some(oldest) = self.order.pop_front()
        {
            self.hashes.remove(&oldest);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_suppression_is_recognized_in_every_spelling_and_never_guessed() {
        for (value, expected) in [
            (json!(true), "suppressed by Recipient"),
            (json!("true"), "suppressed by Recipient"),
            (json!("True"), "suppressed by Recipient"),
            (json!(1), "suppressed by Recipient"),
            (json!("1"), "suppressed by Recipient"),
            (json!(false), "reactivated by Recipient"),
            (json!("false"), "reactivated by Recipient"),
            (json!(0), "reactivated by Recipient"),
            (json!(null), "changed by Recipient"),
            (json!("yes"), "changed by Recipient"),
            (json!([true]), "changed by Recipient"),
        ] {
            let body = json!({"SuppressSending": value, "Origin": "Recipient"});
            let event = Received::Known(Event::SubscriptionChange);
            assert_eq!(detail(&event, &EventBody::Json(body.clone()), None), expected, "{body}");
        }
        let body = json!({"Origin": "Recipient", "SuppressionReason": "ManualSuppression"});
        let event = Received::Known(Event::SubscriptionChange);
        let detail = detail(&event, &EventBody::Json(body), None);
        assert_eq!(detail, "changed by Recipient: ManualSuppression");
    }

    #[test]
    fn dedup_forgets_the_oldest_event() {
        let mut dedup = Dedup { max_remembered: 2, ..Dedup::default() };
        assert!(["a", "b", "c"].iter().all(|key| !dedup.is_repeated(key)));
        assert!(dedup.is_repeated("c") && dedup.is_repeated("b"));
        assert!(!dedup.is_repeated("a"));
        assert_eq!(dedup.hashes.len(), 2);
    }
}
