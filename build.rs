//! Version text of the binary: `0.1.0 (a1b2c3d 2026-11-28, x86_64-unknown-linux-gnu)`.
//!
//! The commit and its date come from git. Outside of the project's own repository, as in a packaged crate, the
//! text has only the target. Nothing here fails the build.

#![allow(clippy::disallowed_methods, reason = "Cargo passes what it knows by the environment")]
#![allow(clippy::print_stdout, reason = "Cargo reads instructions from standard output")]

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let target = env::var("TARGET").unwrap_or_default();
    let commit = commit().map(|commit| format!("{commit}, ")).unwrap_or_default();
    println!("cargo::rustc-env=PMHOOKS_VERSION={version} ({commit}{target})");
    println!("cargo::rerun-if-changed=build.rs");
}

/// Short hash and date of the commit that is checked out.
fn commit() -> Option<String> {
    let folder = Path::new(&env::var_os("CARGO_MANIFEST_DIR")?).canonicalize().ok()?;
    // A packaged crate may be built within somebody else's repository.
    let top = Path::new(&git(&["rev-parse", "--show-toplevel"])?).canonicalize().ok()?;
    if top != folder {
        return None;
    }
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        let path = git(&["rev-parse", "--git-path", name])?;
        // A path that does not exist would run this for every build.
        if folder.join(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["log", "-1", "--abbrev=7", "--format=%h %cs"])
}

/// First line of git's output, if it succeeds.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(["-c", "log.showSignature=false"])
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}
