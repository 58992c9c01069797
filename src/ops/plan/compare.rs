//! One webhook beside the entry that means it.

use serde_json::Value;

use crate::ops::manifest::Entry;
use crate::postmark::{HttpAuth, HttpHeader, TriggerSetting, Webhook, WebhookPatch};

/// What must change, and whether a password could not be compared because Postmark hides it. Copies
/// nothing of what is so already: most webhooks are.
pub(super) fn patch(webhook: &Webhook, entry: &Entry) -> (WebhookPatch, bool) {
    let auth = entry.http_auth.as_ref().filter(|wanted| **wanted != webhook.http_auth);
    let unreadable = auth.is_some_and(|wanted| is_hidden(webhook, wanted.as_ref()));
    let headers = entry.http_headers.as_ref();
    let headers = headers.filter(|wanted| !same_set(wanted, &webhook.http_headers));
    let others = entry.other_triggers.iter();
    let others = others.filter(|(key, wanted)| webhook.triggers.other.get(*key) != Some(*wanted));
    // An option that the entry does not write is left as it is, like everything else.
    let triggers = entry.triggers.iter().filter_map(|(trigger, wanted)| {
        let present = webhook.triggers.get(*trigger);
        (!is_so(wanted, present)).then(|| {
            let mut setting = present.clone();
            setting.enabled = wanted.enabled;
            setting.options.extend(wanted.options.clone());
            setting.complete(*trigger);
            (*trigger, setting)
        })
    });
    let patch = WebhookPatch {
        url: (!entry.url.is_same_place(&webhook.url)).then(|| entry.url.clone()),
        http_auth: auth.filter(|_| !unreadable).cloned(),
        http_headers: headers.cloned(),
        triggers: triggers.collect(),
        other_triggers: others.map(|(key, wanted)| (key.clone(), wanted.clone())).collect(),
        verify: true,
    };
    (patch, unreadable)
}

/// Whether a trigger is as it is wanted; an option that Postmark does not write is off.
fn is_so(wanted: &TriggerSetting, present: &TriggerSetting) -> bool {
    let off = Value::Bool(false);
    let option = |key: &String| present.options.get(key).unwrap_or(&off);
    wanted.enabled == present.enabled && wanted.options.iter().all(|(k, v)| option(k) == v)
}

/// The API gave the user name without its password.
fn is_hidden(webhook: &Webhook, wanted: Option<&HttpAuth>) -> bool {
    let (Some(present), Some(wanted)) = (&webhook.http_auth, wanted) else { return false };
    let shown = present.password.expose();
    present.username == wanted.username && (shown.is_empty() || shown.chars().all(|c| c == '*'))
}

/// The order of headers means nothing, nor does the case of their names.
pub(super) fn same_set(wanted: &[HttpHeader], present: &[HttpHeader]) -> bool {
    if wanted == present {
        return true;
    }
    let sorted = |headers: &[HttpHeader]| {
        let mut pairs: Vec<_> = headers
            .iter()
            .map(|h| (h.name.to_ascii_lowercase(), h.value.expose().to_owned()))
            .collect();
        pairs.sort();
        pairs
    };
    wanted.len() == present.len() && sorted(wanted) == sorted(present)
}
