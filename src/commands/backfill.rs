//! `backfill`: rebuilds lost events from Postmark's APIs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Context;
use crate::commands::options::Confirm;
use crate::commands::options::event::{EventWord, events, events_or_all};
use crate::commands::options::parse::Moment;
use crate::commands::options::parse::{quiet, quiet_with, width};
use crate::error::{
    CommandError, Diagnose, Diagnosis, Exit, Hint, Invocation, Result, ResultExt as _,
};
use crate::event::Event;
use crate::fs::append::{Appender, Owner};
use crate::fs::{self, Access, FsError};
use crate::ops::backfill::{
    self, BackfillOptions, BackfillSink, BackfillSummary, KnownEvents, Position, RebuiltLine,
};
use crate::ops::record::RecordTime;
use crate::postmark::activity::{PAGE, REACHABLE, Search, SearchFilter};
use crate::postmark::{StreamFilter, StreamId, StreamType, Writer};
use crate::term::{Cell, Column, Report, Row, Ui};

/// Rebuild lost events from Postmark's APIs
///
/// Postmark keeps no webhook event after its last retry, but it keeps bounces,
/// messages and suppressions (45 days by default). This command rebuilds the
/// events of a time range and writes them in the format of `listen --record`;
/// `replay` sends them.
///
/// With --missing-from, events that the endpoint already has are left out: a
/// record of `listen`, or a list of MessageIDs, one per line. Without it,
/// endpoints receive duplicates, since rebuilt trace IDs are not Postmark's.
///
/// Failed inbound mail is not rebuilt: with --retry-inbound Postmark posts it
/// again.
///
/// Examples:
///     pmhooks backfill --since 8d --missing-from record.jsonl \
///         --output-file lost.jsonl
///     pmhooks replay lost.jsonl --to 1234567
///     pmhooks backfill --since 2026-11-20 --until 2026-11-27 --dry-run
///     pmhooks backfill --resume lost.jsonl
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Earliest time, such as 2026-11-27T09:00:00Z, or 8d for eight days ago
    #[arg(long, value_name = "TIME", required_unless_present = "resume", value_parser = quiet::<Moment>())]
    since: Option<Moment>,
    /// Latest time [default: now]
    #[arg(long, value_name = "TIME", value_parser = quiet::<Moment>())]
    until: Option<Moment>,
    /// Events to rebuild [default: all but inbound]
    #[arg(long, value_name = "EVENT,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = events_or_all())]
    event: Vec<EventWord>,
    /// Message streams [default: all outbound ones, archived ones too]
    #[arg(long, value_name = "ID,...", value_delimiter = ',', value_parser = quiet::<StreamId>())]
    stream: Vec<StreamId>,
    /// Leave out events in this record, or of these MessageIDs
    #[arg(long, value_name = "FILE")]
    missing_from: Option<PathBuf>,
    /// Write to a new private file instead of standard output
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Continue an interrupted run into this output file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "until", "event", "stream",
          "missing_from", "output_file", "retry_inbound", "dry_run"])]
    resume: Option<PathBuf>,
    /// Have Postmark post failed inbound mail of this time again
    #[arg(long)]
    retry_inbound: bool,
    /// Number of concurrent requests
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = quiet_with(width))]
    concurrency: usize,
    #[command(flatten)]
    confirm: Confirm,
}

/// State of a run with an output file, kept beside it until the run is complete.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedRun {
    version: u32,
    api_url: String,
    #[serde(rename = "ServerID")]
    server_id: i64,
    since: RecordTime,
    until: RecordTime,
    events: Vec<String>,
    streams: Vec<StreamId>,
    missing_from: Option<PathBuf>,
    /// All up to here is in the output file.
    position: Option<Position>,
    /// Length of the output file at that position, in bytes.
    bytes: u64,
}

/// Version of [`SavedRun`].
const VERSION: u32 = 1;

/// Largest state file that is read, in bytes.
const LARGEST_STATE: u64 = 1024 * 1024;

