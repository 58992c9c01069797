//! `sandbox serve`: the emulator for curl, an SDK, a CI job.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde::Serialize;

use crate::commands::Context;
use crate::commands::options::parse::{duration, quiet_with};
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::session::sandbox_state;
use crate::sandbox::{
    self, ApiVersion, BUILT_IN_TOKEN, Fault, Holder, Options, RetrySchedule, State, Verify,
};
use crate::term::{Cell, Column, Details, Format, Report, Row};

/// Serve the emulator to other programs
///
/// Answers like Postmark's API, on this machine only. Any UUID is a server token
/// and opens a server of its own, empty at first; any UUID as account token lists
/// them all. The token that is printed opens the server of the profile sandbox.
/// Ctrl-C ends it.
///
/// A fault is METHOD PATH-PREFIX=KIND[:ARG]*TIMES, and METHOD may be *. The kinds
/// are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate
/// and html.
///
/// Examples:
///     pmhooks sandbox serve
///     pmhooks sandbox serve --port 0 --memory --age old
///     pmhooks sandbox serve --fault 'POST /webhooks=commit-then-close*1'
///     POSTMARK_SERVER_TOKEN=$(uuidgen) \
///         pmhooks --api-url http://127.0.0.1:8026 list
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Port on 127.0.0.1; 0 picks a free port
    #[arg(long, value_name = "PORT", default_value_t = 8026, conflicts_with = "address")]
    port: u16,
    /// Address to listen on, in place of 127.0.0.1 and --port
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<SocketAddr>,
    /// Host header to accept besides loopback's; can be repeated
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Host that events may be posted to besides loopback; can be repeated
    #[arg(long, value_name = "HOST")]
    allow_target: Vec<String>,
    /// State file [default: that of the profile sandbox]
    #[arg(long, value_name = "FILE", conflicts_with = "memory")]
    state: Option<PathBuf>,
    /// Keep the state in memory: start with the two examples, end with nothing
    #[arg(long)]
    memory: bool,
    /// How endpoints are verified: all pass, by a real request, or all fail
    #[arg(long, value_name = "HOW", default_value = "pass", value_parser = verify())]
    verify: Verify,
    /// API version to emulate: since August 2026, or before
    #[arg(long, value_name = "AGE", default_value = "new", value_parser = age())]
    age: ApiVersion,
    /// Refuse DELETE /servers/{ID} with code 604
    #[arg(long)]
    no_server_delete: bool,
    /// Speed of the clock, as in 60x; 0x stops it
    #[arg(long, value_name = "FACTOR", default_value = "1x", value_parser = quiet_with(speed))]
    speed: f64,
    /// Retries of outbound events: nine within 72 minutes, or six within 51
    #[arg(long, value_name = "SCHEDULE", default_value = "long", value_parser = schedule())]
    retry_schedule: RetrySchedule,
    /// Undeliverable events in a row after which a trigger is paused
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pause_after: u32,
    /// Delay of every response
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = quiet_with(duration))]
    latency: Duration,
    /// Fault to simulate; can be repeated
    #[arg(long, value_name = "FAULT", value_parser = quiet_with(fault))]
    fault: Vec<Fault>,
}

fn verify() -> impl clap::builder::TypedValueParser<Value = Verify> {
    PossibleValuesParser::new(["pass", "real", "fail"])
        .map(|word| word.parse().unwrap_or(Verify::Pass))
}

fn age() -> impl clap::builder::TypedValueParser<Value = ApiVersion> {
    PossibleValuesParser::new(["new", "old"])
        .map(|word| word.parse().unwrap_or(ApiVersion::Current))
}

fn schedule() -> impl clap::builder::TypedValueParser<Value = RetrySchedule> {
    PossibleValuesParser::new(["long", "short"]).map(|word| match word.as_str() {
        "short" => RetrySchedule::Short,
        _ => RetrySchedule::Long,
    })
}

fn speed(text: &str) -> Result<f64, String> {
    let factor = text.strip_suffix('x').unwrap_or(text).parse::<f64>().ok();
    let factor = factor.filter(|factor| (0.0..=1_000_000.0).contains(factor));
    factor.ok_or_else(|| "a speed is written like 60x, from 0x to 1000000x".to_owned())
}

fn fault(text: &str) -> Result<Fault, String> {
    text.parse().map_err(|error: sandbox::FaultError| error.to_string())
}

/// Serves until a signal ends it.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ServeReport>()?;
    let state = match &args.state {
        _ if args.memory => State::Memory,
        Some(path) => State::File(path.clone()),
        None => State::File(sandbox_state()?),
    };
    let address = args.address.unwrap_or((Ipv4Addr::LOCALHOST, args.port).into());
    if !address.ip().is_loopback() && args.allow_host.is_empty() {
        return Err(CommandError::usage(format!(
            "--address {address} is reachable from other machines; it needs --allow-host"
        ))
        .hint("name the host of the URL that clients use, as in --allow-host sandbox"));
    }
    let ui = Arc::clone(&cx.ui);
    let event_log: sandbox::EventLog = Arc::new(move |entry| ui.note(&entry.to_string()));
    let ui = Arc::clone(&cx.ui);
    let log: sandbox::Log = Arc::new(move |line| {
        let status = line.status.map_or("closed".to_owned(), |status| status.to_string());
        ui.trace(&format!("{} {} {status} ({} ms)", line.method, line.path, line.took.as_millis()));
    });
    cx.ui.interrupts.only_wait();
    let sandbox = sandbox::start(Options {
        address,
        allow_hosts: args.allow_host.clone(),
        allow_targets: args.allow_target.clone(),
        speed: args.speed,
        retry_schedule: args.retry_schedule,
        pause_after: args.pause_after,
        send_due: true,
        event_log: Some(event_log),
        state,
        verify: args.verify,
        api: args.age,
        server_delete: !args.no_server_delete,
        latency: args.latency,
        faults: args.fault.clone(),
        holder: Holder::Server,
        log: (cx.ui.settings.verbose > 0).then_some(log),
    })
    .context("cannot serve the sandbox")?;
    cx.show(&ServeReport { url: sandbox.url(), server_token: BUILT_IN_TOKEN })?;
    cx.ui.note("Ctrl-C ends it.");
    cx.ui.interrupts.wait();
    sandbox.stop();
    Ok(Exit::Done)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServeReport {
    url: String,
    server_token: &'static str,
}

impl Report for ServeReport {
    const COLUMNS: &'static [Column] =
        &[Column::new("url", "Url"), Column::new("token", "ServerToken")];
    const KEYS: &'static [&'static str] = &["Url", "ServerToken"];
    const FORMATS: &'static [Format] = &[];

    fn rows(&self) -> Vec<Row> {
        vec![Row::new([Cell::new(&self.url), Cell::new(self.server_token)])]
    }

    fn details(&self) -> Option<Details> {
        Some(vec![vec![
            ("Sandbox listening on", Cell::new(&self.url)),
            ("Token of its first server", Cell::new(self.server_token)),
        ]])
    }
}
