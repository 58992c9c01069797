//! What is linked, and how it is built: held without the network and the tools of a release.

use std::path::Path;

const LOCK: &str = include_str!("../../Cargo.lock");
const DENY: &str = include_str!("../../deny.toml");

/// The names that stand after `key = "`.
fn named<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let start = format!("{key} = \"");
    let rests = text.split(&start).skip(1);
    rests.filter_map(|rest| rest.split('"').next()).collect()
}

// torture 97, 99
#[test]
fn what_is_banned_is_not_linked() {
    let (_, bans) = DENY.split_once("[bans]").unwrap();
    let (bans, _) = bans.split_once("\n[").unwrap();
    let banned = named(bans, "crate");
    // Other providers of TLS cost as many instructions at their start as a whole run has.
    for name in ["openssl-sys", "native-tls", "aws-lc-sys", "keyring", "zbus"] {
        assert!(banned.contains(&name), "deny.toml does not ban {name}");
    }
    let linked = named(LOCK, "\nname");
    assert!(linked.contains(&"ring") && linked.len() > 50, "{linked:?}");
    for name in banned {
        assert!(!linked.contains(&name), "{name} is linked, and deny.toml bans it");
    }
    for line in LOCK.lines().filter(|line| line.starts_with("source = ")) {
        assert!(line.starts_with("source = \"registry+"), "not of a registry: {line}");
    }
}

// torture 99, 100
#[test]
fn every_build_is_of_the_locked_crates() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    if !root.join(".github").exists() {
        return println!("skipped: a package has no workflows");
    }
    let mut seen = 0;
    let folder = root.join(".github/workflows");
    let workflows = std::fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        path.strip_prefix(root).unwrap().to_str().unwrap().to_owned()
    });
    for name in workflows.chain([".ci/run".to_owned(), "packaging/debian".to_owned()]) {
        for line in read(&name).lines().filter(|line| !line.contains("echo ")) {
            let words: Vec<&str> = line.split([' ', '(']).collect();
            let has = |word: &&str| words.contains(word);
            let builds = ["build", "test", "clippy", "run", "install", "deb"].iter().any(has);
            if builds && has(&"cargo") && !has(&"fuzz") {
                seen += 1;
                assert!(line.contains("--locked"), "{name}: {line}");
            }
        }
    }
    assert!(seen >= 5, "{seen}");
    let ci = read(".github/workflows/ci.yml");
    assert!(ci.contains("s/^rust-version = ") && ci.contains("cargo \"+$version\" build --locked"));
    assert!(read(".ci/run").contains("cargo deny check bans licenses sources"));
    assert!(read(".github/workflows/release.yml").contains("cargo deny"), "no advisories");
}
