//! Completion: the shell's script runs the program, which answers with what could come next.
//!
//! Profiles come from the configuration and webhooks from the server, within 300 ms; what does not come
//! in time, or would need a person, is left out without a word.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use clap::CommandFactory as _;
use clap_complete::env::CompleteEnv;
use clap_complete::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use crate::Process;
use crate::cli::Cli;
use crate::commands::completions::docs::{COMPLETE, Shell};
use crate::commands::proxies;
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
    match complete.try_complete(words(process), Some(Path::new("."))) {
        Ok(_) => Exit::Done,
        Err(_) => Exit::Usage,
    }
}

/// The words of the shell, as many as they were, fit for the completion engine. It takes the value of an
/// option for a subcommand where one has that name, as in `-p sandbox get`, so values are renamed.
fn words(process: &Process) -> Vec<OsString> {
    let mut words = process.arguments.clone();
    let first = words.iter().position(|word| word == "--").map_or(0, |dashes| dashes + 1);
    let index = process.environment.raw("_CLAP_COMPLETE_INDEX").and_then(|index| index.to_str());
    let index = index.and_then(|index| index.parse().ok());
    let current = index.map_or(words.len().saturating_sub(1), |index: usize| first + index);
    let root = Cli::command();
    let takes_a_value = |word: &OsStr| {
        root.get_arguments().filter(|arg| arg.get_action().takes_values()).any(|arg| {
            let long = arg.get_long().is_some_and(|long| word == format!("--{long}").as_str());
            long || arg.get_short().is_some_and(|short| word == format!("-{short}").as_str())
        })
    };
    let before_current = first + 1..current.min(words.len());
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
    words
}

/// The command line, with completers where values are known only at run time.
fn command(wanted: &Wanted, environment: &Environment) -> clap::Command {
    let context = (wanted.clone(), environment.clone());
    let (for_profiles, for_ids) = (context.clone(), context);
    let profiles = ArgValueCandidates::new(move || profiles(&for_profiles.0, &for_profiles.1));
    let ids = ArgValueCandidates::new(move || webhooks(&for_ids.0, &for_ids.1));
    let by_profile = profiles.clone();
    let mut command = Cli::command().mut_arg("profile", move |arg| arg.add(by_profile));
    for (verb, name) in [
        ("get", "ids"),
        ("edit", "id"),
        ("delete", "ids"),
        ("test", "ids"),
        ("verify", "ids"),
        ("stats", "ids"),
        ("rotate-auth", "ids"),
        ("doctor", "id"),
    ] {
        let ids = ids.clone();
        command = command.mut_subcommand(verb, |c| c.mut_arg(name, |arg| arg.add(ids)));
    }
    for verb in ["show", "use", "remove"] {
        let profiles = profiles.clone();
        command = command.mut_subcommand("profile", |profile| {
            profile.mut_subcommand(verb, |c| c.mut_arg("name", |arg| arg.add(profiles)))
        });
    }
    for verb in ["create", "edit", "test"] {
        for name in ["on", "off"] {
            let lists = ArgValueCompleter::new(triggers);
            command = command.mut_subcommand(verb, |c| c.mut_arg(name, |arg| arg.add(lists)));
        }
    }
    for name in ["ignore", "explain"] {
        let rules = ArgValueCompleter::new(rules);
        command = command.mut_subcommand("lint", |c| c.mut_arg(name, |arg| arg.add(rules)));
    }
    command
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

/// The target that the words so far name. They are not yet a command line, so they are only looked at.
fn wanted(process: &Process) -> Wanted {
    let words: Vec<_> =
        process.arguments.iter().map(|w| w.to_string_lossy().into_owned()).collect();
    let mut found: HashMap<&str, String> = HashMap::new();
    for (index, word) in words.iter().enumerate() {
        let next = |by: usize| words.get(index + by).cloned();
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            // Bash breaks words at an equals sign.
            None if next(1).is_some_and(|w| w == "=") => (word.as_str(), next(2)),
            None => match word.strip_prefix("-p").filter(|name| !name.is_empty()) {
                Some(name) => ("-p", Some(name.to_owned())),
                None => (word.as_str(), next(1)),
            },
        };
        let name = match flag {
            "-p" | "--profile" => "profile",
            "--api-url" => "api-url",
            "--config" => "config",
            _ => continue,
        };
        found.extend(value.map(|value| (name, value)));
    }
    Wanted {
        profiles: found
            .get("profile")
            .and_then(|name| name.parse().ok())
            .map_or(Profiles::Unnamed, Profiles::One),
        api_url: found.get("api-url").and_then(|url| url.parse().ok()),
        config: found.get("config").map(Into::into),
    }
}
