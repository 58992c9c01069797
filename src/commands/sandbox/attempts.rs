//! `sandbox attempts`: the attempts of a sandbox to post its events.

use std::net::SocketAddr;

use serde::Serialize;
use serde_json::Value;

use crate::commands::Context;
use crate::error::{Exit, Result, ResultExt as _};
use crate::ops::emulator::Emulator;
use crate::term::{Cell, Column, Format, Report, Row, Tone};

/// List the attempts of the sandbox to post its events
///
/// Asks the running `pmhooks sandbox serve`, else reads the state of the profile
/// sandbox. An event that waits for its first attempt has attempt 0.
///
/// Examples:
///     pmhooks sandbox attempts
///     pmhooks sandbox attempts --failed -o jsonl
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only failed attempts, and events that were not sent
    #[arg(long)]
    failed: bool,
    /// Address of the sandbox [default: the running server, else the state]
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<SocketAddr>,
}

pub(super) fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Attempts>()?;
    let failed = "cannot list the sandbox's attempts";
    let emulator = Emulator::open(args.address, cx.net.clone()).context(failed)?;
    let query = if args.failed { "?failed=true" } else { "" };
    let answer = emulator.get(&format!("/_sandbox/attempts{query}")).context(failed)?;
    let rows = answer.get("Attempts").and_then(Value::as_array).cloned().unwrap_or_default();
    cx.show(&Attempts(rows))
}

/// The rows of `GET /_sandbox/attempts`.
#[derive(Serialize)]
#[serde(transparent)]
struct Attempts(Vec<Value>);

impl Report for Attempts {
    const COLUMNS: &'static [Column] = &[
        Column::new("time", "Time"),
        Column::new("webhook", "WebhookID"),
        Column::new("event", "Event"),
        Column::new("recipient", "Recipient"),
        Column::hidden("url", "Url"),
        Column::hidden("message", "MessageID"),
        Column::new("trace", "TraceID"),
        Column::new("attempt", "Attempt"),
        Column::new("status", "Status"),
        Column::new("outcome", "Outcome"),
        Column::hidden("error", "Error"),
        Column::new("next", "NextAttempt"),
    ];
    const KEYS: &'static [&'static str] = &[
        "Time",
        "WebhookID",
        "Url",
        "Event",
        "Recipient",
        "MessageID",
        "MessageStream",
        "ServerID",
        "TraceID",
        "Attempt",
        "Status",
        "Outcome",
        "Error",
        "Milliseconds",
        "NextAttempt",
    ];
    const FORMATS: &'static [Format] = &[];

    fn rows(&self) -> Vec<Row> {
        let row = |row: &Value| {
            let text = |key: &str| text_of(row, key);
            let outcome = text("Outcome");
            let tone = match outcome.as_str() {
                "Delivered" => Tone::Good,
                "Pending" => Tone::Faint,
                "Retrying" => Tone::Warn,
                _ => Tone::Bad,
            };
            Row::new([
                Cell::new(seconds(&text("Time"))),
                Cell::new(text("WebhookID")),
                Cell::new(text("Event")),
                Cell::new(text("Recipient")),
                Cell::new(text("Url")),
                Cell::new(text("MessageID")),
                Cell::new(text("TraceID")),
                Cell::new(text("Attempt")),
                Cell::new(text("Status")),
                Cell::new(outcome.to_lowercase()).tone(tone),
                Cell::new(text("Error")),
                Cell::new(seconds(&text("NextAttempt"))),
            ])
        };
        self.0.iter().map(row).collect()
    }

    fn empty_note(&self) -> &'static str {
        "No attempts."
    }
}

/// The value of a key as text, `-` for none.
pub(super) fn text_of(object: &Value, key: &str) -> String {
    match object.get(key) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// `2026-11-20T08:15:00.1234567Z` without the fraction.
fn seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time.to_owned(),
    }
}
