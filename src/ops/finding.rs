//! What a check found, and what to do about it.

use serde_json::{Value, json};

use crate::config::profile::ProfileName;
use crate::postmark::Webhook;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that a check found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which rule found it: a stable word.
    pub rule: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// About which webhook; none where it is about the server.
    pub webhook: Option<Webhook>,
    /// In which profile; none where the token came from the environment.
    pub profile: Option<ProfileName>,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

impl Finding {
    /// The documented shape. The URL is masked.
    pub fn to_json(&self) -> Value {
        let webhook = self.webhook.as_ref();
        json!({
            "Rule": self.rule,
            "Level": self.level.name(),
            "ID": webhook.map(|w| w.id.0),
            "Url": webhook.map(|w| w.url.masked()),
            "MessageStream": webhook.map(|w| w.message_stream.as_str()),
            "Profile": self.profile.as_ref().map(ProfileName::as_str),
            "Message": self.message,
            "Fix": self.fix,
        })
    }
}
