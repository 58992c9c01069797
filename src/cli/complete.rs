//! Completion: the shell's script runs the program, which answers with what could come next.
//!
//! Profiles come from the configuration and webhooks from the server, within 300 ms; what does not come
//! in time, or would need a person, is left out without a word.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use clap::{Arg, FromArgMatches as _};
use clap_complete::env::CompleteEnv;
use clap_complete::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use crate::Process;
use crate::cli::{self, GlobalArgs};
use crate::commands::completions::{COMPLETE, Shell};
use crate::commands::{COMMANDS, Values, proxies};
use crate::config::env::Environment;
use crate::config::profile::{ProfileName, TokenAt};
use crate::config::resolve::{self, Account, Profiles, Wanted};
use crate::error::Exit;
use crate::http::client::{HttpClient, Settings};
use crate::ops::lint::RULES;
use crate::ops::session::Session;
use crate::postmark::{Limits, Trigger};
use crate::term::text;

const PATIENCE: Duration = Duration::from_millis(300);

/// True where a shell's script asks. The variable's name is common: with any other value it is none of ours.
pub(super) fn is_asked(environment: &Environment) -> bool {
    let asking = environment.raw(COMPLETE);
    asking.is_some_and(|asking| Shell::ALL.iter().any(|shell| asking == shell.name()))
}

/// Answers the shell.
pub(super) fn run(process: &Process) -> Exit {
    let wanted = wanted(process);
    let environment = process.environment.clone();
    let factory = || command(&wanted, &environment);
    let complete =
        CompleteEnv::with_factory(factory).var(COMPLETE).bin("pmhooks").completer("pmhooks");
    match complete.try_complete(arguments(process), Some(Path::new("."))) {
        Ok(_) => Exit::Done,
        Err(_) => Exit::Usage,
    }
}

/// The arguments for the completion engine. It takes the value of an option for a subcommand where one has
/// that name, as in `-p sandbox get`, so values are renamed.
fn arguments(process: &Process) -> Vec<OsString> {
    let (mut words, current) = shell_words(process);
    let root = cli::command();
    let takes_a_value = |word: &OsStr| {
        root.get_arguments().filter(|arg| arg.get_action().takes_values()).any(|arg| {
            let long = arg.get_long().is_some_and(|long| word == format!("--{long}").as_str());
            long || arg.get_short().is_some_and(|short| word == format!("-{short}").as_str())
        })
    };
    let before_current = 1..current.min(words.len());
    for at in before_current.clone() {
        // Bash breaks `--output=json` at the equals sign; the engine knows only `--output json`.
        if words.get(at).is_some_and(|word| word == "=") {
            words.swap(at - 1, at);
            if let Some(word) = words.get_mut(at - 1) {
                *word = "--quiet".into();
            }
        }
    }
    for at in before_current {
        let is_value = words.get(at - 1).is_some_and(|before| takes_a_value(before));
        if let (true, Some(word)) = (is_value, words.get_mut(at)) {
            *word = "value".into();
        }
    }
    let before = process.arguments.len() - words.len();
    process.arguments.iter().take(before).cloned().chain(words).collect()
}

/// The command line, with completers where values are known only at run time.
fn command(wanted: &Wanted, environment: &Environment) -> clap::Command {
    let context = (wanted.clone(), environment.clone());
    let (for_profiles, for_ids) = (context.clone(), context);
    let profiles = ArgValueCandidates::new(move || profiles(&for_profiles.0, &for_profiles.1));
    let ids = ArgValueCandidates::new(move || webhooks(&for_ids.0, &for_ids.1));
    let complete = |arg: Arg, values: Values| match values {
        Values::WebhookIds => arg.add(ids.clone()),
        Values::Profiles => arg.add(profiles.clone()),
        Values::Triggers => arg.add(ArgValueCompleter::new(triggers)),
        Values::LintRules => arg.add(ArgValueCompleter::new(rules)),
    };
    let mut command = on_every_level(cli::command(), &|level| {
        level.mut_arg("profile", |arg| complete(arg, Values::Profiles))
    });
    for entry in COMMANDS {
        for (path, values) in entry.completions {
            command = command
                .mut_subcommand(entry.name(), |c| on_path(c, path, &|arg| complete(arg, *values)));
        }
    }
    command
}

/// Changes a command and all below it.
fn on_every_level(
    command: clap::Command,
    change: &dyn Fn(clap::Command) -> clap::Command,
) -> clap::Command {
    change(command).mut_subcommands(|below| on_every_level(below, change))
}

