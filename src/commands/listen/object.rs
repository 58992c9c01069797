//! An event as a program gets it.

use serde_json::{Value, json};

use super::line;
use crate::ops::receive::{EventBody, EventRequest, EventSummary};
use crate::ops::record::RecordTime;
use crate::postmark::mask::Reveal;

/// The object of an event.
pub fn of(delivery: &EventRequest, arrived: &EventSummary, reveal: Reveal) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    let mut object = json!({
        "Time": RecordTime(delivery.time).to_string(),
        "Event": arrived.event.key(),
        "Recipient": text(&arrived.recipient),
        "Detail": text(&arrived.detail),
        "MessageStream": text(&arrived.stream),
        "TraceId": arrived.trace_id,
        "RetriesRemaining": arrived.retries_remaining,
        "Repeated": arrived.is_repeated,
        "Path": line::path(delivery, reveal),
    });
    let (key, body) = match &arrived.body {
        EventBody::Json(value) => ("Body", value.clone()),
        EventBody::Text(text) => ("Body", text.as_str().into()),
        EventBody::Binary(bytes) => ("BodyBase64", line::base64(bytes).into()),
    };
    if let Value::Object(object) = &mut object {
        object.insert(key.to_owned(), body);
    }
    object
}
