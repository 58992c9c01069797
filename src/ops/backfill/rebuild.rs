//! Events from the rows of Postmark's APIs, in the form in which webhooks are posted. A field that the API
//! does not know is absent.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::event::{Event, uuid_of};
use crate::postmark::Object;

/// Fields of bounces, spam complaints and SMTP API errors, in the order of the webhook's documentation.
const BOUNCE_FIELDS: [&str; 19] = [
    "RecordType",
    "MessageStream",
    "ID",
    "Type",
    "TypeCode",
    "Name",
    "Tag",
    "MessageID",
    "Metadata",
    "ServerID",
    "Description",
    "Details",
    "Email",
    "From",
    "BouncedAt",
    "DumpAvailable",
    "Inactive",
    "CanActivate",
    "Subject",
];

/// Fields of opens and clicks.
const TRACKING_FIELDS: [&str; 15] = [
    "RecordType",
    "MessageStream",
    "FirstOpen",
    "ClickLocation",
    "Client",
    "OS",
    "Platform",
    "UserAgent",
    "OriginalLink",
    "ReadSeconds",
    "Geo",
    "MessageID",
    "Metadata",
    "ReceivedAt",
    "Tag",
];

/// A rebuilt event.
#[derive(Clone, Debug, PartialEq)]
pub struct RebuiltEvent {
    /// Kind of the event.
    pub event: Event,
    /// Time of the event.
    pub time: Timestamp,
    /// Body, as a webhook is posted.
    pub body: Object,
    /// API it comes from: `bounces`, `messages`, `opens`, `clicks`, `suppressions`.
    pub source: &'static str,
}

impl RebuiltEvent {
    /// Identity of the event. A rebuilt event and the one that Postmark posted have the same.
    pub fn key(&self) -> String {
        key(self.event, &self.body)
    }

    /// Trace ID: the same for the same event in each run, never one of Postmark's.
    pub fn trace_id(&self) -> String {
        uuid_of(fnv1a(self.key().as_bytes()), 8)
    }
}

