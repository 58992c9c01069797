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
        Step::answer(200, json!({"Success": true, "Results": [], "Message": "1/1 verified"}))
            .only("POST", "/webhooks/5/verify")
            .forever(),
        Step::answer(200, json!({"WebhookId": 5})).only("GET", "/webhooks/5/statistics").forever(),
        Step::answer(200, json!({"MessageStreams": []})).only("GET", "/message-streams").forever(),
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
    env.config_at(server.url(), &format!("[profiles.prod]\nserver_token = \"t\"\n{rules}\n"));
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

/// Writes that have no dry run.
const PROBES: [&str; 3] = ["verify 5", "verify --all", "doctor 5 --no-test --verify"];

#[test]
fn verify_is_a_write_that_a_read_only_profile_refuses() {
    let server = server(77);
    let env = env(&server, "read_only = true");
    for probe in PROBES {
        env.run(format!("-p prod {probe} --yes")).code(2).has("profile prod is read-only");
    }
    assert_eq!(writes(&server), 0);
    env.run("-p prod doctor 5 --no-test").lacks("read-only");
}

#[test]
fn verify_on_a_protected_profile_needs_its_name() {
    let server = server(77);
    let env = env(&server, "protected = true");
    for probe in PROBES {
        env.run(format!("-p prod {probe} --yes")).code(2).has("--confirm prod");
        env.run(format!("-p prod {probe} --confirm other")).code(2).has("does not confirm");
    }
    assert_eq!(writes(&server), 0);
    for probe in PROBES {
        env.run(format!("-p prod {probe} --confirm prod")).has("1/1 verified");
    }
    assert_eq!(writes(&server), 3);
}

#[test]
fn verify_on_another_server_than_the_pinned_one_is_refused() {
    let server = server(78);
    let env = env(&server, "server_id = 77");
    for probe in PROBES {
        env.run(format!("-p prod {probe} --yes")).code(2).has("is pinned to server 77");
    }
    assert_eq!(writes(&server), 0);
}

/// All writes, without a profile.
fn unnamed_writes() -> Vec<String> {
    let writes = WRITES.iter().map(|write| write.replace("-p prod ", "") + " --yes");
    let listen = "listen --register --public-url https://h.example.com/ --on bounce --for 1s \
                  --address 127.0.0.1:0";
    writes.chain(PROBES.map(str::to_owned)).chain([listen.to_owned()]).collect()
}

/// A run with a token of the environment, beside profiles of the same origin.
fn beside(server: &Faulty, profiles: &str) -> TestEnv {
    let mut env = TestEnv::new();
    env.api(server.url());
    env.token("00000000-0000-0000-0000-00000000000e");
    env.config(&profiles.replace("API", &server.url()));
    env
}

#[test]
fn guards_of_a_server_hold_for_a_token_of_the_environment() {
    let server = server(77);
    let env = beside(
        &server,
        "[profiles.prod]\nserver_token = \"t\"\napi_url = \"API\"\nserver_id = 77\nprotected = true\n",
    );
    for write in unnamed_writes() {
        env.run(&write).code(2).has("--confirm prod");
        env.run(format!("{write} --confirm other")).code(2).has("does not confirm");
    }
    assert_eq!(writes(&server), 0);
    for write in WRITES {
        let write = write.replace("-p prod ", "");
        env.run(format!("{write} --dry-run")).code(0);
        env.run(format!("{write} --confirm prod")).code(0);
    }
    assert_eq!(writes(&server), 4);
}

#[test]
fn read_only_holds_for_a_token_of_the_environment() {
    let server = server(77);
    let env = beside(
        &server,
        "[profiles.prod]\nserver_token = \"t\"\napi_url = \"API\"\nserver_id = 77\nread_only = true\n",
    );
    for write in unnamed_writes() {
        env.run(&write).code(2).has("profile prod is read-only");
    }
    assert_eq!(writes(&server), 0);
}

