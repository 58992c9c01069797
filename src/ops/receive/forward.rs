//! Forwarding of received events to another endpoint: in order, with retries, without delaying the
//! acknowledgement.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::notices::{ForwardNotice, Notice, NoticeSender};
use super::server::EventRequest;
use crate::event::Event;
use crate::http::client::{self, Header, HttpClient, Method, Request, RetryPolicy};
use crate::ops::record::is_secret_name;
use crate::ops::test::{self, CONNECTION_HEADERS, Endpoint, EndpointError};
use crate::postmark::{HookUrl, HttpHeader};

/// Delays before the retries of an event.
const RETRY_DELAYS: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// Maximum size of a response, in bytes.
const MAX_RESPONSE: usize = 1024 * 1024;
/// Interval in which waits look for the end of the run.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Maximum number of events that wait to be forwarded.
const MAX_QUEUED: usize = 10_000;
/// Maximum size of these events, in bytes. One event always fits.
const MAX_QUEUED_SIZE: usize = 128 * 1024 * 1024;

/// Headers of the connection to the listener, besides [`CONNECTION_HEADERS`].
const HOP_HEADERS: [&str; 7] = [
    "accept-encoding",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "via",
];

/// Endpoint that events are forwarded to.
pub struct ForwardTarget {
    endpoint: Endpoint,
    /// Events to forward; empty forwards all.
    events: Vec<Event>,
    /// URL without its secrets.
    name: String,
    timeout: Duration,
    client: HttpClient,
}

/// Result of forwarding to one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardReport {
    /// URL of the target, without its secrets.
    pub target: String,
    /// Number of events by outcome.
    pub counts: ForwardCounts,
}

/// Number of events by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForwardCounts {
    /// Accepted by the target.
    pub forwarded: u64,
    /// Not accepted.
    pub failed: u64,
    /// Never sent: the queue was full, or the run ended.
    pub unsent: u64,
}

/// Thread that forwards events.
pub(super) struct Forwarder {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    target: ForwardTarget,
    notices: NoticeSender,
    state: Mutex<ForwardState>,
    changed: Condvar,
    /// The run has ended; nothing more is sent.
    is_over: AtomicBool,
}

#[derive(Default)]
struct ForwardState {
    queue: BoundedQueue<Arc<EventRequest>>,
    is_sending: bool,
    counts: ForwardCounts,
}

/// A failed attempt.
struct AttemptError {
    reason: String,
    is_retryable: bool,
}

impl ForwardTarget {
    /// A target for `events` (empty: all), with the credentials of its URL and these headers.
    pub(crate) fn new(
        url: &HookUrl,
        events: Vec<Event>,
        headers: &[HttpHeader],
        client: &HttpClient,
        timeout: Duration,
    ) -> Result<Self, EndpointError> {
        let endpoint = Endpoint::new(url, None, headers)?;
        Ok(Self { endpoint, events, name: url.masked(), timeout, client: client.apart() })
    }

    /// Whether the target is the listener itself.
    pub(crate) fn is_listener(&self, address: SocketAddr) -> bool {
        let url = &self.endpoint.url;
        let is_local = client::is_loopback(url)
            && (address.ip().is_loopback() || address.ip().is_unspecified());
        is_local && url.port_or_known_default() == Some(address.port())
    }

    /// Whether the target wants only some events.
    pub(super) fn is_selective(&self) -> bool {
        !self.events.is_empty()
    }

    /// Headers of a forwarded event: those of the request that the target may see, then its own.
    fn headers(&self, event: &EventRequest) -> Vec<Header> {
        let own = &self.endpoint.headers;
        let is_replaced = |name: &str| {
            own.iter().any(|header| header.name.eq_ignore_ascii_case(name))
                || (name == "authorization" && self.endpoint.auth.is_some())
        };
        let is_trusted = client::is_loopback(&self.endpoint.url);
        let is_forwarded = |name: &str| {
            !CONNECTION_HEADERS.contains(&name)
                && !HOP_HEADERS.contains(&name)
                && !is_replaced(name)
                && (is_trusted || !is_secret_name(name))
        };
        let received = event
            .headers()
            .filter(|(name, value)| is_forwarded(name) && test::is_sendable(name, value))
            .map(|(name, value)| Header {
                name: name.to_owned(),
                secret: is_secret_name(name),
                value: value.into_owned().into(),
            });
        let auth = self.endpoint.auth.as_ref().map(test::basic_auth_header);
        let own = own.iter().map(|header| Header {
            name: header.name.clone(),
            value: header.value.expose().to_owned().into(),
            secret: true,
        });
        received.chain(auth).chain(own).collect()
    }

    /// Sends an event once.
    fn send(&self, event: &EventRequest) -> Result<(), AttemptError> {
        let request = Request {
            method: Method::Post,
            url: self.endpoint.url.clone(),
            is_redirected: false,
            addresses: None,
            headers: self.headers(event),
            body: Some(event.body().to_vec()),
            timeout: self.timeout,
            retries: 0,
            retry: RetryPolicy::Never,
            limit: MAX_RESPONSE,
        };
        let response = self.client.send(&request).map_err(|error| AttemptError {
            reason: self.endpoint.mask_secrets(&error.to_string()),
            is_retryable: true,
        })?;
        match response.status {
            200..=299 => Ok(()),
            status => {
                let phrase = client::phrase(status).map(|phrase| format!(" {phrase}"));
                Err(AttemptError {
                    reason: format!("HTTP {status}{}", phrase.unwrap_or_default()),
                    is_retryable: matches!(status, 408 | 429 | 500..),
                })
            }
        }
    }
}

