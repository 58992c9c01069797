//! Points in time as people and Postmark write them.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

/// A point in time, or how long ago it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// That time.
    At(SystemTime),
    /// So long before now.
    Ago(Duration),
}

impl Moment {
    /// The point in time, seen from `now`.
    pub fn seen_from(self, now: SystemTime) -> SystemTime {
        match self {
            Self::At(time) => time,
            Self::Ago(duration) => now.checked_sub(duration).unwrap_or(SystemTime::UNIX_EPOCH),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let ago = || humantime::parse_duration(text).ok().map(Self::Ago);
        let is_date = text.len() == "2026-11-27".len();
        let day = || if is_date { rfc3339(&format!("{text}T00:00:00Z")) } else { None };
        let moment = rfc3339(text).or_else(day).map(Self::At).or_else(ago);
        moment.ok_or_else(|| {
            "a time is written like 2026-11-27T09:00:00Z, or like 2h for two hours ago".to_owned()
        })
    }
}

/// Reads a time by RFC 3339, with any offset.
pub fn rfc3339(text: &str) -> Option<SystemTime> {
    if let Ok(time) = humantime::parse_rfc3339(text) {
        return Some(time);
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub("+01:00".len())?)?;
    let (sign, clock) = offset.split_at_checked(1)?;
    let (hours, minutes) = clock.split_once(':')?;
    let number = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| digits.parse::<u64>().ok()).flatten()
    };
    let offset = Duration::from_secs(number(hours)? * 3600 + number(minutes)? * 60);
    let local = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    match sign {
        "+" => local.checked_sub(offset),
        "-" => local.checked_add(offset),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_all_its_spellings() {
        let nine = humantime::parse_rfc3339("2026-11-27T09:00:00Z").unwrap();
        for text in
            ["2026-11-27T09:00:00Z", "2026-11-27T10:30:00+01:30", "2026-11-27T04:00:00-05:00"]
        {
            assert_eq!(text.parse(), Ok(Moment::At(nine)), "{text}");
        }
        assert_eq!(rfc3339("2026-11-27T09:00:00.0000000Z"), Some(nine));
        let day = humantime::parse_rfc3339("2026-11-27T00:00:00Z").unwrap();
        assert_eq!("2026-11-27".parse(), Ok(Moment::At(day)));
        assert_eq!("90m".parse(), Ok(Moment::Ago(Duration::from_secs(5400))));
        assert_eq!(Moment::Ago(Duration::from_secs(9 * 3600)).seen_from(nine), day);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-11-27T09:00:00",
            "2026-11-27T09:00:00+1:00",
            "é+01:00",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
