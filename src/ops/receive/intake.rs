//! Where deliveries are judged, recorded and passed on, several at a time and one after the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::forward::Forwarder;
use super::inbox::{Outbox, Told};
use super::line;
use crate::event::{Event, Received};
use crate::fs::append::{Appender, Place};
use crate::ops::receive::receiver::{Delivery, Keep, Refusal};

/// A buffer that is larger is given back.
const BUFFER: usize = 1024 * 1024;

/// Where deliveries are kept.
pub(super) struct Intake {
    events: Vec<Event>,
    outbox: Outbox,
    forwarder: Option<Arc<Forwarder>>,
    probing: AtomicBool,
    state: Mutex<State>,
}

struct State {
    /// How many are still wanted.
    left: Option<u64>,
    record: Option<Appender>,
    record_fails: bool,
    buffer: Vec<u8>,
}

impl Intake {
    pub(super) fn new(
        events: Vec<Event>,
        count: Option<u64>,
        record: Option<Appender>,
        outbox: Outbox,
        forwarder: Option<Arc<Forwarder>>,
    ) -> Self {
        let state = State { left: count, record, record_fails: false, buffer: Vec::new() };
        let probing = AtomicBool::new(false);
        Self { events, outbox, forwarder, probing, state: Mutex::new(state) }
    }

    pub(super) fn probing(&self, on: bool) {
        self.probing.store(on, Ordering::SeqCst);
    }

    /// Whether a delivery is meant. The others are answered like these, and nothing else.
    fn is_meant(&self, delivery: &Delivery) -> bool {
        if self.events.is_empty() {
            return true;
        }
        let body = serde_json::from_slice(delivery.body()).unwrap_or_default();
        Received::of(&body).event().is_some_and(|event| self.events.contains(&event))
    }

    /// Writes the lines of these deliveries to the record, if there is one.
    fn record(&self, state: &mut State, deliveries: &[&Arc<Delivery>]) -> bool {
        let Some(record) = &mut state.record else { return true };
        let lines = &mut state.buffer;
        lines.clear();
        for delivery in deliveries {
            line::add(delivery, lines);
        }
        let written = record.append(lines);
        if lines.capacity() > BUFFER {
            *lines = Vec::new();
        }
        let failed = written.is_err();
        let changed = std::mem::replace(&mut state.record_fails, failed) != failed;
        match written {
            Err(error) if changed => self.outbox.tell(Told::RecordFails(error.to_string())),
            Ok(_) if changed => self.outbox.tell(Told::RecordWorks),
            Ok(Place::New) => self.outbox.tell(Told::RecordIsNew),
            Ok(Place::Same) | Err(_) => {}
        }
        !failed
    }
}

impl Keep for Intake {
    fn keep(&self, deliveries: &[Arc<Delivery>]) -> Vec<bool> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::with_capacity(deliveries.len());
        // What becomes of each: it is answered as kept, or it is if the record takes it.
        let judged: Vec<_> = deliveries
            .iter()
            .map(|delivery| {
                let besides = taken.len();
                if !self.is_meant(delivery) {
                    return (true, false);
                }
                let is_wanted = state.left.is_none_or(|left| (besides as u64) < left);
                let is_taken = is_wanted && self.outbox.takes(delivery.weight(), besides);
                if is_taken {
                    taken.push(delivery);
                }
                (is_taken, is_taken)
            })
            .collect();
        let is_recorded = taken.is_empty() || self.record(&mut state, &taken);
        if is_recorded {
            let count = taken.len() as u64;
            for delivery in taken {
                if let Some(forwarder) = &self.forwarder {
                    forwarder.add(delivery);
                }
                self.outbox.event(delivery);
            }
            if let Some(left) = &mut state.left {
                *left -= count;
                if *left == 0 && count > 0 {
                    self.outbox.tell(Told::Enough);
                }
            }
        }
        judged
            .into_iter()
            .map(|(is_fine, is_taken)| is_fine && (is_recorded || !is_taken))
            .collect()
    }

    fn is_probed(&self) -> bool {
        self.probing.load(Ordering::SeqCst)
    }

    fn refused(&self, refusal: Refusal) {
        self.outbox.mention(Told::Refused(refusal));
    }
}
