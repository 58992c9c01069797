//! When a request is sent again, and after what wait.
//!
//! Postmark documents a 429 but no Retry-After and no numbers, so a Retry-After is honoured if one
//! comes, and otherwise the waits double from [`FIRST_WAIT`], each shortened by up to half at random.

use std::time::{Duration, Instant, SystemTime};

use super::{Answer, HttpError, Repeat, Request, authority};

const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The retries of one request.
pub(super) struct Retries<'a> {
    request: &'a Request,
    deadline: Instant,
    /// How often the request has been repeated so far.
    pub done: u32,
}

/// A wait before the next try.
pub(super) struct Pause {
    pub wait: Duration,
    pub reason: String,
}

impl<'a> Retries<'a> {
    pub(super) fn new(request: &'a Request, deadline: Instant) -> Self {
        Self { request, deadline, done: 0 }
    }

    /// The pause before the request goes out again, or `None` where this outcome stands: it is final,
    /// the retries are used up, or the wait would outlast the time that is left.
    pub(super) fn next(&mut self, outcome: &Result<Answer, HttpError>) -> Option<Pause> {
        if self.done >= self.request.retries || !self.may_repeat(outcome) {
            return None;
        }
        let (reason, asked) = match outcome {
            Ok(answer) => {
                let reason = format!("{} answered {}", authority(&self.request.url), answer.status);
                (reason, retry_after(answer, SystemTime::now()))
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

    fn may_repeat(&self, outcome: &Result<Answer, HttpError>) -> bool {
        match (self.request.repeat, outcome) {
            (Repeat::Never, _) => false,
            (Repeat::Always, Ok(answer)) => answer.status == 429 || answer.status >= 500,
            (Repeat::Always, Err(error)) => error.is_temporary(),
            (Repeat::OnlyIfUnsent, Ok(answer)) => answer.status == 429,
            (Repeat::OnlyIfUnsent, Err(error)) => error.is_temporary() && !error.maybe_sent(),
        }
    }
}

fn backoff(done: u32) -> Duration {
    let full = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(done)).min(LONGEST_WAIT);
    full.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// What a Retry-After asks for: whole seconds or a date (RFC 9110, 10.2.3); anything else is ignored.
pub(super) fn retry_after(answer: &Answer, now: SystemTime) -> Option<Duration> {
    let text = answer.header("retry-after")?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX / 4)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let wait = date.duration_since(now).unwrap_or_default();
    // A date has whole seconds; up, so that the wait is never too short.
    Some(Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<Duration> {
        let headers = vec![("retry-after".to_owned(), value.to_owned())];
        let answer = Answer { status: 429, headers, body: Vec::new(), attempts: 1, address: None };
        retry_after(&answer, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn a_retry_after_in_seconds_or_as_a_date_is_honoured() {
        assert_eq!(asked("2"), Some(Duration::from_secs(2)));
        assert_eq!(asked("0"), Some(Duration::ZERO));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:39 GMT"), Some(Duration::from_secs(2)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO), "in the past");
        assert!(asked("99999999999999999999999").is_some_and(|d| d > Duration::from_secs(1 << 40)));
    }

    #[test]
    fn a_retry_after_that_is_neither_is_ignored() {
        for garbage in ["", "-1", "1.5", "soon", "2 seconds"] {
            assert_eq!(asked(garbage), None, "{garbage:?}");
        }
    }

    #[test]
    fn waits_double_and_stay_between_half_and_whole() {
        for done in 0..12 {
            let full = FIRST_WAIT.saturating_mul(2_u32.pow(done)).min(LONGEST_WAIT);
            for _ in 0..50 {
                let wait = backoff(done);
                assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
            }
        }
    }
}
