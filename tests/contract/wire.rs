//! What goes over the wire, compared with what Postmark's Webhooks API page shows.

use pmhooks::postmark::{HookUrl, Reveal, Webhook, WebhookPatch};

use crate::support::*;

/// An example of Postmark's page, completed where the page leaves a key out.
#[track_caller]
fn example(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/postmark");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The API with the page's own answers.
fn postmark() -> Faulty {
    let webhook = "/webhooks/1234567";
    Faulty::new([
        Step::answer(200, example("list")).only("GET", "/webhooks").forever(),
        Step::answer(200, example("webhook")).only("GET", webhook).forever(),
        Step::answer(200, example("webhook")).only("POST", "/webhooks").forever(),
        Step::answer(200, example("webhook")).only("PUT", webhook).forever(),
        Step::answer(200, example("delete")).only("DELETE", webhook).forever(),
    ])
}

fn env(server: &Faulty) -> TestEnv {
    let mut env = TestEnv::with_api(server.url());
    env.env("PW", "pass");
    env
}

#[test]
fn the_examples_come_through_the_model_as_they_are() {
    for answer in example("list")["Webhooks"].as_array().unwrap() {
        let webhook: Webhook = serde_json::from_value(answer.clone()).unwrap();
        assert_eq!(webhook.to_json(Reveal::Shown).to_string(), answer.to_string());
    }
}

#[test]
fn the_examples_are_shown_as_they_are() {
    let server = postmark();
    let env = env(&server);
    let list = env.run("list -o json --show-secrets").json();
    assert_eq!(list, example("list")["Webhooks"]);
    let shown = env.run("get 1234567 -o json --show-secrets").json();
    assert_eq!(shown, example("webhook"));
}

#[test]
fn the_examples_can_be_sent() {
    let server = postmark();
    let env = env(&server);
    let create = "create --url http://www.example.com/webhook-test-tracking --stream outbound \
        --username user --password env:PW --header name:value \
        --on open,click,delivery,subscription-change --off bounce,spam-complaint -q";
    env.run(create).code(0);
    env.run("edit 1234567 --no-headers --on bounce --include-content bounce -q").code(0);
    let sent: Vec<_> =
        server.requests().iter().filter(|r| r.method != "GET").map(Recorded::json).collect();
    assert_eq!(sent[0].to_string(), example("create-request").to_string());
    assert_eq!(sent[1].to_string(), example("edit-request").to_string());
}

#[test]
fn the_examples_of_refusals_are_understood() {
    // torture 106
    let refusal = Step::answer(422, example("not-verified")).header("X-PM-ApiErrorCode", "1364");
    let server = Faulty::new([refusal, Step::answer(422, example("not-found"))]);
    let env = env(&server);
    env.run("create --url http://www.example.com/ --on delivery,bounce").check(str![[r#"
--- stderr
pmhooks: error: cannot create the webhook http://www.example.com/ in the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1364): 1/2 triggers verified successfully
  because Delivery: passed, answered 200 (OK)
  because Bounce: failed, answered 503 (Service Unavailable)
  hint: let the endpoint answer these probes with exactly 200, then try again
  hint: or save it unverified with --no-verify, and later `pmhooks verify ID`: it gets no events until then
--- exit 5
"#]]);
    env.run("get 1234567").code(8);
}

#[test]
fn each_call_is_these_bytes_and_no_others() {
    // torture 17
    let server = postmark();
    let env = env(&server);
    env.run("list --stream broadcast").code(0);
    env.run("get 1234567").code(0);
    env.run("create --url https://hooks.example.com/pm --on click -q").code(0);
    env.run("edit 1234567 --off click -q").code(0);
    env.run("delete 1234567 --yes -q").code(0);
    let requests = server.requests();
    // What edit and delete read first is the same as the second.
    let calls = requests.iter().filter(|r| r.method != "GET").chain(&requests[..2]);
    let mut said = String::new();
    for request in calls {
        let text = String::from_utf8(request.raw.clone()).unwrap();
        assert_eq!(text.to_lowercase().matches(TOKEN).count(), 1, "{text}");
        for absent in ["cookie", "referer", "accept-encoding", "authorization"] {
            assert_eq!(request.header(absent), None);
        }
        let host = server.address().to_string();
        let version = env!("CARGO_PKG_VERSION");
        said += &text.replace(&host, "[HOST]").replace(version, "[VERSION]").replace('\r', "");
        said += "\n----\n";
    }
    assert_data_eq!(
        said,
        str![[r#"
POST /webhooks HTTP/1.1
accept: application/json
user-agent: pmhooks/[VERSION]
x-postmark-server-token: 11111111-2222-3333-4444-555555555555
content-type: application/json
content-length: 76
host: [HOST]

{"Url":"https://hooks.example.com/pm","Triggers":{"Click":{"Enabled":true}}}
----
PUT /webhooks/1234567 HTTP/1.1
accept: application/json
user-agent: pmhooks/[VERSION]
x-postmark-server-token: 11111111-2222-3333-4444-555555555555
content-type: application/json
content-length: 40
host: [HOST]

{"Triggers":{"Click":{"Enabled":false}}}
----
DELETE /webhooks/1234567 HTTP/1.1
accept: application/json
user-agent: pmhooks/[VERSION]
x-postmark-server-token: 11111111-2222-3333-4444-555555555555
content-type: application/json
host: [HOST]


----
GET /webhooks?MessageStream=broadcast HTTP/1.1
accept: application/json
user-agent: pmhooks/[VERSION]
x-postmark-server-token: 11111111-2222-3333-4444-555555555555
host: [HOST]


----
GET /webhooks/1234567 HTTP/1.1
accept: application/json
user-agent: pmhooks/[VERSION]
x-postmark-server-token: 11111111-2222-3333-4444-555555555555
host: [HOST]


----

"#]]
    );
}

#[test]
fn a_patch_of_one_field_is_one_field() {
    let url: HookUrl = "https://new.example/?a=1".parse().unwrap();
    let patch = WebhookPatch { url: Some(url), verify: true, ..WebhookPatch::default() };
    let body = Value::Object(patch.body()).to_string();
    assert_eq!(body, r#"{"Url":"https://new.example/?a=1"}"#);
}

#[test]
fn keys_that_are_not_known_survive_get_edit_and_put() {
    // torture 105
    let mut answer = example("webhook");
    answer["Pool"] = json!({"Size": 3, "Names": ["a"]});
    answer["Triggers"]["Teleport"] = json!({"Enabled": true, "Range": 9});
    answer["Triggers"]["Open"]["Colour"] = json!("red");
    let server = Faulty::new([
        serves(&answer),
        Step::answer(200, answer.clone()).only("PUT", "/webhooks/1234567"),
    ]);
    let env = env(&server);
    let shown = env.run("get 1234567 -o json --show-secrets");
    assert_eq!(shown.json().to_string(), answer.to_string());
    let edited = env.run("edit 1234567 --first-open-only -o json --show-secrets").json();
    assert_eq!(edited["Pool"], answer["Pool"]);
    assert_data_eq!(
        writes(&server),
        str![[r#"
PUT /webhooks/1234567 {"Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":true,"Colour":"red"}}}

"#]]
    );
}
