//! One event of a replay: a row of a table, or an object.

use serde::{Serialize, Serializer};

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
}

/// An event in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventObject<'a> {
    line: u64,
    time: Option<&'a str>,
    event: &'a str,
    recipient: &'a str,
    trace_id: &'a str,
    #[serde(flatten)]
    result: Option<ResultObject<'a>>,
}

/// Result of an event that was sent.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResultObject<'a> {
    success: bool,
    status_code: Option<u16>,
    message: &'a str,
    milliseconds: u64,
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let result = self.result.as_ref().map(|(verdict, milliseconds)| ResultObject {
            success: verdict.success,
            status_code: verdict.status,
            message: &verdict.message,
            milliseconds: *milliseconds,
            outcome: verdict.outcome.map(DeliveryOutcome::name),
            fix: verdict.fix.as_deref(),
            warnings: &verdict.warnings,
        });
        EventObject {
            line: self.line,
            time: self.time.as_deref(),
            event: self.event.key(),
            recipient: &self.recipient,
            trace_id: &self.trace,
            result,
        }
        .serialize(serializer)
    }
}