#[test]
fn the_strictest_of_several_profiles_of_a_server_holds() {
    let server = server(77);
    let profile = |name: &str, rules: &str| {
        format!("[profiles.{name}]\nserver_token = \"{name}\"\napi_url = \"API\"\n{rules}\n")
    };
    let protected = profile("a", "server_id = 77\nprotected = true")
        + &profile("b", "server_id = 77\nprotected = true")
        + &profile("c", "server_id = 77");
    let env = beside(&server, &protected);
    env.run("-p c delete 5 --yes").code(2).has("--confirm a");
    for name in ["a", "b"] {
        env.run(format!("-p c delete 5 --confirm {name}")).code(0);
        env.run(format!("-p a delete 5 --confirm {name}")).code(0);
    }
    env.run("-p c delete 5 --confirm c").code(2).has("--confirm a");
    assert_eq!(writes(&server), 4);
    let env = beside(&server, &(protected + &profile("d", "server_id = 77\nread_only = true")));
    env.run("-p c delete 5 --confirm a").code(2).has("profile d is read-only");
    assert_eq!(writes(&server), 4);
}

#[test]
fn an_unpinned_profile_guards_the_server_that_its_token_opens() {
    let server = server(77);
    for rules in [
        // The same token, and another token of the same server.
        "server_token = \"00000000-0000-0000-0000-00000000000e\"",
        "server_token = \"another\"",
        "server_token_env = \"POSTMARK_SERVER_TOKEN\"",
    ] {
        let profiles = format!("[profiles.prod]\n{rules}\napi_url = \"API\"\nread_only = true\n");
        beside(&server, &profiles).run("delete 5 --yes").code(2).has("profile prod is read-only");
    }
    assert_eq!(writes(&server), 0);
}

#[test]
fn guards_of_another_server_or_origin_do_not_hold() {
    let server = server(78);
    let pinned = "[profiles.prod]\nserver_token = \"t\"\napi_url = \"API\"\nserver_id = 77\nread_only = true\n";
    beside(&server, pinned).run("delete 5 --yes").code(0);
    let elsewhere = "[profiles.prod]\nserver_token = \"t\"\nserver_id = 78\nread_only = true\n";
    beside(&server, elsewhere).run("delete 5 --yes").code(0);
    assert_eq!(writes(&server), 2);
}

#[test]
fn the_server_is_looked_up_only_for_guarded_profiles_of_its_origin() {
    let server = server(77);
    let lookups = || server.requests().iter().filter(|r| r.path == "/server").count();
    beside(&server, "").run("delete 5 --yes").code(0);
    let free = "[profiles.a]\nserver_token = \"t\"\napi_url = \"API\"\nserver_id = 77\n";
    beside(&server, free).run("delete 5 --yes").code(0);
    let elsewhere = "[profiles.a]\nserver_token = \"t\"\nserver_id = 77\nprotected = true\n";
    beside(&server, elsewhere).run("delete 5 --yes").code(0);
    assert_eq!(lookups(), 0);
    beside(&server, free).run("-p a delete 5 --yes").code(0);
    assert_eq!(lookups(), 1);
}

#[test]
fn a_dry_run_passes_guards() {
    let server = server(78);
    for rules in ["read_only = true", "protected = true", "server_id = 77"] {
        let env = env(&server, rules);
        for write in WRITES {
            env.run(format!("{write} --dry-run")).code(0);
        }
    }
    assert_eq!(writes(&server), 0);
}

#[test]
fn a_server_that_cannot_be_looked_up_gets_no_write() {
    let server = Faulty::new([Step::refused(500, 0, "busy").only("GET", "/server").forever()]);
    let env = beside(
        &server,
        "[profiles.prod]\nserver_token = \"t\"\napi_url = \"API\"\nserver_id = 77\nprotected = true\n",
    );
    env.run("create --url https://h.example.com/ --on bounce --yes --retries 0")
        .code(6)
        .has("cannot check which server this would be written to");
    assert_eq!(writes(&server), 0);
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
