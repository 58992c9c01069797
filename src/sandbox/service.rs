//! A request on its way: access, faults, route, operation, response, log entry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, HOST, RETRY_AFTER, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use tokio::sync::watch;

use super::events::Engine;
use super::faults::{Faults, Kind};
use super::guard::{self, TokenKind};
use super::mail::{self, ContentKind};
use super::routes::Route;
use super::servers::Server;
use super::store::Store;
use super::verify::{self, ProbeResult};
use super::webhooks::{self, Webhook, WebhookRequest};
use super::wire::{self, Outcome, Refusal};
use super::{
    ApiVersion, BUILT_IN_TOKEN, Verify, control, messages, servers, statistics, streams,
    suppressions,
};
use crate::http::client::HttpClient;
use crate::http::server::{BodyError, Handler, Reply, WholeRequest};

/// Receiver of log entries.
pub type Log = Arc<dyn Fn(&LogEntry<'_>) + Send + Sync>;

/// A request that was handled.
#[derive(Clone, Copy, Debug)]
pub struct LogEntry<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path with query.
    pub path: &'a str,
    /// Status of the response; `None` if a fault closed the connection instead.
    pub status: Option<u16>,
    /// Time from the last byte of the request to the response.
    pub took: Duration,
}

/// The emulator behind the HTTP server.
pub(super) struct Service {
    pub(super) store: Arc<Store>,
    pub(super) engine: Arc<Engine>,
    /// Names of hosts besides loopback's.
    pub(super) allowed_hosts: Vec<String>,
    pub(super) verify: Verify,
    pub(super) api: ApiVersion,
    pub(super) server_delete: bool,
    pub(super) latency: Duration,
    pub(super) faults: Faults,
    pub(super) log: Option<Log>,
    pub(super) http: Arc<HttpClient>,
    /// Its sender is dropped when the sandbox stops: pauses end.
    pub(super) stopping: watch::Receiver<()>,
}

/// The parts of a request that an operation reads.
struct Call<'a> {
    method: &'a Method,
    route: &'a Route,
    /// In lower case.
    token: &'a str,
    query: &'a str,
    body: &'a [u8],
    head: &'a Parts,
}

/// Maximum batch of mails, in bytes (Postmark's API overview page).
const MAX_BATCH_BYTES: usize = 50 * 1024 * 1024;

impl Handler for Service {
    /// Refuses a request before its body is read: Host, Origin, token, encoding.
    fn early(&self, head: &Parts) -> Option<Response<Bytes>> {
        let refusal = self.admit(head).err()?;
        let response = wire::respond(Err(refusal));
        self.record(head, Some(response.status()), Duration::ZERO);
        Some(response)
    }

    async fn answer(&self, request: WholeRequest) -> Reply {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let is_control = Route::of(head.uri.path()).is_control();
        let reply = self.play(&head, body, is_control).await;
        if !is_control {
            self.pause(self.latency).await;
        }
        let status = match &reply {
            Reply::Answer(response) | Reply::Truncated(response) => Some(response.status()),
            Reply::Close => None,
        };
        self.record(&head, status, started.elapsed());
        reply
    }

    fn body_limit(&self, head: &Parts) -> Option<usize> {
        let is_batch =
            matches!(Route::of(head.uri.path()), Route::EmailBatch | Route::EmailTemplateBatch);
        is_batch.then_some(MAX_BATCH_BYTES)
    }

    async fn background(self: Arc<Self>) {
        Arc::clone(&self.engine).run().await;
    }

    fn malformed(&self, status: u16) -> Option<Bytes> {
        Some(wire::malformed(status))
    }
}

impl Service {
    /// Checks all that the head of a request says. Returns the token in lower case.
    fn admit(&self, head: &Parts) -> Result<String, Refusal> {
        let route = self.route(head);
        if route == Route::Health {
            return Ok(String::new());
        }
        guard::check_host(head, &self.allowed_hosts)?;
        let token = guard::token(&head.headers, route.token_kind())?;
        match head.headers.get(CONTENT_ENCODING) {
            Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
                let message = "The body is compressed (Content-Encoding); send it uncompressed.";
                Err(Refusal::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
            }
            _ => Ok(token),
        }
    }

    fn route(&self, head: &Parts) -> Route {
        match Route::of(head.uri.path()) {
            // The older API had neither verification nor statistics.
            Route::Verify(_) | Route::Statistics(_) if self.api == ApiVersion::Legacy => {
                Route::Unknown
            }
            route => route,
        }
    }

