//! `MovedFrom`: what it means where the old URL, the new one, both or neither are there.

use crate::support::*;

/// A server with a webhook at each of these paths, and the IDs.
fn with(paths: &[&str]) -> (Sandboxed, Vec<String>) {
    let sandbox = Sandboxed::new("");
    let ids = paths
        .iter()
        .map(|path| sandbox.create(&format!("--url https://hooks.example.com/{path} --on bounce")));
    let ids = ids.collect();
    (sandbox, ids)
}

/// A manifest of webhooks, each `new` or `new<old`.
fn manifest(webhooks: &[&str]) -> String {
    let mut text = "Webhooks:\n".to_owned();
    for webhook in webhooks {
        let (new, old) = webhook.split_once('<').unwrap_or((webhook, ""));
        text += &format!("  - Url: https://hooks.example.com/{new}\n");
        if !old.is_empty() {
            text += &format!("    MovedFrom: https://hooks.example.com/{old}\n");
        }
    }
    text
}

#[track_caller]
fn apply(sandbox: &Sandboxed, webhooks: &[&str]) -> Vec<String> {
    let before = sandbox.writes().lines().count();
    sandbox.env.file("hooks.yaml", manifest(webhooks));
    sandbox.env.run("apply hooks.yaml --yes -q").code(0);
    sandbox.env.run("diff hooks.yaml").code(0);
    sandbox.writes().lines().skip(before).map(str::to_owned).collect()
}

#[test]
fn the_old_one_is_changed_in_place_and_a_second_run_finds_it_moved() {
    let (sandbox, ids) = with(&["old"]);
    let put = format!("PUT /webhooks/{} {}", ids[0], r#"{"Url":"https://hooks.example.com/new"}"#);
    assert_eq!(apply(&sandbox, &["new<old"]), [put]);
    assert_eq!(apply(&sandbox, &["new<old"]), [""; 0]);
}

#[test]
fn where_neither_is_there_it_is_made() {
    let (sandbox, _) = with(&[]);
    let [post] = <[String; 1]>::try_from(apply(&sandbox, &["new<old"])).unwrap();
    assert!(post.starts_with("POST /webhooks ") && !post.contains("MovedFrom"), "{post}");
}

#[test]
fn where_both_are_there_the_new_one_is_meant_and_the_old_one_is_left_over() {
    let (sandbox, ids) = with(&["old", "new"]);
    assert_eq!(apply(&sandbox, &["new<old"]), [""; 0]);
    let diff = sandbox.env.run("diff hooks.yaml --prune -o json");
    diff.code(1);
    assert_eq!(diff.json()["Changes"][0]["ID"].to_string(), ids[0]);
}

#[test]
fn two_that_move_from_one_are_refused_before_anything_is_sent() {
    // torture 77
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    env.file("hooks.yaml", manifest(&["a<old", "b<old"]));
    env.run("apply hooks.yaml --yes").check(str![[r#"
--- stderr
pmhooks: error: hooks.yaml:4:5: hooks.yaml:2:5 is moved from the same URL
--- exit 2
"#]]);
}

#[test]
fn one_that_is_named_as_it_is_cannot_move_away_as_well() {
    let (sandbox, _) = with(&["old"]);
    sandbox.env.file("hooks.yaml", manifest(&["old", "new<old"]));
    let before = sandbox.writes();
    sandbox.env.run("apply hooks.yaml --yes").check(str![[r#"
--- stderr
pmhooks: error: cannot plan the changes of the server of POSTMARK_SERVER_TOKEN
  because hooks.yaml:2:5 and hooks.yaml:3:5 both mean webhook 1234569
  hint: a MovedFrom that has done its work can be taken out of the file
--- exit 2
"#]]);
    assert_eq!(sandbox.writes(), before);
}

#[test]
fn two_urls_that_change_places_are_two_puts() {
    // torture 77
    let sandbox = Sandboxed::new("");
    let text = |first: &str, second: &str| {
        let one = |path: &str, trigger: &str| {
            format!("  - Url: https://hooks.example.com/{path}\n    Triggers: {trigger}\n")
        };
        let on = "{ Bounce: { Enabled: true }, Open: { Enabled: false } }";
        let off = "{ Bounce: { Enabled: false }, Open: { Enabled: true } }";
        format!("Webhooks:\n{}{}", one(first, on), one(second, off))
    };
    sandbox.env.file("hooks.yaml", text("a", "b"));
    sandbox.env.run("apply hooks.yaml --yes -q").code(0);
    let before = sandbox.writes().lines().count();
    sandbox.env.file("hooks.yaml", text("b", "a"));
    sandbox.env.run("apply hooks.yaml --yes --prune -q").code(0);
    let writes = sandbox.writes();
    let methods: Vec<_> = writes.lines().skip(before).map(|line| &line[..3]).collect();
    assert_eq!(methods, ["PUT", "PUT"]);
    sandbox.env.run("diff hooks.yaml --prune").code(0);
}
