//! Input of the rules: the webhooks of a server or of a manifest, with its settings and streams.

use std::panic::resume_unwind;
use std::thread;

use serde_json::Value;

use super::{LintFinding, Location, Problem, Rule, Violation};
use crate::config::profile::ProfileName;
use crate::ops::finding::Finding;
use crate::ops::manifest::unset::{Spot, Spots, StandIns};
use crate::ops::manifest::{Documents, Manifest, Redaction};
use crate::ops::session;
use crate::postmark::{
    ApiError, HookUrl, Reader, Server, Stream, StreamFilter, StreamId, Trigger, Webhook,
};

pub(super) const INBOUND: &str = "InboundHookUrl";
pub(super) const SMTP_ERRORS: &str = "EnableSmtpApiErrorHooks";

/// A webhook of an input.
#[derive(Clone, Debug)]
pub(crate) struct LintedWebhook {
    /// The webhook. A manifest's is shown as `apply` would create it.
    pub(crate) webhook: Webhook,
    /// Positions in a manifest.
    pub(crate) spots: Option<Spots>,
}

/// Source of an input, with its data besides webhooks.
#[derive(Debug)]
pub(crate) enum LintSource {
    Server {
        settings: Box<Server>,
        /// Streams that are not archived.
        streams: Vec<Stream>,
    },
    Manifest {
        /// The `Server` settings of the manifest.
        settings: crate::postmark::Object,
        settings_at: Option<Spots>,
        /// Secrets in clear text: position and field path.
        literals: Vec<(Spot, String)>,
        /// Placeholders for variables that are not set.
        unset: StandIns,
        /// Hides the values that came from the environment.
        redaction: Box<Redaction>,
    },
}

/// The webhooks and settings of one server, or of one manifest.
#[derive(Debug)]
pub(crate) struct LintInput {
    pub(crate) profile: Option<ProfileName>,
    pub(crate) webhooks: Vec<LintedWebhook>,
    /// The only stream whose webhooks are in the input.
    pub(crate) only: Option<StreamId>,
    pub(crate) source: LintSource,
}

impl LintInput {
    pub(crate) fn from_server(
        profile: Option<ProfileName>,
        webhooks: Vec<Webhook>,
        settings: Server,
        streams: Vec<Stream>,
        only: Option<StreamId>,
    ) -> Self {
        let webhooks = webhooks.into_iter().map(|webhook| LintedWebhook { webhook, spots: None });
        let source = LintSource::Server { settings: Box::new(settings), streams };
        Self { profile, webhooks: webhooks.collect(), only, source }
    }

    /// `documents` are those that the manifest was resolved from.
    pub(crate) fn from_manifest(
        profile: Option<ProfileName>,
        manifest: &Manifest,
        documents: &Documents,
        unset: StandIns,
        only: Option<StreamId>,
    ) -> Self {
        let entries = manifest.entries.iter().zip(documents.webhooks_at());
        let linted = |(entry, spots): (&crate::ops::manifest::Entry, Spots)| LintedWebhook {
            webhook: entry.to_new().would_be(),
            spots: Some(spots),
        };
        let is_selected =
            |s: &LintedWebhook| only.as_ref().is_none_or(|only| s.webhook.message_stream == *only);
        Self {
            profile,
            webhooks: entries.map(linted).filter(is_selected).collect(),
            source: LintSource::Manifest {
                settings: manifest.server.body(),
                settings_at: documents.server_at(),
                literals: documents.literals_at(),
                unset,
                redaction: Box::new(manifest.redaction.clone()),
            },
            only,
        }
    }

    pub(crate) fn is_manifest(&self) -> bool {
        matches!(self.source, LintSource::Manifest { .. })
    }

    /// A server setting, `None` if unknown.
    fn setting(&self, key: &str) -> Option<&Value> {
        match &self.source {
            LintSource::Server { settings, .. } => settings.get(key),
            LintSource::Manifest { settings, .. } => settings.get(key),
        }
    }

