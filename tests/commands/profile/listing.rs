//! `profile list` and `profile show`: from the file alone, and never a token.

use crate::support::*;

const CONFIG: &str = r#"default_profile = "staging"

[profiles.staging]
server_token = "SECRET-TOKEN"
server_id = 77
server_name = "Staging"
stream = "broadcast"

[profiles.staging.vars]
HOOK_HOST = "SECRET-VALUE"
OTHER = "x"

[profiles.production]
server_token_env = "PROD_TOKEN"
server_id = 78
server_name = "Pro\u001bduction"
protected = true
colour = "red"

[profiles.look]
server_token_command = ["op", "read", "SECRET-ARGUMENT"]
read_only = true
api_url = "https://api.example.com/"
"#;

fn env() -> TestEnv {
    let env = TestEnv::new();
    env.config(CONFIG);
    env
}

#[test]
fn profiles_are_listed() {
    env().run("profile list").lacks("SECRET").check(str![[r#"
NAME        DEFAULT  SERVER            SERVER-ID  TOKEN               WRITES
staging     yes      Staging           77         configuration file  allowed
production           Pro\u{1b}duction  78         env PROD_TOKEN      need the name (protected)
look                                              command op          refused (read-only)
"#]]);
    env().run("profile ls -o ids").check(str![[r#"
staging
production
look
"#]]);
    env().run("profile list -o tsv --columns name,api-url,token").check(str![[r#"
name	api-url	token
staging	https://api.postmarkapp.com	configuration file
production	https://api.postmarkapp.com	env PROD_TOKEN
look	https://api.example.com	command op
"#]]);
}

#[test]
fn profiles_are_listed_as_json() {
    env().run("profile list -o json").lacks("SECRET").check(str![[r#"
[
  {
    "Name": "staging",
    "Default": true,
    "ApiUrl": "https://api.postmarkapp.com",
    "ServerID": 77,
    "ServerName": "Staging",
    "TokenSource": "configuration file",
    "Protected": false,
    "ReadOnly": false
  },
  {
    "Name": "production",
    "Default": false,
    "ApiUrl": "https://api.postmarkapp.com",
    "ServerID": 78,
    "ServerName": "Pro\u001bduction",
    "TokenSource": "env PROD_TOKEN",
    "Protected": true,
    "ReadOnly": false
  },
  {
    "Name": "look",
    "Default": false,
    "ApiUrl": "https://api.example.com",
    "ServerID": null,
    "ServerName": null,
    "TokenSource": "command op",
    "Protected": false,
    "ReadOnly": true
  }
]
"#]]);
}

#[test]
fn one_profile_is_shown_whole() {
    env().run("profile show staging").lacks("SECRET").check(str![[r#"
Profile   staging
Default   yes
Server    Staging
ServerID  77
Token     configuration file
ApiUrl    https://api.postmarkapp.com
Writes    allowed
Stream    broadcast
Vars      HOOK_HOST, OTHER
"#]]);
    env().run("profile show staging -o json").lacks("SECRET").check(str![[r#"
{
  "Name": "staging",
  "Default": true,
  "ApiUrl": "https://api.postmarkapp.com",
  "ServerID": 77,
  "ServerName": "Staging",
  "TokenSource": "configuration file",
  "Protected": false,
  "ReadOnly": false,
  "Stream": "broadcast",
  "Vars": [
    "HOOK_HOST",
    "OTHER"
  ]
}
"#]]);
    env().run("profile show production").check(str![[r#"
Profile   production
Server    Pro\u{1b}duction
ServerID  78
Token     env PROD_TOKEN
ApiUrl    https://api.postmarkapp.com
Writes    need the name (protected)
Stream    outbound
Vars      none
--- stderr
pmhooks: warning: [HOME]/.config/pmhooks/config.toml:18: `colour` in profile production is not a setting; it is ignored
"#]]);
    env().run("profile show look -o yaml").lacks("SECRET").check(str![[r#"
Name: look
Default: false
ApiUrl: https://api.example.com
ServerID: null
ServerName: null
TokenSource: command op
Protected: false
ReadOnly: true
Stream: null
Vars: []
"#]]);
}

#[test]
fn the_built_in_profile_can_be_shown() {
    env().run("profile show sandbox").check(str![[r#"
Profile   sandbox
Server    unknown
ServerID  not pinned
Token     built-in
Writes    allowed
Stream    outbound
Vars      none
"#]]);
    env().run("profile show sandbox -o json").check(str![[r#"
{
  "Name": "sandbox",
  "Default": false,
  "ApiUrl": null,
  "ServerID": null,
  "ServerName": null,
  "TokenSource": "built-in",
  "Protected": false,
  "ReadOnly": false,
  "Stream": null,
  "Vars": []
}
"#]]);
}

#[test]
fn what_does_not_exist_is_named_with_what_does() {
    env().run("profile show nothing").check(str![[r#"
--- stderr
pmhooks: error: there is no profile "nothing"; there are staging, production, look
  hint: see them: `pmhooks profile list`; add one: `pmhooks profile add NAME`
--- exit 3
"#]]);
    env().run("-p nothing list").check(str![[r#"
--- stderr
pmhooks: error: there is no profile "nothing"; there are staging, production, look
  hint: see them: `pmhooks profile list`; add one: `pmhooks profile add NAME`
--- exit 3
"#]]);
    TestEnv::new().run("profile show x").check(str![[r#"
--- stderr
pmhooks: error: there is no profile "x"; there are none yet
  hint: see them: `pmhooks profile list`; add one: `pmhooks profile add NAME`
--- exit 3
"#]]);
}

#[test]
fn no_profiles_are_no_failure() {
    let env = TestEnv::new();
    env.run("profile list").check(str![[r#"
NAME  DEFAULT  SERVER  SERVER-ID  TOKEN  WRITES
--- stderr
No profiles yet. Add one with: pmhooks profile add NAME; or try: pmhooks -p sandbox list
"#]]);
    env.run("profile list -o json").check(str!["[]"]);
    assert_eq!(env.tree(), "");
}

// torture 112
#[test]
fn a_broken_profile_does_not_hide_the_others() {
    let env = TestEnv::new();
    env.config(
        "default_profile = \"gone\"\n[profiles.good]\nserver_token = \"x\"\n[profiles.bad]\n\
         server_token = 5551234\n[profiles.sandbox]\nserver_token = \"y\"\n[profiles.\"a b\"]\n\
         server_token = \"z\"\n",
    );
    env.run("profile list").lacks("5551234").check(str![[r#"
NAME     DEFAULT  SERVER                                                                                                  SERVER-ID  TOKEN               WRITES
good                                                                                                                                 configuration file  allowed
bad               [HOME]/.config/pmhooks/config.toml:5:16: `server_token` is a number, not a text
sandbox           the name belongs to the built-in profile; take another
a b               a profile's name starts with a letter or digit and has at most 64 letters, digits, -, _ and .
--- stderr
pmhooks: warning: the default profile gone does not exist
"#]]);
    let rows = env.run("profile list -o json").code(0).json();
    assert_eq!(rows[0].as_object().unwrap().len(), 8);
    assert!(rows[1]["Problem"].as_str().unwrap().contains("config.toml:5:"), "{rows}");
    env.run("list").check(str![[r#"
--- stderr
pmhooks: error: there is no profile "gone"; there are good, bad, sandbox, a b
  hint: see them: `pmhooks profile list`; add one: `pmhooks profile add NAME`
--- exit 3
"#]]);
}

// torture 112
#[test]
fn hundreds_of_profiles_are_listed_at_once() {
    let env = TestEnv::new();
    let profile = |n| format!("[profiles.p{n}]\nserver_token = \"t{n}\"\n");
    env.config(&(0..500).map(profile).collect::<Vec<_>>().concat());
    let run = env.run("profile list -o json");
    assert_eq!(run.json().as_array().unwrap().len(), 500);
    run.within(Duration::from_secs(2));
}