impl Forwarder {
    /// Starts the thread.
    pub(super) fn start(target: ForwardTarget, notices: NoticeSender) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            target,
            notices,
            state: Mutex::default(),
            changed: Condvar::new(),
            is_over: AtomicBool::new(false),
        });
        let worker = Arc::clone(&shared);
        let builder = std::thread::Builder::new().name("forward".to_owned());
        let thread = builder.spawn(move || worker.work())?;
        Ok(Self { shared, thread })
    }

    /// Whether the target wants only some events.
    pub(super) fn is_selective(&self) -> bool {
        self.shared.target.is_selective()
    }

    /// Queues an event, if the target wants it. Never blocks.
    pub(super) fn push(&self, event: &Arc<EventRequest>, kind: Option<Event>) {
        let events = &self.shared.target.events;
        if !events.is_empty() && !kind.is_some_and(|kind| events.contains(&kind)) {
            return;
        }
        let mut state = self.shared.lock();
        let pushed = state.queue.push(Arc::clone(event), event.size());
        state.counts.unsent += u64::from(pushed != Pushed::Queued);
        drop(state);
        match pushed {
            Pushed::Queued => self.shared.changed.notify_one(),
            Pushed::FirstOverflow => self.shared.notify(ForwardNotice::QueueFull),
            Pushed::Overflow => {}
        }
    }

    /// Waits until all queues are empty. After `is_interrupted`, waits only for the events in flight, at
    /// most for `grace`.
    pub(super) fn finish(
        forwarders: &[Arc<Self>],
        is_interrupted: impl Fn() -> bool,
        grace: Duration,
    ) -> Vec<ForwardReport> {
        let is_busy = |forwarder: &Arc<Self>| {
            let state = forwarder.shared.lock();
            state.is_sending || !state.queue.is_empty()
        };
        while forwarders.iter().any(is_busy) && !is_interrupted() {
            std::thread::sleep(POLL_INTERVAL);
        }
        for forwarder in forwarders {
            forwarder.shared.is_over.store(true, Ordering::SeqCst);
            forwarder.shared.changed.notify_all();
        }
        let end = Instant::now() + grace;
        while forwarders.iter().any(|f| !f.thread.is_finished()) && Instant::now() < end {
            std::thread::sleep(POLL_INTERVAL);
        }
        forwarders.iter().map(|forwarder| forwarder.report()).collect()
    }

    fn report(&self) -> ForwardReport {
        let state = self.shared.lock();
        let left = state.queue.len() as u64 + u64::from(state.is_sending);
        let counts = ForwardCounts { unsent: state.counts.unsent + left, ..state.counts };
        ForwardReport { target: self.shared.target.name.clone(), counts }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, ForwardState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self, notice: ForwardNotice) {
        self.notices.send_if_room(Notice::Forward(self.target.name.clone(), notice));
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn work(&self) {
        let mut is_failing = false;
        while let Some(event) = self.next() {
            let outcome = self.forward(&event, &mut is_failing);
            let mut state = self.lock();
            state.is_sending = false;
            match outcome {
                Some(Ok(())) => state.counts.forwarded += 1,
                Some(Err(_)) => state.counts.failed += 1,
                None => state.counts.unsent += 1,
            }
            drop(state);
            if let Some(Err(reason)) = outcome {
                let trace_id = event.header("x-pm-webhook-trace-id").map(Cow::into_owned);
                self.notify(ForwardNotice::Failed { trace_id, reason });
            }
        }
    }

    fn next(&self) -> Option<Arc<EventRequest>> {
        let mut state = self.lock();
        loop {
            if self.is_over() {
                return None;
            }
            if let Some(event) = state.queue.pop() {
                state.is_sending = true;
                return Some(event);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sends an event with retries; `None` if the run ended first.
    fn forward(&self, event: &EventRequest, is_failing: &mut bool) -> Option<Result<(), String>> {
        let mut delays = RETRY_DELAYS.iter();
        loop {
            let error = match self.target.send(event) {
                Ok(()) => {
                    if std::mem::take(is_failing) {
                        self.notify(ForwardNotice::Recovered);
                    }
                    return Some(Ok(()));
                }
                Err(error) => error,
            };
            let Some(delay) = delays.next().filter(|_| error.is_retryable) else {
                return Some(Err(error.reason));
            };
            if !std::mem::replace(is_failing, true) {
                self.notify(ForwardNotice::Retrying(error.reason));
            }
            let until = Instant::now() + *delay;
            while Instant::now() < until {
                if self.is_over() {
                    return None;
                }
                std::thread::sleep(POLL_INTERVAL);
            }
        }
    }
}

/// A first-in, first-out queue, bounded in items and bytes.
struct BoundedQueue<T> {
    items: VecDeque<(T, usize)>,
    size: usize,
    has_overflowed: bool,
}

/// Outcome of [`BoundedQueue::push`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pushed {
    /// The item was queued.
    Queued,
    /// The item was dropped, the first since the queue had room.
    FirstOverflow,
    /// The item was dropped, like others before it.
    Overflow,
}

impl<T> Default for BoundedQueue<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), size: 0, has_overflowed: false }
    }
}