    fn record(&self, head: &Parts, status: Option<StatusCode>, took: Duration) {
        let Some(log) = &self.log else { return };
        let path = head.uri.path_and_query().map_or(head.uri.path(), |path| path.as_str());
        let status = status.map(|status| status.as_u16());
        log(&LogEntry { method: head.method.as_str(), path, status, took });
    }

    /// Handles a request with the fault that was requested for it, if any.
    async fn play(&self, head: &Parts, body: Result<Bytes, BodyError>, is_control: bool) -> Reply {
        let body = match body.map_err(unread) {
            Ok(body) => body,
            Err(refusal) => return Reply::Answer(wire::respond(Err(refusal))),
        };
        let fault =
            if is_control { None } else { self.faults.next(head.method.as_str(), head.uri.path()) };
        match fault {
            None => Reply::Answer(self.respond(head, &body).await),
            Some(Kind::Status(status)) => Reply::Answer(wire::faulty(status)),
            Some(Kind::RetryAfter(value)) => {
                let mut response = wire::faulty(StatusCode::TOO_MANY_REQUESTS);
                response.headers_mut().insert(RETRY_AFTER, value);
                Reply::Answer(response)
            }
            Some(Kind::Hang(time)) => match self.pause(time).await {
                Pause::Over => Reply::Answer(self.respond(head, &body).await),
                Pause::Stopped => Reply::Close,
            },
            Some(Kind::Close) => Reply::Close,
            Some(Kind::CommitThenClose) => {
                self.respond(head, &body).await;
                Reply::Close
            }
            Some(Kind::Truncate) => Reply::Truncated(self.respond(head, &body).await),
            Some(Kind::Html) => Reply::Answer(wire::page()),
        }
    }

    async fn pause(&self, time: Duration) -> Pause {
        if time.is_zero() {
            return Pause::Over;
        }
        let mut stopping = self.stopping.clone();
        match tokio::time::timeout(time, stopping.changed()).await {
            Err(_) => Pause::Over,
            Ok(_) => Pause::Stopped,
        }
    }

    async fn respond(&self, head: &Parts, body: &[u8]) -> Response<Bytes> {
        let route = self.route(head);
        let token = match self.admit(head) {
            Ok(token) => token,
            Err(refusal) => return wire::respond(Err(refusal)),
        };
        match &route {
            Route::Unknown => {
                let message = format!("Postmark's API has no path {}.", head.uri.path());
                return wire::respond(Err(Refusal::http(StatusCode::NOT_FOUND, message)));
            }
            Route::NotEmulated(path) => {
                let message = format!("The sandbox does not emulate {path}.");
                return wire::respond(Err(Refusal::http(StatusCode::NOT_IMPLEMENTED, message)));
            }
            _ if head.method == Method::OPTIONS => return wire::options(route.methods()),
            _ => {}
        }
        let method = if head.method == Method::HEAD { &Method::GET } else { &head.method };
        if !route.methods().split(", ").any(|name| name == method.as_str()) {
            return wire::respond(Err(Refusal::method(route.methods())));
        }
        let query = head.uri.query().unwrap_or_default();
        let call = Call { method, route: &route, token: &token, query, body, head };
        match &route {
            Route::Pixel(id) => self.pixel(&call, id),
            Route::Link(link, place, id) => self.link(&call, link, place, id),
            _ => wire::respond(self.outcome(&call).await),
        }
    }

    async fn outcome(&self, call: &Call<'_>) -> Outcome {
        match (call.method, call.route) {
            (&Method::POST, Route::Webhooks) => self.create(call).await,
            (&Method::PUT, Route::Webhook(id)) => self.edit(call, *id).await,
            (_, Route::Verify(id)) => self.verify(call.token, *id).await,
            (_, Route::Health) => Ok(serde_json::json!({ "Status": "ok" })),
            (_, Route::Attempts) => control::attempts(&self.engine, call.query),
            (&Method::GET, Route::Clock) => control::clock(&self.engine),
            (_, Route::Clock) => control::advance(&self.engine, call.body).await,
            (_, Route::Reset) => control::reset(&self.engine),
            (_, Route::Events) => {
                let token = guard::optional_token(&call.head.headers);
                let server = self.saved_server(token.as_deref().unwrap_or(BUILT_IN_TOKEN))?;
                control::happen(&self.engine, &server, call.body)
            }
            _ if call.route.token_kind() == TokenKind::Mail => self.send(call),
            _ if call.route.token_kind() == TokenKind::Account => self.of_account(call),
            _ => match self.of_mail(call) {
                Some(outcome) => outcome,
                None => self.of_server(call),
            },
        }
    }

