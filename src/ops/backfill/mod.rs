//! Rebuilds lost events from what Postmark keeps: Postmark drops a webhook event after its last retry, but
//! its APIs still have the bounces, messages and suppressions.
//!
//! Searches reach 10 000 rows, so that time is split into windows with fewer. Windows are read oldest first,
//! and the events of a window are sorted by time.

mod known;
mod rebuild;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use known::{KnownError, KnownEvents};

use crate::error::{Diagnose, Diagnosis, Exit};
use crate::event::Event;
use crate::ops::fanout;
use crate::ops::record::{Rebuilt, Record, RecordHeader, RecordTime};
use crate::postmark::activity::{PAGE, REACHABLE, Search, SearchFilter, eastern_time};
use crate::postmark::{ApiError, Object, Reader, ServerId, StreamId};
use rebuild::RebuiltEvent;

/// Default retention of activity, in days (Postmark: 7 to 365 with the add-on).
pub const RETENTION_DAYS: i64 = 45;

/// Events that can be rebuilt. Inbound mail is posted again by Postmark itself (`--retry-inbound`).
pub const EVENTS: [Event; 7] = [
    Event::Bounce,
    Event::SpamComplaint,
    Event::SmtpApiError,
    Event::Delivery,
    Event::Open,
    Event::Click,
    Event::SubscriptionChange,
];

/// Limitations that hold for the requested events, one sentence each.
pub fn limitations(events: &[Event]) -> Vec<&'static str> {
    let has = |event| events.contains(&event);
    let mut sentences = Vec::new();
    if has(Event::Bounce) || has(Event::SpamComplaint) {
        sentences.push("bounces: Inactive and CanActivate are today's values, Content is absent");
    }
    if has(Event::Open) {
        sentences.push("opens: Postmark keeps only the first open of each recipient");
    }
    if has(Event::Open) || has(Event::Click) {
        sentences.push("opens and clicks: those of messages sent before --since are not found");
    }
    if has(Event::SubscriptionChange) {
        sentences.push("subscription changes: reactivations leave no trace");
    }
    sentences
}

/// Selection of events to rebuild.
pub struct BackfillOptions<'a> {
    /// Earliest time, inclusive.
    pub since: Timestamp,
    /// Latest time, exclusive.
    pub until: Timestamp,
    /// Events to rebuild.
    pub events: Vec<Event>,
    /// Message streams, outbound ones only.
    pub streams: Vec<StreamId>,
    /// Events that are left out, since the endpoint has them.
    pub known: KnownEvents,
    /// Server of the events.
    pub server: ServerId,
    /// Number of concurrent requests.
    pub concurrency: usize,
    /// Whether the run was interrupted.
    pub is_interrupted: &'a (dyn Fn() -> bool + Sync),
}

/// Part of the work: one API on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pass {
    /// Bounces, spam complaints, SMTP API errors.
    Bounces,
    /// Deliveries, opens, clicks, and subscription changes of messages.
    Messages,
    /// Subscription changes without a message.
    Suppressions,
}

/// Position up to which all is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Position {
    /// Message stream.
    pub stream: StreamId,
    /// API.
    pub pass: Pass,
    /// Start of the next window.
    pub next: RecordTime,
}

/// One line of the output: a record that `replay` sends.
#[derive(Clone, Debug)]
pub struct RebuiltLine {
    /// Kind of the event.
    pub event: Event,
    /// Time of the event.
    pub time: Timestamp,
    /// The record, with its line end.
    pub line: Vec<u8>,
    /// The endpoint has the event.
    is_known: bool,
    /// Recipient of a subscription change, in lower case; empty for other events.
    recipient: String,
}

/// Receiver of the output.
pub trait BackfillSink {
    /// Error of the output.
    type Error;

    /// Takes the lines of a window, sorted by time. Afterwards all up to `position` is written.
    fn write(&mut self, lines: &[RebuiltLine], position: &Position) -> Result<(), Self::Error>;

    /// Takes the number of rows that were read, and of those known so far. Called from several threads.
    fn progress(&self, done: usize, total: usize);
}

/// Rows that cannot be reached.
#[derive(Clone, Debug)]
pub struct Unreachable {
    /// Message stream.
    pub stream: StreamId,
    /// API.
    pub pass: Pass,
    /// First second of the window.
    pub from: Timestamp,
    /// Number of rows.
    pub rows: usize,
}

