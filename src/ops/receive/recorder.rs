//! Sink for received events: selects them, writes them to the record, and passes them to the forwarder and
//! to the reader of notices, in order.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::forward::{ForwardNotice, Forwarder};
use super::server::{EventRequest, EventSink, Rejection};
use crate::event::{Event, Received};
use crate::fs::append::{Appender, Place};
use crate::ops::record::{Record, RecordHeader, is_secret_header, masked_path};
use crate::postmark::mask;

/// Maximum number of notices that wait to be read.
const MAX_NOTICES: usize = 4096;
/// Maximum size of the events among them, in bytes. One event always fits.
const MAX_NOTICE_SIZE: usize = 64 * 1024 * 1024;
/// Capacity in bytes above which the write buffer is freed.
const MAX_BUFFER: usize = 1024 * 1024;
/// Headers that authenticate the sender; they are not recorded.
const CREDENTIAL_HEADERS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// Something to report while events are received.
#[derive(Debug)]
pub enum Notice {
    /// An event was received.
    Event(Arc<EventRequest>),
    /// A request was rejected.
    Rejected(Rejection),
    /// The record cannot be written.
    RecordFailed(String),
    /// The record can be written again.
    RecordRecovered,
    /// The record was moved or removed, and created anew.
    RecordRecreated,
    /// State of the forwarding.
    Forward(ForwardNotice),
    /// The requested number of events was received.
    CountReached,
}

impl Notice {
    fn size(&self) -> usize {
        match self {
            Self::Event(request) => request.size(),
            _ => 0,
        }
    }
}

/// What happens to events if notices are read too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticePolicy {
    /// Events are not reported at all.
    Never,
    /// Events are dropped from the report.
    Drop,
    /// Events are answered with 503.
    Reject,
}

#[derive(Debug, Default)]
struct NoticeCounts {
    waiting: AtomicUsize,
    bytes: AtomicUsize,
    events: AtomicU64,
    not_selected: AtomicU64,
    dropped: AtomicU64,
}

/// Sending half of a bounded channel of notices.
#[derive(Clone, Debug)]
pub(super) struct NoticeSender {
    policy: NoticePolicy,
    counts: Arc<NoticeCounts>,
    sender: Sender<Notice>,
}

/// Receiving half of the channel.
#[derive(Debug)]
pub struct NoticeReceiver {
    counts: Arc<NoticeCounts>,
    receiver: Receiver<Notice>,
}

pub(super) fn notice_channel(policy: NoticePolicy) -> (NoticeSender, NoticeReceiver) {
    let (sender, receiver) = mpsc::channel();
    let counts = Arc::<NoticeCounts>::default();
    let notices = NoticeReceiver { counts: Arc::clone(&counts), receiver };
    (NoticeSender { policy, counts, sender }, notices)
}

impl NoticeSender {
    /// Whether an event of `size` bytes may be accepted after `pending` others.
    fn accepts(&self, size: usize, pending: usize) -> bool {
        self.policy != NoticePolicy::Reject || self.has_room(size, pending)
    }

    fn has_room(&self, size: usize, pending: usize) -> bool {
        let waiting = self.counts.waiting.load(Ordering::Relaxed) + pending;
        let bytes = self.counts.bytes.load(Ordering::Relaxed);
        waiting == 0 || (waiting < MAX_NOTICES && bytes.saturating_add(size) <= MAX_NOTICE_SIZE)
    }

    fn send_event(&self, request: &Arc<EventRequest>) {
        self.counts.events.fetch_add(1, Ordering::Relaxed);
        match self.policy {
            NoticePolicy::Never => {}
            NoticePolicy::Drop if !self.has_room(request.size(), 0) => {
                self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            }
            NoticePolicy::Drop | NoticePolicy::Reject => {
                self.send(Notice::Event(Arc::clone(request)));
            }
        }
    }

    /// Sends a notice unless the channel is full.
    pub(super) fn send_if_room(&self, notice: Notice) {
        if self.has_room(0, 0) {
            self.send(notice);
        }
    }

    /// Sends a notice even if the channel is full.
    fn send(&self, notice: Notice) {
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        self.counts.bytes.fetch_add(notice.size(), Ordering::Relaxed);
        // Without a receiver the run is over.
        let _ = self.sender.send(notice);
    }
}

