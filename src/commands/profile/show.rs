//! `profile show`: all that the configuration says of one profile.

use super::report::{ProfileReport, ProfileRow, ProfileSettings};
use super::{built_in_row, row};
use crate::commands::Context;
use crate::commands::options::parse::quiet;
use crate::config::profile::ProfileName;
use crate::config::resolve;
use crate::error::{Exit, Result};

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
    cx.check::<ProfileReport>()?;
    let file = resolve::config(&cx.wanted, &cx.environment)?;
    let default = file.default_profile()?;
    let row = if args.name.is_sandbox() {
        let settings = ProfileSettings { stream: None, vars: Vec::new() };
        ProfileRow { settings: Some(settings), ..built_in_row(default.as_ref()) }
    } else {
        let profile = file.profile(&args.name)?;
        let settings = ProfileSettings {
            stream: profile.stream.as_ref().map(ToString::to_string),
            vars: profile.vars.iter().map(|(name, _)| name.clone()).collect(),
        };
        ProfileRow { settings: Some(settings), ..row(&profile, default.as_ref()) }
    };
    let warnings = file.warnings.iter().cloned().chain(file.unknown_keys(&args.name));
    warnings.for_each(|warning| cx.ui.warn(&warning));
    cx.show(&ProfileReport::one(row))
}
