//! Webhooks as code: the files that say which webhooks a server should have.
//!
//! A file is read once ([`Documents`]) and resolved for each server ([`Documents::resolve`]), since the
//! `${NAME}` references in it mean something else on each.

mod entry;
mod redaction;
mod reference;
pub mod unset;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::definition::{self, DefinitionError};
use super::document::{self, Content, DocumentError, Node, Place, nearest};
use crate::config::references::{Substitute, Tokens};
use crate::error::{Diagnose, Diagnosis, Exit, Hint, Invocation};
use crate::postmark::{Object, ServerPatch};
pub use entry::Entry;
pub use redaction::Redaction;
pub use reference::names;

const KEYS: [&str; 2] = ["Server", "Webhooks"];
/// The largest file, in bytes.
const LARGEST: u64 = 8 * 1024 * 1024;

const SERVER_KEYS: [&str; 2] = ["InboundHookUrl", "EnableSmtpApiErrorHooks"];

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// A file cannot be read.
    #[error(transparent)]
    Unread(#[from] DefinitionError),
    /// What the files say is wrong: every fault that was found, each with its place.
    #[error("{}", told(.0))]
    Wrong(Vec<String>),
}

impl Diagnose for ManifestError {
    fn diagnosis(&self) -> Diagnosis {
        let usage = Diagnosis::new(Exit::Usage);
        match self {
            Self::Unread(DefinitionError::Disk(_)) => usage.hint(
                Hint::from(Invocation::new("export --output-file FILE")).text(" writes a manifest"),
            ),
            Self::Unread(error) => error.diagnosis(),
            Self::Wrong(faults) if faults.len() > 1 => usage.details(faults.iter().cloned()),
            Self::Wrong(_) => usage,
        }
    }
}

fn told(faults: &[String]) -> String {
    match faults {
        [one] => one.clone(),
        all => format!("{} faults in the manifest", all.len()),
    }
}

/// Manifests as they are written, with their references.
#[derive(Clone, Debug)]
pub struct Documents(Vec<(String, Node)>);

/// What a manifest asks for, every reference resolved.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// The settings of the server; empty where the manifest has none.
    pub server: ServerPatch,
    /// The webhooks, as they are written.
    pub entries: Vec<Entry>,
    /// What a user should know.
    pub warnings: Vec<String>,
    /// Where secrets stand in clear, each with its place.
    pub literals: Vec<String>,
    /// Hides the values that came from the environment.
    pub redaction: Redaction,
}

impl Manifest {
    /// The webhooks and settings in which a token stands, each as a sentence with its place.
    pub fn with_tokens(&self, tokens: &Tokens) -> Vec<String> {
        let fault = |place: &str, path: &str| format!("{place}: {path} contains a Postmark token");
        let mut faults = Vec::new();
        if tokens.are_in(self.server.inbound_hook_url.as_deref().unwrap_or_default()) {
            faults.push(fault("Server", "InboundHookUrl"));
        }
        for entry in &self.entries {
            let moved_from =
                entry.moved_from.as_ref().map(|url| ("MovedFrom", url.expose().into()));
            let body = entry.to_new().body();
            let body = body.iter().map(|(key, value)| (key.as_str(), value.clone()));
            let paths = body.chain(moved_from).filter(|(_, value)| is_token_in(value, tokens));
            faults.extend(paths.map(|(path, _)| fault(&entry.place, path)));
        }
        faults
    }
}

