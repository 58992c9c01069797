//! Reachability of a host: name look-up, connection and TLS handshake, without a request.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use url::{Host, Url};

use super::error::{Destination, find, tls_trouble};
use super::{CONNECT_TIMEOUT, HttpError, Settings, authority, tls};

/// Shortest timeout of a socket: zero means none to the system.
const SHORTEST: Duration = Duration::from_millis(1);

/// Steps towards a host that succeeded, with their times, and the error that ended them.
#[derive(Debug, Default)]
pub struct Reachability {
    /// Time of the name look-up. `None` if the URL holds an address.
    pub name: Option<Duration>,
    /// Time to connect.
    pub connection: Option<Duration>,
    /// Time of the TLS handshake. `None` for `http`.
    pub tls: Option<Duration>,
    /// Address of the peer.
    pub address: Option<IpAddr>,
    /// Error, if a step failed.
    pub trouble: Option<HttpError>,
}

/// Outcome of one step.
enum Step {
    Named(Duration),
    Connected(IpAddr, Duration),
    Secured(Duration),
    Failed(HttpError),
}

/// Resolves, connects and shakes hands. Runs on its own thread: a name look-up has no timeout.
pub(super) fn reach(url: &Url, settings: &Settings, limit: Duration) -> Reachability {
    let attempt = Attempt::new(url, settings, limit);
    let (deadline, late) = (attempt.deadline, attempt.late());
    let (tell, steps) = mpsc::channel();
    let mut reach = Reachability::default();
    let walked = std::thread::Builder::new().name("reach".to_owned()).spawn(move || {
        if let Err(trouble) = attempt.run(&tell) {
            // The receiver is gone once the time is up.
            let _ = tell.send(Step::Failed(trouble));
        }
    });
    if let Err(error) = walked {
        reach.trouble = Some(HttpError::Local { why: error.to_string() });
        return reach;
    }
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match steps.recv_timeout(left) {
            Ok(Step::Named(took)) => reach.name = Some(took),
            Ok(Step::Connected(address, took)) => {
                (reach.address, reach.connection) = (Some(address), Some(took));
            }
            Ok(Step::Secured(took)) => reach.tls = Some(took),
            Ok(Step::Failed(trouble)) => reach.trouble = Some(trouble),
            Err(mpsc::RecvTimeoutError::Disconnected) => return reach,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                reach.trouble = Some(late);
                return reach;
            }
        }
    }
}

/// Addresses of a URL's host. Runs on its own thread: a name look-up has no timeout.
pub(super) fn look_up(
    url: &Url,
    settings: &Settings,
    limit: Duration,
) -> Result<Vec<SocketAddr>, HttpError> {
    let attempt = Attempt::new(url, settings, limit);
    let late = attempt.late();
    let (tell, found) = mpsc::channel();
    let spawned = std::thread::Builder::new().name("look-up".to_owned()).spawn(move || {
        // The receiver is gone once the time is up.
        let _ = tell.send(attempt.addresses());
    });
    spawned.map_err(|error| HttpError::Local { why: error.to_string() })?;
    found.recv_timeout(CONNECT_TIMEOUT.min(limit)).unwrap_or(Err(late))
}

struct Attempt {
    at: Destination,
    url: Url,
    settings: Settings,
    deadline: Instant,
}

impl Attempt {
    fn new(url: &Url, settings: &Settings, limit: Duration) -> Self {
        let limit = CONNECT_TIMEOUT.min(limit);
        let at = Destination {
            authority: authority(url),
            host: url.host_str().unwrap_or("?").to_owned(),
            proxy: None,
            after: limit,
            connect_after: limit,
        };
        let (url, settings) = (url.clone(), settings.clone());
        Self { at, url, settings, deadline: Instant::now() + limit }
    }

    fn run(&self, tell: &mpsc::Sender<Step>) -> Result<(), HttpError> {
        let started = Instant::now();
        let addresses = self.addresses()?;
        if matches!(self.url.host(), Some(Host::Domain(_))) {
            let _ = tell.send(Step::Named(started.elapsed()));
        }
        let started = Instant::now();
        let (mut socket, address) = self.connect(&addresses)?;
        let _ = tell.send(Step::Connected(address, started.elapsed()));
        if self.url.scheme() == "https" {
            let started = Instant::now();
            self.shake_hands(&mut socket)?;
            let _ = tell.send(Step::Secured(started.elapsed()));
        }
        Ok(())
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>, HttpError> {
        let unknown = || HttpError::Name { host: self.at.host.clone() };
        let port = self.url.port_or_known_default().ok_or_else(unknown)?;
        let found: Vec<_> = match self.url.host().ok_or_else(unknown)? {
            Host::Ipv4(address) => vec![(address, port).into()],
            Host::Ipv6(address) => vec![(address, port).into()],
            Host::Domain(name) => (name, port).to_socket_addrs().map_err(|_| unknown())?.collect(),
        };
        if found.is_empty() { Err(unknown()) } else { Ok(found) }
    }

    /// First address that accepts. Each gets its share of the time, so that a silent one does not keep
    /// the others from being tried.
    fn connect(&self, addresses: &[SocketAddr]) -> Result<(TcpStream, IpAddr), HttpError> {
        let mut last = self.late();
        for (untried, address) in (1..=addresses.len()).rev().zip(addresses) {
            let share = self.left() / u32::try_from(untried).unwrap_or(u32::MAX);
            match TcpStream::connect_timeout(address, share.max(SHORTEST)) {
                Ok(socket) => return Ok((socket, address.ip())),
                Err(error) if is_late(&error) => last = self.late(),
                Err(error) => {
                    last = HttpError::Connect { to: self.at.to(), why: error.to_string() };
                }
            }
        }
        Err(last)
    }

    fn shake_hands(&self, socket: &mut TcpStream) -> Result<(), HttpError> {
        let local = |why: String| HttpError::Local { why };
        let configuration = tls::configuration(true, &self.at.authority, &self.settings)?;
        let host = match self.url.host() {
            Some(Host::Ipv4(address)) => ServerName::IpAddress(IpAddr::from(address).into()),
            Some(Host::Ipv6(address)) => ServerName::IpAddress(IpAddr::from(address).into()),
            _ => ServerName::try_from(self.at.host.clone()).map_err(|e| local(e.to_string()))?,
        };
        let mut session = ClientConnection::new(Arc::new(configuration), host)
            .map_err(|e| tls_trouble(&e, &self.at))?;
        while session.is_handshaking() {
            let left = Some(self.left());
            let limited = socket.set_read_timeout(left).and(socket.set_write_timeout(left));
            limited.map_err(|e| local(e.to_string()))?;
            session.complete_io(socket).map_err(|error| self.broken(&error))?;
        }
        Ok(())
    }

    /// Error of a failed handshake.
    fn broken(&self, error: &io::Error) -> HttpError {
        if let Some(tls) = find::<rustls::Error>(error) {
            return tls_trouble(tls, &self.at);
        }
        match error.kind() {
            _ if is_late(error) => self.late(),
            ErrorKind::ConnectionReset => HttpError::Closed { to: self.at.to(), how: "reset" },
            _ => HttpError::Closed { to: self.at.to(), how: "closed" },
        }
    }

    fn late(&self) -> HttpError {
        HttpError::ConnectTimeout { to: self.at.to(), after: self.at.connect_after }
    }

    /// Remaining time, never zero.
    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).max(SHORTEST)
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}
