//! What holds for any server and any manifest.

use serde_json::{Value, json};

use super::*;
use crate::ops::manifest::Documents;
use crate::postmark::Trigger;

fn pick<'a>(items: &[&'a str]) -> &'a str {
    items[fastrand::usize(..items.len())]
}

/// Few enough streams and URLs that servers and manifests meet.
fn identity() -> (String, String) {
    let url = format!("https://{}.example/{}", pick(&["a", "b"]), pick(&["x", "y", "z"]));
    (pick(&["outbound", "broadcast"]).to_owned(), url)
}

fn some_triggers() -> Value {
    let mut triggers = json!({});
    for trigger in Trigger::ALL.into_iter().filter(|_| fastrand::bool()) {
        triggers[trigger.key()] = json!({"Enabled": fastrand::bool()});
        if let Some(option) = trigger.option().filter(|_| fastrand::bool()) {
            triggers[trigger.key()][option] = fastrand::bool().into();
        }
    }
    // One that Postmark may add some day.
    if fastrand::bool() {
        triggers["Rotation"] = json!({"Enabled": fastrand::bool()});
    }
    triggers
}

fn some_keys(of: &mut Value) {
    let secret = || pick(&["one", "two"]);
    if fastrand::bool() {
        let auth = json!({"Username": "u", "Password": secret()});
        of["HttpAuth"] = if fastrand::bool() { auth } else { Value::Null };
    }
    if fastrand::bool() {
        let header = |name: &str| json!({"Name": name, "Value": secret()});
        let headers = ["A", "B"].into_iter().filter(|_| fastrand::bool()).map(header);
        of["HttpHeaders"] = headers.collect();
    }
}

fn some_webhooks() -> Vec<Webhook> {
    let mut seen = std::collections::HashSet::new();
    let mut webhooks = Vec::new();
    for id in 1..=fastrand::i64(0..8) {
        let (stream, url) = identity();
        if !seen.insert((stream.clone(), url.clone())) {
            continue;
        }
        let mut object =
            json!({"ID": id, "Url": url, "MessageStream": stream, "Triggers": some_triggers()});
        some_keys(&mut object);
        webhooks.push(serde_json::from_value(object).unwrap());
    }
    webhooks
}

fn some_entries() -> Vec<Value> {
    let mut seen = std::collections::HashSet::new();
    let mut entries = Vec::new();
    for _ in 0..fastrand::usize(0..8) {
        let (stream, url) = identity();
        if !seen.insert((stream.clone(), url.clone())) {
            continue;
        }
        let mut entry = json!({"Url": url, "MessageStream": stream});
        if fastrand::bool() {
            entry["Triggers"] = some_triggers();
        }
        some_keys(&mut entry);
        entries.push(entry);
    }
    entries
}

fn manifest(entries: &[Value]) -> Manifest {
    let document = json!([{"Origin": "-", "Document": {"Webhooks": entries}}]);
    let documents = Documents::from_json(&document).unwrap();
    documents.resolve(&|name| Err(name.to_owned())).unwrap()
}

/// What Postmark makes of a plan.
fn carried_out(live: &[Webhook], plan: &Plan) -> Vec<Webhook> {
    let mut after = live.to_vec();
    for change in &plan.changes {
        match &change.deed {
            Deed::Create(new) => {
                let id = WebhookId(after.iter().map(|w| w.id.0).max().unwrap_or(0) + 100);
                after.push(Webhook { id, ..new.would_be() });
            }
            Deed::Update { id, patch, .. } => {
                let place = after.iter_mut().find(|w| w.id == *id).unwrap();
                *place = patch.applied_to(place);
            }
            Deed::Delete(gone) => after.retain(|w| w.id != gone.id),
            Deed::Server(_) => {}
        }
    }
    after
}

fn shown(webhooks: &[Webhook]) -> Vec<Value> {
    let mut values: Vec<_> = webhooks.iter().map(|w| w.to_json(Reveal::Shown)).collect();
    values.sort_by_key(Value::to_string);
    values
}

fn described(plan: &Plan) -> Vec<String> {
    let one = |c: &Change| format!("{} {:?} {:?} {:?}", c.action(), c.stream(), c.url(), c.fields);
    plan.changes.iter().map(one).collect()
}

#[test]
fn a_plan_that_is_carried_out_makes_it_so_and_touches_nothing_else() {
    // torture 66, 72
    for _ in 0..500 {
        let (live, mut entries) = (some_webhooks(), some_entries());
        let wishes = Wishes { prune: fastrand::bool(), verify: true, reveal: Reveal::Masked };
        let desired = manifest(&entries);
        let first = plan(&live, None, &desired, wishes).unwrap();
        let after = carried_out(&live, &first);
        let second = plan(&after, None, &desired, wishes).unwrap();
        assert!(second.changes.is_empty(), "{entries:?}\n{live:?}\n{second:?}");
        for entry in &desired.entries {
            let is_it = |w: &&Webhook| w.message_stream == entry.stream && w.url == entry.url;
            let webhook = after.iter().find(is_it).unwrap();
            for (trigger, wanted) in &entry.triggers {
                let present = webhook.triggers.get(*trigger);
                assert_eq!(present.enabled, wanted.enabled);
                // One that Postmark does not write is off.
                if !wanted.options.is_empty() {
                    assert_eq!(present.option(*trigger), wanted.option(*trigger));
                }
            }
            for (key, wanted) in &entry.other_triggers {
                assert_eq!(webhook.triggers.other.get(key), Some(wanted));
            }
            if let Some(auth) = &entry.http_auth {
                assert_eq!(&webhook.http_auth, auth);
            }
            if let Some(headers) = &entry.http_headers {
                assert!(compare::same_set(headers, &webhook.http_headers));
            }
            let Some(before) = live.iter().find(is_it) else { continue };
            // What is not written is as it was.
            assert_eq!(before.id, webhook.id);
            if entry.http_auth.is_none() {
                assert_eq!(before.http_auth, webhook.http_auth);
            }
            if entry.http_headers.is_none() {
                assert_eq!(before.http_headers, webhook.http_headers);
            }
            for trigger in Trigger::ALL {
                if !entry.triggers.iter().any(|(t, _)| *t == trigger) {
                    assert_eq!(before.triggers.get(trigger), webhook.triggers.get(trigger));
                }
            }
        }
        let kept: Vec<_> = first.unmanaged.clone();
        let still: Vec<_> =
            after.iter().filter(|w| kept.iter().any(|k| k.id == w.id)).cloned().collect();
        assert_eq!(shown(&kept), shown(&still));
        assert!(!wishes.prune || after.len() == desired.entries.len());
        fastrand::shuffle(&mut entries);
        let mut reordered = live.clone();
        fastrand::shuffle(&mut reordered);
        let again = plan(&reordered, None, &manifest(&entries), wishes).unwrap();
        assert_eq!(described(&again), described(&first));
    }
}
