//! The time, and the two ways in which the API writes it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second of the year 9999, after which dates have no four-digit year.
const LAST: u64 = 253_402_300_799;
const FIVE_HOURS: u64 = 5 * 60 * 60;

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// `2026-11-20T08:15:00.0000000Z`, as in statistics.
pub(super) fn utc(seconds: u64) -> String {
    written(seconds).replace('Z', ".0000000Z")
}

/// `2026-11-20T03:15:00-05:00`, as in message streams. Two of them compare as their times do.
pub(super) fn eastern(seconds: u64) -> String {
    written(seconds.saturating_sub(FIVE_HOURS)).replace('Z', "-05:00")
}

fn written(seconds: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST));
    humantime::format_rfc3339_seconds(time).to_string()
}
