//! Files that an earlier version left behind, in `fixtures/v1`: read as they are, and never rewritten by
//! that. A change of a format adds a folder and leaves the old ones alone.

use crate::support::*;

const CONFIG: &str = include_str!("../fixtures/v1/config.toml");
const SANDBOX: &str = include_str!("../fixtures/v1/sandbox.json");
const PLAN: &str = include_str!("../fixtures/v1/plan.json");
const DELETED: &str = include_str!("../fixtures/v1/deleted.json");
const RECORD: &str = include_str!("../fixtures/v1/events.jsonl");
const STATE: &str = ".local/state/pmhooks/sandbox.json";

/// A home with all of them.
fn home() -> TestEnv {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL").unset("POSTMARK_SERVER_TOKEN").env("PW", "secret");
    env.config(CONFIG);
    env.file(STATE, SANDBOX);
    env.shell("chmod 700 .local/state/pmhooks; chmod 600 .local/state/pmhooks/*").run().code(0);
    env.file("plan.json", PLAN);
    env.file("deleted.json", DELETED);
    env.file("events.jsonl", RECORD);
    env
}

fn unchanged(env: &TestEnv) {
    assert_eq!(env.read(env.config_path()), CONFIG);
    assert_eq!(env.read(STATE), SANDBOX);
    assert_eq!(env.read("plan.json"), PLAN);
    assert_eq!(env.read("deleted.json"), DELETED);
    assert_eq!(env.read("events.jsonl"), RECORD);
}

// torture 104
#[test]
fn files_of_every_version_are_read_and_not_rewritten_by_that() {
    let env = home();
    let profiles = env.run("profile list -o json").code(0).json();
    let (other, staging) = (&profiles[0], &profiles[1]);
    let (other, staging) =
        if other["Name"] == "other" { (other, staging) } else { (staging, other) };
    assert_eq!((&staging["ServerID"], &staging["Protected"]), (&json!(77), &json!(true)));
    assert_eq!(other["ApiUrl"], "http://127.0.0.1:8026");
    env.run("-p sandbox list -o ids").check(str![[r#"
1234567
1234568
"#]]);
    env.run("-p sandbox create --from deleted.json --dry-run -o json").code(0);
    let dry = env.run("replay events.jsonl --to http://127.0.0.1:1/ --dry-run -o json");
    assert_eq!(dry.code(0).json()["Summary"]["Events"], 2);
    env.run("-p sandbox apply --plan plan.json --dry-run -q").code(0);
    unchanged(&env);
    // They are of use, too.
    env.run("-p sandbox apply --plan plan.json --yes -q").code(0);
    env.run("-p sandbox list -o json").has("\"https://hooks.example.com/new\"");
    env.run("-p sandbox delete 1234567 --yes -q").code(0);
    env.run("-p sandbox create --from deleted.json --no-verify -q").code(0);
}

// torture 104
#[test]
fn a_plan_of_another_version_is_refused_with_a_way_out() {
    let env = home();
    env.file("plan.json", PLAN.replace("\"Version\": 1", "\"Version\": 2"));
    env.run("-p sandbox apply --plan plan.json --yes").check(str![[r#"
--- stderr
pmhooks: error: cannot use the plan
  because plan.json is a plan of version 2, and this pmhooks reads version 1
  hint: make it anew: `pmhooks -p sandbox diff FILE --plan-out FILE`
--- exit 2
"#]]);
    assert!(env.read("plan.json").contains("\"Version\": 2"));
    assert_eq!(env.read(STATE), SANDBOX);
}
