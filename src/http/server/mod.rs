//! A small HTTP/1.1 server for this machine, bounded in connections, sizes and times.
//!
//! It runs on a thread of its own and knows nothing of what is served. A request is handed over
//! whole; whoever is slow, huge or malformed meets a limit, never another client.

mod connection;
mod places;
mod reading;

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

use connection::Served;
use places::Places;
use reading::Budget;

/// How long requests that are being answered may go on after a stop: the whole is to take a second.
const FINISH: Duration = Duration::from_millis(800);
/// A pause where the system has no descriptor left for another connection.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(50);

/// What one server puts up with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections at once. One more takes the place of the connection that has been idle longest.
    pub connections: usize,
    /// From the end of the previous answer (or the connection) to the last byte of a request's head.
    pub head_time: Duration,
    /// From a request's head to the last byte of its body.
    pub body_time: Duration,
    /// The largest body, in bytes.
    pub body_bytes: usize,
}

/// How one server serves.
#[derive(Clone)]
pub struct Manner {
    /// What it puts up with.
    pub limits: Limits,
    /// All bodies that are held at once, in bytes.
    pub all_bodies: usize,
    /// It speaks TLS.
    pub tls: Option<Arc<ServerConfig>>,
    /// Whoever says that nothing more will come is answered still. Otherwise that is taken as the end.
    pub answers_half_closed: bool,
}

impl From<Limits> for Manner {
    fn from(limits: Limits) -> Self {
        Self { limits, all_bodies: usize::MAX, tls: None, answers_half_closed: false }
    }
}

/// What is served.
pub trait Handler: Send + Sync + 'static {
    /// An answer that is due whatever the body is: it is not read then.
    fn early(&self, _head: &Parts) -> Option<Response<Bytes>> {
        None
    }

    /// What is done about a request.
    fn answer(&self, request: Received) -> impl Future<Output = Reply> + Send;
}

impl<H, F> Handler for H
where
    H: Fn(Received) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send,
{
    fn answer(&self, request: Received) -> impl Future<Output = Reply> + Send {
        self(request)
    }
}

/// A request with its whole body, or with the reason why there is none.
pub type Received = Request<Result<Bytes, Unread>>;

/// Why a body was not read to its end. The connection is closed after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is larger than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// It took too long.
    #[error("the body took too long")]
    TooSlow,
    /// It is not well formed, or stopped in the middle.
    #[error("the body is broken")]
    Broken,
    /// There is no room for it beside the others.
    #[error("there are too many bodies at once")]
    Crowded,
}

/// What is done about a request.
#[derive(Debug)]
pub enum Reply {
    /// It is answered.
    Answer(Response<Bytes>),
    /// The head promises the whole body, half of it is sent, and the connection is closed.
    Truncated(Response<Bytes>),
    /// The connection is closed without an answer.
    Close,
}

/// A server at work. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port, lets requests in flight finish for about a second, and ends the thread.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread has nothing to say to whoever stops it.
            let _ = thread.join();
        }
    }
}

/// Serves a bound listener until the returned [`Running`] is dropped.
///
/// Fails only where the system has no thread or no event queue to give.
pub fn serve<H: Handler>(
    listener: TcpListener,
    manner: impl Into<Manner>,
    handler: H,
) -> io::Result<Running> {
    let manner = manner.into();
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::Builder::new().name("http".to_owned()).spawn(move || {
        runtime.block_on(run(listener, manner, Arc::new(handler), stopped));
        // Work that was moved to other threads is left to end by itself.
        runtime.shutdown_background();
    })?;
    Ok(Running { address, stop: Some(stop), thread: Some(thread) })
}

async fn run<H: Handler>(
    listener: tokio::net::TcpListener,
    manner: Manner,
    handler: Arc<H>,
    stopped: oneshot::Receiver<()>,
) {
    let places = Arc::new(Places::new(manner.limits.connections));
    let (close, closing) = watch::channel(());
    let accepting = tokio::spawn(accept(listener, manner, handler, places.clone(), closing));
    // The sender says nothing: that it is gone is the message.
    let _ = stopped.await;
    accepting.abort();
    let _ = accepting.await;
    drop(close);
    let _ = tokio::time::timeout(FINISH, places.all_left()).await;
}

async fn accept<H: Handler>(
    listener: tokio::net::TcpListener,
    manner: Manner,
    handler: Arc<H>,
    places: Arc<Places>,
    closing: watch::Receiver<()>,
) {
    let budget = Arc::new(Budget::new(manner.all_bodies));
    let tls = manner.tls.clone().map(TlsAcceptor::from);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
            continue;
        };
        // Answers are written whole: waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let place = places.clone().take().await;
        let id = place.id();
        let served = Served {
            limits: manner.limits,
            answers_half_closed: manner.answers_half_closed,
            budget: budget.clone(),
            handler: handler.clone(),
            place: Arc::new(place),
            closing: closing.clone(),
        };
        let serving = match tls.clone() {
            None => tokio::spawn(served.serve(stream)),
            Some(tls) => tokio::spawn(served.serve_tls(tls, stream)),
        };
        places.assign(id, serving.abort_handle());
    }
}
