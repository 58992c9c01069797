//! The eight things that Postmark posts.

mod bounce;
pub mod sample;

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

pub use bounce::BounceType;

/// What Postmark can post to an endpoint: the six triggers of a webhook, inbound mail (the server's
/// `InboundHookUrl`) and SMTP API errors (the server's `EnableSmtpApiErrorHooks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Event {
    Open,
    Click,
    Delivery,
    Bounce,
    SpamComplaint,
    SubscriptionChange,
    Inbound,
    SmtpApiError,
}

impl Event {
    /// All of them: the triggers in Postmark's order, then the two that belong to the server.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Click,
        Self::Delivery,
        Self::Bounce,
        Self::SpamComplaint,
        Self::SubscriptionChange,
        Self::Inbound,
        Self::SmtpApiError,
    ];

    /// The name in reports: of a trigger its key in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Click => "Click",
            Self::Delivery => "Delivery",
            Self::Bounce => "Bounce",
            Self::SpamComplaint => "SpamComplaint",
            Self::SubscriptionChange => "SubscriptionChange",
            Self::Inbound => "Inbound",
            Self::SmtpApiError => "SMTPApiError",
        }
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Click => "click",
            Self::Delivery => "delivery",
            Self::Bounce => "bounce",
            Self::SpamComplaint => "spam-complaint",
            Self::SubscriptionChange => "subscription-change",
            Self::Inbound => "inbound",
            Self::SmtpApiError => "smtp-api-error",
        }
    }

    /// The event of a webhook's own triggers whose `RecordType` this is.
    pub fn of_record_type(record_type: &str) -> Option<Self> {
        let triggers = Self::ALL.into_iter().filter(|event| event.is_trigger());
        triggers.into_iter().find(|event| event.key() == record_type)
    }

    /// True for the six events that a webhook's triggers enable; the other two are set on the server.
    pub fn is_trigger(self) -> bool {
        !matches!(self, Self::Inbound | Self::SmtpApiError)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Event {
    type Err = String;

    /// Takes the command line's spelling, and the API's as well.
    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |s: &str| s.to_ascii_lowercase().replace(['-', '_'], "");
        let known = Self::ALL.into_iter().find(|event| plain(event.name()) == plain(text));
        known.ok_or_else(|| format!("the events are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// What a posted body is: an event that is known here, or one that Postmark has added since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// One of the eight.
    Known(Event),
    /// Its `RecordType`, whatever it says; empty where it says nothing.
    Other(String),
}

impl Received {
    /// Recognizes a body. An SMTP API error has the `RecordType` of a bounce, and inbound mail has none
    /// (Postmark's pages on the bounce and the inbound webhook), so its fields decide.
    pub fn of(body: &Value) -> Self {
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
        let record = text("RecordType");
        match Event::of_record_type(record) {
            Some(Event::Bounce) if text("Type") == "SMTPApiError" => {
                Self::Known(Event::SmtpApiError)
            }
            Some(event) => Self::Known(event),
            None if record.eq_ignore_ascii_case("Inbound") => Self::Known(Event::Inbound),
            None if record.is_empty() && has_inbound_fields(body) => Self::Known(Event::Inbound),
            None => Self::Other(record.to_owned()),
        }
    }

    /// Whose mail a body is about: each event has a key of its own for that. Empty where it does not say.
    pub fn recipient(body: &Value) -> &str {
        let keys = ["Recipient", "Email", "OriginalRecipient", "To"];
        let mut texts = keys.iter().filter_map(|key| body.get(key).and_then(Value::as_str));
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The event, if it is known here.
    pub fn event(&self) -> Option<Event> {
        match self {
            Self::Known(event) => Some(*event),
            Self::Other(_) => None,
        }
    }

    /// The name in reports.
    pub fn key(&self) -> &str {
        match self {
            Self::Known(event) => event.key(),
            Self::Other(record) if record.is_empty() => "Unknown",
            Self::Other(record) => record,
        }
    }

    /// The name for people: the command line's, where there is one.
    pub fn name(&self) -> &str {
        match self {
            Self::Known(event) => event.name(),
            Self::Other(_) => self.key(),
        }
    }
}

/// A random identifier (UUID, version 4).
pub fn uuid() -> String {
    uuid_of(fastrand::u128(..), 4)
}

/// These bits as a UUID of a version.
pub fn uuid_of(bits: u128, version: u8) -> String {
    let version = u128::from(version) << 76;
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | version | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let mut text = String::with_capacity(36);
    for (index, c) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(c);
    }
    text
}

/// Whether a body has a field that only inbound mail has.
fn has_inbound_fields(body: &Value) -> bool {
    body.get("FromFull").is_some_and(Value::is_object)
        || body.get("RawEmail").is_some_and(Value::is_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_event_is_read_in_both_spellings() {
        for event in Event::ALL {
            assert_eq!(event.name().parse(), Ok(event));
            assert_eq!(event.key().parse(), Ok(event));
        }
        assert!("bounces".parse::<Event>().is_err());
    }

    #[test]
    fn a_body_is_recognised_or_kept_under_its_own_name() {
        for (body, key) in [
            (json!({"RecordType": "Bounce", "Type": "HardBounce"}), "Bounce"),
            (json!({"RecordType": "Bounce", "Type": "SMTPApiError"}), "SMTPApiError"),
            (json!({"FromFull": {}, "Attachments": []}), "Inbound"),
            (json!({"FromFull": {}, "Subject": "No attachments"}), "Inbound"),
            (json!({"RawEmail": "From: kim@example.com"}), "Inbound"),
            (json!({"RecordType": "", "FromFull": {}}), "Inbound"),
            (json!({"RecordType": "Inbound"}), "Inbound"),
            (json!({"RecordType": "inbound", "From": "kim@example.com"}), "Inbound"),
            (json!({"RecordType": "Telepathy", "FromFull": {}}), "Telepathy"),
            (json!({"RecordType": "Delivery", "RawEmail": ""}), "Delivery"),
            (json!({"RawEmail": null}), "Unknown"),
            (json!({"RecordType": "Telepathy"}), "Telepathy"),
            (json!([]), "Unknown"),
        ] {
            assert_eq!(Received::of(&body).key(), key);
        }
    }
}
