//! What the profile `sandbox` keeps between runs, and who may use it meanwhile.

use std::fs;

use crate::support::*;

#[test]
fn the_profile_needs_nothing_and_is_the_same_each_time() {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL");
    env.run("-p sandbox list").check(str![[r#"
ID       STREAM    URL                                           TRIGGERS                                    AUTH   STATUS
1234567  outbound  http://www.example.com/webhook-test-tracking  open, click, delivery, subscription-change  basic  verified
1234568  outbound  http://www.example.com/webhook-test-bounce    bounce                                      basic  verified
"#]]);
    env.run("-p sandbox list -o ids").check(str![[r#"
1234567
1234568
"#]]);
    // Looking leaves nothing behind but the lock.
    assert_data_eq!(
        env.tree(),
        str![[r#"
0700 .local/
0700 .local/state/
0700 .local/state/pmhooks/
0600 .local/state/pmhooks/.sandbox.json.pmhooks-lock

"#]]
    );
}

#[test]
fn the_state_is_kept_between_runs() {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL");
    env.run("-p sandbox delete 1234567 --yes").code(0);
    env.run("-p sandbox list -o ids").check(str!["1234568"]);
    env.run("-p sandbox create --url https://h.example.com/x --on bounce -o ids").check(str![[
        r#"
1234569
--- stderr
Created webhook 1234569.
"#
    ]]);
    env.run("-p sandbox list -o ids").check(str![[r#"
1234568
1234569
"#]]);
    assert!(env.tree().contains("0600 .local/state/pmhooks/sandbox.json\n"), "{}", env.tree());
}

#[test]
fn reset_puts_the_examples_back() {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL");
    env.run("-p sandbox delete 1234567 1234568 --yes").code(0);
    env.run("-p sandbox list -o json").check(str!["[]"]);
    env.run("sandbox reset").check(str![[r#"
ID       STREAM    URL                                           TRIGGERS                                    AUTH   STATUS
1234567  outbound  http://www.example.com/webhook-test-tracking  open, click, delivery, subscription-change  basic  verified
1234568  outbound  http://www.example.com/webhook-test-bounce    bounce                                      basic  verified
--- stderr
Sandbox reset.
"#]]);
    env.run("sandbox reset -o ids").check(str![[r#"
1234567
1234568
--- stderr
Sandbox reset.
"#]]);
    env.run("sandbox reset -o json").code(0).has("********");
    env.run("-p sandbox list -o ids").check(str![[r#"
1234567
1234568
"#]]);
}

// torture 88
#[test]
fn short_runs_at_once_wait_for_each_other() {
    let env = TestEnv::new();
    let all: Vec<_> = (0..8)
        .map(|n| {
            env.spawn(format!(
                "-p sandbox create --url https://h{n}.example.com/ --on bounce -o ids"
            ))
        })
        .collect();
    let ids: std::collections::BTreeSet<_> =
        all.into_iter().map(|run| run.finish().code(0).stdout.clone()).collect();
    assert_eq!(ids.len(), 8);
    assert_eq!(env.run("-p sandbox list -o ids").stdout.lines().count(), 10);
}

#[test]
fn while_it_is_served_the_address_is_named() {
    let mut env = TestEnv::new();
    env.redact("[PID]", r"pid (?<redacted>\d+)");
    let serving = env.spawn("sandbox serve --port 0");
    let url = serving.wait_for_url();
    let run = env.run("-p sandbox list");
    run.check(str![[r#"
--- stderr
pmhooks: error: the sandbox's state is in use by `pmhooks sandbox serve` at http://127.0.0.1:[PORT] (pid [PID])
  hint: use it with --api-url and a token in POSTMARK_SERVER_TOKEN, or end it with Ctrl-C
--- exit 9
"#]]);
    assert!(run.stderr.contains(&url), "{run}");
    env.run("sandbox reset -q").code(0);
    env.run("sandbox clock -o json").code(0).has("\"Speed\": 1.0");
    env.run("sandbox attempts -q").code(0);
    env.run("sandbox serve --port 0").code(9).within(Duration::from_secs(2));
    // Another state is another matter.
    let other = env.spawn("sandbox serve --port 0 --state other.json");
    other.wait_for_url();
    let memory = env.spawn("sandbox serve --port 0 --memory");
    memory.wait_for_url();
    serving.interrupt();
    serving.finish().code(0);
    env.run("-p sandbox list -o ids").code(0);
}

// torture 88
#[test]
fn a_holder_that_was_killed_holds_nothing() {
    let env = TestEnv::new();
    let mut serving = env.spawn("sandbox serve --port 0");
    serving.wait_for_url();
    serving.kill();
    env.run("-p sandbox list -o ids").code(0);
}

// torture 88, 104
#[test]
fn a_state_that_cannot_be_read_is_refused_left_alone_and_put_aside_by_reset() {
    let mut said = String::new();
    for content in [
        "{",
        "",
        "[]",
        "null",
        "SECRET",
        "{\"Version\": 2, \"New\": \"SECRET\"}",
        "{\"Version\": 0}",
        "{\"Version\": 1}",
        "{\"Version\": 1, \"NextWebhookID\": \"SECRET\", \"NextServerID\": 1, \"Servers\": []}",
    ] {
        let mut env = TestEnv::new();
        env.redact("[TIME]", r"broken-(?<redacted>[^ ]+)-\d+");
        let path = env.file(".local/state/pmhooks/sandbox.json", content);
        let run = env.run("-p sandbox list");
        run.code(9).lacks("SECRET").has("`pmhooks sandbox reset`");
        said += &format!("{run}\n");
        env.run("sandbox serve --port 0").code(9);
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        env.run("sandbox reset -q -o ids").code(0);
        env.run("-p sandbox list -o ids").code(0);
        let kept: Vec<_> = fs::read_dir(env.state_dir())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains("broken"))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
        assert_eq!(kept, [content]);
    }
    assert_data_eq!(
        said,
        str![[r#"
--- stderr
pmhooks: error: cannot use the sandbox's state in [HOME]/.local/state/pmhooks/sandbox.json: it is damaged at line 1, column 1
  hint: `pmhooks sandbox reset` puts the profile's own state aside and starts anew
  hint: a file of --state is yours: move it away
--- exit 9
--- stderr
pmhooks: error: cannot use the sandbox's state in [HOME]/.local/state/pmhooks/sandbox.json: it is damaged at line 1, column 0
  hint: `pmhooks sandbox reset` puts the profile's own state aside and starts anew
  hint: a file of --state is yours: move it away
--- exit 9
--- stderr
pmhooks: error: cannot use the sandbox's state in [HOME]/.local/state/pmhooks/sandbox.json: it is damaged at line 1, column 2
  hint: `pmhooks sandbox reset` puts the profile's own state aside and starts anew
  hint: a file of --state is yours: move it away
--- exit 9
--- stderr
pmhooks: error: cannot use the sandbox's state in [HOME]/.local/state/pmhooks/sandbox.json: it is damaged at line 1, column 4
  hint: `pmhooks sandbox reset` puts the profile's own state aside and starts anew
  hint: a file of --state is yours: move it away
--- exit 9
--- stderr
pmhooks: error: cannot use the sandbox's state in [HOME]/.local/state/pmhooks/sandbox.json: it is damaged at line 1, column 1
  hint: `pmhooks sandbox reset` puts the profile's own state aside and starts anew
  hint: a file of --state is yours: move it away
--- exit 9
--- stderr
pmhooks: error: cannot use the sandbox's state in [HOME]/.local/state/pmhooks/sandbox.json: a newer version of this program wrote it
  hint: `pmhooks sandbox reset` puts the profile's own state aside and starts anew
  hint: a file of --state is yours: move it away
--- exit 9
--- stderr
pmhooks: error: cannot use the sandbox's state in [HOME]/.local/state/pmhooks/sandbox.json: it is of a version that never was
  hint: `pmhooks sandbox reset` puts the profile's own state aside and starts anew
  hint: a file of --state is yours: move it away
--- exit 9
--- stderr
pmhooks: error: cannot use the sandbox's state in [HOME]/.local/state/pmhooks/sandbox.json: it is damaged at line 1, column 14
  hint: `pmhooks sandbox reset` puts the profile's own state aside and starts anew
  hint: a file of --state is yours: move it away
--- exit 9
--- stderr
pmhooks: error: cannot use the sandbox's state in [HOME]/.local/state/pmhooks/sandbox.json: it is damaged at line 1, column 40
  hint: `pmhooks sandbox reset` puts the profile's own state aside and starts anew
  hint: a file of --state is yours: move it away
--- exit 9

"#]]
    );
}

#[test]
fn a_state_that_is_no_file_is_refused_without_waiting() {
    for make in ["mkdir $F", "mkfifo $F", "ln -s /dev/zero $F"] {
        let env = TestEnv::new();
        let path = env.state_dir().join("sandbox.json");
        fs::create_dir_all(env.state_dir()).unwrap();
        env.shell(make).env("F", &path).run().code(0);
        env.run("-p sandbox list").code(9).has("sandbox.json").within(Duration::from_secs(2));
    }
}

// torture 88: what was acknowledged is there after a kill, and nothing is half written
#[test]
fn each_acknowledged_write_survives_a_kill() {
    let env = TestEnv::new();
    let mut serving = env.spawn("sandbox serve --port 0 -v");
    let url = serving.wait_for_url();
    let script = "for i in $(seq 1 200); do curl -sf -XPOST \"$U/webhooks\" -H 'Content-Type: application/json' -H \"X-Postmark-Server-Token: $T\" \
                  -d '{\"Url\":\"https://h.example.com/'$i'\",\"MessageStream\":\"broadcast\"}' >/dev/null || exit 0; echo $i; done";
    let token = "5eed0000-0000-4000-8000-000000000001";
    // Ten webhooks fit in a stream; each is deleted by hand of the reset below.
    let writer = env.shell(script).env("U", &url).env("T", token).spawn();
    writer.wait_for_line("3", Duration::from_secs(10));
    serving.kill();
    let acknowledged = writer.finish().stdout.lines().count();
    let there = env.run("-p sandbox list --stream broadcast -o ids").code(0).stdout.lines().count();
    assert!(
        acknowledged >= 3 && (there == acknowledged || there == acknowledged + 1),
        "{acknowledged} {there}"
    );
}
