//! Identifiers: a type each, so that two cannot be swapped, and one parser each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A webhook's `ID`: an integer that differs from server to server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct WebhookId(pub i64);

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for WebhookId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<i64>() {
            Ok(number) if number > 0 => Ok(Self(number)),
            _ => Err("a webhook's ID is a positive number, as `pmhooks list` shows it".to_owned()),
        }
    }
}

/// A server's `ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct ServerId(pub i64);

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A message stream's `ID`, such as `outbound` or `broadcast`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct StreamId(String);

impl StreamId {
    /// The stream that Postmark takes where a create names none.
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
            Err("a stream's ID starts with a letter and has at most 30 letters, digits, - and _; \
                 `pmhooks streams` lists them"
                .to_owned())
        }
    }
}
