//! The time, and the forms in which the API writes it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The present.
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// `2026-11-20T08:15:00.0000000Z`, as in events and statistics.
pub(super) fn utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string()
}

/// `2026-11-20T03:15:00-05:00`, as in message streams.
pub(super) fn eastern(time: Timestamp) -> String {
    in_eastern(time, "%Y-%m-%dT%H:%M:%S%:z")
}

fn in_eastern(time: Timestamp, format: &str) -> String {
    // Postmark writes the dates of its API in Eastern time, with daylight saving time.
    let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap_or(TimeZone::UTC);
    time.to_zoned(zone).strftime(format).to_string()
}
