//! The numbers of `health` for a monitoring system. Labels hold masked URLs and no secrets.

use super::rows::unique;
use super::view::Health;
use crate::term::prometheus::Metric;

/// The metrics of what was looked at, in Prometheus's text format.
#[allow(clippy::cast_precision_loss)] // Counts of webhooks, far below 2^52.
pub(super) fn render(health: &Health) -> String {
    let gauge = Metric::gauge;
    let mut all_found = gauge("pmhooks_findings", "How much pmhooks health found.");
    let mut found = gauge("pmhooks_webhook_findings", "What was found of a webhook, by rule.");
    let mut unread = gauge("pmhooks_webhooks_unread", "Webhooks that could not be looked at.");
    let mut verified =
        gauge("pmhooks_webhook_verified", "Whether Postmark has verified the webhook.");
    let mut active = gauge(
        "pmhooks_trigger_verified",
        "Whether the trigger is verified; if not, its events are paused.",
    );
    let mut requests = gauge("pmhooks_trigger_requests", "Requests of the last 24 hours.");
    let mut failures = gauge("pmhooks_trigger_failures", "Failed requests of the last 24 hours.");
    let mut retries = gauge("pmhooks_trigger_retries", "Repeated requests of the last 24 hours.");
    let mut success = gauge(
        "pmhooks_trigger_success_ratio",
        "Share of requests of the last 24 hours that succeeded.",
    );
    let mut slow = gauge(
        "pmhooks_trigger_slow_ratio",
        "Share of answers of the last 24 hours that were slow.",
    );
    let mut time = gauge(
        "pmhooks_trigger_response_seconds",
        "Average time of an answer in the last 24 hours.",
    );
    let mut answered = gauge("pmhooks_profile_answered", "Whether the profile could be asked.");
    for server in health.servers.iter().filter(|_| health.several) {
        answered.add(&[("profile", server.name())], Some(1.0));
    }
    for name in &health.silent {
        answered.add(&[("profile", name)], Some(0.0));
    }
    for server in &health.servers {
        let of = [("profile", server.name())];
        unread.add(&of, Some(server.unread as f64));
        all_found.add(&of, Some(server.findings().count() as f64));
    }
    let yes = |status: Option<&str>| status.map(|s| if s == "verified" { 1.0 } else { 0.0 });
    for (server, checkup) in health.checkups() {
        let profile = server.name();
        let webhook = &checkup.webhook;
        let (id, url) = (webhook.id.to_string(), webhook.url.masked());
        let stream = webhook.message_stream.as_str();
        let own = [("profile", profile), ("id", &id), ("stream", stream), ("url", &url)];
        verified.add(&own, yes(webhook.status.as_deref()));
        for rule in unique(checkup.findings.iter().map(|f| f.rule).collect()) {
            let count = checkup.findings.iter().filter(|f| f.rule == rule).count();
            let [a, b, c, d] = own;
            found.add(&[a, b, c, d, ("rule", rule)], Some(count as f64));
        }
        for trigger in checkup.triggers(&health.demands) {
            let [a, b, c, d] = own;
            let labels = [a, b, c, d, ("trigger", trigger.as_str())];
            let metrics = checkup.statistics.of(&trigger);
            active.add(&labels, yes(checkup.statistics.status(&trigger)));
            requests.add(&labels, metrics.number("TotalRequests"));
            failures.add(&labels, metrics.number("FailureCount"));
            retries.add(&labels, metrics.number("RetryCount"));
            success.add(&labels, metrics.success_rate().map(|rate| rate / 100.0));
            slow.add(&labels, metrics.slow_share().map(|share| share / 100.0));
            let average = metrics.number("AverageTerminalResponseTimeMs");
            time.add(&labels, average.map(|ms| ms / 1000.0));
        }
    }
    let all = [
        answered, unread, all_found, found, verified, active, requests, failures, retries, success,
        slow, time,
    ];
    all.iter().map(Metric::render).collect()
}
