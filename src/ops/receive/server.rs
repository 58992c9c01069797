//! HTTP server for events. It checks credentials, hands complete requests to an [`EventSink`] in batches,
//! and acknowledges those that the sink has kept.

use std::borrow::Cow;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Response, StatusCode};
use jiff::Timestamp;
use subtle::ConstantTimeEq as _;
use tokio::sync::{oneshot, watch};
use zeroize::Zeroizing;

use crate::http::server::{
    self as http, BodyError, Limits, Reply, RunningServer, ServerSettings, WholeRequest,
};
use crate::ops::record::masked_path;

/// Maximum size of a batch, in bytes. A batch holds at least one request.
const BATCH_SIZE: usize = 4 * 1024 * 1024;
/// Memory for bodies: this many of the maximum size, and at least [`MIN_BODY_MEMORY`] bytes.
const MAX_LARGE_BODIES: usize = 4;
const MIN_BODY_MEMORY: usize = 64 * 1024 * 1024;

/// How the server answers.
pub(super) struct ServerOptions {
    pub(super) limits: Limits,
    /// Accepted credentials; empty accepts every request.
    pub(super) credentials: Vec<ExpectedAuth>,
    /// Status of the acknowledgement.
    pub(super) status: u16,
    /// Delay of the acknowledgement.
    pub(super) delay: Duration,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
    /// The sink blocks for long, so it gets a thread of its own.
    pub(super) is_sink_slow: bool,
}

/// Destination of received requests.
pub(super) trait EventSink: Send + Sync + 'static {
    /// Keeps requests, in order. Returns for each whether it was kept; the others are answered with 503,
    /// so that Postmark retries them.
    fn keep(&self, requests: &[Arc<EventRequest>]) -> Vec<bool>;

    /// Whether requests are Postmark's verification of a webhook. They are answered with 200 and not kept.
    fn is_verifying(&self) -> bool;

    /// Reports a rejected request.
    fn rejected(&self, rejection: Rejection);
}

/// A rejected request.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// Cause.
    pub reason: RejectReason,
    /// HTTP method.
    pub method: String,
    /// Path without the query, secrets masked.
    pub path: String,
}

/// Cause of a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// No `Authorization` header.
    NoCredentials,
    /// Other credentials than expected.
    WrongCredentials,
    /// Another method than POST.
    Method,
    /// The body was not read.
    Body(BodyError),
}

/// A request that posts an event.
#[derive(Debug)]
pub struct EventRequest {
    /// Time at which the request was complete.
    pub time: Timestamp,
    head: Parts,
    body: Bytes,
}

impl EventRequest {
    fn new(head: Parts, body: Bytes) -> Self {
        Self { time: Timestamp::now(), head, body }
    }

    /// HTTP method.
    pub fn method(&self) -> &str {
        self.head.method.as_str()
    }

    /// Path and query.
    pub fn path(&self) -> &str {
        self.head.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    /// Headers in their order, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.head.headers.iter().map(|(name, value)| (name.as_str(), decode(value)))
    }

    /// First header with this name.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.head.headers.get(name).map(decode)
    }

    /// Memory of the request, in bytes.
    pub fn size(&self) -> usize {
        let headers = self.head.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
        self.body.len() + self.path().len() + headers
    }

    /// Body, to the byte.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// A header value as UTF-8, or else as Latin-1.
fn decode(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.as_bytes().iter().copied().map(char::from).collect()),
    }
}

/// The server. Dropping it stops it.
#[derive(Debug)]
pub(super) struct EventServer {
    // Dropped before `running`: it ends the delay of answers in flight.
    stop_delays: watch::Sender<()>,
    running: RunningServer,
}

impl EventServer {
    /// Serves on a bound socket. Fails if the system has no thread or event queue.
    pub(super) fn start(
        listener: TcpListener,
        options: ServerOptions,
        sink: Arc<dyn EventSink>,
    ) -> io::Result<Self> {
        let (stop_delays, stopped) = watch::channel(());
        let limits = options.limits;
        let manner = ServerSettings {
            limits,
            total_body_bytes: limits
                .body_bytes
                .saturating_mul(MAX_LARGE_BODIES)
                .max(MIN_BODY_MEMORY),
            tls: options.tls.clone(),
            half_close: true,
        };
        let handler = Arc::new(Handler {
            status: StatusCode::from_u16(options.status).unwrap_or(StatusCode::OK),
            options,
            sink,
            stopped,
            batches: Mutex::default(),
        });
        let running = http::serve(listener, manner, Service(handler))?;
        Ok(Self { stop_delays, running })
    }

