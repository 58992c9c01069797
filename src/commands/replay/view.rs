//! Reports of a replay: a row per event; as JSON the rows, what was damaged, and the numbers.

use serde::{Serialize, Serializer};

use super::report::ReplayReport;
use super::row::Row;
use crate::ops::record::Damage;
use crate::term::{Cell, Column, Format, Report, table};

/// A replay in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReplayObject<'a> {
    file: &'a str,
    url: &'a str,
    /// `None` for JSON lines, which are printed as they come.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<&'a [Row]>,
    damaged: Vec<DamageObject<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DamageObject<'a> {
    line: u64,
    message: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    events: u64,
    delivered: u64,
    dropped: u64,
    retried: u64,
    unreachable: u64,
    left_out: u64,
    damaged: u64,
    unlisted: u64,
    next_line: Option<u64>,
}

impl<'a> From<&'a Damage> for DamageObject<'a> {
    fn from(damage: &'a Damage) -> Self {
        Self { line: damage.line, message: &damage.reason }
    }
}

impl Serialize for ReplayReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let totals = &self.totals;
        ReplayObject {
            file: &self.file,
            url: &self.url,
            results: (self.format() != Format::Jsonl).then_some(&self.rows),
            damaged: self.damages.iter().map(DamageObject::from).collect(),
            summary: Summary {
                events: totals.events,
                delivered: totals.delivered,
                dropped: totals.dropped,
                retried: totals.retried,
                unreachable: totals.unreachable,
                left_out: totals.left_out,
                damaged: totals.damaged,
                unlisted: self.unlisted(),
                next_line: self.next_line,
            },
        }
        .serialize(serializer)
    }
}

/// Keys of an event that would be sent, and of one that was sent.
const KEYS: &[&str] = &[
    "Line",
    "Time",
    "Event",
    "Recipient",
    "TraceId",
    "Success",
    "StatusCode",
    "Message",
    "Milliseconds",
    "Outcome",
    "Fix",
    "Warnings",
];

impl Report for ReplayReport {
    const COLUMNS: &'static [Column] = &[
        Column::new("line", "Line"),
        Column::hidden("time", "Time"),
        Column::new("event", "Event"),
        Column::new("recipient", "Recipient"),
        Column::new("outcome", "Outcome"),
        Column::new("status", "StatusCode"),
        Column::new("ms", "Milliseconds"),
        Column::new("message", "Message"),
        Column::hidden("trace", "TraceId"),
    ];
    const KEYS: &'static [&'static str] = KEYS;
    const FORMATS: &'static [Format] = &[];

    fn rows(&self) -> Vec<table::Row> {
        self.rows.iter().map(|row| table::Row::new(row.cells())).collect()
    }

    fn empty_note(&self) -> &'static str {
        ""
    }
}

/// Report of a dry run.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Plan<'a>(pub &'a ReplayReport);

impl Report for Plan<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::new("line", "Line"),
        Column::new("time", "Time"),
        Column::new("event", "Event"),
        Column::new("recipient", "Recipient"),
        Column::hidden("trace", "TraceId"),
    ];
    const KEYS: &'static [&'static str] = &["Line", "Time", "Event", "Recipient", "TraceId"];
    const FORMATS: &'static [Format] = &[];

    fn rows(&self) -> Vec<table::Row> {
        let row = |row: &Row| {
            let mut cells: Vec<Cell> = row.cells();
            // What only an event has that was sent.
            cells.drain(4..8);
            table::Row::new(cells)
        };
        self.0.rows.iter().map(row).collect()
    }

    fn empty_note(&self) -> &'static str {
        ""
    }
}
