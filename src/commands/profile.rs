//! `profile`: names for servers and their tokens.

mod add;
mod list;
mod remove;
mod show;
mod r#use;

use anyhow::Result;

use super::Context;
use crate::config::profile::Profile;
use crate::failure::Exit;
use crate::model::{ApiUrl, ProfileName};
use crate::ui::accounts::AccountRow;

/// Manage the profiles of the configuration
///
/// A profile names a server and says where its token is: in the configuration itself (a file
/// that only you can read), in an environment variable, in another file, or in what a program
/// such as a password manager prints. It is pinned to the server that it was added for.
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
}

/// Passes on.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    match &args.command {
        Command::List(args) => list::run(args, cx),
        Command::Add(args) => add::run(args, cx),
        Command::Show(args) => show::run(args, cx),
        Command::Use(args) => r#use::run(args, cx),
        Command::Remove(args) => remove::run(args, cx),
    }
}

/// A profile as it is shown.
fn row(profile: &Profile, default: Option<&ProfileName>) -> AccountRow {
    AccountRow {
        name: Some(profile.name.to_string()),
        default: default == Some(&profile.name),
        api_url: profile.api_url.as_ref().map_or(ApiUrl::POSTMARK.to_owned(), ToString::to_string),
        server_id: profile.server_id.map(|id| id.0),
        server_name: profile.server_name.clone(),
        token_source: profile.token.describe(),
        protected: profile.protected,
        read_only: profile.read_only,
        stream: profile.stream.as_ref().map(ToString::to_string),
        vars: profile.vars.iter().map(|(name, _)| name.clone()).collect(),
        problem: None,
    }
}
