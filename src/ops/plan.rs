//! From what a server has and what a manifest asks for to the changes between the two.

mod compare;
pub mod kept;
mod matching;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use matching::Matching;

use super::change::{self, FieldChange, Masking};
use super::manifest::{Manifest, Redaction};
use crate::error::{Diagnose, Diagnosis, Exit, Hint, Invocation};
use crate::postmark::{
    HookUrl, NewWebhook, Object, Reveal, Server, ServerPatch, StreamId, Webhook, WebhookId,
    WebhookPatch,
};

/// So many webhooks a stream has at most (Postmark's support article on modular webhooks, error 1359).
pub const MOST_PER_STREAM: usize = 10;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Two webhooks of the server cannot be told apart.
    #[error(
        "webhooks {} and {} have the same stream ({stream}) and the same URL, so an entry could mean either",
        .ids.0, .ids.1
    )]
    Ambiguous {
        /// Their stream, as it is shown.
        stream: String,
        /// The two.
        ids: (WebhookId, WebhookId),
    },
    /// Two entries want the same webhook.
    #[error("{first} and {second} both mean webhook {id}")]
    TwoEntries {
        /// Where the one is written.
        first: String,
        /// Where the other is.
        second: String,
        /// The webhook.
        id: WebhookId,
    },
    /// More webhooks than a stream can have.
    #[error(
        "the stream {stream} would have {count} webhooks, and Postmark allows {MOST_PER_STREAM}{}",
        if *.deletes > 0 { "; webhooks are made before others are deleted, so that no event is lost" } else { "" }
    )]
    TooMany {
        /// The stream, as it is shown.
        stream: String,
        /// How many it would have at the most.
        count: usize,
        /// How many of them would be deleted afterwards.
        deletes: usize,
    },
}

impl Diagnose for PlanError {
    fn diagnosis(&self) -> Diagnosis {
        let usage = Diagnosis::new(Exit::Usage);
        match self {
            Self::Ambiguous { ids: (first, second), .. } => usage.hint(
                Hint::command("look at both", Invocation::new("get").arg(first).arg(second))
                    .text("; then delete the one that is too many"),
            ),
            Self::TwoEntries { .. } => {
                usage.hint("a MovedFrom that has done its work can be taken out of the file")
            }
            Self::TooMany { deletes: 0, .. } => usage,
            Self::TooMany { .. } => usage.hint(
                "give the old URL as MovedFrom, so that a webhook is changed in place; or delete one first",
            ),
        }
    }
}

impl PlanError {
    /// The same without values that came from the environment.
    fn redacted(mut self, redaction: &Redaction) -> Self {
        match &mut self {
            Self::Ambiguous { stream, .. } | Self::TooMany { stream, .. } => {
                *stream = redaction.field("MessageStream", stream).into_owned();
            }
            Self::TwoEntries { .. } => {}
        }
        self
    }
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A webhook is made.
    Create(Box<NewWebhook>),
    /// A webhook is changed in place; nothing is sent but what differs.
    Update {
        /// Which.
        id: WebhookId,
        /// Its stream.
        stream: StreamId,
        /// Its URL, as it is.
        url: HookUrl,
        /// What changes.
        patch: Box<WebhookPatch>,
    },
    /// A webhook is deleted.
    Delete(Box<Webhook>),
    /// The server's own settings change.
    Server(ServerPatch),
}

/// One change of a plan.
#[derive(Clone, Debug)]
pub struct Change {
    /// What is to be done.
    pub deed: Deed,
    /// What differs.
    pub fields: Vec<FieldChange>,
    /// The stream as it is shown; `None` for the server's settings.
    pub shown_stream: Option<String>,
    /// The URL as it is shown; `None` for the server's settings.
    pub shown_url: Option<String>,
}

impl Change {
    fn new(deed: Deed, fields: Vec<FieldChange>, redaction: &Redaction) -> Self {
        let mut change = Self { deed, fields, shown_stream: None, shown_url: None };
        let stream = change.stream().map(|id| redaction.field("MessageStream", id).into_owned());
        let url = change.url().map(|url| redaction.url(url));
        (change.shown_stream, change.shown_url) = (stream, url);
        change
    }

    /// The word of the report.
    pub fn action(&self) -> &'static str {
        match self.deed {
            Deed::Create(_) => "Create",
            Deed::Update { .. } | Deed::Server(_) => "Update",
            Deed::Delete(_) => "Delete",
        }
    }

    /// The stream; none for the server's settings.
    pub fn stream(&self) -> Option<&str> {
        match &self.deed {
            Deed::Create(new) => new.message_stream.as_ref().map(StreamId::as_str),
            Deed::Update { stream, .. } => Some(stream.as_str()),
            Deed::Delete(webhook) => Some(webhook.message_stream.as_str()),
            Deed::Server(_) => None,
        }
    }

    /// The URL as it is before the change, or will be; none for the server's settings.
    pub fn url(&self) -> Option<&HookUrl> {
        match &self.deed {
            Deed::Create(new) => Some(&new.url),
            Deed::Update { url, .. } => Some(url),
            Deed::Delete(webhook) => Some(&webhook.url),
            Deed::Server(_) => None,
        }
    }

    /// The webhook's ID; none where there is none yet.
    pub fn id(&self) -> Option<WebhookId> {
        match &self.deed {
            Deed::Update { id, .. } => Some(*id),
            Deed::Delete(webhook) => Some(webhook.id),
            Deed::Create(_) | Deed::Server(_) => None,
        }
    }
}

