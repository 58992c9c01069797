//! Message streams.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Object, Reveal, mask};

/// Message stream ID, such as `outbound` or `broadcast`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct StreamId(String);

impl StreamId {
    /// Stream that Postmark uses where a new webhook names none.
    pub fn outbound() -> Self {
        Self("outbound".to_owned())
    }

    /// The ID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for StreamId {
    type Err = String;

    /// Postmark's rule (error 1227): starts with a letter, at most 30 letters, digits, `-` and `_`.
    fn from_str(text: &str) -> Result<Self, String> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if starts_well && rest && text.len() <= 30 {
            Ok(Self(text.to_owned()))
        } else {
            Err("a stream's ID starts with a letter and has at most 30 letters, digits, - and _"
                .to_owned())
        }
    }
}

/// A message stream, with every key as returned by Postmark.
#[derive(Clone, Debug, Deserialize)]
pub struct Stream {
    /// Message stream ID.
    #[serde(rename = "ID")]
    pub id: StreamId,
    #[serde(flatten)]
    rest: Object,
}

impl Stream {
    pub(super) fn masked(mut self) -> Self {
        mask::object(&mut self.rest, Reveal::Masked);
        self
    }

    /// Postmark's object.
    pub fn to_json(&self) -> Value {
        let mut object = Object::new();
        object.insert("ID".to_owned(), self.id.as_str().into());
        object.extend(self.rest.clone());
        Value::Object(object)
    }

    /// Text of a key. Empty if the key is missing or null.
    pub fn text(&self, key: &str) -> &str {
        self.rest.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Stream types that `GET /message-streams` filters by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StreamType {
    Transactional,
    Broadcasts,
    Inbound,
}

impl StreamType {
    /// Value of `MessageStreamType`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Transactional => "Transactional",
            Self::Broadcasts => "Broadcasts",
            Self::Inbound => "Inbound",
        }
    }
}
