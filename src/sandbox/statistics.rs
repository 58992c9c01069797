//! What was sent to a webhook in the last 24 hours. The sandbox delivers no events, so it is its probes.

use serde_json::{Map, Value, json};

use super::clock;
use super::server::Server;
use super::verify::Probed;
use super::webhook::{Counts, Hour, Webhook, status};

const HOUR: u64 = 60 * 60;
const WINDOW_HOURS: u64 = 24;
/// Postmark does not document what it calls slow; these are this emulator's numbers.
const SLOW_MILLISECONDS: u64 = 5_000;
const VERY_SLOW_MILLISECONDS: u64 = 15_000;

/// Counts probes, and forgets what is too old to be asked for.
pub(super) fn count(hours: &mut Vec<Hour>, probed: &[Probed], now: u64) {
    let hour = now / HOUR;
    hours.retain(|old| in_window(old, now));
    for probe in probed {
        let milliseconds = u64::try_from(probe.took.as_millis()).unwrap_or(u64::MAX);
        let counts = Counts {
            requests: 1,
            failures: u64::from(!probe.passed()),
            slow: u64::from(milliseconds >= SLOW_MILLISECONDS),
            very_slow: u64::from(milliseconds >= VERY_SLOW_MILLISECONDS),
            milliseconds,
        };
        match hours.iter_mut().find(|h| h.at == hour && h.trigger == probe.trigger) {
            Some(known) => known.counts.add(counts),
            None => hours.push(Hour { at: hour, trigger: probe.trigger.to_owned(), counts }),
        }
    }
}

fn in_window(hour: &Hour, now: u64) -> bool {
    hour.at + WINDOW_HOURS >= now / HOUR
}

/// GET /webhooks/{ID}/statistics.
pub(super) fn report(server: &Server, webhook: &Webhook, now: u64) -> Value {
    let of = |trigger: Option<&str>| {
        let mut sum = Counts::default();
        let shown = webhook.hours.iter().filter(|hour| in_window(hour, now));
        for hour in shown.filter(|hour| trigger.is_none_or(|name| name == hour.trigger)) {
            sum.add(hour.counts);
        }
        sum
    };
    let statuses: Map<String, Value> = webhook
        .triggers
        .enabled()
        .map(|(name, trigger)| (name.to_owned(), status(trigger.verified).into()))
        .collect();
    let by_trigger: Map<String, Value> = webhook
        .triggers
        .iter()
        .map(|(name, _)| (name, of(Some(name))))
        .filter(|(_, counts)| counts.requests > 0)
        .map(|(name, counts)| (name.to_owned(), counts.answer()))
        .collect();
    json!({
        "WebhookId": webhook.id,
        "ServerId": server.id,
        "MessageStreamId": webhook.message_stream,
        "Url": webhook.url,
        "Statuses": statuses,
        "TimeRange": {
            "StartTime": clock::utc(now.saturating_sub(WINDOW_HOURS * HOUR)),
            "EndTime": clock::utc(now),
            "Hours": WINDOW_HOURS,
        },
        "Metrics": of(None).answer(),
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
    }

    /// What Postmark answers where nothing was sent is not documented. Nothing failed either, so the
    /// rate is 100 here, and the average time 0.
    fn answer(self) -> Value {
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
            "RetryCount": 0,
            "SuccessRate": rate,
            "SlowCount": self.slow,
            "VerySlowCount": self.very_slow,
            "AverageTerminalResponseTimeMs": self.milliseconds.checked_div(self.requests).unwrap_or(0),
            "AverageRetryResponseTimeMs": null,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::seed;
    use super::*;

    fn probed(status: u16, seconds: u64) -> Probed {
        Probed { trigger: "Open", answer: Ok(status), took: Duration::from_secs(seconds) }
    }

    fn webhook() -> (Server, Webhook) {
        let server = seed::server();
        let webhook = server.webhooks[0].clone();
        (server, webhook)
    }

    #[test]
    fn slow_and_failed_requests_are_counted_and_times_averaged() {
        let (server, mut webhook) = webhook();
        let now = 1_000 * HOUR;
        count(&mut webhook.hours, &[probed(200, 1), probed(500, 5)], now);
        count(&mut webhook.hours, &[probed(200, 15)], now + HOUR);
        let metrics = report(&server, &webhook, now + HOUR)["Metrics"].clone();
        assert_eq!(metrics["TotalRequests"], 3);
        assert_eq!(metrics["SuccessCount"], 2);
        assert_eq!(metrics["FailureCount"], 1);
        assert_eq!(metrics["SuccessRate"], 66.7);
        assert_eq!(metrics["SlowCount"], 2);
        assert_eq!(metrics["VerySlowCount"], 1);
        assert_eq!(metrics["AverageTerminalResponseTimeMs"], 7_000);
    }

    #[test]
    fn what_is_older_than_the_window_is_not_counted_and_at_last_forgotten() {
        let (server, mut webhook) = webhook();
        let now = 1_000 * HOUR;
        count(&mut webhook.hours, &[probed(200, 0)], now);
        let total = |webhook: &Webhook, now| {
            report(&server, webhook, now)["Metrics"]["TotalRequests"].clone()
        };
        assert_eq!(total(&webhook, now + WINDOW_HOURS * HOUR), 1);
        assert_eq!(total(&webhook, now + (WINDOW_HOURS + 1) * HOUR), 0);
        count(&mut webhook.hours, &[probed(200, 0)], now + (WINDOW_HOURS + 1) * HOUR);
        assert_eq!(webhook.hours.len(), 1);
    }
}