/// Runs the command.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<BackfillReport>()?;
    let now = Timestamp::now();
    let resumed = args.resume.as_deref().map(SavedRun::read).transpose()?;
    let plan = match resumed {
        Some(saved) => saved,
        None => plan(args, now)?,
    };
    if args.retry_inbound {
        cx.may_write(&args.confirm)?;
    }
    let missing_from = plan.missing_from.clone();
    let known = known_events(missing_from.as_deref(), args, cx)?;
    let session = cx.session()?;
    let server = session
        .client
        .server()
        .with_context(|| format!("cannot read the server of {}", session.place()))?;
    let plan =
        plan.bound_to(&session.target.api_url.to_string(), server.id.0, args.resume.as_deref())?;
    if plan.since.0 < now - SignedDuration::from_hours(24 * backfill::RETENTION_DAYS) {
        cx.ui.warn(
            "--since is more than 45 days ago: Postmark keeps activity for 45 days by default",
        );
    }
    let plan = with_streams(plan, cx)?;
    let retried = if args.retry_inbound { Some(retry_inbound(args, &plan, cx)?) } else { None };

    let ui = &cx.ui;
    let mut output = Output::open(args, &plan, ui)?;
    ui.interrupts.go_gently();
    let options = BackfillOptions {
        since: plan.since.0,
        until: plan.until.0,
        events: plan.events(),
        streams: plan.streams.clone(),
        known: match args.resume.as_deref() {
            // What is in the output already is known as well: a suppression may be told by two APIs.
            Some(path) => known.with_record(path).context("cannot read the output file")?,
            None => known,
        },
        server: server.id,
        concurrency: args.concurrency,
        is_interrupted: &|| ui.interrupts.is_asked(),
    };
    let position = plan.position.clone();
    let result = backfill::run(&session.client, options, position, &mut output);
    let resume = output.resume_hint();
    let summary = result.map_err(|error| {
        let error = CommandError::from(error).context("cannot rebuild all events");
        resume.clone().into_iter().fold(error, CommandError::hint)
    })?;
    finish(summary, output, retried, &plan, cx)
}

fn plan(args: &Args, now: Timestamp) -> Result<SavedRun> {
    let resolve = |moment: Moment| moment.resolve(now);
    let since = args.since.map_or(now, resolve);
    let until = args.until.map_or(now, resolve).min(now);
    if since >= now {
        return Err(CommandError::usage("--since is in the future"));
    }
    if since >= until {
        return Err(CommandError::usage("--since must be before --until"));
    }
    let named = events(&args.event);
    if named.contains(&Event::Inbound) && !args.event.contains(&EventWord::All) {
        return Err(CommandError::usage("inbound mail cannot be rebuilt")
            .hint("--retry-inbound makes Postmark post failed inbound mail again"));
    }
    let is_named = |event: &Event| named.is_empty() || named.contains(event);
    let events = backfill::EVENTS.into_iter().filter(is_named);
    Ok(SavedRun {
        version: VERSION,
        api_url: String::new(),
        server_id: 0,
        since: RecordTime(since),
        until: RecordTime(until),
        events: events.map(|event| event.name().to_owned()).collect(),
        streams: args.stream.clone(),
        missing_from: args.missing_from.clone(),
        position: None,
        bytes: 0,
    })
}

impl SavedRun {
    /// Path of the state beside an output file.
    fn path(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".resume");
        name.into()
    }

    fn read(output: &Path) -> Result<Self> {
        let path = Self::path(output);
        let attempt = || format!("cannot resume {}", output.display());
        let content = fs::read(&path, LARGEST_STATE).map_err(|error| {
            let missing = error.is_missing();
            let error = CommandError::from(error).context(attempt());
            if missing {
                error.hint("it is complete, or it is not an output file of backfill")
            } else {
                error
            }
        })?;
        let saved: Self = serde_json::from_slice(&content.bytes).map_err(|_| {
            CommandError::usage(format!("{} is damaged", path.display())).context(attempt())
        })?;
        if saved.version != VERSION {
            let why = format!("{} was written by another version", path.display());
            return Err(CommandError::usage(why).context(attempt()));
        }
        Ok(saved)
    }

    /// The events to rebuild.
    fn events(&self) -> Vec<Event> {
        self.events.iter().filter_map(|name| name.parse().ok()).collect()
    }

    /// The run on this server. A run that is resumed belongs to its server.
    fn bound_to(self, api_url: &str, server_id: i64, resumed: Option<&Path>) -> Result<Self> {
        let is_same = self.api_url == api_url && self.server_id == server_id;
        match resumed {
            Some(path) if !is_same => Err(CommandError::usage(format!(
                "{} belongs to server {} of {}, not to server {server_id} of {api_url}",
                path.display(),
                self.server_id,
                self.api_url
            ))),
            _ => Ok(Self { api_url: api_url.to_owned(), server_id, ..self }),
        }
    }
}

