//! Events that are forwarded to other endpoints.

use super::*;

fn body(number: usize) -> String {
    format!("{{ \"RecordType\":\"Delivery\",  \"Tag\":\"{number}\"}}\n")
}

fn bodies(target: &Faulty) -> Vec<String> {
    target.requests().iter().map(Recorded::text).collect()
}

#[test]
fn events_are_forwarded_in_order_to_the_byte() {
    let env = world();
    let target = Faulty::always(Step::answer(200, json!({})));
    let to = target.url().replace("http://", "http://kim:s%3Acret@") + "/pm?a=b";
    let (listener, url) = listen(&env, &format!("--forward {to} --event delivery --count 5"));
    post(&url, &[], BOUNCE);
    let headers = [
        "User-Agent: Postmark",
        "Content-Type: application/json; charset=utf-8",
        "X-PM-Webhook-Trace-Id: t-1",
        "X-PM-Retries-Remaining: 3",
        "X-Env: staging",
        "Authorization: Basic eDp5",
    ];
    for number in 0..5 {
        assert_eq!(post(&url, if number == 0 { &headers } else { &[] }, body(number)), 200);
    }
    listener.finish().code(0).has("Forwarded 5 of 5 events to").lacks("s:cret").lacks("s%3Acret");
    assert_eq!(bodies(&target), (0..5).map(body).collect::<Vec<_>>());
    let first = &target.requests()[0];
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/pm?a=b"));
    for (name, value) in [
        ("user-agent", Some("Postmark")),
        ("content-type", Some("application/json; charset=utf-8")),
        ("x-pm-webhook-trace-id", Some("t-1")),
        ("x-pm-retries-remaining", Some("3")),
        ("x-env", Some("staging")),
        ("authorization", Some("Basic a2ltOnM6Y3JldA==")),
    ] {
        assert_eq!(first.header(name), value, "{name}");
    }
}

#[test]
fn a_compressed_body_keeps_its_encoding_on_every_way() {
    // The smallest gzip of "{}".
    let gzip =
        [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0];
    for encoding in ["gzip", "br", "deflate, gzip"] {
        let env = world();
        let target = Faulty::always(Step::answer(200, json!({})));
        let flags = format!("--forward {} --record events.jsonl --count 1", target.url());
        let (listener, url) = listen(&env, &flags);
        let headers = [
            &format!("content-encoding: {encoding}"),
            "Content-Type: application/json",
            "Content-Language: en",
        ];
        assert_eq!(post(&url, &headers, gzip), 200);
        listener
            .finish()
            .code(0)
            .has("Forwarded 1 of 1 event to")
            .has(&format!("{encoding}, 22 bytes"));
        env.run(format!("replay events.jsonl --to {}", target.url())).code(0);
        let requests = target.requests();
        assert_eq!(requests.len(), 2);
        for request in requests {
            assert_eq!(request.body, gzip);
            assert_eq!(request.header("content-encoding"), Some(encoding));
            assert_eq!(request.header("content-language"), Some("en"));
            assert_eq!(request.header("content-length"), Some("22"));
        }
    }
}

#[test]
fn a_redirect_to_get_drops_the_headers_of_the_body() {
    let env = world();
    let target = Faulty::new([
        Step::answer(302, json!({})).header("Location", "/elsewhere"),
        Step::answer(200, json!({})),
    ]);
    let record = json!({
        "Time": "2026-11-27T09:00:00Z", "Method": "POST", "Path": "/",
        "Headers": [{"Name": "Content-Encoding", "Value": "gzip"}], "BodyBase64": "H4s=",
    });
    env.file("events.jsonl", record.to_string());
    env.run(format!("replay events.jsonl --to {}", target.url())).code(0);
    let requests = target.requests();
    assert_eq!(requests[1].method, "GET");
    assert_eq!(requests[1].header("content-encoding"), None);
}

