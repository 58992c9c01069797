//! Files that another user put where this tool writes: links, locks, and files that are not ours.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;

use crate::support::*;

const BOUNCE: &str = r#"{"RecordType":"Bounce","Email":"gone@example.com"}"#;
/// Any user but root and the one who runs the tests.
const SOMEBODY: u32 = 54321;

fn sandbox() -> TestEnv {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL").unset("POSTMARK_SERVER_TOKEN");
    env.file("new.yaml", "Webhooks:\n  - Url: https://hooks.example.com/new\n");
    env.run("-p sandbox create --url https://hooks.example.com/x --on bounce -q").code(0);
    env
}

/// Only root can give files away.
fn is_root(env: &TestEnv) -> bool {
    let is_root = env.program("/usr/bin/id", "-u").run().stdout.trim() == "0";
    if !is_root {
        println!("skipped: only root can give a file to another user");
    }
    is_root
}

fn owner(path: impl AsRef<Path>) -> u32 {
    path.as_ref().symlink_metadata().unwrap().uid()
}

fn mode(path: impl AsRef<Path>) -> u32 {
    path.as_ref().metadata().unwrap().mode() & 0o777
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn give(path: impl AsRef<Path>, to: u32) {
    std::os::unix::fs::lchown(path, Some(to), Some(to)).unwrap();
}

/// Gives a folder with all that is in it.
fn give_all(folder: &Path, to: u32) {
    give(folder, to);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            give_all(&path, to);
        } else {
            give(path, to);
        }
    }
}

const ROTATE: &str =
    "-p sandbox rotate-auth 1234567 --generate --password-out here --no-test --yes";

#[test]
fn no_link_is_written_through() {
    for (command, code) in [
        ("-p sandbox export --output-file here", 9),
        ("-p sandbox export --show-secrets --output-file here", 9),
        ("-p sandbox diff new.yaml --plan-out here", 9),
        ("-p sandbox doctor --bundle here", 9),
        ("listen --address 127.0.0.1:0 --record here", 9),
        ("sandbox serve --port 0 --state here", 9),
        (ROTATE, 2),
    ] {
        for target in ["there", "dangling"] {
            let env = sandbox();
            env.file("there", "untouched\n");
            symlink(target, env.home().join("here")).unwrap();
            env.run(command).code(code).has("here").has("symbolic link");
            assert!(env.home().join("here").is_symlink(), "{command}");
            assert_eq!(env.read("there"), "untouched\n", "{command}");
            assert!(!env.home().join("dangling").exists(), "{command}");
            assert!(!env.tree().contains(".here.pmhooks-lock"), "{command}: {}", env.tree());
        }
    }
}

#[test]
fn no_link_among_our_own_files_is_followed() {
    let webhook = "-p sandbox create --url https://hooks.example.com/y --on bounce -q";
    let lock = ".local/state/pmhooks/.sandbox.json.pmhooks-lock";
    for (command, path, code) in [
        (webhook, ".local/state/pmhooks/sandbox.json", 9),
        (webhook, lock, 9),
        ("sandbox reset --yes", ".local/state/pmhooks/sandbox.json", 9),
        (
            "-p sandbox apply new.yaml --yes",
            ".local/state/pmhooks/locks/.profile-sandbox.pmhooks-lock",
            9,
        ),
        ("profile use a", ".config/pmhooks/.config.toml.pmhooks-lock", 9),
    ] {
        let env = sandbox();
        env.config("[profiles.a]\nserver_token = \"x\"\n");
        env.file("there", "untouched\n");
        let link = env.home().join(path);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&link);
        symlink(env.home().join("there"), &link).unwrap();
        env.run(command).code(code).has("it is a symbolic link");
        assert!(link.is_symlink(), "{command}: {path}");
        assert_eq!(env.read("there"), "untouched\n", "{command}: {path}");
    }
}

