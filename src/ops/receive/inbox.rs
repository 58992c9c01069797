//! The way from those who receive to the one who shows: bounded, so that a slow terminal costs no memory
//! and delays nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::Shown;
use super::forward::News;
use crate::ops::receive::receiver::{Delivery, Refusal};

/// So much may wait to be shown.
const MOST: usize = 4096;
/// So many bytes may; one event always may.
const BYTES: usize = 64 * 1024 * 1024;

/// What there is to tell.
#[derive(Debug)]
pub enum Told {
    /// An event came.
    Event(Arc<Delivery>),
    /// A request was refused.
    Refused(Refusal),
    /// The record cannot be written any more.
    RecordFails(String),
    /// It can again.
    RecordWorks,
    /// It was moved or removed, and made anew.
    RecordIsNew,
    /// Something about the passing on.
    Forward(News),
    /// So many events came as were wanted.
    Enough,
}

impl Told {
    fn bytes(&self) -> usize {
        match self {
            Self::Event(delivery) => delivery.weight(),
            _ => 0,
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    waiting: AtomicUsize,
    bytes: AtomicUsize,
    taken: AtomicU64,
    passed_over: AtomicU64,
}

/// The end where things are put in.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    shown: Shown,
    counts: Arc<Counts>,
    sender: Sender<Told>,
}

/// The end where they are taken out.
#[derive(Debug)]
pub struct Inbox {
    counts: Arc<Counts>,
    receiver: Receiver<Told>,
}

pub(super) fn pair(shown: Shown) -> (Outbox, Inbox) {
    let (sender, receiver) = mpsc::channel();
    let counts = Arc::<Counts>::default();
    (Outbox { shown, counts: Arc::clone(&counts), sender }, Inbox { counts, receiver })
}

impl Outbox {
    /// Whether an event may be accepted at all.
    pub(super) fn takes(&self, bytes: usize, besides: usize) -> bool {
        self.shown != Shown::All || self.has_room(bytes, besides)
    }

    fn has_room(&self, bytes: usize, besides: usize) -> bool {
        let waiting = self.counts.waiting.load(Ordering::Relaxed) + besides;
        let present = self.counts.bytes.load(Ordering::Relaxed);
        waiting == 0 || (waiting < MOST && present.saturating_add(bytes) <= BYTES)
    }

    /// Tells of an event that was taken.
    pub(super) fn event(&self, delivery: &Arc<Delivery>) {
        self.counts.taken.fetch_add(1, Ordering::Relaxed);
        match self.shown {
            Shown::None => {}
            Shown::IfThereIsTime if !self.has_room(delivery.weight(), 0) => {
                self.counts.passed_over.fetch_add(1, Ordering::Relaxed);
            }
            Shown::IfThereIsTime | Shown::All => self.tell(Told::Event(Arc::clone(delivery))),
        }
    }

    /// Tells of something that is one of many, unless there are too many.
    pub(super) fn mention(&self, told: Told) {
        if self.has_room(0, 0) {
            self.tell(told);
        }
    }

    /// Tells of something that must not be overlooked.
    pub(super) fn tell(&self, told: Told) {
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        self.counts.bytes.fetch_add(told.bytes(), Ordering::Relaxed);
        // Where nobody listens any more, the run is over.
        let _ = self.sender.send(told);
    }
}

impl Inbox {
    /// The next thing, if there is one in time.
    pub fn wait(&self, time: Duration) -> Option<Told> {
        match self.receiver.recv_timeout(time) {
            Ok(told) => {
                self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
                self.counts.bytes.fetch_sub(told.bytes(), Ordering::Relaxed);
                Some(told)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// How many events were taken so far.
    pub fn taken(&self) -> u64 {
        self.counts.taken.load(Ordering::Relaxed)
    }

    /// How many events were not shown since this was asked last, for there were too many.
    pub fn passed_over(&self) -> u64 {
        self.counts.passed_over.swap(0, Ordering::Relaxed)
    }
}