#[test]
fn a_target_that_is_down_for_a_moment_loses_nothing() {
    // torture 113
    let env = world();
    let again = Step::answer(200, json!({})).forever();
    let target = Faulty::new([Step::answer(503, json!({})), Step::close(), again]);
    let (listener, url) = listen(&env, &format!("--forward {} --count 3", target.url()));
    let started = std::time::Instant::now();
    for number in 0..3 {
        assert_eq!(post(&url, &[], body(number)), 200);
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    let run = listener.finish();
    run.code(0).has("HTTP 503").has("retrying").has("works again").has("Forwarded 3 of 3 events");
    let expected = [body(0), body(0), body(0), body(1), body(2)];
    assert_eq!(bodies(&target), expected);
}

#[test]
fn what_is_not_accepted_is_named_and_the_next_goes_on() {
    let env = world();
    let target = Faulty::new([
        Step::answer(400, json!({})),
        Step::answer(302, json!({})).header("Location", "http://127.0.0.1:1/"),
        Step::answer(200, json!({})),
    ]);
    let (listener, url) = listen(&env, &format!("--forward {} --count 3", target.url()));
    post(&url, &["X-PM-Webhook-Trace-Id: t-9"], body(0));
    post(&url, &[], body(1));
    post(&url, &[], body(2));
    let run = listener.finish();
    run.code(0).has("with trace ID t-9 was not forwarded to").has("HTTP 400 Bad Request");
    run.has("Forwarded 1 of 3 events to").has("; 2 failed.");
}

#[test]
fn ctrl_c_does_not_wait_for_a_target_that_is_down() {
    let env = world();
    let (listener, url) = listen(&env, "--forward http://127.0.0.1:1/ --record events.jsonl");
    for number in 0..3 {
        assert_eq!(post(&url, &[], body(number)), 200);
    }
    listener.wait_for_line("retrying", Duration::from_secs(5));
    let started = std::time::Instant::now();
    end(listener).code(0).has("Forwarded 0 of 3 events to").has("; 3 not sent.");
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    assert_eq!(recorded(&env, "events.jsonl").len(), 3);
}

#[test]
fn targets_that_cannot_work_are_refused() {
    let env = TestEnv::new();
    for (flags, reason) in [
        ("--address :8199 --forward http://localhost:8199/x", "never end"),
        ("--port 8199 --forward http://127.0.0.1:1 --forward http://127.0.0.1:8199/", "never end"),
        ("--forward bounces=http://localhost:1", "the events are open, click"),
        ("--forward bounce=", "--forward"),
        ("--forward-header X-A:1", "--forward"),
        ("--forward http://localhost:1 --forward-header Host:h", "Host"),
        ("--forward http://localhost:1 --forward-secret-header X-A=env:MISSING", "MISSING"),
        ("--port 1 --address :2", "--address"),
    ] {
        env.run(format!("listen {flags} --for 0s")).code(2).has(reason);
    }
}

#[test]
fn each_target_gets_its_events_in_order_with_its_own_report() {
    let env = world();
    let [all, bounces, down] = [
        Faulty::always(Step::answer(200, json!({}))),
        Faulty::always(Step::answer(200, json!({}))),
        Faulty::always(Step::answer(410, json!({}))),
    ];
    let flags = format!(
        "--forward {} --forward bounce,open={}/pm?token=t --forward Delivery={} --count 3",
        all.url(),
        bounces.url(),
        down.url()
    );
    let (listener, url) = listen(&env, &flags);
    for event in [BOUNCE, DELIVERY, "{}"] {
        assert_eq!(post(&url, &[], event), 200);
    }
    let run = listener.finish();
    run.code(0).lacks("token=t");
    for report in [
        format!("Forwarded 3 of 3 events to {}.", all.url()),
        format!("Forwarded 1 of 1 event to {}/pm?token=********.", bounces.url()),
        format!("Forwarded 0 of 1 event to {}; 1 failed.", down.url()),
    ] {
        assert!(run.stderr.contains(&report), "{report}\n{run}");
    }
    assert_eq!(bodies(&all), [BOUNCE, DELIVERY, "{}"]);
    assert_eq!(bodies(&bounces), [BOUNCE]);
    assert_eq!(bounces.requests()[0].path, "/pm?token=t");
    assert_eq!(bodies(&down), [DELIVERY]);
}

#[test]
fn a_slow_target_delays_neither_another_nor_the_acknowledgement() {
    let env = world();
    let slow = Faulty::always(Step::answer(200, json!({})).delay(Duration::from_secs(2)));
    let fast = Faulty::always(Step::answer(200, json!({})));
    let flags = format!("--forward {} --forward {} --count 20", slow.url(), fast.url());
    let (listener, url) = listen(&env, &flags);
    let started = std::time::Instant::now();
    for number in 0..20 {
        assert_eq!(post(&url, &[], body(number)), 200);
    }
    fast.wait_for(20);
    assert!(started.elapsed() < Duration::from_millis(1900), "{:?}", started.elapsed());
    listener.interrupt();
    listener.interrupt();
    drop(listener);
    assert_eq!(bodies(&fast), (0..20).map(body).collect::<Vec<_>>());
    assert!(slow.requests().len() <= 2);
}

#[test]
fn secret_headers_go_to_this_machine_or_where_they_are_given() {
    let mut env = world();
    env.env("FORWARD_KEY", "given-key");
    let received = [
        "Authorization: Basic eDp5",
        "Cookie: session=s",
        "X-Api-Key: received-key",
        "X-Hub-Signature-256: s",
        "X-Env: staging",
        "X-PM-Webhook-Trace-Id: t-1",
        "Content-Type: application/json",
        "Accept-Encoding: gzip",
        "Proxy-Authorization: Basic eDp5",
        "Keep-Alive: timeout=5",
    ];
    let sent = |host: &str, flags: &str| {
        let target = Faulty::always(Step::answer(200, json!({})));
        let to = target.url().replace("127.0.0.1", host);
        let (listener, url) = listen(&env, &format!("--forward {to} --count 1 -vv {flags}"));
        assert_eq!(post(&url, &received, BOUNCE), 200);
        listener.finish().code(0).lacks("given-key");
        target.requests().remove(0)
    };
    let names = ["authorization", "cookie", "x-api-key", "x-hub-signature-256"];
    let always = [
        ("x-env", "staging"),
        ("x-pm-webhook-trace-id", "t-1"),
        ("content-type", "application/json"),
    ];
    let local = sent("localhost", "");
    assert!(names.iter().all(|name| local.header(name).is_some()), "{local:?}");
    // Not loopback by its name, though it leads to this machine.
    let foreign = sent("0.0.0.0", "");
    assert!(names.iter().all(|name| foreign.header(name).is_none()), "{foreign:?}");
    let flags = "--forward-header X-Env:test --forward-secret-header X-Api-Key=env:FORWARD_KEY";
    let given = sent("0.0.0.0", flags);
    assert_eq!(
        (given.header("x-env"), given.header("x-api-key")),
        (Some("test"), Some("given-key"))
    );
    for request in [&local, &foreign] {
        for (name, value) in always {
            assert_eq!(request.header(name), Some(value), "{name}");
        }
        for name in ["proxy-authorization", "keep-alive"] {
            assert_eq!(request.header(name), None, "{name}");
        }
        let host = request.header("host").unwrap();
        assert!(!host.contains("tunnel"), "{host}");
    }
}

#[test]
fn tls_is_spoken_with_a_certificate_of_ones_own() {
    let env = world();
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    env.file("cert.pem", key.cert.pem());
    env.file("key.pem", key.signing_key.serialize_pem());
    let (listener, url) = listen(&env, "--tls-cert cert.pem --tls-key key.pem --record e.jsonl");
    assert!(url.starts_with("https://"), "{url}");
    env.run(format!("--cacert cert.pem test --url {url} --event bounce")).code(0).has("delivered");
    // Plain words, and none at all.
    let plain = url.replace("https", "http");
    assert_ne!(status(&talk(&plain, "POST / HTTP/1.0\r\n\r\n")), 200);
    let run = end(listener);
    run.code(0).has("Received 1 event").has("key.pem may hold secrets but is accessible by others");
    assert_eq!(recorded(&env, "e.jsonl").len(), 1);
    env.file("empty.pem", "");
    let broken = |flags: &str| env.run(format!("listen --address :0 {flags}"));
    broken("--tls-cert empty.pem --tls-key key.pem").code(9).has("no certificate in PEM");
    broken("--tls-cert cert.pem --tls-key cert.pem").code(9).has("no unencrypted private key");
    broken("--tls-cert cert.pem --tls-key missing.pem").code(9).has("missing.pem");
    broken("--tls-cert cert.pem").code(2);
}
