//! `replay`: sends recorded events again.

mod report;

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
use crate::ops::replay::{self, ReplayEnd, ReplayOptions, StopReason};
use crate::ops::test::{Endpoint, EventSender, NOT_PUBLIC};
use report::{EventList, Mode, ReplayReport, count_of};

/// Send recorded events again
///
/// Posts the events of a record in order: each body to the byte, with Content-Type,
/// Content-Encoding, trace ID and remaining retries as recorded, so that endpoints
/// recognize repeated events. Credentials and headers are those of the webhook, or
/// of the options. The recorded path is not added to the URL.
///
/// FILE is a record of `pmhooks listen --record` or of `pmhooks backfill`, or holds
/// bare bodies: one JSON object per line, objects over several lines, or an array.
/// A body without a trace ID gets one that depends on its bytes only. Events that
/// backfill rebuilt are sent with X-Pmhooks-Rebuilt: true.
///
/// Each event is sent once, without retries. Damaged lines are reported and
/// skipped. Exits with 1 if an event failed, and with 7 if a line was damaged or
/// the run was interrupted; continue then with --from-line.
///
/// Examples:
///     pmhooks replay events.jsonl --list --event bounce --since 2h
///     pmhooks replay events.jsonl --to http://localhost:3000/postmark
///     pmhooks replay events.jsonl --to 1234567 --recipient kim@example.com
///     pmhooks replay events.jsonl --to 1234567 --rate 50/s --fail-fast
///     zcat events.jsonl.gz | pmhooks replay - --to 1234567 --dry-run
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// File of recorded events (- for stdin)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// URL to send to, or ID of a webhook whose URL, HttpAuth and headers are used
    #[arg(long, value_name = "URL|ID", required_unless_present = "list",
          value_parser = quiet::<Destination>())]
    to: Option<Destination>,
    /// List the events instead of sending them
    #[arg(long, conflicts_with = "dry_run")]
    list: bool,
    /// Events to send: open, click, delivery, bounce, spam-complaint, subscription-change,
    /// inbound, smtp-api-error [default: all]
    #[arg(long, value_name = "EVENT,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = events_or_all())]
    event: Vec<EventWord>,
    /// Only the event with this trace ID (repeatable)
    #[arg(long, value_name = "ID")]
    trace: Vec<String>,
    /// Only events of this recipient (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    recipient: Vec<String>,
    /// Only events received since then, such as 2026-11-27T09:00:00Z or 2h (ago)
    #[arg(long, value_name = "TIME", value_parser = quiet::<Moment>())]
    since: Option<Moment>,
    /// Only events received before then
    #[arg(long, value_name = "TIME", value_parser = quiet::<Moment>())]
    until: Option<Moment>,
    /// First line of the file to read
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true)]
    from_line: u64,
    /// Maximum rate, such as 50/s, 10/m or 5/h
    #[arg(long, value_name = "RATE", value_parser = quiet_with(rate))]
    rate: Option<Duration>,
    /// Concurrent requests; more than one gives up the order
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = quiet_with(width))]
    concurrency: usize,
    /// Stop after the first event that fails
    #[arg(long)]
    fail_fast: bool,
    /// Show the events without sending them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten, next_help_heading = "With --to URL")]
    auth: AuthArgs,
    #[command(flatten, next_help_heading = "With --to URL")]
    headers: HeaderArgs,
}

/// Sends or lists the selected events.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    let is_sent = !args.list && !args.dry_run;
    if is_sent {
        cx.check::<ReplayReport>()?;
    } else {
        cx.check::<EventList<'_>>()?;
    }
    if args.file.as_os_str() == "-" {
        cx.use_stdin()?;
    }
    let ui = Arc::clone(&cx.ui);
    let is_interrupted = Arc::new(move || ui.interrupts.is_asked());
    let mut reader = RecordReader::open(&args.file, filter(args), is_interrupted)
        .map_err(|error| CommandError::usage(error.to_string()))?;
    let target = match &args.to {
        Some(to) if !args.list => Some(find_target(to, args, cx)?),
        _ => None,
    };
    let (mode, url) = match &target {
        None => (Mode::List, None),
        Some((url, _)) if args.dry_run => (Mode::DryRun, Some(url.clone())),
        Some((url, _)) => (Mode::Send, Some(url.clone())),
    };
    let mut report = ReplayReport::new(mode, file_name(args), url, Arc::clone(&cx.ui));
    let end = match target.filter(|_| is_sent) {
        None => {
            while let Some(item) = reader.read_next().context("cannot read the events")? {
                match item {
                    ReadItem::Event(event) => report.add_event(&event),
                    ReadItem::Skipped { has_no_time } => report.add_skipped(has_no_time),
                    ReadItem::Damaged(damage) => report.add_damage(damage),
                }
            }
            ReplayEnd::Complete
        }
        Some((_, endpoint)) => {
            let interrupts = &cx.ui.interrupts;
            interrupts.go_gently();
            let options = ReplayOptions {
                sender: &EventSender::connected(&cx.net, cx.event_timeout),
                endpoint: &endpoint,
                concurrency: args.concurrency,
                interval: args.rate,
                fail_fast: args.fail_fast,
                is_interrupted: &|| interrupts.is_asked(),
            };
            replay::run(reader, &options, |result| report.add_result(result))
        }
    };
    finish(report, end, args, cx)
}

fn file_name(args: &Args) -> String {
    if args.file.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        args.file.display().to_string()
    }
}

fn filter(args: &Args) -> RecordFilter {
    let now = Timestamp::now();
    let named = events(&args.event);
    let is_all = args.event.contains(&EventWord::All);
    RecordFilter {
        events: if is_all { Vec::new() } else { named },
        since: args.since.map(|moment| moment.resolve(now)),
        until: args.until.map(|moment| moment.resolve(now)),
        trace_ids: args.trace.clone(),
        recipients: args.recipient.clone(),
        from_line: args.from_line,
    }
}

