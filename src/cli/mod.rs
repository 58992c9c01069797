//! The command line: the root, the global options, parsing.

mod complete;
mod errors;
pub mod run;
mod trace;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, Styles};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{
    Arg, ArgAction, ArgMatches, Args as _, CommandFactory as _, FromArgMatches as _, Parser,
    ValueEnum,
};

use crate::commands::options::parse::{positive_duration, quiet, quiet_with, retries};
use crate::commands::{COMMANDS, CommandEntry, Group, Run};
use crate::config::profile::ProfileName;
use crate::error::Exit;
use crate::postmark::ApiUrl;
use crate::term::{Format, Sort};

/// Version, commit and target, as `build.rs` found them.
const VERSION: &str = env!("PMHOOKS_VERSION");

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
    version = VERSION,
    verbatim_doc_comment,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = false,
    args_override_self = true,
    after_long_help = exit_codes(),
    subcommand_help_heading = "Commands"
)]
struct Root {
    #[command(flatten)]
    global: GlobalArgs,
}

/// Options of every command, before it or behind it. Where both name one, the one behind wins.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// All profiles of the configuration, for commands that take several
    #[arg(long, global = true, display_order = 1)]
    pub(crate) all_profiles: bool,
    /// The API's address [env: POSTMARK_API_URL]
    #[arg(long, global = true, value_name = "URL", value_parser = quiet::<ApiUrl>())]
    pub(crate) api_url: Option<ApiUrl>,
    /// How data is printed
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "table",
        hide_default_value = true
    )]
    pub(crate) output: Format,
    /// Columns to print; for json, jsonl and yaml the keys of each row
    #[arg(long, global = true, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// Column to sort rows by; -COLUMN sorts in descending order
    #[arg(long, global = true, value_name = "COLUMN", allow_hyphen_values = true,
          value_parser = quiet::<Sort>())]
    pub(crate) sort: Option<Sort>,
    /// Leave out the line with the columns' names
    #[arg(long, global = true)]
    pub(crate) no_header: bool,
    /// Show passwords and header values of webhooks; tokens are never shown
    #[arg(long, global = true)]
    pub(crate) show_secrets: bool,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) color: Color,
    /// Print only data and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Show each request; twice: with headers and bodies, secrets masked
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Do not ask for a confirmation
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// The time of one call with its retries [default: 60s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = quiet_with(positive_duration))]
    pub(crate) timeout: Option<Duration>,
    /// How often a failed call is repeated where that is safe
    #[arg(long, global = true, value_name = "N", default_value_t = 3, allow_negative_numbers = true,
          value_parser = quiet_with(retries))]
    pub(crate) retries: u32,
    /// Never ask anything
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// A certificate authority to trust besides the system's
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// The configuration file [env: PMHOOKS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// `--profile`, which the root and each command define for themselves: of a global option that stands both
/// before and behind the command, clap keeps only the second, but profiles are joined.
#[derive(clap::Args)]
#[command(next_help_heading = "Global options")]
struct ProfileArg {
    /// The profile to use, or several: a,b; `sandbox` is built in [env: PMHOOKS_PROFILE]
    #[arg(short, long, value_name = "NAME", value_delimiter = ',', display_order = 0,
          action = ArgAction::Append, value_parser = quiet::<ProfileName>())]
    #[allow(dead_code, reason = "read from the matches of every level")]
    profile: Vec<ProfileName>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
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

/// A command line that was understood.
pub(crate) struct CommandLine {
    pub(crate) global: GlobalArgs,
    /// Profiles that are named, before the command first.
    pub(crate) profiles: Vec<ProfileName>,
    pub(crate) command: &'static CommandEntry,
    /// The command with its arguments.
    pub(crate) run: Run,
}

/// The whole command line, for help, manual and completions.
pub fn command() -> clap::Command {
    let root = Root::command().subcommands(COMMANDS.iter().map(CommandEntry::define));
    let help = help_template(&root);
    with_profile(root.help_template(help), &profile_arg())
}

/// Parses a command line.
///
/// To define every option of every command takes longer than the rest of the start, so only the commands
/// whose names stand among the words are defined at first. What is not understood that way, or asks for
/// help, is parsed again by the whole definition, which has the last word.
pub(crate) fn parse(words: &[OsString]) -> Result<CommandLine, clap::Error> {
    let first = with_profile(short_root().subcommands(named(words)), &profile_arg());
    let matches = match first.try_get_matches_from(words) {
        Err(error) if error.kind() != ErrorKind::DisplayVersion => {
            command().try_get_matches_from(words)?
        }
        parsed => parsed?,
    };
    let global = GlobalArgs::from_arg_matches(&matches)?;
    let found = matches.subcommand().and_then(|(name, matches)| {
        Some((COMMANDS.iter().find(|command| command.name() == name)?, matches))
    });
    let Some((command, of_command)) = found else {
        return Err(self::command().error(ErrorKind::MissingSubcommand, "a command is required"));
    };
    let run = (command.parse)(of_command)?;
    Ok(CommandLine { global, profiles: profiles(&matches), command, run })
}

/// The root without commands and help.
fn short_root() -> clap::Command {
    let root = clap::Command::new("pmhooks").version(VERSION);
    GlobalArgs::augment_args(root).subcommand_required(true).args_override_self(true)
}

/// The commands whose names stand among the words, wherever they stand.
fn named(words: &[OsString]) -> impl Iterator<Item = clap::Command> {
    let is_named = |command: &&CommandEntry| {
        command.names.iter().any(|name| words.iter().skip(1).any(|word| word == name))
    };
    COMMANDS.iter().filter(is_named).map(CommandEntry::define)
}