/// Identity of an event by its content. Dates are left out: the API and the webhook may differ in their
/// fractions.
pub fn key(event: Event, body: &Object) -> String {
    let text = |name: &str| match body.get(name) {
        Some(Value::String(text)) => text.to_lowercase(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let fields: &[&str] = match event {
        Event::Bounce | Event::SpamComplaint | Event::SmtpApiError => &["ID"],
        Event::Delivery | Event::Open => &["MessageID", "Recipient"],
        Event::Click => &["MessageID", "Recipient", "OriginalLink"],
        Event::SubscriptionChange => &["MessageStream", "Recipient", "SuppressSending"],
        Event::Inbound => &["MessageID"],
    };
    let values: Vec<_> = fields.iter().map(|name| text(name)).collect();
    format!("{} {}", event.key(), values.join(" "))
}

/// 128-bit FNV-1a.
fn fnv1a(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

/// A date as webhooks write it: UTC, seven digits of a second.
fn webhook_date(time: Timestamp) -> Value {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%7fZ").to_string().into()
}

/// The time in a field of a row.
pub fn time_of(row: &Object, field: &str) -> Option<Timestamp> {
    row.get(field)?.as_str()?.parse().ok()
}

/// Event of a row of `GET /bounces`. `None` if the row has no usable date.
///
/// `Inactive` and `CanActivate` are those of today. `metadata` is that of the message, if it is still kept.
pub fn bounce(mut row: Object, metadata: Option<Value>) -> Option<RebuiltEvent> {
    let time = time_of(&row, "BouncedAt")?;
    let event = match row.get("Type").and_then(Value::as_str) {
        Some("SpamComplaint") => Event::SpamComplaint,
        Some("SMTPApiError") => Event::SmtpApiError,
        _ => Event::Bounce,
    };
    let record_type = if event == Event::SpamComplaint { "SpamComplaint" } else { "Bounce" };
    row.insert("RecordType".to_owned(), record_type.into());
    row.insert("BouncedAt".to_owned(), webhook_date(time));
    if let Some(metadata) = metadata {
        row.insert("Metadata".to_owned(), metadata);
    }
    Some(RebuiltEvent { event, time, body: select(row, &BOUNCE_FIELDS), source: "bounces" })
}

/// Delivery events of a message (`GET /messages/outbound/{MessageID}/details`).
pub fn deliveries(message: &Object, server_id: i64) -> Vec<RebuiltEvent> {
    let delivered = events_of(message, "Delivered").map(|(recipient, time, details)| {
        let mut body = Object::new();
        body.insert("RecordType".to_owned(), "Delivery".into());
        copy(message, &mut body, "MessageStream");
        body.insert("ServerID".to_owned(), server_id.into());
        copy(message, &mut body, "MessageID");
        body.insert("Recipient".to_owned(), recipient.into());
        copy(message, &mut body, "Tag");
        body.insert("DeliveredAt".to_owned(), webhook_date(time));
        if let Some(text) = details.and_then(|details| details.get("DeliveryMessage")) {
            body.insert("Details".to_owned(), text.clone());
        }
        copy(message, &mut body, "Metadata");
        RebuiltEvent { event: Event::Delivery, time, body, source: "messages" }
    });
    delivered.collect()
}

/// Recipients whose sending was suppressed because of a message, with the time.
pub fn suppressions(message: &Object, server_id: i64) -> Vec<RebuiltEvent> {
    let changed = events_of(message, "SubscriptionChanged");
    let changed = changed.filter_map(|(recipient, time, details)| {
        let details = details?;
        // A reactivation has no message, so this is always a suppression (Postmark writes "True").
        let suppresses = details.get("SuppressSending").map(Value::to_string);
        if suppresses.is_some_and(|text| text.to_lowercase().contains("false")) {
            return None;
        }
        let mut body = Object::new();
        body.insert("RecordType".to_owned(), "SubscriptionChange".into());
        copy(message, &mut body, "MessageID");
        body.insert("ServerID".to_owned(), server_id.into());
        copy(message, &mut body, "MessageStream");
        body.insert("ChangedAt".to_owned(), webhook_date(time));
        body.insert("Recipient".to_owned(), recipient.into());
        copy(details, &mut body, "Origin");
        body.insert("SuppressSending".to_owned(), true.into());
        copy(message, &mut body, "Tag");
        copy(message, &mut body, "Metadata");
        Some(RebuiltEvent { event: Event::SubscriptionChange, time, body, source: "messages" })
    });
    changed.collect()
}

/// Event of a row of a suppression dump. The message behind it is unknown.
pub fn suppression(row: &Object, stream: &str, server_id: i64) -> Option<RebuiltEvent> {
    let time = time_of(row, "CreatedAt")?;
    let mut body = Object::new();
    body.insert("RecordType".to_owned(), "SubscriptionChange".into());
    // Of a manual suppression, the webhook's MessageID is null too.
    if row.get("SuppressionReason").and_then(Value::as_str) == Some("ManualSuppression") {
        body.insert("MessageID".to_owned(), Value::Null);
    }
    body.insert("ServerID".to_owned(), server_id.into());
    body.insert("MessageStream".to_owned(), stream.into());
    body.insert("ChangedAt".to_owned(), webhook_date(time));
    body.insert("Recipient".to_owned(), row.get("EmailAddress")?.clone());
    copy(row, &mut body, "Origin");
    body.insert("SuppressSending".to_owned(), true.into());
    copy(row, &mut body, "SuppressionReason");
    Some(RebuiltEvent { event: Event::SubscriptionChange, time, body, source: "suppressions" })
}

/// Event of a row of `GET /messages/outbound/opens/{MessageID}` or `.../clicks/{MessageID}`.
pub fn tracked(event: Event, mut row: Object, message: &Object) -> Option<RebuiltEvent> {
    let time = time_of(&row, "ReceivedAt")?;
    row.insert("RecordType".to_owned(), event.key().into());
    row.insert("ReceivedAt".to_owned(), webhook_date(time));
    for field in ["MessageStream", "Metadata", "Tag"] {
        if !row.contains_key(field) {
            copy(message, &mut row, field);
        }
    }
    let recipient = row.get("Recipient").cloned()?;
    let mut body = select(row, &TRACKING_FIELDS);
    body.insert("Recipient".to_owned(), recipient);
    let source = if event == Event::Open { "opens" } else { "clicks" };
    Some(RebuiltEvent { event, time, body, source })
}

/// Whether a message has an event of this type, such as `Opened`.
pub fn has_event(message: &Object, kind: &str) -> bool {
    events_of(message, kind).next().is_some()
}

/// Recipient, time and details of each event of a type.
fn events_of<'a>(
    message: &'a Object,
    kind: &'a str,
) -> impl Iterator<Item = (&'a str, Timestamp, Option<&'a Object>)> {
    let events = message.get("MessageEvents").and_then(Value::as_array).into_iter().flatten();
    events.filter_map(Value::as_object).filter_map(move |event| {
        if event.get("Type").and_then(Value::as_str) != Some(kind) {
            return None;
        }
        let recipient = event.get("Recipient")?.as_str()?;
        Some((
            recipient,
            time_of(event, "ReceivedAt")?,
            event.get("Details").and_then(Value::as_object),
        ))
    })
}

fn copy(from: &Object, to: &mut Object, field: &str) {
    if let Some(value) = from.get(field) {
        to.insert(field.to_owned(), value.clone());
    }
}

/// The named fields in that order. Unknown ones are left out: they are the API's, not the webhook's.
fn select(mut row: Object, fields: &[&str]) -> Object {
    fields.iter().filter_map(|field| row.remove_entry(*field)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_bounce_has_the_fields_of_a_webhook_and_utc_dates() {
        let row = object(json!({
            "ID": 42, "Type": "HardBounce", "TypeCode": 1, "Email": "gone@example.com",
            "BouncedAt": "2026-11-20T04:30:15.1234567-05:00", "MessageID": "m", "Secret": "api only",
        }));
        let event = bounce(row, Some(json!({"order": "7"}))).unwrap();
        assert_eq!(
            Value::Object(event.body.clone()).to_string(),
            r#"{"RecordType":"Bounce","ID":42,"Type":"HardBounce","TypeCode":1,"MessageID":"m","Metadata":{"order":"7"},"Email":"gone@example.com","BouncedAt":"2026-11-20T09:30:15.1234567Z"}"#
        );
        assert_eq!((event.event, event.key().as_str()), (Event::Bounce, "Bounce 42"));
    }

    #[test]
    fn bounce_types_decide_on_the_event() {
        for (kind, event, record_type) in [
            ("SpamComplaint", Event::SpamComplaint, "SpamComplaint"),
            ("SMTPApiError", Event::SmtpApiError, "Bounce"),
            ("Telepathy", Event::Bounce, "Bounce"),
        ] {
            let row = object(json!({"ID": 1, "Type": kind, "BouncedAt": "2026-11-20T04:30:15Z"}));
            let rebuilt = bounce(row, None).unwrap();
            assert_eq!((rebuilt.event, &rebuilt.body["RecordType"]), (event, &json!(record_type)));
            assert!(!rebuilt.body.contains_key("Metadata"), "absent where it is unknown");
        }
        assert!(bounce(object(json!({"ID": 1, "BouncedAt": "yesterday"})), None).is_none());
    }

    #[test]
    fn a_message_gives_one_delivery_per_recipient() {
        let message = object(json!({
            "MessageID": "m", "MessageStream": "outbound", "Tag": "t", "Metadata": {"a": "b"},
            "MessageEvents": [
                {"Recipient": "a@example.com", "Type": "Delivered", "ReceivedAt": "2026-11-20T04:30:15-05:00",
                 "Details": {"DeliveryMessage": "smtp;250 OK"}},
                {"Recipient": "b@example.com", "Type": "Bounced", "ReceivedAt": "2026-11-20T04:30:15-05:00"},
                {"Recipient": "c@example.com", "Type": "Delivered", "ReceivedAt": "2026-11-20T04:30:16-05:00"},
            ],
        }));
        let events = deliveries(&message, 77);
        assert_eq!(events.len(), 2);
        assert_eq!(
            Value::Object(events[0].body.clone()).to_string(),
            r#"{"RecordType":"Delivery","MessageStream":"outbound","ServerID":77,"MessageID":"m","Recipient":"a@example.com","Tag":"t","DeliveredAt":"2026-11-20T09:30:15.0000000Z","Details":"smtp;250 OK","Metadata":{"a":"b"}}"#
        );
        assert!(!events[1].body.contains_key("Details"));
        assert_ne!(events[0].trace_id(), events[1].trace_id());
        assert_eq!(events[0].trace_id(), deliveries(&message, 77)[0].trace_id());
    }

    #[test]
    fn a_posted_event_and_a_rebuilt_one_have_the_same_key() {
        let posted = object(json!({
            "RecordType": "Click", "MessageID": "M", "Recipient": "Kim@example.com",
            "OriginalLink": "https://example.com/A", "ReceivedAt": "2026-11-20T11:00:09.25Z",
        }));
        let row = object(json!({
            "MessageID": "m", "Recipient": "kim@example.com", "OriginalLink": "https://example.com/A",
            "ReceivedAt": "2026-11-20T06:00:09-05:00", "UserAgent": "u",
        }));
        let message = object(json!({"MessageStream": "outbound", "Metadata": {}}));
        let rebuilt = tracked(Event::Click, row, &message).unwrap();
        assert_eq!(rebuilt.key(), key(Event::Click, &posted));
        assert_eq!(rebuilt.body["Metadata"], json!({}));
    }
}
