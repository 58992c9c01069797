//! Values that references took from the environment, and what is shown in their place.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

use crate::postmark::{HookUrl, Object, Reveal, Secret, Webhook, mask};

/// Hides the values that references took from the environment, in the fields where they were inserted
/// and in any text that repeats them.
#[derive(Clone, Default)]
pub struct Redaction {
    /// Kind of field, text of the field, and that text with the mask in the place of each value.
    texts: HashMap<&'static str, HashMap<String, String>>,
    values: Vec<Secret>,
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redaction").field("values", &self.values).finish_non_exhaustive()
    }
}

const URL: &str = "Url";

/// Fields of the same kind hold the same texts: a webhook has in `Url` what `MovedFrom` names.
fn kind(key: &str) -> &'static str {
    match key {
        "Name" => "Name",
        "Username" => "Username",
        "MessageStream" => "MessageStream",
        "MovedFrom" => URL,
        key if key.to_ascii_lowercase().ends_with("url") => URL,
        _ => "",
    }
}

impl Redaction {
    /// Registers the text of a field, with the mask in the place of each value, and these values.
    pub(super) fn insert(&mut self, key: &str, text: &str, shown: String, values: Vec<String>) {
        let texts = self.texts.entry(kind(key)).or_default();
        // A server may hold the same URL in another spelling.
        if let (URL, Ok(url)) = (kind(key), text.parse::<HookUrl>()) {
            texts.insert(url.place().into_owned(), shown.clone());
        }
        texts.insert(text.to_owned(), shown);
        for value in values.into_iter().map(Secret::new) {
            if !self.values.contains(&value) {
                self.values.push(value);
            }
        }
    }

    /// The values, for the rest of the run.
    pub fn values(&self) -> &[Secret] {
        &self.values
    }

    /// The text of a field as it is shown.
    pub fn field<'a>(&self, key: &str, text: &'a str) -> Cow<'a, str> {
        match self.whole(key, text) {
            Some(shown) => Cow::Owned(shown.to_owned()),
            None => self.text(text),
        }
    }

    /// The text of a field in which values were inserted, as it is shown.
    pub fn whole(&self, key: &str, text: &str) -> Option<&str> {
        let texts = self.texts.get(kind(key))?;
        let same_place = || {
            let url = text.parse::<HookUrl>().ok().filter(|_| kind(key) == URL)?;
            texts.get(&*url.place())
        };
        texts.get(text).or_else(same_place).map(String::as_str)
    }

    /// A text that may repeat values.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        mask::values(text, &self.values)
    }

    /// A text that may repeat parts of values, such as the host of a URL.
    pub fn text_with_parts(&self, text: &str) -> String {
        let values = self.values.iter().map(Secret::expose);
        let parts = values.flat_map(|value| value.split([':', '/', '?', '#', '&', '=', '@']));
        let parts = parts.filter(|part| !matches!(*part, "" | "http" | "https"));
        let lower = |part: &str| [part.to_owned(), part.to_ascii_lowercase()];
        let parts: Vec<_> = parts.flat_map(lower).map(Secret::new).collect();
        mask::values(&self.text(text), &parts).into_owned()
    }

    /// A sentence about a manifest. Short values are not searched for in its words, but names that hold
    /// one are.
    pub(super) fn sentence(&self, text: &str) -> String {
        let names = ["Name", "MessageStream"].into_iter().filter_map(|kind| self.texts.get(kind));
        let text = names.flatten().fold(text.to_owned(), |text, (name, shown)| {
            let is_named = text.contains(name.as_str());
            if is_named { text.replace(name.as_str(), shown) } else { text }
        });
        let long = self.values.iter().filter(|value| value.expose().chars().count() >= mask::LONG);
        let long: Vec<_> = long.cloned().collect();
        mask::values(&text, &long).into_owned()
    }

    /// A URL as it is shown.
    pub fn url(&self, url: &HookUrl) -> String {
        mask::url(&self.field("Url", url.expose())).into_owned()
    }

    /// The path of a changed field: that of a header ends with its name.
    pub fn path(&self, path: &str) -> String {
        let header = path.strip_prefix("HttpHeaders.");
        header.map_or_else(
            || path.to_owned(),
            |name| format!("HttpHeaders.{}", self.field("Name", name)),
        )
    }

    /// A webhook of a server as it is shown, everything masked.
    pub fn webhook(&self, webhook: &Webhook) -> Value {
        let mut value = webhook.to_json(Reveal::Shown);
        self.value("", &mut value);
        mask::value(&mut value, Reveal::Masked);
        value
    }

    /// Redacts every text of an object but the names of headers, by which they are compared.
    pub fn object(&self, object: &mut Object) {
        if self.values.is_empty() {
            return;
        }
        for (key, inner) in object.iter_mut() {
            match inner {
                Value::Array(headers) if key == "HttpHeaders" => {
                    let values = headers.iter_mut().filter_map(|header| header.get_mut("Value"));
                    values.for_each(|value| self.value("Value", value));
                }
                inner => self.value(key, inner),
            }
        }
    }

    fn value(&self, key: &str, value: &mut Value) {
        if self.values.is_empty() {
            return;
        }
        match value {
            Value::String(text) => {
                if let Cow::Owned(shown) = self.field(key, text) {
                    *text = shown;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(key, item)),
            Value::Object(object) => {
                object.iter_mut().for_each(|(key, inner)| self.value(key, inner));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
