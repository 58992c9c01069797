//! `whoami`: which token, which API, and who says so.

use crate::support::*;

/// A server that says which token it got: its name is the token.
fn server() -> Faulty {
    Faulty::always(Step::answer(200, json!({"ID": 1, "Name": "Any"})))
}

/// Profiles `flag`, `variable` and `default`, each with its own name as its token, and a token in the
/// environment.
fn env(server: &Faulty) -> TestEnv {
    let mut env = TestEnv::new();
    env.api(server.url());
    let profile = |name: &str| format!("[profiles.{name}]\nserver_token = \"{name}\"\n");
    let profiles = ["flag", "variable", "default"].map(profile).concat();
    env.config_at(server.url(), &format!("default_profile = \"default\"\n{profiles}"));
    env
}

fn token(server: &Faulty) -> String {
    let requests = server.requests();
    requests.last().unwrap().header("X-Postmark-Server-Token").unwrap().to_owned()
}

#[test]
fn the_token_is_chosen_by_flag_variable_ambient_token_and_default_in_this_order() {
    let server = server();
    let env = env(&server);
    for (flag, variable, ambient, expected, warns) in [
        (true, true, true, "flag", true),
        (true, true, false, "flag", false),
        (true, false, true, "flag", true),
        (true, false, false, "flag", false),
        (false, true, true, "variable", true),
        (false, true, false, "variable", false),
        (false, false, true, "ambient", false),
        (false, false, false, "default", false),
    ] {
        let mut run = env.cmd(if flag { "whoami -p flag" } else { "whoami" });
        if variable {
            run = run.env("PMHOOKS_PROFILE", "variable");
        }
        if ambient {
            run = run.env("POSTMARK_SERVER_TOKEN", "ambient");
        }
        let run = run.run();
        run.code(0);
        let case = format!("{flag} {variable} {ambient}\n{run}");
        assert_eq!(token(&server), expected, "{case}");
        assert_eq!(
            run.stderr.contains("POSTMARK_SERVER_TOKEN is set, but not used"),
            warns,
            "{case}"
        );
    }
    env.cmd("whoami").env("PMHOOKS_PROFILE", "variable").env("POSTMARK_SERVER_TOKEN", "a").run().check(str![[r#"
Profile   variable
Server    Any
ServerID  1
Token     configuration file
ApiUrl    http://127.0.0.1:[PORT]
Writes    allowed
--- stderr
pmhooks: warning: POSTMARK_SERVER_TOKEN is set, but not used: PMHOOKS_PROFILE names the profile variable
"#]]);
    env.cmd("whoami").env("POSTMARK_SERVER_TOKEN", "a").run().check(str![[r#"
Profile   none
Server    Any
ServerID  1
Token     env POSTMARK_SERVER_TOKEN
ApiUrl    http://127.0.0.1:[PORT]
Writes    allowed
"#]]);
}

#[test]
fn the_address_is_chosen_by_flag_profile_and_variable_in_this_order() {
    let (own, ambient) = (server(), server());
    let mut env = TestEnv::new();
    env.api(ambient.url());
    env.token("t");
    env.config_at(own.url(), "[profiles.own]\nserver_token = \"t\"\n");
    let asked = |args: &str| {
        let before = (own.requests().len(), ambient.requests().len());
        env.run(args).code(0);
        match (own.requests().len() - before.0, ambient.requests().len() - before.1) {
            (1, 0) => "own",
            (0, 1) => "ambient",
            other => panic!("{args}: {other:?}"),
        }
    };
    assert_eq!(asked("whoami -p own"), "own");
    assert_eq!(asked(&format!("whoami -p own --api-url {}/", own.url())), "own");
    // A token of the environment follows both.
    assert_eq!(asked("whoami"), "ambient");
    assert_eq!(asked(&format!("whoami --api-url {}", own.url())), "own");
}

#[test]
fn without_anything_set_up_the_ways_to_go_on_are_named() {
    TestEnv::new().run("whoami").check(str![[r#"
--- stderr
pmhooks: error: no Postmark server token is set up
  hint: set one up: `pmhooks profile add NAME`
  hint: or give one for this run in the environment: POSTMARK_SERVER_TOKEN
  hint: or try everything without one: `pmhooks -p sandbox list`
--- exit 3
"#]]);
    TestEnv::new().run("whoami -o json").check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "NotSetUp",
    "Message": "no Postmark server token is set up",
    "Causes": [],
    "Hints": [
      "set one up: `pmhooks profile add NAME`",
      "or give one for this run in the environment: POSTMARK_SERVER_TOKEN",
      "or try everything without one: `pmhooks -p sandbox list`"
    ],
    "HttpStatus": null,
    "ErrorCode": null
  }
}
--- exit 3
"#]]);
}

#[test]
fn the_json_has_exactly_the_promised_keys() {
    let server = server();
    let env = env(&server);
    env.run("whoami -o json").check(str![[r#"
{
  "Name": "default",
  "Default": true,
  "ApiUrl": "http://127.0.0.1:[PORT]",
  "ServerID": 1,
  "ServerName": "Any",
  "TokenSource": "configuration file",
  "Protected": false,
  "ReadOnly": false
}
"#]]);
    env.run("whoami -p sandbox -o json").check(str![[r#"
{
  "Name": "sandbox",
  "Default": false,
  "ApiUrl": "http://127.0.0.1:[PORT]",
  "ServerID": 1,
  "ServerName": "Sandbox",
  "TokenSource": "built-in",
  "Protected": false,
  "ReadOnly": false
}
"#]]);
    env.cmd("whoami -o json").env("POSTMARK_SERVER_TOKEN", "a").run().check(str![[r#"
{
  "Name": null,
  "Default": false,
  "ApiUrl": "http://127.0.0.1:[PORT]",
  "ServerID": 1,
  "ServerName": "Any",
  "TokenSource": "env POSTMARK_SERVER_TOKEN",
  "Protected": false,
  "ReadOnly": false
}
"#]]);
    env.run("whoami -o jsonl").check(str![[r#"{"Name":"default","Default":true,"ApiUrl":"http://127.0.0.1:[PORT]","ServerID":1,"ServerName":"Any","TokenSource":"configuration file","Protected":false,"ReadOnly":false}"#]]);
    env.run("whoami -o tsv").check(str![[r#"
name	default	server	server-id	token	writes
default	yes	Any	1	configuration file	allowed
"#]]);
    env.run("whoami -o ids").check(str!["default"]);
}

#[test]
fn an_empty_variable_is_an_error_and_not_unset() {
    let server = Faulty::untouchable();
    let env = env(&server);
    for (name, args) in [
        ("PMHOOKS_PROFILE", "whoami"),
        ("POSTMARK_SERVER_TOKEN", "whoami"),
        ("POSTMARK_API_URL", "whoami"),
        ("PMHOOKS_CONFIG", "whoami -p flag"),
    ] {
        let run = env.cmd(args).env("POSTMARK_SERVER_TOKEN", TOKEN).env(name, "").run();
        run.code(3).has(&format!("the environment variable {name} is set, but empty"));
    }
    for flag in ["--profile=", "--api-url="] {
        env.run(["whoami", flag]).code(2);
    }
}

// torture 51
#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_an_error() {
    use std::os::unix::ffi::OsStrExt;
    let server = Faulty::untouchable();
    let env = env(&server);
    let odd = std::ffi::OsStr::from_bytes(b"SECRET\xff");
    for name in ["PMHOOKS_PROFILE", "POSTMARK_SERVER_TOKEN", "POSTMARK_API_URL"] {
        let run = env.cmd("whoami").env("POSTMARK_SERVER_TOKEN", TOKEN).env(name, odd).run();
        run.code(3).has(&format!("the environment variable {name} is not text")).lacks("SECRET");
    }
}

// torture 22
#[test]
fn a_stored_token_is_not_sent_to_another_address() {
    let (own, other) = (Faulty::untouchable(), Faulty::untouchable());
    let mut env = TestEnv::new();
    env.config(&format!(
        "[profiles.local]\nserver_token = \"t\"\napi_url = \"{}\"\n[profiles.real]\nserver_token = \"t\"\n",
        own.url()
    ));
    let run = env.run(["list", "-p", "local", "--api-url", &other.url()]);
    run.check(str![[r#"
--- stderr
pmhooks: error: the token of profile local belongs to http://127.0.0.1:[PORT] and is not sent to http://127.0.0.1:[PORT]
  hint: if the token is valid there too, add a profile for it: `pmhooks profile add NAME --api-url URL`
--- exit 2
"#]]);
    let run = env.run("list -p real --api-url https://other.example.com");
    run.code(2).has("belongs to");
    env.api("https://other.example.com");
    env.run("list -p real").check(str![[r#"
--- stderr
pmhooks: error: the token of profile real belongs to https://api.postmarkapp.com and is not sent to https://other.example.com
  hint: to use https://api.postmarkapp.com: unset POSTMARK_API_URL
  hint: if the token is valid there too, add a profile for it: `pmhooks profile add NAME --api-url URL`
--- exit 2
"#]]);
    // A port or a scheme more is another origin.
    env.api("https://api.postmarkapp.com:8443");
    env.run("list -p real").code(2);
    env.unset("POSTMARK_API_URL");
    env.run("list -p real --api-url https://api.postmarkapp.com.example.com").code(2);
    env.run("list -p real --api-url http://127.0.0.1:1").code(2);
    env.run("list -p sandbox --api-url http://127.0.0.1:1").check(str![[r#"
--- stderr
pmhooks: error: the built-in profile sandbox has its own API; leave out --api-url
--- exit 2
"#]]);
}

// torture 22: a token that was given for this run goes where this run is told to go
#[test]
fn a_token_of_this_run_goes_where_it_is_told() {
    let server = server();
    let mut env = TestEnv::new();
    env.token("t");
    env.run(["whoami", "--api-url", &server.url()]).code(0);
    assert_eq!(token(&server), "t");
}

// torture 19
#[test]
fn an_unsafe_address_is_refused_before_any_socket() {
    let mut env = TestEnv::new();
    env.token(TOKEN);
    let strace = std::path::Path::new("/usr/bin/strace").exists();
    for url in [
        "http://api.postmarkapp.com",
        "http://localhost.evil.com",
        "http://127.0.0.1:80@evil.com",
        "http://evil.com\\@localhost",
        "http://0.0.0.0",
        "http://[::ffff:127.0.0.1]",
        "https:api.postmarkapp.com",
        "https://user:SECRET@api.postmarkapp.com",
        "https://api.postmarkapp.com/?key=SECRET",
        "https://api.postmarkapp.com/#SECRET",
        "https://api.post mark.com",
        "https://api.postmarkapp.com\r\nX: SECRET",
        "http://lоcalhost",
        "ftp://localhost",
        "file:///etc/passwd",
        "localhost:8026",
        "",
    ] {
        let run = env.run(["list", "--api-url", url]);
        run.code(2).lacks("SECRET").lacks("evil");
        let run = env.cmd("list").env("POSTMARK_API_URL", url).run();
        run.code(3).has("POSTMARK_API_URL").lacks("SECRET").lacks("evil");
        if strace {
            let traced = env.program(
                "/usr/bin/strace",
                ["-f", "-e", "trace=socket", BINARY, "list", "--api-url", url],
            );
            traced.run().code(2).lacks("AF_INET");
        }
    }
    env.run("list --api-url http://api.postmarkapp.com").check(str![[r#"
--- stderr
pmhooks: error: invalid value for '--api-url <URL>': a token is sent over https only (http is for localhost, 127.0.0.1 and [::1])
--- exit 2
"#]]);
}

#[test]
fn loopback_has_many_names() {
    let server = server();
    let mut env = TestEnv::new();
    env.token(TOKEN);
    let port = server.address().port();
    // 2130706433 is 127.0.0.1 in one number, as URLs may write it.
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "2130706433"] {
        env.run(["whoami", "--api-url", &format!("http://{host}:{port}")]).code(0);
    }
}

#[test]
fn another_server_than_the_pinned_one_is_pointed_out() {
    let server = server();
    let mut env = TestEnv::new();
    env.api(server.url());
    env.config_at(server.url(), "[profiles.a]\nserver_token = \"t\"\nserver_id = 77\n");
    env.run("whoami -p a").check(str![[r#"
Profile   a
Server    Any
ServerID  1
Token     configuration file
ApiUrl    http://127.0.0.1:[PORT]
Writes    refused (another server)
--- stderr
pmhooks: warning: the profile is pinned to server 77, but the token opens 1; writes are refused
"#]]);
}

#[test]
fn a_refused_token_says_where_it_came_from() {
    let server = Faulty::always(Step::refused(401, 10, "Bad or missing Server API token."));
    let env = TestEnv::with_api(server.url());
    env.run("whoami").check(str![[r#"
--- stderr
pmhooks: error: cannot ask http://127.0.0.1:[PORT] which server the token (env POSTMARK_SERVER_TOKEN) opens
  because Postmark refused (401, code 10): Bad or missing Server API token.
  hint: the token comes from env POSTMARK_SERVER_TOKEN
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks whoami`
--- exit 4
"#]]);
    env.run("whoami -o json").check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "TokenRefused",
    "Message": "cannot ask http://127.0.0.1:[PORT] which server the token (env POSTMARK_SERVER_TOKEN) opens",
    "Causes": [
      "Postmark refused (401, code 10): Bad or missing Server API token."
    ],
    "Hints": [
      "the token comes from env POSTMARK_SERVER_TOKEN",
      "it must be a server token (Postmark: the server, API Tokens), not an account token",
      "see which token is used: `pmhooks whoami`"
    ],
    "HttpStatus": 401,
    "ErrorCode": 10
  }
}
--- exit 4
"#]]);
}

#[test]
fn the_sandbox_needs_no_readable_configuration() {
    let env = TestEnv::new();
    env.config("broken [");
    env.run("-p sandbox whoami").code(0).has("built-in");
    env.run("-p sandbox list -o ids").code(0);
}