/// The changes between a server and a manifest.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Creates first, deletes last, so that no event is without a webhook.
    pub changes: Vec<Change>,
    /// Webhooks that the manifest does not name, and that stay.
    pub unmanaged: Vec<Webhook>,
    /// How many webhooks are so already.
    pub unchanged: usize,
    /// What a user should know.
    pub warnings: Vec<String>,
    /// Hides the values that came from the environment.
    pub redaction: Redaction,
}

impl Plan {
    /// How many changes have this action.
    pub fn count(&self, action: &str) -> usize {
        self.changes.iter().filter(|change| change.action() == action).count()
    }
}

/// What a user wants of a plan.
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// Webhooks that the manifest does not name are deleted.
    pub prune: bool,
    /// Postmark probes what is made or changed.
    pub verify: bool,
    /// Whether secrets are shown in the fields.
    pub reveal: Reveal,
}

/// Plans. `server` is needed where the manifest speaks of it. Takes time linear in both sizes.
pub fn plan(
    live: &[Webhook],
    server: Option<&Server>,
    manifest: &Manifest,
    wishes: Wishes,
) -> Result<Plan, PlanError> {
    let plan = differences(live, server, manifest, wishes)?;
    check_limits(live, &plan.changes).map_err(|error| error.redacted(&manifest.redaction))?;
    Ok(plan)
}

/// What differs, whether or not Postmark would take the changes.
pub fn differences(
    live: &[Webhook],
    server: Option<&Server>,
    manifest: &Manifest,
    wishes: Wishes,
) -> Result<Plan, PlanError> {
    let redaction = &manifest.redaction;
    let masking = Masking { reveal: wishes.reveal, redaction: Some(redaction) };
    let mut plan = Plan { redaction: redaction.clone(), ..Plan::default() };
    let mut matching = Matching::new(live);
    let (mut creates, mut updates) = (Vec::new(), Vec::new());
    for entry in &manifest.entries {
        let Some(webhook) =
            matching.webhook_of(entry).map_err(|error| error.redacted(redaction))?
        else {
            let new = NewWebhook { verify: wishes.verify, ..entry.to_new() };
            creates.push(created(new, masking, redaction));
            continue;
        };
        let (mut patch, unreadable) = compare::patch(webhook, entry);
        if unreadable {
            plan.warnings.push(format!(
                "Postmark does not show the password of webhook {}, so it is not compared",
                webhook.id
            ));
        }
        if patch.is_empty() {
            plan.unchanged += 1;
            continue;
        }
        patch.verify = wishes.verify;
        let fields = change::of_patch(webhook, &patch, masking);
        let (stream, url) = (webhook.message_stream.clone(), webhook.url.clone());
        let deed = Deed::Update { id: webhook.id, stream, url, patch: Box::new(patch) };
        updates.push(Change::new(deed, fields, redaction));
    }
    let (mut deletes, mut unmanaged) = (Vec::new(), Vec::new());
    for webhook in matching.others() {
        if wishes.prune {
            let deed = Deed::Delete(Box::new(webhook.clone()));
            deletes.push(Change::new(deed, Vec::new(), redaction));
        } else {
            unmanaged.push(webhook.clone());
        }
    }
    let key = |change: &Change| {
        let url = change.url().map(|url| url.place().into_owned());
        (change.stream().map(str::to_owned), url, change.id())
    };
    // The order in which a file is written is no order of work.
    for changes in [&mut creates, &mut updates, &mut deletes] {
        changes.sort_by_cached_key(key);
    }
    plan.changes.extend(server.and_then(|server| server_change(server, manifest, masking)));
    plan.changes.extend(creates);
    plan.changes.extend(updates);
    plan.changes.extend(deletes);
    plan.unmanaged = unmanaged;
    Ok(plan)
}

fn created(new: NewWebhook, masking: Masking<'_>, redaction: &Redaction) -> Change {
    let mut body = new.body();
    body.shift_remove("Verify");
    let fields = change::of_new(body, masking);
    Change::new(Deed::Create(Box::new(new)), fields, redaction)
}

fn server_change(server: &Server, manifest: &Manifest, masking: Masking<'_>) -> Option<Change> {
    let patch = manifest.server.needed(server);
    let wanted = patch.body();
    if wanted.is_empty() {
        return None;
    }
    let inside = |object: Object| Object::from_iter([("Server".to_owned(), object.into())]);
    let now = wanted.keys().filter_map(|key| Some((key.clone(), server.get(key)?.clone())));
    let fields = change::of_objects(&inside(now.collect()), &inside(wanted.clone()), masking);
    Some(Change::new(Deed::Server(patch), fields, &manifest.redaction))
}

/// A stream's webhooks are counted as they are when there are most of them: after the creates.
fn check_limits(live: &[Webhook], changes: &[Change]) -> Result<(), PlanError> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for webhook in live {
        *counts.entry(webhook.message_stream.as_str()).or_default() += 1;
    }
    for change in changes {
        let Deed::Create(new) = &change.deed else { continue };
        let Some(stream) = &new.message_stream else { continue };
        let count = counts.entry(stream.as_str()).or_default();
        *count += 1;
        if *count > MOST_PER_STREAM {
            let here = |action| {
                let of = |c: &&Change| c.action() == action && c.stream() == Some(stream.as_str());
                changes.iter().filter(of).count()
            };
            let before = live.iter().filter(|w| w.message_stream == *stream).count();
            return Err(PlanError::TooMany {
                stream: stream.to_string(),
                count: before + here("Create"),
                deletes: here("Delete"),
            });
        }
    }
    Ok(())
}
