//! What differs between two written shapes, field by field.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::ops::manifest::Redaction;
use crate::postmark::{MASK, Object, Reveal, Webhook, WebhookPatch, mask};

/// How the values of fields are shown.
#[derive(Clone, Copy)]
pub struct Masking<'a> {
    /// Whether secrets are shown.
    pub reveal: Reveal,
    /// Hides the values that came from the environment, where secrets are not shown.
    pub redaction: Option<&'a Redaction>,
}

impl From<Reveal> for Masking<'_> {
    fn from(reveal: Reveal) -> Self {
        Self { reveal, redaction: None }
    }
}

impl Masking<'_> {
    fn redaction(&self) -> Option<&Redaction> {
        self.redaction.filter(|_| self.reveal == Reveal::Masked)
    }

    fn object(&self, object: &mut Object) {
        if let Some(redaction) = self.redaction() {
            redaction.object(object);
        }
        mask::object(object, self.reveal);
    }

    fn path(&self, path: String) -> String {
        self.redaction().map_or_else(|| path.clone(), |redaction| redaction.path(&path))
    }
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Where, dotted: `Triggers.Bounce.Enabled`.
    pub path: String,
    /// Before; null where it was not there. A secret is masked.
    pub from: Value,
    /// After; null where it is not there. A secret is masked.
    pub to: Value,
}

impl FieldChange {
    /// The documented shape.
    pub fn to_json(&self) -> Value {
        json!({"Path": self.path, "From": self.from, "To": self.to})
    }

    /// The value before, for people.
    pub fn shown_from(&self) -> String {
        brief(&self.from)
    }

    /// The value after, for people; of a secret only that it is another one.
    pub fn shown_to(&self) -> String {
        match self.from == self.to {
            true if self.to == MASK => "changed".to_owned(),
            true => format!("{} (its secret changed)", brief(&self.to)),
            false => brief(&self.to),
        }
    }
}

fn brief(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The fields in which two webhooks differ; `ID` and `Status` are not written, so they do not count.
pub fn of_webhooks(before: &Webhook, after: &Webhook, reveal: Reveal) -> Vec<FieldChange> {
    of_objects(&before.definition(), &after.definition(), reveal)
}

/// The fields that a patch changes.
pub fn of_patch(webhook: &Webhook, patch: &WebhookPatch, masking: Masking<'_>) -> Vec<FieldChange> {
    let (before, after) = patch.touched(webhook);
    of_objects(&before, &after, masking)
}

/// The fields of something new.
pub fn of_new(mut object: Object, masking: Masking<'_>) -> Vec<FieldChange> {
    masking.object(&mut object);
    let field = |(path, to): (String, &Value)| FieldChange {
        path: masking.path(path),
        from: Value::Null,
        to: to.clone(),
    };
    flat(&object).into_iter().map(field).collect()
}

/// The fields in which two objects differ, in the order in which they are written.
pub fn of_objects<'a>(
    before: &Object,
    after: &Object,
    masking: impl Into<Masking<'a>>,
) -> Vec<FieldChange> {
    let masking = masking.into();
    let (mut before, mut after) = (without(before, after), without(after, before));
    let differing: Vec<String> = {
        let (was, is) = (by_path(&before), by_path(&after));
        let gone = flat(&before).into_iter().filter(|(path, _)| !is.contains_key(path.as_str()));
        let paths = flat(&after).into_iter().chain(gone).map(|(path, _)| path);
        paths.filter(|path| was.get(path) != is.get(path)).collect()
    };
    // Compared in clear and shown masked.
    masking.object(&mut before);
    masking.object(&mut after);
    let (was, is) = (by_path(&before), by_path(&after));
    let value = |fields: &BTreeMap<String, &Value>, path: &str| {
        fields.get(path).map_or(Value::Null, |value| (*value).clone())
    };
    let change = |path: String| {
        let (from, to) = (value(&was, &path), value(&is, &path));
        FieldChange { path: masking.path(path), from, to }
    };
    differing.into_iter().map(change).collect()
}

/// What is in an object and not the same in another: most of two webhooks is.
fn without(object: &Object, other: &Object) -> Object {
    let part = |(key, value): (&String, &Value)| match (value, other.get(key)) {
        (value, Some(same)) if value == same => None,
        (Value::Object(inner), Some(Value::Object(other))) => {
            Some((key.clone(), without(inner, other).into()))
        }
        _ => Some((key.clone(), value.clone())),
    };
    object.iter().filter_map(part).collect()
}

fn by_path(object: &Object) -> BTreeMap<String, &Value> {
    flat(object).into_iter().collect()
}

/// Every leaf with its dotted path. Headers go by their names, since their order means nothing.
fn flat(object: &Object) -> Vec<(String, &Value)> {
    let mut leaves = Vec::new();
    for (key, value) in object {
        flatten(key, value, &mut leaves);
    }
    leaves
}

fn flatten<'a>(path: &str, value: &'a Value, leaves: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                flatten(&format!("{path}.{key}"), inner, leaves);
            }
        }
        Value::Array(items) if path == "HttpHeaders" => {
            let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
            for item in items {
                let name = item.get("Name").and_then(Value::as_str).unwrap_or_default();
                let count = seen.entry(name).or_default();
                *count += 1;
                let place = match count {
                    1 => format!("{path}.{name}"),
                    n => format!("{path}.{name}.{n}"),
                };
                leaves.push((place, item.get("Value").unwrap_or(&Value::Null)));
            }
        }
        Value::Null => {}
        leaf => leaves.push((path.to_owned(), leaf)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(before: Value, after: Value) -> Vec<String> {
        let object = |v: Value| v.as_object().cloned().unwrap();
        of_objects(&object(before), &object(after), Reveal::Masked)
            .iter()
            .map(|c| format!("{}: {} -> {}", c.path, c.shown_from(), c.shown_to()))
            .collect()
    }

    #[test]
    fn only_what_differs_is_named_and_secrets_only_as_changed() {
        let before = json!({"Url": "https://u:p1@h/", "HttpAuth": {"Username": "u", "Password": "p1"},
            "HttpHeaders": [{"Name": "A-Key", "Value": "1"}, {"Name": "B-Key", "Value": "2"}],
            "Triggers": {"Bounce": {"Enabled": false}}});
        let after = json!({"Url": "https://u:p2@h/", "HttpAuth": null,
            "HttpHeaders": [{"Name": "B-Key", "Value": "3"}, {"Name": "C-Key", "Value": "4"}],
            "Triggers": {"Bounce": {"Enabled": true}}});
        assert_eq!(
            changes(before, after),
            [
                "Url: https://u:********@h/ -> https://u:********@h/ (its secret changed)",
                "HttpHeaders.B-Key: ******** -> changed",
                "HttpHeaders.C-Key: (none) -> ********",
                "Triggers.Bounce.Enabled: false -> true",
                "HttpAuth.Username: u -> (none)",
                "HttpAuth.Password: ******** -> (none)",
                "HttpHeaders.A-Key: ******** -> (none)",
            ]
        );
    }

    #[test]
    fn the_order_of_headers_means_nothing() {
        let before =
            json!({"HttpHeaders": [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}]});
        let after =
            json!({"HttpHeaders": [{"Name": "B", "Value": "2"}, {"Name": "A", "Value": "1"}]});
        assert_eq!(changes(before, after), Vec::<String>::new());
    }
}
