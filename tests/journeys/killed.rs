//! Whatever is written to the disk, and whenever the process dies meanwhile: afterwards the file is whole,
//! the old or the new, and private.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::support::*;

/// A file, and whether a text of it is whole.
type Whole = (PathBuf, fn(&str) -> bool);

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

/// The sandbox with its two webhooks, and a manifest.
fn sandbox() -> TestEnv {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL").unset("POSTMARK_SERVER_TOKEN");
    env.run("-p sandbox list -q").code(0);
    env.file("new.yaml", "Webhooks:\n  - Url: https://hooks.example.com/new\n");
    for name in ["hooks.yaml", "plan.json"] {
        let file = env.file(name, "old\n");
        std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
    }
    env
}

/// The last trigger of the last webhook is its end.
fn manifest(text: &str) -> bool {
    let mut end = text.lines().rev();
    let is_whole = end.next().is_some_and(|line| line.starts_with("      Enabled: "))
        && end.next() == Some("    SubscriptionChange:");
    text == "old\n" || (text.starts_with("# yaml") && is_whole)
}

fn plan(text: &str) -> bool {
    text == "old\n" || (is_json(text) && text.contains("pmhooks-plan"))
}

const EXPORT: &str = "-p sandbox export --output-file hooks.yaml";
const DIFF: &str = "-p sandbox diff new.yaml --plan-out plan.json";
const CREATE: &str = "-p sandbox create --url https://hooks.example.com/x --on bounce";
const DELETE: &str = "-p sandbox delete 1234567 --yes";
const RESET: &str = "sandbox reset --yes";
const USE: &str = "profile use b";

/// What may be there afterwards.
fn files(env: &TestEnv) -> Vec<Whole> {
    let mut files: Vec<Whole> = vec![
        (env.home().join("hooks.yaml"), manifest),
        (env.home().join("plan.json"), plan),
        // A log: one document per line.
        (env.state_dir().join("sandbox.json"), |text| text.lines().all(is_json)),
        (env.config_path(), |text| {
            text.starts_with("default_profile = ") && text.ends_with("\"y\"\n")
        }),
    ];
    let deleted = std::fs::read_dir(env.state_dir().join("deleted"));
    let backups = deleted.into_iter().flatten().map(|entry| entry.unwrap().path());
    let is_whole = |path: &PathBuf| !path.file_name().unwrap().to_string_lossy().starts_with('.');
    files.extend(backups.filter(is_whole).map(|path| (path, is_json as fn(&str) -> bool)));
    files
}

/// How many webhooks can be brought back.
fn backups(env: &TestEnv) -> usize {
    files(env).iter().filter(|(path, _)| path.parent().unwrap().ends_with("deleted")).count()
}

