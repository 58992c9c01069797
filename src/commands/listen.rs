//! `listen`: receives, shows, records and forwards events on this machine.

mod event_log;
mod register;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::Context;
use crate::commands::options::event::{EventWord, events, events_or_all};
use crate::commands::options::parse::{duration, listening_address, quiet, quiet_with, size};
use crate::commands::options::webhook::{AuthArgs, HeaderArgs, PlainHeader, SecretHeader};
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::event::Event;
use crate::ops::receive::{ForwardTarget, Listener, NoticePolicy, ReceiveOptions};
use crate::postmark::{HookUrl, HttpAuth};
use crate::term::Format;
use event_log::EventLog;
use register::RegisterArgs;

/// Interval in which the command looks for an interrupt.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Receive events on this machine; show, record and forward them
///
/// Accepts a POST on every path. Each event is shown as it arrives: time, event,
/// recipient, detail, message stream, remaining retries, trace ID, and "repeated"
/// if it was received before. -v shows the body too, -q nothing. Ctrl-C stops.
///
/// --record appends each event as a line of JSON to a file that only you can read:
/// {Time, Method, Path, Headers, Body}. Body is the text as received, BodyBase64 is
/// there instead if it is not UTF-8. Secrets of paths and headers are masked unless
/// --record-secrets is given. An event is acknowledged after its line was written,
/// with --fsync after it is on the disk. If that fails, the answer is 503 and
/// Postmark retries. `pmhooks replay` sends recorded events again.
///
/// --forward posts each acknowledged event to another endpoint, in order, with
/// retries. Each target has its own queue, so a slow one delays no other. Targets
/// get Content-*, User-Agent, X-PM-* and the headers whose names do not look
/// secret; Authorization and secret headers go to targets on this machine only.
///
/// -o jsonl prints an object per event: Time, Event, Recipient, Detail,
/// MessageStream, TraceId, RetriesRemaining, Repeated, Path, and Body (the JSON
/// that was posted, or a text) or BodyBase64. If the reader falls behind by some
/// thousand events, the answer is 503.
///
/// Postmark reaches this machine only through a tunnel. Require credentials with
/// --username and --password: everybody can find the address of a tunnel.
///
/// --register creates a webhook for the address of the tunnel, with credentials
/// that only this run knows, and deletes it at the end. The next run deletes what a
/// crash left behind. Other webhooks are never touched.
///
/// Examples:
///     pmhooks listen
///     pmhooks listen --record events.jsonl --username pm --password env:HOOK_PW
///     pmhooks listen --event bounce,spam-complaint -o jsonl | jq -r .Recipient
///     pmhooks listen --forward http://localhost:3000 \
///         --forward bounce=https://b.test
///     pmhooks listen --status 500 --delay 3s --count 1
///     pmhooks listen --register --public-url https://tunnel.example --on bounce
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8025",
          value_parser = quiet_with(listening_address))]
    address: SocketAddr,
    /// Port of 127.0.0.1 to listen on
    #[arg(long, value_name = "PORT", hide = true, conflicts_with = "address")]
    port: Option<u16>,
    /// Events to show and record: open, click, delivery, bounce, spam-complaint,
    /// subscription-change, inbound, smtp-api-error [default: all]; others are acknowledged only
    #[arg(long, value_name = "EVENT,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = events_or_all())]
    event: Vec<EventWord>,
    /// Append each event to this file before it is acknowledged
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Record secrets of paths and headers too (default: masked)
    #[arg(long, requires = "record")]
    record_secrets: bool,
    /// Write each event through to the disk before it is acknowledged (slower)
    #[arg(long, requires = "record")]
    fsync: bool,
    /// Stop after this number of events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Stop after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = quiet_with(duration))]
    time: Option<Duration>,
    #[command(flatten)]
    forward: ForwardArgs,
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten, next_help_heading = "Required credentials")]
    auth: AuthArgs,
    #[command(flatten, next_help_heading = "Temporary webhook")]
    register: RegisterArgs,
}

