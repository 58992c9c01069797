//! How a replay looks: a row per event; as JSON the rows, what was damaged, and the numbers.

use serde_json::{Value, json};

use super::report::ReplayReport;
use super::row::Row;
use crate::ops::record::Damage;
use crate::term::{Column, Format, Report, Table};

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
    const HAS_IDS: bool = false;

    fn json(&self) -> Value {
        let damage = |damage: &Damage| json!({"Line": damage.line, "Message": damage.reason});
        let totals = &self.totals;
        let mut report = json!({
            "File": self.file,
            "Url": self.url,
            "Results": self.rows.iter().map(Row::to_json).collect::<Vec<_>>(),
            "Damaged": self.damages.iter().map(damage).collect::<Vec<_>>(),
            "Summary": {
                "Events": totals.events,
                "Delivered": totals.delivered,
                "Dropped": totals.dropped,
                "Retried": totals.retried,
                "Unreachable": totals.unreachable,
                "LeftOut": totals.left_out,
                "Damaged": totals.damaged,
                "Unlisted": self.unlisted(),
                "NextLine": self.next_line,
            },
        });
        if let Value::Object(report) = &mut report {
            if self.dry_run {
                report.insert("DryRun".to_owned(), true.into());
            }
            // They were printed as they came.
            if self.format() == Format::Jsonl {
                report.shift_remove("Results");
            }
        }
        report
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        self.rows.iter().for_each(|row| table.row(row.cells()));
        table
    }

    fn nothing(&self) -> &'static str {
        ""
    }
}

/// What would be sent.
pub struct Plan<'a>(pub &'a ReplayReport);

impl Report for Plan<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::new("line", "Line"),
        Column::new("time", "Time"),
        Column::new("event", "Event"),
        Column::new("recipient", "Recipient"),
        Column::hidden("trace", "TraceId"),
    ];
    const HAS_IDS: bool = false;

    fn json(&self) -> Value {
        self.0.json()
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for row in &self.0.rows {
            let mut cells = row.cells();
            // What only an event has that was sent.
            cells.drain(4..8);
            table.row(cells);
        }
        table
    }

    fn nothing(&self) -> &'static str {
        ""
    }
}
