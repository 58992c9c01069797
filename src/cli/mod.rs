//! The command line: the root, the global options, parsing.

mod complete;
mod profiles;
pub mod run;
mod terminal;
mod trace;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::error::ErrorKind;
use clap::{
    ArgAction, Args as _, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
};

use crate::commands::options::parse::{positive_duration, quiet, quiet_with, retries};
use crate::commands::{
    apply, backfill, completions, create, delete, diff, doctor, edit, export, get, health, lint,
    list, listen, profile, replay, rotate_auth, sandbox, server, stats, streams, test, verify,
    whoami,
};
use crate::config::profile::ProfileName;
use crate::error::Exit;
use crate::postmark::ApiUrl;
use crate::term::{Format, Sort};

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
    /// The profile to use, or several: a,b; `sandbox` is built in [env: PMHOOKS_PROFILE]
    #[arg(short, long, global = true, value_name = "NAME", value_delimiter = ',',
          action = ArgAction::Append, value_parser = quiet::<ProfileName>())]
    pub profile: Vec<ProfileName>,
    /// All profiles of the configuration, for commands that take several
    #[arg(long, global = true)]
    pub all_profiles: bool,
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
    /// Columns to print; for json, jsonl and yaml the keys of each row
    #[arg(long, global = true, value_name = "NAME,...", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Column to sort rows by; -COLUMN sorts in descending order
    #[arg(long, global = true, value_name = "COLUMN", allow_hyphen_values = true,
          value_parser = quiet::<Sort>())]
    pub sort: Option<Sort>,
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
    /// The time of one call with its retries [default: 60s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = quiet_with(positive_duration))]
    pub timeout: Option<Duration>,
    /// How often a failed call is repeated where that is safe
    #[arg(long, global = true, value_name = "N", default_value_t = 3, allow_negative_numbers = true,
          value_parser = quiet_with(retries))]
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
    Lint(lint::Args),
    Doctor(doctor::Args),
    Export(export::Args),
    Diff(diff::Args),
    Apply(apply::Args),
    RotateAuth(Box<rotate_auth::Args>),
    Listen(Box<listen::Args>),
    Replay(Box<replay::Args>),
    Backfill(Box<backfill::Args>),
    Sandbox(sandbox::Args),
    Streams(streams::Args),
    Server(server::Args),
    Profile(profile::Args),
    Whoami(whoami::Args),
    Completions(completions::Args),
}

impl Command {
    /// True where it can be for several profiles at once; [`crate::error::FAN_OUT`] names these.
    pub fn can_fan_out(&self) -> bool {
        matches!(
            self,
            Self::List(_)
                | Self::Stats(_)
                | Self::Health(_)
                | Self::Lint(_)
                | Self::Diff(_)
                | Self::Apply(_)
                | Self::Streams(_)
        )
    }
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

/// The whole command line, for help, manual and completions.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Parses a command line.
///
/// To define every option of every command takes longer than the rest of the start, so only the commands
/// whose names stand among the words are defined at first. What is not understood that way, or asks for
/// help, is parsed again by the whole definition, which has the last word.
pub fn parse(words: &[OsString]) -> Result<Cli, clap::Error> {
    let first = root().subcommands(named(words)).try_get_matches_from(words);
    match first.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Err(error) if error.kind() != ErrorKind::DisplayVersion => {
            let matches = command().try_get_matches_from(words)?;
            Cli::from_arg_matches(&matches)
        }
        parsed => parsed,
    }
}

/// The command line without its commands.
fn root() -> clap::Command {
    let root = clap::Command::new("pmhooks").version(env!("CARGO_PKG_VERSION"));
    GlobalArgs::augment_args(root).subcommand_required(true).args_override_self(true)
}

/// The commands whose names stand among the words, wherever they stand.
fn named(words: &[OsString]) -> Vec<clap::Command> {
    let words = words.iter().skip(1).filter_map(|word| word.to_str());
    let found =
        words.filter_map(|word| DEFINITIONS.iter().find(|(names, _)| names.contains(&word)));
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(names, _)| *names);
    found.dedup_by_key(|(names, _)| *names);
    found
        .into_iter()
        .filter_map(|(names, define)| Some(define(clap::Command::new(*names.first()?))))
        .collect()
}

type Definition = (&'static [&'static str], fn(clap::Command) -> clap::Command);

/// Each command by its names, with what defines its options. A test holds it to [`Command`].
const DEFINITIONS: &[Definition] = &[
    (&["list", "ls"], list::Args::augment_args),
    (&["get"], get::Args::augment_args),
    (&["create"], create::Args::augment_args),
    (&["edit"], edit::Args::augment_args),
    (&["delete", "rm"], delete::Args::augment_args),
    (&["test"], test::Args::augment_args),
    (&["verify"], verify::Args::augment_args),
    (&["stats"], stats::Args::augment_args),
    (&["health"], health::Args::augment_args),
    (&["lint"], lint::Args::augment_args),
    (&["doctor"], doctor::Args::augment_args),
    (&["export"], export::Args::augment_args),
    (&["diff"], diff::Args::augment_args),
    (&["apply"], apply::Args::augment_args),
    (&["rotate-auth"], rotate_auth::Args::augment_args),
    (&["listen"], listen::Args::augment_args),
    (&["replay"], replay::Args::augment_args),
    (&["backfill"], backfill::Args::augment_args),
    (&["sandbox"], sandbox::Args::augment_args),
    (&["streams"], streams::Args::augment_args),
    (&["server"], server::Args::augment_args),
    (&["profile"], profile::Args::augment_args),
    (&["whoami"], whoami::Args::augment_args),
    (&["completions"], completions::Args::augment_args),
];

fn exit_codes() -> String {
    let rows = Exit::ALL.map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", rows.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FAN_OUT;

    #[test]
    fn every_command_is_defined_under_each_of_its_names() {
        let whole = command();
        let commands = whole.get_subcommands();
        let names = commands.map(|c| std::iter::once(c.get_name()).chain(c.get_all_aliases()));
        let names: Vec<Vec<&str>> = names.map(Iterator::collect).collect();
        let defined: Vec<Vec<&str>> = DEFINITIONS.iter().map(|(names, _)| names.to_vec()).collect();
        assert_eq!(defined, names);
        for (names, define) in DEFINITIONS {
            let mut alone = define(clap::Command::new(names[0]));
            let mut among = whole.find_subcommand(names[0]).unwrap().clone();
            assert_eq!(alone.render_long_help().to_string(), among.render_long_help().to_string());
        }
    }

    #[test]
    fn a_word_may_be_both_a_value_and_a_name() {
        let parse = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            parse(&words).map(|cli| (format!("{:?}", cli.command), cli.global.profile.len()))
        };
        let (command, profiles) = parse("pmhooks -p get list -p list --stream list").unwrap();
        assert!(command.starts_with("List"), "{command}");
        assert_eq!(profiles, 1);
        let error = parse("pmhooks stremas").unwrap_err().to_string();
        assert!(error.contains("a similar subcommand exists: 'streams'"), "{error}");
        let help = parse("pmhooks --help list").unwrap_err().to_string();
        assert!(help.contains("completions"), "{help}");
    }

    #[test]
    fn those_that_are_named_as_able_to_fan_out_are_able_to() {
        let can = |name| Cli::try_parse_from(["pmhooks", name]).unwrap().command.can_fan_out();
        assert!(FAN_OUT.iter().all(|name| can(name)));
        assert!(!can("whoami"));
    }
}
