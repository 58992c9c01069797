//! Delivery statistics of a webhook: the last 24 hours.

use serde::Deserialize;
use serde_json::Value;

use super::{Object, Reveal, Trigger, mask};

/// Response of `GET /webhooks/{Id}/statistics`, with every key as returned by Postmark.
///
/// Any key may be missing; not every trigger is listed.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Statistics(Object);

/// Metrics of one trigger, or of all triggers together.
#[derive(Clone, Copy, Debug)]
pub struct Metrics<'a>(Option<&'a Object>);

impl Statistics {
    /// Postmark's object.
    pub fn to_json(&self, reveal: Reveal) -> Value {
        let mut object = self.0.clone();
        mask::object(&mut object, reveal);
        Value::Object(object)
    }

    /// `WebhookId`, as returned by Postmark.
    pub fn webhook_id(&self) -> Option<i64> {
        self.0.get("WebhookId").and_then(Value::as_i64)
    }

    /// Metrics of all triggers together.
    pub fn total(&self) -> Metrics<'_> {
        Metrics(self.0.get("Metrics").and_then(Value::as_object))
    }

    /// Metrics of a trigger.
    pub fn of(&self, trigger: &str) -> Metrics<'_> {
        let all = self.0.get("MetricsByTrigger");
        Metrics(all.and_then(|all| all.get(trigger)).and_then(Value::as_object))
    }

    /// Status of a trigger: `verified` or `unverified`. Postmark sets a trigger that keeps failing to
    /// unverified and pauses its events.
    pub fn status(&self, trigger: &str) -> Option<&str> {
        self.0.get("Statuses").and_then(|all| all.get(trigger)).and_then(Value::as_str)
    }

    /// Triggers that are listed: in Postmark's order, then unknown ones.
    pub fn triggers(&self) -> Vec<&str> {
        let keys = |key: &str| {
            self.0.get(key).and_then(Value::as_object).into_iter().flat_map(Object::keys)
        };
        let mut named: Vec<&str> = Vec::new();
        for key in keys("Statuses").chain(keys("MetricsByTrigger")) {
            if !named.contains(&key.as_str()) {
                named.push(key);
            }
        }
        let place = |key: &&str| {
            Trigger::ALL.iter().position(|t| t.key() == *key).unwrap_or(Trigger::ALL.len())
        };
        named.sort_by_key(place);
        named
    }
}

impl Metrics<'_> {
    /// Number of a key. `None` if it is missing or null.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.0?.get(key)?.as_f64()
    }

    /// Value of a key, as returned by Postmark.
    pub fn raw(&self, key: &str) -> Option<&Value> {
        self.0?.get(key)
    }

    /// Number of requests.
    pub fn requests(&self) -> Option<f64> {
        self.number("TotalRequests")
    }

    /// Success rate in percent. `None` without requests.
    pub fn success_rate(&self) -> Option<f64> {
        self.number("SuccessRate").filter(|_| self.requests() != Some(0.0))
    }

    /// Share of slow and very slow requests in percent. `None` without requests.
    pub fn slow_share(&self) -> Option<f64> {
        let requests = self.requests().filter(|n| *n > 0.0)?;
        let slow = self.number("SlowCount")? + self.number("VerySlowCount").unwrap_or(0.0);
        Some(slow / requests * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn missing_keys_are_none_and_unknown_keys_are_kept() {
        let given = json!({
            "WebhookId": 5, "New": {"X": 1},
            "Statuses": {"Delivery": "verified", "Telepathy": "asleep", "Bounce": "unverified"},
            "MetricsByTrigger": {"Open": {"TotalRequests": 0, "SuccessRate": 100.0}},
        });
        let statistics: Statistics = serde_json::from_value(given.clone()).unwrap();
        assert_eq!(statistics.to_json(Reveal::Masked), given);
        assert_eq!(statistics.triggers(), ["Open", "Delivery", "Bounce", "Telepathy"]);
        assert_eq!(statistics.total().requests(), None);
        assert_eq!(statistics.of("Open").success_rate(), None, "none were made");
        assert_eq!(statistics.status("Bounce"), Some("unverified"));
    }

    #[test]
    fn slow_share_includes_very_slow_requests() {
        let given = json!({"Metrics": {"TotalRequests": 200, "SlowCount": 7, "VerySlowCount": 3}});
        let statistics: Statistics = serde_json::from_value(given).unwrap();
        assert_eq!(statistics.total().slow_share(), Some(5.0));
    }
}
