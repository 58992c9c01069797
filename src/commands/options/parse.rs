//! Reading the values of flags. An error says what was expected and never repeats what was given: it may
//! be a secret in the wrong place.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::error::{Error, ErrorKind};
use clap::{Arg, Command};

use crate::postmark::{StreamId, WebhookId};

/// A parser that reads a value with a function.
#[derive(Clone)]
pub struct Quiet<T>(fn(&str) -> Result<T, String>);

/// A parser for a type that reads itself.
pub fn quiet<T: FromStr<Err = String>>() -> Quiet<T> {
    Quiet(str::parse)
}

/// A parser for a type that a function reads.
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

/// A duration: `500ms`, `10s`, `2m`, `1h 30m`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<u32>().ok().map(|n| Duration::from_secs(n.into()));
    let duration = seconds.or_else(|| humantime::parse_duration(text).ok());
    duration.ok_or_else(|| "a duration is written like 500ms, 10s or 2m".to_owned())
}

/// How often something is tried again.
pub fn retries(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "it is a whole number, 0 for none".to_owned())
}

/// A number of things at the same time.
pub fn width(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(width @ 1..=64) => Ok(width),
        _ => Err("it is a number from 1 to 64".to_owned()),
    }
}

/// How often something may happen, as the time from one to the next: `50/s`, `10/m`, `5/h`; a bare number
/// is per second.
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

/// Where to listen: `127.0.0.1:8025`, `[::1]:8025`, `localhost:8025`, or a port of this machine alone.
pub fn listening_address(text: &str) -> Result<SocketAddr, String> {
    let local = |port: &str| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)));
    let named = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
    let address = text.parse().ok().or_else(|| local(named));
    address.ok_or_else(|| "an address is written like 127.0.0.1:8025 or [::1]:8025".to_owned())
}

/// A share in percent.
pub fn percentage(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('%').parse::<f64>() {
        Ok(share) if (0.0..=100.0).contains(&share) => Ok(share),
        _ => Err("it is a percentage, from 0 to 100".to_owned()),
    }
}

/// A duration that is not zero.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|duration| match duration {
        Duration::ZERO => Err("it must be more than nothing".to_owned()),
        duration if duration > Duration::from_secs(86_400) => {
            Err("it is longer than a day".to_owned())
        }
        duration => Ok(duration),
    })
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
}
