//! Where a profile's token comes from, and what can be wrong with it.

use super::staging;
use crate::support::*;

fn with(server: &Faulty, token: &str) -> TestEnv {
    let mut env = TestEnv::new();
    env.api(server.url());
    env.config_at(server.url(), &format!("[profiles.a]\n{token}\n"));
    env
}

fn sent(server: &Faulty) -> String {
    let requests = server.requests();
    requests.last().unwrap().header("X-Postmark-Server-Token").unwrap().to_owned()
}

// torture 3: no terminal, no session bus, no display
#[test]
fn all_four_sources_work_headless() {
    let server = staging();
    let env = with(&server, &format!("server_token = \"{TOKEN}\""));
    env.run("whoami -p a").code(0).has("configuration file");
    assert_eq!(sent(&server), TOKEN);

    let mut env = with(&server, "server_token_env = \"MINE\"");
    env.env("MINE", "from-the-environment");
    env.run("whoami -p a").code(0).has("env MINE");
    assert_eq!(sent(&server), "from-the-environment");

    let env = with(&server, "server_token_file = \"token\"");
    env.file(".config/pmhooks/token", "from-a-file\r\n");
    env.shell("chmod 600 .config/pmhooks/token").run().code(0);
    env.run("whoami -p a").code(0).has("file [HOME]/.config/pmhooks/token").lacks("warning");
    assert_eq!(sent(&server), "from-a-file");

    let env = with(&server, r#"server_token_command = ["printf", "%s\\n", "from-a-program"]"#);
    env.run("whoami -p a").code(0).has("command printf");
    assert_eq!(sent(&server), "from-a-program");
}

// torture 3
#[test]
fn a_program_gets_its_arguments_as_they_are_and_no_input() {
    let server = staging();
    let env = with(&server, r#"server_token_command = ["./show", "a b;$(touch pwned)", "*"]"#);
    env.script(
        ".config/pmhooks/show",
        "#!/bin/sh\nprintf '%s|' \"$#\" \"$@\" >got\ncat >>got\necho token-1\necho noise >&2\n",
    );
    env.cmd("whoami -p a").stdin("not for it").run().code(0).lacks("noise");
    assert_eq!(env.read("got"), "2|a b;$(touch pwned)|*|");
    assert_eq!(sent(&server), "token-1");
    assert!(!env.tree().contains("pwned"));
}

// torture 3
#[test]
fn a_program_that_does_not_give_a_token_is_named_and_its_output_is_not() {
    let server = Faulty::untouchable();
    let bodies = [
        ("fails", "echo SECRET-OUTPUT; echo SECRET-OUTPUT >&2; exit 3"),
        ("dies", "echo SECRET-OUTPUT; kill -9 $$"),
        ("silent", ":"),
        ("two-lines", "echo SECRET-OUTPUT; echo SECRET-OUTPUT"),
        ("not-text", "printf 'SECRET-OUTPUT\\377'"),
        ("spaces", "echo SECRET OUTPUT"),
        ("endless", "yes SECRET-OUTPUT"),
    ];
    let mut said = String::new();
    for (name, body) in bodies {
        let env = with(&server, &format!("server_token_command = [\"./{name}\"]"));
        env.script(format!(".config/pmhooks/{name}"), &format!("#!/bin/sh\n{body}\n"));
        let run = env.run("list -p a");
        run.code(3).lacks("SECRET");
        said += &format!("{run}\n");
    }
    let env = with(&server, "server_token_command = [\"no-such-program\"]");
    said += &env.run("list -p a").to_string();
    assert_data_eq!(
        said,
        str![[r#"
--- stderr
pmhooks: error: cannot read the token of profile a from the program [HOME]/.config/pmhooks/fails: it failed (exit status: 3); run it by hand to see why
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from the program [HOME]/.config/pmhooks/dies: it failed (signal: 9 (SIGKILL)); run it by hand to see why
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from the program [HOME]/.config/pmhooks/silent: it is empty
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from the program [HOME]/.config/pmhooks/two-lines: it has more than one line
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from the program [HOME]/.config/pmhooks/not-text: it is not text (UTF-8)
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from command [HOME]/.config/pmhooks/spaces: it holds a space or a character that no token has
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from the program [HOME]/.config/pmhooks/endless: it failed (exit status: 141); run it by hand to see why
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from the program no-such-program: No such file or directory (os error 2)
--- exit 3
"#]]
    );
}

// torture 3
#[test]
fn a_program_that_hangs_is_ended() {
    let server = Faulty::untouchable();
    let env = with(&server, r#"server_token_command = ["sleep", "60"]"#);
    let run = env.run("list -p a --timeout 300ms");
    run.within(Duration::from_secs(3)).check(str![[r#"
--- stderr
pmhooks: error: cannot read the token of profile a from the program sleep: it did not end within 300ms
--- exit 3
"#]]);
    // Its child holds the pipe; we do not wait for that one either.
    let env = with(&server, r#"server_token_command = ["sh", "-c", "sleep 2 & echo x"]"#);
    env.run("list -p a --timeout 300ms").code(3).within(Duration::from_secs(2));
}

#[test]
fn a_file_that_gives_no_token_is_named() {
    let server = Faulty::untouchable();
    let mut said = String::new();
    let long = vec![b'S'; 16 * 1024 + 1];
    let contents: [(&str, &[u8]); 7] = [
        ("empty", b""),
        ("blank", b"\n"),
        ("two-lines", b"SECRET-A\nSECRET-B\n"),
        ("latin", b"SECRET\xe9"),
        ("bom", b"\xef\xbb\xbfSECRET"),
        ("nul", b"SEC\0RET"),
        ("long", &long),
    ];
    for (name, bytes) in contents {
        let env = with(&server, &format!("server_token_file = \"{name}\""));
        env.file(format!(".config/pmhooks/{name}"), bytes);
        let run = env.run("list -p a");
        run.code(3).lacks("SECRET");
        said += &format!("{run}\n");
    }
    let env = with(&server, "server_token_file = \"/nowhere/token\"");
    said += &format!("{}\n", env.run("list -p a"));
    let env = with(&server, "server_token_file = \"/\"");
    said += &format!("{}\n", env.run("list -p a"));
    let env = with(&server, "server_token_env = \"UNSET_ONE\"");
    said += &format!("{}\n", env.run("list -p a"));
    let env = with(&server, "server_token_env = \"EMPTY_ONE\"");
    said += &format!("{}\n", env.cmd("list -p a").env("EMPTY_ONE", "").run());
    assert_data_eq!(
        said,
        str![[r#"
--- stderr
pmhooks: error: cannot read the token of profile a from file:[HOME]/.config/pmhooks/empty: it is empty
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from file:[HOME]/.config/pmhooks/blank: it is empty
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from file:[HOME]/.config/pmhooks/two-lines: it has more than one line
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from file:[HOME]/.config/pmhooks/latin: it is not text (UTF-8)
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from file:[HOME]/.config/pmhooks/bom: it begins with a byte order mark
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from file:[HOME]/.config/pmhooks/nul: it holds a control character
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from file:[HOME]/.config/pmhooks/long: cannot read [HOME]/.config/pmhooks/long: it is larger than 16384 bytes
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from file:/nowhere/token: cannot read /nowhere/token: No such file or directory (os error 2)
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from file:/: cannot use /: it is a folder, not a file
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from env:UNSET_ONE: the variable is not set
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from env:EMPTY_ONE: it is empty
--- exit 3

"#]]
    );
}

// torture 2, 109
#[test]
fn an_odd_token_for_add_is_refused_without_a_request() {
    let server = Faulty::untouchable();
    let mut env = TestEnv::new();
    env.api(server.url()).env("EMPTY", "");
    let long = "SECRET".repeat(200_000);
    let inputs: [&[u8]; 7] = [
        b"",
        b"\n",
        b"SECRET-A\nSECRET-B\n",
        b"SEC\xffRET",
        b"SEC RET",
        b"********",
        long.as_bytes(),
    ];
    let mut said = String::new();
    for input in inputs {
        let run = env.cmd("profile add x --token -").stdin(input).run();
        run.code(2).lacks("SEC");
        said += &format!("{run}\n");
    }
    for source in ["env:UNSET", "env:EMPTY", "file:/nowhere", "file:/", "file:", "env:", "env:A-B"]
    {
        said += &format!("{}\n", env.run(["profile", "add", "x", "--token", source]));
    }
    assert_data_eq!(
        said,
        str![[r#"
--- stderr
pmhooks: error: cannot read the token from standard input: it is empty
--- exit 2
--- stderr
pmhooks: error: cannot read the token from standard input: it is empty
--- exit 2
--- stderr
pmhooks: error: cannot read the token from standard input: it has more than one line
--- exit 2
--- stderr
pmhooks: error: cannot read the token from standard input: it is not text (UTF-8)
--- exit 2
--- stderr
pmhooks: error: cannot read the token from the source of --token: it holds a space or a character that no token has
--- exit 2
--- stderr
pmhooks: error: cannot read the token from standard input: it is the mask that pmhooks shows in a secret's place
--- exit 2
--- stderr
pmhooks: error: cannot read the token from standard input: it is longer than any token or password
--- exit 2
--- stderr
pmhooks: error: cannot read the token from env:UNSET: the variable is not set
--- exit 2
--- stderr
pmhooks: error: cannot read the token from env:EMPTY: it is empty
--- exit 2
--- stderr
pmhooks: error: cannot read the token from file:********: there is no such file (a path that does not exist may be a secret)
--- exit 2
--- stderr
pmhooks: error: cannot read the token from file:/: cannot use /: it is a folder, not a file
--- exit 2
--- stderr
pmhooks: error: invalid value for '--token <SOURCE>': a secret is never given on the command line, where `ps` and the shell's history show it; give its source: env:NAME, file:PATH, or - for standard input
--- exit 2
--- stderr
pmhooks: error: invalid value for '--token <SOURCE>': a secret is never given on the command line, where `ps` and the shell's history show it; give its source: env:NAME, file:PATH, or - for standard input
--- exit 2
--- stderr
pmhooks: error: invalid value for '--token <SOURCE>': a secret is never given on the command line, where `ps` and the shell's history show it; give its source: env:NAME, file:PATH, or - for standard input
--- exit 2

"#]]
    );
    assert_eq!(env.tree(), "");
}

// torture 39
#[test]
fn a_file_that_others_can_read_is_warned_about() {
    let server = staging();
    let env = with(&server, "server_token_file = \"token\"");
    env.file(".config/pmhooks/token", "abc");
    env.shell("chmod 640 .config/pmhooks/token; chmod 604 .config/pmhooks/config.toml")
        .run()
        .code(0);
    env.run("whoami -p a").check(str![[r#"
Profile   a
Server    Staging
ServerID  77
Token     file [HOME]/.config/pmhooks/token
ApiUrl    http://127.0.0.1:[PORT]
Writes    allowed
--- stderr
pmhooks: warning: others can get at [HOME]/.config/pmhooks/config.toml (mode 604), which may hold tokens; run: chmod 600 [HOME]/.config/pmhooks/config.toml
pmhooks: warning: others can get at [HOME]/.config/pmhooks/token (mode 640), which holds a token; run: chmod 600 [HOME]/.config/pmhooks/token
"#]]);
    // In JSON the warnings do not disturb standard output.
    env.run("whoami -p a -o json").code(0).json();
}

// torture 39
#[test]
fn every_mode_that_lets_others_in_is_warned_about_and_no_other() {
    let server = staging();
    let env = with(&server, "server_token_file = \"token\"");
    env.file(".config/pmhooks/token", "abc");
    let said = |change: &str| {
        env.shell(&format!("cd .config/pmhooks; {change}")).run().code(0);
        env.run("whoami -p a").code(0).stderr.matches("others can get at").count()
    };
    assert_eq!(said("chmod 600 token config.toml"), 0);
    assert_eq!(said("chmod 400 token config.toml"), 0);
    for mode in ["640", "604", "620", "602", "660", "666", "610", "601"] {
        assert_eq!(said(&format!("chmod {mode} token")), 1, "{mode}");
        assert_eq!(said("chmod 600 token"), 0, "{mode}");
        assert_eq!(said(&format!("chmod {mode} config.toml")), 1, "{mode}");
        assert_eq!(said("chmod 600 config.toml"), 0, "{mode}");
    }
    // What is looked at is the file that was opened, not a name that leads to it.
    assert_eq!(said("mv token kept; ln -s kept token; chmod 644 kept"), 1);
    assert_eq!(said("chmod 600 kept"), 0);
}

// torture 8
#[test]
fn a_broken_profile_is_told_by_line_and_column_and_never_by_value() {
    let server = Faulty::untouchable();
    let mut said = String::new();
    for profile in [
        "server_token = 5551234",
        "server_token = [\"SECRET\"]",
        "server_token = \"\"",
        "server_token = \"SEC\\nRET\"",
        "server_token = \"SEC\\u0000RET\"",
        "server_token = \"SECRET\"\nserver_token_env = \"SECRET_TOO\"",
        "stream = \"outbound\"",
        "server_token_command = \"SECRET\"",
        "server_token_command = []",
        "server_token = \"SECRET\"\nprotected = \"SECRET\"",
        "server_token = \"SECRET\"\nserver_id = \"SECRET\"",
        "server_token = \"SECRET\"\napi_url = \"http://SECRET.example.com\"",
        "server_token = \"SECRET\"\nstream = \"SECRET value\"",
        "server_token = \"SECRET\"\n[profiles.a.vars]\nX = 5551234",
    ] {
        let env = with(&server, profile);
        let run = env.run("list -p a");
        run.code(3).lacks("SEC").lacks("5551234");
        said += &format!("{run}\n");
    }
    assert_data_eq!(
        said,
        str![[r#"
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:16: `server_token` is a number, not a text
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:16: `server_token` is a list, not a text
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:16: `server_token` is empty
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from the configuration file: it holds a space or a character that no token has
--- exit 3
--- stderr
pmhooks: error: cannot read the token of profile a from the configuration file: it holds a space or a character that no token has
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:1:1: profile a needs exactly one of server_token, server_token_env, server_token_file, server_token_command; it has server_token and server_token_env
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:1:1: profile a needs exactly one of server_token, server_token_env, server_token_file, server_token_command; it has none
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:24: `server_token_command` must be a list of texts: the program and its arguments
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:24: `server_token_command` must be a list of texts: the program and its arguments
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:3:13: `protected` is a text, not true or false
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:3:13: `server_id` is a text, not a number
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:3:11: `api_url`: a token is sent over https only (http is for localhost, 127.0.0.1 and [::1])
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:3:10: `stream`: a stream's ID starts with a letter and has at most 30 letters, digits, - and _
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:5:5: `vars.X` is a number, not a text
--- exit 3

"#]]
    );
}

#[test]
fn what_stands_there_is_named_by_its_kind() {
    let server = Faulty::untouchable();
    let mut said = String::new();
    for value in ["5", "1.5", "true", "[[]]", "{ a = 1 }", "2026-11-27"] {
        let env = with(&server, &format!("server_token = {value}"));
        said += &format!("{}\n", env.run("list -p a"));
    }
    let env = with(&server, "server_token = \"T\"\n[[profiles.a.stream]]\nx = 1");
    said += &format!("{}\n", env.run("list -p a"));
    assert_data_eq!(
        said,
        str![[r#"
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:16: `server_token` is a number, not a text
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:16: `server_token` is a fraction, not a text
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:16: `server_token` is true or false, not a text
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:16: `server_token` is a list, not a text
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:16: `server_token` is a table, not a text
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:2:16: `server_token` is a date, not a text
--- exit 3
--- stderr
pmhooks: error: [HOME]/.config/pmhooks/config.toml:4:1: `stream` is a list, not a text
--- exit 3

"#]]
    );
}
