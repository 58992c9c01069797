//! What is printed: data alone on standard output, one JSON object per failure, colour and width where
//! they belong.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use super::fixtures::{listing, webhook};
use crate::support::*;

// torture 29
#[test]
fn standard_output_is_one_document_whatever_happens_beside_it() {
    let server = Faulty::new([Step::status(503), listing(vec![webhook(1)])]);
    let mut env = TestEnv::new();
    env.config_at(server.url(), "[profiles.mine]\nserver_token_env = \"T\"\nsurprise = 1\n");
    env.env("T", TOKEN).token(TOKEN).api(server.url());
    let run = env.run("-p mine list -o json -vv");
    assert_eq!(run.json()[0]["ID"], json!(1));
    let quiet = env.run("-p mine list -o json");
    assert_eq!(quiet.json()[0]["ID"], json!(1));
    env.run("-p mine list -o ids").check(str![[r#"
1
--- stderr
pmhooks: warning: POSTMARK_SERVER_TOKEN is set, but not used: --profile names the profile mine
pmhooks: warning: [HOME]/.config/pmhooks/config.toml:3: `surprise` in profile mine is not a setting; it is ignored
"#]]);
    let lines = env.run("-p mine list -o jsonl").json_lines();
    assert_eq!(lines.len(), 1);
}

// torture 30
#[test]
fn each_failure_is_one_json_object() {
    let one = || Step::answer(200, webhook(7)).only("GET", "/webhooks/7").forever();
    let gone = || Step::refused(422, 1352, "No such webhook.");
    let done = || Step::answer(200, json!({"ErrorCode": 0, "Message": "gone"}));
    let cases: [(i32, &str, Vec<Step>); 9] = [
        (2, "list --columns nope", vec![]),
        (2, "list --surprise", vec![]),
        (2, "get seven", vec![]),
        (3, "-p nobody list", vec![]),
        (4, "list", vec![Step::refused(401, 10, "No or bad token.")]),
        (5, "list", vec![Step::refused(422, 1226, "No such stream.")]),
        (6, "list --retries 0", vec![Step::status(503)]),
        (8, "get 7", vec![gone()]),
        (
            9,
            "--config /proc/nowhere/config.toml profile add x --token env:POSTMARK_SERVER_TOKEN",
            vec![Step::answer(200, json!({"ID": 5, "Name": "S"}))],
        ),
    ];
    for (code, command, steps) in cases {
        let server = Faulty::new(steps).may_be_unused();
        let env = TestEnv::with_api(server.url());
        for format in ["json", "jsonl"] {
            let server = &server;
            if format == "jsonl" && !server.requests().is_empty() {
                continue;
            }
            let run = env.run(format!("{command} -o {format}"));
            run.code(code);
            let error = run.error_json();
            assert!(run.stderr.starts_with('{') && run.stderr.ends_with("}\n"), "{run}");
            let keys: Vec<_> = error.as_object().unwrap().keys().cloned().collect();
            let expected = ["Kind", "Message", "Causes", "Hints", "HttpStatus", "ErrorCode"];
            assert_eq!(keys, expected, "{run}");
            assert!(error["Message"].as_str().is_some_and(|m| !m.is_empty()), "{run}");
            assert!(error["Causes"].is_array() && error["Hints"].is_array(), "{run}");
        }
    }
    // Partly done is data and a failure at once.
    let server = Faulty::new([
        one(),
        gone().only("GET", "/webhooks/8").forever(),
        done().only("DELETE", "/webhooks/7"),
        gone().only("DELETE", "/webhooks/8").forever(),
    ])
    .may_be_unused();
    let run = TestEnv::with_api(server.url()).run("delete 7 8 --yes -o json");
    run.code(7);
    assert_eq!(run.json().as_array().unwrap().len(), 2);
    assert!(run.stderr.is_empty() || serde_json::from_str::<Value>(&run.stderr).is_ok(), "{run}");
}

// torture 30
#[test]
fn a_failure_in_json_is_told_whole() {
    let server = Faulty::new([Step::refused(422, 1352, "No such webhook.")]);
    let mut env = TestEnv::new();
    env.config_at(server.url(), "[profiles.mine]\nserver_token_env = \"T\"\n");
    env.env("T", TOKEN).token(TOKEN).api(server.url());
    env.run("-p mine get 7 -o json").check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "NotFound",
    "Message": "cannot get webhook 7 of profile mine",
    "Causes": [
      "Postmark refused (422, code 1352): No such webhook."
    ],
    "Hints": [
      "see what is there: `pmhooks -p mine list`"
    ],
    "HttpStatus": 422,
    "ErrorCode": 1352,
    "Warnings": [
      "POSTMARK_SERVER_TOKEN is set, but not used: --profile names the profile mine"
    ]
  }
}
--- exit 8
"#]]);
}

#[test]
fn an_answer_of_no_is_an_error_in_json_too() {
    let server = Faulty::always(Step::answer(200, webhook(7)));
    let env = TestEnv::with_api(server.url());
    let mut terminal = env.pty("delete 7 -o json");
    terminal.expect("?").send("n");
    terminal.key(Key::Enter);
    let end = terminal.finish();
    end.assert_restored().code(130);
    assert!(end.output.contains("\"Kind\": \"Interrupted\""), "{end}");
}

// torture 37
#[test]
fn colour_is_where_it_is_seen_or_asked_for() {
    let server = Faulty::new([listing(vec![webhook(1)])]);
    let mut env = TestEnv::with_api(server.url());
    env.env("TERM", "xterm-256color");
    let coloured = |variables: &[(&str, &str)], flag: &str| {
        let line = format!("list --color {flag}");
        let prepare = || variables.iter().fold(env.cmd(&line), |cmd, (k, v)| cmd.env(k, v));
        let terminal = prepare().pty().finish().output.contains('\u{1b}');
        (terminal, prepare().run().stdout.contains('\u{1b}'))
    };
    for (variables, flag, expected) in [
        (&[][..], "auto", (true, false)),
        (&[("NO_COLOR", "1")], "auto", (false, false)),
        (&[("NO_COLOR", "")], "auto", (true, false)),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], "auto", (false, false)),
        (&[("CLICOLOR_FORCE", "1")], "auto", (true, true)),
        (&[("CLICOLOR_FORCE", "0")], "auto", (true, false)),
        (&[("CLICOLOR", "0")], "auto", (false, false)),
        (&[("CLICOLOR", "1")], "auto", (true, false)),
        (&[("TERM", "dumb")], "auto", (false, false)),
        (&[], "never", (false, false)),
        (&[("CLICOLOR_FORCE", "1")], "never", (false, false)),
        (&[("NO_COLOR", "1"), ("TERM", "dumb")], "always", (true, true)),
    ] {
        assert_eq!(coloured(variables, flag), expected, "{variables:?} --color {flag}");
    }
}

