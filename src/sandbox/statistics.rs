//! Statistics of the requests to a webhook in the last 24 hours.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::clock;
use super::servers::Server;
use super::verify::ProbeResult;
use super::webhooks::{Webhook, status_of};

/// The requests of one trigger in one hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Hour {
    /// Hours since 1970.
    pub(super) at: u64,
    pub(super) trigger: String,
    pub(super) counts: Counts,
}

/// Numbers of requests, and their total time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Counts {
    pub(super) requests: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
    pub(super) very_slow: u64,
    /// Of requests that ended an event: successes and final failures.
    pub(super) milliseconds: u64,
    /// Requests that were, or are still to be, repeated.
    #[serde(default)]
    pub(super) retries: u64,
    #[serde(default)]
    pub(super) retry_milliseconds: u64,
}

/// Kind of a request, as the statistics count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Success,
    /// The last request of an event that failed.
    Failure,
    /// A request that failed and is repeated.
    Retry,
}

const WINDOW_HOURS: u64 = 24;
/// Postmark does not document its thresholds for slow requests; these are the sandbox's own.
const SLOW_MILLISECONDS: u64 = 5_000;
const VERY_SLOW_MILLISECONDS: u64 = 15_000;

/// Counts probes.
pub(super) fn count(hours: &mut Vec<Hour>, results: &[ProbeResult], now: Timestamp) {
    for probe in results {
        let request = if probe.passed() { Request::Success } else { Request::Failure };
        let milliseconds = u64::try_from(probe.took.as_millis()).unwrap_or(u64::MAX);
        Hour::count(hours, probe.trigger, now, request, milliseconds);
    }
}

impl Hour {
    /// Counts a request, and drops the hours before the window.
    pub(super) fn count(
        hours: &mut Vec<Self>,
        trigger: &str,
        at: Timestamp,
        request: Request,
        milliseconds: u64,
    ) {
        hours.retain(|old| in_window(old, at));
        let is_retry = request == Request::Retry;
        let counts = Counts {
            requests: u64::from(!is_retry),
            failures: u64::from(request == Request::Failure),
            slow: u64::from(milliseconds >= SLOW_MILLISECONDS),
            very_slow: u64::from(milliseconds >= VERY_SLOW_MILLISECONDS),
            milliseconds: if is_retry { 0 } else { milliseconds },
            retries: u64::from(is_retry),
            retry_milliseconds: if is_retry { milliseconds } else { 0 },
        };
        let hour = hour_of(at);
        match hours.iter_mut().find(|h| h.at == hour && h.trigger == trigger) {
            Some(known) => known.counts.add(counts),
            None => hours.push(Self { at: hour, trigger: trigger.to_owned(), counts }),
        }
    }
}

fn hour_of(time: Timestamp) -> u64 {
    u64::try_from(time.as_second() / 3600).unwrap_or(0)
}

fn in_window(hour: &Hour, now: Timestamp) -> bool {
    hour.at + WINDOW_HOURS >= hour_of(now)
}

