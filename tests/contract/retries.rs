//! When a request is sent again, after what wait, and when never.

use std::thread;

use super::fixtures::webhook;
use crate::support::*;

fn empty_list() -> Step {
    Step::answer(200, json!({"Webhooks": []}))
}

// torture 53
#[test]
fn a_retry_after_is_waited_for() {
    let at = |wait| {
        let date = std::time::SystemTime::now() + Duration::from_secs(wait);
        httpdate::fmt_http_date(date)
    };
    let cases = [
        ("1".to_owned(), 1.0, 2.0),
        ("0".to_owned(), 0.0, 1.0),
        (at(2), 0.9, 3.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT".to_owned(), 0.0, 1.0),
        ("-1".to_owned(), 0.1, 1.2),
        ("1.5".to_owned(), 0.1, 1.2),
        (String::new(), 0.1, 1.2),
        ("soon".to_owned(), 0.1, 1.2),
    ];
    thread::scope(|scope| {
        for (value, least, most) in cases {
            scope.spawn(move || {
                let busy = Step::status(429).header("Retry-After", &value);
                let server = Faulty::new([busy.header("Retry-After", "30"), empty_list()]);
                TestEnv::with_api(server.url()).run("list -o json").code(0);
                let at: Vec<_> = server.requests().iter().map(|r| r.at.as_secs_f64()).collect();
                let waited = at[1] - at[0];
                assert!(least <= waited && waited <= most, "{value:?}: {waited} s");
            });
        }
    });
}

// torture 53
#[test]
fn a_wait_beyond_the_deadline_is_not_begun() {
    for value in ["99999999", "18446744073709551616", "61"] {
        let server = Faulty::new([Step::status(429).header("Retry-After", value)]);
        TestEnv::with_api(server.url())
            .run("list")
            .code(6)
            .within(Duration::from_secs(2))
            .has("try again in ");
    }
    let server = Faulty::new([Step::refused(429, 429, "Too many.").header("Retry-After", "90")]);
    TestEnv::with_api(server.url()).run("list").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because 127.0.0.1:[PORT] answered 429: Too many.
  hint: try again in 1m 30s
--- exit 6
"#]]);
}

// torture 54
#[test]
fn without_a_retry_after_the_attempts_are_bounded_and_told() {
    let mut env = TestEnv::new();
    env.redact("[SECONDS]", r"again in (?<redacted>\d+\.\d) s").token(TOKEN);
    let server = Faulty::new([Step::status(503).times(4)]);
    env.api(server.url());
    env.run("list").check(str![[r#"
--- stderr
127.0.0.1:[PORT] answered 503; trying again in [SECONDS] s (1 of 3)
127.0.0.1:[PORT] answered 503; trying again in [SECONDS] s (2 of 3)
127.0.0.1:[PORT] answered 503; trying again in [SECONDS] s (3 of 3)
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because 127.0.0.1:[PORT] answered 503
  hint: try again later; https://status.postmarkapp.com says how Postmark is
--- exit 6
"#]]);
    let at: Vec<_> = server.requests().iter().map(|request| request.at.as_millis()).collect();
    let waits: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, full) in waits.iter().zip([250, 500, 1000]) {
        assert!((full / 2..full + 400).contains(wait), "{waits:?}");
    }

    let server = Faulty::new([Step::status(503)]);
    env.api(server.url()).run("list --retries 0").code(6).lacks("again in");
    let server = Faulty::new([Step::status(503).times(2)]);
    env.api(server.url()).run("list --retries 1").code(6).has("(1 of 1)");
}

// torture 56
#[test]
fn what_is_idempotent_is_repeated_with_the_same_bytes() {
    let bad = || [Step::status(502), Step::close(), Step::reset()];
    for (method, path, command, answer) in [
        ("GET", "/webhooks/7", "get 7", webhook(7)),
        ("PUT", "/webhooks/7", "edit 7 --on bounce --yes", webhook(7)),
        ("DELETE", "/webhooks/7", "delete 7 --yes", json!({"ErrorCode": 0, "Message": "gone"})),
    ] {
        let mut steps: Vec<_> = bad().into_iter().map(|step| step.only(method, path)).collect();
        steps.push(Step::answer(200, answer).only(method, path).forever());
        steps.push(Step::answer(200, webhook(7)).only("GET", path).forever());
        let server = Faulty::new(steps);
        TestEnv::with_api(server.url()).run(command).code(0);
        let sent = server.requests();
        let sent: Vec<_> = sent.iter().filter(|r| r.method == method).collect();
        assert!(sent.len() >= 4, "{}", server.log());
        assert!(sent[..4].iter().all(|r| r.raw == sent[0].raw), "{method}: {sent:?}");
    }
}

// torture 56
#[test]
fn a_delete_that_was_done_by_its_first_try_is_done() {
    let server = Faulty::new([
        Step::answer(200, webhook(7)).only("GET", "/webhooks/7").forever(),
        Step::close().only("DELETE", "/webhooks/7"),
        Step::refused(422, 1352, "No webhook.").only("DELETE", "/webhooks/7"),
    ]);
    let mut env = TestEnv::with_api(server.url());
    env.redact("[SECONDS]", r"again in (?<redacted>\d+\.\d) s");
    env.run("delete 7 --yes --columns id,deleted,message").check(str![[r#"
ID  DELETED  MESSAGE
7   yes      Webhook 7 was gone when the request was repeated.
--- stderr
About to delete webhook 7 of stream outbound: https://hooks.example.com/postmark (open)
127.0.0.1:[PORT] closed the connection without an answer; trying again in [SECONDS] s (1 of 3)
Deleted webhook 7. Bring it back with: pmhooks create --from [HOME]/.local/state/pmhooks/deleted/environment-7-[TIME].json
"#]]);
}

// torture 54, 55
#[test]
fn a_create_is_repeated_only_where_it_surely_was_not_carried_out() {
    let create = "create --url https://hooks.example.com/postmark --on bounce -o ids -q";
    let server = Faulty::new([
        Step::refused(429, 429, "Too many.").times(2).only("POST", "/webhooks"),
        Step::answer(200, webhook(7)).only("POST", "/webhooks"),
    ]);
    TestEnv::with_api(server.url()).run(create).check(str!["7"]);
    let bodies: Vec<_> = server.requests().iter().map(|r| r.body.clone()).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));

    for fault in [
        Step::status(503),
        Step::status(500),
        Step::html(502),
        Step::status(503).header("Retry-After", "0"),
        Step::close(),
        Step::reset(),
        Step::answer(200, webhook(7)).truncate(20),
        Step::bytes(200, "application/json", "{}"),
    ] {
        let server = Faulty::new([
            fault.only("POST", "/webhooks"),
            empty_list().only("GET", "/webhooks").forever(),
        ]);
        let run = TestEnv::with_api(server.url()).run(create);
        run.code(6);
        let posts = server.requests().iter().filter(|r| r.method == "POST").count();
        assert_eq!(posts, 1, "{run}");
    }
}

#[test]
fn a_number_of_retries_is_a_number() {
    let env = TestEnv::with_api(Faulty::untouchable().url());
    for number in ["-1", "x", "1.5", ""] {
        let run = env.run(["list", "--retries", number]);
        run.code(2).has("'--retries <N>': it is a whole number, 0 for none");
    }
}
