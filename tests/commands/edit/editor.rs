//! `edit --editor`: the webhook as YAML in the user's own editor, which is a script here.

use super::takes;
use crate::support::*;

/// An environment whose editor runs this piece of shell, the file being `$1`.
fn env_with_editor(server: &Faulty, script: &str) -> TestEnv {
    let mut env = TestEnv::with_api(server.url());
    let editor = env.script("editor", &format!("#!/bin/sh\n{script}\n"));
    env.env("EDITOR", editor);
    env
}

/// What a run puts after the editor did this.
fn edited(script: &str) -> String {
    let server = takes(&webhook(5), &webhook(5));
    let env = env_with_editor(&server, script);
    env.run("edit 5 --editor -q").code(0);
    writes(&server)
}

#[test]
fn what_is_shown_to_the_editor_has_its_secrets_masked() {
    let server = Faulty::new([serves(&webhook(5))]);
    let env = env_with_editor(&server, "cp \"$1\" shown.yaml; ls -l \"$1\" | cut -c1-10 > mode");
    env.run("edit 5 --editor").check(str![[r#"
FIELD  BEFORE  AFTER
--- stderr
Webhook 5 is so already; nothing was sent.
"#]]);
    assert_data_eq!(
        env.read("shown.yaml"),
        str![[r##"
# Webhook 5 of stream outbound. Change what you like and save; leave without saving to
# change nothing. What is deleted here stays as it is; HttpAuth: null and
# HttpHeaders: [] remove. A value shown as ******** stays as it is.
Url: https://hooks.example.com/pm
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

"##]]
    );
    assert_eq!(env.read("mode"), "-rw-------\n");
    env.run("edit 5 --editor --show-secrets").code(0);
    assert!(env.read("shown.yaml").contains("secret-password"));
    let left = std::fs::read_dir(env.home().join("tmp")).unwrap().count();
    assert_eq!(left, 0, "the edited file was left behind");
}

#[test]
fn only_what_was_edited_is_sent_and_a_mask_stays_as_it_is() {
    assert_data_eq!(
        edited("sed -i 's/pm$/v2/' \"$1\""),
        str![[r#"
PUT /webhooks/5 {"Url":"https://hooks.example.com/v2"}

"#]]
    );
    assert_data_eq!(
        edited("sed -i 's/Username: postmark/Username: other/' \"$1\""),
        str![[r#"
PUT /webhooks/5 {"HttpAuth":{"Username":"other","Password":"secret-password"}}

"#]]
    );
    assert_data_eq!(
        edited("sed -i 's/X-Env/x-env/' \"$1\""),
        str![[r#"
PUT /webhooks/5 {"HttpHeaders":[{"Name":"x-env","Value":"staging"}]}

"#]]
    );
    assert_data_eq!(
        edited("sed -i 's/^HttpHeaders:/HttpHeaders:\\n- {Name: X-New, Value: new}/' \"$1\""),
        str![[r#"
PUT /webhooks/5 {"HttpHeaders":[{"Name":"X-New","Value":"new"},{"Name":"X-Env","Value":"staging"}]}

"#]]
    );
    assert_data_eq!(
        edited("printf 'Triggers: {Click: {Enabled: true}}\\nHttpHeaders: []\\n' > \"$1\""),
        str![[r#"
PUT /webhooks/5 {"HttpHeaders":[],"Triggers":{"Click":{"Enabled":true}}}

"#]]
    );
}

#[test]
fn credentials_can_be_taken_away() {
    let gone = webhook_with(5, "HttpAuth", json!(null));
    let server = Faulty::new([
        serves(&webhook(5)).times(1),
        Step::answer(200, gone.clone()).only("PUT", "/webhooks/5"),
        serves(&gone),
    ]);
    let env = env_with_editor(&server, "echo 'HttpAuth: null' > \"$1\"");
    env.run("edit 5 --editor").check(str![[r#"
FIELD              BEFORE    AFTER
HttpAuth.Username  postmark  (none)
HttpAuth.Password  ********  (none)
--- stderr
Changed webhook 5:
"#]]);
}

#[test]
fn headers_of_the_same_name_keep_their_own_values() {
    let headers = json!([{"Name": "X-A", "Value": "1"}, {"Name": "X-A", "Value": "2"}]);
    let twice = webhook_with(5, "HttpHeaders", headers);
    let server = takes(&twice, &twice);
    let env = env_with_editor(&server, "sed -i 's/pm$/v2/' \"$1\"");
    env.run("edit 5 --editor -q").code(0);
    assert_data_eq!(
        writes(&server),
        str![[r#"
PUT /webhooks/5 {"Url":"https://hooks.example.com/v2"}

"#]]
    );
}

#[test]
fn what_is_not_known_can_be_left_alone_and_a_new_trigger_switched_on() {
    // torture 105
    let mut unknown = webhook_with(5, "Pool", json!({"Size": 3}));
    unknown["Triggers"]["Teleport"] = json!({"Enabled": false, "Range": 9});
    let server = takes(&unknown, &unknown);
    let env = env_with_editor(&server, "sed -i 's/pm$/v2/' \"$1\"");
    env.run("edit 5 --editor -q").code(0);
    assert_data_eq!(
        writes(&server),
        str![[r#"
PUT /webhooks/5 {"Url":"https://hooks.example.com/v2"}

"#]]
    );

    let mut after = unknown.clone();
    after["Triggers"]["Teleport"]["Enabled"] = json!(true);
    let server = takes(&unknown, &after);
    let script = "echo 'Triggers: {Teleport: {Enabled: true, Range: 9}}' > \"$1\"";
    env_with_editor(&server, script).run("edit 5 --editor").check(str![[r#"
FIELD                      BEFORE  AFTER
Triggers.Teleport.Enabled  false   true
--- stderr
Changed webhook 5:
"#]]);
    assert_data_eq!(
        writes(&server),
        str![[r#"
PUT /webhooks/5 {"Triggers":{"Teleport":{"Enabled":true,"Range":9}}}

"#]]
    );

    let server = Faulty::new([serves(&unknown)]);
    let env = env_with_editor(&server, "echo 'Pool: {Size: 4}' > \"$1\"");
    env.run("edit 5 --editor").check(str![[r#"
--- stderr
pmhooks: error: the key "Pool" is not known here, so it cannot be changed
--- exit 2
"#]]);
}

#[test]
fn a_result_that_cannot_be_used_is_refused_with_its_place() {
    // torture 107
    let server = Faulty::new([serves(&webhook(5))]);
    let mut said = String::new();
    for text in [
        "Url: [",
        "Ulr: https://h/",
        "MessageStream: broadcast",
        "Url: https://u:********@elsewhere.example/",
        "HttpHeaders: [{ Name: X-New, Value: '********' }]",
        "HttpHeaders: [{ Name: X-Env, Value: '********' }, { Name: X-Env, Value: '********' }]",
        "HttpAuth: { Username: u }",
        "Unknown: 1",
        "",
    ] {
        let env = env_with_editor(&server, &format!("cat > \"$1\" <<'END'\n{text}\nEND"));
        let run = env.run("edit 5 --editor");
        run.code(2);
        said += run.stderr.lines().next().unwrap().trim_start_matches("pmhooks: error: ");
        said += "\n";
    }
    assert_data_eq!(
        said,
        str![[r#"
the edited webhook: 1:6: unclosed bracket '['
the edited webhook: 1:1: there is no key "Ulr"; did you mean Url?
a webhook's stream cannot be changed; create another webhook instead
the URL holds ********, and is not the one that was shown; give the whole URL
the header X-New is ********, but the webhook has no such value that could stay
the header X-Env is ********, but the webhook has no such value that could stay
the edited webhook: 1:11: HttpAuth needs both Username and Password
there is no key "Unknown" in a webhook
the edited webhook: 2:1: there is no webhook in it

"#]]
    );
    assert_eq!(writes(&server), "");

    let bare = webhook_with(5, "HttpAuth", json!(null));
    let server = Faulty::new([serves(&bare)]);
    let script = "echo 'HttpAuth: {Username: u, Password: \"********\"}' > \"$1\"";
    env_with_editor(&server, script).run("edit 5 --editor").check(str![[r#"
--- stderr
pmhooks: error: HttpAuth.Password is ********, but the webhook has no password that could stay
--- exit 2
"#]]);
}

#[test]
fn on_a_terminal_it_can_be_edited_again() {
    let server = takes(&webhook(5), &webhook(5));
    let script = "if test -e again; then sed -i 's/Ulr/Url/' \"$1\"; else \
        touch again; echo 'Ulr: https://new.example/' > \"$1\"; fi";
    let env = env_with_editor(&server, script);
    let mut terminal = env.pty("edit 5 --editor");
    terminal.expect("did you mean Url?").expect("Edit it again?").send("y").expect("Changed");
    terminal.finish().assert_restored().code(0);
    assert_data_eq!(
        writes(&server),
        str![[r#"
PUT /webhooks/5 {"Url":"https://new.example/"}

"#]]
    );

    let server = Faulty::new([serves(&webhook(5))]);
    let env = env_with_editor(&server, "echo 'Ulr: https://new.example/' > \"$1\"");
    let mut terminal = env.pty("edit 5 --editor");
    terminal.expect("Edit it again?").send("n");
    terminal.finish().assert_restored().code(130);
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    let server = Faulty::new([serves(&webhook(5))]);
    let env = env_with_editor(&server, "echo 'Url: https://new.example/' > \"$1\"; exit 1");
    env.run("edit 5 --editor").check(str![[r#"
--- stderr
pmhooks: error: nothing was done: the editor ended with a failure
--- exit 130
"#]]);
    env.cmd("edit 5 --editor").env("VISUAL", "/nonexistent/vi").run().check(str![[r#"
--- stderr
pmhooks: error: the editor /nonexistent/vi cannot be used: No such file or directory (os error 2)
--- exit 9
"#]]);
    env.cmd("edit 5 --editor").env("EDITOR", "   ").run().code(9).has("it is empty");
    env.cmd("edit 5 --editor").env("EDITOR", "vi 'unclosed").run().code(9).has("vi 'unclosed");
    let env = env_with_editor(&server, "printf '\\377' > \"$1\"");
    env.run("edit 5 --editor").code(2).has("it is not text");
    assert_eq!(writes(&server), "");
}

#[test]
fn the_editor_may_have_arguments() {
    let server = takes(&webhook(5), &webhook(5));
    let env = TestEnv::with_api(server.url());
    let run = env
        .cmd("edit 5 --editor -q")
        .env("EDITOR", "sed -i 's/pm$/v2 with space/;s/ with space//'");
    run.run().code(0);
    assert_data_eq!(
        writes(&server),
        str![[r#"
PUT /webhooks/5 {"Url":"https://hooks.example.com/v2"}

"#]]
    );
}

#[test]
fn on_a_terminal_a_webhook_is_picked_and_edited_where_nothing_is_given() {
    let list = Step::answer(200, json!({"Webhooks": [webhook(5)]})).only("GET", "/webhooks");
    let server = Faulty::new([
        list,
        serves(&webhook(5)),
        Step::answer(200, webhook(5)).only("PUT", "/webhooks/5"),
    ]);
    let env = env_with_editor(&server, "sed -i 's/pm$/v2/' \"$1\"");
    let mut terminal = env.pty("edit");
    terminal.expect("Which webhook is to be changed?").key(Key::Enter).expect("Changed webhook 5");
    terminal.finish().assert_restored().code(0);
    assert_eq!(writes(&server), "PUT /webhooks/5 {\"Url\":\"https://hooks.example.com/v2\"}\n");
}