#[test]
fn a_link_that_takes_the_records_place_gets_no_events() {
    let env = TestEnv::new();
    let at = |name: &str| env.home().join(name);
    let listener = env.spawn("listen --address 127.0.0.1:0 --record events.jsonl");
    let url = listener.wait_for_url();
    env.file("body", BOUNCE);
    let post = || {
        let sent = env.run(format!("replay body --to {url} --retries 0 -o json"));
        sent.code == Some(0)
    };
    assert!(post());
    let victim = env.file("victim", "untouched\n");
    for target in [victim.as_path(), Path::new("dangling"), Path::new("moved")] {
        fs::rename(at("events.jsonl"), at("moved")).unwrap();
        symlink(target, at("events.jsonl")).unwrap();
        let moved = env.read("moved");
        assert!(!post(), "{}", target.display());
        assert_eq!(env.read("victim"), "untouched\n");
        assert!(!at("dangling").exists());
        // What was refused comes again, so it is not in the old file either.
        assert_eq!(env.read("moved"), moved);
        fs::remove_file(at("events.jsonl")).unwrap();
        // The first one still goes into the file that was moved.
        assert!(post() && post());
        assert_eq!(env.read("events.jsonl").lines().count(), 1);
    }
    listener.interrupt();
    listener.finish().has("cannot use events.jsonl: it is a symbolic link");
}

