//! `edit`.

mod credentials;
mod editor;

use crate::support::*;

/// A server with this webhook, which takes one PUT and answers `after`.
fn takes(before: &Value, after: &Value) -> Faulty {
    let path = format!("/webhooks/{}", before["ID"]);
    Faulty::new([serves(before), Step::answer(200, after.clone()).only("PUT", &path)])
}

/// The body that a command puts.
#[track_caller]
fn body_of(flags: &[&str]) -> String {
    let server = takes(&webhook(5), &webhook(5));
    let mut env = TestEnv::with_api(server.url());
    env.env("PW", "new-password");
    let args = ["edit", "5", "-q"].iter().chain(flags).copied().collect::<Vec<_>>();
    env.run(args).code(0);
    let [put] = server
        .requests()
        .into_iter()
        .filter(|r| r.method == "PUT")
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    put.text()
}

#[test]
fn only_what_changes_is_sent() {
    let mut said = String::new();
    for flags in [
        &["--url", "https://new.example/"][..],
        &["--on", "open"],
        &["--on", "bounce,click"],
        &["--off", "bounce"],
        &["--on", "all"],
        &["--off", "all"],
        &["--off", "all", "--on", "open"],
        &["--on", "all", "--off", "click"],
        &["--first-open-only"],
        &["--on", "open", "--first-open-only"],
        &["--exclude-content", "bounce"],
        &["--include-content", "bounce,spam-complaint"],
        &["--username", "other", "--password", "env:PW"],
        &["--password", "env:PW"],
        &["--header", "X-New: 1"],
        &["--header", "x-env: 2"],
        &["--secret-header", "X-Token=env:PW"],
        &["--remove-header", "x-ENV"],
        &["--remove-header", "X-Env", "--header", "X-New: 1"],
        &["--no-headers"],
        &["--no-headers", "--header", "X-New: 1"],
        &["--on", "click", "--no-verify"],
    ] {
        said += &format!("{}\n    {}\n", flags.join(" "), body_of(flags));
    }
    assert_data_eq!(
        said,
        str![[r#"
--url https://new.example/
    {"Url":"https://new.example/"}
--on open
    {"Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":false}}}
--on bounce,click
    {"Triggers":{"Click":{"Enabled":true}}}
--off bounce
    {"Triggers":{"Bounce":{"Enabled":false,"IncludeContent":true}}}
--on all
    {"Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":false},"Click":{"Enabled":true},"SpamComplaint":{"Enabled":true,"IncludeContent":false},"SubscriptionChange":{"Enabled":true}}}
--off all
    {"Triggers":{"Delivery":{"Enabled":false},"Bounce":{"Enabled":false,"IncludeContent":true}}}
--off all --on open
    {"Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":false},"Delivery":{"Enabled":false},"Bounce":{"Enabled":false,"IncludeContent":true}}}
--on all --off click
    {"Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":false},"SpamComplaint":{"Enabled":true,"IncludeContent":false},"SubscriptionChange":{"Enabled":true}}}
--first-open-only
    {"Triggers":{"Open":{"Enabled":false,"PostFirstOpenOnly":true}}}
--on open --first-open-only
    {"Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":true}}}
--exclude-content bounce
    {"Triggers":{"Bounce":{"Enabled":true,"IncludeContent":false}}}
--include-content bounce,spam-complaint
    {"Triggers":{"SpamComplaint":{"Enabled":false,"IncludeContent":true}}}
--username other --password env:PW
    {"HttpAuth":{"Username":"other","Password":"new-password"}}
--password env:PW
    {"HttpAuth":{"Username":"postmark","Password":"new-password"}}
--header X-New: 1
    {"HttpHeaders":[{"Name":"X-Env","Value":"staging"},{"Name":"X-New","Value":"1"}]}
--header x-env: 2
    {"HttpHeaders":[{"Name":"x-env","Value":"2"}]}
--secret-header X-Token=env:PW
    {"HttpHeaders":[{"Name":"X-Env","Value":"staging"},{"Name":"X-Token","Value":"new-password"}]}
--remove-header x-ENV
    {"HttpHeaders":[]}
