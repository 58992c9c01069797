//! The six triggers of a webhook.

use std::fmt;
use std::str::FromStr;

/// Trigger of a webhook (Webhooks API, `Triggers`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Trigger {
    Open,
    Click,
    Delivery,
    Bounce,
    SpamComplaint,
    SubscriptionChange,
}

impl Trigger {
    /// All triggers, in Postmark's order.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::Click,
        Self::Delivery,
        Self::Bounce,
        Self::SpamComplaint,
        Self::SubscriptionChange,
    ];

    /// Key in the API's `Triggers` object.
    pub fn key(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Click => "Click",
            Self::Delivery => "Delivery",
            Self::Bounce => "Bounce",
            Self::SpamComplaint => "SpamComplaint",
            Self::SubscriptionChange => "SubscriptionChange",
        }
    }

    /// Kebab-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Click => "click",
            Self::Delivery => "delivery",
            Self::Bounce => "bounce",
            Self::SpamComplaint => "spam-complaint",
            Self::SubscriptionChange => "subscription-change",
        }
    }

    /// Option of this trigger besides `Enabled`, if any.
    pub fn option(self) -> Option<&'static str> {
        match self {
            Self::Open => Some("PostFirstOpenOnly"),
            Self::Bounce | Self::SpamComplaint => Some("IncludeContent"),
            Self::Click | Self::Delivery | Self::SubscriptionChange => None,
        }
    }

    /// Kebab-case name of a key in the API's `Triggers` object. An unknown key is returned as it is.
    pub fn shown(key: &str) -> &str {
        match Self::from_key(key) {
            Some(trigger) => trigger.name(),
            None => key,
        }
    }

    /// Trigger of a key in the API's `Triggers` object.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.key() == key)
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Trigger {
    type Err = String;

    /// Accepts the kebab-case name and the API's spelling.
    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |s: &str| s.to_ascii_lowercase().replace(['-', '_'], "");
        let known = Self::ALL.into_iter().find(|t| plain(t.name()) == plain(text));
        known.ok_or_else(|| format!("the triggers are {}", Self::ALL.map(Self::name).join(", ")))
    }
}
