//! An emulator of the Postmark API: webhooks, message streams, servers.
//!
//! It speaks raw JSON and may not use the client's types, so that a wrong field name cannot be wrong on
//! both sides. Where Postmark documents nothing, a comment names the choice made here.
//!
//! A request passes `service` (its route) after `guard` (Host, Origin, token) and `faults`; `wire` reads
//! its fields and writes the response. The operations are in `webhooks`, `streams` and `servers`; they
//! change values that `store` keeps. `verify` probes endpoints and `statistics` counts requests to them.
//!
//! `mail` accepts messages, `messages` and `suppressions` show and change them; what happens to them goes to
//! `events`, which decides who gets an event and when, and has `post` send it. `ledger` indexes mail and
//! events over `journal`, the files that keep them. `control` has the sandbox's own paths, `clock` its time.

mod clock;
mod control;
mod events;
mod faults;
mod guard;
mod journal;
mod ledger;
mod mail;
mod messages;
mod post;
mod routes;
mod servers;
mod service;
mod statistics;
mod store;
mod streams;
mod suppressions;
mod verify;
mod webhooks;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use clock::Clock;
use events::{Engine, Sending};
use post::{Poster, TargetRule};

use crate::fs::{FsError, Lock};
use crate::http::client::{HttpClient, Settings};
use crate::http::server::{self as http, Limits, RunningServer, ServerSettings};

pub use faults::{Fault, FaultError};
pub use servers::BUILT_IN_TOKEN;
pub use service::{Log, LogEntry};
pub use store::Holder;

const LIMITS: Limits = Limits {
    connections: 256,
    head_time: Duration::from_secs(wire::KEEP_ALIVE_SECONDS),
    body_time: Duration::from_secs(30),
    // Postmark's own limit (Postmark's API overview page, 413).
    body_bytes: 10 * 1024 * 1024,
};

/// Maximum memory of all request bodies together, in bytes.
const TOTAL_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Options of a sandbox.
pub struct Options {
    /// Address to listen on; port 0 picks a free port.
    pub address: SocketAddr,
    /// Host names that requests may be addressed to, besides loopback's.
    pub allow_hosts: Vec<String>,
    /// Hosts that events may be posted to. On a loopback `address`, loopback is one without being named.
    pub allow_targets: Vec<String>,
    /// Seconds of the sandbox's clock per real second.
    pub speed: f64,
    /// Delays before the retries of outbound events.
    pub retry_schedule: RetrySchedule,
    /// Exhausted events in a row after which a trigger is paused.
    pub pause_after: u32,
    /// Post every event when it is due. Otherwise only the first attempt of events of this run.
    pub send_due: bool,
    /// Receiver of a log entry per posted event.
    pub event_log: Option<EventLog>,
    /// Where the state is kept.
    pub state: State,
    /// How endpoints are verified.
    pub verify: Verify,
    /// API version to emulate.
    pub api: ApiVersion,
    /// `DELETE /servers/{id}` works; otherwise it is refused with code 604.
    pub server_delete: bool,
    /// Delay of every response.
    pub latency: Duration,
    /// Faults, in the order in which they are tried.
    pub faults: Vec<Fault>,
    /// Kind of process that holds the state.
    pub holder: Holder,
    /// Receiver of a log entry per request.
    pub log: Option<Log>,
}

impl Options {
    /// Options of a short command: a free port, every endpoint passes, the current API, no faults.
    pub fn new(state: State) -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            allow_hosts: Vec::new(),
            allow_targets: Vec::new(),
            speed: 1.0,
            retry_schedule: RetrySchedule::Long,
            pause_after: 10,
            send_due: false,
            event_log: None,
            state,
            verify: Verify::Pass,
            api: ApiVersion::Current,
            server_delete: true,
            latency: Duration::ZERO,
            faults: Vec::new(),
            holder: Holder::Command,
            log: None,
        }
    }
}

