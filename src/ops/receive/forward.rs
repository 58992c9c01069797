//! Events passed on to another endpoint: one after the other, in their order, with retries of its own.
//! Whoever posted them never waits for that.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use url::Url;

use super::waiting::{Added, Waiting};
use crate::http::client::{self, Header, HttpClient, Method, Request, RetryPolicy};
use crate::ops::probe;
use crate::ops::receive::receiver::Delivery;
use crate::postmark::HookUrl;

/// The waits before an event is sent again.
const WAITS: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// How long a wait lasts before somebody looks whether it is to end.
const GLANCE: Duration = Duration::from_millis(20);

/// Where events are passed on to.
pub struct Target {
    url: Url,
    authorization: Option<Header>,
    timeout: Duration,
    net: HttpClient,
}

/// How it went so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// So many were accepted.
    pub accepted: u64,
    /// So many were not.
    pub refused: u64,
    /// So many were never sent: too many waited, or the end had come.
    pub unsent: u64,
}

/// What is told of it.
#[derive(Debug)]
pub enum News {
    /// The target does not take an event; it is tried again.
    Fails(String),
    /// It does again.
    Works,
    /// An event was not accepted.
    Refused {
        /// Its trace.
        trace: Option<String>,
        /// Why.
        why: String,
    },
    /// Too many wait: what comes now is not sent.
    Overflows,
}

/// Who is told.
pub type Tell = Arc<dyn Fn(News) + Send + Sync>;

/// The passing on, until it is dropped.
pub struct Forwarder {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    target: Target,
    tell: Tell,
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Nothing more is tried.
    is_over: AtomicBool,
}

#[derive(Default)]
struct Queue {
    waiting: Waiting<Arc<Delivery>>,
    is_sending: bool,
    so_far: Forwarded,
}

impl Target {
    /// A target, with the credentials in its URL.
    pub fn new(url: &HookUrl, net: &HttpClient, timeout: Duration) -> Result<Self, String> {
        let mut url = Url::parse(url.expose()).map_err(|error| error.to_string())?;
        let authorization = probe::credentials_of(&url).map(|auth| probe::basic(&auth));
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        Ok(Self { url, authorization, timeout, net: net.apart() })
    }

    /// Whether it is the address that events come from.
    pub fn leads_to(&self, address: SocketAddr) -> bool {
        let is_here = client::is_loopback(&self.url)
            && (address.ip().is_loopback() || address.ip().is_unspecified());
        is_here && self.url.port_or_known_default() == Some(address.port())
    }

    /// Sends once. The error says why it was not accepted, and whether it may be yet.
    fn send(&self, delivery: &Delivery) -> Result<(), (String, bool)> {
        let plain = |name: &str, value: &str| Header {
            name: name.to_owned(),
            value: value.to_owned().into(),
            secret: false,
        };
        let is_passed_on = |name: &str| {
            name.starts_with("x-pm-") || ["content-type", "user-agent"].contains(&name)
        };
        let passed_on = delivery.headers().filter(|(name, _)| is_passed_on(name));
        let sendable = passed_on.filter(|(name, value)| probe::is_sendable(name, value));
        let request = Request {
            method: Method::Post,
            url: self.url.clone(),
            is_redirected: false,
            headers: sendable
                .map(|(name, value)| plain(name, &value))
                .chain(self.authorization.clone())
                .collect(),
            body: Some(delivery.body().to_vec()),
            timeout: self.timeout,
            retries: 0,
            retry: RetryPolicy::Never,
            limit: LARGEST_ANSWER,
        };
        let answer = self.net.send(&request).map_err(|error| (error.to_string(), true))?;
        match answer.status {
            200..=299 => Ok(()),
            status => {
                let phrase = client::phrase(status).map(|phrase| format!(" {phrase}"));
                let at = client::authority(&self.url);
                let why = format!("{at} answered {status}{}", phrase.unwrap_or_default());
                Err((why, matches!(status, 408 | 429 | 500..)))
            }
        }
    }
}

