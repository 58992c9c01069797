//! `get`.

use crate::support::*;

const MISSING: &str = "The webhook for the provided 'ID' was not found.";

fn missing(id: i64) -> Step {
    Step::refused(422, 1352, MISSING).only("GET", &format!("/webhooks/{id}")).forever()
}

#[test]
fn one_webhook_is_shown_whole() {
    let server = Faulty::new([serves(&webhook(5))]);
    let env = TestEnv::with_api(server.url());
    env.run("get 5").check(str![[r#"
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
"#]]);
    env.run("get 5 -o json").check(str![[r#"
{
  "ID": 5,
  "Url": "https://hooks.example.com/pm",
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
"#]]);
    env.run("get 5 --columns id,triggers").check(str![[r#"
ID  TRIGGERS
5   delivery, bounce
"#]]);
    env.run("get 5 -o yaml --show-secrets").has("Password: secret-password").has("staging");
    env.run("get 5 --show-secrets").has("postmark : secret-password").has("X-Env: staging");
    env.run("get 5 -o ids").check(str!["5"]);
    env.run("get 5 -o jsonl").has("{\"ID\":5,");
}

#[test]
fn keys_and_triggers_that_are_not_known_are_shown() {
    // torture 105
    let mut answer = webhook_with(5, "Pool", json!({"Size": 3}));
    answer["Triggers"]["Teleport"] = json!({"Enabled": true, "Range": 9});
    answer["Status"] = json!("pending");
    answer["Url"] = json!("https://u:pw@h.example/?key=K");
    answer["HttpAuth"] = json!(null);
    let server = Faulty::new([serves(&answer)]);
    let env = TestEnv::with_api(server.url());
    env.run("get 5").check(str![[r#"
ID                  5
Url                 https://u:********@h.example/?key=********
MessageStream       outbound
Status              pending
HttpAuth            in url
HttpHeader          X-Env: staging
Open                off
Click               off
Delivery            on
Bounce              on, IncludeContent
SpamComplaint       off
SubscriptionChange  off
Other trigger       Teleport {"Enabled":true,"Range":9}
Other key           Pool {"Size":3}
"#]]);
    let shown = env.run("get 5 -o json").json();
    assert_eq!(shown["Pool"], answer["Pool"]);
    assert_eq!(shown["Triggers"], answer["Triggers"]);
    env.run("get 5 --columns triggers --no-header").check(str!["delivery, bounce, Teleport"]);
}

#[test]
fn several_are_an_array_in_the_order_asked_and_each_once() {
    let server = Faulty::new([serves(&webhook(5)), serves(&webhook(6))]);
    let env = TestEnv::with_api(server.url());
    env.run("get 6 5 6 -o ids").check(str![[r#"
6
5
"#]]);
    assert_eq!(server.log(), "GET /webhooks/6\nGET /webhooks/5");
    assert_eq!(env.run("get 6 5 -o json").json().as_array().unwrap().len(), 2);
}

#[test]
fn one_that_is_missing_is_not_found() {
    // torture 47
    let server = Faulty::new([missing(5)]);
    let env = TestEnv::with_api(server.url());
    env.run("get 5").check(str![[r#"
--- stderr
pmhooks: error: cannot get webhook 5 of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 8
"#]]);
    env.run("get 5 -o json").check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "NotFound",
    "Message": "cannot get webhook 5 of the server of POSTMARK_SERVER_TOKEN",
    "Causes": [
      "Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found."
    ],
    "Hints": [
      "see what is there: `pmhooks list`"
    ],
    "HttpStatus": 422,
    "ErrorCode": 1352
  }
}
--- exit 8
"#]]);
}

#[test]
fn older_codes_and_a_plain_404_are_not_found_too() {
    // torture 106
    for step in [
        Step::refused(422, 1302, MISSING),
        Step::refused(404, 0, "Not found."),
        Step::answer(422, json!({"ErrorCode": "1352"})),
        Step::answer(422, json!({"Message": MISSING})).header("X-PM-ApiErrorCode", "1352"),
    ] {
        let server = Faulty::new([step]);
        TestEnv::with_api(server.url()).run("get 5").code(8).has("cannot get webhook 5");
    }
}

#[test]
fn of_several_those_that_are_there_are_shown() {
    let server = Faulty::new([serves(&webhook(5)), missing(6), missing(7)]);
    let env = TestEnv::with_api(server.url());
    env.run("get 6 5 7 --columns id,url").check(str![[r#"
ID  URL
5   https://hooks.example.com/pm
--- stderr
pmhooks: error: 2 of 3 webhooks could not be shown
  because cannot get webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  because cannot get webhook 7 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 7
"#]]);
    let run = env.run("get 6 5 -o json");
    assert_eq!(run.json()[0]["ID"], 5);
    let error: Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(error["Error"]["Kind"], "PartlyDone");
    env.run("get 6 7").check(str![[r#"
--- stderr
pmhooks: error: none of the 2 webhooks could be shown
  because cannot get webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  because cannot get webhook 7 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 8
"#]]);
}

#[test]
fn an_id_is_a_positive_number_and_a_wrong_one_is_not_repeated() {
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    env.run("get 0x5").check(str![[r#"
--- stderr
pmhooks: error: invalid value for '[ID]...': a webhook's ID is a positive number, as `pmhooks list` shows it
--- exit 2
"#]]);
    env.run("get 0").code(2);
    env.run("get 9223372036854775808").code(2);
    env.run(["get", TOKEN]).code(2).lacks(TOKEN);
}

#[test]
fn without_an_id_and_without_a_terminal_nothing_is_sent() {
    // torture 48
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    env.run("get").check(str![[r#"
--- stderr
pmhooks: error: the webhook's ID cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give the ID of a webhook, as `pmhooks list` shows it
--- exit 2
"#]]);
    env.cmd("get").stdin("5\n").run().code(2);
    env.pty("get --no-input").finish().assert_restored().code(2);
    env.cmd("get").env("CI", "true").pty().finish().code(2);
}

#[test]
fn on_a_terminal_one_can_be_picked() {
    let server = Faulty::new([
        Step::answer(200, json!({"Webhooks": [webhook(5), webhook(6)]})).only("GET", "/webhooks"),
        serves(&webhook(6)),
    ]);
    let env = TestEnv::with_api(server.url());
    let mut terminal = env.pty("get -o ids");
    terminal.expect("Which webhook?").expect("6  outbound").key(Key::Down).key(Key::Enter);
    let end = terminal.finish();
    end.assert_restored().code(0);
    assert!(end.screen.ends_with("\n6"), "{}", end.screen);
    assert_eq!(server.log(), "GET /webhooks\nGET /webhooks/6");
}

#[test]
fn whoever_turns_away_from_the_picker_gets_nothing() {
    // torture 59
    for key in [Key::Esc, Key::CtrlC] {
        let list = json!({"Webhooks": [webhook(5)]});
        let server = Faulty::new([Step::answer(200, list)]);
        let env = TestEnv::with_api(server.url());
        let mut terminal = env.pty("get");
        terminal.expect("Which webhook?").key(key);
        terminal.finish().assert_restored().code(130);
        assert_eq!(server.log(), "GET /webhooks");
    }
}

#[test]
fn a_picker_without_webhooks_says_so() {
    let server = Faulty::new([Step::answer(200, json!({"Webhooks": []}))]);
    let env = TestEnv::with_api(server.url());
    env.pty("get").finish().assert_restored().check(str![[r#"
pmhooks: error: there are no webhooks to choose from
--- exit 8
"#]]);
}

#[test]
fn where_some_are_missing_the_list_is_named() {
    let server = Faulty::new([missing(6), serves(&webhook(5))]);
    let env = TestEnv::with_api(server.url());
    env.run("get 5 6 --columns id").check(str![[r#"
ID
5
--- stderr
pmhooks: error: 1 of 2 webhooks could not be shown
  because cannot get webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 7
"#]]);
}
