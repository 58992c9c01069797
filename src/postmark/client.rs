//! The calls with a server token: one server's webhooks, its streams, itself.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::line::{Heard, Limits, Line};
use super::{ApiError, Refusal};
use crate::http::client::{HttpClient, Method};
use crate::postmark::{
    ApiUrl, NewWebhook, Object, Patch, Secret, Server, ServerPatch, Statistics, Stream, StreamId,
    StreamType, Verification, Webhook, WebhookId, mask,
};

/// One server of Postmark's, as its token opens it.
#[derive(Clone)]
pub struct Client {
    line: Line,
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
    pub fn new(net: Arc<HttpClient>, base: ApiUrl, token: Secret, limits: Limits) -> Self {
        Self { line: Line { net, base, header: "X-Postmark-Server-Token", token, limits } }
    }

    /// `GET /webhooks`: all webhooks of the server, or those of one stream.
    pub fn list(&self, stream: Option<&StreamId>) -> Result<Vec<Webhook>, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct List {
            webhooks: Vec<Webhook>,
        }
        let query: Vec<_> = stream.map(|s| ("MessageStream", s.as_str())).into_iter().collect();
        let list: List = self.line.call(Method::Get, &["webhooks"], &query, None)?;
        Ok(list.webhooks)
    }

    /// `GET /webhooks/{Id}`.
    pub fn get(&self, id: WebhookId) -> Result<Webhook, ApiError> {
        self.line.call(Method::Get, &["webhooks", &id.to_string()], &[], None)
    }

    /// `POST /webhooks`. Never repeated once it may have arrived: Postmark knows no idempotency key.
    pub fn create(&self, new: &NewWebhook) -> Result<Webhook, ApiError> {
        self.line.call(Method::Post, &["webhooks"], &[], Some(new.body()))
    }

    /// `PUT /webhooks/{Id}` with what changes.
    pub fn update(&self, id: WebhookId, patch: &Patch) -> Result<Webhook, ApiError> {
        self.line.call(Method::Put, &["webhooks", &id.to_string()], &[], Some(patch.body()))
    }

    /// `DELETE /webhooks/{Id}`. Not found after a retry means that the first try did it.
    pub fn delete(&self, id: WebhookId) -> Result<Deleted, ApiError> {
        match self.line.call::<Object>(Method::Delete, &["webhooks", &id.to_string()], &[], None) {
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
        newer("verification", self.line.call(Method::Post, &path, &[], None))
    }

    /// `GET /webhooks/{Id}/statistics`: the last 24 hours.
    pub fn statistics(&self, id: WebhookId) -> Result<Statistics, ApiError> {
        let path = ["webhooks", &id.to_string(), "statistics"];
        newer("statistics", self.line.call(Method::Get, &path, &[], None))
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
        let list: List = self.line.call(Method::Get, &["message-streams"], &query, None)?;
        Ok(list.message_streams)
    }

    /// `GET /server`: the server that the token belongs to.
    pub fn server(&self) -> Result<Server, ApiError> {
        self.line.call(Method::Get, &["server"], &[], None)
    }

    /// `GET /server`, with what the transport heard of the answer, whatever it was.
    pub fn server_heard(&self) -> (Result<Server, ApiError>, Option<Heard>) {
        self.line.heard(Method::Get, &["server"], &[], None)
    }

    /// `PUT /server` with what changes.
    pub fn update_server(&self, patch: &ServerPatch) -> Result<Server, ApiError> {
        self.line.call(Method::Put, &["server"], &[], Some(patch.body()))
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
