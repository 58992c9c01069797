//! The README is true: what it shows is executed, what it lists is complete.

use crate::support::document::{self, Console, blocks};
use crate::support::*;

const README: &str = include_str!("../../README.md");

#[test]
fn every_console_block_prints_what_it_shows() {
    // torture 102
    let shop = Shop::new();
    let mut commands = 0;
    let played = document::played(README, |block| {
        if block.contains("curl ") && !std::path::Path::new("/usr/bin/curl").exists() {
            println!("skipped: curl is not installed");
            return block.to_owned();
        }
        commands += document::commands(block).len();
        Console::new(&shop.env).play(block)
    });
    golden::check("README.md", &played);
    assert!(commands >= 12, "the console blocks were not found");
}

#[test]
fn the_configuration_that_it_shows_is_one() {
    for block in blocks(README, "toml") {
        let env = TestEnv::new();
        env.config(&block);
        let listed = env.run("profile list -o json");
        assert!(listed.stderr.is_empty(), "{listed}");
        let profiles = listed.json();
        assert!(profiles.as_array().is_some_and(|all| !all.is_empty()));
        assert!(
            profiles.as_array().unwrap().iter().all(|profile| profile["Problem"] == Value::Null)
        );
    }
}

#[test]
fn the_commands_in_its_ci_step_are_understood() {
    let (steps, manifests) = documents().into_iter().partition::<Vec<_>, _>(|d| d.1.is_array());
    assert!(!steps.is_empty() && !manifests.is_empty());
    for (_, steps) in steps {
        let api = TestEnv::new();
        let serving = api.spawn("sandbox serve --memory --port 0");
        let mut env = TestEnv::with_api(serving.wait_for_url());
        env.env("HOOK_PASSWORD", "secret").env("CI", "true");
        for step in steps.as_array().unwrap() {
            for _ in 0..2 {
                env.shell(step["run"].as_str().unwrap()).run().code(0);
            }
        }
        assert_eq!(env.run("list -o json").json().as_array().unwrap().len(), 1);
    }
}

#[test]
fn its_manifests_are_applied_once_and_are_then_as_they_say() {
    for (manifest, _) in documents().into_iter().filter(|(_, document)| document.is_object()) {
        let mut sandbox = Sandboxed::new("");
        let env = &mut sandbox.env;
        env.env("HOOK_PASSWORD", "secret").env("HOOK_HOST", "hooks.example.com");
        env.file("hooks.yaml", manifest);
        env.run("diff hooks.yaml --deny-literal-secrets").code(1);
        env.run("apply hooks.yaml --yes").code(0);
        env.run("diff hooks.yaml").code(0);
    }
}

/// The blocks of YAML, as they are written and as they are read.
fn documents() -> Vec<(String, Value)> {
    let read = |block: String| (block.clone(), serde_saphyr::from_str(&block).unwrap());
    blocks(README, "yaml").into_iter().map(read).collect()
}

#[test]
fn every_command_and_exit_code_is_in_its_tables() {
    let command = pmhooks::cli::command();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = sub.get_name();
        let row = README.lines().find(|l| l.starts_with('|') && l.contains(&format!("`{name}")));
        let row = row.unwrap_or_else(|| panic!("{name} is not in the README's table"));
        for below in sub.get_subcommands().filter(|sub| sub.get_name() != "help") {
            assert!(row.contains(below.get_name()), "{name} {} is not in: {row}", below.get_name());
        }
    }
    for exit in pmhooks::error::Exit::ALL {
        let row = format!("| {} | {} |", exit.code(), exit.meaning());
        assert!(README.contains(&row), "not in the README: {row}");
    }
}
