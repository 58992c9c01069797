//! Report of `replay`: a row per event, damaged lines, and counts. The number of rows in memory is bounded.

use std::path::Path;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::commands::Context;
use crate::event::Received;
use crate::ops::record::{Damage, RecordTime, RecordedEvent};
use crate::ops::replay::{ReplayResult, SentEvent};
use crate::ops::test::verdict::Verdict;
use crate::term::{Cell, Column, Format, Report, Row, Tone, Ui, json};

/// Maximum number of rows of delivered events, of others, and of damaged lines.
const MAX_ROWS: u64 = 10_000;
/// Maximum number of damaged lines that messages name.
const MAX_NAMED_DAMAGES: usize = 10;
/// Maximum number of lines that advice names.
const MAX_NAMED_LINES: usize = 5;
/// Maximum number of different pieces of advice.
const MAX_ADVICE: usize = 20;
/// Maximum number of failed events in the command that sends them again.
const MAX_RESENT: u64 = 20;

/// What happens to the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// They are sent.
    Send,
    /// They are shown as they would be sent.
    DryRun,
    /// They are listed.
    List,
}

/// Report of a run.
pub(super) struct ReplayReport {
    ui: Arc<Ui>,
    pub(super) mode: Mode,
    /// Name of the file.
    pub(super) file: String,
    /// Masked URL of the target; `None` for a list.
    url: Option<String>,
    rows: Vec<EventRow>,
    damages: Vec<Damage>,
    /// Counts of all items, with and without rows.
    pub(super) totals: Totals,
    /// Line to continue from, if the run stopped early.
    pub(super) next_line: Option<u64>,
}

/// Number of items by result.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    /// Selected events.
    pub(super) events: u64,
    delivered: u64,
    pub(super) failed: u64,
    /// Events that the filter does not select.
    pub(super) skipped: u64,
    /// Those of them that are outside a time range because they have no time.
    pub(super) without_time: u64,
    pub(super) damaged: u64,
}

/// An event of the report.
struct EventRow {
    line: u64,
    is_whole_line: bool,
    time: Option<RecordTime>,
    event: Received,
    recipient: String,
    trace_id: String,
    /// Judgement of the response and time in milliseconds; `None` if it was not sent.
    result: Option<(Verdict, u64)>,
}

impl EventRow {
    fn new(event: &RecordedEvent, result: Option<(Verdict, u64)>) -> Self {
        Self {
            line: event.line,
            is_whole_line: event.is_whole_line,
            time: event.time,
            event: event.post.event.clone(),
            recipient: event.recipient.clone(),
            trace_id: event.post.trace_id.clone(),
            result,
        }
    }

    fn is_failed(&self) -> bool {
        self.result.as_ref().is_some_and(|(verdict, _)| !verdict.success)
    }

    /// Cells for line, time, event and recipient.
    fn event_cells(&self) -> Vec<Cell> {
        let known = |text: Option<String>| Cell::new(text.unwrap_or_else(|| "-".to_owned()));
        vec![
            Cell::new(self.line.to_string()),
            known(self.time.map(|time| time.to_string())),
            Cell::new(self.event.name()),
            known(Some(self.recipient.clone()).filter(|recipient| !recipient.is_empty())),
        ]
    }
}

impl ReplayReport {
    pub(super) fn new(mode: Mode, file: String, url: Option<String>, ui: Arc<Ui>) -> Self {
        if let (Mode::Send, Some(url)) = (mode, &url) {
            ui.progress(&format!("Sending to {url}…"));
        }
        Self {
            ui,
            mode,
            file,
            url,
            rows: Vec::new(),
            damages: Vec::new(),
            totals: Totals::default(),
            next_line: None,
        }
    }

    /// Adds the result of an item.
    pub(super) fn add_result(&mut self, result: ReplayResult) {
        match result {
            ReplayResult::Sent(sent) => self.add_sent(*sent),
            ReplayResult::Skipped { has_no_time } => self.add_skipped(has_no_time),
            ReplayResult::Damaged(damage) => self.add_damage(damage),
        }
    }

    fn add_sent(&mut self, SentEvent { event, verdict, milliseconds, percent }: SentEvent) {
        let totals = &mut self.totals;
        totals.events += 1;
        let count = if verdict.success { &mut totals.delivered } else { &mut totals.failed };
        *count += 1;
        let has_row = *count <= MAX_ROWS;
        let percent = percent.map(|percent| format!(" ({percent} %)")).unwrap_or_default();
        let failed = match totals.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        self.ui.progress(&format!(
            "Sent {}{percent}{failed}: line {}, {}…",
            totals.events,
            event.line,
            event.post.event.name()
        ));
        self.add_row(EventRow::new(&event, Some((verdict, milliseconds))), has_row);
    }

