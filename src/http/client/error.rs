//! Errors of a request without a complete response.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::{AlertDescription, CertificateError, PeerIncompatible};

/// Request without a complete response. Holds hosts and ports, never a URL or a credential.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The host's name has no address.
    #[error("the name {host} cannot be resolved")]
    Name {
        /// The host.
        host: String,
    },
    /// No connection could be made.
    #[error("cannot connect to {to}: {why}")]
    Connect {
        /// Host and port of the server.
        to: String,
        /// The reason, as the system gave it.
        why: String,
    },
    /// The proxy did not let us through.
    #[error("cannot reach {to} through the proxy {proxy}: {why}")]
    Proxy {
        /// Host and port of the proxy.
        proxy: String,
        /// Host and port behind it.
        to: String,
        /// Reason.
        why: String,
    },
    /// The certificate or the TLS handshake was not acceptable.
    #[error("no safe connection to {to}: {why}")]
    Tls {
        /// Host and port of the server.
        to: String,
        /// The reason in words.
        why: String,
        /// What kind of trouble it is.
        trouble: TlsTrouble,
    },
    /// The time was up.
    #[error("no complete answer from {to} within {}", friendly(*.after))]
    Timeout {
        /// Host and port of the server.
        to: String,
        /// The time that the request was given.
        after: Duration,
    },
    /// No connection came about in its time, TLS included.
    #[error("no connection to {to} within {}", friendly(*.after))]
    ConnectTimeout {
        /// Host and port of the server.
        to: String,
        /// The time that connecting was given.
        after: Duration,
    },
    /// The connection broke after the request was sent.
    #[error("{to} {how} the connection without an answer")]
    Closed {
        /// Host and port of the server.
        to: String,
        /// `closed` or `reset`.
        how: &'static str,
    },
    /// The answer stopped in the middle.
    #[error("the answer of {to} was cut after {received} bytes")]
    Cut {
        /// Host and port of the server.
        to: String,
        /// How much of the body had arrived, in bytes.
        received: usize,
    },
    /// The answer is larger than was allowed.
    #[error("the answer of {to} is too large: more than {limit} bytes")]
    TooLarge {
        /// Host and port of the server.
        to: String,
        /// The HTTP status that it began with.
        status: u16,
        /// What was allowed, in bytes.
        limit: usize,
    },
    /// What came back is not HTTP.
    #[error("{to} did not answer in HTTP: {why}")]
    NotHttp {
        /// Host and port of the server.
        to: String,
        /// What was wrong with it.
        why: String,
    },
    /// A file of certificate authorities cannot be used.
    #[error("cannot use the certificates of {origin} ({path}): {why}", path = path.display())]
    Authorities {
        /// The flag or the variable that named the path.
        origin: &'static str,
        /// The path.
        path: PathBuf,
        /// Reason.
        why: String,
    },
    /// A proxy variable cannot be used.
    #[error("cannot use the proxy in {variable}: {why}")]
    ProxySetting {
        /// The variable.
        variable: &'static str,
        /// The reason, without the value: it may hold a password.
        why: &'static str,
    },
    /// This machine could not even try.
    #[error("cannot send a request from this machine: {why}")]
    Local {
        /// Reason.
        why: String,
    },
}

/// Kind of a TLS failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsTrouble {
    /// The certificate is not valid today.
    Date,
    /// The certificate is for another name.
    Host,
    /// The certificate's authority is not trusted.
    UnknownAuthority,
    /// No common protocol, or the peer does not speak TLS.
    Protocol,
}

impl HttpError {
    /// True if the server may have received the request, and may have acted on it.
    pub fn maybe_sent(&self) -> bool {
        match self {
            Self::Timeout { .. }
            | Self::Closed { .. }
            | Self::Cut { .. }
            | Self::TooLarge { .. }
            | Self::NotHttp { .. } => true,
            Self::Name { .. }
            | Self::Connect { .. }
            | Self::ConnectTimeout { .. }
            | Self::Proxy { .. }
            | Self::Tls { .. }
            | Self::Authorities { .. }
            | Self::ProxySetting { .. }
            | Self::Local { .. } => false,
        }
    }

    /// True if a retry may help.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Name { .. }
                | Self::Connect { .. }
                | Self::ConnectTimeout { .. }
                | Self::Proxy { .. }
                | Self::Timeout { .. }
                | Self::Closed { .. }
                | Self::Cut { .. }
        )
    }
}

/// Destination of a request, for its error.
pub(super) struct Destination {
    pub authority: String,
    pub host: String,
    /// Host and port of the proxy, where one is used.
    pub proxy: Option<String>,
    pub after: Duration,
    /// Part of `after` that connecting may take.
    pub connect_after: Duration,
}

