//! Events that are passed on to another endpoint.

use super::*;

fn body(number: usize) -> String {
    format!("{{ \"RecordType\":\"Delivery\",  \"Tag\":\"{number}\"}}\n")
}

fn bodies(target: &Faulty) -> Vec<String> {
    target.requests().iter().map(Recorded::text).collect()
}

#[test]
fn events_are_passed_on_in_order_to_the_byte() {
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
    listener.finish().code(0).has("Passed on 5.").lacks("s:cret").lacks("s%3Acret");
    assert_eq!(bodies(&target), (0..5).map(body).collect::<Vec<_>>());
    let first = &target.requests()[0];
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/pm?a=b"));
    for (name, value) in [
        ("user-agent", Some("Postmark")),
        ("content-type", Some("application/json; charset=utf-8")),
        ("x-pm-webhook-trace-id", Some("t-1")),
        ("x-pm-retries-remaining", Some("3")),
        ("x-env", None),
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
        listener.finish().code(0).has("Passed on 1.").has(&format!("{encoding}, 22 bytes"));
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
    run.code(0).has("answered 503").has("trying again").has("passed on again").has("Passed on 3.");
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
    run.code(0).has("with the trace t-9 was not passed on: ").has("answered 400 Bad Request");
    run.has("Passed on 1; 2 not accepted.");
}

#[test]
fn ctrl_c_does_not_wait_for_a_target_that_is_down() {
    let env = world();
    let (listener, url) = listen(&env, "--forward http://127.0.0.1:1/ --record events.jsonl");
    for number in 0..3 {
        assert_eq!(post(&url, &[], body(number)), 200);
    }
    listener.wait_for_line("trying again", Duration::from_secs(5));
    let started = std::time::Instant::now();
    end(listener).code(0).has("Passed on 0; 3 not sent.");
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    assert_eq!(recorded(&env, "events.jsonl").len(), 3);
}

#[test]
fn it_does_not_pass_on_to_itself() {
    TestEnv::new().run("listen --address :8199 --forward http://localhost:8199/x").code(2);
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
    run.code(0).has("Received 1 event").has("key.pem can be read by others");
    assert_eq!(recorded(&env, "e.jsonl").len(), 1);
    env.file("empty.pem", "");
    let broken = |flags: &str| env.run(format!("listen --address :0 {flags}"));
    broken("--tls-cert empty.pem --tls-key key.pem").code(9).has("no certificate in PEM");
    broken("--tls-cert cert.pem --tls-key cert.pem").code(9).has("no unencrypted private key");
    broken("--tls-cert cert.pem --tls-key missing.pem").code(9).has("missing.pem");
    broken("--tls-cert cert.pem").code(2);
}
