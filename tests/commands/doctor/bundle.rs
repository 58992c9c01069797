//! The report for a ticket: whole, private, and nobody's secret.

use super::{answers, hook};
use crate::support::*;

/// A home and a webhook full of secrets, and the endpoint that echoes them.
fn secretive(canaries: &Canaries) -> (TestEnv, Faulty, Faulty) {
    let echo = format!("{} {} {}", canaries.password, canaries.header, canaries.query);
    let endpoint = Faulty::always(Step::bytes(403, "text/plain", echo));
    let mut webhook = hook(&endpoint.url());
    let url = endpoint.url().replace("//", &format!("//user-canary:{}@", canaries.header));
    webhook["Url"] = json!(format!("{url}/pm?key={}", canaries.query));
    webhook["HttpAuth"] = json!({"Username": "user-canary", "Password": canaries.password});
    webhook["HttpHeaders"] = json!([{"Name": "X-Secret", "Value": canaries.header}]);
    let api = Faulty::new(answers(&webhook));
    let mut env = TestEnv::new();
    env.env("USER", "user-canary").env("SHOP", &canaries.token);
    let url = api.url();
    env.config(&format!(
        "[profiles.shop]\nserver_token_env = \"SHOP\"\napi_url = \"{url}\"\nstream = \"outbound\"\n\
         [profiles.other]\nserver_token = \"{}\"\n[profiles.other.vars]\nHOOK = \"{}\"\n",
        canaries.token, canaries.header
    ));
    (env, api, endpoint)
}

