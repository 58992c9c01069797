//! `lint -o sarif`: what code scanning reads.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{WRONG, server};
use crate::support::*;

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Holds a log to SARIF 2.1.0, as far as it is used: every key, and what each must be.
fn strict(log: &Value) -> &Vec<Value> {
    assert_eq!(keys(log), BTreeSet::from(["$schema", "version", "runs"]));
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    assert_eq!(keys(run), BTreeSet::from(["tool", "columnKind", "results"]));
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    assert_eq!(keys(driver), BTreeSet::from(["name", "semanticVersion", "rules"]));
    let levels = ["error", "warning", "note"];
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert_eq!(
            keys(rule),
            BTreeSet::from([
                "id",
                "name",
                "shortDescription",
                "fullDescription",
                "help",
                "defaultConfiguration"
            ])
        );
        assert!(rule["name"].as_str().unwrap().chars().all(char::is_alphanumeric));
        assert!(
            ["shortDescription", "fullDescription", "help"]
                .iter()
                .all(|k| is_text(&rule[k]["text"]))
        );
        assert!(levels.contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()));
    }
    let results = run["results"].as_array().unwrap();
    for result in results {
        assert_eq!(
            keys(result),
            BTreeSet::from(["ruleId", "ruleIndex", "level", "message", "locations"])
        );
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(rules[index]["defaultConfiguration"]["level"], result["level"]);
        assert!(is_text(&result["message"]["text"]));
        for location in result["locations"].as_array().unwrap() {
            assert_eq!(location["logicalLocations"][0]["kind"], "resource");
            assert!(is_text(&location["logicalLocations"][0]["fullyQualifiedName"]));
            let physical = &location["physicalLocation"];
            if physical.is_null() {
                continue;
            }
            let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.contains([' ', '"', '{', '}', '\\']), "{uri}");
            if let Some(region) = physical.as_object().unwrap().get("region") {
                assert!(region["startLine"].as_u64().unwrap() > 0);
                assert!(region["startColumn"].as_u64().unwrap() > 0);
            }
        }
    }
    results
}

#[test]
fn findings_of_a_manifest_point_into_the_file() {
    let env = TestEnv::new();
    env.file("my hooks/prod #1.yaml", WRONG);
    let run = env.run(["lint", "./my hooks/prod #1.yaml", "-o", "sarif"]);
    let log = run.code(1).lacks("CANARY").json();
    let places: Vec<_> = strict(&log)
        .iter()
        .map(|result| {
            let physical = &result["locations"][0]["physicalLocation"];
            let (uri, region) = (&physical["artifactLocation"]["uri"], &physical["region"]);
            assert_eq!(uri, "my%20hooks/prod%20%231.yaml");
            format!(
                "{}:{} {}",
                region["startLine"],
                region["startColumn"],
                result["ruleId"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            "2:3 PM001",
            "2:3 PM002",
            "3:3 PM016",
            "5:5 PM006",
            "5:5 PM007",
            "9:5 PM004",
            "9:5 PM003",
            "9:10 PM021",
            "10:5 PM019",
            "10:5 PM020",
            "10:47 PM021",
            "11:5 PM018",
        ]
    );
}

#[test]
fn findings_of_a_server_name_the_webhook() {
    let mut hook = webhook(5);
    hook["Url"] = "http://u:CANARY@hooks.example.com/a\u{202e}b".into();
    let api = server(json!([hook]), json!({}));
    let env = TestEnv::with_api(api.url());
    let log = env.run("lint -o sarif").code(1).lacks("CANARY").json();
    let results = strict(&log);
    let location = &results[0]["locations"][0];
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "outbound/5");
    assert_eq!(
        location["physicalLocation"]["artifactLocation"]["uri"],
        "http://u:********@hooks.example.com/a%E2%80%AEb"
    );
}

#[test]
fn nothing_found_is_a_log_too_and_a_failure_is_an_object() {
    let env = TestEnv::new();
    env.file("none.yaml", "Webhooks: []\n");
    assert!(strict(&env.run("lint none.yaml -o sarif").code(0).json()).is_empty());
    env.run("lint missing.yaml -o sarif").code(2).error_json();
}

#[test]
fn only_lint_speaks_sarif() {
    let env = TestEnv::new();
    for command in ["list", "health", "lint --rules", "whoami"] {
        env.run(format!("{command} -o sarif")).code(2).has("pmhooks lint");
    }
}

#[test]
#[ignore = "needs python3, its package index and PMHOOKS_TEST_SARIF=1"]
fn sarif_tools_reads_the_log() {
    if std::env::var_os("PMHOOKS_TEST_SARIF").is_none() {
        return;
    }
    let env = TestEnv::new();
    env.file("hooks.yaml", WRONG);
    std::fs::write(env.home().join("lint.sarif"), env.run("lint hooks.yaml -o sarif").stdout)
        .unwrap();
    let script = "python3 -m venv venv && venv/bin/pip install -q sarif-tools && \
         venv/bin/sarif csv lint.sarif -o out.csv && cut -d , -f 1-3 out.csv";
    // The environment of whoever asked for it: an interpreter and an index have settings of their own.
    let mut shell = env.shell(script).limit(Duration::from_secs(300));
    for (name, value) in std::env::vars_os().filter(|(name, _)| name != "HOME") {
        shell = shell.env(name, value);
    }
    shell.run().check(str![[r#"
Writing CSV summary for lint.sarif to out.csv
Tool,Severity,Code
pmhooks,error,PM001
pmhooks,error,PM004
pmhooks,warning,PM002
pmhooks,warning,PM003
pmhooks,warning,PM006
pmhooks,warning,PM007
pmhooks,warning,PM016
pmhooks,warning,PM018
pmhooks,warning,PM019
pmhooks,warning,PM020
pmhooks,warning,PM021
pmhooks,warning,PM021
"#]]);
}
