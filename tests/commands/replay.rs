//! `replay`: what is sent again, in which order, to whom; what is passed over; how it ends.

mod ending;
mod reading;

use crate::support::*;

/// A line as `listen` records it.
fn record(time: &str, trace: &str, body: &str) -> String {
    let record = json!({
        "Time": time, "Method": "POST", "Path": "/recorded?path=1",
        "Headers": [
            {"Name": "Host", "Value": "recorded.example.com"},
            {"Name": "User-Agent", "Value": "Postmark"},
            {"Name": "Content-Type", "Value": "application/json"},
            {"Name": "X-PM-Webhook-Trace-Id", "Value": trace},
            {"Name": "X-PM-Retries-Remaining", "Value": "4"},
            {"Name": "X-PM-Webhook-Event-Id", "Value": "26140650676"},
            {"Name": "X-Env", "Value": "recorded"},
        ],
        "Body": body,
    });
    format!("{record}\n")
}

const BOUNCE: &str =
    "{ \"RecordType\" : \"Bounce\", \"Type\":\"HardBounce\",\n \"Email\":\"gone@example.com\"}\n";
const DELIVERY: &str = r#"{"RecordType":"Delivery","Recipient":"kim@example.com"}"#;
const OPEN: &str = r#"{"RecordType":"Open","Recipient":"lee@example.com","Geo":{"City":"Malmö"}}"#;

/// A bounce at nine, a delivery at ten, an open at eleven.
fn three() -> String {
    let line = |hour: u8, trace: &str, body: &str| {
        record(&format!("2026-11-20T{hour:02}:00:00.000Z"), trace, body)
    };
    [line(9, "trace-1", BOUNCE), line(10, "trace-2", DELIVERY), line(11, "trace-3", OPEN)].concat()
}

/// A world with a file of three events.
fn world() -> TestEnv {
    let mut env = TestEnv::new();
    time_is_hidden(&mut env);
    env.file("events.jsonl", three());
    env
}