// torture 37
#[test]
fn each_stream_is_judged_by_itself() {
    let server = Faulty::new([listing(vec![webhook(1)])]);
    let env = TestEnv::with_api(server.url());
    let end = env.shell("pmhooks list -v 2>err").pty().finish();
    assert!(end.output.contains('\u{1b}'), "{end}");
    assert!(!env.read("err").contains('\u{1b}'));
    let end = env.shell("pmhooks list -v >out").pty().finish();
    assert!(end.output.contains("\u{1b}[2m> GET"), "{end}");
    assert!(!env.read("out").contains('\u{1b}'));
    // Help and usage errors too.
    let end = env
        .shell("pmhooks list --surprise 2>err; pmhooks --help >out; pmhooks --help")
        .pty()
        .finish();
    assert!(end.output.contains('\u{1b}'), "{end}");
    assert!(!env.read("err").contains('\u{1b}') && !env.read("out").contains('\u{1b}'));
}

// torture 34
#[test]
fn a_table_fits_any_terminal() {
    let mut odd = webhook(2);
    odd["Url"] = json!(format!("https://hooks.example.com/{}", "x".repeat(10_000)));
    odd["MessageStream"] = json!("漢字 e\u{301} 👩\u{200d}👩 مرحبا");
    let server = Faulty::new([listing(vec![webhook(1), odd])]);
    let env = TestEnv::with_api(server.url());
    for width in [1, 20, 80, 10_000] {
        let end = env.cmd("list").pty_sized(width, 24).finish();
        end.code(0);
        // All of its lines end at the same border, and none is longer than the terminal is wide.
        let screen = end.to_string();
        let table = screen.lines().filter(|line| !line.is_empty() && !line.starts_with("--- "));
        let widths: BTreeSet<_> = table.map(UnicodeWidthStr::width).collect();
        let fits = widths.len() == 1 && widths.iter().all(|w| *w <= usize::from(width));
        assert!(width < 80 || fits, "{width}: {widths:?}\n{screen}");
        let ids = env.cmd("list --columns id").pty_sized(width, 24).finish();
        ids.code(0);
    }
    // Elsewhere nothing is wrapped or cut.
    let piped = env.cmd("list").env("COLUMNS", "20").run();
    assert_eq!(piped.stdout.lines().count(), 3);
    assert!(piped.stdout.contains(&"x".repeat(10_000)));
}

