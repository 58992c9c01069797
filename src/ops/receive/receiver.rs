//! An endpoint like those that Postmark posts to: whoever has the credentials posts, and is answered
//! once what was posted is kept.

mod access;
mod delivery;
mod desk;
pub mod tls;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub use access::Credentials;
pub use delivery::Delivery;

use crate::http::server::{self as http, Limits, Manner, Running};
use desk::{Desk, Open};

/// So many bodies of the largest size are held at once, or this many bytes of smaller ones.
const LARGE_BODIES: usize = 4;
const SMALL_BODIES: usize = 64 * 1024 * 1024;

/// How an endpoint behaves.
pub struct Options {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it puts up with.
    pub limits: Limits,
    /// Who may post; everybody where there are none.
    pub credentials: Vec<Credentials>,
    /// How it answers what was kept.
    pub status: u16,
    /// How long it waits before that.
    pub delay: Duration,
    /// The certificate and the key that it speaks TLS with.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Keeping takes long, so it is not done on the server's own thread.
    pub keeps_slowly: bool,
}

/// Where deliveries go.
pub trait Keep: Send + Sync + 'static {
    /// Keeps deliveries, in this order, and says of each whether it is kept. What is not is answered
    /// with 503, so that the sender tries again.
    fn keep(&self, deliveries: &[Arc<Delivery>]) -> Vec<bool>;

    /// Whether what comes now are probes: they are answered with 200, at once, and are not handed over.
    fn is_probed(&self) -> bool;

    /// Is told of what was refused.
    fn refused(&self, refusal: Refusal);
}

/// A request that was refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What was wrong with it.
    pub why: Why,
    /// Its method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
}

/// What was wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It came without credentials.
    NoCredentials,
    /// It came with others.
    WrongCredentials,
    /// It was no POST.
    Method,
    /// Its body was not read.
    Body(http::Unread),
}

/// Why nothing can be received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiverError {
    /// The address is not to be had.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What the system answered.
        source: io::Error,
    },
    /// The system has no thread or no event queue to give.
    #[error("cannot start a server: {0}")]
    Server(io::Error),
}

/// An endpoint at work. Dropping it stops it.
#[derive(Debug)]
pub struct Receiver {
    // Dropped before the server: whoever waits to be answered is answered now.
    hurry: watch::Sender<()>,
    running: Running,
}

impl Receiver {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Takes nothing more, answers what is under way, and ends within a second.
    pub fn stop(self) {
        drop(self.hurry);
        self.running.stop();
    }
}

/// Listens. What arrives goes to `keep`.
pub fn serve(options: Options, keep: Arc<dyn Keep>) -> Result<Receiver, ReceiverError> {
    let address = options.address;
    let listener =
        TcpListener::bind(address).map_err(|source| ReceiverError::Bind { address, source })?;
    let (hurry, hurried) = watch::channel(());
    let limits = options.limits;
    let manner = Manner {
        limits,
        all_bodies: limits.body_bytes.saturating_mul(LARGE_BODIES).max(SMALL_BODIES),
        tls: options.tls.clone(),
        answers_half_closed: true,
    };
    let desk = Arc::new(Desk::new(options, keep, hurried));
    let running = http::serve(listener, manner, Open(desk)).map_err(ReceiverError::Server)?;
    Ok(Receiver { hurry, running })
}
