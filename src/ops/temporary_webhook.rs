//! A webhook that exists only while `listen --register` runs. A private state file names it from before it
//! is created until after it is deleted, so that a later run can delete what a crash left behind.

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::create::{self, CreateError, Created};
use super::rotate::generate::{self, GenerateError};
use super::session::Session;
use crate::config::ConfigError;
use crate::config::resolve::state_folder;
use crate::error::{Diagnose, Diagnosis};
use crate::fs::FsError;
use crate::fs::held::{self, Held};
use crate::postmark::{
    ApiError, ApiUrl, HookUrl, HttpAuth, HttpHeader, NewWebhook, Object, Secret, ServerId,
    StreamId, Trigger, TriggerSetting, Webhook, WebhookId, Writer,
};

/// Header that carries the marker of a temporary webhook.
const MARKER_HEADER: &str = "X-Pmhooks-Temporary";
const USERNAME: &str = "pmhooks-listen";
/// Maximum size of a state file, in bytes.
const MAX_STATE_SIZE: u64 = 64 * 1024;

/// A failure to create, delete or clean up temporary webhooks.
#[derive(Debug, thiserror::Error)]
pub enum TemporaryError {
    /// The state folder is unknown.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state file cannot be written or removed.
    #[error(transparent)]
    File(#[from] FsError),
    /// No random numbers are available.
    #[error(transparent)]
    Random(#[from] GenerateError),
    /// The webhook was not created, or the outcome is unknown.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// Postmark refused a request.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Diagnose for TemporaryError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Config(error) => error.diagnosis(),
            Self::File(error) => error.diagnosis(),
            Self::Random(error) => error.diagnosis(),
            Self::Create(error) => error.diagnosis(),
            Self::Api(error) => error.diagnosis(),
        }
    }
}

/// Identity of a Postmark server: API origin and server ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKey {
    api: String,
    server: ServerId,
}

impl ServerKey {
    /// The server of a session. Costs one `GET /server`.
    pub fn of(session: &Session) -> Result<Self, ApiError> {
        let server = session.client.server()?.id;
        // The built-in sandbox has another port in each run.
        let is_sandbox = session.target.name().is_some_and(|name| name.is_sandbox());
        let api =
            if is_sandbox { "sandbox".to_owned() } else { session.target.api_url.to_string() };
        Ok(Self { api, server })
    }

    fn matches(&self, state: &StateFile) -> bool {
        let parse = |text: &str| text.parse::<ApiUrl>().ok();
        let is_same_api = state.api_url == self.api
            || matches!((parse(&state.api_url), parse(&self.api)), (Some(a), Some(b)) if a.is_same_origin(&b));
        is_same_api && state.server_id == self.server.0
    }
}

/// Content of a state file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StateFile {
    marker: String,
    api_url: String,
    #[serde(rename = "ServerID")]
    server_id: i64,
    message_stream: String,
    url: HookUrl,
    /// Missing until Postmark has answered the create request.
    #[serde(rename = "ID")]
    id: Option<i64>,
}

impl StateFile {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    fn names(&self, webhook: &Webhook) -> bool {
        has_marker(&webhook.http_headers, &self.marker)
    }
}

fn has_marker(headers: &[HttpHeader], marker: &str) -> bool {
    let is_marker = |header: &HttpHeader| {
        header.name.eq_ignore_ascii_case(MARKER_HEADER) && header.value.expose() == marker
    };
    !marker.is_empty() && headers.iter().any(is_marker)
}

/// A temporary webhook that is not created yet.
pub struct NewTemporaryWebhook {
    /// Request to create it.
    pub request: NewWebhook,
    /// Its random credentials.
    pub auth: HttpAuth,
    marker: String,
    server: ServerKey,
}

impl NewTemporaryWebhook {
    /// Generates credentials and a marker. Sends nothing.
    pub fn new(
        server: ServerKey,
        url: HookUrl,
        stream: Option<StreamId>,
        triggers: Vec<(Trigger, TriggerSetting)>,
    ) -> Result<Self, TemporaryError> {
        let marker = generate_marker()?;
        let auth = HttpAuth { username: USERNAME.to_owned(), password: generate::password()? };
        let header =
            HttpHeader { name: MARKER_HEADER.to_owned(), value: Secret::new(marker.clone()) };
        let request = NewWebhook {
            url,
            message_stream: stream,
            http_auth: Some(auth.clone()),
            http_headers: vec![header],
            triggers,
            other_triggers: Object::new(),
            extra: Object::new(),
            verify: true,
        };
        Ok(Self { request, auth, marker, server })
    }

