//! Where a change fails, those before it get the old secret again.

use super::*;

const REFUSED: &str = "Webhook verification failed.";

/// Three webhooks at one endpoint, and a way to the sandbox on which misfortunes can be put.
fn three() -> (Sandboxed, Faulty, [String; 3]) {
    let endpoint = endpoint(&[OLD, NEW]);
    let sandbox = sandbox();
    let ids = [(); 3].map(|()| webhook_at(&sandbox, &endpoint));
    (sandbox, endpoint, ids)
}

/// Puts steps before the sandbox.
fn through(sandbox: &mut Sandboxed, steps: impl IntoIterator<Item = Step>) -> Faulty {
    let onward = Step::forward(&sandbox.log.url()).forever();
    let between = Faulty::new(steps.into_iter().chain([onward]));
    sandbox.env.api(between.url());
    between
}

fn path(id: &str) -> String {
    format!("/webhooks/{id}")
}

fn refused() -> Step {
    Step::refused(422, 1364, REFUSED)
}

#[test]
fn the_first_failure_ends_it_and_unmakes_what_was_made() {
    // torture 69
    let (mut sandbox, _endpoint, ids) = three();
    let between = through(&mut sandbox, [refused().only("PUT", &path(&ids[1]))]);
    sandbox.env.run("rotate-auth --all --password env:NEW --yes").check(str![[r#"
ID       URL                          NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  PutBack: it has the old credentials again
1234570  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  Failed: Postmark refused (422, code 1364): Webhook verification failed.
1234571  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  NotReached: another webhook failed
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569, 1234570, 1234571)
pmhooks: error: none of 3 webhooks stays changed: one could not be
  because webhook 1234570: Postmark refused (422, code 1364): Webhook verification failed.
  hint: let the endpoint answer these probes with exactly 200, then try again
  hint: or save it unverified with --no-verify, and later `pmhooks verify ID`: it gets no events until then
  hint: to go on, run the same command again
--- exit 5
"#]]);
    let order: Vec<_> = between
        .requests()
        .iter()
        .filter(|request| request.method == "PUT")
        .map(|request| (request.path.clone(), request.text().contains(NEW)))
        .collect();
    assert_eq!(order, [(path(&ids[0]), true), (path(&ids[1]), true), (path(&ids[0]), false)]);
    for id in &ids {
        assert_eq!(password(&sandbox, id), OLD);
    }
}

#[test]
fn a_json_report_has_each_with_its_outcome() {
    let (mut sandbox, _endpoint, ids) = three();
    let _between = through(&mut sandbox, [refused().only("PUT", &path(&ids[1]))]);
    let run = sandbox.env.run("rotate-auth --all --password env:NEW --yes -o json");
    let rows = run.code(5).json();
    let results: Vec<_> = rows.as_array().unwrap().iter().map(|row| &row["Result"]).collect();
    assert_eq!(results, ["PutBack", "Failed", "NotReached"]);
    let error: Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(error["Error"]["Kind"], "Refused");
}

#[test]
fn one_that_cannot_be_put_back_is_said_with_the_command_that_does_it() {
    // torture 69
    let (mut sandbox, _endpoint, ids) = three();
    let url = sandbox.log.url();
    let between = through(
        &mut sandbox,
        [
            Step::forward(&url).only("PUT", &path(&ids[0])),
            refused().only("PUT", &path(&ids[1])),
            refused().only("PUT", &path(&ids[0])),
        ],
    );
    sandbox.env.redact("[TIME]", r"-(?<redacted>\d{4}-\d\d-\d\dT[0-9-]+Z)");
    let run = sandbox.env.run("rotate-auth --all --password env:NEW --yes");
    run.check(str![[r#"
ID       URL                          NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  NotPutBack: it has the new credentials still: Postmark refused (422, code 1364): Webhook verification failed.
1234570  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  Failed: Postmark refused (422, code 1364): Webhook verification failed.
1234571  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  NotReached: another webhook failed
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569, 1234570, 1234571)
pmhooks: error: look at once: 1 webhook may have the new credentials, others the old ones
  because webhook 1234569: it has the new credentials still: Postmark refused (422, code 1364): Webhook verification failed.
  because webhook 1234570: Postmark refused (422, code 1364): Webhook verification failed.
  hint: let the endpoint answer these probes with exactly 200, then try again
  hint: or save it unverified with --no-verify, and later `pmhooks verify ID`: it gets no events until then
  hint: the old credentials of webhook 1234569: `pmhooks edit 1234569 --username postmark --password file:[HOME]/.local/state/pmhooks/rotated/environment-1234569-[TIME]`
  hint: to go on, run the same command again
--- exit 7
"#]]);
    run.lacks(OLD).lacks(NEW);
    assert_eq!(password(&sandbox, &ids[0]), NEW);
    let tree = sandbox.env.tree();
    assert!(tree.contains("0600 .local/state/pmhooks/rotated/environment-"), "{tree}");
    // And it does it.
    let hint = run.stderr.lines().find(|line| line.contains("`pmhooks edit")).unwrap();
    let command = hint.split('`').nth(1).unwrap();
    let home = sandbox.env.home().display().to_string();
    let folder = sandbox.env.state_dir().join("rotated");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let start = command.split("file:").next().unwrap().replace("[HOME]", &home);
    sandbox.env.shell(&format!("{start}file:{}", file.display())).run().code(0);
    assert_eq!(password(&sandbox, &ids[0]), OLD);
    drop(between);
}

#[test]
fn a_change_whose_answer_was_lost_is_unmade_too() {
    // torture 56, 69
    let (mut sandbox, _endpoint, ids) = three();
    let url = sandbox.log.url();
    let lost = Step::forward_then_close(&url).only("PUT", &path(&ids[1]));
    let _between = through(&mut sandbox, [lost]);
    let run = sandbox.env.run("rotate-auth --all --password env:NEW --yes --retries 0");
    run.check(str![[r#"
ID       URL                          NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  PutBack: it has the old credentials again
1234570  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  Failed: 127.0.0.1:[PORT] closed the connection without an answer
1234571  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  NotReached: another webhook failed
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569, 1234570, 1234571)
pmhooks: error: none of 3 webhooks stays changed: one could not be
  because webhook 1234570: 127.0.0.1:[PORT] closed the connection without an answer
  hint: to go on, run the same command again
--- exit 6
"#]]);
    for id in &ids {
        assert_eq!(password(&sandbox, id), OLD);
    }
}

#[test]
fn where_postmark_is_gone_nobody_knows() {
    let (mut sandbox, _endpoint, ids) = three();
    let url = sandbox.log.url();
    let first = path(&ids[0]);
    let between = through(
        &mut sandbox,
        [
            Step::forward(&url).only("GET", &first),
            Step::forward_then_close(&url).only("PUT", &first),
            Step::status(503).only("PUT", &first),
            Step::status(503).only("GET", &first),
        ],
    );
    sandbox.env.redact("[TIME]", r"-(?<redacted>\d{4}-\d\d-\d\dT[0-9-]+Z)");
    let run = sandbox.env.run("rotate-auth --all --password env:NEW --yes --retries 0");
    run.check(str![[r#"
ID       URL                          NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  Unknown: outcome unknown: it may have the new credentials: 127.0.0.1:[PORT] closed the connection without an answer
1234570  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  NotReached: another webhook failed
1234571  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  NotReached: another webhook failed
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569, 1234570, 1234571)
pmhooks: error: look at once: 1 webhook may have the new credentials, others the old ones
  because webhook 1234569: outcome unknown: it may have the new credentials: 127.0.0.1:[PORT] closed the connection without an answer
  hint: the old credentials of webhook 1234569: `pmhooks edit 1234569 --username postmark --password file:[HOME]/.local/state/pmhooks/rotated/environment-1234569-[TIME]`
  hint: to go on, run the same command again
--- exit 7
"#]]);
    drop(between);
}

#[test]
fn one_that_became_unverified_is_put_back() {
    let (mut sandbox, endpoint, ids) = three();
    let mut paused = webhook(1);
    paused["Status"] = json!("unverified");
    paused["HttpAuth"] = json!({"Username": "postmark", "Password": NEW});
    let answer = Step::answer(200, paused).only("PUT", &path(&ids[2]));
    let _between = through(&mut sandbox, [answer]);
    // The webhooks were made without a probe.
    for id in &ids {
        sandbox.env.run(format!("verify {id} -q")).code(0);
    }
    sandbox.env.run("rotate-auth --all --password env:NEW --yes").check(str![[r#"
ID       URL                          NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  PutBack: it has the old credentials again
1234570  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  PutBack: it has the old credentials again
1234571  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  Failed: Postmark took the change, but has the webhook as unverified: no event would come
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569, 1234570, 1234571)
pmhooks: error: none of 3 webhooks stays changed: one could not be
  because webhook 1234571: Postmark took the change, but has the webhook as unverified: no event would come
  hint: see what Postmark finds at the endpoint: `pmhooks verify ID`
  hint: to go on, run the same command again
--- exit 5
"#]]);
    for id in &ids {
        assert_eq!(password(&sandbox, id), OLD);
    }
    drop(endpoint);
}

#[test]
fn ctrl_c_finishes_the_one_under_way_and_the_next_run_goes_on() {
    // torture 61
    let endpoint = endpoint(&[OLD, NEW]);
    let sandbox = with_options("--latency 500ms");
    let ids = [webhook_at(&sandbox, &endpoint), webhook_at(&sandbox, &endpoint)];
    let before = sandbox.log.requests().len();
    let rotate = "rotate-auth --all --password env:NEW --yes";
    let running = sandbox.env.spawn(rotate);
    // The list, one look, and the first change.
    sandbox.log.wait_for(before + 3);
    running.interrupt();
    running.finish().check(str![[r#"
ID       URL                          NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  Done
1234570  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  NotReached: interrupted
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569, 1234570)
pmhooks: finishing what is under way; Ctrl-C again leaves at once
pmhooks: error: interrupted: 1 of 2 webhooks have the old credentials still
  hint: to go on, run the same command again
--- exit 7
"#]]);
    assert_eq!([password(&sandbox, &ids[0]), password(&sandbox, &ids[1])], [NEW, OLD]);
    sandbox.env.run(rotate).code(0).has("it is so already");
    assert_eq!(password(&sandbox, &ids[1]), NEW);
}
