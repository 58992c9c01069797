//! Output of `listen`: a line or an object per event, and messages about everything else.

use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::error::{Result, ResultExt as _};
use crate::event::{Event, Received};
use crate::http::server::BodyError;
use crate::ops::receive::{
    Dedup, EventBody, EventRequest, EventSummary, ForwardNotice, ForwardReport, Notice,
    NoticeReceiver, RejectReason, Rejection,
};
use crate::ops::record::{Base64Bytes, RecordTime, masked_path};
use crate::postmark::mask::Reveal;
use crate::term::text::{excerpt, visible};
use crate::term::{Format, Settings, Tone, Ui, json};

/// Minimum time between two messages about events that were not shown.
const DROPPED_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum length of a detail in characters.
const MAX_DETAIL: usize = 100;
/// Maximum length of a body that is not JSON, in characters.
const MAX_TEXT: usize = 10_000;
/// Widths of the columns on a terminal.
const EVENT_WIDTH: usize = 19;
const RECIPIENT_WIDTH: usize = 24;
const MIN_DETAIL_WIDTH: usize = 11;
/// Width in columns from which an event fits on one line of a terminal.
const ONE_LINE_WIDTH: usize = 160;

/// Reports notices and counts events.
pub(super) struct EventLog<'a> {
    ui: &'a Ui,
    max_body: usize,
    dedup: Dedup,
    counts: Counts,
    /// Events that were not shown and not reported yet.
    dropped: u64,
    last_dropped_report: Option<Instant>,
    is_count_reached: bool,
}

#[derive(Default)]
struct Counts {
    events: [u64; Event::ALL.len()],
    others: u64,
    repeated: u64,
    rejected: u64,
    not_shown: u64,
}

impl<'a> EventLog<'a> {
    pub(super) fn new(ui: &'a Ui, max_body: usize) -> Self {
        Self {
            ui,
            max_body,
            dedup: Dedup::default(),
            counts: Counts::default(),
            dropped: 0,
            last_dropped_report: None,
            is_count_reached: false,
        }
    }

    /// Whether `--count` events were received.
    pub(super) fn is_count_reached(&self) -> bool {
        self.is_count_reached
    }

    /// Reports a notice.
    pub(super) fn report(&mut self, notice: Notice) -> Result<()> {
        match notice {
            Notice::Event(request) => {
                self.event(&request).context("cannot write to standard output")?;
            }
            Notice::Rejected(rejection) => {
                self.counts.rejected += 1;
                self.say(Tone::Warn, &self.rejection(&rejection));
            }
            Notice::RecordFailed(reason) => {
                let consequence = "events are answered with 503 until this works again";
                let message = format!("pmhooks: error: {reason}; {consequence}");
                self.ui.line(&self.ui.err_tone(Tone::Bad, &visible(&message)));
            }
            Notice::RecordRecovered => self.say(Tone::Good, "the record can be written again"),
            Notice::RecordRecreated => {
                self.say(Tone::Warn, "the record was moved or removed; a new file was created");
            }
            Notice::Forward(target, notice) => {
                let (tone, message) = forward_message(&target, &notice);
                self.say(tone, &message);
            }
            Notice::CountReached => self.is_count_reached = true,
        }
        Ok(())
    }

    /// Reports all notices that wait.
    pub(super) fn drain(&mut self, notices: &NoticeReceiver) -> Result<()> {
        while let Some(notice) = notices.next(Duration::ZERO) {
            self.report(notice)?;
        }
        Ok(())
    }

    /// Reports events that arrived faster than they were shown, at most once per interval.
    pub(super) fn report_dropped(&mut self, count: u64) {
        self.dropped += count;
        let is_due = self.last_dropped_report.is_none_or(|last| last.elapsed() >= DROPPED_INTERVAL);
        if self.dropped > 0 && is_due {
            let count = std::mem::take(&mut self.dropped);
            self.counts.not_shown += count;
            self.last_dropped_report = Some(Instant::now());
            let reason = "they arrived faster than the output was read (-q shows no events)";
            self.say(Tone::Warn, &format!("{count} events were not shown: {reason}"));
        }
    }

