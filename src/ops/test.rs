//! Posts events to endpoints as Postmark would, from this machine.
//!
//! No server token can reach an endpoint: an [`EventSender`] is built from an HTTP client and a timeout, an
//! [`Endpoint`] from the fields of a webhook.

pub(crate) mod curl;
mod endpoint;
pub(crate) mod samples;
pub(crate) mod verdict;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use url::Url;

pub(crate) use endpoint::{
    CONNECTION_HEADERS, Credentials, Endpoint, EndpointError, NOT_PUBLIC, basic_auth_header,
    is_sendable,
};

use crate::event::{Event, Received};
use crate::http::client::{self, HttpClient, HttpError, Method, Request, Response, RetryPolicy};
use crate::postmark::mask;

/// Redirects that Postmark follows (its overview of webhooks, retries).
const MAX_REDIRECTS: usize = 10;
/// Time to wait for the answer to an event. Postmark's is not documented.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
/// Time that Postmark waits for the answer to inbound mail (its support article 870).
const INBOUND_TIMEOUT: Duration = Duration::from_secs(2 * 60);
/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 1024 * 1024;

/// An event to be posted.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingEvent {
    pub(crate) event: Received,
    pub(crate) body: Vec<u8>,
    /// `X-PM-Webhook-Trace-Id`.
    pub(crate) trace_id: String,
    /// Headers of a recorded request. They replace the generated ones of the same name.
    pub(crate) recorded_headers: Vec<(String, String)>,
}

impl OutgoingEvent {
    /// An event with a new trace ID.
    pub(crate) fn new(event: Received, body: Vec<u8>) -> Self {
        let trace_id = crate::event::uuid();
        Self { event, body, trace_id, recorded_headers: Vec::new() }
    }

    /// `X-PM-Retries-Remaining` of Postmark's first attempt.
    pub(crate) fn retries_remaining(&self) -> u32 {
        if self.event.event() == Some(Event::Inbound) { 10 } else { 9 }
    }
}

/// A redirect that was followed.
#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) status: u16,
    /// Target, secrets masked.
    pub(crate) url: String,
    /// The POST became a GET without a body, as HTTP clients do after 301, 302 and 303.
    pub(crate) dropped_body: bool,
    /// The target has another origin, so credentials and custom headers were not sent to it.
    pub(crate) left_origin: bool,
}

/// The result of posting one event once.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The final answer.
    pub(crate) answer: Result<Response, HttpError>,
    pub(crate) redirects: Vec<Redirect>,
    /// Reason why the last redirect was not followed.
    pub(crate) refused_redirect: Option<String>,
    /// Time from the first byte sent to the last byte received, over all redirects.
    pub(crate) took: Duration,
}

impl Attempt {
    /// True if the answer came from an address that Postmark cannot reach.
    pub(crate) fn was_internal(&self) -> bool {
        let address: Option<IpAddr> = self.answer.as_ref().ok().and_then(|a| a.address);
        address.is_some_and(client::is_internal)
    }
}

/// Posts events to endpoints.
pub(crate) struct EventSender {
    http: HttpClient,
    /// Timeout that the user chose.
    timeout: Option<Duration>,
}

impl EventSender {
    /// A sender that opens a connection per event. `timeout` covers one event with its redirects; without
    /// it, Postmark's apply.
    pub(crate) fn new(http: &HttpClient, timeout: Option<Duration>) -> Self {
        Self { http: http.unconnected(), timeout }
    }

    /// A sender that keeps connections open, for many events in a row.
    pub(crate) fn connected(http: &HttpClient, timeout: Option<Duration>) -> Self {
        Self { http: http.apart(), timeout }
    }

    fn timeout(&self, event: &OutgoingEvent) -> Duration {
        let is_inbound = event.event.event() == Some(Event::Inbound);
        self.timeout.unwrap_or(if is_inbound { INBOUND_TIMEOUT } else { DEFAULT_TIMEOUT })
    }