/// Options of forwarding.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Forwarding")]
struct ForwardArgs {
    /// Post events to this URL too, all or those named before '='; its credentials are
    /// sent (repeatable)
    #[arg(long, value_name = "[EVENT,...=]URL", value_parser = quiet::<ForwardSpec>())]
    forward: Vec<ForwardSpec>,
    /// Header to send to the targets, as 'Name: value' (repeatable)
    #[arg(long, value_name = "NAME: VALUE", requires = "forward",
          value_parser = quiet::<PlainHeader>())]
    forward_header: Vec<PlainHeader>,
    /// Secret header to send to the targets, as NAME=SOURCE (repeatable)
    #[arg(long, value_name = "NAME=SOURCE", requires = "forward",
          value_parser = quiet::<SecretHeader>())]
    forward_secret_header: Vec<SecretHeader>,
}

/// A forward target, with the events it gets.
#[derive(Clone, Debug)]
struct ForwardSpec {
    /// Empty for all.
    events: Vec<Event>,
    url: HookUrl,
}

impl FromStr for ForwardSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_list = |text: &str| !text.contains([':', '/', '?', '@']);
        let Some((names, url)) = text.split_once('=').filter(|(names, _)| is_list(names)) else {
            return Ok(Self { events: Vec::new(), url: text.parse()? });
        };
        let mut words = Vec::new();
        for name in names.split(',').map(str::trim) {
            words.push(if name == "all" { EventWord::All } else { EventWord::One(name.parse()?) });
        }
        let is_all = words.contains(&EventWord::All);
        let events = if is_all { Vec::new() } else { events(&words) };
        Ok(Self { events, url: url.parse()? })
    }
}

/// Options of the HTTP server.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Server")]
struct EndpointArgs {
    /// Status of the answer to an event
    #[arg(long, value_name = "STATUS", default_value_t = 200,
          value_parser = clap::value_parser!(u16).range(200..=599))]
    status: u16,
    /// Delay of each answer
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = quiet_with(duration))]
    delay: Duration,
    /// Maximum size of a body; larger ones are answered with 413
    #[arg(long, value_name = "SIZE", default_value = "50MB", value_parser = quiet_with(size))]
    max_body: usize,
    /// Maximum number of connections; one more closes the longest idle one
    #[arg(long, value_name = "N", default_value_t = 256,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    max_connections: usize,
    /// TLS certificate chain (PEM, leaf first)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

/// Receives events until an interrupt, `--count` or `--for`.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    let format = cx.ui.settings.format;
    if !matches!(format, Format::Table | Format::Jsonl) || !cx.ui.settings.columns.is_empty() {
        return Err(CommandError::usage(
            "listen prints events as they arrive, as lines or with --output jsonl",
        ));
    }
    let mut credentials: Vec<HttpAuth> = cx.http_auth(&args.auth)?.into_iter().collect();
    let registration = register::prepare(&args.register, cx)?;
    credentials.extend(registration.iter().map(|registration| registration.webhook.auth.clone()));
    let options = options(args, &credentials, cx)?;
    cx.ui.interrupts.only_wait();
    let listener = Listener::start(options).context("cannot receive events")?;
    warn(args, &listener, credentials.is_empty(), cx);
    announce(args, listener.address(), cx).context("cannot write to standard output")?;
    let temporary = registration
        .map(|registration| register::create(&registration, &listener, cx))
        .transpose()?;
    let mut log = EventLog::new(&cx.ui, args.endpoint.max_body);
    let watched = watch(args, cx, &listener, &mut log);
    // Deleted before the port is closed, so that no event meets a closed port, and after every outcome.
    let deleted = temporary.map_or(Ok(()), |temporary| register::delete(temporary, cx));
    watched?;
    let stopped = listener.stop();
    log.drain(&stopped.notices)?;
    let forwarded = stopped.finish_forwarding(|| cx.ui.interrupts.is_asked());
    log.drain(&stopped.notices)?;
    log.summarize(&stopped.notices, &forwarded, args.record.as_deref());
    deleted?;
    Ok(Exit::Done)
}

fn options<'a>(
    args: &'a Args,
    credentials: &'a [HttpAuth],
    cx: &Context,
) -> Result<ReceiveOptions<'a>> {
    let settings = &cx.ui.settings;
    let address = args.port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let address = address.unwrap_or(args.address);
    let server = &args.endpoint;
    let is_all = args.event.contains(&EventWord::All);
    Ok(ReceiveOptions {
        address,
        credentials,
        events: if is_all { Vec::new() } else { events(&args.event) },
        record: args.record.as_deref(),
        record_secrets: args.record_secrets,
        fsync: args.fsync,
        count: args.count,
        status: server.status,
        delay: server.delay,
        max_body: server.max_body,
        max_connections: server.max_connections,
        forward: forward_targets(&args.forward, address, cx)?,
        tls: server.tls_cert.as_deref().zip(server.tls_key.as_deref()),
        notices: match settings.format {
            Format::Jsonl => NoticePolicy::Reject,
            _ if settings.quiet => NoticePolicy::Never,
            _ => NoticePolicy::Drop,
        },
    })
}

