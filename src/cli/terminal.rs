//! What the terminal is like, and what flags and environment make of it.

use crate::Process;
use crate::cli::{Color, GlobalArgs};
use crate::config::env::{self, Environment};
use crate::postmark::Reveal;
use crate::term::{Format, Settings};

/// The settings of a command line that was understood.
pub(super) fn settings(global: &GlobalArgs, process: &Process) -> Settings {
    let environment = &process.environment;
    let is_dumb = environment.raw(env::TERM.name).is_some_and(|term| term == "dumb");
    let is_attended = process.stdin_is_terminal && process.stderr_is_terminal;
    let may_ask = is_attended && !global.no_input && !environment.is_on(env::CI);
    Settings {
        format: global.output,
        columns: global.columns.clone(),
        sort: global.sort.clone(),
        no_header: global.no_header,
        reveal: if global.show_secrets { Reveal::Shown } else { Reveal::Masked },
        quiet: global.quiet,
        verbose: global.verbose,
        color_out: is_colored(global.color, environment, process.stdout_is_terminal),
        color_err: is_colored(global.color, environment, process.stderr_is_terminal),
        width: if is_dumb { None } else { process.stdout_width },
        rewrites: process.stderr_is_terminal && !is_dumb,
        may_ask,
    }
}

/// The settings of one that was not: what can be told from the words alone.
pub(super) fn settings_of_raw(process: &Process) -> Settings {
    let words: Vec<_> = process.arguments.iter().map(|word| word.to_string_lossy()).collect();
    let after = |flags: &[&str]| {
        words
            .iter()
            .zip(words.iter().skip(1))
            .find_map(|(flag, value)| flags.contains(&flag.as_ref()).then(|| value.to_string()))
    };
    let joined = |prefix: &str| {
        words
            .iter()
            .find_map(|word| word.strip_prefix(prefix).map(str::to_owned))
            .filter(|v| !v.is_empty())
    };
    let output =
        joined("--output=").or_else(|| after(&["-o", "--output"])).or_else(|| joined("-o"));
    let color = joined("--color=").or_else(|| after(&["--color"]));
    let when = match color.as_deref() {
        Some("always") => Color::Always,
        Some("never") => Color::Never,
        _ => Color::Auto,
    };
    let environment = &process.environment;
    let named = output.as_deref().map(|o| o.trim_start_matches('='));
    let format = Format::ALL.into_iter().find(|format| Some(format.name()) == named);
    Settings {
        format: format.unwrap_or_default(),
        color_out: is_colored(when, environment, process.stdout_is_terminal),
        color_err: is_colored(when, environment, process.stderr_is_terminal),
        ..Settings::default()
    }
}

/// The flag, then `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR=0`, `TERM=dumb`, then whether it is a terminal.
fn is_colored(flag: Color, environment: &Environment, is_terminal: bool) -> bool {
    let set = |variable: env::Variable| environment.raw(variable.name).filter(|v| !v.is_empty());
    match flag {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set(env::NO_COLOR).is_some() => false,
        Color::Auto if set(env::CLICOLOR_FORCE).is_some_and(|v| v != "0") => true,
        Color::Auto if set(env::CLICOLOR).is_some_and(|v| v == "0") => false,
        Color::Auto if set(env::TERM).is_some_and(|v| v == "dumb") => false,
        Color::Auto => is_terminal,
    }
}
