//! `edit`: credentials set, kept and taken away.

use super::takes;
use crate::support::*;

/// The four shapes in which Postmark may say that there are none.
fn without_auth() -> Vec<Value> {
    let shape = |auth| webhook_with(5, "HttpAuth", auth);
    let mut missing = webhook(5);
    missing.as_object_mut().unwrap().remove("HttpAuth");
    vec![
        shape(json!(null)),
        shape(json!({"Username": null, "Password": null})),
        shape(json!({"Username": "", "Password": ""})),
        missing,
    ]
}

#[test]
fn they_are_gone_in_whichever_shape_that_is_said() {
    // torture 105
    for gone in without_auth() {
        let server = Faulty::new([
            serves(&webhook(5)).times(1),
            Step::answer(200, gone.clone()).only("PUT", "/webhooks/5"),
            serves(&gone),
        ]);
        let env = TestEnv::with_api(server.url());
        env.run("edit 5 --no-http-auth").check(str![[r#"
FIELD              BEFORE    AFTER
HttpAuth.Username  postmark  (none)
HttpAuth.Password  ********  (none)
--- stderr
Changed webhook 5:
"#]]);
        assert_eq!(
            writes(&server),
            "PUT /webhooks/5 {\"HttpAuth\":{\"Username\":\"\",\"Password\":\"\"}}\n"
        );
    }
}

#[test]
fn none_to_take_away_sends_nothing() {
    for none in without_auth() {
        let server = Faulty::new([serves(&none)]);
        let env = TestEnv::with_api(server.url());
        env.run("edit 5 --no-http-auth -o ids").check(str![[r#"
5
--- stderr
Webhook 5 is so already; nothing was sent.
"#]]);
        assert_eq!(server.log(), "GET /webhooks/5");
    }
}

#[test]
fn a_server_that_keeps_them_is_found_out() {
    let server = takes(&webhook(5), &webhook(5));
    TestEnv::with_api(server.url()).run("edit 5 --no-http-auth").check(str![[r#"
FIELD  BEFORE  AFTER
--- stderr
pmhooks: error: Postmark took the change, but webhook 5 still sends its credentials
  hint: the API has no documented way to remove them; Postmark's web page has
  hint: or make it anew: `pmhooks get 5 -o json --show-secrets`, `pmhooks create --from FILE`, `pmhooks delete 5`
--- exit 5
"#]]);

    let server = takes(&webhook(5), &webhook(5));
    let env = TestEnv::with_api(server.url());
    let run = env.run("edit 5 --no-http-auth --on click -o json");
    run.code(7);
    assert_eq!(run.json()["HttpAuth"]["Username"], "postmark");
    let error: Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(error["Error"]["Kind"], "PartlyDone");
}

#[test]
fn where_the_second_look_fails_the_answer_is_believed() {
    let gone = webhook_with(5, "HttpAuth", json!(null));
    let server = Faulty::new([
        serves(&webhook(5)).times(1),
        Step::answer(200, gone).only("PUT", "/webhooks/5"),
        Step::status(500).only("GET", "/webhooks/5"),
    ]);
    let env = TestEnv::with_api(server.url());
    env.run("edit 5 --no-http-auth --retries 0 -q").code(0);
}

#[test]
fn a_password_alone_keeps_the_user_name_and_needs_one() {
    let auth = json!({"Username": "postmark", "Password": "new-password"});
    let server = takes(&webhook(5), &webhook_with(5, "HttpAuth", auth));
    let env = TestEnv::with_api(server.url());
    env.cmd("edit 5 --password -").stdin("new-password\n").run().check(str![[r#"
FIELD              BEFORE    AFTER
HttpAuth.Password  ********  changed
--- stderr
Changed webhook 5:
"#]]);
    assert_data_eq!(
        writes(&server),
        str![[r#"
PUT /webhooks/5 {"HttpAuth":{"Username":"postmark","Password":"new-password"}}

"#]]
    );

    let server = Faulty::new([serves(&webhook_with(5, "HttpAuth", json!(null)))]);
    let env = TestEnv::with_api(server.url());
    env.cmd("edit 5 --password -").stdin("new-password\n").run().check(str![[r#"
--- stderr
pmhooks: error: --password needs --username
--- exit 2
"#]]);
    assert_eq!(writes(&server), "");
}

#[test]
fn a_user_name_alone_asks_for_the_password_without_echo() {
    let server = takes(&webhook(5), &webhook(5));
    let env = TestEnv::with_api(server.url());
    let mut terminal = env.pty("edit 5 --username other -q");
    terminal.expect("Password").wait_for_echo(false).send("s3cret").key(Key::Enter);
    let end = terminal.finish();
    end.assert_restored().code(0);
    assert!(!end.output.contains("s3cret"), "{}", end.output);
    assert_data_eq!(
        writes(&server),
        str![[r#"
PUT /webhooks/5 {"HttpAuth":{"Username":"other","Password":"s3cret"}}

"#]]
    );
}

#[test]
fn whoever_does_not_give_the_password_changes_nothing() {
    // torture 59
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    for key in [Key::CtrlC, Key::CtrlD] {
        let mut terminal = env.pty("edit 5 --username other");
        terminal.expect("Password").wait_for_echo(false).key(key);
        terminal.finish().assert_restored().code(130);
    }
}
