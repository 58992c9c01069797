//! Who is connected, and who has to go when one more knocks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// The connections of one server.
pub(super) struct Places {
    limit: usize,
    next: AtomicU64,
    taken: Mutex<HashMap<u64, Taken>>,
    freed: Notify,
}

struct Taken {
    /// Since when nothing is being answered here; `None` while a handler works.
    idle_since: Option<Instant>,
    task: Option<AbortHandle>,
}

impl Places {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, next: AtomicU64::new(0), taken: Mutex::default(), freed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place, where all are taken that of the longest idle connection, and where all are
    /// busy the first that becomes free.
    pub(super) async fn take(self: Arc<Self>) -> Place {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        while !self.make_room() {
            self.freed.notified().await;
        }
        self.lock().insert(id, Taken { idle_since: Some(Instant::now()), task: None });
        Place { id, places: self }
    }

    fn make_room(&self) -> bool {
        let mut taken = self.lock();
        if taken.len() < self.limit {
            return true;
        }
        let idle = taken.iter().filter_map(|(id, t)| Some((t.idle_since?, *id))).min();
        let Some(evicted) = idle.and_then(|(_, id)| taken.remove(&id)) else { return false };
        if let Some(task) = evicted.task {
            task.abort();
        }
        true
    }

    /// Remembers which task serves a place.
    pub(super) fn assign(&self, id: u64, task: AbortHandle) {
        if let Some(taken) = self.lock().get_mut(&id) {
            taken.task = Some(task);
        }
    }

    /// Waits until nobody is connected.
    pub(super) async fn all_left(&self) {
        while !self.lock().is_empty() {
            self.freed.notified().await;
        }
    }
}

/// One connection's place, given back when dropped.
pub(super) struct Place {
    id: u64,
    places: Arc<Places>,
}

impl Place {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// A handler starts to work: the connection will not be evicted.
    pub(super) fn busy(&self) {
        self.mark(None);
    }

    /// The answer is made.
    pub(super) fn idle(&self) {
        self.mark(Some(Instant::now()));
    }

    fn mark(&self, idle_since: Option<Instant>) {
        if let Some(taken) = self.places.lock().get_mut(&self.id) {
            taken.idle_since = idle_since;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().remove(&self.id);
        self.places.freed.notify_one();
    }
}
