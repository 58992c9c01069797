//! An event as a program gets it.

use serde_json::{Value, json};

use super::line;
use crate::ops::receive::arrived::{Arrived, Content};
use crate::ops::receive::receiver::Delivery;

/// The object of an event.
pub fn of(delivery: &Delivery, arrived: &Arrived) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    let mut object = json!({
        "Time": humantime::format_rfc3339_millis(delivery.time).to_string(),
        "Event": arrived.event.key(),
        "Recipient": text(&arrived.recipient),
        "Detail": text(&arrived.detail),
        "MessageStream": text(&arrived.stream),
        "TraceId": arrived.trace,
        "RetriesRemaining": arrived.retries,
        "Repeated": arrived.is_repeated,
        "Path": delivery.path(),
    });
    let (key, body) = match &arrived.body {
        Content::Json(value) => ("Body", value.clone()),
        Content::Text(text) => ("Body", text.as_str().into()),
        Content::Bytes(bytes) => ("BodyBase64", line::base64(bytes).into()),
    };
    if let Value::Object(object) = &mut object {
        object.insert(key.to_owned(), body);
    }
    object
}
