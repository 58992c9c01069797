//! One request and its response, within a time and a size.

use std::io::Read as _;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use url::Url;

use super::error::{Destination, classify, find};
use super::{
    CONNECT_TIMEOUT, HttpError, Method, Request, Response, Settings, authority, proxy, tls,
};

/// Properties of a URL that select its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Route {
    tls: bool,
    loopback: bool,
}

impl Route {
    pub(super) fn of(url: &Url) -> Self {
        Self { tls: url.scheme() == "https", loopback: super::is_loopback(url) }
    }
}

/// Slack between nested timeouts: the exchange gets half of this beyond connecting, its thread all of
/// it. So the innermost timeout, which has the clearest error, fires first.
const GRACE: Duration = Duration::from_millis(200);

/// Builds the client of a route. Certificates are read only for `https`; proxies apply only to other
/// machines.
pub(super) fn client(
    route: Route,
    request: &Request,
    settings: &Settings,
    reuse: bool,
) -> Result<Client, HttpError> {
    let tls = tls::configuration(route.tls, &authority(&request.url), settings)?;
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .http1_only()
        .timeout(None)
        .pool_max_idle_per_host(if reuse { usize::MAX } else { 0 })
        .connect_timeout(CONNECT_TIMEOUT.min(request.timeout))
        .tls_backend_preconfigured(tls);
    if let (Some(addresses), Some(host)) = (&request.addresses, request.url.host_str()) {
        builder = builder.resolve_to_addrs(host, addresses);
    }
    if !route.loopback {
        for proxy in proxy::all(&settings.proxy)? {
            builder = builder.proxy(proxy);
        }
    }
    builder.build().map_err(|e| HttpError::Local { why: e.to_string() })
}

/// Sends a request once and reads the whole response.
///
/// Runs on its own thread: the blocking client restarts its timeout for each read of a body, and a
/// name look-up has no timeout at all.
pub(super) fn send_once(
    client: &Client,
    request: &Request,
    proxy: Option<String>,
    deadline: Instant,
) -> Result<Response, HttpError> {
    let left = deadline.saturating_duration_since(Instant::now());
    let at = Arc::new(Destination {
        authority: authority(&request.url),
        host: request.url.host_str().unwrap_or("?").to_owned(),
        proxy,
        after: request.timeout,
        connect_after: CONNECT_TIMEOUT.min(request.timeout),
    });
    let worker_at = Arc::clone(&at);
    let (done, outcome) = mpsc::sync_channel(1);
    let (client, request) = (client.clone(), request.clone());
    let limit = request.limit;
    std::thread::Builder::new()
        .name("request".to_owned())
        .spawn(move || {
            let sent =
                build(&client, &request, left + GRACE / 2).map_err(|why| HttpError::Local { why });
            let at = &worker_at;
            let response = sent.and_then(|r| client.execute(r).map_err(|e| classify(&e, at)));
            // The receiver is gone once the time is up.
            let _ = done.send(response.and_then(|response| read(response, at, limit)));
        })
        .map_err(|e| HttpError::Local { why: e.to_string() })?;
    outcome.recv_timeout(left + GRACE).unwrap_or_else(|_| Err(at.timeout()))
}

fn build(
    client: &Client,
    request: &Request,
    timeout: Duration,
) -> Result<reqwest::blocking::Request, String> {
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    };
    let mut building = client.request(method, request.url.clone()).timeout(timeout);
    for header in &request.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| format!("{:?} is not a header name", header.name))?;
        // The value is not quoted: it may be a secret.
        let mut value = HeaderValue::from_bytes(header.value.as_bytes())
            .map_err(|_| format!("the value of the header {name} cannot be sent"))?;
        value.set_sensitive(header.secret);
        building = building.header(name, value);
    }
    if let Some(body) = &request.body {
        building = building.body(body.clone());
    }
    building.build().map_err(|e| e.without_url().to_string())
}

fn is_timeout(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::TimedOut
        || find::<reqwest::Error>(error).is_some_and(reqwest::Error::is_timeout)
}

fn read(
    mut response: reqwest::blocking::Response,
    at: &Destination,
    limit: usize,
) -> Result<Response, HttpError> {
    let status = response.status().as_u16();
    // Through a proxy the peer is not the server.
    let address = response.remote_addr().filter(|_| at.proxy.is_none()).map(|a| a.ip());
    let too_large = || HttpError::TooLarge { to: at.to(), status, limit };
    let announced = response.content_length();
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let mut body = Vec::new();
    let mut chunk = [0_u8; 16 * 1024];
    loop {
        match response.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => body.extend_from_slice(chunk.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) if is_timeout(&e) => return Err(at.timeout()),
            Err(_) => return Err(HttpError::Cut { to: at.to(), received: body.len() }),
        }
        if body.len() > limit {
            return Err(too_large());
        }
    }
    Ok(Response { status, headers, body, attempts: 1, address })
}
