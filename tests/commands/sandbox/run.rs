//! `sandbox run`: a command against a sandbox of its own.

use crate::support::*;

#[test]
fn the_command_finds_the_sandbox_in_its_environment() {
    let mut env = TestEnv::new();
    env.env("PMHOOKS_PROFILE", "production");
    let script = "echo $POSTMARK_API_URL $POSTMARK_API_HOST $POSTMARK_SERVER_TOKEN \
                  $POSTMARK_ACCOUNT_TOKEN ${PMHOOKS_PROFILE-unset}";
    let run = env.run(["sandbox", "run", "--", "/bin/sh", "-c", script]);
    run.code(0);
    let words: Vec<&str> = run.stdout.split_whitespace().collect();
    assert_eq!(words[0], format!("http://{}", words[1]), "{run}");
    assert!(words[1].starts_with("127.0.0.1:"), "{run}");
    assert_eq!(words[2], "5eed0000-0000-4000-8000-000000000001");
    assert_eq!((words[3].len(), words[4]), (36, "unset"), "{run}");
    assert_eq!(env.tree(), "", "nothing is kept");
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    let env = TestEnv::new();
    for code in [0, 1, 3, 42, 255] {
        let script = format!("exit {code}");
        env.run(["sandbox", "run", "--", "/bin/sh", "-c", &script]).code(code);
    }
    env.run(["sandbox", "run", "--", "/bin/sh", "-c", "kill -TERM $$"]).code(143);
    env.run("sandbox run -- ./missing").check(str![[r#"
--- stderr
pmhooks: error: cannot run ./missing
  because No such file or directory (os error 2)
--- exit 127
"#]]);
    env.file("plain", "no program");
    env.run("sandbox run -- ./plain").code(126);
    env.run("sandbox run").code(2);
}

#[test]
fn the_webhook_has_all_triggers_and_the_command_can_use_the_sandbox() {
    let env = TestEnv::new();
    let binary = env!("CARGO_BIN_EXE_pmhooks");
    let hook = "http://127.0.0.1:9/hook";
    let run = env.run([
        "sandbox",
        "run",
        "--webhook",
        hook,
        "--fail-on-undelivered",
        "--",
        binary,
        "list",
        "-o",
        "json",
    ]);
    run.code(0);
    let list = run.json();
    assert_eq!(list[2]["Url"], hook);
    let triggers = list[2]["Triggers"].as_object().unwrap();
    assert!(triggers.values().all(|trigger| trigger["Enabled"] == true), "{list}");
    env.run("sandbox run --webhook nonsense -- true").code(5);
}

#[cfg(unix)]
#[test]
fn signals_reach_the_command() {
    let env = TestEnv::new();
    let script = "trap 'echo got; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let running = env.spawn(["sandbox", "run", "--", "/bin/sh", "-c", script]);
    running.wait_for_line("ready", Duration::from_secs(10));
    running.terminate();
    let end = running.finish();
    end.code(7);
    assert!(end.stdout.contains("got"), "{end}");
}
