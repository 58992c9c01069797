//! `rotate-auth`.

mod back;
mod generate;
mod tested;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::support::*;

const OLD: &str = "old-password-4711";
const NEW: &str = "new-password-0815";

fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")))
}

/// An endpoint that takes these passwords of `postmark`, and refuses all others.
fn endpoint(passwords: &[&str]) -> Faulty {
    let takes = |password: &&str| {
        let authorization = basic("postmark", password);
        Step::status(200).carrying("Authorization", &authorization).forever()
    };
    let refuses = Step::status(401).forever();
    Faulty::new(passwords.iter().map(takes).chain([refuses])).may_be_unused()
}

/// A sandbox, with the passwords in the environment.
fn sandbox() -> Sandboxed {
    with_options("")
}

fn with_options(options: &str) -> Sandboxed {
    let mut sandbox = Sandboxed::new(options);
    sandbox.env.env("OLD", OLD).env("NEW", NEW);
    sandbox
}

/// Makes a webhook with the old password at this endpoint, and returns its ID.
fn webhook_at(sandbox: &Sandboxed, endpoint: &Faulty) -> String {
    let url = endpoint.url();
    sandbox.create(&format!(
        "--url {url}/hook --on bounce,delivery --username postmark --password env:OLD"
    ))
}

/// The password that a webhook has.
fn password(sandbox: &Sandboxed, id: &str) -> String {
    let webhook = sandbox.env.run(format!("get {id} -o json --show-secrets")).json();
    webhook["HttpAuth"]["Password"].as_str().unwrap_or("none").to_owned()
}

/// The PUTs so far, a line each.
fn puts(sandbox: &Sandboxed) -> Vec<String> {
    let writes = sandbox.writes();
    writes.lines().filter(|line| line.starts_with("PUT")).map(str::to_owned).collect()
}

