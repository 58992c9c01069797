//! The same work on many things at once, a bounded number at a time, the results in order.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread::Builder;

/// Does `work` on each item, at most `width` at a time. The results are in the order of the items,
/// whichever ends first.
pub fn map<T: Sync, R: Send>(items: &[T], width: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let share = |done: &mpsc::Sender<_>| {
        while let Some((index, item)) = take(items, &next) {
            // The other end lives until all is done.
            let _ = done.send((index, work(item)));
        }
    };
    std::thread::scope(|scope| {
        let share = &share;
        for _ in 1..width.clamp(1, items.len().max(1)) {
            let done = done.clone();
            // Where the system gives no thread, fewer do the same; this one is there already.
            if Builder::new().spawn_scoped(scope, move || share(&done)).is_err() {
                break;
            }
        }
        share(&done);
    });
    drop(done);
    let mut results: Vec<_> = results.into_iter().collect();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Lets so many through at a time, whatever they are at: one bound for work that is fanned out twice.
#[derive(Debug)]
pub struct Gate {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Gate {
    /// One for `width` at a time.
    pub fn new(width: usize) -> Self {
        Self { free: Mutex::new(width.max(1)), freed: Condvar::new() }
    }

    /// Does `work` once there is room.
    pub fn through<R>(&self, work: impl FnOnce() -> R) -> R {
        let _room = self.enter();
        work()
    }

    fn enter(&self) -> Room<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.freed.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Room(self)
    }
}

/// A place within the gate; free again when it is dropped.
struct Room<'a>(&'a Gate);

impl Drop for Room<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

fn take<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    items.get(index).map(|item| (index, item))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_order_stays_and_the_work_overlaps_within_its_bound() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<u64> = (0..12).collect();
        let started = Instant::now();
        let results = map(&items, 4, |n| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20 + (12 - n) * 2));
            running.fetch_sub(1, Ordering::SeqCst);
            n * 2
        });
        assert_eq!(results, items.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::SeqCst), 4);
        assert!(started.elapsed() < Duration::from_millis(12 * 30), "{:?}", started.elapsed());
    }

    #[test]
    fn a_gate_bounds_what_is_fanned_out_twice() {
        let (running, most, gate) = (AtomicUsize::new(0), AtomicUsize::new(0), Gate::new(3));
        map(&[0; 6], 6, |_| {
            map(&[0; 4], 4, |_| {
                gate.through(|| {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                    running.fetch_sub(1, Ordering::SeqCst);
                });
            });
        });
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn nothing_to_do_is_done() {
        assert_eq!(map(&[] as &[u8], 8, |n| *n), [0_u8; 0]);
        assert_eq!(map(&[1], 0, |n| *n), [1]);
    }
}
