//! A create whose answer is lost: it is looked for, and never sent again.

use crate::support::*;

const CREATE: &str = "create --url https://hooks.example.com/pm --on delivery,bounce \
    --include-content bounce --username postmark --password env:PW --header X-Env:staging";

/// A webhook that [`CREATE`] could have made.
fn like(id: i64) -> Value {
    webhook(id)
}

fn lost() -> Step {
    Step::close().only("POST", "/webhooks")
}

fn lists(webhooks: &[Value]) -> Step {
    Step::answer(200, json!({"Webhooks": webhooks})).only("GET", "/webhooks")
}

fn create(steps: impl IntoIterator<Item = Step>, flags: &str) -> (Transcript, Faulty) {
    let server = Faulty::new(steps);
    let mut env = TestEnv::with_api(server.url());
    env.env("PW", "secret-password");
    let run = env.run(format!("{CREATE} --retries 0 {flags}"));
    let posts = server.requests().iter().filter(|r| r.method == "POST").count();
    assert_eq!(posts, 1, "{run}");
    (run, server)
}

#[test]
fn one_that_is_found_is_the_answer() {
    // torture 55
    let (run, server) =
        create([lost(), lists(&[webhook_with(4, "Url", json!("https://h/")), like(5)])], "");
    run.check(str![[r#"
ID                  5
Url                 https://hooks.example.com/pm
MessageStream       outbound
Status              verified
HttpAuth            postmark : ********
HttpHeader          X-Env: staging
Open                off
Click               off
Delivery            on
Bounce              on, IncludeContent
SpamComplaint       off
SubscriptionChange  off
--- stderr
pmhooks: warning: Postmark's answer was lost, but webhook 5 is there: it was created, unless it was there before
"#]]);
    assert_eq!(server.log(), "POST /webhooks\nGET /webhooks");
}

#[test]
fn with_if_absent_it_is_known_to_be_new() {
    let (run, _) = create([lists(&[]), lost(), lists(&[like(5)])], "--if-absent -o ids");
    run.check(str![[r#"
5
--- stderr
pmhooks: warning: Postmark's answer was lost, but webhook 5 is there: it was created
"#]]);
    // What was there before does not count, even if it came to be the same meanwhile.
    let older = webhook_with(4, "Url", json!("https://h/"));
    let (run, _) =
        create([lists(&[older]), lost(), lists(&[like(4), like(5)])], "--if-absent -o ids");
    run.check(str![[r#"
5
--- stderr
pmhooks: warning: Postmark's answer was lost, but webhook 5 is there: it was created
"#]]);
}

#[test]
fn none_means_not_created() {
    let unlike = [
        webhook_with(1, "Url", json!("https://hooks.example.com/other")),
        webhook_with(2, "MessageStream", json!("broadcast")),
        webhook_with(3, "HttpAuth", json!(null)),
        webhook_with(4, "HttpHeaders", json!([])),
        webhook_with(5, "Triggers", json!({"Bounce": {"Enabled": true}})),
    ];
    let (run, _) = create([lost(), lists(&unlike)], "");
    run.check(str![[r#"
--- stderr
pmhooks: error: cannot create the webhook https://hooks.example.com/pm in the server of POSTMARK_SERVER_TOKEN
  because the webhook was not created: Postmark has none like it
  because 127.0.0.1:[PORT] closed the connection without an answer
  hint: create it with --if-absent, in case it still appears
--- exit 6
"#]]);
    let (run, _) = create([lost(), lists(&[])], "-o json");
    run.check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "Unreachable",
    "Message": "cannot create the webhook https://hooks.example.com/pm in the server of POSTMARK_SERVER_TOKEN",
    "Causes": [
      "the webhook was not created: Postmark has none like it",
      "127.0.0.1:[PORT] closed the connection without an answer"
    ],
    "Hints": [
      "create it with --if-absent, in case it still appears"
    ],
    "HttpStatus": null,
    "ErrorCode": null
  }
}
--- exit 6
"#]]);
}

#[test]
fn several_leave_the_outcome_unknown() {
    let (run, _) = create([lost(), lists(&[like(5), like(6), like(7)])], "");
    run.check(str![[r#"
--- stderr
pmhooks: error: cannot create the webhook https://hooks.example.com/pm in the server of POSTMARK_SERVER_TOKEN
  because outcome unknown: the webhook may have been created; webhooks 5, 6, 7 are all like it
  because 127.0.0.1:[PORT] closed the connection without an answer
  hint: look for it before you try again: `pmhooks list`
--- exit 6
"#]]);
}

#[test]
fn where_the_list_fails_too_the_outcome_is_unknown() {
    let (run, _) = create([lost(), Step::status(500).only("GET", "/webhooks")], "");
    run.check(str![[r#"
--- stderr
pmhooks: error: cannot create the webhook https://hooks.example.com/pm in the server of POSTMARK_SERVER_TOKEN
  because outcome unknown: the webhook may have been created, and the webhooks could not be listed
  because 127.0.0.1:[PORT] closed the connection without an answer
  hint: look for it before you try again: `pmhooks list`
--- exit 6
"#]]);
}

#[test]
fn every_way_to_lose_an_answer_is_looked_into() {
    // torture 55
    for step in [
        Step::reset(),
        Step::answer(200, like(5)).truncate(20),
        Step::html(200),
        Step::html(502),
        Step::refused(500, 101, "Error 1f."),
        Step::status(504),
        Step::answer(200, json!({"Webhook": 5})),
    ] {
        let (run, _) = create([step, lists(&[like(5)])], "-o ids -q");
        run.check(str!["5"]);
    }
}

#[test]
fn a_silent_server_is_looked_into_in_a_time_of_its_own() {
    let (run, _) = create([Step::hang(), lists(&[like(5)])], "-o ids -q --timeout 400ms");
    run.check(str!["5"]);
}

#[test]
fn a_refusal_needs_no_look() {
    let (run, server) = create([Step::refused(422, 1359, "Full.")], "");
    run.code(5);
    assert_eq!(server.log(), "POST /webhooks");
}

#[test]
fn a_create_that_never_left_was_not_made() {
    let mut env = TestEnv::with_api("http://127.0.0.1:1");
    env.env("PW", "secret-password");
    env.run(format!("{CREATE} --retries 0")).check(str![[r#"
--- stderr
pmhooks: error: cannot create the webhook https://hooks.example.com/pm in the server of POSTMARK_SERVER_TOKEN
  because cannot connect to 127.0.0.1:1: Connection refused (os error 111)
--- exit 6
"#]]);
}

#[test]
fn the_sandbox_can_lose_an_answer_too() {
    let sandbox = Sandboxed::new(["--fault", "POST /webhooks=commit-then-close*1"]);
    let run = sandbox.env.run("create --url https://hooks.example.com/pm --on click -o ids");
    run.check(str![[r#"
1234569
--- stderr
pmhooks: warning: Postmark's answer was lost, but webhook 1234569 is there: it was created, unless it was there before
"#]]);
    assert_eq!(sandbox.writes().lines().count(), 1);
}
