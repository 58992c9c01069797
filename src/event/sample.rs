//! A sample of each event, as Postmark posts it: a file each, made fresh and fitted to a webhook here.
//!
//! May use `model` and `disk`; must not send anything. The fields are those of Postmark's pages on each webhook;
//! the values are reserved ones (example.com, 192.0.2.0/24), and each sample says that it is a test.

use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::event::{BounceType, Event, uuid};

/// What a sample is fitted to.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The webhook's stream. Inbound mail has its own.
    pub stream: String,
    /// The webhook's server.
    pub server: i64,
    /// The webhook is posted first opens only.
    pub first_open_only: bool,
    /// Events that include the `Content` of the message.
    pub content: Vec<Event>,
    /// What a bounce is.
    pub bounce: BounceType,
    /// The size of an attachment to inbound mail, in bytes, instead of the small one.
    pub attachment: Option<usize>,
}

/// A server ID for where no server is known. Postmark's own test button says the same.
pub const SOME_SERVER: i64 = 1234;

/// Bounces have IDs like this: beyond what a JavaScript number holds exactly.
const LARGE: i64 = 4_323_372_036_854_000_000;

/// A fresh sample of an event: the dates are now, the identifiers new ones.
pub fn sample(event: Event, fit: &Fit) -> Value {
    let mut body: Map<String, Value> = serde_json::from_str(text(event)).unwrap_or_default();
    for (key, value) in &mut body {
        match key.as_str() {
            "MessageStream" if event != Event::Inbound => *value = fit.stream.clone().into(),
            "ServerID" => *value = fit.server.into(),
            "ID" => *value = fastrand::i64(LARGE..LARGE + 1_000_000).into(),
            // Mail that Postmark did not accept has no ID.
            "MessageID" if event != Event::SmtpApiError => *value = uuid().into(),
            "BouncedAt" | "DeliveredAt" | "ReceivedAt" | "ChangedAt" => *value = now().into(),
            "Date" => *value = mail_date().into(),
            "FirstOpen" => *value = fit.first_open_only.into(),
            "Attachments" => attach(value, fit.attachment),
            _ => {}
        }
    }
    if event == Event::Bounce {
        describe(&mut body, fit.bounce);
    }
    if !fit.content.contains(&event) {
        body.shift_remove("Content");
    }
    Value::Object(body)
}

fn text(event: Event) -> &'static str {
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

fn describe(bounce: &mut Map<String, Value>, kind: BounceType) {
    let mut set = |key: &str, value: Value| bounce.insert(key.to_owned(), value);
    set("Type", kind.key.into());
    set("TypeCode", kind.code.into());
    set("Name", kind.name.into());
    set("Description", kind.description.into());
    set("Inactive", kind.inactive.into());
    set("CanActivate", kind.can_activate.into());
    set("DumpAvailable", kind.dump_available.into());
}

fn attach(attachments: &mut Value, size: Option<usize>) {
    let Some(size) = size else { return };
    *attachments = json!([{
        "Name": "test.bin",
        "Content": BASE64_STANDARD.encode(vec![b'.'; size]),
        "ContentType": "application/octet-stream",
        "ContentLength": size,
        "ContentID": "",
    }]);
}

/// ISO 8601 with seven digits of a second, as Postmark writes dates.
fn now() -> String {
    let nanoseconds = humantime::format_rfc3339_nanos(SystemTime::now()).to_string();
    match nanoseconds.get(..nanoseconds.len().saturating_sub(3)) {
        Some(without_the_last) => format!("{without_the_last}Z"),
        None => nanoseconds,
    }
}

/// RFC 2822: the date is the mail's own.
fn mail_date() -> String {
    httpdate::fmt_http_date(SystemTime::now()).replace("GMT", "+0000")
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
    fn every_sample_is_recognised_fitted_and_says_that_it_is_a_test() {
        // torture 96
        for event in Event::ALL {
            let body = sample(event, &fit());
            assert_eq!(crate::event::Received::of(&body).event(), Some(event));
            assert_eq!(body["Tag"], "pmhooks-test", "{event}");
            let stream = if event == Event::Inbound { "inbound" } else { "broadcast" };
            assert_eq!(body["MessageStream"], stream, "{event}");
            assert!(body.get("ServerID").is_none_or(|id| *id == 77), "{event}");
            let text = body.to_string();
            let stale = text.contains("2000-01-01") || text.contains("Jan 2000");
            assert!(!stale, "a date that is not fresh: {text}");
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
        let id = super::super::uuid();
        assert!(
            id.len() == 36 && id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19])
        );
        let date = now();
        assert!(date.len() == 28 && date.ends_with('Z') && date.as_bytes()[19] == b'.', "{date}");
    }

    #[test]
    fn an_attachment_is_as_large_as_was_asked() {
        let body = sample(Event::Inbound, &Fit { attachment: Some(1000), ..fit() });
        let attachment = &body["Attachments"][0];
        let content = BASE64_STANDARD.decode(attachment["Content"].as_str().unwrap()).unwrap();
        assert_eq!((content.len(), attachment["ContentLength"].as_u64()), (1000, Some(1000)));
    }
}
