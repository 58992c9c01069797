//! One event of a test: what became of it, in words and as JSON.

use serde::{Serialize, Serializer};

use crate::event::Received;
use crate::ops::test::verdict::{DeliveryOutcome, Verdict};
use crate::ops::test::{Credentials, Redirect};
use crate::term::{Cell, Tone};

/// What became of one event.
pub struct Row {
    /// What it was.
    pub event: Received,
    /// Its trace ID.
    pub trace: String,
    /// Whether it went out as the webhook wants it.
    pub credentials: Credentials,
    /// What is to be said of it.
    pub verdict: Verdict,
    /// How long the answer took.
    pub milliseconds: u64,
    /// The redirects on the way.
    pub redirects: Vec<Redirect>,
    /// The beginning of the answer, safe to show.
    pub answer: String,
}

impl Row {
    /// The event in words, for people.
    pub fn name(&self) -> String {
        match self.credentials {
            Credentials::Correct => self.event.name().to_owned(),
            Credentials::Missing => format!("{} without credentials", self.event.name()),
            Credentials::Wrong => format!("{} with wrong credentials", self.event.name()),
        }
    }

    /// What Postmark would do; nothing worth saying of a delivery.
    pub fn consequence(&self) -> Option<String> {
        let outcome =
            self.verdict.outcome.filter(|outcome| *outcome != DeliveryOutcome::Delivered)?;
        Some(outcome.consequence(self.event.event()).to_owned())
    }

    /// The outcome in a word.
    pub fn outcome(&self) -> Cell {
        match (self.verdict.outcome, self.verdict.success) {
            (Some(outcome), true) => Cell::new(outcome.name()).tone(Tone::Good),
            (Some(outcome), false) => Cell::new(outcome.name()).tone(Tone::Bad),
            (None, true) => Cell::new("refused").tone(Tone::Good),
            (None, false) => Cell::new("not refused").tone(Tone::Bad),
        }
    }
}

/// An event in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventObject<'a> {
    trigger_type: &'a str,
    success: bool,
    status_code: Option<u16>,
    message: &'a str,
    milliseconds: u64,
    outcome: Option<&'static str>,
    trace_id: &'a str,
    /// Which credentials were checked, where it was not the right ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redirects: Vec<RedirectObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consequence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RedirectObject<'a> {
    status_code: u16,
    url: &'a str,
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let verdict = &self.verdict;
        EventObject {
            trigger_type: self.event.key(),
            success: verdict.success,
            status_code: verdict.status,
            message: &verdict.message,
            milliseconds: self.milliseconds,
            outcome: verdict.outcome.map(DeliveryOutcome::name),
            trace_id: &self.trace,
            check: match self.credentials {
                Credentials::Correct => None,
                Credentials::Missing => Some("WithoutCredentials"),
                Credentials::Wrong => Some("WrongCredentials"),
            },
            redirects: self.redirects.iter().map(RedirectObject::from).collect(),
            consequence: self.consequence(),
            fix: verdict.fix.as_deref(),
            warnings: &verdict.warnings,
        }
        .serialize(serializer)
    }
}

impl<'a> From<&'a Redirect> for RedirectObject<'a> {
    fn from(redirect: &'a Redirect) -> Self {
        Self { status_code: redirect.status, url: &redirect.url }
    }
}
