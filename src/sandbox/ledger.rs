//! Mail, bounces and events: indexes in memory over the journal that keeps them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::SandboxError;
use super::journal::{Journal, Position};
use super::statistics::{Hour, Request};
use crate::event::Event;

/// Maximum numbers of messages, bounces and events. The oldest are dropped first.
const MAX_MESSAGES: usize = 10_000;
const MAX_BOUNCES: usize = 10_000;
const MAX_EVENTS: usize = 10_000;

/// ID before the first bounce. Bounce IDs are integers that a JavaScript number holds exactly.
const FIRST_BOUNCE: i64 = 700_000_000;

/// A message that was accepted. Its bodies are in the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) server: i64,
    pub(super) stream: String,
    pub(super) from: String,
    /// Each `{Email, Name}`.
    pub(super) to: Vec<Value>,
    pub(super) cc: Vec<Value>,
    pub(super) bcc: Vec<Value>,
    /// Addresses that it is sent to: those that are not suppressed.
    pub(super) recipients: Vec<String>,
    pub(super) subject: String,
    pub(super) tag: String,
    pub(super) metadata: Map<String, Value>,
    pub(super) received_at: Timestamp,
    pub(super) track_opens: bool,
    pub(super) track_links: String,
    /// Names of the attachments.
    pub(super) attachments: Vec<String>,
    pub(super) sandboxed: bool,
}

/// A message with its events and the place of its bodies.
pub(super) struct StoredMessage {
    pub(super) message: Message,
    pub(super) position: Position,
    /// `MessageEvents` of its details.
    pub(super) events: Vec<Value>,
    /// Rows of `/messages/outbound/opens` and `/clicks`: first ones only, as Postmark keeps them.
    pub(super) opens: Vec<Value>,
    pub(super) clicks: Vec<Value>,
}

/// A bounce, as in the API's responses but for `Inactive`, which the suppressions decide.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Bounce {
    pub(super) id: i64,
    pub(super) server: i64,
    pub(super) at: Timestamp,
    /// The object in the API's responses.
    pub(super) object: Map<String, Value>,
    pub(super) content: String,
}

/// An event for one target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Outgoing {
    pub(super) id: u64,
    pub(super) trace_id: String,
    pub(super) server: i64,
    /// `None` for a hook URL of the server.
    pub(super) webhook: Option<i64>,
    /// Field of the server with the URL, if there is no webhook.
    pub(super) hook: Option<String>,
    pub(super) url: String,
    /// The event, by its key in the API.
    pub(super) event: String,
    pub(super) recipient: String,
    pub(super) message_id: Option<String>,
    pub(super) stream: String,
    pub(super) made_at: Timestamp,
}

impl Outgoing {
    /// The trigger that has to be on: of an SMTP API error that of bounces.
    pub(super) fn trigger(&self) -> &str {
        if self.event == Event::SmtpApiError.key() { Event::Bounce.key() } else { &self.event }
    }

    pub(super) fn is_inbound(&self) -> bool {
        self.event == Event::Inbound.key()
    }
}

/// The end of an attempt, or of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// A 2xx.
    Delivered,
    /// To be retried.
    Retrying,
    /// A status that is never retried, or a webhook that is gone.
    Dropped,
    /// The last retry failed.
    Exhausted,
    /// The target is not allowed: nothing was sent.
    Blocked,
}

/// One attempt to post an event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// The event's ID.
    pub(super) event: u64,
    /// From 1.
    pub(super) number: usize,
    pub(super) at: Timestamp,
    pub(super) status: Option<u16>,
    pub(super) error: Option<String>,
    pub(super) outcome: Outcome,
    pub(super) next: Option<Timestamp>,
    pub(super) milliseconds: u64,
}

/// An event with its attempts and the place of its body.
pub(super) struct StoredEvent {
    pub(super) outgoing: Outgoing,
    pub(super) position: Position,
    pub(super) attempts: Vec<Attempt>,
    /// Time of the next attempt. `None` if there is none, or while it runs.
    pub(super) due: Option<Timestamp>,
    /// It was made in this run of the sandbox.
    pub(super) is_new: bool,
}

