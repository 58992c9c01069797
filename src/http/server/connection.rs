//! One connection: reads requests within their limits, writes responses, and closes without losing one.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::limiter::ConnectionPermit;
use super::{BodyError, Handler, Limits, Reply};

/// Maximum head of a request, in bytes.
const HEAD_BYTES: usize = 64 * 1024;
/// Time and bytes that are still read from a client that got its response before its body ended.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 64 * 1024 * 1024;

/// A connection with its limits and its handler.
pub(super) struct Connection<H> {
    pub(super) limits: Limits,
    pub(super) half_close: bool,
    pub(super) budget: Arc<BodyBudget>,
    pub(super) handler: Arc<H>,
    pub(super) permit: Arc<ConnectionPermit>,
    /// Its sender is dropped when the server stops.
    pub(super) closing: watch::Receiver<()>,
}

impl<H: Handler> Connection<H> {
    /// Serves a connection behind TLS. The handshake must end within the time of a head.
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
        let (limits, half_close) = (self.limits, self.half_close);
        let this = Arc::new(self);
        let unread = Arc::new(AtomicBool::new(false));
        let service = service_fn(|request| {
            let (this, unread) = (this.clone(), unread.clone());
            Box::pin(async move { this.answer(request, &unread).await })
        });
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(HEAD_BYTES)
            .half_close(half_close)
            .serve_connection(
                TokioIo::new(ErrorBodies::new(stream, this.handler.clone())),
                service,
            );
        let mut close_requested = pin!(async move {
            // Nothing is ever sent: the dropped sender is the signal.
            let _ = closing.changed().await;
        });
        let mut is_closing = false;
        let outcome = poll_fn(|cx| {
            if !is_closing && close_requested.as_mut().poll(cx).is_ready() {
                is_closing = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            connection.poll_without_shutdown(cx)
        })
        .await;
        let is_malformed = outcome.is_err_and(|error| error.is_parse());
        if is_malformed || unread.load(Ordering::Relaxed) {
            linger(connection.into_parts().io.into_inner()).await;
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        unread: &AtomicBool,
    ) -> Result<Response<ResponseBody>, ClosedOnPurpose> {
        let (head, body) = request.into_parts();
        let is_last;
        let reply = if let Some(early) = self.handler.early(&head) {
            is_last = !body.is_end_stream();
            Reply::Answer(early)
        } else {
            let mut share = BudgetShare::new(&self.budget);
            let limit = self.handler.body_limit(&head).unwrap_or(self.limits.body_bytes);
            let body = read_body(body, limit, self.limits.body_time, &mut share).await;
            is_last = body.is_err();
            self.permit.mark_busy();
            let reply = self.handler.answer(Request::from_parts(head, body)).await;
            self.permit.mark_idle();
            reply
        };
        unread.store(is_last, Ordering::Relaxed);
        let (mut response, cut) = match reply {
            Reply::Answer(response) => (response, false),
            Reply::Truncated(response) => (response, true),
            Reply::Close => return Err(ClosedOnPurpose),
        };
        if is_last {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| ResponseBody::new(body, cut)))
    }
}

/// Reads on for a moment after the response. Closing with unread bytes would make the system send a
/// reset, which can destroy the response on its way.
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

/// A stream that adds a body to hyper's own error responses.
///
/// hyper answers a request that is not HTTP by itself, with an empty body, and offers no hook.
struct ErrorBodies<S, H> {
    stream: S,
    handler: Arc<H>,
    /// The rest of an error response with its body.
    pending: Option<(Vec<u8>, usize)>,
}

/// hyper's error responses begin so, after the status; those of a handler never do.
const EMPTY_BODY: &[u8] = b"\r\nconnection: close\r\ncontent-length: 0\r\n";

impl<S, H: Handler> ErrorBodies<S, H> {
    fn new(stream: S, handler: Arc<H>) -> Self {
        Self { stream, handler, pending: None }
    }

