//! README and docs are true: what they show is executed, what they list is complete.

use crate::support::document::{self, Console, blocks};
use crate::support::*;

const README: &str = include_str!("../../README.md");

/// The pages that are played as they stand; the cookbook has a test of its own.
const PAGES: [(&str, &str); 7] = [
    ("README.md", README),
    ("docs/as-code.md", include_str!("../../docs/as-code.md")),
    ("docs/checks.md", include_str!("../../docs/checks.md")),
    ("docs/profiles.md", include_str!("../../docs/profiles.md")),
    ("docs/receiving.md", include_str!("../../docs/receiving.md")),
    ("docs/sandbox.md", include_str!("../../docs/sandbox.md")),
    ("docs/scripts.md", include_str!("../../docs/scripts.md")),
];

/// The README is read in one sitting.
const README_LINES: usize = 250;

#[test]
fn every_console_block_prints_what_it_shows() {
    // torture 102
    for (path, page) in PAGES {
        let shop = Shop::new();
        let mut console = Console::new(&shop.env);
        let played = document::played(page, |block| {
            if block.contains("curl ") && !std::path::Path::new("/usr/bin/curl").exists() {
                println!("skipped: curl is not installed");
                return block.to_owned();
            }
            console.play(block)
        });
        golden::check(path, &played);
    }
    assert!(blocks(README, "console").len() >= 8, "the console blocks were not found");
    assert!(README.lines().count() <= README_LINES);
}

#[test]
fn every_page_is_linked_and_every_link_leads_to_a_file() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(root.join("docs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|extension| extension == "md") {
            assert!(README.contains(&format!("(docs/{name})")), "{name} is not linked");
        }
    }
    for (path, page) in PAGES {
        let folder = root.join(path).parent().unwrap().to_owned();
        for link in page.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()) {
            let is_file = !link.is_empty() && !link.starts_with("http");
            assert!(!is_file || folder.join(link).exists(), "{path} links to {link}");
        }
    }
}

#[test]
fn every_configuration_shown_is_valid() {
    for block in PAGES.iter().flat_map(|(_, page)| blocks(page, "toml")) {
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
fn the_commands_in_a_ci_step_run() {
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
fn every_manifest_shown_is_applied_once_and_then_up_to_date() {
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

/// The blocks of YAML, as text and as a document.
fn documents() -> Vec<(String, Value)> {
    let read = |block: String| (block.clone(), serde_saphyr::from_str(&block).unwrap());
    PAGES.iter().flat_map(|(_, page)| blocks(page, "yaml")).map(read).collect()
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
