//! Posting an event to a target: the request that Postmark makes, its redirects, and the targets rule.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{
    AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION, USER_AGENT,
};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::net::TcpStream;
use url::{Host, Url};

use crate::http::client::{self, Header, HttpClient, RetryPolicy};

/// Maximum number of redirects (Postmark's webhooks overview page).
const MAX_REDIRECTS: usize = 10;
/// Maximum response of an endpoint, in bytes. Its content is ignored.
const MAX_RESPONSE: usize = 1024 * 1024;
/// Idle connections that are kept per target.
const MAX_IDLE: usize = 16;
/// Headers of the connection, which a webhook cannot set.
const CONNECTION_HEADERS: [&str; 6] =
    ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"];

/// The hosts that events may be posted to.
#[derive(Clone, Debug)]
pub(super) struct TargetRule {
    /// Loopback is a target without being named.
    pub(super) loopback: bool,
    /// Named hosts, in lower case.
    pub(super) hosts: Vec<String>,
}

impl TargetRule {
    fn names(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']);
        self.hosts.iter().any(|named| named.trim_matches(['[', ']']).eq_ignore_ascii_case(host))
    }

    /// The addresses of a URL's host that may be connected to; an error text if there is none.
    async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, Failure> {
        let port = url.port_or_known_default().unwrap_or(80);
        let blocked = |host: &str| {
            Failure::Blocked(format!(
                "{host} is not an allowed target; allow it with --allow-target"
            ))
        };
        let host = url.host_str().unwrap_or_default();
        let found: Vec<SocketAddr> = match url.host() {
            Some(Host::Ipv4(ip)) => vec![(ip, port).into()],
            Some(Host::Ipv6(ip)) => vec![(ip, port).into()],
            Some(Host::Domain(name)) if is_localhost(name) => {
                vec![([127, 0, 0, 1], port).into(), (std::net::Ipv6Addr::LOCALHOST, port).into()]
            }
            // Only a named host is looked up at all.
            Some(Host::Domain(name)) if self.names(name) => {
                let found = tokio::net::lookup_host((name, port)).await;
                found.map_err(|_| Failure::Network(format!("cannot resolve {name}")))?.collect()
            }
            _ => return Err(blocked(host)),
        };
        let named = self.names(host);
        let allowed = |address: &SocketAddr| self.allows(address.ip(), named, host);
        let addresses: Vec<_> = found.into_iter().filter(allowed).collect();
        if addresses.is_empty() { Err(blocked(host)) } else { Ok(addresses) }
    }

    /// A named host may have any address but loopback, which must be allowed itself, and link-local ones
    /// (metadata services), which must be named as such.
    fn allows(&self, ip: IpAddr, named: bool, host: &str) -> bool {
        let ip = ip.to_canonical();
        let is_literal = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        if ip.is_loopback() {
            return self.loopback || (named && (is_literal || is_localhost(host)));
        }
        let is_link_local = match ip {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.segments()[0] & 0xffc0 == 0xfe80,
        };
        named && (is_literal || !(is_link_local || ip.is_unspecified()))
    }
}

/// `localhost` and names below it are loopback (RFC 6761).
fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// What an endpoint gets.
pub(super) struct Posting {
    pub(super) url: String,
    /// `{Username, Password}` or null.
    pub(super) http_auth: Value,
    /// Each `{Name, Value}`.
    pub(super) http_headers: Vec<Value>,
    pub(super) trace_id: String,
    /// `X-PM-Retries-Remaining`; `None` for inbound mail.
    pub(super) retries_remaining: Option<usize>,
    pub(super) body: Bytes,
    /// Time for the whole attempt, redirects included.
    pub(super) timeout: Duration,
}

/// Why there is no status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The target is not allowed. Nothing was sent to it.
    Blocked(String),
    /// No response.
    Network(String),
}

/// The end of an attempt: the status of the last response, or why there is none.
pub(super) struct Posted {
    pub(super) result: Result<u16, Failure>,
    pub(super) took: Duration,
}

type Sender = SendRequest<Full<Bytes>>;

/// The client of the sandbox's events, with its idle connections.
pub(super) struct Poster {
    rule: TargetRule,
    /// For `https`.
    http: Arc<HttpClient>,
    idle: Mutex<HashMap<(String, u16), Vec<Sender>>>,
}

impl Poster {
    pub(super) fn new(rule: TargetRule, http: Arc<HttpClient>) -> Self {
        Self { rule, http, idle: Mutex::default() }
    }

    /// Posts an event and follows redirects.
    pub(super) async fn post(&self, posting: &Posting) -> Posted {
        let started = Instant::now();
        let result = match tokio::time::timeout(posting.timeout, self.follow(posting)).await {
            Ok(result) => result,
            Err(_) => {
                Err(Failure::Network(format!("no response within {} s", posting.timeout.as_secs())))
            }
        };
        Posted { result, took: started.elapsed() }
    }

    async fn follow(&self, posting: &Posting) -> Result<u16, Failure> {
        let invalid = |_| Failure::Network("the URL is not valid".to_owned());
        let mut url = Url::parse(&posting.url).map_err(invalid)?;
        let origin = url.origin();
        let mut method = Method::POST;
        for _ in 0..=MAX_REDIRECTS {
            let is_own = url.origin() == origin;
            let headers = headers(&mut url, posting, is_own);
            let body = if method == Method::POST { posting.body.clone() } else { Bytes::new() };
            let (status, location) = self.exchange(&url, &method, headers, body).await?;
            let next = location.filter(|_| is_redirect(status)).and_then(|l| url.join(&l).ok());
            let Some(next) = next.filter(|next| matches!(next.scheme(), "http" | "https")) else {
                return Ok(status.as_u16());
            };
            if matches!(status.as_u16(), 301..=303) {
                method = Method::GET;
            }
            url = next;
        }
        Err(Failure::Network(format!("more than {MAX_REDIRECTS} redirects")))
    }