/// All outbound streams, where none is named.
fn with_streams(plan: SavedRun, cx: &Context) -> Result<SavedRun> {
    if !plan.streams.is_empty() {
        return Ok(plan);
    }
    let session = cx.session()?;
    let filter = StreamFilter { kind: None, archived: true };
    let streams = session
        .client
        .streams(filter)
        .with_context(|| format!("cannot list the message streams of {}", session.place()))?;
    let outbound = streams
        .iter()
        .filter(|stream| stream.text("MessageStreamType") != StreamType::Inbound.key());
    Ok(SavedRun { streams: outbound.map(|stream| stream.id.clone()).collect(), ..plan })
}

fn known_events(path: Option<&Path>, args: &Args, cx: &Context) -> Result<KnownEvents> {
    let Some(path) = path else {
        if !args.confirm.dry_run && args.resume.is_none() {
            cx.ui.warn(
                "without --missing-from, endpoints receive duplicates of events that they already have",
            );
        }
        return Ok(KnownEvents::default());
    };
    let (known, damaged) =
        KnownEvents::read(path).context("cannot read the events of --missing-from")?;
    if !damaged.is_empty() {
        let lines: Vec<_> = damaged.iter().take(5).map(u64::to_string).collect();
        let more = if damaged.len() > 5 { ", ..." } else { "" };
        cx.ui.warn(&format!(
            "damaged lines of {} were skipped: {}{more}",
            path.display(),
            lines.join(", ")
        ));
    }
    Ok(known)
}

/// Failed inbound messages that Postmark posts again.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RetriedInbound {
    /// Messages that failed in this time.
    failed: usize,
    /// Messages that were rescheduled; none in a dry run.
    rescheduled: usize,
}

fn retry_inbound(args: &Args, plan: &SavedRun, cx: &Context) -> Result<RetriedInbound> {
    let session = cx.session()?;
    let filter = SearchFilter {
        stream: None,
        from: Some(plan.since.0),
        to: Some(plan.until.0),
        more: vec![("status", "failed".to_owned())],
    };
    let attempt = || format!("cannot list the failed inbound mail of {}", session.place());
    let mut ids = Vec::new();
    loop {
        let page = session.client.search(Search::InboundMessages, &filter, PAGE, ids.len());
        let page = page.with_context(attempt)?;
        let found =
            page.rows.iter().filter_map(|row| Some(row.get("MessageID")?.as_str()?.to_owned()));
        ids.extend(found);
        if page.rows.is_empty() || ids.len() >= page.total.min(REACHABLE) {
            break;
        }
    }
    let mut retried = RetriedInbound { failed: ids.len(), rescheduled: 0 };
    if ids.is_empty() || args.confirm.dry_run {
        return Ok(retried);
    }
    let question = format!("Have Postmark post {} failed inbound messages again?", ids.len());
    let writer: Writer = cx.write(&args.confirm.confirm, Some(&question))?;
    for id in &ids {
        writer.retry_inbound(id).with_context(|| {
            format!(
                "cannot retry inbound message {id}; {} of {} were rescheduled",
                retried.rescheduled, retried.failed
            )
        })?;
        retried.rescheduled += 1;
        cx.ui.progress(&format!(
            "Retrying inbound mail: {} of {}…",
            retried.rescheduled,
            ids.len()
        ));
    }
    Ok(retried)
}

