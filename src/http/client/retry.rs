//! The retry decision: which failures are retried, and after which delay.
//!
//! Postmark documents 429 without Retry-After and without limits. A Retry-After is honored if there is
//! one; otherwise delays double from [`FIRST_DELAY`], each shortened by up to half at random.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};

use super::{HttpError, Request, Response, authority};

const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(15);

/// Failures of a request that are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPolicy {
    /// Every temporary failure: sending the request twice has the effect of sending it once.
    Idempotent,
    /// Only failures after which the server surely did nothing: no byte was sent, or it answered 429.
    IfUnsent,
    /// None.
    Never,
}

/// Retry state of one request.
pub(super) struct Retries<'a> {
    request: &'a Request,
    deadline: Instant,
    /// Number of retries so far.
    pub(super) done: u32,
}

/// Delay before a retry, and its reason.
pub(super) struct Pause {
    pub(super) wait: Duration,
    pub(super) reason: String,
}

impl<'a> Retries<'a> {
    pub(super) fn new(request: &'a Request, deadline: Instant) -> Self {
        Self { request, deadline, done: 0 }
    }

    /// Pause before the next retry. `None` if the outcome is final, no retry is left, or the delay
    /// would exceed the remaining time.
    pub(super) fn next(&mut self, outcome: &Result<Response, HttpError>) -> Option<Pause> {
        if self.done >= self.request.retries || !self.is_retried(outcome) {
            return None;
        }
        let (reason, asked) = match outcome {
            Ok(response) => {
                let host = authority(&self.request.url);
                (format!("{host} answered {}", response.status), response.retry_after())
            }
            Err(error) => (error.to_string(), None),
        };
        let wait = asked.unwrap_or_else(|| backoff(self.done));
        if wait >= self.deadline.saturating_duration_since(Instant::now()) {
            return None;
        }
        self.done += 1;
        Some(Pause { wait, reason })
    }

    fn is_retried(&self, outcome: &Result<Response, HttpError>) -> bool {
        match (self.request.retry, outcome) {
            (RetryPolicy::Never, _) => false,
            (RetryPolicy::Idempotent, Ok(response)) => {
                response.status == 429 || response.status >= 500
            }
            (RetryPolicy::Idempotent, Err(error)) => error.is_temporary(),
            (RetryPolicy::IfUnsent, Ok(response)) => response.status == 429,
            (RetryPolicy::IfUnsent, Err(error)) => error.is_temporary() && !error.maybe_sent(),
        }
    }
}

fn backoff(done: u32) -> Duration {
    let full = FIRST_DELAY.saturating_mul(2_u32.saturating_pow(done)).min(LONGEST_DELAY);
    full.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Delay of a `Retry-After` header: whole seconds or a date (RFC 9110, 10.2.3). `None` for anything else.
pub(super) fn retry_after(response: &Response, now: Timestamp) -> Option<Duration> {
    let text = response.header("retry-after")?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX / 4)));
    }
    let wait = parse_http_date(text)?.duration_since(now);
    // Dates have whole seconds. Round up, so that the delay is never too short.
    let seconds = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// Date of a header in any of the three forms of RFC 9110, 5.6.7. `None` for anything else.
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    if text.ends_with(" GMT") && !text.contains('-') {
        return rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    }
    let obsolete = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    obsolete.iter().find_map(|format| {
        let date = strtime::parse(format, text).ok()?.to_datetime().ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<Duration> {
        let headers = vec![("retry-after".to_owned(), value.to_owned())];
        let response =
            Response { status: 429, headers, body: Vec::new(), attempts: 1, address: None };
        retry_after(&response, Timestamp::from_second(784_111_777).unwrap())
    }

    #[test]
    fn retry_after_in_seconds_or_as_a_date_is_honored() {
        assert_eq!(asked("2"), Some(Duration::from_secs(2)));
        assert_eq!(asked("0"), Some(Duration::ZERO));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:39 GMT"), Some(Duration::from_secs(2)));
        assert_eq!(asked("Sunday, 06-Nov-94 08:49:39 GMT"), Some(Duration::from_secs(2)));
        assert_eq!(asked("Sun Nov  6 08:49:39 1994"), Some(Duration::from_secs(2)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO), "in the past");
        assert!(asked("99999999999999999999999").is_some_and(|d| d > Duration::from_secs(1 << 40)));
    }

    #[test]
    fn retry_after_of_another_form_is_ignored() {
        for garbage in
            ["", "-1", "1.5", "soon", "2 seconds", "Sun, 06 Nov 1994", "1994-11-06T08:49:39Z"]
        {
            assert_eq!(asked(garbage), None, "{garbage:?}");
        }
    }

    #[test]
    fn delays_double_and_stay_between_half_and_full() {
        for done in 0..12 {
            let full = FIRST_DELAY.saturating_mul(2_u32.pow(done)).min(LONGEST_DELAY);
            for _ in 0..50 {
                let wait = backoff(done);
                assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
            }
        }
    }
}
