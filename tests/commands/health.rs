//! `health`: findings, their order, and what a monitoring system reads.

use crate::support::*;

fn hook(id: i64, status: &str, on: &[&str]) -> Value {
    let mut triggers = json!({});
    for trigger in on {
        triggers[*trigger] = json!({"Enabled": true});
    }
    let url = format!("https://u:pw-secret@hooks.example.com/{id}?key=key-secret&q=\"x\\y\"");
    json!({"ID": id, "Url": url, "MessageStream": "outbound", "Status": status, "Triggers": triggers,
        "HttpAuth": {"Username": "u", "Password": "auth-secret"},
        "HttpHeaders": [{"Name": "X-A", "Value": "header-secret"}]})
}

fn numbers(total: i64, rate: f64, slow: i64) -> Value {
    json!({"TotalRequests": total, "SuccessRate": rate, "FailureCount": 3, "RetryCount": 9,
        "SlowCount": slow, "VerySlowCount": 0, "AverageTerminalResponseTimeMs": 250})
}

fn statistics(statuses: Value, by_trigger: Value) -> Value {
    json!({"Statuses": statuses, "Metrics": numbers(100, 97.0, 2), "MetricsByTrigger": by_trigger})
}

/// A server with a webhook of every kind.
fn steps() -> Vec<Step> {
    let hooks = [
        hook(5, "verified", &["Delivery"]),
        hook(6, "verified", &["Bounce", "Delivery"]),
        hook(7, "unverified", &["Open"]),
        hook(8, "verified", &[]),
    ];
    let of = |id: i64, statistics: Value| {
        let path = format!("/webhooks/{id}/statistics");
        Step::answer(200, statistics).only("GET", &path).forever()
    };
    vec![
        Step::answer(200, json!({"Webhooks": hooks})).only("GET", "/webhooks").forever(),
        of(
            5,
            statistics(json!({"Delivery": "verified"}), json!({"Delivery": numbers(10, 100.0, 0)})),
        ),
        of(
            6,
            statistics(
                json!({"Bounce": "unverified", "Delivery": "verified"}),
                json!({"Bounce": numbers(10, 70.0, 0), "Delivery": numbers(90, 99.5, 20)}),
            ),
        ),
        of(7, statistics(json!({"Open": "unverified"}), json!({}))),
        of(8, json!({})),
    ]
}

