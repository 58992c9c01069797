//! `server get` and `server edit`.

use crate::support::*;

const HOOK: &str = "https://user:hunter2hunter2@hooks.example.com/in?key=s3cr3ts3cr3t&a=b";

fn postmark() -> Value {
    json!({
        "ID": 77, "Name": "Staging", "ApiTokens": [TOKEN, "22222222-2222-2222-2222-222222222222"],
        "Color": "blue", "SmtpApiActivated": true, "RawEmailEnabled": false, "DeliveryType": "Live",
        "ServerLink": "https://postmarkapp.com/servers/77/streams",
        "InboundAddress": "abc@inbound.postmarkapp.com", "InboundHookUrl": HOOK,
        "BounceHookUrl": "", "OpenHookUrl": "https://old.example.com/open", "DeliveryHookUrl": "",
        "PostFirstOpenOnly": false, "TrackOpens": false, "TrackLinks": "None", "ClickHookUrl": "",
        "InboundSpamThreshold": 5, "EnableSmtpApiErrorHooks": false, "Future": {"K": [1]},
    })
}

fn changed(key: &str, value: impl Into<Value>) -> Value {
    let mut server = postmark();
    server[key] = value.into();
    server
}

/// Answers the reads, and one write with this server.
fn writable(after: Value) -> Faulty {
    Faulty::new([
        Step::answer(200, postmark()).only("GET", "/server").forever(),
        Step::answer(200, after).only("PUT", "/server"),
    ])
}

