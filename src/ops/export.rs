//! The webhooks of a server as a manifest, with references in the place of secrets.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::manifest;
use crate::fs::{self, Access, FsError};
use crate::postmark::{MASK, Object, Reveal, Server, Webhook, mask};

/// The JSON Schema of a manifest, for editors.
pub const SCHEMA: &str = include_str!("manifest/schema.json");

/// What a schema is called beside a manifest.
pub const SCHEMA_FILE: &str = "pmhooks.schema.json";

/// What a user wants of an export.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Values that become references: the name and the value.
    pub vars: Vec<(String, String)>,
    /// Secrets stay in clear.
    pub reveal: bool,
}

/// A manifest, and what is to be said of it.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// The manifest.
    pub manifest: Value,
    /// Each reference to a secret, with what it stands for.
    pub names: Vec<(String, String)>,
    /// What a user should know.
    pub warnings: Vec<String>,
}

/// Makes the manifest. `server` is the one whose settings belong to it, where they do.
pub fn export(webhooks: &[Webhook], server: Option<&Server>, wishes: &Wishes) -> Exported {
    let mut sorted: Vec<_> = webhooks.iter().collect();
    sorted.sort_by_cached_key(|w| (w.message_stream.clone(), w.url.place(), w.id));
    let mut writer = Writer { wishes, taken: HashSet::new(), exported: Exported::default() };
    let mut manifest = Object::new();
    if let Some(Value::Object(all)) = server.map(|server| server.to_json(Reveal::Shown)) {
        let mut part = manifest::server_part(&all);
        for (key, value) in &mut part {
            match value {
                Value::String(url) if key == "InboundHookUrl" => {
                    *url = writer.url(url, "INBOUND", "the inbound webhook");
                }
                other => writer.escape(other),
            }
        }
        manifest.insert("Server".to_owned(), Value::Object(part));
    }
    let items = sorted.iter().map(|webhook| writer.webhook(webhook)).collect();
    manifest.insert("Webhooks".to_owned(), Value::Array(items));
    writer.warn_of_twins(&sorted);
    Exported { manifest: Value::Object(manifest), ..writer.exported }
}

struct Writer<'a> {
    wishes: &'a Wishes,
    taken: HashSet<String>,
    exported: Exported,
}