#[test]
fn every_finding_has_a_line_and_a_fix() {
    let api = Faulty::new(steps());
    TestEnv::with_api(api.url()).run("health").check(str![[r#"
ID  STREAM    STATUS      TRIGGERS                       REQUESTS  SUCCESS  SLOW  FINDINGS
5   outbound  verified    delivery                       100       97%      2%    none
6   outbound  verified    delivery, bounce (unverified)  100       97%      2%    paused, slow, failing
7   outbound  unverified  open (unverified)              100       97%      2%    unverified
8   outbound  verified    none                           -         -        -     silent
--- stderr
error: webhook 6: bounce is unverified: its events are paused [paused]
  fix: `pmhooks test 6`, mend the endpoint, then `pmhooks verify 6`
warning: webhook 6: delivery: 22.2% of its answers are slow [slow]
  fix: answer at once and do the work afterwards
error: webhook 6: bounce: 70% of 10 requests succeeded, 3 failed; 99% are demanded [failing]
  fix: `pmhooks test 6`, and the endpoint's log; `pmhooks stats 6` has more
error: webhook 7: it is not verified: it gets no events [unverified]
  fix: `pmhooks test 7`, mend the endpoint, then `pmhooks verify 7`
warning: webhook 8: no trigger is on: it gets nothing [silent]
  fix: `pmhooks edit 8 --on TRIGGER,...`, or `pmhooks delete 8`
--- exit 1
"#]]);
}

#[test]
fn colour_is_colour_and_never_written_out() {
    let api = Faulty::new(steps());
    let run = TestEnv::with_api(api.url()).run("health --color always");
    run.code(1);
    assert!(run.stderr.contains("\x1b[31merror:\x1b[0m webhook 6: bounce"), "{run}");
    assert!(run.stderr.contains("  \x1b[1mfix:\x1b[0m `pmhooks test 6`"), "{run}");
    assert!(!run.stderr.contains("\\u{1b}"), "{run}");
}

#[test]
fn the_json_has_the_documented_shape() {
    let api = Faulty::new(steps());
    let env = TestEnv::with_api(api.url());
    let report = env.run("health -o json").code(1).json();
    let rules: Vec<_> = report["Findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            format!("{} {} {}", f["ID"], f["Level"].as_str().unwrap(), f["Rule"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        rules,
        [
            "6 error paused",
            "6 warning slow",
            "6 error failing",
            "7 error unverified",
            "8 warning silent"
        ]
    );
    let keys: Vec<_> =
        report["Findings"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["Rule", "Level", "ID", "Url", "MessageStream", "Profile", "Message", "Fix"]);
    assert_eq!(report["Findings"][0]["Profile"], Value::Null);
    assert_eq!(
        report["Summary"],
        json!({"Errors": 3, "Warnings": 2, "Infos": 0, "Webhooks": 4, "Healthy": 1, "Unread": 0})
    );
    assert_eq!(report["Webhooks"][0]["Triggers"][0]["TotalRequests"], 10);
}

#[test]
fn triggers_streams_and_demands_narrow_it_down() {
    let mut all = steps();
    all.push(Step::answer(200, json!({})).only("GET", "/nothing").times(0));
    let api = Faulty::new(all).may_be_unused();
    let env = TestEnv::with_api(api.url());
    env.run("health --on delivery --min-success 99 -o ids").check(str![[r#"
6
--- stderr
warning: webhook 6: delivery: 22.2% of its answers are slow [slow]
  fix: answer at once and do the work afterwards
--- exit 1
"#]]);
    env.run("health --on bounce --min-success 50 -o json").code(1).has("paused").lacks("failing");
    env.run("health --on spam-complaint").check(str![[r#"
ID  STREAM  STATUS  TRIGGERS  REQUESTS  SUCCESS  SLOW  FINDINGS
--- stderr
No webhooks here.
warning: there is no webhook to look at [no-webhooks]
  fix: `pmhooks list` shows what is there, `pmhooks whoami` which server this is
--- exit 1
"#]]);
    env.run("health --stream outbound -o ids").code(1);
    let asked = api.requests().into_iter().filter(|r| r.path == "/webhooks?MessageStream=outbound");
    assert_eq!(asked.count(), 1);
    for bad in [
        "health --min-success 101",
        "health --min-success x",
        "health --on nonsense",
        "health --concurrency 0",
    ] {
        env.run(bad).code(2);
    }
}

#[test]
fn all_is_well_ends_with_0() {
    let api = Faulty::new([
        Step::answer(200, json!({"Webhooks": [hook(5, "verified", &["Delivery"])]})),
        Step::answer(200, statistics(json!({"Delivery": "verified"}), json!({}))),
    ]);
    TestEnv::with_api(api.url()).run("health").check(str![[r#"
ID  STREAM    STATUS    TRIGGERS  REQUESTS  SUCCESS  SLOW  FINDINGS
5   outbound  verified  delivery  100       97%      2%    none
"#]]);
}

#[test]
fn a_server_without_webhooks_is_a_finding() {
    // torture 80: whoever watches webhooks expects some.
    let api = Faulty::always(Step::answer(200, json!({"Webhooks": []})));
    let env = TestEnv::with_api(api.url());
    env.run("health").check(str![[r#"
ID  STREAM  STATUS  TRIGGERS  REQUESTS  SUCCESS  SLOW  FINDINGS
--- stderr
No webhooks here.
warning: there is no webhook to look at [no-webhooks]
  fix: `pmhooks list` shows what is there, `pmhooks whoami` which server this is
--- exit 1
"#]]);
    assert_eq!(env.run("health -o json").code(1).json()["Findings"][0]["ID"], Value::Null);
}

#[test]
fn what_could_not_be_read_is_said_and_ends_with_7() {
    let api = Faulty::new([
        Step::answer(
            200,
            json!({"Webhooks": [hook(5, "verified", &["Delivery"]), hook(6, "verified", &["Open"])]}),
        ),
        Step::answer(200, json!({})).only("GET", "/webhooks/5/statistics"),
        Step::status(503).only("GET", "/webhooks/6/statistics"),
    ]);
    TestEnv::with_api(api.url()).run("health --retries 0").check(str![[r#"
ID  STREAM    STATUS    TRIGGERS  REQUESTS  SUCCESS  SLOW  FINDINGS
5   outbound  verified  delivery  -         -        -     none
--- stderr
pmhooks: error: 1 of 2 webhooks could not be looked at
  because cannot get the statistics of webhook 6 of the server of POSTMARK_SERVER_TOKEN: 127.0.0.1:[PORT] answered 503
  hint: try again later; https://status.postmarkapp.com says how Postmark is
--- exit 7
"#]]);
}

#[test]
fn nothing_read_at_all_is_unreachable() {
    let api = Faulty::new([
        Step::answer(200, json!({"Webhooks": [hook(5, "verified", &["Open"])]})),
        Step::status(503),
    ]);
    TestEnv::with_api(api.url()).run("health --retries 0").code(6);
}

#[test]
fn requests_overlap_and_the_order_stays() {
    let hooks: Vec<_> = (1..=16).map(|id| hook(id, "unverified", &["Open"])).collect();
    let api = Faulty::new([
        Step::answer(200, json!({"Webhooks": hooks})).only("GET", "/webhooks"),
        Step::answer(200, json!({})).delay(Duration::from_millis(250)).forever(),
    ]);
    let run = TestEnv::with_api(api.url()).run("health -o ids");
    run.code(1).within(Duration::from_millis(3500));
    let ids: Vec<_> = (1..=16).map(|id| id.to_string()).collect();
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), ids);
}

#[test]
fn metrics_are_prometheus_text_without_secrets() {
    let api = Faulty::new(steps());
    let env = TestEnv::with_api(api.url());
    let run = env.run("health -o prometheus -q");
    run.check(str![[r##"
# HELP pmhooks_webhooks_unread Webhooks that could not be looked at.
# TYPE pmhooks_webhooks_unread gauge
pmhooks_webhooks_unread{profile=""} 0
# HELP pmhooks_findings How much pmhooks health found.
# TYPE pmhooks_findings gauge
pmhooks_findings{profile=""} 5
# HELP pmhooks_webhook_findings What was found of a webhook, by rule.
# TYPE pmhooks_webhook_findings gauge
pmhooks_webhook_findings{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",rule="paused"} 1
pmhooks_webhook_findings{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",rule="slow"} 1
pmhooks_webhook_findings{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",rule="failing"} 1
pmhooks_webhook_findings{profile="",id="7",stream="outbound",url="https://u:********@hooks.example.com/7?key=********&q=\"x\\y\"",rule="unverified"} 1
pmhooks_webhook_findings{profile="",id="8",stream="outbound",url="https://u:********@hooks.example.com/8?key=********&q=\"x\\y\"",rule="silent"} 1
# HELP pmhooks_webhook_verified Whether Postmark has verified the webhook.
# TYPE pmhooks_webhook_verified gauge
pmhooks_webhook_verified{profile="",id="5",stream="outbound",url="https://u:********@hooks.example.com/5?key=********&q=\"x\\y\""} 1
pmhooks_webhook_verified{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\""} 1
pmhooks_webhook_verified{profile="",id="7",stream="outbound",url="https://u:********@hooks.example.com/7?key=********&q=\"x\\y\""} 0
pmhooks_webhook_verified{profile="",id="8",stream="outbound",url="https://u:********@hooks.example.com/8?key=********&q=\"x\\y\""} 1
# HELP pmhooks_trigger_verified Whether the trigger is verified; if not, its events are paused.
# TYPE pmhooks_trigger_verified gauge
pmhooks_trigger_verified{profile="",id="5",stream="outbound",url="https://u:********@hooks.example.com/5?key=********&q=\"x\\y\"",trigger="Delivery"} 1
pmhooks_trigger_verified{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Delivery"} 1
pmhooks_trigger_verified{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Bounce"} 0
pmhooks_trigger_verified{profile="",id="7",stream="outbound",url="https://u:********@hooks.example.com/7?key=********&q=\"x\\y\"",trigger="Open"} 0
# HELP pmhooks_trigger_requests Requests of the last 24 hours.
# TYPE pmhooks_trigger_requests gauge
pmhooks_trigger_requests{profile="",id="5",stream="outbound",url="https://u:********@hooks.example.com/5?key=********&q=\"x\\y\"",trigger="Delivery"} 10
pmhooks_trigger_requests{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Delivery"} 90
pmhooks_trigger_requests{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Bounce"} 10
# HELP pmhooks_trigger_failures Failed requests of the last 24 hours.
# TYPE pmhooks_trigger_failures gauge
pmhooks_trigger_failures{profile="",id="5",stream="outbound",url="https://u:********@hooks.example.com/5?key=********&q=\"x\\y\"",trigger="Delivery"} 3
pmhooks_trigger_failures{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Delivery"} 3
pmhooks_trigger_failures{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Bounce"} 3
# HELP pmhooks_trigger_retries Repeated requests of the last 24 hours.
# TYPE pmhooks_trigger_retries gauge
pmhooks_trigger_retries{profile="",id="5",stream="outbound",url="https://u:********@hooks.example.com/5?key=********&q=\"x\\y\"",trigger="Delivery"} 9
pmhooks_trigger_retries{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Delivery"} 9
pmhooks_trigger_retries{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Bounce"} 9
# HELP pmhooks_trigger_success_ratio Share of requests of the last 24 hours that succeeded.
# TYPE pmhooks_trigger_success_ratio gauge
pmhooks_trigger_success_ratio{profile="",id="5",stream="outbound",url="https://u:********@hooks.example.com/5?key=********&q=\"x\\y\"",trigger="Delivery"} 1
pmhooks_trigger_success_ratio{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Delivery"} 0.995
pmhooks_trigger_success_ratio{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Bounce"} 0.7
# HELP pmhooks_trigger_slow_ratio Share of answers of the last 24 hours that were slow.
# TYPE pmhooks_trigger_slow_ratio gauge
pmhooks_trigger_slow_ratio{profile="",id="5",stream="outbound",url="https://u:********@hooks.example.com/5?key=********&q=\"x\\y\"",trigger="Delivery"} 0
pmhooks_trigger_slow_ratio{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Delivery"} 0.2222222222222222
pmhooks_trigger_slow_ratio{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Bounce"} 0
# HELP pmhooks_trigger_response_seconds Average time of an answer in the last 24 hours.
# TYPE pmhooks_trigger_response_seconds gauge
pmhooks_trigger_response_seconds{profile="",id="5",stream="outbound",url="https://u:********@hooks.example.com/5?key=********&q=\"x\\y\"",trigger="Delivery"} 0.25
pmhooks_trigger_response_seconds{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Delivery"} 0.25
pmhooks_trigger_response_seconds{profile="",id="6",stream="outbound",url="https://u:********@hooks.example.com/6?key=********&q=\"x\\y\"",trigger="Bounce"} 0.25
--- exit 1
"##]]);
    for secret in ["pw-secret", "key-secret", "auth-secret", "header-secret", TOKEN] {
        run.lacks(secret);
    }
}

#[cfg(unix)]
#[test]
fn promtool_has_nothing_to_say_about_the_metrics() {
    if !std::path::Path::new("/usr/bin/promtool").exists() {
        println!("skipped: promtool is not installed");
        return;
    }
    let api = Faulty::new(steps());
    let env = TestEnv::with_api(api.url());
    env.shell("pmhooks health -o prometheus -q | promtool check metrics").run().check(str![""]);
}

#[test]
fn only_health_speaks_prometheus() {
    let env = TestEnv::with_api(Faulty::untouchable().url());
    for command in ["list", "get 5", "stats 5", "verify 5", "whoami", "streams", "delete 5 --yes"] {
        env.run(format!("{command} -o prometheus")).code(2).has("pmhooks health");
    }
}

#[test]
fn headings_stay_whole_on_a_terminal_of_80_columns() {
    let api = Faulty::new(steps());
    let env = TestEnv::with_api(api.url());
    env.pty("health -q --color never").finish().check(str![[r#"
┌──┬────────┬──────────┬────────────────┬────────┬───────┬────┬────────────────┐
│ID┆STREAM  ┆STATUS    ┆TRIGGERS        ┆REQUESTS┆SUCCESS┆SLOW┆FINDINGS        │
╞══╪════════╪══════════╪════════════════╪════════╪═══════╪════╪════════════════╡
│5 ┆outbound┆verified  ┆delivery        ┆100     ┆97%    ┆2%  ┆none            │
│6 ┆outbound┆verified  ┆delivery, bounce┆100     ┆97%    ┆2%  ┆paused, slow,   │
│  ┆        ┆          ┆(unverified)    ┆        ┆       ┆    ┆failing         │
│7 ┆outbound┆unverified┆open            ┆100     ┆97%    ┆2%  ┆unverified      │
│  ┆        ┆          ┆(unverified)    ┆        ┆       ┆    ┆                │
│8 ┆outbound┆verified  ┆none            ┆-       ┆-      ┆-   ┆silent          │
└──┴────────┴──────────┴────────────────┴────────┴───────┴────┴────────────────┘
--- exit 1
"#]]);
}

#[test]
fn a_fix_is_for_the_address_and_the_configuration_of_the_run() {
    let api = Faulty::new(steps());
    let env = TestEnv::with_api(api.url());
    env.file("other.toml", "");
    let target = format!("--config other.toml --api-url {}", api.url());
    let run = env.run(format!("health {target} -o json"));
    let fix = run.code(1).json()["Findings"][0]["Fix"].clone();
    let expected =
        format!("`pmhooks {target} test 6`, mend the endpoint, then `pmhooks {target} verify 6`");
    assert_eq!(fix, expected);
}