    /// Adds an event that is not sent.
    pub(super) fn add_event(&mut self, event: &RecordedEvent) {
        self.totals.events += 1;
        self.add_row(EventRow::new(event, None), self.totals.events <= MAX_ROWS);
    }

    /// Adds an event that the filter does not select.
    pub(super) fn add_skipped(&mut self, has_no_time: bool) {
        self.totals.skipped += 1;
        self.totals.without_time += u64::from(has_no_time);
    }

    /// Adds a damaged line.
    pub(super) fn add_damage(&mut self, damage: Damage) {
        self.totals.damaged += 1;
        if self.totals.damaged <= MAX_ROWS {
            self.damages.push(damage);
        }
    }

    /// Keeps a row for the end. JSON lines are printed at once.
    fn add_row(&mut self, row: EventRow, is_kept: bool) {
        if self.is_streamed() {
            // A closed pipe does not stop the sending.
            let _ = self.ui.data(&json::compact(&row));
        } else if is_kept {
            self.rows.push(row);
        }
    }

    fn is_streamed(&self) -> bool {
        self.ui.settings.format == Format::Jsonl
    }

    /// Sorts the rows by line: concurrent requests end in any order.
    pub(super) fn sort(&mut self) {
        self.rows.sort_by_key(|row| row.line);
    }

    /// Number of events without a row.
    pub(super) fn unlisted(&self) -> u64 {
        if self.is_streamed() { 0 } else { self.totals.events - self.rows.len() as u64 }
    }

    /// Counts in one sentence.
    pub(super) fn summary(&self) -> String {
        let totals = &self.totals;
        let events = count_of(totals.events, "event");
        let url = self.url.as_deref().unwrap_or_default();
        let skipped = match totals.skipped {
            0 => String::new(),
            skipped => format!("; {skipped} not selected"),
        };
        match self.mode {
            Mode::List => format!("{events}{skipped}."),
            Mode::DryRun => {
                format!("Dry run: nothing was sent. {events} would go to {url}{skipped}.")
            }
            Mode::Send if totals.failed > 0 => format!(
                "Sent {events} to {url}: {} delivered, {} failed{skipped}.",
                totals.delivered, totals.failed
            ),
            Mode::Send => {
                format!("Sent {events} to {url}: {} delivered{skipped}.", totals.delivered)
            }
        }
    }

    /// A message per damaged line, up to a limit.
    pub(super) fn damage_messages(&self) -> Vec<String> {
        let message = |damage: &Damage| format!("line {}: {}", damage.line, damage.reason);
        let mut messages: Vec<_> =
            self.damages.iter().take(MAX_NAMED_DAMAGES).map(message).collect();
        let named = messages.len() as u64;
        if self.totals.damaged > named {
            messages.push(format!("{} more damaged lines", self.totals.damaged - named));
        }
        messages
    }

    /// Prints warnings and hints, each once with the lines it is about.
    pub(super) fn advise(&self, cx: &Context, file: &Path) {
        let warnings = self.grouped(|verdict| verdict.warnings.clone());
        for (lines, warning) in warnings {
            cx.ui.warn(&format!("{lines}: {warning}"));
        }
        let fixes = self.grouped(|verdict| verdict.fix.iter().cloned().collect());
        for (lines, fix) in fixes {
            cx.ui.hint(&format!("{lines}: {fix}"));
        }
        if let Some(command) = self.resend_command(file).filter(|_| self.next_line.is_none()) {
            cx.ui.hint(&format!("to send only the failed events again: {command}"));
        }
    }

    /// Command that sends the failed events again, if it is short.
    fn resend_command(&self, file: &Path) -> Option<String> {
        let failed: Vec<&EventRow> = self.rows.iter().filter(|row| row.is_failed()).collect();
        let count = self.totals.failed;
        let is_short = (1..=MAX_RESENT).contains(&count) && count < self.totals.events;
        if !is_short || file.as_os_str() == "-" || failed.iter().any(|row| !row.is_whole_line) {
            return None;
        }
        let lines: Vec<_> = failed.iter().map(|row| format!("{}p", row.line)).collect();
        let file = file.to_string_lossy();
        let file = shell_words::quote(&file);
        Some(format!("sed -n '{}' {file} | pmhooks replay - ...", lines.join(";")))
    }

    /// Texts of verdicts, each once with the lines that have it.
    fn grouped(&self, texts: impl Fn(&Verdict) -> Vec<String>) -> Vec<(String, String)> {
        let mut groups: Vec<(String, Vec<u64>)> = Vec::new();
        for row in &self.rows {
            let Some((verdict, _)) = &row.result else { continue };
            for text in texts(verdict) {
                let has_room = groups.len() < MAX_ADVICE;
                match groups.iter_mut().find(|(other, _)| *other == text) {
                    Some((_, lines)) => lines.push(row.line),
                    None if has_room => groups.push((text, vec![row.line])),
                    None => {}
                }
            }
        }
        let name = |lines: Vec<u64>| match lines.as_slice() {
            [line] => format!("line {line}"),
            all if all.len() == self.rows.len() => "every event".to_owned(),
            lines => {
                let named: Vec<_> =
                    lines.iter().take(MAX_NAMED_LINES).map(u64::to_string).collect();
                let more = match lines.len() - named.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!("lines {}{more}", named.join(", "))
            }
        };
        groups.into_iter().map(|(text, lines)| (name(lines), text)).collect()
    }
}

