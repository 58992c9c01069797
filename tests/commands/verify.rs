//! `verify`: what Postmark found, and what that means.

use crate::support::*;

fn verification(results: Value, success: bool) -> Value {
    json!({"Id": 5, "Url": "https://u:pw@hooks.example.com/?key=abc", "Success": success,
        "Results": results, "Message": "1/2 triggers verified successfully"})
}

fn passed(trigger: &str) -> Value {
    json!({"TriggerType": trigger, "Success": true, "StatusCode": 200, "Message": "OK"})
}

fn failed(trigger: &str, status: Value) -> Value {
    json!({"TriggerType": trigger, "Success": false, "StatusCode": status, "Message": "Service Unavailable"})
}

#[test]
fn a_failure_inside_a_200_is_a_failure_and_says_what_it_means() {
    let results = json!([passed("Delivery"), failed("Bounce", json!(503))]);
    let api = Faulty::new([
        Step::answer(200, verification(results, false)).only("POST", "/webhooks/5/verify")
    ]);
    TestEnv::with_api(api.url()).run("verify 5").check(str![[r#"
ID  TRIGGER   RESULT  STATUS  MESSAGE
5   delivery  passed  200     OK
5   bounce    failed  503     Service Unavailable
--- stderr
Webhook 5 gets no events for bounce until that passes. Look with `pmhooks test 5`, mend the endpoint, then `pmhooks verify 5` again.
--- exit 1
"#]]);
    let request = &api.requests()[0];
    assert!(request.body.is_empty(), "{request:?}");
}

#[test]
fn all_passed_is_done() {
    let api = Faulty::new([Step::answer(200, verification(json!([passed("Open")]), true))]);
    TestEnv::with_api(api.url()).run("verify 5").code(0).has("passed");
}

#[test]
fn the_json_has_the_documented_shape_and_keeps_what_is_new() {
    let mut answer = verification(json!([failed("Telepathy", Value::Null)]), false);
    answer["New"] = json!(1);
    answer["Results"][0]["Newer"] = json!("x");
    let api = Faulty::new([Step::answer(200, answer)]);
    TestEnv::with_api(api.url()).run("verify 5 -o json").check(str![[r#"
[
  {
    "ID": 5,
    "Url": "https://u:********@hooks.example.com/?key=********",
    "Success": false,
    "Results": [
      {
        "TriggerType": "Telepathy",
        "Success": false,
        "StatusCode": null,
        "Message": "Service Unavailable",
        "Newer": "x"
      }
    ],
    "Message": "1/2 triggers verified successfully",
    "New": 1
  }
]
--- exit 1
"#]]);
}

#[test]
fn no_secret_is_in_what_postmark_says() {
    let canaries = Canaries::new();
    let url = format!("https://u:{}@hooks.example.com/?key={}", canaries.header, canaries.query);
    let mut answer = verification(json!([failed("Open", json!(0))]), false);
    let said = format!("The endpoint {url} did not answer.");
    (answer["Url"], answer["Message"]) = (json!(url), json!(said));
    answer["Results"][0]["Message"] = json!(said);
    let api = Faulty::always(Step::answer(200, answer));
    let mut env = TestEnv::with_api(api.url());
    env.token(&canaries.token);
    for more in ["", "-o json", "-o yaml", "-vv", "--columns url,message"] {
        let run = env.run(format!("verify 5 {more}"));
        canaries.assert_clean_run(&run);
        run.code(1).has("did not answer");
    }
}

#[test]
fn results_may_be_fewer_than_triggers_or_none() {
    for (results, success, code) in [
        (json!([failed("Bounce", json!(0))]), json!(false), 1),
        (json!([]), json!(true), 0),
        (json!([]), json!(false), 1),
        (json!([passed("Open")]), Value::Null, 0),
    ] {
        let mut answer = verification(results, false);
        answer["Success"] = success;
        let api = Faulty::new([Step::answer(200, answer)]);
        TestEnv::with_api(api.url()).run("verify 5").code(code);
    }
}

#[test]
fn waiting_tries_again_until_it_passes() {
    let bad = Step::answer(200, verification(json!([failed("Open", json!(500))]), false));
    let good = Step::answer(200, verification(json!([passed("Open")]), true));
    let api = Faulty::new([bad, good]);
    TestEnv::with_api(api.url()).run("verify 5 --wait 30s").code(0).within(Duration::from_secs(5));
}

#[test]
fn waiting_ends_when_the_time_is_up() {
    let bad = Step::answer(200, verification(json!([failed("Open", json!(500))]), false));
    let api = Faulty::new([bad.times(2)]);
    let run = TestEnv::with_api(api.url()).run("verify 5 --wait 300ms");
    run.code(1).within(Duration::from_secs(3));
}

#[test]
fn all_are_verified_in_order_whatever_becomes_of_one() {
    let hooks: Vec<_> = (5..9)
        .map(|id| json!({"ID": id, "Url": "https://h.example/", "MessageStream": "outbound", "Triggers": {}}))
        .collect();
    let mut steps = vec![Step::answer(200, json!({"Webhooks": hooks})).only("GET", "/webhooks")];
    for id in [5, 6, 8] {
        let answer = verification(json!([passed("Open")]), true);
        let step =
            Step::answer(200, answer).delay(Duration::from_millis(if id == 5 { 300 } else { 0 }));
        steps.push(step.only("POST", &format!("/webhooks/{id}/verify")));
    }
    let gone = Step::refused(422, 1352, "The webhook for the provided 'ID' was not found.");
    steps.push(gone.only("POST", "/webhooks/7/verify"));
    let api = Faulty::new(steps);
    TestEnv::with_api(api.url()).run("verify --all").check(str![[r#"
ID  TRIGGER  RESULT  STATUS  MESSAGE
5   open     passed  200     OK
6   open     passed  200     OK
8   open     passed  200     OK
--- stderr
pmhooks: error: 1 of 4 webhooks could not be verified
  because cannot verify webhook 7 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 7
"#]]);
}

#[test]
fn without_webhooks_nothing_was_verified() {
    // torture 80
    let api = Faulty::new([Step::answer(200, json!({"Webhooks": []}))]);
    TestEnv::with_api(api.url()).run("verify --all").code(8);
    TestEnv::with_api(Faulty::untouchable().url()).run("verify").code(2);
}

#[test]
fn the_older_api_has_no_verification() {
    for step in [
        Step::html(404),
        Step::status(404),
        Step::answer(404, json!({"Message": "There is nothing at this path."})),
    ] {
        let api = Faulty::new([step]);
        TestEnv::with_api(api.url()).run("verify 5").check(str![[r#"
--- stderr
pmhooks: error: this API has no verification of webhooks: it is older than August 2026
--- exit 5
"#]]);
    }
}

#[test]
fn the_sandbox_verifies_for_real_or_fails_on_purpose() {
    let endpoint = Faulty::new([
        Step::status(200).only("POST", "/").times(1),
        Step::status(204).only("POST", "/").times(1),
    ]);
    let mut env = TestEnv::new();
    env.token(TOKEN);
    for how in ["real", "fail"] {
        let sandbox = env.spawn(format!("sandbox serve --port 0 --memory --verify {how}"));
        let api = sandbox.wait_for_url();
        let run = |args: &str| env.cmd(args).env("POSTMARK_API_URL", &api).run();
        let url = endpoint.url();
        let made = run(&format!("create --url {url} --on bounce,open --no-verify -o json"));
        let id = made.code(0).json()["ID"].to_string();
        run("health").code(1).has("unverified");
        run(&format!("verify {id}")).code(1).has(if how == "real" { "204" } else { "503" });
        run("health -o ids").code(1).has(&id);
        run(&format!("stats {id}")).code(0).has("unverified");
        sandbox.interrupt();
        sandbox.finish().code(0);
    }
    assert_eq!(endpoint.requests().len(), 2, "only for real");
}