impl Forwarder {
    /// Starts.
    pub fn start(target: Target, tell: Tell) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            target,
            tell,
            queue: Mutex::default(),
            changed: Condvar::new(),
            is_over: AtomicBool::new(false),
        });
        let working = Arc::clone(&shared);
        let builder = std::thread::Builder::new().name("forward".to_owned());
        let thread = builder.spawn(move || working.work())?;
        Ok(Self { shared, thread })
    }

    /// Takes an event to pass on.
    pub fn add(&self, delivery: &Arc<Delivery>) {
        let mut queue = self.shared.lock();
        let added = queue.waiting.add(Arc::clone(delivery), delivery.weight());
        queue.so_far.unsent += u64::from(added != Added::Fits);
        drop(queue);
        match added {
            Added::Fits => self.shared.changed.notify_one(),
            Added::Overflows => (self.shared.tell)(News::Overflows),
            Added::StillOverflows => {}
        }
    }

    /// Waits until all are passed on, or until `is_asked` wants this to end: then for what is being sent,
    /// for `grace` at most.
    pub fn finish(&self, is_asked: impl Fn() -> bool, grace: Duration) -> Forwarded {
        let is_busy = || {
            let queue = self.shared.lock();
            queue.is_sending || !queue.waiting.is_empty()
        };
        while is_busy() && !is_asked() {
            std::thread::sleep(GLANCE);
        }
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.shared.changed.notify_all();
        let end = Instant::now() + grace;
        while !self.thread.is_finished() && Instant::now() < end {
            std::thread::sleep(GLANCE);
        }
        let queue = self.shared.lock();
        let left = queue.waiting.len() as u64 + u64::from(queue.is_sending);
        Forwarded { unsent: queue.so_far.unsent + left, ..queue.so_far }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn work(&self) {
        let mut is_failing = false;
        while let Some(delivery) = self.next() {
            let outcome = self.pass_on(&delivery, &mut is_failing);
            let mut queue = self.lock();
            queue.is_sending = false;
            match outcome {
                Some(Ok(())) => queue.so_far.accepted += 1,
                Some(Err(_)) => queue.so_far.refused += 1,
                None => queue.so_far.unsent += 1,
            }
            drop(queue);
            if let Some(Err(why)) = outcome {
                let trace = delivery.header("x-pm-webhook-trace-id").map(Cow::into_owned);
                (self.tell)(News::Refused { trace, why });
            }
        }
    }

    fn next(&self) -> Option<Arc<Delivery>> {
        let mut queue = self.lock();
        loop {
            if self.is_over() {
                return None;
            }
            if let Some(delivery) = queue.waiting.next() {
                queue.is_sending = true;
                return Some(delivery);
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sends until it is accepted or given up; none where the end came first.
    fn pass_on(&self, delivery: &Delivery, is_failing: &mut bool) -> Option<Result<(), String>> {
        let mut waits = WAITS.iter();
        loop {
            let (why, may_be_yet) = match self.target.send(delivery) {
                Ok(()) => {
                    if std::mem::take(is_failing) {
                        (self.tell)(News::Works);
                    }
                    return Some(Ok(()));
                }
                Err(failure) => failure,
            };
            let Some(wait) = waits.next().filter(|_| may_be_yet) else { return Some(Err(why)) };
            if !std::mem::replace(is_failing, true) {
                (self.tell)(News::Fails(why));
            }
            let until = Instant::now() + *wait;
            while Instant::now() < until {
                if self.is_over() {
                    return None;
                }
                std::thread::sleep(GLANCE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client::Settings;

    #[test]
    fn only_what_comes_from_this_very_address_goes_in_a_circle() {
        let net = HttpClient::new(Settings::default());
        for (url, address, leads) in [
            ("http://localhost:8025/x", "127.0.0.1:8025", true),
            ("http://127.0.0.1:8025/x", "0.0.0.0:8025", true),
            ("http://[::1]:8025/x", "[::]:8025", true),
            ("http://localhost/", "127.0.0.1:80", true),
            ("http://localhost:8026/x", "127.0.0.1:8025", false),
            ("http://hooks.example.com:8025/x", "127.0.0.1:8025", false),
            ("http://localhost:8025/x", "192.0.2.1:8025", false),
        ] {
            let url: HookUrl = url.parse().unwrap();
            let target = Target::new(&url, &net, Duration::from_secs(1)).unwrap();
            assert_eq!(target.leads_to(address.parse().unwrap()), leads, "{url:?} {address}");
        }
    }
}
