//! Receiving of events: an HTTP server that records, forwards and reports each event before it is
//! acknowledged.

mod event_summary;
mod forward;
mod notices;
mod recorder;
mod server;

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

pub use event_summary::{Dedup, EventBody, EventSummary};
pub use forward::{ForwardCounts, ForwardReport, ForwardTarget};
pub use notices::{ForwardNotice, Notice, NoticePolicy, NoticeReceiver};
pub use server::{EventRequest, RejectReason, Rejection};

use crate::error::{Diagnose, Diagnosis, Exit};
use crate::event::Event;
use crate::fs::append::{Appender, Found, Owner};
use crate::fs::{self, FsError};
use crate::http::server::Limits;
use crate::postmark::HttpAuth;
use forward::Forwarder;
use recorder::Recorder;
use server::{EventServer, ExpectedAuth, ServerOptions};

/// Timeout for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout for the body: Postmark's own timeout for large events.
const BODY_TIMEOUT: Duration = Duration::from_secs(120);
/// Maximum size of a certificate chain or key, in bytes.
const MAX_PEM_SIZE: u64 = 1024 * 1024;
/// Time for a forward in flight to finish after an interrupt.
const FORWARD_GRACE: Duration = Duration::from_millis(300);

/// What to receive, and how to answer.
pub struct ReceiveOptions<'a> {
    /// Address to listen on.
    pub address: SocketAddr,
    /// Accepted credentials; empty accepts every request.
    pub credentials: &'a [HttpAuth],
    /// Selected events; empty selects all. Others are acknowledged, but not recorded.
    pub events: Vec<Event>,
    /// Record file.
    pub record: Option<&'a Path>,
    /// Keep secrets of paths and headers in the record.
    pub record_secrets: bool,
    /// Write the record through to the disk before each acknowledgement.
    pub fsync: bool,
    /// Number of events after which to stop.
    pub count: Option<u64>,
    /// Status of the acknowledgement.
    pub status: u16,
    /// Delay of the acknowledgement.
    pub delay: Duration,
    /// Maximum size of a body, in bytes.
    pub max_body: usize,
    /// Maximum number of open connections.
    pub max_connections: usize,
    /// Targets that events are forwarded to, each with a queue of its own.
    pub forward: Vec<ForwardTarget>,
    /// Files of the TLS certificate chain and its key.
    pub tls: Option<(&'a Path, &'a Path)>,
    /// What happens if notices are read more slowly than events arrive.
    pub notices: NoticePolicy,
}

/// A failure to start.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The record or a TLS file cannot be opened.
    #[error(transparent)]
    File(#[from] FsError),
    /// The certificate or its key is unusable.
    #[error("cannot use {file}: {source}", file = file.display())]
    Tls {
        /// The file at fault.
        file: PathBuf,
        /// Cause.
        source: TlsError,
    },
    /// The system has no thread for forwarding.
    #[error("cannot start forwarding: {0}")]
    Thread(std::io::Error),
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Requested address.
        address: SocketAddr,
        /// Cause.
        source: std::io::Error,
    },
    /// The system has no thread or event queue for the server.
    #[error("cannot start the server: {0}")]
    Server(std::io::Error),
}

impl Diagnose for ReceiveError {
    fn diagnosis(&self) -> Diagnosis {
        let machine = Diagnosis::new(Exit::Machine);
        match self {
            Self::File(error) => error.diagnosis(),
            Self::Bind { source, .. } => match source.kind() {
                ErrorKind::AddrInUse => machine.hint(
                    "take another port with --address 127.0.0.1:8030, or any that is free with --address 127.0.0.1:0",
                ),
                ErrorKind::PermissionDenied => {
                    machine.hint("ports below 1024 are the system's; take a higher one with --address")
                }
                ErrorKind::AddrNotAvailable => {
                    machine.hint("--address takes an address of this machine, as in 127.0.0.1:8025")
                }
                _ => machine,
            },
            Self::Tls { .. } | Self::Thread(_) | Self::Server(_) => machine,
        }
    }
}

/// A fault of a TLS certificate or key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No certificate.
    #[error("it holds no certificate in PEM format")]
    NoCertificate,
    /// No key, or an encrypted one.
    #[error("it holds no unencrypted private key in PEM format")]
    NoKey,
    /// Certificate and key do not match, or their kind is not supported.
    #[error("it cannot be used with this key: {0}")]
    Unusable(rustls::Error),
}

