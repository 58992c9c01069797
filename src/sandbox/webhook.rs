//! A webhook, as it is kept and as it is answered.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::choices::Age;

/// The triggers in the API's order, each with the option that it has beside `Enabled`.
pub(super) const TRIGGERS: [(&str, Option<&str>); 6] = [
    ("Open", Some("PostFirstOpenOnly")),
    ("Click", None),
    ("Delivery", None),
    ("Bounce", Some("IncludeContent")),
    ("SpamComplaint", Some("IncludeContent")),
    ("SubscriptionChange", None),
];

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Webhook {
    #[serde(rename = "ID")]
    pub(super) id: i64,
    pub(super) url: String,
    pub(super) message_stream: String,
    pub(super) verified: bool,
    /// `{Username, Password}` or null.
    pub(super) http_auth: Value,
    /// Each `{Name, Value}`.
    pub(super) http_headers: Vec<Value>,
    pub(super) triggers: Triggers,
    /// What was sent to it, by the hour.
    pub(super) hours: Vec<Hour>,
}

/// One trigger of a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Trigger {
    pub(super) enabled: bool,
    /// `PostFirstOpenOnly` or `IncludeContent`; false where the trigger has neither.
    pub(super) option: bool,
    /// Whether the endpoint has passed for it.
    pub(super) verified: bool,
}

/// The six triggers, in the order of [`TRIGGERS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Triggers([Trigger; TRIGGERS.len()]);

/// The requests of one trigger in one hour. Kept by the hour, so that they stay few.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Hour {
    /// In hours since 1970.
    pub(super) at: u64,
    pub(super) trigger: String,
    pub(super) counts: Counts,
}

/// How many requests there were, how they went and how long they took in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Counts {
    pub(super) requests: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
    pub(super) very_slow: u64,
    pub(super) milliseconds: u64,
}

impl Triggers {
    pub(super) fn from_names(make: impl Fn(&str) -> Trigger) -> Self {
        Self(TRIGGERS.map(|(name, _)| make(name)))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Trigger)> {
        TRIGGERS.iter().map(|(name, _)| *name).zip(&self.0)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut Trigger)> {
        TRIGGERS.iter().map(|(name, _)| *name).zip(&mut self.0)
    }

    /// The enabled ones.
    pub(super) fn enabled(&self) -> impl Iterator<Item = (&'static str, &Trigger)> {
        self.iter().filter(|(_, trigger)| trigger.enabled)
    }

    fn answer(&self) -> Value {
        let triggers = TRIGGERS.iter().zip(&self.0).map(|((name, option), trigger)| {
            let mut answered = Map::new();
            answered.insert("Enabled".to_owned(), trigger.enabled.into());
            if let Some(option) = option {
                answered.insert((*option).to_owned(), trigger.option.into());
            }
            ((*name).to_owned(), Value::Object(answered))
        });
        Value::Object(triggers.collect())
    }
}

impl Webhook {
    /// The object that the API answers: all six triggers, whatever was sent (Postmark's Webhooks API
    /// page, "Get a webhook"). The older API had no `Status`.
    pub(super) fn answer(&self, age: Age) -> Value {
        let mut answer = Map::new();
        let mut put = |name: &str, value: Value| answer.insert(name.to_owned(), value);
        put("ID", self.id.into());
        put("Url", self.url.clone().into());
        put("MessageStream", self.message_stream.clone().into());
        if age == Age::New {
            put("Status", status(self.verified).into());
        }
        put("HttpAuth", self.http_auth.clone());
        put("HttpHeaders", self.http_headers.clone().into());
        put("Triggers", self.triggers.answer());
        Value::Object(answer)
    }

    /// Sets what a check that passed or was skipped has to say of the webhook and its enabled triggers.
    pub(super) fn mark(&mut self, verified: bool) {
        self.verified = verified;
        for (_, trigger) in self.triggers.iter_mut() {
            trigger.verified = trigger.enabled && verified;
        }
    }
}

/// The word for a webhook or a trigger.
pub(super) fn status(verified: bool) -> &'static str {
    if verified { "verified" } else { "unverified" }
}
