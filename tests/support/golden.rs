//! Committed files that are generated: compared with what would be generated now.
//!
//! Snapshots inside a test are enough for what a run prints. This is for files that are part of
//! the product, such as man pages, and for long texts under `tests/golden`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Compares a file, named from the root of the project, with its text. `UPDATE=1` writes it.
#[track_caller]
pub fn check(path: impl AsRef<Path>, text: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if let Err(problem) = compare(root, path.as_ref(), text, updating()) {
        panic!("{problem}\n{}", remedy());
    }
}

/// Compares a whole folder: each file by its name, none missing and none left over. `UPDATE=1`
/// writes and removes them.
#[track_caller]
pub fn check_folder<N: AsRef<str>, T: AsRef<str>>(
    folder: impl AsRef<Path>,
    files: impl IntoIterator<Item = (N, T)>,
) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let problems = compare_folder(root, folder.as_ref(), files, updating());
    assert!(problems.is_empty(), "{}\n{}", problems.join("\n"), remedy());
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

fn remedy() -> String {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default().to_owned();
    format!("if the change is meant: UPDATE=1 cargo test --test suite {test}")
}

fn compare(root: &Path, path: &Path, text: &str, update: bool) -> Result<(), String> {
    let name = path.display();
    let path = root.join(path);
    // A checkout on Windows may have other line ends.
    let committed = fs::read_to_string(&path).map(|text| text.replace("\r\n", "\n"));
    if committed.as_ref().is_ok_and(|committed| committed == text) {
        return Ok(());
    }
    if update {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return Ok(());
    }
    let Ok(committed) = committed else { return Err(format!("{name} is missing")) };
    let (mut old, mut new) = (committed.split('\n'), text.split('\n'));
    for number in 1.. {
        let (old, new) = (old.next(), new.next());
        if old != new {
            let show = |line: Option<&str>| line.map_or("(end)".to_owned(), |l| format!("{l:?}"));
            let (old, new) = (show(old), show(new));
            return Err(format!("{name}:{number} differs\n  committed: {old}\n  now:       {new}"));
        }
    }
    unreachable!("texts that differ have a line that differs")
}

fn compare_folder<N: AsRef<str>, T: AsRef<str>>(
    root: &Path,
    folder: &Path,
    files: impl IntoIterator<Item = (N, T)>,
    update: bool,
) -> Vec<String> {
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    for (name, text) in files {
        problems.extend(compare(root, &folder.join(name.as_ref()), text.as_ref(), update).err());
        names.insert(name.as_ref().to_owned());
    }
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if names.contains(&name) {
            continue;
        }
        if update {
            fs::remove_file(entry.path()).unwrap();
        } else {
            problems.push(format!("{} is left over", folder.join(name).display()));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{compare, compare_folder, remedy};
    use crate::support::*;

    #[test]
    fn a_file_is_written_then_equal_then_stale() {
        let env = TestEnv::new();
        let path = Path::new("golden/list/empty.txt");
        let check = |text, update| compare(env.home(), path, text, update);
        assert_eq!(check("a\n", false).unwrap_err(), "golden/list/empty.txt is missing");
        check("a\nb\n", true).unwrap();
        check("a\nb\n", false).unwrap();
        let stale = "golden/list/empty.txt:2 differs\n  committed: \"b\"\n  now:       \"c\"";
        assert_eq!(check("a\nc\n", false).unwrap_err(), stale);
        let short = "golden/list/empty.txt:3 differs\n  committed: \"\"\n  now:       (end)";
        assert_eq!(check("a\nb", false).unwrap_err(), short);
        assert_eq!(env.read(path), "a\nb\n");
        env.file(path, "a\r\nb\r\n");
        check("a\nb\n", false).unwrap();
    }

    #[test]
    fn a_folder_has_neither_too_few_nor_too_many_files() {
        let env = TestEnv::new();
        let check = |files: &[(&str, &str)], update| {
            compare_folder(env.home(), Path::new("man"), files.iter().copied(), update)
        };
        assert_eq!(check(&[("a.1", "a"), ("b.1", "b")], true), [""; 0]);
        assert_eq!(check(&[("a.1", "a"), ("b.1", "b")], false), [""; 0]);
        assert_eq!(
            check(&[("a.1", "a"), ("c.1", "c")], false),
            ["man/c.1 is missing", "man/b.1 is left over"]
        );
        assert_eq!(check(&[("c.1", "c")], true), [""; 0]);
        assert!(env.tree().ends_with(" man/c.1\n") && !env.tree().contains("a.1"));
    }

    #[test]
    fn the_remedy_names_the_test() {
        assert!(remedy().ends_with("golden::tests::the_remedy_names_the_test"), "{}", remedy());
    }
}
