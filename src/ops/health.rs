//! Judges the health of webhooks by their status and statistics. Sends nothing.

use super::session;
use crate::config::profile::ProfileName;
use crate::ops::finding::{Finding, Level};
use crate::postmark::{Statistics, Trigger, Webhook};

/// Share of slow answers that is worth a warning, in percent.
const MAX_SLOW_SHARE: f64 = 10.0;

/// Limits between healthy and not, and what is checked.
#[derive(Clone, Debug)]
pub(crate) struct HealthOptions {
    /// Minimum success rate, in percent.
    pub(crate) min_success: f64,
    /// Triggers to check. If empty, all.
    pub(crate) only: Vec<Trigger>,
}

/// A webhook with its statistics and findings.
#[derive(Clone, Debug)]
pub(crate) struct WebhookHealth {
    pub(crate) webhook: Webhook,
    /// The last 24 hours.
    pub(crate) statistics: Statistics,
    pub(crate) findings: Vec<Finding>,
}

impl HealthOptions {
    /// True if the trigger with this key is checked.
    fn includes_trigger(&self, trigger: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|t| t.key() == trigger)
    }

    /// True if the webhook has a checked trigger on.
    pub(crate) fn includes(&self, webhook: &Webhook) -> bool {
        self.only.is_empty() || self.only.iter().any(|t| webhook.triggers.get(*t).enabled)
    }
}

impl WebhookHealth {
    /// Checks a webhook.
    pub(crate) fn new(
        webhook: Webhook,
        statistics: Statistics,
        options: &HealthOptions,
        profile: Option<&ProfileName>,
    ) -> Self {
        let pmhooks = session::command(profile);
        let mut health = Self { webhook, statistics, findings: Vec::new() };
        health.findings = health.check(options, profile, &pmhooks);
        health
    }

    /// Keys of the checked triggers that are on.
    pub(crate) fn triggers(&self, options: &HealthOptions) -> Vec<String> {
        let known = Trigger::ALL.into_iter().filter(|t| self.webhook.triggers.get(*t).enabled);
        let known = known.map(|t| t.key().to_owned());
        let other = self.webhook.triggers.other_enabled().map(str::to_owned);
        known.chain(other).filter(|key| options.includes_trigger(key)).collect()
    }

    fn check(
        &self,
        options: &HealthOptions,
        profile: Option<&ProfileName>,
        pmhooks: &str,
    ) -> Vec<Finding> {
        let id = self.webhook.id;
        let mut found = Vec::new();
        let mut add = |rule, level, message: String, fix: String| {
            let (webhook, profile) = (Some(self.webhook.clone()), profile.cloned());
            found.push(Finding { rule, level, webhook, profile, message, fix });
        };
        let fix_endpoint =
            || format!("`{pmhooks} test {id}`, mend the endpoint, then `{pmhooks} verify {id}`");
        let triggers = self.triggers(options);
        if self.webhook.triggers.enabled().is_empty()
            && self.webhook.triggers.other_enabled().next().is_none()
        {
            let fix = format!("`{pmhooks} edit {id} --on TRIGGER,...`, or `{pmhooks} delete {id}`");
            add("silent", Level::Warning, "no trigger is on: it gets nothing".into(), fix);
            return found;
        }
        let (paused, fine): (Vec<_>, Vec<_>) = triggers
            .iter()
            .partition(|t| self.statistics.status(t).is_some_and(|status| status != "verified"));
        let is_unverified = self.webhook.status.as_deref().is_some_and(|s| s != "verified");
        if is_unverified && fine.iter().all(|t| self.statistics.status(t).is_none()) {
            let message = "it is not verified: it gets no events".to_owned();
            add("unverified", Level::Error, message, fix_endpoint());
        } else {
            for trigger in paused {
                let status = self.statistics.status(trigger).unwrap_or_default();
                let message =
                    format!("{} is {status}: its events are paused", Trigger::shown(trigger));
                add("paused", Level::Error, message, fix_endpoint());
            }
        }
        for trigger in &triggers {
            self.check_statistics(trigger, options, pmhooks, &mut add);
        }
        found
    }

