//! `sandbox`: the built-in emulator of the API.

mod attempts;
mod clock;
mod reset;
mod run;
mod serve;

use super::Context;
use crate::error::{Exit, Result};

/// Run the built-in emulator of Postmark's API
///
/// The profile sandbox needs no account, no token and no network: `pmhooks -p
/// sandbox list`. It keeps its state between runs. `serve` offers the same
/// emulator to other programs, and posts the events of what happens in it.
///
/// Examples:
///     pmhooks sandbox serve --port 0 --memory
///     pmhooks sandbox run -- npm test
///     pmhooks sandbox attempts --failed
///     pmhooks sandbox clock advance 72m
///     pmhooks sandbox reset
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Serve(serve::Args),
    Run(run::Args),
    Attempts(attempts::Args),
    Clock(clock::Args),
    Reset(reset::Args),
}

pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    match &args.command {
        Command::Serve(args) => serve::run(args, cx),
        Command::Run(args) => run::run(args, cx),
        Command::Attempts(args) => attempts::run(args, cx),
        Command::Clock(args) => clock::run(args, cx),
        Command::Reset(args) => reset::run(args, cx),
    }
}
