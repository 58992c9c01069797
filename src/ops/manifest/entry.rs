//! One webhook of a manifest.

use crate::ops::definition::{self, Definition, Written};
use crate::ops::document::{DocumentError, Node};
use crate::postmark::{
    HookUrl, HttpAuth, HttpHeader, NewWebhook, Object, StreamId, Trigger, TriggerSetting,
};

const KEYS: [&str; 6] =
    ["Url", "MessageStream", "HttpAuth", "HttpHeaders", "Triggers", "MovedFrom"];

/// A webhook as a manifest asks for it. What is `None` or not named stays as it is.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it is written: `hooks.yaml:12:5`.
    pub place: String,
    /// Its stream.
    pub stream: StreamId,
    /// Where it posts to.
    pub url: HookUrl,
    /// Where it posted to before: it is changed in place instead of being made anew.
    pub moved_from: Option<HookUrl>,
    /// Its credentials; the inner `None` takes them away.
    pub http_auth: Option<Option<HttpAuth>>,
    /// Its headers, all of them.
    pub http_headers: Option<Vec<HttpHeader>>,
    /// The triggers that are named, with the options that are written.
    pub triggers: Vec<(Trigger, TriggerSetting)>,
    /// Triggers that are not known here.
    pub other_triggers: Object,
}

impl Entry {
    /// The webhook, where there is none yet.
    pub fn to_new(&self) -> NewWebhook {
        let mut triggers = self.triggers.clone();
        for (trigger, setting) in &mut triggers {
            setting.complete(*trigger);
        }
        NewWebhook {
            url: self.url.clone(),
            message_stream: Some(self.stream.clone()),
            http_auth: self.http_auth.clone().flatten(),
            http_headers: self.http_headers.clone().unwrap_or_default(),
            triggers,
            other_triggers: self.other_triggers.clone(),
            extra: Object::new(),
            verify: true,
        }
    }
}

/// Reads one webhook of the list.
pub(super) fn read(
    node: &Node,
    place: String,
    warnings: &mut Vec<String>,
) -> Result<Entry, DocumentError> {
    let mut definition = Definition::default();
    let (mut url, mut moved_from, mut stream) = (None, None, None);
    for entry in node.map("a webhook")? {
        let value = &entry.value;
        match entry.key.as_str() {
            "Url" => url = Some(hook_url(value, "Url")?),
            "MovedFrom" | "MessageStream" | "Triggers" if value.is_null() => {}
            "MovedFrom" => moved_from = Some(hook_url(value, "MovedFrom")?),
            "MessageStream" => stream = Some(definition::parsed(value, "MessageStream")?),
            "HttpAuth" => definition.http_auth = Some(definition::http_auth(value)?),
            "HttpHeaders" => definition.http_headers = Some(definition::http_headers(value)?),
            "Triggers" => definition::triggers(value, &mut definition)?,
            "ID" | "Status" => {
                return Err(entry.error(format!(
                    "{} is not written in a manifest: it differs from server to server",
                    entry.key
                )));
            }
            key => return Err(entry.error(super::unknown(key, &KEYS))),
        }
    }
    let Some(url) = url else { return Err(node.error("a webhook needs a Url")) };
    warnings.extend(definition.warnings.drain(..).map(|warning| format!("{place}: {warning}")));
    let masked = |path: String| {
        node.error(format!(
            "{path} holds {}, which pmhooks shows in a secret's place; \
             put the secret itself there, or a reference such as ${{NAME}}",
            crate::postmark::MASK
        ))
    };
    let http_auth = match definition.http_auth {
        None => None,
        Some(None) => Some(None),
        Some(Some(Written::Clear(auth))) => Some(Some(auth)),
        Some(Some(Written::Masked(_))) => return Err(masked("HttpAuth.Password".to_owned())),
    };
    let mut http_headers = definition.http_headers.is_some().then(Vec::new);
    for (name, value) in definition.http_headers.into_iter().flatten() {
        let Written::Clear(value) = value else {
            return Err(masked(format!("HttpHeaders.{name}")));
        };
        http_headers.get_or_insert_default().push(HttpHeader { name, value });
    }
    Ok(Entry {
        place,
        stream: stream.unwrap_or_else(StreamId::outbound),
        url,
        moved_from,
        http_auth,
        http_headers,
        triggers: definition.triggers,
        other_triggers: definition.other_triggers,
    })
}

fn hook_url(node: &Node, path: &str) -> Result<HookUrl, DocumentError> {
    definition::parsed(node, path)
}