/// GET /webhooks/{ID}/statistics.
/// `events` are the requests of posted events, beside those of verification.
pub(super) fn report(server: &Server, webhook: &Webhook, events: &[Hour], now: Timestamp) -> Value {
    let of = |trigger: Option<&str>| {
        let mut sum = Counts::default();
        let shown = webhook.hours.iter().chain(events).filter(|hour| in_window(hour, now));
        for hour in shown.filter(|hour| trigger.is_none_or(|name| name == hour.trigger)) {
            sum.add(hour.counts);
        }
        sum
    };
    let statuses: Map<String, Value> = webhook
        .triggers
        .enabled()
        .map(|(name, trigger)| (name.to_owned(), status_of(trigger.verified).into()))
        .collect();
    let by_trigger: Map<String, Value> = webhook
        .triggers
        .iter()
        .map(|(name, _)| (name, of(Some(name))))
        .filter(|(_, counts)| counts.requests + counts.retries > 0)
        .map(|(name, counts)| (name.to_owned(), counts.to_json()))
        .collect();
    let start = now - SignedDuration::from_hours(24);
    json!({
        "WebhookId": webhook.id,
        "ServerId": server.id,
        "MessageStreamId": webhook.message_stream,
        "Url": webhook.url,
        "Statuses": statuses,
        "TimeRange": {
            "StartTime": clock::utc(start),
            "EndTime": clock::utc(now),
            "Hours": WINDOW_HOURS,
        },
        "Metrics": of(None).to_json(),
        "MetricsByTrigger": by_trigger,
    })
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.failures += other.failures;
        self.slow += other.slow;
        self.very_slow += other.very_slow;
        self.milliseconds = self.milliseconds.saturating_add(other.milliseconds);
        self.retries += other.retries;
        self.retry_milliseconds = self.retry_milliseconds.saturating_add(other.retry_milliseconds);
    }

    /// Postmark does not document the numbers of a webhook without requests. Nothing failed, so the rate
    /// is 100 here, and the average time 0.
    fn to_json(self) -> Value {
        let successes = self.requests.saturating_sub(self.failures);
        #[allow(clippy::cast_precision_loss)] // To one decimal, of numbers far below 2^52.
        let rate = match self.requests {
            0 => 100.0,
            requests => (successes as f64 / requests as f64 * 1000.0).round() / 10.0,
        };
        json!({
            "TotalRequests": self.requests,
            "SuccessCount": successes,
            "FailureCount": self.failures,
            "RetryCount": self.retries,
            "SuccessRate": rate,
            "SlowCount": self.slow,
            "VerySlowCount": self.very_slow,
            "AverageTerminalResponseTimeMs": self.milliseconds.checked_div(self.requests).unwrap_or(0),
            "AverageRetryResponseTimeMs": self.retry_milliseconds.checked_div(self.retries),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::servers;
    use super::*;

    fn probe(status: u16, seconds: u64) -> ProbeResult {
        ProbeResult { trigger: "Open", answer: Ok(status), took: Duration::from_secs(seconds) }
    }

    fn webhook() -> (Server, Webhook) {
        let server = servers::first();
        let webhook = server.webhooks[0].clone();
        (server, webhook)
    }

    #[test]
    fn slow_and_failed_requests_are_counted_and_times_averaged() {
        let (server, mut webhook) = webhook();
        let now = Timestamp::from_second(1_000 * 3600).unwrap();
        count(&mut webhook.hours, &[probe(200, 1), probe(500, 5)], now);
        count(&mut webhook.hours, &[probe(200, 15)], now + SignedDuration::from_hours(1));
        let metrics =
            report(&server, &webhook, &[], now + SignedDuration::from_hours(1))["Metrics"].clone();
        assert_eq!(metrics["TotalRequests"], 3);
        assert_eq!(metrics["SuccessCount"], 2);
        assert_eq!(metrics["FailureCount"], 1);
        assert_eq!(metrics["SuccessRate"], 66.7);
        assert_eq!(metrics["SlowCount"], 2);
        assert_eq!(metrics["VerySlowCount"], 1);
        assert_eq!(metrics["AverageTerminalResponseTimeMs"], 7_000);
    }

    #[test]
    fn requests_before_the_window_are_not_counted_and_finally_dropped() {
        let (server, mut webhook) = webhook();
        let now = Timestamp::from_second(1_000 * 3600).unwrap();
        count(&mut webhook.hours, &[probe(200, 0)], now);
        let total = |webhook: &Webhook, now| {
            report(&server, webhook, &[], now)["Metrics"]["TotalRequests"].clone()
        };
        assert_eq!(total(&webhook, now + SignedDuration::from_hours(24)), 1);
        assert_eq!(total(&webhook, now + SignedDuration::from_hours(25)), 0);
        count(&mut webhook.hours, &[probe(200, 0)], now + SignedDuration::from_hours(25));
        assert_eq!(webhook.hours.len(), 1);
    }
}
