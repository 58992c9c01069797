//! The six triggers of a webhook.

use std::fmt;
use std::str::FromStr;

/// What a webhook can be switched on for (Postmark's Webhooks API page, `Triggers`).
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
    /// All of them, in Postmark's order.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::Click,
        Self::Delivery,
        Self::Bounce,
        Self::SpamComplaint,
        Self::SubscriptionChange,
    ];

    /// The key in the API's `Triggers` object.
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

    /// The name on the command line.
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

    /// The one option that this trigger has beside `Enabled`, if any.
    pub fn option(self) -> Option<&'static str> {
        match self {
            Self::Open => Some("PostFirstOpenOnly"),
            Self::Bounce | Self::SpamComplaint => Some("IncludeContent"),
            Self::Click | Self::Delivery | Self::SubscriptionChange => None,
        }
    }

    /// How a trigger of the API is called on the command line; one that is not known here as in the API.
    pub fn shown(key: &str) -> &str {
        match Self::from_key(key) {
            Some(trigger) => trigger.name(),
            None => key,
        }
    }

    /// The trigger of a key in the API's `Triggers` object.
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

    /// Takes the command line's spelling, and the API's as well.
    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |s: &str| s.to_ascii_lowercase().replace(['-', '_'], "");
        let known = Self::ALL.into_iter().find(|t| plain(t.name()) == plain(text));
        known.ok_or_else(|| format!("the triggers are {}", Self::ALL.map(Self::name).join(", ")))
    }
}
