//! Which webhook an entry means, and how much a manifest may hold.

use std::fmt::Write as _;

use super::{sandbox, written};
use crate::support::*;

#[test]
fn two_that_moved_from_one_place_are_refused_and_a_swap_is_no_move() {
    // torture 77
    let Sandboxed { ref env, log: ref server, .. } = sandbox("");
    let entry = |url: &str, from: &str, trigger: &str| {
        let (url, from) =
            (format!("https://h.example.com/{url}"), format!("https://h.example.com/{from}"));
        format!(
            "  - Url: {url}\n    MovedFrom: {from}\n    Triggers: {{ {trigger}: {{ Enabled: true }} }}\n"
        )
    };
    env.run("create --url https://h.example.com/a --on bounce -q").code(0);
    env.file(
        "hooks.yaml",
        format!("Webhooks:\n{}{}", entry("b", "a", "Click"), entry("c", "a", "Click")),
    );
    let before = written(server).len();
    env.run("apply hooks.yaml --yes").check(str![[r#"
--- stderr
pmhooks: error: hooks.yaml:5:5: hooks.yaml:2:5 is moved from the same URL
--- exit 2
"#]]);
    assert_eq!(written(server).len(), before);
    env.run("create --url https://h.example.com/b --on click -q").code(0);
    env.file(
        "hooks.yaml",
        format!("Webhooks:\n{}{}", entry("b", "a", "Bounce"), entry("a", "b", "Click")),
    );
    env.run("apply hooks.yaml --yes -q").code(0);
    env.run("diff hooks.yaml").code(0);
    let list = env.run("list -o tsv --columns url,triggers --no-header");
    list.check(str![[r#"
https://h.example.com/a	click, bounce
https://h.example.com/b	click, bounce
"#]]);
}

#[test]
fn a_manifest_may_hold_thousands_of_webhooks_but_no_flood() {
    // torture 81, 110
    let mut manifest = "Webhooks:\n".to_owned();
    for number in 0..3_000 {
        let stream = number / 10;
        writeln!(manifest, "  - Url: https://hooks.example.com/{number}\n    MessageStream: s{stream}\n    Triggers:\n      Bounce: {{ Enabled: true, IncludeContent: false }}\n      Delivery: {{ Enabled: true }}").unwrap();
    }
    let Sandboxed { ref env, .. } = sandbox(&manifest);
    let plan = env.run("diff hooks.yaml -o json");
    plan.code(1);
    assert_eq!(plan.json()["Summary"]["Create"], 3_000);
    env.file("flood.yaml", "#".repeat(10 << 20));
    env.run("diff flood.yaml").check(str![[r#"
--- stderr
pmhooks: error: cannot read flood.yaml: it is larger than 8388608 bytes
  hint: `pmhooks export --output-file FILE` writes a manifest
--- exit 2
"#]]);
}
