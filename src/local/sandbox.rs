//! An emulator of the Postmark API for this machine: webhooks, message streams, servers.
//!
//! It speaks raw JSON and may not use the client's types, so that a wrong name cannot be wrong on both
//! sides. Where Postmark documents nothing, the choice made here is named beside it.
//!
//! A request passes `service` (guard, faults, route, token), which calls `webhooks`, `streams` or
//! `servers` on the state that `store` keeps.

mod answer;
mod clock;
mod faults;
mod fields;
mod guard;
mod lock;
mod routes;
mod seed;
mod servers;
mod service;
mod state;
mod statistics;
mod store;
mod streams;
mod token;
mod verify;
mod webhook;
mod webhooks;
mod wish;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::disk::{DiskError, Lock};
use crate::local::http::{self, Limits, Running};
use crate::net::{Net, Settings};

pub use faults::{Fault, FaultError};
pub use verify::Verify;

/// The server token of the server that is there from the start, with the two example webhooks.
pub const BUILT_IN_TOKEN: &str = "5eed0000-0000-4000-8000-000000000001";

/// What a sandbox puts up with.
const LIMITS: Limits = Limits {
    connections: 256,
    head_time: Duration::from_secs(10),
    body_time: Duration::from_secs(30),
    // Postmark's own bound (Postmark's API overview page, 413).
    body_bytes: 10 * 1024 * 1024,
};

/// How a sandbox is to be run.
pub struct Options {
    /// The port on 127.0.0.1; 0 for any that is free.
    pub port: u16,
    /// Where the state is kept.
    pub state: State,
    /// How endpoints are verified.
    pub verify: Verify,
    /// Which age of the API is emulated.
    pub age: Age,
    /// A delay of every answer.
    pub latency: Duration,
    /// What goes wrong, in the order in which it is looked at.
    pub faults: Vec<Fault>,
    /// Who runs it.
    pub holder: Holder,
    /// Who is told of each request.
    pub log: Option<Log>,
}

/// Who is told of each request.
pub type Log = Arc<dyn Fn(&Logged<'_>) + Send + Sync>;

/// A request that has been dealt with.
#[derive(Clone, Copy, Debug)]
pub struct Logged<'a> {
    /// The method.
    pub method: &'a str,
    /// The path with its query.
    pub path: &'a str,
    /// The status that was answered; `None` where the connection was closed instead, as a fault.
    pub status: Option<u16>,
    /// From the request's last byte to the answer.
    pub took: Duration,
}

/// Where a sandbox keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nowhere: it starts with the two examples, and is gone at the end.
    Memory,
    /// In a file that only one sandbox at a time may use.
    File(PathBuf),
}

/// Which age of the API is emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// With verification and statistics (since August 2026).
    New,
    /// The five operations only: no `Status`, 404 for the others, codes 1301 and 1302.
    Old,
}

impl Age {
    /// All of them, for help and completion.
    pub const ALL: [Self; 2] = [Self::New, Self::Old];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
        }
    }
}

impl FromStr for Age {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|age| age.as_str() == text);
        found.ok_or_else(|| UnknownWord::new(text, &Self::ALL.map(Self::as_str)))
    }
}

/// A word that is none of those that can be chosen from.
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

/// Who runs a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// One short command, which waits a while for others of its kind.
    Command,
    /// `sandbox serve`, which does not wait and is not waited for.
    Server,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A file could not be used.
    #[error(transparent)]
    Disk(DiskError),
    /// The port could not be opened.
    #[error("cannot listen on port {port} of this machine: {source}")]
    Port {
        /// The port that was asked for.
        port: u16,
        /// What the system answered.
        source: io::Error,
    },
    /// Another sandbox uses the state.
    #[error("the sandbox's state is in use by {by}")]
    InUse {
        /// Who that is, with its address where it has a fixed one.
        by: String,
    },
    /// The state file cannot be used. It is left as it is.
    #[error("cannot use the sandbox's state in {path}: {reason}", path = path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system gave no thread or no event queue.
    #[error("cannot start the sandbox: {0}")]
    Start(io::Error),
}

/// A sandbox at work. Dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    // Fields are dropped in this order: first those who only wait are told not to, then requests
    // finish, and after the last one others may have the state.
    _stopping: watch::Sender<()>,
    running: Running,
    _lock: Option<Lock>,
}

/// Starts a sandbox on a thread of its own.
pub fn start(options: Options) -> Result<Sandbox, SandboxError> {
    let file = match &options.state {
        State::Memory => None,
        State::File(path) => Some(path.as_path()),
    };
    let mut lock = file.map(|path| lock::take(path, options.holder)).transpose()?;
    let store = store::Store::open(file)?;
    let port = |source| SandboxError::Port { port: options.port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).map_err(port)?;
    let address = listener.local_addr().map_err(port)?;
    if let (Some(lock), Some(path), Holder::Server) = (&mut lock, file, options.holder) {
        lock::name_server(lock, path, address)?;
    }
    let (stopping, stopped) = watch::channel(());
    let service = Arc::new(service::Service {
        store,
        verify: options.verify,
        age: options.age,
        latency: options.latency,
        faults: faults::Faults::new(options.faults),
        log: options.log,
        net: Arc::new(Net::new(Settings::default())),
        stopping: stopped,
    });
    let running = http::serve(listener, LIMITS, move |request| {
        let service = service.clone();
        async move { service.reply(request).await }
    })
    .map_err(SandboxError::Start)?;
    Ok(Sandbox { _stopping: stopping, running, _lock: lock })
}

impl Sandbox {
    /// Its address, as clients write it: `http://127.0.0.1:8026`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Closes the port, lets requests in flight finish for about a second, and lets go of the state.
    pub fn stop(self) {
        drop(self);
    }
}

/// Puts a state file back to its beginning: one server with the two examples, which are returned.
///
/// A file that cannot be read as a state is kept beside it under another name.
pub fn reset(path: &Path) -> Result<Vec<serde_json::Value>, SandboxError> {
    let _lock = lock::take(path, Holder::Command)?;
    match store::read(path) {
        Ok(_) => {}
        Err(SandboxError::State { .. }) => store::keep_aside(path)?,
        Err(error) => return Err(error),
    }
    store::write(path, &state::State::seeded())?;
    Ok(seed::answered())
}
