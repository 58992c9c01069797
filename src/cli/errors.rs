//! Rendering of errors, for people and as JSON.

use std::io;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::run;
use crate::Process;
use crate::cli::{self, Color};
use crate::error::{CommandError, Exit, Hint, TargetOptions};
use crate::postmark::MASK;
use crate::term::{Format, Interrupts, Settings, Tone, Ui, json, text};

/// Prints an error: what was attempted, why it failed and what helps; with `-o json` or `jsonl` one object.
pub(super) fn report(error: &CommandError, target_options: &TargetOptions, ui: &Ui) -> Exit {
    if ui.settings.format.is_json() {
        let object = serde_json::to_value(error.to_report(target_options, ui.close()));
        let object = object.unwrap_or_default();
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
        ui.line(&format!("  because {}", text::excerpt(&cause, 500)));
    }
    for hint in error.hints() {
        let label = ui.err_tone(Tone::Strong, "hint:");
        let hint = hint.render(target_options);
        ui.line(&format!("  {label} {}", text::visible(&hint)));
    }
    error.exit()
}

/// Prints help and version to standard output, and anything else that clap reports as a usage error.
pub(super) fn not_understood(error: &clap::Error, process: &Process) -> Exit {
    let (format, color) = cli::presentation(&process.arguments);
    let color = color.unwrap_or(Color::Auto);
    let ui = Ui::new(
        Settings {
            format: format.unwrap_or_default(),
            color_out: run::is_colored(color, &process.environment, process.stdout_is_terminal),
            color_err: run::is_colored(color, &process.environment, process.stderr_is_terminal),
            ..Settings::default()
        },
        Interrupts::default(),
    );
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let is_colored = if is_help { ui.settings.color_out } else { ui.settings.color_err };
    let rendered = error.render();
    let text = if is_colored { rendered.ansi().to_string() } else { rendered.to_string() };
    if is_help {
        return match ui.data(&text) {
            Ok(()) => Exit::Done,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Err(error) => {
                let error = CommandError::from(error).context("cannot write to standard output");
                report(&error, &TargetOptions::default(), &ui)
            }
        };
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

/// The text for an unexpected word, which is not repeated: it may be a token.
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
