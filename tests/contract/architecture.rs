//! The house keeps its shape: floors, who may touch what, the size of a command.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module, its floor, and the modules that it may use.
const FLOORS: [(&str, u8, &[&str]); 13] = [
    (
        "app",
        5,
        &[
            "cli", "commands", "failure", "args", "ui", "docs", "ops", "api", "config", "net",
            "model", "Process",
        ],
    ),
    ("cli", 5, &["commands", "failure", "args", "ui", "model"]),
    (
        "commands",
        4,
        &["failure", "args", "ui", "docs", "ops", "api", "config", "local", "net", "model"],
    ),
    ("failure", 3, &["ops", "ui", "api", "config", "local", "net", "disk", "model"]),
    ("args", 3, &["model"]),
    ("ui", 3, &["model"]),
    ("docs", 3, &[]),
    ("ops", 3, &["api", "config", "local", "net", "disk", "model"]),
    ("api", 2, &["net", "model"]),
    ("config", 2, &["net", "disk", "model"]),
    ("local", 2, &["net", "disk"]),
    ("net", 1, &[]),
    ("disk", 1, &[]),
];

/// The files of the emulator, from bottom to top.
const SANDBOX: [&str; 24] = [
    "clock",
    "uuid",
    "choices",
    "error",
    "webhook",
    "stream",
    "server",
    "seed",
    "state",
    "answer",
    "fields",
    "wish",
    "verify",
    "statistics",
    "streams",
    "servers",
    "webhooks",
    "lock",
    "store",
    "guard",
    "faults",
    "routes",
    "token",
    "service",
];

/// Words that belong to some modules only.
const TERRITORIES: [(&str, &[&str]); 8] = [
    ("reqwest::", &["net"]),
    ("hyper::", &["net", "local"]),
    ("tokio::", &["local"]),
    ("clap::", &["app", "cli", "commands", "args", "docs"]),
    ("dialoguer::", &["ui"]),
    ("comfy_table::", &["ui"]),
    ("toml_edit::", &["config"]),
    ("std::fs", &["disk", "local", "net"]),
];

/// A command's file has about a hundred lines; this is where it is too many.
const LONGEST_COMMAND: usize = 150;
const LONGEST_FILE: usize = 500;

#[test]
fn a_file_uses_only_the_floors_below_it() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let Some((_, _, allowed)) = FLOORS.iter().find(|(name, ..)| *name == module) else {
            assert!(
                ["lib", "main", "model"].contains(&module.as_str()),
                "src/{module} has no floor"
            );
            if module == "model" {
                wrong.extend(
                    uses(&text, "crate::")
                        .filter(|u| u != "model")
                        .map(|u| format!("{path} uses {u}")),
                );
            }
            continue;
        };
        let foreign = uses(&text, "crate::")
            .filter(|used| *used != module && !allowed.contains(&used.as_str()));
        wrong.extend(foreign.map(|used| format!("{path} uses {used}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_floors_have_no_way_up() {
    let floor =
        |name: &str| FLOORS.iter().find(|(n, ..)| *n == name).map_or(1, |(_, floor, _)| *floor);
    for (name, own, allowed) in FLOORS {
        for used in allowed.iter().filter(|used| **used != "Process") {
            assert!(
                floor(used) <= own,
                "{name} (floor {own}) may use {used} (floor {})",
                floor(used)
            );
        }
    }
}

#[test]
fn each_library_stays_where_it_belongs() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let code = without_tests(&text);
        for (word, territory) in TERRITORIES {
            let strays = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let strays = strays.filter(|line| line.contains(word));
            if !territory.contains(&module.as_str()) && module != "main" {
                wrong.extend(strays.map(|line| format!("{path}: {}", line.trim())));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_emulator_does_not_know_the_clients_types() {
    for (module, path, text) in sources() {
        if module == "local" {
            assert!(!text.contains("crate::model") && !text.contains("crate::api"), "{path}");
        }
    }
}

#[test]
fn a_file_of_the_emulator_uses_only_those_below_it() {
    let mut known = Vec::new();
    let mut wrong = Vec::new();
    for (_, path, text) in sources() {
        let Some(name) = path.strip_prefix("src/local/sandbox/") else { continue };
        let name = name.strip_suffix(".rs").unwrap();
        let at = SANDBOX.iter().position(|file| *file == name);
        let below = &SANDBOX[..at.unwrap_or_else(|| panic!("{path} has no place in the order"))];
        known.push(name.to_owned());
        let code = without_tests(&text);
        assert!(!code.contains("local::sandbox"), "{path} uses another way than `super`");
        let foreign = uses(&code, "super::").filter(|used| !below.contains(&used.as_str()));
        wrong.extend(foreign.map(|used| format!("{path} uses {used}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(known.len(), SANDBOX.len(), "only these are there: {known:?}");
}

#[test]
fn a_command_is_a_file_of_about_a_hundred_lines() {
    for (module, path, text) in sources() {
        let lines = without_tests(&text).lines().count();
        let is_command = module == "commands" && !path.ends_with("context.rs");
        let longest = if is_command { LONGEST_COMMAND } else { LONGEST_FILE };
        assert!(lines <= longest, "{path} has {lines} lines, more than {longest}");
    }
}

#[test]
fn each_floor_says_what_it_may_use() {
    for (name, floor, _) in FLOORS {
        let root = root().join("src");
        let head = fs::read_to_string(root.join(format!("{name}.rs")))
            .or_else(|_| fs::read_to_string(root.join(name).join("mod.rs")))
            .unwrap();
        let head: String = head.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(head.contains(&format!("Floor {floor}")), "{name} does not say its floor");
        assert!(
            head.contains("ay use") && head.contains("must not"),
            "{name} does not say its rules"
        );
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Every source file: its module, its path, its text.
fn sources() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
            let module = name.split(['/', '.']).next().unwrap().to_owned();
            found.push((module, format!("src/{name}"), fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(found.len() > 40, "the sources were not found");
    found.sort();
    found
}

/// The first parts of all paths that begin with `root`, in groups too.
fn uses<'a>(text: &'a str, root: &'a str) -> impl Iterator<Item = String> + 'a {
    text.split(root).skip(1).flat_map(|after| match after.strip_prefix('{') {
        Some(group) => {
            let group = group.split('}').next().unwrap();
            group.split(',').map(|part| first_word(part.trim())).filter(|w| !w.is_empty()).collect()
        }
        None => vec![first_word(after)],
    })
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}
