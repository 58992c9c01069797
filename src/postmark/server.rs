//! The server that a token belongs to, and the settings of it that decide which events there are.

use serde::Deserialize;
use serde_json::Value;

use super::{Object, Reveal, ServerId, mask};

/// A server, with every key as Postmark answered it.
#[derive(Clone, Debug, Deserialize)]
pub struct Server {
    /// Its identifier.
    #[serde(rename = "ID")]
    pub id: ServerId,
    /// Its name.
    #[serde(rename = "Name")]
    pub name: String,
    #[serde(flatten)]
    rest: Object,
}

impl Server {
    /// Postmark's own object. Tokens are masked in any case.
    pub fn to_json(&self, reveal: Reveal) -> Value {
        let mut object = Object::new();
        object.insert("ID".to_owned(), self.id.0.into());
        object.insert("Name".to_owned(), self.name.clone().into());
        object.extend(self.rest.clone());
        mask::object(&mut object, reveal);
        Value::Object(object)
    }

    /// A key's value as Postmark answered it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.rest.get(key)
    }

    /// The server as it would be with a change.
    #[must_use]
    pub fn with(mut self, patch: &ServerPatch) -> Self {
        self.rest.extend(patch.body());
        self
    }
}

/// The changes of a `PUT /server`: only what is set is sent.
#[derive(Clone, Debug, Default)]
pub struct ServerPatch {
    /// Where inbound mail is posted to; an empty text switches it off.
    pub inbound_hook_url: Option<String>,
    /// Whether SMTP API errors are posted to the webhooks with a Bounce trigger.
    pub enable_smtp_api_error_hooks: Option<bool>,
    /// Whether opens are tracked: without it no Open event arises.
    pub track_opens: Option<bool>,
    /// Which links are tracked: without any no Click event arises.
    pub track_links: Option<TrackLinks>,
}

impl ServerPatch {
    /// The request's body, secrets in clear.
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

    /// The change without whatever is so already.
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

/// Which links of a message are tracked (Postmark's Server API page, `TrackLinks`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TrackLinks {
    None,
    HtmlAndText,
    HtmlOnly,
    TextOnly,
}

impl TrackLinks {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::HtmlAndText, Self::HtmlOnly, Self::TextOnly];

    /// The value in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::HtmlAndText => "HtmlAndText",
            Self::HtmlOnly => "HtmlOnly",
            Self::TextOnly => "TextOnly",
        }
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::HtmlAndText => "html-and-text",
            Self::HtmlOnly => "html-only",
            Self::TextOnly => "text-only",
        }
    }
}
