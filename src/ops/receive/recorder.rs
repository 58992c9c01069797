//! Sink for received events: selects them, writes them to the record, and passes them to the forwarder and
//! to the reader of notices, in order.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::forward::Forwarder;
use super::notices::{Notice, NoticeSender};
use super::server::{EventRequest, EventSink, Rejection};
use crate::event::{Event, Received};
use crate::fs::append::{Appender, Place};
use crate::ops::record::{Record, RecordHeader, is_secret_header, masked_path};
use crate::postmark::mask;

/// Capacity in bytes above which the write buffer is freed.
const MAX_BUFFER: usize = 1024 * 1024;
/// Headers that authenticate the sender; they are not recorded.
const CREDENTIAL_HEADERS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// Sink that writes the record.
pub(super) struct Recorder {
    events: Vec<Event>,
    notices: NoticeSender,
    forwarders: Vec<Arc<Forwarder>>,
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
        forwarders: Vec<Arc<Forwarder>>,
    ) -> Self {
        let state = RecorderState {
            remaining: count,
            record,
            is_record_failing: false,
            buffer: Vec::new(),
        };
        let is_verifying = AtomicBool::new(false);
        Self { events, notices, forwarders, keep_secrets, is_verifying, state: Mutex::new(state) }
    }

    pub(super) fn set_verifying(&self, on: bool) {
        self.is_verifying.store(on, Ordering::SeqCst);
    }

    /// The event of a request, if anything depends on it.
    fn event_of(&self, request: &EventRequest) -> Option<Event> {
        let is_needed = !self.events.is_empty() || self.forwarders.iter().any(|f| f.is_selective());
        if !is_needed {
            return None;
        }
        let body = serde_json::from_slice(request.body()).unwrap_or_default();
        Received::of(&body).event()
    }

    fn is_selected(&self, event: Option<Event>) -> bool {
        self.events.is_empty() || event.is_some_and(|event| self.events.contains(&event))
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
        let mut events = Vec::with_capacity(requests.len());
        let decisions: Vec<_> = requests
            .iter()
            .map(|request| {
                let event = self.event_of(request);
                if !self.is_selected(event) {
                    self.notices.count_not_selected();
                    return Decision::Ignore;
                }
                let pending = taken.len();
                let is_wanted =
                    state.remaining.is_none_or(|remaining| (pending as u64) < remaining);
                if is_wanted && self.notices.accepts(request.size(), pending) {
                    taken.push(request);
                    events.push(event);
                    return Decision::Take;
                }
                Decision::Refuse
            })
            .collect();
        let is_recorded = taken.is_empty() || self.write(&mut state, &taken);
        if is_recorded {
            for (request, event) in taken.iter().zip(events) {
                self.forwarders.iter().for_each(|forwarder| forwarder.push(request, event));
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
