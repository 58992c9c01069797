//! Bodies: whole, in time, and no more of them than there is room for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Incoming};

use super::{Limits, Unread};

/// The room for all bodies of a server.
pub(super) struct Budget {
    limit: usize,
    taken: AtomicUsize,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, taken: AtomicUsize::new(0) }
    }
}

/// What one body takes of it, given back when dropped.
pub(super) struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    pub(super) fn of(budget: &Arc<Budget>) -> Self {
        Self { budget: budget.clone(), bytes: 0 }
    }

    fn take(&mut self, bytes: usize) -> Result<(), Unread> {
        self.bytes += bytes;
        let before = self.budget.taken.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= self.budget.limit;
        if fits { Ok(()) } else { Err(Unread::Crowded) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a body to its end.
pub(super) async fn whole(
    body: Incoming,
    limits: Limits,
    share: &mut Share,
) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > limits.body_bytes as u64 {
        return Err(Unread::TooLarge);
    }
    let read = tokio::time::timeout(limits.body_time, pieces(body, limits.body_bytes, share));
    read.await.unwrap_or(Err(Unread::TooSlow))
}

async fn pieces(mut body: Incoming, limit: usize, share: &mut Share) -> Result<Bytes, Unread> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit).min(limit);
    let mut first = Bytes::new();
    let mut all = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        length += piece.len();
        if length > limit {
            return Err(Unread::TooLarge);
        }
        share.take(piece.len())?;
        if length == piece.len() {
            first = piece;
            continue;
        }
        if all.is_empty() {
            // What is announced may never come: room is made for what is there, and for no more than twice that.
            all.reserve(announced.min(2 * length));
            all.extend_from_slice(&first);
            first = Bytes::new();
        }
        all.extend_from_slice(&piece);
    }
    Ok(if all.is_empty() { first } else { all.into() })
}