    /// Prints the counts of the run.
    pub(super) fn summarize(
        &mut self,
        notices: &NoticeReceiver,
        forwarded: &[ForwardReport],
        record: Option<&Path>,
    ) {
        self.counts.not_shown += self.dropped + notices.take_dropped();
        let received = notices.event_count();
        self.ui.note(&self.counts.sentence(received, notices.not_selected_count()));
        for report in forwarded {
            self.ui.note(&forward_sentence(report));
        }
        if let Some(path) = record.filter(|_| received > 0) {
            let path = shell_words::quote(&path.to_string_lossy()).into_owned();
            self.ui.note(&format!("Send them again: pmhooks replay {path} --to URL|ID"));
        }
    }

    fn event(&mut self, request: &EventRequest) -> std::io::Result<()> {
        let summary = EventSummary::new(request, &mut self.dedup);
        self.counts.add(&summary);
        let settings = &self.ui.settings;
        if settings.format == Format::Jsonl {
            let object = EventObject::new(request, &summary, settings.reveal);
            return self.ui.data(&json::compact(&object));
        }
        let mut text = event_line(request, &summary, settings);
        if settings.verbose > 0 {
            text.push_str(&body_text(request, &summary, settings));
        }
        self.ui.data(&text)
    }

    fn rejection(&self, Rejection { reason, method, path }: &Rejection) -> String {
        let why = match reason {
            RejectReason::NoCredentials => "401, no credentials".to_owned(),
            RejectReason::WrongCredentials => "401, wrong credentials".to_owned(),
            RejectReason::Method => "405, events are posted".to_owned(),
            RejectReason::Body(BodyError::TooLarge) => {
                format!("413, the body is larger than {} bytes (--max-body)", self.max_body)
            }
            RejectReason::Body(BodyError::TooSlow) => "408, the body took too long".to_owned(),
            RejectReason::Body(BodyError::OverBudget) => {
                "503, too many large events at once".to_owned()
            }
            RejectReason::Body(BodyError::Malformed) => "400, the body is malformed".to_owned(),
        };
        format!("rejected {method} {path}: {why}")
    }

    fn say(&self, tone: Tone, message: &str) {
        if !self.ui.settings.quiet {
            self.ui.line(&self.ui.err_tone(tone, &format!("pmhooks: {}", visible(message))));
        }
    }
}

impl Counts {
    fn add(&mut self, summary: &EventSummary) {
        self.repeated += u64::from(summary.is_repeated);
        let count = match &summary.event {
            Received::Known(event) => Event::ALL
                .iter()
                .position(|known| known == event)
                .and_then(|index| self.events.get_mut(index)),
            Received::Other(_) => None,
        };
        *count.unwrap_or(&mut self.others) += 1;
    }

    fn sentence(&self, received: u64, not_selected: u64) -> String {
        let known = Event::ALL.iter().zip(self.events).map(|(event, count)| (event.name(), count));
        let kinds: Vec<_> = known
            .chain([("other", self.others)])
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        let events = if received == 1 { "event" } else { "events" };
        let colon = if kinds.is_empty() { "" } else { ": " };
        let mut sentence = format!("Received {received} {events}{colon}{}", kinds.join(", "));
        for (count, what) in [
            (self.repeated, "repeated"),
            (self.not_shown, "not shown"),
            (not_selected, "not selected by --event"),
            (self.rejected, "rejected"),
        ] {
            if count > 0 {
                sentence += &format!("; {count} {what}");
            }
        }
        sentence + "."
    }
}

