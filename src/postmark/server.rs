//! A server and its settings that decide which events occur.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Object, Reveal, Secrets, mask};

/// Server ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct ServerId(pub i64);

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A server, with every key as returned by Postmark.
#[derive(Clone, Debug, Deserialize)]
pub struct Server {
    /// Server ID.
    #[serde(rename = "ID")]
    pub id: ServerId,
    /// Server name.
    #[serde(rename = "Name")]
    pub name: String,
    #[serde(flatten)]
    rest: Object,
}

impl Server {
    /// Postmark's object. Tokens are always masked.
    pub fn to_json(&self, reveal: Reveal) -> Value {
        let mut object = Object::new();
        object.insert("ID".to_owned(), self.id.0.into());
        object.insert("Name".to_owned(), self.name.clone().into());
        object.extend(self.rest.clone());
        mask::object(&mut object, reveal);
        Value::Object(object)
    }

    /// Registers the server's tokens, which an account token may read.
    pub(super) fn register_tokens(&self) {
        let tokens = self.rest.get("ApiTokens").and_then(Value::as_array).into_iter().flatten();
        tokens.filter_map(Value::as_str).for_each(|token| Secrets::of_run().add_token(token));
    }

    pub(super) fn with_masked_name(mut self) -> Self {
        self.name = mask::outside(&self.name).into_owned();
        self
    }

    /// Value of a key, as returned by Postmark.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.rest.get(key)
    }

    /// The server with a change applied.
    #[must_use]
    pub fn with(mut self, patch: &ServerPatch) -> Self {
        self.rest.extend(patch.body());
        self
    }
}

/// Body of `PUT /server`: only the settings that are `Some` are sent.
#[derive(Clone, Debug, Default)]
pub struct ServerPatch {
    /// URL that inbound mail is posted to. Empty disables posting.
    pub inbound_hook_url: Option<String>,
    /// Post SMTP API errors to the webhooks with a Bounce trigger.
    pub enable_smtp_api_error_hooks: Option<bool>,
    /// Track opens. Without it no Open event occurs.
    pub track_opens: Option<bool>,
    /// Links to track. With `None` no Click event occurs.
    pub track_links: Option<TrackLinks>,
}

impl ServerPatch {
    /// Request body, secrets in clear.
    pub fn body(&self) -> Object {
        let mut body = Object::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(key.to_owned(), value);
            }
        };
        put("InboundHookUrl", self.inbound_hook_url.clone().map(Value::from));
        put("EnableSmtpApiErrorHooks", self.enable_smtp_api_error_hooks.map(Value::from));
        put("TrackOpens", self.track_opens.map(Value::from));
        put("TrackLinks", self.track_links.map(|t| t.key().into()));
        body
    }

    /// The change without the settings that the server already has.
    #[must_use]
    pub fn needed(&self, server: &Server) -> Self {
        let body = self.body();
        let differs = |key: &str| body.get(key) != server.get(key);
        Self {
            inbound_hook_url: self.inbound_hook_url.clone().filter(|_| differs("InboundHookUrl")),
            enable_smtp_api_error_hooks: self
                .enable_smtp_api_error_hooks
                .filter(|_| differs("EnableSmtpApiErrorHooks")),
            track_opens: self.track_opens.filter(|_| differs("TrackOpens")),
            track_links: self.track_links.filter(|_| differs("TrackLinks")),
        }
    }
}

/// Links of a message that are tracked (Server API, `TrackLinks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TrackLinks {
    None,
    HtmlAndText,
    HtmlOnly,
    TextOnly,
}

impl TrackLinks {
    /// All variants.
    pub const ALL: [Self; 4] = [Self::None, Self::HtmlAndText, Self::HtmlOnly, Self::TextOnly];

    /// Value in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::HtmlAndText => "HtmlAndText",
            Self::HtmlOnly => "HtmlOnly",
            Self::TextOnly => "TextOnly",
        }
    }

    /// Kebab-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::HtmlAndText => "html-and-text",
            Self::HtmlOnly => "html-only",
            Self::TextOnly => "text-only",
        }
    }
}
