//! The event engine: who gets an event, when it is posted, and what its endpoint's answer means.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use url::Url;

use super::clock::{self, Clock};
use super::ledger::{Attempt, Ledger, Outcome, Outgoing, StoredEvent};
use super::post::{Failure, Posted, Poster, Posting};
use super::servers::Server;
use super::store::Store;
use super::{EventLog, EventLogEntry, RetrySchedule, SandboxError};
use crate::event::{self, Event, sample};

/// Timeout of an attempt. Postmark documents none for outbound events; a blog post of its says 15 to 30 s.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Timeout of an attempt with inbound mail (Postmark's support article 870).
const INBOUND_TIMEOUT: Duration = Duration::from_secs(120);
/// Time in which a first attempt has surely ended.
pub(super) const FIRST_ATTEMPT: Duration = Duration::from_secs(35);
/// Attempts that run at the same time.
const MAX_PARALLEL: usize = 16;

/// Delays before the retries of inbound mail, in minutes (Postmark's support article 870).
const INBOUND_SCHEDULE: [i64; 10] = [1, 5, 10, 10, 10, 15, 30, 60, 120, 360];

impl RetrySchedule {
    /// Delays before the retries, in minutes (postmark-skills; the overview page of 16 September 2026).
    fn minutes(self) -> &'static [i64] {
        match self {
            Self::Long => &[1, 5, 15, 1, 5, 10, 10, 10, 15],
            Self::Short => &[1, 5, 10, 10, 10, 15],
        }
    }
}

/// The attempts that the engine makes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// Each attempt when it is due.
    Due,
    /// The first attempt of events of this run alone.
    New,
}

pub(super) struct Engine {
    /// Opened when it is first needed: most commands need none.
    pub(super) ledger: OnceLock<Mutex<Ledger>>,
    pub(super) state_file: Option<PathBuf>,
    pub(super) clock: Clock,
    pub(super) store: Arc<Store>,
    pub(super) poster: Poster,
    pub(super) schedule: RetrySchedule,
    /// Exhausted events in a row after which a trigger is paused.
    pub(super) pause_after: u32,
    pub(super) sending: Sending,
    pub(super) log: Option<EventLog>,
    pub(super) wake: Notify,
    /// Attempts that run now.
    pub(super) running: AtomicUsize,
    /// Notified when an attempt ends.
    pub(super) ended: Notify,
    /// An advance of the clock sends by itself.
    pub(super) is_advancing: AtomicBool,
    pub(super) advance: tokio::sync::Mutex<()>,
}

/// An event that has happened, before it is known who gets it.
pub(super) struct Happening {
    pub(super) event: Event,
    pub(super) stream: String,
    pub(super) recipient: String,
    pub(super) message_id: Option<String>,
    /// The facts of the body. `Content` is sent only to webhooks that include it.
    pub(super) facts: Map<String, Value>,
    /// Not the first open of the recipient.
    pub(super) is_repeated_open: bool,
}

/// A webhook or hook URL that does not get an event, and why.
pub(super) struct Skipped {
    pub(super) webhook: Option<i64>,
    pub(super) url: String,
    pub(super) reason: &'static str,
}

/// What became of an event, beside the attempts that it has in the ledger.
pub(super) struct Dispatched {
    pub(super) skipped: Vec<Skipped>,
}

struct Target<'a> {
    webhook: Option<i64>,
    hook: Option<&'a str>,
    url: &'a str,
    content: bool,
}

impl Engine {
    /// Opens the ledger now, and reports what prevents it.
    pub(super) fn open_ledger(&self) -> Result<(), SandboxError> {
        if self.ledger.get().is_some() {
            return Ok(());
        }
        let ledger = match &self.state_file {
            None => Ledger::in_memory(),
            Some(path) => Ledger::open(path)?,
        };
        // The clock never falls behind what is recorded.
        self.clock.set(ledger.latest());
        let _ = self.ledger.set(Mutex::new(ledger));
        Ok(())
    }

