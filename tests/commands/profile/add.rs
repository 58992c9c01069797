//! `profile add`.

use super::staging;
use crate::support::*;

#[test]
fn the_first_profile_is_tried_pinned_kept_and_made_the_default() {
    let server = staging();
    let mut env = TestEnv::new();
    env.api(server.url());
    env.cmd("profile add staging --token -").stdin(TOKEN).run().check(str![[r#"
Profile   staging
Default   yes
Server    Staging
ServerID  77
Token     configuration file
ApiUrl    http://127.0.0.1:[PORT]
Writes    allowed
--- stderr
Added profile staging: server 77 (Staging).
The API address http://127.0.0.1:[PORT] (from POSTMARK_API_URL) is stored in the profile.
It is the default profile now, as there was none; change that with: pmhooks profile use NAME
"#]]);
    assert_data_eq!(server.log(), str!["GET /server"]);
    assert_eq!(server.requests()[0].header("X-Postmark-Server-Token"), Some(TOKEN));
    // torture 5: the token belongs to the address that it was tried at.
    assert_data_eq!(
        env.read_config(),
        str![[r#"
default_profile = "staging"

[profiles.staging]
server_token = "11111111-2222-3333-4444-555555555555"
server_id = 77
server_name = "Staging"
api_url = "http://127.0.0.1:[PORT]"

"#]]
    );
    assert_data_eq!(
        env.tree(),
        str![[r#"
0700 .config/
0700 .config/pmhooks/
0600 .config/pmhooks/.config.toml.pmhooks-lock
0600 .config/pmhooks/config.toml

"#]]
    );
}

#[test]
fn the_second_profile_leaves_the_default_alone() {
    let server = staging();
    let mut env = TestEnv::new();
    env.api(server.url()).env("OTHER_TOKEN", TOKEN);
    env.config("default_profile = \"one\"\n\n[profiles.one]\nserver_token = \"x\"\n");
    let run = env.run("profile add two --token env:OTHER_TOKEN --protected --stream broadcast");
    run.check(str![[r#"
Profile   two
Server    Staging
ServerID  77
Token     configuration file
ApiUrl    http://127.0.0.1:[PORT]
Writes    need the name (protected)
--- stderr
Added profile two: server 77 (Staging).
The API address http://127.0.0.1:[PORT] (from POSTMARK_API_URL) is stored in the profile.
"#]]);
    assert_data_eq!(
        env.read_config(),
        str![[r#"
default_profile = "one"

[profiles.one]
server_token = "x"

[profiles.two]
server_token = "11111111-2222-3333-4444-555555555555"
server_id = 77
server_name = "Staging"
stream = "broadcast"
protected = true
api_url = "http://127.0.0.1:[PORT]"

"#]]
    );
}

#[test]
fn each_source_of_a_token_can_be_kept_as_a_reference() {
    let server = staging();
    let mut env = TestEnv::new();
    env.api(server.url()).env("PM_TOKEN", TOKEN);
    env.file("token", TOKEN);
    let program = env.script("print-token", &format!("#!/bin/sh\nprintf '%s\\n' {TOKEN}\n"));
    env.run("profile add by-env --token-env PM_TOKEN --read-only").code(0);
    env.run("profile add by-file --token-file token").code(0);
    env.run("profile add by-program --token-command ./print-token --flag -x").code(0);
    env.run("profile add twice --token file:token").code(0);
    let config = env.read_config().replace(&env.home().display().to_string(), "[HOME]");
    // Paths are kept whole: they must be found from any folder.
    assert_data_eq!(
        config,
        str![[r#"
default_profile = "by-env"

[profiles.by-env]
server_token_env = "PM_TOKEN"
server_id = 77
server_name = "Staging"
read_only = true
api_url = "http://127.0.0.1:[PORT]"

[profiles.by-file]
server_token_file = "[HOME]/token"
server_id = 77
server_name = "Staging"
api_url = "http://127.0.0.1:[PORT]"

[profiles.by-program]
server_token_command = ["[HOME]/print-token", "--flag", "-x"]
server_id = 77
server_name = "Staging"
api_url = "http://127.0.0.1:[PORT]"

[profiles.twice]
server_token = "11111111-2222-3333-4444-555555555555"
server_id = 77
server_name = "Staging"
api_url = "http://127.0.0.1:[PORT]"

"#]]
    );
    drop(program);
}

#[test]
fn with_json_only_the_object_is_printed() {
    let server = staging();
    let mut env = TestEnv::new();
    env.api(server.url());
    env.cmd("profile add staging --token - -o json").stdin(TOKEN).run().check(str![[r#"
{
  "Name": "staging",
  "Default": true,
  "ApiUrl": "http://127.0.0.1:[PORT]",
  "ServerID": 77,
  "ServerName": "Staging",
  "TokenSource": "configuration file",
  "Protected": false,
  "ReadOnly": false
}
"#]]);
}

// torture 1
#[test]
fn a_literal_token_is_refused_and_not_repeated() {
    let env = TestEnv::new();
    let canaries = Canaries::new();
    for args in [
        vec!["profile", "add", "x", "--token", &canaries.token],
        vec!["profile", "add", "x", &format!("--token={}", canaries.token)],
        vec!["profile", "add", "x", "--token-env", &canaries.token],
        vec!["profile", "add", "x", &canaries.token],
        vec!["profile", "add", "x", "--server-token", &canaries.token],
        vec!["--token", &canaries.token, "list"],
        vec!["list", &canaries.token],
    ] {
        for format in ["table", "json"] {
            let args = args.iter().copied().chain(["-o", format]).collect::<Vec<_>>();
            let run = env.run(&args[..]);
            run.code(2);
            canaries.assert_clean(&run.stdout_bytes);
            canaries.assert_clean(&run.stderr_bytes);
        }
    }
    env.run(["profile", "add", "x", "--token", TOKEN]).check(str![[r#"
--- stderr
pmhooks: error: invalid value for '--token <SOURCE>': a secret is never given on the command line, where `ps` and the shell's history show it; give its source: env:NAME, file:PATH, or - for standard input
--- exit 2
"#]]);
    assert_eq!(env.tree(), "");
}

// torture 4
#[test]
fn on_a_terminal_the_token_is_typed_without_echo() {
    let server = staging();
    let mut env = TestEnv::new();
    env.api(server.url());
    let mut terminal = env.pty("profile add staging");
    terminal.expect("Server token").wait_for_echo(false).send(TOKEN).key(Key::Enter);
    let end = terminal.finish();
    end.assert_restored().code(0).check(str![[r#"
Server token:
Added profile staging: server 77 (Staging).
The API address http://127.0.0.1:[PORT] (from POSTMARK_API_URL) is stored in the
profile.
It is the default profile now, as there was none; change that with: pmhooks prof
ile use NAME
Profile   staging
Default   yes
Server    Staging
ServerID  77
Token     configuration file
ApiUrl    http://127.0.0.1:[PORT]
Writes    allowed
"#]]);
    assert!(!end.output.contains(TOKEN), "{}", end.output);
    assert!(env.read(env.config_path()).contains(TOKEN));
}

// torture 59
#[test]
fn ctrl_c_at_the_question_leaves_everything_as_it_was() {
    let env = TestEnv::new();
    let mut terminal = env.pty("profile add staging");
    terminal.expect("Server token").wait_for_echo(false).send("half").key(Key::CtrlC);
    let end = terminal.finish();
    end.assert_restored();
    assert!(end.code == Some(130) || end.signal == Some(2), "{end}");
    assert_eq!(env.tree(), "");
}

// torture 48
#[test]
fn without_a_terminal_the_flag_is_named() {
    let server = Faulty::untouchable();
    let mut env = TestEnv::new();
    env.api(server.url());
    env.run("profile add staging").check(str![[r#"
--- stderr
pmhooks: error: the server token cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --token SOURCE (env:NAME, file:PATH or -)
--- exit 2
"#]]);
    let mut terminal = env.cmd("profile add staging --no-input").pty();
    terminal.expect("--token SOURCE");
    terminal.finish().code(2);
    env.cmd("profile add staging").env("CI", "true").pty().finish().code(2);
}

#[test]
fn a_refused_token_is_not_saved() {
    let server = Faulty::always(Step::refused(
        401,
        10,
        "No Account or Server API tokens were supplied in the HTTP headers.",
    ));
    let mut env = TestEnv::new();
    env.api(server.url());
    env.cmd("profile add staging --token -").stdin(TOKEN).run().check(str![[r#"
--- stderr
pmhooks: error: profile staging was not added: its token cannot be tried at http://127.0.0.1:[PORT]
  because Postmark refused (401, code 10): No Account or Server API tokens were supplied in the HTTP headers.
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks whoami`
--- exit 4
"#]]);
    assert_eq!(env.tree(), "");
}

#[test]
fn an_unreachable_api_saves_nothing() {
    let env = TestEnv::new();
    let run = env.cmd("profile add staging --token - --retries 0").stdin(TOKEN).run();
    run.code(6).has("was not added");
    assert_eq!(env.tree(), "");
}

#[test]
fn an_api_url_that_is_given_is_kept() {
    let server = staging();
    let env = TestEnv::new();
    let add = format!("profile add local --token - --api-url {}", server.url());
    env.cmd(&add).stdin(TOKEN).run().code(0);
    assert!(env.read(env.config_path()).contains(&format!("api_url = \"{}\"", server.url())));
    env.run("whoami -p local")
        .code(0)
        .has(&server.url().replace(&server.address().port().to_string(), "[PORT]"));
}

#[test]
fn a_name_that_is_taken_is_refused_before_anything_is_asked() {
    let server = Faulty::untouchable();
    let mut env = TestEnv::new();
    env.api(server.url());
    let before = "[profiles.staging]\nserver_token = \"x\"\n";
    env.config(before);
    env.cmd("profile add staging --token -").stdin(TOKEN).run().check(str![[r#"
--- stderr
pmhooks: error: there is a profile staging already
  hint: --replace gives it another token
--- exit 2
"#]]);
    env.cmd("profile add sandbox --token -").stdin(TOKEN).run().check(str![[r#"
--- stderr
pmhooks: error: the profile sandbox is built in; take another name
--- exit 2
"#]]);
    env.cmd("profile add ../x --token -").stdin(TOKEN).run().check(str![[r#"
--- stderr
pmhooks: error: invalid value for '<NAME>': a profile's name starts with a letter or digit and has at most 64 letters, digits, -, _ and .
--- exit 2
"#]]);
    assert_eq!(env.read(env.config_path()), before);
}

#[test]
fn replacing_changes_the_token_and_never_drops_the_protection() {
    let server = staging();
    let mut env = TestEnv::new();
    env.api(server.url());
    env.config(
        "default_profile = \"prod\" # ours\n\n[profiles.prod]\n# the team's\nserver_token_env = \"OLD\"\n\
         server_id = 1\nprotected = true\nread_only = true\nstream = \"broadcast\"\nnote = 5\n\n\
         [profiles.prod.vars]\nHOST = \"h\"\n",
    );
    let run = env.cmd("profile add prod --replace --token -").stdin(TOKEN).run();
    run.check(str![[r#"
Profile   prod
Default   yes
Server    Staging
ServerID  77
Token     configuration file
ApiUrl    http://127.0.0.1:[PORT]
Writes    refused (read-only)
--- stderr
Replaced profile prod: server 77 (Staging).
The API address http://127.0.0.1:[PORT] (from POSTMARK_API_URL) is stored in the profile.
"#]]);
    assert_data_eq!(
        env.read_config(),
        str![[r#"
default_profile = "prod" # ours

[profiles.prod]
server_id = 77
protected = true
read_only = true
stream = "broadcast"
note = 5
# the team's
server_token = "11111111-2222-3333-4444-555555555555"
server_name = "Staging"
api_url = "http://127.0.0.1:[PORT]"

[profiles.prod.vars]
HOST = "h"

"#]]
    );
}

#[test]
fn a_replaced_profile_is_tried_at_its_own_api() {
    let (own, other) = (staging(), Faulty::untouchable());
    let mut env = TestEnv::new();
    env.api(other.url());
    let config = format!("[profiles.local]\nserver_token = \"x\"\napi_url = \"{}\"\n", own.url());
    env.config(&config);
    env.cmd("profile add local --replace --token -").stdin(TOKEN).run().code(0);
    assert!(env.read(env.config_path()).contains(&own.url()));
}

#[test]
fn flags_behind_the_program_are_pointed_out() {
    let server = staging();
    let mut env = TestEnv::new();
    env.api(server.url());
    env.script("bin/print", &format!("#!/bin/sh\necho {TOKEN}\n"));
    env.run("profile add x --token-command bin/print --protected").check(str![[r#"
Profile   x
Default   yes
Server    Staging
ServerID  77
Token     command [HOME]/bin/print
ApiUrl    http://127.0.0.1:[PORT]
Writes    allowed
--- stderr
pmhooks: warning: --protected goes to the program, as everything behind --token-command does; write --token-command last if it was meant for the profile
Added profile x: server 77 (Staging).
The API address http://127.0.0.1:[PORT] (from POSTMARK_API_URL) is stored in the profile.
It is the default profile now, as there was none; change that with: pmhooks profile use NAME
"#]]);
}

#[test]
fn two_sources_exclude_each_other() {
    let env = TestEnv::new();
    env.run("profile add x --token - --token-env A").code(2).has("cannot be used with");
}

// torture 7
#[test]
fn the_trace_does_not_show_the_token() {
    let canaries = Canaries::new();
    let server = staging();
    let mut env = TestEnv::new();
    env.api(server.url());
    let run = env.cmd("profile add x --token - -vv").stdin(&canaries.token).run();
    run.code(0).has("X-Postmark-Server-Token: ********");
    canaries.assert_clean_run(&run);
    canaries.assert_clean_tree(env.home(), &[&env.config_path()]);
}