impl<T> BoundedQueue<T> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds an item of `size` bytes, if there is room.
    fn push(&mut self, item: T, size: usize) -> Pushed {
        let total = self.size.saturating_add(size);
        if self.len() < MAX_QUEUED && (total <= MAX_QUEUED_SIZE || self.is_empty()) {
            self.items.push_back((item, size));
            self.size = total;
            return Pushed::Queued;
        }
        if std::mem::replace(&mut self.has_overflowed, true) {
            Pushed::Overflow
        } else {
            Pushed::FirstOverflow
        }
    }

    /// Takes the oldest item.
    fn pop(&mut self) -> Option<T> {
        let (item, size) = self.items.pop_front()?;
        self.size -= size;
        // The next overflow is reported again once half of the room is free.
        self.has_overflowed &= self.len() > MAX_QUEUED / 2 || self.size > MAX_QUEUED_SIZE / 2;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client::Settings;

    #[test]
    fn only_the_listeners_own_address_is_a_loop() {
        let client = HttpClient::new(Settings::default());
        for (url, address, expected) in [
            ("http://localhost:8025/x", "127.0.0.1:8025", true),
            ("http://127.0.0.1:8025/x", "0.0.0.0:8025", true),
            ("http://[::1]:8025/x", "[::]:8025", true),
            ("http://localhost/", "127.0.0.1:80", true),
            ("http://localhost:8026/x", "127.0.0.1:8025", false),
            ("http://hooks.example.com:8025/x", "127.0.0.1:8025", false),
            ("http://localhost:8025/x", "192.0.2.1:8025", false),
        ] {
            let url: HookUrl = url.parse().unwrap();
            let timeout = Duration::from_secs(1);
            let target = ForwardTarget::new(&url, Vec::new(), &[], &client, timeout).unwrap();
            assert_eq!(target.is_listener(address.parse().unwrap()), expected, "{url:?} {address}");
        }
    }

    /// Pushes `count` items of `size` bytes; returns the number of each outcome.
    fn push(queue: &mut BoundedQueue<usize>, count: usize, size: usize) -> [usize; 3] {
        let pushed: Vec<_> = (0..count).map(|item| queue.push(item, size)).collect();
        [Pushed::Queued, Pushed::FirstOverflow, Pushed::Overflow]
            .map(|kind| pushed.iter().filter(|pushed| **pushed == kind).count())
    }

    fn pop(queue: &mut BoundedQueue<usize>, count: usize) -> Vec<usize> {
        (0..count).map_while(|_| queue.pop()).collect()
    }

    #[test]
    fn an_overflow_is_reported_again_after_half_of_the_queue_was_sent() {
        let mut queue = BoundedQueue::default();
        assert_eq!(push(&mut queue, MAX_QUEUED + 3, 1), [MAX_QUEUED, 1, 2]);
        assert_eq!(pop(&mut queue, 2), [0, 1]);
        assert_eq!(push(&mut queue, 4, 1), [2, 0, 2]);
        assert_eq!(pop(&mut queue, MAX_QUEUED / 2 - 1).len(), MAX_QUEUED / 2 - 1);
        assert_eq!(push(&mut queue, MAX_QUEUED / 2, 1), [MAX_QUEUED / 2 - 1, 0, 1]);
        assert_eq!(pop(&mut queue, MAX_QUEUED / 2).len(), MAX_QUEUED / 2);
        assert_eq!(push(&mut queue, MAX_QUEUED / 2 + 2, 1), [MAX_QUEUED / 2, 1, 1]);
        assert_eq!(pop(&mut queue, MAX_QUEUED + 1).len(), MAX_QUEUED);
        assert!(queue.is_empty());
    }

    #[test]
    fn large_events_fill_the_queue_but_one_always_fits() {
        let mut queue = BoundedQueue::default();
        assert_eq!(push(&mut queue, 2, MAX_QUEUED_SIZE + 1), [1, 1, 0]);
        assert_eq!(pop(&mut queue, 2), [0]);
        let quarter = MAX_QUEUED_SIZE / 4;
        assert_eq!(push(&mut queue, 6, quarter), [4, 1, 1]);
        assert_eq!(pop(&mut queue, 1), [0]);
        assert_eq!(push(&mut queue, 2, quarter), [1, 0, 1]);
        assert_eq!(pop(&mut queue, 2), [1, 2]);
        assert_eq!(push(&mut queue, 3, quarter), [2, 1, 0]);
        assert_eq!(queue.len(), 4);
        // Two of the largest inbound mails that Postmark accepts.
        assert_eq!(push(&mut BoundedQueue::default(), 2, 50 << 20), [2, 0, 0]);
    }
}
