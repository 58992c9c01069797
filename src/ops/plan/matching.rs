//! Which webhook an entry means.

use std::borrow::Cow;
use std::collections::HashMap;

use super::PlanError;
use crate::ops::manifest::Entry;
use crate::postmark::{HookUrl, StreamId, Webhook, WebhookId};

/// What a webhook is matched by: its stream, and one spelling of its URL.
type Identity<'a> = (&'a str, Cow<'a, str>);

/// The first webhook of an identity, and another if there is one.
type Found = (usize, Option<usize>);

/// The webhooks of a server by what they are matched by, and which of them an entry has.
pub(super) struct Matching<'a> {
    live: &'a [Webhook],
    by_identity: HashMap<Identity<'a>, Found>,
    taken: Vec<Option<&'a Entry>>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(live: &'a [Webhook]) -> Self {
        let mut by_identity = HashMap::with_capacity(live.len());
        for (index, webhook) in live.iter().enumerate() {
            by_identity
                .entry((webhook.message_stream.as_str(), webhook.url.place()))
                .and_modify(|(_, other): &mut Found| {
                    *other = other.or(Some(index));
                })
                .or_insert((index, None));
        }
        Self { live, by_identity, taken: vec![None; live.len()] }
    }

    /// The one with its stream and URL, else with the URL that it moved from.
    pub(super) fn webhook_of(
        &mut self,
        entry: &'a Entry,
    ) -> Result<Option<&'a Webhook>, PlanError> {
        let index = match (self.find(&entry.stream, &entry.url)?, &entry.moved_from) {
            (None, Some(old)) => self.find(&entry.stream, old)?,
            (found, _) => found,
        };
        let Some(index) = index else { return Ok(None) };
        if let Some(first) = self.taken.get_mut(index).and_then(|place| place.replace(entry)) {
            let (first, second) = (first.place.clone(), entry.place.clone());
            return Err(PlanError::TwoEntries { first, second, id: self.id(index) });
        }
        Ok(self.live.get(index))
    }

    fn find(&self, stream: &StreamId, url: &HookUrl) -> Result<Option<usize>, PlanError> {
        match self.by_identity.get(&(stream.as_str(), url.place())) {
            None => Ok(None),
            Some((one, None)) => Ok(Some(*one)),
            Some((first, Some(second))) => {
                let ids = (self.id(*first), self.id(*second));
                Err(PlanError::Ambiguous { stream: stream.to_string(), ids })
            }
        }
    }

    fn id(&self, index: usize) -> WebhookId {
        self.live.get(index).map_or(WebhookId(0), |webhook| webhook.id)
    }

    /// The webhooks that no entry means.
    pub(super) fn others(&self) -> impl Iterator<Item = &'a Webhook> {
        let all = self.live.iter().zip(&self.taken);
        all.filter(|(_, taken)| taken.is_none()).map(|(webhook, _)| webhook)
    }
}
