//! One connection: requests in, answers out, and a close that loses no answer.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::places::Place;
use super::reading::{self, Budget, Share};
use super::{Handler, Limits, Reply};

/// The largest head of a request, in bytes.
const HEAD_BYTES: usize = 64 * 1024;
/// How long, and how much, is still read from a client that was answered before it had finished.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 64 * 1024 * 1024;

/// A connection, and all that it needs to be served.
pub(super) struct Served<H> {
    pub(super) limits: Limits,
    pub(super) answers_half_closed: bool,
    pub(super) budget: Arc<Budget>,
    pub(super) handler: Arc<H>,
    pub(super) place: Arc<Place>,
    pub(super) closing: watch::Receiver<()>,
}

impl<H: Handler> Served<H> {
    /// Serves a connection behind TLS. The handshake has the time of a head.
    pub(super) async fn serve_tls<S>(self, tls: TlsAcceptor, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let handshake = tokio::time::timeout(self.limits.head_time, tls.accept(stream));
        if let Ok(Ok(stream)) = handshake.await {
            self.serve(stream).await;
        }
    }

    /// Serves a connection until either side ends it.
    pub(super) async fn serve<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut closing = self.closing.clone();
        let (limits, half_close) = (self.limits, self.answers_half_closed);
        let served = Arc::new(self);
        let unread = Arc::new(AtomicBool::new(false));
        let service = service_fn(|request| {
            let (served, unread) = (served.clone(), unread.clone());
            Box::pin(async move { served.answer(request, &unread).await })
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(HEAD_BYTES)
            .half_close(half_close)
            .serve_connection(TokioIo::new(stream), service);
        let mut asked_to_close = pin!(async move {
            // Nothing is ever sent: that the sender is gone is the message.
            let _ = closing.changed().await;
        });
        let mut asked = false;
        let outcome = poll_fn(|cx| {
            if !asked && asked_to_close.as_mut().poll(cx).is_ready() {
                asked = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            connection.poll_without_shutdown(cx)
        })
        .await;
        let garbage = outcome.is_err_and(|error| error.is_parse());
        if garbage || unread.load(Ordering::Relaxed) {
            linger(connection.into_parts().io.into_inner()).await;
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        unread: &AtomicBool,
    ) -> Result<Response<Payload>, Closed> {
        let (head, body) = request.into_parts();
        let is_last;
        let reply = if let Some(early) = self.handler.early(&head) {
            is_last = !body.is_end_stream();
            Reply::Answer(early)
        } else {
            let mut share = Share::of(&self.budget);
            let body = reading::whole(body, self.limits, &mut share).await;
            is_last = body.is_err();
            self.place.busy();
            let reply = self.handler.answer(Request::from_parts(head, body)).await;
            self.place.idle();
            reply
        };
        unread.store(is_last, Ordering::Relaxed);
        let (mut response, cut) = match reply {
            Reply::Answer(response) => (response, false),
            Reply::Truncated(response) => (response, true),
            Reply::Close => return Err(Closed),
        };
        if is_last {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| Payload::new(body, cut)))
    }
}

/// Reads on for a moment after the answer: closing on unread bytes would make the system send a
/// reset, which can destroy the answer on its way.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let drain = async {
        poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await?;
        let mut chunk = vec![0_u8; 16 * 1024];
        let mut left = LINGER_BYTES;
        while left > 0 {
            let mut space = ReadBuf::new(&mut chunk);
            poll_fn(|cx| Pin::new(&mut stream).poll_read(cx, &mut space)).await?;
            if space.filled().is_empty() {
                break;
            }
            left = left.saturating_sub(space.filled().len());
        }
        Ok::<(), io::Error>(())
    };
    let _ = tokio::time::timeout(LINGER, drain).await;
}

/// Tells the HTTP library to close the connection without another byte.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Closed;

/// The body of an answer: whole, or half of it under the length of the whole.
struct Payload {
    rest: Bytes,
    announced: u64,
    cut: Cut,
}

#[derive(PartialEq)]
enum Cut {
    Never,
    AfterRest,
    /// What was sent is being flushed.
    Flushing,
}

impl Payload {
    fn new(mut body: Bytes, cut: bool) -> Self {
        let announced = body.len() as u64;
        if cut {
            body.truncate(body.len() / 2);
        }
        Self { rest: body, announced, cut: if cut { Cut::AfterRest } else { Cut::Never } }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))));
        }
        match self.cut {
            Cut::Never => Poll::Ready(None),
            Cut::AfterRest => {
                self.cut = Cut::Flushing;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Cut::Flushing => Poll::Ready(Some(Err(Closed))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.cut == Cut::Never
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
