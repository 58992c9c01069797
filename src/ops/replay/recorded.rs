//! A recorded event: a line of `listen`'s record, or a bare body from elsewhere.

use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::event::Received;
use crate::ops::moment::rfc3339;
use crate::ops::probe::{Post, is_sendable};
use crate::postmark::Object;

const TRACE: &str = "X-PM-Webhook-Trace-Id";

/// An event as it stands in a file.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The line where it begins.
    pub line: u64,
    /// It is all that stands on its line.
    pub alone: bool,
    /// When it was received; of a bare body, when it happened.
    pub time: Option<SystemTime>,
    /// Whose mail it is about; empty where it does not say.
    pub recipient: String,
    /// What is to be posted.
    pub post: Post,
}

/// Reads an event. The error is a sentence about it.
pub fn read(bytes: &[u8]) -> Result<Recorded, String> {
    let object: Object = serde_json::from_slice(bytes).map_err(|_| "it is not JSON".to_owned())?;
    let has_body = object.contains_key("Body") || object.contains_key("BodyBase64");
    if has_body && object.contains_key("Method") {
        return of_record(object);
    }
    if has_body && object.contains_key("Event") {
        return Err("it is what listen prints; what --record keeps can be sent again".to_owned());
    }
    Ok(of_body(bytes.to_vec(), &Value::Object(object)))
}

fn of_record(mut record: Object) -> Result<Recorded, String> {
    let text = |key: &str| record.get(key).and_then(Value::as_str);
    if text("Method") != Some("POST") {
        return Err("it was no POST, and Postmark sends nothing else".to_owned());
    }
    let time = text("Time").and_then(rfc3339).ok_or("its Time is not one")?;
    let headers = headers(record.get("Headers"))?;
    let body = match (record.remove("Body"), record.remove("BodyBase64")) {
        (Some(Value::String(text)), None) => text.into_bytes(),
        (None, Some(Value::String(text))) => {
            BASE64_STANDARD.decode(text).map_err(|_| "its BodyBase64 is not base64")?
        }
        _ => return Err("its Body is not a text".to_owned()),
    };
    let value = serde_json::from_slice(&body).unwrap_or_default();
    let mut event = of_body(body, &value);
    event.time = Some(time);
    if let Some((_, trace)) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(TRACE)) {
        event.post.trace.clone_from(trace);
    }
    event.post.recorded = headers;
    Ok(event)
}

fn of_body(body: Vec<u8>, value: &Value) -> Recorded {
    let text = |keys: &[&str]| {
        let mut texts = keys.iter().filter_map(|key| value.get(*key).and_then(Value::as_str));
        texts.find(|text| !text.is_empty()).map(str::to_owned)
    };
    let time = text(&["BouncedAt", "DeliveredAt", "ReceivedAt", "ChangedAt"]);
    let mut post = Post::new(Received::of(value), body);
    post.trace = trace(&post.body);
    Recorded {
        line: 0,
        alone: false,
        time: time.and_then(|time| rfc3339(&time)),
        recipient: Received::recipient(value).to_owned(),
        post,
    }
}

/// What Postmark said of the event besides its body. All other headers are those of the webhook that it
/// was sent to.
fn headers(recorded: Option<&Value>) -> Result<Vec<(String, String)>, String> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for header in recorded.and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| header.get(key).and_then(Value::as_str).unwrap_or_default();
        let (name, value) = (text("Name"), text("Value"));
        let lower = name.to_ascii_lowercase();
        let is_postmarks = lower.starts_with("x-pm-") || lower == "content-type";
        if !is_postmarks || kept.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            continue;
        }
        if !is_sendable(name, value) {
            return Err("one of its headers holds a character that no header can".to_owned());
        }
        kept.push((name.to_owned(), value.to_owned()));
    }
    Ok(kept)
}