    async fn exchange(
        &self,
        url: &Url,
        method: &Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(StatusCode, Option<String>), Failure> {
        let addresses = self.rule.addresses(url).await?;
        if url.scheme() == "https" {
            return self.exchange_tls(url, addresses, method, headers, body).await;
        }
        let key = (
            url.host_str().unwrap_or_default().to_owned(),
            url.port_or_known_default().unwrap_or(80),
        );
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let build = || {
            let mut request = Request::new(Full::new(body.clone()));
            *request.method_mut() = method.clone();
            *request.uri_mut() = target.parse().map_err(network)?;
            *request.headers_mut() = headers.clone();
            let host = HeaderValue::from_str(&client::authority(url)).map_err(network)?;
            request.headers_mut().insert(HOST, host);
            Ok::<_, Failure>(request)
        };
        // A kept connection may have been closed meanwhile: only a request that surely was not sent is
        // sent again, on a new one.
        while let Some(mut sender) = self.take_idle(&key) {
            match sender.try_send_request(build()?).await {
                Ok(response) => return self.finish(key, sender, response).await,
                Err(mut error) => {
                    if error.take_message().is_none() {
                        return Err(network(error.into_error()));
                    }
                }
            }
        }
        let mut sender = connect(&addresses).await?;
        let response = sender.send_request(build()?).await.map_err(network)?;
        self.finish(key, sender, response).await
    }

    fn take_idle(&self, key: &(String, u16)) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = idle.get_mut(key)?;
        while let Some(sender) = senders.pop() {
            if sender.is_ready() && !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    async fn finish(
        &self,
        key: (String, u16),
        sender: Sender,
        response: hyper::Response<hyper::body::Incoming>,
    ) -> Result<(StatusCode, Option<String>), Failure> {
        let status = response.status();
        let location = response.headers().get(LOCATION).and_then(|l| l.to_str().ok());
        let location = location.map(str::to_owned);
        let mut body = response.into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            length += frame.map_err(network)?.data_ref().map_or(0, Bytes::len);
            if length > MAX_RESPONSE {
                return Err(Failure::Network("the response is too large".to_owned()));
            }
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let senders = idle.entry(key).or_default();
        if senders.len() < MAX_IDLE && !sender.is_closed() {
            senders.push(sender);
        }
        Ok((status, location))
    }

    /// `https` goes through the client of the rest of the tool, which has the certificates.
    async fn exchange_tls(
        &self,
        url: &Url,
        addresses: Vec<SocketAddr>,
        method: &Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(StatusCode, Option<String>), Failure> {
        let text = |(name, value): (&HeaderName, &HeaderValue)| Header {
            name: name.as_str().to_owned(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned().into(),
            secret: true,
        };
        let is_post = method == Method::POST;
        let request = client::Request {
            method: if is_post { client::Method::Post } else { client::Method::Get },
            is_redirected: false,
            url: url.clone(),
            addresses: Some(addresses),
            headers: headers.iter().map(text).collect(),
            body: is_post.then(|| body.to_vec()),
            timeout: Duration::from_secs(120),
            retries: 0,
            retry: RetryPolicy::Never,
            limit: MAX_RESPONSE,
        };
        let http = self.http.clone();
        let sent =
            tokio::task::spawn_blocking(move || http.send(&request)).await.map_err(network)?;
        let response = sent.map_err(network)?;
        let status = StatusCode::from_u16(response.status).map_err(network)?;
        Ok((status, response.header("location").map(str::to_owned)))
    }
}

fn network(error: impl std::fmt::Display) -> Failure {
    Failure::Network(error.to_string())
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

async fn connect(addresses: &[SocketAddr]) -> Result<Sender, Failure> {
    let mut last = Failure::Network("no address".to_owned());
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                let handshake = http1::handshake(TokioIo::new(stream)).await;
                let (sender, connection) = handshake.map_err(network)?;
                tokio::spawn(async move {
                    // How a connection ends shows at its next use.
                    let _ = connection.await;
                });
                return Ok(sender);
            }
            Err(error) => last = network(error),
        }
    }
    Err(last)
}

/// The headers of an attempt. Credentials and custom headers stay with the webhook's own origin.
fn headers(url: &mut Url, posting: &Posting, is_own: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static("Postmark"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut set = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            headers.insert(name, value);
        }
    };
    set("X-PM-Webhook-Trace-Id", &posting.trace_id);
    if let Some(remaining) = posting.retries_remaining {
        set("X-PM-Retries-Remaining", &remaining.to_string());
    }
    let text = |object: &Value, key: &str| {
        object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let in_url = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
    // The credentials become a header.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    let credentials = if posting.http_auth.is_object() {
        Some((text(&posting.http_auth, "Username"), text(&posting.http_auth, "Password")))
    } else {
        Some(in_url).filter(|(user, password)| !(user.is_empty() && password.is_empty()))
    };
    if !is_own {
        return headers;
    }
    for custom in &posting.http_headers {
        let name = text(custom, "Name");
        if !CONNECTION_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            set(&name, &text(custom, "Value"));
        }
    }
    if let Some((user, password)) = credentials {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        set(AUTHORIZATION.as_str(), &basic);
    }
    headers
}
