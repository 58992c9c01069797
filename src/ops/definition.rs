//! One webhook as a user writes it: from a file, from standard input, from an editor.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::document::{self, DocumentError, Entry, Node, nearest};
use crate::error::{Diagnose, Diagnosis, Exit};
use crate::fs::{self, FsError};
use crate::postmark::{
    HookUrl, HttpAuth, HttpHeader, MASK, Object, Secret, StreamId, Trigger, TriggerSetting,
};

/// A definition is smaller than this, in bytes.
pub const LARGEST: u64 = 1024 * 1024;

const KEYS: [&str; 8] =
    ["ID", "Url", "MessageStream", "Status", "HttpAuth", "HttpHeaders", "Triggers", "Verify"];

/// Why a definition cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// It cannot be read.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Stdin(std::io::Error),
    /// It is not text, or too much of it.
    #[error("{origin}: {problem}")]
    Unusable {
        /// The file, or `standard input`.
        origin: String,
        /// Why.
        problem: String,
    },
    /// What it says is wrong.
    #[error("{origin}:{error}")]
    Wrong {
        /// The file, or `standard input`.
        origin: String,
        /// Where, and what.
        error: DocumentError,
    },
}

impl Diagnose for DefinitionError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Disk(_) | Self::Stdin(_) | Self::Unusable { .. } | Self::Wrong { .. } => {
                Diagnosis::new(Exit::Usage)
            }
        }
    }
}

/// What a definition names. A key that is not there is `None`, one that is null is "none".
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// Where the webhook posts to.
    pub url: Option<Written<HookUrl>>,
    /// Its stream.
    pub message_stream: Option<StreamId>,
    /// Its credentials; the inner `None` where the file says null.
    pub http_auth: Option<Option<Written<HttpAuth>>>,
    /// Its headers.
    pub http_headers: Option<Vec<(String, Written<Secret>)>>,
    /// The triggers that are named.
    pub triggers: Vec<(Trigger, TriggerSetting)>,
    /// Triggers that are not known here.
    pub other_triggers: Object,
    /// Keys that are not known here.
    pub extra: Object,
    /// What a user should know.
    pub warnings: Vec<String>,
}

/// What may be secret of a definition, in clear.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The URL.
    pub url: Option<HookUrl>,
    /// The credentials.
    pub auth: Option<HttpAuth>,
    /// The headers.
    pub headers: Vec<HttpHeader>,
}

/// A secret as it was written.
#[derive(Clone, Debug)]
pub enum Written<T> {
    /// In clear.
    Clear(T),
    /// With the mask in it: it stays as it is, or is refused. Holds what was written beside the mask: a
    /// URL as it is shown, or the user name.
    Masked(String),
}

impl Definition {
    /// Refuses a mask: what it hides is not known here.
    pub fn without_masks(&self) -> Result<Secrets, String> {
        let masked = |path: &str| {
            format!(
                "{path} holds {MASK}, which pmhooks shows in a secret's place; \
                 put the secret itself there, or read the webhook with --show-secrets"
            )
        };
        let url = match &self.url {
            None => None,
            Some(Written::Clear(url)) => Some(url.clone()),
            Some(Written::Masked(_)) => return Err(masked("Url")),
        };
        let auth = match &self.http_auth {
            None | Some(None) => None,
            Some(Some(Written::Clear(auth))) => Some(auth.clone()),
            Some(Some(Written::Masked(_))) => return Err(masked("HttpAuth.Password")),
        };
        let mut headers = Vec::new();
        for (name, value) in self.http_headers.iter().flatten() {
            let Written::Clear(value) = value else {
                return Err(masked(&format!("HttpHeaders.{name}")));
            };
            headers.push(HttpHeader { name: name.clone(), value: value.clone() });
        }
        Ok(Secrets { url, auth, headers })
    }
}

/// Reads a definition from a file, or from standard input where the path is `-`.
pub fn read(path: &Path, stdin: &mut dyn Read) -> Result<Definition, DefinitionError> {
    let text = text(path, stdin, LARGEST)?;
    parse(&text).map_err(|error| DefinitionError::Wrong { origin: origin(path), error })
}

