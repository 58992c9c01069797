//! How the webhooks of a server fare, by what Postmark says of them: pure decisions.

use super::session;
use crate::config::profile::ProfileName;
use crate::ops::finding::{Finding, Level};
use crate::postmark::{Statistics, Trigger, Webhook};

/// From this share on slow answers are worth a warning, in percent.
const MUCH_SLOW: f64 = 10.0;

/// A rule, its weight, what it found and what to do.
type Found = (&'static str, Level, String, String);

/// What counts as well.
#[derive(Clone, Debug)]
pub struct Demands {
    /// The least success rate, in percent.
    pub min_success: f64,
    /// Only these triggers; all where it is empty.
    pub only: Vec<Trigger>,
}

/// A webhook, what Postmark sent to it, and what is to be found in that.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// The webhook.
    pub webhook: Webhook,
    /// Its last 24 hours.
    pub statistics: Statistics,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Demands {
    /// True where a trigger, by its key, is to be looked at.
    pub fn is_about(&self, trigger: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|t| t.key() == trigger)
    }

    /// True where a webhook is to be looked at.
    pub fn concerns(&self, webhook: &Webhook) -> bool {
        self.only.is_empty() || self.only.iter().any(|t| webhook.triggers.get(*t).enabled)
    }
}

impl Checkup {
    /// Looks at a webhook.
    pub fn new(
        webhook: Webhook,
        statistics: Statistics,
        demands: &Demands,
        profile: Option<&ProfileName>,
    ) -> Self {
        let pmhooks = session::command(profile);
        let mut checkup = Self { webhook, statistics, findings: Vec::new() };
        let found = checkup.look(demands, &pmhooks);
        checkup.findings = found
            .into_iter()
            .map(|(rule, level, message, fix)| Finding {
                rule,
                level,
                webhook: Some(checkup.webhook.clone()),
                profile: profile.cloned(),
                message,
                fix,
            })
            .collect();
        checkup
    }

    /// The triggers that are on and of interest, by their keys.
    pub fn triggers(&self, demands: &Demands) -> Vec<String> {
        let known = Trigger::ALL.into_iter().filter(|t| self.webhook.triggers.get(*t).enabled);
        let known = known.map(|t| t.key().to_owned());
        let other = self.webhook.triggers.other_enabled().map(str::to_owned);
        known.chain(other).filter(|key| demands.is_about(key)).collect()
    }

    fn look(&self, demands: &Demands, pmhooks: &str) -> Vec<Found> {
        let id = self.webhook.id;
        let mut found = Vec::new();
        let mend =
            || format!("`{pmhooks} test {id}`, mend the endpoint, then `{pmhooks} verify {id}`");
        let triggers = self.triggers(demands);
        if self.webhook.triggers.enabled().is_empty()
            && self.webhook.triggers.other_enabled().next().is_none()
        {
            let fix = format!("`{pmhooks} edit {id} --on TRIGGER,...`, or `{pmhooks} delete {id}`");
            found.push(("silent", Level::Warning, "no trigger is on: it gets nothing".into(), fix));
            return found;
        }
        let (paused, fine): (Vec<_>, Vec<_>) = triggers
            .iter()
            .partition(|t| self.statistics.status(t).is_some_and(|status| status != "verified"));
        let is_unverified = self.webhook.status.as_deref().is_some_and(|s| s != "verified");
        if is_unverified && fine.iter().all(|t| self.statistics.status(t).is_none()) {
            let message = "it is not verified: it gets no events".to_owned();
            found.push(("unverified", Level::Error, message, mend()));
        } else {
            for trigger in paused {
                let status = self.statistics.status(trigger).unwrap_or_default();
                let message =
                    format!("{} is {status}: its events are paused", Trigger::shown(trigger));
                found.push(("paused", Level::Error, message, mend()));
            }
        }
        for trigger in &triggers {
            found.extend(self.numbers(trigger, demands, pmhooks));
        }
        found
    }

    /// What the numbers of a trigger say.
    fn numbers(&self, trigger: &str, demands: &Demands, pmhooks: &str) -> Vec<Found> {
        let id = self.webhook.id;
        let (metrics, name) = (self.statistics.of(trigger), Trigger::shown(trigger));
        let mut found = Vec::new();
        if let Some(rate) = metrics.success_rate().filter(|rate| *rate < demands.min_success) {
            let requests = metrics.requests().unwrap_or_default();
            let failed = metrics.number("FailureCount").map(|n| format!(", {n} failed"));
            let failed = failed.unwrap_or_default();
            let message = format!(
                "{name}: {rate}% of {requests} requests succeeded{failed}; {}% are demanded",
                demands.min_success
            );
            let fix = format!(
                "`{pmhooks} test {id}`, and the endpoint's log; `{pmhooks} stats {id}` has more"
            );
            found.push(("failing", Level::Error, message, fix));
        }
        if let Some(share) = metrics.slow_share().filter(|share| *share >= MUCH_SLOW) {
            let message = format!("{name}: {} of its answers are slow", percent(share));
            let fix = "answer at once and do the work afterwards".to_owned();
            found.push(("slow", Level::Warning, message, fix));
        }
        found
    }
}

/// What is found where there is nothing to look at: somebody who watches webhooks expects some.
pub fn nothing_there(profile: Option<&ProfileName>) -> Finding {
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
pub fn percent(share: f64) -> String {
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
        let demands = Demands { min_success: 99.0, only: only.to_vec() };
        let (webhook, statistics) =
            (serde_json::from_value(whole).unwrap(), serde_json::from_value(statistics).unwrap());
        let checkup = Checkup::new(webhook, statistics, &demands, None);
        checkup.findings.iter().map(|f| f.rule).collect()
    }

    #[test]
    fn each_rule_finds_its_own() {
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
