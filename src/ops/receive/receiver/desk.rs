//! Where requests are judged, handed over several at a time, and answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use tokio::sync::{oneshot, watch};

use super::{Delivery, Keep, Options, Refusal, Why, access};
use crate::http::server::{Handler, Received, Reply, Unread};

/// So many bytes are handed over at once; one delivery always is.
const BATCH: usize = 4 * 1024 * 1024;

/// Where requests are judged and answered.
pub(super) struct Desk {
    options: Options,
    status: StatusCode,
    keep: Arc<dyn Keep>,
    hurried: watch::Receiver<()>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    deliveries: Vec<(Arc<Delivery>, oneshot::Sender<bool>)>,
    /// Somebody hands them over already.
    is_served: bool,
}

/// The desk, for the server.
pub(super) struct Open(pub(super) Arc<Desk>);

impl Handler for Open {
    fn early(&self, head: &Parts) -> Option<Response<Bytes>> {
        let desk = &self.0;
        let judged = access::check(&desk.options.credentials, &head.headers)
            .and_then(|()| if head.method == Method::POST { Ok(()) } else { Err(Why::Method) });
        judged.err().map(|why| desk.refuse(why, head))
    }

    fn answer(&self, request: Received) -> impl Future<Output = Reply> + Send {
        Arc::clone(&self.0).answer(request)
    }
}

impl Desk {
    pub(super) fn new(options: Options, keep: Arc<dyn Keep>, hurried: watch::Receiver<()>) -> Self {
        let status = StatusCode::from_u16(options.status).unwrap_or(StatusCode::OK);
        Self { options, status, keep, hurried, waiting: Mutex::default() }
    }

    async fn answer(self: Arc<Self>, request: Received) -> Reply {
        let (head, body) = request.into_parts();
        let body = match body {
            Ok(body) => body,
            Err(why) => return Reply::Answer(self.refuse(Why::Body(why), &head)),
        };
        if self.keep.is_probed() {
            return Reply::Answer(response(StatusCode::OK, ""));
        }
        if !self.clone().hand_over(Delivery::new(head, body)).await {
            let mut response =
                response(StatusCode::SERVICE_UNAVAILABLE, "this event was not kept\n");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
            return Reply::Answer(response);
        }
        if !self.options.delay.is_zero() {
            // That the sender is gone ends the wait: nothing is ever sent.
            let mut hurried = self.hurried.clone();
            let _ = tokio::time::timeout(self.options.delay, hurried.changed()).await;
        }
        Reply::Answer(response(self.status, ""))
    }

    fn refuse(&self, why: Why, head: &Parts) -> Response<Bytes> {
        let path = head.uri.path().to_owned();
        self.keep.refused(Refusal { why, method: head.method.to_string(), path });
        let with = |mut response: Response<Bytes>, name: HeaderName, value: &'static str| {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
            response
        };
        match why {
            Why::NoCredentials | Why::WrongCredentials => with(
                response(StatusCode::UNAUTHORIZED, "this endpoint wants its credentials\n"),
                WWW_AUTHENTICATE,
                "Basic realm=\"pmhooks listen\", charset=\"UTF-8\"",
            ),
            Why::Method => with(
                response(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "pmhooks listens here for Postmark's events, which are POSTs\n",
                ),
                ALLOW,
                "POST",
            ),
            Why::Body(Unread::TooLarge) => {
                response(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than --max-body\n")
            }
            Why::Body(Unread::TooSlow) => {
                response(StatusCode::REQUEST_TIMEOUT, "the body took too long\n")
            }
            Why::Body(Unread::Broken) => response(StatusCode::BAD_REQUEST, "the body is broken\n"),
            Why::Body(Unread::Crowded) => {
                response(StatusCode::SERVICE_UNAVAILABLE, "too many large events at once\n")
            }
        }
    }

    /// Hands a delivery over, together with those that come meanwhile. It is kept or not even where
    /// whoever posted it goes away.
    async fn hand_over(self: Arc<Self>, delivery: Delivery) -> bool {
        let (done, kept) = oneshot::channel();
        let is_served = {
            let mut waiting = self.waiting();
            waiting.deliveries.push((Arc::new(delivery), done));
            std::mem::replace(&mut waiting.is_served, true)
        };
        if !is_served {
            tokio::spawn(self.hand_over_all());
        }
        kept.await.unwrap_or(false)
    }

    async fn hand_over_all(self: Arc<Self>) {
        while let Some(batch) = self.next_batch() {
            let (deliveries, done): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let keep = Arc::clone(&self.keep);
            let kept = if self.options.keeps_slowly {
                let work = tokio::task::spawn_blocking(move || keep.keep(&deliveries));
                work.await.unwrap_or_default()
            } else {
                keep.keep(&deliveries)
            };
            // Whoever is not told hears the same as one whose delivery was not kept.
            for (done, kept) in done.into_iter().zip(kept) {
                let _ = done.send(kept);
            }
        }
    }

    fn next_batch(&self) -> Option<Vec<(Arc<Delivery>, oneshot::Sender<bool>)>> {
        let mut waiting = self.waiting();
        if waiting.deliveries.is_empty() {
            waiting.is_served = false;
            return None;
        }
        let mut bytes = 0;
        let fits = |(delivery, _): &&(Arc<Delivery>, _)| {
            bytes += delivery.weight();
            bytes <= BATCH
        };
        let count = waiting.deliveries.iter().take_while(fits).count().max(1);
        let rest = waiting.deliveries.split_off(count);
        Some(std::mem::replace(&mut waiting.deliveries, rest))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn response(status: StatusCode, sentence: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(sentence.as_bytes()));
    *response.status_mut() = status;
    if !sentence.is_empty() {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, plain);
    }
    response
}
