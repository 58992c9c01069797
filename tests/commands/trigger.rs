//! `trigger`: real events, on the sandbox and on a stand-in that answers as Postmark's documents say.

use crate::support::*;

/// A sandbox with an endpoint on loopback that answers `status`.
fn sandbox(status: u16) -> (Sandboxed, Faulty) {
    let sandbox = Sandboxed::new("");
    let endpoint = Faulty::new([Step::status(status).forever()]).may_be_unused();
    (sandbox, endpoint)
}

/// Creates a verified webhook for the endpoint.
fn create(sandbox: &Sandboxed, endpoint: &Faulty, on: &str) {
    let url = endpoint.url();
    sandbox.env.run(format!("create --url {url}/pm --on {on} -q -o ids")).code(0);
}

fn made_up(mut env: TestEnv) -> TestEnv {
    env.redact("[HEX]", "pmhooks-[0-9a-f]{8}");
    env
}

#[test]
fn every_event_reaches_the_endpoint_on_the_sandbox() {
    let (mut sandbox, endpoint) = sandbox(200);
    sandbox.env.redact("[HEX]", "pmhooks-[0-9a-f]{8}");
    create(&sandbox, &endpoint, "all");
    sandbox.env.run("trigger smtp-api-error").code(1);
    sandbox.env.run("server edit --smtp-api-error-hooks true --yes").code(0);
    for event in [
        "bounce",
        "delivery",
        "open",
        "click",
        "spam-complaint",
        "subscription-change",
        "smtp-api-error",
    ] {
        let run = sandbox.env.run(format!("trigger {event} -o json"));
        let report = run.code(0).json();
        assert_eq!(report["Results"][0]["Outcome"], "Delivered", "{run}");
    }
    let types: Vec<_> = endpoint
        .requests()
        .iter()
        .map(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            format!("{} {}\n", body["RecordType"].as_str().unwrap(), body["Type"])
        })
        .collect();
    assert_data_eq!(
        types.concat(),
        str![[r#"
Bounce "SoftBounce"
Delivery null
Open null
Click null
SpamComplaint "SpamComplaint"
SubscriptionChange null
SubscriptionChange null
Bounce "SMTPApiError"

"#]]
    );
}

#[test]
fn inbound_mail_reaches_the_inbound_url_of_the_server() {
    let (sandbox, endpoint) = sandbox(200);
    let env = &sandbox.env;
    env.run("trigger inbound").code(1).has("the server has no inbound URL; nothing was sent");
    env.run(format!("server edit --inbound-hook-url {}/inbound --yes", endpoint.url())).code(0);
    env.run("trigger inbound").code(0).has("1 of 1 webhooks received the event.");
    assert!(endpoint.requests()[0].text().contains("FromFull"));
}

#[test]
fn an_endpoint_that_refuses_is_a_finding_with_its_status() {
    let (mut sandbox, endpoint) = sandbox(401);
    sandbox.env.redact("[HEX]", "pmhooks-[0-9a-f]{8}");
    create(&sandbox, &endpoint, "bounce");
    sandbox.env.run("trigger bounce --columns id,outcome,message").check(str![[r#"
ID       OUTCOME  MESSAGE
1234569  failed   answered 401 (dropped)
--- stderr
Webhook 1234569 of stream outbound will receive the event: http://127.0.0.1:[PORT]/pm
0 of 1 webhooks received the event.
--- exit 1
"#]]);
}

#[test]
fn the_built_in_sandbox_makes_the_first_attempt_before_the_command_ends() {
    let env = TestEnv::new();
    let endpoint = Faulty::new([Step::status(200).forever()]).may_be_unused();
    let url = endpoint.url();
    env.run(format!("create -p sandbox --url {url} --on delivery -q")).code(0);
    env.run("trigger delivery -p sandbox --columns outcome").check(str![[r#"
OUTCOME
not posted
delivered
--- stderr
POSTMARK_API_URL is ignored: the profile sandbox has its own API.
Webhook 1234567 of stream outbound will receive the event: http://www.example.com/webhook-test-tracking
Webhook 1234569 of stream outbound will receive the event: http://127.0.0.1:[PORT]
1 of 1 webhooks received the event; 1 blocked: the sandbox posts to loopback only.
"#]]);
    let posts = endpoint.requests().iter().filter(|r| r.text().contains("Delivery")).count();
    assert_eq!(posts, 1);
}

#[test]
fn without_a_webhook_that_receives_it_nothing_is_sent() {
    let sandbox = Sandboxed::new("");
    sandbox.env.run("trigger bounce").check(str![[r#"
--- stderr
pmhooks: error: no verified webhook of stream outbound has the trigger Bounce enabled; nothing was sent
  hint: create one: `pmhooks create --url URL --on TRIGGER`
--- exit 1
"#]]);
    sandbox.create("--url https://hooks.example.com/pm --on delivery");
    sandbox.env.run("trigger bounce").check(str![[r#"
--- stderr
pmhooks: error: no verified webhook of stream outbound has the trigger Bounce enabled; nothing was sent
  hint: see which triggers are enabled: `pmhooks list`
--- exit 1
"#]]);
    assert!(!sandbox.writes().contains("_sandbox"));
}

/// Postmark with one verified webhook, whose statistics are these, in turn.
fn postmark(counts: &[(i64, i64)], more: impl IntoIterator<Item = Step>) -> (Faulty, TestEnv) {
    let statistics = |(success, failure): &(i64, i64)| {
        let metrics = json!({"SuccessCount": success, "FailureCount": failure});
        let all = json!({"Bounce": metrics, "Delivery": metrics, "SubscriptionChange": metrics});
        Step::answer(200, json!({"MetricsByTrigger": all})).only("GET", "/webhooks/5/statistics")
    };
    let mut webhook = webhook(5);
    webhook["Triggers"]["SubscriptionChange"]["Enabled"] = true.into();
    let (last, first) = counts.split_last().unwrap();
    let mut steps: Vec<_> = more.into_iter().collect();
    steps.push(Step::status(404).only("GET", "/_sandbox/health").forever());
    steps
        .push(Step::answer(200, json!({"Webhooks": [webhook]})).only("GET", "/webhooks").forever());
    steps.push(
        Step::answer(200, json!({"TotalCount": 1, "Messages": [{"From": "shop@example.com"}]}))
            .only("GET", "/messages/outbound")
            .forever(),
    );
    steps.extend(first.iter().map(statistics));
    steps.push(statistics(last).forever());
    let api = Faulty::new(steps).may_be_unused();
    let env = made_up(TestEnv::with_api(api.url()));
    (api, env)
}

fn sent() -> Step {
    Step::answer(200, json!({"To": "x", "MessageID": "m-1", "ErrorCode": 0, "Message": "OK"}))
        .only("POST", "/email")
}

#[test]
fn a_counter_that_rises_is_consistent_with_delivery() {
    let (api, env) = postmark(&[(10, 2), (10, 2), (11, 2)], [sent()]);
    env.run("trigger bounce --wait 10s").check(str![[r#"
ID  URL                           OUTCOME    MESSAGE
5   https://hooks.example.com/pm  delivered  consistent with delivery: SuccessCount rose
--- stderr
Webhook 5 of stream outbound will receive the event: https://hooks.example.com/pm
1 of 1 webhooks received the event (consistent with delivery; listen --register shows the event itself).
"#]]);
    assert_data_eq!(
        regex::Regex::new("pmhooks-[0-9a-f]{8}")
            .unwrap()
            .replace_all(&writes(&api), "[HEX]")
            .into_owned(),
        str![[r#"
POST /email {"From":"shop@example.com","To":"[HEX]@bounce-testing.postmarkapp.com","Subject":"pmhooks trigger","TextBody":"This message was sent by pmhooks to test a webhook.","Tag":"pmhooks","MessageStream":"outbound","Headers":[{"Name":"X-PM-Bounce-Type","Value":"SoftBounce"}]}

"#]]
    );
}

#[test]
fn other_changes_of_the_counters_are_told_apart() {
    for (counts, outcome) in [
        (&[(10, 2), (10, 3)][..], "Failed"),
        (&[(10, 2), (12, 2)][..], "Unclear"),
        (&[(10, 2), (9, 2)][..], "Unclear"),
        (&[(10, 2)][..], "NotPosted"),
    ] {
        let (_api, env) = postmark(counts, [sent()]);
        let run = env.run("trigger delivery --wait 1s -o json");
        assert_eq!(run.code(1).json()["Results"][0]["Outcome"], outcome, "{run}");
    }
}

#[test]
fn a_subscription_change_is_two_events_and_leaves_no_suppression() {
    let suppressed = |path: &str, status: &str| {
        Step::answer(200, json!({"Suppressions": [{"Status": status, "Message": null}]}))
            .only("POST", path)
    };
    let base = "/message-streams/outbound/suppressions";
    let delete = format!("{base}/delete");
    let (api, env) = postmark(
        &[(10, 2), (11, 2), (12, 2)],
        [suppressed(base, "Suppressed"), suppressed(&delete, "Deleted").times(2)],
    );
    let run = env.run("trigger subscription-change --wait 10s -o json");
    let report = run.code(0).json();
    assert_eq!(report["Results"][0]["Outcome"], "Delivered", "{run}");
    assert!(report["Cleanup"].as_str().unwrap().starts_with("removed the suppression of"));
    assert!(writes(&api).lines().last().unwrap().starts_with(&format!("POST {delete}")));
}

#[test]
fn refusals_of_postmark_are_errors_with_a_hint() {
    for (status, code, hint) in [
        (422, 400, "--from must be an address of a confirmed sender signature"),
        (422, 406, "the recipient is suppressed"),
        (422, 412, "Postmark restricts sending for this account"),
        (429, 0, "try again"),
    ] {
        let refused = Step::refused(status, code, "no").only("POST", "/email").forever();
        let (_api, env) = postmark(&[(10, 2)], [refused]);
        let run = env.run("trigger bounce --retries 0");
        run.has("cannot trigger bounce on").has(hint);
        assert!(matches!(run.code, Some(5 | 6)), "{run}");
    }
}

#[test]
fn a_dry_run_shows_the_requests_and_sends_nothing() {
    let (api, env) = postmark(&[(10, 2)], []);
    env.run("trigger bounce --bounce-type HardBounce --dry-run").check(str![[r#"
ID  URL  OUTCOME  MESSAGE
--- stderr
Webhook 5 of stream outbound will receive the event: https://hooks.example.com/pm
Dry run: nothing was sent. These requests would be:
  POST /email {"From":"shop@example.com","To":"[HEX]@bounce-testing.postmarkapp.com","Subject":"pmhooks trigger","TextBody":"This message was sent by pmhooks to test a webhook.","Tag":"pmhooks","MessageStream":"outbound","Headers":[{"Name":"X-PM-Bounce-Type","Value":"HardBounce"}]}
  POST /message-streams/outbound/suppressions/delete {"Suppressions":[{"EmailAddress":"[HEX]@bounce-testing.postmarkapp.com"}]}
"#]]);
    assert_eq!(writes(&api), "");
}

#[test]
fn events_that_postmark_cannot_make_are_refused() {
    let (api, mut env) = postmark(&[(10, 2)], []);
    let mut webhook = webhook(5);
    for trigger in ["Open", "Click", "SpamComplaint"] {
        webhook["Triggers"][trigger]["Enabled"] = true.into();
    }
    let all = Faulty::new([
        Step::status(404).only("GET", "/_sandbox/health").forever(),
        Step::answer(200, json!({"Webhooks": [webhook]})).only("GET", "/webhooks").forever(),
        Step::answer(200, json!({"TotalCount": 1, "Messages": [{"From": "shop@example.com"}]}))
            .only("GET", "/messages/outbound")
            .forever(),
    ]);
    env.api(all.url());
    for event in ["spam-complaint", "open", "click"] {
        env.run(format!("trigger {event}")).code(2).has("on the sandbox it works");
    }
    assert_eq!(writes(&api) + &writes(&all), "");
}

#[test]
fn a_read_only_profile_triggers_nothing_but_may_try_it() {
    let (api, mut env) = postmark(&[(10, 2)], []);
    env.unset("POSTMARK_SERVER_TOKEN");
    env.config(&format!(
        "[profiles.live]\nserver_token_env = \"LIVE\"\nread_only = true\napi_url = \"{}\"\n",
        api.url()
    ));
    env.env("LIVE", "22222222-2222-4222-8222-222222222222");
    env.run("trigger bounce -p live").code(2).has("profile live is read-only");
    env.run("trigger bounce -p live --dry-run").code(0);
    assert_eq!(writes(&api), "");
}
