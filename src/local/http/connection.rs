//! One connection: requests in, answers out, and a close that loses no answer.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use super::places::Place;
use super::{Limits, Received, Reply, Unread};

/// The largest head of a request, in bytes.
const HEAD_BYTES: usize = 64 * 1024;
/// How long, and how much, is still read from a client that was answered before it had finished.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 64 * 1024 * 1024;

/// Serves a connection until either side ends it.
pub(super) async fn serve<S, H, F>(
    stream: S,
    limits: Limits,
    handler: Arc<H>,
    place: Arc<Place>,
    mut closing: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Received) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let unread = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request| {
        let (handler, place, unread) = (handler.clone(), place.clone(), unread.clone());
        Box::pin(answer(request, limits, handler, place, unread))
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(HEAD_BYTES)
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

async fn answer<H, F>(
    request: Request<Incoming>,
    limits: Limits,
    handler: Arc<H>,
    place: Arc<Place>,
    unread: Arc<AtomicBool>,
) -> Result<Response<Payload>, Closed>
where
    H: Fn(Received) -> F,
    F: Future<Output = Reply>,
{
    let (head, body) = request.into_parts();
    let body = collect(body, limits).await;
    let last = body.is_err();
    unread.store(last, Ordering::Relaxed);
    place.busy();
    let reply = handler(Request::from_parts(head, body)).await;
    place.idle();
    let (mut response, cut) = match reply {
        Reply::Answer(response) => (response, false),
        Reply::Truncated(response) => (response, true),
        Reply::Close => return Err(Closed),
    };
    if last {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Payload::new(body, cut)))
}

async fn collect(body: Incoming, limits: Limits) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > limits.body_bytes as u64 {
        return Err(Unread::TooLarge);
    }
    let whole = Limited::new(body, limits.body_bytes).collect();
    match tokio::time::timeout(limits.body_time, whole).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(_)) => Err(Unread::Broken),
        Err(_) => Err(Unread::TooSlow),
    }
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