/// A header in the journal.
#[derive(Serialize, Deserialize)]
enum Entry {
    Message(Message),
    /// An entry of `MessageEvents`, with the message's ID.
    MessageEvent(String, Value),
    Open(String, Value),
    Click(String, Value),
    Bounce(Bounce),
    Event(Outgoing),
    Attempt(Attempt),
}

/// Mail, bounces and events.
pub(super) struct Ledger {
    journal: Journal,
    index: Index,
}

#[derive(Default)]
struct Index {
    messages: HashMap<String, StoredMessage>,
    /// IDs of messages, oldest first.
    order: VecDeque<String>,
    bounces: BTreeMap<i64, Bounce>,
    events: BTreeMap<u64, StoredEvent>,
    /// Due events, by time.
    queue: BTreeSet<(Timestamp, u64)>,
    /// Requests per webhook, by the hour.
    hours: HashMap<i64, Vec<Hour>>,
    /// Exhausted events in a row, per webhook and trigger.
    failures: HashMap<(i64, String), u32>,
    next_event: u64,
    next_bounce: i64,
    /// Latest time in the journal.
    latest: Timestamp,
}

impl Ledger {
    /// An empty ledger in memory.
    pub(super) fn in_memory() -> Self {
        Self { journal: Journal::in_memory(), index: Index::default() }
    }

    /// Opens the ledger of a state file.
    pub(super) fn open(state: &Path) -> Result<Self, SandboxError> {
        let mut index = Index::default();
        let journal = Journal::open(&folder_of(state), |header, position| {
            // A record of a later version is not an error of the others.
            if let Ok(entry) = serde_json::from_slice::<Entry>(header) {
                index.apply(entry, position, false);
            }
        })?;
        let mut ledger = Self { journal, index };
        ledger.trim();
        Ok(ledger)
    }

    /// Latest time in the journal: the clock never falls behind it.
    pub(super) fn latest(&self) -> Timestamp {
        self.index.latest
    }

    fn append(&mut self, entry: Entry, payload: &[u8]) -> Result<(), String> {
        let header = serde_json::to_vec(&entry).map_err(|error| error.to_string())?;
        let position = self.journal.append(&header, payload).map_err(|error| error.to_string())?;
        self.index.apply(entry, position, true);
        self.trim();
        Ok(())
    }

    fn trim(&mut self) {
        let oldest = self.journal.trim();
        self.index.trim(oldest);
    }

    pub(super) fn add_message(&mut self, message: Message, content: &Value) -> Result<(), String> {
        self.append(Entry::Message(message), content.to_string().as_bytes())
    }

    pub(super) fn add_message_event(&mut self, id: &str, event: Value) -> Result<(), String> {
        self.append(Entry::MessageEvent(id.to_owned(), event), b"")
    }

    pub(super) fn add_open(&mut self, id: &str, open: Value) -> Result<(), String> {
        self.append(Entry::Open(id.to_owned(), open), b"")
    }

    pub(super) fn add_click(&mut self, id: &str, click: Value) -> Result<(), String> {
        self.append(Entry::Click(id.to_owned(), click), b"")
    }

    pub(super) fn next_bounce_id(&self) -> i64 {
        self.index.next_bounce.max(FIRST_BOUNCE) + 1
    }

    pub(super) fn add_bounce(&mut self, bounce: Bounce) -> Result<(), String> {
        self.append(Entry::Bounce(bounce), b"")
    }

    pub(super) fn next_event_id(&self) -> u64 {
        self.index.next_event + 1
    }

    /// Adds an event, due at once.
    pub(super) fn add_event(&mut self, outgoing: Outgoing, body: &[u8]) -> Result<(), String> {
        self.append(Entry::Event(outgoing), body)
    }

