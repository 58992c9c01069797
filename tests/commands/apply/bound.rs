//! A kept plan is bound to the server that it was made for.

use super::{TWO, written};
use crate::support::*;

const STAGING: &str = "7d1b2c3e-0000-4000-8000-000000000001";
const PRODUCTION: &str = "7d1b2c3e-0000-4000-8000-000000000002";

fn two_servers() -> Sandboxed {
    let mut servers = Sandboxed::new("");
    servers.env.token(STAGING).env("HOOK_PASSWORD", "s3cret");
    servers.env.file("hooks.yaml", TWO);
    servers.env.run("diff hooks.yaml --plan-out plan.json -q").code(1);
    servers
}

#[test]
fn a_plan_is_refused_by_the_token_of_another_server() {
    let mut servers = two_servers();
    let plan = servers.env.read("plan.json");
    assert!(plan.contains(&format!("\"Origin\": \"{}\"", servers.log.url())), "{plan}");
    servers.env.token(PRODUCTION);
    for command in ["apply --plan plan.json --yes", "apply --plan plan.json --dry-run"] {
        servers.env.run(command).code(2).has("the plan was made for server ");
    }
    servers.env.run("apply --plan plan.json --yes").check(str![[r#"
--- stderr
pmhooks: error: nothing was done
  because the plan was made for server 2 at http://127.0.0.1:[PORT], not for server 3 at http://127.0.0.1:[PORT] (the server of POSTMARK_SERVER_TOKEN)
  hint: make it anew: `pmhooks diff FILE --plan-out FILE`
--- exit 2
"#]]);
    assert_eq!(written(&servers.log), [""; 0]);
    servers.env.token(STAGING);
    servers.env.run("apply --plan plan.json --yes -q").code(0);
    assert_eq!(written(&servers.log).len(), 3);
}

#[test]
fn a_plan_is_refused_at_another_origin_before_anything_is_sent() {
    let mut servers = two_servers();
    let elsewhere = Faulty::untouchable();
    servers.env.api(elsewhere.url());
    servers.env.run("apply --plan plan.json --yes").code(2).has("the plan was made for");
    let config =
        format!("[profiles.p]\nserver_token = \"{STAGING}\"\napi_url = \"{}\"\n", elsewhere.url());
    servers.env.config(&config);
    servers.env.run("-p p apply --plan plan.json --yes").code(2).has("the plan was made for");
    servers.env.run("-p sandbox apply --plan plan.json --yes").code(2).has("the built-in sandbox");
}

#[test]
fn a_plan_is_applied_by_a_profile_of_the_same_server() {
    let servers = two_servers();
    let url = servers.log.url();
    servers
        .env
        .config(&format!("[profiles.p]\nserver_token = \"{STAGING}\"\napi_url = \"{url}\"\n"));
    servers.env.run("-p p apply --plan plan.json --yes -q").code(0);
}

#[test]
fn a_plan_that_names_no_server_is_refused() {
    let servers = two_servers();
    let plan = servers.env.read("plan.json");
    for key in ["Origin", "ServerID"] {
        let mut plan: Value = serde_json::from_str(&plan).unwrap();
        plan.as_object_mut().unwrap().remove(key).unwrap();
        servers.env.file("plan.json", plan.to_string());
        servers.env.run("apply --plan plan.json --yes").code(2).has("does not name the server");
    }
    assert_eq!(written(&servers.log), [""; 0]);
}