    /// Refuses the target of a redirect unless it has the host of the redirecting endpoint, or public
    /// addresses only. Whoever runs an endpoint must not reach other services of this machine or network.
    fn only_public(&self, next: Target, from: &Url, limit: Duration) -> Result<Target, String> {
        const REFUSED: &str = "it redirects to an address inside a network, where Postmark cannot go; \
                               this was not followed";
        if next.url.host() == from.host() {
            return Ok(next);
        }
        if client::names_internal(&next.url) {
            return Err(REFUSED.to_owned());
        }
        match self.http.look_up(&next.url, limit) {
            Ok(found) if found.iter().any(|a| client::is_internal(a.ip())) => {
                Err(REFUSED.to_owned())
            }
            Ok(found) => Ok(Target { addresses: Some(found), ..next }),
            // A proxy may know the name. If it does not, the request fails with the reason.
            Err(_) => Ok(next),
        }
    }

    /// Posts an event once, following redirects as Postmark does.
    pub(crate) fn send(&self, endpoint: &Endpoint, event: &OutgoingEvent) -> Attempt {
        let started = Instant::now();
        let mut target = Target {
            method: Method::Post,
            url: endpoint.url.clone(),
            addresses: None,
            is_own_origin: true,
            is_first: true,
        };
        let (mut redirects, mut refused_redirect) = (Vec::new(), None);
        let answer = loop {
            let left = self.timeout(event).saturating_sub(started.elapsed());
            let mut answer = self.http.send(&request(endpoint, event, &target, left));
            // Report the timeout of the event, not what was left of it for the last request.
            if let Err(HttpError::Timeout { after, .. }) = &mut answer {
                *after = self.timeout(event);
            }
            let Ok(redirect) = &answer else { break answer };
            let Some(location) = redirect.header("location").filter(|_| is_redirect(redirect))
            else {
                break answer;
            };
            let left = self.timeout(event).saturating_sub(started.elapsed());
            let next = target.redirected(redirect.status, location, redirects.len());
            match next.and_then(|next| self.only_public(next, &target.url, left)) {
                Ok(next) => {
                    redirects.push(Redirect {
                        status: redirect.status,
                        url: endpoint.mask_secrets(&mask::url(next.url.as_str())),
                        dropped_body: target.method == Method::Post && next.method == Method::Get,
                        left_origin: target.is_own_origin && !next.is_own_origin,
                    });
                    target = next;
                }
                Err(reason) => {
                    refused_redirect = Some(reason);
                    break answer;
                }
            }
        };
        Attempt { answer, redirects, refused_redirect, took: started.elapsed() }
    }
}

/// Target of the next request.
struct Target {
    method: Method,
    url: Url,
    /// Public addresses of the host, where it differs from that of the redirecting endpoint.
    addresses: Option<Vec<SocketAddr>>,
    /// No redirect has left the webhook's origin.
    is_own_origin: bool,
    is_first: bool,
}

impl Target {
    /// The target after a redirect, or the reason why it is not followed.
    fn redirected(&self, status: u16, location: &str, followed: usize) -> Result<Self, String> {
        if followed >= MAX_REDIRECTS {
            return Err(format!("it is more than {MAX_REDIRECTS} redirects, and Postmark stops"));
        }
        let mut url = self
            .url
            .join(location)
            .map_err(|_| "it redirects to something that is not a URL".to_owned())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("it redirects to something that is not on the web".to_owned());
        }
        // Credentials in a Location header are not the webhook's.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        let keeps_method = matches!(status, 307 | 308);
        Ok(Self {
            method: if keeps_method { self.method } else { Method::Get },
            is_own_origin: self.is_own_origin && url.origin() == self.url.origin(),
            is_first: false,
            addresses: None,
            url,
        })
    }
}

fn is_redirect(answer: &Response) -> bool {
    matches!(answer.status, 301 | 302 | 303 | 307 | 308)
}

fn request(
    endpoint: &Endpoint,
    event: &OutgoingEvent,
    target: &Target,
    timeout: Duration,
) -> Request {
    let mut headers = endpoint.headers(event, target.is_own_origin);
    if target.method == Method::Get {
        let describes_body = |name: &str| name.to_ascii_lowercase().starts_with("content-");
        headers.retain(|header| !describes_body(&header.name));
    }
    Request {
        method: target.method,
        url: target.url.clone(),
        is_redirected: !target.is_first,
        addresses: target.addresses.clone(),
        headers,
        body: (target.method == Method::Post).then(|| event.body.clone()),
        timeout,
        retries: 0,
        retry: RetryPolicy::Never,
        limit: MAX_ANSWER,
    }
}
