//! The sandbox's clock, and the forms in which the API writes times.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A clock that governs all dates, schedules, windows and expiry of a sandbox.
pub(super) struct Clock(Mutex<Setting>);

#[derive(Clone, Copy)]
struct Setting {
    /// The clock's time at `since`.
    base: Timestamp,
    since: Instant,
    /// Seconds of the clock per real second.
    speed: f64,
    /// An advance moves the clock by itself.
    is_held: bool,
}

impl Clock {
    /// A clock that is ahead of the real time by `offset`.
    pub(super) fn new(offset: SignedDuration, speed: f64) -> Self {
        let base = Timestamp::now().checked_add(offset).unwrap_or(Timestamp::MAX);
        Self(Mutex::new(Setting { base, since: Instant::now(), speed, is_held: false }))
    }

    fn lock(&self) -> MutexGuard<'_, Setting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.lock().now()
    }

    pub(super) fn speed(&self) -> f64 {
        self.lock().speed
    }

    /// How far the clock is ahead of the real time.
    pub(super) fn offset(&self) -> SignedDuration {
        self.now().duration_since(Timestamp::now())
    }

    /// Real time until the clock shows `at`. `None` if it never will by itself.
    pub(super) fn real_time_until(&self, at: Timestamp) -> Option<Duration> {
        let setting = self.lock();
        let left = at.duration_since(setting.now());
        if !left.is_positive() {
            return Some(Duration::ZERO);
        }
        if setting.is_held || setting.speed <= 0.0 {
            return None;
        }
        let seconds = left.as_secs_f64() / setting.speed;
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(3600)))
    }

    /// Moves the clock to a time. It never goes back.
    pub(super) fn set(&self, to: Timestamp) {
        let mut setting = self.lock();
        setting.base = setting.now().max(to);
        setting.since = Instant::now();
    }

    /// Stops the clock, or lets it go on.
    pub(super) fn hold(&self, is_held: bool) {
        let mut setting = self.lock();
        setting.base = setting.now();
        setting.since = Instant::now();
        setting.is_held = is_held;
    }
}

impl Setting {
    fn now(&self) -> Timestamp {
        if self.is_held {
            return self.base;
        }
        let elapsed = self.since.elapsed().as_secs_f64() * self.speed;
        let elapsed = SignedDuration::try_from_secs_f64(elapsed).unwrap_or(SignedDuration::MAX);
        self.base.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

/// `2026-11-20T08:15:00.0000000Z`, as in events and statistics.
pub(super) fn utc(time: Timestamp) -> String {
    crate::event::sample::date(time)
}

/// `2026-11-20T03:15:00-05:00`, as in message streams.
pub(super) fn eastern(time: Timestamp) -> String {
    in_eastern(time, "%Y-%m-%dT%H:%M:%S%:z")
}

/// `2026-11-20T03:15:00.0000000-05:00`, as in messages and bounces.
pub(super) fn eastern_precise(time: Timestamp) -> String {
    in_eastern(time, "%Y-%m-%dT%H:%M:%S%.7f%:z")
}

/// The time of a query: a date or a date with time, in Eastern time (Postmark's Bounce API page).
pub(super) fn from_query(text: &str, is_end: bool) -> Option<Timestamp> {
    let zone = eastern_zone();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(time) = text.parse::<jiff::civil::DateTime>()
        && text.contains('T')
    {
        return Some(time.to_zoned(zone).ok()?.timestamp());
    }
    let date = text.parse::<jiff::civil::Date>().ok()?;
    let date = if is_end { date.tomorrow().ok()? } else { date };
    let time = date.to_zoned(zone).ok()?.timestamp();
    Some(if is_end { time - SignedDuration::from_nanos(1) } else { time })
}

fn eastern_zone() -> TimeZone {
    // Postmark writes the dates of its API in Eastern time, with daylight saving time.
    TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap_or(TimeZone::UTC)
}

fn in_eastern(time: Timestamp, format: &str) -> String {
    time.to_zoned(eastern_zone()).strftime(format).to_string()
}