fn forward_targets(
    args: &ForwardArgs,
    address: SocketAddr,
    cx: &Context,
) -> Result<Vec<ForwardTarget>> {
    let headers = cx.headers(&HeaderArgs {
        header: args.forward_header.clone(),
        secret_header: args.forward_secret_header.clone(),
    })?;
    let mut targets = Vec::new();
    for ForwardSpec { events, url } in &args.forward {
        let timeout = cx.limits.timeout;
        let target = ForwardTarget::new(url, events.clone(), &headers, &cx.net, timeout)
            .context(format!("cannot forward to {}", url.masked()))?;
        if target.is_listener(address) {
            return Err(CommandError::usage(format!(
                "--forward {} is the address of this listener: events would never end",
                url.masked()
            )));
        }
        targets.push(target);
    }
    Ok(targets)
}

/// Prints the address: as data for people, beside the data for programs.
fn announce(args: &Args, address: SocketAddr, cx: &Context) -> std::io::Result<()> {
    let scheme = if args.endpoint.tls_cert.is_some() { "https" } else { "http" };
    let sentence = format!("Listening on {scheme}://{address}");
    if cx.ui.settings.format == Format::Jsonl {
        cx.ui.line(&sentence);
    } else {
        cx.ui.data(&format!("{sentence}\n"))?;
    }
    cx.ui.note("Press Ctrl-C to stop.");
    Ok(())
}

fn warn(args: &Args, listener: &Listener, is_open: bool, cx: &Context) {
    let address = listener.address();
    if !address.ip().is_loopback() {
        let open = if is_open { " and requires no credentials: see --username" } else { "" };
        cx.ui.warn(&format!("{address} is reachable from other machines{open}"));
    }
    let loose = |path: &PathBuf, mode: u32| {
        let path = path.display();
        cx.ui.warn(&format!(
            "{path} may hold secrets but is accessible by others (mode {mode:o}): chmod 600 {path}"
        ));
    };
    if let (Some(path), Some(mode)) = (&args.record, listener.record_state.loose_mode) {
        loose(path, mode);
    }
    if let (Some(path), Some(mode)) = (&args.endpoint.tls_key, listener.loose_key_mode) {
        loose(path, mode);
    }
    if let Some(path) = args.record.as_ref().filter(|_| listener.record_state.is_torn) {
        let path = path.display();
        cx.ui
            .warn(&format!("the last line of {path} was cut off; new events follow on a new line"));
    }
}

/// Reports notices until the end of the run.
fn watch(args: &Args, cx: &Context, listener: &Listener, log: &mut EventLog<'_>) -> Result<()> {
    let started = Instant::now();
    while !cx.ui.interrupts.is_asked() && !log.is_count_reached() {
        let left = args.time.map(|time| time.saturating_sub(started.elapsed()));
        if left == Some(Duration::ZERO) {
            break;
        }
        let timeout = left.map_or(POLL_INTERVAL, |left| left.min(POLL_INTERVAL));
        if let Some(notice) = listener.notices.next(timeout) {
            log.report(notice)?;
        }
        log.report_dropped(listener.notices.take_dropped());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forward_target_may_name_its_events() {
        for (text, events, url) in [
            ("https://h/p?a=b", vec![], "https://h/p?a=b"),
            ("bounce=https://h/p?a=b", vec![Event::Bounce], "https://h/p?a=b"),
            ("Bounce,open=http://h", vec![Event::Open, Event::Bounce], "http://h"),
            ("all=http://u:p@h/", vec![], "http://u:p@h/"),
        ] {
            let spec: ForwardSpec = text.parse().unwrap();
            assert_eq!((spec.events, spec.url.expose()), (events, url), "{text}");
        }
        for bad in ["bounces=http://h", "=http://h", "bounce=", "bounce", "bounce,=http://h"] {
            assert!(bad.parse::<ForwardSpec>().is_err(), "{bad}");
        }
    }
}
