//! `profile show`: all that the configuration says of one profile.

use anyhow::Result;

use super::row;
use crate::args::parse::quiet;
use crate::commands::Context;
use crate::config::resolve;
use crate::failure::Exit;
use crate::model::ProfileName;
use crate::ui::accounts::Accounts;

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
    let profile = file.profile(&args.name)?;
    let warnings = file.warnings.iter().cloned().chain(file.unknown_keys(&args.name));
    warnings.for_each(|warning| cx.ui.warn(&warning));
    let row = row(&profile, file.default_profile()?.as_ref());
    cx.show(&Accounts { whole: true, ..Accounts::one(row) })
}
