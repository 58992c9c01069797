//! `profile`: names for servers and their tokens.

mod add;
mod import;
mod list;
mod remove;
pub(crate) mod report;
mod show;
mod token;
mod r#use;

use super::Context;
use crate::config::profile::{Profile, ProfileName};
use crate::error::{CommandError, Exit, Result};
use crate::postmark::ApiUrl;
use report::ProfileRow;

/// Manage the profiles of the configuration
///
/// A profile names a server and says where its token is: in the configuration
/// itself (a file that only you can read), in an environment variable, in another
/// file, or in what a program such as a password manager prints. It is pinned to
/// the server that it was added for.
///
/// Examples:
///     pmhooks profile add staging --token env:STAGING_TOKEN
///     pmhooks profile list
///     pmhooks profile use staging
///     pmhooks profile import --dry-run
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(list::Args),
    Add(Box<add::Args>),
    Show(show::Args),
    Use(r#use::Args),
    Remove(remove::Args),
    Import(import::Args),
}

/// Passes on.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    match &args.command {
        Command::List(args) => list::run(args, cx),
        Command::Add(args) => add::run(args, cx),
        Command::Show(args) => show::run(args, cx),
        Command::Use(args) => r#use::run(args, cx),
        Command::Remove(args) => remove::run(args, cx),
        Command::Import(args) => import::run(args, cx),
    }
}

/// A profile as it is shown.
fn row(profile: &Profile, default: Option<&ProfileName>) -> ProfileRow {
    ProfileRow {
        name: Some(profile.name.to_string()),
        default: default == Some(&profile.name),
        api_url: Some(
            profile.api_url.as_ref().map_or(ApiUrl::POSTMARK.to_owned(), ToString::to_string),
        ),
        server_id: profile.server_id.map(|id| id.0),
        server_name: profile.server_name.clone(),
        token_source: profile.token.describe(),
        protected: profile.protected,
        read_only: profile.read_only,
        elsewhere: false,
        settings: None,
        problem: None,
    }
}

/// The built-in profile as it is shown.
fn built_in_row(default: Option<&ProfileName>) -> ProfileRow {
    ProfileRow {
        name: Some(ProfileName::SANDBOX.to_owned()),
        default: default.is_some_and(ProfileName::is_sandbox),
        token_source: "built-in".to_owned(),
        ..ProfileRow::default()
    }
}

/// Refuses to make or remove what is always there.
fn refuse_built_in(name: &ProfileName, what_instead: &str) -> Result<()> {
    if name.is_sandbox() {
        let why = format!("the profile {name} is built in; {what_instead}");
        return Err(CommandError::usage(why));
    }
    Ok(())
}
