//! How health looks: a row per webhook; as JSON the findings; as metrics the numbers.

use serde_json::{Value, json};

use super::metrics;
use crate::commands::Context;
use crate::model::{Finding, ProfileName, Trigger};
use crate::ops::health::{Checkup, Demands, percent};
use crate::ui::{Cell, Column, Table, Tone, View, findings};

/// What was looked at, and found.
pub struct Health {
    /// The webhooks, in Postmark's order.
    pub checkups: Vec<Checkup>,
    /// What is found where there are none.
    pub nothing: Option<Finding>,
    /// What was looked for.
    pub demands: Demands,
    /// How many webhooks could not be looked at.
    pub unread: usize,
    /// Whose they are.
    pub profile: Option<ProfileName>,
}

impl Health {
    /// All findings, in the order of the webhooks.
    pub fn findings(&self) -> Vec<&Finding> {
        self.checkups.iter().flat_map(|checkup| &checkup.findings).chain(&self.nothing).collect()
    }

    /// What to do about each finding. JSON says it in its place.
    pub fn advise(&self, cx: &Context) {
        for finding in self.findings() {
            let about = finding.webhook.as_ref().map(|w| format!("webhook {}: ", w.id));
            let about = about.unwrap_or_default();
            let level = cx.ui.err_tone(findings::tone(finding.level), finding.level.name());
            let label = cx.ui.err_tone(Tone::Strong, "fix:");
            cx.ui.note(&format!("{level}: {about}{} [{}]", finding.message, finding.rule));
            cx.ui.note(&format!("  {label} {}", finding.fix));
        }
    }

    fn row(&self, checkup: &Checkup) -> Vec<Cell> {
        let webhook = &checkup.webhook;
        let total = checkup.statistics.total();
        let share = |share: Option<f64>, is_good: fn(f64, &Demands) -> bool| match share {
            Some(share) if is_good(share, &self.demands) => {
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
            self.triggers(checkup),
            Cell::new(total.requests().map_or("-".to_owned(), |n| n.to_string())),
            share(total.success_rate(), |share, demands| share >= demands.min_success),
            share(total.slow_share(), |share, _| share < 10.0),
            rules,
        ]
    }

    fn triggers(&self, checkup: &Checkup) -> Cell {
        let triggers = checkup.triggers(&self.demands);
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

    fn webhook_json(&self, checkup: &Checkup) -> Value {
        let webhook = &checkup.webhook;
        let total = checkup.statistics.total();
        let trigger = |trigger: &String| {
            let metrics = checkup.statistics.of(trigger);
            json!({
                "TriggerType": trigger,
                "Status": checkup.statistics.status(trigger),
                "TotalRequests": metrics.raw("TotalRequests"),
                "SuccessRate": metrics.success_rate(),
                "SlowShare": metrics.slow_share(),
            })
        };
        json!({
            "ID": webhook.id.0,
            "Url": webhook.url.masked(),
            "MessageStream": webhook.message_stream.as_str(),
            "Profile": self.profile.as_ref().map(ProfileName::as_str),
            "Status": webhook.status,
            "TotalRequests": total.raw("TotalRequests"),
            "SuccessRate": total.success_rate(),
            "SlowShare": total.slow_share(),
            "Triggers": checkup.triggers(&self.demands).iter().map(trigger).collect::<Vec<_>>(),
        })
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

impl View for Health {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::new("stream", "MessageStream"),
        Column::hidden("url", "Url"),
        Column::new("status", "Status"),
        Column::new("triggers", "Triggers"),
        Column::new("requests", "TotalRequests"),
        Column::new("success", "SuccessRate"),
        Column::new("slow", "SlowShare"),
        Column::new("findings", "Findings"),
    ];
    const HAS_METRICS: bool = true;

    fn json(&self) -> Value {
        let (findings, mut summary) = findings::to_json(&self.findings());
        if let Value::Object(summary) = &mut summary {
            let healthy = self.checkups.iter().filter(|c| c.findings.is_empty()).count();
            summary.insert("Webhooks".to_owned(), (self.checkups.len() + self.unread).into());
            summary.insert("Healthy".to_owned(), healthy.into());
            summary.insert("Unread".to_owned(), self.unread.into());
        }
        let webhooks: Vec<_> = self.checkups.iter().map(|c| self.webhook_json(c)).collect();
        json!({ "Findings": findings, "Summary": summary, "Webhooks": webhooks })
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for checkup in &self.checkups {
            table.row(self.row(checkup));
        }
        table
    }

    /// Those with findings, to go on with.
    fn ids(&self) -> Vec<String> {
        let found = self.checkups.iter().filter(|checkup| !checkup.findings.is_empty());
        found.map(|checkup| checkup.webhook.id.to_string()).collect()
    }

    fn nothing(&self) -> &'static str {
        "No webhooks here."
    }

    fn metrics(&self) -> String {
        metrics::render(self)
    }
}
