//! Points in time as given on the command line.

use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A point in time, absolute or relative to now.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// `2026-11-27T09:00:00Z`, or midnight UTC of `2026-11-27`.
    At(Timestamp),
    /// `2h` or `1d 12h` before now. Never negative.
    Ago(Span),
}

impl Moment {
    /// The absolute time, given the current time.
    pub fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(span) => now
                .to_zoned(TimeZone::UTC)
                .checked_sub(span)
                .map_or(Timestamp::UNIX_EPOCH, |time| time.timestamp()),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_date = text.len() == "2026-11-27".len();
        let day = || if is_date { format!("{text}T00:00:00Z").parse().ok() } else { None };
        let ago = || text.parse().ok().filter(|span: &Span| !span.is_negative()).map(Self::Ago);
        let at = text.parse().ok().or_else(day).map(Self::At);
        at.or_else(ago).ok_or_else(|| {
            "a time is written as 2026-11-27T09:00:00Z, or as 2h for two hours ago".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_and_relative_times_are_parsed() {
        let now: Timestamp = "2026-11-27T09:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-27T09:00:00Z", "2026-11-27T09:00:00Z"),
            ("2026-11-27T10:30:00+01:30", "2026-11-27T09:00:00Z"),
            ("2026-11-27T04:00:00-05:00", "2026-11-27T09:00:00Z"),
            ("2026-11-27T09:00:00.0000000Z", "2026-11-27T09:00:00Z"),
            ("2026-11-27", "2026-11-27T00:00:00Z"),
            ("9h", "2026-11-27T00:00:00Z"),
            ("90m", "2026-11-27T07:30:00Z"),
            ("1d 12h", "2026-11-25T21:00:00Z"),
            ("1w", "2026-11-20T09:00:00Z"),
            ("0s", "2026-11-27T09:00:00Z"),
        ] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(moment.resolve(now).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_text_is_rejected() {
        let wrong = ["", "yesterday", "2026-13-01", "2026-11-27T09:00:00", "-2h", "é+01:00", "9"];
        for text in wrong {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
