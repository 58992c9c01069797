//! `profile list`: all profiles of the configuration.

use super::report::{ProfileReport, ProfileRow};
use super::row;
use crate::commands::Context;
use crate::config::file::File;
use crate::config::profile::{Profile, ProfileName};
use crate::config::resolve;
use crate::error::{Exit, Result};

/// List the profiles
///
/// Reads the configuration only; nothing is sent. The built-in profile sandbox is
/// always there and not listed.
///
/// Examples:
///     pmhooks profile list
///     pmhooks profile list -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, visible_alias = "ls")]
pub struct Args {}

/// Lists. A profile that cannot be used has its problem shown, and does not hide the others.
pub fn run(_: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ProfileReport>()?;
    let file = resolve::config(&cx.wanted, &cx.environment)?;
    file.warnings.iter().for_each(|warning| cx.ui.warn(warning));
    let default = file.default_profile()?;
    let names = file.names();
    let is_missing = |d: &&ProfileName| !d.is_sandbox() && !names.iter().any(|n| n == d.as_str());
    if let Some(missing) = default.as_ref().filter(is_missing) {
        cx.ui.warn(&format!("the default profile {missing} does not exist"));
    }
    let read = |name: String| match name.parse().and_then(|name| usable(&file, &name)) {
        Ok(profile) => row(&profile, default.as_ref()),
        Err(problem) => {
            ProfileRow { name: Some(name), problem: Some(problem), ..ProfileRow::default() }
        }
    };
    let rows = names.iter().cloned().map(read).collect();
    cx.show(&ProfileReport::List(rows))
}

fn usable(file: &File, name: &ProfileName) -> Result<Profile, String> {
    if name.is_sandbox() {
        return Err("the name belongs to the built-in profile; take another".to_owned());
    }
    file.profile(name).map_err(|error| error.to_string())
}
