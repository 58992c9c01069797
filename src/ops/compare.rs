//! One server beside another: what would make the second like the first.

use std::collections::HashMap;

use super::manifest::{Entry, Manifest};
use super::plan::{self, Deed, Plan, PlanError};
use crate::postmark::{
    HttpAuth, HttpHeader, Reveal, Secret, Server, ServerPatch, Trigger, Webhook,
};

/// A server as it is compared.
#[derive(Clone, Debug)]
pub struct Side {
    /// What it is called.
    pub name: String,
    /// The values that its profile has for manifests.
    pub vars: Vec<(String, String)>,
    /// Its webhooks.
    pub webhooks: Vec<Webhook>,
    /// Its settings.
    pub server: Server,
}

/// Plans what would make `present` like `wanted`. Webhooks that only `present` has would go.
///
/// A value of the one profile's vars means the other's value of the same name, as if the one server were
/// exported with its vars and the manifest applied to the other.
pub fn servers(wanted: &Side, present: &Side, reveal: Reveal) -> Result<Plan, PlanError> {
    let (mut manifest, mut warnings) = (Manifest::default(), Vec::new());
    let translation = Translation::new(wanted, present, &mut warnings);
    check_twins(wanted)?;
    for webhook in &wanted.webhooks {
        let text = translation.of(webhook.url.expose());
        let url = text.parse().unwrap_or_else(|why| {
            warnings.push(format!(
                "the URL of webhook {} of {} is taken as it is: with the vars of {} {why}",
                webhook.id, wanted.name, present.name
            ));
            webhook.url.clone()
        });
        let hidden = |auth: &HttpAuth| auth.password.expose().chars().all(|c| c == '*');
        let auth = webhook.http_auth.as_ref();
        let unreadable = auth.is_some_and(hidden);
        if unreadable {
            warnings.push(format!(
                "Postmark does not show the password of webhook {} of {}, so its credentials are not compared",
                webhook.id, wanted.name
            ));
        }
        let secret = |secret: &Secret| Secret::new(translation.of(secret.expose()));
        let auth = auth.map(|auth| HttpAuth {
            username: translation.of(&auth.username),
            password: secret(&auth.password),
        });
        let headers = webhook
            .http_headers
            .iter()
            .map(|header| HttpHeader { name: header.name.clone(), value: secret(&header.value) });
        let triggers = Trigger::ALL.map(|trigger| (trigger, webhook.triggers.get(trigger).clone()));
        manifest.entries.push(Entry {
            place: format!("webhook {} of {}", webhook.id, wanted.name),
            stream: webhook.message_stream.clone(),
            url,
            moved_from: None,
            http_auth: (!unreadable).then_some(auth),
            http_headers: Some(headers.collect()),
            triggers: triggers.into(),
            other_triggers: webhook.triggers.other.clone(),
        });
    }
    let inbound = wanted.server.get("InboundHookUrl").and_then(|url| url.as_str());
    manifest.server = ServerPatch {
        inbound_hook_url: inbound.map(|url| translation.of(url)),
        enable_smtp_api_error_hooks: wanted
            .server
            .get("EnableSmtpApiErrorHooks")
            .and_then(serde_json::Value::as_bool),
        ..ServerPatch::default()
    };
    let wishes = plan::Wishes { prune: true, verify: true, reveal };
    let mut plan = plan::differences(&present.webhooks, Some(&present.server), &manifest, wishes)?;
    // A new webhook has nothing on anyway.
    for change in plan.changes.iter_mut().filter(|c| matches!(c.deed, Deed::Create(_))) {
        change.fields.retain(|field| field.to != false);
    }
    plan.warnings.splice(0..0, warnings);
    Ok(plan)
}

/// The values of one profile, and what they are on the other.
struct Translation(Vec<(String, String)>);

