//! `apply` that is killed, refused in part, or not believed.

use std::time::Duration;

use serde_json::json;

use super::TWO;
use crate::support::*;

#[cfg(unix)]
#[test]
fn killed_after_any_request_the_next_run_makes_it_so_and_nothing_twice() {
    // torture 70
    let home = TestEnv::new();
    let url = home.spawn("sandbox serve --port 0 --memory");
    let upstream = url.wait_for_url();
    // The list, the server's settings, one change of them, two webhooks.
    for requests in 1..=5 {
        let log = Faulty::recording(&upstream);
        let mut env = TestEnv::with_api(log.url());
        env.token(&format!("{requests}0000000-0000-4000-8000-000000000000"));
        env.env("HOOK_PASSWORD", "s3cret");
        env.file("hooks.yaml", TWO);
        let mut apply = env.spawn("apply hooks.yaml --yes --concurrency 1");
        log.wait_for(requests);
        apply.kill();
        // What was on its way arrives.
        std::thread::sleep(Duration::from_millis(150));
        env.run("apply hooks.yaml --yes -q").code(0);
        env.run("diff hooks.yaml").code(0);
        let count = env.run("list -o ids").stdout.lines().count();
        assert_eq!(count, 2, "killed after request {requests}:\n{}", log.log());
        assert!(!env.tree().contains("/.pmhooks-"), "{}", env.tree());
    }
}

#[test]
fn one_that_does_not_verify_stops_no_other_and_no_verify_makes_it_too() {
    let home = TestEnv::new();
    let sandbox = home.spawn("sandbox serve --port 0 --memory");
    let report = json!({
        "Url": "https://hooks.example.com/news", "Success": false,
        "Results": [{"TriggerType": "SubscriptionChange", "Success": false, "StatusCode": 401, "Message": "Unauthorized"}],
        "Message": "0/1 triggers verified successfully"
    });
    let refused = Step::answer(422, report).header("X-PM-ApiErrorCode", "1364");
    let server = Faulty::new([
        refused.only("POST", "/webhooks"),
        Step::forward(&sandbox.wait_for_url()).forever(),
    ]);
    let mut env = TestEnv::with_api(server.url());
    env.env("HOOK_PASSWORD", "s3cret");
    env.file("hooks.yaml", TWO);
    let run = env.run("apply hooks.yaml --yes --concurrency 1 -o json");
    run.code(7).has("--no-verify").has("Unauthorized");
    let changes = run.json()["Changes"].clone();
    let results: Vec<_> = (0..3).map(|n| changes[n]["Result"].clone()).collect();
    assert_eq!(results, ["Done", "Failed", "Done"]);
    env.run("apply hooks.yaml --yes --no-verify -q").code(0);
    let last = writes(&server).lines().last().unwrap().to_owned();
    assert!(last.starts_with("POST /webhooks") && last.contains(r#""Verify":false"#), "{last}");
    env.run("diff hooks.yaml").code(0);
}

#[test]
fn credentials_that_stay_though_they_were_taken_away_are_a_failure() {
    let stays = webhook(1);
    let server = Faulty::new([
        Step::answer(200, json!({"Webhooks": [stays]})).only("GET", "/webhooks").forever(),
        Step::answer(200, stays).only("PUT", "/webhooks/1"),
        serves(&webhook(1)),
    ])
    .may_be_unused();
    let env = TestEnv::with_api(server.url());
    env.file(
        "hooks.yaml",
        "Webhooks:\n  - Url: https://hooks.example.com/pm\n    HttpAuth: null\n",
    );
    let run = env.run("apply hooks.yaml --yes");
    run.code(5).has("still sends its credentials");
    assert!(writes(&server).contains(r#"{"HttpAuth":{"Username":"","Password":""}}"#));
}

#[cfg(unix)]
#[test]
fn what_was_found_is_what_a_run_ends_with_though_its_pipe_is_closed() {
    // torture 62, 78
    let Sandboxed { ref env, .. } = super::sandbox(TWO);
    for command in ["diff hooks.yaml", "lint", "health"] {
        let line = format!("pmhooks {command} 2>&1 | true; echo \"${{PIPESTATUS[0]}}\"");
        let run =
            env.program("/bin/bash", ["-c", &format!("PATH=$1:$PATH; {line}"), "sh", bin()]).run();
        assert!(["1", "141"].contains(&run.stdout.trim()), "{command}: {run}");
    }
}

/// The folder that the program is in.
fn bin() -> &'static str {
    std::path::Path::new(BINARY).parent().unwrap().to_str().unwrap()
}

#[test]
fn diff_tells_a_difference_from_every_kind_of_failure() {
    // torture 78
    let Sandboxed { ref env, ref log, .. } = super::sandbox(TWO);
    let refuses = Faulty::always(Step::refused(401, 10, "No.")).may_be_unused();
    let breaks = Faulty::always(Step::status(503)).may_be_unused();
    let denies = Faulty::always(Step::refused(422, 1226, "No such stream.")).may_be_unused();
    env.file("same.yaml", "Webhooks: []\n");
    env.file("broken.yaml", "Webhooks: [\n");
    for output in ["", " -o json", " -q", " -o json -q"] {
        let code = |file: &str, url: &str| {
            let line = format!("diff {file} --retries 0{output}");
            env.cmd(line).env("POSTMARK_API_URL", url).run().code
        };
        assert_eq!(code("same.yaml", &log.url()), Some(0), "{output}");
        assert_eq!(code("hooks.yaml", &log.url()), Some(1), "{output}");
        assert_eq!(code("broken.yaml", &log.url()), Some(2), "{output}");
        assert_eq!(code("missing.yaml", &log.url()), Some(2), "{output}");
        assert_eq!(code("hooks.yaml", &refuses.url()), Some(4), "{output}");
        assert_eq!(code("hooks.yaml", &denies.url()), Some(5), "{output}");
        assert_eq!(code("hooks.yaml", &breaks.url()), Some(6), "{output}");
        assert_eq!(code("hooks.yaml", "http://127.0.0.1:1"), Some(6), "{output}");
        let line = format!("diff hooks.yaml{output}");
        assert_eq!(env.cmd(line).unset("POSTMARK_SERVER_TOKEN").run().code, Some(3), "{output}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn killed_at_any_step_an_export_and_a_plan_are_whole() {
    // torture 42, 46
    if !std::path::Path::new("/usr/bin/strace").exists() {
        println!("skipped: strace is not installed");
        return;
    }
    let Sandboxed { ref env, .. } = super::sandbox(TWO);
    for (file, command, done) in [
        ("out.yaml", "export --output-file out.yaml", 0),
        ("out.json", "diff hooks.yaml --plan-out out.json -q", 1),
    ] {
        env.run(command).code(done);
        let new = env.read(file);
        for call in ["write", "fsync", "/^rename"] {
            for nth in 1..=6 {
                env.file(file, "old");
                let inject = format!("inject={call}:signal=KILL:when={nth}");
                let mut args = vec!["-f", "-o", "/dev/null", "-e", &inject, BINARY];
                args.extend(command.split(' '));
                let run = env.program("/usr/bin/strace", args).run();
                let text = env.read(file);
                assert!(text == "old" || text == new, "{call} {nth}: {text:?}");
                if run.code == Some(done) {
                    assert_eq!(text, new);
                    break;
                }
            }
        }
        assert!(env.tree().contains(&format!("0600 {file}")), "{}", env.tree());
    }
}
