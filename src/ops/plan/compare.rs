//! One webhook beside the entry that means it.

use crate::model::{HttpAuth, HttpHeader, Patch, Webhook};
use crate::ops::edit::{self, Wish};
use crate::ops::manifest::Entry;

/// What must change, and whether a password could not be compared because Postmark hides it.
pub(super) fn patch(webhook: &Webhook, entry: &Entry) -> (Patch, bool) {
    let unreadable =
        entry.http_auth.as_ref().is_some_and(|wanted| is_hidden(webhook, wanted.as_ref()));
    let same_headers =
        entry.http_headers.as_ref().is_some_and(|wanted| same_set(wanted, &webhook.http_headers));
    let mut other_triggers = entry.other_triggers.clone();
    other_triggers.retain(|key, wanted| webhook.triggers.other.get(key) != Some(wanted));
    let patch = Patch {
        url: Some(entry.url.clone()).filter(|url| !url.is_same_place(&webhook.url)),
        http_auth: entry.http_auth.clone().filter(|_| !unreadable),
        http_headers: entry.http_headers.clone().filter(|_| !same_headers),
        other_triggers,
        ..Patch::default()
    };
    // An option that the entry does not write is left as it is, like everything else.
    let triggers = entry.triggers.iter().map(|(trigger, wanted)| {
        let mut setting = webhook.triggers.get(*trigger).clone();
        setting.enabled = wanted.enabled;
        setting.options.extend(wanted.options.clone());
        setting.complete(*trigger);
        (*trigger, setting)
    });
    (edit::needed(webhook, Wish { triggers: triggers.collect(), patch }), unreadable)
}

/// The API gave the user name without its password.
fn is_hidden(webhook: &Webhook, wanted: Option<&HttpAuth>) -> bool {
    let (Some(present), Some(wanted)) = (&webhook.http_auth, wanted) else { return false };
    let shown = present.password.expose();
    present.username == wanted.username && (shown.is_empty() || shown.chars().all(|c| c == '*'))
}

/// The order of headers means nothing, nor does the case of their names.
pub(super) fn same_set(wanted: &[HttpHeader], present: &[HttpHeader]) -> bool {
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
