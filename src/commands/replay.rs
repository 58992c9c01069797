//! `replay`: recorded events, sent again.

mod advice;
mod finish;
mod report;
mod row;
mod target;
mod view;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Context;
use crate::commands::options::Destination;
use crate::commands::options::event::{EventWord, events, events_or_all};
use crate::commands::options::parse::Moment;
use crate::commands::options::parse::{quiet, quiet_with, rate, width};
use crate::commands::options::webhook::{AuthArgs, HeaderArgs};
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::record::{ReadItem, RecordFilter, RecordReader};
use crate::ops::replay::{self, ReplayEnd, ReplayOptions};
use crate::ops::test::EventSender;
use report::ReplayReport;
use view::Plan;

/// Send recorded events again
///
/// Posts the events that `pmhooks listen --record` has kept, in their order: each
/// body to the byte, with the Content-Type, the trace ID and the retries remaining
/// that it came with, so that an endpoint knows a repetition when it sees one. The
/// credentials and headers are those of the webhook, or of the flags. The URL is
/// used as it is: the path that was recorded is not added to it.
///
/// FILE may also hold bare bodies: one JSON object per line, one over several
/// lines, or an array of them. A body without a trace ID gets one that is made of
/// its bytes, the same each time.
///
/// Nothing is tried twice. What is damaged, such as a last line that was cut off,
/// is named and passed over. Ends with 1 where an event was not accepted, and with
/// 7 where something was damaged, or the run was interrupted; then --from-line goes
/// on where it stopped.
///
/// Examples:
///     pmhooks replay events.jsonl --to http://localhost:3000/postmark
///     pmhooks replay events.jsonl --to 1234567 --event bounce --since 2h
///     pmhooks replay events.jsonl --to 1234567 --rate 50/s --fail-fast
///     zcat events.jsonl.gz | pmhooks replay - --to 1234567 --dry-run
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The recorded events; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to: a URL, or the ID of a webhook whose URL, HttpAuth and headers are used
    #[arg(long, value_name = "URL|ID", value_parser = quiet::<Destination>())]
    to: Destination,
    /// Only these events: open, click, delivery, bounce, spam-complaint, subscription-change,
    /// inbound, smtp-api-error
    #[arg(long, value_name = "EVENT,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = events_or_all())]
    event: Vec<EventWord>,
    /// Only what was received from then on: 2026-11-27T09:00:00Z, or 2h for two hours ago
    #[arg(long, value_name = "TIME", value_parser = quiet::<Moment>())]
    since: Option<Moment>,
    /// Only what was received before then
    #[arg(long, value_name = "TIME", value_parser = quiet::<Moment>())]
    until: Option<Moment>,
    /// Only what begins on this line of the file or after it
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true)]
    from_line: u64,
    /// At most so many, as in 50/s, 10/m or 5/h
    #[arg(long, value_name = "RATE", value_parser = quiet_with(rate))]
    rate: Option<Duration>,
    /// How many are sent at the same time; more than one gives up their order
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = quiet_with(width))]
    concurrency: usize,
    /// Send nothing more after an event that was not accepted
    #[arg(long)]
    fail_fast: bool,
    /// Show what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten, next_help_heading = "With --to URL")]
    auth: AuthArgs,
    #[command(flatten, next_help_heading = "With --to URL")]
    headers: HeaderArgs,
}

/// Sends.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    if args.dry_run {
        cx.check::<Plan>()?;
    } else {
        cx.check::<ReplayReport>()?;
    }
    if args.file.as_os_str() == "-" {
        cx.use_stdin()?;
    }
    let interrupts = Arc::clone(&cx.ui);
    let is_interrupted = Arc::new(move || interrupts.interrupts.is_asked());
    let events = RecordReader::open(&args.file, filter(args), is_interrupted).map_err(|error| {
        CommandError::usage("cannot read the events").with_causes([error.to_string()])
    })?;
    let target = target::find(args, cx)?;
    let mut report = ReplayReport::new(args, target.url.clone(), cx);
    if args.dry_run {
        let mut events = events;
        while let Some(item) = events.read_next().context("cannot read the events")? {
            match item {
                ReadItem::Event(event) => report.planned(&event),
                ReadItem::Skipped { has_no_time: is_timeless } => report.left_out(is_timeless),
                ReadItem::Damaged(damage) => report.damaged(damage),
            }
        }
        return finish::all(report, ReplayEnd::Complete, args, cx);
    }
    let ui = &cx.ui;
    ui.interrupts.go_gently();
    let way = ReplayOptions {
        prober: &EventSender::connected(&cx.net, cx.event_timeout),
        endpoint: &target.endpoint,
        concurrency: args.concurrency,
        interval: args.rate,
        fail_fast: args.fail_fast,
        is_interrupted: &|| ui.interrupts.is_asked(),
    };
    let end = replay::run(events, &way, |told| report.add(told));
    finish::all(report, end, args, cx)
}

fn filter(args: &Args) -> RecordFilter {
    let now = Timestamp::now();
    let named = events(&args.event);
    let is_all = args.event.contains(&EventWord::All);
    RecordFilter {
        events: if is_all { Vec::new() } else { named },
        since: args.since.map(|moment| moment.resolve(now)),
        until: args.until.map(|moment| moment.resolve(now)),
        from_line: args.from_line,
    }
}