/// `1 event`, `2 events`.
pub(super) fn count_of(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A report in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReplayObject<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    /// `None` for JSON lines, which were printed already.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<&'a [EventRow]>,
    damaged: Vec<DamageObject<'a>>,
    summary: SummaryObject,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DamageObject<'a> {
    line: u64,
    message: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SummaryObject {
    events: u64,
    delivered: u64,
    failed: u64,
    left_out: u64,
    damaged: u64,
    unlisted: u64,
    next_line: Option<u64>,
}

impl Serialize for ReplayReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let totals = &self.totals;
        ReplayObject {
            file: &self.file,
            url: self.url.as_deref(),
            results: (!self.is_streamed()).then_some(&self.rows),
            damaged: self
                .damages
                .iter()
                .map(|damage| DamageObject { line: damage.line, message: &damage.reason })
                .collect(),
            summary: SummaryObject {
                events: totals.events,
                delivered: totals.delivered,
                failed: totals.failed,
                left_out: totals.skipped,
                damaged: totals.damaged,
                unlisted: self.unlisted(),
                next_line: self.next_line,
            },
        }
        .serialize(serializer)
    }
}

/// An event in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventObject<'a> {
    line: u64,
    time: Option<RecordTime>,
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
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
}

/// Outcome of an event that was sent once.
#[derive(Clone, Copy, Debug, Serialize)]
enum Outcome {
    Delivered,
    Failed,
}

impl Outcome {
    fn of(verdict: &Verdict) -> Self {
        if verdict.success { Self::Delivered } else { Self::Failed }
    }

    fn cell(self) -> Cell {
        match self {
            Self::Delivered => Cell::new("delivered").tone(Tone::Good),
            Self::Failed => Cell::new("failed").tone(Tone::Bad),
        }
    }
}

impl Serialize for EventRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let result = self.result.as_ref().map(|(verdict, milliseconds)| ResultObject {
            success: verdict.success,
            status_code: verdict.status,
            message: &verdict.message,
            milliseconds: *milliseconds,
            outcome: Outcome::of(verdict),
            fix: verdict.fix.as_deref(),
            warnings: &verdict.warnings,
        });
        EventObject {
            line: self.line,
            time: self.time,
            event: self.event.key(),
            recipient: &self.recipient,
            trace_id: &self.trace_id,
            result,
        }
        .serialize(serializer)
    }
}

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
    const KEYS: &'static [&'static str] = &[
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
    const FORMATS: &'static [Format] = &[];

    fn rows(&self) -> Vec<Row> {
        let row = |row: &EventRow| {
            let mut cells = row.event_cells();
            if let Some((verdict, milliseconds)) = &row.result {
                let status = verdict.status.map_or_else(|| "-".to_owned(), |s| s.to_string());
                cells.extend([
                    Outcome::of(verdict).cell(),
                    Cell::new(status),
                    Cell::new(milliseconds.to_string()),
                    Cell::new(&verdict.message),
                ]);
            }
            cells.push(Cell::new(&row.trace_id));
            Row::new(cells)
        };
        self.rows.iter().map(row).collect()
    }

    fn empty_note(&self) -> &'static str {
        ""
    }
}

/// The events of a report that sent nothing: a dry run or a list.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct EventList<'a>(pub(super) &'a ReplayReport);

impl Report for EventList<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::new("line", "Line"),
        Column::new("time", "Time"),
        Column::new("event", "Event"),
        Column::new("recipient", "Recipient"),
        Column::hidden("trace", "TraceId"),
    ];
    const KEYS: &'static [&'static str] = &["Line", "Time", "Event", "Recipient", "TraceId"];
    const FORMATS: &'static [Format] = &[];

    fn columns(&self) -> Vec<Column> {
        let is_list = self.0.mode == Mode::List;
        let shown = |column: &Column| Column { shown: column.shown || is_list, ..*column };
        Self::COLUMNS.iter().map(shown).collect()
    }

    fn rows(&self) -> Vec<Row> {
        let row = |row: &EventRow| {
            let mut cells = row.event_cells();
            cells.push(Cell::new(&row.trace_id));
            Row::new(cells)
        };
        self.0.rows.iter().map(row).collect()
    }

    fn empty_note(&self) -> &'static str {
        ""
    }
}
