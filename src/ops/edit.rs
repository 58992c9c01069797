//! From what a user wants of a webhook to the smallest change that brings it about.

use serde_json::Value;

use super::definition::{Definition, Written};
use crate::postmark::{
    ApiError, HttpAuth, HttpHeader, Secret, Trigger, TriggerSetting, Webhook, WebhookId,
    WebhookPatch, Writer,
};

/// How an edit ended.
#[derive(Debug)]
pub enum Edited {
    /// As asked.
    Done(Webhook),
    /// Postmark took the change, but the credentials that should be gone are still there.
    AuthStays(Webhook),
}

/// Everything that a user can want changed.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The triggers, with all their options, as they should be.
    pub triggers: Vec<(Trigger, TriggerSetting)>,
    /// Everything else, already whole.
    pub patch: WebhookPatch,
}

/// The patch without whatever is so already.
pub fn needed(webhook: &Webhook, wish: Wish) -> WebhookPatch {
    let Wish { triggers, patch } = wish;
    WebhookPatch {
        url: patch.url.filter(|url| *url != webhook.url),
        http_auth: patch.http_auth.filter(|auth| *auth != webhook.http_auth),
        http_headers: patch.http_headers.filter(|headers| *headers != webhook.http_headers),
        triggers: triggers
            .into_iter()
            .filter(|(trigger, setting)| differs(*trigger, setting, webhook))
            .collect(),
        other_triggers: patch.other_triggers,
        verify: patch.verify,
    }
}

fn differs(trigger: Trigger, wanted: &TriggerSetting, webhook: &Webhook) -> bool {
    let mut present = webhook.triggers.get(trigger).clone();
    present.complete(trigger);
    present != *wanted
}

/// Sends the change. Where credentials are taken away it is checked that they are gone: how to remove
/// them is not documented.
pub fn edit(writer: &Writer, id: WebhookId, patch: &WebhookPatch) -> Result<Edited, ApiError> {
    let webhook = writer.update(id, patch)?;
    if !patch.removes_auth() {
        return Ok(Edited::Done(webhook));
    }
    // The change is made: where it cannot be looked up, the answer to it is believed.
    let webhook = writer.reader().get(id).unwrap_or(webhook);
    Ok(if webhook.http_auth.is_none() { Edited::Done(webhook) } else { Edited::AuthStays(webhook) })
}

/// What an edited definition asks for. A mask that stands where it stood means "as it is"; anywhere
/// else it is refused, since nobody knows what it hides.
pub fn wish_of(definition: Definition, webhook: &Webhook) -> Result<Wish, String> {
    if definition.message_stream.is_some_and(|stream| stream != webhook.message_stream) {
        return Err(
            "a webhook's stream cannot be changed; create another webhook instead".to_owned()
        );
    }
    if let Some(key) = definition.extra.keys().find(|k| !webhook.extra.contains_key(*k)) {
        return Err(format!("there is no key {key:?} in a webhook"));
    }
    let is_so = |(key, value): &(&String, &Value)| webhook.extra.get(*key) == Some(*value);
    if let Some((key, _)) = definition.extra.iter().find(|entry| !is_so(entry)) {
        return Err(format!("the key {key:?} is not known here, so it cannot be changed"));
    }
    let mut other_triggers = definition.other_triggers;
    other_triggers.retain(|key, value| webhook.triggers.other.get(key) != Some(value));
    let http_auth = match definition.http_auth {
        None => None,
        Some(None) => Some(None),
        Some(Some(Written::Clear(auth))) => Some(Some(auth)),
        Some(Some(Written::Masked(username))) => Some(Some(kept_auth(username, webhook)?)),
    };
    let mut http_headers = None;
    if let Some(written) = definition.http_headers {
        let mut headers = Vec::new();
        for (index, (name, value)) in written.iter().enumerate() {
            headers.push(match value {
                Written::Clear(value) => HttpHeader { name: name.clone(), value: value.clone() },
                Written::Masked(_) => kept_header(index, &written, webhook)?,
            });
        }
        http_headers = Some(headers);
    }
    let url = match definition.url {
        None => None,
        Some(Written::Clear(url)) => Some(url),
        Some(Written::Masked(text)) if text == webhook.url.masked() => None,
        Some(Written::Masked(_)) => {
            return Err(
                "the URL holds ********, and is not the one that was shown; give the whole URL"
                    .to_owned(),
            );
        }
    };
    let patch =
        WebhookPatch { url, http_auth, http_headers, other_triggers, ..WebhookPatch::default() };
    Ok(Wish { triggers: definition.triggers, patch })
}

fn kept_auth(username: String, webhook: &Webhook) -> Result<HttpAuth, String> {
    let password = webhook.http_auth.as_ref().map(|auth| auth.password.clone());
    password.map(|password| HttpAuth { username, password }).ok_or_else(|| {
        "HttpAuth.Password is ********, but the webhook has no password that could stay".to_owned()
    })
}

/// The header that the mask at this place of the written list stands for. Headers of the same name are
/// told apart by their order, as long as there are as many of them as before.
fn kept_header(
    index: usize,
    written: &[(String, Written<Secret>)],
    webhook: &Webhook,
) -> Result<HttpHeader, String> {
    let name = written.get(index).map_or("", |(name, _)| name);
    let is_same = |other: &str| other.eq_ignore_ascii_case(name);
    let present: Vec<_> = webhook.http_headers.iter().filter(|h| is_same(&h.name)).collect();
    let count = |list: &[(String, Written<Secret>)]| list.iter().filter(|h| is_same(&h.0)).count();
    let kept = present.get(count(written.get(..index).unwrap_or_default()));
    match kept.filter(|_| count(written) == present.len()) {
        Some(header) => Ok(HttpHeader { name: name.to_owned(), value: header.value.clone() }),
        None => Err(format!(
            "the header {name} is ********, but the webhook has no such value that could stay"
        )),
    }
}
