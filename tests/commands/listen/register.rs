//! `listen --register`: a webhook for as long as the run lasts, and for no longer.

use std::path::PathBuf;

use super::*;

/// A sandbox that probes for real, and a world whose token is one of its servers'.
fn sandboxed() -> Sandboxed {
    let mut sandboxed = Sandboxed::new("--verify real");
    sandboxed.env.redact("[CLOCK]", r"(?m)^(?<redacted>\d\d:\d\d:\d\d(?:\.\d+Z?)?)");
    sandboxed
}

/// An address that nobody has at the moment.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Starts it with a webhook; returns it with its URL and the webhook's ID.
fn register(env: &TestEnv, flags: &str) -> (Running, String, String) {
    let address = free_address();
    let url = format!("http://{address}/hook?from=tunnel");
    let running = env.spawn(format!(
        "listen --address {address} --register --public-url {url} --on bounce,delivery {flags}"
    ));
    let line = running.wait_for_line("Created temporary webhook", Duration::from_secs(10));
    let id = line.split(' ').nth(3).unwrap().to_owned();
    (running, format!("http://{address}"), id)
}

/// The IDs of the webhooks that are there.
fn ids(env: &TestEnv) -> Vec<String> {
    let run = env.run("list -o ids");
    run.code(0);
    run.stdout.lines().map(str::to_owned).collect()
}

/// The files of temporary webhooks.
fn files(env: &TestEnv) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(env.state_dir().join("temporary"));
    folder.map_or_else(|_| Vec::new(), |all| all.map(|entry| entry.unwrap().path()).collect())
}

#[test]
fn it_is_probed_used_and_removed() {
    let sandboxed = sandboxed();
    let (env, log) = (&sandboxed.env, &sandboxed.log);
    let (listener, url, id) = register(env, "--record events.jsonl --status 204");
    assert_eq!(ids(env), std::slice::from_ref(&id));
    let webhook = env.run(format!("get {id} --show-secrets -o json")).json();
    assert_eq!(webhook["Status"], "verified");
    assert_eq!(webhook["Url"], format!("{url}/hook?from=tunnel"));
    assert_eq!(webhook["HttpHeaders"][0]["Name"], "X-Pmhooks-Temporary");
    let password = webhook["HttpAuth"]["Password"].as_str().unwrap().to_owned();
    assert_eq!(password.len(), 43);
    let file = files(env).pop().unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&password));

    assert_eq!(post(&url, &[], BOUNCE), 401);
    env.run(format!("test {id} --event bounce -q")).code(0);
    let run = end(listener);
    assert!(!format!("{run}{}", env.read("events.jsonl")).contains(&password));
    run.code(0).has("Deleted temporary webhook").has("Received 1 event: 1 bounce; 1 rejected");
    run.lacks("hook?from=tunnel was").lacks(&password);
    // The probes are neither shown nor recorded.
    assert_eq!(recorded(env, "events.jsonl").len(), 1);
    assert!(ids(env).is_empty());
    assert!(files(env).is_empty());
    let writes: Vec<_> = log.requests().iter().map(|r| r.method.clone()).collect();
    assert_eq!(writes.iter().filter(|method| *method != "GET").count(), 2, "{writes:?}");
}