    /// Creates the webhook. The state file is written before, and kept if the outcome is unknown.
    pub fn create(&self, writer: &Writer) -> Result<TemporaryWebhook, TemporaryError> {
        let stream = self.request.message_stream.clone().unwrap_or_else(StreamId::outbound);
        let mut state = StateFile {
            marker: self.marker.clone(),
            api_url: self.server.api.clone(),
            server_id: self.server.server.0,
            message_stream: stream.to_string(),
            url: self.request.url.clone(),
            id: None,
        };
        let path = state_files()?.join(format!("{}.json", self.marker));
        let mut file = Held::make(&path, &state.to_bytes())?;
        // The marker is new, so no existing webhook can be mistaken for this one.
        let created = match create::create(writer, &self.request, Some(&[])) {
            Ok(created) => created,
            Err(error @ CreateError::Api(_)) => {
                file.remove()?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        };
        let (webhook, was_looked_up) = match created {
            Created::Answered(webhook) => (*webhook, false),
            Created::Found { webhook, .. } => (*webhook, true),
        };
        state.id = Some(webhook.id.0);
        // A state file without the ID still has the marker.
        let _ = file.rewrite(&state.to_bytes());
        Ok(TemporaryWebhook { webhook, was_looked_up, writer: writer.clone(), file })
    }
}

fn generate_marker() -> Result<String, GenerateError> {
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes).map_err(|e| GenerateError::Random(e.to_string()))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// A webhook that exists while this run lasts.
pub struct TemporaryWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// The response to the create request was lost, and the webhook was looked up.
    pub was_looked_up: bool,
    writer: Writer,
    file: Held,
}

impl TemporaryWebhook {
    /// Deletes the webhook, then its state file. If this fails, the file is kept for the next run.
    pub fn delete(self) -> Result<(), TemporaryError> {
        ignore_not_found(self.writer.delete(self.webhook.id))?;
        Ok(self.file.remove()?)
    }
}

fn ignore_not_found<T>(outcome: Result<T, ApiError>) -> Result<(), ApiError> {
    match outcome {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// Outcome for a webhook of an earlier run.
#[derive(Debug)]
pub enum CleanUp {
    /// It was deleted.
    Deleted(WebhookId),
    /// The webhook with this ID has no marker, so it was left alone.
    Unmarked(WebhookId),
    /// It could not be deleted; its state file is kept.
    Failed(PathBuf, TemporaryError),
}

/// Deletes the webhooks of this server that earlier runs left behind. Those of running processes, of other
/// servers, and webhooks without the marker are left alone.
pub fn clean_up(writer: &Writer, server: &ServerKey) -> Result<Vec<CleanUp>, TemporaryError> {
    let mut outcomes = Vec::new();
    for path in held::files(&state_files()?, "json")? {
        let (file, bytes) = match Held::take(&path, MAX_STATE_SIZE) {
            Ok(Some(taken)) => taken,
            Ok(None) => continue,
            Err(error) => {
                outcomes.push(CleanUp::Failed(path, error.into()));
                continue;
            }
        };
        let Ok(state) = serde_json::from_slice::<StateFile>(&bytes) else { continue };
        if !server.matches(&state) {
            continue;
        }
        match delete_named(writer, &state) {
            Ok(deleted) => {
                outcomes.extend(deleted);
                if let Err(error) = file.remove() {
                    outcomes.push(CleanUp::Failed(path, error.into()));
                }
            }
            Err(error) => outcomes.push(CleanUp::Failed(path, error.into())),
        }
    }
    Ok(outcomes)
}

/// Deletes the webhook that a state file names.
fn delete_named(writer: &Writer, state: &StateFile) -> Result<Vec<CleanUp>, ApiError> {
    let found = match state.id.map(WebhookId) {
        Some(id) => match writer.reader().get(id) {
            Ok(webhook) if state.names(&webhook) => vec![webhook],
            Ok(webhook) => return Ok(vec![CleanUp::Unmarked(webhook.id)]),
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        },
        None => {
            writer.reader().list(None)?.into_iter().filter(|webhook| state.names(webhook)).collect()
        }
    };
    let mut deleted = Vec::new();
    for webhook in found {
        ignore_not_found(writer.delete(webhook.id))?;
        deleted.push(CleanUp::Deleted(webhook.id));
    }
    Ok(deleted)
}

/// Folder of the state files.
fn state_files() -> Result<PathBuf, ConfigError> {
    Ok(state_folder()?.join("temporary"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_marker_matches() {
        let header = |name: &str, value: &str| HttpHeader {
            name: name.to_owned(),
            value: Secret::new(value),
        };
        assert!(has_marker(&[header("x-pmhooks-temporary", "abc")], "abc"));
        assert!(!has_marker(&[header(MARKER_HEADER, "abcd")], "abc"));
        assert!(!has_marker(&[header("X-Other", "abc")], "abc"));
        assert!(!has_marker(&[header(MARKER_HEADER, "")], ""));
        assert!(!has_marker(&[], "abc"));
    }

    #[test]
    fn markers_are_unique_and_valid_file_names() {
        let (one, other) = (generate_marker().unwrap(), generate_marker().unwrap());
        assert_ne!(one, other);
        assert!(one.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    }
}