/// Destination of the lines.
struct Output<'a> {
    ui: &'a Ui,
    started: Instant,
    /// Milliseconds from the start to the last progress.
    shown: AtomicUsize,
    target: Target,
}

enum Target {
    /// Nothing is written: `--dry-run`.
    Nowhere,
    Stdout,
    File {
        path: PathBuf,
        appender: Appender,
        saved: Box<SavedRun>,
    },
}

/// Reason why a line cannot be written.
#[derive(Debug, thiserror::Error)]
enum OutputError {
    #[error(transparent)]
    File(#[from] FsError),
    #[error("cannot write to standard output")]
    Stdout(#[source] std::io::Error),
}

impl Diagnose for OutputError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::File(error) => error.diagnosis(),
            Self::Stdout(error) => error.diagnosis(),
        }
    }
}

impl<'a> Output<'a> {
    fn open(args: &Args, plan: &SavedRun, ui: &'a Ui) -> Result<Self> {
        let file = args.resume.as_ref().or(args.output_file.as_ref());
        let target = match file {
            _ if args.confirm.dry_run => Target::Nowhere,
            None => Target::Stdout,
            Some(path) => {
                if args.resume.is_none() {
                    fs::write_new(path, b"").map_err(|error| {
                        let exists = error.already_exists();
                        let error = CommandError::from(error);
                        let resume = Hint::command(
                            "continue an interrupted run",
                            Invocation::new("backfill --resume").arg(path.display()),
                        );
                        if exists { error.hint(resume) } else { error }
                    })?;
                }
                let (mut appender, _) = Appender::open(path, false, Owner::User)?;
                appender.truncate(plan.bytes)?;
                let saved = SavedRun {
                    events: plan.events.clone(),
                    streams: plan.streams.clone(),
                    api_url: plan.api_url.clone(),
                    missing_from: plan.missing_from.clone(),
                    position: plan.position.clone(),
                    ..*plan
                };
                saved.write(path)?;
                Target::File { path: path.clone(), appender, saved: Box::new(saved) }
            }
        };
        Ok(Self { ui, started: Instant::now(), shown: AtomicUsize::new(0), target })
    }

    /// The command that continues this run.
    fn resume_hint(&self) -> Option<Hint> {
        match &self.target {
            Target::File { path, .. } => Some(Hint::command(
                "continue",
                Invocation::new("backfill --resume").arg(path.display()),
            )),
            Target::Nowhere | Target::Stdout => None,
        }
    }
}

impl SavedRun {
    fn write(&self, output: &Path) -> Result<(), FsError> {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        fs::replace(&Self::path(output), &bytes, Access::Private)
    }
}

impl BackfillSink for Output<'_> {
    type Error = OutputError;

    fn write(&mut self, lines: &[RebuiltLine], position: &Position) -> Result<(), OutputError> {
        let bytes = lines.iter().flat_map(|line| line.line.iter().copied()).collect::<Vec<u8>>();
        match &mut self.target {
            Target::Nowhere => Ok(()),
            Target::Stdout => {
                self.ui.data(&String::from_utf8_lossy(&bytes)).map_err(OutputError::Stdout)
            }
            Target::File { path, appender, saved } => {
                if !bytes.is_empty() {
                    appender.append(&bytes)?;
                }
                saved.bytes += bytes.len() as u64;
                saved.position = Some(position.clone());
                Ok(saved.write(path)?)
            }
        }
    }

    fn progress(&self, done: usize, total: usize) {
        let elapsed = self.started.elapsed();
        let now = usize::try_from(elapsed.as_millis()).unwrap_or(usize::MAX);
        // Ten times a second is enough.
        if done < total && now < self.shown.load(Ordering::Relaxed) + 100 {
            return;
        }
        self.shown.store(now, Ordering::Relaxed);
        let left = remaining(elapsed, done, total).map_or(String::new(), |left| {
            format!(
                ", {} left",
                SignedDuration::try_from(left).map_or(String::new(), |l| format!("{l:#}"))
            )
        });
        self.ui.progress(&format!("Reading Postmark's activity: {done} of {total}{left}…"));
    }
}

