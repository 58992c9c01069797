//! `profile use`: the profile of commands that name none.

use super::report::ProfileReport;
use super::{refuse_built_in, row};
use crate::commands::Context;
use crate::commands::options::parse::quiet;
use crate::config::profile::ProfileName;
use crate::config::{change, resolve};
use crate::error::{Exit, Result};

/// Make a profile the default
///
/// The default profile is used where neither --profile, PMHOOKS_PROFILE nor
/// POSTMARK_SERVER_TOKEN says otherwise.
///
/// Examples:
///     pmhooks profile use staging
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The profile's name
    #[arg(value_name = "NAME", value_parser = quiet::<ProfileName>())]
    name: ProfileName,
}

/// Changes the configuration.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ProfileReport>()?;
    let name = &args.name;
    refuse_built_in(name, "it is used only where it is named, as in `pmhooks -p sandbox list`")?;
    let profile = resolve::config(&cx.wanted, &cx.environment)?.profile(name)?;
    let shown = row(&profile, Some(name));
    let path = resolve::config_path(&cx.wanted, &cx.environment)?;
    change::file(&path, |document| {
        change::set_default(document, name);
        Ok(())
    })?;
    cx.ui.note(&format!("The default profile is now {name}."));
    cx.show(&ProfileReport::one(shown))
}
