//! Verification and statistics, with endpoints that are really asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use pmhooks::sandbox::{Options, Verify};
use serde_json::{Value, json};

use super::client::{Api, options, start, start_with};

/// An endpoint that answers each probe as its trigger says, and keeps what it was sent.
struct Endpoint {
    url: String,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Endpoint {
    fn start(status: impl Fn(&str) -> u16 + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook?k=v", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.expect("a connection"));
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if reader.read_line(&mut head).expect("a line") == 0 {
                        break;
                    }
                }
                let length = head.to_lowercase();
                let length = length.split("content-length: ").nth(1).and_then(|l| l.lines().next());
                let mut body = vec![0; length.map_or(0, |l| l.parse().expect("a length"))];
                reader.read_exact(&mut body).expect("a body");
                let body: Value = serde_json::from_slice(&body).expect("JSON");
                let status = status(body["RecordType"].as_str().unwrap_or_default());
                kept.lock().expect("kept").push((head, body));
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nLocation: /\r\nConnection: close\r\n\r\n"
                );
                reader.into_inner().write_all(answer.as_bytes()).expect("sent");
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.seen.lock().expect("seen"))
    }

    fn triggers(&self) -> Vec<String> {
        let seen = self.seen();
        let mut names: Vec<String> = seen
            .iter()
            .map(|(_, body)| body["RecordType"].as_str().unwrap_or("?").to_owned())
            .collect();
        names.sort();
        names
    }
}

fn real() -> Api {
    start_with(Options { verify: Verify::Real, ..options() })
}

fn body(url: &str, triggers: &[&str]) -> Value {
    let triggers: serde_json::Map<String, Value> =
        triggers.iter().map(|t| ((*t).to_owned(), json!({ "Enabled": true }))).collect();
    json!({ "Url": url, "Triggers": triggers })
}

fn statistics(api: &Api, id: &Value) -> Value {
    api.ok("GET", &format!("/webhooks/{id}/statistics"), "")
}

#[test]
fn a_create_asks_the_endpoint_once_per_enabled_trigger_with_its_credentials() {
    let endpoint = Endpoint::start(|_| 200);
    let api = real();
    let mut body = body(&endpoint.url, &["Open", "Bounce"]);
    body["HttpAuth"] = json!({ "Username": "user", "Password": "p:w" });
    body["HttpHeaders"] = json!([
        { "Name": "X-Env", "Value": "staging" },
        { "Name": "Host", "Value": "evil.example.com" },
        { "Name": "Content-Length", "Value": "999" },
    ]);
    assert_eq!(api.ok("POST", "/webhooks", &body.to_string())["Status"], "verified");
    let mut seen = endpoint.seen();
    seen.sort_by_key(|(_, body)| body["RecordType"].to_string());
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].1, json!({ "RecordType": "Bounce", "MessageStream": "outbound" }));
    for (head, _) in seen {
        assert!(head.starts_with("POST /hook?k=v HTTP/1.1\r\n"), "{head}");
        let head = head.to_lowercase();
        for line in [
            "authorization: basic dxnlcjpwonc=",
            "x-env: staging",
            "user-agent: postmark",
            "content-type: application/json",
            "x-pm-webhook-trace-id: ",
        ] {
            assert!(head.contains(line), "{line} in {head}");
        }
        assert!(!head.contains("evil") && !head.contains("length: 999"), "{head}");
        assert!(!head.contains("x-postmark"), "no token leaves: {head}");
    }
}

