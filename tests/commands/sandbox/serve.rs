//! `sandbox serve`: the emulator for other programs.

use crate::support::*;

const FIRST: &str = "5eed0000-0000-4000-8000-000000000001";

/// A request of curl's: the status, then the body.
fn curl(env: &TestEnv, args: &[&str]) -> String {
    let args: Vec<_> =
        ["-s", "-m", "5", "-w", "\n%{http_code}"].iter().chain(args).copied().collect();
    let run = env.program("/usr/bin/curl", args).run();
    let (body, status) = run.stdout.rsplit_once('\n').unwrap_or_default();
    format!("{status} {body}")
}

fn token(token: &str) -> String {
    format!("X-Postmark-Server-Token: {token}")
}

#[test]
fn the_address_and_the_token_are_printed_and_ctrl_c_ends_it() {
    let env = TestEnv::new();
    let serving = env.spawn("sandbox serve --port 0 --memory");
    serving.wait_for_line("Ctrl-C", Duration::from_secs(5));
    serving.interrupt();
    serving.finish().code(0).check(str![[r#"
Sandbox listening on       http://127.0.0.1:[PORT]
Token of its first server  5eed0000-0000-4000-8000-000000000001
--- stderr
Ctrl-C ends it.
"#]]);
    assert_eq!(env.tree(), "");
}

#[test]
fn terminate_ends_it_too() {
    let env = TestEnv::new();
    let serving = env.spawn("sandbox serve --port 0 --memory");
    serving.wait_for_url();
    serving.terminate();
    let end = serving.finish();
    end.lacks("error");
    assert!(end.code == Some(0) || end.signal == Some(15) || end.code == Some(143), "{end}");
}

#[test]
fn on_a_terminal_ctrl_c_ends_it() {
    let env = TestEnv::new();
    let mut terminal = env.pty("sandbox serve --port 0 --memory");
    terminal.expect("Ctrl-C ends it").key(Key::CtrlC);
    terminal.finish().assert_restored().code(0);
}

#[test]
fn in_json_one_line_says_where() {
    let env = TestEnv::new();
    for (format, lines) in [("json", 4), ("jsonl", 1)] {
        let serving = env.spawn(format!("sandbox serve --port 0 --memory -o {format}"));
        let url = serving.wait_for_url();
        serving.interrupt();
        let end = serving.finish();
        end.code(0);
        assert_eq!(end.json(), json!({"Url": url, "ServerToken": FIRST}));
        assert_eq!((end.stdout.lines().count(), end.stderr.as_str()), (lines, ""));
    }
    env.run("sandbox serve --port 0 --memory -o ids").check(str![[r#"
--- stderr
pmhooks: error: this command has no identifiers to print; --output ids is not for it
--- exit 2
"#]]);
}

#[test]
fn curl_is_a_client() {
    let env = TestEnv::new();
    let serving = env.spawn("sandbox serve --port 0 --memory -v");
    let url = serving.wait_for_url();
    let at = |path: &str| format!("{url}{path}");
    let first = token(FIRST);
    let list = curl(&env, &[&at("/webhooks"), "-H", &first]);
    assert!(list.starts_with("200 {\"Webhooks\":[{\"ID\":1234567,"), "{list}");
    let body = r#"{"Url":"https://h.example.com/","Triggers":{"Bounce":{"Enabled":true}}}"#;
    let json = "Content-Type: application/json";
    let made = curl(&env, &[&at("/webhooks"), "-H", &first, "-H", json, "-d", body]);
    assert!(made.starts_with("200 {\"ID\":1234569,"), "{made}");
    assert!(curl(&env, &[&at("/webhooks/1234569"), "-XDELETE", "-H", &first]).starts_with("200 "));
    assert!(
        curl(&env, &[&at("/webhooks/1234569"), "-H", &first])
            .starts_with("422 {\"ErrorCode\":1352,")
    );
    assert!(curl(&env, &[&at("/webhooks")]).starts_with("401 {\"ErrorCode\":10,"));
    assert!(
        curl(&env, &[&at("/webhooks"), "-H", &token("not-a-uuid")])
            .starts_with("401 {\"ErrorCode\":10,")
    );
    // torture 84, 85
    assert!(
        curl(&env, &[&at("/webhooks"), "-H", &first, "-H", "Host: evil.example.com"])
            .starts_with("403 ")
    );
    assert!(
        curl(&env, &[&at("/webhooks"), "-H", &first, "-H", "Origin: https://evil.example.com"])
            .starts_with("403 ")
    );
    serving.interrupt();
    serving.finish().check(str![[r#"
Sandbox listening on       http://127.0.0.1:[PORT]
Token of its first server  5eed0000-0000-4000-8000-000000000001
--- stderr
Ctrl-C ends it.
GET /webhooks 200 ([MS] ms)
POST /webhooks 200 ([MS] ms)
DELETE /webhooks/1234569 200 ([MS] ms)
GET /webhooks/1234569 422 ([MS] ms)
GET /webhooks 401 ([MS] ms)
GET /webhooks 401 ([MS] ms)
GET /webhooks 403 ([MS] ms)
GET /webhooks 403 ([MS] ms)
"#]]);
}

#[test]
fn two_tokens_are_two_servers() {
    let env = &mut TestEnv::new();
    let serving = env.spawn("sandbox serve --port 0 --memory");
    env.api(serving.wait_for_url());
    let (one, two) =
        ("aaaaaaaa-0000-4000-8000-000000000001", "AAAAAAAA-0000-4000-8000-000000000002");
    env.token(one).run("create --url https://one.example.com/ --on bounce -o ids").code(0);
    env.token(two).run("list -o json").check(str!["[]"]);
    env.token(one).run("list --columns url --no-header").check(str!["https://one.example.com/"]);
    env.token(two).run("streams -o ids").check(str![[r#"
outbound
inbound
broadcast
"#]]);
    env.token(FIRST).run("list -o ids").check(str![[r#"
1234567
1234568
"#]]);
    let account = curl(
        env,
        &[
            &format!("{}/servers?count=10&offset=0", serving_url(env)),
            "-H",
            &format!("X-Postmark-Account-Token: {one}"),
        ],
    );
    assert!(account.starts_with("200 {\"TotalCount\":2,"), "{account}");
    env.token("nonsense").run("list").code(4);
}

fn serving_url(env: &TestEnv) -> String {
    let url = env.program("/usr/bin/env", "").run();
    let line = url.stdout.lines().find_map(|l| l.strip_prefix("POSTMARK_API_URL=")).unwrap();
    line.to_owned()
}

// torture 83
#[test]
fn a_port_that_is_taken_is_named() {
    let mut env = TestEnv::new();
    env.redact("[PORT]", r"port (?<redacted>\d+)");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    env.run(format!("sandbox serve --memory --port {port}")).check(str![[r#"
--- stderr
pmhooks: error: cannot serve the sandbox
  because cannot listen on port [PORT] of this machine: Address already in use (os error 98)
--- exit 9
"#]]);
    for wrong in ["70000", "-1", "x", ""] {
        env.run(["sandbox", "serve", "--memory", "--port", wrong]).code(2);
    }
}

#[test]
fn the_state_can_be_in_a_file_of_ones_own() {
    let env = &mut TestEnv::new();
    let serving = env.spawn("sandbox serve --port 0 --state there/box.json");
    env.api(serving.wait_for_url()).token(FIRST);
    env.run("delete 1234567 --yes -q").code(0);
    serving.interrupt();
    serving.finish().code(0);
    let serving = env.spawn("sandbox serve --port 0 --state there/box.json");
    env.api(serving.wait_for_url()).run("list -o ids").check(str!["1234568"]);
    env.run("-p sandbox list -o ids -q").check(str![[r#"
1234567
1234568
"#]]);
    assert!(
        env.tree()
            .contains("0700 there/\n0600 there/.box.json.pmhooks-lock\n0600 there/box.json\n"),
        "{}",
        env.tree()
    );
    env.run("sandbox serve --state a --memory").code(2).has("cannot be used with");
    env.run("sandbox serve --port 0 --state /dev/null/x").check(str![[r#"
--- stderr
pmhooks: error: cannot serve the sandbox
  because cannot make the folder /dev/null: File exists (os error 17)
--- exit 9
"#]]);
}

#[test]
fn endpoints_pass_or_fail_as_told() {
    let env = &mut TestEnv::new();
    let serving = env.spawn("sandbox serve --port 0 --memory --verify fail");
    env.api(serving.wait_for_url()).token(FIRST);
    env.run("create --url https://h.example.com/ --on bounce").code(5).has("1364");
    env.run("create --url https://h.example.com/ --on bounce --no-verify -o ids").code(0);
    env.run("sandbox serve --verify maybe").code(2).has("possible values");
}

#[test]
fn really_probed_endpoints_must_answer_200() {
    let endpoint = Faulty::new([Step::status(500), Step::status(200)]);
    let env = &mut TestEnv::new();
    let serving = env.spawn("sandbox serve --port 0 --memory --verify real");
    env.api(serving.wait_for_url()).token(FIRST);
    let create = format!("create --url {}/ --on bounce --retries 0", endpoint.url());
    env.run(&create).code(5).has("500");
    env.run(&create).code(0);
    assert!(endpoint.requests().iter().all(|r| r.header("X-Postmark-Server-Token").is_none()));
}

#[test]
fn the_older_api_knows_no_status() {
    let env = &mut TestEnv::new();
    let serving = env.spawn("sandbox serve --port 0 --memory --age old");
    env.api(serving.wait_for_url()).token(FIRST);
    let webhook = env.run("get 1234567 -o json").json();
    assert!(webhook.get("Status").is_none(), "{webhook}");
    env.run("sandbox serve --age ancient").code(2);
}

#[test]
fn each_answer_can_take_its_time() {
    let env = &mut TestEnv::new();
    let serving = env.spawn("sandbox serve --port 0 --memory --latency 250ms");
    env.api(serving.wait_for_url()).token(FIRST);
    let run = env.run("list -o ids");
    assert!(run.code(0).elapsed >= Duration::from_millis(250), "{:?}", run.elapsed);
    env.run("sandbox serve --latency soon").check(str![[r#"
--- stderr
pmhooks: error: invalid value for '--latency <DURATION>': a duration is written like 500ms, 10s or 2m
--- exit 2
"#]]);
}