    /// The server of a token, kept from now on: mail and events belong to it.
    fn saved_server(&self, token: &str) -> Result<Arc<Server>, Refusal> {
        let server = self.store.server(token);
        if self.store.server_by_id(server.id).is_none() {
            self.store.transact(self.engine.clock.now(), |state| {
                state.server_mut(token);
                Ok(())
            })?;
        }
        Ok(self.store.server(token))
    }

    fn send(&self, call: &Call<'_>) -> Outcome {
        let server = if call.token == mail::TEST_TOKEN {
            Arc::new(servers::first())
        } else {
            self.saved_server(call.token)?
        };
        let (engine, token, body) = (&self.engine, call.token, call.body);
        match call.route {
            Route::Email => mail::send(engine, &server, token, body, ContentKind::Bodies),
            Route::EmailTemplate => mail::send(engine, &server, token, body, ContentKind::Template),
            Route::EmailBatch => {
                mail::send_batch(engine, &server, token, body, ContentKind::Bodies)
            }
            _ => mail::send_batch(engine, &server, token, body, ContentKind::Template),
        }
    }

    /// The calls about mail, bounces and suppressions. `None` for any other.
    fn of_mail(&self, call: &Call<'_>) -> Option<Outcome> {
        let server = self.store.server(call.token);
        let (engine, server, query) = (&self.engine, &*server, call.query);
        Some(match call.route {
            Route::Outbound => messages::search(engine, server, query),
            Route::OutboundDetails(id) => messages::details(engine, server, id, &base(call.head)),
            Route::OutboundDump(id) => messages::dump(engine, server, id, &base(call.head)),
            Route::Opens(id) => messages::engagements(engine, server, false, id.as_deref(), query),
            Route::Clicks(id) => messages::engagements(engine, server, true, id.as_deref(), query),
            Route::Bounces => messages::bounces(engine, server, query),
            Route::Bounce(id) => messages::bounce(engine, server, *id),
            Route::BounceDump(id) => messages::bounce_dump(engine, server, *id),
            Route::BounceActivate(id) => messages::activate(engine, server, *id),
            Route::DeliveryStatistics => messages::delivery_statistics(engine, server),
            Route::SuppressionsDump(stream) => suppressions::dump(engine, server, stream, query),
            Route::Suppressions(stream) | Route::SuppressionsDelete(stream) => {
                let is_delete = matches!(call.route, Route::SuppressionsDelete(_));
                suppressions::change(engine, server, stream, call.body, is_delete)
            }
            Route::Statistics(id) => {
                let webhook = match webhooks::find(server, *id, self.api) {
                    Ok(webhook) => webhook,
                    Err(refusal) => return Some(Err(refusal)),
                };
                let now = engine.clock.now();
                Ok(statistics::report(server, webhook, engine.ledger().hours(*id), now))
            }
            _ => return None,
        })
    }

    fn pixel(&self, call: &Call<'_>, id: &str) -> Response<Bytes> {
        if let Some(server) = self.server_of_message(id) {
            messages::pixel(&self.engine, &server, id, call.query, agent(call.head));
        }
        wire::pixel()
    }

    fn link(&self, call: &Call<'_>, link: &str, place: &str, id: &str) -> Response<Bytes> {
        let (query, agent, is_text) = (call.query, agent(call.head), place == "t");
        let target = self.server_of_message(id).and_then(|server| {
            messages::follow(&self.engine, &server, id, link, query, agent, is_text)
        });
        if let Some(response) = target.and_then(|target| wire::redirect(&target)) {
            return response;
        }
        let message = "This link belongs to no stored message.";
        wire::respond(Err(Refusal::http(StatusCode::NOT_FOUND, message)))
    }

    fn server_of_message(&self, id: &str) -> Option<Arc<Server>> {
        let server = self.engine.ledger().any_message(id)?.message.server;
        self.store.server_by_id(server)
    }

    fn of_account(&self, call: &Call<'_>) -> Outcome {
        self.store.transact(self.engine.clock.now(), |state| match (call.method, call.route) {
            (&Method::GET, Route::ServerOfAccount(id)) => servers::get(state, *id),
            (&Method::PUT, Route::ServerOfAccount(id)) => {
                servers::edit_by_id(state, *id, call.body)
            }
            (_, Route::ServerOfAccount(id)) => servers::delete(state, *id, self.server_delete),
            (&Method::POST, _) => servers::create(state, call.body),
            _ => servers::list(state, call.query),
        })
    }