#[test]
fn credentials_in_the_url_are_sent_unless_the_webhook_has_its_own() {
    let endpoint = Endpoint::start(|_| 200);
    let api = real();
    let url = endpoint.url.replace("http://", "http://in%20url:secret@");
    let mut body = body(&url, &["Open"]);
    assert_eq!(api.ok("POST", "/webhooks", &body.to_string())["Url"], *url);
    body["HttpAuth"] = json!({ "Username": "user", "Password": "pass" });
    api.ok("POST", "/webhooks", &body.to_string());
    let heads: Vec<String> =
        endpoint.seen().into_iter().map(|(head, _)| head.to_lowercase()).collect();
    let authorization = |head: &String| {
        let lines = head.lines().filter(|line| line.starts_with("authorization:"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(authorization(&heads[0]), ["authorization: basic aw4gdxjsonnly3jlda=="]);
    assert_eq!(authorization(&heads[1]), ["authorization: basic dxnlcjpwyxnz"]);
}

#[test]
fn only_200_passes_and_a_failed_create_saves_nothing() {
    let api = real();
    for status in [201, 204, 301, 401, 500] {
        let endpoint =
            Endpoint::start(move |trigger| if trigger == "Click" { status } else { 200 });
        let body = body(&endpoint.url, &["Click", "Delivery"]);
        let refused = api.call("POST", "/webhooks", &body.to_string());
        assert_eq!(refused.refusal(), (422, 1364), "{status}");
        let report = refused.json();
        assert_eq!(report["Success"], false);
        assert_eq!(report["Message"], "1/2 triggers verified successfully");
        assert_eq!(report["Results"][0]["TriggerType"], "Click");
        assert_eq!(report["Results"][0]["StatusCode"], status);
        let good = json!({ "TriggerType": "Delivery", "Success": true, "StatusCode": 200, "Message": "OK" });
        assert_eq!(report["Results"][1], good);
    }
    assert_eq!(api.ids(), [1_234_567, 1_234_568]);
    let unused = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let url = format!("http://{unused}/?secret=CANARY");
    let refused = api.call("POST", "/webhooks", &body(&url, &["Open"]).to_string()).json();
    assert_eq!(refused["Results"][0]["StatusCode"], Value::Null);
    let message = refused["Results"][0]["Message"].as_str().expect("a reason");
    assert!(!message.is_empty() && !message.contains("CANARY"), "{message}");
}

#[test]
fn verify_false_saves_as_unverified_without_asking() {
    let endpoint = Endpoint::start(|_| 500);
    let api = real();
    let mut body = body(&endpoint.url, &["Open"]);
    body["Verify"] = json!(false);
    let created = api.ok("POST", "/webhooks", &body.to_string());
    assert_eq!(created["Status"], "unverified");
    assert_eq!(endpoint.triggers().len(), 0);
    assert_eq!(statistics(&api, &created["ID"])["Statuses"], json!({ "Open": "unverified" }));

    let path = "/webhooks/1234568";
    assert_eq!(api.ok("PUT", path, r#"{"Verify":false}"#)["Status"], "unverified");
}

#[test]
fn without_an_enabled_trigger_there_is_nothing_to_ask() {
    let api = start_with(Options { verify: Verify::Fail, ..options() });
    let created = api.ok("POST", "/webhooks", r#"{"Url":"https://h.example.com"}"#);
    assert_eq!(created["Status"], "verified");
    let verified = api.ok("POST", &format!("/webhooks/{}/verify", created["ID"]), "");
    assert_eq!(verified["Success"], true);
    assert_eq!(verified["Results"], json!([]));
    assert_eq!(verified["Message"], "0/0 triggers verified successfully");
}

#[test]
fn an_edit_asks_again_for_a_new_url_or_a_trigger_that_is_switched_on() {
    let endpoint = Endpoint::start(|_| 200);
    let api = real();
    let created = api.ok("POST", "/webhooks", &body(&endpoint.url, &["Open", "Click"]).to_string());
    assert_eq!(endpoint.triggers(), ["Click", "Open"]);
    let edit = |body: Value| {
        api.ok("PUT", &format!("/webhooks/{}", created["ID"]), &body.to_string());
        endpoint.triggers()
    };
    let none: [&str; 0] = [];
    assert_eq!(edit(json!({ "HttpAuth": { "Username": "a", "Password": "b" } })), none);
    assert_eq!(edit(json!({ "Triggers": { "Open": { "Enabled": false } } })), none);
    assert_eq!(edit(json!({ "Url": endpoint.url })), none, "the same URL");
    assert_eq!(edit(json!({ "Url": format!("{}&more", endpoint.url) })), ["Click"]);
    assert_eq!(edit(json!({ "Triggers": { "Bounce": { "Enabled": true } } })), ["Bounce", "Click"]);
    assert_eq!(edit(json!({ "Triggers": { "Open": { "Enabled": true } }, "Verify": false })), none);
}

#[test]
fn a_failed_edit_changes_nothing() {
    let endpoint = Endpoint::start(|_| 410);
    let api = real();
    let before = api.ok("GET", "/webhooks/1234567", "");
    let numbers = statistics(&api, &json!(1_234_567))["Metrics"].clone();
    let body = json!({ "Url": endpoint.url, "HttpHeaders": [] });
    let refused = api.call("PUT", "/webhooks/1234567", &body.to_string());
    assert_eq!(refused.refusal(), (422, 1364));
    assert_eq!(refused.json()["Id"], 1_234_567);
    assert_eq!(api.ok("GET", "/webhooks/1234567", ""), before);
    assert_eq!(statistics(&api, &json!(1_234_567))["Metrics"], numbers);
}

#[test]
fn a_check_answers_200_whatever_it_finds_and_sets_the_status() {
    let endpoint = Endpoint::start(|trigger| if trigger == "Bounce" { 503 } else { 200 });
    let api = real();
    let mut body = body(&endpoint.url, &["Delivery", "Bounce"]);
    body["Verify"] = json!(false);
    let id = api.ok("POST", "/webhooks", &body.to_string())["ID"].clone();
    let report = api.ok("POST", &format!("/webhooks/{id}/verify"), "");
    assert_eq!(
        report,
        json!({
            "Id": id,
            "Url": endpoint.url,
            "Success": false,
            "Results": [
                { "TriggerType": "Delivery", "Success": true, "StatusCode": 200, "Message": "OK" },
                {
                    "TriggerType": "Bounce", "Success": false, "StatusCode": 503,
                    "Message": "Service Unavailable",
                },
            ],
            "Message": "1/2 triggers verified successfully",
        })
    );
    assert_eq!(api.ok("GET", &format!("/webhooks/{id}"), "")["Status"], "unverified");
    let statuses = json!({ "Delivery": "verified", "Bounce": "unverified" });
    assert_eq!(statistics(&api, &id)["Statuses"], statuses);

    api.ok("PUT", &format!("/webhooks/{id}"), r#"{"Triggers":{"Bounce":{"Enabled":false}}}"#);
    let report = api.ok("POST", &format!("/webhooks/{id}/verify"), "");
    assert_eq!(report["Success"], true);
    assert_eq!(api.ok("GET", &format!("/webhooks/{id}"), "")["Status"], "verified");
}

#[test]
fn statistics_count_what_was_sent() {
    let api = start();
    let id = json!(1_234_567);
    let fresh = statistics(&api, &id);
    let keys: Vec<_> = fresh.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "WebhookId",
            "ServerId",
            "MessageStreamId",
            "Url",
            "Statuses",
            "TimeRange",
            "Metrics",
            "MetricsByTrigger"
        ]
    );
    assert_eq!(fresh["TimeRange"]["Hours"], 24);
    let end = fresh["TimeRange"]["EndTime"].as_str().expect("a date");
    assert!(end.len() == 28 && end.ends_with('Z') && end.get(19..20) == Some("."), "{end}");
    let metrics = |requests: u64, failures: u64, rate: f64| {
        json!({
            "TotalRequests": requests,
            "SuccessCount": requests - failures,
            "FailureCount": failures,
            "RetryCount": 0,
            "SuccessRate": rate,
            "SlowCount": 0,
            "VerySlowCount": 0,
            "AverageTerminalResponseTimeMs": 0,
            "AverageRetryResponseTimeMs": null,
        })
    };
    assert_eq!(fresh["Metrics"], metrics(0, 0, 100.0));
    assert_eq!(fresh["MetricsByTrigger"], json!({}));
    for _ in 0..3 {
        api.ok("POST", "/webhooks/1234567/verify", "");
    }
    let grown = statistics(&api, &id);
    assert_eq!(grown["Metrics"], metrics(12, 0, 100.0), "four triggers, three times");
    assert_eq!(grown["MetricsByTrigger"]["Open"], metrics(3, 0, 100.0));
    assert!(grown["MetricsByTrigger"].get("Bounce").is_none(), "it is not enabled");

    let failing = start_with(Options { verify: Verify::Fail, ..options() });
    assert_eq!(failing.ok("POST", "/webhooks/1234567/verify", "")["Success"], false);
    assert_eq!(statistics(&failing, &id)["Metrics"], metrics(4, 4, 0.0));
}

#[test]
fn others_are_answered_while_an_endpoint_takes_its_time() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let endpoint = Endpoint::start(move |_| {
        held.recv_timeout(std::time::Duration::from_secs(5)).expect("released");
        200
    });
    let api = real();
    let body = body(&endpoint.url, &["Open"]).to_string();
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| api.ok("POST", "/webhooks", &body));
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert_eq!(api.ids().len(), 2, "answered at once, and not saved yet");
        assert!(!slow.is_finished());
        release.send(()).expect("somebody waits");
        slow.join().expect("created");
    });
    assert_eq!(api.ids().len(), 3);
}
