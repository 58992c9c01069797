//! A run, from the command line to the exit code: parse, build the context, dispatch, print an error.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde_json::Value;

use super::{complete, profiles, terminal, trace};
use crate::Process;
use crate::cli::{self, Command, GlobalArgs};
use crate::commands::completions::docs::Appendix;
use crate::commands::{self, Context};
use crate::config::env;
use crate::config::resolve::{Profiles, Wanted};
use crate::error::{CommandError, Exit, Hint, Invocation, Result, TargetOptions};
use crate::http::client::{self, HttpClient};
use crate::ops::test::DEFAULT_TIMEOUT;
use crate::postmark::{Limits, MASK};
use crate::term::{Format, Interrupts, Tone, Ui, json, text};

/// Runs a command line. Returns how it ended; everything has been said by then.
pub fn run(process: Process) -> Exit {
    if complete::is_asked(&process.environment) {
        return complete::run(&process);
    }
    let cli = match cli::parse(&process.arguments) {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error, &process),
    };
    let interrupts = Interrupts::new(process.leave);
    let ui = Arc::new(Ui::new(terminal::settings(&cli.global, &process), interrupts));
    let (cx, misnamed) = match profiles::named(&cli.global, &process.arguments) {
        Ok(profiles) => (context(&cli.global, profiles, &process, Arc::clone(&ui)), None),
        Err(why) => (context(&cli.global, Profiles::Unnamed, &process, Arc::clone(&ui)), Some(why)),
    };
    let done = match misnamed.or_else(|| profiles::refused(&cli.command, &cx.wanted.profiles)) {
        Some(refused) => Err(refused),
        None => dispatch(&cli.command, &cx),
    };
    match done {
        Ok(exit) => {
            close(&ui);
            exit
        }
        Err(error) if error.is_closed_pipe() => Exit::Done,
        Err(error) => report(&cx.explain(error), &cx.target_options, &ui),
    }
}

/// How this program is called for the same target again.
fn target_options(global: &GlobalArgs, profiles: &Profiles) -> TargetOptions {
    let name = match profiles {
        Profiles::One(name) => Some(name.as_str()),
        _ => None,
    };
    TargetOptions::new(global.config.as_deref(), global.api_url.as_ref(), name)
}

fn dispatch(command: &Command, cx: &Context) -> Result<Exit> {
    match command {
        Command::List(args) => commands::list::run(args, cx),
        Command::Get(args) => commands::get::run(args, cx),
        Command::Create(args) => commands::create::run(args, cx),
        Command::Edit(args) => commands::edit::run(args, cx),
        Command::Delete(args) => commands::delete::run(args, cx),
        Command::Test(args) => commands::test::run(args, cx),
        Command::Verify(args) => commands::verify::run(args, cx),
        Command::Stats(args) => commands::stats::run(args, cx),
        Command::Health(args) => commands::health::run(args, cx),
        Command::Lint(args) => commands::lint::run(args, cx),
        Command::Doctor(args) => commands::doctor::run(args, cx),
        Command::Export(args) => commands::export::run(args, cx),
        Command::Diff(args) => commands::diff::run(args, cx),
        Command::Apply(args) => commands::apply::run(args, cx),
        Command::RotateAuth(args) => commands::rotate_auth::run(args, cx),
        Command::Listen(args) => commands::listen::run(args, cx),
        Command::Replay(args) => commands::replay::run(args, cx),
        Command::Backfill(args) => commands::backfill::run(args, cx),
        Command::Sandbox(args) => commands::sandbox::run(args, cx),
        Command::Streams(args) => commands::streams::run(args, cx),
        Command::Server(args) => commands::server::run(args, cx),
        Command::Profile(args) => commands::profile::run(args, cx),
        Command::Whoami(args) => commands::whoami::run(args, cx),
        Command::Completions(args) => commands::completions::run(args, cx),
    }
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
        command: cli::command,
        session: OnceCell::new(),
        guards: OnceCell::new(),
        stdin_is_used: Cell::new(false),
    }
}

/// Says what was kept back while standard error had to stay clean.
fn close(ui: &Ui) {
    for warning in ui.close() {
        ui.line(&format!("pmhooks: warning: {warning}"));
    }
}

