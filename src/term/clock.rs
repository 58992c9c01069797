//! Time as the user's clock shows it.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Hours, minutes and seconds of this machine's time zone.
pub fn local(time: SystemTime) -> String {
    let clock = |time: Timestamp| {
        let time = time.to_zoned(TimeZone::system()).time();
        format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
    };
    Timestamp::try_from(time).map_or_else(|_| "-".to_owned(), clock)
}