fn is_token_in(value: &Value, tokens: &Tokens) -> bool {
    match value {
        Value::String(text) => tokens.are_in(text),
        Value::Array(items) => items.iter().any(|item| is_token_in(item, tokens)),
        Value::Object(object) => object.values().any(|inner| is_token_in(inner, tokens)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The value of a reference; an error is a sentence about the name.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Result<Substitute, String>;

impl Documents {
    /// Reads the files; `-` is standard input. Nothing is resolved yet.
    pub fn read(paths: &[PathBuf], stdin: &mut dyn Read) -> Result<Self, ManifestError> {
        let (mut documents, mut faults) = (Vec::new(), Vec::new());
        for path in paths {
            match Self::read_one(path, stdin) {
                Ok(one) => documents.push(one),
                Err(ManifestError::Wrong(found)) => faults.extend(found),
                Err(error) => return Err(error),
            }
        }
        if faults.is_empty() { Ok(Self(documents)) } else { Err(ManifestError::Wrong(faults)) }
    }

    fn read_one(path: &Path, stdin: &mut dyn Read) -> Result<(String, Node), ManifestError> {
        let origin = definition::origin(path);
        let text = definition::text(path, stdin, LARGEST)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        match document::parse(text) {
            Ok(node) => Ok((origin, node)),
            Err(error) => Err(ManifestError::Wrong(vec![format!("{origin}:{error}")])),
        }
    }

    /// The documents that [`Documents::to_json`] gave.
    pub fn from_json(value: &Value) -> Result<Self, ManifestError> {
        let mut documents = Vec::new();
        for item in value.as_array().into_iter().flatten() {
            let origin = item.get("Origin").and_then(Value::as_str).unwrap_or("the plan");
            let text = item.get("Document").unwrap_or(&Value::Null).to_string();
            let node = document::parse(&text);
            let node =
                node.map_err(|error| ManifestError::Wrong(vec![format!("{origin}:{error}")]))?;
            documents.push((origin.to_owned(), node));
        }
        Ok(Self(documents))
    }

    /// The documents as they are written, references and all.
    pub fn to_json(&self) -> Value {
        self.0
            .iter()
            .map(|(origin, node)| json!({"Origin": origin, "Document": node.to_json()}))
            .collect()
    }

    /// Puts in place of each reference what `lookup` says, and reads what the whole asks for.
    pub fn resolve(&self, lookup: Lookup<'_>) -> Result<Manifest, ManifestError> {
        let mut reading = Reading::default();
        for (origin, node) in &self.0 {
            reading.origin.clone_from(origin);
            reading.document(node, lookup);
        }
        reading.find_duplicates();
        if reading.faults.is_empty() {
            Ok(reading.manifest)
        } else {
            Err(ManifestError::Wrong(reading.faults))
        }
    }
}

/// A manifest while it is read: it goes on after a fault, so that all are told at once.
#[derive(Default)]
struct Reading {
    origin: String,
    manifest: Manifest,
    faults: Vec<String>,
    server_at: Option<String>,
}

impl Reading {
    fn fault(&mut self, mut error: DocumentError) {
        error.problem = self.manifest.redaction.sentence(&error.problem);
        self.faults.push(format!("{}:{error}", self.origin));
    }

    fn place(&self, place: Place) -> String {
        format!("{}:{}:{}", self.origin, place.line, place.column)
    }

    fn document(&mut self, written: &Node, lookup: Lookup<'_>) {
        self.manifest.literals.extend(reference::literals(written).into_iter().map(|literal| {
            let place = literal.place;
            format!(
                "{}:{}:{}: {} holds a secret in clear",
                self.origin, place.line, place.column, literal.path
            )
        }));
        let mut faults = Vec::new();
        let redaction = &mut self.manifest.redaction;
        let node = reference::resolved("", written, lookup, redaction, &mut faults);
        for fault in faults {
            self.fault(fault);
        }
        if node.is_null() {
            self.faults.push(format!(
                "{}: the file is empty; a manifest has the key Webhooks",
                self.origin
            ));
            return;
        }
        let entries = match node.map("the manifest") {
            Ok(entries) => entries,
            Err(error) => return self.fault(error),
        };
        let known = |key: &str| KEYS.contains(&key);
        if !entries.iter().any(|entry| known(&entry.key)) && entries.is_empty() {
            self.fault(node.error("there is nothing in it; a manifest has the key Webhooks"));
        }
        if let Some(entry) = entries.iter().find(|e| e.key == "Url") {
            self.fault(entry.error(
                "this is one webhook, not a manifest; put it into the list Webhooks, or take `pmhooks create --from`",
            ));
            return;
        }
        for entry in entries {
            match entry.key.as_str() {
                "Server" => self.server(entry.place, &entry.value),
                "Webhooks" => self.webhooks(&entry.value),
                key => self.fault(entry.error(unknown(key, &KEYS))),
            }
        }
    }

    fn webhooks(&mut self, node: &Node) {
        match node.list("Webhooks") {
            Ok(items) => {
                for item in items {
                    let place = self.place(item.place);
                    match entry::read(item, place, &mut self.manifest.warnings) {
                        Ok(entry) => self.manifest.entries.push(entry),
                        Err(error) => self.fault(error),
                    }
                }
            }
            Err(error) => self.fault(error),
        }
    }

    fn server(&mut self, place: Place, node: &Node) {
        let here = self.place(place);
        if let Some(earlier) = self.server_at.replace(here.clone()) {
            self.faults.push(format!("{here}: there is a Server block at {earlier} already"));
            return;
        }
        let entries = match &node.content {
            Content::Null => return,
            _ => match node.map("Server") {
                Ok(entries) => entries,
                Err(error) => return self.fault(error),
            },
        };
        for entry in entries {
            let read = match entry.key.as_str() {
                "InboundHookUrl" => hook_url(&entry.value)
                    .map(|url| self.manifest.server.inbound_hook_url = Some(url)),
                "EnableSmtpApiErrorHooks" if entry.value.is_null() => Ok(()),
                "EnableSmtpApiErrorHooks" => {
                    entry.value.bool("Server.EnableSmtpApiErrorHooks").map(|value| {
                        self.manifest.server.enable_smtp_api_error_hooks = Some(value);
                    })
                }
                key => Err(entry.error(format!("Server: {}", unknown(key, &SERVER_KEYS)))),
            };
            if let Err(error) = read {
                self.fault(error);
            }
        }
    }

    /// Two entries for one webhook, whatever they say, are a mistake.
    fn find_duplicates(&mut self) {
        let mut seen: HashMap<(bool, &str, Cow<'_, str>), &str> = HashMap::new();
        for entry in &self.manifest.entries {
            let stream = entry.stream.as_str();
            if let Some(earlier) = seen.insert((false, stream, entry.url.place()), &entry.place) {
                let stream = self.manifest.redaction.field("MessageStream", stream);
                self.faults.push(format!(
                    "{}: the stream {stream} has a webhook with this URL at {earlier} already",
                    entry.place
                ));
            }
            let Some(old) = &entry.moved_from else { continue };
            if let Some(earlier) = seen.insert((true, stream, old.place()), &entry.place) {
                self.faults.push(format!("{}: {earlier} is moved from the same URL", entry.place));
            }
        }
    }
}

/// Where inbound mail is posted to; null and an empty text switch it off.
fn hook_url(node: &Node) -> Result<String, DocumentError> {
    if node.is_null() {
        return Ok(String::new());
    }
    match node.text("Server.InboundHookUrl")? {
        "" => Ok(String::new()),
        text => {
            let url = text.parse::<crate::postmark::HookUrl>();
            let url = url.map_err(|why| node.error(format!("Server.InboundHookUrl: {why}")))?;
            Ok(url.expose().to_owned())
        }
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    match nearest(key, known) {
        Some(near) => format!("there is no key {key:?}; did you mean {near}?"),
        None => format!("there is no key {key:?}; there are {}", known.join(", ")),
    }
}

/// The keys of the server that a manifest knows.
pub fn server_part(server: &Object) -> Object {
    let known = SERVER_KEYS.iter().filter_map(|key| server.get(*key).map(|v| (*key, v)));
    known.map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Manifest, Vec<String>> {
        let lookup = |name: &str| match name {
            "HOST" => Ok("hooks.example.com".to_owned()),
            "PASSWORD" => Ok("geheim: #\"x".to_owned()),
            _ => Err(format!("{name} is not set")),
        };
        let lookup = |name: &str| lookup(name).map(|text| Substitute { text, is_secret: false });
        let path = [PathBuf::from("-")];
        let faults = |error| match error {
            ManifestError::Wrong(faults) => faults,
            unread @ ManifestError::Unread(_) => vec![unread.to_string()],
        };
        let documents = Documents::read(&path, &mut text.as_bytes()).map_err(faults)?;
        documents.resolve(&lookup).map_err(faults)
    }

    fn faults(text: &str) -> String {
        read(text).unwrap_err().join("\n").replace("standard input", "-")
    }

    #[test]
    fn a_setting_without_a_value_is_left_alone() {
        let manifest = read("Server:\n  EnableSmtpApiErrorHooks:\nWebhooks: []\n").unwrap();
        assert_eq!(manifest.server.enable_smtp_api_error_hooks, None);
    }

    #[test]
    fn what_is_written_is_read_and_what_is_not_is_left_alone() {
        let manifest = read(concat!(
            "Server:\n  InboundHookUrl: https://${HOST}/inbound\n",
            "Webhooks:\n",
            "  - Url: https://${HOST}/a$$b\n",
            "    HttpAuth: { Username: u, Password: \"${PASSWORD}\" }\n",
            "    HttpHeaders: []\n",
            "    Triggers:\n      Bounce: { Enabled: true }\n",
            "  - Url: https://${HOST}/b\n    MessageStream: broadcast\n    HttpAuth: null\n",
            "    MovedFrom: https://${HOST}/old\n",
        ))
        .unwrap();
        assert_eq!(
            manifest.server.inbound_hook_url.as_deref(),
            Some("https://hooks.example.com/inbound")
        );
        let [a, b] = manifest.entries.as_slice() else { panic!("two entries") };
        assert_eq!(a.url.expose(), "https://hooks.example.com/a$b");
        assert_eq!(a.stream.as_str(), "outbound");
        assert_eq!(a.http_auth.clone().unwrap().unwrap().password.expose(), "geheim: #\"x");
        assert_eq!(a.http_headers.as_deref(), Some([].as_slice()));
        assert_eq!(a.triggers.len(), 1);
        assert_eq!(b.http_auth, Some(None));
        assert!(b.http_headers.is_none() && b.triggers.is_empty());
        assert!(b.moved_from.is_some());
        assert!(manifest.literals.is_empty(), "{:?}", manifest.literals);
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        // torture 80, 81, 107, 110
        assert_eq!(
            faults(concat!(
                "Webhooks:\n",
                "  - Ulr: https://h.example/x\n",
                "  - Url: nonsense\n",
                "  - Url: https://h.example/x\n    Trigers: {}\n",
                "  - Url: https://h.example/${NOWHERE}\n",
                "  - Url: https://h.example/x\n    HttpAuth: { Username: u, Password: \"********\" }\n",
                "Sever: {}\n",
            )),
            [
                "-:6:10: NOWHERE is not set",
                "-:2:5: there is no key \"Ulr\"; did you mean Url?",
                "-:3:10: Url: it does not start with https:// (or http://)",
                "-:5:5: there is no key \"Trigers\"; did you mean Triggers?",
                "-:7:5: HttpAuth.Password holds ********, which pmhooks shows in a secret's place; \
                 put the secret itself there, or a reference such as ${NAME}",
                "-:9:1: there is no key \"Sever\"; did you mean Server?",
            ]
            .join("\n")
        );
    }

    #[test]
    fn nothing_at_all_is_no_manifest() {
        // torture 73, 80
        for (text, said) in [
            ("", "-: the file is empty; a manifest has the key Webhooks"),
            ("{}", "-:1:1: there is nothing in it; a manifest has the key Webhooks"),
            ("- 1", "-:1:1: the manifest is a list, not a map of keys and values"),
            ("Webhook: []", "-:1:1: there is no key \"Webhook\"; did you mean Webhooks?"),
            ("Webhooks:", "-:1:9: Webhooks is empty, not a list"),
        ] {
            assert_eq!(faults(text), said, "{text:?}");
        }
        assert!(faults("Url: https://h.example/").contains("this is one webhook"));
    }

    #[test]
    fn one_webhook_written_twice_is_refused_with_both_places() {
        let twice = "Webhooks:\n  - Url: https://h.example/x\n  - Url: https://H.example:443/x\n    MessageStream: outbound\n";
        assert_eq!(
            faults(twice),
            "-:3:5: the stream outbound has a webhook with this URL at -:2:5 already"
        );
    }

    #[test]
    fn secrets_in_clear_are_noticed_and_references_are_not() {
        // torture 74
        let manifest = read(concat!(
            "Webhooks:\n",
            "  - Url: https://u:secret@h.example/x?token=abc\n",
            "    HttpAuth: { Username: u, Password: plain }\n",
            "    HttpHeaders:\n      - { Name: X-Api-Key, Value: plain }\n",
            "      - { Name: X-Env, Value: staging }\n",
        ))
        .unwrap();
        assert_eq!(
            manifest.literals.join("\n").replace("standard input", "-"),
            concat!(
                "-:2:10: Webhooks.Url holds a secret in clear\n",
                "-:3:40: Webhooks.HttpAuth.Password holds a secret in clear\n",
                "-:5:35: Webhooks.HttpHeaders.X-Api-Key holds a secret in clear",
            )
        );
    }
}
