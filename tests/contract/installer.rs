//! The install script, with archives that are served on loopback.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::*;

const TARGET: &str = if cfg!(target_arch = "x86_64") {
    if cfg!(target_os = "macos") { "x86_64-apple-darwin" } else { "x86_64-unknown-linux-musl" }
} else if cfg!(target_os = "macos") {
    "aarch64-apple-darwin"
} else {
    "aarch64-unknown-linux-musl"
};

/// The repository's packaging folder; `None` in a published package, which has none.
fn packaging() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let has = |program| Command::new(program).arg("--version").output().is_ok();
    if !folder.exists() {
        println!("skipped: a published package has no packaging folder");
        return None;
    }
    if !has("curl") && !has("wget") {
        println!("skipped: neither curl nor wget is installed");
        return None;
    }
    Some(folder)
}

/// A release: an archive made by `packaging/archive`, with a stand-in for the program, and its checksum.
fn release(env: &TestEnv, packaging: &Path) -> (Vec<u8>, String) {
    let program = env.script("program", "#!/bin/sh\necho 'pmhooks 9.9.9 (test)'\n");
    let folder = env.home().join("dist");
    let archive = format!("pmhooks-{TARGET}.tar.gz");
    let words = [TARGET.as_ref(), program.as_os_str(), folder.as_os_str()];
    let pack = env.program(packaging.join("archive"), words);
    assert!(pack.run().code(0).stdout.ends_with(&format!("{archive}\n")));
    let sums = env.shell(&format!("cd '{}' && sha256sum {archive}", folder.display())).run();
    (std::fs::read(folder.join(&archive)).unwrap(), sums.code(0).stdout.clone())
}

fn install(env: &TestEnv, packaging: &Path, server: &Faulty) -> Transcript {
    let script = packaging.join("install.sh");
    let releases = format!("{}/releases", server.url());
    env.program("sh", [script]).env("PMHOOKS_RELEASES", releases).run()
}

#[test]
fn a_release_is_installed_and_an_installed_one_is_replaced() {
    let Some(packaging) = packaging() else { return };
    let env = TestEnv::new();
    let (archive, sums) = release(&env, &packaging);
    let base = "/releases/latest/download";
    let server = Faulty::new([
        Step::bytes(200, "text/plain", sums).only("GET", &format!("{base}/SHA256SUMS")).times(2),
        Step::bytes(200, "application/gzip", archive)
            .only("GET", &format!("{base}/pmhooks-{TARGET}.tar.gz"))
            .times(2),
    ]);
    for _ in 0..2 {
        install(&env, &packaging, &server).check(str![[r#"
Installed pmhooks 9.9.9 (test) to [HOME]/.local/bin/pmhooks
Add [HOME]/.local/bin to PATH to run pmhooks by its name.
"#]]);
    }
    let installed = env.home().join(".local/bin");
    let entries = std::fs::read_dir(installed).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["pmhooks"]);
}

#[test]
fn an_archive_with_another_checksum_is_refused() {
    let Some(packaging) = packaging() else { return };
    let env = TestEnv::new();
    let (mut archive, sums) = release(&env, &packaging);
    archive.push(0);
    let server = Faulty::new([
        Step::bytes(200, "text/plain", sums),
        Step::bytes(200, "application/gzip", archive),
    ]);
    let refused = install(&env, &packaging, &server);
    refused.code(1).has("checksum of pmhooks-").has("does not match");
    assert!(!env.home().join(".local/bin").exists());
}

#[test]
fn a_release_without_this_platform_is_refused() {
    let Some(packaging) = packaging() else { return };
    let env = TestEnv::new();
    let server = Faulty::new([Step::bytes(200, "text/plain", ""), Step::html(404)]);
    install(&env, &packaging, &server).code(1).has("cannot download http://");
    assert!(!env.home().join(".local/bin").exists());
}
