//! The calls: all go out through one function, all answers are judged by another.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::error::{not_postmark, refused};
use super::{ApiError, Refusal};
use crate::model::{
    ApiUrl, MASK, NewWebhook, Object, Patch, Secret, Server, ServerPatch, Statistics, Stream,
    StreamId, StreamType, Verification, Webhook, WebhookId, mask,
};
use crate::net::{Answer, Header, Method, Net, Repeat, Request, authority};

/// No answer of Postmark's is larger than this, in bytes.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// What a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The time of a call with its retries and waits.
    pub timeout: Duration,
    /// How often a call is repeated at most.
    pub retries: u32,
}

/// One server of Postmark's, as its token opens it.
#[derive(Clone)]
pub struct Client {
    net: Arc<Net>,
    base: ApiUrl,
    token: Secret,
    limits: Limits,
}

/// What `GET /message-streams` is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamFilter {
    /// Only streams of this type.
    pub kind: Option<StreamType>,
    /// Archived streams too.
    pub archived: bool,
}

/// A webhook that is gone.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// Postmark's words, or ours.
    pub message: String,
}

impl Client {
    /// A client of the server that `token` belongs to. Sends nothing yet.
    pub fn new(net: Arc<Net>, base: ApiUrl, token: Secret, limits: Limits) -> Self {
        Self { net, base, token, limits }
    }