fn profile_arg() -> Arg {
    let command = ProfileArg::augment_args(clap::Command::new("pmhooks"));
    command.get_arguments().next().cloned().unwrap_or_else(|| Arg::new("profile"))
}

/// Defines `--profile` on a command and on all below it.
fn with_profile(command: clap::Command, arg: &Arg) -> clap::Command {
    command.arg(arg).mut_subcommands(|below| with_profile(below, arg))
}

/// The profiles that are named on any level.
fn profiles(matches: &ArgMatches) -> Vec<ProfileName> {
    let mut names: Vec<_> =
        matches.get_many::<ProfileName>("profile").into_iter().flatten().cloned().collect();
    names.extend(matches.subcommand().into_iter().flat_map(|(_, below)| profiles(below)));
    names
}

/// Output format and color of a command line that has an error, as far as it names them.
///
/// Parsing ends at a word that is not understood, so it begins anew behind each word until both are found.
fn presentation(words: &[OsString]) -> (Option<Format>, Option<Color>) {
    let command = GlobalArgs::augment_args(clap::Command::new("pmhooks"))
        .arg(profile_arg())
        .arg(Arg::new("words").num_args(0..))
        .no_binary_name(true)
        .args_override_self(true)
        .disable_help_flag(true)
        .ignore_errors(true);
    let (mut format, mut color) = (None, None);
    for start in 1..words.len() {
        let rest = words.get(start..).unwrap_or_default();
        let Ok(matches) = command.clone().try_get_matches_from(rest) else { continue };
        format = format.or_else(|| given(&matches, "output"));
        color = color.or_else(|| given(&matches, "color"));
        if format.is_some() && color.is_some() {
            break;
        }
    }
    (format, color)
}

/// The value of an option that is named, not its default.
fn given<T: Copy + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> Option<T> {
    let is_named = matches.value_source(id) == Some(ValueSource::CommandLine);
    is_named.then(|| matches.get_one(id).copied()).flatten()
}

/// clap's template with the commands in their groups.
fn help_template(root: &clap::Command) -> String {
    let styles = Styles::styled();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let width = COMMANDS.iter().map(|command| command.name().len()).max().unwrap_or_default();
    let mut groups = String::new();
    for group in Group::ALL {
        groups += &format!("{header}{}:{header:#}\n", group.title());
        for command in COMMANDS.iter().filter(|command| command.group == group) {
            let about = root.find_subcommand(command.name()).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let aliases = command.names.get(1..).filter(|aliases| !aliases.is_empty());
            let aliases = aliases.map(|names| format!(" [alias: {}]", names.join(", ")));
            groups += &format!(
                "  {literal}{:width$}{literal:#}  {about}{}\n",
                command.name(),
                aliases.unwrap_or_default()
            );
        }
        groups.push('\n');
    }
    format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}\
         {header}Global options:{header:#}\n{{options}}{{after-help}}"
    )
}

fn exit_codes() -> String {
    let rows = Exit::ALL.map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", rows.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn parsed(line: &str) -> Result<(&'static str, String), clap::Error> {
        let line = parse(&words(line))?;
        let profiles: Vec<_> = line.profiles.iter().map(ProfileName::as_str).collect();
        Ok((line.command.name(), profiles.join(" ")))
    }

    #[test]
    fn a_command_alone_has_the_help_that_it_has_among_all() {
        let whole = command();
        assert_eq!(whole.get_subcommands().count(), COMMANDS.len());
        for entry in COMMANDS {
            let mut among = whole.find_subcommand(entry.name()).unwrap().clone();
            let mut alone = with_profile(entry.define(), &profile_arg());
            assert_eq!(alone.render_long_help().to_string(), among.render_long_help().to_string());
        }
    }

    #[test]
    fn every_completed_argument_exists() {
        let whole = command();
        for entry in COMMANDS {
            for (path, _) in entry.completions {
                let mut command = whole.find_subcommand(entry.name()).unwrap();
                let (arg, below) = path.split_last().unwrap();
                for name in below {
                    command = command.find_subcommand(name).unwrap();
                }
                assert!(command.get_arguments().any(|a| a.get_id() == arg), "{path:?}");
            }
        }
    }

    #[test]
    fn a_word_may_be_both_a_value_and_a_name() {
        let (command, profiles) = parsed("pmhooks -p get list -p list --columns list").unwrap();
        assert_eq!((command, profiles.as_str()), ("list", "get list"));
        let error = parsed("pmhooks stremas").unwrap_err().to_string();
        assert!(error.contains("a similar subcommand exists: 'streams'"), "{error}");
        let help = parsed("pmhooks --help list").unwrap_err().to_string();
        assert!(help.contains("completions"), "{help}");
    }

    #[test]
    fn profiles_before_and_behind_the_command_are_joined() {
        for (line, names) in [
            ("pmhooks list", ""),
            ("pmhooks -p a list --profile b", "a b"),
            ("pmhooks --profile=a,b list -pc -p=d", "a b c d"),
            ("pmhooks -qp a list -yvp=b", "a b"),
            ("pmhooks -p a profile -p b list -p c", "a b c"),
        ] {
            assert_eq!(parsed(line).unwrap().1, names, "{line}");
        }
    }

    #[test]
    fn output_and_color_are_found_around_errors() {
        for (line, format, color) in [
            ("pmhooks list --bogus", None, None),
            ("pmhooks list --bogus -o json --color=never", Some(Format::Json), Some(Color::Never)),
            ("pmhooks -qojsonl lisst word --on x", Some(Format::Jsonl), None),
            ("pmhooks list --timeout never -o nonsense --color always", None, Some(Color::Always)),
            ("pmhooks --help --color always", None, Some(Color::Always)),
        ] {
            assert_eq!(presentation(&words(line)), (format, color), "{line}");
        }
    }
}
