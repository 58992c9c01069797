//! The limit on open connections: one more evicts the connection that has been idle longest.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// The open connections of one server.
pub(super) struct ConnectionLimiter {
    limit: usize,
    next_id: AtomicU64,
    open: Mutex<HashMap<u64, OpenConnection>>,
    released: Notify,
}

struct OpenConnection {
    /// Start of the idle time; `None` while a handler works.
    idle_since: Option<Instant>,
    task: Option<AbortHandle>,
}

impl ConnectionLimiter {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, next_id: AtomicU64::new(0), open: Mutex::default(), released: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, OpenConnection>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A permit for one more connection. At the limit, evicts the longest idle connection; where all
    /// are busy, waits for the first that ends.
    pub(super) async fn acquire(self: Arc<Self>) -> ConnectionPermit {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        while !self.make_room() {
            self.released.notified().await;
        }
        self.lock().insert(id, OpenConnection { idle_since: Some(Instant::now()), task: None });
        ConnectionPermit { id, limiter: self }
    }

    fn make_room(&self) -> bool {
        let mut open = self.lock();
        if open.len() < self.limit {
            return true;
        }
        let idle = open.iter().filter_map(|(id, c)| Some((c.idle_since?, *id))).min();
        let Some(evicted) = idle.and_then(|(_, id)| open.remove(&id)) else { return false };
        if let Some(task) = evicted.task {
            task.abort();
        }
        true
    }

    /// Registers the task of a connection, so that it can be evicted.
    pub(super) fn register(&self, id: u64, task: AbortHandle) {
        if let Some(connection) = self.lock().get_mut(&id) {
            connection.task = Some(task);
        }
    }

    /// Waits until no connection is open.
    pub(super) async fn all_closed(&self) {
        while !self.lock().is_empty() {
            self.released.notified().await;
        }
    }
}

/// The right to one open connection, released on drop.
pub(super) struct ConnectionPermit {
    id: u64,
    limiter: Arc<ConnectionLimiter>,
}

impl ConnectionPermit {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Protects the connection from eviction while a handler works.
    pub(super) fn mark_busy(&self) {
        self.mark(None);
    }

    pub(super) fn mark_idle(&self) {
        self.mark(Some(Instant::now()));
    }

    fn mark(&self, idle_since: Option<Instant>) {
        if let Some(connection) = self.limiter.lock().get_mut(&self.id) {
            connection.idle_since = idle_since;
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.limiter.lock().remove(&self.id);
        self.limiter.released.notify_one();
    }
}
