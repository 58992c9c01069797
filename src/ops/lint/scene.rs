//! What the rules look at: the webhooks of one server, or of one manifest, and what is known beside them.

use serde_json::Value;

use super::{About, Found, Hit, Rule};
use crate::config::profile::ProfileName;
use crate::ops::finding::Finding;
use crate::ops::manifest::unset::{Spot, Spots, StandIns};
use crate::ops::manifest::{Documents, Manifest};
use crate::ops::session;
use crate::postmark::{HookUrl, Server, Stream, StreamId, Trigger, Webhook};

pub(super) const INBOUND: &str = "InboundHookUrl";
pub(super) const SMTP_ERRORS: &str = "EnableSmtpApiErrorHooks";

/// A webhook that is looked at.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The webhook; of a manifest, as it would be on a server that has none.
    pub webhook: Webhook,
    /// Where it is written, in a manifest.
    pub spots: Option<Spots>,
}

/// Where it comes from, and what is known by that.
#[derive(Debug)]
pub enum Source {
    /// A server.
    Server {
        /// Its settings.
        settings: Box<Server>,
        /// Its streams, without archived ones.
        streams: Vec<Stream>,
    },
    /// A manifest.
    Manifest {
        /// The settings that it names.
        settings: crate::postmark::Object,
        /// Where these are written.
        settings_at: Option<Spots>,
        /// The secrets that it holds in clear.
        literals: Vec<(Spot, String)>,
        /// What stands in the place of what is not set.
        unset: StandIns,
    },
}

/// All that is looked at at once.
#[derive(Debug)]
pub struct Scene {
    /// Whose it is.
    pub profile: Option<ProfileName>,
    /// The webhooks.
    pub subjects: Vec<Subject>,
    /// Only webhooks of this stream are among them.
    pub only: Option<StreamId>,
    /// Where they come from.
    pub source: Source,
}

impl Scene {
    /// A server's.
    pub fn of_server(
        profile: Option<ProfileName>,
        webhooks: Vec<Webhook>,
        settings: Server,
        streams: Vec<Stream>,
        only: Option<StreamId>,
    ) -> Self {
        let subjects = webhooks.into_iter().map(|webhook| Subject { webhook, spots: None });
        let source = Source::Server { settings: Box::new(settings), streams };
        Self { profile, subjects: subjects.collect(), only, source }
    }

    /// A manifest's. `documents` are those that it was resolved from.
    pub fn of_manifest(
        profile: Option<ProfileName>,
        manifest: &Manifest,
        documents: &Documents,
        unset: StandIns,
        only: Option<StreamId>,
    ) -> Self {
        let entries = manifest.entries.iter().zip(documents.webhooks_at());
        let subject = |(entry, spots): (&crate::ops::manifest::Entry, Spots)| Subject {
            webhook: entry.to_new().would_be(),
            spots: Some(spots),
        };
        let is_wanted =
            |s: &Subject| only.as_ref().is_none_or(|only| s.webhook.message_stream == *only);
        Self {
            profile,
            subjects: entries.map(subject).filter(is_wanted).collect(),
            source: Source::Manifest {
                settings: manifest.server.body(),
                settings_at: documents.server_at(),
                literals: documents.literals_at(),
                unset,
            },
            only,
        }
    }

    /// True where it is a manifest's.
    pub fn is_manifest(&self) -> bool {
        matches!(self.source, Source::Manifest { .. })
    }

    /// A setting of the server, where it is known.
    pub(super) fn setting(&self, key: &str) -> Option<&Value> {
        match &self.source {
            Source::Server { settings, .. } => settings.get(key),
            Source::Manifest { settings, .. } => settings.get(key),
        }
    }

