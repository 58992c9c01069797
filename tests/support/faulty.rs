//! A server that misbehaves as told, remembers every request, and has a conscience: a server that
//! was never hit, a step that was never used and a request that nobody expected fail the test.

mod acting;

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::http::{self, Recorded, Wire};
use super::step::Step;
use acting::Acting;

/// A server on a loopback port of its own. It ends when it is dropped.
///
/// ```ignore
/// let server = Faulty::new([Step::status(503).times(2), Step::answer(200, json!([]))]);
/// env.api(server.url()).run("list").code(0);
/// assert_data_eq!(server.log(), str![[r#"..."#]]);
/// ```
pub struct Faulty {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    expected: Expected,
}

/// What must have happened when the server is dropped.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Expected {
    Requests,
    Connections,
    Anything,
    Nothing,
}

type Tls = Option<Arc<rustls::ServerConfig>>;

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    started: Instant,
    tls: Tls,
    sent: AtomicU64,
    received: AtomicU64,
}

struct State {
    steps: Vec<Step>,
    requests: Vec<Recorded>,
    connections: usize,
    /// A second handle of each open socket, by its connection, to end what blocks on it.
    open: Vec<(usize, TcpStream)>,
    /// How many connections met a step before they were read.
    met: usize,
    failures: Vec<String>,
    stopping: bool,
    /// The last client, which is the server itself.
    wake: Option<SocketAddr>,
}