    /// Bound address.
    pub(super) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Closes the port, answers the requests in flight, and ends within a second.
    pub(super) fn stop(self) {
        drop(self.stop_delays);
        self.running.stop();
    }
}

struct Handler {
    options: ServerOptions,
    status: StatusCode,
    sink: Arc<dyn EventSink>,
    stopped: watch::Receiver<()>,
    batches: Mutex<Batches>,
}

/// Requests that wait for the sink, each with the channel for its result.
#[derive(Default)]
struct Batches {
    requests: Vec<(Arc<EventRequest>, oneshot::Sender<bool>)>,
    /// A task hands requests over.
    is_draining: bool,
}

struct Service(Arc<Handler>);

impl http::Handler for Service {
    fn early(&self, head: &Parts) -> Option<Response<Bytes>> {
        let handler = &self.0;
        let checked = check_auth(&handler.options.credentials, &head.headers).and_then(|()| {
            if head.method == Method::POST { Ok(()) } else { Err(RejectReason::Method) }
        });
        checked.err().map(|reason| handler.reject(reason, head))
    }

    fn answer(&self, request: WholeRequest) -> impl Future<Output = Reply> + Send {
        Arc::clone(&self.0).answer(request)
    }
}

impl Handler {
    async fn answer(self: Arc<Self>, request: WholeRequest) -> Reply {
        let (head, body) = request.into_parts();
        let body = match body {
            Ok(body) => body,
            Err(error) => return Reply::Answer(self.reject(RejectReason::Body(error), &head)),
        };
        if self.sink.is_verifying() {
            return Reply::Answer(response(StatusCode::OK, ""));
        }
        if !self.clone().keep(EventRequest::new(head, body)).await {
            let mut response =
                response(StatusCode::SERVICE_UNAVAILABLE, "the event was not recorded\n");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
            return Reply::Answer(response);
        }
        if !self.options.delay.is_zero() {
            // A closed channel ends the delay: nothing is ever sent.
            let mut stopped = self.stopped.clone();
            let _ = tokio::time::timeout(self.options.delay, stopped.changed()).await;
        }
        Reply::Answer(response(self.status, ""))
    }

    fn reject(&self, reason: RejectReason, head: &Parts) -> Response<Bytes> {
        let path = masked_path(head.uri.path()).into_owned();
        self.sink.rejected(Rejection { reason, method: head.method.to_string(), path });
        let with = |mut response: Response<Bytes>, name: HeaderName, value: &'static str| {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
            response
        };
        match reason {
            RejectReason::NoCredentials | RejectReason::WrongCredentials => with(
                response(StatusCode::UNAUTHORIZED, "authentication required\n"),
                WWW_AUTHENTICATE,
                "Basic realm=\"pmhooks listen\", charset=\"UTF-8\"",
            ),
            RejectReason::Method => with(
                response(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "pmhooks listen receives Postmark events by POST\n",
                ),
                ALLOW,
                "POST",
            ),
            RejectReason::Body(BodyError::TooLarge) => {
                response(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than --max-body\n")
            }
            RejectReason::Body(BodyError::TooSlow) => {
                response(StatusCode::REQUEST_TIMEOUT, "the body took too long\n")
            }
            RejectReason::Body(BodyError::Malformed) => {
                response(StatusCode::BAD_REQUEST, "the body is malformed\n")
            }
            RejectReason::Body(BodyError::OverBudget) => {
                response(StatusCode::SERVICE_UNAVAILABLE, "too many large events at once\n")
            }
        }
    }

    /// Hands a request to the sink, in a batch with those that arrive meanwhile. A client that disconnects
    /// does not cancel it.
    async fn keep(self: Arc<Self>, request: EventRequest) -> bool {
        let (sender, is_kept) = oneshot::channel();
        let is_draining = {
            let mut batches = self.batches();
            batches.requests.push((Arc::new(request), sender));
            std::mem::replace(&mut batches.is_draining, true)
        };
        if !is_draining {
            tokio::spawn(self.drain());
        }
        is_kept.await.unwrap_or(false)
    }

