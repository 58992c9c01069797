//! One event to an endpoint, sent from this machine as Postmark would send it.
//!
//! May use `net` and `model`; must not use `api` or `config`. Nothing here can see a server token: a
//! [`Prober`] is made of a sender and a time, an [`Endpoint`] of what a webhook says of itself.

mod advice;
pub mod curl;
mod endpoint;
pub mod verdict;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use url::Url;

pub use endpoint::{Credentials, Endpoint, EndpointError, internal, is_sendable};
pub(super) use endpoint::{basic, credentials_of};

use crate::event::{Event, Received};
use crate::http::client::{self, HttpClient, HttpError, Method, Request, Response, RetryPolicy};
use crate::postmark::mask;

/// Postmark follows so many redirects (its overview of webhooks, retries).
const MOST_REDIRECTS: usize = 10;
/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// One event that is to be posted.
#[derive(Clone, Debug)]
pub struct Post {
    /// What it is.
    pub event: Received,
    /// The body, to the byte.
    pub body: Vec<u8>,
    /// `X-PM-Webhook-Trace-Id`.
    pub trace: String,
    /// Headers that Postmark once sent with it, in place of those that would be made here.
    pub recorded: Vec<(String, String)>,
}

impl Post {
    /// A post of this body, with a trace of its own.
    pub fn new(event: Received, body: Vec<u8>) -> Self {
        Self { event, body, trace: crate::event::sample::uuid(), recorded: Vec::new() }
    }

    /// `X-PM-Retries-Remaining` at the first try: how often Postmark would try again.
    pub fn retries(&self) -> u32 {
        if self.event.event() == Some(Event::Inbound) { 10 } else { 9 }
    }
}

/// A redirect that was met.
#[derive(Clone, Debug)]
pub struct Hop {
    /// The status that it had.
    pub status: u16,
    /// Where it pointed, secrets hidden.
    pub url: String,
    /// True where the POST became a GET without its body, as HTTP clients do after 301, 302 and 303.
    pub lost_body: bool,
    /// True where it led to another origin, so that credentials and headers stayed behind.
    pub left_origin: bool,
}

/// What came of a post.
#[derive(Debug)]
pub struct Exchange {
    /// The last answer, or why there is none.
    pub answer: Result<Response, HttpError>,
    /// The redirects on the way there, those that were followed.
    pub hops: Vec<Hop>,
    /// Why a redirect was not followed, where one was not.
    pub stopped: Option<String>,
    /// From the first byte out to the last byte in.
    pub took: Duration,
}

impl Exchange {
    /// True where the answer came from an address that Postmark cannot reach.
    pub fn was_internal(&self) -> bool {
        let address: Option<IpAddr> = self.answer.as_ref().ok().and_then(|a| a.address);
        address.is_some_and(client::is_internal)
    }
}

/// The sender to endpoints.
pub struct Prober {
    net: HttpClient,
    timeout: Duration,
}

impl Prober {
    /// A sender with the settings of another, that gives each event so much time.
    pub fn new(net: &HttpClient, timeout: Duration) -> Self {
        Self { net: net.unconnected(), timeout }
    }

    /// The same for many events in a row: they share their connections.
    pub fn connected(net: &HttpClient, timeout: Duration) -> Self {
        Self { net: net.apart(), timeout }
    }

    /// Posts an event once, and follows redirects as Postmark does.
    pub fn send(&self, endpoint: &Endpoint, post: &Post) -> Exchange {
        let started = Instant::now();
        let mut at =
            Step { method: Method::Post, url: endpoint.url.clone(), at_home: true, is_first: true };
        let (mut hops, mut stopped) = (Vec::new(), None);
        let answer = loop {
            let left = self.timeout.saturating_sub(started.elapsed());
            let mut answer = self.net.send(&request(endpoint, post, &at, left));
            // The time is that of the event, not what was left of it for the last request.
            if let Err(HttpError::Timeout { after, .. }) = &mut answer {
                *after = self.timeout;
            }
            let Ok(redirect) = &answer else { break answer };
            let Some(location) = redirect.header("location").filter(|_| is_redirect(redirect))
            else {
                break answer;
            };
            match at.next(redirect.status, location, &hops) {
                Ok(next) => {
                    hops.push(Hop {
                        status: redirect.status,
                        url: endpoint.scrub(&mask::url(next.url.as_str())),
                        lost_body: at.method == Method::Post && next.method == Method::Get,
                        left_origin: at.at_home && !next.at_home,
                    });
                    at = next;
                }
                Err(why) => {
                    stopped = Some(why);
                    break answer;
                }
            }
        };
        Exchange { answer, hops, stopped, took: started.elapsed() }
    }
}

/// Where the next request goes, and how.
struct Step {
    method: Method,
    url: Url,
    /// No redirect has led away from the webhook's own origin yet.
    at_home: bool,
    /// It is the webhook's own URL.
    is_first: bool,
}

impl Step {
    fn next(&self, status: u16, location: &str, before: &[Hop]) -> Result<Self, String> {
        if before.len() >= MOST_REDIRECTS {
            return Err(format!("it is more than {MOST_REDIRECTS} redirects, and Postmark stops"));
        }
        let mut url = self
            .url
            .join(location)
            .map_err(|_| "it redirects to something that is not a URL".to_owned())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("it redirects to something that is not on the web".to_owned());
        }
        if client::names_internal(&url) && !client::names_internal(&self.url) {
            return Err("it redirects to an address inside a network, where Postmark cannot go; \
                        this was not followed"
                .to_owned());
        }
        // What a redirect says of credentials is not the webhook's.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        let keeps_method = matches!(status, 307 | 308);
        Ok(Self {
            method: if keeps_method { self.method } else { Method::Get },
            at_home: self.at_home && url.origin() == self.url.origin(),
            is_first: false,
            url,
        })
    }
}

fn is_redirect(answer: &Response) -> bool {
    matches!(answer.status, 301 | 302 | 303 | 307 | 308)
}

fn request(endpoint: &Endpoint, post: &Post, at: &Step, timeout: Duration) -> Request {
    let mut headers = endpoint.headers(post, at.at_home);
    if at.method == Method::Get {
        headers.retain(|header| !header.name.eq_ignore_ascii_case("content-type"));
    }
    Request {
        method: at.method,
        url: at.url.clone(),
        is_redirected: !at.is_first,
        headers,
        body: (at.method == Method::Post).then(|| post.body.clone()),
        timeout,
        retries: 0,
        retry: RetryPolicy::Never,
        limit: LARGEST_ANSWER,
    }
}