impl Translation {
    fn new(from: &Side, to: &Side, warnings: &mut Vec<String>) -> Self {
        let mut pairs = Vec::new();
        for (name, value) in from.vars.iter().filter(|(_, value)| !value.is_empty()) {
            match to.vars.iter().find(|(other, _)| other == name) {
                Some((_, there)) => pairs.push((value.clone(), there.clone())),
                None => warnings.push(format!(
                    "{name} is in the vars of {}, but not of {}: its value is compared as it is",
                    from.name, to.name
                )),
            }
        }
        // The longest first: a host holds its domain.
        pairs.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        Self(pairs)
    }

    fn of(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let pair = self.0.iter().find_map(|(value, there)| {
                rest.strip_prefix(value.as_str()).map(|after| (there, after))
            });
            if let Some((there, after)) = pair {
                out.push_str(there);
                rest = after;
            } else {
                out.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
        out
    }
}

fn check_twins(side: &Side) -> Result<(), PlanError> {
    let mut seen = HashMap::new();
    for webhook in &side.webhooks {
        let identity = (webhook.message_stream.clone(), webhook.url.place());
        if let Some(first) = seen.insert(identity, webhook.id) {
            let stream = webhook.message_stream.to_string();
            return Err(PlanError::Ambiguous { stream, ids: (first, webhook.id) });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn side(name: &str, vars: &[(&str, &str)], webhooks: Value) -> Side {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let server = json!({"ID": 1, "Name": name, "InboundHookUrl": ""});
        Side {
            name: name.to_owned(),
            vars: vars.iter().map(owned).collect(),
            webhooks: serde_json::from_value(webhooks).unwrap(),
            server: serde_json::from_value(server).unwrap(),
        }
    }

    fn hook(id: i64, url: &str, password: &str) -> Value {
        json!({"ID": id, "Url": url, "MessageStream": "outbound",
            "HttpAuth": {"Username": "u", "Password": password}, "HttpHeaders": [],
            "Triggers": {"Bounce": {"Enabled": true, "IncludeContent": false}}})
    }

    fn actions(wanted: &Side, present: &Side) -> Vec<&'static str> {
        let plan = servers(wanted, present, Reveal::Masked).unwrap();
        plan.changes.iter().map(plan::Change::action).collect()
    }

    #[test]
    fn a_value_of_the_one_means_the_value_of_the_other() {
        let vars = [("DOMAIN", "a.example"), ("HOST", "hooks.a.example"), ("P", "one")];
        let here = side("a", &vars, json!([hook(1, "https://hooks.a.example/x", "one")]));
        let vars = [("HOST", "in.b.example"), ("DOMAIN", "b.example"), ("P", "two")];
        let there = side("b", &vars, json!([hook(9, "https://in.b.example/x", "two")]));
        assert_eq!(actions(&here, &there), [""; 0]);
        assert_eq!(actions(&there, &here), [""; 0]);
        let bare = side("b", &[], json!([hook(9, "https://in.b.example/x", "two")]));
        assert_eq!(actions(&here, &bare), ["Create", "Delete"]);
        let plan = servers(&here, &bare, Reveal::Masked).unwrap();
        assert_eq!(plan.warnings.len(), 3, "{:?}", plan.warnings);
    }

    #[test]
    fn a_password_that_is_not_shown_is_no_difference() {
        for (here, there) in [("********", "two"), ("one", "********"), ("one", "")] {
            let here = side("a", &[], json!([hook(1, "https://h.example/x", here)]));
            let there = side("b", &[], json!([hook(2, "https://h.example/x", there)]));
            let plan = servers(&here, &there, Reveal::Masked).unwrap();
            assert!(plan.changes.is_empty(), "{:?}", plan.changes);
            assert_eq!(plan.warnings.len(), 1);
        }
    }

    #[test]
    fn more_webhooks_than_a_stream_may_have_are_compared_all_the_same() {
        let many = |host: &str| -> Value {
            (1..=8).map(|n| hook(n, &format!("https://{host}/{n}"), "p")).collect()
        };
        let (here, there) = (side("a", &[], many("a.example")), side("b", &[], many("b.example")));
        assert_eq!(actions(&here, &there).len(), 16);
        let twins = json!([hook(1, "https://h/x", "p"), hook(2, "https://h/x", "p")]);
        assert!(servers(&side("a", &[], twins), &there, Reveal::Masked).is_err());
    }
}
