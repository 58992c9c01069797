//! Streams that are closed, full or watched by nobody, a lot of data.

use std::collections::BTreeMap;
use std::time::Instant;

use super::fixtures::{listing, most_memory, webhook};
use crate::support::*;

fn many(count: i64) -> Vec<Value> {
    (1..=count).map(webhook).collect()
}

// torture 98, 112
#[test]
fn thousands_of_webhooks_are_quick_and_take_little_memory() {
    let server = Faulty::new([listing(many(5000))]);
    let env = TestEnv::with_api(server.url());
    let mut seen = BTreeMap::new();
    for format in ["table", "json", "jsonl", "yaml", "tsv", "ids"] {
        let started = Instant::now();
        let (run, memory) = most_memory(env.spawn(format!("list -o {format}")));
        run.code(0);
        seen.insert(format, (started.elapsed(), memory >> 20));
    }
    let started = Instant::now();
    let end = env.cmd("list").pty_sized(100, 24).finish();
    end.code(0);
    seen.insert("terminal", (started.elapsed(), 0));
    println!("{seen:?}");
    // A build without optimisation, on a busy machine, takes some ten times as long as users see.
    let slow = |(time, memory): &(Duration, u64)| *time > Duration::from_secs(8) || *memory > 160;
    assert!(!seen.values().any(slow), "{seen:?}");
}

// torture 62
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let server = Faulty::new([listing(many(3000))]).may_be_unused();
    let env = TestEnv::with_api(server.url());
    for line in [
        "pmhooks list",
        "pmhooks list -o json",
        "pmhooks list -o ids",
        "pmhooks --help",
        "pmhooks completions bash",
        "POSTMARK_SERVER_TOKEN= pmhooks completions zsh",
        "pmhooks whoami",
    ] {
        let reader =
            env.shell(&format!("{{ {line}; echo $? >code; }} | head -c 1 >/dev/null")).run();
        assert_eq!(
            reader.stderr,
            if line.ends_with("whoami") { &reader.stderr } else { "" },
            "{line}"
        );
        let code = env.read("code");
        assert!(line.ends_with("whoami") || code == "0\n", "{line}: {code}");
        let _ = env.shell(&format!("{{ {line}; echo $? >code; }} | true")).run();
        reader.lacks("internal error").lacks("panicked");
    }
}

// torture 49
#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_a_failure_with_its_reason() {
    let server = Faulty::new([listing(vec![webhook(1)])]);
    let env = TestEnv::with_api(server.url());
    env.shell("pmhooks list >/dev/full").run().check(str![[r#"
--- stderr
pmhooks: error: cannot write to standard output
  because No space left on device (os error 28)
--- exit 9
"#]]);
    env.shell("pmhooks list -o json >/dev/full").run().check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "Machine",
    "Message": "cannot write to standard output",
    "Causes": [
      "No space left on device (os error 28)"
    ],
    "Hints": [],
    "HttpStatus": null,
    "ErrorCode": null
  }
}
--- exit 9
"#]]);
    for command in ["--help", "--version", "completions bash"] {
        env.shell(&format!("pmhooks {command} >/dev/full")).run().check(str![[r#"
--- stderr
pmhooks: error: cannot write to standard output
  because No space left on device (os error 28)
--- exit 9
"#]]);
    }
    // Nobody can be told, but the code tells.
    env.shell("pmhooks get x 2>/dev/full").run().check(str!["--- exit 2"]);
    env.shell("pmhooks list -v 2>/dev/full >/dev/null").run().check(str![]);
}

// torture 49
#[cfg(unix)]
#[test]
fn closed_streams_harm_nothing() {
    let server = Faulty::new([listing(vec![webhook(1)])]);
    let env = TestEnv::with_api(server.url());
    env.config("default_profile = \"x\"\n[profiles.x]\nserver_token = \"t\"\n");
    let before = env.tree();
    let config = env.read(env.config_path());
    env.shell("pmhooks list <&- -o ids").run().check(str!["1"]);
    env.shell("pmhooks list 2>&- -o ids -vv").run().check(str!["1"]);
    for line in ["pmhooks list >&-", "pmhooks list -vv >&- 2>&-", "pmhooks list -vv <&- >&- 2>&-"] {
        let run = env.shell(line).run();
        assert!(matches!(run.code, Some(0 | 9)), "{run}");
        assert_eq!(run.stdout, "");
    }
    env.shell("pmhooks get x >&- 2>&-").run().code(2);
    assert_eq!((env.tree(), env.read(env.config_path())), (before, config));
}