#[test]
fn each_webhook_gets_the_new_password_once_its_endpoint_took_both() {
    let endpoint = endpoint(&[OLD, NEW]);
    let sandbox = sandbox();
    let ids = [webhook_at(&sandbox, &endpoint), webhook_at(&sandbox, &endpoint)];
    sandbox.create("--url https://open.example.com/ --on open");
    sandbox.env.run("rotate-auth --all --password env:NEW --yes").check(str![[r#"
ID       URL                          NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  Done
1234570  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  Done
1234571  https://open.example.com/                                 Skipped: it has no HttpAuth
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569, 1234570)
Changed the credentials of 2 webhooks.
Take the old ones out of the endpoints, then see that they are refused: pmhooks test 1234569 1234570 --check-auth
"#]]);
    assert_eq!(
        puts(&sandbox),
        ids.map(|id| format!(
            r#"PUT /webhooks/{id} {{"HttpAuth":{{"Username":"postmark","Password":"{NEW}"}}}}"#
        ))
    );
    // New, old and wrong, for each.
    let mut sent: Vec<_> = endpoint
        .requests()
        .iter()
        .map(|request| request.header("Authorization").unwrap().to_owned())
        .collect();
    sent.sort();
    let (old, new) = (basic("postmark", OLD), basic("postmark", NEW));
    assert_eq!(sent.len(), 6);
    assert_eq!(sent.iter().filter(|auth| **auth == old).count(), 2);
    assert_eq!(sent.iter().filter(|auth| **auth == new).count(), 2);
    for request in endpoint.requests() {
        assert_eq!(request.header("User-Agent"), Some("Postmark"));
        assert_eq!(request.header("X-Postmark-Server-Token"), None);
        // The most harmless of those that are on.
        assert!(request.text().contains(r#""RecordType":"Delivery""#), "{request:?}");
    }
    // Run again, there is nothing left to do.
    sandbox.env.run("rotate-auth --all --password env:NEW --yes").check(str![[r#"
ID       URL                          NEW  OLD  WRONG  RESULT
1234569  http://127.0.0.1:[PORT]/hook                   Skipped: it is so already
1234570  http://127.0.0.1:[PORT]/hook                   Skipped: it is so already
1234571  https://open.example.com/                     Skipped: it has no HttpAuth
--- stderr
Nothing is to be changed; nothing was sent.
"#]]);
    assert_eq!(puts(&sandbox).len(), 2);
}

#[test]
fn with_postmarks_own_probe_it_goes_the_whole_way() {
    let endpoint = endpoint(&[OLD, NEW]);
    let sandbox = with_options("--verify real");
    let id = webhook_at(&sandbox, &endpoint);
    sandbox.env.run(format!("verify {id}")).code(0);
    sandbox.env.run(format!("rotate-auth {id} --password env:NEW --yes")).code(0);
    assert_eq!(password(&sandbox, &id), NEW);
    sandbox.env.run(format!("verify {id}")).code(0);
    sandbox.env.run(format!("test {id} --check-auth")).code(0);
}

#[test]
fn a_dry_run_posts_samples_and_changes_nothing() {
    let endpoint = endpoint(&[OLD, NEW]);
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &endpoint);
    sandbox.env.run(format!("rotate-auth {id} --password env:NEW --dry-run")).check(str![[r#"
ID       URL                          NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  Done
--- stderr
Dry run: nothing was changed. This would be done:
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569)
"#]]);
    let run = sandbox.env.run(format!("rotate-auth {id} --password env:NEW --dry-run -o json"));
    run.check(str![[r#"
[
  {
    "ID": 1234569,
    "Url": "http://127.0.0.1:[PORT]/hook",
    "MessageStream": "outbound",
    "Result": "Done",
    "Message": null,
    "Checks": [
      {
        "Credentials": "New",
        "TriggerType": "Delivery",
        "Success": true,
        "StatusCode": 200,
        "Message": "OK"
      },
      {
        "Credentials": "Old",
        "TriggerType": "Delivery",
        "Success": true,
        "StatusCode": 200,
        "Message": "OK"
      },
      {
        "Credentials": "Wrong",
        "TriggerType": "Delivery",
        "Success": true,
        "StatusCode": 401,
        "Message": "refused, as it should be: Unauthorized"
      }
    ],
    "Warnings": [
      "the address is inside this machine or network: Postmark itself could not reach it"
    ],
    "DryRun": true
  }
]
"#]]);
    assert_eq!(endpoint.requests().len(), 6);
    assert_eq!(puts(&sandbox), [""; 0]);
}

#[test]
fn a_user_name_can_change_with_it() {
    let new = basic("hooks", NEW);
    let old = basic("postmark", OLD);
    let endpoint = Faulty::new([
        Step::status(200).carrying("Authorization", &new).forever(),
        Step::status(200).carrying("Authorization", &old).forever(),
        Step::status(403).forever(),
    ]);
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &endpoint);
    let rotate = format!("rotate-auth {id} --username hooks --password env:NEW --yes -q -o ids");
    sandbox.env.run(rotate).code(0);
    assert_eq!(
        puts(&sandbox),
        [format!(r#"PUT /webhooks/{id} {{"HttpAuth":{{"Username":"hooks","Password":"{NEW}"}}}}"#)]
    );
}

#[test]
fn one_header_can_be_changed_and_the_others_stay() {
    let endpoint = Faulty::new([
        Step::status(200).carrying("X-Hook-Token", "new-value").forever(),
        Step::status(200).carrying("X-Hook-Token", "old-value").forever(),
        Step::status(401).forever(),
    ]);
    let mut sandbox = sandbox();
    sandbox.env.env("OLD_TOKEN", "old-value").env("NEW_TOKEN", "new-value");
    let url = endpoint.url();
    let id = sandbox.create(&format!(
        "--url {url} --on open --secret-header X-Hook-Token=env:OLD_TOKEN --header X-Env:live"
    ));
    sandbox.create("--url https://other.example.com/ --on open --header X-Env:live");
    let rotate = "rotate-auth --all --secret-header x-hook-token=env:NEW_TOKEN --yes";
    sandbox.env.run(rotate).check(str![[r#"
ID       URL                         NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]      accepted  accepted  refused  Done
1234570  https://other.example.com/                               Skipped: it has no such header
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569)
Changed the credentials of 1 webhook.
Take the old ones out of the endpoints, then see that they are refused: pmhooks test 1234569 --check-auth
"#]]);
    assert_eq!(
        puts(&sandbox),
        [format!(
            r#"PUT /webhooks/{id} {{"HttpHeaders":[{{"Name":"X-Env","Value":"live"}},{{"Name":"X-Hook-Token","Value":"new-value"}}]}}"#
        )]
    );
    sandbox.env.run("rotate-auth --all --secret-header X=env:NEW_TOKEN --username x").code(2);
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_changed() {
    let untouched = Faulty::untouchable();
    let sandbox = sandbox();
    let bare = sandbox.create(&format!("--url {} --on open", untouched.url()));
    let good = webhook_at(&sandbox, &untouched);
    let env = &sandbox.env;
    env.run(format!("rotate-auth {good} {bare} --password env:NEW --yes")).check(str![[r#"
--- stderr
pmhooks: error: webhook 1234569 cannot get other credentials: it has no HttpAuth
  hint: `pmhooks edit 1234569 --help` tells how it gets some
--- exit 2
"#]]);
    env.run(format!("rotate-auth {good} 99 --password env:NEW --yes")).check(str![[r#"
--- stderr
pmhooks: error: nothing was changed
  because cannot get webhook 99 of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks list`
--- exit 8
"#]]);
    // What is to be changed is asked for before whether it may be.
    for flag in ["--yes", ""] {
        env.run(format!("rotate-auth {good} {flag}")).check(str![[r#"
--- stderr
pmhooks: error: the new password cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --password SOURCE (env:NAME, file:PATH or -), or --generate
--- exit 2
"#]]);
    }
    env.run(format!("rotate-auth {good} --password env:NEW")).check(str![[r#"
--- stderr
pmhooks: error: the confirmation cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --yes
--- exit 2
"#]]);
    env.run(format!("rotate-auth {good} --password env:UNSET --yes")).code(2);
    env.run(["rotate-auth", &good, "--password", NEW, "--yes"]).code(2).lacks(NEW);
    env.run(format!("rotate-auth {good} --password env:OLD --yes")).check(str![[r#"
ID       URL                          NEW  OLD  WRONG  RESULT
1234570  http://127.0.0.1:[PORT]/hook                   Skipped: it is so already
--- stderr
Nothing is to be changed; nothing was sent.
"#]]);
    assert_eq!(puts(&sandbox), [""; 0]);
}

#[test]
fn the_guards_of_a_write_hold() {
    // torture 76
    let untouched = Faulty::untouchable();
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &untouched);
    let url = sandbox.log.url();
    let profile = |name: &str, more: &str| {
        format!("[profiles.{name}]\nserver_token = \"{TOKEN}\"\napi_url = \"{url}\"\n{more}\n")
    };
    let config = [
        profile("read-only", "read_only = true"),
        profile("protected", "protected = true"),
        profile("elsewhere", "server_id = 4711"),
    ];
    sandbox.env.config(&config.concat());
    let rotate = format!("rotate-auth {id} --password env:NEW --yes");
    sandbox.env.run(format!("{rotate} -p read-only")).code(2).has("read-only");
    sandbox.env.run(format!("{rotate} -p protected")).code(2).has("--confirm protected");
    let other = format!("{rotate} -p elsewhere --no-test");
    sandbox.env.run(other).code(2).has("pinned to server 4711");
    assert_eq!(puts(&sandbox), [""; 0]);
    let confirmed = format!("{rotate} -p protected --confirm protected --no-test");
    // All three are one server: the strictest profile decides.
    sandbox.env.run(&confirmed).code(2).has("profile read-only is read-only");
    sandbox.env.config(&config[1]);
    sandbox.env.run(&confirmed).code(0);
    assert_eq!(puts(&sandbox).len(), 1);
}

#[test]
fn one_at_a_time_beside_apply() {
    // torture 68
    let sandbox = sandbox();
    sandbox.env.run("rotate-auth --all --password env:NEW --yes").code(0);
    let lock = sandbox.env.state_dir().join("locks/.environment.pmhooks-lock");
    let held = std::fs::File::options().write(true).open(&lock).unwrap();
    held.lock().unwrap();
    sandbox.env.run("rotate-auth --all --password env:NEW --yes").code(9).has("one command at a");
}

// torture 6, 7
#[test]
fn no_secret_is_ever_shown() {
    let canaries = Canaries::new();
    let echo = |secret: &str| {
        let header = basic("postmark", secret);
        Step::redirect(307, &format!("/x/{header}/{secret}")).carrying("Authorization", &header)
    };
    let endpoint = Faulty::new([
        echo(&canaries.query).forever(),
        echo(&canaries.header).forever(),
        Step::status(401).forever(),
    ]);
    let mut sandbox = sandbox();
    sandbox.env.env("OLD", &canaries.header).env("NEW", &canaries.query);
    let id = webhook_at(&sandbox, &endpoint);
    for flags in ["-vv", "-o json --show-secrets", "--dry-run", "--no-test -vv", "-o yaml -vv"] {
        let run = sandbox.env.run(format!("rotate-auth {id} --password env:NEW --yes {flags}"));
        canaries.assert_clean_run(&run);
    }
}
