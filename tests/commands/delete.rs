//! `delete`.

use crate::support::*;

const MISSING: &str = "The webhook for the provided 'ID' was not found.";

fn deletes(id: i64) -> Step {
    let body = json!({"ErrorCode": 0, "Message": format!("Webhook {id} removed.")});
    Step::answer(200, body).only("DELETE", &format!("/webhooks/{id}"))
}

fn missing(id: i64) -> Step {
    Step::refused(422, 1352, MISSING).only("GET", &format!("/webhooks/{id}")).forever()
}

/// Webhooks 5 and 6 are there and can be deleted.
fn two() -> Faulty {
    Faulty::new([serves(&webhook(5)), serves(&webhook(6)), deletes(5), deletes(6)])
}

fn backups(env: &TestEnv) -> Vec<String> {
    let folder = std::fs::read_dir(env.state_dir().join("deleted"));
    let entries = folder.into_iter().flatten();
    entries.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned()).collect()
}

#[test]
fn what_goes_is_shown_kept_and_can_be_brought_back() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    let flags = "--url https://u:pw@hooks.example.com/pm?key=K --stream broadcast --on bounce,open \
        --first-open-only --header X-Env:a";
    let id = sandbox.create(flags);
    let before = env.run(format!("get {id} -o json --show-secrets")).json();
    env.run(format!("delete {id} --yes")).check(str![[r#"
ID       DELETED  MESSAGE
1234569  yes      Webhook 1234569 removed.
--- stderr
About to delete webhook 1234569 of stream broadcast: https://u:********@hooks.example.com/pm?key=******** (open, bounce)
Deleted webhook 1234569. Bring it back with: pmhooks create --from [HOME]/.local/state/pmhooks/deleted/environment-1234569-[TIME].json
"#]]);
    let [file] = backups(env).try_into().unwrap();
    assert!(env.tree().contains("0700 .local/state/pmhooks/deleted/\n0600 "), "{}", env.tree());
    assert_eq!(serde_json::from_str::<Value>(&env.read(&file)).unwrap(), before);

    env.run(["create", "--from", &file, "--no-verify", "-o", "ids"]).code(0);
    let list = env.run("list -o json --show-secrets").json();
    let mut after = list[0].clone();
    assert_ne!(after["ID"], before["ID"]);
    after["ID"] = before["ID"].clone();
    assert_eq!(after, before);
}

#[test]
fn each_format_reports_what_became_of_it() {
    for (format, expected) in [
        (
            "json",
            str![[r#"
[
  {
    "ID": 5,
    "Deleted": true,
    "Message": "Webhook 5 removed.",
    "Backup": "[HOME]/.local/state/pmhooks/deleted/environment-5-[TIME].json"
  }
]
"#]],
        ),
        (
            "jsonl",
            str![[
                r#"{"ID":5,"Deleted":true,"Message":"Webhook 5 removed.","Backup":"[HOME]/.local/state/pmhooks/deleted/environment-5-[TIME].json"}"#
            ]],
        ),
        (
            "yaml",
            str![[r#"
- ID: 5
  Deleted: true
  Message: Webhook 5 removed.
  Backup: [HOME]/.local/state/pmhooks/deleted/environment-5-[TIME].json
--- stderr
About to delete webhook 5 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
Deleted webhook 5. Bring it back with: pmhooks create --from [HOME]/.local/state/pmhooks/deleted/environment-5-[TIME].json
"#]],
        ),
        (
            "tsv",
            str![[r#"
id	deleted	message
5	yes	Webhook 5 removed.
--- stderr
About to delete webhook 5 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
Deleted webhook 5. Bring it back with: pmhooks create --from [HOME]/.local/state/pmhooks/deleted/environment-5-[TIME].json
"#]],
        ),
        (
            "ids",
            str![[r#"
5
--- stderr
About to delete webhook 5 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
Deleted webhook 5. Bring it back with: pmhooks create --from [HOME]/.local/state/pmhooks/deleted/environment-5-[TIME].json
"#]],
        ),
    ] {
        let server = Faulty::new([serves(&webhook(5)), deletes(5)]);
        let env = TestEnv::with_api(server.url());
        env.run(["delete", "5", "--yes", "-o", format]).check(expected);
        assert_eq!(server.log(), "GET /webhooks/5\nDELETE /webhooks/5");
    }
}

#[test]
fn of_several_each_has_its_own_outcome() {
    let server =
        Faulty::new([serves(&webhook(5)), missing(6), serves(&webhook(7)), deletes(5), deletes(7)]);
    let env = TestEnv::with_api(server.url());
    env.run("delete 5 6 7 --yes").check(str![[r#"
ID  DELETED  MESSAGE
5   yes      Webhook 5 removed.
6   no       cannot get webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
7   yes      Webhook 7 removed.
--- stderr
About to delete webhook 5 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
About to delete webhook 7 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
Deleted webhook 5. Bring it back with: pmhooks create --from [HOME]/.local/state/pmhooks/deleted/environment-5-[TIME].json
Deleted webhook 7. Bring it back with: pmhooks create --from [HOME]/.local/state/pmhooks/deleted/environment-7-[TIME].json
pmhooks: error: 1 of 3 webhooks were not deleted
  because cannot get webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 7
"#]]);
}

#[test]
fn a_missing_one_is_a_failure_unless_it_may_be_missing() {
    let server = Faulty::new([missing(5), missing(6)]);
    let env = TestEnv::with_api(server.url());
    env.run("delete 5 --yes").check(str![[r#"
--- stderr
pmhooks: error: cannot get webhook 5 of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 8
"#]]);
    env.run("delete 5 6 --yes").check(str![[r#"
ID  DELETED  MESSAGE
5   no       cannot get webhook 5 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
6   no       cannot get webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
--- stderr
pmhooks: error: 2 of 2 webhooks were not deleted
  because cannot get webhook 5 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  because cannot get webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 8
"#]]);
    env.run("delete 5 --yes --ignore-missing").check(str![[r#"
ID  DELETED  MESSAGE
5   no       not found, ignored
"#]]);
    env.run("delete 5 6 --yes --ignore-missing -o json").check(str![[r#"
[
  {
    "ID": 5,
    "Deleted": false,
    "Message": "not found, ignored",
    "Backup": null
  },
  {
    "ID": 6,
    "Deleted": false,
    "Message": "not found, ignored",
    "Backup": null
  }
]
"#]]);
    assert_eq!(writes(&server), "");
}

#[test]
fn only_a_missing_one_is_ignored() {
    let server = Faulty::new([Step::status(503), Step::refused(422, 1350, "Something else.")]);
    let env = TestEnv::with_api(server.url());
    env.run("delete 5 6 --yes --ignore-missing --retries 0").check(str![[r#"
ID  DELETED  MESSAGE
5   no       cannot get webhook 5 of the server of POSTMARK_SERVER_TOKEN: 127.0.0.1:[PORT] answered 503
6   no       cannot get webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1350): Something else.
--- stderr
pmhooks: error: 2 of 2 webhooks were not deleted
  because cannot get webhook 5 of the server of POSTMARK_SERVER_TOKEN: 127.0.0.1:[PORT] answered 503
  because cannot get webhook 6 of the server of POSTMARK_SERVER_TOKEN: Postmark refused (422, code 1350): Something else.
  hint: try again later; https://status.postmarkapp.com says how Postmark is
--- exit 6
"#]]);
    assert_eq!(writes(&server), "");
}

#[test]
fn a_repeated_delete_that_finds_nothing_did_it() {
    // torture 56
    let server = Faulty::new([
        serves(&webhook(5)),
        Step::close().only("DELETE", "/webhooks/5"),
        Step::refused(422, 1352, MISSING).only("DELETE", "/webhooks/5"),
    ]);
    let env = TestEnv::with_api(server.url());
    let report = env.run("delete 5 --yes -o json").code(0).json();
    assert_eq!(report[0]["Deleted"], true);
    assert_eq!(report[0]["Message"], "Webhook 5 was gone when the request was repeated.");
}

#[test]
fn one_that_somebody_else_deleted_just_now_is_not_found() {
    let gone = Step::refused(422, 1352, MISSING).only("DELETE", "/webhooks/5");
    let server = Faulty::new([serves(&webhook(5)), gone]);
    TestEnv::with_api(server.url()).run("delete 5 --yes").check(str![[r#"
--- stderr
About to delete webhook 5 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
pmhooks: error: cannot delete webhook 5 of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 8
"#]]);
}

#[test]
fn a_delete_without_any_answer_may_have_happened() {
    let server = Faulty::new([serves(&webhook(5)), Step::close().forever()]);
    let env = TestEnv::with_api(server.url());
    env.run("delete 5 --yes --retries 0").check(str![[r#"
--- stderr
About to delete webhook 5 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
pmhooks: error: outcome unknown: webhook 5 of the server of POSTMARK_SERVER_TOKEN may have been deleted; its definition is kept in [HOME]/.local/state/pmhooks/deleted/environment-5-[TIME].json
  because 127.0.0.1:[PORT] closed the connection without an answer
--- exit 6
"#]]);
}

#[test]
fn without_a_backup_nothing_is_deleted() {
    // torture 108
    let server = Faulty::new([serves(&webhook(5))]);
    let env = TestEnv::with_api(server.url());
    env.file(".local/state/pmhooks/deleted", "in the way");
    env.run("delete 5 --yes").check(str![[r#"
--- stderr
About to delete webhook 5 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
pmhooks: error: webhook 5 was not deleted: its definition cannot be kept
  because cannot make the folder [HOME]/.local/state/pmhooks/deleted: File exists (os error 17)
--- exit 9
"#]]);
    assert_eq!(writes(&server), "");
}

#[test]
fn a_dry_run_only_reads() {
    // torture 50
    let server = Faulty::new([serves(&webhook(5)), serves(&webhook(6))]);
    let env = TestEnv::with_api(server.url());
    env.run("delete 5 6 --dry-run").check(str![[r#"
ID  DELETED  MESSAGE
5   no       would be deleted
6   no       would be deleted
--- stderr
Dry run: would delete webhook 5 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
Dry run: would delete webhook 6 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
"#]]);
    let report = env.run("delete 5 --dry-run -o json").json();
    assert_eq!(report[0]["DryRun"], true);
    assert_eq!(server.log(), "GET /webhooks/5\nGET /webhooks/6\nGET /webhooks/5");
    assert_eq!(env.tree(), "");
}

#[test]
fn without_a_terminal_it_needs_yes_and_sends_nothing() {
    // torture 48
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    env.run("delete 5").check(str![[r#"
--- stderr
pmhooks: error: the confirmation cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --yes
--- exit 2
"#]]);
    env.cmd("delete 5").stdin("y\n").run().code(2);
    env.run("delete --yes").check(str![[r#"
--- stderr
pmhooks: error: the webhook's ID cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give the ID of a webhook, as `pmhooks list` shows it
--- exit 2
"#]]);
    env.pty("delete 5 --no-input").finish().assert_restored().code(2);
    assert_eq!(env.run("delete 5 -o json").code(2).error_json()["Kind"], "Usage");
}

#[test]
fn a_protected_profile_wants_its_name_before_anything_is_sent() {
    let server = Faulty::untouchable();
    let mut env = TestEnv::new();
    env.env("STAGING_TOKEN", TOKEN).unset("POSTMARK_API_URL");
    env.config(&format!(
        "[profiles.staging]\nserver_token_env = \"STAGING_TOKEN\"\nprotected = true\napi_url = \"{}\"\n",
        server.url()
    ));
    env.run("-p staging delete 5 --yes").check(str![[r#"
--- stderr
pmhooks: error: the name of the protected profile cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --confirm staging
--- exit 2
"#]]);
    env.run("-p staging delete 5 --yes --confirm production").check(str![[r#"
--- stderr
pmhooks: error: the name given does not confirm a write to profile staging
  hint: see where you are: `pmhooks -p staging whoami`
--- exit 2
"#]]);
}

#[test]
fn a_yes_deletes() {
    let server = Faulty::new([serves(&webhook(5)), deletes(5)]);
    let env = TestEnv::with_api(server.url());
    let mut terminal = env.pty("delete 5 -q");
    terminal.expect("Delete webhook 5 of the server of POSTMARK_SERVER_TOKEN?").send("y");
    terminal.finish().assert_restored().code(0);
    assert_eq!(writes(&server), "DELETE /webhooks/5\n");
}

#[test]
fn anything_but_a_yes_deletes_nothing() {
    // torture 59
    for key in ["n", "\r", "\x1b", "\x03", "\x04"] {
        let server = Faulty::new([serves(&webhook(5)), serves(&webhook(6))]);
        let env = TestEnv::with_api(server.url());
        let mut terminal = env.pty("delete 5 6");
        terminal.expect("About to delete webhook 5").expect("Delete these 2 webhooks").send(key);
        terminal.finish().assert_restored().code(130);
        assert_eq!(server.log(), "GET /webhooks/5\nGET /webhooks/6", "{key:?}");
        assert_eq!(env.tree(), "", "{key:?}");
    }
}

#[test]
fn one_can_be_picked() {
    let server = Faulty::new([
        Step::answer(200, json!({"Webhooks": [webhook(5), webhook(6)]})).only("GET", "/webhooks"),
        serves(&webhook(6)),
        deletes(6),
    ]);
    let env = TestEnv::with_api(server.url());
    let mut terminal = env.pty("delete");
    terminal.expect("Which webhook is to be deleted?").send("6").key(Key::Enter);
    terminal.expect("Delete webhook 6").send("y");
    terminal.finish().assert_restored().code(0);
    assert_eq!(writes(&server), "DELETE /webhooks/6\n");
}

#[test]
fn ctrl_c_lets_the_running_delete_finish_and_reports_the_rest() {
    // torture 61
    let server = Faulty::new([
        serves(&webhook(5)),
        serves(&webhook(6)),
        deletes(5).delay(Duration::from_millis(500)),
    ]);
    let env = TestEnv::with_api(server.url());
    let run = env.spawn("delete 5 6 --yes");
    server.wait_for(3);
    run.interrupt();
    run.finish().check(str![[r#"
ID  DELETED  MESSAGE
5   yes      Webhook 5 removed.
6   no       not reached
--- stderr
About to delete webhook 5 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
About to delete webhook 6 of stream outbound: https://hooks.example.com/pm (delivery, bounce)
pmhooks: finishing what is under way; Ctrl-C again leaves at once
Deleted webhook 5. Bring it back with: pmhooks create --from [HOME]/.local/state/pmhooks/deleted/environment-5-[TIME].json
pmhooks: error: 1 of 2 webhooks were not deleted
  because webhook 6 was not reached: interrupted
--- exit 7
"#]]);
}

#[test]
fn a_second_ctrl_c_leaves_at_once() {
    let server = Faulty::new([serves(&webhook(5)), Step::hang()]);
    let env = TestEnv::with_api(server.url());
    let run = env.spawn("delete 5 --yes");
    server.wait_for(2);
    run.interrupt();
    std::thread::sleep(Duration::from_millis(100));
    run.interrupt();
    run.finish().code(130).within(Duration::from_secs(3));
}

#[test]
fn the_line_that_brings_it_back_survives_a_shell() {
    let server = two();
    let mut env = TestEnv::with_api(server.url());
    env.env("XDG_STATE_HOME", env.home().join("my state"));
    let run = env.run("delete 5 6 --yes");
    run.code(0).has("create --from '[HOME]/my state/");
}

#[test]
fn the_way_back_names_the_same_api_and_configuration() {
    let home = TestEnv::new();
    let serving = home.spawn("sandbox serve --memory --port 0");
    let url = serving.wait_for_url();
    let mut env = TestEnv::new();
    env.token(TOKEN);
    env.file("mine.toml", "");
    env.run(format!("create --url https://h.example.com/ --on open --api-url {url} -q")).code(0);
    let run = env.run(format!("delete 1234569 --yes --api-url {url} --config mine.toml"));
    run.code(0).has(
        "with: pmhooks --config mine.toml --api-url http://127.0.0.1:[PORT] create --from [HOME]/",
    );
}

#[test]
fn without_an_id_and_a_terminal_the_id_is_what_is_missing() {
    TestEnv::new().run("delete").check(str![[r#"
--- stderr
pmhooks: error: the webhook's ID cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give the ID of a webhook, as `pmhooks list` shows it
--- exit 2
"#]]);
}

#[test]
fn where_no_sentence_names_the_backup_the_table_does() {
    let env = TestEnv::new();
    env.run("-p sandbox delete 1234567 --yes -q").code(0).has("BACKUP").has("1234567-");
    env.run("-p sandbox delete 1234568 --yes").code(0).lacks("BACKUP");
}
