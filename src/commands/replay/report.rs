//! What became of the events, collected as it happens: of very many the accepted ones are only counted.

use std::sync::Arc;

use super::Args;
use super::row::Row;
use crate::commands::Context;
use crate::ops::record::{Damage, RecordedEvent};
use crate::ops::replay::{ReplayResult, SentEvent};
use crate::ops::test::verdict::DeliveryOutcome;
use crate::term::{Format, Ui, json};

/// So many rows are kept of accepted events, so many of others, and so many damages.
const KEPT: u64 = 10_000;

/// What became of the events.
pub struct ReplayReport {
    ui: Arc<Ui>,
    /// The file, for people.
    pub file: String,
    /// Where to, masked.
    pub url: String,
    /// Nothing is sent.
    pub dry_run: bool,
    /// Events, as far as they are kept.
    pub rows: Vec<Row>,
    /// Damages, as far as they are kept.
    pub damages: Vec<Damage>,
    /// All of them.
    pub totals: Totals,
    /// Where the next run would go on, if this one stopped.
    pub next_line: Option<u64>,
}

/// How many there were of what.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Totals {
    pub events: u64,
    pub delivered: u64,
    pub dropped: u64,
    pub retried: u64,
    pub unreachable: u64,
    pub left_out: u64,
    pub timeless: u64,
    pub damaged: u64,
}

impl Totals {
    /// How many were sent and not accepted.
    pub fn refused(&self) -> u64 {
        self.dropped + self.retried + self.unreachable
    }
}

impl ReplayReport {
    /// Nothing became of anything yet.
    pub fn new(args: &Args, url: String, cx: &Context) -> Self {
        let is_stdin = args.file.as_os_str() == "-";
        let file = if is_stdin { "standard input".into() } else { args.file.display().to_string() };
        if !args.dry_run {
            cx.ui.progress(&format!("Sending to {url}…"));
        }
        Self {
            ui: Arc::clone(&cx.ui),
            file,
            url,
            dry_run: args.dry_run,
            rows: Vec::new(),
            damages: Vec::new(),
            totals: Totals::default(),
            next_line: None,
        }
    }

    /// Something became of something.
    pub fn add(&mut self, told: ReplayResult) {
        match told {
            ReplayResult::Sent(sent) => self.sent(*sent),
            ReplayResult::Skipped { has_no_time: is_timeless } => self.left_out(is_timeless),
            ReplayResult::Damaged(damage) => self.damaged(damage),
        }
    }

    fn sent(&mut self, sent: SentEvent) {
        let totals = &mut self.totals;
        totals.events += 1;
        let same = match sent.verdict.outcome {
            Some(DeliveryOutcome::Delivered) => &mut totals.delivered,
            Some(DeliveryOutcome::WouldDrop) => &mut totals.dropped,
            Some(DeliveryOutcome::WouldRetry) | None => &mut totals.retried,
            Some(DeliveryOutcome::Unreachable) => &mut totals.unreachable,
        };
        *same += 1;
        let is_kept = if sent.verdict.success { *same } else { totals.refused() } <= KEPT;
        let refused = match totals.refused() {
            0 => String::new(),
            refused => format!(", {refused} not accepted"),
        };
        let percent = sent.percent.map(|n| format!(" ({n} %)")).unwrap_or_default();
        let (line, name) = (sent.event.line, sent.event.post.event.name());
        self.ui
            .progress(&format!("Sent {}{percent}{refused}: line {line}, {name}…", totals.events));
        self.keep(Row::sent(sent), is_kept);
    }

    /// An event would be sent.
    pub fn planned(&mut self, event: &RecordedEvent) {
        self.totals.events += 1;
        self.keep(Row::planned(event), self.totals.events <= KEPT);
    }

    /// An event is not meant.
    pub fn left_out(&mut self, is_timeless: bool) {
        self.totals.left_out += 1;
        self.totals.timeless += u64::from(is_timeless);
    }

    /// Something is no event.
    pub fn damaged(&mut self, damage: Damage) {
        self.totals.damaged += 1;
        if self.totals.damaged <= KEPT {
            self.damages.push(damage);
        }
    }

    /// JSON lines are for programs that read along; all else is shown at the end.
    fn keep(&mut self, row: Row, is_kept: bool) {
        if self.ui.settings.format == Format::Jsonl {
            // A reader that has gone away does not stop the sending.
            let _ = self.ui.data(&json::compact(&row));
        } else if is_kept {
            self.rows.push(row);
        }
    }

    /// The format that is asked for.
    pub fn format(&self) -> Format {
        self.ui.settings.format
    }

    /// How many events have no row.
    pub fn unlisted(&self) -> u64 {
        if self.format() == Format::Jsonl {
            return 0;
        }
        self.totals.events - self.rows.len() as u64
    }
}
