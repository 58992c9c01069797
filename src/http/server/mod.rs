//! A small HTTP/1.1 server with limits on connections, sizes and times.
//!
//! It runs on a thread of its own and knows nothing of the service behind it. A handler gets whole
//! requests; a slow, huge or malformed request meets a limit and never delays another client.

mod connection;
mod limiter;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Request, Response};
use rustls::ServerConfig;
use tokio::runtime;
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;

use connection::{BodyBudget, Connection};
use limiter::ConnectionLimiter;

/// Time for requests in flight after a stop. The whole stop takes at most a second.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(800);
/// Pause before the next accept when the system has no file descriptor left.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Limits of one server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum number of open connections. One more evicts the connection that has been idle longest.
    pub connections: usize,
    /// Time from the previous response (or the connection) to the last byte of a request's head.
    pub head_time: Duration,
    /// Time from the head to the last byte of the body.
    pub body_time: Duration,
    /// Maximum body, in bytes, unless [`Handler::body_limit`] says otherwise.
    pub body_bytes: usize,
}

/// ServerSettings of one server.
#[derive(Clone)]
pub struct ServerSettings {
    /// Limits per connection and request.
    pub limits: Limits,
    /// Maximum memory of all bodies that are held at once, in bytes.
    pub total_body_bytes: usize,
    /// TLS configuration; `None` for plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// Answer clients that have closed their sending side. Otherwise that ends the connection.
    pub half_close: bool,
}

impl From<Limits> for ServerSettings {
    fn from(limits: Limits) -> Self {
        Self { limits, total_body_bytes: usize::MAX, tls: None, half_close: false }
    }
}

/// The service behind a server.
pub trait Handler: Send + Sync + 'static {
    /// Response that does not depend on the body, which is not read then.
    fn early(&self, _head: &Parts) -> Option<Response<Bytes>> {
        None
    }

    /// Maximum body of this request in bytes, if not [`Limits::body_bytes`].
    fn body_limit(&self, _head: &Parts) -> Option<usize> {
        None
    }

    /// JSON body of the response to a request that is not valid HTTP, instead of none.
    fn malformed(&self, _status: u16) -> Option<Bytes> {
        None
    }

    /// Work of the service beside the requests, on the server's own runtime. It ends with the server.
    fn background(self: Arc<Self>) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Handles a request.
    fn answer(&self, request: WholeRequest) -> impl Future<Output = Reply> + Send;
}

impl<H, F> Handler for H
where
    H: Fn(WholeRequest) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send,
{
    fn answer(&self, request: WholeRequest) -> impl Future<Output = Reply> + Send {
        self(request)
    }
}

/// A request with its whole body, or the reason why there is none.
pub type WholeRequest = Request<Result<Bytes, BodyError>>;

/// Reason why a body was not read to its end. The connection closes after the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Above the limit of the request.
    #[error("the body is too large")]
    TooLarge,
    /// Not complete within [`Limits::body_time`].
    #[error("the body took too long")]
    TooSlow,
    /// Malformed, or the connection ended before the body did.
    #[error("the body is broken")]
    Malformed,
    /// Above [`ServerSettings::total_body_bytes`] together with the other bodies.
    #[error("there are too many bodies at once")]
    OverBudget,
}

/// The reaction to a request.
#[derive(Debug)]
pub enum Reply {
    /// A complete response.
    Answer(Response<Bytes>),
    /// A response that is cut in half: the head announces the whole body.
    Truncated(Response<Bytes>),
    /// No response: the connection closes.
    Close,
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningServer {
    /// Address of the listening socket.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port, gives requests in flight about a second, and ends the thread.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread does not concern its owner.
            let _ = thread.join();
        }
    }
}

/// Serves a bound listener until the returned [`RunningServer`] is dropped.
///
/// Fails only if the system provides no thread or no event queue.
pub fn serve<H: Handler>(
    listener: TcpListener,
    settings: impl Into<ServerSettings>,
    handler: H,
) -> io::Result<RunningServer> {
    let settings = settings.into();
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::Builder::new().name("http".to_owned()).spawn(move || {
        runtime.block_on(run(listener, settings, Arc::new(handler), stopped));
        // Blocking work on other threads ends by itself.
        runtime.shutdown_background();
    })?;
    Ok(RunningServer { address, stop: Some(stop), thread: Some(thread) })
}

async fn run<H: Handler>(
    listener: tokio::net::TcpListener,
    settings: ServerSettings,
    handler: Arc<H>,
    stopped: oneshot::Receiver<()>,
) {
    let background = tokio::spawn(Arc::clone(&handler).background());
    let limiter = Arc::new(ConnectionLimiter::new(settings.limits.connections));
    let (close, closing) = watch::channel(());
    let accepting = tokio::spawn(accept(listener, settings, handler, limiter.clone(), closing));
    // Nothing is ever sent: the dropped sender is the signal.
    let _ = stopped.await;
    accepting.abort();
    let _ = accepting.await;
    drop(close);
    let _ = tokio::time::timeout(SHUTDOWN_GRACE, limiter.all_closed()).await;
    background.abort();
}

async fn accept<H: Handler>(
    listener: tokio::net::TcpListener,
    settings: ServerSettings,
    handler: Arc<H>,
    limiter: Arc<ConnectionLimiter>,
    closing: watch::Receiver<()>,
) {
    let budget = Arc::new(BodyBudget::new(settings.total_body_bytes));
    let tls = settings.tls.clone().map(TlsAcceptor::from);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_RETRY).await;
            continue;
        };
        // Responses are written whole: Nagle's algorithm would only delay them.
        let _ = stream.set_nodelay(true);
        let permit = limiter.clone().acquire().await;
        let id = permit.id();
        let connection = Connection {
            limits: settings.limits,
            half_close: settings.half_close,
            budget: budget.clone(),
            handler: handler.clone(),
            permit: Arc::new(permit),
            closing: closing.clone(),
        };
        let serving = match tls.clone() {
            None => tokio::spawn(connection.serve(stream)),
            Some(tls) => tokio::spawn(connection.serve_tls(tls, stream)),
        };
        limiter.register(id, serving.abort_handle());
    }
}