#[test]
fn what_a_person_sees() {
    let mut sandboxed = sandboxed();
    let env = &mut sandboxed.env;
    env.redact("[ID]", r"webhook (?<redacted>\d+)");
    let (listener, _, id) = register(env, "--count 1");
    env.run(format!("test {id} --event delivery -q")).code(0);
    listener.finish_within(Duration::from_secs(5)).check(str![[r#"
Listening on http://127.0.0.1:[PORT]
[CLOCK]  delivery             recipient@example.com     smtp;250 2.0.0 OK: a test of pmhooks, no mail was sent  outbound  9 left  [..]
--- stderr
Press Ctrl-C to stop.
Created temporary webhook [ID] of stream outbound in the server of POSTMARK_SERVER_TOKEN (delivery, bounce) for http://127.0.0.1:[PORT]/hook?from=tunnel.
Deleted temporary webhook [ID].
Received 1 event: 1 delivery.
"#]]);
}

#[test]
fn what_is_not_possible_is_said_before_anything_is_sent() {
    let mut env = TestEnv::with_api(Faulty::untouchable().url());
    env.token(TOKEN);
    for (flags, why) in [
        ("--register", "--public-url"),
        ("--public-url https://t.example/", "--register"),
        ("--on bounce", "require --register"),
        ("--register --public-url https://t.example/", "no trigger is on"),
        ("--register --public-url http://t.example/ --on all", "is http"),
        ("--register --public-url https://a:b@t.example/ --on all", "has credentials"),
    ] {
        env.run(format!("listen --address 127.0.0.1:0 {flags}")).code(2).has(why);
    }
}

#[test]
fn a_profile_is_guarded_as_for_create() {
    let sandboxed = sandboxed();
    let env = &sandboxed.env;
    let profile = |more: &str| {
        let api = sandboxed.log.url();
        env.config(&format!(
            "[profiles.p]\nserver_token = \"{TOKEN}\"\napi_url = \"{api}\"\n{more}\n"
        ));
        let address = free_address();
        let flags = "--on bounce --count 1 --for 300ms";
        format!("-p p listen --address {address} --register --public-url http://{address}/ {flags}")
    };
    let line = profile("read_only = true");
    env.run(line).code(2).has("read-only");
    let line = profile("protected = true");
    env.run(&line).code(2).has("--confirm p");
    env.run(format!("{line} --confirm p")).code(0).has("Deleted temporary webhook");
    let line = profile("server_id = 4711");
    env.run(line).code(2).has("pinned to server 4711");
    assert!(files(env).is_empty());
}

#[test]
fn an_address_that_leads_elsewhere_is_refused_and_nothing_is_left() {
    let sandboxed = sandboxed();
    let env = &sandboxed.env;
    // A port that no listener gets.
    let flags = "--register --public-url http://127.0.0.1:1/ --on bounce,delivery";
    let run = env.run(format!("listen --address 127.0.0.1:0 {flags}"));
    run.code(5).has("is the tunnel running").has("Bounce").has("Delivery");
    assert!(ids(env).is_empty());
    assert!(files(env).is_empty());
}

#[test]
fn a_removal_that_fails_is_said_loudly_and_done_by_the_next_start() {
    let mut sandboxed = sandboxed();
    let upstream = sandboxed.log.url();
    let down = Step::status(503).only("DELETE", "/webhooks/1234569");
    let faulty = Faulty::new([down, Step::forward(&upstream).forever()]);
    sandboxed.env.api(faulty.url());
    let env = &sandboxed.env;
    let (listener, _, left) = register(env, "--retries 0");
    let run = end(listener);
    run.code(6).has("cannot delete the temporary webhook").has(&format!("pmhooks delete {left}"));
    run.has("Received 0 events");
    let (listener, ..) = register(env, "");
    end(listener).code(0).has(&format!("Deleted temporary webhook {left}"));
    assert!(ids(env).is_empty());
}

#[test]
fn its_credentials_stand_beside_those_of_the_user() {
    let mut sandboxed = sandboxed();
    let env = &mut sandboxed.env;
    env.env("HOOK_PW", "s3:cret");
    let (listener, url, id) =
        register(env, "--username pm --password env:HOOK_PW --count 2 --stream broadcast");
    assert_eq!(post(&url, &["Authorization: Basic cG06czM6Y3JldA=="], BOUNCE), 200);
    assert_eq!(post(&url, &["Authorization: Basic cG06d3Jvbmc="], BOUNCE), 401);
    env.run(format!("test {id} --event delivery -q")).code(0);
    // The count ends it.
    let run = listener.finish_within(Duration::from_secs(5));
    run.code(0).has("of stream broadcast").has("Received 2 events: 1 delivery, 1 bounce");
    assert!(ids(env).is_empty());
}

#[test]
fn every_end_but_a_kill_removes_it() {
    use rustix::process::Signal;
    let sandboxed = sandboxed();
    let env = &sandboxed.env;
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (listener, ..) = register(env, "");
        listener.signal(signal);
        listener.finish_within(Duration::from_secs(5)).code(0);
        assert!(ids(env).is_empty());
    }
    let (listener, ..) = register(env, "--for 200ms");
    listener.finish_within(Duration::from_secs(5)).code(0);
    assert!(ids(env).is_empty());
    assert!(files(env).is_empty());
}

#[test]
fn after_a_kill_the_next_start_removes_it_and_nothing_else() {
    // torture 114
    let mut sandboxed = sandboxed();
    let mine = sandboxed.create("--url https://hooks.example.com/pm --on bounce");
    let env = &mut sandboxed.env;
    let (mut killed, _, left) = register(env, "");
    killed.kill();
    drop(killed.finish());
    assert_eq!(ids(env), [mine.clone(), left.clone()]);
    assert_eq!(files(env).len(), 1);
    // Another server's start leaves it alone.
    env.token("99999999-9999-4999-8999-999999999999");
    let (listener, ..) = register(env, "");
    end(listener).code(0).lacks("of an earlier run");
    assert_eq!(files(env).len(), 1);
    env.token(TOKEN);
    let (listener, ..) = register(env, "");
    end(listener).code(0).has(&format!("Deleted temporary webhook {left} of an earlier run"));
    assert_eq!(ids(env), [mine]);
    assert!(files(env).is_empty());
}

#[test]
fn two_runs_at_once_do_not_remove_each_others() {
    let sandboxed = sandboxed();
    let env = &sandboxed.env;
    let (one, _, first) = register(env, "");
    let (other, _, second) = register(env, "");
    assert_eq!(ids(env), [first.clone(), second.clone()]);
    end(one).code(0);
    assert_eq!(ids(env), [second]);
    end(other).code(0).lacks("of an earlier run");
    assert!(ids(env).is_empty());
}

#[test]
fn one_without_its_mark_is_left_alone() {
    let sandboxed = sandboxed();
    let env = &sandboxed.env;
    let (mut killed, _, left) = register(env, "");
    killed.kill();
    drop(killed.finish());
    env.run(format!("edit {left} --no-headers --no-verify -y")).code(0);
    let (listener, ..) = register(env, "");
    end(listener).code(0).has("was left alone");
    assert_eq!(ids(env), [left]);
    assert!(files(env).is_empty());
}

#[test]
fn one_that_is_gone_already_is_fine() {
    let sandboxed = sandboxed();
    let env = &sandboxed.env;
    let (mut killed, _, left) = register(env, "");
    killed.kill();
    drop(killed.finish());
    env.run(format!("delete {left} -y")).code(0);
    let (listener, _, now) = register(env, "");
    assert!(files(env).len() == 1);
    env.run(format!("delete {now} -y")).code(0);
    end(listener).code(0).lacks("warning");
    assert!(files(env).is_empty());
}

/// A sandbox with something in the way.
fn behind(mut sandboxed: Sandboxed, steps: impl IntoIterator<Item = Step>) -> (Sandboxed, Faulty) {
    let onward = Step::forward(&sandboxed.log.url()).forever();
    let faulty = Faulty::new(steps.into_iter().chain([onward]));
    sandboxed.env.api(faulty.url());
    (sandboxed, faulty)
}

/// Starts it, and kills it once the server has got so many requests.
fn killed_after(sandboxed: &Sandboxed, faulty: &Faulty, requests: usize) {
    let address = free_address();
    let mut killed = sandboxed.env.spawn(format!(
        "listen --retries 0 --address {address} --register --public-url http://{address}/ --on bounce"
    ));
    drop(faulty.wait_for(requests));
    killed.kill();
    drop(killed.finish());
    let file = files(&sandboxed.env).pop().unwrap();
    let noted: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(noted["ID"], Value::Null);
}

#[test]
fn a_lost_answer_to_the_create_is_looked_for() {
    let sandboxed = sandboxed();
    let lost = Step::forward_then_close(&sandboxed.log.url()).only("POST", "/webhooks");
    let (sandboxed, _faulty) = behind(sandboxed, [lost]);
    let (listener, ..) = register(&sandboxed.env, "--retries 0");
    end(listener).code(0).has("response was lost").has("Deleted temporary webhook");
    assert!(ids(&sandboxed.env).is_empty());
}

#[test]
fn a_kill_between_the_create_and_its_answer_leaves_what_the_next_start_finds() {
    // torture 114: the file has no ID yet
    let sandboxed = sandboxed();
    let mine = sandboxed.create("--url https://hooks.example.com/pm --on bounce");
    let lost = Step::forward_then_close(&sandboxed.log.url()).only("POST", "/webhooks");
    let (sandboxed, faulty) = behind(sandboxed, [lost, Step::hang().only("GET", "/webhooks")]);
    killed_after(&sandboxed, &faulty, 3);
    let env = &sandboxed.env;
    assert_eq!(ids(env).len(), 2);
    let (listener, ..) = register(env, "");
    end(listener).code(0).has("of an earlier run");
    assert_eq!(ids(env), [mine]);
    assert!(files(env).is_empty());
}

#[test]
fn a_kill_before_the_create_leaves_a_file_that_the_next_start_removes() {
    // torture 114: there is a file, and no webhook
    let sandboxed = sandboxed();
    let mine = sandboxed.create("--url https://hooks.example.com/pm --on bounce");
    let (sandboxed, faulty) = behind(sandboxed, [Step::hang().only("POST", "/webhooks")]);
    killed_after(&sandboxed, &faulty, 2);
    let env = &sandboxed.env;
    let (listener, ..) = register(env, "");
    end(listener).code(0).lacks("of an earlier run");
    assert_eq!(ids(env), [mine]);
    assert!(files(env).is_empty());
}
