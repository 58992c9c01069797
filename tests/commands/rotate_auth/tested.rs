//! The test of the endpoints comes first, and nothing is changed where it fails.

use super::*;

#[test]
fn an_endpoint_that_does_not_know_the_new_one_stops_all() {
    let (ready, behind) = (endpoint(&[OLD, NEW]), endpoint(&[OLD]));
    let sandbox = sandbox();
    webhook_at(&sandbox, &ready);
    webhook_at(&sandbox, &behind);
    sandbox.env.run("rotate-auth --all --password env:NEW --yes").check(str![[r#"
ID       URL                          NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  NotReached
1234570  http://127.0.0.1:[PORT]/hook  401       accepted  refused  NotReached
--- stderr
Nothing was changed: an endpoint does not take both the new and the old credentials.
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569, 1234570)
  hint: let the endpoint take the new credentials besides the old ones, and deploy that
  hint: then run this again: nothing was changed so far
--- exit 1
"#]]);
    assert_eq!(puts(&sandbox), [""; 0]);
    assert_eq!((ready.requests().len(), behind.requests().len()), (3, 3));
}

#[test]
fn an_endpoint_that_forgot_the_old_one_stops_all() {
    let ahead = endpoint(&[NEW]);
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &ahead);
    sandbox.env.run(format!("rotate-auth {id} --password env:NEW --yes")).check(str![[r#"
ID       URL                          NEW       OLD  WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  401  refused  NotReached
--- stderr
Nothing was changed: an endpoint does not take both the new and the old credentials.
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569)
  hint: an endpoint takes the new credentials alone, so events are lost until its webhook sends them: once you are sure, change it with --no-test
  hint: then run this again: nothing was changed so far
--- exit 1
"#]]);
    assert_eq!(puts(&sandbox), [""; 0]);
    sandbox.env.run(format!("rotate-auth {id} --password env:NEW --yes --no-test")).check(str![[r#"
ID       URL                          NEW  OLD  WRONG  RESULT
1234569  http://127.0.0.1:[PORT]/hook                   Done
--- stderr
pmhooks: warning: the endpoints are not tested: where one refuses the new credentials, events are lost
Changed the credentials of 1 webhook.
Take the old ones out of the endpoints, then see that they are refused: pmhooks test 1234569 --check-auth
"#]]);
    assert_eq!(password(&sandbox, &id), NEW);
    assert_eq!(ahead.requests().len(), 3);
}

#[test]
fn an_endpoint_that_is_not_there_or_broken_stops_all() {
    let broken = Faulty::always(Step::status(503));
    let sandbox = sandbox();
    let dead = sandbox
        .create("--url http://127.0.0.1:1/hook --on open --username postmark --password env:OLD");
    let broken = webhook_at(&sandbox, &broken);
    sandbox.env.run(format!("rotate-auth {dead} {broken} --password env:NEW --yes")).check(str![[r#"
ID       URL                          NEW        OLD        WRONG      RESULT
1234569  http://127.0.0.1:1/hook      no answer  no answer  no answer  NotReached
1234570  http://127.0.0.1:[PORT]/hook  503        503        503        NotReached
--- stderr
Nothing was changed: an endpoint does not take both the new and the old credentials.
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569, 1234570)
  hint: look whether the service runs and listens there (127.0.0.1:1), and whether a firewall lets Postmark in
  hint: a proxy or load balancer answers in the endpoint's place: look whether the application runs and answers in time
  hint: then run this again: nothing was changed so far
--- exit 1
"#]]);
    sandbox.env.run(format!("rotate-auth {dead} --password env:NEW --dry-run -o json")).code(1);
    assert_eq!(puts(&sandbox), [""; 0]);
}

#[test]
fn an_endpoint_that_takes_anything_proves_little() {
    let open = Faulty::always(Step::status(204));
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &open);
    sandbox.env.run(format!("rotate-auth {id} --password env:NEW --yes")).check(str![[r#"
ID       URL                          NEW       OLD       WRONG     RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  accepted  Done
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569)
pmhooks: warning: verification would fail: it wants exactly 200, though events take any 2xx (1234569)
pmhooks: warning: the endpoint takes wrong credentials too, so the test proves little (1234569)
Changed the credentials of 1 webhook.
Take the old ones out of the endpoints, then see that they are refused: pmhooks test 1234569 --check-auth
"#]]);
    assert_eq!(password(&sandbox, &id), NEW);
}

#[test]
fn an_endpoint_that_repeats_the_passwords_does_not_get_them_shown() {
    let echo = Faulty::new(
        [NEW, OLD]
            .map(|password| {
                let step = Step::redirect(307, &format!("http://{password}.invalid/"));
                step.carrying("Authorization", &basic("postmark", password)).forever()
            })
            .into_iter()
            .chain([Step::status(401).forever()]),
    );
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &echo);
    let run = sandbox.env.run(format!("rotate-auth {id} --password env:NEW --yes"));
    run.code(1).lacks(NEW).lacks(OLD).check(str![[r#"
ID       URL                          NEW        OLD        WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  no answer  no answer  refused  NotReached
--- stderr
Nothing was changed: an endpoint does not take both the new and the old credentials.
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569)
pmhooks: warning: the endpoint redirects (307 to http://********.invalid/); give the webhook the last of these URLs: http://********.invalid/ (1234569)
pmhooks: warning: a redirect leads to another origin: credentials and custom headers were not sent there (1234569)
  hint: look for a typing mistake in ********.invalid, and whether the name is in the public DNS
  hint: then run this again: nothing was changed so far
--- exit 1
"#]]);
}

#[test]
fn a_webhook_without_events_needs_no_test() {
    let untouched = Faulty::untouchable();
    let sandbox = sandbox();
    let url = untouched.url();
    let id = sandbox.create(&format!("--url {url} --username postmark --password env:OLD"));
    sandbox.env.run(format!("rotate-auth {id} --password env:NEW --yes")).check(str![[r#"
ID       URL                     NEW  OLD  WRONG  RESULT
1234569  http://127.0.0.1:[PORT]                   Done
--- stderr
No trigger is on, so there are no events to lose, and nothing to test (1234569).
Changed the credentials of 1 webhook.
Take the old ones out of the endpoints, then see that they are refused: pmhooks test 1234569 --check-auth
"#]]);
}

#[test]
fn without_verification_it_is_said_that_no_events_come() {
    let endpoint = endpoint(&[OLD, NEW]);
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &endpoint);
    let run = sandbox.env.run(format!("rotate-auth {id} --password env:NEW --yes --no-verify"));
    run.check(str![[r#"
ID       URL                          NEW       OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  accepted  accepted  refused  Done
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569)
pmhooks: warning: webhooks that are not verified get no events until they are: pmhooks verify ID
Changed the credentials of 1 webhook.
Take the old ones out of the endpoints, then see that they are refused: pmhooks test 1234569 --check-auth
"#]]);
    assert!(puts(&sandbox)[0].ends_with(r#""Verify":false}"#), "{:?}", puts(&sandbox));
}

#[test]
fn somebody_at_a_terminal_types_the_password_and_says_yes() {
    let endpoint = endpoint(&[OLD, NEW]);
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &endpoint);
    let mut terminal = sandbox.env.cmd(format!("rotate-auth {id}")).pty_sized(140, 40);
    terminal.expect("New password").wait_for_echo(false).send(NEW).key(Key::Enter);
    terminal.expect("Posting sample event 3 of 3…");
    terminal.expect("[y/N]").send("y");
    let end = terminal.finish();
    end.assert_restored().code(0).check(str![[r#"
New password:
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569)
Change the credentials of 1 webhook of the server of POSTMARK_SERVER_TOKEN? [y/N] yes
┌─────────┬─────────────────────────────┬──────────┬──────────┬─────────┬────────┐
│ ID      ┆ URL                         ┆ NEW      ┆ OLD      ┆ WRONG   ┆ RESULT │
╞═════════╪═════════════════════════════╪══════════╪══════════╪═════════╪════════╡
│ 1234569 ┆ http://127.0.0.1:[PORT]/hook ┆ accepted ┆ accepted ┆ refused ┆ Done   │
└─────────┴─────────────────────────────┴──────────┴──────────┴─────────┴────────┘
Changed the credentials of 1 webhook.
Take the old ones out of the endpoints, then see that they are refused: pmhooks test 1234569 --check-auth
"#]]);
    assert!(!end.output.contains(NEW), "{}", end.output);
    assert_eq!(password(&sandbox, &id), NEW);

    let mut terminal = sandbox.env.pty(format!("rotate-auth {id} --password env:OLD"));
    terminal.expect("[y/N]").send("n");
    terminal.finish().code(130);
    assert_eq!(password(&sandbox, &id), NEW);
}

#[test]
fn what_somebody_else_changes_meanwhile_is_left_alone() {
    // torture 67
    let endpoint = endpoint(&[OLD, NEW]);
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &endpoint);
    let mut terminal =
        sandbox.env.cmd(format!("rotate-auth {id} --password env:NEW")).pty_sized(140, 40);
    terminal.expect("[y/N]");
    let edit = format!("edit {id} --username somebody --password env:OLD -q");
    sandbox.env.run(edit).code(0);
    terminal.send("y");
    terminal.finish().code(2).check(str![[r#"
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569)
Change the credentials of 1 webhook of the server of POSTMARK_SERVER_TOKEN? [y/N] yes
┌─────────┬─────────────────────────────┬──────────┬──────────┬─────────┬────────────────────────────────────────────────┐
│ ID      ┆ URL                         ┆ NEW      ┆ OLD      ┆ WRONG   ┆ RESULT                                         │
╞═════════╪═════════════════════════════╪══════════╪══════════╪═════════╪════════════════════════════════════════════════╡
│ 1234569 ┆ http://127.0.0.1:[PORT]/hook ┆ accepted ┆ accepted ┆ refused ┆ Failed: somebody else has changed it meanwhile │
└─────────┴─────────────────────────────┴──────────┴──────────┴─────────┴────────────────────────────────────────────────┘
pmhooks: error: the webhook was not changed
  because webhook 1234569: somebody else has changed it meanwhile
  hint: to go on, run the same command again
--- exit 2
"#]]);
    assert_eq!(password(&sandbox, &id), OLD);
}
