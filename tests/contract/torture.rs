//! The misfortunes that the product has to survive are numbered; `tests/README.md` says what became of each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const README: &str = include_str!("../README.md");
const COUNT: usize = 114;

/// All the code there is.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *text += &std::fs::read_to_string(path).unwrap();
        }
    }
}

#[test]
fn each_misfortune_has_a_test_or_a_word_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for folder in ["tests", "src", "benches"] {
        sources(&root.join(folder), &mut code);
    }
    let functions: BTreeSet<&str> =
        code.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next()).collect();
    let mut numbers = Vec::new();
    for row in README.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [number, tests, remark] = cells[..] else { continue };
        let Ok(number) = number.parse::<usize>() else { continue };
        numbers.push(number);
        assert!(!tests.is_empty() || !remark.is_empty(), "nothing is said of {number}");
        for name in tests.split('`').skip(1).step_by(2) {
            assert!(functions.contains(name), "{number}: there is no test {name}");
        }
    }
    assert_eq!(numbers, (1..=COUNT).collect::<Vec<_>>());
}