/// Delays before the retries of outbound events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetrySchedule {
    /// Nine retries within 72 minutes (the later of Postmark's texts).
    Long,
    /// Six retries within 51 minutes (Postmark's overview page of 16 September 2026).
    Short,
}

/// Receiver of log entries of events.
pub type EventLog = Arc<dyn Fn(&EventLogEntry<'_>) + Send + Sync>;

/// An attempt to post an event.
#[derive(Clone, Copy, Debug)]
pub struct EventLogEntry<'a> {
    /// The event, by its key in the API.
    pub event: &'a str,
    /// URL of the target, as the webhook has it.
    pub url: &'a str,
    /// `X-PM-Webhook-Trace-Id`.
    pub trace_id: &'a str,
    /// From 1.
    pub attempt: usize,
    /// Status of the response, if there was one.
    pub status: Option<u16>,
    /// Why there was none.
    pub error: Option<&'a str>,
    /// `Delivered`, `Retrying`, `Dropped`, `Exhausted` or `Blocked`.
    pub outcome: &'static str,
}

impl std::fmt::Display for EventLogEntry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}: {} (", self.event, self.url, self.outcome.to_lowercase())?;
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => f.write_str(self.error.unwrap_or("no response"))?,
        }
        write!(f, "), attempt {}, trace {}", self.attempt, self.trace_id)
    }
}

/// Where a sandbox keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// In memory: it starts with the two examples and is gone at the end.
    Memory,
    /// In a file that one sandbox at a time may use.
    File(PathBuf),
}

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    engine: Arc<Engine>,
    holder: Holder,
    // Fields are dropped in this order: waiting requests are released, requests in flight finish, and
    // only then is the state free for others.
    _stopping: watch::Sender<()>,
    server: RunningServer,
    _lock: Option<Lock>,
}

/// Starts a sandbox on a thread of its own.
pub fn start(options: Options) -> Result<Sandbox, SandboxError> {
    let file = match &options.state {
        State::Memory => None,
        State::File(path) => Some(path.as_path()),
    };
    let mut lock = file.map(|path| store::lock(path, options.holder)).transpose()?;
    let store = Arc::new(store::Store::open(file)?);
    let port = |source| SandboxError::Port { port: options.address.port(), source };
    let listener = TcpListener::bind(options.address).map_err(port)?;
    let address = listener.local_addr().map_err(port)?;
    if let (Some(lock), Holder::Server) = (&mut lock, options.holder) {
        store::name_server(lock, address)?;
    }
    let (stopping, stopped) = watch::channel(());
    let http = Arc::new(HttpClient::new(Settings::default()));
    let rule = TargetRule {
        loopback: options.address.ip().is_loopback(),
        hosts: options.allow_targets.iter().map(|host| host.to_ascii_lowercase()).collect(),
    };
    let engine = Arc::new(Engine {
        ledger: OnceLock::new(),
        state_file: file.map(Path::to_owned),
        clock: Clock::new(store.clock_offset(), options.speed),
        store: store.clone(),
        poster: Poster::new(rule, http.clone()),
        schedule: options.retry_schedule,
        pause_after: options.pause_after.max(1),
        sending: if options.send_due { Sending::Due } else { Sending::New },
        log: options.event_log,
        wake: Notify::new(),
        running: AtomicUsize::new(0),
        ended: Notify::new(),
        is_advancing: AtomicBool::new(false),
        advance: tokio::sync::Mutex::new(()),
    });
    if options.send_due {
        engine.open_ledger()?;
    }
    let service = service::Service {
        store,
        engine: engine.clone(),
        allowed_hosts: options.allow_hosts,
        verify: options.verify,
        api: options.api,
        server_delete: options.server_delete,
        latency: options.latency,
        faults: faults::Faults::new(options.faults),
        log: options.log,
        http,
        stopping: stopped,
    };
    let settings =
        ServerSettings { total_body_bytes: TOTAL_BODY_BYTES, ..ServerSettings::from(LIMITS) };
    let server = http::serve(listener, settings, service).map_err(SandboxError::Start)?;
    let holder = options.holder;
    Ok(Sandbox { engine, holder, _stopping: stopping, server, _lock: lock })
}