/// Changes the argument at the end of a path of subcommands.
fn on_path(
    command: clap::Command,
    path: &[&'static str],
    change: &dyn Fn(Arg) -> Arg,
) -> clap::Command {
    match path {
        [] => command,
        [arg] => command.mut_arg(arg, change),
        [name, rest @ ..] => command.mut_subcommand(name, |below| on_path(below, rest, change)),
    }
}

/// Rules of `lint` in a comma-separated list.
fn rules(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_string_lossy();
    let (prefix, last) = listed(&text);
    let rules = RULES.iter().filter(|rule| rule.id.starts_with(last));
    rules
        .map(|rule| {
            CompletionCandidate::new(format!("{prefix}{}", rule.id)).help(Some(rule.finds.into()))
        })
        .collect()
}

/// A comma-separated list: what stands before the last word, and that word.
fn listed(text: &str) -> (&str, &str) {
    text.split_at(text.rfind(',').map_or(0, |comma| comma + 1))
}

/// Triggers in a comma-separated list: the last word is completed, the words before it kept.
fn triggers(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_string_lossy();
    let (prefix, last) = listed(&text);
    let words = Trigger::ALL.iter().map(|t| t.name()).chain(["all"]);
    words
        .filter(|word| word.starts_with(last))
        .map(|word| CompletionCandidate::new(format!("{prefix}{word}")))
        .collect()
}

fn profiles(wanted: &Wanted, environment: &Environment) -> Vec<CompletionCandidate> {
    let names = resolve::config(wanted, environment).map(|file| file.names()).unwrap_or_default();
    // A name that cannot be one is not offered: it may hold anything.
    let names = names.iter().filter_map(|name| name.parse::<ProfileName>().ok());
    let names = names.filter(|name| !name.is_sandbox()).chain([ProfileName::sandbox()]);
    names.map(|name| CompletionCandidate::new(name.to_string())).collect()
}

/// The server's webhooks, if they come in time: neither a name that does not resolve nor a lock that
/// somebody holds may keep the shell waiting.
fn webhooks(wanted: &Wanted, environment: &Environment) -> Vec<CompletionCandidate> {
    let (found, finding) = mpsc::channel();
    let (wanted, environment) = (wanted.clone(), environment.clone());
    // It is left behind where it takes too long, and ends with the process. Where no thread is to be had,
    // nothing is found.
    let _ = thread::Builder::new().spawn(move || found.send(find_webhooks(&wanted, &environment)));
    finding.recv_timeout(PATIENCE).unwrap_or_default()
}

fn find_webhooks(wanted: &Wanted, environment: &Environment) -> Vec<CompletionCandidate> {
    let target = resolve::target(wanted, environment);
    let asks_a_person = target.is_ok_and(|t| match t.account {
        Account::Profile(profile) => matches!(profile.token, TokenAt::Program(_)),
        Account::Sandbox | Account::Environment(_) => false,
    });
    if asks_a_person {
        return Vec::new();
    }
    let settings = Settings { proxy: proxies(environment), ..Settings::default() };
    let limits = Limits { timeout: PATIENCE, retries: 0 };
    let session = Session::open(wanted, environment, Arc::new(HttpClient::new(settings)), limits);
    let webhooks = session.ok().and_then(|session| session.client.list(None).ok());
    let candidate = |w: crate::postmark::Webhook| {
        let help = format!("{} {}", w.message_stream, w.url.masked());
        let help = text::excerpt(&help, 200);
        CompletionCandidate::new(w.id.to_string()).help(Some(help.into()))
    };
    webhooks.into_iter().flatten().map(candidate).collect()
}

/// The target that the words name, without the one that is being completed: together they are not yet a
/// command line, so errors are ignored.
fn wanted(process: &Process) -> Wanted {
    let (mut words, current) = shell_words(process);
    if current < words.len() {
        words.remove(current);
    }
    // Bash breaks `--profile=staging` at the equals sign.
    while let Some(at) = words.iter().skip(1).position(|word| word == "=").map(|at| at + 1) {
        let value = if at + 1 < words.len() { words.remove(at + 1) } else { OsString::new() };
        words.remove(at);
        if let Some(option) = words.get_mut(at - 1) {
            option.push("=");
            option.push(value);
        }
    }
    let matches = cli::command().ignore_errors(true).try_get_matches_from(words);
    let Ok(matches) = matches else { return Wanted::default() };
    let global = GlobalArgs::from_arg_matches(&matches).ok();
    // Of several, the last is the nearest to the cursor.
    let profile = cli::profiles(&matches).pop();
    Wanted {
        profiles: profile.map_or(Profiles::Unnamed, Profiles::One),
        api_url: global.as_ref().and_then(|global| global.api_url.clone()),
        config: global.and_then(|global| global.config),
    }
}

/// The words of the shell's command line, the program's name first, and the index of the current one.
fn shell_words(process: &Process) -> (Vec<OsString>, usize) {
    let words = process.arguments.iter();
    let words: Vec<_> = match process.arguments.iter().position(|word| word == "--") {
        Some(dashes) => words.skip(dashes + 1).cloned().collect(),
        None => words.cloned().collect(),
    };
    let index = process.environment.raw("_CLAP_COMPLETE_INDEX").and_then(|index| index.to_str());
    let index = index.and_then(|index| index.parse().ok());
    let last = words.len().saturating_sub(1);
    (words, index.unwrap_or(last))
}
