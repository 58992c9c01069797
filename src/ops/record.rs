//! Recorded events: lines of JSON that `listen --record` writes and `replay` sends again.

mod reader;

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

pub use reader::{Damage, ReadItem, RecordReader};

use crate::event::{self, Event, Received};
use crate::ops::test::{OutgoingEvent, is_sendable};
use crate::postmark::{Object, mask};

const TRACE_ID: &str = "X-PM-Webhook-Trace-Id";
/// Header of replayed events that Postmark never sent.
const REBUILT_HEADER: &str = "X-Pmhooks-Rebuilt";

/// One line of a record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Record<'a> {
    /// Time of receipt.
    pub time: RecordTime,
    /// HTTP method.
    pub method: Cow<'a, str>,
    /// Path and query, secret values masked unless `--record-secrets` keeps them.
    #[serde(default)]
    pub path: Cow<'a, str>,
    /// Headers in their order. Without `--record-secrets`, secret values are masked and the headers that
    /// authenticate the sender are left out.
    #[serde(default)]
    pub headers: Vec<RecordHeader<'a>>,
    /// Body, if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Cow<'a, str>>,
    /// Body, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<Base64Bytes<'a>>,
    /// Origin of an event that `backfill` rebuilt. `None` if Postmark posted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<Rebuilt<'a>>,
}

/// Origin of a rebuilt event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rebuilt<'a> {
    /// Postmark API, such as `bounces`.
    pub from: Cow<'a, str>,
}

/// A header of a record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordHeader<'a> {
    /// Name, written in title case.
    #[serde(serialize_with = "title_case")]
    pub name: Cow<'a, str>,
    /// Value.
    pub value: Cow<'a, str>,
}

/// A time, written as RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct RecordTime(pub Timestamp);

impl TryFrom<String> for RecordTime {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self).map_err(|_| "not a time, such as 2026-11-27T09:00:00Z")
    }
}

impl fmt::Display for RecordTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl Serialize for RecordTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Bytes, written as base64.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Base64Bytes<'a>(pub Cow<'a, [u8]>);

impl TryFrom<String> for Base64Bytes<'_> {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| "invalid base64")?;
        Ok(Self(bytes.into()))
    }
}

impl fmt::Display for Base64Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(&self.0, &BASE64_STANDARD).fmt(f)
    }
}

impl Serialize for Base64Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Writes a header name as Postmark spells it: received names are in lower case.
fn title_case<S: Serializer>(name: &str, serializer: S) -> Result<S::Ok, S::Error> {
    struct TitleCase<'a>(&'a str);

    impl fmt::Display for TitleCase<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let (prefix, rest) = match self.0.strip_prefix("x-pm-") {
                Some(rest) => ("X-PM-", rest),
                None => ("", self.0),
            };
            f.write_str(prefix)?;
            for (index, word) in rest.split('-').enumerate() {
                f.write_str(if index > 0 { "-" } else { "" })?;
                let mut letters = word.chars();
                if let Some(first) = letters.next() {
                    write!(f, "{}{}", first.to_ascii_uppercase(), letters.as_str())?;
                }
            }
            Ok(())
        }
    }

    serializer.collect_str(&TitleCase(name))
}

impl<'a> Record<'a> {
    /// A record of a body, as text if it is UTF-8.
    pub fn new(
        time: Timestamp,
        method: &'a str,
        path: impl Into<Cow<'a, str>>,
        headers: Vec<RecordHeader<'a>>,
        body: &'a [u8],
    ) -> Self {
        let text = std::str::from_utf8(body).ok().map(Cow::Borrowed);
        Self {
            time: RecordTime(time),
            method: method.into(),
            path: path.into(),
            headers,
            body_base64: text.is_none().then(|| Base64Bytes(body.into())),
            body: text,
            rebuilt: None,
        }
    }

