//! Parsers of option values. An error names the accepted values and never repeats the given one, which may be
//! a secret in the wrong place.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::error::{Error, ErrorKind};
use clap::{Arg, Command};
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};
use wildmatch::WildMatch;

use crate::postmark::{StreamId, WebhookId};

/// Parser whose errors never repeat the value.
#[derive(Clone)]
pub struct Quiet<T>(fn(&str) -> Result<T, String>);

/// Parser of a type with `FromStr`.
pub fn quiet<T: FromStr<Err = String>>() -> Quiet<T> {
    Quiet(str::parse)
}

/// Parser by a function.
pub fn quiet_with<T>(read: fn(&str) -> Result<T, String>) -> Quiet<T> {
    Quiet(read)
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Quiet<T> {
    type Value = T;

    fn parse_ref(&self, cmd: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, Error> {
        let read = value.to_str().ok_or_else(|| "it is not text".to_owned()).and_then(self.0);
        read.map_err(|why| {
            let name = arg.map(ToString::to_string).unwrap_or_default();
            Error::raw(ErrorKind::ValueValidation, format!("invalid value for '{name}': {why}\n"))
                .with_cmd(cmd)
        })
    }
}

/// Webhook ID.
pub fn webhook_id(text: &str) -> Result<WebhookId, String> {
    text.parse().map_err(|why| format!("{why}, as `pmhooks list` shows it"))
}

/// Message stream ID.
pub fn stream_id(text: &str) -> Result<StreamId, String> {
    text.parse().map_err(|why| format!("{why}; `pmhooks streams` lists them"))
}

/// A duration: `500ms`, `10s`, `2m`, `1h 30m`, `1d`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<u32>().ok().map(|n| Duration::from_secs(n.into()));
    let of_units = || {
        let span: Span = text.parse().ok()?;
        let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(duration).ok()
    };
    let duration = seconds.or_else(of_units);
    duration.ok_or_else(|| "a duration is written like 500ms, 10s or 2m".to_owned())
}

/// Number of retries.
pub fn retries(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "it is a whole number, 0 for none".to_owned())
}

/// Number of concurrent requests: 1 to 64.
pub fn width(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(width @ 1..=64) => Ok(width),
        _ => Err("it is a number from 1 to 64".to_owned()),
    }
}

/// Interval of a rate: `50/s`, `10/m`, `5/h`; a bare number is per second.
pub fn rate(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let unit = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => 0,
    };
    match number.trim().parse::<u32>() {
        Ok(times @ 1..) if unit > 0 => Ok(Duration::from_secs(unit) / times),
        _ => Err("a rate is written like 50/s, 10/m or 5/h".to_owned()),
    }
}

/// A size in bytes: `500KB`, `20MB`, `1GiB`; a bare number is bytes.
pub fn size(text: &str) -> Result<usize, String> {
    let wrong = || "a size is written like 500KB or 20MB".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "kib" => 1024,
        "m" | "mb" => 1_000_000,
        "mib" => 1024 * 1024,
        "g" | "gb" => 1_000_000_000,
        "gib" => 1024 * 1024 * 1024,
        _ => return Err(wrong()),
    };
    number.parse::<usize>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

/// Address to listen on: `127.0.0.1:8025`, `[::1]:8025`, `localhost:8025`, or a port of 127.0.0.1.
pub fn listening_address(text: &str) -> Result<SocketAddr, String> {
    let local = |port: &str| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)));
    let named = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
    let address = text.parse().ok().or_else(|| local(named));
    address.ok_or_else(|| "an address is written like 127.0.0.1:8025 or [::1]:8025".to_owned())
}

/// Percentage: 0 to 100.
pub fn percentage(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(share) if (0.0..=100.0).contains(&share) => Ok(share),
        _ => Err("it is a percentage, from 0 to 100".to_owned()),
    }
}

/// Duration above zero, at most a day.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|duration| match duration {
        Duration::ZERO => Err("it must be more than nothing".to_owned()),
        duration if duration > Duration::from_secs(86_400) => {
            Err("it is longer than a day".to_owned())
        }
        duration => Ok(duration),
    })
}

/// A pattern for names: `*` stands for any text, `?` for one character. Case does not matter.
pub fn name_pattern(text: &str) -> Result<WildMatch, String> {
    if text.is_empty() {
        return Err("it is a name, where * stands for any text, as in 'Shop*'".to_owned());
    }
    Ok(WildMatch::new_case_insensitive(text))
}

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
    fn sizes_are_read() {
        assert_eq!(size("20MB"), Ok(20_000_000));
        assert_eq!(size("1 kib"), Ok(1024));
        assert_eq!(size("7"), Ok(7));
        for bad in ["", "MB", "-1", "1.5MB", "20TB", "99999999999999999999"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_read() {
        let read = |text| listening_address(text).map(|address| address.to_string());
        for text in ["127.0.0.1:8025", "localhost:8025", ":8025", "8025"] {
            assert_eq!(read(text), Ok("127.0.0.1:8025".to_owned()), "{text}");
        }
        assert_eq!(read("[::1]:0"), Ok("[::1]:0".to_owned()));
        for bad in ["", "127.0.0.1", "host:1", "127.0.0.1:65536", "-1"] {
            assert!(listening_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_are_read() {
        assert_eq!(rate("50/s"), Ok(Duration::from_millis(20)));
        assert_eq!(rate("4"), Ok(Duration::from_millis(250)));
        assert_eq!(rate("10/m"), Ok(Duration::from_secs(6)));
        assert_eq!(rate("1/h"), Ok(Duration::from_secs(3600)));
        for bad in ["", "0/s", "-1/s", "50/d", "fast", "1/s/s", "99999999999/s"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_are_read() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs_f64());
        for (text, expected) in [
            ("500ms", 0.5),
            ("10s", 10.0),
            ("2m", 120.0),
            ("90", 90.0),
            ("1h 30m", 5400.0),
            ("1h30min", 5400.0),
            ("2 minutes", 120.0),
            ("1d", 86_400.0),
            ("0s", 0.0),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for bad in ["", "-5s", "soon", "1 month", "10x", "5s ago", "s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_match_whole_names_in_any_case() {
        let fits = |pattern: &str, name: &str| name_pattern(pattern).unwrap().matches(name);
        for (pattern, name) in [
            ("Shop", "shop"),
            ("*", ""),
            ("sh?p*", "Shop staging"),
            ("*staging", "Shop staging staging"),
            ("ÜBER*", "über alles"),
            ("[a]", "[a]"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("Shop", "Shop staging"), ("?", ""), ("a*b", "ab c"), ("[a]", "a")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        assert!(name_pattern("").is_err());
    }

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
