//! Events that arrive: which are meant, kept in a record, and handed to whoever shows them.
//!
//! May use `local`, `disk` and `model`; must not use `api` or `config`.

pub mod arrived;
pub mod forward;
mod inbox;
mod intake;
mod line;
pub mod receiver;
mod seen;
mod waiting;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use inbox::{Inbox, Told};
pub use seen::Seen;

use zeroize::Zeroizing;

use self::receiver::{Credentials, Options, Receiver, ReceiverError};
use crate::event::Event;
use crate::fs::append::{Appender, Found};
use crate::fs::{self, FsError};
use crate::http::server::Limits;
use crate::ops::receive::receiver::tls::{Configuration, TlsError};
use crate::postmark::HttpAuth;
use forward::{Forwarded, Forwarder, Target};
use intake::Intake;

/// A request's head has so long.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// A body has so long: as long as Postmark itself waits with a large one.
const BODY_TIME: Duration = Duration::from_secs(120);

/// A certificate with those above it is smaller than this, in bytes.
const LARGEST_CERTIFICATE: u64 = 1024 * 1024;
/// What is being passed on at the end has so long.
const FORWARD_GRACE: Duration = Duration::from_millis(300);

/// What is received, and how.
pub struct Wishes<'a> {
    /// Where to listen.
    pub address: SocketAddr,
    /// Who may post; everybody where there are none.
    pub credentials: &'a [HttpAuth],
    /// Which events are meant; none where all are.
    pub events: Vec<Event>,
    /// Where they are kept.
    pub record: Option<&'a Path>,
    /// A record is on the disk before it is acknowledged, not only with the system.
    pub syncs: bool,
    /// How many are taken.
    pub count: Option<u64>,
    /// The answer, and how long it takes.
    pub status: u16,
    /// How long it takes.
    pub delay: Duration,
    /// The largest body, in bytes.
    pub max_body: usize,
    /// Open connections at once.
    pub max_connections: usize,
    /// Where they are passed on to.
    pub forward: Option<Target>,
    /// The files of a certificate and its key, to speak TLS with.
    pub tls: Option<(&'a Path, &'a Path)>,
    /// What is done with them besides.
    pub shown: Shown,
}

/// What becomes of events besides the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing.
    None,
    /// They are shown, and passed over where nobody reads as fast as they come.
    IfThereIsTime,
    /// Each is shown. One that cannot be is not accepted.
    All,
}

/// Why nothing can be received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The record cannot be opened.
    #[error(transparent)]
    Record(#[from] FsError),
    /// The certificate, or its key, cannot be used.
    #[error("cannot use {file}: {why}", file = file.display())]
    Tls {
        /// Which file.
        file: PathBuf,
        /// Why.
        why: TlsError,
    },
    /// There is no thread to be had.
    #[error("cannot start to pass events on: {0}")]
    Thread(std::io::Error),
    /// The address cannot be listened on.
    #[error(transparent)]
    Receiver(#[from] ReceiverError),
}

/// The receiving, until it is dropped or stopped.
pub struct Receiving {
    /// What arrives.
    pub inbox: Inbox,
    /// What was found in the record when it was opened.
    pub found: Found,
    /// The permission bits of the TLS key, where others may read it.
    pub loose_key: Option<u32>,
    intake: Arc<Intake>,
    forwarder: Option<Arc<Forwarder>>,
    receiver: Receiver,
}

/// What is left when the receiving has ended.
pub struct Left {
    /// What was taken, and not yet looked at.
    pub inbox: Inbox,
    forwarder: Option<Arc<Forwarder>>,
}

impl Left {
    /// Waits until all events are passed on, or until somebody wants that to end; none where they are not
    /// to be passed on.
    pub fn forwarded(&self, is_asked: impl Fn() -> bool) -> Option<Forwarded> {
        self.forwarder.as_ref().map(|forwarder| forwarder.finish(is_asked, FORWARD_GRACE))
    }
}

impl Receiving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.receiver.address()
    }

    /// Whether what comes now are probes: answered, and nothing else.
    pub fn probing(&self, on: bool) {
        self.intake.probing(on);
    }

    /// Takes nothing more, answers what is under way. What was taken is still in the inbox.
    pub fn stop(self) -> Left {
        self.receiver.stop();
        Left { inbox: self.inbox, forwarder: self.forwarder }
    }
}

/// Opens the record, then listens.
pub fn start(wishes: Wishes<'_>) -> Result<Receiving, ReceiveError> {
    let (record, found) = match wishes.record {
        Some(path) => {
            let (appender, found) = Appender::open(path, wishes.syncs)?;
            (Some(appender), found)
        }
        None => (None, Found::default()),
    };
    let (outbox, inbox) = inbox::pair(wishes.shown);
    let tls = wishes.tls.map(|(certificate, key)| tls(certificate, key)).transpose()?;
    let (tls, loose_key) = tls.unzip();
    let telling = outbox.clone();
    let tell = move |news| telling.mention(Told::Forward(news));
    let forwarder = wishes.forward.map(|target| Forwarder::start(target, Arc::new(tell)));
    let forwarder = forwarder.transpose().map_err(ReceiveError::Thread)?.map(Arc::new);
    let intake =
        Arc::new(Intake::new(wishes.events, wishes.count, record, outbox, forwarder.clone()));
    let credentials = wishes
        .credentials
        .iter()
        .map(|auth| Credentials::new(&auth.username, auth.password.expose()));
    let options = Options {
        address: wishes.address,
        limits: Limits {
            connections: wishes.max_connections,
            head_time: HEAD_TIME,
            body_time: BODY_TIME,
            body_bytes: wishes.max_body,
        },
        credentials: credentials.collect(),
        status: wishes.status,
        delay: wishes.delay,
        tls,
        keeps_slowly: wishes.syncs,
    };
    let receiver = receiver::serve(options, Arc::clone(&intake) as _)?;
    Ok(Receiving { inbox, found, loose_key: loose_key.flatten(), intake, forwarder, receiver })
}

/// What TLS is spoken with, and the key's permission bits where others may read it.
fn tls(certificate: &Path, key: &Path) -> Result<(Arc<Configuration>, Option<u32>), ReceiveError> {
    let chain = fs::read(certificate, LARGEST_CERTIFICATE)?;
    let secret = fs::read(key, LARGEST_CERTIFICATE)?;
    let loose_key = secret.loose_mode;
    let secret = Zeroizing::new(secret.bytes);
    let configuration = receiver::tls::configuration(&chain.bytes, &secret).map_err(|why| {
        let file = if matches!(why, TlsError::NoKey) { key } else { certificate };
        ReceiveError::Tls { file: file.to_owned(), why }
    })?;
    Ok((configuration, loose_key))
}
