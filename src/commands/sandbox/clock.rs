//! `sandbox clock`: shows and advances the clock of a sandbox.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Value, json};

use super::attempts::text_of;
use crate::commands::Context;
use crate::commands::options::parse::{duration, quiet_with};
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::emulator::Emulator;
use crate::term::{Cell, Column, Details, Format, Report, Row};

/// Show or advance the sandbox's clock
///
/// The clock governs the sandbox's dates, retries and statistics. Advancing it
/// makes every attempt that is due by then, in order of time, without waiting.
///
/// Examples:
///     pmhooks sandbox clock
///     pmhooks sandbox clock advance 72m
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Address of the sandbox [default: the running server, else the state]
    #[arg(long, value_name = "HOST:PORT", global = true)]
    address: Option<SocketAddr>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Advance(Advance),
}

/// Advance the clock and make every attempt that is due by then
///
/// Returns when each of them was answered or timed out.
///
/// Examples:
///     pmhooks sandbox clock advance 72m
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Advance {
    /// Time to advance the clock by
    #[arg(value_name = "DURATION", value_parser = quiet_with(duration))]
    by: Duration,
}

pub(super) fn run(args: &Args, cx: &Context) -> Result<Exit> {
    match &args.command {
        None => {
            cx.check::<Clock>()?;
            let failed = "cannot read the sandbox's clock";
            let emulator = Emulator::open(args.address, cx.net.clone()).context(failed)?;
            cx.show(&Clock(emulator.get("/_sandbox/clock").context(failed)?))
        }
        Some(Command::Advance(advance)) => {
            cx.check::<Advanced>()?;
            let failed = "cannot advance the sandbox's clock";
            let by = SignedDuration::try_from(advance.by)
                .map_err(|_| CommandError::usage("the duration is too long"))?;
            let emulator = Emulator::open(args.address, cx.net.clone()).context(failed)?;
            let body = json!({ "Advance": by.to_string() });
            cx.show(&Advanced(emulator.post("/_sandbox/clock", &body).context(failed)?))
        }
    }
}

/// The clock: `{Now, Speed, Pending, NextAttempt}`.
#[derive(Serialize)]
#[serde(transparent)]
struct Clock(Value);

impl Report for Clock {
    const COLUMNS: &'static [Column] = &[
        Column::new("now", "Now"),
        Column::new("speed", "Speed"),
        Column::new("pending", "Pending"),
        Column::new("next", "NextAttempt"),
    ];
    const KEYS: &'static [&'static str] = &["Now", "Speed", "Pending", "NextAttempt"];
    const FORMATS: &'static [Format] = &[];

    fn rows(&self) -> Vec<Row> {
        let cells = ["Now", "Speed", "Pending", "NextAttempt"];
        vec![Row::new(cells.map(|key| Cell::new(text_of(&self.0, key))))]
    }

    fn details(&self) -> Option<Details> {
        let cell = |key: &str| Cell::new(text_of(&self.0, key));
        Some(vec![vec![
            ("Now", cell("Now")),
            ("Speed", Cell::new(format!("{}x", text_of(&self.0, "Speed")))),
            ("Pending events", cell("Pending")),
            ("Next attempt", cell("NextAttempt")),
        ]])
    }
}

/// An advance: `{Now, Attempts}`.
#[derive(Serialize)]
#[serde(transparent)]
struct Advanced(Value);

impl Report for Advanced {
    const COLUMNS: &'static [Column] =
        &[Column::new("now", "Now"), Column::new("attempts", "Attempts")];
    const KEYS: &'static [&'static str] = &["Now", "Attempts"];
    const FORMATS: &'static [Format] = &[];

    fn rows(&self) -> Vec<Row> {
        vec![Row::new(["Now", "Attempts"].map(|key| Cell::new(text_of(&self.0, key))))]
    }

    fn details(&self) -> Option<Details> {
        let cell = |key: &str| Cell::new(text_of(&self.0, key));
        Some(vec![vec![("Now", cell("Now")), ("Attempts", cell("Attempts"))]])
    }
}