    /// The ledger. One that cannot be opened in a command is replaced by an empty one in memory.
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        if self.ledger.get().is_none() {
            let _ = self.open_ledger();
        }
        let ledger = self.ledger.get_or_init(|| Mutex::new(Ledger::in_memory()));
        ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, on a thread outside the server, until the first attempts of this run have ended.
    pub(super) fn wait_for_first_attempts(&self, limit: Duration) {
        let give_up = Instant::now() + limit;
        while self.ledger.get().is_some() && Instant::now() < give_up {
            let is_running = self.running.load(Ordering::Acquire) > 0;
            let now = self.clock.now();
            let is_due = self.ledger().next_due(true).is_some_and(|at| at <= now);
            if !is_running && !is_due {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Keeps how far the clock is ahead of the real time, if it is.
    pub(super) fn keep_clock(&self) {
        let offset = self.clock.offset();
        if (offset - self.store.clock_offset()).abs() > SignedDuration::from_secs(1) {
            // The ledger's latest time is the second line of defense against a clock that goes back.
            let _ = self.store.keep_clock(offset);
        }
    }

    /// Queues an event for each of its targets.
    pub(super) fn dispatch(
        &self,
        server: &Server,
        happening: Happening,
    ) -> Result<Dispatched, String> {
        let now = self.clock.now();
        let (targets, skipped) = targets(server, &happening);
        let mut facts = happening.facts;
        let content = facts.remove("Content");
        if happening.event != Event::Inbound {
            facts.insert("MessageStream".to_owned(), happening.stream.clone().into());
        }
        facts.insert("ServerID".to_owned(), server.id.into());
        let message_id = happening.message_id.clone();
        facts.entry("MessageID").or_insert(message_id.clone().into());
        let plain = sample::build(happening.event, facts.clone()).to_string();
        let full = content.map(|content| {
            facts.insert("Content".to_owned(), content);
            sample::build(happening.event, facts).to_string()
        });
        let mut ledger = self.ledger();
        for target in targets {
            let body = full.as_ref().filter(|_| target.content).unwrap_or(&plain);
            let id = ledger.next_event_id();
            let outgoing = Outgoing {
                id,
                trace_id: event::uuid(),
                server: server.id,
                webhook: target.webhook,
                hook: target.hook.map(str::to_owned),
                url: target.url.to_owned(),
                event: happening.event.key().to_owned(),
                recipient: happening.recipient.clone(),
                message_id: message_id.clone(),
                stream: happening.stream.clone(),
                made_at: now,
            };
            ledger.add_event(outgoing, body.as_bytes())?;
        }
        drop(ledger);
        self.wake.notify_one();
        Ok(Dispatched { skipped })
    }

    /// Sends attempts as they become due, for as long as the sandbox runs.
    pub(super) async fn run(self: Arc<Self>) {
        loop {
            let wake = self.wake.notified();
            let mut next = None;
            let is_idle = self.sending == Sending::New && self.ledger.get().is_none();
            if !is_idle && !self.is_advancing.load(Ordering::Acquire) {
                let new_only = self.sending == Sending::New;
                let free = MAX_PARALLEL.saturating_sub(self.running.load(Ordering::Acquire));
                let now = self.clock.now();
                let mut ledger = self.ledger();
                for id in ledger.take_due(now, free, new_only) {
                    tokio::spawn(Arc::clone(&self).attempt(id, self.begin()));
                }
                if self.running.load(Ordering::Acquire) < MAX_PARALLEL {
                    next = ledger.next_due(new_only).and_then(|at| self.clock.real_time_until(at));
                }
            }
            let sleep = next.unwrap_or(Duration::from_secs(3600));
            let _ = tokio::time::timeout(sleep, wake).await;
        }
    }

    fn begin(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::AcqRel);
        Running(Arc::clone(self))
    }

    /// Moves the clock by `by`, making every attempt that is due by then, in order of time. Returns the
    /// number of attempts.
    pub(super) async fn advance(self: &Arc<Self>, by: SignedDuration) -> usize {
        let _one_at_a_time = self.advance.lock().await;
        self.is_advancing.store(true, Ordering::Release);
        let _advancing = Advancing(self);
        self.clock.hold(true);
        self.idle().await;
        let target = self.clock.now().checked_add(by).unwrap_or(Timestamp::MAX);
        let mut count = 0;
        loop {
            let due = self.ledger().next_due(false).filter(|at| *at <= target);
            let Some(at) = due else { break };
            self.clock.set(at);
            let now = self.clock.now();
            let batch = self.ledger().take_due(now, MAX_PARALLEL, false);
            count += batch.len();
            for id in batch {
                tokio::spawn(Arc::clone(self).attempt(id, self.begin()));
            }
            self.idle().await;
        }
        self.clock.set(target);
        count
    }

    /// Waits until no attempt runs.
    async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            if self.running.load(Ordering::Acquire) == 0 {
                return;
            }
            let _ = tokio::time::timeout(Duration::from_millis(200), ended).await;
        }
    }

