//! Findings as a SARIF 2.1.0 log, which code scanning reads. It holds masked URLs and no secrets.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::config::profile::ProfileName;
use crate::ops::finding::Level;
use crate::ops::lint::{LintFinding, RULES, Rule};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What is not written as it is in a path.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What cannot stand in a URL.
const URL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The log of one run.
pub(super) fn log(found: &[LintFinding]) -> Value {
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": found.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "name": pascal(rule.name),
        "shortDescription": { "text": sentence(rule.finds) },
        "fullDescription": { "text": rule.why },
        "help": { "text": rule.why },
        "defaultConfiguration": { "level": level(rule.level) },
    })
}

fn result(found: &LintFinding) -> Value {
    let finding = &found.finding;
    let text = format!("{} Fix: {}", sentence(&finding.message), finding.fix);
    json!({
        "ruleId": found.rule.id,
        "ruleIndex": RULES.iter().position(|rule| rule == found.rule),
        "level": level(found.rule.level),
        "message": { "text": text },
        "locations": [location(found)],
    })
}

/// A manifest has a file and a place in it. A webhook that is live has neither: its URL stands for it.
fn location(found: &LintFinding) -> Value {
    let logical = json!([{ "fullyQualifiedName": thing(found), "kind": "resource" }]);
    match (&found.spot, &found.url) {
        (Some(spot), _) => json!({
            "physicalLocation": {
                "artifactLocation": { "uri": utf8_percent_encode(spot.origin.trim_start_matches("./"), PATH).to_string() },
                "region": { "startLine": spot.line, "startColumn": spot.column },
            },
            "logicalLocations": logical,
        }),
        (None, Some(url)) => json!({
            "physicalLocation": { "artifactLocation": { "uri": utf8_percent_encode(url, URL).to_string() } },
            "logicalLocations": logical,
        }),
        (None, None) => json!({ "logicalLocations": logical }),
    }
}

/// What it is about: `production/outbound/1234567`.
fn thing(found: &LintFinding) -> String {
    let profile = found.finding.profile.as_ref().map(ProfileName::as_str);
    let id = found.id().map(|id| id.to_string());
    let url = found.url.clone().filter(|_| id.is_none());
    let parts = [profile.map(ToOwned::to_owned), found.stream.clone(), id, url];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "settings".to_owned() } else { parts.join("/") }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    }
}

fn pascal(name: &str) -> String {
    name.split('-').map(capital).collect()
}

fn sentence(text: &str) -> String {
    format!("{}.", capital(text))
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}