/// Says what failed: for people what was attempted, why it failed and what helps; for programs one object.
fn report(error: &CommandError, target_options: &TargetOptions, ui: &Ui) -> Exit {
    if ui.settings.format.is_json() {
        let object = serde_json::to_value(error.to_report(target_options, ui.close()));
        let mut object = object.unwrap_or_default();
        let causes = object.pointer_mut("/Error/Causes").and_then(Value::as_array_mut);
        for cause in causes.into_iter().flatten() {
            *cause = cause.as_str().map(|cause| ui.without_hidden(cause)).into();
        }
        let text = if ui.settings.format == Format::Json {
            json::pretty(&object)
        } else {
            json::compact(&object)
        };
        ui.line(text.trim_end());
        return error.exit();
    }
    ui.close();
    let label = ui.err_tone(Tone::Bad, "error:");
    ui.line(&format!("pmhooks: {label} {}", text::excerpt(&error.message(), 500)));
    for cause in error.causes() {
        ui.line(&format!("  because {}", text::excerpt(&ui.without_hidden(&cause), 500)));
    }
    for hint in error.hints() {
        let label = ui.err_tone(Tone::Strong, "hint:");
        let hint = hint.render(target_options);
        ui.line(&format!("  {label} {}", text::visible(&hint)));
    }
    error.exit()
}

/// Help and version go to standard output; a command line that is not understood is a usage error.
fn not_understood(error: &clap::Error, process: &Process) -> Exit {
    let settings = terminal::settings_of_raw(process);
    let ui = Ui::new(settings, Interrupts::default());
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let color = if is_help { ui.settings.color_out } else { ui.settings.color_err };
    let rendered = error.render();
    let text = if color { rendered.ansi().to_string() } else { rendered.to_string() };
    if is_help {
        return match ui.data(&text) {
            Ok(()) => Exit::Done,
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
            Err(error) => {
                let error = CommandError::from(error).context("cannot write to standard output");
                report(&error, &TargetOptions::default(), &ui)
            }
        };
    }
    if is_stream_of_edit(error) {
        let failure = CommandError::usage("the stream of a webhook cannot be changed")
            .hint(Hint::command(
                "make it anew on another",
                Invocation::new("get ID -o json --show-secrets")
                    .pipe("create --from - --stream STREAM".into()),
            ))
            .hint(Hint::command("then delete the old one", "delete ID"));
        return report(&failure, &TargetOptions::default(), &ui);
    }
    let better = without_stray_values(error);
    let text = better.clone().unwrap_or(text);
    if ui.settings.format.is_json() {
        let plain = better.unwrap_or_else(|| rendered.to_string());
        let mut lines = plain.lines().map(str::trim).filter(|line| !line.is_empty());
        let message = lines.next().unwrap_or_default().trim_start_matches("error: ");
        let error = CommandError::usage(message).with_hints(lines.map(Hint::from).collect());
        return report(&error, &TargetOptions::default(), &ui);
    }
    ui.line(text.replacen("error:", "pmhooks: error:", 1).trim_end());
    Exit::Usage
}

/// A word that belongs nowhere is not repeated: somebody may have given a token as an argument.
fn without_stray_values(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if word.starts_with('-') && !word.contains('=') => None,
        _ => Some(format!(
            "error: there is a word too many: {MASK} (not repeated here, as it may be a secret)\n\n\
             For more information, try '--help'."
        )),
    }
}

/// `edit --stream`: what cannot be is told, rather than a flag that is spelt like it.
fn is_stream_of_edit(error: &clap::Error) -> bool {
    let told = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    told(ContextKind::InvalidArg) == "--stream"
        && told(ContextKind::Usage).contains("pmhooks edit ")
}

/// What the manual says besides the options.
pub fn appendix() -> Appendix {
    Appendix {
        exit_codes: Exit::ALL.iter().map(|exit| (exit.code(), exit.meaning())).collect(),
        environment: env::ALL.iter().map(|variable| (variable.name, variable.help)).collect(),
        files: vec![
            ("~/.config/pmhooks/config.toml", "The profiles. Made readable for its owner only."),
            (
                "~/.local/state/pmhooks/deleted/",
                "The definitions of deleted webhooks, secrets and all.",
            ),
            ("~/.local/state/pmhooks/rotated/", "Old secrets that rotate-auth could not put back."),
            (
                "~/.local/state/pmhooks/temporary/",
                "Webhooks that `listen --register` is to remove.",
            ),
            ("~/.local/state/pmhooks/sandbox.json", "The state of the sandbox."),
        ],
    }
}
