//! The configuration file: private, whole, and never destroyed.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Instant;

use crate::support::*;

/// Any server, for `profile add`.
fn postmark() -> Faulty {
    Faulty::always(Step::answer(200, json!({"ID": 77, "Name": "Staging"})))
}

#[allow(clippy::print_stderr, reason = "a test says that it was skipped")]
fn with_strace() -> bool {
    let there = Path::new("/usr/bin/strace").exists();
    if !there {
        eprintln!("skipped: strace is not installed");
    }
    there
}

// torture 38
#[test]
fn files_are_private_under_any_umask() {
    let server = postmark();
    for umask in ["000", "022", "077", "777"] {
        let mut env = TestEnv::new();
        env.api(server.url()).env("T", TOKEN);
        let add = format!("umask {umask}; pmhooks profile add a --token env:T");
        if umask == "777" {
            // Nothing can be made at all then; what counts is that nothing is left open to others.
            let _ = env.shell(&add).run();
            let _ = env.shell("chmod -R u+rwX .config").run();
            let open = env.tree().lines().any(|l| l.contains("pmhooks") && !l[2..4].eq("00"));
            assert!(!open, "{}", env.tree());
            continue;
        }
        env.shell(&add).run().code(0);
        assert_data_eq!(
            env.tree(),
            str![[r#"
0700 .config/
0700 .config/pmhooks/
0600 .config/pmhooks/.config.toml.pmhooks-lock
0600 .config/pmhooks/config.toml

"#]]
        );
        env.shell(&format!("umask {umask}; pmhooks profile use a")).run().code(0);
        assert!(env.tree().contains("0600 .config/pmhooks/config.toml\n"), "{}", env.tree());
    }
}

// torture 38: at no moment was the token in a file that others could open
#[test]
fn the_token_is_never_in_a_wider_file() {
    if !with_strace() {
        return;
    }
    let server = postmark();
    let mut env = TestEnv::new();
    env.api(server.url()).env("T", TOKEN);
    let line = "umask 000; strace -f -e trace=open,openat,creat,chmod,fchmod,fchmodat,mkdir,rename,renameat,renameat2,fsync \
                -o trace pmhooks profile add a --token env:T";
    env.shell(line).run().code(0);
    let trace = env.read("trace");
    let made: Vec<_> = trace.lines().filter(|l| l.contains("O_CREAT")).collect();
    assert!(made.len() >= 2, "{trace}");
    assert!(made.iter().all(|l| l.contains("0600)")), "{made:#?}");
    let at = |what: &str| {
        trace
            .lines()
            .position(|l| l.contains(what))
            .unwrap_or_else(|| panic!("no {what} in\n{trace}"))
    };
    // torture 42: the file, then its name, then the folder.
    assert!(
        at("fsync(") < at("rename")
            && trace.lines().skip(at("rename")).any(|l| l.contains("fsync(")),
        "{trace}"
    );
}

// torture 40
#[test]
fn a_reader_never_sees_half_a_file() {
    let env = TestEnv::new();
    let padding = "# padding padding padding padding\n".repeat(2000);
    let profile = |name: &str| format!("[profiles.{name}]\nserver_token = \"x\"\n");
    env.config(&format!(
        "default_profile = \"a\"\n{padding}{}{}# end\n",
        profile("a"),
        profile("b")
    ));
    let writer = env.shell(
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do pmhooks -q profile use b; pmhooks -q profile use a; done; echo done",
    ).spawn();
    let mut reads = 0;
    let until = Instant::now() + Duration::from_secs(20);
    while !writer.so_far().stdout.contains("done") && Instant::now() < until {
        let text = env.read(env.config_path());
        assert!(
            text.starts_with("default_profile = ") && text.ends_with("# end\n"),
            "{} bytes",
            text.len()
        );
        reads += 1;
    }
    writer.finish().code(0);
    assert!(reads > 20, "{reads}");
    assert!(!env.tree().contains("/.pmhooks-"), "{}", env.tree());
}

// torture 41
#[test]
fn whatever_is_not_changed_stays_to_the_byte() {
    let server = postmark();
    let mut env = TestEnv::new();
    env.api(server.url()).env("T", TOKEN);
    for (name, text) in [
        (
            "comments",
            "# top\n\n  default_profile   =  'a' # why\n\nfuture = { x = 1, y = [ 1,2 ] }\n\n[other.table]\nz = 1e3\n\n[profiles.a]   # mine\nserver_token='x'\nunknown = \"kept\"\n\t# indented\n\n[profiles.b]\nserver_token = \"\"\"y\"\"\"\n\n# the end\n",
        ),
        (
            "crlf",
            "default_profile = \"a\"\r\n\r\n[profiles.a]\r\nserver_token = \"x\"\r\n# end\r\n",
        ),
        ("inline", "default_profile = \"a\"\nprofiles = { a = { server_token = \"x\" } }\n"),
        (
            "dotted",
            "default_profile = \"a\"\nprofiles.a.server_token = \"x\"\nprofiles.a.stream = \"s\"\n",
        ),
        ("no line end", "default_profile = \"a\"\n[profiles.a]\nserver_token = \"x\""),
        (
            "byte order mark",
            "\u{feff}default_profile = \"a\"\n[profiles.a]\nserver_token = \"x\"\n",
        ),
    ] {
        env.config(text);
        env.run("profile use a").code(0);
        let same = env.read(env.config_path());
        let expected = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        assert_eq!(same.replace('\'', "\""), expected.replace('\'', "\""), "{name}: use");
        env.config(text);
        env.run("profile add new --token env:T").code(0);
        let added = env.read(env.config_path());
        let lost: Vec<_> =
            text.lines().filter(|line| !added.contains(line.trim_end_matches(" }"))).collect();
        assert!(lost.is_empty(), "{name}: {lost:?}\n{added}");
        env.run("profile remove new --yes").code(0);
        let back = env.read(env.config_path());
        assert_eq!(back.trim_end(), text.trim_end(), "{name}: add and remove");
        env.run("profile show a").code(0);
    }
}

// torture 41
#[test]
fn a_broken_file_is_told_by_place_and_never_touched() {
    let server = postmark().may_be_unused();
    let mut env = TestEnv::new();
    env.api(server.url()).env("T", TOKEN);
    let mut said = String::new();
    for text in [
        "default_profile = \"a\"\n[profiles.a\nserver_token = \"SECRET\"\n",
        "[profiles.a]\nserver_token = SECRET\n",
        "[profiles.a]\nserver_token = \"SECRET\n",
        "[profiles.a]\nserver_token = \"SECRET\" SECRET\n",
        "[profiles.a]\nserver_token = \"SEC\\qRET\"\n",
        "[profiles.a]\nserver_token = \"SECRET\"\nserver_token = \"SECRET\"\n",
        "[profiles.a]\nserver_token \"SECRET\"\n",
        "profiles = \"SECRET\"\n",
        "\0",
    ] {
        env.config(text);
        let run = env.run("-p a list");
        run.code(3).lacks("SECRET");
        said += &format!("{run}\n");
        for change in ["profile add new --token env:T", "profile use a", "profile remove a --yes"] {
            env.run(change).code(3).lacks("SECRET");
            assert_eq!(env.read(env.config_path()), text, "{change}");
        }
    }
    for text in [
        "[profiles]\na = \"SECRET\"\n",
        "default_profile = [\"SECRET\"]\n",
        "default_profile = \"SE CRET\"\n",
    ] {
        env.config(text);
        let run = env.run(if text.starts_with('d') { "list" } else { "-p a list" });
        run.code(3).lacks("CRET");
        said += &format!("{run}\n");
    }
    assert_data_eq!(
        said,
        str![[r#"
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:12: unclosed table, expected `]`
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:16: string values must be quoted, expected literal string
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:23: invalid basic string, expected `"`
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:25: unexpected key or value, expected newline, `#`
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:21: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `/`, `"`, `x`, `u`, `U`
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:3:1: duplicate key
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:14: key with no value, expected `=`
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:1:12: `profiles` is a text, not a table
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:1:2: key with no value, expected `=`
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:5: `a` is a text, not a table
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:1:19: `default_profile` is a list, not a text
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:1:19: `default_profile`: a profile's name starts with a letter or digit and has at most 64 letters, digits, -, _ and .
--- exit 3

"#]]
    );
}

#[test]
fn a_file_that_is_not_text_is_never_touched() {
    let env = TestEnv::new();
    let path = env.config("");
    let bytes = b"[profiles.a]\nserver_token = \"x\"\n# caf\xe9\n";
    fs::write(&path, bytes).unwrap();
    env.run("profile list").check(str![[r#"
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:3:6: it is not text (UTF-8)
--- exit 3
"#]]);
    for change in ["profile use a", "profile remove a --yes"] {
        env.run(change).code(3).has("config.toml:3:6");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{change}");
    }
}

// torture 43
#[test]
fn a_link_is_kept_and_its_target_changed() {
    let env = TestEnv::new();
    let path = env.config("");
    fs::remove_file(&path).unwrap();
    let target = env.file("dotfiles/pm.toml", "[profiles.a]\nserver_token = \"x\"\n");
    symlink(&target, &path).unwrap();
    env.run("profile use a").code(0);
    assert!(path.is_symlink());
    assert!(env.read("dotfiles/pm.toml").contains("default_profile = \"a\""));
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
}

// torture 43
#[test]
fn odd_things_in_the_files_place_are_refused_without_waiting() {
    let server = Faulty::always(Step::answer(200, json!({"ID": 77, "Name": "S"}))).may_be_unused();
    let mut env = TestEnv::new();
    env.api(server.url()).env("T", TOKEN);
    let path = env.config("");
    let soon = Duration::from_secs(5);
    let mut said = String::new();
    for make in [
        "ln -s nowhere $F",
        "ln -s config.toml $F",
        "mkdir $F",
        "mkfifo $F",
        "ln -s /dev/zero $F",
        "ln -s /dev/stdin $F",
    ] {
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
        env.shell(make).env("F", &path).run().code(0);
        let list =
            env.cmd("profile list").stdin("[profiles.x]\nserver_token=\"y\"\n").limit(soon).run();
        let add = env.cmd("profile add a --token env:T").limit(soon).run();
        said += &format!("$ {make}\n{list}\n{add}\n");
        assert_ne!(add.code, Some(0), "{make}");
        assert!(fs::symlink_metadata(&path).is_ok_and(|m| !m.is_file()), "{make}");
    }
    assert_data_eq!(
        said,
        str![[r#"
$ ln -s nowhere $F
--- stderr
pmhooks: error: cannot use [HOME]/.config/pmhooks/config.toml: it is a link to nothing, not a file
--- exit 3
--- stderr
pmhooks: error: cannot use [HOME]/.config/pmhooks/config.toml: it is a link to nothing, not a file
--- exit 3
$ ln -s config.toml $F
--- stderr
pmhooks: error: cannot read [HOME]/.config/pmhooks/config.toml: Too many levels of symbolic links (os error 40)
--- exit 3
--- stderr
pmhooks: error: cannot read [HOME]/.config/pmhooks/config.toml: Too many levels of symbolic links (os error 40)
--- exit 3
$ mkdir $F
--- stderr
pmhooks: error: cannot use [HOME]/.config/pmhooks/config.toml: it is a folder, not a file
--- exit 3
--- stderr
pmhooks: error: cannot use [HOME]/.config/pmhooks/config.toml: it is a folder, not a file
--- exit 3
$ mkfifo $F
--- stderr
pmhooks: error: cannot use [HOME]/.config/pmhooks/config.toml: it is a pipe, a socket or a device, not a file
--- exit 3
--- stderr
pmhooks: error: cannot use [HOME]/.config/pmhooks/config.toml: it is a pipe, a socket or a device, not a file
--- exit 3
$ ln -s /dev/zero $F
--- stderr
pmhooks: error: cannot use [HOME]/.config/pmhooks/config.toml: it is a pipe, a socket or a device, not a file
--- exit 3
--- stderr
pmhooks: error: cannot use [HOME]/.config/pmhooks/config.toml: it is a pipe, a socket or a device, not a file
--- exit 3
$ ln -s /dev/stdin $F
--- stderr
pmhooks: error: cannot use [HOME]/.config/pmhooks/config.toml: it is a pipe, a socket or a device, not a file
--- exit 3
--- stderr
pmhooks: error: cannot use [HOME]/.config/pmhooks/config.toml: it is a pipe, a socket or a device, not a file
--- exit 3

"#]]
    );
}

// torture 45
#[test]
fn twenty_at_once_are_all_there() {
    let server = postmark();
    let mut env = TestEnv::new();
    env.api(server.url()).env("T", TOKEN);
    let all: Vec<_> =
        (0..20).map(|n| env.spawn(format!("profile add p{n} --token env:T"))).collect();
    for run in all {
        run.finish_within(Duration::from_secs(20)).code(0);
    }
    let names = env.run("profile list -o json").json();
    assert_eq!(names.as_array().unwrap().len(), 20);
    assert_eq!(names.as_array().unwrap().iter().filter(|row| row["Default"] == true).count(), 1);
}

// torture 45
#[test]
fn the_same_name_at_once_is_added_once() {
    let server = postmark();
    let mut env = TestEnv::new();
    env.api(server.url()).env("T", TOKEN);
    let all: Vec<_> = (0..4).map(|_| env.spawn("profile add same --token env:T")).collect();
    let codes: Vec<_> = all.into_iter().map(|run| run.finish().code).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Some(2)).count(), 3, "{codes:?}");
}

// torture 42, 45: killed at each of the calls that matter, the file is wholly the old or wholly the new
#[test]
fn killed_at_any_step_the_file_is_whole_and_the_next_run_works() {
    if !with_strace() {
        return;
    }
    let old = "default_profile = \"a\"\n[profiles.a]\nserver_token = \"x\"\n[profiles.b]\nserver_token = \"y\"\n";
    let new = old.replacen("\"a\"", "\"b\"", 1);
    for call in ["write", "fsync", "/^rename", "flock", "unlink", "fchmod"] {
        for nth in 1..=4 {
            let env = TestEnv::new();
            env.config(old);
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let args = ["-f", "-o", "/dev/null", "-e", &inject, BINARY, "profile", "use", "b"];
            let run = env.program("/usr/bin/strace", args).run();
            let text = env.read(env.config_path());
            assert!(text == old || text == new, "{call} {nth}: {text:?}");
            if run.code == Some(0) {
                assert_eq!(text, new);
                break;
            }
            env.run("profile use b").code(0);
            assert_eq!(env.read(env.config_path()), new, "{call} {nth}");
        }
    }
}

// torture 44
#[test]
fn a_disk_that_refuses_leaves_the_old_file() {
    if !with_strace() {
        return;
    }
    let old = "default_profile = \"a\"\n[profiles.a]\nserver_token = \"x\"\n[profiles.b]\nserver_token = \"y\"\n";
    let mut said = String::new();
    for (call, error) in [
        ("fsync", "EIO"),
        ("fsync", "ENOSPC"),
        ("fsync", "EDQUOT"),
        ("/^rename", "EROFS"),
        ("/^rename", "EACCES"),
        ("flock", "ENOLCK"),
    ] {
        let mut env = TestEnv::new();
        env.redact("[RANDOM]", r"/\.pmhooks-(?<redacted>\w+)");
        env.config(old);
        let inject = format!("inject={call}:error={error}:when=1");
        let args = ["-f", "-o", "/dev/null", "-e", &inject, BINARY, "profile", "use", "b"];
        let run = env.program("/usr/bin/strace", args).run();
        run.code(9);
        said += &format!("{run}\n");
        assert_eq!(env.read(env.config_path()), old, "{call} {error}");
        assert!(!env.tree().contains("/.pmhooks-"), "{}", env.tree());
    }
    assert_data_eq!(
        said,
        str![[r#"
--- stderr
pmhooks: error: cannot write [HOME]/.config/pmhooks/config.toml: Input/output error (os error 5)
--- exit 9
--- stderr
pmhooks: error: cannot write [HOME]/.config/pmhooks/config.toml: No space left on device (os error 28)
--- exit 9
--- stderr
pmhooks: error: cannot write [HOME]/.config/pmhooks/config.toml: Disk quota exceeded (os error 122)
--- exit 9
--- stderr
pmhooks: error: cannot replace [HOME]/.config/pmhooks/config.toml: Read-only file system (os error 30)
--- exit 9
--- stderr
pmhooks: error: cannot replace [HOME]/.config/pmhooks/config.toml: Permission denied (os error 13)
--- exit 9
--- stderr
pmhooks: error: cannot lock [HOME]/.config/pmhooks/.config.toml.pmhooks-lock: No locks available (os error 37)
--- exit 9

"#]]
    );
}

#[test]
fn the_file_can_be_elsewhere() {
    let server = postmark();
    let mut env = TestEnv::new();
    env.api(server.url());
    for (name, token) in [("one", 1), ("two", 2)] {
        let profile = format!(
            "default_profile = \"{name}\"\n[profiles.{name}]\nserver_token = \"{token}\"\n"
        );
        env.file(format!("{name}.toml"), profiles_at(&server.url(), &profile));
    }
    env.shell("chmod 600 *.toml").run().code(0);
    env.env("PMHOOKS_CONFIG", env.home().join("one.toml"));
    env.run("profile list -o ids").check(str!["one"]);
    env.run("profile list -o ids --config two.toml").check(str!["two"]);
    env.run("whoami --config two.toml").code(0).has("two");
    env.run("profile use two --config one.toml").code(3);
    env.run("profile list --config /nowhere/at/all.toml").check(str![[r#"
--- stderr
pmhooks: error: cannot read /nowhere/at/all.toml: there is no such file
--- exit 3
"#]]);
    env.run("profile list --config /").check(str![[r#"
--- stderr
pmhooks: error: cannot use /: it is a folder, not a file
--- exit 3
"#]]);
}

#[test]
fn where_no_profile_is_named_one_of_them_is_proposed() {
    let env = TestEnv::new();
    env.config(
        "[profiles.one]\nserver_token_env = \"A\"\n[profiles.two]\nserver_token_env = \"B\"\n",
    );
    env.run("list").code(3).has("hint: name one of one, two, as in `pmhooks -p one list`\n");
}
