//! What is generated from the command line's definition is committed, and what is committed is generated.

use clap::Command;

use crate::support::golden;

#[test]
fn completions_and_manual_are_as_the_command_line_has_it() {
    // torture 101
    let artifacts = pmhooks::commands::completions::docs::artifacts(
        &pmhooks::cli::command(),
        &pmhooks::cli::run::appendix(),
    );
    for folder in ["completions", "man"] {
        let of_folder = artifacts.iter().filter_map(|(path, text)| {
            path.strip_prefix(folder)?.strip_prefix('/').map(|name| (name.to_owned(), text.clone()))
        });
        golden::check_folder(folder, of_folder.collect::<Vec<_>>());
    }
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