// torture 6
#[test]
fn it_holds_all_steps_and_no_secret() {
    let canaries = Canaries::new();
    let (mut env, _api, _endpoint) = secretive(&canaries);
    env.redact("[TIME]", r#""Time": "(?<redacted>[^"]+)""#);
    for line in ["doctor 7 -p shop", "doctor 7 -p shop -o json --verify", "doctor 7 -p shop -vv"] {
        let run = env.run(format!("{line} --bundle report-{}.json", line.len()));
        run.code(1);
        canaries.assert_clean_run(&run);
    }
    let report = env.read("report-16.json");
    canaries.assert_clean(&report);
    assert!(!report.contains("user-canary") && !report.contains(env.home().to_str().unwrap()));
    canaries.assert_clean_tree(env.home(), &[&env.config_path()]);
    assert!(env.tree().contains("0600 report-16.json"), "{}", env.tree());
    let shown = env.program("/bin/cat", "report-16.json").run();
    shown.check(str![[r#"
{
  "Tool": "pmhooks [VERSION]",
  "System": "linux x86_64",
  "Time": "[TIME]",
  "Profile": "shop",
  "Variables": [
    "POSTMARK_API_URL"
  ],
  "Configuration": {
    "Path": "~/.config/pmhooks/config.toml",
    "Profiles": [
      {
        "Name": "shop",
        "Default": false,
        "Settings": [
          "server_token_env",
          "stream",
          "api_url"
        ]
      },
      {
        "Name": "other",
        "Default": false,
        "Settings": [
          "server_token",
          "vars"
        ]
      }
    ]
  },
  "Webhook": {
    "ID": 7,
    "Url": "http://127.0.0.1:[PORT]/pm?key=********",
    "MessageStream": "outbound",
    "Status": "verified",
    "HttpAuth": {
      "Username": "********",
      "Password": "********"
    },
    "HttpHeaders": [
      {
        "Name": "X-Secret",
        "Value": "********"
      }
    ],
    "Triggers": {
      "Open": {
        "Enabled": false,
        "PostFirstOpenOnly": false
      },
      "Click": {
        "Enabled": false
      },
      "Delivery": {
        "Enabled": true
      },
      "Bounce": {
        "Enabled": true,
        "IncludeContent": true
      },
      "SpamComplaint": {
        "Enabled": false,
        "IncludeContent": false
      },
      "SubscriptionChange": {
        "Enabled": false
      }
    }
  },
  "Findings": [
    {
      "Rule": "endpoint",
      "Level": "warning",
      "ID": 7,
      "Url": "http://127.0.0.1:[PORT]/pm?key=********",
      "MessageStream": "outbound",
      "Profile": "shop",
      "Message": "127.0.0.1:[PORT] is there, but the address is inside this machine or network: Postmark itself could not reach it",
      "Fix": "give it one that Postmark can reach: `pmhooks -p shop edit 7 --url URL`"
    },
    {
      "Rule": "PM001",
      "Level": "warning",
      "ID": 7,
      "Url": "http://127.0.0.1:[PORT]/pm?key=********",
      "MessageStream": "outbound",
      "Profile": "shop",
      "Message": "its URL is plain http: what is posted, credentials too, can be read on the way (plain-http)",
      "Fix": "`pmhooks -p shop edit 7 --url https://HOST/PATH`"
    },
    {
      "Rule": "PM003",
      "Level": "warning",
      "ID": 7,
      "Url": "http://127.0.0.1:[PORT]/pm?key=********",
      "MessageStream": "outbound",
      "Profile": "shop",
      "Message": "its URL carries user:password@ and the secret \"key\": URLs end up in logs and on screens (credentials-in-url)",
      "Fix": "`pmhooks -p shop edit 7 --url http://127.0.0.1:[PORT]/pm`"
    },
    {
      "Rule": "PM019",
      "Level": "warning",
      "ID": 7,
      "Url": "http://127.0.0.1:[PORT]/pm?key=********",
      "MessageStream": "outbound",
      "Profile": "shop",
      "Message": "it has both HttpAuth and credentials in its URL: which of them Postmark sends is not documented (two-credentials)",
      "Fix": "`pmhooks -p shop edit 7 --url URL`"
    },
    {
      "Rule": "answer",
      "Level": "error",
      "ID": 7,
      "Url": "http://127.0.0.1:[PORT]/pm?key=********",
      "MessageStream": "outbound",
      "Profile": "shop",
      "Message": "delivery, bounce: 403 Forbidden; Postmark drops it at once and does not try again ([MS] ms)",
      "Fix": "something refuses the post: a firewall or bot filter in front, a CSRF check, the credentials, or a list of allowed addresses (if it names Postmark's alone, `pmhooks -p shop doctor 7 --verify` can test it, this machine cannot); if it is a list of addresses, Postmark's are 3.134.147.250, 50.31.156.6, 50.31.156.77, 18.217.206.57 (as documented, seen in November 2026; the list can change)"
    }
  ],
  "Summary": {
    "Errors": 1,
    "Warnings": 4,
    "Infos": 0,
    "Passed": 15,
    "Skipped": 3
  },
  "Steps": [
    {
      "Part": "setup",
      "Step": "versions",
      "Result": "pass",
      "Message": "pmhooks [VERSION] on linux; no state yet (it would be ~/.local/state/pmhooks)",
      "Next": null
    },
    {
      "Part": "setup",
      "Step": "configuration",
      "Result": "pass",
      "Message": "~/.config/pmhooks/config.toml is readable and private; 2 profiles",
      "Next": null
    },
    {
      "Part": "setup",
      "Step": "target",
      "Result": "pass",
      "Message": "profile shop, at http://127.0.0.1:[PORT] (from the profile)",
      "Next": null
    },
    {
      "Part": "setup",
      "Step": "token",
      "Result": "pass",
      "Message": "read from env SHOP",
      "Next": null
    },
    {
      "Part": "setup",
      "Step": "proxy",
      "Result": "pass",
      "Message": "none on the way to 127.0.0.1:[PORT]",
      "Next": null
    },
    {
      "Part": "setup",
      "Step": "connection",
      "Result": "pass",
      "Message": "127.0.0.1:[PORT]: connection ([MS] ms)",
      "Next": null
    },
    {
      "Part": "setup",
      "Step": "api",
      "Result": "pass",
      "Message": "it is Postmark's ([MS] ms)",
      "Next": null
    },
    {
      "Part": "setup",
      "Step": "clock",
      "Result": "pass",
      "Message": "it is right, by the answer's date",
      "Next": null
    },
    {
      "Part": "setup",
      "Step": "server",
      "Result": "pass",
      "Message": "the token opens server 77 (Shop); the profile is pinned to none",
      "Next": null
    },
    {
      "Part": "setup",
      "Step": "age",
      "Result": "pass",
      "Message": "the API of since August 2026: it has verification and statistics",
      "Next": null
    },
    {
      "Part": "reachable",
      "Step": "endpoint",
      "Result": "warn",
      "Message": "127.0.0.1:[PORT] is there, but the address is inside this machine or network: Postmark itself could not reach it",
      "Next": "give it one that Postmark can reach: `pmhooks -p shop edit 7 --url URL`"
    },
    {
      "Part": "reachable",
      "Step": "firewall",
      "Result": "skipped",
      "Message": "not to be seen from here; if there is one, it must let in 3.134.147.250, 50.31.156.6, 50.31.156.77, 18.217.206.57 (as documented, seen in November 2026; the list can change)",
      "Next": "the list as it is now: https://postmarkapp.com/support/article/800-ips-for-firewalls"
    },
    {
      "Part": "settings",
      "Step": "stream",
      "Result": "pass",
      "Message": "outbound is there (transactional); only what is sent on it counts",
      "Next": null
    },
    {
      "Part": "settings",
      "Step": "triggers",
      "Result": "pass",
      "Message": "on for delivery, bounce, and for nothing else",
      "Next": null
    },
    {
      "Part": "settings",
      "Step": "status",
      "Result": "pass",
      "Message": "verified",
      "Next": null
    },
    {
      "Part": "settings",
      "Step": "tracking",
      "Result": "pass",
      "Message": "nothing to track: neither open nor click is on",
      "Next": null
    },
    {
      "Part": "settings",
      "Step": "PM001",
      "Result": "warn",
      "Message": "its URL is plain http: what is posted, credentials too, can be read on the way (plain-http)",
      "Next": "`pmhooks -p shop edit 7 --url https://HOST/PATH`"
    },
    {
      "Part": "settings",
      "Step": "PM003",
      "Result": "warn",
      "Message": "its URL carries user:password@ and the secret \"key\": URLs end up in logs and on screens (credentials-in-url)",
      "Next": "`pmhooks -p shop edit 7 --url http://127.0.0.1:[PORT]/pm`"
    },
    {
      "Part": "settings",
      "Step": "PM019",
      "Result": "warn",
      "Message": "it has both HttpAuth and credentials in its URL: which of them Postmark sends is not documented (two-credentials)",
      "Next": "`pmhooks -p shop edit 7 --url URL`"
    },
    {
      "Part": "answers",
      "Step": "answer",
      "Result": "fail",
      "Message": "delivery, bounce: 403 Forbidden; Postmark drops it at once and does not try again ([MS] ms)",
      "Next": "something refuses the post: a firewall or bot filter in front, a CSRF check, the credentials, or a list of allowed addresses (if it names Postmark's alone, `pmhooks -p shop doctor 7 --verify` can test it, this machine cannot); if it is a list of addresses, Postmark's are 3.134.147.250, 50.31.156.6, 50.31.156.77, 18.217.206.57 (as documented, seen in November 2026; the list can change)"
    },
    {
      "Part": "postmark",
      "Step": "verify",
      "Result": "skipped",
      "Message": "Postmark was not asked to probe the endpoint",
      "Next": "let it: `pmhooks -p shop doctor 7 --verify`"
    },
    {
      "Part": "postmark",
      "Step": "statistics",
      "Result": "pass",
      "Message": "40 requests in the last 24 hours, 100% succeeded",
      "Next": null
    },
    {
      "Part": "requests",
      "Step": "requests",
      "Result": "skipped",
      "Message": "only your side can see it: compare your request log with what Postmark posts",
      "Next": "`pmhooks -p shop test 7 --print` shows each body, and posts nothing; `pmhooks -p shop listen --forward URL` in front of it shows what arrives"
    }
  ]
}
"#]]);
}

#[test]
fn what_is_there_already_stays() {
    let env = TestEnv::new();
    env.file("report.json", "mine");
    env.run("doctor --bundle report.json").check(str![[r#"
--- stderr
pmhooks: error: cannot write the report
  because cannot create report.json: there is something already
--- exit 9
"#]]);
    env.run("doctor --bundle nowhere/report.json").check(str![[r#"
--- stderr
pmhooks: error: cannot write the report
  because cannot create nowhere/report.json: its folder is not there
--- exit 9
"#]]);
    env.run("doctor --bundle -").code(2).has("-o json");
    assert_eq!(env.read("report.json"), "mine");
}

#[test]
fn it_is_written_for_a_broken_setup_too() {
    let env = TestEnv::new();
    env.config("broken [");
    env.run("doctor -q --bundle report.json --columns step,result").code(1);
    let report: Value = serde_json::from_str(&env.read("report.json")).unwrap();
    assert_eq!(report["Configuration"], Value::Null);
    assert_eq!(report["Findings"][0]["Rule"], "configuration");
    assert!(!report.to_string().contains(env.home().to_str().unwrap()));
}

// torture 31
#[test]
fn text_from_outside_is_escaped_in_it() {
    let mut server = super::server();
    server["Name"] = json!("S\u{1b}[2J\u{202e}");
    let answer = Step::answer(200, server).only("GET", "/server");
    let api = Faulty::new(super::answers_but(&hook("https://hooks.example.com"), [answer]));
    let env = TestEnv::with_api(api.url());
    let run = env.run("doctor --bundle report.json");
    run.code(0).has("S\\u{1b}[2J\\u{202e}");
    let report = env.read("report.json");
    assert!(!report.contains(['\u{1b}', '\u{202e}']) && report.contains("\\u202e"), "{report}");
}
