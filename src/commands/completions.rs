//! `completions`: the completion script of a shell.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::Context;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::term::Format;

/// Environment variable by which a completion script asks the program.
pub(crate) const COMPLETE: &str = "COMPLETE";

/// Print the completion script of a shell
///
/// Commands, options, triggers, the names of profiles and the IDs of webhooks are
/// completed. The script asks pmhooks itself, so it stays right after an upgrade.
///
/// Examples:
///     pmhooks completions bash > \
///         ~/.local/share/bash-completion/completions/pmhooks
///     pmhooks completions zsh > ~/.zfunc/_pmhooks
///     pmhooks completions fish > ~/.config/fish/completions/pmhooks.fish
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = shells())]
    shell: Shell,
}

fn shells() -> impl clap::builder::TypedValueParser<Value = Shell> {
    PossibleValuesParser::new(Shell::ALL.map(Shell::name)).map(|word| {
        Shell::ALL.into_iter().find(|shell| shell.name() == word).unwrap_or(Shell::Bash)
    })
}

pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    if cx.ui.settings.format != Format::Table {
        return Err(CommandError::usage(
            "a completion script is printed as it is; leave out --output",
        ));
    }
    cx.ui.data(&completion_script(args.shell)).context("cannot write to standard output")?;
    Ok(Exit::Done)
}

/// A shell with completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
#[allow(clippy::enum_variant_names, reason = "PowerShell is its name")]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    PowerShell,
    Elvish,
}

impl Shell {
    /// Every shell.
    pub(crate) const ALL: [Self; 5] =
        [Self::Bash, Self::Zsh, Self::Fish, Self::PowerShell, Self::Elvish];

    /// Name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::PowerShell => "powershell",
            Self::Elvish => "elvish",
        }
    }

    fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &Bash,
            Self::Zsh => &Zsh,
            Self::Fish => &Fish,
            Self::PowerShell => &Powershell,
            Self::Elvish => &Elvish,
        }
    }
}

/// Completion script of a shell. It runs the program for each completion, so that profiles and webhooks can be
/// completed.
fn completion_script(shell: Shell) -> String {
    let mut script = Vec::new();
    // Writing to a Vec cannot fail.
    let _ = shell.completer().write_registration(
        COMPLETE,
        "pmhooks",
        "pmhooks",
        "pmhooks",
        &mut script,
    );
    String::from_utf8_lossy(&script).into_owned()
}
