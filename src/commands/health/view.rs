//! How health looks: a row per webhook; as JSON the findings; as metrics the numbers.

use serde_json::{Value, json};

use super::{metrics, rows};
use crate::commands::{Context, findings};
use crate::config::profile::ProfileName;
use crate::ops::finding::Finding;
use crate::ops::health::{HealthOptions, WebhookHealth};
use crate::term::{Cell, Column, Report, Table, Tone};

/// What was looked at, and found.
pub struct Health {
    /// The servers, in the order in which their profiles are named.
    pub servers: Vec<Server>,
    /// What was looked for.
    pub demands: HealthOptions,
    /// Whether there are several.
    pub several: bool,
    /// The profiles that did not answer.
    pub silent: Vec<String>,
}

/// What was looked at of one server.
pub struct Server {
    /// The webhooks, in Postmark's order.
    pub checkups: Vec<WebhookHealth>,
    /// What is found where there are none.
    pub nothing: Option<Finding>,
    /// How many webhooks could not be looked at.
    pub unread: usize,
    /// Whose they are.
    pub profile: Option<ProfileName>,
}

impl Server {
    /// The profile's name; empty where the token came from the environment.
    pub fn name(&self) -> &str {
        self.profile.as_ref().map_or("", ProfileName::as_str)
    }

    /// Its findings, to be completed.
    pub fn findings_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.checkups.iter_mut().flat_map(|checkup| &mut checkup.findings).chain(&mut self.nothing)
    }

    /// Its findings, in the order of the webhooks.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.checkups.iter().flat_map(|checkup| &checkup.findings).chain(&self.nothing)
    }
}

impl Health {
    /// All findings, in the order of the webhooks.
    pub fn findings(&self) -> Vec<&Finding> {
        self.servers.iter().flat_map(Server::findings).collect()
    }

    /// How many webhooks there are, those that could not be looked at too.
    pub fn webhooks(&self) -> usize {
        self.servers.iter().map(|server| server.checkups.len() + server.unread).sum()
    }

    /// Every webhook, with whose it is.
    pub fn checkups(&self) -> impl Iterator<Item = (&Server, &WebhookHealth)> {
        self.servers.iter().flat_map(|server| server.checkups.iter().map(move |c| (server, c)))
    }

    /// What to do about each finding. JSON says it in its place.
    pub fn advise(&self, cx: &Context) {
        for finding in self.findings() {
            let about = finding.webhook.as_ref().map(|w| format!("webhook {}: ", w.id));
            let whose = finding.profile.as_ref().filter(|_| self.several);
            let whose = whose.map(|name| format!("{name}: ")).unwrap_or_default();
            let about = whose + &about.unwrap_or_default();
            let tone = findings::tone(finding.level);
            let sentence = format!("{about}{} [{}]", finding.message, finding.rule);
            cx.ui.labelled(tone, &format!("{}:", finding.level.name()), &sentence);
            cx.ui.labelled(Tone::Strong, "  fix:", &finding.fix);
        }
    }
}

impl Report for Health {
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
    const HAS_PROFILES: bool = true;

    fn json(&self) -> Value {
        let (findings, mut summary) = findings::to_json(&self.findings());
        if let Value::Object(summary) = &mut summary {
            let healthy = self.checkups().filter(|(_, c)| c.findings.is_empty()).count();
            let unread: usize = self.servers.iter().map(|server| server.unread).sum();
            summary.insert("Webhooks".to_owned(), self.webhooks().into());
            summary.insert("Healthy".to_owned(), healthy.into());
            summary.insert("Unread".to_owned(), unread.into());
            if self.several {
                let profiles = self.servers.len() + self.silent.len();
                summary.insert("Profiles".to_owned(), profiles.into());
                summary.insert("UnreadProfiles".to_owned(), self.silent.len().into());
            }
        }
        let webhooks: Vec<_> = self.checkups().map(|(s, c)| rows::to_json(self, s, c)).collect();
        json!({ "Findings": findings, "Summary": summary, "Webhooks": webhooks })
    }

    fn table(&self) -> Table {
        // With whose it is, all of it is too wide for a terminal of 80.
        let is_spare = |column: &Column| self.several && ["stream", "slow"].contains(&column.key);
        let narrowed = |c: &Column| Column { shown: c.shown && !is_spare(c), ..*c };
        let columns: Vec<_> = Self::COLUMNS.iter().map(narrowed).collect();
        let tables = self.servers.iter().map(|server| {
            let mut table = Table::new(&columns);
            for checkup in &server.checkups {
                table.row(rows::cells(self, checkup));
            }
            (Cell::new(server.name()), table)
        });
        Table::by_profile(tables, self.several)
    }

    /// Those with findings, to go on with.
    fn ids(&self) -> Vec<String> {
        let found = self.checkups().filter(|(_, checkup)| !checkup.findings.is_empty());
        found.map(|(_, checkup)| checkup.webhook.id.to_string()).collect()
    }

    fn nothing(&self) -> &'static str {
        "No webhooks here."
    }

    fn metrics(&self) -> String {
        metrics::render(self)
    }
}
