//! One event of a test: what became of it, in words and as JSON.

use serde_json::{Value, json};

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

    /// The documented shape.
    pub fn to_json(&self) -> Value {
        let mut row = json!({
            "TriggerType": self.event.key(),
            "Success": self.verdict.success,
            "StatusCode": self.verdict.status,
            "Message": self.verdict.message,
            "Milliseconds": self.milliseconds,
            "Outcome": self.verdict.outcome.map(DeliveryOutcome::name),
            "TraceId": self.trace,
        });
        let check = match self.credentials {
            Credentials::Correct => Value::Null,
            Credentials::Missing => "WithoutCredentials".into(),
            Credentials::Wrong => "WrongCredentials".into(),
        };
        let hop = |hop: &Redirect| json!({"StatusCode": hop.status, "Url": hop.url});
        let redirects: Vec<_> = self.redirects.iter().map(hop).collect();
        let more = [
            ("Check", check),
            ("Redirects", redirects.into()),
            ("Consequence", self.consequence().into()),
            ("Fix", self.verdict.fix.clone().into()),
            ("Warnings", self.verdict.warnings.clone().into()),
        ];
        if let Value::Object(row) = &mut row {
            let is_said = |v: &Value| !v.is_null() && v.as_array().is_none_or(|a| !a.is_empty());
            let said = more.into_iter().filter(|(_, value)| is_said(value));
            row.extend(said.map(|(key, value)| (key.to_owned(), value)));
        }
        row
    }
}
