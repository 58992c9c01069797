//! Reading the values of flags. An error says what was expected and never repeats what was given: it may
//! be a secret in the wrong place.

use std::ffi::OsStr;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::error::{Error, ErrorKind};
use clap::{Arg, Command};

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

/// A duration: `500ms`, `10s`, `2m`, `1h 30m`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<u32>().ok().map(|n| Duration::from_secs(n.into()));
    let duration = seconds.or_else(|| humantime::parse_duration(text).ok());
    duration.ok_or_else(|| "a duration is written like 500ms, 10s or 2m".to_owned())
}

/// A number of things at the same time.
pub fn width(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(width @ 1..=64) => Ok(width),
        _ => Err("it is a number from 1 to 64".to_owned()),
    }
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
