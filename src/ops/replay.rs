//! Sending of recorded events: in the order of the file or several at a time, optionally at a rate, until
//! the end or an interrupt.

use std::io::{self, BufRead};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::http::client::HttpError;
use crate::ops::record::{Damage, ReadItem, RecordReader, RecordedEvent};
use crate::ops::test::verdict::{self, Verdict};
use crate::ops::test::{Attempt, Endpoint, EventSender};

/// Interval in which waiting workers look for an interrupt.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How events are sent.
pub struct ReplayOptions<'a> {
    /// Sender.
    pub(crate) sender: &'a EventSender,
    /// Destination.
    pub(crate) endpoint: &'a Endpoint,
    /// Concurrent requests. More than one gives up the order.
    pub concurrency: usize,
    /// Minimum time from one event to the next.
    pub interval: Option<Duration>,
    /// Stop after the first event that is not accepted.
    pub fail_fast: bool,
    /// Whether the run was interrupted.
    pub is_interrupted: &'a (dyn Fn() -> bool + Sync),
}

/// Result for one item of the file.
pub enum ReplayResult {
    /// An event was sent.
    Sent(Box<SentEvent>),
    /// The filter does not select the event.
    Skipped {
        /// The filter has a time range, and the event has no time.
        has_no_time: bool,
    },
    /// It is not an event.
    Damaged(Damage),
}

/// An event that was sent.
pub struct SentEvent {
    /// The event. Its body is dropped to save memory.
    pub event: RecordedEvent,
    /// Judgement of the response.
    pub(crate) verdict: Verdict,
    /// Time to the complete response.
    pub milliseconds: u64,
    /// Share of the file that was read, in percent.
    pub percent: Option<u64>,
}

/// End of a run.
pub enum ReplayEnd {
    /// The file was read to its end.
    Complete,
    /// The run stopped before the end.
    Stopped {
        /// First line that was not sent, or not accepted.
        line: u64,
        /// Cause.
        reason: StopReason,
    },
}

/// Cause of an early end.
pub enum StopReason {
    /// Ctrl-C or a signal.
    Interrupted,
    /// An event was not accepted, and [`ReplayOptions::fail_fast`] is set.
    NotAccepted,
    /// The file cannot be read.
    Unreadable(io::Error),
    /// The fault is on this machine, such as an unusable CA file; other events would fail as well.
    LocalError(HttpError),
}

/// Sends the events of `reader` and reports each item.
pub fn run<R: BufRead + Send>(
    reader: RecordReader<R>,
    options: &ReplayOptions<'_>,
    mut report: impl FnMut(ReplayResult),
) -> ReplayEnd {
    let shared = Shared {
        queue: Mutex::new(Queue { reader, next_due: Instant::now() }),
        is_stopped: AtomicBool::new(false),
        end: Mutex::new(ReplayEnd::Complete),
        options,
    };
    let concurrency = options.concurrency.max(1);
    let (sender, results) = mpsc::sync_channel(concurrency);
    std::thread::scope(|scope| {
        for _ in 0..concurrency {
            let (sender, shared) = (sender.clone(), &shared);
            scope.spawn(move || shared.work(&sender));
        }
        drop(sender);
        results.into_iter().for_each(&mut report);
    });
    shared.end.into_inner().unwrap_or_else(PoisonError::into_inner)
}

struct Shared<'a, R> {
    queue: Mutex<Queue<R>>,
    is_stopped: AtomicBool,
    end: Mutex<ReplayEnd>,
    options: &'a ReplayOptions<'a>,
}

struct Queue<R> {
    reader: RecordReader<R>,
    /// Earliest time to send the next event.
    next_due: Instant,
}

/// Next task of a worker.
enum Task {
    Send { event: RecordedEvent, due: Instant, percent: Option<u64> },
    Report(ReplayResult),
}

impl<R: BufRead> Shared<'_, R> {
    fn work(&self, results: &mpsc::SyncSender<ReplayResult>) {
        while let Some(task) = self.next_task() {
            let result = match task {
                Task::Report(result) => Some(result),
                Task::Send { event, due, percent } => self.send(event, due, percent),
            };
            if let Some(result) = result {
                // The receiver outlives the workers.
                let _ = results.send(result);
            }
        }
    }

    /// Next item of the file; `None` once the run is over. Send times follow the order of the file.
    fn next_task(&self) -> Option<Task> {
        let mut queue = lock(&self.queue);
        if self.is_over() {
            self.stop(queue.reader.next_line(), StopReason::Interrupted);
            return None;
        }
        match queue.reader.read_next() {
            Ok(None) => None,
            Ok(Some(ReadItem::Skipped { has_no_time })) => {
                Some(Task::Report(ReplayResult::Skipped { has_no_time }))
            }
            Ok(Some(ReadItem::Damaged(damage))) => {
                Some(Task::Report(ReplayResult::Damaged(damage)))
            }
            Ok(Some(ReadItem::Event(event))) => {
                let due = queue.next_due.max(Instant::now());
                queue.next_due = due + self.options.interval.unwrap_or_default();
                Some(Task::Send { event: *event, due, percent: queue.reader.percent() })
            }
            Err(error) => {
                let is_interrupted = (self.options.is_interrupted)();
                let unreadable = StopReason::Unreadable(error);
                let reason = if is_interrupted { StopReason::Interrupted } else { unreadable };
                self.stop(queue.reader.next_line(), reason);
                None
            }
        }
    }

    fn send(
        &self,
        mut event: RecordedEvent,
        due: Instant,
        percent: Option<u64>,
    ) -> Option<ReplayResult> {
        while let Some(left) = due.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
            if self.is_over() {
                self.stop(event.line, StopReason::Interrupted);
                return None;
            }
            std::thread::sleep(left.min(POLL_INTERVAL));
        }
        let exchange = self.options.sender.send(self.options.endpoint, &event.post);
        let answer = match exchange.answer {
            Err(error) if verdict::is_local_fault(&error) => {
                self.stop(event.line, StopReason::LocalError(error));
                return None;
            }
            answer => answer,
        };
        let milliseconds = u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX);
        let verdict = verdict::judge(&event.post.event, &Attempt { answer, ..exchange });
        if self.options.fail_fast && !verdict.success {
            self.stop(event.line, StopReason::NotAccepted);
        }
        event.post.body = Vec::new();
        Some(ReplayResult::Sent(Box::new(SentEvent { event, verdict, milliseconds, percent })))
    }

    fn is_over(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst) || (self.options.is_interrupted)()
    }

    /// Ends the run with the first reason and the earliest line that workers report.
    fn stop(&self, line: u64, reason: StopReason) {
        self.is_stopped.store(true, Ordering::SeqCst);
        let mut end = lock(&self.end);
        match &mut *end {
            ReplayEnd::Complete => *end = ReplayEnd::Stopped { line, reason },
            ReplayEnd::Stopped { line: earliest, .. } => *earliest = line.min(*earliest),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
