//! `streams`.

use crate::support::*;

fn sandbox(env: &TestEnv) -> Running {
    env.spawn("sandbox serve --port 0 --memory")
}

#[test]
fn the_streams_of_a_server_are_listed() {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL");
    env.run("-p sandbox streams").check(str![[r#"
ID         TYPE           NAME                          ARCHIVED
outbound   Transactional  Default Transactional Stream  -
inbound    Inbound        Default Inbound Stream        -
broadcast  Broadcasts     Default Broadcast Stream      -
"#]]);
    env.run("-p sandbox streams -o ids").check(str![[r#"
outbound
inbound
broadcast
"#]]);
    env.run("-p sandbox streams --type broadcasts -o tsv").check(str![[r#"
id	type	name	archived
broadcast	Broadcasts	Default Broadcast Stream	-
"#]]);
    env.run("-p sandbox streams --type inbound -o json").check(str![[r#"
[
  {
    "ID": "inbound",
    "ServerID": 1,
    "Name": "Default Inbound Stream",
    "Description": null,
    "MessageStreamType": "Inbound",
    "CreatedAt": "2026-01-05T09:00:00-05:00",
    "UpdatedAt": null,
    "ArchivedAt": null,
    "ExpectedPurgeDate": null,
    "SubscriptionManagementConfiguration": {
      "UnsubscribeHandlingType": "None"
    }
  }
]
"#]]);
    env.run("-p sandbox streams --type Inbound").check(str![[r#"
--- stderr
pmhooks: error: invalid value 'Inbound' for '--type <TYPE>'
  [possible values: transactional, broadcasts, inbound]

  tip: a similar value exists: 'inbound'

For more information, try '--help'.
--- exit 2
"#]]);
}

#[test]
fn archived_streams_are_shown_where_asked_for() {
    let env = &mut TestEnv::new();
    let serving = sandbox(env);
    let server = Faulty::recording(&serving.wait_for_url());
    env.api(server.url()).token(TOKEN);
    env.redact("[DAY]", r"(?<redacted>20\d\d-\d\d-\d\dT[0-9:.]+([+-]\d\d:\d\d|Z))");
    let post = |path: &str, body: &str| {
        let url = format!("{}{path}", server.url());
        let token = format!("X-Postmark-Server-Token: {TOKEN}");
        let json = "Content-Type: application/json";
        env.program("/usr/bin/curl", ["-sf", "-XPOST", &url, "-H", &token, "-H", json, "-d", body])
            .run()
            .code(0);
    };
    post("/message-streams", r#"{"ID":"news","Name":"News","MessageStreamType":"Broadcasts"}"#);
    post("/message-streams/news/archive", "");
    env.run("streams --type broadcasts -o ids").check(str!["broadcast"]);
    env.run("streams --type broadcasts --archived").check(str![[r#"
ID         TYPE        NAME                      ARCHIVED
broadcast  Broadcasts  Default Broadcast Stream  -
news       Broadcasts  News                      [DAY]
"#]]);
    let asked = server.requests().into_iter().filter(|r| r.method == "GET").map(|r| r.path);
    assert_data_eq!(
        asked.collect::<Vec<_>>().join("\n"),
        str![[r#"
/message-streams?MessageStreamType=Broadcasts
/message-streams?MessageStreamType=Broadcasts&IncludeArchivedStreams=true
"#]]
    );
    serving.interrupt();
    serving.finish().code(0);
}

#[test]
fn what_the_server_says_is_kept_and_shown_harmless() {
    let server = Faulty::always(Step::answer(
        200,
        json!({"MessageStreams": [
            {"ID": "a", "Name": "x\u{1b}[31m\ny", "MessageStreamType": "Future", "New": {"K": 1},
             "ArchivedAt": null, "Description": null},
        ], "TotalCount": 1}),
    ));
    let env = TestEnv::with_api(server.url());
    env.run("streams").check(str![[r#"
ID  TYPE    NAME            ARCHIVED
a   Future  x\u{1b}[31m\ny  -
"#]]);
    env.run("streams -o json").check(str![[r#"
[
  {
    "ID": "a",
    "Name": "x\u001b[31m\ny",
    "MessageStreamType": "Future",
    "New": {
      "K": 1
    },
    "ArchivedAt": null,
    "Description": null
  }
]
"#]]);
}

#[test]
fn no_streams_are_no_failure() {
    let server = Faulty::always(Step::answer(200, json!({"MessageStreams": [], "TotalCount": 0})));
    let env = TestEnv::with_api(server.url());
    env.run("streams").check(str![[r#"
ID  TYPE  NAME  ARCHIVED
--- stderr
No such message streams here.
"#]]);
    env.run("streams -o json").check(str!["[]"]);
}

#[test]
fn a_refusal_is_explained() {
    let server = Faulty::always(Step::refused(401, 10, "Bad or missing Server API token."));
    TestEnv::with_api(server.url()).run("streams").check(str![[r#"
--- stderr
pmhooks: error: cannot list the message streams of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (401, code 10): Bad or missing Server API token.
  hint: the token comes from env POSTMARK_SERVER_TOKEN
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks whoami`
--- exit 4
"#]]);
}
