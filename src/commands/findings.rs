//! Findings of checks in reports.

use serde::Serialize;

use crate::config::profile::ProfileName;
use crate::ops::finding::{Finding, Level};
use crate::postmark::{StreamId, WebhookId};
use crate::term::Tone;

/// A finding in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FindingObject<'a> {
    rule: &'static str,
    level: &'static str,
    #[serde(rename = "ID")]
    pub(crate) id: Option<WebhookId>,
    /// URL of the webhook, masked.
    pub(crate) url: Option<String>,
    pub(crate) message_stream: Option<&'a str>,
    profile: Option<&'a ProfileName>,
    message: &'a str,
    fix: &'a str,
    /// Place in a manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
}

impl FindingObject<'_> {
    /// Keys of a finding, `Place` aside.
    pub(crate) const KEYS: &'static [&'static str] =
        &["Rule", "Level", "ID", "Url", "MessageStream", "Profile", "Message", "Fix"];
}

impl<'a> From<&'a Finding> for FindingObject<'a> {
    fn from(finding: &'a Finding) -> Self {
        let webhook = finding.webhook.as_ref();
        Self {
            rule: finding.rule,
            level: finding.level.name(),
            id: webhook.map(|w| w.id),
            url: webhook.map(|w| w.url.masked()),
            message_stream: webhook.map(|w| &w.message_stream).map(StreamId::as_str),
            profile: finding.profile.as_ref(),
            message: &finding.message,
            fix: &finding.fix,
            place: None,
        }
    }
}

/// Number of findings per level.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LevelCounts {
    errors: usize,
    warnings: usize,
    infos: usize,
}

impl LevelCounts {
    /// Counts findings.
    pub(crate) fn of<'a>(findings: impl Iterator<Item = &'a Finding> + Clone) -> Self {
        let count = |level: Level| findings.clone().filter(|f| f.level == level).count();
        Self {
            errors: count(Level::Error),
            warnings: count(Level::Warning),
            infos: count(Level::Info),
        }
    }
}

/// Tone of a level.
pub(crate) fn tone(level: Level) -> Tone {
    match level {
        Level::Error => Tone::Bad,
        Level::Warning => Tone::Warn,
        Level::Info => Tone::Plain,
    }
}