/// A server that receives events until it is stopped or dropped.
pub struct Listener {
    /// Received events and notices about them.
    pub notices: NoticeReceiver,
    /// State of the record when it was opened.
    pub record_state: Found,
    /// Mode of the TLS key, if other users can read it.
    pub loose_key_mode: Option<u32>,
    recorder: Arc<Recorder>,
    forwarders: Vec<Arc<Forwarder>>,
    server: EventServer,
}

/// A listener that no longer accepts events.
pub struct StoppedListener {
    /// Events that were received, but not reported yet.
    pub notices: NoticeReceiver,
    forwarders: Vec<Arc<Forwarder>>,
}

impl StoppedListener {
    /// Waits until all events are forwarded, or until `is_interrupted`. Returns a report per target.
    pub fn finish_forwarding(&self, is_interrupted: impl Fn() -> bool) -> Vec<ForwardReport> {
        Forwarder::finish(&self.forwarders, is_interrupted, FORWARD_GRACE)
    }
}

impl Listener {
    /// Binds the address and opens the record.
    pub fn start(options: ReceiveOptions<'_>) -> Result<Self, ReceiveError> {
        let (record, record_state) = match options.record {
            Some(path) => {
                let (appender, found) = Appender::open(path, options.fsync, Owner::User)?;
                (Some(appender), found)
            }
            None => (None, Found::default()),
        };
        let (sender, notices) = notices::channel(options.notices);
        let tls = options.tls.map(|(chain, key)| tls_config(chain, key)).transpose()?;
        let (tls, loose_key_mode) = tls.unzip();
        let mut forwarders = Vec::new();
        for target in options.forward {
            let forwarder = Forwarder::start(target, sender.clone());
            forwarders.push(Arc::new(forwarder.map_err(ReceiveError::Thread)?));
        }
        let recorder = Recorder::new(
            options.events,
            options.count,
            record,
            options.record_secrets,
            sender,
            forwarders.clone(),
        );
        let recorder = Arc::new(recorder);
        let credentials = options
            .credentials
            .iter()
            .map(|auth| ExpectedAuth::new(&auth.username, auth.password.expose()));
        let server_options = ServerOptions {
            limits: Limits {
                connections: options.max_connections,
                head_time: HEAD_TIMEOUT,
                body_time: BODY_TIMEOUT,
                body_bytes: options.max_body,
            },
            credentials: credentials.collect(),
            status: options.status,
            delay: options.delay,
            tls,
            is_sink_slow: options.fsync,
        };
        let address = options.address;
        let socket =
            TcpListener::bind(address).map_err(|source| ReceiveError::Bind { address, source })?;
        let server = EventServer::start(socket, server_options, Arc::clone(&recorder) as _)
            .map_err(ReceiveError::Server)?;
        let loose_key_mode = loose_key_mode.flatten();
        Ok(Self { notices, record_state, loose_key_mode, recorder, forwarders, server })
    }

    /// Bound address.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Whether requests are Postmark's verification of a new webhook: answered with 200, and not recorded.
    pub fn set_verifying(&self, on: bool) {
        self.recorder.set_verifying(on);
    }

    /// Closes the port and answers the requests in flight.
    pub fn stop(self) -> StoppedListener {
        self.server.stop();
        StoppedListener { notices: self.notices, forwarders: self.forwarders }
    }
}

/// TLS configuration, and the mode of the key if other users can read it.
fn tls_config(
    chain_path: &Path,
    key_path: &Path,
) -> Result<(Arc<ServerConfig>, Option<u32>), ReceiveError> {
    let chain = fs::read(chain_path, MAX_PEM_SIZE)?;
    let key = fs::read(key_path, MAX_PEM_SIZE)?;
    let loose_mode = key.loose_mode;
    let key = Zeroizing::new(key.bytes);
    let config = parse_tls(&chain.bytes, &key).map_err(|source| {
        let file = if matches!(source, TlsError::NoKey) { key_path } else { chain_path };
        ReceiveError::Tls { file: file.to_owned(), source }
    })?;
    Ok((Arc::new(config), loose_mode))
}

fn parse_tls(chain: &[u8], key: &[u8]) -> Result<ServerConfig, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(TlsError::NoCertificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
