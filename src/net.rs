//! Sending one request well: the only place that knows `reqwest`.
//!
//! Floor 1: may use nothing of ours; must not touch `model`.
//! No redirect is ever followed, no proxy used for loopback, no certificate read for `http`, and no
//! answer trusted in size or time. Errors carry a host and a port, never a URL: a query can be a secret.

mod error;
mod exchange;
mod proxy;
mod retry;
mod trust;

use std::collections::HashMap;
use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::Url;
use zeroize::Zeroizing;

pub use error::NetError;
pub use proxy::ProxyVariables;

/// Connecting (name, TCP, TLS) may take this long at most, whatever `--timeout` says.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What holds for every request of a run.
#[derive(Clone, Default)]
pub struct Settings {
    /// Extra certificate authorities (`--cacert`), PEM or DER.
    pub cacert: Option<PathBuf>,
    /// `SSL_CERT_FILE`: replaces the system's bundle.
    pub ssl_cert_file: Option<OsString>,
    /// `SSL_CERT_DIR`: a hashed folder, read beside `SSL_CERT_FILE`.
    pub ssl_cert_dir: Option<OsString>,
    /// The proxy variables of the environment.
    pub proxy: ProxyVariables,
    /// Who is told of each request, answer and wait.
    pub observer: Option<Observer>,
}

/// Who is told of requests.
pub type Observer = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// What an observer is told. Values that are secret are marked, not removed: showing is its business.
#[derive(Debug)]
pub enum Event<'a> {
    /// A request is about to be sent.
    Sending(&'a Request),
    /// An answer is complete.
    Answered {
        /// What it answers.
        request: &'a Request,
        /// The answer.
        answer: &'a Answer,
        /// From sending to the last byte.
        took: Duration,
    },
    /// The request will be sent again.
    Waiting {
        /// How long the wait is.
        wait: Duration,
        /// Why, as a clause: `api.postmarkapp.com answered 503`.
        reason: &'a str,
        /// Which retry this will be, from 1.
        retry: u32,
        /// How many there may be.
        of: u32,
    },
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A request header.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Zeroizing<String>,
    /// True where the value must not be shown.
    pub secret: bool,
}

/// When a failed request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Whenever the failure looks temporary: the request changes nothing that it would not change once.
    Always,
    /// Only where it surely did not reach the server's work: no byte was sent, or the answer was 429.
    OnlyIfUnsent,
    /// Never.
    Never,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to; sent as it is.
    pub url: Url,
    /// All headers that are not the transport's own.
    pub headers: Vec<Header>,
    /// The body, if any.
    pub body: Option<Vec<u8>>,
    /// All that this request may take, with its retries and waits and the whole answer.
    pub timeout: Duration,
    /// How often it may be repeated at most.
    pub retries: u32,
    /// On which failures.
    pub repeat: Repeat,
    /// The largest answer that is accepted, in bytes.
    pub limit: usize,
}

/// A complete answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How often the request was sent for it.
    pub attempts: u32,
}

impl Answer {
    /// What a Retry-After header asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        retry::retry_after(self, std::time::SystemTime::now())
    }

    /// The first header of that name (given in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A client that lasts as long as the process. Dropping one waits for its thread, and a server that never
/// stops sending would keep that busy beyond any deadline.
type Lasting = ManuallyDrop<reqwest::blocking::Client>;

/// The sender. Cheap to make: connections, proxies and certificates are looked at on first use.
pub struct Net {
    settings: Settings,
    clients: Mutex<HashMap<exchange::Route, Lasting>>,
}

impl Net {
    /// A sender with these settings. Touches nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, clients: Mutex::default() }
    }

    /// Sends a request, repeats it as it allows, and reads the whole answer within its time.
    ///
    /// Any HTTP status is an `Ok`, a redirect too: judging it is the caller's business.
    pub fn send(&self, request: &Request) -> Result<Answer, NetError> {
        let deadline = Instant::now() + request.timeout;
        let client = self.client(request)?;
        let proxy = self.proxy(&request.url);
        let mut retries = retry::Retries::new(request, deadline);
        loop {
            self.tell(&Event::Sending(request));
            let started = Instant::now();
            let mut outcome = exchange::exchange(&client, request, proxy.clone(), deadline);
            if let Ok(answer) = &mut outcome {
                answer.attempts = retries.done + 1;
                self.tell(&Event::Answered { request, answer, took: started.elapsed() });
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

    /// Host and port of the proxy in between, if any: never for loopback.
    fn proxy(&self, url: &Url) -> Option<String> {
        if is_loopback(url) { None } else { proxy::used(&self.settings.proxy, url) }
    }

    fn tell(&self, event: &Event<'_>) {
        if let Some(observer) = &self.settings.observer {
            observer(event);
        }
    }

    /// One client per kind of route, so that all requests of a run share their connections.
    fn client(&self, request: &Request) -> Result<Lasting, NetError> {
        let route = exchange::Route::of(&request.url);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&route) {
            return Ok(client.clone());
        }
        let client = ManuallyDrop::new(exchange::client(route, request, &self.settings)?);
        clients.insert(route, client.clone());
        Ok(client)
    }
}

/// `host:port` of a URL, the only part of one that errors and waits name.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// True where the URL's host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
