//! Completion: the shell's script runs the program, which answers with what could come next.
//!
//! Profiles come from the configuration and webhooks from the server, within 300 ms; what does not come
//! in time, or would need a person, is left out without a word.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::sync::Arc;
use std::time::Duration;

use clap::CommandFactory as _;
use clap_complete::env::CompleteEnv;
use clap_complete::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use crate::Process;
use crate::api::Limits;
use crate::cli::Cli;
use crate::config::env::Environment;
use crate::config::profile::TokenAt;
use crate::config::resolve::{self, Account, Wanted};
use crate::docs::COMPLETE;
use crate::failure::Exit;
use crate::model::{ProfileName, Trigger};
use crate::net::{Net, Settings};
use crate::ops::session::Session;

const PATIENCE: Duration = Duration::from_millis(300);

/// Answers the shell.
pub(super) fn run(process: &Process) -> Exit {
    let wanted = wanted(process);
    let environment = process.environment.clone();
    let factory = || command(&wanted, &environment);
    let complete =
        CompleteEnv::with_factory(factory).var(COMPLETE).bin("pmhooks").completer("pmhooks");
    match complete.try_complete(&process.arguments, None) {
        Ok(_) => Exit::Done,
        Err(_) => Exit::Usage,
    }
}

/// The command line, with completers where values are known only at run time.
fn command(wanted: &Wanted, environment: &Environment) -> clap::Command {
    let context = (wanted.clone(), environment.clone());
    let (for_profiles, for_ids) = (context.clone(), context);
    let profiles = ArgValueCandidates::new(move || profiles(&for_profiles.0, &for_profiles.1));
    let ids = ArgValueCandidates::new(move || webhooks(&for_ids.0, &for_ids.1));
    let by_profile = profiles.clone();
    let mut command = Cli::command().mut_arg("profile", move |arg| arg.add(by_profile));
    for (verb, name) in [("get", "ids"), ("edit", "id"), ("delete", "ids")] {
        let ids = ids.clone();
        command = command.mut_subcommand(verb, |c| c.mut_arg(name, |arg| arg.add(ids)));
    }
    for verb in ["show", "use", "remove"] {
        let profiles = profiles.clone();
        command = command.mut_subcommand("profile", |profile| {
            profile.mut_subcommand(verb, |c| c.mut_arg("name", |arg| arg.add(profiles)))
        });
    }
    for verb in ["create", "edit"] {
        for name in ["on", "off"] {
            let lists = ArgValueCompleter::new(triggers);
            command = command.mut_subcommand(verb, |c| c.mut_arg(name, |arg| arg.add(lists)));
        }
    }
    command
}

/// Triggers in a comma-separated list: the last word is completed, the words before it kept.
fn triggers(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_string_lossy();
    let (before, last) = text.rsplit_once(',').map_or(("", text.as_ref()), |(b, l)| (b, l));
    let prefix = if before.is_empty() { String::new() } else { format!("{before},") };
    let words = Trigger::ALL.iter().map(|t| t.name()).chain(["all"]);
    words
        .filter(|word| word.starts_with(last))
        .map(|word| CompletionCandidate::new(format!("{prefix}{word}")))
        .collect()
}

fn profiles(wanted: &Wanted, environment: &Environment) -> Vec<CompletionCandidate> {
    let names = resolve::config(wanted, environment).map(|file| file.names()).unwrap_or_default();
    names
        .into_iter()
        .chain([ProfileName::SANDBOX.to_owned()])
        .map(CompletionCandidate::new)
        .collect()
}

fn webhooks(wanted: &Wanted, environment: &Environment) -> Vec<CompletionCandidate> {
    let target = resolve::target(wanted, environment);
    let asks_a_person = target.is_ok_and(|t| match t.account {
        Account::Profile(profile) => matches!(profile.token, TokenAt::Program(_)),
        Account::Sandbox | Account::Environment(_) => false,
    });
    if asks_a_person {
        return Vec::new();
    }
    let settings = Settings { proxy: environment.proxies(), ..Settings::default() };
    let limits = Limits { timeout: PATIENCE, retries: 0 };
    let session = Session::open(wanted, environment, Arc::new(Net::new(settings)), limits);
    let webhooks = session.ok().and_then(|session| session.client.list(None).ok());
    let candidate = |w: crate::model::Webhook| {
        let help = format!("{} {}", w.message_stream, w.url.masked());
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
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (word.as_str(), words.get(index + 1).cloned()),
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
        profile: found.get("profile").and_then(|name| name.parse().ok()),
        api_url: found.get("api-url").and_then(|url| url.parse().ok()),
        config: found.get("config").map(Into::into),
    }
}