impl Drop for Sandbox {
    /// In a command, the first attempt of each event ends before the command does.
    fn drop(&mut self) {
        if self.holder == Holder::Command {
            self.engine.wait_for_first_attempts(events::FIRST_ATTEMPT);
        }
        self.engine.keep_clock();
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Base URL, as clients write it: `http://127.0.0.1:8026`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Address of the listening socket.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Lets first attempts finish for at most `limit`, stops, and returns a line for each event that
    /// was not delivered, those for targets that are not allowed aside.
    pub fn finish(self, limit: Duration) -> Vec<String> {
        self.engine.wait_for_first_attempts(limit);
        let ledger = self.engine.ledger();
        ledger.events().filter_map(events::undelivered).collect()
    }

    /// Closes the port, gives requests in flight about a second, and releases the state.
    pub fn stop(self) {
        drop(self);
    }
}

/// Resets a state file to one server with the two example webhooks, which are returned.
///
/// A file that is not a valid state is kept beside it under another name.
pub fn reset(path: &Path) -> Result<Vec<serde_json::Value>, SandboxError> {
    let _lock = store::lock(path, Holder::Command)?;
    store::reset(path)?;
    ledger::remove(path)?;
    Ok(servers::example_webhooks())
}

/// Error that prevents a sandbox from starting or resetting.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A file could not be used.
    #[error(transparent)]
    Disk(FsError),
    /// The port could not be opened.
    #[error("cannot listen on port {port} of this machine: {source}")]
    Port {
        /// The requested port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// Another sandbox uses the state.
    #[error("the sandbox's state is in use by {by}")]
    InUse {
        /// The other process, with its address if it is a server.
        by: String,
        /// Address of that server.
        address: Option<SocketAddr>,
    },
    /// The state file is damaged or of another version. It is left as it is.
    #[error("cannot use the sandbox's state in {path}: {reason}", path = path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// The fault in it.
        reason: String,
    },
    /// The system provided no thread or no event queue.
    #[error("cannot start the sandbox: {0}")]
    Start(io::Error),
}

/// Version of the API to emulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiVersion {
    /// With verification and statistics (since August 2026).
    Current,
    /// The five operations only: no `Status`, 404 for verification and statistics, codes 1301 and 1302.
    Legacy,
}

impl ApiVersion {
    /// All versions.
    pub const ALL: [Self; 2] = [Self::Current, Self::Legacy];

    /// Name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "new",
            Self::Legacy => "old",
        }
    }
}

impl FromStr for ApiVersion {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|api| api.as_str() == text);
        found.ok_or_else(|| UnknownWord::new(text, &Self::ALL.map(Self::as_str)))
    }
}

/// How endpoints are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Every endpoint passes; none is contacted.
    Pass,
    /// The endpoint is contacted.
    Real,
    /// Every endpoint fails as if it had answered 503; none is contacted.
    Fail,
}

impl Verify {
    /// All ways to verify.
    pub const ALL: [Self; 3] = [Self::Pass, Self::Real, Self::Fail];

    /// Name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Real => "real",
            Self::Fail => "fail",
        }
    }
}

impl FromStr for Verify {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|verify| verify.as_str() == text);
        found.ok_or_else(|| UnknownWord::new(text, &Self::ALL.map(Self::as_str)))
    }
}

/// A word that is not one of the accepted ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is none of {known}")]
pub struct UnknownWord {
    given: String,
    known: String,
}

impl UnknownWord {
    fn new(given: &str, known: &[&str]) -> Self {
        Self { given: given.to_owned(), known: known.join(", ") }
    }
}