/// A trace ID for a body that came without one. The same body has the same, so that an endpoint can tell
/// when it gets it twice (FNV-1a in the shape of a UUID, version 8).
fn trace(body: &[u8]) -> String {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in body {
        hash = (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    crate::event::sample::uuid_of(hash, 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_keeps_its_body_its_trace_and_what_postmark_said() {
        let record = json!({
            "Time": "2026-11-27T09:00:00.123Z", "Method": "POST", "Path": "/hook?x=1",
            "Headers": [
                {"Name": "Host", "Value": "h"}, {"Name": "User-Agent", "Value": "Postmark"},
                {"Name": "Content-Type", "Value": "application/json; charset=utf-8"},
                {"Name": "X-PM-Webhook-Trace-Id", "Value": "t-1"},
                {"Name": "x-pm-retries-remaining", "Value": "3"},
                {"Name": "X-Env", "Value": "staging"},
            ],
            "Body": "{ \"RecordType\":\"Delivery\", \"Recipient\": \"kim@example.com\" }\n",
        });
        let event = read(record.to_string().as_bytes()).unwrap();
        assert_eq!(
            event.post.body,
            b"{ \"RecordType\":\"Delivery\", \"Recipient\": \"kim@example.com\" }\n"
        );
        assert_eq!(
            (event.post.event.key(), event.recipient.as_str()),
            ("Delivery", "kim@example.com")
        );
        assert_eq!(event.post.trace, "t-1");
        let names: Vec<_> = event.post.recorded.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Content-Type", "X-PM-Webhook-Trace-Id", "x-pm-retries-remaining"]);
    }

    #[test]
    fn a_body_that_is_no_text_comes_back_to_the_byte() {
        let record = |body: &str| json!({"Time": "2026-11-27T09:00:00Z", "Method": "POST", "Headers": [], "BodyBase64": body});
        let event = read(record("/wAN").to_string().as_bytes()).unwrap();
        assert_eq!(
            (event.post.body.as_slice(), event.post.event.key()),
            (&[0xff, 0, 13][..], "Unknown")
        );
        assert!(read(record("?").to_string().as_bytes()).is_err());
    }

    #[test]
    fn what_is_no_record_is_a_body_of_its_own_with_a_trace_that_stays() {
        let body = br#"{"RecordType": "Bounce", "Type":"SMTPApiError",  "Email": "a@example.com", "BouncedAt": "2026-11-20T09:30:15.1234567Z"}"#;
        let (one, two) = (read(body).unwrap(), read(body).unwrap());
        assert_eq!((one.post.body.as_slice(), one.post.event.key()), (&body[..], "SMTPApiError"));
        assert_eq!(one.post.trace, two.post.trace);
        assert_ne!(one.post.trace, read(b"{}").unwrap().post.trace);
        assert_eq!((one.post.trace.len(), one.post.trace.as_bytes()[14]), (36, b'8'));
        assert!(one.time.is_some());
    }

    #[test]
    fn a_body_may_have_keys_that_a_record_has() {
        for body in [r#"{"Body":"x"}"#, r#"{"BodyBase64":"eA=="}"#, r#"{"Method":"POST"}"#] {
            assert_eq!(read(body.as_bytes()).unwrap().post.body, body.as_bytes());
        }
        assert!(read(br#"{"Event":"Open"}"#).is_ok());
    }

    #[test]
    fn a_record_that_cannot_be_sent_says_why() {
        let good =
            json!({"Time": "2026-11-27T09:00:00Z", "Method": "POST", "Headers": [], "Body": ""});
        assert!(read(good.to_string().as_bytes()).is_ok());
        for (key, value) in [
            ("Time", json!("noon")),
            ("Method", json!("GET")),
            ("Body", json!({"a": 1})),
            ("Headers", json!([{"Name": "X-PM-A", "Value": "a\r\nb"}])),
        ] {
            let mut bad = good.clone();
            bad[key] = value;
            assert!(read(bad.to_string().as_bytes()).is_err(), "{key}");
        }
        let printed = json!({"Time": "t", "Event": "Open", "Path": "/", "Body": {}});
        assert!(read(printed.to_string().as_bytes()).unwrap_err().contains("--record"));
    }
}