    pub(super) fn add_attempt(&mut self, attempt: Attempt) -> Result<(), String> {
        self.append(Entry::Attempt(attempt), b"")
    }

    pub(super) fn message(&self, server: i64, id: &str) -> Option<&StoredMessage> {
        self.index.messages.get(id).filter(|stored| stored.message.server == server)
    }

    /// The message with an ID, whatever its server: for links and pixels, which carry no token.
    pub(super) fn any_message(&self, id: &str) -> Option<&StoredMessage> {
        self.index.messages.get(id)
    }

    /// Messages, newest first.
    pub(super) fn messages(&self, server: i64) -> impl Iterator<Item = &StoredMessage> {
        let ids = self.index.order.iter().rev();
        ids.filter_map(|id| self.index.messages.get(id)).filter(move |m| m.message.server == server)
    }

    /// The content of a message: an object with the fields of the request.
    pub(super) fn content(&mut self, position: Position) -> Value {
        let bytes = self.journal.read(position).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    pub(super) fn bounce(&self, server: i64, id: i64) -> Option<&Bounce> {
        self.index.bounces.get(&id).filter(|bounce| bounce.server == server)
    }

    /// Bounces, newest first.
    pub(super) fn bounces(&self, server: i64) -> impl Iterator<Item = &Bounce> {
        self.index.bounces.values().rev().filter(move |bounce| bounce.server == server)
    }

    /// Events, oldest first.
    pub(super) fn events(&self) -> impl Iterator<Item = &StoredEvent> {
        self.index.events.values()
    }

    pub(super) fn event(&self, id: u64) -> Option<&StoredEvent> {
        self.index.events.get(&id)
    }

    pub(super) fn body(&mut self, id: u64) -> Option<Vec<u8>> {
        let position = self.index.events.get(&id)?.position;
        self.journal.read(position)
    }

    pub(super) fn hours(&self, webhook: i64) -> &[Hour] {
        self.index.hours.get(&webhook).map(Vec::as_slice).unwrap_or_default()
    }

    /// Exhausted events in a row.
    pub(super) fn failures(&self, webhook: i64, trigger: &str) -> u32 {
        let key = (webhook, trigger.to_owned());
        self.index.failures.get(&key).copied().unwrap_or_default()
    }

    pub(super) fn forget_failures(&mut self, webhook: i64) {
        self.index.failures.retain(|(id, _), _| *id != webhook);
    }

    /// Time of the next attempt. With `new_only`, of events of this run that had none yet.
    pub(super) fn next_due(&self, new_only: bool) -> Option<Timestamp> {
        self.index.due(new_only).next().map(|(at, _)| at)
    }

    /// Takes up to `limit` events that are due at a time. They are no longer due until their attempt ends.
    pub(super) fn take_due(&mut self, now: Timestamp, limit: usize, new_only: bool) -> Vec<u64> {
        let due = self.index.due(new_only).take_while(|(at, _)| *at <= now).take(limit);
        let due: Vec<_> = due.collect();
        for (at, id) in &due {
            self.index.queue.remove(&(*at, *id));
            if let Some(stored) = self.index.events.get_mut(id) {
                stored.due = None;
            }
        }
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// Removes everything.
    pub(super) fn clear(&mut self) {
        self.journal.clear();
        let latest = self.index.latest;
        self.index = Index { latest, ..Index::default() };
    }
}

impl Index {
    fn apply(&mut self, entry: Entry, position: Position, is_new: bool) {
        match entry {
            Entry::Message(message) => {
                self.latest = self.latest.max(message.received_at);
                self.order.push_back(message.id.clone());
                let id = message.id.clone();
                let (events, opens, clicks) = (Vec::new(), Vec::new(), Vec::new());
                let stored = StoredMessage { message, position, events, opens, clicks };
                self.messages.insert(id, stored);
            }
            Entry::MessageEvent(id, event) => {
                if let Some(stored) = self.messages.get_mut(&id) {
                    stored.events.push(event);
                }
            }
            Entry::Open(id, open) => {
                if let Some(stored) = self.messages.get_mut(&id) {
                    stored.opens.push(open);
                }
            }
            Entry::Click(id, click) => {
                if let Some(stored) = self.messages.get_mut(&id) {
                    stored.clicks.push(click);
                }
            }
            Entry::Bounce(bounce) => {
                self.next_bounce = self.next_bounce.max(bounce.id);
                self.bounces.insert(bounce.id, bounce);
            }
            Entry::Event(outgoing) => {
                self.latest = self.latest.max(outgoing.made_at);
                self.next_event = self.next_event.max(outgoing.id);
                let (id, due) = (outgoing.id, outgoing.made_at);
                self.queue.insert((due, id));
                let attempts = Vec::new();
                let stored = StoredEvent { outgoing, position, attempts, due: Some(due), is_new };
                self.events.insert(id, stored);
            }
            Entry::Attempt(attempt) => self.apply_attempt(attempt),
        }
    }

    fn apply_attempt(&mut self, attempt: Attempt) {
        self.latest = self.latest.max(attempt.at);
        let Some(stored) = self.events.get_mut(&attempt.event) else { return };
        if let Some(due) = stored.due.take() {
            self.queue.remove(&(due, attempt.event));
        }
        if let Some(next) = attempt.next {
            stored.due = Some(next);
            self.queue.insert((next, attempt.event));
        }
        if let Some(webhook) = stored.outgoing.webhook {
            let trigger = stored.outgoing.trigger().to_owned();
            let request = match attempt.outcome {
                Outcome::Blocked => None,
                Outcome::Delivered => Some(Request::Success),
                Outcome::Retrying => Some(Request::Retry),
                Outcome::Dropped | Outcome::Exhausted => Some(Request::Failure),
            };
            if let Some(request) = request {
                let hours = self.hours.entry(webhook).or_default();
                Hour::count(hours, &trigger, attempt.at, request, attempt.milliseconds);
            }
            match attempt.outcome {
                Outcome::Delivered => {
                    self.failures.remove(&(webhook, trigger));
                }
                Outcome::Exhausted => *self.failures.entry((webhook, trigger)).or_default() += 1,
                _ => {}
            }
        }
        stored.attempts.push(attempt);
    }

    fn due(&self, new_only: bool) -> impl Iterator<Item = (Timestamp, u64)> + '_ {
        let is_due = move |(_, id): &(Timestamp, u64)| {
            !new_only || self.events.get(id).is_some_and(|e| e.is_new && e.attempts.is_empty())
        };
        self.queue.iter().copied().filter(is_due)
    }

    /// Drops what is beyond the bounds, and what the journal no longer has.
    fn trim(&mut self, oldest_segment: u64) {
        while let Some(id) = self.order.front() {
            let is_kept = self.order.len() <= MAX_MESSAGES
                && self.messages.get(id).is_some_and(|m| m.position.segment >= oldest_segment);
            if is_kept {
                break;
            }
            if let Some(id) = self.order.pop_front() {
                self.messages.remove(&id);
            }
        }
        while self.bounces.len() > MAX_BOUNCES {
            self.bounces.pop_first();
        }
        while let Some((id, stored)) = self.events.first_key_value() {
            if self.events.len() <= MAX_EVENTS && stored.position.segment >= oldest_segment {
                break;
            }
            if let Some(due) = stored.due {
                self.queue.remove(&(due, *id));
            }
            self.events.pop_first();
        }
    }
}

/// Folder of the journal of a state file: `sandbox.json` has `sandbox.json.mail`.
fn folder_of(state: &Path) -> PathBuf {
    let mut name = state.file_name().unwrap_or_default().to_owned();
    name.push(".mail");
    state.with_file_name(name)
}

/// Removes the journal of a state file.
pub(super) fn remove(state: &Path) -> Result<(), SandboxError> {
    Journal::open(&folder_of(state), |_, _| {})?.clear();
    Ok(())
}
