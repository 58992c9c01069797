//! What differs between two written shapes, field by field.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::model::{MASK, Object, Reveal, Webhook, mask};

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
    let written = |webhook: &Webhook| {
        let mut object = match webhook.to_json(Reveal::Shown) {
            Value::Object(object) => object,
            _ => Object::new(),
        };
        object.shift_remove("ID");
        object.shift_remove("Status");
        object
    };
    of_objects(&written(before), &written(after), reveal)
}

/// The fields in which two objects differ, in the order in which they are written.
pub fn of_objects(before: &Object, after: &Object, reveal: Reveal) -> Vec<FieldChange> {
    // Most of two webhooks is alike: what is not looked at costs nothing.
    let (before, after) = (&unlike(before, after), &unlike(after, before));
    let (clear_before, clear_after) = (flat(before), flat(after));
    let (was, is) = (by_path(&clear_before), by_path(&clear_after));
    let gone = clear_before.iter().filter(|(path, _)| !is.contains_key(path.as_str()));
    let paths = clear_after.iter().chain(gone).map(|(path, _)| path.as_str());
    let differing: Vec<_> = paths.filter(|path| was.get(path) != is.get(path)).collect();
    if differing.is_empty() {
        return Vec::new();
    }
    let masked = |object: &Object| {
        let mut object = object.clone();
        mask::object(&mut object, reveal);
        object
    };
    let (masked_before, masked_after) = (masked(before), masked(after));
    let (shown_before, shown_after) = (flat(&masked_before), flat(&masked_after));
    let (was, is) = (by_path(&shown_before), by_path(&shown_after));
    let value = |fields: &HashMap<&str, &Value>, path| {
        fields.get(path).map_or(Value::Null, |value| (*value).clone())
    };
    differing
        .into_iter()
        .map(|path| FieldChange {
            path: path.to_owned(),
            from: value(&was, path),
            to: value(&is, path),
        })
        .collect()
}

/// What an object does not have as another one has it, at any depth.
fn unlike(object: &Object, other: &Object) -> Object {
    let unlike = object.iter().filter_map(|(key, value)| match (value, other.get(key)) {
        (value, Some(beside)) if value == beside => None,
        (Value::Object(inner), Some(Value::Object(beside))) => {
            Some((key.clone(), Value::Object(self::unlike(inner, beside))))
        }
        _ => Some((key.clone(), value.clone())),
    });
    unlike.collect()
}

fn by_path<'a>(fields: &'a [(String, &'a Value)]) -> HashMap<&'a str, &'a Value> {
    fields.iter().map(|(path, value)| (path.as_str(), *value)).collect()
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
            for (index, item) in items.iter().enumerate() {
                let name = item.get("Name").and_then(Value::as_str).unwrap_or_default();
                let earlier =
                    items.iter().take(index).filter(|i| i.get("Name") == item.get("Name"));
                let place = match earlier.count() {
                    0 => format!("{path}.{name}"),
                    n => format!("{path}.{name}.{}", n + 1),
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
            "HttpHeaders": [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}],
            "Triggers": {"Bounce": {"Enabled": false}}});
        let after = json!({"Url": "https://u:p2@h/", "HttpAuth": null,
            "HttpHeaders": [{"Name": "B", "Value": "3"}, {"Name": "C", "Value": "4"}],
            "Triggers": {"Bounce": {"Enabled": true}}});
        assert_eq!(
            changes(before, after),
            [
                "Url: https://u:********@h/ -> https://u:********@h/ (its secret changed)",
                "HttpHeaders.B: ******** -> changed",
                "HttpHeaders.C: (none) -> ********",
                "Triggers.Bounce.Enabled: false -> true",
                "HttpAuth.Username: u -> (none)",
                "HttpAuth.Password: ******** -> (none)",
                "HttpHeaders.A: ******** -> (none)",
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