    /// A setting that is on or off.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.setting(key).and_then(Value::as_bool)
    }

    /// A setting that is a text; nothing where it is empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.setting(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Where inbound mail is posted to.
    pub(super) fn inbound(&self) -> Option<HookUrl> {
        let is_whole = self.only.is_none();
        self.text(INBOUND).filter(|_| is_whole).and_then(|url| url.parse().ok())
    }

    /// True where a part of the text is not known.
    pub(super) fn is_unset(&self, text: &str) -> bool {
        matches!(&self.source, Source::Manifest { unset, .. } if unset.is_in(text))
    }

    /// The streams that a webhook can be for. Of a manifest: those that it names.
    pub(super) fn streams(&self) -> Vec<StreamId> {
        let mut ids: Vec<StreamId> = match &self.source {
            Source::Server { streams, .. } => {
                let sends = |s: &&Stream| {
                    !s.text("MessageStreamType").eq_ignore_ascii_case("Inbound")
                        && s.text("ArchivedAt").is_empty()
                };
                streams.iter().filter(sends).map(|s| s.id.clone()).collect()
            }
            Source::Manifest { .. } => Vec::new(),
        };
        let is_manifest = self.is_manifest();
        for subject in self.subjects.iter().filter(|_| is_manifest) {
            if !ids.contains(&subject.webhook.message_stream) {
                ids.push(subject.webhook.message_stream.clone());
            }
        }
        ids.retain(|id| self.only.as_ref().is_none_or(|only| only == id));
        ids
    }

    /// The webhooks of a stream.
    pub(super) fn of_stream<'a>(
        &'a self,
        stream: &'a StreamId,
    ) -> impl Iterator<Item = &'a Webhook> {
        self.subjects.iter().map(|s| &s.webhook).filter(move |w| w.message_stream == *stream)
    }

    /// A command for this server.
    pub(super) fn command(&self, words: &str) -> String {
        format!("`{} {words}`", session::command(self.profile.as_ref()))
    }

    /// What to do to a webhook: a command; in a manifest, what to write there.
    pub(super) fn edit(&self, webhook: &Webhook, flags: &str, written: &str) -> String {
        if self.is_manifest() {
            written.to_owned()
        } else {
            self.command(&format!("edit {} {flags}", webhook.id))
        }
    }

    pub(super) fn found(&self, rule: &'static Rule, hit: Hit) -> Found {
        let (message, fix) = hit.said;
        let (mut webhook, mut stream, mut spot) = (None, None, None);
        match hit.about {
            About::Webhook(at) => {
                if let Some(subject) = self.subjects.get(at) {
                    webhook = Some(subject.webhook.clone());
                    stream = Some(subject.webhook.message_stream.to_string());
                    spot = subject.spots.as_ref().map(|spots| spots.of(rule.key).clone());
                }
            }
            About::Stream(id) => {
                let first = self.subjects.iter().find(|s| s.webhook.message_stream == id);
                spot = first.and_then(|s| s.spots.as_ref()).map(|s| s.own.clone());
                stream = Some(id.to_string());
            }
            About::Setting(key) => {
                if let Source::Manifest { settings_at: Some(spots), .. } = &self.source {
                    spot = Some(spots.of(key).clone());
                }
            }
            About::Place(place) => spot = Some(place),
        }
        let (message, fix) = (self.as_written(&message), self.as_written(&fix));
        let url = webhook.as_ref().map(|webhook| self.as_written(&webhook.url.masked()));
        let stream = stream.map(|stream| self.as_written(&stream));
        let (profile, level) = (self.profile.clone(), rule.level);
        let finding = Finding { rule: rule.id, level, webhook, profile, message, fix };
        Found { rule, finding, stream, url, spot }
    }

    fn as_written(&self, text: &str) -> String {
        match &self.source {
            Source::Manifest { unset, .. } => unset.restored(text),
            Source::Server { .. } => text.to_owned(),
        }
    }
}

/// The triggers that are on, and those that are not known here, by their keys.
pub(super) fn is_silent(webhook: &Webhook) -> bool {
    webhook.triggers.enabled().is_empty() && webhook.triggers.other_enabled().next().is_none()
}

/// Whether a trigger is on.
pub(super) fn is_on(webhook: &Webhook, trigger: Trigger) -> bool {
    webhook.triggers.get(trigger).enabled
}

/// Triggers in words: `open, bounce`; for a flag: `open,bounce`.
pub(super) fn names(triggers: &[Trigger], separator: &str) -> String {
    triggers.iter().map(|t| t.name()).collect::<Vec<_>>().join(separator)
}