/// Reads a text of at most `limit` bytes.
pub fn text(path: &Path, stdin: &mut dyn Read, limit: u64) -> Result<String, DefinitionError> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        stdin.take(limit + 1).read_to_end(&mut bytes).map_err(DefinitionError::Stdin)?;
        bytes
    } else {
        fs::read(path, limit)?.bytes
    };
    let unusable = |problem| DefinitionError::Unusable { origin: origin(path), problem };
    if bytes.len() as u64 > limit {
        return Err(unusable(format!("it is larger than {limit} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| unusable("it is not text (UTF-8)".to_owned()))
}

/// What a definition's path is called in a sentence.
pub fn origin(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

/// Reads a definition from a text: one webhook in the API's own shape, as YAML or JSON.
pub fn parse(text: &str) -> Result<Definition, DocumentError> {
    let document = document::parse(text)?;
    if document.is_null() {
        return Err(document.error("there is no webhook in it"));
    }
    let mut definition = Definition::default();
    for entry in document.map("the document")? {
        read_key(entry, &mut definition)?;
    }
    Ok(definition)
}

fn read_key(entry: &Entry, definition: &mut Definition) -> Result<(), DocumentError> {
    let value = &entry.value;
    match entry.key.as_str() {
        // Postmark's own answers: not for a request.
        "ID" | "Status" | "Verify" => {}
        "MessageStream" | "Triggers" if value.is_null() => {}
        "Url" => definition.url = Some(url(value)?),
        "MessageStream" => definition.message_stream = Some(parsed(value, "MessageStream")?),
        "HttpAuth" => definition.http_auth = Some(http_auth(value)?),
        "HttpHeaders" => definition.http_headers = Some(http_headers(value)?),
        "Triggers" => {
            triggers(value, definition)?;
            definition
                .triggers
                .iter_mut()
                .for_each(|(trigger, setting)| setting.complete(*trigger));
        }
        key => {
            if let Some(known) = nearest(key, &KEYS) {
                return Err(entry.error(format!("there is no key {key:?}; did you mean {known}?")));
            }
            definition
                .warnings
                .push(format!("the key {key:?} is not known here; it is sent as it is"));
            definition.extra.insert(key.to_owned(), value.to_json());
        }
    }
    Ok(())
}

pub(super) fn parsed<T: std::str::FromStr<Err = String>>(
    node: &Node,
    path: &str,
) -> Result<T, DocumentError> {
    node.text(path)?.parse().map_err(|why| node.error(format!("{path}: {why}")))
}

pub(super) fn url(node: &Node) -> Result<Written<HookUrl>, DocumentError> {
    let text = node.text("Url")?;
    if text.contains(MASK) {
        return Ok(Written::Masked(text.to_owned()));
    }
    parsed(node, "Url").map(Written::Clear)
}

pub(super) fn http_auth(node: &Node) -> Result<Option<Written<HttpAuth>>, DocumentError> {
    if node.is_null() {
        return Ok(None);
    }
    let (mut username, mut password) = (None, None);
    for entry in node.map("HttpAuth")? {
        let text = |path| {
            if entry.value.is_null() { Ok("") } else { entry.value.text(path) }.map(str::to_owned)
        };
        match entry.key.as_str() {
            "Username" => username = Some(text("HttpAuth.Username")?),
            "Password" => password = Some(text("HttpAuth.Password")?),
            key => {
                return Err(entry.error(format!("HttpAuth has Username and Password, not {key:?}")));
            }
        }
    }
    match (username, password) {
        (Some(u), Some(p)) if u.is_empty() && p.is_empty() => Ok(None),
        (Some(username), Some(p)) if p == MASK => Ok(Some(Written::Masked(username))),
        (Some(username), Some(password)) if !username.is_empty() => {
            Ok(Some(Written::Clear(HttpAuth { username, password: Secret::new(password) })))
        }
        _ => Err(node.error("HttpAuth needs both Username and Password")),
    }
}

pub(super) fn http_headers(node: &Node) -> Result<Vec<(String, Written<Secret>)>, DocumentError> {
    if node.is_null() {
        return Ok(Vec::new());
    }
    node.list("HttpHeaders")?.iter().map(http_header).collect()
}

fn http_header(node: &Node) -> Result<(String, Written<Secret>), DocumentError> {
    let (mut name, mut value) = (None, None);
    for entry in node.map("a header")? {
        match entry.key.as_str() {
            "Name" => name = Some(entry.value.text("HttpHeaders.Name")?.to_owned()),
            "Value" => value = Some(entry.value.text("HttpHeaders.Value")?.to_owned()),
            key => return Err(entry.error(format!("a header has Name and Value, not {key:?}"))),
        }
    }
    let (Some(name), Some(value)) = (name, value) else {
        return Err(node.error("a header needs both Name and Value"));
    };
    HttpHeader::check(&name, &value).map_err(|why| node.error(why))?;
    let value = if value.contains(MASK) {
        Written::Masked(String::new())
    } else {
        Written::Clear(Secret::new(value))
    };
    Ok((name, value))
}

pub(super) fn triggers(node: &Node, definition: &mut Definition) -> Result<(), DocumentError> {
    let known = Trigger::ALL.map(Trigger::key);
    for entry in node.map("Triggers")? {
        let key = entry.key.as_str();
        match (Trigger::from_key(key), &entry.value) {
            (_, value) if value.is_null() => {}
            (Some(trigger), value) => {
                let setting = trigger_setting(trigger, value)?;
                let unknown =
                    setting.options.keys().filter(|k| Some(k.as_str()) != trigger.option());
                definition.warnings.extend(unknown.map(|option| {
                    format!("the option {option:?} of {key} is not known here; it is sent as it is")
                }));
                definition.triggers.push((trigger, setting));
            }
            (None, value) => {
                if let Some(near) = nearest(key, &known) {
                    return Err(
                        entry.error(format!("there is no trigger {key:?}; did you mean {near}?"))
                    );
                }
                let path = format!("Triggers.{key}");
                value.map(&path)?;
                definition
                    .warnings
                    .push(format!("the trigger {key:?} is not known here; it is sent as it is"));
                definition.other_triggers.insert(key.to_owned(), value.to_json());
            }
        }
    }
    Ok(())
}

fn trigger_setting(trigger: Trigger, node: &Node) -> Result<TriggerSetting, DocumentError> {
    let path = format!("Triggers.{}", trigger.key());
    let mut setting = TriggerSetting::default();
    for entry in node.map(&path)? {
        let path = format!("{path}.{}", entry.key);
        let known: Vec<_> = ["Enabled"].into_iter().chain(trigger.option()).collect();
        match entry.key.as_str() {
            "Enabled" => setting.enabled = entry.value.bool(&path)?,
            key if Some(key) == trigger.option() => {
                setting.options.insert(key.to_owned(), entry.value.bool(&path)?.into());
            }
            key => {
                if let Some(near) = nearest(key, &known) {
                    return Err(entry.error(format!("{path} is not known; did you mean {near}?")));
                }
                setting.options.insert(key.to_owned(), entry.value.to_json());
            }
        }
    }
    if !matches!(setting_enabled(node), Some(Value::Bool(_))) {
        return Err(node.error(format!("{path} needs Enabled: true or false")));
    }
    Ok(setting)
}

fn setting_enabled(node: &Node) -> Option<Value> {
    node.to_json().get("Enabled").cloned()
}
