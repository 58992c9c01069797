//! What a faulty server does with a request, as data.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use super::http::Recorded;

/// One behaviour: an answer or a misfortune, for one request unless told otherwise.
///
/// ```ignore
/// Step::status(429).header("Retry-After", "2")
/// Step::answer(200, json!({"Webhooks": []})).drip(Duration::from_millis(100), 1)
/// Step::close().only("POST", "/webhooks").times(2)
/// ```
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) act: Act,
    pub(super) headers: Vec<(String, String)>,
    /// What follows applies to answers.
    pub(super) chunked: bool,
    pub(super) claimed_length: Option<u64>,
    pub(super) cut: Option<(usize, Cut)>,
    pub(super) drip: Option<Drip>,
    pub(super) drip_headers: Option<Drip>,
    pub(super) delay: Duration,
    pub(super) on_accept: bool,
    only: Option<(String, String)>,
    carrying: Option<(String, String)>,
    /// How many requests it is still for; `None` is any number.
    pub(super) uses: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    Answer { status: u16, body: Vec<u8> },
    Raw(Vec<u8>),
    Hang,
    Close,
    Reset,
    EndlessBody,
    EndlessHeaders,
    EndlessInterim,
    Forward { upstream: String, and_answer: bool },
    Tunnel(SocketAddr),
}

/// What happens after a part of the body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Close,
    Reset,
    Stall,
}

/// So many bytes at a time, and a pause before each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drip {
    pub(super) every: Duration,
    pub(super) bytes: usize,
}

/// What it does.
impl Step {
    /// A JSON answer.
    #[allow(clippy::needless_pass_by_value)] // `json!({...})` is what stands there
    pub fn answer(status: u16, body: Value) -> Self {
        Step::bytes(status, "application/json", body.to_string())
    }

    /// A refusal as Postmark words it: `Step::refused(422, 1352, "...")`.
    pub fn refused(status: u16, code: i64, message: &str) -> Self {
        Step::answer(status, json!({"ErrorCode": code, "Message": message}))
    }

    /// An answer with any body.
    pub fn bytes(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Step::new(Act::Answer { status, body: body.into() }).header("Content-Type", content_type)
    }

    /// An answer with no body.
    pub fn status(status: u16) -> Self {
        Step::new(Act::Answer { status, body: Vec::new() })
    }

    /// A page such as a proxy or a login portal gives.
    pub fn html(status: u16) -> Self {
        let page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n";
        Step::bytes(status, "text/html; charset=utf-8", page)
    }

    pub fn redirect(status: u16, location: &str) -> Self {
        Step::status(status).header("Location", location)
    }

    /// These bytes, then the end of the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Step::new(Act::Raw(bytes.into()))
    }

    /// No answer, the connection stays open.
    pub fn hang() -> Self {
        Step::new(Act::Hang)
    }

    /// No answer, the connection ends in order.
    pub fn close() -> Self {
        Step::new(Act::Close)
    }

    /// No answer, the connection is reset (RST).
    pub fn reset() -> Self {
        Step::new(Act::Reset)
    }

    /// A chunked body without end, as fast as it is taken.
    pub fn endless_body() -> Self {
        Step::new(Act::EndlessBody)
    }

    /// A head without end.
    pub fn endless_headers() -> Self {
        Step::new(Act::EndlessHeaders)
    }

    /// `102 Processing` for ever.
    pub fn endless_interim() -> Self {
        Step::new(Act::EndlessInterim)
    }

    /// One terabyte is announced, one byte comes.
    pub fn huge_content_length() -> Self {
        Step::bytes(200, "application/json", "[").claim_length(1 << 40).stall_after(1)
    }

    /// Sends the request on to another server (`http://host:port`) and its answer back.
    pub fn forward(upstream: &str) -> Self {
        Step::new(Act::Forward { upstream: upstream.to_owned(), and_answer: true })
    }

    /// Sends the request on, so that it takes effect, and closes without an answer.
    pub fn forward_then_close(upstream: &str) -> Self {
        Step::new(Act::Forward { upstream: upstream.to_owned(), and_answer: false })
    }

    /// As a proxy answers CONNECT, whatever host was asked for: a tunnel to this address.
    pub fn tunnel(to: SocketAddr) -> Self {
        Step::new(Act::Tunnel(to))
    }

    fn new(act: Act) -> Self {
        Step {
            act,
            headers: Vec::new(),
            chunked: false,
            claimed_length: None,
            cut: None,
            drip: None,
            drip_headers: None,
            delay: Duration::ZERO,
            on_accept: false,
            only: None,
            carrying: None,
            uses: Some(1),
        }
    }
}

/// How an answer is sent.
impl Step {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The body in one chunk instead of with its length.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// A wrong Content-Length.
    pub fn claim_length(mut self, length: u64) -> Self {
        self.claimed_length = Some(length);
        self
    }

    /// Only the first bytes of the body, then the connection ends in order.
    pub fn truncate(mut self, bytes: usize) -> Self {
        self.cut = Some((bytes, Cut::Close));
        self
    }

    /// Only the first bytes of the body, then a reset.
    pub fn reset_after(mut self, bytes: usize) -> Self {
        self.cut = Some((bytes, Cut::Reset));
        self
    }

    /// Only the first bytes of the body, then silence.
    pub fn stall_after(mut self, bytes: usize) -> Self {
        self.cut = Some((bytes, Cut::Stall));
        self
    }

    /// The body in drops.
    pub fn drip(mut self, every: Duration, bytes: usize) -> Self {
        self.drip = Some(Drip { every, bytes });
        self
    }

    /// The head in drops.
    pub fn drip_headers(mut self, every: Duration, bytes: usize) -> Self {
        self.drip_headers = Some(Drip { every, bytes });
        self
    }

    /// A pause before anything is done.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// For which requests it is.
impl Step {
    /// For so many requests instead of one. If fewer come, the test fails.
    pub fn times(mut self, uses: usize) -> Self {
        self.uses = Some(uses);
        self
    }

    /// For any number of requests.
    pub fn forever(mut self) -> Self {
        self.uses = None;
        self
    }

    /// Only for requests with this method and path, the query left aside. Steps with other
    /// conditions are passed over, so that such steps make a table of routes.
    pub fn only(mut self, method: &str, path: &str) -> Self {
        self.only = Some((method.to_owned(), path.to_owned()));
        self
    }

    /// Only for requests with this header.
    pub fn carrying(mut self, name: &str, value: &str) -> Self {
        self.carrying = Some((name.to_owned(), value.to_owned()));
        self
    }

    /// As soon as the connection is there, before anything is read from it: for `hang`, `close`,
    /// `reset` and `raw`.
    #[track_caller]
    pub fn on_accept(mut self) -> Self {
        let unread = matches!(self.act, Act::Hang | Act::Close | Act::Reset | Act::Raw(_));
        assert!(unread, "this needs a request: {self:?}");
        self.on_accept = true;
        self
    }

    pub(super) fn is_for(&self, request: &Recorded) -> bool {
        let path = request.path.split('?').next().unwrap_or_default();
        let carries = |(name, value): &(String, String)| request.header(name) == Some(value);
        self.only.as_ref().is_none_or(|(m, p)| *m == request.method && p == path)
            && self.carrying.as_ref().is_none_or(carries)
    }
}
