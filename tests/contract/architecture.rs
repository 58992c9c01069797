//! The modules keep to their layers, and each library to its module.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module, its layer, and the modules that it may use.
const MODULES: [(&str, u8, &[&str]); 11] = [
    (
        "cli",
        8,
        &[
            "commands", "ops", "term", "error", "config", "sandbox", "postmark", "event", "http",
            "fs", "Process",
        ],
    ),
    (
        "commands",
        7,
        &["ops", "term", "error", "config", "sandbox", "postmark", "event", "http", "fs"],
    ),
    ("ops", 6, &["error", "config", "sandbox", "postmark", "event", "http", "fs"]),
    ("term", 5, &["error", "postmark"]),
    ("error", 4, &["config", "sandbox", "postmark", "http", "fs"]),
    ("config", 3, &["postmark", "fs"]),
    ("sandbox", 3, &["event", "http", "fs"]),
    ("postmark", 2, &["http"]),
    ("event", 2, &[]),
    ("http", 1, &[]),
    ("fs", 1, &[]),
];

/// Libraries that belong to some modules only.
const LIBRARIES: [(&str, &[&str]); 8] = [
    ("reqwest::", &["http/client"]),
    ("hyper::", &["http", "sandbox", "ops/receive"]),
    ("tokio::", &["http/server", "sandbox", "ops/receive"]),
    ("clap::", &["cli", "commands"]),
    ("dialoguer::", &["term"]),
    ("comfy_table::", &["term"]),
    ("toml_edit::", &["config"]),
    ("std::fs", &["fs", "http", "sandbox", "ops/receive"]),
];

#[test]
fn a_module_uses_only_those_that_it_may() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let Some((_, _, allowed)) = MODULES.iter().find(|(name, ..)| *name == module) else {
            assert!(["lib", "main"].contains(&module.as_str()), "src/{module} has no layer");
            continue;
        };
        let foreign = uses(&text, "crate::")
            .filter(|used| *used != module && !allowed.contains(&used.as_str()));
        wrong.extend(foreign.map(|used| format!("{path} uses {used}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_client_and_the_server_of_http_do_not_know_each_other() {
    for (_, path, text) in sources() {
        let other = match path.as_str() {
            p if p.starts_with("src/http/client") => "http::server",
            p if p.starts_with("src/http/server") => "http::client",
            _ => continue,
        };
        assert!(!text.contains(other), "{path} uses {other}");
    }
}

#[test]
fn each_library_stays_in_its_modules() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let code = without_tests(&text);
        for (word, homes) in LIBRARIES {
            let is_home = |home: &&str| path.starts_with(&format!("src/{home}"));
            if module == "main" || homes.iter().any(is_home) {
                continue;
            }
            let strays = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let strays = strays.filter(|line| line.contains(word));
            wrong.extend(strays.map(|line| format!("{path}: {}", line.trim())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_guard_makes_a_writer() {
    for (_, path, text) in sources() {
        let is_home = ["src/ops/guard.rs", "src/postmark/client.rs"].contains(&path.as_str());
        let code = without_tests(&text);
        let made = ["Writer::new(", "Writer(", "postmark::Writer as"];
        let made = made.into_iter().find(|made| code.contains(made));
        // The writer of `ops::export` writes a file.
        assert!(is_home || path == "src/ops/export.rs" || made.is_none(), "{path} makes a Writer");
    }
}

#[test]
fn only_a_writer_writes() {
    let client = fs::read_to_string(root().join("src/postmark/client.rs")).unwrap();
    let (reader, rest) = client.split_once("impl Writer").unwrap();
    let (_, account) = rest.split_once("pub struct Account").unwrap();
    for part in [reader, account] {
        for method in ["Method::Post", "Method::Put", "Method::Delete"] {
            assert!(!part.contains(method), "{method} outside of Writer");
        }
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
