//! `profile remove`: a profile out of the configuration.

use super::report::ProfileReport;
use super::{refuse_built_in, row};
use crate::commands::Context;
use crate::commands::options::parse::quiet;
use crate::config::profile::ProfileName;
use crate::config::{change, resolve};
use crate::error::{Exit, Result};

/// Remove a profile
///
/// Takes the profile, and a token that stands in it, out of the configuration.
/// Nothing changes at Postmark.
///
/// Examples:
///     pmhooks profile remove staging
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, visible_alias = "rm")]
pub struct Args {
    /// The profile's name
    #[arg(value_name = "NAME", value_parser = quiet::<ProfileName>())]
    name: ProfileName,
}

/// Changes the configuration, after asking: a token that stands in it is gone.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ProfileReport>()?;
    let name = &args.name;
    refuse_built_in(name, "`pmhooks sandbox reset` puts it back to its beginning")?;
    let file = resolve::config(&cx.wanted, &cx.environment)?;
    let profile = file.profile(name)?;
    let shown = row(&profile, file.default_profile()?.as_ref());
    if !cx.yes {
        cx.ui
            .confirm(&format!("Remove profile {name} (token: {})?", shown.token_source), "--yes")?;
    }
    let path = resolve::config_path(&cx.wanted, &cx.environment)?;
    let was_default = change::file(&path, |document| change::remove(document, name))?;
    cx.ui.note(&format!("Removed profile {name}."));
    if was_default {
        cx.ui.note(
            "It was the default; there is none now. Choose one with: pmhooks profile use NAME",
        );
    }
    cx.show(&ProfileReport::one(shown))
}