    /// Appends the record to `lines` as one line.
    pub fn write_line(&self, lines: &mut Vec<u8>) {
        // Writing to a Vec does not fail.
        let _ = serde_json::to_writer(&mut *lines, self);
        lines.push(b'\n');
    }
}

/// A path with the secret values of its query masked.
pub(crate) fn masked_path(path: &str) -> Cow<'_, str> {
    const ORIGIN: &str = "http://h";
    if !path.contains(['=', '@']) {
        return Cow::Borrowed(path);
    }
    let url = format!("{ORIGIN}{path}");
    match mask::url(&url) {
        Cow::Borrowed(_) => Cow::Borrowed(path),
        Cow::Owned(masked) => masked.strip_prefix(ORIGIN).unwrap_or(mask::MASK).to_owned().into(),
    }
}

/// Whether the value of a received header is masked: its name looks secret, or it looks random. `name` is
/// in lower case. Headers that Postmark or HTTP clients set are never masked.
pub(crate) fn is_secret_header(name: &str, value: &str) -> bool {
    const PLAIN: [&str; 5] = ["host", "user-agent", "connection", "accept", "accept-encoding"];
    let is_plain =
        name.starts_with("x-pm-") || name.starts_with("content-") || PLAIN.contains(&name);
    !is_plain && mask::is_secret_header(name, value)
}

/// Whether the name of a received header, in lower case, suggests that its value is a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let is_plain = name.starts_with("x-pm-") || name.starts_with("content-");
    !is_plain && mask::looks_secret(name)
}

/// An event read from a file, ready to be sent.
#[derive(Clone, Debug)]
pub struct RecordedEvent {
    /// Number of its first line, from 1.
    pub line: u64,
    /// Nothing else is on that line, and it ends there.
    pub is_whole_line: bool,
    /// Time of receipt. For a bare body, the time of the event if it has one.
    pub time: Option<RecordTime>,
    /// Recipient; empty if unknown.
    pub recipient: String,
    /// The request to send.
    pub(crate) post: OutgoingEvent,
}

impl RecordedEvent {
    /// Parses a record or a bare body. The error completes "line N: ".
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let object: Object =
            serde_json::from_slice(bytes).map_err(|_| "invalid JSON".to_owned())?;
        let has_body = object.contains_key("Body") || object.contains_key("BodyBase64");
        if has_body && object.contains_key("Method") {
            let record = serde_path_to_error::deserialize(Value::Object(object))
                .map_err(|error| error.to_string())?;
            return Self::from_record(record);
        }
        if has_body && object.contains_key("Event") {
            return Err("this is the output of listen -o jsonl; replay reads the file of --record"
                .to_owned());
        }
        Ok(Self::from_body(bytes.to_vec(), &Value::Object(object)))
    }

    fn from_record(record: Record<'_>) -> Result<Self, String> {
        if record.method != "POST" {
            return Err(format!("Method is {:?}; Postmark sends only POST", record.method));
        }
        let body = match (record.body, record.body_base64) {
            (Some(text), None) => text.into_owned().into_bytes(),
            (None, Some(bytes)) => bytes.0.into_owned(),
            _ => return Err("either Body or BodyBase64 is required".to_owned()),
        };
        let mut headers = postmark_headers(record.headers)?;
        if record.rebuilt.is_some() {
            headers.push((REBUILT_HEADER.to_owned(), "true".to_owned()));
        }
        let value = serde_json::from_slice(&body).unwrap_or_default();
        let mut event = Self::from_body(body, &value);
        event.time = Some(record.time);
        let trace_id = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(TRACE_ID));
        if let Some((_, trace_id)) = trace_id {
            event.post.trace_id.clone_from(trace_id);
        }
        event.post.recorded_headers = headers;
        Ok(event)
    }

    fn from_body(body: Vec<u8>, value: &Value) -> Self {
        let times = ["BouncedAt", "DeliveredAt", "ReceivedAt", "ChangedAt"];
        let time = times.iter().find_map(|key| value.get(*key).and_then(Value::as_str));
        let mut post = OutgoingEvent::new(Received::of(value), body);
        post.trace_id = trace_id_of(&post.body);
        Self {
            line: 0,
            is_whole_line: false,
            time: time.and_then(|time| time.parse().ok()).map(RecordTime),
            recipient: Received::recipient(value).to_owned(),
            post,
        }
    }
}

