//! `test`: what is posted, how answers are judged, what is never told to anybody.

mod credentials;
mod redirects;
mod samples;
mod verdicts;

use crate::support::*;

/// A webhook as the API answers it, with these triggers on.
fn webhook(id: i64, url: &str, on: &[&str]) -> Value {
    let mut triggers = json!({
        "Open": {"Enabled": false, "PostFirstOpenOnly": false}, "Click": {"Enabled": false},
        "Delivery": {"Enabled": false}, "Bounce": {"Enabled": false, "IncludeContent": false},
        "SpamComplaint": {"Enabled": false, "IncludeContent": false},
        "SubscriptionChange": {"Enabled": false},
    });
    for trigger in on {
        triggers[*trigger]["Enabled"] = json!(true);
    }
    json!({"ID": id, "Url": url, "MessageStream": "broadcast", "Status": "verified",
        "HttpAuth": null, "HttpHeaders": [], "Triggers": triggers})
}

/// An API with one webhook, 5, on the server 77.
fn api(webhook: Value) -> Faulty {
    Faulty::new([
        Step::answer(200, webhook).forever().only("GET", "/webhooks/5"),
        Step::answer(200, json!({"ID": 77, "Name": "Staging"})).forever().only("GET", "/server"),
    ])
}

/// Milliseconds differ from run to run, and with them the width of their column.
fn time_is_hidden(env: &mut TestEnv) {
    let outcomes = "delivered|dropped|retried|refused|unreachable";
    env.redact("[MS]", &format!("(?:{outcomes}) +(?:[0-9]{{3}}|-) +(?<redacted>[0-9]+ +)"));
    env.redact("[GAP]", "MS(?<redacted> +)MESSAGE");
}

