//! Without an ID: this machine and the way to the API.

use super::{answers, answers_but, hook};
use crate::support::*;

fn good() -> Faulty {
    Faulty::new(answers(&hook("https://hooks.example.com")))
}

/// A profile at this address, pinned to a server.
fn profile(env: &TestEnv, url: &str, pinned: i64) {
    env.config(&format!(
        "default_profile = \"shop\"\n[profiles.shop]\nserver_token = \"{TOKEN}\"\n\
         server_id = {pinned}\napi_url = \"{url}\"\n"
    ));
}

#[test]
fn the_sandbox_passes_wholly() {
    let env = TestEnv::new();
    env.run("-p sandbox list -o ids").code(0);
    env.run("-p sandbox doctor").check(str![[r#"
STEP           RESULT  MESSAGE
versions       pass    pmhooks [VERSION] on linux; its state is in [HOME]/.local/state/pmhooks
configuration  pass    there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         pass    profile sandbox, at the sandbox within this program
token          pass    the sandbox's own
proxy          pass    none on the way to 127.0.0.1:[PORT]
connection     pass    127.0.0.1:[PORT]: connection ([MS] ms)
api            pass    it is Postmark's ([MS] ms)
clock          pass    it is right, by the answer's date
server         pass    the token opens server 1 (Sandbox)
webhooks       pass    there are 2
age            pass    the API of since August 2026: it has verification and statistics
--- stderr
Nothing found: 11 passed, 0 skipped.
"#]]);
}

#[test]
fn a_sandbox_that_is_in_use_says_by_whom() {
    let mut env = TestEnv::new();
    let serving = env.spawn("sandbox serve --port 0");
    serving.wait_for_url();
    env.redact("[PID]", r"pid (?<redacted>\d+)");
    env.run("-p sandbox doctor").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; its state is in [HOME]/.local/state/pmhooks
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         pass     profile sandbox, at the sandbox within this program
sandbox        fail     the sandbox's state is in use by `pmhooks sandbox serve` at http://127.0.0.1:[PORT] (pid [PID])
connection     skipped  the API's address is not known
--- stderr
fail: the sandbox's state is in use by `pmhooks sandbox serve` at http://127.0.0.1:[PORT] (pid [PID]) [sandbox]
  next: use it with --api-url and a token in POSTMARK_SERVER_TOKEN, or end it with Ctrl-C
1 step failed: begin there. 0 warned, 3 passed, 1 skipped.
--- exit 1
"#]]);
}

#[test]
fn a_profile_that_is_set_up_passes_wholly() {
    let api = good();
    let env = TestEnv::new();
    profile(&env, &api.url(), 77);
    env.run("doctor").check(str![[r#"
STEP           RESULT  MESSAGE
versions       pass    pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass    [HOME]/.config/pmhooks/config.toml is readable and private; 1 profile
target         pass    profile shop, at http://127.0.0.1:[PORT] (from the profile)
token          pass    read from the configuration file
proxy          pass    none on the way to 127.0.0.1:[PORT]
connection     pass    127.0.0.1:[PORT]: connection ([MS] ms)
api            pass    it is Postmark's ([MS] ms)
clock          pass    it is right, by the answer's date
server         pass    the token opens server 77 (Shop), which the profile is pinned to
webhooks       pass    there is one
age            pass    the API of since August 2026: it has verification and statistics
--- stderr
Nothing found: 11 passed, 0 skipped.
"#]]);
}

#[test]
fn an_empty_home_is_told_what_to_do_first() {
    let api = good().may_be_unused();
    let mut env = TestEnv::new();
    env.api(api.url());
    env.run("doctor").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         skipped  no profile is named, and none is the default
token          fail     no Postmark server token is set up
proxy          pass     none on the way to 127.0.0.1:[PORT]
connection     pass     127.0.0.1:[PORT]: connection ([MS] ms)
server         skipped  there is no token to ask with
--- stderr
fail: no Postmark server token is set up [token]
  next: try everything without one: `pmhooks -p sandbox list`
  next: then set yours up: `pmhooks profile add NAME`
1 step failed: begin there. 0 warned, 4 passed, 2 skipped.
--- exit 1
"#]]);
    assert_eq!(api.requests().len(), 0, "nothing can be asked without a token");
}

#[test]
fn profiles_without_a_default_are_named() {
    let api = good().may_be_unused();
    let mut env = TestEnv::new();
    env.api(api.url());
    env.config("[profiles.shop]\nserver_token = \"t\"\n");
    env.run("doctor").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     [HOME]/.config/pmhooks/config.toml is readable and private; 1 profile
target         skipped  no profile is named, and none is the default
token          fail     no Postmark server token is set up: no profile is named, and none is the default
proxy          pass     none on the way to 127.0.0.1:[PORT]
connection     pass     127.0.0.1:[PORT]: connection ([MS] ms)
server         skipped  there is no token to ask with
--- stderr
fail: no Postmark server token is set up: no profile is named, and none is the default [token]
  next: name one, as in `pmhooks -p shop list`
  next: or make one the default: `pmhooks profile use NAME`
1 step failed: begin there. 0 warned, 4 passed, 2 skipped.
--- exit 1
"#]]);
}

#[cfg(unix)]
#[test]
fn a_loose_mode_is_worth_a_look() {
    use std::os::unix::fs::PermissionsExt as _;
    let api = good();
    let env = TestEnv::new();
    profile(&env, &api.url(), 77);
    let mode = std::fs::Permissions::from_mode;
    std::fs::set_permissions(env.config_path(), mode(0o644)).unwrap();
    std::fs::set_permissions(env.config_path().parent().unwrap(), mode(0o777)).unwrap();
    env.run("doctor").check(str![[r#"
STEP           RESULT  MESSAGE
versions       pass    pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  warn    others can get at [HOME]/.config/pmhooks/config.toml (mode 644), which may hold tokens; others may change what is in [HOME]/.config/pmhooks
target         pass    profile shop, at http://127.0.0.1:[PORT] (from the profile)
token          pass    read from the configuration file
proxy          pass    none on the way to 127.0.0.1:[PORT]
connection     pass    127.0.0.1:[PORT]: connection ([MS] ms)
api            pass    it is Postmark's ([MS] ms)
clock          pass    it is right, by the answer's date
server         pass    the token opens server 77 (Shop), which the profile is pinned to
webhooks       pass    there is one
age            pass    the API of since August 2026: it has verification and statistics
--- stderr
warn: others can get at [HOME]/.config/pmhooks/config.toml (mode 644), which may hold tokens; others may change what is in [HOME]/.config/pmhooks [configuration]
  next: run: chmod 600 [HOME]/.config/pmhooks/config.toml
  next: run: chmod 700 [HOME]/.config/pmhooks
Nothing is broken, 1 step is worth a look: 10 passed, 0 skipped.
"#]]);
}

#[test]
fn what_is_odd_in_other_profiles_is_said() {
    let api = good();
    let mut env = TestEnv::new();
    env.api(api.url()).token("ignored");
    env.config_at(
        api.url(),
        "[profiles.shop]\nserver_token = \"t\"\nsevrer_id = 7\n[profiles.other]\nstream = 5\n",
    );
    env.run("doctor -p shop --columns step,result").code(0).has("configuration  warn");
    let steps = env.run("doctor -p shop -o json").code(0).json();
    let message = |step: &str| {
        let all = steps["Steps"].as_array().unwrap();
        all.iter().find(|s| s["Step"] == step).unwrap()["Message"].as_str().unwrap().to_owned()
    };
    assert!(message("configuration").contains("`sevrer_id` in profile shop is not a setting"));
    assert!(message("configuration").contains("profile other needs exactly one of"));
    assert!(message("target").contains("POSTMARK_SERVER_TOKEN is set, but not used"));
    assert!(!message("target").contains("sevrer_id"), "said once: {}", message("target"));
}

#[test]
fn a_broken_configuration_is_a_finding() {
    let api = good().may_be_unused();
    let mut env = TestEnv::new();
    env.api(api.url());
    env.config("[profiles.shop]\nserver_token = \n");
    env.run("doctor").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  fail     [HOME]/.config/pmhooks/config.toml:2:16: string values must be quoted, expected literal string
target         skipped  the configuration says it, and cannot be used
token          skipped  it is not known whose
proxy          pass     none on the way to 127.0.0.1:[PORT]
connection     pass     127.0.0.1:[PORT]: connection ([MS] ms)
server         skipped  there is no token to ask with
--- stderr
fail: [HOME]/.config/pmhooks/config.toml:2:16: string values must be quoted, expected literal string [configuration]
  next: mend line 2 of [HOME]/.config/pmhooks/config.toml; nothing works until then
1 step failed: begin there. 0 warned, 3 passed, 3 skipped.
--- exit 1
"#]]);
    env.run("doctor --config nowhere.toml").code(1).has("cannot read nowhere.toml");
}

#[test]
fn a_profile_that_is_not_there_is_a_finding() {
    let api = good().may_be_unused();
    let mut env = TestEnv::new();
    env.api(api.url());
    env.run("doctor -p nobody").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         fail     there is no profile "nobody"; there are none yet
token          skipped  it is not known whose
proxy          pass     none on the way to 127.0.0.1:[PORT]
connection     pass     127.0.0.1:[PORT]: connection ([MS] ms)
server         skipped  there is no token to ask with
--- stderr
fail: there is no profile "nobody"; there are none yet [target]
  next: see them: `pmhooks profile list`; add one: `pmhooks profile add NAME`
1 step failed: begin there. 0 warned, 4 passed, 2 skipped.
--- exit 1
"#]]);
}

#[test]
fn a_token_that_cannot_be_read_is_a_finding() {
    let api = good().may_be_unused();
    let env = TestEnv::new();
    let url = api.url();
    env.config(&format!("[profiles.shop]\nserver_token_file = \"gone\"\napi_url = \"{url}\"\n"));
    env.run("doctor -p shop").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     [HOME]/.config/pmhooks/config.toml is readable and private; 1 profile
target         pass     profile shop, at http://127.0.0.1:[PORT] (from the profile)
token          fail     cannot read the token of profile shop from file:[HOME]/.config/pmhooks/gone: cannot read [HOME]/.config/pmhooks/gone: No such file or directory (os error 2)
proxy          pass     none on the way to 127.0.0.1:[PORT]
connection     pass     127.0.0.1:[PORT]: connection ([MS] ms)
server         skipped  there is no token to ask with
--- stderr
fail: cannot read the token of profile shop from file:[HOME]/.config/pmhooks/gone: cannot read [HOME]/.config/pmhooks/gone: No such file or directory (os error 2) [token]
  next: see where it comes from: `pmhooks profile list`
1 step failed: begin there. 0 warned, 5 passed, 1 skipped.
--- exit 1
"#]]);
}

#[test]
fn a_refused_token_says_where_it_comes_from() {
    let refused = Step::refused(401, 10, "Bad or missing Server API token.");
    let api = Faulty::always(refused.only("GET", "/server"));
    TestEnv::with_api(api.url()).run("doctor").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         pass     the token of env POSTMARK_SERVER_TOKEN, at http://127.0.0.1:[PORT] (from POSTMARK_API_URL)
token          pass     read from env POSTMARK_SERVER_TOKEN
proxy          pass     none on the way to 127.0.0.1:[PORT]
connection     pass     127.0.0.1:[PORT]: connection ([MS] ms)
api            pass     it is Postmark's ([MS] ms)
clock          skipped  the answer does not say what time it is
server         fail     Postmark refused (401, code 10): Bad or missing Server API token. The token comes from env POSTMARK_SERVER_TOKEN.
--- stderr
fail: Postmark refused (401, code 10): Bad or missing Server API token. The token comes from env POSTMARK_SERVER_TOKEN. [server]
  next: it must be a server token (Postmark: the server, API Tokens), not an account token
  next: see which token is used: `pmhooks whoami`
1 step failed: begin there. 0 warned, 7 passed, 1 skipped.
--- exit 1
"#]]);
}

#[test]
fn another_server_than_the_pinned_one_is_a_finding() {
    let api = good();
    let env = TestEnv::new();
    profile(&env, &api.url(), 78);
    env.run("doctor").check(str![[r#"
STEP           RESULT  MESSAGE
versions       pass    pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass    [HOME]/.config/pmhooks/config.toml is readable and private; 1 profile
target         pass    profile shop, at http://127.0.0.1:[PORT] (from the profile)
token          pass    read from the configuration file
proxy          pass    none on the way to 127.0.0.1:[PORT]
connection     pass    127.0.0.1:[PORT]: connection ([MS] ms)
api            pass    it is Postmark's ([MS] ms)
clock          pass    it is right, by the answer's date
server         fail    the token opens server 77 (Shop), but the profile is pinned to server 78: writes are refused
webhooks       pass    there is one
age            pass    the API of since August 2026: it has verification and statistics
--- stderr
fail: the token opens server 77 (Shop), but the profile is pinned to server 78: writes are refused [server]
  next: if that server is meant: `pmhooks profile add shop --replace`
1 step failed: begin there. 0 warned, 10 passed, 0 skipped.
--- exit 1
"#]]);
}

#[test]
fn both_ages_of_the_api_are_told_apart() {
    let mut old = hook("https://hooks.example.com");
    old.as_object_mut().unwrap().remove("Status");
    let none = || Step::html(404).only("GET", "/webhooks/7/statistics");
    let api = Faulty::new(answers_but(&old, [none()]));
    TestEnv::with_api(api.url()).run("doctor").code(0).has("the API of before August 2026");
    // A Status without statistics is neither.
    let odd = Faulty::new(answers_but(&hook("https://hooks.example.com"), [none()]));
    TestEnv::with_api(odd.url()).run("doctor").code(0).has("age            warn");
}

#[test]
fn a_server_without_webhooks_is_worth_a_look() {
    let hook = hook("https://hooks.example.com");
    let api = Faulty::new(answers_but(
        &hook,
        [
            Step::answer(200, json!({"Webhooks": []})).only("GET", "/webhooks"),
            Step::refused(422, 1352, "No such webhook.").only("GET", "/webhooks/0/statistics"),
        ],
    ));
    let run = TestEnv::with_api(api.url()).run("doctor");
    run.code(0).has("there is none, so nothing is received [webhooks]").has("since August 2026");
}

#[test]
fn a_variable_that_cannot_be_used_is_a_finding() {
    for (name, value, rule) in [
        ("PMHOOKS_CONFIG", "", "configuration"),
        ("PMHOOKS_PROFILE", "", "target"),
        ("POSTMARK_SERVER_TOKEN", "", "target"),
        ("POSTMARK_API_URL", "ftp://x", "target"),
    ] {
        let mut env = TestEnv::new();
        env.token(TOKEN).env(name, value);
        let report = env.run("doctor -o json").code(1).json();
        let finding = &report["Findings"][0];
        assert_eq!(finding["Rule"], rule, "{name}: {report:#}");
        let fix = finding["Fix"].as_str().unwrap();
        assert!(fix.ends_with(&format!("unset {name}")), "{name}: {fix}");
    }
    // What follows from it is no finding of its own.
    let mut env = TestEnv::new();
    env.env("PMHOOKS_CONFIG", "");
    env.run("doctor").code(1).has("target         skipped");
}

#[test]
fn several_profiles_are_one_too_many() {
    TestEnv::new().run("doctor -p a,b").code(2);
    TestEnv::new().run("doctor --no-test").code(2);
    TestEnv::new().run("doctor -o ids").code(2);
}

// torture 6
#[test]
fn no_step_shows_a_secret() {
    let canaries = Canaries::new();
    let mut server = super::server();
    server["ApiTokens"] = json!([canaries.token]);
    server["InboundHookUrl"] = json!(format!("https://u:{}@h/", canaries.header));
    let page = format!("<html>{}</html>", canaries.token);
    for step in [
        Step::answer(200, server.clone()),
        Step::bytes(200, "text/html", page.clone()),
        Step::bytes(403, "text/html", page.clone()),
        Step::refused(401, 10, &format!("Bad https://u:{}@h/", canaries.header)),
    ] {
        let hook = hook("https://hooks.example.com");
        let api = Faulty::new(answers_but(&hook, [step.only("GET", "/server")]));
        let mut env = TestEnv::with_api(api.url());
        env.token(&canaries.token);
        for line in ["doctor", "doctor -o json", "doctor -vv"] {
            canaries.assert_clean_run(&env.run(line));
        }
    }
    let env = TestEnv::new();
    env.config(&format!("[profiles.x]\nserver_token = {}\n", canaries.token));
    canaries.assert_clean_run(&env.run("doctor -p x"));
}