impl Writer<'_> {
    fn webhook(&mut self, webhook: &Webhook) -> Value {
        let path = webhook.url.place();
        let path = path.split(['?', '#']).next().unwrap_or_default().splitn(4, '/').nth(3);
        let stem = format!("{}_{}", webhook.message_stream, path.unwrap_or_default());
        let about = format!("webhook {}", webhook.id);
        let mut object = Object::new();
        let url = self.url(webhook.url.expose(), &stem, &about);
        object.insert("Url".to_owned(), url.into());
        let stream = self.text(webhook.message_stream.as_str());
        object.insert("MessageStream".to_owned(), stream.into());
        let auth = webhook.http_auth.as_ref().map(|auth| {
            let password = format!("the password of {about}");
            let password =
                self.secret(auth.password.expose(), &format!("{stem}_PASSWORD"), password);
            json!({"Username": self.text(&auth.username), "Password": password})
        });
        object.insert("HttpAuth".to_owned(), auth.unwrap_or_default());
        let headers = webhook.http_headers.iter().map(|header| {
            let what = format!("the header {} of {about}", header.name);
            let value = header.value.expose();
            let value = if header.is_secret() {
                self.secret(value, &format!("{stem}_{}", header.name), what)
            } else {
                self.text(value)
            };
            json!({"Name": self.text(&header.name), "Value": value})
        });
        object.insert("HttpHeaders".to_owned(), headers.collect());
        if let Value::Object(mut all) = webhook.to_json(Reveal::Shown) {
            let mut triggers = all.shift_remove("Triggers").unwrap_or_default();
            self.escape(&mut triggers);
            object.insert("Triggers".to_owned(), triggers);
        }
        for key in webhook.extra.keys() {
            self.exported.warnings.push(format!(
                "the key {key:?} of {about} is not known here, so it is left out of the manifest"
            ));
        }
        Value::Object(object)
    }

    /// A text in which a dollar sign is one, with the values that the user named as references.
    fn text(&self, text: &str) -> String {
        let mut vars: Vec<_> = self.wishes.vars.iter().filter(|(_, v)| !v.is_empty()).collect();
        vars.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        let mut out = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let var = vars.iter().find_map(|(name, value)| {
                rest.strip_prefix(value.as_str()).map(|after| (name, after))
            });
            if let Some((name, after)) = var {
                out.push_str(&format!("${{{name}}}"));
                rest = after;
                continue;
            }
            out.push_str(if c == '$' {
                "$$"
            } else {
                rest.get(..c.len_utf8()).unwrap_or_default()
            });
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        out
    }

    /// Escapes every string below a value, so that none of them is read as a reference. Keys are never
    /// read as references, so they stay as they are.
    fn escape(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.escape(item)),
            Value::Object(object) => object.values_mut().for_each(|inner| self.escape(inner)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn secret(&mut self, value: &str, name: &str, what: String) -> String {
        if self.wishes.reveal || value.is_empty() {
            return value.replace('$', "$$");
        }
        if let Some((name, _)) = self.wishes.vars.iter().find(|(_, v)| v == value) {
            return format!("${{{name}}}");
        }
        let name = self.unique(name);
        let reference = format!("${{{name}}}");
        self.exported.names.push((name, what));
        reference
    }

    /// A URL whose password and secret query values are references.
    fn url(&mut self, url: &str, stem: &str, about: &str) -> String {
        let masked = mask::url(url);
        if self.wishes.reveal || masked == url {
            return self.text(url);
        }
        let (mut out, mut rest) = (String::new(), url);
        let mut pieces = masked.split(MASK).peekable();
        while let Some(piece) = pieces.next() {
            let Some(after) = rest.strip_prefix(piece) else { return self.text(url) };
            out.push_str(&self.text(piece));
            let Some(next) = pieces.peek() else { break };
            let end =
                if next.is_empty() { after.len() } else { after.find(next).unwrap_or(after.len()) };
            let (value, remaining) = after.split_at(end);
            let key = piece.rsplit(['?', '&', ';']).next().and_then(|k| k.strip_suffix('='));
            let part = key.unwrap_or("URL_PASSWORD");
            let what = format!("{} in the URL of {about}", key.unwrap_or("the password"));
            out.push_str(&self.secret(value, &format!("{stem}_{part}"), what));
            rest = remaining;
        }
        out
    }

    /// A name that a shell can hold, and that no other secret has.
    fn unique(&mut self, wanted: &str) -> String {
        let letters = wanted.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
        let letters: String = letters.collect::<String>().to_ascii_uppercase();
        let words: Vec<_> = letters.split('_').filter(|word| !word.is_empty()).collect();
        let mut base = words.join("_");
        if !base.starts_with(|c: char| c.is_ascii_alphabetic()) {
            base.insert_str(0, "HOOK_");
        }
        let is_var = |name: &String| self.wishes.vars.iter().any(|(n, _)| n == name);
        let numbered = (2_u32..).map(|n| format!("{base}_{n}"));
        let mut names = std::iter::once(base.clone()).chain(numbered);
        let free = names.find(|name| !self.taken.contains(name) && !is_var(name));
        let name = free.unwrap_or(base);
        self.taken.insert(name.clone());
        name
    }

    fn warn_of_twins(&mut self, webhooks: &[&Webhook]) {
        let mut seen: HashMap<_, BTreeSet<_>> = HashMap::new();
        for webhook in webhooks {
            let identity = (webhook.message_stream.clone(), webhook.url.place());
            seen.entry(identity).or_default().insert(webhook.id);
        }
        let mut twins: Vec<_> = seen.into_values().filter(|ids| ids.len() > 1).collect();
        twins.sort();
        for ids in twins {
            let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
            self.exported.warnings.push(format!(
                "webhooks {} have the same stream and URL: the manifest cannot be applied until all but one are gone",
                ids.join(" and ")
            ));
        }
    }
}

