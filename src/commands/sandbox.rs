//! `sandbox`: the built-in emulator of the API, for other programs too.

mod reset;
mod serve;

use super::Context;
use crate::error::{Exit, Result};

/// Run the built-in emulator of Postmark's API
///
/// The profile sandbox needs no account, no token and no network: `pmhooks -p
/// sandbox list`. It keeps its state between runs. `serve` offers the same
/// emulator to other programs.
///
/// Examples:
///     pmhooks sandbox serve --port 0 --memory
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
    Reset(reset::Args),
}

/// Passes on.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    match &args.command {
        Command::Serve(args) => serve::run(args, cx),
        Command::Reset(args) => reset::run(args, cx),
    }
}
