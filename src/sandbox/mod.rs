//! An emulator of the Postmark API for this machine: webhooks, message streams, servers.
//!
//! It speaks raw JSON and may not use the client's types, so that a wrong name cannot be wrong on both
//! sides. Where Postmark documents nothing, the choice made here is named beside it.
//!
//! The files stand on each other in this order, from the bottom, and use only what is below them:
//!
//! 1. the ground: `clock`, `uuid`, `choices` (what the command line chooses), `error`;
//! 2. values: `webhook`, `stream`, `server`, `seed` (the first server), `state` (all of them);
//! 3. rules: `answer` (what can be said), `fields` (how a request is read), `wish` (what it asks of a
//!    webhook), `verify` (whether an endpoint passes), `statistics` (what was sent to it);
//! 4. operations on the state: `streams`, `servers`, `webhooks`;
//! 5. keeping it: `lock`, `store`;
//! 6. the way of a request: `guard`, `faults`, `routes`, `token`, and `service`, which takes it through
//!    these to an operation.

mod choices;
mod clock;
mod error;
mod uuid;

mod seed;
mod server;
mod state;
mod stream;
mod webhook;

mod answer;
mod fields;
mod statistics;
mod verify;
mod wish;

mod servers;
mod streams;
mod webhooks;

mod lock;
mod store;

mod faults;
mod guard;
mod routes;
mod service;
mod token;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::fs::Lock;
use crate::http::client::{HttpClient, Settings};
use crate::http::server::{self as http, Limits, Running};

pub use choices::{Age, UnknownWord, Verify};
pub use error::SandboxError;
pub use faults::{Fault, FaultError};
pub use lock::Holder;
pub use seed::BUILT_IN_TOKEN;
pub use service::{Log, Logged};

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

/// Where a sandbox keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nowhere: it starts with the two examples, and is gone at the end.
    Memory,
    /// In a file that only one sandbox at a time may use.
    File(PathBuf),
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
    if let (Some(lock), Holder::Server) = (&mut lock, options.holder) {
        lock::name_server(lock, address)?;
    }
    let (stopping, stopped) = watch::channel(());
    let service = Arc::new(service::Service {
        store,
        verify: options.verify,
        age: options.age,
        latency: options.latency,
        faults: faults::Faults::new(options.faults),
        log: options.log,
        net: Arc::new(HttpClient::new(Settings::default())),
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
