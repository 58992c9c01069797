//! The operations: those of a server token (one server's webhooks, streams and settings), and those of
//! an account token.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::transport::{Limits, ResponseInfo, Transport};
use super::{
    ApiError, ApiUrl, NewWebhook, Object, Refusal, Secret, Secrets, Server, ServerPatch,
    Statistics, Stream, StreamId, StreamType, Verification, Webhook, WebhookId, WebhookPatch, mask,
};
use crate::http::client::{HttpClient, Method};

/// Reads of one server, opened by its server token.
#[derive(Clone)]
pub struct Reader {
    pub(super) transport: Transport,
}

/// Query of `GET /message-streams`.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamFilter {
    /// Type of the streams. `None` selects all.
    pub kind: Option<StreamType>,
    /// Include archived streams.
    pub archived: bool,
}

/// Result of a successful delete.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// Postmark's message, masked.
    pub message: String,
}

impl Reader {
    /// The server that `token` opens. Sends nothing yet.
    pub fn new(http: Arc<HttpClient>, base: ApiUrl, token: Secret, limits: Limits) -> Self {
        let token_header = "X-Postmark-Server-Token";
        Secrets::of_run().add_token(token.expose());
        Self { transport: Transport { http, base, token_header, token, limits } }
    }

    /// The server that another token opens, at the same address.
    #[must_use]
    pub fn with_token(&self, token: Secret) -> Self {
        Secrets::of_run().add_token(token.expose());
        Self { transport: Transport { token, ..self.transport.clone() } }
    }

    /// True if this is the token that opens the server.
    pub fn is_opened_by(&self, token: &Secret) -> bool {
        self.transport.token == *token
    }

    /// `GET /webhooks`: all webhooks of the server, or those of one stream.
    pub fn list(&self, stream: Option<&StreamId>) -> Result<Vec<Webhook>, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct List {
            webhooks: Vec<Webhook>,
        }
        let query: Vec<_> = stream.map(|s| ("MessageStream", s.as_str())).into_iter().collect();
        let list: List = self.transport.call(Method::Get, &["webhooks"], &query, None)?;
        list.webhooks.iter().for_each(Webhook::register_secrets);
        Ok(list.webhooks)
    }

    /// `GET /webhooks/{Id}`.
    pub fn get(&self, id: WebhookId) -> Result<Webhook, ApiError> {
        let path = ["webhooks", &id.to_string()];
        let webhook: Webhook = self.transport.call(Method::Get, &path, &[], None)?;
        webhook.register_secrets();
        Ok(webhook)
    }

    /// `GET /webhooks/{Id}/statistics`: the last 24 hours.
    pub fn statistics(&self, id: WebhookId) -> Result<Statistics, ApiError> {
        let path = ["webhooks", &id.to_string(), "statistics"];
        since_2026("statistics", self.transport.call(Method::Get, &path, &[], None))
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
        let list: List = self.transport.call(Method::Get, &["message-streams"], &query, None)?;
        let streams = list.message_streams.into_iter().map(Stream::masked);
        Ok(streams.collect())
    }

    /// `GET /server`: the server that the token opens.
    pub fn server(&self) -> Result<Server, ApiError> {
        self.server_with_info().0
    }

    /// [`Reader::server`], with the transport details of any response.
    pub fn server_with_info(&self) -> (Result<Server, ApiError>, Option<ResponseInfo>) {
        let (server, info) = self.transport.call_with_info(Method::Get, &["server"], &[], None);
        (server.map(Server::with_masked_name), info)
    }
}

/// Reads and writes of one server, opened by its server token.
///
/// Holding one is the permission to write: the caller decides where one is made.
#[derive(Clone)]
pub struct Writer(Reader);

impl Writer {
    /// The server of a reader, for writing.
    pub fn new(reader: &Reader) -> Self {
        Self(reader.clone())
    }

    /// The same server, for reading.
    pub fn reader(&self) -> &Reader {
        &self.0
    }