#[test]
fn the_server_is_shown_without_tokens_and_passwords() {
    let server = Faulty::always(Step::answer(200, postmark()));
    let env = TestEnv::with_api(server.url());
    env.run("server get").check(str![[r#"
ID                       77
Name                     Staging
DeliveryType             Live
InboundAddress           abc@inbound.postmarkapp.com
InboundHookUrl           https://user:********@hooks.example.com/in?key=********&a=b
EnableSmtpApiErrorHooks  false
TrackOpens               false
TrackLinks               None
BounceHookUrl            none
OpenHookUrl              https://old.example.com/open
DeliveryHookUrl          none
ClickHookUrl             none
"#]]);
    env.run("server get -o json").check(str![[r#"
{
  "ID": 77,
  "Name": "Staging",
  "ApiTokens": [
    "********",
    "********"
  ],
  "Color": "blue",
  "SmtpApiActivated": true,
  "RawEmailEnabled": false,
  "DeliveryType": "Live",
  "ServerLink": "https://postmarkapp.com/servers/77/streams",
  "InboundAddress": "abc@inbound.postmarkapp.com",
  "InboundHookUrl": "https://user:********@hooks.example.com/in?key=********&a=b",
  "BounceHookUrl": "",
  "OpenHookUrl": "https://old.example.com/open",
  "DeliveryHookUrl": "",
  "PostFirstOpenOnly": false,
  "TrackOpens": false,
  "TrackLinks": "None",
  "ClickHookUrl": "",
  "InboundSpamThreshold": 5,
  "EnableSmtpApiErrorHooks": false,
  "Future": {
    "K": [
      1
    ]
  }
}
"#]]);
    env.run("server get -o ids").check(str!["77"]);
    env.run("server get -o tsv").check(str![[r#"
field	value
ID	77
Name	Staging
DeliveryType	Live
InboundAddress	abc@inbound.postmarkapp.com
InboundHookUrl	https://user:********@hooks.example.com/in?key=********&a=b
EnableSmtpApiErrorHooks	false
TrackOpens	false
TrackLinks	None
BounceHookUrl	none
OpenHookUrl	https://old.example.com/open
DeliveryHookUrl	none
ClickHookUrl	none
"#]]);
    let shown = env.run("server get -o json --show-secrets");
    assert_eq!(shown.json()["InboundHookUrl"], HOOK);
    shown.lacks(TOKEN).lacks("22222222");
}

#[test]
fn each_setting_is_sent_alone() {
    for (args, key, value) in [
        (
            "--inbound-hook-url https://h.example.com/x",
            "InboundHookUrl",
            json!("https://h.example.com/x"),
        ),
        ("--smtp-api-error-hooks true", "EnableSmtpApiErrorHooks", json!(true)),
        ("--track-opens true", "TrackOpens", json!(true)),
        ("--track-links html-and-text", "TrackLinks", json!("HtmlAndText")),
        ("--track-links html-only", "TrackLinks", json!("HtmlOnly")),
        ("--track-links text-only", "TrackLinks", json!("TextOnly")),
    ] {
        let server = writable(changed(key, value.clone()));
        let env = TestEnv::with_api(server.url());
        env.run(format!("server edit {args}")).code(0).has(key).lacks("hunter2");
        let put = server.requests().into_iter().find(|r| r.method == "PUT").unwrap();
        assert_eq!(String::from_utf8(put.body).unwrap(), json!({ key: value }).to_string());
    }
}

#[test]
fn before_and_after_are_shown() {
    let mut after = changed("TrackOpens", true);
    after["TrackLinks"] = "HtmlOnly".into();
    let server = writable(after);
    let env = TestEnv::with_api(server.url());
    env.run("server edit --track-opens true --track-links html-only --smtp-api-error-hooks false")
        .check(str![[r#"
FIELD       BEFORE  AFTER
TrackOpens  false   true
TrackLinks  None    HtmlOnly
--- stderr
Changed the server Staging:
"#]]);
    let put = server.requests().into_iter().find(|r| r.method == "PUT").unwrap();
    assert_eq!(put.json(), json!({"TrackOpens": true, "TrackLinks": "HtmlOnly"}));
}

#[test]
fn an_empty_text_clears_the_inbound_url() {
    let server = writable(changed("InboundHookUrl", ""));
    let env = TestEnv::with_api(server.url());
    env.run(["server", "edit", "--inbound-hook-url", ""]).lacks("hunter2").check(str![[r#"
FIELD           BEFORE                                                       AFTER
InboundHookUrl  https://user:********@hooks.example.com/in?key=********&a=b  (empty)
--- stderr
Changed the server Staging:
"#]]);
    let put = server.requests().into_iter().find(|r| r.method == "PUT").unwrap();
    assert_eq!(put.json(), json!({"InboundHookUrl": ""}));
}

#[test]
fn a_dry_run_sends_nothing() {
    let server = Faulty::always(Step::answer(200, postmark()));
    let env = TestEnv::with_api(server.url());
    env.run("server edit --track-opens true --dry-run").check(str![[r#"
FIELD       BEFORE  AFTER
TrackOpens  false   true
--- stderr
Dry run: nothing was changed. The server Staging would change:
"#]]);
    let shown = env.run("server edit --track-opens true --dry-run -o json").json();
    assert_eq!((&shown["DryRun"], &shown["TrackOpens"]), (&json!(true), &json!(true)));
    assert!(server.requests().iter().all(|r| r.method == "GET"));
}

#[test]
fn what_is_so_already_is_not_sent() {
    let server = Faulty::always(Step::answer(200, postmark()));
    let env = TestEnv::with_api(server.url());
    let run = env.run([
        "server",
        "edit",
        "--track-opens",
        "false",
        "--track-links",
        "none",
        "--inbound-hook-url",
        HOOK,
    ]);
    run.lacks("hunter2").check(str![[r#"
ID                       77
Name                     Staging
DeliveryType             Live
InboundAddress           abc@inbound.postmarkapp.com
InboundHookUrl           https://user:********@hooks.example.com/in?key=********&a=b
EnableSmtpApiErrorHooks  false
TrackOpens               false
TrackLinks               None
BounceHookUrl            none
OpenHookUrl              https://old.example.com/open
DeliveryHookUrl          none
ClickHookUrl             none
--- stderr
The server Staging is so already; nothing was sent.
"#]]);
    env.run("server edit --track-opens false -o json").code(0).json();
    assert!(server.requests().iter().all(|r| r.method == "GET"));
}

#[test]
fn nonsense_is_refused_before_anything_is_sent() {
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    env.run("server edit").check(str![[r#"
--- stderr
pmhooks: error: nothing to change is given
  hint: see `pmhooks server edit --help`
--- exit 2
"#]]);
    env.run("server edit --track-opens maybe").code(2);
    env.run("server edit --track-links Html").code(2).has("html-only");
    // torture 107
    env.run("server edit --inbound-hook-url https://u:********@h.example.com").check(str![[r#"
--- stderr
pmhooks: error: invalid value for '--inbound-hook-url <URL>': ******** is what pmhooks shows in a secret's place; give the whole URL
--- exit 2
"#]]);
    let run = env.run("server edit --inbound-hook-url ftp://u:hunter2@h.example.com");
    run.code(2).lacks("hunter2");
    env.run("server get -o sarif").code(2);
    env.run("server get --columns nothing").check(str![[r#"
--- stderr
pmhooks: error: column "nothing" not found (available: field, value)
--- exit 2
"#]]);
}

#[test]
fn a_refusal_of_the_url_is_explained() {
    let server = Faulty::new([
        Step::answer(200, postmark()).only("GET", "/server").forever(),
        Step::refused(422, 606, "Invalid InboundHookUrl.").only("PUT", "/server"),
    ]);
    let env = TestEnv::with_api(server.url());
    env.run("server edit --inbound-hook-url https://h.example.com").check(str![[r#"
--- stderr
pmhooks: error: cannot change the server settings of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 606): Invalid InboundHookUrl.
  hint: Postmark wants a URL that it can reach from outside
--- exit 5
"#]]);
}

#[test]
fn the_sandbox_keeps_what_is_edited() {
    let env = TestEnv::new();
    env.run("-p sandbox server edit --inbound-hook-url https://h.example.com/in --track-links text-only").code(0);
    let server = env.run("-p sandbox server get -o json").json();
    assert_eq!(server["InboundHookUrl"], "https://h.example.com/in");
    assert_eq!(server["TrackLinks"], "TextOnly");
}
