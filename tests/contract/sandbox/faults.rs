//! Faults on demand, latency and stopping.

use std::io::{BufReader, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pmhooks::sandbox::{Fault, Log, Options};

use super::client::{Api, BUILT_IN, connect, options, raw, read_answer, start_with};

const BODY: &str = r#"{"Url":"https://h.example.com"}"#;

fn with(faults: &[&str]) -> Api {
    let faults = faults.iter().map(|f| f.parse::<Fault>().expect("a fault")).collect();
    start_with(Options { faults, ..options() })
}

fn create(path: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{BUILT_IN}Content-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
}

#[test]
fn a_status_is_played_as_often_as_asked_and_nothing_is_done() {
    let api =
        with(&["POST /webhooks=status:503*2", "* /server=status:500", "GET /message=status:204"]);
    for _ in 0..2 {
        assert_eq!(api.call("POST", "/webhooks", BODY).refusal(), (503, 100));
    }
    assert_eq!(api.ids().len(), 2, "GET is not touched, and nothing was made");
    api.ok("POST", "/webhooks", BODY);
    for method in ["GET", "PUT", "GET"] {
        assert_eq!(api.call(method, "/SERVER", "").refusal(), (500, 101), "always, and any case");
    }
    assert_eq!(api.call("GET", "/message-streams", "").status, 204);
}

#[test]
fn faults_are_looked_at_in_their_order() {
    let api = with(&["GET /webhooks/1234567=status:429*1", "GET /webhooks=status:500*1"]);
    assert_eq!(api.call("GET", "/webhooks/1234567", "").refusal(), (429, 429));
    assert_eq!(api.call("GET", "/webhooks/1234567", "").refusal(), (500, 101));
    api.ok("GET", "/webhooks/1234567", "");
}

#[test]
fn a_retry_after_comes_as_it_was_written() {
    for value in ["2", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT"] {
        let api = with(&[&format!("GET /webhooks=retry-after:{value}*1")]);
        let answer = api.call("GET", "/webhooks", "");
        assert_eq!(answer.refusal(), (429, 429));
        assert_eq!(answer.header("retry-after"), Some(value));
        api.ok("GET", "/webhooks", "");
    }
}

#[test]
fn close_does_nothing_and_commit_then_close_does_it() {
    let api = with(&["POST /webhooks=close*1", "POST /webhooks=commit-then-close*1"]);
    assert_eq!(raw(api.address(), create("/webhooks").as_bytes()), b"");
    assert_eq!(api.ids().len(), 2);
    assert_eq!(raw(api.address(), create("/webhooks").as_bytes()), b"");
    assert_eq!(api.ids().len(), 3);
}

#[test]
fn truncate_promises_the_whole_and_sends_half() {
    let api = with(&["POST /webhooks=truncate*1"]);
    let cut = raw(api.address(), create("/webhooks").as_bytes());
    let cut = String::from_utf8(cut).expect("text");
    let (head, body) = cut.split_once("\r\n\r\n").expect("a head");
    let head = head.to_lowercase();
    let promised = head.split("content-length: ").nth(1).and_then(|l| l.lines().next());
    let promised: usize = promised.and_then(|l| l.parse().ok()).expect("a length");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(body.len(), promised / 2);
    assert!(serde_json::from_str::<serde_json::Value>(body).is_err());
    assert_eq!(api.ids().len(), 3, "it was done");
}

#[test]
fn html_is_a_page_with_200() {
    let api = with(&["* /=html*1"]);
    let page = api.call("GET", "/webhooks", "");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.body.starts_with(b"<!DOCTYPE html>"));
}

#[test]
fn hang_answers_late() {
    let api = with(&["GET /webhooks=hang:150ms*1"]);
    let started = Instant::now();
    api.ok("GET", "/server", "");
    let other = started.elapsed();
    api.ok("GET", "/webhooks", "");
    assert!(started.elapsed() >= Duration::from_millis(150));
    assert!(other < Duration::from_millis(150), "{other:?}");
}

#[test]
fn a_client_that_gives_up_on_a_hang_leaves_nothing_done() {
    let api = with(&["POST /webhooks=hang:100ms*1"]);
    let mut stream = connect(api.address());
    stream.write_all(create("/webhooks").as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(20));
    drop(stream);
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(api.ids().len(), 2);
}

