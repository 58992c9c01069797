//! A run where the world is not as it should be: no home, no folder, no descriptors, no text.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::support::*;

fn webhooks() -> Faulty {
    Faulty::always(Step::answer(200, json!({"Webhooks": []}))).may_be_unused()
}

// torture 51
#[test]
fn no_home_is_needed_where_nothing_is_kept() {
    let server = webhooks();
    let env = TestEnv::with_api(server.url());
    for home in [None, Some(""), Some("relative"), Some("/nowhere"), Some("/dev/null")] {
        let run = |args: &str| match home {
            Some(home) => env.cmd(args).env("HOME", home).run(),
            None => env.cmd(args).unset("HOME").run(),
        };
        run("--version").code(0);
        run("list -o json").check(str!["[]"]);
        run("completions bash").code(0);
    }
    env.cmd("-p sandbox list").env("HOME", "/dev/null").run().check(str![[r#"
--- stderr
pmhooks: error: cannot make the folder /dev/null/.local/state/pmhooks: Not a directory (os error 20)
--- exit 9
"#]]);
}

// torture 51
#[test]
fn a_home_that_cannot_be_written_is_named() {
    let server = Faulty::always(Step::answer(200, json!({"ID": 1, "Name": "S"}))).may_be_unused();
    let mut env = TestEnv::with_api(server.url());
    env.env("T", TOKEN);
    // Also for root, whom modes do not stop: a file in the folder's place.
    env.file(".config", "");
    env.file(".local", "");
    env.run("profile add a --token env:T").check(str![[r#"
--- stderr
pmhooks: error: cannot read [HOME]/.config/pmhooks/config.toml: Not a directory (os error 20)
--- exit 3
"#]]);
    env.run("-p sandbox list").check(str![[r#"
--- stderr
pmhooks: error: cannot make the folder [HOME]/.local/state/pmhooks: Not a directory (os error 20)
--- exit 9
"#]]);
    env.run("profile list").check(str![[r#"
--- stderr
pmhooks: error: cannot read [HOME]/.config/pmhooks/config.toml: Not a directory (os error 20)
--- exit 3
"#]]);
}

// torture 51
#[test]
fn relative_and_empty_folders_of_the_environment_are_passed_over() {
    let env = TestEnv::new();
    env.config("[profiles.a]\nserver_token = \"x\"\n");
    for value in ["", "relative", "./x", "."] {
        let run = env.cmd("profile list -o ids").env("XDG_CONFIG_HOME", value).run();
        run.check(str!["a"]);
        env.cmd("-p sandbox delete 1234567 --yes -q")
            .env("XDG_STATE_HOME", value)
            .run()
            .code(if value.is_empty() { 0 } else { 8 });
        assert!(env.state_dir().join("sandbox.json").exists());
    }
    let elsewhere = env.home().join("elsewhere");
    env.cmd("-p sandbox list -o ids").env("XDG_STATE_HOME", &elsewhere).run().code(0);
    assert!(elsewhere.join("pmhooks").is_dir());
}

// torture 51
#[test]
fn odd_languages_and_time_zones_change_nothing() {
    let server = webhooks();
    let env = TestEnv::with_api(server.url());
    for (name, value) in [
        ("LANG", "C"),
        ("LANG", "xx_YY.ISO-8859-1"),
        ("LC_ALL", "garbage"),
        ("TZ", "garbage/\u{1b}"),
        ("TERM", ""),
        ("COLUMNS", "-1"),
    ] {
        env.cmd("list").env(name, value).run().check(str![[r#"
ID  STREAM  URL  TRIGGERS  AUTH  STATUS
--- stderr
There are no webhooks here; create makes one.
"#]]);
    }
}

// torture 51
#[test]
fn arguments_that_are_not_text_are_refused() {
    let env = TestEnv::new();
    let odd = OsStr::from_bytes(b"SECRET\xff\x1b");
    for before in [
        &["list", "-p"][..],
        &["get"],
        &["list", "--api-url"],
        &["profile", "add"],
        &[],
        &["list", "-o"],
        &["list", "--columns"],
        &["streams", "--type"],
    ] {
        let args: Vec<_> = before.iter().map(OsStr::new).chain([odd]).collect();
        let run = env.run(args);
        run.code(2).lacks("\u{1b}");
    }
    // Paths may be anything.
    let run = env.run([OsStr::new("profile"), OsStr::new("list"), OsStr::new("--config"), odd]);
    run.code(3).has("there is no such file").lacks("\u{1b}");
    env.cmd("profile list").env("SOMETHING", odd).run().code(0);
    env.cmd("profile list").env("PMHOOKS_CONFIG", odd).run().code(3).lacks("\u{1b}");
}

// torture 51
#[test]
fn a_deleted_working_directory_is_no_obstacle() {
    let server = webhooks();
    let mut env = TestEnv::with_api(server.url());
    env.env("T", TOKEN);
    let shell =
        |line: &str| env.shell(&format!("mkdir gone && cd gone && rmdir ../gone && {line}")).run();
    shell("pmhooks list -o json").check(str!["[]"]);
    shell("pmhooks -p sandbox list -o ids").check(str![[r#"
1234567
1234568
--- stderr
pmhooks: warning: POSTMARK_SERVER_TOKEN is set, but not used: --profile names the profile sandbox
POSTMARK_API_URL is ignored: the profile sandbox has its own API.
"#]]);
    shell("pmhooks list --config x.toml -o json").check(str!["[]"]);
    shell("pmhooks profile add x --token-file t").code(2);
}

// torture 51
#[test]
fn few_descriptors_are_enough_or_it_is_said() {
    let server = webhooks();
    let env = TestEnv::with_api(server.url());
    env.shell("ulimit -n 16; pmhooks list -o json").run().check(str!["[]"]);
    env.shell("ulimit -n 16; pmhooks -p sandbox list -o ids").run().check(str![[r#"
1234567
1234568
--- stderr
pmhooks: warning: POSTMARK_SERVER_TOKEN is set, but not used: --profile names the profile sandbox
POSTMARK_API_URL is ignored: the profile sandbox has its own API.
"#]]);
    for limit in 4..12 {
        let run = env.shell(&format!("ulimit -n {limit}; pmhooks -p sandbox list -o ids")).run();
        assert!(matches!(run.code, Some(0 | 6 | 9 | 127)), "{limit}: {run}");
        run.lacks("panicked").lacks("internal error");
    }
}

// torture 51
#[test]
fn little_memory_is_enough() {
    let server = webhooks();
    let env = TestEnv::with_api(server.url());
    env.shell("ulimit -v 262144; pmhooks list -o json").run().check(str!["[]"]);
}

// torture 49
#[test]
fn closed_streams_do_no_harm() {
    let server = webhooks();
    let mut env = TestEnv::with_api(server.url());
    env.shell("pmhooks list -o json <&-").run().check(str!["[]"]);
    env.shell("pmhooks list -o json 2>&-").run().check(str!["[]"]);
    env.shell("pmhooks list -o json >&-").run().lacks("panicked");
    env.shell("pmhooks list -o json <&- >&- 2>&-").run().lacks("panicked");
    env.shell("pmhooks nonsense 2>&-").run().check(str!["--- exit 2"]);
    env.shell("pmhooks profile add x --token - <&-").run().code(2);
    // A descriptor that was closed is not opened again by a file which then gets the output.
    env.env("T", TOKEN);
    let before = "default_profile = \"a\"\n[profiles.a]\nserver_token = \"x\"\n";
    env.config(before);
    let _ = env.shell("pmhooks profile use a >&-").run();
    let _ = env.shell("pmhooks profile use a >&- 2>&- <&-").run();
    assert_eq!(env.read(env.config_path()), before);
}

// torture 49
#[test]
fn a_full_disk_behind_the_output_is_an_error() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let server = webhooks();
    let env = TestEnv::with_api(server.url());
    for command in [
        "list -o json",
        "-p sandbox list",
        "profile list -o json",
        "--help",
        "--version",
        "completions bash",
        "-p sandbox whoami",
        "-p sandbox server get",
    ] {
        let run = env.shell(&format!("pmhooks {command} >/dev/full")).run();
        run.code(9).has("No space left");
    }
    env.shell("pmhooks list -o json >/dev/full").run().check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "Machine",
    "Message": "cannot write to standard output",
    "Causes": [
      "No space left on device (os error 28)"
    ],
    "Hints": [],
    "HttpStatus": null,
    "ErrorCode": null
  }
}
--- exit 9
"#]]);
    env.shell("pmhooks nonsense 2>/dev/full").run().code(2);
}

// torture 62
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let webhook = json!({
        "ID": 5, "Url": "https://h.example.com/", "MessageStream": "outbound", "HttpAuth": null,
        "HttpHeaders": [], "Triggers": {"Bounce": {"Enabled": true, "IncludeContent": false}},
    });
    let many = Faulty::always(Step::answer(200, json!({"Webhooks": vec![webhook; 5000]})));
    let mut env = TestEnv::with_api(many.url());
    for command in
        ["list", "list -o json", "list -o tsv", "list -o ids", "list -o yaml", "list -o jsonl"]
    {
        let run = env.shell(&format!("{{ pmhooks {command}; echo $? >code; }} | head -1")).run();
        assert_eq!(
            (run.stderr.as_str(), env.read("code").as_str()),
            ("", "0\n"),
            "{command}: {run}"
        );
        assert_eq!(run.stdout.lines().count(), 1);
    }
    env.unset("POSTMARK_SERVER_TOKEN").unset("POSTMARK_API_URL");
    for command in
        ["--help", "--version", "completions zsh", "profile list -o json", "-p sandbox streams"]
    {
        let run =
            env.shell(&format!("{{ sleep 0.1; pmhooks {command}; echo $? >code; }} | true")).run();
        assert_eq!(
            (run.stderr.as_str(), env.read("code").as_str()),
            ("", "0\n"),
            "{command}: {run}"
        );
    }
}

// torture 103
#[test]
fn what_needs_no_network_opens_no_socket() {
    if !Path::new("/usr/bin/strace").exists() {
        eprintln!("skipped: strace is not installed");
        return;
    }
    let mut env = TestEnv::new();
    env.token(TOKEN);
    env.config(
        "default_profile = \"a\"\n[profiles.a]\nserver_token_command = [\"touch\", \"ran\"]\n",
    );
    env.file("hooks.yaml", "Webhooks:\n  - Url: https://hooks.example.com/\n");
    env.file("events.jsonl", "{\"RecordType\": \"Open\"}\n");
    for command in [
        "--version",
        "--help",
        "list --help",
        "help create",
        "completions bash",
        "completions fish",
        "profile list",
        "profile show a",
        "profile use a",
        "profile remove b --yes",
        "nonsense",
        "list --nonsense",
        "server edit",
        "export --schema",
        "lint hooks.yaml",
        "create --url https://hooks.example.com/ --dry-run",
        "test --url https://hooks.example.com/ --print",
        "test --url https://hooks.example.com/ --curl",
        "replay events.jsonl --to https://hooks.example.com/ --dry-run",
    ] {
        let args = ["-f", "-e", "trace=socket,connect,execve"].into_iter().map(str::to_owned);
        let args = args.chain([BINARY.to_owned()]).chain(command.split(' ').map(str::to_owned));
        let run = env.program("/usr/bin/strace", args.collect::<Vec<_>>()).run();
        run.lacks("AF_INET").lacks("AF_UNIX");
        assert_eq!(run.stderr.matches("execve(").count(), 1, "{command}: {run}");
    }
    // Nor is the configuration touched where it says nothing.
    let args = ["-f", "-e", "trace=openat", BINARY, "completions", "zsh"];
    env.program("/usr/bin/strace", args).run().lacks("config.toml");
    assert!(!env.tree().contains("ran"));
}

// torture 11
#[test]
fn no_help_text_shows_a_value_of_the_environment() {
    let canaries = Canaries::new();
    let mut env = TestEnv::new();
    env.token(&canaries.token).env("PMHOOKS_PROFILE", &canaries.header);
    for command in [
        "",
        "list",
        "create",
        "edit",
        "server edit",
        "profile add",
        "sandbox serve",
        "completions",
        "whoami",
        "streams",
    ] {
        let run = env.run(format!("{command} --help"));
        run.code(0);
        canaries.assert_clean_run(&run);
    }
}

#[test]
fn help_texts_fit_a_terminal() {
    let env = TestEnv::new();
    for command in [
        "",
        "profile",
        "profile list",
        "profile add",
        "profile show",
        "profile use",
        "profile remove",
        "whoami",
        "streams",
        "server",
        "server get",
        "server edit",
        "sandbox",
        "sandbox serve",
        "sandbox reset",
        "completions",
    ] {
        for flag in ["-h", "--help"] {
            let end = env.pty(format!("{command} {flag}")).finish();
            end.code(0);
            let wide: Vec<_> = without_colour(&end.output)
                .lines()
                .filter(|l| l.trim_end().chars().count() > 80)
                .map(str::to_owned)
                .collect();
            assert!(wide.is_empty(), "{command} {flag}: {wide:#?}");
        }
    }
}

fn without_colour(text: &str) -> String {
    regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(text, "").into_owned()
}

// torture 64: the clock of a deadline is monotonic, and a pause is no failure
#[test]
fn a_run_that_is_stopped_for_a_while_goes_on() {
    use rustix::process::Signal;
    let webhooks =
        Step::answer(200, json!({"Webhooks": [webhook(5)]})).delay(Duration::from_millis(500));
    let server = Faulty::new([webhooks]);
    let env = TestEnv::with_api(server.url());
    let run = env.spawn("list -o ids --timeout 20s");
    server.wait_for(1);
    run.signal(Signal::STOP);
    std::thread::sleep(Duration::from_secs(1));
    run.signal(Signal::WINCH);
    run.signal(Signal::CONT);
    run.finish().check(str!["5"]);
    // Where the pause is longer than the time that a call has, it ends as any that takes too long.
    let server = Faulty::always(Step::hang());
    let env = TestEnv::with_api(server.url());
    let run = env.spawn("list --timeout 1s --retries 0");
    server.wait_for(1);
    run.signal(Signal::STOP);
    std::thread::sleep(Duration::from_secs(2));
    run.signal(Signal::CONT);
    run.finish().code(6);
}
