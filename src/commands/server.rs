//! `server`: the settings of the server that decide which events there are.

mod edit;
mod get;
mod view;

use super::Context;
use crate::error::{Exit, Result};

/// Show or change the server's own event settings
///
/// Inbound mail and SMTP API errors are not part of the webhooks: they are
/// settings of the server, and so is the tracking without which no open or click
/// event arises.
///
/// Examples:
///     pmhooks server get
///     pmhooks server edit --inbound-hook-url https://hooks.example.com/inbound
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Get(get::Args),
    Edit(edit::Args),
}

/// Passes on.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    match &args.command {
        Command::Get(args) => get::run(args, cx),
        Command::Edit(args) => edit::run(args, cx),
    }
}