    /// Checks the success rate and the slow answers of one trigger.
    fn check_statistics(
        &self,
        trigger: &str,
        options: &HealthOptions,
        pmhooks: &str,
        add: &mut impl FnMut(&'static str, Level, String, String),
    ) {
        let id = self.webhook.id;
        let (metrics, name) = (self.statistics.of(trigger), Trigger::shown(trigger));
        if let Some(rate) = metrics.success_rate().filter(|rate| *rate < options.min_success) {
            let requests = metrics.requests().unwrap_or_default();
            let failed = metrics.number("FailureCount").map(|n| format!(", {n} failed"));
            let failed = failed.unwrap_or_default();
            let message = format!(
                "{name}: {rate}% of {requests} requests succeeded{failed}; {}% are demanded",
                options.min_success
            );
            let fix = format!(
                "`{pmhooks} test {id}`, and the endpoint's log; `{pmhooks} stats {id}` has more"
            );
            add("failing", Level::Error, message, fix);
        }
        if let Some(share) = metrics.slow_share().filter(|share| *share >= MAX_SLOW_SHARE) {
            let message = format!("{name}: {} of its answers are slow", percent(share));
            let fix = "answer at once and do the work afterwards".to_owned();
            add("slow", Level::Warning, message, fix);
        }
    }
}

/// The finding for a server without webhooks: monitoring expects at least one.
pub(crate) fn no_webhooks(profile: Option<&ProfileName>) -> Finding {
    let pmhooks = session::command(profile);
    Finding {
        rule: "no-webhooks",
        level: Level::Warning,
        webhook: None,
        profile: profile.cloned(),
        message: "there is no webhook to look at".to_owned(),
        fix: format!(
            "`{pmhooks} list` shows what is there, `{pmhooks} whoami` which server this is"
        ),
    }
}

/// `99.5%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{}%", (share * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rules(webhook: Value, statistics: Value, only: &[Trigger]) -> Vec<&'static str> {
        let mut whole = json!({"ID": 5, "Url": "https://h/", "MessageStream": "outbound",
            "Triggers": {"Bounce": {"Enabled": true}, "Delivery": {"Enabled": true}}});
        for (key, value) in webhook.as_object().unwrap() {
            whole[key] = value.clone();
        }
        let options = HealthOptions { min_success: 99.0, only: only.to_vec() };
        let (webhook, statistics) =
            (serde_json::from_value(whole).unwrap(), serde_json::from_value(statistics).unwrap());
        let health = WebhookHealth::new(webhook, statistics, &options, None);
        health.findings.iter().map(|f| f.rule).collect()
    }

    #[test]
    fn each_rule_reports_its_own_findings_only() {
        let good = json!({"Statuses": {"Bounce": "verified", "Delivery": "verified"},
            "MetricsByTrigger": {"Bounce": {"TotalRequests": 10, "SuccessRate": 99.0, "SlowCount": 0}}});
        assert_eq!(rules(json!({"Status": "verified"}), good.clone(), &[]), [""; 0]);
        assert_eq!(rules(json!({}), json!({}), &[]), [""; 0], "nothing is known");
        assert_eq!(rules(json!({"Triggers": {}}), json!({}), &[]), ["silent"]);
        let unverified = json!({"Statuses": {"Bounce": "unverified", "Delivery": "unverified"}});
        assert_eq!(rules(json!({"Status": "unverified"}), unverified, &[]), ["unverified"]);
        let paused = json!({"Statuses": {"Bounce": "unverified", "Delivery": "verified"}});
        for status in ["verified", "unverified"] {
            assert_eq!(rules(json!({"Status": status}), paused.clone(), &[]), ["paused"]);
        }
        assert_eq!(rules(json!({}), paused, &[Trigger::Delivery]), [""; 0], "not of interest");
        let bad = json!({"MetricsByTrigger": {
            "Bounce": {"TotalRequests": 10, "SuccessRate": 98.9, "SlowCount": 1},
            "Delivery": {"TotalRequests": 0, "SuccessRate": 0.0},
            "Open": {"TotalRequests": 9, "SuccessRate": 0.0}}});
        assert_eq!(rules(json!({}), bad, &[]), ["failing", "slow"]);
    }
}
