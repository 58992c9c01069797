//! `list`.

use crate::support::*;

fn two() -> Value {
    let other = json!({
        "ID": 9_007_199_254_740_993_i64,
        "Url": "https://u:url-password@hooks.example.com/b?token=url-token&x=1",
        "MessageStream": "broadcast",
        "Triggers": {
            "Open": {"Enabled": true, "PostFirstOpenOnly": true},
            "Click": {"Enabled": true},
            "Delivery": {"Enabled": false},
            "Bounce": {"Enabled": false, "IncludeContent": false},
            "SpamComplaint": {"Enabled": false, "IncludeContent": false},
            "SubscriptionChange": {"Enabled": false}
        }
    });
    json!({"Webhooks": [webhook(1), other]})
}

fn server(webhooks: Value) -> Faulty {
    Faulty::always(Step::answer(200, webhooks))
}

#[test]
fn both_ages_of_the_api_stand_in_one_table() {
    // torture 105: without Status and HttpAuth, and an ID above 2^53
    let server = server(two());
    TestEnv::with_api(server.url()).run("list").check(str![[r#"
ID                STREAM     URL                                                        TRIGGERS          AUTH    STATUS
1                 outbound   https://hooks.example.com/pm                               delivery, bounce  basic   verified
9007199254740993  broadcast  https://u:********@hooks.example.com/b?token=********&x=1  open, click       in url  -
"#]]);
    assert_eq!(server.log(), "GET /webhooks");
}

#[test]
fn every_format_shows_the_same_webhooks() {
    let server = server(two());
    let env = TestEnv::with_api(server.url());
    env.run("list -o tsv").check(str![[r#"
id	stream	url	triggers	auth	status
1	outbound	https://hooks.example.com/pm	delivery, bounce	basic	verified
9007199254740993	broadcast	https://u:********@hooks.example.com/b?token=********&x=1	open, click	in url	-
"#]]);
    env.run("list -o ids").check(str![[r#"
1
9007199254740993
"#]]);
    env.run("list -o jsonl").check(str![[r#"
{"ID":1,"Url":"https://hooks.example.com/pm","MessageStream":"outbound","Status":"verified","HttpAuth":{"Username":"postmark","Password":"********"},"HttpHeaders":[{"Name":"X-Env","Value":"staging"}],"Triggers":{"Open":{"Enabled":false,"PostFirstOpenOnly":false},"Click":{"Enabled":false},"Delivery":{"Enabled":true},"Bounce":{"Enabled":true,"IncludeContent":true},"SpamComplaint":{"Enabled":false,"IncludeContent":false},"SubscriptionChange":{"Enabled":false}}}
{"ID":9007199254740993,"Url":"https://u:********@hooks.example.com/b?token=********&x=1","MessageStream":"broadcast","HttpAuth":null,"HttpHeaders":[],"Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":true},"Click":{"Enabled":true},"Delivery":{"Enabled":false},"Bounce":{"Enabled":false,"IncludeContent":false},"SpamComplaint":{"Enabled":false,"IncludeContent":false},"SubscriptionChange":{"Enabled":false}}}
"#]]);
    env.run("list -o yaml").check(str![[r#"
- ID: 1
  Url: https://hooks.example.com/pm
  MessageStream: outbound
  Status: verified
  HttpAuth:
    Username: postmark
    Password: "********"
  HttpHeaders:
  - Name: X-Env
    Value: staging
  Triggers:
    Open:
      Enabled: false
      PostFirstOpenOnly: false
    Click:
      Enabled: false
    Delivery:
      Enabled: true
    Bounce:
      Enabled: true
      IncludeContent: true
    SpamComplaint:
      Enabled: false
      IncludeContent: false
    SubscriptionChange:
      Enabled: false
- ID: 9007199254740993
  Url: https://u:********@hooks.example.com/b?token=********&x=1
  MessageStream: broadcast
  HttpAuth: null
  HttpHeaders: []
  Triggers:
    Open:
      Enabled: true
      PostFirstOpenOnly: true
    Click:
      Enabled: true
    Delivery:
      Enabled: false
    Bounce:
      Enabled: false
      IncludeContent: false
    SpamComplaint:
      Enabled: false
      IncludeContent: false
    SubscriptionChange:
      Enabled: false
"#]]);
    let list = env.run("list -o json");
    assert_eq!(list.json().as_array().unwrap().len(), 2);
    assert_eq!(list.json()[1]["ID"], 9_007_199_254_740_993_i64);
    assert_eq!(list.json()[1].get("Status"), None);
    assert_eq!(list.json()[1]["HttpAuth"], json!(null));
    assert_eq!(list.stderr, "");
}

#[test]
fn secrets_are_shown_only_on_demand() {
    let server = server(two());
    let env = TestEnv::with_api(server.url());
    for flags in
        ["", "-o tsv --columns url,headers", "-o json", "-o jsonl", "-o yaml", "-o json -vv"]
    {
        let masked = env.run(format!("list {flags}"));
        masked.code(0).lacks("secret-").lacks("url-password").lacks("url-token");
    }
    let shown = env.run("list -o json --show-secrets").json();
    assert_eq!(shown[0]["HttpAuth"]["Password"], "secret-password");
    assert_eq!(shown[0]["HttpHeaders"][0]["Value"], "staging");
    let url = "https://u:url-password@hooks.example.com/b?token=url-token&x=1";
    assert_eq!(shown[1]["Url"], url);
    env.run("list --show-secrets --columns url --no-header").has(url);
}

#[test]
fn columns_are_chosen_by_their_own_names_or_the_apis() {
    let server = server(two());
    let env = TestEnv::with_api(server.url());
    env.run("list --columns Url,id,headers").check(str![[r#"
URL                                                        ID                HEADERS
https://hooks.example.com/pm                               1                 X-Env
https://u:********@hooks.example.com/b?token=********&x=1  9007199254740993
"#]]);
    env.run("list --columns id,status --no-header -o tsv").check(str![[r#"
1	verified
9007199254740993	-
"#]]);
}

#[test]
fn a_wrong_column_or_format_is_refused_before_anything_is_sent() {
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    env.run("list --columns id,nope").check(str![[r#"
--- stderr
pmhooks: error: column "nope" not found (available: profile, id, stream, url, triggers, auth, headers, status)
--- exit 2
"#]]);
    env.run("list --columns auth,triggers,nope -o json").check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "Usage",
    "Message": "key \"nope\" not found (available: Profile, ID, Url, MessageStream, Status, HttpAuth, HttpHeaders, Triggers)",
    "Causes": [],
    "Hints": [],
    "HttpStatus": null,
    "ErrorCode": null
  }
}
--- exit 2
"#]]);
    env.run("list --columns id -o ids").check(str![[r#"
--- stderr
pmhooks: error: --columns is not for --output ids
--- exit 2
"#]]);
    env.run("list --sort nope").check(str![[r#"
--- stderr
pmhooks: error: column "nope" not found (available: profile, id, stream, url, triggers, auth, headers, status)
--- exit 2
"#]]);
    env.run("list --sort=-nope -o jsonl").code(2);
    env.run("health --sort id -o prometheus").code(2);
    env.run("lint --columns id -o sarif").code(2);
    env.run("list --sort -").check(str![[r#"
--- stderr
pmhooks: error: invalid value for '--sort <COLUMN>': name a column, as in url, or -url for descending order
--- exit 2
"#]]);
    env.run("list -o xml").check(str![[r#"
--- stderr
pmhooks: error: invalid value 'xml' for '--output <FORMAT>'
  [possible values: table, json, jsonl, yaml, tsv, ids, prometheus, sarif]

  tip: a similar value exists: 'yaml'

For more information, try '--help'.
--- exit 2
"#]]);
    env.run("list --stream Not/a/stream").check(str![[r#"
--- stderr
pmhooks: error: invalid value for '--stream <ID>': a stream's ID starts with a letter and has at most 30 letters, digits, - and _; `pmhooks streams` lists them
--- exit 2
"#]]);
}

#[test]
fn an_empty_server_is_not_a_failure() {
    // torture 47
    let server = server(json!({"Webhooks": []}));
    let env = TestEnv::with_api(server.url());
    env.run("list").check(str![[r#"
ID  STREAM  URL  TRIGGERS  AUTH  STATUS
--- stderr
There are no webhooks here; create makes one.
"#]]);
    env.run("list -o json").check(str!["[]"]);
    env.run("list -o yaml").check(str!["[]"]);
    env.run("list -o tsv").check(str!["id	stream	url	triggers	auth	status"]);
    env.run("list -o ids").check(str![]);
    env.run("list -o jsonl").check(str![]);
    env.run("list -q").check(str!["ID  STREAM  URL  TRIGGERS  AUTH  STATUS"]);
}

#[test]
fn a_stream_is_asked_for_and_one_that_does_not_exist_is_an_error() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    let id = sandbox.create("--url https://hooks.example.com/b --stream broadcast --on click");
    assert_eq!(env.run("list --stream broadcast -o ids").stdout.trim(), id);
    env.run("list --stream outbound -o json").check(str!["[]"]);
    env.run("list --stream nope").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1226): The message stream for the provided 'ID' was not found.
  hint: see which there are: `pmhooks streams`
--- exit 5
"#]]);
    assert!(sandbox.log.log().ends_with("GET /webhooks?MessageStream=nope"));
}

#[test]
fn unset_credentials_of_any_shape_are_none() {
    // torture 105
    let shapes = [
        json!(null),
        json!({"Username": null, "Password": null}),
        json!({"Username": "", "Password": ""}),
    ];
    let mut webhooks: Vec<_> =
        shapes.into_iter().map(|auth| webhook_with(7, "HttpAuth", auth)).collect();
    webhooks.push(webhook(8));
    webhooks[3].as_object_mut().unwrap().remove("HttpAuth");
    let server = server(json!({"Webhooks": webhooks}));
    let env = TestEnv::with_api(server.url());
    env.run("list --columns auth --no-header").check(str![[r#"
none
none
none
none
"#]]);
    for shown in env.run("list -o json").json().as_array().unwrap() {
        assert_eq!(shown["HttpAuth"], json!(null));
    }
}

#[test]
fn without_a_token_it_is_said_how_to_set_one_up() {
    let server = Faulty::untouchable();
    let mut env = TestEnv::new();
    env.api(server.url()).run("list").check(str![[r#"
--- stderr
pmhooks: error: no Postmark server token is set up
  hint: set one up: `pmhooks profile add NAME`
  hint: or give one for this run in the environment: POSTMARK_SERVER_TOKEN
  hint: or try everything without one: `pmhooks -p sandbox list`
--- exit 3
"#]]);
    env.run("list -o json").check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "NotSetUp",
    "Message": "no Postmark server token is set up",
    "Causes": [],
    "Hints": [
      "set one up: `pmhooks profile add NAME`",
      "or give one for this run in the environment: POSTMARK_SERVER_TOKEN",
      "or try everything without one: `pmhooks -p sandbox list`"
    ],
    "HttpStatus": null,
    "ErrorCode": null
  }
}
--- exit 3
"#]]);
}

#[test]
fn a_refused_token_has_its_own_code() {
    let refusal = Step::refused(401, 10, "Request does not contain a valid Server token.");
    let server = Faulty::always(refusal);
    let env = TestEnv::with_api(server.url());
    env.run("list").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (401, code 10): Request does not contain a valid Server token.
  hint: the token comes from env POSTMARK_SERVER_TOKEN
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks whoami`
--- exit 4
"#]]);
    env.run("list -o json").check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "TokenRefused",
    "Message": "cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN",
    "Causes": [
      "Postmark refused (401, code 10): Request does not contain a valid Server token."
    ],
    "Hints": [
      "the token comes from env POSTMARK_SERVER_TOKEN",
      "it must be a server token (Postmark: the server, API Tokens), not an account token",
      "see which token is used: `pmhooks whoami`"
    ],
    "HttpStatus": 401,
    "ErrorCode": 10
  }
}
--- exit 4
"#]]);
    let error = env.run("list -o jsonl").error_json();
    assert_eq!(error["Kind"], "TokenRefused");
}

#[test]
fn an_answer_that_is_not_postmarks_is_no_empty_list() {
    let server = Faulty::new([Step::html(200), Step::answer(200, json!({"Webhook": []}))]);
    let env = TestEnv::with_api(server.url());
    env.run("list").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because the answer of 127.0.0.1:[PORT] (200) is not Postmark's: text/html; charset=utf-8, 65 bytes, beginning with "<!DOCTYPE html> <html><head><title>Sign in</title></head></html>"
  hint: something else may answer there: a proxy, a login page, a wrong address
--- exit 6
"#]]);
    env.run("list").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because the answer of 127.0.0.1:[PORT] (200) is not as documented: at the top: missing field `Webhooks`
  hint: something else may answer there: a proxy, a login page, a wrong address
--- exit 6
"#]]);
}

#[test]
fn a_wrong_path_of_the_api_is_not_a_missing_webhook() {
    let body = json!({"ErrorCode": 0, "Message": "There is nothing here."});
    let server = Faulty::new([Step::answer(404, body)]);
    TestEnv::with_api(server.url()).run("list").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (404, code 0): There is nothing here.
--- exit 5
"#]]);
}

// torture 65
#[test]
fn a_trigger_that_is_null_is_off() {
    let mut webhook = webhook(5);
    webhook["Triggers"]["Bounce"] = Value::Null;
    let server = Faulty::new([Step::answer(200, json!({"Webhooks": [webhook]}))]);
    TestEnv::with_api(server.url()).run("list -o ids").check(str![[r#"5"#]]);
}
