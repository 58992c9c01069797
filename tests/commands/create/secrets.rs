//! `create`: secrets come from their sources, never from the arguments.

use super::HOOK;
use crate::support::*;

#[test]
fn secrets_come_from_their_sources() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    env.file("password", "from-file\n");
    let flags = format!("create {HOOK} -q -o ids --on click --username u");
    env.cmd(format!("{flags} --password env:PW")).env("PW", "from-env").run().code(0);
    env.run(format!("{flags} --password file:password")).code(0);
    env.cmd(format!("{flags} --password -")).stdin("from-stdin\r\n").run().code(0);
    env.cmd(format!("{flags} --password env:PW --secret-header X-Token=-"))
        .env("PW", "pw")
        .stdin("header-from-stdin\n")
        .run()
        .code(0);
    let sent: Vec<_> = sandbox.log.requests().iter().map(|r| r.json()).collect();
    let password = |n: usize| sent[n]["HttpAuth"]["Password"].clone();
    assert_eq!([password(0), password(1), password(2)], ["from-env", "from-file", "from-stdin"]);
    assert_eq!(sent[3]["HttpHeaders"], json!([{"Name": "X-Token", "Value": "header-from-stdin"}]));
}

#[test]
fn a_secret_that_cannot_be_read_is_named_and_nothing_is_sent() {
    // torture 109
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    let create = |flags: &str| env.cmd(format!("create {HOOK} --username u {flags}"));
    create("--password env:NOPE").run().check(str![[r#"
--- stderr
pmhooks: error: cannot read the password from env:NOPE: the variable is not set
--- exit 2
"#]]);
    create("--password env:EMPTY").env("EMPTY", "").run().check(str![[r#"
--- stderr
pmhooks: error: cannot read the password from env:EMPTY: it is empty
--- exit 2
"#]]);
    create("--password file:nope").run().check(str![[r#"
--- stderr
pmhooks: error: cannot read the password from file:********: there is no such file (a path that does not exist may be a secret)
--- exit 2
"#]]);
    create("--password file:.").run().check(str![[r#"
--- stderr
pmhooks: error: cannot read the password from file:.: cannot use .: it is a folder, not a file
--- exit 2
"#]]);
    create("--password -").run().check(str![[r#"
--- stderr
pmhooks: error: cannot read the password from standard input: it is empty
--- exit 2
"#]]);
    create("--password - --secret-header X-A=-").stdin("x").run().check(str![[r#"
--- stderr
pmhooks: error: - (standard input) is named twice, but can be read only once
--- exit 2
"#]]);
    create("--password - --from -").stdin("x").run().check(str![[r#"
--- stderr
pmhooks: error: - (standard input) is named twice, but can be read only once
--- exit 2
"#]]);
    create("--secret-header X-A=-").env("CI", "1").run().check(str![[r#"
--- stderr
pmhooks: error: the password cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --password SOURCE (env:NAME, file:PATH or -)
--- exit 2
"#]]);
}

#[test]
fn a_secret_in_the_arguments_is_refused_and_not_repeated() {
    // torture 1
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    for flags in [
        "--username u --password s3cret",
        "--username u --password=s3cret",
        "--secret-header X-Token=s3cret",
        "--secret-header X-Token:s3cret",
        "--header X-Token=s3cret",
        "--header X-Token:s3cret\u{7f}",
        "--token s3cret",
        "--password-value=s3cret",
    ] {
        env.run(format!("create {HOOK} {flags}")).code(2).lacks("s3cret");
    }
    env.run(format!("create {HOOK} --username u --password s3cret")).check(str![[r#"
--- stderr
pmhooks: error: invalid value for '--password <SOURCE>': a secret is never given on the command line, where `ps` and the shell's history show it; give its source: env:NAME, file:PATH, or - for standard input
--- exit 2
"#]]);
}
