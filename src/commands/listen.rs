//! `listen`: an endpoint on this machine that shows, records and acknowledges events.

mod line;
mod log;
mod manner;
mod object;
mod register;
mod summary;
mod words;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::Context;
use crate::commands::options::event::{EventWord, events_or_all};
use crate::commands::options::parse::{duration, listening_address, quiet, quiet_with};
use crate::commands::options::webhook::AuthArgs;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::receive::Listener;
use crate::postmark::{HookUrl, HttpAuth};
use crate::term::Format;
use log::Log;
use manner::MannerArgs;
use register::RegisterArgs;

/// Receive events on this machine, show and record them
///
/// Any path and query will do. Each event is a line: its time, the event, whose
/// mail it is about, what happened, the stream, the retries that remain, the trace
/// ID, and a mark where it was there before. -v shows the bodies too, -q nothing.
/// Ctrl-C ends it.
///
/// With --record each event is a line of JSON in a file that only you can read,
/// {Time, Method, Path, Headers, Body}: the body is the text as received, or
/// BodyBase64 where it is not text. The system has the line before the sender is
/// answered, so that nothing acknowledged is lost when this program dies; with
/// --fsync the disk has it. Where it cannot be written the answer is 503, and
/// Postmark tries again. `pmhooks replay` sends what was recorded.
///
/// -o jsonl prints an object per event: Time, Event, Recipient, Detail,
/// MessageStream, TraceId, RetriesRemaining, Repeated, Path, and Body (the JSON
/// that was posted, or a text) or BodyBase64. Some thousands may wait for whoever
/// reads them; then the answer is 503.
///
/// Postmark reaches this machine through a tunnel only. Give the tunnel
/// credentials to ask for: everybody can find its address.
///
/// --register makes a webhook for the tunnel's address, with credentials that only
/// this run knows, and removes it at the end. One that a crash left behind is
/// removed by the next start; no other webhook is ever touched.
///
/// Examples:
///     pmhooks listen
///     pmhooks listen --record events.jsonl --username pm --password env:HOOK_PW
///     pmhooks listen --event bounce,spam-complaint -o jsonl | jq -r .Recipient
///     pmhooks listen --status 500 --delay 3s --count 1
///     pmhooks listen --register --public-url https://tunnel.example --on bounce
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8025",
          value_parser = quiet_with(listening_address))]
    address: SocketAddr,
    /// Show and record only these events: open, click, delivery, bounce, spam-complaint,
    /// subscription-change, inbound, smtp-api-error; the others are answered all the same
    #[arg(long, value_name = "EVENT,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = events_or_all())]
    event: Vec<EventWord>,
    /// Add each event to this file before it is answered
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Record secrets of paths and headers too (default: masked)
    #[arg(long, requires = "record")]
    record_secrets: bool,
    /// Have the record on the disk before an event is answered; slower
    #[arg(long, requires = "record")]
    fsync: bool,
    /// Post each event to this URL as well, in their order, with the credentials in it
    #[arg(long, value_name = "URL", value_parser = quiet::<HookUrl>())]
    forward: Option<HookUrl>,
    /// End after so many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = quiet_with(duration))]
    time: Option<Duration>,
    #[command(flatten)]
    manner: MannerArgs,
    #[command(flatten, next_help_heading = "The credentials to ask for")]
    auth: AuthArgs,
    #[command(flatten, next_help_heading = "A temporary webhook")]
    register: RegisterArgs,
}

/// Receives until somebody wants it to end, or enough has come.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    let format = cx.ui.settings.format;
    if !matches!(format, Format::Table | Format::Jsonl) || !cx.ui.settings.columns.is_empty() {
        return Err(CommandError::usage(words::NO_DOCUMENT));
    }
    let mut credentials: Vec<HttpAuth> = cx.http_auth(&args.auth)?.into_iter().collect();
    let wanted = register::want(&args.register, cx)?;
    credentials.extend(wanted.iter().map(|registration| registration.wanted.auth.clone()));
    let wishes = manner::wishes(args, &credentials, cx)?;
    cx.ui.interrupts.only_wait();
    let receiving = Listener::start(wishes).context("cannot receive events")?;
    for warning in words::warnings(args, &receiving, credentials.is_empty()) {
        cx.ui.warn(&warning);
    }
    words::listening(args, receiving.address(), &cx.ui)
        .context("cannot write to standard output")?;
    let temporary = wanted.map(|wanted| register::make(&wanted, &receiving, cx)).transpose()?;
    let mut log = Log::new(args, cx);
    let watched = watch(args, cx, &receiving, &mut log);
    // Before the listening ends, so that nobody is sent to a closed door; and however it ended.
    let removed = temporary.map_or(Ok(()), |temporary| register::remove(temporary, cx));
    watched?;
    let left = receiving.stop();
    log.tell_all(&left.notices)?;
    let forwarded = left.finish_forwarding(|| cx.ui.interrupts.is_asked());
    log.tell_all(&left.notices)?;
    log.finish(&left.notices, forwarded);
    removed?;
    Ok(Exit::Done)
}

/// Tells of what arrives until the end has come.
fn watch(args: &Args, cx: &Context, receiving: &Listener, log: &mut Log<'_>) -> Result<()> {
    const GLANCE: Duration = Duration::from_millis(50);
    let started = Instant::now();
    while !cx.ui.interrupts.is_asked() && !log.has_enough() {
        let left = args.time.map(|time| time.saturating_sub(started.elapsed()));
        if left == Some(Duration::ZERO) {
            break;
        }
        if let Some(told) = receiving.notices.next(left.map_or(GLANCE, |left| left.min(GLANCE))) {
            log.tell(told)?;
        }
        log.passed_over(receiving.notices.take_dropped());
    }
    Ok(())
}
