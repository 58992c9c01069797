//! The samples: every documented field and no other, fitted to the webhook.

use std::path::Path;

use super::{api, webhook};
use crate::support::*;

const URL: &str = "http://127.0.0.1:1/";

fn print(args: &[&str]) -> Value {
    let all = [&["test", "--url", URL, "--print"], args].concat();
    TestEnv::new().run(all).code(0).json()
}

/// Compares a value with a list of fields, typed from Postmark's pages: names, and what they hold.
fn assert_shape(shape: &Value, value: &Value, at: &str) {
    match shape {
        Value::Object(fields) => {
            let names = |v: &Value| -> Vec<String> {
                let mut names: Vec<_> = v.as_object().unwrap().keys().cloned().collect();
                names.sort();
                names
            };
            assert_eq!(names(value), names(shape), "{at}");
            for (name, inner) in fields {
                assert_shape(inner, &value[name], &format!("{at}.{name}"));
            }
        }
        Value::Array(items) => {
            let values = value.as_array().unwrap_or_else(|| panic!("{at} is not a list"));
            assert_eq!(values.is_empty(), items.is_empty(), "{at}");
            for value in values {
                assert_shape(&items[0], value, at);
            }
        }
        kind => {
            let text = || value.as_str().unwrap_or_else(|| panic!("{at} is not a text: {value}"));
            let fits = |pattern: &str| regex::Regex::new(pattern).unwrap().is_match(text());
            let good = match kind.as_str().unwrap() {
                "string" => value.is_string(),
                "content" => text().contains("\r\n\r\n"),
                "integer" => value.is_i64(),
                "boolean" => value.is_boolean(),
                "object" => value.as_object().unwrap().values().all(Value::is_string),
                "uuid" => fits("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
                "date" => fits(r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{7}Z$"),
                "mail-date" => {
                    fits(r"^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} [0-9:]{8} \+0000$")
                }
                other => panic!("{other}"),
            };
            assert!(good, "{at} should be {kind}, not {value}");
        }
    }
}

fn fixture(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/events");
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

#[test]
fn every_event_has_just_the_documented_fields() {
    // torture 96
    let events =
        print(&["--event", "all", "--include-content", "bounce,spam-complaint", "-o", "json"]);
    let names = [
        "Open",
        "Click",
        "Delivery",
        "Bounce",
        "SpamComplaint",
        "SubscriptionChange",
        "Inbound",
        "SMTPApiError",
    ];
    assert_eq!(events.as_array().unwrap().len(), names.len());
    for (event, name) in events.as_array().unwrap().iter().zip(names) {
        assert_shape(&fixture(&format!("{name}.json")), event, name);
        let record = match name {
            "Inbound" => Value::Null,
            "SMTPApiError" => json!("Bounce"),
            name => json!(name),
        };
        assert_eq!(event.get("RecordType").unwrap_or(&Value::Null), &record);
    }
}

#[test]
fn content_comes_only_where_it_is_included() {
    for (flag, bounce, complaint) in
        [(None, false, false), (Some("bounce"), true, false), (Some("spam-complaint"), false, true)]
    {
        let mut args = vec!["--event", "bounce,spam-complaint"];
        args.extend(flag.map(|f| ["--include-content", f]).into_iter().flatten());
        let events = print(&args);
        let has = |n: usize| events[n].get("Content").is_some();
        assert_eq!((has(0), has(1)), (bounce, complaint), "{flag:?}");
    }
}

#[test]
fn a_first_open_is_posted_where_only_first_ones_are() {
    assert_eq!(print(&["--event", "open", "--first-open-only"])["FirstOpen"], true);
    assert_eq!(print(&["--event", "open"])["FirstOpen"], false);
}

#[test]
fn every_bounce_type_has_its_code_and_name() {
    for (kind, code, name, inactive) in [
        ("HardBounce", 1, "Hard bounce", true),
        ("Transient", 2, "Message delayed/Undeliverable", false),
        ("Unsubscribe", 16, "Unsubscribe request", false),
        ("Subscribe", 32, "Subscribe request", false),
        ("AutoResponder", 64, "Auto responder", false),
        ("AddressChange", 128, "Address change", false),
        ("DnsError", 256, "DNS error", false),
        ("SpamNotification", 512, "Spam notification", false),
        ("OpenRelayTest", 1024, "Open relay test", false),
        ("Unknown", 2048, "Unknown", false),
        ("SoftBounce", 4096, "Soft bounce", false),
        ("VirusNotification", 8192, "Virus notification", false),
        ("ChallengeVerification", 16384, "Spam challenge verification", false),
        ("BadEmailAddress", 100_000, "Invalid email address", true),
        ("SpamComplaint", 100_001, "Spam complaint", true),
        ("ManuallyDeactivated", 100_002, "Manually deactivated", true),
        ("Unconfirmed", 100_003, "Registration not confirmed", false),
        ("Blocked", 100_006, "ISP block", false),
        ("SMTPApiError", 100_007, "SMTP API error", false),
        ("InboundError", 100_008, "Processing failed", false),
        ("DMARCPolicy", 100_009, "DMARC Policy", false),
        ("TemplateRenderingFailed", 100_010, "Template rendering failed", false),
    ] {
        let bounce = print(&["--bounce-type", kind]);
        assert_eq!(bounce["Type"], kind);
        assert_eq!(bounce["TypeCode"], code, "{kind}");
        assert_eq!(bounce["Name"], name, "{kind}");
        assert_eq!(bounce["Inactive"], inactive, "{kind}");
        assert_eq!(bounce["RecordType"], "Bounce");
    }
    assert_eq!(print(&["--bounce-type", "hard-bounce"])["Type"], "HardBounce");
}

#[test]
fn fields_can_be_set_as_json_or_as_text() {
    let change = print(&[
        "--event",
        "subscription-change",
        "--set",
        "SuppressSending=false",
        "--set",
        "SuppressionReason=null",
        "--set",
        "Metadata={\"order\":\"7\"}",
        "--set",
        "Tag=it's 5",
    ]);
    assert_eq!(change["SuppressSending"], false);
    assert_eq!(change["SuppressionReason"], Value::Null);
    assert_eq!(change["Metadata"], json!({"order": "7"}));
    assert_eq!(change["Tag"], "it's 5");
    let inbound = print(&["--event", "inbound", "--set", "ToFull.0.Name=Desk"]);
    assert_eq!(inbound["ToFull"][0]["Name"], "Desk");
}

#[test]
fn a_field_is_set_where_it_is_and_must_be_somewhere() {
    let events = print(&["--event", "all", "--set", "BouncedAt=now", "-o", "json"]);
    let set = events.as_array().unwrap().iter().filter(|e| e["BouncedAt"] == "now").count();
    assert_eq!(set, 3, "bounce, spam complaint, SMTP API error");
    TestEnv::new().run(["test", "--url", URL, "--set", "Cotent=x"]).check(str![[r#"
--- stderr
pmhooks: error: cannot set Cotent: no event that would be posted has this field
  hint: see the fields of an event with --print
--- exit 2
"#]]);
    // The field exists, but not in what would be posted.
    TestEnv::new().run(["test", "--url", URL, "--event", "bounce", "--set", "RawEmail=x"]).code(2);
}

#[test]
fn optional_fields_and_metadata_can_be_set() {
    let bounce =
        print(&["--event", "bounce", "--set", "Content=x", "--set", "Metadata.user.id=007"]);
    assert_eq!(bounce["Content"], "x");
    assert_eq!(bounce["Metadata"], json!({"pmhooks": "test", "user.id": "007"}));
    let inbound = print(&["--event", "inbound", "--set", "RawEmail=From: a@example.com"]);
    assert_eq!(inbound["RawEmail"], "From: a@example.com");
    let all = print(&["--event", "all", "--set", "Metadata.userid=1", "-o", "json"]);
    let set = all.as_array().unwrap().iter().filter(|e| e["Metadata"]["userid"] == "1").count();
    assert_eq!(set, 7, "every event but inbound mail");
    for wrong in ["Metadata=", "Metadata.a", "Metadaten.a=1", "RawEmail.a=1"] {
        let args = ["test", "--url", URL, "--event", "inbound", "--set", wrong];
        TestEnv::new().run(args).code(2);
    }
}

#[test]
fn an_inbound_mail_can_be_as_large_as_postmark_takes() {
    let endpoint = Faulty::new([Step::status(413)]);
    let mut env = TestEnv::new();
    super::time_is_hidden(&mut env);
    let run = env.run(["test", "--url", &endpoint.url(), "--attachment-size", "20MB"]);
    run.check(str![[r#"
ID  EVENT    OUTCOME  STATUS  MS[GAP]MESSAGE
-   inbound  retried  413     [MS]Payload Too Large
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
inbound: Postmark tries again 10 times within about 10 hours (after 1, 5, 10, 10, 10, 15 and 30 minutes, then 1, 2 and 6 hours), then the mail stands as Inbound Error in Activity.
  hint: inbound: the event is too large for the endpoint: raise the limit of the body's size, in front of it too (inbound mail comes with up to 50 MB)
--- exit 1
"#]]);
    let request = &endpoint.requests()[0];
    assert_eq!(request.json()["Attachments"][0]["ContentLength"], 20_000_000);
    assert!(request.body.len() > 26_000_000);
    assert_eq!(request.header("X-PM-Retries-Remaining"), Some("10"));
}

#[test]
fn a_body_of_ones_own_is_posted_to_the_byte() {
    let body = "{ \"RecordType\": \"Telepathy\",\r\n  \"ID\": 4323372036854775807, \"F\": 1.10 }\n";
    let endpoint = Faulty::always(Step::status(200));
    let env = TestEnv::new();
    env.file("own.json", body);
    let run = env.run(["test", "--url", &endpoint.url(), "--data", "own.json", "-o", "json"]);
    assert_eq!(run.code(0).json()[0]["Results"][0]["TriggerType"], "Telepathy");
    let args = ["test", "--url", &endpoint.url(), "--data", "-", "--set", "RecordType=Open"];
    env.cmd(args).stdin(body).run().code(0).has("open");
    let requests = endpoint.requests();
    assert_eq!(requests[0].text(), body);
    assert_eq!(requests[1].json()["RecordType"], "Open");
    assert_eq!(requests[1].json()["ID"], 4_323_372_036_854_775_807_i64);
}

#[test]
fn a_broken_body_says_where_and_never_what() {
    let env = TestEnv::new();
    env.file("own.json", "{\n  \"Secret\": \"hunter2\",\n  oops\n}\n");
    env.run(["test", "--url", URL, "--data", "own.json"])
        .check(str![[r#"
--- stderr
pmhooks: error: own.json: it is not JSON (line 3, column 3)
--- exit 2
"#]])
        .lacks("hunter2");
}

#[test]
fn what_is_printed_is_fitted_to_the_webhook_and_not_sent() {
    let mut hook = webhook(5, URL, &["Bounce"]);
    hook["Triggers"]["Bounce"]["IncludeContent"] = json!(true);
    let api = api(hook);
    let event = TestEnv::with_api(api.url()).run("test 5 --print").code(0).json();
    assert_eq!(event["MessageStream"], "broadcast");
    assert_eq!(event["ServerID"], 77);
    assert!(event["Content"].is_string());
}

#[test]
fn a_pinned_server_need_not_be_asked_for() {
    let api = Faulty::new([Step::answer(200, webhook(5, URL, &["Bounce"]))]);
    let mut env = TestEnv::new();
    env.config(&format!(
        "[profiles.a]\nserver_token = \"{TOKEN}\"\nserver_id = 88\napi_url = \"{}\"\n",
        api.url()
    ));
    env.unset("POSTMARK_API_URL");
    let event = env.run("test 5 --print -p a").code(0).json();
    assert_eq!(event["ServerID"], 88);
}

#[test]
#[ignore = "needs python3, its package index and PMHOOKS_TEST_ANYMAIL=1"]
fn anymail_understands_every_sample() {
    if std::env::var_os("PMHOOKS_TEST_ANYMAIL").is_none() {
        return;
    }
    let env = TestEnv::new();
    let events =
        print(&["--event", "all", "--include-content", "bounce,spam-complaint", "-o", "json"]);
    env.file("events.json", events.to_string());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/feed_anymail.py");
    let setup = format!(
        "python3 -m venv venv && venv/bin/pip install -q django-anymail && venv/bin/python {script} events.json"
    );
    // The environment of whoever asked for it: an interpreter and an index have settings of their own.
    let mut shell = env.shell(&setup).limit(Duration::from_secs(300));
    for (name, value) in std::env::vars_os().filter(|(name, _)| name != "HOME") {
        shell = shell.env(name, value);
    }
    shell.run().check(str![[r#"
200 opened None recipient@example.com ['pmhooks-test']
200 clicked None recipient@example.com ['pmhooks-test']
200 delivered None recipient@example.com ['pmhooks-test']
200 bounced bounced recipient@example.com ['pmhooks-test']
200 complained spam recipient@example.com ['pmhooks-test']
200 unsubscribed unsubscribed recipient@example.com ['pmhooks-test']
200 inbound 0123456789abcdef0123456789abcdef+test@inbound.example.com [pmhooks test] Hello ['test.txt']
200 failed None recipient@example.com ['pmhooks-test']
"#]]);
}
