//! The bodies that Postmark posts: all documented fields of each event, filled from facts.
//!
//! A template per event (`samples/*.json`) has the fields of Postmark's page on that webhook, with made-up
//! values (example.com, 192.0.2.0/24) that say they are a test. The samples of `test` and the events of the
//! sandbox are both built here, so that they have the same fields.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::event::{BounceType, Event, uuid};

/// The body of an event: its template, in which each fact replaces the field of its name.
///
/// Facts without a field in the template are ignored, `Content` aside: it is there only as a fact.
pub(crate) fn build(event: Event, mut facts: Map<String, Value>) -> Value {
    let mut body: Map<String, Value> = serde_json::from_str(template(event)).unwrap_or_default();
    let content = facts.remove("Content");
    body.shift_remove("Content");
    for (key, value) in &mut body {
        if let Some(fact) = facts.remove(key) {
            *value = fact;
        }
    }
    for optional in ["RawEmail"] {
        if let Some(fact) = facts.remove(optional) {
            body.insert(optional.to_owned(), fact);
        }
    }
    if let Some(content) = content {
        body.insert("Content".to_owned(), content);
    }
    Value::Object(body)
}

/// The template's own value of a field: for facts that only a real delivery would have.
pub(crate) fn made_up(event: Event, field: &str) -> Value {
    let mut body: Map<String, Value> = serde_json::from_str(template(event)).unwrap_or_default();
    body.remove(field).unwrap_or_default()
}

/// Options of a sample.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The webhook's stream. Inbound mail has its own.
    pub stream: String,
    /// The webhook's server.
    pub server: i64,
    /// The webhook gets first opens only.
    pub first_open_only: bool,
    /// Events that include the `Content` of the message.
    pub content: Vec<Event>,
    /// Type of a bounce.
    pub bounce: BounceType,
    /// Size of the attachment of inbound mail in bytes, instead of a few.
    pub attachment: Option<usize>,
}

/// Server ID if none is known: that of Postmark's own test button.
pub const SOME_SERVER: i64 = 1234;

/// IDs of bounces can be beyond the integers that a JavaScript number holds exactly.
const LARGE: i64 = 4_323_372_036_854_000_000;

/// A sample of an event: present dates, new identifiers.
pub fn sample(event: Event, fit: &Fit) -> Value {
    let mut facts = Map::new();
    let mut set = |key: &str, value: Value| facts.insert(key.to_owned(), value);
    if event != Event::Inbound {
        set("MessageStream", fit.stream.clone().into());
    }
    set("ServerID", fit.server.into());
    set("ID", fastrand::i64(LARGE..LARGE + 1_000_000).into());
    if event != Event::SmtpApiError {
        // Mail that Postmark did not accept has no ID.
        set("MessageID", uuid().into());
    }
    let now = Timestamp::now();
    for key in ["BouncedAt", "DeliveredAt", "ReceivedAt", "ChangedAt"] {
        set(key, date(now).into());
    }
    set("Date", mail_date(now).into());
    set("FirstOpen", fit.first_open_only.into());
    if let Some(size) = fit.attachment {
        set("Attachments", attachment(size));
    }
    if event == Event::Bounce {
        facts.extend(bounce_facts(fit.bounce));
    }
    if fit.content.contains(&event) {
        facts.insert("Content".to_owned(), made_up(event, "Content"));
    }
    if facts.get("Content").is_some_and(Value::is_null) {
        facts.remove("Content");
    }
    build(event, facts)
}

fn template(event: Event) -> &'static str {
    match event {
        Event::Open => include_str!("samples/open.json"),
        Event::Click => include_str!("samples/click.json"),
        Event::Delivery => include_str!("samples/delivery.json"),
        Event::Bounce => include_str!("samples/bounce.json"),
        Event::SpamComplaint => include_str!("samples/spam-complaint.json"),
        Event::SubscriptionChange => include_str!("samples/subscription-change.json"),
        Event::Inbound => include_str!("samples/inbound.json"),
        Event::SmtpApiError => include_str!("samples/smtp-api-error.json"),
    }
}

/// The facts of a bounce that follow from its type.
pub(crate) fn bounce_facts(kind: BounceType) -> Map<String, Value> {
    let facts = json!({
        "Type": kind.key,
        "TypeCode": kind.code,
        "Name": kind.name,
        "Description": kind.description,
        "Inactive": kind.inactive,
        "CanActivate": kind.can_activate,
        "DumpAvailable": kind.dump_available,
    });
    match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

fn attachment(size: usize) -> Value {
    json!([{
        "Name": "test.bin",
        "Content": BASE64_STANDARD.encode(vec![b'.'; size]),
        "ContentType": "application/octet-stream",
        "ContentLength": size,
        "ContentID": "",
    }])
}

/// `2026-11-20T08:15:00.1234567Z`: ISO 8601 with seven digits of a second, as in all events but inbound.
pub(crate) fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string()
}

/// `Fri, 20 Nov 2026 13:00:00 +0000`: RFC 2822, the date of a mail.
pub(crate) fn mail_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit() -> Fit {
        Fit {
            stream: "broadcast".to_owned(),
            server: 77,
            first_open_only: false,
            content: Vec::new(),
            bounce: BounceType::HARD,
            attachment: None,
        }
    }

    #[test]
    fn every_sample_is_recognized_and_says_that_it_is_a_test() {
        // torture 96
        for event in Event::ALL {
            let body = sample(event, &fit());
            assert_eq!(crate::event::Received::of(&body).event(), Some(event));
            assert_eq!(body["Tag"], "pmhooks-test", "{event}");
            let stream = if event == Event::Inbound { "inbound" } else { "broadcast" };
            assert_eq!(body["MessageStream"], stream, "{event}");
            assert!(body.get("ServerID").is_none_or(|id| *id == 77), "{event}");
            let text = body.to_string();
            let is_stale = text.contains("2000-01-01") || text.contains("Jan 2000");
            assert!(!is_stale, "a date that is not fresh: {text}");
            for address in text.split(|c: char| !c.is_ascii_alphanumeric() && !"@.-+".contains(c)) {
                assert!(
                    !address.contains('@') || address.ends_with("example.com"),
                    "{event}: {address}"
                );
            }
        }
    }

    #[test]
    fn identifiers_and_dates_are_fresh() {
        let (one, two) = (sample(Event::Bounce, &fit()), sample(Event::Bounce, &fit()));
        for key in ["ID", "MessageID", "BouncedAt"] {
            assert_ne!(one[key], two[key], "{key}");
        }
        let id = uuid();
        assert!(
            id.len() == 36 && id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19])
        );
        let date = date(Timestamp::now());
        assert!(date.len() == 28 && date.ends_with('Z') && date.as_bytes()[19] == b'.', "{date}");
    }

    #[test]
    fn an_attachment_has_the_requested_size() {
        let body = sample(Event::Inbound, &Fit { attachment: Some(1000), ..fit() });
        let attachment = &body["Attachments"][0];
        let content = BASE64_STANDARD.decode(attachment["Content"].as_str().unwrap()).unwrap();
        assert_eq!((content.len(), attachment["ContentLength"].as_u64()), (1000, Some(1000)));
    }
}