--remove-header X-Env --header X-New: 1
    {"HttpHeaders":[{"Name":"X-New","Value":"1"}]}
--no-headers
    {"HttpHeaders":[]}
--no-headers --header X-New: 1
    {"HttpHeaders":[{"Name":"X-New","Value":"1"}]}
--on click --no-verify
    {"Triggers":{"Click":{"Enabled":true}},"Verify":false}

"#]]
    );
}

#[test]
fn each_field_is_shown_before_and_after() {
    let mut after = webhook_with(5, "Url", json!("https://new.example/"));
    after["Triggers"]["Open"] = json!({"Enabled": true, "PostFirstOpenOnly": true});
    after["HttpHeaders"] = json!([{"Name": "X-New", "Value": "1"}]);
    let server = takes(&webhook(5), &after);
    let env = TestEnv::with_api(server.url());
    let flags = [
        "--url",
        "https://new.example/",
        "--on",
        "open",
        "--first-open-only",
        "--no-headers",
        "--header",
        "X-New: 1",
    ];
    env.run(["edit", "5"].iter().chain(&flags).copied().collect::<Vec<_>>()).check(str![[r#"
FIELD                            BEFORE                        AFTER
Url                              https://hooks.example.com/pm  https://new.example/
HttpHeaders.X-New                (none)                        1
Triggers.Open.Enabled            false                         true
Triggers.Open.PostFirstOpenOnly  false                         true
HttpHeaders.X-Env                staging                       (none)
--- stderr
Changed webhook 5:
"#]]);
}

#[test]
fn the_webhook_as_it_now_is_is_the_answer() {
    let after = webhook_with(5, "Url", json!("https://new.example/"));
    for (format, expected) in [
        (
            "json",
            str![[r#"
{
  "ID": 5,
  "Url": "https://new.example/",
  "MessageStream": "outbound",
  "Status": "verified",
  "HttpAuth": {
    "Username": "postmark",
    "Password": "********"
  },
  "HttpHeaders": [
    {
      "Name": "X-Env",
      "Value": "staging"
    }
  ],
  "Triggers": {
    "Open": {
      "Enabled": false,
      "PostFirstOpenOnly": false
    },
    "Click": {
      "Enabled": false
    },
    "Delivery": {
      "Enabled": true
    },
    "Bounce": {
      "Enabled": true,
      "IncludeContent": true
    },
    "SpamComplaint": {
      "Enabled": false,
      "IncludeContent": false
    },
    "SubscriptionChange": {
      "Enabled": false
    }
  }
}
"#]],
        ),
        (
            "ids",
            str![[r#"
5
--- stderr
Changed webhook 5:
"#]],
        ),
        (
            "tsv",
            str![[r#"
field	before	after
Url	https://hooks.example.com/pm	https://new.example/
--- stderr
Changed webhook 5:
"#]],
        ),
    ] {
        let server = takes(&webhook(5), &after);
        let env = TestEnv::with_api(server.url());
        env.run(format!("edit 5 --url https://new.example/ -o {format}")).check(expected);
    }
}

#[test]
fn nothing_to_change_sends_nothing() {
    let server = Faulty::new([serves(&webhook(5))]);
    let env = TestEnv::with_api(server.url());
    env.run("edit 5 --on bounce,delivery --off open --include-content bounce").check(str![[r#"
FIELD  BEFORE  AFTER
--- stderr
Webhook 5 is so already; nothing was sent.
"#]]);
    let flags = "edit 5 --url https://hooks.example.com/pm --header X-Env:staging \
        --username postmark --password env:PW";
    env.cmd(flags).env("PW", "secret-password").run().code(0).has("nothing was sent");
    assert_eq!(env.run("edit 5 --off open -o json").code(0).json()["ID"], 5);
    assert_eq!(writes(&server), "");
}

#[test]
fn a_dry_run_only_reads() {
    // torture 50
    let server = Faulty::new([serves(&webhook(5))]);
    let env = TestEnv::with_api(server.url());
    env.run("edit 5 --off bounce --dry-run").check(str![[r#"
FIELD                    BEFORE  AFTER
Triggers.Bounce.Enabled  true    false
--- stderr
Dry run: nothing was changed. Webhook 5 would change:
"#]]);
    let would_be = env.run("edit 5 --off bounce --dry-run -o json").json();
    assert_eq!(would_be["DryRun"], true);
    assert_eq!(would_be["Triggers"]["Bounce"], json!({"Enabled": false, "IncludeContent": true}));
    assert_eq!(server.log(), "GET /webhooks/5\nGET /webhooks/5");
}

#[test]
fn flags_that_cannot_be_meant_are_refused_before_anything_is_sent() {
    // torture 48
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    for flags in [
        "5 --on bounce --off bounce",
        "5 --on all --off all",
        "5 --no-http-auth --username u",
        "5 --no-headers --remove-header X-A",
        "5 --editor --on bounce",
        "5 --editor",
        "5 --stream outbound",
        "5 --username u",
        "5 --password env:NOPE",
        "5 --password literal",
        "--on bounce",
        "5 6 --on bounce",
        "5 --on bounce --columns nope",
    ] {
        env.run(format!("edit {flags}")).code(2);
    }
    env.run("edit 5").check(str![[r#"
--- stderr
pmhooks: error: nothing to change is given
  hint: say what to change, as in --on bounce, or take --editor; see `pmhooks edit --help`
--- exit 2
"#]]);
    env.run("edit 5 --editor --on bounce").check(str![[r#"
--- stderr
pmhooks: error: --editor takes no other change beside it
--- exit 2
"#]]);
    env.run("edit 5 --editor").check(str![[r#"
--- stderr
pmhooks: error: an editor cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give the changes as flags, such as --on bounce
--- exit 2
"#]]);
    env.run("edit --on bounce").check(str![[r#"
--- stderr
pmhooks: error: the webhook's ID cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give the ID of a webhook, as `pmhooks list` shows it
--- exit 2
"#]]);
    env.run("edit 5 --username u").check(str![[r#"
--- stderr
pmhooks: error: the password cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --password SOURCE (env:NAME, file:PATH or -)
--- exit 2
"#]]);
}

#[test]
fn a_header_that_is_not_there_cannot_be_removed() {
    let server = Faulty::new([serves(&webhook(5))]);
    let env = TestEnv::with_api(server.url());
    env.run("edit 5 --remove-header X-Nope").check(str![[r#"
--- stderr
pmhooks: error: webhook 5 has no header "X-Nope"
--- exit 2
"#]]);
    assert_eq!(writes(&server), "");
}

#[test]
fn an_option_of_a_trigger_that_is_off_is_warned_about() {
    let server = takes(&webhook(5), &webhook(5));
    let env = TestEnv::with_api(server.url());
    env.run("edit 5 --first-open-only -o ids").check(str![[r#"
5
--- stderr
pmhooks: warning: PostFirstOpenOnly does nothing while open is off; switch it on with --on open
pmhooks: warning: Postmark took the change, but Triggers.Open.PostFirstOpenOnly is not as asked: false
Changed webhook 5:
"#]]);
}

#[test]
fn saved_without_a_probe_is_warned_about() {
    let sandbox = Sandboxed::new("--verify fail");
    let env = &sandbox.env;
    let id = sandbox.create("--url https://h.example/");
    env.run(format!("edit {id} --on bounce")).check(str![[r#"
--- stderr
pmhooks: error: cannot change webhook 1234569 of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1364): 0/1 triggers verified successfully
  because Bounce: failed, answered 503 (Service Unavailable)
  hint: let the endpoint answer these probes with exactly 200, then try again
  hint: or save it unverified with --no-verify, and later `pmhooks verify ID`: it gets no events until then
--- exit 5
"#]]);
    env.run(format!("edit {id} --on bounce --no-verify")).check(str![[r#"
FIELD                    BEFORE  AFTER
Triggers.Bounce.Enabled  false   true
--- stderr
Changed webhook 1234569:
pmhooks: warning: the webhook is not verified: it gets no events until it is; have it probed with `pmhooks verify 1234569`
"#]]);
}

#[test]
fn a_missing_webhook_and_a_refusal_have_their_codes() {
    let missing = Step::refused(422, 1352, "The webhook for the provided 'ID' was not found.");
    let server = Faulty::new([missing]);
    TestEnv::with_api(server.url()).run("edit 5 --on bounce").check(str![[r#"
--- stderr
pmhooks: error: cannot get webhook 5 of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 8
"#]]);

    let refusal = Step::refused(422, 1360, "No.").only("PUT", "/webhooks/5");
    let server = Faulty::new([serves(&webhook(5)), refusal]);
    TestEnv::with_api(server.url()).run("edit 5 --on click").check(str![[r#"
--- stderr
pmhooks: error: cannot change webhook 5 of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1360): No.
  hint: one of Postmark's own integrations made this webhook; change it on Postmark's page
--- exit 5
"#]]);
}

#[test]
fn a_change_is_repeated_with_the_same_bytes() {
    // torture 56
    let server = Faulty::new([
        serves(&webhook(5)),
        Step::status(503).header("Retry-After", "0").only("PUT", "/webhooks/5"),
        Step::close().only("PUT", "/webhooks/5"),
        Step::answer(200, webhook(5)).only("PUT", "/webhooks/5"),
    ]);
    let env = TestEnv::with_api(server.url());
    env.run("edit 5 --on click -q").code(0);
    let puts: Vec<_> = server.requests().into_iter().filter(|r| r.method == "PUT").collect();
    assert_eq!(puts.len(), 3);
    assert!(puts.iter().all(|put| put.body == puts[0].body));
}

#[test]
fn a_change_without_any_answer_may_have_happened() {
    let server = Faulty::new([serves(&webhook(5)), Step::close().forever()]);
    let env = TestEnv::with_api(server.url());
    env.run("edit 5 --on click --retries 0").check(str![[r#"
--- stderr
pmhooks: error: outcome unknown: webhook 5 of the server of POSTMARK_SERVER_TOKEN may have been changed
  because 127.0.0.1:[PORT] closed the connection without an answer
--- exit 6
"#]]);
}

#[test]
fn one_can_be_picked_and_turned_away_from() {
    let list = Step::answer(200, json!({"Webhooks": [webhook(5)]})).only("GET", "/webhooks");
    let server = Faulty::new([
        list.forever(),
        serves(&webhook(5)),
        Step::answer(200, webhook(5)).only("PUT", "/webhooks/5"),
    ]);
    let env = TestEnv::with_api(server.url());
    let mut terminal = env.pty("edit --on click");
    terminal.expect("Which webhook is to be changed?").key(Key::Enter).expect("Changed webhook 5");
    terminal.finish().assert_restored().code(0);
    let mut terminal = env.pty("edit --on open");
    terminal.expect("Which webhook is to be changed?").key(Key::Esc);
    terminal.finish().assert_restored().code(130);
    assert_eq!(writes(&server).lines().count(), 1);
}

#[test]
fn a_change_that_was_not_made_is_said() {
    let server = Faulty::new([
        Step::answer(200, webhook(5)).only("GET", "/webhooks/5"),
        Step::answer(200, webhook(5)).only("PUT", "/webhooks/5"),
    ]);
    let env = TestEnv::with_api(server.url());
    env.run(["edit", "5", "--url", "https://other.example.com/"]).check(str![[r#"
FIELD  BEFORE  AFTER
--- stderr
pmhooks: warning: Postmark took the change, but Url is not as asked: https://hooks.example.com/pm
Changed webhook 5:
"#]]);
}

#[test]
fn a_stream_cannot_be_changed_and_it_says_what_can_be_done() {
    let env = TestEnv::with_api(Faulty::untouchable().url());
    env.run("edit 5 --stream broadcast").check(str![[r#"
--- stderr
pmhooks: error: the stream of a webhook cannot be changed
  hint: make it anew on another: `pmhooks get ID -o json --show-secrets | pmhooks create --from - --stream STREAM`
  hint: then delete the old one: `pmhooks delete ID`
--- exit 2
"#]]);
    env.run("edit 5 --stream=broadcast -o jsonl").code(2).has("create --from - --stream STREAM");
}