impl NoticeReceiver {
    /// Waits for the next notice, at most for `timeout`.
    pub fn next(&self, timeout: Duration) -> Option<Notice> {
        match self.receiver.recv_timeout(timeout) {
            Ok(notice) => {
                self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
                self.counts.bytes.fetch_sub(notice.size(), Ordering::Relaxed);
                Some(notice)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Number of events received so far.
    pub fn event_count(&self) -> u64 {
        self.counts.events.load(Ordering::Relaxed)
    }

    /// Number of events that `--event` did not select.
    pub fn not_selected_count(&self) -> u64 {
        self.counts.not_selected.load(Ordering::Relaxed)
    }

    /// Takes the number of events dropped from the report since the last call.
    pub fn take_dropped(&self) -> u64 {
        self.counts.dropped.swap(0, Ordering::Relaxed)
    }
}

/// Sink that writes the record.
pub(super) struct Recorder {
    events: Vec<Event>,
    notices: NoticeSender,
    forwarder: Option<Arc<Forwarder>>,
    /// The record keeps secrets of the path and the headers.
    keep_secrets: bool,
    is_verifying: AtomicBool,
    state: Mutex<RecorderState>,
}

struct RecorderState {
    /// Number of events still to receive.
    remaining: Option<u64>,
    record: Option<Appender>,
    is_record_failing: bool,
    buffer: Vec<u8>,
}

/// Decision about one request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    /// Another event than `--event` selects: acknowledged, but not recorded.
    Ignore,
    /// Acknowledged once it is recorded.
    Take,
    /// Answered with 503.
    Refuse,
}

impl Recorder {
    pub(super) fn new(
        events: Vec<Event>,
        count: Option<u64>,
        record: Option<Appender>,
        keep_secrets: bool,
        notices: NoticeSender,
        forwarder: Option<Arc<Forwarder>>,
    ) -> Self {
        let state = RecorderState {
            remaining: count,
            record,
            is_record_failing: false,
            buffer: Vec::new(),
        };
        let is_verifying = AtomicBool::new(false);
        Self { events, notices, forwarder, keep_secrets, is_verifying, state: Mutex::new(state) }
    }

    pub(super) fn set_verifying(&self, on: bool) {
        self.is_verifying.store(on, Ordering::SeqCst);
    }

    fn is_selected(&self, request: &EventRequest) -> bool {
        if self.events.is_empty() {
            return true;
        }
        let body = serde_json::from_slice(request.body()).unwrap_or_default();
        Received::of(&body).event().is_some_and(|event| self.events.contains(&event))
    }

    /// Writes the requests to the record, if there is one. Returns whether they are safe.
    fn write(&self, state: &mut RecorderState, requests: &[&Arc<EventRequest>]) -> bool {
        let Some(record) = &mut state.record else { return true };
        let lines = &mut state.buffer;
        lines.clear();
        for request in requests {
            write_line(request, self.keep_secrets, lines);
        }
        let written = record.append(lines);
        if lines.capacity() > MAX_BUFFER {
            *lines = Vec::new();
        }
        let is_failing = written.is_err();
        let was_failing = std::mem::replace(&mut state.is_record_failing, is_failing);
        match written {
            Err(error) if !was_failing => {
                self.notices.send(Notice::RecordFailed(error.to_string()));
            }
            Ok(_) if was_failing => self.notices.send(Notice::RecordRecovered),
            Ok(Place::New) => self.notices.send(Notice::RecordRecreated),
            Ok(Place::Same) | Err(_) => {}
        }
        !is_failing
    }
}

impl EventSink for Recorder {
    fn keep(&self, requests: &[Arc<EventRequest>]) -> Vec<bool> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::with_capacity(requests.len());
        let decisions: Vec<_> = requests
            .iter()
            .map(|request| {
                if !self.is_selected(request) {
                    self.notices.counts.not_selected.fetch_add(1, Ordering::Relaxed);
                    return Decision::Ignore;
                }
                let pending = taken.len();
                let is_wanted =
                    state.remaining.is_none_or(|remaining| (pending as u64) < remaining);
                if is_wanted && self.notices.accepts(request.size(), pending) {
                    taken.push(request);
                    return Decision::Take;
                }
                Decision::Refuse
            })
            .collect();
        let is_recorded = taken.is_empty() || self.write(&mut state, &taken);
        if is_recorded {
            for request in &taken {
                if let Some(forwarder) = &self.forwarder {
                    forwarder.push(request);
                }
                self.notices.send_event(request);
            }
            if let Some(remaining) = &mut state.remaining {
                *remaining -= taken.len() as u64;
                if *remaining == 0 && !taken.is_empty() {
                    self.notices.send(Notice::CountReached);
                }
            }
        }
        let is_kept = |decision| match decision {
            Decision::Ignore => true,
            Decision::Take => is_recorded,
            Decision::Refuse => false,
        };
        decisions.into_iter().map(is_kept).collect()
    }

    fn is_verifying(&self) -> bool {
        self.is_verifying.load(Ordering::SeqCst)
    }

    fn rejected(&self, rejection: Rejection) {
        self.notices.send_if_room(Notice::Rejected(rejection));
    }
}

/// Appends the record of a request to `lines`.
fn write_line(request: &EventRequest, keep_secrets: bool, lines: &mut Vec<u8>) {
    let is_kept = |name: &str| keep_secrets || !CREDENTIAL_HEADERS.contains(&name);
    let headers = request.headers().filter(|(name, _)| is_kept(name)).map(|(name, value)| {
        let is_masked = !keep_secrets && is_secret_header(name, &value);
        let value = if is_masked { Cow::Borrowed(mask::MASK) } else { value };
        RecordHeader { name: Cow::Borrowed(name), value }
    });
    let path = request.path();
    let path = if keep_secrets { Cow::Borrowed(path) } else { masked_path(path) };
    Record::new(request.time, request.method(), path, headers.collect(), request.body())
        .write_line(lines);
}