/// The masked URL and the endpoint of a webhook, or of a URL and the options.
fn find_target(to: &Destination, args: &Args, cx: &Context) -> Result<(String, Endpoint)> {
    let (url, auth, headers) = match to {
        Destination::Url(url) => {
            (url.clone(), cx.http_auth(&args.auth)?, cx.headers(&args.headers)?)
        }
        Destination::Webhook(id) => {
            let (auth, headers) = (&args.auth, &args.headers);
            let has_credentials = auth.username.is_some()
                || auth.password.is_some()
                || !headers.header.is_empty()
                || !headers.secret_header.is_empty();
            if has_credentials {
                return Err(CommandError::usage(
                    "--username, --password, --header and --secret-header require --to URL; a \
                     webhook has its own",
                ));
            }
            let session = cx.session()?;
            let webhook = session
                .client
                .get(*id)
                .with_context(|| format!("cannot get webhook {id} of {}", session.place()))?;
            (webhook.url, webhook.http_auth, webhook.http_headers)
        }
    };
    let endpoint = Endpoint::new(&url, auth.as_ref(), &headers)
        .context(format!("cannot send to {}", url.masked()))?;
    // Replaying to this machine is the usual case.
    let warnings = endpoint.warnings.iter().filter(|warning| warning.as_str() != NOT_PUBLIC);
    warnings.for_each(|warning| cx.ui.warn(warning));
    Ok((url.masked(), endpoint))
}

/// Shows the report and decides the exit code.
fn finish(mut report: ReplayReport, end: ReplayEnd, args: &Args, cx: &Context) -> Result<Exit> {
    report.sort();
    if let ReplayEnd::Stopped { line, .. } = end {
        report.next_line = Some(line);
    }
    if report.totals.events == 0 && matches!(end, ReplayEnd::Complete) {
        return Err(no_events(&report, args));
    }
    match report.mode {
        Mode::Send => cx.show(&report)?,
        Mode::DryRun => cx.show_run(&EventList(&report), true)?,
        Mode::List => cx.show(&EventList(&report))?,
    };
    cx.ui.note(&report.summary());
    if report.unlisted() > 0 {
        let count = report.unlisted();
        cx.ui.note(&format!("{count} more events are not listed; -o jsonl prints all."));
    }
    if report.totals.without_time > 0 {
        let count = count_of(report.totals.without_time, "event");
        cx.ui.warn(&format!("{count} without a time not selected by --since and --until"));
    }
    if !cx.ui.settings.format.is_json() {
        report.advise(cx, &args.file);
    }
    let damages = report.damage_messages();
    match end {
        ReplayEnd::Stopped { line, reason } => Err(stopped(&report, line, reason)),
        ReplayEnd::Complete if report.totals.failed > 0 => {
            for message in &damages {
                cx.ui.warn(message);
            }
            Ok(Exit::Finding)
        }
        ReplayEnd::Complete if report.totals.damaged > 0 => {
            let verb = if report.mode == Mode::List { "listed" } else { "sent" };
            let is = if report.totals.damaged == 1 { "is" } else { "are" };
            let lines = count_of(report.totals.damaged, "line");
            let message = format!("not all of {} was {verb}: {lines} {is} damaged", report.file);
            Err(CommandError::new(Exit::PartlyDone, message).with_causes(damages))
        }
        ReplayEnd::Complete => Ok(Exit::Done),
    }
}

/// The file has no event, or none is selected.
fn no_events(report: &ReplayReport, args: &Args) -> CommandError {
    let (file, skipped) = (&report.file, report.totals.skipped);
    let damages = report.damage_messages();
    if skipped == 0 {
        let from = if args.from_line > 1 {
            format!(" from line {}", args.from_line)
        } else {
            String::new()
        };
        return CommandError::usage(format!("{file} has no events{from}")).with_causes(damages);
    }
    let message = format!("no event of {file} is selected (it has {})", count_of(skipped, "event"));
    let without_time = report.totals.without_time;
    let without_time =
        (without_time > 0).then(|| format!("{} without a time", count_of(without_time, "event")));
    CommandError::new(Exit::Finding, message).with_causes(damages).with_causes(without_time)
}

fn stopped(report: &ReplayReport, line: u64, reason: StopReason) -> CommandError {
    let sent = report.totals.events;
    let resume = format!("continue with --from-line {line}");
    let partly = |message: String, cause: Option<String>| {
        let exit = if sent == 0 { Exit::Interrupted } else { Exit::PartlyDone };
        CommandError::new(exit, message)
            .with_causes(cause)
            .with_causes(report.damage_messages())
            .hint(resume.clone())
    };
    let events = count_of(sent, "event");
    let unreadable = format!("cannot read {}", report.file);
    match reason {
        StopReason::LocalError(error) if sent == 0 => error.into(),
        StopReason::Unreadable(error) if sent == 0 => CommandError::from(error).context(unreadable),
        StopReason::Interrupted => {
            partly(format!("interrupted after {events}, before line {line}"), None)
        }
        StopReason::NotAccepted => {
            CommandError::new(Exit::Finding, format!("stopped: the event of line {line} failed"))
                .with_causes(report.damage_messages())
                .hint(format!("fix the endpoint, then {resume}"))
        }
        StopReason::Unreadable(error) => partly(
            format!("stopped after {events}, before line {line}"),
            Some(format!("{unreadable}: {error}")),
        ),
        StopReason::LocalError(error) => {
            partly(format!("stopped after {events}, before line {line}"), Some(error.to_string()))
        }
    }
}
