//! A blocking HTTP client: timeouts, retries, proxies, trusted certificates. The only user of reqwest.

mod error;
mod exchange;
mod proxy;
mod reach;
mod retry;
mod trust;

use std::collections::HashMap;
use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::Url;
use zeroize::Zeroizing;

pub use error::{HttpError, TlsTrouble};
pub use proxy::{ProxyVariables, Via};
pub use reach::Reach;

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
    /// The URL is the word of an answer: it may repeat what its sender was told.
    pub is_redirected: bool,
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
    /// Who answered; none through a proxy.
    pub address: Option<IpAddr>,
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
pub struct HttpClient {
    settings: Settings,
    /// Whether a connection serves several requests.
    reuse: bool,
    clients: Mutex<HashMap<exchange::Route, Lasting>>,
}

impl HttpClient {
    /// A sender with these settings. Touches nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, reuse: true, clients: Mutex::default() }
    }

    /// A sender with the same settings that connects anew for each request, so that no request can
    /// fail for what became of the one before it.
    #[must_use]
    pub fn unconnected(&self) -> Self {
        Self { reuse: false, ..self.apart() }
    }

    /// A sender with the same settings and connections of its own.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { settings: self.settings.clone(), reuse: true, clients: Mutex::default() }
    }

    /// Sends a request, repeats it as it allows, and reads the whole answer within its time.
    ///
    /// Any HTTP status is an `Ok`, a redirect too: judging it is the caller's business.
    pub fn send(&self, request: &Request) -> Result<Answer, HttpError> {
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

    /// The proxy that requests to this URL go through, if any.
    pub fn via(&self, url: &Url) -> Result<Option<Via>, HttpError> {
        if is_loopback(url) { Ok(None) } else { proxy::via(&self.settings.proxy, url) }
    }

    /// How far one gets towards a URL's host, without a proxy and without a request.
    pub fn reach(&self, url: &Url, limit: Duration) -> Reach {
        reach::reach(url, &self.settings, limit)
    }

    fn tell(&self, event: &Event<'_>) {
        if let Some(observer) = &self.settings.observer {
            observer(event);
        }
    }

    /// One client per kind of route, so that all requests of a run share their connections.
    fn client(&self, request: &Request) -> Result<Lasting, HttpError> {
        let route = exchange::Route::of(&request.url);
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

/// `host:port` of a URL, the only part of one that errors and waits name.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// What a status is called: `Not Found`.
pub fn phrase(status: u16) -> Option<&'static str> {
    reqwest::StatusCode::from_u16(status).ok()?.canonical_reason()
}

/// True where an address is reached only from within a machine or a network: loopback, private,
/// link-local, shared and the like.
pub fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || a == 0 || is_shared
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_internal(v4.into());
            }
            let [first, ..] = v6.segments();
            let is_local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80;
            v6.is_loopback() || v6.is_unspecified() || is_local
        }
    }
}

/// True where a URL names such an address, or this machine, outright.
pub fn names_internal(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(url::Host::Ipv4(address)) => is_internal(address.into()),
        Some(url::Host::Ipv6(address)) => is_internal(address.into()),
        None => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_are_known() {
        for (url, internal) in [
            ("http://localhost:1/", true),
            ("http://Hooks.localhost./", true),
            ("http://127.9.9.9/", true),
            ("http://10.0.0.1/", true),
            ("http://172.16.0.1/", true),
            ("http://192.168.1.1/", true),
            ("http://169.254.169.254/", true),
            ("http://100.64.0.1/", true),
            ("http://0.0.0.0/", true),
            ("http://2130706433/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:10.0.0.1]/", true),
            ("http://[fd00::1]/", true),
            ("http://[fe80::1]/", true),
            ("http://192.0.2.1/", false),
            ("http://8.8.8.8/", false),
            ("http://[2001:db8::1]/", false),
            ("http://localhost.example.com/", false),
        ] {
            assert_eq!(names_internal(&Url::parse(url).unwrap()), internal, "{url}");
        }
    }
}
