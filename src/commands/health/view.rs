//! How health looks: a row per webhook; as JSON the findings; as metrics the numbers.

use serde_json::{Value, json};

use super::{metrics, rows};
use crate::commands::Context;
use crate::model::{Finding, ProfileName};
use crate::ops::health::{Checkup, Demands};
use crate::ui::{Column, Table, Tone, View, findings};

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
        let webhooks: Vec<_> = self.checkups.iter().map(|c| rows::to_json(self, c)).collect();
        json!({ "Findings": findings, "Summary": summary, "Webhooks": webhooks })
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for checkup in &self.checkups {
            table.row(rows::cells(self, checkup));
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
