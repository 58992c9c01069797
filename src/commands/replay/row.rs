//! One event of a replay: a row of a table, or an object.

use serde_json::{Value, json};

use crate::event::Received;
use crate::ops::record::RecordedEvent;
use crate::ops::replay::SentEvent;
use crate::ops::test::verdict::{DeliveryOutcome, Verdict};
use crate::term::{Cell, Tone};

/// One event.
pub struct Row {
    /// Where it stands in the file.
    pub line: u64,
    /// It is all that stands there.
    pub alone: bool,
    time: Option<String>,
    event: Received,
    recipient: String,
    trace: String,
    /// What became of it, and how long that took; none where it was not sent.
    pub result: Option<(Verdict, u64)>,
}

impl Row {
    /// An event that would be sent.
    pub fn planned(event: &RecordedEvent) -> Self {
        let time = event.time.map(|time| time.to_string());
        Self {
            line: event.line,
            alone: event.is_whole_line,
            time,
            event: event.post.event.clone(),
            recipient: event.recipient.clone(),
            trace: event.post.trace_id.clone(),
            result: None,
        }
    }

    /// An event that was sent.
    pub fn sent(sent: SentEvent) -> Self {
        let result = Some((sent.verdict, sent.milliseconds));
        Self { result, ..Self::planned(&sent.event) }
    }

    /// True where it was sent and not accepted.
    pub fn is_refused(&self) -> bool {
        self.result.as_ref().is_some_and(|(verdict, _)| !verdict.success)
    }

    /// The cells of the table.
    pub fn cells(&self) -> Vec<Cell> {
        let none = || Cell::new("-");
        let mut cells = vec![
            Cell::new(self.line.to_string()),
            self.time.as_ref().map_or_else(none, Cell::new),
            Cell::new(self.event.name()),
            if self.recipient.is_empty() { none() } else { Cell::new(&self.recipient) },
        ];
        match &self.result {
            None => cells.extend([none(), none(), none(), none()]),
            Some((verdict, milliseconds)) => {
                let outcome = verdict.outcome.map_or("-", DeliveryOutcome::name);
                let tone = if verdict.success { Tone::Good } else { Tone::Bad };
                cells.extend([
                    Cell::new(outcome).tone(tone),
                    verdict.status.map_or_else(none, |status| Cell::new(status.to_string())),
                    Cell::new(milliseconds.to_string()),
                    Cell::new(&verdict.message),
                ]);
            }
        }
        cells.push(Cell::new(&self.trace));
        cells
    }

    /// The object in a report.
    pub fn to_json(&self) -> Value {
        let mut row = json!({
            "Line": self.line,
            "Time": self.time,
            "Event": self.event.key(),
            "Recipient": self.recipient,
            "TraceId": self.trace,
        });
        if let (Some((verdict, milliseconds)), Value::Object(row)) = (&self.result, &mut row) {
            let mut add = |key: &str, value: Value| row.insert(key.to_owned(), value);
            add("Success", verdict.success.into());
            add("StatusCode", verdict.status.into());
            add("Message", verdict.message.clone().into());
            add("Milliseconds", (*milliseconds).into());
            add("Outcome", verdict.outcome.map(DeliveryOutcome::name).into());
            if let Some(fix) = &verdict.fix {
                add("Fix", fix.clone().into());
            }
            if !verdict.warnings.is_empty() {
                add("Warnings", verdict.warnings.clone().into());
            }
        }
        row
    }
}