    async fn drain(self: Arc<Self>) {
        while let Some(batch) = self.next_batch() {
            let (requests, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let sink = Arc::clone(&self.sink);
            let kept = if self.options.is_sink_slow {
                let work = tokio::task::spawn_blocking(move || sink.keep(&requests));
                work.await.unwrap_or_default()
            } else {
                sink.keep(&requests)
            };
            // A sender without a result is dropped, which counts as not kept.
            for (sender, is_kept) in senders.into_iter().zip(kept) {
                let _ = sender.send(is_kept);
            }
        }
    }

    fn next_batch(&self) -> Option<Vec<(Arc<EventRequest>, oneshot::Sender<bool>)>> {
        let mut batches = self.batches();
        if batches.requests.is_empty() {
            batches.is_draining = false;
            return None;
        }
        let mut size = 0;
        let fits = |(request, _): &&(Arc<EventRequest>, _)| {
            size += request.size();
            size <= BATCH_SIZE
        };
        let count = batches.requests.iter().take_while(fits).count().max(1);
        let rest = batches.requests.split_off(count);
        Some(std::mem::replace(&mut batches.requests, rest))
    }

    fn batches(&self) -> MutexGuard<'_, Batches> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn response(status: StatusCode, body: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = status;
    if !body.is_empty() {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, plain);
    }
    response
}

/// `user:password` of accepted HTTP authentication.
pub(super) struct ExpectedAuth(Zeroizing<Vec<u8>>);

impl ExpectedAuth {
    pub(super) fn new(username: &str, password: &str) -> Self {
        let mut pair = Zeroizing::new(Vec::with_capacity(username.len() + 1 + password.len()));
        pair.extend_from_slice(username.as_bytes());
        pair.push(b':');
        pair.extend_from_slice(password.as_bytes());
        Self(pair)
    }
}

/// Checks Basic authentication, in a time that does not depend on the password.
fn check_auth(expected: &[ExpectedAuth], headers: &HeaderMap) -> Result<(), RejectReason> {
    if expected.is_empty() {
        return Ok(());
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(RejectReason::NoCredentials),
        (Some(_), Some(_)) => return Err(RejectReason::WrongCredentials),
        (Some(value), None) => value,
    };
    let pair = decode_basic(value.as_bytes()).ok_or(RejectReason::WrongCredentials)?;
    let mut is_known = subtle::Choice::from(0);
    for ExpectedAuth(known) in expected {
        is_known |= known.ct_eq(&pair);
    }
    if is_known.into() { Ok(()) } else { Err(RejectReason::WrongCredentials) }
}

fn decode_basic(value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (scheme, rest) = value.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    BASE64_STANDARD.decode(rest.trim_ascii()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(authorization: &[&str]) -> Result<(), RejectReason> {
        let expected = [ExpectedAuth::new("postmark", "s3:cret"), ExpectedAuth::new("a", "")];
        let mut headers = HeaderMap::new();
        for value in authorization {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        check_auth(&expected, &headers)
    }

    #[test]
    fn only_expected_credentials_are_accepted() {
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        assert_eq!(check(&[&basic("postmark:s3:cret")]), Ok(()));
        assert_eq!(check(&[&basic("postmark:s3:cret").replace("Basic", "bAsIc")]), Ok(()));
        assert_eq!(check(&[&basic("a:")]), Ok(()));
        for pair in ["postmark:s3:cre", "postmark:s3:cret!", "postmark", ":", "", "a:s3:cret"] {
            assert_eq!(check(&[&basic(pair)]), Err(RejectReason::WrongCredentials), "{pair}");
        }
        for value in ["Bearer x", "Basic", "Basic ***", ""] {
            assert_eq!(check(&[value]), Err(RejectReason::WrongCredentials), "{value}");
        }
        assert_eq!(check(&[]), Err(RejectReason::NoCredentials));
        let right = basic("a:");
        assert_eq!(check(&[&right, &right]), Err(RejectReason::WrongCredentials));
        assert_eq!(check_auth(&[], &HeaderMap::new()), Ok(()));
    }
}