/// Writes a manifest to a file, whole or not at all. No folder is made for it: a name that is
/// mistyped should not become one.
///
/// A new file is private. One that is there keeps its mode, unless the manifest now holds secrets.
pub fn write(path: &Path, text: &str, reveal: bool) -> Result<(), FsError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let source = io::Error::new(io::ErrorKind::NotFound, "there is no such folder");
        return Err(FsError::Io { doing: "write to", path: folder.to_owned(), source });
    }
    fs::replace(path, text.as_bytes(), if reveal { Access::Private } else { Access::Kept })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::references::Substitute;

    fn webhook(url: &str, password: &str) -> Webhook {
        serde_json::from_value(json!({
            "ID": 7, "Url": url, "MessageStream": "outbound",
            "HttpAuth": {"Username": "pay$er", "Password": password},
            "HttpHeaders": [{"Name": "X-Key", "Value": "a$b"}],
            "Triggers": {"Bounce": {"Enabled": true, "IncludeContent": true}},
        }))
        .unwrap()
    }

    #[test]
    fn what_is_exported_means_the_same_again() {
        // torture 72, 74
        let random = |length: usize| -> String {
            let signs = "ab:$@{}#'\"%& é\\-~!*|>?\t".chars().collect::<Vec<_>>();
            (0..length).map(|_| signs[fastrand::usize(..signs.len())]).collect()
        };
        for _ in 0..300 {
            let (password, value) = (format!("p{}", random(8)), format!("h{}", random(8)));
            let mut hook = webhook("https://u:pw$1@hooks.example.com/a$b?token=x$y&n=1", &password);
            hook.http_headers[0].value = crate::postmark::Secret::new(value.replace('\t', "_"));
            let vars = vec![("HOST".to_owned(), "hooks.example.com".to_owned())];
            let exported = export(&[hook.clone()], None, &Wishes { vars, reveal: false });
            let text = exported.manifest.to_string();
            for secret in ["pw$1", "x$y", hook.http_headers[0].value.expose(), &password] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
            let secret = |name: &str| {
                let text = match name {
                    "HOST" => "hooks.example.com",
                    "OUTBOUND_A_B_URL_PASSWORD" => "pw$1",
                    "OUTBOUND_A_B_TOKEN" => "x$y",
                    "OUTBOUND_A_B_PASSWORD" => &password,
                    "OUTBOUND_A_B_X_KEY" => hook.http_headers[0].value.expose(),
                    other => return Err(other.to_owned()),
                };
                Ok(Substitute { text: text.to_owned(), is_secret: true })
            };
            let documents = json!([{"Origin": "-", "Document": exported.manifest}]);
            let documents = manifest::Documents::from_json(&documents).unwrap();
            let read = documents.resolve(&secret).unwrap();
            let entry = &read.entries[0];
            assert_eq!(entry.url, hook.url);
            assert_eq!(entry.http_auth.clone().flatten(), hook.http_auth);
            assert_eq!(entry.http_headers.as_deref(), Some(&hook.http_headers[..]));
        }
    }

    #[test]
    fn two_secrets_never_share_a_name() {
        let hooks = [webhook("https://a.example/x", "one"), webhook("https://b.example/x", "two")];
        let names: Vec<_> = export(&hooks, None, &Wishes::default()).names;
        let names: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "OUTBOUND_X_PASSWORD",
            "OUTBOUND_X_X_KEY",
            "OUTBOUND_X_PASSWORD_2",
            "OUTBOUND_X_X_KEY_2",
        ];
        assert_eq!(names, expected);
    }
}