    /// A boolean server setting.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.setting(key).and_then(Value::as_bool)
    }

    /// A server setting that is a non-empty string.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.setting(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The server's InboundHookUrl.
    pub(super) fn inbound(&self) -> Option<HookUrl> {
        let is_whole = self.only.is_none();
        self.text(INBOUND).filter(|_| is_whole).and_then(|url| url.parse().ok())
    }

    /// True if the text contains a variable that is not set.
    pub(super) fn is_unset(&self, text: &str) -> bool {
        matches!(&self.source, LintSource::Manifest { unset, .. } if unset.is_in(text))
    }

    /// Streams that can have webhooks; for a manifest, those that it names.
    pub(super) fn streams(&self) -> Vec<StreamId> {
        let mut ids: Vec<StreamId> = match &self.source {
            LintSource::Server { streams, .. } => {
                let sends = |s: &&Stream| {
                    !s.text("MessageStreamType").eq_ignore_ascii_case("Inbound")
                        && s.text("ArchivedAt").is_empty()
                };
                streams.iter().filter(sends).map(|s| s.id.clone()).collect()
            }
            LintSource::Manifest { .. } => Vec::new(),
        };
        let is_manifest = self.is_manifest();
        for linted in self.webhooks.iter().filter(|_| is_manifest) {
            if !ids.contains(&linted.webhook.message_stream) {
                ids.push(linted.webhook.message_stream.clone());
            }
        }
        ids.retain(|id| self.only.as_ref().is_none_or(|only| only == id));
        ids
    }

    pub(super) fn of_stream<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> impl Iterator<Item = &'a Webhook> {
        self.webhooks.iter().map(|s| &s.webhook).filter(move |w| w.message_stream == *stream)
    }

    /// A command that runs on this server, in backquotes.
    pub(super) fn command(&self, words: &str) -> String {
        format!("`{} {words}`", session::command(self.profile.as_ref()))
    }

    /// A fix for a webhook: the `edit` command, or what to write in the manifest.
    pub(super) fn edit(&self, webhook: &Webhook, flags: &str, manifest_fix: &str) -> String {
        if self.is_manifest() {
            manifest_fix.to_owned()
        } else {
            self.command(&format!("edit {} {flags}", webhook.id))
        }
    }

    pub(super) fn finding(&self, rule: &'static Rule, violation: Violation) -> LintFinding {
        let Problem { message, fix } = violation.problem;
        let (mut webhook, mut stream, mut spot) = (None, None, None);
        match violation.location {
            Location::Webhook(at) => {
                if let Some(linted) = self.webhooks.get(at) {
                    webhook = Some(linted.webhook.clone());
                    stream = Some(linted.webhook.message_stream.to_string());
                    spot = linted.spots.as_ref().map(|spots| spots.of(rule.key).clone());
                }
            }
            Location::Stream(id) => {
                let first = self.webhooks.iter().find(|s| s.webhook.message_stream == id);
                spot = first.and_then(|s| s.spots.as_ref()).map(|s| s.own.clone());
                stream = Some(id.to_string());
            }
            Location::Setting(key) => {
                if let LintSource::Manifest { settings_at: Some(spots), .. } = &self.source {
                    spot = Some(spots.of(key).clone());
                }
            }
            Location::File(written_at) => spot = Some(written_at),
        }
        let (message, fix) = (self.as_written(&message), self.as_written(&fix));
        let url = webhook.as_ref().map(|webhook| match self.redaction() {
            None => webhook.url.masked(),
            Some(redaction) => self.as_written(&redaction.url(&webhook.url)),
        });
        let stream = stream.map(|stream| {
            let shown = self.redaction().and_then(|all| all.whole("MessageStream", &stream));
            self.as_written(shown.unwrap_or(&stream))
        });
        let (profile, level) = (self.profile.clone(), rule.level);
        let finding = Finding { rule: rule.id, level, webhook, profile, message, fix };
        LintFinding { rule, finding, stream, url, spot }
    }

    /// Text with the variables that are not set as the manifest has them, and without values of those that
    /// are.
    fn as_written(&self, text: &str) -> String {
        match &self.source {
            LintSource::Manifest { unset, redaction, .. } => {
                redaction.text_with_parts(&unset.restored(text))
            }
            LintSource::Server { .. } => text.to_owned(),
        }
    }

    fn redaction(&self) -> Option<&Redaction> {
        match &self.source {
            LintSource::Manifest { redaction, .. } => Some(redaction),
            LintSource::Server { .. } => None,
        }
    }
}

/// Fetches the webhooks of a server, its settings and its streams, in parallel.
pub(crate) fn fetch(client: &Reader, only: Option<&StreamId>) -> Fetched {
    thread::scope(|scope| {
        let settings = scope.spawn(|| client.server());
        let streams = scope.spawn(|| client.streams(StreamFilter::default()));
        Fetched {
            webhooks: client.list(only),
            settings: settings.join().unwrap_or_else(|panic| resume_unwind(panic)),
            streams: streams.join().unwrap_or_else(|panic| resume_unwind(panic)),
        }
    })
}

/// Answers of the API, each with its own error.
pub(crate) struct Fetched {
    /// Webhooks of the server, or of one stream.
    pub(crate) webhooks: Result<Vec<Webhook>, ApiError>,
    pub(crate) settings: Result<Server, ApiError>,
    /// Streams that are not archived.
    pub(crate) streams: Result<Vec<Stream>, ApiError>,
}

/// True if no trigger is enabled, not even one that this version does not know.
pub(super) fn has_no_triggers(webhook: &Webhook) -> bool {
    webhook.triggers.enabled().is_empty() && webhook.triggers.other_enabled().next().is_none()
}

/// True if a trigger is enabled.
pub(super) fn is_on(webhook: &Webhook, trigger: Trigger) -> bool {
    webhook.triggers.get(trigger).enabled
}

/// Names of triggers: `open, bounce`.
pub(super) fn names(triggers: &[Trigger], separator: &str) -> String {
    triggers.iter().map(|t| t.name()).collect::<Vec<_>>().join(separator)
}
