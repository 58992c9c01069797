//! Time as the user's clock shows it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Hours, minutes and seconds of this machine's time zone.
pub fn local(time: Timestamp) -> String {
    let time = time.to_zoned(TimeZone::system()).time();
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}