    fn of_server(&self, call: &Call<'_>) -> Outcome {
        let (api, token, now) = (self.api, call.token, self.engine.clock.now());
        self.store.transact(now, |state| match (call.method, call.route) {
            (&Method::DELETE, Route::Webhook(id)) => {
                webhooks::delete(state.server_mut(token), *id, api)
            }
            (_, Route::Webhook(id)) => {
                let server = state.server(token);
                webhooks::find(&server, *id, api).map(|webhook| webhook.to_json(api))
            }
            (&Method::PUT, Route::Server) => servers::edit(state, token, call.body),
            (_, Route::Server) => Ok(state.server(token).to_json()),
            (&Method::POST, Route::Streams) => {
                streams::create(state.server_mut(token), call.body, now)
            }
            (_, Route::Streams) => streams::list(&state.server(token), call.query),
            (&Method::PATCH, Route::Stream(id)) => {
                streams::edit(state.server_mut(token), id, call.body, now)
            }
            (_, Route::Stream(id)) => streams::get(&state.server(token), id),
            (_, Route::Archive(id)) => streams::archive(state.server_mut(token), id, now),
            (_, Route::Unarchive(id)) => streams::unarchive(state.server_mut(token), id, now),
            _ => webhooks::list(&state.server(token), call.query, api),
        })
    }

    async fn create(&self, call: &Call<'_>) -> Outcome {
        let request = WebhookRequest::of_create(call.body, call.query, self.api)?;
        let planned = webhooks::planned(&self.store.server(call.token), &request, self.api)?;
        let results = if request.verify { Some(self.passing(planned).await?) } else { None };
        // Planned again: another request may have created a webhook meanwhile.
        self.store.transact(self.engine.clock.now(), |state| {
            webhooks::create(state, call.token, &request, results.as_deref(), self.api)
        })
    }

    async fn edit(&self, call: &Call<'_>, id: i64) -> Outcome {
        let request = WebhookRequest::of_edit(call.body, call.query, id, self.api)?;
        let server = self.store.server(call.token);
        let before = webhooks::find(&server, id, self.api)?;
        let mut after = before.clone();
        webhooks::change(&mut after, &request)?;
        let results = if request.verify && webhooks::needs_verification(before, &after) {
            Some(self.passing(after).await?)
        } else {
            None
        };
        let now = self.engine.clock.now();
        self.store.transact(now, |state| {
            let server = state.server_mut(call.token);
            webhooks::edit(server, now, id, &request, results.as_deref(), self.api)
        })
    }

    async fn verify(&self, token: &str, id: i64) -> Outcome {
        let webhook = webhooks::find(&self.store.server(token), id, self.api)?.clone();
        let (_, results) = self.probe(webhook).await?;
        let now = self.engine.clock.now();
        self.store.transact(now, |state| {
            webhooks::verify(state.server_mut(token), now, id, &results, self.api)
        })
    }

    /// Probes a webhook before it is saved, and refuses it if a probe fails.
    async fn passing(&self, webhook: Webhook) -> Result<Vec<ProbeResult>, Refusal> {
        let (webhook, results) = self.probe(webhook).await?;
        if results.iter().all(ProbeResult::passed) {
            Ok(results)
        } else {
            Err(Refusal::not_verified(verify::report(&webhook, &results)))
        }
    }

    /// Probes on another thread: an endpoint may be slow, and may itself be a client of this sandbox.
    async fn probe(&self, webhook: Webhook) -> Result<(Webhook, Vec<ProbeResult>), Refusal> {
        let (how, http) = (self.verify, self.http.clone());
        let work = tokio::task::spawn_blocking(move || {
            let results = verify::probe(how, &http, &webhook);
            (webhook, results)
        });
        work.await.map_err(|_| Refusal::fault("The verification was interrupted."))
    }
}

/// How a pause ended.
enum Pause {
    Over,
    Stopped,
}

/// Base URL of the sandbox, as the client reaches it.
fn base(head: &Parts) -> String {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("127.0.0.1"))
}

fn agent(head: &Parts) -> &str {
    head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default()
}

fn unread(error: BodyError) -> Refusal {
    let status = match error {
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BodyError::Malformed => StatusCode::BAD_REQUEST,
        BodyError::OverBudget => StatusCode::SERVICE_UNAVAILABLE,
    };
    Refusal::http(status, format!("The request was not read: {error}."))
}
