//! Faults on request: `METHOD PATH-PREFIX=KIND[:ARG]*TIMES`.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::HeaderValue;
use jiff::SignedDuration;

/// A fault for requests of a method under a path, a number of times or always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `None` for any method.
    method: Option<String>,
    /// In lower case.
    prefix: String,
    pub(super) kind: Kind,
    /// Remaining uses; `None` for no limit.
    times: Option<u32>,
}

/// Kind of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Responds with this status; the request has no effect.
    Status(StatusCode),
    /// Responds with 429 and this Retry-After; the request has no effect.
    RetryAfter(HeaderValue),
    /// Delays request and response; the request has no effect if the client gives up before.
    Hang(Duration),
    /// Closes the connection; the request has no effect.
    Close,
    /// Handles the request, but closes the connection instead of responding.
    CommitThenClose,
    /// Handles the request, but cuts its response in half.
    Truncate,
    /// Responds with an HTML page, as a captive portal would; the request has no effect.
    Html,
}

/// Syntax error in a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read the fault {given:?}: {why} (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in \
     \"POST /webhooks=status:503*2\"; the kinds are status:503, retry-after:2, hang:10s, close, \
     commit-then-close, truncate, html)"
)]
pub struct FaultError {
    given: String,
    why: String,
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(given: &str) -> Result<Self, FaultError> {
        parse(given).map_err(|why| FaultError { given: given.to_owned(), why })
    }
}

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

fn parse(given: &str) -> Result<Fault, String> {
    let (method, rest) =
        given.trim().split_once(char::is_whitespace).ok_or("it names no method or no path")?;
    let (prefix, rest) = rest.trim().split_once('=').ok_or("it has no `=KIND`")?;
    let method = match method {
        "*" => None,
        name if METHODS.contains(&name.to_ascii_uppercase().as_str()) => {
            Some(name.to_ascii_uppercase())
        }
        name => return Err(format!("{name:?} is no method (use `*` for any)")),
    };
    if !prefix.starts_with('/') || prefix.contains(char::is_whitespace) {
        return Err(format!("the path prefix {prefix:?} must begin with `/` and hold no space"));
    }
    let (kind, times) = match rest.rsplit_once('*') {
        None => (rest, None),
        Some((kind, times)) => match times.parse() {
            Ok(times @ 1_u32..) => (kind, Some(times)),
            _ => return Err(format!("{times:?} is no number of times (1 or more)")),
        },
    };
    Ok(Fault { method, prefix: prefix.to_ascii_lowercase(), kind: parse_kind(kind)?, times })
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    let (name, argument) = match text.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (text, None),
    };
    let kind = match (name, argument) {
        ("status", Some(status)) => {
            let status = status.parse().ok().filter(|s| (200..=599).contains(s));
            let status = status.and_then(|s| StatusCode::from_u16(s).ok());
            Kind::Status(status.ok_or("the status must be a number from 200 to 599")?)
        }
        // Any value that a header can hold: how a client reacts to nonsense is worth a test too.
        ("retry-after", Some(value)) => Kind::RetryAfter(
            HeaderValue::from_str(value).map_err(|_| "a header cannot hold this Retry-After")?,
        ),
        ("hang", Some(time)) => {
            Kind::Hang(duration(time).ok_or_else(|| format!("{time:?} is no duration"))?)
        }
        ("close", None) => Kind::Close,
        ("commit-then-close", None) => Kind::CommitThenClose,
        ("truncate", None) => Kind::Truncate,
        ("html", None) => Kind::Html,
        ("status", None) => return Err("`status` needs one, as in `status:503`".to_owned()),
        ("retry-after", None) => {
            return Err("`retry-after` needs seconds, as in `retry-after:2`".to_owned());
        }
        ("hang", None) => return Err("`hang` needs a duration, as in `hang:10s`".to_owned()),
        ("close" | "commit-then-close" | "truncate" | "html", Some(_)) => {
            return Err(format!("`{name}` takes no value"));
        }
        _ => return Err(format!("{name:?} is no kind of fault")),
    };
    Ok(kind)
}

fn duration(text: &str) -> Option<Duration> {
    text.parse::<SignedDuration>().ok().and_then(|time| time.try_into().ok())
}

/// The faults of a run, with their remaining uses.
pub(super) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(faults))
    }

    /// The first fault that matches a request. It counts as used.
    pub(super) fn next(&self, method: &str, path: &str) -> Option<Kind> {
        let path = path.to_ascii_lowercase();
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = faults.iter_mut().find(|fault| {
            fault.times != Some(0)
                && fault.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(method))
                && path.starts_with(&fault.prefix)
        })?;
        fault.times = fault.times.map(|times| times - 1);
        Some(fault.kind.clone())
    }
}