/// The headers that Postmark set for the event, and those that describe its body. All others belong to the webhook it was sent to.
fn postmark_headers(headers: Vec<RecordHeader<'_>>) -> Result<Vec<(String, String)>, String> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for RecordHeader { name, value } in headers {
        let lower = name.to_ascii_lowercase();
        let describes_body = lower.starts_with("content-") && lower != "content-length";
        let is_postmarks = lower.starts_with("x-pm-") || describes_body;
        let is_masked = value == mask::MASK;
        if !is_postmarks
            || is_masked
            || kept.iter().any(|(other, _)| other.eq_ignore_ascii_case(&name))
        {
            continue;
        }
        if !is_sendable(&name, &value) {
            return Err(format!("header {name:?} has a character that HTTP does not allow"));
        }
        kept.push((name.into_owned(), value.into_owned()));
    }
    Ok(kept)
}

/// Trace ID for a body that has none: its FNV-1a hash as a version 8 UUID. The same body always gets the
/// same ID, so that endpoints recognize duplicates.
fn trace_id_of(body: &[u8]) -> String {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in body {
        hash = (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    event::uuid_of(hash, 8)
}

/// Selection of recorded events.
#[derive(Clone, Debug, Default)]
pub struct RecordFilter {
    /// Accepted events; empty accepts all.
    pub events: Vec<Event>,
    /// Earliest time, inclusive.
    pub since: Option<Timestamp>,
    /// Latest time, exclusive.
    pub until: Option<Timestamp>,
    /// Accepted trace IDs; empty accepts all.
    pub trace_ids: Vec<String>,
    /// Accepted recipients, compared without regard to case; empty accepts all.
    pub recipients: Vec<String>,
    /// First line, from 1.
    pub from_line: u64,
}

impl RecordFilter {
    /// Whether an event is selected. An event without a time is outside every time range.
    fn matches(&self, event: &RecordedEvent) -> bool {
        let known = event.post.event.event();
        let is_named = self.events.is_empty() || known.is_some_and(|e| self.events.contains(&e));
        let late = |since: Timestamp| event.time.is_some_and(|time| time.0 >= since);
        let early = |until: Timestamp| event.time.is_some_and(|time| time.0 < until);
        let has_id = |id: &String| *id == event.post.trace_id;
        let is_traced = self.trace_ids.is_empty() || self.trace_ids.iter().any(has_id);
        let is_to = |address: &String| is_addressed_to(&event.recipient, address);
        let is_addressed = self.recipients.is_empty() || self.recipients.iter().any(is_to);
        is_named
            && is_traced
            && is_addressed
            && self.since.is_none_or(late)
            && self.until.is_none_or(early)
    }

    fn has_time_range(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }
}

/// Whether a recipient, which may be a list with display names, includes an address.
fn is_addressed_to(recipient: &str, address: &str) -> bool {
    let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"');
    recipient.split(is_separator).any(|word| word.eq_ignore_ascii_case(address.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(value: &Value) -> Result<RecordedEvent, String> {
        RecordedEvent::parse(value.to_string().as_bytes())
    }

    #[test]
    fn a_written_line_is_read_back_with_postmarks_headers_only() {
        let headers = [
            ("host", "h"),
            ("user-agent", "Postmark"),
            ("content-type", "application/json; charset=utf-8"),
            ("x-pm-webhook-trace-id", "t-1"),
            ("x-pm-retries-remaining", "3"),
            ("x-env", "staging"),
        ];
        let body = "{ \"RecordType\":\"Delivery\", \"Recipient\": \"kim@example.com\" }\n";
        let header =
            |(name, value)| RecordHeader { name: Cow::Borrowed(name), value: Cow::Borrowed(value) };
        let time: Timestamp = "2026-11-27T09:00:00.1236Z".parse().unwrap();
        let headers = headers.map(header).into();
        let mut line = Vec::new();
        Record::new(time, "POST", "/hook?x=1", headers, body.as_bytes()).write_line(&mut line);
        let text = String::from_utf8(line.clone()).unwrap();
        assert!(text.starts_with(
            r#"{"Time":"2026-11-27T09:00:00.123Z","Method":"POST","Path":"/hook?x=1","Headers":[{"Name":"Host","Value":"h"},"#
        ), "{text}");
        assert!(text.contains(r#""X-PM-Webhook-Trace-Id""#) && text.ends_with("\"}\n"), "{text}");
        let event = RecordedEvent::parse(&line).unwrap();
        assert_eq!(event.post.body, body.as_bytes());
        assert_eq!(event.time.unwrap().to_string(), "2026-11-27T09:00:00.123Z");
        assert_eq!(
            (event.post.event.key(), event.recipient.as_str()),
            ("Delivery", "kim@example.com")
        );
        assert_eq!(event.post.trace_id, "t-1");
        let names: Vec<_> =
            event.post.recorded_headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Content-Type", "X-PM-Webhook-Trace-Id", "X-PM-Retries-Remaining"]);
    }

    #[test]
    fn a_binary_body_round_trips() {
        let mut line = Vec::new();
        Record::new(Timestamp::now(), "POST", "/", Vec::new(), &[0xff, 0, 13])
            .write_line(&mut line);
        let event = RecordedEvent::parse(&line).unwrap();
        assert_eq!(
            (event.post.body.as_slice(), event.post.event.key()),
            (&[0xff, 0, 13][..], "Unknown")
        );
        let text = String::from_utf8(line).unwrap();
        assert!(text.contains(r#""BodyBase64":"/wAN""#), "{text}");
        assert!(RecordedEvent::parse(text.replace("/wAN", "?").as_bytes()).is_err());
    }

    #[test]
    fn a_bare_body_gets_a_trace_id_that_depends_on_its_bytes() {
        let body = br#"{"RecordType": "Bounce", "Type":"SMTPApiError",  "Email": "a@example.com", "BouncedAt": "2026-11-20T09:30:15.1234567Z"}"#;
        let parse = |body: &[u8]| RecordedEvent::parse(body).unwrap();
        let (one, two) = (parse(body), parse(body));
        assert_eq!((one.post.body.as_slice(), one.post.event.key()), (&body[..], "SMTPApiError"));
        assert_eq!(one.post.trace_id, two.post.trace_id);
        assert_ne!(one.post.trace_id, parse(b"{}").post.trace_id);
        assert_eq!((one.post.trace_id.len(), one.post.trace_id.as_bytes()[14]), (36, b'8'));
        assert!(one.time.is_some());
    }

    #[test]
    fn a_bare_body_may_have_keys_of_a_record() {
        for body in [r#"{"Body":"x"}"#, r#"{"BodyBase64":"eA=="}"#, r#"{"Method":"POST"}"#] {
            assert_eq!(RecordedEvent::parse(body.as_bytes()).unwrap().post.body, body.as_bytes());
        }
        assert!(RecordedEvent::parse(br#"{"Event":"Open"}"#).is_ok());
    }

    #[test]
    fn an_invalid_record_is_an_error_that_names_the_key() {
        let good =
            json!({"Time": "2026-11-27T09:00:00Z", "Method": "POST", "Headers": [], "Body": ""});
        assert!(parse(&good).is_ok());
        for (key, value, named) in [
            ("Time", json!("noon"), "Time"),
            ("Method", json!("GET"), "Method"),
            ("Body", json!({"a": 1}), "Body"),
            ("BodyBase64", json!(""), "BodyBase64"),
            ("Headers", json!([{"Name": "X-PM-A", "Value": "a\r\nb"}]), "X-PM-A"),
            ("Headers", json!([{"Name": 1, "Value": ""}]), "Headers[0].Name"),
        ] {
            let mut bad = good.clone();
            bad[key] = value;
            let error = parse(&bad).unwrap_err();
            assert!(error.contains(named), "{key}: {error}");
        }
        let printed = json!({"Time": "t", "Event": "Open", "Path": "/", "Body": {}});
        assert!(parse(&printed).unwrap_err().contains("--record"));
    }

    #[test]
    fn recipients_are_compared_by_address() {
        for (recipient, expected) in [
            ("kim@example.com", true),
            ("Kim@Example.COM", true),
            ("\"Li, Kim\" <kim@example.com>, lee@example.com", true),
            ("akim@example.com", false),
            ("kim@example.com.test", false),
            ("", false),
        ] {
            assert_eq!(is_addressed_to(recipient, " kim@example.com"), expected, "{recipient}");
        }
    }

    #[test]
    fn a_rebuilt_event_is_marked_when_it_is_sent() {
        let mut record = Record::new(Timestamp::now(), "POST", "/", Vec::new(), b"{}");
        record.rebuilt = Some(Rebuilt { from: "bounces".into() });
        let mut line = Vec::new();
        record.write_line(&mut line);
        let text = String::from_utf8(line.clone()).unwrap();
        assert!(text.ends_with(",\"Rebuilt\":{\"From\":\"bounces\"}}\n"), "{text}");
        let event = RecordedEvent::parse(&line).unwrap();
        assert_eq!(event.post.recorded_headers, [("X-Pmhooks-Rebuilt".into(), "true".into())]);
    }

    #[test]
    fn secrets_of_paths_and_headers_are_recognized() {
        for (path, masked) in [
            ("/hook", "/hook"),
            ("/hook?a=b&c=%20", "/hook?a=b&c=%20"),
            ("/hook?key=k1&a=b&Token=t2", "/hook?key=********&a=b&Token=********"),
            ("/?%74oken=t", "/?%74oken=********"),
            ("/?a=1;api_key=k", "/?a=1;api_key=********"),
            ("/?to=https://u:pw@h/", "/?to=https://u:********@h/"),
            ("*", "*"),
        ] {
            assert_eq!(masked_path(path), masked);
        }
        for (name, value, expected) in [
            ("x-webhook-secret", "s", true),
            ("x-api-key", "s", true),
            ("authorization", "Basic eDp5", true),
            ("proxy-authorization", "Basic eDp5", true),
            ("cookie", "a=b", true),
            ("x-hub-signature-256", "sha256=0", true),
            ("x-hook-id", "7", true),
            ("x-origin", "9f86d081884c7d659a2f", true),
            ("x-env", "staging", false),
            ("x-forwarded-for", "203.0.113.195", false),
            ("x-pm-webhook-trace-id", "0b6f2a1e5a5e4f0c9d5b1f2f6f6d7a10", false),
            ("content-type", "multipart/form-data; boundary=abcdefgh12345678", false),
        ] {
            assert_eq!(is_secret_header(name, value), expected, "{name}: {value}");
        }
    }

    #[test]
    fn header_names_are_written_as_postmark_spells_them() {
        for (name, expected) in [
            ("x-pm-webhook-trace-id", "X-PM-Webhook-Trace-Id"),
            ("content-type", "Content-Type"),
            ("host", "Host"),
            ("x--a-", "X--A-"),
        ] {
            let header = RecordHeader { name: name.into(), value: "".into() };
            let written = serde_json::to_value(&header).unwrap();
            assert_eq!(written["Name"], expected);
        }
    }
}
