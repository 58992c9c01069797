//! Events: what each change makes, how it is posted, retried, paused and recorded.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pmhooks::sandbox::{Holder, Options, RetrySchedule, State};
use serde_json::{Value, json};

use super::client::{Api, OTHER_TOKEN, call, options, raw, start_with, status_of};

/// A request that the endpoint got: head in lower case, body to the byte.
#[derive(Clone, Debug)]
struct Got {
    head: String,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// An endpoint that answers its requests with these lines of a head, the last one for all others.
struct Endpoint {
    url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Endpoint {
    fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = got.clone();
        let answers: Vec<String> = answers.iter().map(|a| (*a).to_owned()).collect();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.expect("a connection"));
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if reader.read_line(&mut head).expect("a line") == 0 {
                        break;
                    }
                }
                let head = head.to_lowercase();
                let length = head.split("content-length: ").nth(1).and_then(|l| l.lines().next());
                let mut body = vec![0; length.map_or(0, |l| l.parse().expect("a length"))];
                reader.read_exact(&mut body).expect("a body");
                let mut got = kept.lock().expect("kept");
                let answer = answers.get(got.len()).or(answers.last()).expect("an answer");
                got.push(Got { head, body });
                drop(got);
                if answer == "close" {
                    continue;
                }
                let answer =
                    format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                reader.into_inner().write_all(answer.as_bytes()).expect("sent");
            }
        });
        Self { url, got }
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().expect("got").clone()
    }

    /// Waits until it has got so many requests.
    fn wait_for(&self, count: usize) -> Vec<Got> {
        let give_up = Instant::now() + Duration::from_secs(10);
        while self.got().len() < count && Instant::now() < give_up {
            std::thread::sleep(Duration::from_millis(5));
        }
        let got = self.got();
        assert_eq!(got.len(), count, "{got:?}");
        got
    }
}

/// Options of a server that posts what is due, on a clock that stands still.
fn serving() -> Options {
    Options { send_due: true, holder: Holder::Server, speed: 0.0, ..options() }
}

/// A sandbox without the two examples.
fn start(options: Options) -> Api {
    let api = start_with(options);
    for id in api.ids() {
        api.ok("DELETE", &format!("/webhooks/{id}"), "");
    }
    api
}

fn webhook(api: &Api, url: &str, triggers: &[&str]) -> Value {
    let triggers: serde_json::Map<String, Value> = triggers
        .iter()
        .map(|t| ((*t).to_owned(), json!({ "Enabled": true, "IncludeContent": true })))
        .collect();
    api.ok("POST", "/webhooks", &json!({ "Url": url, "Triggers": triggers }).to_string())
}

fn mail(api: &Api, to: &str) -> Value {
    let body = json!({
        "From": "Shop <shop@example.com>", "To": to, "Subject": "Order", "TextBody": "Hello",
        "Tag": "order", "Metadata": { "id": "7" },
    });
    api.ok("POST", "/email", &body.to_string())
}

fn control(api: &Api, method: &str, path: &str, body: &str) -> Value {
    call(api.address(), method, path, &[], body).ok()
}

fn attempts(api: &Api) -> Vec<Value> {
    let answer = control(api, "GET", "/_sandbox/attempts", "");
    answer["Attempts"].as_array().expect("a list").clone()
}

