//! `sandbox serve`: the emulator for curl, an SDK, a CI job.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde::Serialize;

use crate::commands::Context;
use crate::commands::options::parse::{duration, quiet_with};
use crate::error::{Exit, Result, ResultExt as _};
use crate::ops::session::sandbox_state;
use crate::sandbox::{self, ApiVersion, BUILT_IN_TOKEN, Fault, Holder, Options, State, Verify};
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
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, value_name = "PORT", default_value_t = 8026)]
    port: u16,
    /// Where the state is kept; without it the profile sandbox's own
    #[arg(long, value_name = "FILE", conflicts_with = "memory")]
    state: Option<PathBuf>,
    /// Keep no state: start with the two examples, forget everything at the end
    #[arg(long)]
    memory: bool,
    /// Whether endpoints pass: all, those that really answer 200, or none
    #[arg(long, value_name = "HOW", default_value = "pass", value_parser = verify())]
    verify: Verify,
    /// Which age of the API: since August 2026, or before
    #[arg(long, value_name = "AGE", default_value = "new", value_parser = age())]
    age: ApiVersion,
    /// Refuse DELETE /servers/{ID} with code 604
    #[arg(long)]
    no_server_delete: bool,
    /// How long each answer takes
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = quiet_with(duration))]
    latency: Duration,
    /// Something that goes wrong; can be repeated
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

fn fault(text: &str) -> Result<Fault, String> {
    text.parse().map_err(|error: sandbox::FaultError| error.to_string())
}

/// Serves until somebody wants it to end.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ServeReport>()?;
    let state = match &args.state {
        _ if args.memory => State::Memory,
        Some(path) => State::File(path.clone()),
        None => State::File(sandbox_state()?),
    };
    let ui = Arc::clone(&cx.ui);
    let log: sandbox::Log = Arc::new(move |line| {
        let status = line.status.map_or("closed".to_owned(), |status| status.to_string());
        ui.trace(&format!("{} {} {status} ({} ms)", line.method, line.path, line.took.as_millis()));
    });
    cx.ui.interrupts.only_wait();
    let sandbox = sandbox::start(Options {
        port: args.port,
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