#[test]
fn a_table_on_a_terminal_of_80_columns() {
    let mut long = webhook(1_234_567);
    long["Url"] =
        json!("https://hooks.example.com/a/rather/long/path/to/postmark?environment=staging");
    long["Status"] = json!("unverified");
    let server = Faulty::new([listing(vec![webhook(1), long])]);
    let env = TestEnv::with_api(server.url());
    env.pty("list").finish().check(str![[r#"
┌─────────┬──────────┬─────────────────────────┬──────────┬───────┬────────────┐
│ ID      ┆ STREAM   ┆ URL                     ┆ TRIGGERS ┆ AUTH  ┆ STATUS     │
╞═════════╪══════════╪═════════════════════════╪══════════╪═══════╪════════════╡
│ 1       ┆ outbound ┆ https://hooks.example.c ┆ open     ┆ basic ┆ verified   │
│         ┆          ┆ om/postmark             ┆          ┆       ┆            │
│ 1234567 ┆ outbound ┆ https://hooks.example.c ┆ open     ┆ basic ┆ unverified │
│         ┆          ┆ om/a/rather/long/path/t ┆          ┆       ┆            │
│         ┆          ┆ o/postmark?environment= ┆          ┆       ┆            │
│         ┆          ┆ staging                 ┆          ┆       ┆            │
└─────────┴──────────┴─────────────────────────┴──────────┴───────┴────────────┘
"#]]);
    env.cmd("list").env("TERM", "dumb").pty().finish().check(str![[r#"
ID       STREAM    URL
                 TRIGGERS  AUTH   STATUS
1        outbound  https://hooks.example.com/postmark
                 open      basic  verified
1234567  outbound  https://hooks.example.com/a/rather/long/path/to/postmark?envi
ronment=staging  open      basic  unverified
"#]]);
    env.cmd("list").pty_sized(40, 40).finish().check(str![[r#"
ID        1
STREAM    outbound
URL       https://hooks.example.com/po
          stmark
TRIGGERS  open
AUTH      basic
STATUS    verified

ID        1234567
STREAM    outbound
URL       https://hooks.example.com/a/
          rather/long/path/to/postmark
          ?environment=staging
TRIGGERS  open
AUTH      basic
STATUS    unverified
"#]]);
}

#[test]
fn version_names_commit_date_and_target() {
    let env = TestEnv::new();
    let short = env.run("-V");
    short.code(0);
    let shape = regex::Regex::new(
        r"^pmhooks \d+\.\d+\.\d+ \(([0-9a-f]{7,} \d{4}-\d\d-\d\d, )?[a-z0-9_]+-[a-z0-9_-]+\)\n$",
    );
    assert!(shape.unwrap().is_match(&short.stdout), "{short}");
    assert_eq!(env.run("--version").stdout, short.stdout);
}
