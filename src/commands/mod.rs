//! The commands: one file each, with its `Args`, its `run` and its report.
//!
//! A new one is a file here, its `mod` line and its line in [`COMMANDS`], a file in `tests/commands` with its
//! `mod` line, and a row in the README's table. `UPDATE=1 cargo test --test suite generated` then writes its
//! manual page.

pub mod apply;
pub mod backfill;
mod batch;
mod changes;
pub mod completions;
mod context;
pub mod create;
pub mod delete;
pub mod diff;
pub mod doctor;
pub mod edit;
pub mod export;
mod findings;
pub mod get;
pub mod health;
pub mod lint;
pub mod list;
pub mod listen;
pub(crate) mod options;
mod planned;
pub mod profile;
pub mod replay;
pub mod rotate_auth;
pub mod sandbox;
pub mod server;
pub mod stats;
pub mod streams;
pub mod test;
pub mod trigger;
pub mod verify;
mod webhooks;
pub mod whoami;

use clap::{Args, FromArgMatches as _};

use crate::error::{Exit, Result};
pub use context::{Context, proxies};

/// Group of commands in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Webhooks,
    Checks,
    AsCode,
    Events,
    Sandbox,
    Server,
    Setup,
}

impl Group {
    /// Every group, in the order of the help.
    pub(crate) const ALL: [Self; 7] = [
        Self::Webhooks,
        Self::Checks,
        Self::AsCode,
        Self::Events,
        Self::Sandbox,
        Self::Server,
        Self::Setup,
    ];

    /// The heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Webhooks => "Webhooks",
            Self::Checks => "Checks",
            Self::AsCode => "As code",
            Self::Events => "Events",
            Self::Sandbox => "Sandbox",
            Self::Server => "Server",
            Self::Setup => "Setup",
        }
    }
}

/// Values that a shell completes and that clap does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    WebhookIds,
    Profiles,
    Triggers,
    LintRules,
}

/// A command as it is registered.
pub(crate) struct CommandEntry {
    /// Its names: the first is shown, the others are aliases.
    pub(crate) names: &'static [&'static str],
    pub(crate) group: Group,
    /// It can work on several profiles at once.
    pub(crate) fans_out: bool,
    /// Arguments with completed values: the path of subcommands to each, its clap ID last.
    pub(crate) completions: &'static [(&'static [&'static str], Values)],
    define: fn(clap::Command) -> clap::Command,
    /// Reads its arguments.
    pub(crate) parse: fn(&clap::ArgMatches) -> Result<Run, clap::Error>,
}

/// A command with its arguments, ready to run.
pub(crate) type Run = Box<dyn FnOnce(&Context) -> Result<Exit>>;

impl CommandEntry {
    pub(crate) fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// The definition for clap.
    pub(crate) fn define(&self) -> clap::Command {
        let aliases = self.names.iter().skip(1);
        (self.define)(clap::Command::new(self.name())).visible_aliases(aliases)
    }

    const fn fans_out(mut self) -> Self {
        self.fans_out = true;
        self
    }

    const fn completes(
        mut self,
        completions: &'static [(&'static [&'static str], Values)],
    ) -> Self {
        self.completions = completions;
        self
    }
}

/// The entry of the command in module `$module`.
macro_rules! command {
    ($group:ident, $module:ident, [$($name:literal),+]) => {
        CommandEntry {
            names: &[$($name),+],
            group: Group::$group,
            fans_out: false,
            completions: &[],
            define: $module::Args::augment_args,
            parse: |matches| {
                let args = $module::Args::from_arg_matches(matches)?;
                Ok(Box::new(move |cx| $module::run(&args, cx)))
            },
        }
    };
}

const ID: &[(&[&str], Values)] = &[(&["id"], Values::WebhookIds)];
const IDS: &[(&[&str], Values)] = &[(&["ids"], Values::WebhookIds)];
const ON: (&[&str], Values) = (&["on"], Values::Triggers);
const OFF: (&[&str], Values) = (&["off"], Values::Triggers);

/// Every command, in the order of the help.
pub(crate) const COMMANDS: &[CommandEntry] = &[
    command!(Webhooks, list, ["list", "ls"]).fans_out(),
    command!(Webhooks, get, ["get"]).completes(IDS),
    command!(Webhooks, create, ["create"]).completes(&[ON, OFF]),
    command!(Webhooks, edit, ["edit"]).completes(&[(&["id"], Values::WebhookIds), ON, OFF]),
    command!(Webhooks, delete, ["delete", "rm"]).completes(IDS),
    command!(Checks, test, ["test"]).completes(&[(&["ids"], Values::WebhookIds), ON, OFF]),
    command!(Checks, trigger, ["trigger"]),
    command!(Checks, verify, ["verify"]).completes(IDS),
    command!(Checks, stats, ["stats"]).fans_out().completes(IDS),
    command!(Checks, health, ["health"]).fans_out(),
    command!(Checks, lint, ["lint"])
        .fans_out()
        .completes(&[(&["ignore"], Values::LintRules), (&["explain"], Values::LintRules)]),
    command!(Checks, doctor, ["doctor"]).completes(ID),
    command!(AsCode, export, ["export"]),
    command!(AsCode, diff, ["diff"]).fans_out(),
    command!(AsCode, apply, ["apply"]).fans_out(),
    command!(AsCode, rotate_auth, ["rotate-auth"]).completes(IDS),
    command!(Events, listen, ["listen"]),
    command!(Events, replay, ["replay"]),
    command!(Events, backfill, ["backfill"]),
    command!(Sandbox, sandbox, ["sandbox"]),
    command!(Server, streams, ["streams"]).fans_out(),
    command!(Server, server, ["server"]),
    command!(Setup, profile, ["profile"]).completes(&[
        (&["show", "name"], Values::Profiles),
        (&["use", "name"], Values::Profiles),
        (&["remove", "name"], Values::Profiles),
    ]),
    command!(Setup, whoami, ["whoami"]),
    command!(Setup, completions, ["completions"]),
];

/// The names of the commands that can work on several profiles at once.
pub(crate) fn fan_out_names() -> Vec<&'static str> {
    COMMANDS.iter().filter(|command| command.fans_out).map(CommandEntry::name).collect()
}