impl Faulty {
    /// Uses the first step that fits and is not used up, for each request. A request that no step
    /// is left for fails the test.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Faulty::at("127.0.0.1:0", steps)
    }

    /// Does the same for any number of requests.
    pub fn always(step: Step) -> Self {
        Faulty::new([step.forever()])
    }

    /// Sends everything on to another server, to have a log in front of it. For faults on the way
    /// use `new` with other steps before `Step::forward(url).forever()`.
    pub fn recording(upstream: &str) -> Self {
        Faulty::always(Step::forward(upstream))
    }

    /// A server that nobody may connect to: what must not be followed leads here.
    pub fn untouchable() -> Self {
        let mut server = Faulty::new([]);
        server.expected = Expected::Nothing;
        server
    }

    /// Like `new`, on an address such as `[::1]:0`.
    pub fn at(address: &str, steps: impl IntoIterator<Item = Step>) -> Self {
        Faulty::start(address, steps.into_iter().collect(), None, Expected::Requests)
    }

    pub(super) fn start(address: &str, steps: Vec<Step>, tls: Tls, expected: Expected) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                steps,
                requests: Vec::new(),
                connections: 0,
                open: Vec::new(),
                met: 0,
                failures: Vec::new(),
                stopping: false,
                wake: None,
            }),
            changed: Condvar::new(),
            started: Instant::now(),
            tls,
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Faulty { address, shared, accepting: Some(accepting), expected }
    }

    /// Allows that nothing comes and that steps stay unused.
    pub fn may_be_unused(mut self) -> Self {
        self.expected = Expected::Anything;
        self
    }

    /// `http://127.0.0.1:PORT`, or `https://...`
    pub fn url(&self) -> String {
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What came so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.state.lock().unwrap().requests.clone()
    }

    /// Methods and paths of what came so far, a line each, to compare or to `check`.
    pub fn log(&self) -> String {
        let lines: Vec<_> = self.requests().iter().map(Recorded::to_string).collect();
        lines.join("\n")
    }

    /// Waits until so many requests have come, 5 s at most, and returns all.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Recorded> {
        self.wait_for_within(count, Duration::from_secs(5))
    }

    /// Waits until so many requests have come, and returns all.
    #[track_caller]
    pub fn wait_for_within(&self, count: usize, limit: Duration) -> Vec<Recorded> {
        let state = self.shared.state.lock().unwrap();
        let few = |state: &mut State| state.requests.len() < count;
        let (state, waited) = self.shared.changed.wait_timeout_while(state, limit, few).unwrap();
        let requests = state.requests.clone();
        drop(state);
        assert!(!waited.timed_out(), "{count} requests expected, these came:\n{}", self.log());
        requests
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.state.lock().unwrap().connections
    }

    /// How many bytes were sent, those in the system's buffers and a part (64 KiB of an endless
    /// body) that is on its way included.
    pub fn bytes_sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// How many bytes came, for TLS those that were inside.
    pub fn bytes_received(&self) -> u64 {
        self.shared.received.load(Ordering::Relaxed)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        // One more connection wakes the thread that accepts, after all that came before it. The
        // lock keeps that thread from meeting it too early.
        let mut state = self.shared.state.lock().unwrap();
        let wake = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        state.wake = wake.as_ref().ok().and_then(|wake| wake.local_addr().ok());
        state.stopping = true;
        for (_, socket) in &state.open {
            let _ = socket.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        let joined = self.accepting.take().filter(|_| wake.is_ok()).map(JoinHandle::join);
        if thread::panicking() {
            return;
        }
        if let Some(Err(panic)) = joined {
            std::panic::resume_unwind(panic);
        }

        let state = self.shared.state.lock().unwrap();
        let (mut failures, connections) = (state.failures.clone(), state.connections);
        let hits = state.requests.len() + state.met;
        match self.expected {
            Expected::Requests if hits == 0 => failures.push("it was never hit".to_owned()),
            Expected::Connections if connections == 0 => {
                failures.push("nobody connected to it".to_owned());
            }
            Expected::Nothing if connections > 0 => {
                failures.push("it was connected to, which must not happen".to_owned());
            }
            Expected::Requests => {
                let unused = state.steps.iter().filter(|step| step.uses.is_some_and(|n| n > 0));
                failures.extend(unused.map(|step| format!("not used up: {step:?}")));
            }
            _ => {}
        }
        drop(state);
        let log = self.log();
        assert!(failures.is_empty(), "test server: {}\nit got:\n{log}", failures.join("\n"));
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut serving = Vec::new();
    for id in 0.. {
        let Ok((socket, client)) = listener.accept() else { continue };
        let mut state = shared.state.lock().unwrap();
        if state.wake == Some(client) {
            break;
        }
        state.connections += 1;
        let step = state.step_on_accept();
        drop(state);
        let shared = Arc::clone(shared);
        serving.push(thread::spawn(move || {
            // What a client breaks off is its own affair; a test looks at the requests.
            let _ = serve(socket, id, &shared, step);
        }));
    }
    for thread in serving {
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Serves one connection to its end.
fn serve(socket: TcpStream, id: usize, shared: &Shared, step: Option<Step>) -> io::Result<()> {
    let _open = Open { id, shared };
    shared.remember(id, &socket)?;
    socket.set_nodelay(true)?;
    if let Some(step) = step {
        let mut socket = socket;
        Acting { wire: &mut socket, id, shared, step }.act(None)?;
        return Ok(());
    }
    let mut wire: Box<dyn Wire> = match &shared.tls {
        None => Box::new(socket),
        Some(config) => {
            let session = rustls::ServerConnection::new(Arc::clone(config));
            Box::new(rustls::StreamOwned::new(session.map_err(io::Error::other)?, socket))
        }
    };
    let mut kept = Vec::new();
    let mut count = |n: usize| {
        shared.received.fetch_add(n as u64, Ordering::Relaxed);
    };
    while let Some(mut request) = http::read_request(&mut *wire, &mut kept, &mut count)? {
        request.connection = id;
        let step = shared.step_for(&mut request);
        let go_on = Acting { wire: &mut *wire, id, shared, step }.act(Some(&request))?;
        if !go_on {
            return Ok(());
        }
    }
    Ok(())
}

/// Removes the second handles: with them, a close would not close.
struct Open<'a> {
    id: usize,
    shared: &'a Shared,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.shared.forget(self.id);
    }
}

impl State {
    /// The next step, if it is one that does not wait for a request.
    fn step_on_accept(&mut self) -> Option<Step> {
        let step = self.steps.iter_mut().find(|step| step.uses != Some(0))?;
        if !step.on_accept {
            return None;
        }
        step.uses = step.uses.map(|n| n - 1);
        self.met += 1;
        Some(step.clone())
    }
}

impl Shared {
    fn remember(&self, id: usize, socket: &TcpStream) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.open.push((id, socket.try_clone()?));
        if state.stopping { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    fn forget(&self, id: usize) {
        self.state.lock().unwrap().open.retain(|(open, _)| *open != id);
    }

    /// Records the request and finds what to do with it.
    fn step_for(&self, request: &mut Recorded) -> Step {
        let mut state = self.state.lock().unwrap();
        request.at = self.started.elapsed();
        let fits =
            |step: &&mut Step| !step.on_accept && step.uses != Some(0) && step.is_for(request);
        let step = state.steps.iter_mut().find(fits).map(|step| {
            step.uses = step.uses.map(|n| n - 1);
            step.clone()
        });
        state.requests.push(request.clone());
        let step = step.unwrap_or_else(|| {
            state.failures.push(format!("nobody expected {request}"));
            Step::refused(400, 0, "The test did not expect this request.")
        });
        drop(state);
        self.changed.notify_all();
        step
    }

    /// Whether the next connection is to be met before it is read, so this one must end.
    fn wants_a_new_connection(&self) -> bool {
        let state = self.state.lock().unwrap();
        let next = state.steps.iter().find(|step| step.uses != Some(0));
        state.stopping || next.is_some_and(|step| step.on_accept)
    }

    /// Waits, but not beyond the end of the server.
    fn pause(&self, time: Duration) -> io::Result<()> {
        let state = self.state.lock().unwrap();
        let run = |state: &mut State| !state.stopping;
        let (state, _) = self.changed.wait_timeout_while(state, time, run).unwrap();
        if state.stopping { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
