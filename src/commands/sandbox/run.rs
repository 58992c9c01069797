//! `sandbox run`: runs a command against a sandbox of its own.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use url::Url;

use crate::commands::Context;
use crate::config::env;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::emulator::Emulator;
use crate::sandbox::{self, BUILT_IN_TOKEN, Options, State};

/// Account token for the command: every UUID is one.
const ACCOUNT_TOKEN: &str = "5eed0000-0000-4000-8000-00000000acc0";
/// Maximum time for first attempts after the command has ended.
const FINISH: Duration = Duration::from_secs(10);
/// Undelivered events that are listed one by one.
const MAX_LISTED: usize = 10;

/// Run a command against a sandbox of its own
///
/// Serves a sandbox in memory on a free port for as long as the command runs, and
/// ends with the command's exit code. The command finds the sandbox in
/// POSTMARK_API_URL, POSTMARK_API_HOST (host:port), POSTMARK_SERVER_TOKEN and
/// POSTMARK_ACCOUNT_TOKEN.
///
/// Examples:
///     pmhooks sandbox run -- npm test
///     pmhooks sandbox run --webhook http://localhost:3000/postmark \
///         --fail-on-undelivered -- ./integration-test
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Create a webhook with all triggers for this URL
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// End with 1 if an event was not delivered and the command succeeded
    #[arg(long)]
    fail_on_undelivered: bool,
    /// Command with its arguments
    #[arg(value_name = "COMMAND", required = true, last = true)]
    command: Vec<OsString>,
}

pub(super) fn run(args: &Args, cx: &Context) -> Result<Exit> {
    let failed = "cannot start the sandbox";
    let ui = Arc::clone(&cx.ui);
    let event_log: sandbox::EventLog = Arc::new(move |entry| ui.trace(&entry.to_string()));
    let host = args.webhook.as_ref().and_then(|url| Url::parse(url).ok());
    let host = host.and_then(|url| url.host_str().map(str::to_owned));
    let sandbox = sandbox::start(Options {
        send_due: true,
        allow_targets: host.into_iter().collect(),
        event_log: Some(event_log),
        ..Options::new(State::Memory)
    })
    .context(failed)?;
    if let Some(url) = &args.webhook {
        create_webhook(url, &sandbox, cx)?;
    }
    let mut signals = cx.ui.interrupts.pass_on();
    let mut child = spawn(args, &sandbox)?;
    let status = loop {
        signals.send_to(&child);
        match wait(&mut child) {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            Err(error) => {
                return Err(CommandError::new(Exit::Machine, "cannot wait for the command")
                    .with_causes([error.to_string()]));
            }
        }
    };
    let undelivered = sandbox.finish(FINISH);
    let code = code_of(status);
    if !args.fail_on_undelivered || undelivered.is_empty() || code != 0 {
        return Ok(Exit::OfCommand(code));
    }
    for event in undelivered.iter().take(MAX_LISTED) {
        cx.ui.warn(event);
    }
    let count = undelivered.len();
    let noun = if count == 1 { "event was" } else { "events were" };
    cx.ui.warn(&format!("{count} {noun} not delivered"));
    Ok(Exit::Finding)
}

fn create_webhook(url: &str, sandbox: &sandbox::Sandbox, cx: &Context) -> Result<()> {
    let on = json!({ "Enabled": true });
    let body = json!({
        "Url": url,
        "Triggers": {
            "Open": on, "Click": on, "Delivery": on, "Bounce": on, "SpamComplaint": on,
            "SubscriptionChange": on,
        },
    });
    let emulator = Emulator::at(sandbox.address(), cx.net.clone())?.with_token(BUILT_IN_TOKEN);
    emulator.post("/webhooks", &body).context("cannot create the webhook of --webhook")?;
    Ok(())
}

fn spawn(args: &Args, sandbox: &sandbox::Sandbox) -> Result<Child> {
    let Some((program, rest)) = args.command.split_first() else {
        return Err(CommandError::usage("the command is missing"));
    };
    let child = Command::new(program)
        .args(rest)
        .env(env::API_URL.name, sandbox.url())
        .env("POSTMARK_API_HOST", sandbox.address().to_string())
        .env(env::SERVER_TOKEN.name, BUILT_IN_TOKEN)
        .env("POSTMARK_ACCOUNT_TOKEN", ACCOUNT_TOKEN)
        .env_remove(env::PROFILE.name)
        .spawn();
    child.map_err(|error| {
        // As a shell: 127 for a command that is not found, 126 for one that cannot be run.
        let code = if error.kind() == ErrorKind::NotFound { 127 } else { 126 };
        let message = format!("cannot run {}", program.display());
        CommandError::new(Exit::OfCommand(code), message).with_causes([error.to_string()])
    })
}

/// The status of the child, after at most a few milliseconds.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let status = child.try_wait()?;
    if status.is_none() {
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(status)
}

/// The exit code; 128 plus the signal, as a shell has it.
fn code_of(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
