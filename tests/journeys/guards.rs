//! What stands between a write and the wrong server: pinned, protected and read-only profiles.

use crate::support::*;

/// A server with the number 77 and one webhook, which can be deleted.
fn server(id: i64) -> Faulty {
    let webhook = json!({
        "ID": 5, "Url": "https://h.example.com/", "MessageStream": "outbound", "HttpAuth": null,
        "HttpHeaders": [], "Triggers": {"Bounce": {"Enabled": true, "IncludeContent": false}},
    });
    Faulty::new([
        Step::answer(200, json!({"ID": id, "Name": "Staging", "TrackOpens": false}))
            .only("GET", "/server")
            .forever(),
        Step::answer(200, json!({"ID": id, "Name": "Staging", "TrackOpens": true}))
            .only("PUT", "/server")
            .forever(),
        Step::answer(200, json!({"Webhooks": [webhook.clone()]}))
            .only("GET", "/webhooks")
            .forever(),
        Step::answer(200, webhook.clone()).only("GET", "/webhooks/5").forever(),
        Step::answer(200, webhook.clone()).only("PUT", "/webhooks/5").forever(),
        Step::answer(200, webhook).only("POST", "/webhooks").forever(),
        Step::answer(200, json!({"ErrorCode": 0, "Message": "Webhook 5 removed."}))
            .only("DELETE", "/webhooks/5")
            .forever(),
    ])
    .may_be_unused()
}

fn env(server: &Faulty, rules: &str) -> TestEnv {
    let mut env = TestEnv::new();
    env.api(server.url());
    env.config(&format!("[profiles.prod]\nserver_token = \"t\"\n{rules}\n"));
    env
}

const WRITES: [&str; 4] = [
    "-p prod create --url https://h.example.com/ --on bounce --retries 0",
    "-p prod edit 5 --url https://h.example.com/new",
    "-p prod delete 5",
    "-p prod server edit --track-opens true",
];

fn writes(server: &Faulty) -> usize {
    server.requests().iter().filter(|r| r.method != "GET").count()
}

#[test]
fn a_write_to_another_server_than_the_pinned_one_is_refused() {
    let server = server(78);
    let env = env(&server, "server_id = 77");
    for write in WRITES {
        env.run(format!("{write} --yes"))
            .code(2)
            .has("opens server 78 (Staging), but the profile is pinned to server 77");
    }
    assert_eq!(writes(&server), 0);
    env.run("-p prod delete 5 --yes").check(str![[r#"
--- stderr
About to delete webhook 5 of stream outbound: https://h.example.com/ (bounce)
pmhooks: error: the token of profile prod opens server 78 (Staging), but the profile is pinned to server 77
  hint: somebody changed the token, or it is the wrong one: `pmhooks -p prod whoami`
  hint: if that server is meant: `pmhooks profile add prod --replace`
--- exit 2
"#]]);
    env.run("-p prod list -o ids").check(str!["5"]);
}

#[test]
fn a_write_to_the_pinned_server_passes() {
    let server = server(77);
    let env = env(&server, "server_id = 77");
    for write in WRITES {
        env.run(format!("{write} --yes")).code(0);
    }
    assert_eq!(writes(&server), 4);
}

#[test]
fn a_read_only_profile_reads_only() {
    let server = server(77);
    let env = env(&server, "read_only = true");
    for write in WRITES {
        env.run(format!("{write} --yes")).code(2).has("profile prod is read-only");
        env.run(format!("{write} --yes --confirm prod")).code(2).has("profile prod is read-only");
    }
    assert_eq!(writes(&server), 0);
    env.run("-p prod delete 5 --yes").check(str![[r#"
--- stderr
pmhooks: error: profile prod is read-only
  hint: the configuration says `read_only = true`: `pmhooks profile show prod`
--- exit 2
"#]]);
    env.run("-p prod get 5 -o ids").check(str!["5"]);
}

// torture 48
#[test]
fn a_protected_profile_wants_its_name_and_yes_is_not_enough() {
    let server = server(77);
    let env = env(&server, "protected = true");
    for write in WRITES {
        env.run(format!("{write} --yes")).code(2).has("--confirm prod");
        env.run(format!("{write} --yes --confirm other")).code(2).has("does not confirm");
    }
    assert_eq!(writes(&server), 0);
    env.run("-p prod delete 5 --yes").check(str![[r#"
--- stderr
pmhooks: error: the name of the protected profile cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --confirm prod
--- exit 2
"#]]);
    env.run("-p prod delete 5 --yes --confirm other").check(str![[r#"
--- stderr
pmhooks: error: the name given does not confirm a write to profile prod
  hint: see where you are: `pmhooks -p prod whoami`
--- exit 2
"#]]);
    for write in WRITES {
        env.run(format!("{write} --dry-run")).code(0);
    }
    assert_eq!(writes(&server), 0);
    for write in WRITES {
        env.run(format!("{write} --confirm prod")).code(0);
    }
    assert_eq!(writes(&server), 4);
}

#[test]
fn nobody_to_type_the_name_is_told_before_anything_is_asked_of_the_server() {
    let server = Faulty::untouchable();
    let env = env(&server, "protected = true");
    env.run("-p prod delete 5 --yes").code(2);
    env.run("-p prod server edit --track-opens true").code(2);
}

#[test]
fn the_name_is_typed_on_a_terminal() {
    let server = server(77);
    let env = env(&server, "protected = true");
    let mut terminal = env.pty("-p prod server edit --track-opens true --yes");
    terminal.expect("Name of the protected profile").send("prod").key(Key::Enter);
    terminal.finish().assert_restored().code(0).check(str![[r#"
Profile prod is protected: type its name to go on.
Name of the protected profile: prod
Changed the server Staging:
┌────────────┬────────┬───────┐
│ FIELD      ┆ BEFORE ┆ AFTER │
╞════════════╪════════╪═══════╡
│ TrackOpens ┆ false  ┆ true  │
└────────────┴────────┴───────┘
"#]]);
    assert_eq!(writes(&server), 1);

    for wrong in ["staging", "Prod", "y", "yes"] {
        let mut terminal = env.pty("-p prod server edit --track-opens true --yes");
        terminal.expect("Name of the protected profile").send(wrong).key(Key::Enter);
        terminal.finish().assert_restored().code(130);
    }
    let mut terminal = env.pty("-p prod delete 5");
    terminal.expect("Name of the protected profile").send("no").key(Key::Enter);
    terminal.expect("nothing was done: that is not its name");
    terminal.finish().assert_restored().code(130);
    let mut terminal = env.pty("-p prod delete 5 --confirm prod");
    terminal.expect("5");
    terminal.finish().assert_restored().code(0);
    assert_eq!(writes(&server), 2);
}

#[test]
fn a_confirmed_name_must_be_right_even_without_protection() {
    let server = server(77);
    let env = env(&server, "");
    env.run("-p prod delete 5 --confirm staging").code(2);
    env.run("-p prod delete 5 --confirm prod").code(0);
    assert_eq!(writes(&server), 1);
}

#[test]
fn several_profiles_are_refused_where_one_is_meant() {
    let env = TestEnv::new();
    for twice in ["-p sandbox -p two whoami", "get 5 -p sandbox,two", "-p a delete 5 -p b --yes"] {
        env.run(twice).check(str![[r#"
--- stderr
pmhooks: error: this command works on one profile at a time
  hint: name one profile
  hint: several profiles at once go with list, stats, health, lint, diff, apply, streams
--- exit 2
"#]]);
    }
}