/// Waits until no event waits for its first attempt.
fn settled(api: &Api) -> Vec<Value> {
    let give_up = Instant::now() + Duration::from_secs(10);
    loop {
        let rows = attempts(api);
        if rows.iter().all(|row| row["Outcome"] != "Pending") || Instant::now() > give_up {
            return rows;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn advance(api: &Api, by: &str) -> Value {
    control(api, "POST", "/_sandbox/clock", &json!({ "Advance": by }).to_string())
}

fn outcomes(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["Outcome"].as_str().expect("a text")).collect()
}

/// Minutes between consecutive attempts.
fn gaps(rows: &[Value]) -> Vec<i64> {
    let time = |row: &Value| -> i64 {
        let text = row["Time"].as_str().expect("a time");
        let (hour, minute): (i64, i64) =
            (text[11..13].parse().expect("hours"), text[14..16].parse().expect("minutes"));
        let day: i64 = text[8..10].parse().expect("a day");
        (day * 24 + hour) * 60 + minute
    };
    let times: Vec<i64> = rows.iter().map(time).collect();
    times.windows(2).map(|pair| (pair[1] - pair[0]).rem_euclid(31 * 24 * 60)).collect()
}

#[test]
fn an_accepted_mail_makes_a_delivery_per_recipient_with_headers_of_postmark() {
    let endpoint = Endpoint::start(&["200 OK"]);
    let api = start(serving());
    let mut body = json!({ "Url": endpoint.url, "Triggers": { "Delivery": { "Enabled": true } } });
    body["HttpAuth"] = json!({ "Username": "u", "Password": "p" });
    body["HttpHeaders"] = json!([{ "Name": "X-Env", "Value": "test" }]);
    let id = api.ok("POST", "/webhooks", &body.to_string())["ID"].clone();
    let sent = mail(&api, "a@example.org, B <b@example.org>");
    assert_eq!((&sent["ErrorCode"], &sent["Message"]), (&json!(0), &json!("OK")));
    assert_eq!(sent["To"], "a@example.org, b@example.org");
    let got = endpoint.wait_for(2);
    let mut traces = Vec::new();
    for got in &got {
        assert!(got.head.starts_with("post /hook http/1.1\r\n"), "{}", got.head);
        assert_eq!(got.header("user-agent"), Some("postmark"));
        assert_eq!(got.header("content-type"), Some("application/json"));
        assert_eq!(got.header("authorization"), Some("basic dtpw"));
        assert_eq!(got.header("x-env"), Some("test"));
        assert_eq!(got.header("x-pm-retries-remaining"), Some("9"));
        traces.push(got.header("x-pm-webhook-trace-id").expect("a trace ID").to_owned());
        let body = got.json();
        assert_eq!(body["RecordType"], "Delivery");
        assert_eq!(body["MessageID"], sent["MessageID"]);
        assert_eq!((&body["Tag"], &body["Metadata"]), (&json!("order"), &json!({ "id": "7" })));
        assert_eq!((&body["ServerID"], &body["MessageStream"]), (&json!(1), &json!("outbound")));
    }
    assert_ne!(traces[0], traces[1]);
    let mut recipients: Vec<_> = got.iter().map(|g| g.json()["Recipient"].clone()).collect();
    recipients.sort_by_key(ToString::to_string);
    assert_eq!(recipients, ["a@example.org", "b@example.org"]);
    let rows = settled(&api);
    assert_eq!(outcomes(&rows), ["Delivered", "Delivered"]);
    assert_eq!((&rows[0]["WebhookID"], &rows[0]["Status"]), (&id, &json!(200)));
    let statistics = api.ok("GET", &format!("/webhooks/{id}/statistics"), "");
    assert_eq!(statistics["MetricsByTrigger"]["Delivery"]["SuccessCount"], 3, "with the probe");
}

#[test]
fn a_mail_to_the_bounce_domain_bounces_and_a_hard_bounce_suppresses() {
    let endpoint = Endpoint::start(&["200 OK"]);
    let api = start(serving());
    webhook(&api, &endpoint.url, &["Bounce", "SubscriptionChange", "Delivery"]);
    for (to, header, kind, suppresses) in [
        ("soft_bounce@bounce-testing.postmarkapp.com", None, "SoftBounce", false),
        ("x@Bounce-Testing.postmarkapp.com", Some("transient"), "Transient", false),
        ("spamcomplaint@bounce-testing.postmarkapp.com", None, "HardBounce", true),
        ("anything@bounce-testing.postmarkapp.com", None, "HardBounce", true),
    ] {
        let before = endpoint.got().len();
        let mut body = json!({ "From": "s@example.com", "To": to, "TextBody": "x" });
        if let Some(header) = header {
            body["Headers"] = json!([{ "Name": "x-pm-bounce-type", "Value": header }]);
        }
        let sent = api.ok("POST", "/email", &body.to_string());
        let got = endpoint.wait_for(before + if suppresses { 2 } else { 1 });
        let bodies: Vec<_> = got[before..].iter().map(Got::json).collect();
        let bounce = bodies.iter().find(|b| b["RecordType"] == "Bounce").expect("a bounce");
        assert_eq!((&bounce["Type"], &bounce["Email"]), (&json!(kind), &json!(to)));
        assert!(bounce["Content"].as_str().is_some_and(|c| c.contains(to)), "{bounce}");
        let id = bounce["ID"].clone();
        let stored = api.ok("GET", &format!("/bounces/{id}"), "");
        assert_eq!((&stored["Inactive"], &stored["Type"]), (&json!(suppresses), &json!(kind)));
        if !suppresses {
            continue;
        }
        let change = bodies.iter().find(|b| b["RecordType"] == "SubscriptionChange").expect("one");
        assert_eq!(change["SuppressSending"], true);
        assert_eq!(change["SuppressionReason"], "HardBounce");
        assert_eq!(
            (&change["Origin"], &change["MessageID"]),
            (&json!("Recipient"), &sent["MessageID"])
        );
        let refused = api.call("POST", "/email", &body.to_string());
        assert_eq!(refused.refusal(), (422, 406));
        let text = refused.json()["Message"].as_str().expect("a text").to_owned();
        assert!(text.contains(&format!("Found inactive addresses: {to}. Inactive")), "{text}");
        let activated = api.ok("PUT", &format!("/bounces/{id}/activate"), "{}");
        assert_eq!(
            (&activated["Message"], &activated["Bounce"]["Inactive"]),
            (&json!("OK"), &json!(false))
        );
        let got = endpoint.wait_for(before + 3);
        let change = got[before + 2].json();
        assert_eq!(change["SuppressSending"], false);
        assert_eq!(
            (&change["SuppressionReason"], &change["Tag"], &change["MessageID"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        assert_eq!(change["Metadata"], json!({}));
    }
}

#[test]
fn every_change_of_a_suppression_makes_one_event() {
    let endpoint = Endpoint::start(&["200 OK"]);
    let api = start(serving());
    webhook(&api, &endpoint.url, &["SubscriptionChange"]);
    let body = r#"{"suppressions":[{"emailaddress":"A@example.org"},{"EmailAddress":"bad"}]}"#;
    let path = "/message-streams/OUTBOUND/suppressions";
    let answer = api.ok("POST", path, body);
    assert_eq!(answer["Suppressions"][0]["Status"], "Suppressed");
    assert_eq!(answer["Suppressions"][1]["Message"], "An invalid email address was provided.");
    api.ok("POST", path, body);
    let got = endpoint.wait_for(1)[0].json();
    assert_eq!((&got["Origin"], &got["MessageID"]), (&json!("Customer"), &Value::Null));
    let dump = api.ok("GET", &format!("{path}/dump?EMAILADDRESS=a@example.org"), "");
    assert_eq!(dump["Suppressions"][0]["SuppressionReason"], "ManualSuppression");
    assert_eq!(api.call("GET", &format!("{path}/dump?Origin=x"), "").refusal(), (422, 1405));
    let deleted = api.ok("POST", &format!("{path}/delete"), body);
    assert_eq!(
        deleted["Suppressions"][0],
        json!({ "EmailAddress": "A@example.org", "Status": "Deleted", "Message": null })
    );
    api.ok("POST", &format!("{path}/delete"), body);
    assert_eq!(endpoint.wait_for(2)[1].json()["SuppressSending"], false);
    settled(&api);
    assert_eq!(endpoint.got().len(), 2);
    let many: Vec<Value> =
        (0..51).map(|n| json!({ "EmailAddress": format!("a{n}@x.org") })).collect();
    let many = json!({ "Suppressions": many }).to_string();
    assert_eq!(api.call("POST", path, &many).refusal(), (422, 1410));
    assert_eq!(api.call("POST", path, "").refusal(), (422, 1409));
    assert_eq!(api.call("POST", "/message-streams/no/suppressions", body).refusal(), (422, 1226));
}

#[test]
fn the_whole_schedule_is_kept_with_the_same_bytes_and_trace_id() {
    for (schedule, minutes) in [
        (RetrySchedule::Long, vec![1, 5, 15, 1, 5, 10, 10, 10, 15]),
        (RetrySchedule::Short, vec![1, 5, 10, 10, 10, 15]),
    ] {
        let endpoint = Endpoint::start(&["503 No"]);
        let api = start(Options { retry_schedule: schedule, ..serving() });
        let id = webhook(&api, &endpoint.url, &["Delivery"])["ID"].clone();
        mail(&api, "a@example.org");
        endpoint.wait_for(1);
        settled(&api);
        let advanced = advance(&api, "24h");
        assert_eq!(advanced["Attempts"], minutes.len());
        let got = endpoint.got();
        for (index, one) in got.iter().enumerate() {
            assert_eq!(one.body, got[0].body);
            let header = |name| one.header(name);
            assert_eq!(header("x-pm-webhook-trace-id"), got[0].header("x-pm-webhook-trace-id"));
            let remaining = (minutes.len() - index).to_string();
            assert_eq!(header("x-pm-retries-remaining"), Some(remaining.as_str()));
        }
        let rows = attempts(&api);
        assert_eq!(gaps(&rows), minutes);
        assert_eq!(outcomes(&rows).last(), Some(&"Exhausted"));
        assert_eq!(rows.len(), minutes.len() + 1);
        let metrics = api.ok("GET", &format!("/webhooks/{id}/statistics"), "");
        assert_eq!(metrics["MetricsByTrigger"]["Delivery"]["RetryCount"], minutes.len());
        assert_eq!(metrics["MetricsByTrigger"]["Delivery"]["FailureCount"], 1);
    }
}

#[test]
fn each_answer_has_the_effect_that_postmark_gives_it() {
    for (answer, outcome) in [
        ("200 OK", "Delivered"),
        ("204 None", "Delivered"),
        ("400 Bad", "Dropped"),
        ("401 No", "Dropped"),
        ("403 No", "Dropped"),
        ("410 Gone", "Dropped"),
        ("408 Late", "Retrying"),
        ("429 Slow", "Retrying"),
        ("500 Oh", "Retrying"),
        ("302 There", "Retrying"),
        ("close", "Retrying"),
    ] {
        let endpoint = Endpoint::start(&[answer]);
        let api = start(serving());
        webhook(&api, &endpoint.url, &["Delivery"]);
        mail(&api, "a@example.org");
        endpoint.wait_for(1);
        let rows = settled(&api);
        assert_eq!(outcomes(&rows), [outcome], "{answer}: {rows:?}");
        assert_eq!(rows[0]["NextAttempt"].is_null(), outcome != "Retrying", "{answer}");
    }
}

#[test]
fn redirects_are_followed_and_credentials_stay_with_the_origin() {
    let second = Endpoint::start(&["200 OK"]);
    let location = format!("307 There\r\nLocation: {}", second.url);
    let first = Endpoint::start(&[&location]);
    let api = start(serving());
    let url = first.url.replace("http://", "http://user:secret@");
    let mut body = json!({ "Url": url, "Triggers": { "Delivery": { "Enabled": true } } });
    body["HttpHeaders"] = json!([{ "Name": "X-Key", "Value": "secret" }]);
    api.ok("POST", "/webhooks", &body.to_string());
    mail(&api, "a@example.org");
    let got = second.wait_for(1);
    assert_eq!(outcomes(&settled(&api)), ["Delivered"]);
    assert_eq!(first.got()[0].header("x-key"), Some("secret"));
    assert_eq!((got[0].header("x-key"), got[0].header("authorization")), (None, None));
    assert_eq!(got[0].body, first.got()[0].body);
    let log = attempts(&api)[0]["Url"].to_string();
    assert!(!log.contains("secret"), "{log}");

    let away = Endpoint::start(&["307 There\r\nLocation: http://192.0.2.1/"]);
    let api = start(serving());
    webhook(&api, &away.url, &["Delivery"]);
    mail(&api, "a@example.org");
    away.wait_for(1);
    assert_eq!(outcomes(&settled(&api)), ["Blocked"]);
}

#[test]
fn only_loopback_and_named_hosts_are_targets() {
    for (url, allow, outcome) in [
        ("http://192.0.2.1/x", vec![], "Blocked"),
        ("http://10.0.0.1/x", vec![], "Blocked"),
        ("http://169.254.169.254/latest", vec![], "Blocked"),
        ("http://hooks.example.com/x", vec![], "Blocked"),
        ("http://127.0.0.1.nip.example/x", vec![], "Blocked"),
        ("http://[::ffff:10.0.0.1]/x", vec![], "Blocked"),
        ("http://127.0.0.1:1/x", vec![], "Retrying"),
        ("http://hooks.localhost:1/x", vec![], "Retrying"),
        ("http://[::ffff:127.0.0.1]:1/x", vec![], "Retrying"),
        ("http://hooks.invalid/x", vec!["HOOKS.invalid"], "Retrying"),
    ] {
        let allow_targets = allow.iter().map(|host| (*host).to_owned()).collect();
        let api = start(Options { allow_targets, ..serving() });
        let id = webhook(&api, url, &["Delivery"])["ID"].clone();
        mail(&api, "a@example.org");
        assert_eq!(outcomes(&settled(&api)), [outcome], "{url}");
        if outcome == "Blocked" {
            let statistics = api.ok("GET", &format!("/webhooks/{id}/statistics"), "");
            assert_eq!(statistics["Metrics"]["TotalRequests"], 1, "the probe alone: {url}");
        }
    }
}

#[test]
fn a_trigger_that_keeps_failing_is_paused_alone_until_it_is_verified() {
    let endpoint = Endpoint::start(&["500 Oh"]);
    let api = start(Options { pause_after: 2, ..serving() });
    let id = webhook(&api, &endpoint.url, &["Delivery", "Bounce"])["ID"].clone();
    let statuses = || api.ok("GET", &format!("/webhooks/{id}/statistics"), "")["Statuses"].clone();
    mail(&api, "a@example.org");
    settled(&api);
    advance(&api, "2h");
    assert_eq!(statuses()["Delivery"], "verified");
    mail(&api, "a@example.org");
    settled(&api);
    advance(&api, "2h");
    assert_eq!(statuses(), json!({ "Delivery": "unverified", "Bounce": "verified" }));
    let before = endpoint.got().len();
    mail(&api, "a@example.org");
    settled(&api);
    assert_eq!(endpoint.got().len(), before, "a paused trigger is silent");
    api.ok("POST", &format!("/webhooks/{id}/verify"), "");
    mail(&api, "a@example.org");
    endpoint.wait_for(before + 1);
}

#[test]
fn inbound_mail_is_retried_on_anything_but_200_and_403_stops_it() {
    let endpoint = Endpoint::start(&["500 Oh"]);
    let api = start(serving());
    let hook = json!({ "InboundHookUrl": endpoint.url }).to_string();
    let server = api.ok("PUT", "/server", &hook);
    let own = server["InboundAddress"].as_str().expect("an address").replace('@', "+ticket9@");
    mail(&api, &own);
    let got = endpoint.wait_for(1);
    assert_eq!(got[0].header("x-pm-retries-remaining"), None);
    let body = got[0].json();
    assert_eq!(
        (&body["MailboxHash"], &body["From"]),
        (&json!("ticket9"), &json!("shop@example.com"))
    );
    assert_eq!(body["FromFull"]["Name"], "Shop");
    assert_eq!(body["TextBody"], "Hello");
    settled(&api);
    assert_eq!(advance(&api, "24h")["Attempts"], 10);
    let rows = attempts(&api);
    assert_eq!(gaps(&rows), [1, 5, 10, 10, 10, 15, 30, 60, 120, 360]);

    let endpoint = Endpoint::start(&["403 No"]);
    let api = start(serving());
    api.ok("PUT", "/server", &json!({ "InboundHookUrl": endpoint.url }).to_string());
    control(&api, "POST", "/_sandbox/events", r#"{"Event":"inbound"}"#);
    endpoint.wait_for(1);
    assert_eq!(outcomes(&settled(&api)), ["Dropped"]);
}

#[test]
fn every_event_can_be_made_on_command() {
    let endpoint = Endpoint::start(&["200 OK"]);
    let api = start(serving());
    let all = ["Open", "Click", "Delivery", "Bounce", "SpamComplaint", "SubscriptionChange"];
    webhook(&api, &endpoint.url, &all);
    let hooks = json!({ "InboundHookUrl": endpoint.url, "EnableSmtpApiErrorHooks": true });
    api.ok("PUT", "/server", &hooks.to_string());
    for event in [
        "open",
        "click",
        "delivery",
        "bounce",
        "spam-complaint",
        "subscription-change",
        "inbound",
        "SMTPApiError",
    ] {
        let body = json!({ "event": event }).to_string();
        let answer = control(&api, "POST", "/_sandbox/events", &body);
        let deliveries = answer["Deliveries"].as_array().expect("a list");
        let own = deliveries.iter().find(|d| d["Event"] == answer["Event"]).expect("a delivery");
        settled(&api);
        let trace = own["TraceID"].as_str().expect("a text");
        let path = format!("/_sandbox/attempts?trace={trace}");
        let rows = control(&api, "GET", &path, "")["Attempts"].clone();
        assert_eq!(rows[0]["Outcome"], "Delivered", "{event}: {rows}");
        assert_eq!(rows.as_array().map(Vec::len), Some(1));
    }
    let refused = call(api.address(), "POST", "/_sandbox/events", &[], r#"{"Event":"sent"}"#);
    assert_eq!(refused.refusal(), (422, 403));
}

#[test]
fn opens_and_clicks_come_from_the_pixel_and_the_links_of_a_stored_mail() {
    let endpoint = Endpoint::start(&["200 OK"]);
    let api = start(serving());
    let body = json!({
        "Url": endpoint.url,
        "Triggers": { "Open": { "Enabled": true, "PostFirstOpenOnly": true }, "Click": { "Enabled": true } },
    });
    api.ok("POST", "/webhooks", &body.to_string());
    let html = "<html><body><a href=\"https://shop.example.com/a?b=1&amp;c=2\">x</a></body></html>";
    let body = json!({
        "From": "s@example.com", "To": "a@example.org", "HtmlBody": html,
        "TrackOpens": true, "TrackLinks": "htmlonly",
    });
    let id = api.ok("POST", "/email", &body.to_string())["MessageID"].clone();
    let id = id.as_str().expect("a text");
    let details = api.ok("GET", &format!("/messages/outbound/{id}/details"), "");
    let html = details["HtmlBody"].as_str().expect("HTML").to_owned();
    let path = |attribute: &str| {
        let start = html.split(&format!("{attribute}=\"http://{}", api.address())).nth(1);
        start.and_then(|rest| rest.split('"').next()).expect("a link").to_owned()
    };
    for _ in 0..2 {
        let pixel = call(api.address(), "GET", &path("src"), &[("User-Agent", "Browser/1")], "");
        assert_eq!((pixel.status, pixel.header("content-type")), (200, Some("image/gif")));
        let click = call(api.address(), "GET", &path("href"), &[], "");
        assert_eq!(click.status, 302);
        assert_eq!(click.header("location"), Some("https://shop.example.com/a?b=1&c=2"));
    }
    let got = endpoint.wait_for(2);
    settled(&api);
    assert_eq!(endpoint.got().len(), 2, "first opens only, one click per link");
    let open = got.iter().map(Got::json).find(|b| b["RecordType"] == "Open").expect("an open");
    assert_eq!((&open["FirstOpen"], &open["UserAgent"]), (&json!(true), &json!("Browser/1")));
    let click = got.iter().map(Got::json).find(|b| b["RecordType"] == "Click").expect("a click");
    assert_eq!(click["OriginalLink"], "https://shop.example.com/a?b=1&c=2");
    for (path, key) in [("opens", "Opens"), ("clicks", "Clicks")] {
        let all = api.ok("GET", &format!("/messages/outbound/{path}?count=10&offset=0"), "");
        assert_eq!((&all["TotalCount"], &all[key][0]["MessageID"]), (&json!(1), &json!(id)));
        let one = api.ok("GET", &format!("/messages/outbound/{path}/{id}?count=10&offset=0"), "");
        assert_eq!(one["TotalCount"], 1);
    }
    assert_eq!(call(api.address(), "GET", "/open/v3_unknown", &[], "").status, 200);
}

#[test]
fn pending_events_survive_a_restart_and_a_command_does_not_send_them() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let state = State::File(folder.path().join("sandbox.json"));
    let endpoint = Endpoint::start(&["503 No", "200 OK"]);
    let api = start(Options { state: state.clone(), ..serving() });
    webhook(&api, &endpoint.url, &["Delivery"]);
    mail(&api, "a@example.org");
    endpoint.wait_for(1);
    settled(&api);
    drop(api);

    // A command: its own first attempts end before it does, nothing else is sent.
    let command = start_with(Options { state: state.clone(), ..options() });
    assert_eq!(outcomes(&attempts(&command)), ["Retrying"]);
    mail(&command, "b@example.org");
    drop(command);
    let got = endpoint.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[1].json()["Recipient"], "b@example.org");

    let api = start_with(Options { state, ..serving() });
    assert_eq!(api.ok("GET", "/messages/outbound?count=5&offset=0", "")["TotalCount"], 2);
    assert_eq!(advance(&api, "1h")["Attempts"], 1);
    let got = endpoint.got();
    assert_eq!(got[2].body, got[0].body, "the same bytes after the restart");
    assert_eq!(outcomes(&attempts(&api)), ["Retrying", "Delivered", "Delivered"]);
}

#[test]
fn a_fast_clock_retries_without_waiting() {
    let endpoint = Endpoint::start(&["503 No", "503 No", "200 OK"]);
    let api = start(Options { speed: 6000.0, ..serving() });
    webhook(&api, &endpoint.url, &["Delivery"]);
    let started = Instant::now();
    mail(&api, "a@example.org");
    endpoint.wait_for(3);
    assert!(started.elapsed() < Duration::from_secs(5), "six minutes in a few milliseconds");
}

#[test]
fn control_paths_check_the_host_and_need_no_token_and_health_needs_nothing() {
    let api = start(serving());
    let get = |path: &str, host: &str| {
        let request = format!("GET {path} HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        status_of(&raw(api.address(), request.as_bytes()))
    };
    let evil = "Host: evil.example.com\r\n";
    assert_eq!(get("/_sandbox/health", evil), Some(200));
    assert_eq!(get("/_sandbox/health", ""), Some(200));
    for path in ["/_sandbox/attempts", "/_sandbox/clock"] {
        assert_eq!(get(path, "Host: localhost\r\n"), Some(200), "{path}");
        assert_eq!(get(path, evil), Some(403), "{path}");
        let foreign = "Host: localhost\r\nOrigin: https://evil.example.com\r\n";
        assert_eq!(get(path, foreign), Some(403), "{path}");
    }
    assert_eq!(control(&api, "GET", "/_sandbox/health", ""), json!({ "Status": "ok" }));
    let bad = call(api.address(), "POST", "/_sandbox/clock", &[], r#"{"Advance":"soon"}"#);
    assert_eq!(bad.refusal(), (422, 403));
    assert_eq!(call(api.address(), "GET", "/_sandbox/else", &[], "").status, 401);
}

#[test]
fn a_reset_forgets_mail_suppressions_and_events() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let state = State::File(folder.path().join("sandbox.json"));
    let api = start(Options { state, ..serving() });
    mail(&api, "a@example.org");
    mail(&api, "x@bounce-testing.postmarkapp.com");
    let examples = control(&api, "POST", "/_sandbox/reset", "{}");
    assert_eq!(examples["Webhooks"].as_array().map(Vec::len), Some(2));
    assert_eq!(api.ids().len(), 2);
    assert_eq!(attempts(&api).len(), 0);
    assert_eq!(api.ok("GET", "/bounces?count=5&offset=0", "")["TotalCount"], 0);
    let dump = api.ok("GET", "/message-streams/outbound/suppressions/dump", "");
    assert_eq!(dump["Suppressions"], json!([]));
}

#[test]
fn each_mistake_in_a_mail_has_its_code() {
    let api = start(serving());
    let with = |key: &str, value: Value| {
        let mut body = json!({ "From": "s@example.com", "To": "a@example.org", "TextBody": "x" });
        body[key] = value;
        body.to_string()
    };
    let many: Vec<String> = (0..51).map(|n| format!("a{n}@example.org")).collect();
    let metadata: serde_json::Map<String, Value> =
        (0..11).map(|n| (format!("k{n}"), json!("v"))).collect();
    for (mistake, body, code) in [
        ("no body", String::new(), 402),
        ("cut JSON", "{".to_owned(), 402),
        ("a list", "[]".to_owned(), 403),
        ("no sender", with("From", Value::Null), 300),
        ("no recipient", with("To", Value::Null), 300),
        ("a bad recipient", with("To", json!("test")), 300),
        ("a bad copy", with("Cc", json!("a@example.org, x@")), 300),
        ("51 recipients", with("To", json!(many.join(","))), 300),
        ("no content", with("TextBody", Value::Null), 300),
        ("a long subject", with("Subject", json!("x".repeat(2001))), 300),
        ("11 metadata", with("Metadata", json!(metadata)), 300),
        ("a long metadata value", with("Metadata", json!({ "k": "v".repeat(81) })), 300),
        ("a number for the sender", with("From", json!(5)), 403),
        ("a reserved header", with("Headers", json!([{ "Name": "Reply-To", "Value": "x" }])), 300),
        (
            "an executable",
            with("Attachments", json!([{ "Name": "a.exe", "Content": "eA==" }])),
            411,
        ),
        ("no base64", with("Attachments", json!([{ "Name": "a.txt", "Content": "*" }])), 300),
        ("an unknown stream", with("MessageStream", json!("nowhere")), 1235),
        ("the inbound stream", with("MessageStream", json!("inbound")), 1236),
        ("a bad TrackLinks", with("TrackLinks", json!("Some")), 403),
    ] {
        assert_eq!(api.call("POST", "/email", &body).refusal(), (422, code), "{mistake}");
    }
    let refused = api.call("POST", "/email", &with("To", json!("test"))).json();
    assert_eq!(refused["Message"], "Invalid 'To' address: 'test'.");
    let batch = format!("[{},{}]", with("To", json!("x")), with("Tag", json!("t")));
    let results = api.ok("POST", "/email/batch", &batch);
    assert_eq!((&results[0]["ErrorCode"], &results[1]["ErrorCode"]), (&json!(300), &json!(0)));
    let many = vec![with("Tag", json!("t")); 501].join(",");
    assert_eq!(api.call("POST", "/email/batch", &format!("[{many}]")).refusal(), (422, 410));
    let template = json!({
        "from": "s@example.com", "to": "a@example.org", "templatealias": "welcome",
        "templatemodel": { "name": "Ann" },
    });
    let sent = api.ok("POST", "/email/withTemplate", &template.to_string());
    let path = format!("/messages/outbound/{}/details", sent["MessageID"].as_str().expect("an ID"));
    assert_eq!(api.ok("GET", &path, "")["TemplateModel"], json!({ "name": "Ann" }));
    let batch = json!({ "Messages": [template] }).to_string();
    assert_eq!(api.ok("POST", "/email/batchWithTemplates", &batch)[0]["ErrorCode"], 0);
    let test = [("X-Postmark-Server-Token", "POSTMARK_API_TEST")];
    let answer = call(api.address(), "POST", "/email", &test, &with("Tag", json!("t"))).ok();
    assert_eq!(answer["Message"], "Test job accepted");
    assert_eq!(call(api.address(), "GET", "/webhooks", &test, "").refusal(), (401, 10));
    assert_eq!(api.ok("GET", "/messages/outbound?count=9&offset=0", "")["TotalCount"], 3);
    assert_eq!(api.call("GET", "/messages/outbound?count=501&offset=0", "").refusal(), (422, 700));
    assert_eq!(api.call("GET", "/bounces?count=500&offset=9999", "").refusal(), (422, 1000));
    assert_eq!(api.call("GET", "/bounces/5", "").refusal(), (422, 1001));
    let other = api.call_as(OTHER_TOKEN, "GET", &path, "");
    assert_eq!(other.refusal(), (422, 701), "mail of another server");
}

#[test]
fn finishing_names_the_events_that_were_not_delivered() {
    let endpoint = Endpoint::start(&["200 OK", "500 Oh"]);
    let api = start_with(Options { holder: Holder::Command, ..serving() });
    webhook(&api, &endpoint.url, &["Delivery"]);
    mail(&api, "a@example.org");
    endpoint.wait_for(1);
    mail(&api, "b@example.org");
    let undelivered = api.sandbox.finish(Duration::from_secs(10));
    assert_eq!(undelivered.len(), 1, "{undelivered:?}");
    let line = &undelivered[0];
    assert!(line.starts_with("Delivery for b@example.org to http://127.0.0.1:"), "{line}");
    assert!(line.contains("retrying (500), trace "), "{line}");
}