impl Destination {
    /// Host and port, with those of the proxy.
    pub(super) fn to(&self) -> String {
        match &self.proxy {
            Some(proxy) => format!("{} (through the proxy {proxy})", self.authority),
            None => self.authority.clone(),
        }
    }

    pub(super) fn timeout(&self) -> HttpError {
        HttpError::Timeout { to: self.to(), after: self.after }
    }
}

/// Error for a failure that the transport reports.
pub(super) fn classify(error: &reqwest::Error, at: &Destination) -> HttpError {
    let to = at.to();
    if let Some(tls) = find::<rustls::Error>(error) {
        return tls_trouble(tls, at);
    }
    if error.is_timeout() && error.is_connect() {
        return HttpError::ConnectTimeout { to, after: at.connect_after };
    }
    if error.is_timeout() {
        return at.timeout();
    }
    if let Some(proxy) = at.proxy.clone().filter(|_| error.is_connect()) {
        return HttpError::Proxy { proxy, to: at.authority.clone(), why: innermost(error) };
    }
    if error.is_dns() {
        return HttpError::Name { host: at.host.clone() };
    }
    if error.is_connect() {
        return HttpError::Connect { to, why: innermost(error) };
    }
    match find::<hyper::Error>(error) {
        Some(e) if e.is_parse() || e.is_parse_too_large() => {
            HttpError::NotHttp { to, why: e.to_string() }
        }
        _ => {
            let reset = find::<io::Error>(error)
                .is_some_and(|e| e.kind() == io::ErrorKind::ConnectionReset);
            HttpError::Closed { to, how: if reset { "reset" } else { "closed" } }
        }
    }
}

pub(super) fn tls_trouble(error: &rustls::Error, at: &Destination) -> HttpError {
    let (trouble, why) = match error {
        rustls::Error::InvalidCertificate(bad) => certificate_trouble(bad, at),
        rustls::Error::InvalidMessage(_) => {
            (TlsTrouble::Protocol, "it does not speak TLS on this port".to_owned())
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            (TlsTrouble::Protocol, "it speaks no version of TLS that is still safe".to_owned())
        }
        rustls::Error::AlertReceived(alert) => {
            (TlsTrouble::Protocol, format!("it refused the TLS handshake ({alert:?})"))
        }
        other => (TlsTrouble::Protocol, other.to_string()),
    };
    HttpError::Tls { to: at.to(), why, trouble }
}

fn certificate_trouble(bad: &CertificateError, at: &Destination) -> (TlsTrouble, String) {
    match bad {
        CertificateError::Expired => (TlsTrouble::Date, "its certificate has expired".to_owned()),
        CertificateError::ExpiredContext { not_after, .. } => {
            (TlsTrouble::Date, format!("its certificate expired on {}", day(not_after.as_secs())))
        }
        CertificateError::NotValidYet => {
            (TlsTrouble::Date, "its certificate is not valid yet".to_owned())
        }
        CertificateError::NotValidYetContext { not_before, .. } => (
            TlsTrouble::Date,
            format!("its certificate is not valid before {}", day(not_before.as_secs())),
        ),
        CertificateError::NotValidForName => {
            (TlsTrouble::Host, format!("its certificate is not for the name {}", at.host))
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = presented.iter().map(|name| bare(name)).collect::<Vec<_>>().join(", ");
            let host = &at.host;
            (
                TlsTrouble::Host,
                format!("its certificate is not for the name {host}, but for {names}"),
            )
        }
        CertificateError::UnknownIssuer => (
            TlsTrouble::UnknownAuthority,
            "its certificate comes from an authority that this machine does not know".to_owned(),
        ),
        // `openssl req -x509` makes a certificate of an authority, which is then used as a server's own.
        other if other.to_string().contains("CaUsedAsEndEntity") => (
            TlsTrouble::UnknownAuthority,
            "its certificate is self-signed, or an authority's and not its own".to_owned(),
        ),
        other => {
            (TlsTrouble::UnknownAuthority, format!("its certificate is not acceptable: {other}"))
        }
    }
}

/// Name within `DnsName("h.example.com")`, rustls's form of a certificate's names.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

fn day(seconds: u64) -> String {
    let second = i64::try_from(seconds).ok().and_then(|s| Timestamp::from_second(s).ok());
    second.map_or("an unknown day".to_owned(), |second| second.strftime("%Y-%m-%d").to_string())
}

/// A duration such as `1m 30s`.
fn friendly(duration: Duration) -> String {
    SignedDuration::try_from(duration).map_or("a long time".to_owned(), |d| format!("{d:#}"))
}

/// First error of a type in the chain, boxes of `io::Error` included.
pub(super) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<E>() {
            return Some(found);
        }
        let boxed = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match boxed {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}

/// Innermost error of the chain: usually the operating system's.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
