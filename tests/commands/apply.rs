//! `apply`.

mod answers;
mod bound;
mod endings;
#[cfg(unix)]
mod killed;
mod matching;
mod moved;

use crate::support::*;

/// An empty server, and this manifest.
fn sandbox(manifest: &str) -> Sandboxed {
    let mut sandbox = Sandboxed::new("");
    sandbox.env.env("HOOK_PASSWORD", "s3cret");
    sandbox.env.file("hooks.yaml", manifest);
    sandbox
}

/// What was written, a line each.
fn written(server: &Faulty) -> Vec<String> {
    writes(server).lines().map(str::to_owned).collect()
}

const TWO: &str = "\
Server:
  InboundHookUrl: https://hooks.example.com/inbound
Webhooks:
  - Url: https://hooks.example.com/postmark
    HttpAuth: { Username: postmark, Password: \"${HOOK_PASSWORD}\" }
    Triggers:
      Bounce: { Enabled: true, IncludeContent: true }
  - Url: https://hooks.example.com/news
    MessageStream: broadcast
    Triggers: { SubscriptionChange: { Enabled: true } }
";

#[test]
fn what_the_file_says_is_made_so_once() {
    // torture 66, 72, 79
    let Sandboxed { ref env, log: ref server, .. } = sandbox(TWO);
    env.run("apply hooks.yaml --yes --concurrency 1").check(str![[r#"
CHANGE    ID       STREAM     URL                                 FIELD                                BEFORE   AFTER                               RESULT
~ update           (server)                                       Server.InboundHookUrl                (empty)  https://hooks.example.com/inbound   Done
+ create  1234569  broadcast  https://hooks.example.com/news      Url                                  (none)   https://hooks.example.com/news      Done
+ create  1234569  broadcast  https://hooks.example.com/news      MessageStream                        (none)   broadcast                           Done
+ create  1234569  broadcast  https://hooks.example.com/news      Triggers.SubscriptionChange.Enabled  (none)   true                                Done
+ create  1234570  outbound   https://hooks.example.com/postmark  Url                                  (none)   https://hooks.example.com/postmark  Done
+ create  1234570  outbound   https://hooks.example.com/postmark  MessageStream                        (none)   outbound                            Done
+ create  1234570  outbound   https://hooks.example.com/postmark  HttpAuth.Username                    (none)   postmark                            Done
+ create  1234570  outbound   https://hooks.example.com/postmark  HttpAuth.Password                    (none)   ********                            Done
+ create  1234570  outbound   https://hooks.example.com/postmark  Triggers.Bounce.Enabled              (none)   true                                Done
+ create  1234570  outbound   https://hooks.example.com/postmark  Triggers.Bounce.IncludeContent       (none)   true                                Done
--- stderr
Done: 3 changes.
"#]]);
    snapbox::assert_data_eq!(
        written(server).join("\n"),
        str![[r#"
PUT /server {"InboundHookUrl":"https://hooks.example.com/inbound"}
POST /webhooks {"Url":"https://hooks.example.com/news","MessageStream":"broadcast","Triggers":{"SubscriptionChange":{"Enabled":true}}}
POST /webhooks {"Url":"https://hooks.example.com/postmark","MessageStream":"outbound","HttpAuth":{"Username":"postmark","Password":"s3cret"},"Triggers":{"Bounce":{"Enabled":true,"IncludeContent":true}}}
"#]]
    );
    let before = written(server).len();
    env.run("apply hooks.yaml --yes").check(str![[r#"
CHANGE  ID  STREAM  URL  FIELD  BEFORE  AFTER  RESULT
--- stderr
The server is so already; nothing was sent.
"#]]);
    env.run("diff hooks.yaml").code(0);
    assert_eq!(written(server).len(), before);
}

#[test]
fn drift_is_mended_by_one_put_with_the_drifted_field_only() {
    let Sandboxed { ref env, log: ref server, .. } = sandbox(TWO);
    env.run("apply hooks.yaml --yes -q").code(0);
    let ids = env.run("list --stream outbound -o ids");
    let id = ids.stdout.trim().to_owned();
    env.run(format!("edit {id} --off bounce --on click --header X-Hand:made -q")).code(0);
    let before = written(server).len();
    env.run("diff hooks.yaml").code(1).has("Triggers.Bounce.Enabled").lacks("Click");
    env.run("apply hooks.yaml --yes -o json").code(0).has("\"Result\": \"Done\"");
    let puts = written(server).split_off(before);
    let body = r#"{"Triggers":{"Bounce":{"Enabled":true,"IncludeContent":true}}}"#;
    assert_eq!(puts, [format!("PUT /webhooks/{id} {body}")]);
}

#[test]
fn only_prune_deletes_and_it_does_so_last_with_a_way_back() {
    // torture 73, 77
    let Sandboxed { ref env, log: ref server, .. } = sandbox(TWO);
    env.run("create --url https://stray.example/ --on bounce -q").code(0);
    env.run("apply hooks.yaml --yes -q").code(0);
    assert!(!written(server).iter().any(|line| line.starts_with("DELETE")));
    env.run("create --url https://stray.example/2 --on bounce -q").code(0);
    let moved = TWO.replace("/news", "/letters");
    env.file("hooks.yaml", moved);
    env.run("apply hooks.yaml --prune --yes -q").code(0);
    let methods: Vec<_> =
        written(server).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(
        methods,
        ["POST", "PUT", "POST", "POST", "POST", "POST", "DELETE", "DELETE", "DELETE"]
    );
    assert_eq!(env.tree().matches("deleted/environment-").count(), 3, "{}", env.tree());
}

#[test]
fn moved_from_changes_in_place() {
    let Sandboxed { ref env, log: ref server, .. } = sandbox(TWO);
    env.run("apply hooks.yaml --yes -q").code(0);
    let before = written(server).len();
    let moved = TWO.replace(
        "  - Url: https://hooks.example.com/news\n",
        "  - Url: https://hooks.example.com/letters\n    MovedFrom: https://hooks.example.com/news\n",
    );
    env.file("hooks.yaml", moved);
    env.run("apply hooks.yaml --yes -q").code(0);
    let [put] = <[String; 1]>::try_from(written(server).split_off(before)).unwrap();
    assert!(put.starts_with("PUT /webhooks/"), "{put}");
    assert!(put.ends_with(r#" {"Url":"https://hooks.example.com/letters"}"#), "{put}");
    env.run("diff hooks.yaml").code(0);
}

/// Refuses the first create, and lets everything else through.
fn refuses_one(url: &str) -> Faulty {
    Faulty::new([
        Step::refused(422, 1354, "A valid Url is required.").only("POST", "/webhooks"),
        Step::forward(url).forever(),
    ])
}

#[test]
fn one_that_is_refused_stops_no_other_and_the_rest_is_said() {
    // torture 69
    let home = TestEnv::new();
    let sandbox = home.spawn("sandbox serve --port 0 --memory");
    let url = sandbox.wait_for_url();
    let server = refuses_one(&url);
    let mut env = TestEnv::with_api(server.url());
    env.env("HOOK_PASSWORD", "s3cret");
    env.file("hooks.yaml", TWO);
    env.run("create --url https://stray.example/ --on bounce -q").code(5);
    env.run("create --url https://stray.example/ --on bounce -q").code(0);
    let server = refuses_one(&url);
    env.api(server.url());
    env.run("apply hooks.yaml --yes --prune --concurrency 1").check(str![[r#"
CHANGE    ID       STREAM     URL                                 FIELD                                BEFORE   AFTER                               RESULT
~ update           (server)                                       Server.InboundHookUrl                (empty)  https://hooks.example.com/inbound   Done
+ create           broadcast  https://hooks.example.com/news      Url                                  (none)   https://hooks.example.com/news      Failed
+ create           broadcast  https://hooks.example.com/news      MessageStream                        (none)   broadcast                           Failed
+ create           broadcast  https://hooks.example.com/news      Triggers.SubscriptionChange.Enabled  (none)   true                                Failed
+ create  1234570  outbound   https://hooks.example.com/postmark  Url                                  (none)   https://hooks.example.com/postmark  Done
+ create  1234570  outbound   https://hooks.example.com/postmark  MessageStream                        (none)   outbound                            Done
+ create  1234570  outbound   https://hooks.example.com/postmark  HttpAuth.Username                    (none)   postmark                            Done
+ create  1234570  outbound   https://hooks.example.com/postmark  HttpAuth.Password                    (none)   ********                            Done
+ create  1234570  outbound   https://hooks.example.com/postmark  Triggers.Bounce.Enabled              (none)   true                                Done
+ create  1234570  outbound   https://hooks.example.com/postmark  Triggers.Bounce.IncludeContent       (none)   true                                Done
- delete  1234569  outbound   https://stray.example/              (all of it)                                                                       NotReached
--- stderr
pmhooks: error: 2 of 4 changes were not made
  because Create https://hooks.example.com/news: Failed: Postmark refused (422, code 1354): A valid Url is required.
  because Delete webhook 1234569: NotReached: a change before it was not made
  hint: Postmark wants a whole URL that it can reach, such as https://hooks.example.com/postmark
  hint: run the same command again: it goes on where this stopped
--- exit 7
"#]]);
    env.run("apply hooks.yaml --yes --prune -q").code(0);
    env.run("diff hooks.yaml --prune").code(0);
}

#[test]
fn a_lost_answer_makes_no_second_webhook() {
    // torture 71
    let home = TestEnv::new();
    let sandbox = home.spawn("sandbox serve --port 0 --memory");
    let url = sandbox.wait_for_url();
    let server = Faulty::new([
        Step::forward_then_close(&url).only("POST", "/webhooks"),
        Step::forward(&url).forever(),
    ]);
    let mut env = TestEnv::with_api(server.url());
    env.env("HOOK_PASSWORD", "s3cret");
    env.file("hooks.yaml", TWO);
    env.run("apply hooks.yaml --yes -q").code(0);
    assert_eq!(env.run("list -o json").json().as_array().unwrap().len(), 2);
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_sent() {
    // torture 48
    let server = Faulty::untouchable();
    let mut env = TestEnv::with_api(server.url());
    env.env("HOOK_PASSWORD", "s3cret");
    env.file("hooks.yaml", TWO);
    env.run("apply hooks.yaml").check(str![[r#"
--- stderr
pmhooks: error: the confirmation cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --yes
--- exit 2
"#]]);
}

#[test]
fn a_dry_run_writes_nothing() {
    // torture 50
    let Sandboxed { ref env, log: ref server, .. } = sandbox(TWO);
    env.run("apply hooks.yaml --dry-run -o json").code(0).has("\"DryRun\": true");
    assert_eq!(written(server), [""; 0]);
}

#[test]
fn a_dry_run_shows_what_is_then_done() {
    // torture 50
    let Sandboxed { ref env, ref log, .. } = sandbox(TWO);
    for command in ["create --url https://stray.example/ --on bounce", "apply hooks.yaml --yes"] {
        env.run(format!("{command} -q")).code(0);
    }
    let id = env.run("list --stream broadcast -o ids");
    env.run(format!("edit {} --off subscription-change -q", id.stdout.trim())).code(0);
    env.file("hooks.yaml", TWO.replace("/postmark", "/letters"));
    let before = written(log).len();
    let mut dry = env.run("apply hooks.yaml --prune --dry-run -o json").code(0).json();
    assert_eq!(written(log).len(), before);
    let mut real = env.run("apply hooks.yaml --prune --yes -o json").code(0).json();
    assert_eq!(dry.as_object_mut().unwrap().remove("DryRun"), Some(json!(true)));
    for report in [&mut dry, &mut real] {
        for change in report["Changes"].as_array_mut().unwrap() {
            let change = change.as_object_mut().unwrap();
            change.retain(|key, _| key != "Result" && key != "Message");
            if change["Action"] == "Create" {
                change.remove("ID");
            }
        }
    }
    assert_eq!(dry, real);
    let actions: Vec<_> =
        real["Changes"].as_array().unwrap().iter().map(|c| &c["Action"]).collect();
    assert_eq!(actions, ["Create", "Update", "Delete", "Delete"]);
    // The same order as the writes.
    let methods: Vec<_> = written(log).split_off(before);
    let methods: Vec<_> = methods.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(methods, ["POST", "PUT", "DELETE", "DELETE"]);
}

#[test]
fn an_empty_list_deletes_nothing_that_was_not_asked_for() {
    // torture 73
    let Sandboxed { ref env, ref log, .. } = sandbox(TWO);
    env.run("apply hooks.yaml --yes -q").code(0);
    let before = written(log).len();
    env.file("empty.yaml", "Webhooks: []\n");
    env.file("wrong.yaml", "Webhooks:\n  - Url: https://hooks.example.com/other\n");
    env.run("apply empty.yaml --yes").code(0).has("2 webhooks are not in the manifest");
    env.run("apply empty.yaml --prune").code(2).has("give --yes");
    env.run("apply empty.yaml --prune --dry-run").code(0).has("2 to delete");
    for text in ["", "{}\n", "Webhooks:\n"] {
        env.file("nothing.yaml", text);
        env.run("apply nothing.yaml --prune --yes").code(2);
    }
    env.run("apply missing.yaml --prune --yes").code(2);
    assert_eq!(written(log).len(), before);
    let mut terminal = env.pty("apply empty.yaml --prune");
    terminal.expect("2 to delete");
    terminal.expect("[y/N]");
    terminal.send("n");
    terminal.finish().code(130);
    assert_eq!(written(log).len(), before);
    env.run("apply wrong.yaml --yes -q").code(0);
    assert!(!written(log).iter().any(|line| line.starts_with("DELETE")));
    env.run("apply empty.yaml --prune --yes -q").code(0);
    assert_eq!(env.run("list -o json").json(), json!([]));
    assert_eq!(env.tree().matches("deleted/environment-").count(), 3, "{}", env.tree());
}

#[test]
fn two_at_once_make_it_so_once() {
    // torture 68
    let mut sandbox = Sandboxed::new("--latency 100ms");
    sandbox.env.env("HOOK_PASSWORD", "s3cret");
    sandbox.env.file("hooks.yaml", TWO);
    sandbox.env.run("create --url https://stray.example/ --on bounce -q --no-verify").code(0);
    let env = &sandbox.env;
    let apply = || env.spawn("apply hooks.yaml --prune --yes -o json");
    for run in [apply(), apply(), apply()] {
        let run = run.finish();
        // One that would have to wait for longer than it does says so.
        assert!(matches!(run.code, Some(0 | 9)), "{run}");
        assert!(run.code == Some(0) || run.stderr.contains("only one apply at a time"), "{run}");
    }
    let mut written: Vec<_> = written(&sandbox.log).split_off(1);
    for line in &mut written {
        line.truncate(line.find(['{', '1']).unwrap_or(line.len()));
    }
    let expected = ["PUT /server ", "POST /webhooks ", "POST /webhooks ", "DELETE /webhooks/"];
    assert_eq!(written, expected);
    assert_eq!(env.tree().matches("deleted/environment-").count(), 1, "{}", env.tree());
    env.run("diff hooks.yaml --prune").code(0);
    // The sandbox that is built in is one file, whoever writes it.
    let apply = || env.spawn("-p sandbox apply hooks.yaml --prune --yes -q");
    for run in [apply(), apply()] {
        let run = run.finish();
        assert!(matches!(run.code, Some(0 | 9)), "{run}");
    }
    env.run("-p sandbox diff hooks.yaml --prune").code(0);
    assert_eq!(env.tree().matches("deleted/sandbox-").count(), 2, "{}", env.tree());
}

#[test]
fn one_apply_at_a_time() {
    // torture 68
    let Sandboxed { ref env, .. } = sandbox(TWO);
    env.run("apply hooks.yaml --yes -q").code(0);
    let lock = env.state_dir().join("locks/.environment.pmhooks-lock");
    let held = std::fs::File::options().write(true).open(&lock).unwrap();
    held.lock().unwrap();
    env.run("apply hooks.yaml --yes").code(9).has("only one apply at a time");
}

#[test]
fn deletions_on_a_protected_profile_are_counted_by_hand() {
    let Sandboxed { ref env, ref log, .. } = sandbox(TWO);
    let url = log.url();
    env.config(&format!(
        "[profiles.p]\nserver_token = \"7d1b2c3e-0000-4000-8000-000000000001\"\napi_url = \"{url}\"\nprotected = true\n"
    ));
    env.run("-p p create --url https://stray.example/ --on bounce -q --confirm p").code(0);
    let apply = "-p p apply hooks.yaml --prune --confirm p -q";
    env.run(apply).code(2).has("--confirm-deletes 1");
    env.run(format!("{apply} --confirm-deletes 2")).code(130);
    env.run(format!("{apply} --confirm-deletes 1")).code(0);
}

#[test]
fn a_kept_plan_is_carried_out_or_refused_where_the_server_changed_since() {
    // torture 67, 76, 111
    let Sandboxed { ref env, ref log, .. } = sandbox(TWO);
    env.run("diff hooks.yaml --plan-out plan.json -q --show-secrets").code(1).has("s3cret");
    assert!(!env.read("plan.json").contains("s3cret"));
    env.run("create --url https://stray.example/ --on bounce -q").code(0);
    let before = written(log).len();
    env.run("apply --plan plan.json --yes").check(str![[r#"
--- stderr
pmhooks: error: nothing was done
  because the plan is out of date: webhook 1234569 is new
  hint: make it anew: `pmhooks diff FILE --plan-out FILE`
--- exit 2
"#]]);
    env.run("apply --plan plan.json --prune").code(2);
    env.run("apply --plan no.json --yes").code(2).has("cannot read no.json");
    env.run("apply --plan hooks.yaml").code(2).has("no plan of pmhooks");
    assert_eq!(written(log).len(), before);
    env.run("diff hooks.yaml --plan-out plan.json -q").code(1);
    env.cmd("apply --plan plan.json --yes").env("HOOK_PASSWORD", "other").run().code(0);
    env.run("diff hooks.yaml").code(1).has("HttpAuth.Password");
    env.run("diff hooks.yaml --plan-out plan.json -q").code(1);
    env.run("apply --plan plan.json --yes -q").code(0);
    env.run("diff hooks.yaml").code(0);
}

#[test]
fn a_plan_from_a_secret_in_clear_is_not_kept() {
    let Sandboxed { ref env, .. } = sandbox(&TWO.replace("${HOOK_PASSWORD}", "CANARY"));
    env.run("diff hooks.yaml --plan-out plan.json").code(2).lacks("CANARY");
    assert!(!env.tree().contains("plan.json"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_what_is_in_flight_and_starts_nothing_more() {
    // torture 61
    let mut sandbox = Sandboxed::new("--latency 700ms");
    sandbox.env.env("HOOK_PASSWORD", "s3cret");
    sandbox.env.file("hooks.yaml", TWO);
    let apply = sandbox.env.spawn("apply hooks.yaml --yes --concurrency 1 -o json");
    // The list, the server's settings, and the first change.
    sandbox.log.wait_for(3);
    apply.interrupt();
    let run = apply.finish();
    run.code(7).has("NotReached: interrupted").has("\"Result\": \"Done\"");
    assert_eq!(written(&sandbox.log).len(), 1);
    sandbox.env.run("apply hooks.yaml --yes -q").code(0);
    sandbox.env.run("diff hooks.yaml").code(0);
}

#[test]
fn what_is_wrong_with_the_file_is_told_before_a_confirmation_is_missed() {
    let env = TestEnv::with_api(Faulty::untouchable().url());
    env.file("hooks.yaml", "Webhooks:\n  - Url: https://u:${ONE}@${TWO}/${TWO}\n");
    env.run("apply hooks.yaml").check(str![[r#"
--- stderr
pmhooks: error: 2 faults in the manifest
  because hooks.yaml:2:10: ONE is not set: give --var ONE=VALUE, or set it in the profile's vars or the environment
  because hooks.yaml:2:10: TWO is not set: give --var TWO=VALUE, or set it in the profile's vars or the environment
--- exit 2
"#]]);
    env.cmd("apply hooks.yaml")
        .env("ONE", "1")
        .env("TWO", "h.example.com")
        .run()
        .code(2)
        .has("--yes");
}

#[test]
fn one_change_is_one() {
    let Sandboxed { ref env, .. } = sandbox("Webhooks:\n  - Url: https://hooks.example.com/pm\n");
    env.run("apply hooks.yaml --yes -o ids").has("\nDone: 1 change.");
}

#[test]
fn a_reference_that_wants_quotes_is_told_so() {
    let env = TestEnv::with_api(Faulty::untouchable().url());
    env.file(
        "hooks.yaml",
        "Webhooks:\n  - Url: https://h/\n    HttpAuth: { Username: a, Password: ${PW} }\n",
    );
    env.run("apply hooks.yaml --yes").check(str![[r#"
--- stderr
pmhooks: error: hooks.yaml:3:41: while parsing a flow mapping, did not find expected ',' or '}'; within { } and [ ] a reference wants quotes: "${NAME}"
--- exit 2
"#]]);
}