/// Time until all rows are read, to the second. `None` until a hundredth is read.
fn remaining(elapsed: Duration, done: usize, total: usize) -> Option<Duration> {
    if done == 0 || done * 100 < total || done >= total {
        return None;
    }
    let left = u32::try_from(total - done).ok()?;
    let rate = u32::try_from(done).ok()?;
    Some(Duration::from_secs((elapsed * left / rate).as_secs()))
}

/// Result of a run.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BackfillReport {
    since: RecordTime,
    until: RecordTime,
    results: Vec<EventCount>,
    already_known: usize,
    expired_messages: usize,
    unreachable_rows: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    retried_inbound: Option<RetriedInbound>,
    limitations: Vec<&'static str>,
}

/// Number of rebuilt events of a kind.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventCount {
    event: &'static str,
    rebuilt: usize,
    #[serde(skip)]
    name: &'static str,
}

impl Report for BackfillReport {
    const COLUMNS: &'static [Column] =
        &[Column::new("event", "Event"), Column::new("rebuilt", "Rebuilt")];
    const KEYS: &'static [&'static str] = &["Event", "Rebuilt"];
    const FORMATS: &'static [crate::term::Format] = &[];

    fn rows(&self) -> Vec<Row> {
        let row = |count: &EventCount| {
            Row::new([Cell::new(count.name), Cell::new(count.rebuilt.to_string())])
        };
        self.results.iter().map(row).collect()
    }
}

fn finish(
    summary: BackfillSummary,
    output: Output<'_>,
    retried: Option<RetriedInbound>,
    plan: &SavedRun,
    cx: &Context,
) -> Result<Exit> {
    let limitations = backfill::limitations(&plan.events());
    let unreachable = summary.unreachable.iter().map(|window| window.rows).sum();
    let total: usize = summary.written.iter().map(|(_, count)| count).sum();
    let is_dry = matches!(output.target, Target::Nowhere);
    let resume = output.resume_hint();
    if !matches!(output.target, Target::Stdout) {
        let count = |(event, rebuilt): &(Event, usize)| EventCount {
            event: event.key(),
            rebuilt: *rebuilt,
            name: event.name(),
        };
        let report = BackfillReport {
            since: plan.since,
            until: plan.until,
            results: summary.written.iter().map(count).collect(),
            already_known: summary.known,
            expired_messages: summary.expired,
            unreachable_rows: unreachable,
            retried_inbound: retried,
            limitations: limitations.clone(),
        };
        cx.show_run(&report, is_dry)?;
    }
    for sentence in &limitations {
        cx.ui.note(&format!("Not rebuilt: {sentence}."));
    }
    if let Some(retried) = retried {
        let RetriedInbound { failed, rescheduled } = retried;
        cx.ui.note(&format!("Inbound: {rescheduled} of {failed} failed messages rescheduled."));
    }
    let verb = if is_dry { "would be rebuilt" } else { "rebuilt" };
    let known = match summary.known {
        0 => String::new(),
        known => format!(", {known} already known"),
    };
    cx.ui.note(&format!("{total} events {verb}{known}."));
    if summary.is_interrupted {
        let error =
            CommandError::new(Exit::Interrupted, "interrupted before all events were rebuilt");
        return Err(resume.into_iter().fold(error, CommandError::hint));
    }
    if let Target::File { path, .. } = &output.target {
        fs::remove(&SavedRun::path(path))?;
    }
    if summary.is_complete() {
        return Ok(Exit::Done);
    }
    let mut causes = Vec::new();
    for window in &summary.unreachable {
        causes.push(format!(
            "{} rows of stream {} in the second {} are beyond Postmark's {REACHABLE}",
            window.rows, window.stream, window.from
        ));
    }
    if summary.expired > 0 {
        causes.push(format!("Postmark no longer has the details of {} messages", summary.expired));
    }
    Err(CommandError::new(Exit::PartlyDone, "the backfill is incomplete").with_causes(causes))
}
