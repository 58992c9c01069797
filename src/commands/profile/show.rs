//! `profile show`: all that the configuration says of one profile.

use super::{built_in_row, row};
use crate::commands::Context;
use crate::commands::options::parse::quiet;
use crate::config::profile::ProfileName;
use crate::config::resolve;
use crate::error::{Exit, Result};
use crate::term::accounts::Accounts;

/// Show a profile
///
/// Reads the configuration only; nothing is sent, and the token is never shown.
///
/// Examples:
///     pmhooks profile show staging
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The profile's name
    #[arg(value_name = "NAME", value_parser = quiet::<ProfileName>())]
    name: ProfileName,
}

/// Shows.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Accounts>()?;
    let file = resolve::config(&cx.wanted, &cx.environment)?;
    let default = file.default_profile()?;
    let row = if args.name.is_sandbox() {
        built_in_row(default.as_ref())
    } else {
        row(&file.profile(&args.name)?, default.as_ref())
    };
    let warnings = file.warnings.iter().cloned().chain(file.unknown_keys(&args.name));
    warnings.for_each(|warning| cx.ui.warn(&warning));
    cx.show(&Accounts { whole: true, ..Accounts::one(row) })
}