#[track_caller]
fn check(env: &TestEnv, when: &str) {
    for (path, is_whole) in files(env) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        assert!(is_whole(&text), "{when}: {}: {text:?}", path.display());
        assert_eq!(mode(&path), 0o600, "{when}: {}", path.display());
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

const CONFIG: &str = "default_profile = \"a\"\n[profiles.a]\nserver_token = \"x\"\n[profiles.b]\nserver_token = \"y\"\n";

#[test]
fn at_any_call_that_matters() {
    // torture 42, 88
    if !Path::new("/usr/bin/strace").exists() {
        return println!("skipped: strace is not installed");
    }
    for command in [EXPORT, DIFF, CREATE, DELETE, USE] {
        for call in ["/^open", "write", "fsync", "/^rename", "fchmod"] {
            let is_often = matches!(call, "/^open" | "write");
            for nth in (1..).map(|n| if is_often { n * 3 } else { n }) {
                let env = sandbox();
                env.config(CONFIG);
                let inject = format!("inject={call}:signal=KILL:when={nth}");
                let mut args = vec!["-f", "-o", "/dev/null", "-e", &inject, BINARY];
                args.extend(command.split(' '));
                let run = env.program("/usr/bin/strace", args).run();
                check(&env, &format!("{command}: {call} {nth}"));
                if run.code.is_some() {
                    break;
                }
                let again = env.run(command);
                assert!(matches!(again.code, Some(0 | 1 | 8)), "{call} {nth}: {again}");
            }
        }
    }
}

#[test]
fn at_any_moment() {
    // torture 42, 88
    let env = sandbox();
    env.config(CONFIG);
    let mut random = fastrand::Rng::with_seed(42);
    for _ in 0..25 {
        for command in [EXPORT, DIFF, RESET, DELETE, USE] {
            let mut run = env.spawn(command);
            std::thread::sleep(Duration::from_micros(random.u64(0..60_000)));
            run.kill();
            drop(run);
            check(&env, command);
        }
        let is_there = env.run("-p sandbox list -o ids").stdout.contains("1234567");
        assert!(is_there || backups(&env) > 0, "it is gone, and there is no backup of it");
    }
    env.run(EXPORT).code(0);
    env.run(DIFF).code(1);
}

#[test]
fn a_record_at_any_moment() {
    // torture 42, 113
    let env = TestEnv::new();
    let body = |n| json!({"RecordType": "Delivery", "Recipient": format!("{n}@example.com")});
    let bodies: Vec<_> = (0..3000).map(|n| body(n).to_string()).collect();
    env.file("bodies.jsonl", bodies.join("\n"));
    let record = env.home().join("events.jsonl");
    let mut random = fastrand::Rng::with_seed(113);
    for round in 0..8 {
        let mut listening = env.spawn("listen --address 127.0.0.1:0 -q --record events.jsonl");
        let url = listening.wait_for_url();
        let to = format!("replay bodies.jsonl --to {url} --concurrency 4 --fail-fast -q");
        let sending = env.spawn(to);
        std::thread::sleep(Duration::from_micros(random.u64(0..150_000)));
        listening.kill();
        drop(listening.finish());
        drop(sending.finish());
        assert_eq!(mode(&record), 0o600, "{round}");
        let text = env.read("events.jsonl");
        let torn = text.lines().filter(|line| !is_json(line)).count();
        // Each kill may tear the line that was being written, and no more.
        assert!(torn <= round + 1, "{round}: {torn} torn lines");
        assert!(text.lines().all(|line| line.starts_with("{\"Time\":")), "{round}");
    }
    let dry = env.run("replay events.jsonl --to http://127.0.0.1:1/ --dry-run -o json");
    assert!(dry.json()["Summary"]["Events"].as_u64() > Some(0), "{dry}");
}

/// A new configuration, and one that is changed by every command that writes it.
#[test]
fn a_configuration_at_any_moment() {
    // torture 42
    let answer = json!({"ID": 77, "Name": "Staging"});
    let server = Faulty::always(Step::answer(200, answer)).may_be_unused();
    let mut random = fastrand::Rng::with_seed(42);
    let mut env = TestEnv::with_api(server.url());
    env.env("NEW", "7d1b2c3e-0000-4000-8000-000000000001").unset("POSTMARK_SERVER_TOKEN");
    for round in 0..20 {
        for command in
            ["profile add c --token env:NEW -q", "profile use c", "profile remove c --yes"]
        {
            let mut run = env.spawn(command);
            std::thread::sleep(Duration::from_micros(random.u64(0..40_000)));
            run.kill();
            drop(run);
            let path = env.config_path();
            if path.exists() {
                let text = env.read(&path);
                assert!(text.is_empty() || text.ends_with('\n'), "{round}: {command}: {text:?}");
                assert_eq!(mode(&path), 0o600, "{round}: {command}");
                env.run("profile list -o json").code(0).json();
            }
        }
    }
    env.run("profile add d --token env:NEW -q").code(0);
}

#[test]
fn a_disk_that_refuses_leaves_the_old_and_the_run_says_so() {
    // torture 44
    if !Path::new("/usr/bin/strace").exists() {
        return println!("skipped: strace is not installed");
    }
    for (command, file) in [(EXPORT, "hooks.yaml"), (DIFF, "plan.json")] {
        for (call, error) in [("fsync", "ENOSPC"), ("fsync", "EIO"), ("/^rename", "EROFS")] {
            let env = sandbox();
            let inject = format!("inject={call}:error={error}");
            let mut args = vec!["-f", "-o", "/dev/null", "-e", &inject, BINARY];
            args.extend(command.split(' '));
            env.program("/usr/bin/strace", args).run().code(9).has(file);
            assert_eq!(env.read(file), "old\n", "{command}: {call} {error}");
        }
    }
}
