//! A webhook for as long as a run lasts. A private file says that it is there from before it is made until
//! after it is removed, so that what a crash leaves behind can be found, and be told from all others.

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::create::{self, CreateError, Created};
use super::rotate::generate::{self, GenerateError};
use super::session::Session;
use crate::config::ConfigError;
use crate::config::resolve::state_folder;
use crate::fs::FsError;
use crate::fs::held::{self, Held};
use crate::postmark::{
    ApiError, ApiUrl, Client, HookUrl, HttpAuth, HttpHeader, NewWebhook, Object, Secret, ServerId,
    StreamId, Trigger, TriggerSetting, Webhook, WebhookId,
};

/// The header that tells such a webhook from all others.
pub const HEADER: &str = "X-Pmhooks-Temporary";
const USERNAME: &str = "pmhooks-listen";
/// A file that is larger is none of ours, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Why there is no temporary webhook.
#[derive(Debug, thiserror::Error)]
pub enum TemporaryError {
    /// The state has no place.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its file cannot be kept.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// There are no random numbers.
    #[error(transparent)]
    Random(#[from] GenerateError),
    /// It was not made, or nobody knows.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// Postmark does not say what is there, or keeps it.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// The server that a webhook is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    api: String,
    server: ServerId,
}

impl Place {
    /// The place of a session: one `GET /server`.
    pub fn of(session: &Session) -> Result<Self, ApiError> {
        let server = session.client.server()?.id;
        // The built-in sandbox has another port each time.
        let is_sandbox = session.target.name().is_some_and(|name| name.is_sandbox());
        let api =
            if is_sandbox { "sandbox".to_owned() } else { session.target.api_url.to_string() };
        Ok(Self { api, server })
    }

    fn holds(&self, noted: &Noted) -> bool {
        let parse = |text: &str| text.parse::<ApiUrl>().ok();
        let is_same_api = noted.api_url == self.api
            || matches!((parse(&noted.api_url), parse(&self.api)), (Some(a), Some(b)) if a.is_same_origin(&b));
        is_same_api && noted.server_id == self.server.0
    }
}

/// What the file says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Noted {
    marker: String,
    api_url: String,
    #[serde(rename = "ServerID")]
    server_id: i64,
    message_stream: String,
    url: HookUrl,
    /// Missing until Postmark has answered the create.
    #[serde(rename = "ID")]
    id: Option<i64>,
}

impl Noted {
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// Whether a webhook is the one that the file is about.
    fn is_about(&self, webhook: &Webhook) -> bool {
        is_marked(&webhook.http_headers, &self.marker)
    }
}

fn is_marked(headers: &[HttpHeader], marker: &str) -> bool {
    !marker.is_empty()
        && headers.iter().any(|h| h.name.eq_ignore_ascii_case(HEADER) && h.value.expose() == marker)
}

/// A temporary webhook that is to be made.
pub struct Wanted {
    /// What is to be made, with credentials of its own.
    pub new: NewWebhook,
    /// These.
    pub auth: HttpAuth,
    marker: String,
    place: Place,
}

/// Thinks a temporary webhook up: its credentials and its mark are random. Sends nothing.
pub fn want(
    place: Place,
    url: HookUrl,
    stream: Option<StreamId>,
    triggers: Vec<(Trigger, TriggerSetting)>,
) -> Result<Wanted, TemporaryError> {
    let marker = marker()?;
    let auth = HttpAuth { username: USERNAME.to_owned(), password: generate::password()? };
    let header = HttpHeader { name: HEADER.to_owned(), value: Secret::new(marker.clone()) };
    let new = NewWebhook {
        url,
        message_stream: stream,
        http_auth: Some(auth.clone()),
        http_headers: vec![header],
        triggers,
        other_triggers: Object::new(),
        extra: Object::new(),
        verify: true,
    };
    Ok(Wanted { new, auth, marker, place })
}

fn marker() -> Result<String, GenerateError> {
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes).map_err(|e| GenerateError::Random(e.to_string()))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// A webhook that is there for as long as this run lasts.
#[derive(Debug)]
pub struct Temporary {
    /// The webhook.
    pub webhook: Webhook,
    /// Postmark's answer to the create was lost; it was found.
    pub was_found: bool,
    held: Held,
}