#[test]
fn a_stop_ends_a_hang_at_once() {
    let api = with(&["GET /webhooks=hang:1h"]);
    let mut stream = connect(api.address());
    let request = format!("GET /webhooks HTTP/1.1\r\nHost: localhost\r\n{BUILT_IN}\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(30));
    let started = Instant::now();
    let address = api.address();
    api.sandbox.stop();
    assert!(started.elapsed() < Duration::from_millis(800), "{:?}", started.elapsed());
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("closed");
    assert!(rest.is_empty());
    assert!(std::net::TcpStream::connect(address).is_err(), "the port is closed");
}

#[test]
fn a_stop_lets_a_request_in_flight_finish() {
    let api = start_with(Options { latency: Duration::from_millis(200), ..options() });
    let mut stream = connect(api.address());
    let request = format!("GET /webhooks HTTP/1.1\r\nHost: localhost\r\n{BUILT_IN}\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(50));
    api.sandbox.stop();
    let answer = read_answer(&mut BufReader::new(stream), false).expect("an answer");
    assert_eq!(answer.status, 200);
}

#[test]
fn latency_delays_every_answer() {
    let api = start_with(Options { latency: Duration::from_millis(60), ..options() });
    for path in ["/webhooks", "/nowhere"] {
        let started = Instant::now();
        api.call("GET", path, "");
        assert!(started.elapsed() >= Duration::from_millis(60), "{path}");
    }
}

#[test]
fn a_request_is_logged_once_without_its_token() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    let log: Log = Arc::new(move |logged| {
        let line = format!("{} {} {:?}", logged.method, logged.path, logged.status);
        kept.lock().expect("kept").push(line);
    });
    let faults = vec!["DELETE /=close".parse().expect("a fault")];
    let api = start_with(Options { log: Some(log), faults, ..options() });
    api.call("GET", "/webhooks?MessageStream=outbound", "");
    api.call("GET", "/webhooks/5", "");
    let closed = format!("DELETE /x HTTP/1.1\r\nHost: localhost\r\n{BUILT_IN}\r\n");
    raw(api.address(), closed.as_bytes());
    raw(api.address(), b"GET /x HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n");
    assert_eq!(
        *lines.lock().expect("lines"),
        [
            "GET /webhooks?MessageStream=outbound Some(200)",
            "GET /webhooks/5 Some(422)",
            "DELETE /x None",
            "GET /x Some(403)",
        ]
    );
}

#[test]
fn a_badly_written_fault_says_what_is_wrong_and_how_it_is_written() {
    for (text, why) in [
        ("", "no method or no path"),
        ("/webhooks=close", "no method or no path"),
        ("POST /webhooks", "no `=KIND`"),
        ("P*ST /webhooks=close", "\"P*ST\" is no method"),
        ("POST webhooks=close", "must begin with `/`"),
        ("POST /webhooks=explode", "\"explode\" is no kind of fault"),
        ("POST /webhooks=status", "as in `status:503`"),
        ("POST /webhooks=status:abc", "from 200 to 599"),
        ("POST /webhooks=status:100", "from 200 to 599"),
        ("POST /webhooks=retry-after", "as in `retry-after:2`"),
        ("POST /webhooks=retry-after:a\nb", "a header cannot hold"),
        ("POST /webhooks=hang", "as in `hang:10s`"),
        ("POST /webhooks=hang:soon", "\"soon\" is no duration"),
        ("POST /webhooks=close:1", "`close` takes no value"),
        ("POST /webhooks=close*0", "\"0\" is no number of times"),
        ("POST /webhooks=close*many", "\"many\" is no number of times"),
    ] {
        let error = text.parse::<Fault>().expect_err(text).to_string();
        assert!(error.contains(why), "{text:?}: {error}");
        assert!(error.contains("METHOD PATH-PREFIX=KIND[:ARG]*TIMES"), "{error}");
    }
    for text in ["* /=html", " get   /Webhooks=status:500*3 ", "PUT /webhooks/5=hang:1m 30s"] {
        text.parse::<Fault>().expect(text);
    }
}
