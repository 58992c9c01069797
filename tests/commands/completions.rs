//! `completions`: the scripts, what they ask, and real shells that ask it.

use std::path::Path;

use crate::support::*;

const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "powershell", "elvish"];

/// What a shell is offered for the last of these words.
fn offered(env: &TestEnv, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let args: Vec<&str> = ["--"].into_iter().chain(words.iter().copied()).collect();
    let index = (words.len() - 1).to_string();
    let run = env
        .cmd(args)
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", index)
        .env("_CLAP_IFS", "\n")
        .run();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{line}: {run}");
    run.stdout
}

fn env() -> TestEnv {
    let env = TestEnv::new();
    env.config(
        "[profiles.staging]\nserver_token = \"x\"\n[profiles.production]\nserver_token = \"y\"\n\
         [profiles.\"not a name\"]\nserver_token = \"z\"\n",
    );
    env
}

#[test]
fn five_scripts_are_printed() {
    let env = TestEnv::new();
    for shell in SHELLS {
        let script = env.run(format!("completions {shell}"));
        script.code(0).has("COMPLETE").has("pmhooks").lacks("NAME");
        assert_eq!(script.stderr, "", "{shell}");
    }
    env.run("completions tcsh").check(str![[r#"
--- stderr
pmhooks: error: invalid value 'tcsh' for '<SHELL>'
  [possible values: bash, zsh, fish, powershell, elvish]

  tip: a similar value exists: 'zsh'

For more information, try '--help'.
--- exit 2
"#]]);
    env.run("completions").code(2);
    env.run("completions bash -o json").check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "Usage",
    "Message": "a completion script is printed as it is; leave out --output",
    "Causes": [],
    "Hints": [],
    "HttpStatus": null,
    "ErrorCode": null
  }
}
--- exit 2
"#]]);
    assert_eq!(env.tree(), "");
}

// torture 101
#[test]
fn the_scripts_are_understood_by_their_shells() {
    let env = TestEnv::new();
    for shell in ["bash", "zsh", "fish"] {
        if !Path::new("/usr/bin").join(shell).exists() {
            eprintln!("skipped: {shell} is not installed");
            continue;
        }
        let script =
            env.file(format!("script.{shell}"), env.run(format!("completions {shell}")).stdout);
        let run =
            env.program(format!("/usr/bin/{shell}"), ["-n".as_ref(), script.as_os_str()]).run();
        run.check(str![""]);
    }
}

#[test]
fn commands_and_options_are_offered() {
    let env = env();
    let commands = offered(&env, "pmhooks ");
    assert!(commands.starts_with("list\n"), "{commands}");
    assert!(commands.lines().any(|line| line == "rotate-auth"), "{commands}");
    assert_data_eq!(offered(&env, "pmhooks pro"), str!["profile"]);
    assert_data_eq!(
        offered(&env, "pmhooks profile "),
        str![[r#"
list
add
show
use
remove
import
help
...
"#]]
    );
    assert_data_eq!(
        offered(&env, "pmhooks server edit --t"),
        str![[r#"
--track-opens
--track-links
--timeout
"#]]
    );
    assert_data_eq!(
        offered(&env, "pmhooks server edit --track-links html"),
        str![[r#"
html-and-text
html-only
"#]]
    );
    assert_data_eq!(
        offered(&env, "pmhooks list -o j"),
        str![[r#"
json
jsonl
"#]]
    );
    assert_data_eq!(
        offered(&env, "pmhooks completions "),
        str![[r#"
bash
zsh
fish
powershell
elvish
...
"#]]
    );
}

#[test]
fn triggers_are_offered_in_lists() {
    let env = env();
    assert_data_eq!(
        offered(&env, "pmhooks create --on "),
        str![[r#"
open
click
delivery
bounce
spam-complaint
subscription-change
all
"#]]
    );
    assert_data_eq!(offered(&env, "pmhooks create --on bounce,deliv"), str!["bounce,delivery"]);
    assert_data_eq!(
        offered(&env, "pmhooks edit 5 --off=open,s"),
        str![[r#"
--off=open,spam-complaint
--off=open,subscription-change
"#]]
    );
    assert_data_eq!(offered(&env, "pmhooks create --on bounce,nothing"), str![""]);
    assert_data_eq!(
        offered(&env, "pmhooks create --include-content bounce,sp"),
        str!["bounce,spam-complaint"]
    );
}

#[test]
fn rules_are_offered_in_lists() {
    let env = env();
    assert_data_eq!(
        offered(&env, "pmhooks lint --ignore PM020,PM00"),
        str![[r#"
PM020,PM001
PM020,PM002
PM020,PM003
PM020,PM004
PM020,PM005
PM020,PM006
PM020,PM007
PM020,PM008
PM020,PM009
"#]]
    );
    assert_data_eq!(
        offered(&env, "pmhooks lint --explain PM02"),
        str![[r#"
PM020
PM021
"#]]
    );
}

#[test]
fn profiles_are_offered() {
    let env = env();
    for line in ["pmhooks -p ", "pmhooks list --profile "] {
        assert_data_eq!(
            offered(&env, line),
            str![[r#"
staging
production
sandbox
"#]]
        );
    }
    for verb in ["use", "show", "remove"] {
        let offered = offered(&env, &format!("pmhooks profile {verb} "));
        assert!(offered.starts_with("staging\nproduction\nsandbox\n--"), "{verb}: {offered}");
    }
    assert_data_eq!(offered(&env, "pmhooks profile remove st"), str!["staging"]);
    assert_data_eq!(offered(&env, "pmhooks --profile=st"), str!["--profile=staging"]);
    env.file("other.toml", "[profiles.elsewhere]\nserver_token = \"x\"\n");
    assert_data_eq!(
        offered(&env, "pmhooks --config other.toml -p "),
        str![[r#"
elsewhere
sandbox
"#]]
    );
}

#[test]
fn webhooks_are_offered_with_their_urls() {
    let env = env();
    for line in [
        "-p sandbox get ",
        "--profile sandbox delete ",
        "-psandbox edit ",
        "--profile=sandbox get 1234567 ",
    ] {
        let offered = offered(&env, &format!("pmhooks {line}"));
        assert!(offered.starts_with("1234567\n1234568\n--"), "{line}: {offered}");
    }
    assert_data_eq!(offered(&env, "pmhooks -p sandbox delete 1234568"), str!["1234568"]);
    // Bash breaks words at an equals sign, and hands them over like that.
    assert_data_eq!(offered(&env, "pmhooks --profile = sandbox get 1234568"), str!["1234568"]);
    assert_data_eq!(
        offered(&env, "pmhooks list --output = js"),
        str![[r#"
json
jsonl
"#]]
    );
    let ask = ["--", "pmhooks", "-p", "sandbox", "get", ""];
    env.cmd(ask).env("COMPLETE", "fish").run().check(str![[r#"
1234567	outbound http://www.example.com/webhook-test-tracking
1234568	outbound http://www.example.com/webhook-test-bounce
...
"#]]);
    env.cmd(ask)
        .env("COMPLETE", "zsh")
        .env("_CLAP_COMPLETE_INDEX", "4")
        .env("_CLAP_IFS", "\n")
        .run()
        .check(str![[r#"
1234567:outbound http://www.example.com/webhook-test-tracking
1234568:outbound http://www.example.com/webhook-test-bounce
...
"#]]);
}

#[test]
fn a_profile_behind_the_completed_word_counts() {
    let env = env();
    let run = env
        .cmd(["--", "pmhooks", "get", "", "-p", "sandbox"])
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", "2")
        .env("_CLAP_IFS", "\n")
        .run();
    assert!(run.stdout.starts_with("1234567\n1234568\n"), "{run}");
}

#[test]
fn files_are_offered_where_a_file_is_meant() {
    let env = env();
    env.file("hook.yaml", "");
    assert_data_eq!(offered(&env, "pmhooks create --from ho"), str!["hook.yaml"]);
    assert_data_eq!(offered(&env, "pmhooks --config ho"), str!["hook.yaml"]);
}

// torture 27, 31
#[test]
fn what_a_server_says_cannot_act_on_the_terminal() {
    let webhook = json!({
        "ID": 5, "Url": "https://u:hunter2@h.example.com/\u{1b}]0;x\u{7}\n6\tfake", "MessageStream": "outbound", "HttpAuth": null,
        "HttpHeaders": [], "Triggers": {"Bounce": {"Enabled": true, "IncludeContent": false}},
    });
    let server = Faulty::always(Step::answer(200, json!({"Webhooks": [webhook]})));
    let env = TestEnv::with_api(server.url());
    let run = env.cmd(["--", "pmhooks", "get", ""]).env("COMPLETE", "fish").run();
    let line = run.stdout.lines().find(|line| line.starts_with("5\t")).unwrap();
    assert!(
        !line.contains('\u{1b}') && !line.contains("hunter2") && line.matches('\t').count() == 1,
        "{line:?}"
    );
    assert!(!run.stdout.lines().any(|line| line.starts_with('6')), "{run}");
}

// torture 103
#[test]
fn trouble_is_no_trouble_for_the_shell() {
    let refused = Faulty::always(Step::refused(401, 10, "no"));
    let broken = Faulty::always(Step::html(200));
    for server in [refused.url(), broken.url(), DEAD_URL.to_owned()] {
        let env = TestEnv::with_api(server);
        assert!(!offered(&env, "pmhooks get ").contains("error"));
    }
    let env = TestEnv::new();
    env.config("broken [");
    for line in [
        "pmhooks -p ",
        "pmhooks get ",
        "pmhooks -p nothing get ",
        "pmhooks --config /nowhere -p x get ",
        "pmhooks -p",
    ] {
        let _ = offered(&env, line);
    }
    // Nonsense of every kind ends quietly, too.
    for args in [
        &["--"][..],
        &["--", "pmhooks"],
        &["--", ""],
        &["-"],
        &[],
        &["--", "pmhooks", "nonsense", ""],
    ] {
        for shell in SHELLS {
            for index in ["0", "1", "99", "x", "-1"] {
                let run =
                    env.cmd(args).env("COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", index).run();
                assert!(
                    run.stderr.is_empty() && matches!(run.code, Some(0 | 2)),
                    "{args:?} {shell} {index}: {run}"
                );
            }
        }
    }
}

// torture 103
#[test]
fn a_server_that_hangs_holds_nobody_up() {
    let hanging = Faulty::always(Step::hang());
    let env = TestEnv::with_api(hanging.url());
    let run = env.cmd(["--", "pmhooks", "get", ""]).env("COMPLETE", "fish").run();
    run.code(0).within(Duration::from_millis(900));
    assert_eq!(run.stderr, "");
    // Nor does a sandbox that another command holds.
    let env = TestEnv::new();
    env.run("-p sandbox list").code(0);
    let lock = env.state_dir().join(".sandbox.json.pmhooks-lock");
    let holder =
        env.shell("exec 9<\"$LOCK\"; flock 9; echo held; exec sleep 30").env("LOCK", &lock).spawn();
    holder.wait_for_line("held", Duration::from_secs(5));
    let run = env.cmd(["--", "pmhooks", "-p", "sandbox", "get", ""]).env("COMPLETE", "fish").run();
    run.code(0).within(Duration::from_millis(900));
    assert!(!run.stdout.contains("1234567"), "{run}");
}

#[test]
fn no_token_program_is_run() {
    let server = Faulty::untouchable();
    let mut env = TestEnv::new();
    env.api(server.url());
    env.config(
        "default_profile = \"a\"\n[profiles.a]\nserver_token_command = [\"touch\", \"ran\"]\n",
    );
    let _ = offered(&env, "pmhooks get ");
    assert!(!env.tree().contains("ran"), "{}", env.tree());
}

#[test]
fn a_variable_of_that_name_that_means_something_else_changes_nothing() {
    let env = TestEnv::new();
    for value in ["", "0", "1", "true", "tcsh"] {
        env.cmd("profile list -o json").env("COMPLETE", value).run().check(str!["[]"]);
    }
}

/// A shell on a terminal, with the script loaded the way its users do.
#[allow(clippy::print_stderr, reason = "a test says that it was skipped")]
fn shell(name: &str, args: &[&str], load: &str) -> Option<(TestEnv, Pty)> {
    let program = Path::new("/usr/bin").join(name);
    if !program.exists() {
        eprintln!("skipped: {name} is not installed");
        return None;
    }
    let mut env = env();
    std::fs::create_dir(env.home().join("bin")).unwrap();
    std::os::unix::fs::symlink(BINARY, env.home().join("bin/pmhooks")).unwrap();
    let path = format!("{}:/usr/bin:/bin", env.home().join("bin").display());
    env.env("PATH", path).env("PS1", "ready> ");
    let mut terminal = env.program(&program, args).pty_sized(120, 40);
    std::thread::sleep(Duration::from_millis(300));
    terminal.send(load).key(Key::Enter).expect("loaded-it");
    Some((env, terminal))
}

/// Types the beginnings of words and lets the shell do the rest.
fn type_and_complete(mut terminal: Pty) {
    let mut run = |typed: &str, rest: &str, expected: &str| {
        terminal.send(typed).key(Key::Tab);
        std::thread::sleep(Duration::from_millis(400));
        terminal.send(rest).key(Key::Enter).expect(expected);
    };
    run("pmhooks who", " -p sandbox", "built-in");
    run("pmhooks profile show stag", " --columns token -o tsv", "configuration file");
    run(
        "pmhooks -p sandbox create --url https://h.example.com/ --on bounce,deliv",
        " --dry-run -o yaml",
        "DryRun: true",
    );
    // Two webhooks have that beginning, so both are listed.
    terminal.send("pmhooks -p sandbox get 12345").key(Key::Tab);
    std::thread::sleep(Duration::from_millis(400));
    terminal.key(Key::Tab).key(Key::Tab).expect("1234568");
    terminal.key(Key::CtrlC).key(Key::CtrlC);
    terminal.send("").key(Key::CtrlD);
    drop(terminal);
}

#[test]
fn bash_completes() {
    let load = "source <(pmhooks completions bash) && echo loaded\"\"-it";
    if let Some((_env, terminal)) = shell("bash", &["--norc", "--noprofile", "-i"], load) {
        type_and_complete(terminal);
    }
}

#[test]
fn zsh_completes() {
    let load = "autoload -Uz compinit; compinit -u -D; source <(pmhooks completions zsh) && echo loaded\"\"-it";
    if let Some((_env, terminal)) = shell("zsh", &["-f", "-i"], load) {
        type_and_complete(terminal);
    }
}

#[test]
fn fish_completes() {
    let load = "pmhooks completions fish | source; and echo loaded\"\"-it";
    if let Some((_env, terminal)) = shell("fish", &["--no-config", "-i"], load) {
        type_and_complete(terminal);
    }
}
