//! Message streams.

use serde::Deserialize;
use serde_json::Value;

use super::{Object, StreamId};

/// A message stream, with every key as Postmark answered it.
#[derive(Clone, Debug, Deserialize)]
pub struct Stream {
    /// Its identifier, such as `outbound`.
    #[serde(rename = "ID")]
    pub id: StreamId,
    #[serde(flatten)]
    rest: Object,
}

impl Stream {
    /// Postmark's own object.
    pub fn to_json(&self) -> Value {
        let mut object = Object::new();
        object.insert("ID".to_owned(), self.id.as_str().into());
        object.extend(self.rest.clone());
        Value::Object(object)
    }

    /// A key's text, or nothing where it is missing or null.
    pub fn text(&self, key: &str) -> &str {
        self.rest.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// The filter of the streams list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StreamType {
    Transactional,
    Broadcasts,
    Inbound,
}

impl StreamType {
    /// The value of `MessageStreamType`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Transactional => "Transactional",
            Self::Broadcasts => "Broadcasts",
            Self::Inbound => "Inbound",
        }
    }
}
