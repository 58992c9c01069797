//! `profile use` and `profile remove`.

use crate::support::*;

const CONFIG: &str = "# mine\ndefault_profile = \"a\"  # for now\n\n[profiles.a]\nserver_token = \"x\"\n\n\
                      # the other\n[profiles.b]\nserver_token = \"y\" # old\n";

fn env() -> TestEnv {
    let env = TestEnv::new();
    env.config(CONFIG);
    env
}

#[test]
fn another_profile_becomes_the_default() {
    let env = env();
    env.run("profile use b").check(str![[r#"
Profile   b
Default   yes
Server    unknown
ServerID  not pinned
Token     configuration file
ApiUrl    https://api.postmarkapp.com
Writes    allowed
--- stderr
The default profile is now b.
"#]]);
    assert_eq!(env.read(env.config_path()), CONFIG.replace("= \"a\"  #", "= \"b\"  #"));
    env.run("profile use b -o json").check(str![[r#"
{
  "Name": "b",
  "Default": true,
  "ApiUrl": "https://api.postmarkapp.com",
  "ServerID": null,
  "ServerName": null,
  "TokenSource": "configuration file",
  "Protected": false,
  "ReadOnly": false
}
"#]]);
    env.run("profile use c").check(str![[r#"
--- stderr
pmhooks: error: there is no profile "c"; there are a, b
  hint: see them: `pmhooks profile list`; add one: `pmhooks profile add NAME`
--- exit 3
"#]]);
}

#[test]
fn the_sandbox_is_used_only_where_it_is_named() {
    let env = env();
    env.run("profile use sandbox").check(str![[r#"
--- stderr
pmhooks: error: the profile sandbox is built in; it is used only where it is named, as in `pmhooks -p sandbox list`
--- exit 2
"#]]);
    env.config("default_profile = \"sandbox\"\n");
    env.run("list").check(str![[r#"
--- stderr
pmhooks: error: the default profile is sandbox, which is used only where it is named
  hint: name it, as in `pmhooks -p sandbox list`, or choose: `pmhooks profile use NAME`
--- exit 3
"#]]);
}

#[test]
fn a_profile_is_removed_after_a_question() {
    let env = env();
    env.run("profile remove b").check(str![[r#"
--- stderr
pmhooks: error: the confirmation cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --yes
--- exit 2
"#]]);
    assert_eq!(env.read(env.config_path()), CONFIG);

    let mut terminal = env.pty("profile remove b");
    terminal.expect("Remove profile b").send("n");
    terminal.finish().assert_restored().code(130);
    assert_eq!(env.read(env.config_path()), CONFIG);

    let mut terminal = env.pty("profile remove b");
    terminal.expect("Remove profile b").send("y");
    terminal.finish().assert_restored().code(0).check(str![[r#"
Remove profile b (token: configuration file)? [y/N] yes
Removed profile b.
Profile   b
Server    unknown
ServerID  not pinned
Token     configuration file
ApiUrl    https://api.postmarkapp.com
Writes    allowed
"#]]);
    env.run("profile list -o ids").check(str!["a"]);
}

#[test]
fn the_removed_default_leaves_none() {
    let env = env();
    env.run("profile rm a --yes").check(str![[r#"
Profile   a
Default   yes
Server    unknown
ServerID  not pinned
Token     configuration file
ApiUrl    https://api.postmarkapp.com
Writes    allowed
--- stderr
Removed profile a.
It was the default; there is none now. Choose one with: pmhooks profile use NAME
"#]]);
    assert_data_eq!(
        env.read(env.config_path()),
        str![[r##"
# mine

# the other
[profiles.b]
server_token = "y" # old

"##]]
    );
    env.run("list").check(str![[r#"
--- stderr
pmhooks: error: no Postmark server token is set up: no profile is named, and none is the default
  hint: name one, as in `pmhooks -p b list`
  hint: or make one the default: `pmhooks profile use NAME`
--- exit 3
"#]]);
}

#[test]
fn what_is_not_there_or_built_in_is_not_removed() {
    let env = env();
    // Without --yes too: a question about what is not there would help nobody.
    for command in ["profile remove c --yes", "profile remove c"] {
        env.run(command).check(str![[r#"
--- stderr
pmhooks: error: there is no profile "c"; there are a, b
  hint: see them: `pmhooks profile list`; add one: `pmhooks profile add NAME`
--- exit 3
"#]]);
    }
    env.run("profile remove sandbox --yes").check(str![[r#"
--- stderr
pmhooks: error: the profile sandbox is built in; `pmhooks sandbox reset` puts it back to its beginning
--- exit 2
"#]]);
    assert_eq!(env.read(env.config_path()), CONFIG);
}