fn forward_message(target: &str, notice: &ForwardNotice) -> (Tone, String) {
    match notice {
        ForwardNotice::Retrying(reason) => {
            (Tone::Warn, format!("cannot forward to {target}: {reason}; retrying"))
        }
        ForwardNotice::Recovered => (Tone::Good, format!("forwarding to {target} works again")),
        ForwardNotice::Failed { trace_id, reason } => {
            let trace = trace_id.as_ref().map(|trace_id| format!(" with trace ID {trace_id}"));
            let trace = trace.unwrap_or_default();
            (Tone::Bad, format!("an event{trace} was not forwarded to {target}: {reason}"))
        }
        ForwardNotice::QueueFull => (
            Tone::Bad,
            format!("the queue for {target} is full: new events are not forwarded to it"),
        ),
    }
}

fn forward_sentence(ForwardReport { target, counts }: &ForwardReport) -> String {
    let total = counts.forwarded + counts.failed + counts.unsent;
    let events = if total == 1 { "event" } else { "events" };
    let mut sentence = format!("Forwarded {} of {total} {events} to {target}", counts.forwarded);
    for (count, what) in [(counts.failed, "failed"), (counts.unsent, "not sent")] {
        if count > 0 {
            sentence += &format!("; {count} {what}");
        }
    }
    sentence + "."
}

/// An event in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventObject<'a> {
    time: RecordTime,
    event: &'a str,
    recipient: Option<&'a str>,
    detail: Option<&'a str>,
    message_stream: Option<&'a str>,
    trace_id: Option<&'a str>,
    retries_remaining: Option<u64>,
    repeated: bool,
    path: Cow<'a, str>,
    #[serde(flatten)]
    body: BodyObject<'a>,
}

#[derive(Serialize)]
enum BodyObject<'a> {
    #[serde(rename = "Body")]
    Json(&'a Value),
    #[serde(rename = "Body")]
    Text(&'a str),
    #[serde(rename = "BodyBase64")]
    Binary(Base64Bytes<'a>),
}

impl<'a> EventObject<'a> {
    fn new(request: &'a EventRequest, summary: &'a EventSummary, reveal: Reveal) -> Self {
        let known = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        Self {
            time: RecordTime(request.time),
            event: summary.event.key(),
            recipient: known(&summary.recipient),
            detail: known(&summary.detail),
            message_stream: known(&summary.stream),
            trace_id: summary.trace_id.as_deref(),
            retries_remaining: summary.retries_remaining,
            repeated: summary.is_repeated,
            path: shown_path(request, reveal),
            body: match &summary.body {
                EventBody::Json(value) => BodyObject::Json(value),
                EventBody::Text(text) => BodyObject::Text(text),
                EventBody::Binary(bytes) => BodyObject::Binary(Base64Bytes(bytes.into())),
            },
        }
    }
}

/// The path of a request. Secret query values are masked unless `--show-secrets` is given.
fn shown_path(request: &EventRequest, reveal: Reveal) -> Cow<'_, str> {
    match reveal {
        Reveal::Masked => masked_path(request.path()),
        Reveal::Shown => Cow::Borrowed(request.path()),
    }
}

/// An event for people: one line, or two aligned lines on a terminal that is too narrow for one.
fn event_line(request: &EventRequest, summary: &EventSummary, settings: &Settings) -> String {
    let dash =
        |text: &str| if text.is_empty() { "-".to_owned() } else { excerpt(text, MAX_DETAIL) };
    let trace_id = summary.trace_id.as_deref().map_or_else(|| "-".into(), visible);
    let repeated = summary.is_repeated.then(|| (Tone::Warn, "repeated".to_owned()));
    let retries = summary.retries_remaining.map(|retries| format!("{retries} left"));
    let retries = retries.map(|retries| (Tone::Faint, retries));
    let time = (Tone::Faint, local_time(request.time));
    let event = (event_tone(summary), fit(summary.event.name(), EVENT_WIDTH));
    let detail = dash(&summary.detail);
    let stream = (Tone::Faint, dash(&summary.stream));
    let paint = |parts: Vec<(Tone, String)>| -> String {
        let painted = parts.iter().map(|(tone, text)| tone.paint(text, settings.color_out));
        painted.collect::<Vec<_>>().join("  ") + "\n"
    };
    let Some(width) = settings.width.map(usize::from) else {
        // A pipe cuts nothing.
        let recipient = format!("{:<RECIPIENT_WIDTH$}", dash(&summary.recipient));
        let mut parts = vec![time, event, (Tone::Plain, recipient)];
        parts.extend(repeated);
        parts.extend([(Tone::Plain, detail), stream]);
        parts.extend(retries);
        parts.push((Tone::Faint, trace_id.into_owned()));
        return paint(parts);
    };
    let recipient = (Tone::Plain, fit(&dash(&summary.recipient), RECIPIENT_WIDTH));
    let used = time.1.width() + EVENT_WIDTH + RECIPIENT_WIDTH + 6;
    let first = [time, event, recipient];
    // The trace ID is never cut: it is copied to search a log.
    let mut second = vec![(Tone::Faint, trace_id.into_owned()), stream];
    second.extend(retries);
    second.extend(repeated);
    let second_width: usize = second.iter().map(|(_, text)| text.width() + 2).sum();
    let is_one_line = width >= ONE_LINE_WIDTH.max(used + MIN_DETAIL_WIDTH + second_width);
    let room = width.saturating_sub(used + if is_one_line { second_width } else { 0 });
    let detail = fit(&detail, room.max(MIN_DETAIL_WIDTH));
    let first = Vec::from(first);
    if is_one_line {
        return paint([first, vec![(Tone::Plain, detail)], second].concat());
    }
    let detail = (Tone::Plain, detail.trim_end().to_owned());
    let indent = " ".repeat("00:00:00  ".len());
    paint([first, vec![detail]].concat()) + &indent + &paint(second)
}

/// Text cut or padded to a width in columns.
fn fit(text: &str, width: usize) -> String {
    let text = visible(text);
    if text.width() <= width {
        return format!("{text}{}", " ".repeat(width - text.width()));
    }
    let mut cut = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or_default();
        if used >= width {
            break;
        }
        cut.push(c);
    }
    let padding = width.saturating_sub(cut.width() + 1);
    format!("{cut}…{}", " ".repeat(padding))
}

