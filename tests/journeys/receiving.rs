//! What `listen` has recorded, `replay` sends on.

use crate::support::*;

/// The header that an endpoint knows an event by.
const TRACE: &str = "X-PM-Webhook-Trace-Id";

fn listen(env: &TestEnv, flags: &str) -> (Running, String) {
    let running = env.spawn(format!("listen --address 127.0.0.1:0 {flags}"));
    let url = running.wait_for_url();
    (running, url)
}

#[test]
fn every_event_arrives_by_way_of_a_record_as_it_was_sent() {
    let mut env = TestEnv::new();
    env.env("FIRST", "first-password").env("SECOND", "second-password");
    let (listening, url) = listen(&env, "--record events.jsonl --username pm --password env:FIRST");
    let first = Faulty::recording(&url);
    let flags = "--event all --concurrency 1 --username pm --password env:FIRST";
    env.run(format!("test --url {}/hook?x=1 {flags} --header X-Env:test", first.url())).code(0);
    listening.interrupt();
    listening.finish().code(0);

    let second = Faulty::always(Step::status(200));
    let flags = "--username pm --password env:SECOND -o json";
    let report = env.run(format!("replay events.jsonl --to {}/other {flags}", second.url()));
    report.code(0).lacks("first-password");
    assert_eq!(report.json()["Summary"]["Delivered"], 8);
    let (sent, again) = (first.requests(), second.requests());
    assert_eq!((sent.len(), again.len()), (8, 8));
    for (sent, again) in sent.iter().zip(&again) {
        assert_eq!(sent.body, again.body, "to the byte");
        for name in ["User-Agent", "Content-Type", TRACE, "X-PM-Retries-Remaining"] {
            assert_eq!(sent.header(name), again.header(name), "{name}");
        }
        assert_eq!(again.path, "/other");
        assert_eq!(again.header("X-Env"), None, "that belongs to the other webhook");
        assert_ne!(sent.header("Authorization"), again.header("Authorization"));
    }
    env.read("events.jsonl").lines().for_each(|line| assert!(!line.contains("Authorization")));
}

#[test]
fn what_was_acknowledged_before_a_kill_can_be_replayed() {
    // torture 113
    let env = TestEnv::new();
    let body = |n| json!({"RecordType": "Delivery", "Recipient": format!("{n}@example.com")});
    let bodies: Vec<_> = (0..2000).map(|n| body(n).to_string()).collect();
    env.file("bodies.jsonl", bodies.join("\n"));
    let (mut listening, url) = listen(&env, "--record events.jsonl -q");
    let flags = "--concurrency 8 --fail-fast -o jsonl --timeout 2s";
    let sending = env.spawn(format!("replay bodies.jsonl --to {url} {flags}"));
    sending.wait_for_line("\"Line\":200,", Duration::from_secs(10));
    listening.kill();
    let sent = sending.finish();
    sent.code(1);
    let rows = sent.json_lines();
    let acknowledged: Vec<&str> = rows
        .iter()
        .filter(|row| row["Outcome"] == "Delivered")
        .map(|row| row["TraceId"].as_str().unwrap())
        .collect();
    assert!((150..2000).contains(&acknowledged.len()), "{}", acknowledged.len());

    let endpoint = Faulty::always(Step::status(200));
    let replayed = env.run(format!("replay events.jsonl --to {}", endpoint.url()));
    assert!(matches!(replayed.code, Some(0 | 7)), "{replayed}");
    let requests = endpoint.requests();
    let arrived: std::collections::HashSet<_> =
        requests.iter().map(|request| request.header(TRACE).unwrap()).collect();
    let lost = acknowledged.iter().filter(|trace| !arrived.contains(**trace)).count();
    assert_eq!(lost, 0, "of {}", acknowledged.len());
}
