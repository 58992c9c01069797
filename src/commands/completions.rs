//! `completions`: what a shell needs to complete a command line.

pub mod docs;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use self::docs::Shell;
use super::Context;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::term::Format;

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

/// Prints.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    if cx.ui.settings.format != Format::Table {
        return Err(CommandError::usage(
            "a completion script is printed as it is; leave out --output",
        ));
    }
    cx.ui.data(&docs::completion_script(args.shell)).context("cannot write to standard output")?;
    Ok(Exit::Done)
}
