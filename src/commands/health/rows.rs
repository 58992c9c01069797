//! A webhook of `health`: a row of a table, or an object.

use serde::Serialize;
use serde_json::Value;

use super::view::{Health, Server};
use crate::commands::findings;
use crate::config::profile::ProfileName;
use crate::ops::health::{HealthOptions, WebhookHealth, percent};
use crate::postmark::{StreamId, Trigger, WebhookId};
use crate::term::{Cell, Tone};

/// The cells of a webhook.
pub(super) fn cells(health: &Health, checkup: &WebhookHealth) -> Vec<Cell> {
    let webhook = &checkup.webhook;
    let total = checkup.statistics.total();
    let share = |share: Option<f64>, is_good: fn(f64, &HealthOptions) -> bool| match share {
        Some(share) if is_good(share, &health.demands) => {
            Cell::new(percent(share)).tone(Tone::Good)
        }
        Some(share) => Cell::new(percent(share)).tone(Tone::Bad),
        None => Cell::new("-").tone(Tone::Faint),
    };
    let rules: Vec<_> = checkup.findings.iter().map(|f| f.rule).collect();
    let worst = checkup.findings.iter().map(|f| f.level).max();
    let rules = match worst {
        None => Cell::new("none").tone(Tone::Good),
        Some(level) => Cell::new(unique(rules).join(", ")).tone(findings::tone(level)),
    };
    vec![
        Cell::new(webhook.id.to_string()),
        Cell::new(webhook.message_stream.as_str()),
        Cell::new(webhook.url.masked()),
        status(webhook.status.as_deref()),
        triggers(health, checkup),
        Cell::new(total.requests().map_or("-".to_owned(), |n| n.to_string())),
        share(total.success_rate(), |share, demands| share >= demands.min_success),
        share(total.slow_share(), |share, _| share < 10.0),
        rules,
    ]
}

fn triggers(health: &Health, checkup: &WebhookHealth) -> Cell {
    let triggers = checkup.triggers(&health.demands);
    let word = |trigger: &String| {
        let name = Trigger::shown(trigger);
        match checkup.statistics.status(trigger) {
            None | Some("verified") => (name.to_owned(), true),
            Some(status) => (format!("{name} ({status})"), false),
        }
    };
    let words: Vec<_> = triggers.iter().map(word).collect();
    let tone = if words.iter().all(|(_, fine)| *fine) { Tone::Plain } else { Tone::Bad };
    let words: Vec<_> = words.into_iter().map(|(word, _)| word).collect();
    let text = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
    Cell::new(text).tone(tone)
}

/// A webhook with its numbers, in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WebhookObject<'a> {
    #[serde(rename = "ID")]
    id: WebhookId,
    /// Masked.
    url: String,
    message_stream: &'a StreamId,
    profile: Option<&'a ProfileName>,
    status: Option<&'a str>,
    /// As Postmark wrote it.
    total_requests: Option<Value>,
    success_rate: Option<f64>,
    slow_share: Option<f64>,
    triggers: Vec<TriggerObject<'a>>,
}

/// A trigger with its numbers, in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TriggerObject<'a> {
    trigger_type: String,
    status: Option<&'a str>,
    /// As Postmark wrote it.
    total_requests: Option<Value>,
    success_rate: Option<f64>,
    slow_share: Option<f64>,
}

/// A webhook with its numbers.
pub(super) fn object<'a>(
    demands: &HealthOptions,
    server: &'a Server,
    checkup: &'a WebhookHealth,
) -> WebhookObject<'a> {
    let webhook = &checkup.webhook;
    let total = checkup.statistics.total();
    let trigger = |trigger: String| {
        let metrics = checkup.statistics.of(&trigger);
        TriggerObject {
            status: checkup.statistics.status(&trigger),
            total_requests: metrics.raw("TotalRequests").cloned(),
            success_rate: metrics.success_rate(),
            slow_share: metrics.slow_share(),
            trigger_type: trigger,
        }
    };
    WebhookObject {
        id: webhook.id,
        url: webhook.url.masked(),
        message_stream: &webhook.message_stream,
        profile: server.profile.as_ref(),
        status: webhook.status.as_deref(),
        total_requests: total.raw("TotalRequests").cloned(),
        success_rate: total.success_rate(),
        slow_share: total.slow_share(),
        triggers: checkup.triggers(demands).into_iter().map(trigger).collect(),
    }
}

/// Each rule once.
pub(super) fn unique(rules: Vec<&'static str>) -> Vec<&'static str> {
    let mut seen = Vec::new();
    for rule in rules {
        if !seen.contains(&rule) {
            seen.push(rule);
        }
    }
    seen
}

fn status(status: Option<&str>) -> Cell {
    match status {
        Some("verified") => Cell::new("verified").tone(Tone::Good),
        Some(other) => Cell::new(other).tone(Tone::Bad),
        None => Cell::new("-").tone(Tone::Faint),
    }
}
