//! Notices about received events: a bounded channel from the server's threads to the thread that shows them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::server::{EventRequest, Rejection};

/// Maximum number of notices that wait to be read.
const MAX_NOTICES: usize = 4096;
/// Maximum size of the events among them, in bytes. One event always fits.
const MAX_NOTICE_SIZE: usize = 64 * 1024 * 1024;

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
    /// Change of the forwarding to a target, named by its URL without secrets.
    Forward(String, ForwardNotice),
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

/// Change of the state of forwarding.
#[derive(Debug)]
pub enum ForwardNotice {
    /// The target does not accept an event; it is retried.
    Retrying(String),
    /// The target accepts events again.
    Recovered,
    /// An event was not accepted, and is not retried.
    Failed {
        /// Its trace ID.
        trace_id: Option<String>,
        /// Cause.
        reason: String,
    },
    /// The queue is full; new events are not forwarded.
    QueueFull,
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

/// A channel with this policy.
pub(super) fn channel(policy: NoticePolicy) -> (NoticeSender, NoticeReceiver) {
    let (sender, receiver) = mpsc::channel();
    let counts = Arc::<NoticeCounts>::default();
    let notices = NoticeReceiver { counts: Arc::clone(&counts), receiver };
    (NoticeSender { policy, counts, sender }, notices)
}

impl NoticeSender {
    /// Whether an event of `size` bytes may be accepted after `pending` others.
    pub(super) fn accepts(&self, size: usize, pending: usize) -> bool {
        self.policy != NoticePolicy::Reject || self.has_room(size, pending)
    }

    /// Counts an event that `--event` does not select.
    pub(super) fn count_not_selected(&self) {
        self.counts.not_selected.fetch_add(1, Ordering::Relaxed);
    }

    fn has_room(&self, size: usize, pending: usize) -> bool {
        let waiting = self.counts.waiting.load(Ordering::Relaxed) + pending;
        let bytes = self.counts.bytes.load(Ordering::Relaxed);
        waiting == 0 || (waiting < MAX_NOTICES && bytes.saturating_add(size) <= MAX_NOTICE_SIZE)
    }

    pub(super) fn send_event(&self, request: &Arc<EventRequest>) {
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
    pub(super) fn send(&self, notice: Notice) {
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