    /// The same error response with a body, if `bytes` are one and the handler has a body for it.
    fn with_body(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let rest = bytes.strip_prefix(b"HTTP/1.1 4")?;
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let (reason, headers) = rest.split_at_checked(end)?;
        let headers = headers.strip_prefix(EMPTY_BODY)?;
        let digits = std::str::from_utf8(reason.get(..2)?).ok()?;
        let body = self.handler.malformed(400 + digits.parse::<u16>().ok()?)?;
        let mut response = [b"HTTP/1.1 4".as_slice(), reason].concat();
        response.extend_from_slice(b"\r\nconnection: close\r\ncontent-type: application/json\r\n");
        response.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        response.extend_from_slice(headers);
        response.extend_from_slice(&body);
        Some(response)
    }
}

impl<S: AsyncWrite + Unpin, H: Handler> ErrorBodies<S, H> {
    fn poll_pending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((bytes, written)) = &mut self.pending {
            let rest = bytes.get(*written..).unwrap_or_default();
            if rest.is_empty() {
                self.pending = None;
                break;
            }
            *written += ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin, H: Handler> AsyncRead for ErrorBodies<S, H> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin, H: Handler> AsyncWrite for ErrorBodies<S, H> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_pending(cx))?;
        if let Some(response) = self.with_body(bytes) {
            self.pending = Some((response, 0));
            // Errors of this write surface at the next one, or at the flush.
            let _ = self.poll_pending(cx)?;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pending(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pending(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Makes hyper close the connection without another byte.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct ClosedOnPurpose;

/// The body of a response: whole, or the first half under the length of the whole.
struct ResponseBody {
    rest: Bytes,
    content_length: u64,
    cut: Cut,
}

#[derive(PartialEq)]
enum Cut {
    Never,
    AfterRest,
    /// Waits one poll, so that hyper flushes the first half.
    Flushing,
}

impl ResponseBody {
    fn new(mut body: Bytes, cut: bool) -> Self {
        let content_length = body.len() as u64;
        if cut {
            body.truncate(body.len() / 2);
        }
        Self { rest: body, content_length, cut: if cut { Cut::AfterRest } else { Cut::Never } }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = ClosedOnPurpose;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClosedOnPurpose>>> {
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
            Cut::Flushing => Poll::Ready(Some(Err(ClosedOnPurpose))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.cut == Cut::Never
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content_length)
    }
}

/// Memory for the bodies of all requests of a server.
pub(super) struct BodyBudget {
    limit: usize,
    used: AtomicUsize,
}

impl BodyBudget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }
}

/// The part of the budget that one body uses, released on drop.
struct BudgetShare {
    budget: Arc<BodyBudget>,
    bytes: usize,
}

impl BudgetShare {
    fn new(budget: &Arc<BodyBudget>) -> Self {
        Self { budget: budget.clone(), bytes: 0 }
    }

    fn take(&mut self, bytes: usize) -> Result<(), BodyError> {
        self.bytes += bytes;
        let before = self.budget.used.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= self.budget.limit;
        if fits { Ok(()) } else { Err(BodyError::OverBudget) }
    }
}

impl Drop for BudgetShare {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a body of at most `limit` bytes to its end.
async fn read_body(
    body: Incoming,
    limit: usize,
    time: Duration,
    share: &mut BudgetShare,
) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge);
    }
    let read = tokio::time::timeout(time, collect(body, limit, share));
    read.await.unwrap_or(Err(BodyError::TooSlow))
}

async fn collect(
    mut body: Incoming,
    limit: usize,
    share: &mut BudgetShare,
) -> Result<Bytes, BodyError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit).min(limit);
    let mut first = Bytes::new();
    let mut all = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| BodyError::Malformed)?.into_data() else { continue };
        length += piece.len();
        if length > limit {
            return Err(BodyError::TooLarge);
        }
        share.take(piece.len())?;
        if length == piece.len() {
            first = piece;
            continue;
        }
        if all.is_empty() {
            // The announced bytes may never come: reserve at most twice as much as is there.
            all.reserve(announced.min(2 * length));
            all.extend_from_slice(&first);
            first = Bytes::new();
        }
        all.extend_from_slice(&piece);
    }
    Ok(if all.is_empty() { first } else { all.into() })
}
