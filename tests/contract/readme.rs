//! The README is true: what it shows is executed, what it lists is complete.

use std::fmt::Write as _;

use crate::support::*;
use serde_json::{Value, json};

const README: &str = include_str!("../../README.md");

/// Tokens of the two servers that the README calls staging and production.
const STAGING: &str = "11111111-1111-4111-8111-111111111111";
const PRODUCTION: &str = "22222222-2222-4222-8222-222222222222";

#[test]
fn every_console_block_prints_what_it_shows() {
    // torture 102
    let api = TestEnv::new();
    let serving = api.spawn("sandbox serve --memory --port 0");
    let url = serving.wait_for_url();
    name_server(&url, STAGING, "Shop staging");
    name_server(&url, PRODUCTION, "Shop");
    let mut env = TestEnv::new();
    env.api(&url).env("STAGING_TOKEN", STAGING).env("PRODUCTION_TOKEN", PRODUCTION);
    env.env("ACCOUNT_TOKEN", STAGING);
    let mut commands = 0;
    for block in blocks("console") {
        let mut actual = String::new();
        let mut served = None;
        for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            commands += 1;
            writeln!(actual, "$ {line}").unwrap();
            let runnable = line.replace("cargo run --release --", "pmhooks");
            if let Some(background) = runnable.strip_suffix(" &") {
                let arguments = background.trim_start_matches("pmhooks ");
                let server = env.spawn(format!("{arguments} --port 0 --quiet"));
                let url = server.wait_for_url();
                let line = server.wait_for_line("first server", std::time::Duration::from_secs(10));
                writeln!(actual, "Sandbox listening on       http://127.0.0.1:8026\n{line}")
                    .unwrap();
                served = Some((server, url));
                continue;
            }
            let here = served.as_ref().map_or("", |(_, url)| url.as_str());
            let runnable = runnable.replace("http://127.0.0.1:8026", here);
            if runnable.starts_with("curl") && !std::path::Path::new("/usr/bin/curl").exists() {
                println!("skipped: curl is not installed");
                return;
            }
            let run = env.shell(&format!("({runnable}) 2>&1")).run();
            // Only the test's API is somewhere else than Postmark's.
            let shown = run.stdout.lines().filter(|line| !line.contains("by POSTMARK_API_URL"));
            let shown: String = shown.map(|line| line.to_owned() + "\n").collect();
            actual.push_str(&shown.replace(env.home().to_str().unwrap(), "~"));
            if !actual.ends_with('\n') {
                actual.push('\n');
            }
        }
        assert_eq!(without_times(&actual), block, "\n--- the README says otherwise:\n{actual}");
    }
    assert!(commands >= 12, "the console blocks were not found");
}

#[test]
fn the_configuration_that_it_shows_is_one() {
    for block in blocks("toml") {
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
    blocks("yaml").into_iter().map(read).collect()
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
    for exit in pmhooks::failure::Exit::ALL {
        let row = format!("| {} | {} |", exit.code(), exit.meaning());
        assert!(README.contains(&row), "not in the README: {row}");
    }
}

fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = README.split(&fence).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Backups are named after their time.
fn without_times(text: &str) -> String {
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z").unwrap();
    time.replace_all(text, "[TIME]").into_owned()
}

fn name_server(url: &str, token: &str, name: &str) {
    let body = json!({ "Name": name }).to_string();
    let request = format!(
        "PUT /server HTTP/1.1\r\nHost: localhost\r\nX-Postmark-Server-Token: {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