/// Result of a run.
#[derive(Debug, Default)]
pub struct BackfillSummary {
    /// Number of events per kind, in the order of [`EVENTS`].
    pub written: Vec<(Event, usize)>,
    /// Events left out, since the endpoint has them.
    pub known: usize,
    /// Windows that have too many rows.
    pub unreachable: Vec<Unreachable>,
    /// Messages whose details Postmark has no longer.
    pub expired: usize,
    /// The run was interrupted.
    pub is_interrupted: bool,
}

impl BackfillSummary {
    /// Whether everything that Postmark keeps was read.
    pub fn is_complete(&self) -> bool {
        self.unreachable.is_empty() && self.expired == 0 && !self.is_interrupted
    }
}

/// Reason why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError<E> {
    /// Postmark cannot be read.
    #[error(transparent)]
    Api(ApiError),
    /// The output cannot be written.
    #[error(transparent)]
    Sink(E),
    /// Ctrl-C or a signal.
    #[error("interrupted")]
    Interrupted,
}

impl<E> From<ApiError> for BackfillError<E> {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl<E: Diagnose + 'static> Diagnose for BackfillError<E> {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Api(error) => error.diagnosis(),
            Self::Sink(error) => error.diagnosis(),
            Self::Interrupted => Diagnosis::new(Exit::Interrupted),
        }
    }
}

/// Rebuilds the selected events and writes them to `sink`, from `resume` on if the run is a continuation.
pub fn run<S: BackfillSink + Sync>(
    client: &Reader,
    options: BackfillOptions<'_>,
    resume: Option<Position>,
    sink: &mut S,
) -> Result<BackfillSummary, BackfillError<S::Error>> {
    let summary = BackfillSummary {
        written: options.events.iter().map(|event| (*event, 0)).collect(),
        ..BackfillSummary::default()
    };
    let (done, total) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut run = Run { client, options, sink, summary, done, total, suppressed: HashMap::new() };
    match run.all(resume) {
        Ok(()) => {}
        Err(BackfillError::Interrupted) => run.summary.is_interrupted = true,
        Err(error) => return Err(error),
    }
    Ok(run.summary)
}

/// A row of a search.
struct Row {
    time: Timestamp,
    /// `ID` of a bounce, `MessageID` of a message.
    id: String,
    /// The row as JSON, which takes less memory than a parsed one. Empty for messages.
    json: String,
}

struct Run<'a, S> {
    client: &'a Reader,
    options: BackfillOptions<'a>,
    sink: &'a mut S,
    summary: BackfillSummary,
    done: AtomicUsize,
    total: AtomicUsize,
    /// Suppressions of the current stream that no message explains yet, by recipient.
    suppressed: HashMap<String, Object>,
}

