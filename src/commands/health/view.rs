//! How health looks: a row per webhook; as JSON the findings; as metrics the numbers.

use serde::{Serialize, Serializer};

use super::metrics;
use super::rows::{self, WebhookObject};
use crate::commands::Context;
use crate::commands::findings::{self, FindingObject, LevelCounts};
use crate::config::profile::ProfileName;
use crate::ops::finding::Finding;
use crate::ops::health::{HealthOptions, WebhookHealth};
use crate::term::{Column, Format, Report, Row, Tone};

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

/// What was found, in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HealthObject<'a> {
    findings: Vec<FindingObject<'a>>,
    summary: Summary,
    webhooks: Vec<WebhookObject<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    #[serde(flatten)]
    levels: LevelCounts,
    webhooks: usize,
    healthy: usize,
    unread: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    profiles: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread_profiles: Option<usize>,
}

impl Serialize for Health {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let findings = self.findings();
        let of_several = |count: usize| self.several.then_some(count);
        HealthObject {
            summary: Summary {
                levels: LevelCounts::of(findings.iter().copied()),
                webhooks: self.webhooks(),
                healthy: self.checkups().filter(|(_, c)| c.findings.is_empty()).count(),
                unread: self.servers.iter().map(|server| server.unread).sum(),
                profiles: of_several(self.servers.len() + self.silent.len()),
                unread_profiles: of_several(self.silent.len()),
            },
            findings: findings.into_iter().map(FindingObject::from).collect(),
            webhooks: self.checkups().map(|(s, c)| rows::object(&self.demands, s, c)).collect(),
        }
        .serialize(serializer)
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
    const KEYS: &'static [&'static str] = FindingObject::KEYS;
    const FORMATS: &'static [Format] = &[Format::Ids, Format::Prometheus];
    const HAS_PROFILES: bool = true;

    fn columns(&self) -> Vec<Column> {
        // With the profile, all of it is too wide for a terminal of 80 columns.
        let is_spare = |column: &Column| self.several && ["stream", "slow"].contains(&column.name);
        let narrowed = |c: &Column| Column { shown: c.shown && !is_spare(c), ..*c };
        Column::with_profile(Self::COLUMNS.iter().map(narrowed).collect(), self.several)
    }

    fn rows(&self) -> Vec<Row> {
        let row = |(server, checkup): (&Server, &WebhookHealth)| {
            // The identifiers are those of the webhooks with findings, to go on with.
            let id = Some(checkup.webhook.id).filter(|_| !checkup.findings.is_empty());
            Row::new(rows::cells(self, checkup)).of_profile(server.name()).id(id)
        };
        self.checkups().map(row).collect()
    }

    fn empty_note(&self) -> &'static str {
        "No webhooks here."
    }

    fn metrics(&self) -> String {
        metrics::render(self)
    }
}
