//! The rows of a report: which columns or keys are printed, and in which order.

use super::fixtures::listing;
use crate::support::*;

fn server() -> Faulty {
    let mut third = webhook_with(30, "Url", json!("https://B.example.com/?token=hush"));
    third["Status"] = Value::Null;
    let second = webhook_with(9, "Url", json!("https://c.example.com/"));
    let first = webhook_with(100, "Url", json!("https://a.example.com/"));
    Faulty::new([listing(vec![second, third, first])])
}

#[test]
fn rows_are_sorted_by_numbers_and_by_texts_without_regard_to_case() {
    let server = server();
    let env = TestEnv::with_api(server.url());
    env.run("list --sort id --columns id,url").check(str![[r#"
ID   URL
9    https://c.example.com/
30   https://B.example.com/?token=********
100  https://a.example.com/
"#]]);
    env.run("list --sort -URL --columns id,url -o tsv").check(str![[r#"
id	url
9	https://c.example.com/
30	https://B.example.com/?token=********
100	https://a.example.com/
"#]]);
    let ids = |args: &str| env.run(args).code(0).stdout.replace('\n', " ");
    assert_eq!(ids("list -o ids --sort -id"), "100 30 9 ");
    assert_eq!(
        ids("list -o ids --sort message-stream"),
        "9 30 100 ",
        "equal rows keep their order"
    );
    let json = |args: &str| {
        let rows = env.run(args).json();
        let ids: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["ID"].clone()).collect();
        Value::from(ids)
    };
    assert_eq!(json("list -o json --sort id"), json!([9, 30, 100]));
    assert_eq!(json("list -o json --sort=-url"), json!([9, 30, 100]));
    assert_eq!(json("list -o json --sort Url"), json!([100, 30, 9]));
}

#[test]
fn missing_values_come_last_in_either_direction() {
    let server = server();
    let env = TestEnv::with_api(server.url());
    for format in ["tsv", "jsonl"] {
        for sort in ["status", "-status"] {
            let run = env.run(format!("list --columns id,status --sort {sort} -o {format}"));
            let last = run.code(0).stdout.lines().last().unwrap().to_owned();
            assert!(last.contains("30"), "{sort} {format}: {last}");
        }
    }
}

#[test]
fn columns_choose_the_keys_of_json_rows() {
    let server = server();
    let env = TestEnv::with_api(server.url());
    env.run("list -o json --columns url,ID,Message-Stream").check(str![[r#"
[
  {
    "Url": "https://c.example.com/",
    "ID": 9,
    "MessageStream": "outbound"
  },
  {
    "Url": "https://B.example.com/?token=********",
    "ID": 30,
    "MessageStream": "outbound"
  },
  {
    "Url": "https://a.example.com/",
    "ID": 100,
    "MessageStream": "outbound"
  }
]
"#]]);
    env.run("list -o jsonl --columns auth,status --show-secrets").check(str![[r#"
{"HttpAuth":{"Username":"postmark","Password":"secret-password"},"Status":"verified"}
{"HttpAuth":{"Username":"postmark","Password":"secret-password"}}
{"HttpAuth":{"Username":"postmark","Password":"secret-password"},"Status":"verified"}
"#]]);
    env.run("list -o yaml --columns profile,id --sort id").check(str![[r#"
- Profile: null
  ID: 9
- Profile: null
  ID: 30
- Profile: null
  ID: 100
"#]]);
    env.run("-p sandbox get 1234567 -o json --columns status,id").check(str![[r#"
{
  "Status": "verified",
  "ID": 1234567
}
--- stderr
pmhooks: warning: POSTMARK_SERVER_TOKEN is set, but not used: --profile names the profile sandbox
"#]]);
}

#[test]
fn the_rest_of_a_document_stays() {
    let env = TestEnv::new();
    env.run("-p sandbox lint --columns rule,id --sort -id -o json").check(str![[r#"
{
  "Findings": [
    {
      "Rule": "PM001",
      "ID": 1234568
    },
    {
      "Rule": "PM020",
      "ID": 1234568
    },
    {
      "Rule": "PM001",
      "ID": 1234567
    },
    {
      "Rule": "PM014",
      "ID": 1234567
    },
    {
      "Rule": "PM015",
      "ID": 1234567
    },
    {
      "Rule": "PM020",
      "ID": 1234567
    },
    {
      "Rule": "PM007",
      "ID": null
    },
    {
      "Rule": "PM008",
      "ID": null
    }
  ],
  "Summary": {
    "Errors": 2,
    "Warnings": 5,
    "Infos": 1,
    "Webhooks": 2,
    "Skipped": []
  }
}
--- exit 1
"#]]);
    let health = env.run("-p sandbox health --columns rule -o json").json();
    assert_eq!(health["Summary"]["Healthy"], 2);
    assert_eq!(health["Webhooks"][0]["ID"], 1_234_567);
}

#[test]
fn several_profiles_are_sorted_together() {
    let server = server();
    let mut env = TestEnv::new();
    env.config_at(
        server.url(),
        "[profiles.b]\nserver_token_env = \"T\"\n\n[profiles.a]\nserver_token_env = \"T\"\n",
    );
    env.env("T", TOKEN).api(server.url());
    env.run("list --all-profiles --sort id --columns id,profile").check(str![[r#"
ID   PROFILE
9    b
9    a
30   b
30   a
100  b
100  a
"#]]);
    let rows = env.run("list --all-profiles --sort=-profile --columns profile -o jsonl");
    rows.check(str![[r#"
{"Profile":"b"}
{"Profile":"b"}
{"Profile":"b"}
{"Profile":"a"}
{"Profile":"a"}
{"Profile":"a"}
"#]]);
}

#[test]
fn every_key_of_a_row_can_be_chosen() {
    let env = TestEnv::new();
    env.file("hooks.yaml", "Webhooks:\n  - Url: https://new.example.com/\n");
    let unverified = "-p sandbox create --url https://hooks.example.com/1 --on open --no-verify";
    env.run(unverified).code(0);
    for command in [
        "list",
        "get 1234567",
        "create --url https://hooks.example.com/ --on open --dry-run",
        "edit 1234567 --on bounce --dry-run",
        "delete 1234567 --dry-run",
        "stats 1234567",
        "verify 1234567",
        "health",
        "lint",
        "lint --rules",
        "diff hooks.yaml",
        "streams",
        "server get",
        "whoami",
        "profile show sandbox",
        "test --url http://127.0.0.1:9/ --event open --timeout 1s",
    ] {
        let document = env.run(format!("-p sandbox {command} -o json")).json();
        let rows = |document: &Value| {
            let known = ["Results", "Changes", "Findings"].into_iter();
            let list = known.filter_map(|key| document.get(key)).find(|rows| rows.is_array());
            match list.unwrap_or(document) {
                Value::Array(rows) => rows.clone(),
                one => vec![one.clone()],
            }
        };
        let Some(Value::Object(first)) = rows(&document).first().cloned() else {
            panic!("{command} has no rows: {document}");
        };
        for key in first.keys().filter(|key| *key != "DryRun") {
            let line = format!("-p sandbox {command} -o json --columns {key}");
            let chosen = rows(&env.run(line).json());
            assert!(chosen.first().is_some_and(|row| row.get(key).is_some()), "{command} {key}");
        }
    }
}
