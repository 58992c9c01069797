//! The command line: the commands in the order of the help, and the options that all of them take.
//!
//! Floor 5. May use everything below; must not do HTTP or files.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{ArgAction, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::args::parse::{positive_duration, quiet, quiet_with};
use crate::commands::{
    apply, completions, create, delete, diff, edit, export, get, health, list, profile, sandbox,
    server, stats, streams, test, verify, whoami,
};
use crate::failure::Exit;
use crate::model::{ApiUrl, ProfileName};
use crate::ui::Format;

/// Administer Postmark webhooks
///
/// Lists, makes, changes and deletes the webhooks of a Postmark server, from a
/// terminal, a shell script or a CI step. Try everything without an account on
/// the built-in sandbox:
///
/// Examples:
///     pmhooks -p sandbox list
///     pmhooks create --url https://hooks.example.com/pm --on bounce,spam-complaint
///     pmhooks list -o json | jq -r '.[].Url'
///     pmhooks health --min-success 99
#[derive(Debug, Parser)]
#[command(
    name = "pmhooks",
    version,
    verbatim_doc_comment,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = false,
    args_override_self = true,
    after_long_help = exit_codes(),
    subcommand_help_heading = "Commands"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// The profile to use; `sandbox` is built in [env: PMHOOKS_PROFILE]
    #[arg(short, long, global = true, value_name = "NAME", value_delimiter = ',',
          action = ArgAction::Append, value_parser = quiet::<ProfileName>())]
    pub profile: Vec<ProfileName>,
    /// The API's address [env: POSTMARK_API_URL]
    #[arg(long, global = true, value_name = "URL", value_parser = quiet::<ApiUrl>())]
    pub api_url: Option<ApiUrl>,
    /// How data is printed
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "table",
        hide_default_value = true
    )]
    pub output: Format,
    /// The columns of table and tsv to print
    #[arg(long, global = true, value_name = "NAME,...", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Leave out the line with the columns' names
    #[arg(long, global = true)]
    pub no_header: bool,
    /// Show passwords and header values of webhooks; tokens are never shown
    #[arg(long, global = true)]
    pub show_secrets: bool,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    pub color: Color,
    /// Print only data and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Show each request; twice: with headers and bodies, secrets masked
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Do not ask for a confirmation
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// The time of one call with its retries
    #[arg(long, global = true, value_name = "DURATION", default_value = "60s",
          value_parser = quiet_with(positive_duration))]
    pub timeout: Duration,
    /// How often a failed call is repeated where that is safe
    #[arg(long, global = true, value_name = "N", default_value_t = 3)]
    pub retries: u32,
    /// Never ask anything
    #[arg(long, global = true)]
    pub no_input: bool,
    /// A certificate authority to trust besides the system's
    #[arg(long, global = true, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// The configuration file [env: PMHOOKS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[allow(missing_docs)]
pub enum Command {
    List(list::Args),
    Get(get::Args),
    Create(Box<create::Args>),
    Edit(Box<edit::Args>),
    Delete(delete::Args),
    Test(Box<test::Args>),
    Verify(verify::Args),
    Stats(stats::Args),
    Health(health::Args),
    Export(export::Args),
    Diff(diff::Args),
    Apply(apply::Args),
    Sandbox(sandbox::Args),
    Streams(streams::Args),
    Server(server::Args),
    Profile(profile::Args),
    Whoami(whoami::Args),
    Completions(completions::Args),
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

/// The whole command line, for parsing, help, manual and completions.
pub fn command() -> clap::Command {
    Cli::command()
}

fn exit_codes() -> String {
    let rows = Exit::ALL.map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", rows.join("\n"))
}