impl<S: BackfillSink + Sync> Run<'_, S> {
    fn all(&mut self, resume: Option<Position>) -> Result<(), BackfillError<S::Error>> {
        let mut resume = resume;
        for stream in self.options.streams.clone() {
            if resume.as_ref().is_some_and(|position| position.stream != stream) {
                continue;
            }
            self.suppressed = self.suppressions_of(&stream)?;
            for pass in [Pass::Bounces, Pass::Messages, Pass::Suppressions] {
                let since = match &resume {
                    Some(position) if position.pass != pass => continue,
                    Some(position) => position.next.0,
                    None => self.options.since,
                };
                resume = None;
                self.pass(&stream, pass, since)?;
            }
        }
        Ok(())
    }

    fn wants(&self, events: &[Event]) -> bool {
        self.options.events.iter().any(|event| events.contains(event))
    }

    fn pass(
        &mut self,
        stream: &StreamId,
        pass: Pass,
        since: Timestamp,
    ) -> Result<(), BackfillError<S::Error>> {
        let window = (second(since), second(self.options.until));
        match pass {
            Pass::Bounces => {
                let kinds = [Event::Bounce, Event::SpamComplaint, Event::SmtpApiError];
                if !self.wants(&kinds) {
                    return Ok(());
                }
                let only: Vec<_> = kinds.into_iter().filter(|kind| self.wants(&[*kind])).collect();
                let kind = match only[..] {
                    [Event::SpamComplaint] => Some("SpamComplaint"),
                    [Event::SmtpApiError] => Some("SMTPApiError"),
                    _ => None,
                };
                let more = kind.map(|kind| ("type", kind.to_owned())).into_iter().collect();
                self.windows(Search::Bounces, stream, pass, &more, window, true)
            }
            Pass::Messages => {
                let kinds = [Event::Delivery, Event::Open, Event::Click, Event::SubscriptionChange];
                if !self.wants(&kinds) {
                    return Ok(());
                }
                self.windows(Search::Messages, stream, pass, &Vec::new(), window, true)
            }
            Pass::Suppressions => {
                let rows = std::mem::take(&mut self.suppressed);
                let server = self.options.server.0;
                let events = rows
                    .values()
                    .filter_map(|row| rebuild::suppression(row, stream.as_str(), server));
                let events: Vec<_> = events.filter(|event| event.time >= since).collect();
                let lines = self.lines(events);
                self.write(lines, stream, pass, self.options.until)
            }
        }
    }

    /// Suppressions in the time of the run, by recipient. Empty unless subscription changes are requested.
    fn suppressions_of(
        &self,
        stream: &StreamId,
    ) -> Result<HashMap<String, Object>, BackfillError<S::Error>> {
        if !self.wants(&[Event::SubscriptionChange]) {
            return Ok(HashMap::new());
        }
        let rows = self.client.suppressions(stream)?.into_iter().filter_map(|row| {
            let is_inside = self.is_inside(rebuild::time_of(&row, "CreatedAt")?);
            let recipient = row.get("EmailAddress")?.as_str()?.to_lowercase();
            is_inside.then_some((recipient, row))
        });
        Ok(rows.collect())
    }

    fn is_inside(&self, time: Timestamp) -> bool {
        self.options.since <= time && time < self.options.until
    }

    /// Reads a window, split until Postmark can return all of its rows. Both ends are inclusive.
    fn windows(
        &mut self,
        search: Search,
        stream: &StreamId,
        pass: Pass,
        more: &Vec<(&'static str, String)>,
        (from, to): (Timestamp, Timestamp),
        is_whole: bool,
    ) -> Result<(), BackfillError<S::Error>> {
        self.check_interrupt()?;
        let (wide_from, wide_to) = widened(from, to);
        let filter = SearchFilter {
            stream: Some(stream.clone()),
            from: Some(wide_from),
            to: Some(wide_to),
            more: more.clone(),
        };
        let first = self.client.search(search, &filter, PAGE, 0)?;
        if is_whole {
            self.total.fetch_add(first.total, Ordering::Relaxed);
            self.advance(0);
        }
        let seconds = to.duration_since(from).as_secs();
        if first.total > REACHABLE && seconds >= 1 {
            let middle = add_seconds(from, seconds / 2);
            self.windows(search, stream, pass, more, (from, middle), false)?;
            let rest = (add_seconds(middle, 1), to);
            return self.windows(search, stream, pass, more, rest, false);
        }
        if first.total > REACHABLE {
            let rows = first.total - REACHABLE;
            self.summary.unreachable.push(Unreachable { stream: stream.clone(), pass, from, rows });
        }
        let rows = self.rows(search, &filter, first.total, first.rows)?;
        let inside = |row: &Row| second(row.time) >= from && second(row.time) <= to;
        let rows: Vec<Row> = rows.into_iter().filter(inside).collect();
        let events = match pass {
            Pass::Bounces => self.bounces(&rows)?,
            Pass::Messages => self.messages(&rows)?,
            Pass::Suppressions => Vec::new(),
        };
        self.write(events, stream, pass, add_seconds(to, 1))
    }

    /// All rows of a window. Rows that come in while the pages are read move the others; a window in which
    /// rows are missing is read once more.
    fn rows(
        &self,
        search: Search,
        filter: &SearchFilter,
        total: usize,
        first: Vec<Object>,
    ) -> Result<Vec<Row>, BackfillError<S::Error>> {
        let mut rows = HashMap::new();
        let mut total = total;
        add_rows(search, first, &mut rows);
        for attempt in 0..2 {
            let start = if attempt == 0 { PAGE } else { 0 };
            let offsets: Vec<usize> = (start..total.min(REACHABLE)).step_by(PAGE).collect();
            let pages = fanout::map(&offsets, self.options.concurrency, |offset| {
                if (self.options.is_interrupted)() {
                    return None;
                }
                Some(self.client.search(search, filter, PAGE, *offset))
            });
            for page in pages {
                let page = page.ok_or(BackfillError::Interrupted)??;
                total = page.total;
                add_rows(search, page.rows, &mut rows);
            }
            if rows.len() >= total.min(REACHABLE) {
                break;
            }
        }
        Ok(rows.into_values().collect())
    }

    fn bounces(&self, rows: &[Row]) -> Result<Vec<RebuiltLine>, BackfillError<S::Error>> {
        self.each(rows, |row| {
            let bounce: Object = serde_json::from_str(&row.json).unwrap_or_default();
            let message_id = bounce.get("MessageID").and_then(Value::as_str).unwrap_or_default();
            let metadata = self.message(message_id)?.and_then(|mut m| m.remove("Metadata"));
            Ok(rebuild::bounce(bounce, metadata).into_iter().collect())
        })
    }

    fn messages(&mut self, rows: &[Row]) -> Result<Vec<RebuiltLine>, BackfillError<S::Error>> {
        let expired = AtomicUsize::new(0);
        let wants_open = self.wants(&[Event::Open]);
        let wants_click = self.wants(&[Event::Click]);
        let server = self.options.server.0;
        let lines = self.each(rows, |row| {
            let Some(message) = self.message(&row.id)? else {
                expired.fetch_add(1, Ordering::Relaxed);
                return Ok(Vec::new());
            };
            let mut events = rebuild::deliveries(&message, server);
            events.extend(rebuild::suppressions(&message, server));
            for (search, event, kind, is_wanted) in [
                (Search::Opens, Event::Open, "Opened", wants_open),
                (Search::Clicks, Event::Click, "LinkClicked", wants_click),
            ] {
                if is_wanted && rebuild::has_event(&message, kind) {
                    let rows = self.tracked(search, &row.id)?;
                    let rebuilt = |row| rebuild::tracked(event, row, &message);
                    events.extend(rows.into_iter().filter_map(rebuilt));
                }
            }
            for event in &mut events {
                self.add_reason(event);
            }
            Ok(events)
        })?;
        self.summary.expired += expired.into_inner();
        Ok(lines)
    }

    /// All opens or clicks of a message.
    fn tracked(&self, search: Search, id: &str) -> Result<Vec<Object>, ApiError> {
        let mut rows = Vec::new();
        loop {
            let page = self.client.tracked(search, id, rows.len())?;
            let is_last = page.rows.is_empty() || rows.len() + page.rows.len() >= page.total;
            rows.extend(page.rows);
            if is_last || rows.len() >= REACHABLE {
                return Ok(rows);
            }
        }
    }

    /// Details of a message. `None` if Postmark has none for the ID (code 701).
    fn message(&self, id: &str) -> Result<Option<Object>, ApiError> {
        if id.is_empty() {
            return Ok(None);
        }
        match self.client.message(id) {
            Ok(message) => Ok(Some(message)),
            Err(ApiError::Refused(refusal)) if refusal.code == Some(701) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The reason of a suppression stands in the dump only.
    fn add_reason(&self, event: &mut RebuiltEvent) {
        let recipient = event.body.get("Recipient").and_then(Value::as_str).unwrap_or_default();
        let row = self.suppressed.get(&recipient.to_lowercase());
        if let (Event::SubscriptionChange, Some(row)) = (event.event, row)
            && let Some(reason) = row.get("SuppressionReason")
        {
            event.body.insert("SuppressionReason".to_owned(), reason.clone());
        }
    }

    /// Rebuilds the events of each row, with concurrent requests.
    fn each(
        &self,
        rows: &[Row],
        work: impl Fn(&Row) -> Result<Vec<RebuiltEvent>, ApiError> + Sync,
    ) -> Result<Vec<RebuiltLine>, BackfillError<S::Error>> {
        let results = fanout::map(rows, self.options.concurrency, |row| {
            if (self.options.is_interrupted)() {
                return None;
            }
            let lines = work(row).map(|events| self.lines(events));
            self.advance(1);
            Some(lines)
        });
        let mut lines = Vec::new();
        for result in results {
            lines.extend(result.ok_or(BackfillError::Interrupted)??);
        }
        Ok(lines)
    }

    /// The events that are requested, as lines.
    fn lines(&self, events: Vec<RebuiltEvent>) -> Vec<RebuiltLine> {
        let is_wanted =
            |event: &RebuiltEvent| self.wants(&[event.event]) && self.is_inside(event.time);
        events.into_iter().filter(is_wanted).map(|event| self.line(&event)).collect()
    }

    fn line(&self, event: &RebuiltEvent) -> RebuiltLine {
        let header = |name: &'static str, value| RecordHeader { name: name.into(), value };
        let headers = vec![
            header("Content-Type", "application/json".into()),
            header("X-PM-Webhook-Trace-Id", event.trace_id().into()),
        ];
        let body = serde_json::to_vec(&event.body).unwrap_or_default();
        let record = Record::new(event.time, "POST", "/", headers, &body);
        let mut line = Vec::new();
        Record { rebuilt: Some(Rebuilt { from: event.source.into() }), ..record }
            .write_line(&mut line);
        let recipient = match event.event {
            Event::SubscriptionChange => event.body.get("Recipient").and_then(Value::as_str),
            _ => None,
        };
        RebuiltLine {
            event: event.event,
            time: event.time,
            line,
            is_known: self.options.known.contains(event),
            recipient: recipient.unwrap_or_default().to_lowercase(),
        }
    }

    fn write(
        &mut self,
        mut lines: Vec<RebuiltLine>,
        stream: &StreamId,
        pass: Pass,
        next: Timestamp,
    ) -> Result<(), BackfillError<S::Error>> {
        let before = lines.len();
        lines.retain(|line| !line.is_known);
        self.summary.known += before - lines.len();
        for line in &lines {
            self.suppressed.remove(&line.recipient);
            let count = self.summary.written.iter_mut().find(|(event, _)| *event == line.event);
            if let Some((_, count)) = count {
                *count += 1;
            }
        }
        lines.sort_by_key(|line| line.time);
        let position = Position { stream: stream.clone(), pass, next: RecordTime(next) };
        self.sink.write(&lines, &position).map_err(BackfillError::Sink)
    }

    fn check_interrupt(&self) -> Result<(), BackfillError<S::Error>> {
        if (self.options.is_interrupted)() { Err(BackfillError::Interrupted) } else { Ok(()) }
    }

    fn advance(&self, rows: usize) {
        let done = self.done.fetch_add(rows, Ordering::Relaxed) + rows;
        self.sink.progress(done, self.total.load(Ordering::Relaxed).max(done));
    }
}

/// The whole second that a time is in. Search filters have no fractions.
fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn add_seconds(time: Timestamp, seconds: i64) -> Timestamp {
    time.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(time)
}

/// A window whose ends are unambiguous in Eastern time. In the hour that occurs twice in autumn, Postmark
/// may mean either one, so that the window grows by an hour; rows outside are dropped afterwards.
fn widened(from: Timestamp, to: Timestamp) -> (Timestamp, Timestamp) {
    let is_ambiguous = |time: Timestamp| {
        let zone = eastern_time();
        let local = time.to_zoned(zone.clone()).datetime();
        zone.to_ambiguous_timestamp(local).is_ambiguous()
    };
    let from = if is_ambiguous(from) { add_seconds(from, -3600) } else { from };
    let to = if is_ambiguous(to) { add_seconds(to, 3600) } else { to };
    (from, to)
}

fn add_rows(search: Search, rows: Vec<Object>, all: &mut HashMap<String, Row>) {
    let (id_field, time_field) = match search {
        Search::Bounces => ("ID", "BouncedAt"),
        _ => ("MessageID", "ReceivedAt"),
    };
    for row in rows {
        let id = match row.get(id_field) {
            Some(Value::String(id)) => id.clone(),
            Some(id) => id.to_string(),
            None => continue,
        };
        let Some(time) = rebuild::time_of(&row, time_field) else { continue };
        let json = match search {
            Search::Bounces => serde_json::to_string(&row).unwrap_or_default(),
            _ => String::new(),
        };
        all.insert(id.clone(), Row { time, id, json });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_ends_in_the_repeated_hour_is_widened() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        // Clocks go back on 1 November 2026 at 06:00 UTC: 01:00 to 02:00 occurs at 05:00 and 06:00 UTC.
        let cases = [
            ("2026-11-01T03:00:00Z", "2026-11-01T04:59:59Z", 0, 0),
            ("2026-11-01T03:00:00Z", "2026-11-01T05:30:00Z", 0, 3600),
            ("2026-11-01T06:30:00Z", "2026-11-01T09:00:00Z", -3600, 0),
            ("2026-11-01T07:00:00Z", "2026-11-01T09:00:00Z", 0, 0),
        ];
        for (from, to, before, after) in cases {
            let (from, to) = (time(from), time(to));
            let expected = (add_seconds(from, before), add_seconds(to, after));
            assert_eq!(widened(from, to), expected, "{from} {to}");
        }
    }
}