    /// Posts an event once and records the result.
    async fn attempt(self: Arc<Self>, id: u64, running: Running) {
        let prepared = {
            let mut ledger = self.ledger();
            let body = ledger.body(id);
            ledger
                .event(id)
                .zip(body)
                .map(|(stored, body)| (stored.outgoing.clone(), stored.attempts.len() + 1, body))
        };
        let Some((outgoing, number, body)) = prepared else { return };
        let minutes: &[i64] =
            if outgoing.is_inbound() { &INBOUND_SCHEDULE } else { self.schedule.minutes() };
        let remaining = (minutes.len() + 1).saturating_sub(number);
        let started = self.clock.now();
        let posted = match self.posting(&outgoing, remaining, body) {
            Some(posting) => self.poster.post(&posting).await,
            None => Posted {
                result: Err(Failure::Network("the webhook was deleted".to_owned())),
                took: Duration::ZERO,
            },
        };
        let is_gone = posted.took.is_zero() && matches!(posted.result, Err(Failure::Network(_)));
        let outcome = if is_gone { Outcome::Dropped } else { judge(&posted, &outgoing, remaining) };
        let delay = minutes.get(number - 1).copied().unwrap_or_default();
        // Counted from the end of the attempt, as a real delay is.
        let next = (outcome == Outcome::Retrying)
            .then(|| self.clock.now().checked_add(SignedDuration::from_mins(delay)).ok())
            .flatten();
        let attempt = Attempt {
            event: id,
            number,
            at: started,
            status: posted.result.as_ref().ok().copied(),
            error: posted.result.err().map(|failure| match failure {
                Failure::Blocked(why) | Failure::Network(why) => why,
            }),
            outcome,
            next,
            milliseconds: u64::try_from(posted.took.as_millis()).unwrap_or(u64::MAX),
        };
        self.record(&outgoing, attempt);
        drop(running);
    }

    /// The request of an attempt, by the webhook as it is now. `None` if the webhook was deleted.
    fn posting(&self, outgoing: &Outgoing, remaining: usize, body: Vec<u8>) -> Option<Posting> {
        let server = self.store.server_by_id(outgoing.server);
        let (url, http_auth, http_headers) = match outgoing.webhook {
            Some(id) => {
                let server = server?;
                let webhook = server.webhooks.iter().find(|webhook| webhook.id == id)?;
                (webhook.url.clone(), webhook.http_auth.clone(), webhook.http_headers.clone())
            }
            None => (outgoing.url.clone(), Value::Null, Vec::new()),
        };
        let is_inbound = outgoing.is_inbound();
        Some(Posting {
            url,
            http_auth,
            http_headers,
            trace_id: outgoing.trace_id.clone(),
            retries_remaining: (!is_inbound).then_some(remaining),
            body: Bytes::from(body),
            timeout: if is_inbound { INBOUND_TIMEOUT } else { TIMEOUT },
        })
    }

