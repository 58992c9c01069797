//! What an apply makes of each answer that Postmark can give.

use crate::support::*;

const MANIFEST: &str = "\
Webhooks:
  - Url: https://hooks.example.com/a
    Triggers: { Bounce: { Enabled: true } }
  - Url: https://hooks.example.com/b
    Triggers: { Bounce: { Enabled: true } }
  - Url: https://hooks.example.com/c
    Triggers: { Bounce: { Enabled: true } }
";

fn lists(webhooks: &[Value]) -> Step {
    Step::answer(200, json!({"Webhooks": webhooks})).only("GET", "/webhooks")
}

/// The webhook of [`MANIFEST`] with this path, as Postmark answers it.
fn made(id: i64, path: &str) -> Value {
    json!({
        "ID": id,
        "Url": format!("https://hooks.example.com/{path}"),
        "MessageStream": "outbound",
        "Triggers": {"Bounce": {"Enabled": true, "IncludeContent": false}},
    })
}

fn posts(server: &Faulty) -> usize {
    server.requests().iter().filter(|request| request.method == "POST").count()
}

#[test]
fn whichever_write_fails_the_others_are_made_and_the_report_is_what_happened() {
    // torture 69
    for failing in 0..3 {
        for failure in
            [Step::refused(422, 1354, "A valid Url is required."), Step::html(502), Step::close()]
        {
            let mut steps = vec![lists(&[])];
            for (n, path) in (0..).zip(["a", "b", "c"]) {
                let made = Step::answer(200, made(n + 1, path));
                let step = if n == failing { failure.clone() } else { made };
                steps.push(step.only("POST", "/webhooks"));
            }
            let mut there = vec![made(1, "a"), made(2, "b"), made(3, "c")];
            there.retain(|webhook| webhook["ID"] != failing + 1);
            steps.push(lists(&there).forever());
            let server = Faulty::new(steps).may_be_unused();
            let env = TestEnv::with_api(server.url());
            env.file("hooks.yaml", MANIFEST);
            let run = env.run("apply hooks.yaml --yes --concurrency 1 --retries 0 -o json");
            run.code(7);
            assert_eq!(posts(&server), 3, "{run}");
            let report: Value = serde_json::from_str(&run.stdout).unwrap();
            for (n, change) in (0..).zip(report["Changes"].as_array().unwrap()) {
                let expected = if n == failing { "Failed" } else { "Done" };
                assert_eq!(change["Result"], expected, "{run}");
                let id = if n == failing { Value::Null } else { json!(n + 1) };
                assert_eq!(change["ID"], id, "{run}");
            }
        }
    }
}

#[test]
fn a_lost_answer_with_two_that_could_be_it_is_unknown_and_nothing_is_sent_again() {
    // torture 71
    let both = [made(1, "a"), made(2, "a")];
    let server = Faulty::new([lists(&[]), Step::close().only("POST", "/webhooks"), lists(&both)]);
    let env = TestEnv::with_api(server.url());
    env.file("hooks.yaml", MANIFEST.split("  - Url: https://hooks.example.com/b").next().unwrap());
    let run = env.run("apply hooks.yaml --yes --concurrency 1 --retries 0 -o json");
    run.code(6).has("outcome unknown").has("1, 2");
    assert!(run.stdout.contains(r#""Result": "Unknown""#), "{run}");
    assert_eq!(posts(&server), 1);
    // Run again it changes nothing, and says which two there are.
    let server = Faulty::new([lists(&both)]);
    let again = TestEnv::with_api(server.url());
    again.file("hooks.yaml", env.read("hooks.yaml"));
    again.run("apply hooks.yaml --yes").code(2).has("webhooks 1 and 2 have the same stream");
}

#[test]
fn what_somebody_deleted_meanwhile_is_not_made_anew() {
    // torture 67, 111
    let server = Faulty::new([
        lists(&[webhook(5)]),
        Step::refused(422, 1352, "Webhook not found.").only("PUT", "/webhooks/5"),
    ]);
    let env = TestEnv::with_api(server.url());
    env.file(
        "hooks.yaml",
        "Webhooks:\n  - Url: https://hooks.example.com/pm\n    Triggers: { Click: { Enabled: true } }\n",
    );
    env.run("apply hooks.yaml --yes").code(8).has("Failed");
    assert_eq!(posts(&server), 0);
}