    /// `POST /webhooks`. Not retried once it may have arrived: Postmark has no idempotency key.
    pub fn create(&self, new: &NewWebhook) -> Result<Webhook, ApiError> {
        new.would_be().register_secrets();
        self.0.transport.call(Method::Post, &["webhooks"], &[], Some(new.body()))
    }

    /// `PUT /webhooks/{Id}` with the fields that change.
    pub fn update(&self, id: WebhookId, patch: &WebhookPatch) -> Result<Webhook, ApiError> {
        patch.register_secrets();
        self.0.transport.call(Method::Put, &["webhooks", &id.to_string()], &[], Some(patch.body()))
    }

    /// `DELETE /webhooks/{Id}`. "Not found" after a retry means that the first attempt succeeded.
    pub fn delete(&self, id: WebhookId) -> Result<Deleted, ApiError> {
        let path = ["webhooks", &id.to_string()];
        match self.0.transport.call::<Object>(Method::Delete, &path, &[], None) {
            Ok(response) => deleted(&response),
            Err(ApiError::Refused(refusal)) if refusal.attempts > 1 && refusal.is_not_found() => {
                Ok(Deleted {
                    message: format!("Webhook {id} was gone when the request was repeated."),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// `POST /webhooks/{Id}/verify`: Postmark probes the endpoint for each enabled trigger. A failed
    /// probe is a result, not an error.
    pub fn verify(&self, id: WebhookId) -> Result<Verification, ApiError> {
        let path = ["webhooks", &id.to_string(), "verify"];
        let verification = self.0.transport.call(Method::Post, &path, &[], None);
        since_2026("verification", verification.map(Verification::masked))
    }

    /// `PUT /server` with the settings that change.
    pub fn update_server(&self, patch: &ServerPatch) -> Result<Server, ApiError> {
        self.0.transport.call(Method::Put, &["server"], &[], Some(patch.body()))
    }
}

/// Reads of an account, opened by its account token.
pub struct Account {
    transport: Transport,
}

/// One page of the servers of an account.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServerPage {
    /// Number of servers of the account.
    pub total_count: usize,
    /// Servers of this page.
    pub servers: Vec<Server>,
}

impl Account {
    /// Largest page that Postmark returns (Servers API, "List servers").
    pub const LARGEST_PAGE: usize = 500;

    /// The account that `token` opens. Sends nothing yet.
    pub fn new(http: Arc<HttpClient>, base: ApiUrl, token: Secret, limits: Limits) -> Self {
        let token_header = "X-Postmark-Account-Token";
        Secrets::of_run().add_token(token.expose());
        Self { transport: Transport { http, base, token_header, token, limits } }
    }

    /// `GET /servers`: one page, starting at `offset`.
    pub fn servers(&self, offset: usize) -> Result<ServerPage, ApiError> {
        let (count, offset) = (Self::LARGEST_PAGE.to_string(), offset.to_string());
        let query = [("count", count.as_str()), ("offset", offset.as_str())];
        let page: ServerPage = self.transport.call(Method::Get, &["servers"], &query, None)?;
        page.servers.iter().for_each(Server::register_tokens);
        Ok(page)
    }
}

/// Tells an API older than August 2026 (404, no such path) from a webhook that does not exist (by code).
fn since_2026<T>(what: &'static str, result: Result<T, ApiError>) -> Result<T, ApiError> {
    let is_404 = match &result {
        Err(ApiError::Refused(refusal)) => {
            refusal.status == 404 && !matches!(refusal.code, Some(1352 | 1302))
        }
        Err(ApiError::NotPostmark { status, .. }) => *status == 404,
        _ => false,
    };
    if is_404 { Err(ApiError::NotOffered { what }) } else { result }
}

/// A successful delete is 200 with `ErrorCode` 0.
fn deleted(response: &Object) -> Result<Deleted, ApiError> {
    let message = response.get("Message").and_then(Value::as_str).unwrap_or("Deleted.");
    let message = mask::outside(message).into_owned();
    match response.get("ErrorCode").and_then(Value::as_i64) {
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
