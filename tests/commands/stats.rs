//! `stats`: Postmark's numbers, as they are.

use crate::support::*;

fn statistics() -> Value {
    let numbers = |total: i64, failed: i64, retry: Value| {
        json!({"TotalRequests": total, "SuccessCount": total - failed, "FailureCount": failed,
            "RetryCount": 3, "SuccessRate": 95.5, "SlowCount": 7, "VerySlowCount": 1,
            "AverageTerminalResponseTimeMs": 210, "AverageRetryResponseTimeMs": retry})
    };
    json!({
        "WebhookId": 5, "ServerId": 77, "MessageStreamId": "outbound",
        "Url": "https://u:pw@hooks.example.com/?key=abc", "NewKey": {"Kept": true},
        "Statuses": {"Bounce": "unverified", "Delivery": "verified"},
        "TimeRange": {"StartTime": "2026-11-20T08:15:00Z", "EndTime": "2026-11-21T08:15:00Z", "Hours": 24},
        "Metrics": numbers(420, 21, json!(1400)),
        "MetricsByTrigger": {"Bounce": numbers(42, 21, json!(1400)), "Telepathy": numbers(1, 0, Value::Null)},
    })
}

fn server() -> Faulty {
    Faulty::always(Step::answer(200, statistics()).only("GET", "/webhooks/5/statistics"))
}

#[test]
fn a_table_has_a_row_per_trigger_and_one_for_all() {
    let api = server();
    TestEnv::with_api(api.url()).run("stats 5").check(str![[r#"
ID  TRIGGER    STATUS      REQUESTS  SUCCESS  FAILURES  RETRIES  SLOW  VERY-SLOW  MS   RETRY-MS
5   delivery   verified    -         -        -         -        -     -          -    -
5   bounce     unverified  42        95.5%    21        3        7     1          210  1400
5   Telepathy  -           1         95.5%    0         3        7     1          210  -
5   all        -           420       95.5%    21        3        7     1          210  1400
"#]]);
}

#[test]
fn json_is_postmarks_own_with_all_its_keys() {
    let api = server();
    let mut expected = statistics();
    expected["Url"] = json!("https://u:********@hooks.example.com/?key=********");
    assert_eq!(
        TestEnv::with_api(api.url()).run("stats 5 -o json").code(0).json(),
        json!([expected])
    );
}

#[test]
fn what_is_missing_is_a_dash() {
    let api = Faulty::new([Step::answer(200, json!({"WebhookId": 5}))]);
    TestEnv::with_api(api.url()).run("stats 5").check(str![[r#"
ID  TRIGGER  STATUS  REQUESTS  SUCCESS  FAILURES  RETRIES  SLOW  VERY-SLOW  MS  RETRY-MS
5   all      -       -         -        -         -        -     -          -   -
"#]]);
}

#[test]
fn one_that_is_not_there_does_not_hide_the_others() {
    let api = Faulty::new([
        Step::answer(200, statistics()).only("GET", "/webhooks/5/statistics"),
        Step::refused(422, 1352, "The webhook for the provided 'ID' was not found.")
            .only("GET", "/webhooks/6/statistics"),
    ]);
    TestEnv::with_api(api.url()).run("stats 6 5 --columns id,trigger").check(str![[r#"
ID  TRIGGER
5   delivery
5   bounce
5   Telepathy
5   all
--- stderr
pmhooks: error: 1 of 2 webhooks could not be shown
  because cannot get the statistics of webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 7
"#]]);
}

#[test]
fn an_empty_server_has_no_statistics() {
    let api = Faulty::always(Step::answer(200, json!({"Webhooks": []})));
    let env = TestEnv::with_api(api.url());
    env.run("stats --all -o json").check(str!["[]"]);
}

#[test]
fn the_older_api_has_none() {
    let env = TestEnv::new();
    let sandbox = env.spawn("sandbox serve --port 0 --memory --age old");
    let url = sandbox.wait_for_url();
    let mut env = TestEnv::with_api(url);
    env.token(TOKEN);
    let create = "create --url https://hooks.example.com/ --on open -o json";
    let id = env.run(create).code(0).json()["ID"].to_string();
    for command in [format!("stats {id}"), "stats --all".to_owned(), "health".to_owned()] {
        env.run(&command).check(str![[r#"
--- stderr
pmhooks: error: this API has no statistics of webhooks: it is older than August 2026
--- exit 5
"#]]);
    }
    env.run(format!("verify {id}")).code(5);
    sandbox.interrupt();
    sandbox.finish().code(0);
}

#[test]
fn an_answer_that_is_not_an_object_is_not_believed() {
    let api = Faulty::new([Step::answer(200, json!([1]))]);
    TestEnv::with_api(api.url()).run("stats 5").code(6);
}