/// Makes the webhook. Its file is there before; it stays where nobody knows whether the webhook is.
pub fn make(client: &Client, wanted: &Wanted) -> Result<Temporary, TemporaryError> {
    let stream = wanted.new.message_stream.clone().unwrap_or_else(StreamId::outbound);
    let mut noted = Noted {
        marker: wanted.marker.clone(),
        api_url: wanted.place.api.clone(),
        server_id: wanted.place.server.0,
        message_stream: stream.to_string(),
        url: wanted.new.url.clone(),
        id: None,
    };
    let path = folder()?.join(format!("{}.json", wanted.marker));
    let mut held = Held::make(&path, &noted.bytes())?;
    // Nothing there can be older: the mark is new.
    let created = match create::create(client, &wanted.new, Some(&[])) {
        Ok(created) => created,
        Err(error @ CreateError::Api(_)) => {
            held.remove()?;
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    };
    let (webhook, was_found) = match created {
        Created::Answered(webhook) => (*webhook, false),
        Created::Found { webhook, .. } => (*webhook, true),
    };
    noted.id = Some(webhook.id.0);
    // Without the ID it is found all the same, by its mark.
    let _ = held.rewrite(&noted.bytes());
    Ok(Temporary { webhook, was_found, held })
}

impl Temporary {
    /// Removes the webhook, then its file. That it is gone already is fine. Where this fails the file stays
    /// for the next run.
    pub fn remove(self, client: &Client) -> Result<(), TemporaryError> {
        gone(client.delete(self.webhook.id))?;
        Ok(self.held.remove()?)
    }
}

fn gone<T>(outcome: Result<T, ApiError>) -> Result<(), ApiError> {
    match outcome {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// What became of a webhook that an earlier run has left behind.
#[derive(Debug)]
pub enum Swept {
    /// It was there, and is removed.
    Removed(WebhookId),
    /// Its ID is that of a webhook without its mark, which is left alone.
    Foreign(WebhookId),
    /// It could not be removed; its file stays.
    Kept(PathBuf, TemporaryError),
}

/// Removes the webhooks of this server that earlier runs have left behind. Those of runs that are alive,
/// those of other servers, and whatever has not their mark are left alone.
pub fn sweep(client: &Client, place: &Place) -> Result<Vec<Swept>, TemporaryError> {
    let mut swept = Vec::new();
    for path in held::files(&folder()?, "json")? {
        let taken = match Held::take(&path, LARGEST) {
            Ok(Some(taken)) => taken,
            Ok(None) => continue,
            Err(error) => {
                swept.push(Swept::Kept(path, error.into()));
                continue;
            }
        };
        let (held, bytes) = taken;
        let Ok(noted) = serde_json::from_slice::<Noted>(&bytes) else { continue };
        if !place.holds(&noted) {
            continue;
        }
        match clear(client, &noted) {
            Ok(found) => {
                swept.extend(found);
                if let Err(error) = held.remove() {
                    swept.push(Swept::Kept(path, error.into()));
                }
            }
            Err(error) => swept.push(Swept::Kept(path, error.into())),
        }
    }
    Ok(swept)
}

/// Removes the webhook that a file is about.
fn clear(client: &Client, noted: &Noted) -> Result<Vec<Swept>, ApiError> {
    let there = match noted.id.map(WebhookId) {
        Some(id) => match client.get(id) {
            Ok(webhook) if noted.is_about(&webhook) => vec![webhook],
            Ok(webhook) => return Ok(vec![Swept::Foreign(webhook.id)]),
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        },
        None => client.list(None)?.into_iter().filter(|webhook| noted.is_about(webhook)).collect(),
    };
    let mut removed = Vec::new();
    for webhook in there {
        gone(client.delete(webhook.id))?;
        removed.push(Swept::Removed(webhook.id));
    }
    Ok(removed)
}

/// Where the files are.
fn folder() -> Result<PathBuf, ConfigError> {
    Ok(state_folder()?.join("temporary"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_mark_is_one() {
        let header = |name: &str, value: &str| HttpHeader {
            name: name.to_owned(),
            value: Secret::new(value),
        };
        assert!(is_marked(&[header("x-pmhooks-temporary", "abc")], "abc"));
        assert!(!is_marked(&[header(HEADER, "abcd")], "abc"));
        assert!(!is_marked(&[header("X-Other", "abc")], "abc"));
        assert!(!is_marked(&[header(HEADER, "")], ""));
        assert!(!is_marked(&[], "abc"));
    }

    #[test]
    fn a_mark_is_a_file_name_and_its_own() {
        let (one, other) = (marker().unwrap(), marker().unwrap());
        assert_ne!(one, other);
        assert!(one.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    }
}
