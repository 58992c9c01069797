//! Generated files are committed and up to date: manual pages and completion scripts.

use clap::Command;
use pmhooks::config::env;
use pmhooks::error::Exit;

use crate::support::{TestEnv, golden, manual};

/// Shells and the names under which they look for scripts.
const SCRIPTS: [(&str, &str); 5] = [
    ("bash", "pmhooks.bash"),
    ("zsh", "_pmhooks"),
    ("fish", "pmhooks.fish"),
    ("powershell", "_pmhooks.ps1"),
    ("elvish", "pmhooks.elv"),
];

// torture 101
#[test]
fn manual_pages_match_the_command_line() {
    let appendix = manual::Appendix {
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
    };
    golden::check_folder("man", manual::manual(&pmhooks::cli::command(), &appendix));
}

// torture 101
#[test]
fn completion_scripts_match_the_program() {
    let env = TestEnv::new();
    let script = |(shell, file)| (file, env.run(format!("completions {shell}")).stdout);
    golden::check_folder("completions", SCRIPTS.map(script));
}

#[test]
fn the_command_line_is_sound() {
    pmhooks::cli::command().debug_assert();
}

#[test]
fn every_command_and_every_option_is_explained() {
    fn check(command: &Command, path: &str) {
        let short = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!short.is_empty() && !short.ends_with('.'), "{path}: {short:?}");
        let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
        assert!(long.contains("Examples:"), "{path} has no examples");
        for line in long.lines() {
            assert!(line.chars().count() <= 80, "{path}: too long for a terminal: {line}");
        }
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                !help.is_empty() && !help.ends_with('.'),
                "{path} {}: {help:?}",
                argument.get_id()
            );
        }
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            check(sub, &format!("{path} {}", sub.get_name()));
        }
    }
    check(&pmhooks::cli::command(), "pmhooks");
}

#[test]
fn no_option_takes_a_token_or_a_password_by_value() {
    // torture 1, 11
    fn check(command: &Command) {
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            let is_secret = ["token", "password", "secret"].iter().any(|word| name.contains(word));
            let names: Vec<_> = argument.get_value_names().unwrap_or_default().to_vec();
            let is_reference = names.iter().any(|n| {
                ["SOURCE", "NAME=SOURCE", "NAME", "PATH", "PROGRAM"].contains(&n.as_str())
                    || n.starts_with("PROGRAM")
            });
            let takes_value = argument.get_action().takes_values();
            assert!(!is_secret || !takes_value || is_reference, "--{name} takes {names:?}");
        }
        command.get_subcommands().for_each(check);
    }
    check(&pmhooks::cli::command());
}
