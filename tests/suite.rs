//! The one test binary: everything is tested through the real binary, over real sockets, on a
//! real terminal. `README.md` beside this file says how.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says so"
)]
#![allow(clippy::needless_raw_string_hashes, reason = "snapshots are written with them")]
#![allow(clippy::similar_names, clippy::too_many_lines, reason = "a test reads from top to bottom")]

mod support;

mod commands;
mod contract;
mod journeys;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file that no `mod` line names would never run, and a command without a file is not tested.
#[test]
fn no_forgotten_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = root.join("tests");
    let mut problems = Vec::new();
    for folder in ["support", "commands", "contract", "journeys"] {
        problems.extend(compare_modules(&tests.join(folder)));
    }
    // The public modules there are the commands; the private ones are what commands share.
    let commands = fs::read_to_string(root.join("src/commands/mod.rs")).unwrap();
    let commands = commands.lines().filter(|line| line.starts_with("pub mod "));
    let tested = modules_on_disk(&tests.join("commands"));
    for command in commands.filter_map(module_name).filter(|name| !tested.contains(name)) {
        problems.push(format!("src/commands/{command}.rs has no tests/commands/{command}.rs"));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Compares a folder with the `mod` lines of its `mod.rs`, or of the file of its name beside it,
/// and so on below.
fn compare_modules(folder: &Path) -> Vec<String> {
    let inside = folder.join("mod.rs");
    let list = if inside.is_file() { inside } else { folder.with_extension("rs") };
    let lines = fs::read_to_string(&list).unwrap_or_default();
    let named: BTreeSet<String> = lines.lines().filter_map(module_name).collect();
    let there = modules_on_disk(folder);
    let forgotten = there.difference(&named);
    let mut problems: Vec<_> =
        forgotten.map(|name| format!("{} has no `mod {name};`", list.display())).collect();
    for below in there.iter().map(|name| folder.join(name)).filter(|below| below.is_dir()) {
        problems.extend(compare_modules(&below));
    }
    problems
}

fn module_name(line: &str) -> Option<String> {
    let words = line.trim().strip_suffix(';')?;
    let name = words.rsplit_once("mod ").filter(|(before, _)| {
        before.is_empty() || before.trim_end() == "pub" || before.starts_with("pub(")
    });
    name.map(|(_, name)| name.trim().to_owned())
}

/// The names of the modules in a folder: files and folders, `mod.rs` aside.
fn modules_on_disk(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_module = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|e| e == "rs");
    let name = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.filter(is_module).map(name).filter(|name| name != "mod").collect()
}

#[test]
fn a_forgotten_file_is_found() {
    let env = support::TestEnv::new();
    let list = "//! Head.\nmod list;\n#[cfg(unix)]\npub mod get;\n// mod edit;\nmod server;\n";
    env.file("commands/mod.rs", list);
    for name in ["list.rs", "get.rs", "edit.rs", "notes.txt", "profile/mod.rs", "profile/add.rs"] {
        env.file(format!("commands/{name}"), "");
    }
    env.file("commands/server.rs", "mod get;\n");
    env.file("commands/server/get.rs", "");
    env.file("commands/server/edit.rs", "");
    let folder = env.home().join("commands");
    let missing = ["mod.rs: edit", "mod.rs: profile", "profile/mod.rs: add", "server.rs: edit"];
    let missing = missing.map(|line| {
        let (list, name) = line.split_once(": ").unwrap();
        format!("{} has no `mod {name};`", folder.join(list).display())
    });
    assert_eq!(compare_modules(&folder), missing);
}