#[test]
fn each_enabled_trigger_is_posted_once_as_postmark_would() {
    // torture 91
    let endpoint = Faulty::always(Step::status(200));
    let url = format!("{}//A%2fb;c/?x=1&y=%C3%bc&z=a+b", endpoint.url());
    let mut hook = webhook(5, &url, &["Bounce", "Click"]);
    hook["HttpAuth"] = json!({"Username": "postmark", "Password": "pass:word"});
    hook["HttpHeaders"] =
        json!([{"Name": "X-Env", "Value": "staging"}, {"Name": "X-A", "Value": "1"}]);
    let api = api(hook);
    let mut env = TestEnv::with_api(api.url());
    time_is_hidden(&mut env);
    env.run("test 5 --concurrency 1").check(str![[r#"
ID  EVENT   OUTCOME    STATUS  MS[GAP]MESSAGE
5   click   delivered  200     [MS]OK
5   bounce  delivered  200     [MS]OK
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
"#]]);
    assert_data_eq!(
        api.log(),
        str![[r#"
GET /webhooks/5
GET /server
"#]]
    );
    let requests = endpoint.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("POST", "//A%2fb;c/?x=1&y=%C3%bc&z=a+b")
        );
        for (name, value) in [
            ("User-Agent", "Postmark"),
            ("Content-Type", "application/json"),
            ("Authorization", "Basic cG9zdG1hcms6cGFzczp3b3Jk"),
            ("X-Env", "staging"),
            ("X-A", "1"),
            ("X-PM-Retries-Remaining", "9"),
        ] {
            assert_eq!(request.header(name), Some(value), "{name}\n{request:?}");
        }
        assert_eq!(request.header("X-PM-Webhook-Trace-Id").map(str::len), Some(36));
        assert_eq!(request.json()["MessageStream"], "broadcast");
    }
    let records: Vec<_> = requests.iter().map(|r| r.json()["RecordType"].clone()).collect();
    assert_eq!(records, ["Click", "Bounce"]);
    assert_eq!(requests[1].json()["ServerID"], 77);
    let trace = |n: usize| requests[n].header("X-PM-Webhook-Trace-Id");
    assert_ne!(trace(0), trace(1), "each event has its own trace");
}

#[test]
fn a_url_alone_needs_no_token_and_reads_no_configuration() {
    let endpoint = Faulty::always(Step::status(200));
    let mut env = TestEnv::new();
    time_is_hidden(&mut env);
    env.config("this is not TOML [");
    env.env("POSTMARK_SERVER_TOKEN", "").env("PMHOOKS_PROFILE", "nobody");
    let run = env.run(["test", "--url", &endpoint.url(), "--concurrency", "1"]);
    run.check(str![[r#"
ID  EVENT                OUTCOME    STATUS  MS[GAP]MESSAGE
-   open                 delivered  200     [MS]OK
-   click                delivered  200     [MS]OK
-   delivery             delivered  200     [MS]OK
-   bounce               delivered  200     [MS]OK
-   spam-complaint       delivered  200     [MS]OK
-   subscription-change  delivered  200     [MS]OK
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
"#]]);
    assert_eq!(endpoint.requests().len(), 6);
}

#[test]
fn the_triggers_of_a_url_are_all_or_those_that_are_named() {
    let env = TestEnv::new();
    for (flags, events) in [
        ("--on bounce,open", "Open Bounce"),
        ("--off click,open,delivery", "Bounce SpamComplaint SubscriptionChange"),
        ("--on bounce --event inbound", ""),
    ] {
        let run = env.run(format!("test --url http://127.0.0.1:1/ --print -o jsonl {flags}"));
        let bodies = run.code(0).json_lines();
        let names: Vec<_> = bodies.iter().filter_map(|body| body["RecordType"].as_str()).collect();
        assert_eq!(names.join(" "), events, "{flags}");
    }
}

#[test]
fn the_server_token_never_reaches_an_endpoint() {
    // torture 20
    let canaries = Canaries::new();
    let other = Faulty::always(Step::status(200));
    let endpoint = Faulty::new([
        Step::redirect(307, &other.url()).only("POST", "/away").forever(),
        Step::status(200).forever(),
    ]);
    let api = Faulty::new([
        Step::answer(
            200,
            json!({"Webhooks": [
                webhook(5, &format!("{}/", endpoint.url()), &["Bounce", "Open"]),
                webhook(6, &format!("{}/away", endpoint.url()), &["Delivery"]),
            ]}),
        ),
        Step::answer(200, json!({"ID": 77, "Name": "Staging"})),
    ]);
    let mut env = TestEnv::with_api(api.url());
    env.token(&canaries.token);
    let run = env.run("test --all -vv");
    run.code(0);
    canaries.assert_clean_run(&run);
    for request in endpoint.requests().iter().chain(&other.requests()) {
        canaries.assert_clean(&request.raw);
        let names: Vec<_> = request.headers.iter().map(|(n, _)| n.to_ascii_lowercase()).collect();
        assert!(!names.iter().any(|n| n.starts_with("x-postmark")), "{request:?}");
    }
    assert_eq!((endpoint.requests().len(), other.requests().len()), (3, 1));
}

#[test]
fn the_json_has_the_documented_shape() {
    let endpoint = Faulty::new([Step::status(200), Step::status(503)]);
    let api = api(webhook(5, &format!("{}/?token=abc", endpoint.url()), &["Click", "Bounce"]));
    let mut env = TestEnv::with_api(api.url());
    env.redact("[MS]", r#""Milliseconds": (?<redacted>[0-9]+)"#);
    env.redact("[TRACE]", r#""TraceId": "(?<redacted>[0-9a-f-]{36})"#);
    env.run("test 5 --concurrency 1 -o json").check(str![[r#"
[
  {
    "ID": 5,
    "Url": "http://127.0.0.1:[PORT]/?token=********",
    "Success": false,
    "Results": [
      {
        "TriggerType": "Click",
        "Success": true,
        "StatusCode": 200,
        "Message": "OK",
        "Milliseconds": [MS],
        "Outcome": "delivered",
        "TraceId": "[TRACE]"
      },
      {
        "TriggerType": "Bounce",
        "Success": false,
        "StatusCode": 503,
        "Message": "Service Unavailable",
        "Milliseconds": [MS],
        "Outcome": "retried",
        "TraceId": "[TRACE]",
        "Consequence": "Postmark tries again up to 9 times within about 72 minutes (after 1, 5, 15, 1, 5, 10, 10, 10 and 15 minutes), then the event is lost",
        "Fix": "a proxy or load balancer answers in the endpoint's place: look whether the application runs and answers in time"
      }
    ],
    "Warnings": [
      "the address is inside this machine or network: Postmark itself could not reach it"
    ]
  }
]
--- exit 1
"#]]);
}

#[test]
fn several_webhooks_go_on_after_one_that_is_not_there() {
    let endpoint = Faulty::always(Step::status(200));
    let api = Faulty::new([
        Step::answer(200, webhook(5, &endpoint.url(), &["Open"])).only("GET", "/webhooks/5"),
        Step::refused(422, 1352, "The webhook for the provided 'ID' was not found.")
            .only("GET", "/webhooks/6"),
    ]);
    let mut env = TestEnv::with_api(api.url());
    time_is_hidden(&mut env);
    env.run("test 5 6").check(str![[r#"
ID  EVENT  OUTCOME    STATUS  MS[GAP]MESSAGE
5   open   delivered  200     [MS]OK
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
pmhooks: error: 1 of 2 webhooks could not be tested
  because cannot get webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 7
"#]]);
}

#[test]
fn a_webhook_that_is_not_there_is_not_found() {
    let api =
        Faulty::new([Step::refused(422, 1352, "The webhook for the provided 'ID' was not found.")]);
    TestEnv::with_api(api.url()).run("test 6").code(8);
}

#[test]
fn nothing_to_post_is_a_finding() {
    // torture 80
    let api = api(webhook(5, "https://hooks.example.com/", &[]));
    TestEnv::with_api(api.url()).run("test 5").check(str![[r#"
ID  EVENT  OUTCOME  STATUS  MS  MESSAGE
--- stderr
Nothing was posted.
pmhooks: warning: no trigger is on, so nothing was posted; name an event with --event
--- exit 1
"#]]);
    let none = Faulty::new([Step::answer(200, json!({"Webhooks": []}))]);
    TestEnv::with_api(none.url()).run("test --all").check(str![[r#"
--- stderr
pmhooks: error: there is no webhook to test
--- exit 8
"#]]);
}

#[test]
fn without_an_id_and_without_a_terminal_nothing_is_asked() {
    let api = Faulty::untouchable();
    TestEnv::with_api(api.url()).run("test").check(str![[r#"
--- stderr
pmhooks: error: the webhook's ID cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give the ID of a webhook, as `pmhooks list` shows it
--- exit 2
"#]]);
}

#[cfg(unix)]
#[test]
fn on_a_terminal_a_webhook_can_be_picked() {
    let endpoint = Faulty::always(Step::status(200));
    let hook = webhook(5, &endpoint.url(), &["Open"]);
    let api = Faulty::new([
        Step::answer(200, json!({"Webhooks": [hook]})).only("GET", "/webhooks"),
        Step::answer(200, hook_of(&endpoint)).only("GET", "/webhooks/5"),
    ]);
    let env = TestEnv::with_api(api.url());
    let mut pty = env.pty("test");
    pty.expect("Which webhook is to be tested?").key(Key::Enter);
    pty.expect("delivered");
    pty.finish().code(0);
}

#[cfg(unix)]
fn hook_of(endpoint: &Faulty) -> Value {
    webhook(5, &endpoint.url(), &["Open"])
}

#[test]
fn flags_that_make_no_sense_are_refused_before_anything_is_sent() {
    let endpoint = Faulty::untouchable();
    let env = TestEnv::with_api(endpoint.url());
    let url = endpoint.url();
    let file = env.file("list.json", "[1]").display().to_string();
    for args in [
        vec!["test", "5", "--event", "bounces"],
        vec!["test", "5", "--url", &url],
        vec!["test", "--all", "--url", &url],
        vec!["test", "5", "--all"],
        vec!["test", "5", "--on", "open"],
        vec!["test", "5", "--header", "X-A: 1"],
        vec!["test", "--url", "ftp://example.com/"],
        vec!["test", "--url", "file:///etc/passwd"],
        vec!["test", "--url", &url, "--header", "Host: evil.example"],
        vec!["test", "--url", &url, "--header", "Content-Length: 1"],
        vec!["test", "--url", &url, "--header", "transfer-encoding: chunked"],
        vec!["test", "--url", &url, "--header", "Connection: close"],
        vec!["test", "--url", &url, "--header", "X-A: \u{1}"],
        vec!["test", "--url", &url, "--username", "u"],
        vec!["test", "--url", &url, "--password", "-"],
        vec!["test", "--url", &url, "--bounce-type", "Nonsense"],
        vec!["test", "--url", &url, "--bounce-type", "Blocked", "--event", "open"],
        vec!["test", "--url", &url, "--attachment-size", "1MB", "--event", "open"],
        vec!["test", "--url", &url, "--attachment-size", "1TB"],
        vec!["test", "--url", &url, "--set", "Tag"],
        vec!["test", "--url", &url, "--set", "Nonsense=1"],
        vec!["test", "--url", &url, "--event", "open", "--set", "BouncedAt=1"],
        vec!["test", "--url", &url, "--set", "Client.Name.X=1"],
        vec!["test", "--url", &url, "--data", "missing.json"],
        vec!["test", "--url", &url, "--data", &file],
        vec!["test", "--url", &url, "--data", "-"],
        vec!["test", "--url", &url, "--data", &file, "--event", "open"],
        vec!["test", "--url", &url, "--print", "--curl"],
        vec!["test", "--url", &url, "--print", "-o", "tsv"],
        vec!["test", "--url", &url, "--curl", "-o", "json"],
        vec!["test", "--url", &url, "--concurrency", "0"],
        vec!["test", "--url", &url, "-o", "ids"],
        vec!["test", "--url", &url, "-o", "prometheus"],
    ] {
        let run = env.run(args.as_slice());
        assert_eq!(run.code, Some(2), "{args:?}\n{run}");
    }
}