/// Milliseconds differ from run to run, and with them the width of their column.
fn time_is_hidden(env: &mut TestEnv) {
    let outcomes = "delivered|failed";
    env.redact("[MS]", &format!("(?:{outcomes}) +(?:[0-9]{{3}}|-) +(?<redacted>[0-9]+ +)"));
    env.redact("[GAP]", "MS(?<redacted> +)MESSAGE");
    env.redact("[MS]", r#""Milliseconds":(?<redacted> ?[0-9]+)"#);
}

fn replay(env: &TestEnv, endpoint: &Faulty, flags: &str) -> Transcript {
    env.run(format!("replay events.jsonl --to {} {flags}", endpoint.url()))
}

/// The traces of what an endpoint got.
fn traces(endpoint: &Faulty) -> Vec<String> {
    let requests = endpoint.requests();
    requests.iter().map(|r| r.header("X-PM-Webhook-Trace-Id").unwrap().to_owned()).collect()
}

#[test]
fn each_event_is_sent_again_as_it_came_and_in_order() {
    let endpoint = Faulty::always(Step::status(200));
    let env = world();
    let url = endpoint.url().replace("http://", "http://user:pass@") + "/a//b?x=%2f&y=1";
    let args = ["replay", "events.jsonl", "--to", &url, "--header", "X-Env: staging"];
    env.run(args).check(str![[r#"
LINE  EVENT     RECIPIENT         OUTCOME    STATUS  MS[GAP]MESSAGE
1     bounce    gone@example.com  delivered  200     [MS]OK
2     delivery  kim@example.com   delivered  200     [MS]OK
3     open      lee@example.com   delivered  200     [MS]OK
--- stderr
Sent 3 events to http://user:********@127.0.0.1:[PORT]/a//b?x=%2f&y=1: 3 delivered.
"#]]);
    let requests = endpoint.requests();
    let bodies: Vec<_> = requests.iter().map(Recorded::text).collect();
    assert_eq!(bodies, [BOUNCE, DELIVERY, OPEN], "to the byte, in order");
    assert_eq!(traces(&endpoint), ["trace-1", "trace-2", "trace-3"]);
    for request in &requests {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/a//b?x=%2f&y=1"));
        for (name, value) in [
            ("Host", endpoint.address().to_string().as_str()),
            ("User-Agent", "Postmark"),
            ("Content-Type", "application/json"),
            ("Authorization", "Basic dXNlcjpwYXNz"),
            ("X-PM-Retries-Remaining", "4"),
            ("X-PM-Webhook-Event-Id", "26140650676"),
            ("X-Env", "staging"),
        ] {
            assert_eq!(request.header(name), Some(value), "{name}\n{request:?}");
        }
    }
    assert_eq!(endpoint.connections(), 1, "they share a connection");
}

#[test]
fn a_webhooks_own_credentials_and_headers_are_sent() {
    // torture 20
    let endpoint = Faulty::always(Step::status(200));
    let mut hook = webhook(5);
    hook["Url"] = json!(format!("{}/pm", endpoint.url()));
    let api = Faulty::new([serves(&hook)]);
    let canaries = Canaries::new();
    let mut env = world();
    env.api(api.url()).token(&canaries.token);
    let run = env.run("replay events.jsonl --to 5 --event bounce,open -vv");
    run.code(0).lacks("secret-password");
    assert_eq!(api.log(), "GET /webhooks/5");
    assert_eq!(traces(&endpoint), ["trace-1", "trace-3"]);
    for request in endpoint.requests() {
        assert_eq!(request.path, "/pm");
        assert_eq!(request.header("X-Env"), Some("staging"));
        let basic = "Basic cG9zdG1hcms6c2VjcmV0LXBhc3N3b3Jk";
        assert_eq!(request.header("Authorization"), Some(basic));
        canaries.assert_clean(&request.raw);
    }
}

#[test]
fn a_secret_of_the_flags_is_sent_and_never_shown() {
    let endpoint = Faulty::always(Step::status(200));
    let mut env = world();
    env.env("HOOK_PASSWORD", "pass-canary").env("HOOK_KEY", "key-canary");
    let flags = "--username u --password env:HOOK_PASSWORD --secret-header X-Key=env:HOOK_KEY -vv";
    replay(&env, &endpoint, flags).code(0).lacks("canary").lacks("dTpwYXNzLWNhbmFyeQ==");
    let request = endpoint.requests().remove(0);
    assert_eq!(request.header("Authorization"), Some("Basic dTpwYXNzLWNhbmFyeQ=="));
    assert_eq!(request.header("X-Key"), Some("key-canary"));
}

#[test]
fn events_are_chosen_by_kind_by_time_and_by_line() {
    let env = world();
    for (flags, expected) in [
        ("--event delivery", "trace-2"),
        ("--event all", "trace-1 trace-2 trace-3"),
        ("--since 2026-11-20T10:00:00Z", "trace-2 trace-3"),
        ("--since 2026-11-20T12:00:00+01:00", "trace-3"),
        ("--until 2026-11-20T10:00:00Z", "trace-1"),
        ("--since 2026-11-20 --until 2026-11-21", "trace-1 trace-2 trace-3"),
        ("--from-line 3", "trace-3"),
        ("--from-line 2 --event bounce,open", "trace-3"),
    ] {
        let endpoint = Faulty::always(Step::status(200));
        replay(&env, &endpoint, flags).code(0);
        assert_eq!(traces(&endpoint).join(" "), expected, "{flags}");
    }
}

#[test]
fn the_json_has_its_shape() {
    let endpoint = Faulty::new([Step::status(200), Step::status(422), Step::status(503)]);
    let mut env = world();
    env.file("events.jsonl", three() + "torn");
    env.redact("[FIX]", r#""Fix": "(?<redacted>[^"]+)"#);
    replay(&env, &endpoint, "-o json").check(str![[r#"
{
  "File": "events.jsonl",
  "Url": "http://127.0.0.1:[PORT]",
  "Results": [
    {
      "Line": 1,
      "Time": "2026-11-20T09:00:00.000Z",
      "Event": "Bounce",
      "Recipient": "gone@example.com",
      "TraceId": "trace-1",
      "Success": true,
      "StatusCode": 200,
      "Message": "OK",
      "Milliseconds": [MS],
      "Outcome": "Delivered"
    },
    {
      "Line": 2,
      "Time": "2026-11-20T10:00:00.000Z",
      "Event": "Delivery",
      "Recipient": "kim@example.com",
      "TraceId": "trace-2",
      "Success": false,
      "StatusCode": 422,
      "Message": "Unprocessable Entity",
      "Milliseconds": [MS],
      "Outcome": "Failed",
      "Fix": "[FIX]"
    },
    {
      "Line": 3,
      "Time": "2026-11-20T11:00:00.000Z",
      "Event": "Open",
      "Recipient": "lee@example.com",
      "TraceId": "trace-3",
      "Success": false,
      "StatusCode": 503,
      "Message": "Service Unavailable",
      "Milliseconds": [MS],
      "Outcome": "Failed",
      "Fix": "[FIX]"
    }
  ],
  "Damaged": [
    {
      "Line": 4,
      "Message": "not a JSON object"
    }
  ],
  "Summary": {
    "Events": 3,
    "Delivered": 1,
    "Failed": 2,
    "LeftOut": 0,
    "Damaged": 1,
    "Unlisted": 0,
    "NextLine": null
  }
}
--- stderr
pmhooks: warning: line 4: not a JSON object
--- exit 1
"#]]);
}

#[test]
fn json_lines_come_one_by_one_with_the_sum_at_the_end() {
    let endpoint = Faulty::always(Step::status(200));
    let env = world();
    let run = replay(&env, &endpoint, "-o jsonl --event bounce,open");
    run.check(str![[r#"
{"Line":1,"Time":"2026-11-20T09:00:00.000Z","Event":"Bounce","Recipient":"gone@example.com","TraceId":"trace-1","Success":true,"StatusCode":200,"Message":"OK","Milliseconds":[MS],"Outcome":"Delivered"}
{"Line":3,"Time":"2026-11-20T11:00:00.000Z","Event":"Open","Recipient":"lee@example.com","TraceId":"trace-3","Success":true,"StatusCode":200,"Message":"OK","Milliseconds":[MS],"Outcome":"Delivered"}
{"File":"events.jsonl","Url":"http://127.0.0.1:[PORT]","Damaged":[],"Summary":{"Events":2,"Delivered":2,"Failed":0,"LeftOut":1,"Damaged":0,"Unlisted":0,"NextLine":null}}
"#]]);
}

#[test]
fn a_dry_run_sends_nothing() {
    let endpoint = Faulty::untouchable();
    let env = world();
    replay(
        &env,
        &endpoint,
        "--dry-run --event bounce,open --columns line,time,event,recipient,trace",
    )
    .check(str![[r#"
LINE  TIME                      EVENT   RECIPIENT         TRACE
1     2026-11-20T09:00:00.000Z  bounce  gone@example.com  trace-1
3     2026-11-20T11:00:00.000Z  open    lee@example.com   trace-3
--- stderr
Dry run: nothing was sent. 2 events would go to http://127.0.0.1:[PORT]; 1 not selected.
"#]]);
    let report = replay(&env, &endpoint, "--dry-run -o json").code(0).json();
    assert_eq!((&report["DryRun"], &report["Summary"]["Events"]), (&json!(true), &json!(3)));
    assert_eq!(report["Results"][0]["StatusCode"], Value::Null);
}

#[test]
fn events_are_chosen_by_trace_id_and_recipient() {
    let env = world();
    for (flags, expected) in [
        ("--trace trace-2", "trace-2"),
        ("--trace trace-3 --trace trace-1", "trace-1 trace-3"),
        ("--recipient KIM@example.com", "trace-2"),
        ("--recipient kim@example.com --recipient gone@example.com", "trace-1 trace-2"),
        ("--recipient kim@example.com --trace trace-2 --event delivery", "trace-2"),
    ] {
        let endpoint = Faulty::always(Step::status(200));
        replay(&env, &endpoint, flags).code(0);
        assert_eq!(traces(&endpoint).join(" "), expected, "{flags}");
    }
    let endpoint = Faulty::untouchable();
    for flags in ["--trace trace", "--recipient im@example.com", "--trace trace-1 --event open"] {
        replay(&env, &endpoint, flags).code(1).has("no event of events.jsonl is selected");
    }
}

#[test]
fn a_record_is_listed_with_one_line_per_event() {
    let mut env = world();
    env.run("replay events.jsonl --list").check(str![[r#"
LINE  TIME                      EVENT     RECIPIENT         TRACE
1     2026-11-20T09:00:00.000Z  bounce    gone@example.com  trace-1
2     2026-11-20T10:00:00.000Z  delivery  kim@example.com   trace-2
3     2026-11-20T11:00:00.000Z  open      lee@example.com   trace-3
--- stderr
3 events.
"#]]);
    env.run("replay events.jsonl --list --event open,bounce --until 2026-11-20T10:00:00Z -q")
        .check(str![[r#"
LINE  TIME                      EVENT   RECIPIENT         TRACE
1     2026-11-20T09:00:00.000Z  bounce  gone@example.com  trace-1
"#]]);
    let list = env.run("replay events.jsonl --list --recipient lee@example.com -o jsonl");
    list.check(str![[r#"
{"Line":3,"Time":"2026-11-20T11:00:00.000Z","Event":"Open","Recipient":"lee@example.com","TraceId":"trace-3"}
{"File":"events.jsonl","Damaged":[],"Summary":{"Events":1,"Delivered":0,"Failed":0,"LeftOut":2,"Damaged":0,"Unlisted":0,"NextLine":null}}
"#]]);
    let list = env.run("replay events.jsonl --list -o json").code(0).json();
    assert_eq!((&list["Url"], &list["DryRun"]), (&Value::Null, &Value::Null));
    env.file("events.jsonl", three() + "torn");
    env.run("replay events.jsonl --list --columns line").check(str![[r#"
LINE
1
2
3
--- stderr
3 events.
pmhooks: error: not all of events.jsonl was listed: 1 line is damaged
  because line 4: not a JSON object
--- exit 7
"#]]);
    env.run("replay events.jsonl --list --dry-run").code(2);
    env.api(Faulty::untouchable().url()).token(TOKEN);
    env.run("replay events.jsonl --list --to 5").code(7).has("trace-3");
}

#[test]
fn a_rebuilt_event_is_marked() {
    let env = world();
    let mut line: Value =
        serde_json::from_str(&record("2026-11-20T09:00:00Z", "t", BOUNCE)).unwrap();
    line["Rebuilt"] = json!({"From": "bounces"});
    env.file("events.jsonl", format!("{line}\n{}", record("2026-11-20T09:00:00Z", "u", OPEN)));
    let endpoint = Faulty::always(Step::status(200));
    replay(&env, &endpoint, "").code(0);
    let requests = endpoint.requests();
    let marks: Vec<_> = requests.iter().map(|r| r.header("x-pmhooks-rebuilt")).collect();
    assert_eq!(marks, [Some("true"), None]);
}

#[test]
fn a_rate_is_kept() {
    let endpoint = Faulty::always(Step::status(200));
    replay(&world(), &endpoint, "--rate 4/s --concurrency 3").code(0);
    let times: Vec<_> = endpoint.requests().iter().map(|r| r.at).collect();
    let pauses: Vec<_> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    assert!(pauses.iter().all(|pause| *pause > Duration::from_millis(200)), "{pauses:?}");
}

#[test]
fn several_at_a_time_are_faster_and_still_reported_in_order() {
    let endpoint = Faulty::new([
        Step::status(200).delay(Duration::from_millis(600)),
        Step::status(200).delay(Duration::from_millis(300)),
        Step::status(200),
    ]);
    let run = replay(&world(), &endpoint, "--concurrency 3 -o json");
    let lines: Vec<_> =
        run.json()["Results"].as_array().unwrap().iter().map(|r| r["Line"].clone()).collect();
    assert_eq!(lines, [1, 2, 3]);
    let requests = endpoint.requests();
    assert!(requests[2].at < Duration::from_millis(500) + requests[0].at, "they overlap");
}

#[test]
fn flags_that_make_no_sense_are_refused_before_anything_is_sent() {
    let endpoint = Faulty::untouchable();
    let env = world();
    let url = endpoint.url();
    for flags in [
        "events.jsonl",
        "--to URL",
        "events.jsonl --to 0",
        "events.jsonl --to nonsense",
        "events.jsonl --to ftp://example.com/",
        "events.jsonl --to 5 --header X-A:1",
        "events.jsonl --to 5 --username u --password env:HOME",
        "events.jsonl --to URL --password env:HOME",
        "events.jsonl --to URL --header Host:evil.example",
        "events.jsonl --to URL --event bounces",
        "events.jsonl --to URL --since yesterday",
        "events.jsonl --to URL --rate 0/s",
        "events.jsonl --to URL --concurrency 0",
        "events.jsonl --to URL -o ids",
        "events.jsonl --to URL --columns nonsense",
        "- --to URL --username u --password -",
    ] {
        let run = env.run(format!("replay {}", flags.replace("URL", &url)));
        assert_eq!(run.code, Some(2), "{flags}\n{run}");
    }
}
