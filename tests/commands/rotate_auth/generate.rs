//! Passwords that nobody sees.

use super::*;

#[test]
fn a_made_up_password_is_handed_over_in_a_private_file() {
    let any = Faulty::always(Step::status(200));
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &any);
    let rotate = format!("rotate-auth {id} --generate --password-out new-password --yes -vv");
    let run = sandbox.env.run(&rotate);
    let made = sandbox.env.read("new-password");
    run.code(0).has("The new password is in new-password").lacks(&made);
    assert_eq!(made.len(), 43);
    assert_eq!(password(&sandbox, &id), made);
    assert!(sandbox.env.tree().contains("0600 new-password"), "{}", sandbox.env.tree());
    // One that is there may be in use.
    sandbox.env.run(&rotate).check(str![[r#"
--- stderr
pmhooks: error: new-password is there already, and may hold a password that is in use
  hint: name another file, or give what is in it: --password file:PATH
--- exit 2
"#]]);
    assert_eq!(sandbox.env.read("new-password"), made);
}

#[test]
fn an_endpoint_learns_it_from_the_file_before_the_second_run() {
    let behind = endpoint(&[OLD]);
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &behind);
    let rotate = format!("rotate-auth {id} --generate --password-out new-password --yes");
    sandbox.env.run(rotate).check(str![[r#"
ID       URL                          NEW  OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]/hook  401  accepted  refused  NotReached
--- stderr
The new password is in new-password, which only you can read.
Nothing was changed: an endpoint does not take both the new and the old credentials.
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569)
  hint: let the endpoint take the new credentials besides the old ones, and deploy that
  hint: then run this again with --password file:new-password in place of --generate
--- exit 1
"#]]);
    let made = sandbox.env.read("new-password");
    assert_eq!(puts(&sandbox), [""; 0]);

    let ready = endpoint(&[OLD, &made]);
    let moved = format!("edit {id} --url {} -q -o ids", ready.url());
    sandbox.env.run(moved).code(0);
    let rotate = format!("rotate-auth {id} --password file:new-password --yes");
    sandbox.env.run(rotate).code(0).lacks(&made);
    assert_eq!(password(&sandbox, &id), made);
}

#[test]
fn without_a_file_or_for_a_dry_run_nothing_is_made_up() {
    let untouched = Faulty::untouchable();
    let sandbox = sandbox();
    let id = webhook_at(&sandbox, &untouched);
    let env = &sandbox.env;
    env.run(format!("rotate-auth {id} --generate --yes")).code(2).has("--password-out");
    env.run(format!("rotate-auth {id} --password-out x --yes")).code(2).has("--generate");
    let both = format!("rotate-auth {id} --generate --password-out x --dry-run");
    env.run(both).code(2).has("--dry-run");
    let both = format!("rotate-auth {id} --generate --password-out x --password env:NEW --yes");
    env.run(both).code(2).has("--password");
    env.file("plain-file", "");
    let nowhere = format!("rotate-auth {id} --generate --password-out plain-file/x --yes");
    env.run(nowhere).code(9).has("cannot be handed over");
    assert_eq!(puts(&sandbox), [""; 0]);
    assert!(!env.tree().contains(" x\n"));
}

#[test]
fn a_value_for_a_header_can_be_made_up_too() {
    let behind = Faulty::new([
        Step::status(200).carrying("X-Hook-Token", "old-value").forever(),
        Step::status(401).forever(),
    ]);
    let mut sandbox = sandbox();
    sandbox.env.env("OLD_TOKEN", "old-value");
    let url = behind.url();
    let id = sandbox
        .create(&format!("--url {url} --on open --secret-header X-Hook-Token=env:OLD_TOKEN"));
    let rotate = format!("rotate-auth {id} --generate-header X-Hook-Token --password-out t --yes");
    sandbox.env.run(rotate).check(str![[r#"
ID       URL                     NEW  OLD       WRONG    RESULT
1234569  http://127.0.0.1:[PORT]  401  accepted  refused  NotReached
--- stderr
The new value is in t, which only you can read.
Nothing was changed: an endpoint does not take both the new and the old credentials.
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it (1234569)
  hint: let the endpoint take the new credentials besides the old ones, and deploy that
  hint: then run this again with --secret-header 'X-Hook-Token=file:t' in place of --generate
--- exit 1
"#]]);
    let made = sandbox.env.read("t");
    let rotate = format!("rotate-auth {id} --secret-header X-Hook-Token=file:t --no-test --yes");
    sandbox.env.run(rotate).code(0).lacks(&made);
    assert!(puts(&sandbox)[0].contains(&made));
    sandbox
        .env
        .run(["rotate-auth", &id, "--generate-header", "a b", "--password-out", "u", "--yes"])
        .code(2)
        .has("a header's name");
}