    fn record(&self, outgoing: &Outgoing, attempt: Attempt) {
        if let Some(log) = &self.log {
            log(&EventLogEntry {
                event: &outgoing.event,
                url: &shown_url(&outgoing.url),
                trace_id: &outgoing.trace_id,
                attempt: attempt.number,
                status: attempt.status,
                error: attempt.error.as_deref(),
                outcome: outcome_name(attempt.outcome),
            });
        }
        let is_exhausted = attempt.outcome == Outcome::Exhausted;
        let mut ledger = self.ledger();
        // Without its record an attempt would be made again after a restart; there is no one to tell.
        let _ = ledger.add_attempt(attempt);
        let Some(webhook) = outgoing.webhook.filter(|_| is_exhausted) else { return };
        if ledger.failures(webhook, outgoing.trigger()) >= self.pause_after {
            ledger.forget_failures(webhook);
            drop(ledger);
            self.store.pause_trigger(outgoing.server, webhook, outgoing.trigger());
        }
    }
}

/// An attempt that runs. Dropping it counts the attempt as ended.
struct Running(Arc<Engine>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
        self.0.ended.notify_waiters();
        self.0.wake.notify_one();
    }
}

/// An advance that runs. Dropping it lets the clock go on.
struct Advancing<'a>(&'a Engine);

impl Drop for Advancing<'_> {
    fn drop(&mut self) {
        self.0.clock.hold(false);
        self.0.is_advancing.store(false, Ordering::Release);
        self.0.wake.notify_one();
    }
}

/// The meaning of an answer (postmark-skills; for inbound mail Postmark's support article 870).
fn judge(posted: &Posted, outgoing: &Outgoing, remaining: usize) -> Outcome {
    let failed = if remaining == 0 { Outcome::Exhausted } else { Outcome::Retrying };
    match posted.result {
        Ok(200..=299) => Outcome::Delivered,
        Ok(403) if outgoing.is_inbound() => Outcome::Dropped,
        Ok(_) if outgoing.is_inbound() => failed,
        Ok(408 | 429) => failed,
        Ok(400..=499) => Outcome::Dropped,
        Ok(_) | Err(Failure::Network(_)) => failed,
        Err(Failure::Blocked(_)) => Outcome::Blocked,
    }
}

/// The webhooks and hook URLs that get an event, and those that do not although they are near it.
fn targets<'a>(server: &'a Server, happening: &Happening) -> (Vec<Target<'a>>, Vec<Skipped>) {
    let flag = |key: &str| server.details.get(key).and_then(Value::as_bool).unwrap_or_default();
    let mut targets = Vec::new();
    let mut skipped = Vec::new();
    let hook = |key: &'a str, content: bool| {
        let url = server.details.get(key).and_then(Value::as_str).unwrap_or_default();
        (!url.is_empty()).then_some(Target { webhook: None, hook: Some(key), url, content })
    };
    let trigger = match happening.event {
        Event::Inbound => {
            targets.extend(hook("InboundHookUrl", true));
            if targets.is_empty() {
                let reason = "InboundHookUrl of the server is not set";
                skipped.push(Skipped { webhook: None, url: String::new(), reason });
            }
            return (targets, skipped);
        }
        Event::SmtpApiError if !flag("EnableSmtpApiErrorHooks") => {
            let reason = "EnableSmtpApiErrorHooks of the server is off";
            skipped.push(Skipped { webhook: None, url: String::new(), reason });
            return (targets, skipped);
        }
        Event::SmtpApiError => Event::Bounce.key(),
        event => event.key(),
    };
    for webhook in &server.webhooks {
        let Some((_, setting)) = webhook.triggers.iter().find(|(name, _)| *name == trigger) else {
            continue;
        };
        let reason = if !webhook.message_stream.eq_ignore_ascii_case(&happening.stream) {
            Some("it is for another message stream")
        } else if !setting.enabled {
            Some("the trigger is off")
        } else if !setting.verified {
            Some("the trigger is unverified or paused")
        } else if happening.event == Event::Open && setting.option && happening.is_repeated_open {
            Some("it gets first opens only")
        } else {
            None
        };
        match reason {
            Some(reason) => {
                skipped.push(Skipped {
                    webhook: Some(webhook.id),
                    url: webhook.url.clone(),
                    reason,
                });
            }
            None => targets.push(Target {
                webhook: Some(webhook.id),
                hook: None,
                url: &webhook.url,
                content: setting.option,
            }),
        }
    }
    let is_first_only = happening.is_repeated_open && flag("PostFirstOpenOnly");
    match happening.event {
        Event::Bounce | Event::SpamComplaint | Event::SmtpApiError => {
            targets.extend(hook("BounceHookUrl", flag("IncludeBounceContentInHook")));
        }
        Event::Open if !is_first_only => targets.extend(hook("OpenHookUrl", false)),
        Event::Delivery => targets.extend(hook("DeliveryHookUrl", false)),
        Event::Click => targets.extend(hook("ClickHookUrl", false)),
        _ => {}
    }
    (targets, skipped)
}

