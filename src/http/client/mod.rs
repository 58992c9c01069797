//! A blocking HTTP client: timeouts, retries, proxies, trusted certificates. The only user of reqwest.

mod address;
mod error;
mod exchange;
mod proxy;
mod reachability;
mod retry;
mod tls;

use std::collections::HashMap;
use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::Url;
use zeroize::Zeroizing;

pub use address::{authority, is_internal, is_loopback, names_internal};
pub use error::{HttpError, TlsTrouble};
pub use proxy::{ProxyVariables, Via};
pub use reachability::Reachability;
pub use retry::{RetryPolicy, parse_http_date};

/// Longest time for connecting: name, TCP and TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of a client.
#[derive(Clone, Default)]
pub struct Settings {
    /// Additional certificate authorities (`--cacert`), PEM or DER.
    pub cacert: Option<PathBuf>,
    /// `SSL_CERT_FILE`: replaces the system's bundle.
    pub ssl_cert_file: Option<OsString>,
    /// `SSL_CERT_DIR`: hashed folders, read in addition to `SSL_CERT_FILE`.
    pub ssl_cert_dir: Option<OsString>,
    /// Proxy variables of the environment.
    pub proxy: ProxyVariables,
    /// Observer of each request, response and wait.
    pub observer: Option<Observer>,
}

/// Callback for the events of requests.
pub type Observer = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// Event of a request. Secret values are marked, not removed: the observer masks them.
#[derive(Debug)]
pub enum Event<'a> {
    /// A request is about to be sent.
    Sending(&'a Request),
    /// A response is complete.
    Received {
        /// The response.
        response: &'a Response,
        /// Time from sending to the last byte.
        took: Duration,
    },
    /// The request will be retried.
    Waiting {
        /// Delay before the retry.
        wait: Duration,
        /// Reason, as a clause: `api.postmarkapp.com answered 503`.
        reason: &'a str,
        /// Number of the retry, from 1.
        retry: u32,
        /// Maximum number of retries.
        of: u32,
    },
}

/// HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// Name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Request header.
#[derive(Clone, Debug)]
pub struct Header {
    /// Header name.
    pub name: String,
    /// Header value.
    pub value: Zeroizing<String>,
    /// The value must not be shown.
    pub secret: bool,
}

/// True if HTTP allows this header name.
pub fn is_header_name(name: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(is_token)
}

/// True if HTTP allows this header value. Characters beyond ASCII are sent as UTF-8.
pub fn is_header_value(value: &str) -> bool {
    value.chars().all(|c| c == '\t' || !c.is_ascii_control())
}

/// HTTP request.
#[derive(Clone, Debug)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// URL, sent as it is.
    pub url: Url,
    /// The URL comes from a redirect: it may repeat secrets that its sender was told.
    pub is_redirected: bool,
    /// Addresses to connect to, in place of a look-up of the host.
    pub addresses: Option<Vec<SocketAddr>>,
    /// Headers, except those that the transport sets.
    pub headers: Vec<Header>,
    /// Body, if any.
    pub body: Option<Vec<u8>>,
    /// Total time, including retries, waits and reading the response.
    pub timeout: Duration,
    /// Maximum number of retries.
    pub retries: u32,
    /// Failures that are retried.
    pub retry: RetryPolicy,
    /// Largest response body that is accepted, in bytes.
    pub limit: usize,
}

/// Complete HTTP response.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Number of times the request was sent.
    pub attempts: u32,
    /// Address of the peer. `None` through a proxy.
    pub address: Option<IpAddr>,
}

impl Response {
    /// Delay that a `Retry-After` header asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        retry::retry_after(self, jiff::Timestamp::now())
    }

    /// Value of the first header of that name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A client that is never dropped: dropping waits for its thread, and a server that never stops sending
/// would keep that thread busy beyond any deadline.
type Lasting = ManuallyDrop<reqwest::blocking::Client>;

/// A blocking HTTP client. Cheap to make: proxies and certificates are read on first use.
pub struct HttpClient {
    settings: Settings,
    /// Reuse connections.
    reuse: bool,
    clients: Mutex<HashMap<exchange::Route, Lasting>>,
}

impl HttpClient {
    /// A client with these settings. Reads and opens nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, reuse: true, clients: Mutex::default() }
    }

    /// A client with the same settings that opens a connection per request, so that no request fails
    /// because of a previous one.
    #[must_use]
    pub fn unconnected(&self) -> Self {
        Self { reuse: false, ..self.apart() }
    }

    /// A client with the same settings and its own connections.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { settings: self.settings.clone(), reuse: true, clients: Mutex::default() }
    }

    /// Sends a request, retries it by its policy, and reads the whole response within its timeout.
    ///
    /// Any HTTP status is `Ok`, including redirects: the caller judges it.
    pub fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let deadline = Instant::now() + request.timeout;
        let client = self.client(request)?;
        let proxy = self.proxy(&request.url);
        let mut retries = retry::Retries::new(request, deadline);
        loop {
            self.tell(&Event::Sending(request));
            let started = Instant::now();
            let mut outcome = exchange::send_once(&client, request, proxy.clone(), deadline);
            if let Ok(response) = &mut outcome {
                response.attempts = retries.done + 1;
                self.tell(&Event::Received { response, took: started.elapsed() });
            }
            let Some(pause) = retries.next(&outcome) else { return outcome };
            self.tell(&Event::Waiting {
                wait: pause.wait,
                reason: &pause.reason,
                retry: retries.done,
                of: request.retries,
            });
            std::thread::sleep(pause.wait);
        }
    }

    /// Host and port of the proxy, if any. Loopback is never proxied.
    fn proxy(&self, url: &Url) -> Option<String> {
        if is_loopback(url) { None } else { proxy::used(&self.settings.proxy, url) }
    }

    /// Proxy for requests to this URL, if any.
    pub fn via(&self, url: &Url) -> Result<Option<Via>, HttpError> {
        if is_loopback(url) { Ok(None) } else { proxy::via(&self.settings.proxy, url) }
    }

    /// Addresses of a URL's host. `limit` is the timeout of the look-up.
    pub fn look_up(&self, url: &Url, limit: Duration) -> Result<Vec<SocketAddr>, HttpError> {
        reachability::look_up(url, &self.settings, limit)
    }

    /// Resolves, connects and shakes hands with a URL's host, without a proxy and without a request.
    pub fn reach(&self, url: &Url, limit: Duration) -> Reachability {
        reachability::reach(url, &self.settings, limit)
    }

    fn tell(&self, event: &Event<'_>) {
        if let Some(observer) = &self.settings.observer {
            observer(event);
        }
    }

    /// One client per kind of route, so that the requests of a run share connections.
    fn client(&self, request: &Request) -> Result<Lasting, HttpError> {
        let route = exchange::Route::of(&request.url);
        if request.addresses.is_some() {
            let client = exchange::client(route, request, &self.settings, false)?;
            return Ok(ManuallyDrop::new(client));
        }
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&route) {
            return Ok(client.clone());
        }
        let client =
            ManuallyDrop::new(exchange::client(route, request, &self.settings, self.reuse)?);
        clients.insert(route, client.clone());
        Ok(client)
    }
}

/// Standard reason phrase of a status, such as `Not Found`.
pub fn phrase(status: u16) -> Option<&'static str> {
    reqwest::StatusCode::from_u16(status).ok()?.canonical_reason()
}
