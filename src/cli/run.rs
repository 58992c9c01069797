//! A run, from the command line to the exit code: parse, build the context, run the command.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use super::{complete, errors, trace};
use crate::Process;
use crate::cli::{self, Color, GlobalArgs};
use crate::commands::{self, CommandEntry, Context};
use crate::config::env::{self, Environment};
use crate::config::profile::ProfileName;
use crate::config::resolve::{Profiles, Wanted};
use crate::error::{CommandError, Exit, Result, TargetOptions};
use crate::http::client::{self, HttpClient};
use crate::ops::test::DEFAULT_TIMEOUT;
use crate::postmark::{Limits, Reveal, Secrets};
use crate::term::{Interrupts, Settings, Ui};

/// Runs a command line. Output, errors included, is complete when this returns.
pub fn run(process: Process) -> Exit {
    if complete::is_asked(&process.environment) {
        return complete::run(&process);
    }
    Secrets::of_run().enable(false);
    register_tokens(&process.environment);
    let line = match cli::parse(&process.arguments) {
        Ok(line) => line,
        Err(error) => return errors::not_understood(&error, &process),
    };
    Secrets::of_run().enable(line.global.show_secrets);
    let interrupts = Interrupts::new(process.leave);
    let ui = Arc::new(Ui::new(settings(&line.global, &process), interrupts));
    let selected = profiles(line.command, &line.global, line.profiles);
    let named = selected.as_ref().map_or(Profiles::Unnamed, Clone::clone);
    let cx = context(&line.global, named, &process, Arc::clone(&ui));
    match selected.and_then(|_| (line.run)(&cx)) {
        Ok(exit) => {
            for warning in ui.close() {
                ui.line(&format!("pmhooks: warning: {warning}"));
            }
            exit
        }
        Err(error) if error.is_closed_pipe() => Exit::Done,
        Err(error) => errors::report(&cx.explain(error), &cx.target_options, &ui),
    }
}

/// Registers the tokens of the environment, used or not.
fn register_tokens(environment: &Environment) {
    for variable in [env::SERVER_TOKEN, env::ACCOUNT_TOKEN] {
        if let Some(token) = environment.raw(variable.name) {
            Secrets::of_run().add_token(&token.to_string_lossy());
        }
    }
}

/// The profiles that a command line names. A command for one profile refuses several: a write must not go
/// to one where two were meant.
fn profiles(
    command: &CommandEntry,
    global: &GlobalArgs,
    names: Vec<ProfileName>,
) -> Result<Profiles> {
    let profiles = match (global.all_profiles, names.is_empty()) {
        (true, false) => {
            return Err(CommandError::usage("--all-profiles and --profile do not go together"));
        }
        (true, true) => Profiles::All,
        (false, _) => Profiles::of(names),
    };
    if profiles.are_several() && !command.fans_out {
        let message = "this command works on one profile at a time";
        return Err(CommandError::one_profile_only(message));
    }
    Ok(profiles)
}

/// The options that name the target of this run, for the commands in hints.
fn target_options(global: &GlobalArgs, profiles: &Profiles) -> TargetOptions {
    let name = match profiles {
        Profiles::One(name) => Some(name.as_str()),
        Profiles::Unnamed | Profiles::Several(_) | Profiles::All => None,
    };
    TargetOptions::new(global.config.as_deref(), global.api_url.as_ref(), name)
        .fan_out(commands::fan_out_names())
}

fn context(global: &GlobalArgs, profiles: Profiles, process: &Process, ui: Arc<Ui>) -> Context {
    let environment = process.environment.clone();
    let net = Arc::new(HttpClient::new(client::Settings {
        cacert: global.cacert.clone(),
        ssl_cert_file: environment.raw(env::SSL_CERT_FILE.name).map(ToOwned::to_owned),
        ssl_cert_dir: environment.raw(env::SSL_CERT_DIR.name).map(ToOwned::to_owned),
        proxy: commands::proxies(&environment),
        observer: Some(trace::observer(Arc::clone(&ui))),
    }));
    Context {
        ui,
        no_input: global.no_input || environment.is_on(env::CI),
        environment,
        target_options: target_options(global, &profiles),
        wanted: Wanted { profiles, api_url: global.api_url.clone(), config: global.config.clone() },
        limits: Limits {
            timeout: global.timeout.unwrap_or(DEFAULT_TIMEOUT),
            retries: global.retries,
        },
        event_timeout: global.timeout,
        net,
        yes: global.yes,
        session: OnceCell::new(),
        guards: OnceCell::new(),
        stdin_is_used: Cell::new(false),
    }
}

/// Terminal settings of a command line.
fn settings(global: &GlobalArgs, process: &Process) -> Settings {
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

/// Decides by the flag, then `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR=0`, `TERM=dumb`, then the terminal.
pub(super) fn is_colored(flag: Color, environment: &Environment, is_terminal: bool) -> bool {
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