/// A line about an event that was not delivered. `None` for one that was, or was blocked.
pub(super) fn undelivered(stored: &StoredEvent) -> Option<String> {
    let last = stored.attempts.last();
    let outcome = last.map_or("not attempted", |attempt| outcome_name(attempt.outcome));
    if let Some(Outcome::Delivered | Outcome::Blocked) = last.map(|attempt| attempt.outcome) {
        return None;
    }
    let answer = match last {
        Some(Attempt { status: Some(status), .. }) => format!(" ({status})"),
        Some(Attempt { error: Some(error), .. }) => format!(" ({error})"),
        _ => String::new(),
    };
    let Outgoing { event, url, recipient, trace_id, .. } = &stored.outgoing;
    let (url, outcome) = (shown_url(url), outcome.to_lowercase());
    Some(format!("{event} for {recipient} to {url}: {outcome}{answer}, trace {trace_id}"))
}

/// A URL without what can be secret in it: credentials and query.
pub(super) fn shown_url(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return String::new() };
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    if url.query().is_some() {
        url.set_query(Some("..."));
    }
    url.to_string()
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "Delivered",
        Outcome::Retrying => "Retrying",
        Outcome::Dropped => "Dropped",
        Outcome::Exhausted => "Exhausted",
        Outcome::Blocked => "Blocked",
    }
}

/// The rows of an event in `/_sandbox/attempts`: one per attempt, or one if there was none yet.
pub(super) fn attempt_rows(stored: &StoredEvent) -> Vec<Value> {
    let outgoing = &stored.outgoing;
    let row = |attempt: Option<&Attempt>| {
        let number = attempt.map_or(0, |attempt| attempt.number);
        let is_last = number == stored.attempts.len();
        json!({
            "Time": clock::utc(attempt.map_or(outgoing.made_at, |attempt| attempt.at)),
            "WebhookID": outgoing.webhook,
            "Url": outgoing.url,
            "Event": outgoing.event,
            "Recipient": outgoing.recipient,
            "MessageID": outgoing.message_id,
            "MessageStream": outgoing.stream,
            "ServerID": outgoing.server,
            "TraceID": outgoing.trace_id,
            "Attempt": number,
            "Status": attempt.and_then(|attempt| attempt.status),
            "Outcome": attempt.map_or("Pending", |attempt| outcome_name(attempt.outcome)),
            "Error": attempt.and_then(|attempt| attempt.error.clone()),
            "Milliseconds": attempt.map(|attempt| attempt.milliseconds),
            "NextAttempt": stored.due.filter(|_| is_last).map(clock::utc),
        })
    };
    if stored.attempts.is_empty() {
        return vec![row(None)];
    }
    stored.attempts.iter().map(|attempt| row(Some(attempt))).collect()
}
