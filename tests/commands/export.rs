//! `export`.

use pmhooks::postmark::Trigger;

use crate::support::*;

fn sandbox() -> TestEnv {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL").unset("POSTMARK_SERVER_TOKEN");
    env
}

#[test]
fn the_examples_are_a_manifest_with_references() {
    // torture 46, 74
    let env = sandbox();
    env.run("-p sandbox export --var HOST=www.example.com").check(str![[r##"
# yaml-language-server: $schema=pmhooks.schema.json
# ${OUTBOUND_WEBHOOK_TEST_BOUNCE_PASSWORD}: the password of webhook 1234568
# ${OUTBOUND_WEBHOOK_TEST_TRACKING_PASSWORD}: the password of webhook 1234567
Server:
  InboundHookUrl: ""
  EnableSmtpApiErrorHooks: false
Webhooks:
- Url: http://${HOST}/webhook-test-bounce
  MessageStream: outbound
  HttpAuth:
    Username: user
    Password: ${OUTBOUND_WEBHOOK_TEST_BOUNCE_PASSWORD}
  HttpHeaders:
  - Name: name
    Value: value
  Triggers:
    Open:
      Enabled: false
      PostFirstOpenOnly: false
    Click:
      Enabled: false
    Delivery:
      Enabled: false
    Bounce:
      Enabled: true
      IncludeContent: false
    SpamComplaint:
      Enabled: false
      IncludeContent: false
    SubscriptionChange:
      Enabled: false
- Url: http://${HOST}/webhook-test-tracking
  MessageStream: outbound
  HttpAuth:
    Username: user
    Password: ${OUTBOUND_WEBHOOK_TEST_TRACKING_PASSWORD}
  HttpHeaders:
  - Name: name
    Value: value
  Triggers:
    Open:
      Enabled: true
      PostFirstOpenOnly: false
    Click:
      Enabled: true
    Delivery:
      Enabled: true
    Bounce:
      Enabled: false
      IncludeContent: false
    SpamComplaint:
      Enabled: false
      IncludeContent: false
    SubscriptionChange:
      Enabled: true
--- stderr
Secrets are references; give each by --var, the profile's vars or the environment:
    OUTBOUND_WEBHOOK_TEST_BOUNCE_PASSWORD: the password of webhook 1234568
    OUTBOUND_WEBHOOK_TEST_TRACKING_PASSWORD: the password of webhook 1234567
"##]]);
    env.run("-p sandbox export -o json --stream broadcast").check(str![[r#"
{
  "Webhooks": []
}
"#]]);
}

#[test]
fn what_was_exported_and_is_applied_is_no_difference() {
    // torture 72
    let env = sandbox();
    env.run("-p sandbox export --output-file hooks.yaml -q").check(str![]);
    let vars = "--var OUTBOUND_WEBHOOK_TEST_BOUNCE_PASSWORD=pass \
                --var OUTBOUND_WEBHOOK_TEST_BOUNCE_NAME=value \
                --var OUTBOUND_WEBHOOK_TEST_TRACKING_PASSWORD=pass \
                --var OUTBOUND_WEBHOOK_TEST_TRACKING_NAME=value";
    env.run(format!("-p sandbox diff hooks.yaml {vars}")).check(str![[r#"
CHANGE  ID  STREAM  URL  FIELD  BEFORE  AFTER  RESULT
--- stderr
No difference: 2 webhooks are as the manifest says.
"#]]);
    env.run("-p sandbox export --show-secrets --output-file clear.yaml -q").code(0);
    env.run("-p sandbox diff clear.yaml -q").code(0);
}

#[test]
fn another_server_becomes_the_same_as_curl_sees_it() {
    let env = sandbox();
    env.run("-p sandbox export --show-secrets --output-file hooks.yaml -q").code(0);
    let other = Sandboxed::new("");
    other.env.file("hooks.yaml", env.read("hooks.yaml"));
    other.env.run("apply hooks.yaml --yes -q").code(0);
    other.env.run("export --show-secrets --output-file again.yaml -q").code(0);
    assert_eq!(other.env.read("again.yaml"), env.read("hooks.yaml"));
    let url = format!("{}/webhooks", other.log.url());
    let token = format!("X-Postmark-Server-Token: {TOKEN}");
    let Ok(curl) = std::process::Command::new("curl").args(["-sS", "-H", &token, &url]).output()
    else {
        return println!("skipped: curl is not installed");
    };
    let seen: Value = serde_json::from_slice(&curl.stdout).unwrap();
    let mut there = seen["Webhooks"].as_array().unwrap().clone();
    let here = env.run("-p sandbox list -o json --show-secrets").json();
    let mut here = here.as_array().unwrap().clone();
    for webhook in there.iter_mut().chain(&mut here) {
        webhook.as_object_mut().unwrap().remove("ID");
        for option in ["PostFirstOpenOnly", "IncludeContent"] {
            let triggers = webhook["Triggers"].as_object_mut().unwrap();
            triggers.values_mut().for_each(|trigger| {
                trigger.as_object_mut().unwrap().remove(option);
            });
        }
    }
    let key = |webhook: &Value| webhook["Url"].to_string();
    there.sort_by_key(key);
    here.sort_by_key(key);
    assert_eq!(there, here);
}

#[test]
fn twins_and_keys_that_are_not_known_are_named() {
    // torture 105
    let mut twin = webhook(6);
    twin["Novelty"] = json!(1);
    let server = Faulty::new([Step::answer(200, json!({"Webhooks": [webhook(5), twin]}))]);
    let env = TestEnv::with_api(server.url());
    let run = env.run("export --no-server --output-file hooks.yaml");
    run.code(0).has("webhooks 5 and 6 have the same stream and URL").has("Novelty");
    assert!(!env.read("hooks.yaml").contains("Novelty"));
}

#[test]
fn what_it_cannot_write_is_refused_before_anything_is_sent() {
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    env.run("export -o tsv").check(str![[r#"
--- stderr
pmhooks: error: a manifest is YAML or JSON; --output tsv is not for it
--- exit 2
"#]]);
    env.run("export --var 1x=y").code(2);
}

#[cfg(unix)]
#[test]
fn no_link_is_followed_and_no_folder_is_made() {
    let env = sandbox();
    let real = env.file("real.yaml", "old");
    std::os::unix::fs::symlink(&real, env.home().join("link.yaml")).unwrap();
    env.run("-p sandbox export --output-file link.yaml -q").check(str![[r#"
--- stderr
pmhooks: error: cannot write the manifest
  because cannot use link.yaml: it is a symbolic link
  hint: links are not followed when a file is written; name the file itself
--- exit 9
"#]]);
    assert!(env.home().join("link.yaml").is_symlink());
    assert_eq!(env.read("real.yaml"), "old");
    env.run("-p sandbox export --output-file no/such/folder.yaml").code(9);
}

#[test]
fn the_schema_knows_what_the_reader_knows() {
    let schema = TestEnv::new().run("export --schema").json();
    let webhook = &schema["properties"]["Webhooks"]["items"]["properties"];
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let triggers = &webhook["Triggers"]["properties"];
    assert_eq!(keys(triggers), Trigger::ALL.map(|trigger| trigger.key().to_owned()));
    for trigger in Trigger::ALL {
        let options = keys(&triggers[trigger.key()]["properties"]);
        let expected: Vec<_> = ["Enabled"].into_iter().chain(trigger.option()).collect();
        assert_eq!(options, expected);
    }
    // Each key that it names is taken by the reader, and no other.
    let server = Faulty::always(Step::answer(200, json!({"Webhooks": []})));
    let env = TestEnv::with_api(server.url());
    for key in keys(webhook).into_iter().filter(|key| key != "Url") {
        env.file("m.yaml", format!("Webhooks:\n  - Url: https://h.example/\n    {key}: null\n"));
        env.run("diff m.yaml").code(1);
        env.file("m.yaml", format!("Webhooks:\n  - Url: https://h.example/\n    {key}x: null\n"));
        env.run("diff m.yaml").code(2).has(&format!("did you mean {key}?"));
    }
    for key in keys(&schema["properties"]["Server"]["properties"]) {
        env.file("m.yaml", format!("Server:\n  {key}x: null\nWebhooks: []\n"));
        env.run("diff m.yaml").code(2).has(&format!("did you mean {key}?"));
    }
}

// torture 46
#[cfg(unix)]
#[test]
fn what_a_server_says_is_no_part_of_a_path() {
    for stream in ["../../etc/x", "/tmp/x", "..", "a/b", "$(touch pwned)"] {
        let stray = webhook_with(5, "MessageStream", json!(stream));
        let server = Faulty::new([
            Step::answer(200, json!({"Webhooks": [stray]})).only("GET", "/webhooks").forever(),
            Step::answer(200, json!({"ID": 7, "Name": stream})).only("GET", "/server").forever(),
        ]);
        let env = TestEnv::with_api(server.url());
        env.file("kept", "old");
        env.run("export --output-file kept --yes -q").code(0).lacks("secret-");
        let tree = env.tree();
        let names: Vec<_> = tree.lines().filter_map(|line| line.split(' ').next_back()).collect();
        assert_eq!(names, ["kept"], "{stream}: {tree}");
        assert_ne!(env.read("kept"), "old", "{stream}");
        assert!(!env.read("kept").contains("secret-"), "{stream}");
    }
}

#[test]
fn a_dollar_sign_in_any_field_is_exported_as_itself_and_never_as_a_reference() {
    let reference = "${POSTMARK_SERVER_TOKEN}";
    let mut odd = webhook_with(5, "Url", json!("https://hooks.example.com/$a/${POSTMARK_API_URL}"));
    odd["HttpAuth"] = json!({"Username": reference, "Password": reference});
    odd["HttpHeaders"] = json!([{"Name": "X-$Env", "Value": reference}]);
    odd["Triggers"]["Bounce"]["Note"] = json!(reference);
    odd["Triggers"]["Bounce"]["Nested"] =
        json!({"$Key": [reference, {"Deep": "$$"}, ["a$b"]], "${HOME}": 1});
    odd["Triggers"]["Rotation"] = json!({"Enabled": true, "Every": reference, "$Map": {"A": "$"}});
    let server = Faulty::new([
        Step::answer(200, json!({"Webhooks": [odd]})).only("GET", "/webhooks").forever(),
        Step::answer(
            200,
            json!({"ID": 7, "Name": "s", "InboundHookUrl": "https://h.example/${HOME}",
                "EnableSmtpApiErrorHooks": false}),
        )
        .only("GET", "/server")
        .forever(),
    ]);
    let empty = Faulty::new([
        Step::answer(200, json!({"Webhooks": []})).only("GET", "/webhooks").forever(),
        Step::answer(
            200,
            json!({"ID": 7, "Name": "s", "InboundHookUrl": "", "EnableSmtpApiErrorHooks": false}),
        )
        .forever(),
    ]);
    for (format, file) in [("yaml", "hooks.yaml"), ("json", "hooks.json")] {
        let mut env = TestEnv::with_api(server.url());
        env.run(format!("export --show-secrets -o {format} --output-file {file} -q")).code(0);
        assert!(!env.read(file).replace("$$", "").contains("${POSTMARK"), "{}", env.read(file));
        env.run(format!("diff {file}")).code(0).has("No difference");
        env.api(empty.url());
        env.run(format!("apply {file} --yes --no-verify")).lacks(TOKEN);
    }
    let sent = empty.requests().into_iter().filter(|r| r.method == "POST");
    let sent: Vec<_> = sent.map(|r| r.json()).collect();
    assert_eq!(sent.len(), 2);
    for body in sent {
        for key in ["Url", "HttpAuth", "HttpHeaders"] {
            assert_eq!(body[key], odd[key], "{body}");
        }
        for key in ["Bounce", "Rotation"] {
            assert_eq!(body["Triggers"][key], odd["Triggers"][key], "{body}");
        }
    }
}