#[test]
fn a_lock_has_a_name_of_its_own_and_no_other_file_is_taken_for_one() {
    let env = sandbox();
    let others = ["composer.lock", "composer.json.lock", "my.toml.lock", "my.conf.lock", "my.lock"];
    for name in others {
        env.file(name, "untouched\n");
    }
    env.file("my.conf", "[profiles.a]\nserver_token = \"x\"\n");
    let serve = "sandbox serve --port 0 --state composer.json";
    let serving = env.spawn(serve);
    serving.wait_for_url();
    serving.interrupt();
    serving.finish().code(0);
    env.run("profile use a --config my.conf").code(0);
    for name in others {
        assert_eq!(env.read(name), "untouched\n", "{name}");
    }
    for name in [".composer.json.pmhooks-lock", ".my.conf.pmhooks-lock"] {
        assert_eq!(mode(env.home().join(name)), 0o600, "{name}");
        env.file(name, "untouched\n");
    }
    env.run(serve).check(str![[r#"
--- stderr
pmhooks: error: cannot serve the sandbox
  because cannot lock .composer.json.pmhooks-lock: it is not a lock file of pmhooks
  hint: move that file away, or name another file
--- exit 9
"#]]);
    env.run("profile use a --config my.conf").code(9).has("it is not a lock file of pmhooks");
    for name in [".composer.json.pmhooks-lock", ".my.conf.pmhooks-lock"] {
        assert_eq!(env.read(name), "untouched\n", "{name}");
        // A second name of somebody's file.
        fs::remove_file(env.home().join(name)).unwrap();
        env.file("empty", "");
        fs::hard_link(env.home().join("empty"), env.home().join(name)).unwrap();
    }
    env.run(serve).code(9).has("it is not a lock file of pmhooks");
    assert_eq!(env.read("empty"), "");
}

#[test]
fn an_exported_file_keeps_its_mode_unless_it_gets_secrets() {
    let env = sandbox();
    for (wanted, command) in [
        (0o644, "-p sandbox export --output-file here --yes"),
        (0o640, "-p sandbox diff new.yaml --plan-out here"),
        (0o600, "-p sandbox export --show-secrets --output-file here --yes"),
    ] {
        let path = env.file("here", "old\n");
        set_mode(&path, if wanted == 0o600 { 0o644 } else { wanted });
        assert!(matches!(env.run(command).code, Some(0 | 1)), "{command}");
        assert_ne!(env.read("here"), "old\n", "{command}");
        assert_eq!(mode(&path), wanted, "{command}");
        fs::remove_file(path).unwrap();
    }
    env.run("-p sandbox export --output-file here").code(0);
    assert_eq!(mode(env.home().join("here")), 0o600, "a new file is private");
}

#[test]
fn the_configuration_is_no_link_of_another_user() {
    let env = TestEnv::new();
    if !is_root(&env) {
        return;
    }
    let path = env.config("");
    fs::remove_file(&path).unwrap();
    let target = env.file("dotfiles/pm.toml", "[profiles.a]\nserver_token = \"x\"\n");
    let between = env.home().join("dotfiles/between");
    symlink("pm.toml", &between).unwrap();
    symlink(&between, &path).unwrap();
    env.run("profile use a").code(0);
    assert!(path.is_symlink() && between.is_symlink());
    let kept = fs::read_to_string(&target).unwrap();
    for (foreign, what) in [
        (path.as_path(), "the symbolic link belongs to another user (uid 54321)"),
        (path.parent().unwrap(), "the folder of the symbolic link belongs to another user"),
        (between.as_path(), "the symbolic link belongs to another user"),
    ] {
        give(foreign, SOMEBODY);
        for command in ["profile use a", "profile list", "list"] {
            env.run(command).code(3).has(what);
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), kept);
        give(foreign, owner(env.home()));
    }
    env.run("profile use a").code(0);
}

#[test]
fn root_leaves_a_users_files_to_their_owner() {
    let mut env = TestEnv::new();
    if !is_root(&env) {
        return;
    }
    env.unset("POSTMARK_API_URL").unset("POSTMARK_SERVER_TOKEN");
    env.config("[profiles.a]\nserver_token = \"x\"\n");
    env.file("new.yaml", "Webhooks:\n  - Url: https://hooks.example.com/new\n");
    give_all(env.home(), SOMEBODY);
    env.run("profile use a").code(0);
    env.run("--config new/folder/other.toml profile list").code(3);
    env.run("-p sandbox delete 1234567 --yes").code(0);
    env.run("-p sandbox apply new.yaml --yes -q").code(0);
    env.run("-p sandbox export --output-file hooks.yaml").code(0);
    env.run("-p sandbox export --output-file hooks.yaml --yes").code(0);
    for line in env.tree().lines() {
        let name = line.split_once(' ').unwrap().1;
        assert_eq!(owner(env.home().join(name.trim_end_matches('/'))), SOMEBODY, "{line}");
    }
    assert_eq!(mode(env.config_path()), 0o600);
}

#[test]
fn a_file_that_another_user_put_into_a_shared_folder_is_left_alone() {
    let env = sandbox();
    if !is_root(&env) {
        return;
    }
    let shared = env.home().join("shared");
    fs::create_dir(&shared).unwrap();
    set_mode(&shared, 0o1777);
    for command in [
        "-p sandbox export --output-file shared/here --yes",
        "-p sandbox diff new.yaml --plan-out shared/here --yes",
        "listen --address 127.0.0.1:0 --record shared/here",
    ] {
        let planted = env.file("shared/here", "");
        set_mode(&planted, 0o666);
        give(&planted, SOMEBODY);
        env.run(command).code(9).has("it belongs to another user (uid 54321)");
        assert_eq!((env.read("shared/here").as_str(), owner(&planted)), ("", SOMEBODY));
    }
    // A way through a link of somebody's.
    let somewhere = env.home().join("somewhere");
    fs::create_dir(&somewhere).unwrap();
    symlink(&somewhere, shared.join("folder")).unwrap();
    give(shared.join("folder"), SOMEBODY);
    env.run("-p sandbox export --output-file shared/folder/here")
        .code(9)
        .has("a symbolic link on the way belongs to another user");
    assert_eq!(fs::read_dir(&somewhere).unwrap().count(), 0);
}

#[test]
fn a_record_of_another_user_is_refused() {
    let env = TestEnv::new();
    if !is_root(&env) {
        return;
    }
    let record = env.file("events.jsonl", "");
    chown(&record, Some(SOMEBODY), None).unwrap();
    env.run("listen --address 127.0.0.1:0 --record events.jsonl").check(str![[r#"
--- stderr
pmhooks: error: cannot receive events
  because cannot use events.jsonl: it belongs to another user (uid 54321)
  hint: name another file, or run this as the user that it belongs to
--- exit 9
"#]]);
}