/// The path and the body of an event, indented.
fn body_text(request: &EventRequest, summary: &EventSummary, settings: &Settings) -> String {
    let color = settings.color_out;
    let path = shown_path(request, settings.reveal);
    let path = Tone::Faint.paint(&format!("POST {}", visible(&path)), color);
    let text = match &summary.body {
        EventBody::Json(value) => json::colored(value, color),
        EventBody::Text(text) => excerpt(text, MAX_TEXT) + "\n",
        EventBody::Binary(bytes) => {
            excerpt(&Base64Bytes(bytes.into()).to_string(), MAX_TEXT) + "\n"
        }
    };
    std::iter::once(path.as_str()).chain(text.lines()).flat_map(|line| ["  ", line, "\n"]).collect()
}

fn event_tone(summary: &EventSummary) -> Tone {
    match summary.event.event() {
        Some(Event::Bounce | Event::SpamComplaint | Event::SmtpApiError) => Tone::Bad,
        Some(Event::Delivery) => Tone::Good,
        Some(Event::SubscriptionChange) | None => Tone::Warn,
        Some(Event::Open | Event::Click | Event::Inbound) => Tone::Plain,
    }
}

/// Time of day in the system's time zone.
fn local_time(time: Timestamp) -> String {
    let time = time.to_zoned(TimeZone::system()).time();
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_or_padded_to_its_columns() {
        for (text, expected) in [
            ("", "    "),
            ("ab", "ab  "),
            ("abcd", "abcd"),
            ("abcde", "abc…"),
            ("漢字漢", "漢… "),
            ("a\nb", "a\\nb"),
        ] {
            assert_eq!(fit(text, 4), expected, "{text}");
            assert_eq!(fit(text, 4).width(), 4, "{text}");
        }
    }
}
