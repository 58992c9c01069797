//! The sending: in the file's order, or several at a time; at a pace; until the end or until told to stop.

use std::io::{self, BufRead};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::recorded::Recorded;
use super::{Damage, Events, Item};
use crate::http::client::HttpError;
use crate::ops::probe::verdict::{self, Verdict};
use crate::ops::probe::{Endpoint, Exchange, Prober};

/// How long a pause lasts before somebody looks whether the run is to end.
const GLANCE: Duration = Duration::from_millis(50);

/// How events are sent.
pub struct Way<'a> {
    /// By whom.
    pub prober: &'a Prober,
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// How many at a time. More than one gives up their order.
    pub width: usize,
    /// The time from one to the next, at least.
    pub pace: Option<Duration>,
    /// Nothing more is sent after one that was not accepted.
    pub fail_fast: bool,
    /// Whether somebody wants this to end.
    pub is_stopped: &'a (dyn Fn() -> bool + Sync),
}

/// What became of something in the file.
pub enum Told {
    /// An event was sent.
    Sent(Box<Sent>),
    /// An event was not meant.
    LeftOut {
        /// Its time is not known.
        is_timeless: bool,
    },
    /// It was no event.
    Damaged(Damage),
}

/// An event that was sent.
pub struct Sent {
    /// The event. Its body is given up: there may be many.
    pub event: Recorded,
    /// What became of it.
    pub verdict: Verdict,
    /// How long the answer took.
    pub milliseconds: u64,
    /// How much of the file was read, in percent.
    pub percent: Option<u64>,
}

/// How the sending ended.
pub enum End {
    /// With the file.
    Done,
    /// Before it.
    Stopped {
        /// What begins on this line or after it was not sent, or not accepted.
        line: u64,
        /// Why.
        why: Why,
    },
}

/// Why the sending ended before the file.
pub enum Why {
    /// Somebody wanted it.
    Asked,
    /// An event was not accepted.
    NotAccepted,
    /// The file could not be read any further.
    Unreadable(io::Error),
    /// This machine's own settings are at fault.
    OwnFault(HttpError),
}

/// Sends events, and tells of each.
pub fn run<R: BufRead + Send>(events: Events<R>, way: &Way<'_>, mut tell: impl FnMut(Told)) -> End {
    let shared = Shared {
        queue: Mutex::new(Queue { events, due: Instant::now() }),
        stop: AtomicBool::new(false),
        end: Mutex::new(End::Done),
        way,
    };
    let width = way.width.max(1);
    let (done, told) = mpsc::sync_channel(width);
    std::thread::scope(|scope| {
        for _ in 0..width {
            let (done, shared) = (done.clone(), &shared);
            scope.spawn(move || shared.work(&done));
        }
        drop(done);
        told.into_iter().for_each(&mut tell);
    });
    shared.end.into_inner().unwrap_or_else(PoisonError::into_inner)
}

struct Shared<'a, R> {
    queue: Mutex<Queue<R>>,
    stop: AtomicBool,
    end: Mutex<End>,
    way: &'a Way<'a>,
}

struct Queue<R> {
    events: Events<R>,
    /// When the next one may be sent.
    due: Instant,
}

/// What one worker has to do next.
enum Task {
    Send { event: Recorded, due: Instant, percent: Option<u64> },
    Tell(Told),
}

impl<R: BufRead> Shared<'_, R> {
    fn work(&self, done: &mpsc::SyncSender<Told>) {
        while let Some(task) = self.next() {
            let told = match task {
                Task::Tell(told) => Some(told),
                Task::Send { event, due, percent } => self.send(event, due, percent),
            };
            // The other end lives as long as the workers do.
            if let Some(told) = told {
                let _ = done.send(told);
            }
        }
    }

    /// The next thing in the file, unless the run is over. Times are given out in the file's order.
    fn next(&self) -> Option<Task> {
        let mut queue = lock(&self.queue);
        if self.is_over() {
            self.stop(queue.events.next_line(), Why::Asked);
            return None;
        }
        match queue.events.read_next() {
            Ok(None) => None,
            Ok(Some(Item::LeftOut { is_timeless })) => {
                Some(Task::Tell(Told::LeftOut { is_timeless }))
            }
            Ok(Some(Item::Damaged(damage))) => Some(Task::Tell(Told::Damaged(damage))),
            Ok(Some(Item::Event(event))) => {
                let due = queue.due.max(Instant::now());
                queue.due = due + self.way.pace.unwrap_or_default();
                Some(Task::Send { event: *event, due, percent: queue.events.percent() })
            }
            Err(error) => {
                self.stop(queue.events.next_line(), Why::Unreadable(error));
                None
            }
        }
    }

    fn send(&self, mut event: Recorded, due: Instant, percent: Option<u64>) -> Option<Told> {
        while let Some(left) = due.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
            if self.is_over() {
                self.stop(event.line, Why::Asked);
                return None;
            }
            std::thread::sleep(left.min(GLANCE));
        }
        let exchange = self.way.prober.send(self.way.endpoint, &event.post);
        let answer = match exchange.answer {
            Err(error) if verdict::is_own_fault(&error) => {
                self.stop(event.line, Why::OwnFault(error));
                return None;
            }
            answer => answer,
        };
        let took = exchange.took;
        let verdict = verdict::of_event(&event.post.event, &Exchange { answer, ..exchange });
        if self.way.fail_fast && !verdict.success {
            self.stop(event.line, Why::NotAccepted);
        }
        event.post.body = Vec::new();
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Some(Told::Sent(Box::new(Sent { event, verdict, milliseconds, percent })))
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::SeqCst) || (self.way.is_stopped)()
    }

    /// Ends the run. The first reason counts, and the earliest line.
    fn stop(&self, line: u64, why: Why) {
        self.stop.store(true, Ordering::SeqCst);
        let mut end = lock(&self.end);
        match &mut *end {
            End::Done => *end = End::Stopped { line, why },
            End::Stopped { line: earliest, .. } => *earliest = line.min(*earliest),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