    /// `GET /webhooks`: all webhooks of the server, or those of one stream.
    pub fn list(&self, stream: Option<&StreamId>) -> Result<Vec<Webhook>, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct List {
            webhooks: Vec<Webhook>,
        }
        let query: Vec<_> = stream.map(|s| ("MessageStream", s.as_str())).into_iter().collect();
        let list: List = self.call(Method::Get, &["webhooks"], &query, None)?;
        Ok(list.webhooks)
    }

    /// `GET /webhooks/{Id}`.
    pub fn get(&self, id: WebhookId) -> Result<Webhook, ApiError> {
        self.call(Method::Get, &["webhooks", &id.to_string()], &[], None)
    }

    /// `POST /webhooks`. Never repeated once it may have arrived: Postmark knows no idempotency key.
    pub fn create(&self, new: &NewWebhook) -> Result<Webhook, ApiError> {
        self.call(Method::Post, &["webhooks"], &[], Some(new.body()))
    }

    /// `PUT /webhooks/{Id}` with what changes.
    pub fn update(&self, id: WebhookId, patch: &Patch) -> Result<Webhook, ApiError> {
        self.call(Method::Put, &["webhooks", &id.to_string()], &[], Some(patch.body()))
    }

    /// `DELETE /webhooks/{Id}`. Not found after a retry means that the first try did it.
    pub fn delete(&self, id: WebhookId) -> Result<Deleted, ApiError> {
        match self.call::<Object>(Method::Delete, &["webhooks", &id.to_string()], &[], None) {
            Ok(answer) => deleted(&answer),
            Err(ApiError::Refused(r))
                if r.attempts > 1 && ApiError::Refused(r.clone()).is_not_found() =>
            {
                Ok(Deleted {
                    message: format!("Webhook {id} was gone when the request was repeated."),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// `POST /webhooks/{Id}/verify`: Postmark probes the endpoint for each enabled trigger. That it did
    /// is no error, whatever it found.
    pub fn verify(&self, id: WebhookId) -> Result<Verification, ApiError> {
        let path = ["webhooks", &id.to_string(), "verify"];
        newer("verification", self.call(Method::Post, &path, &[], None))
    }

    /// `GET /webhooks/{Id}/statistics`: the last 24 hours.
    pub fn statistics(&self, id: WebhookId) -> Result<Statistics, ApiError> {
        let path = ["webhooks", &id.to_string(), "statistics"];
        newer("statistics", self.call(Method::Get, &path, &[], None))
    }

    /// `GET /message-streams`.
    pub fn streams(&self, filter: StreamFilter) -> Result<Vec<Stream>, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct List {
            message_streams: Vec<Stream>,
        }
        let mut query = vec![("MessageStreamType", filter.kind.map_or("All", StreamType::key))];
        if filter.archived {
            query.push(("IncludeArchivedStreams", "true"));
        }
        let list: List = self.call(Method::Get, &["message-streams"], &query, None)?;
        Ok(list.message_streams)
    }

    /// `GET /server`: the server that the token belongs to.
    pub fn server(&self) -> Result<Server, ApiError> {
        self.call(Method::Get, &["server"], &[], None)
    }

    /// `PUT /server` with what changes.
    pub fn update_server(&self, patch: &ServerPatch) -> Result<Server, ApiError> {
        self.call(Method::Put, &["server"], &[], Some(patch.body()))
    }

    fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Object>,
    ) -> Result<T, ApiError> {
        let header = |name: &str, value: &str, secret| Header {
            name: name.to_owned(),
            value: Zeroizing::new(value.to_owned()),
            secret,
        };
        let mut headers = vec![
            header("Accept", "application/json", false),
            header("User-Agent", concat!("pmhooks/", env!("CARGO_PKG_VERSION")), false),
            header("X-Postmark-Server-Token", self.token.expose(), true),
        ];
        // Postmark's page asks for a content type on a delete too, which has no body.
        if body.is_some() || method == Method::Delete {
            headers.push(header("Content-Type", "application/json", false));
        }
        let request = Request {
            method,
            url: self.base.join(path, query),
            headers,
            body: body.map(|b| Value::Object(b).to_string().into_bytes()),
            timeout: self.limits.timeout,
            retries: self.limits.retries,
            repeat: if method == Method::Post { Repeat::OnlyIfUnsent } else { Repeat::Always },
            limit: LARGEST_ANSWER,
        };
        let answer = self.net.send(&request)?;
        judge(&without_token(answer, &self.token), &request.url)
    }
}

/// The API of before August 2026 has nothing at these paths. A webhook that does not exist is told
/// apart by its code.
fn newer<T>(what: &'static str, answer: Result<T, ApiError>) -> Result<T, ApiError> {
    let is_404 = match &answer {
        Err(ApiError::Refused(refusal)) => {
            refusal.status == 404 && !matches!(refusal.code, Some(1352 | 1302))
        }
        Err(ApiError::NotPostmark { status, .. }) => *status == 404,
        _ => false,
    };
    if is_404 { Err(ApiError::NotOffered { what }) } else { answer }
}

/// Some pages of proxies show the request that they refuse, and errors quote pages.
fn without_token(mut answer: Answer, token: &Secret) -> Answer {
    let is_data = (200..300).contains(&answer.status) && answer.body.starts_with(b"{");
    if !is_data {
        let page = String::from_utf8_lossy(&answer.body);
        if page.contains(token.expose()) {
            answer.body = page.replace(token.expose(), MASK).into_bytes();
        }
    }
    answer
}

fn judge<T: DeserializeOwned>(answer: &Answer, asked: &Url) -> Result<T, ApiError> {
    if !(200..300).contains(&answer.status) {
        return Err(refused(answer, asked));
    }
    let host = authority(asked);
    let mut deserializer = serde_json::Deserializer::from_slice(&answer.body);
    let value = serde_path_to_error::deserialize(&mut deserializer);
    let shape = |path: String, why: serde_json::Error| match why.classify() {
        serde_json::error::Category::Data => ApiError::Shape {
            host: host.clone(),
            status: answer.status,
            path: if path == "." { "the top".to_owned() } else { path },
            why: without_place(&why),
        },
        _ => not_postmark(answer, &host, &format!("broken JSON: {why}")),
    };
    let value = value.map_err(|e| shape(e.path().to_string(), e.into_inner()))?;
    deserializer.end().map_err(|e| shape(".".to_owned(), e))?;
    Ok(value)
}

/// What was expected and what kind of value came instead. Line and column of a one-line answer help
/// nobody, and the value itself might be a secret.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let Some((came, expected)) = text.rsplit_once(", expected ") else { return text.to_owned() };
    let came = came.split(['"', '`']).next().unwrap_or_default().trim_end();
    let expected = match expected {
        "i64" => "a whole number",
        name if name.starts_with("struct ") => "an object",
        other => other,
    };
    format!("{came}, expected {expected}")
}

/// A delete answers 200 with `ErrorCode` 0.
fn deleted(answer: &Object) -> Result<Deleted, ApiError> {
    let message = answer.get("Message").and_then(Value::as_str).unwrap_or("Deleted.");
    let message = mask::text(message).into_owned();
    match answer.get("ErrorCode").and_then(Value::as_i64) {
        None | Some(0) => Ok(Deleted { message }),
        code => Err(ApiError::Refused(Box::new(Refusal {
            status: 200,
            code,
            message,
            verification: None,
            attempts: 1,
            of_webhook: true,
        }))),
    }
}
