//! `${NAME}` in a manifest's texts, and the secrets that should be one.

use super::redaction::Redaction;
use crate::config::references::Substitute;
use crate::ops::document::{Content, DocumentError, Entry, Node, Place};
use crate::postmark::mask;

/// The tree with every reference replaced by what it stands for, and `$$` by a dollar sign. `key` is that
/// of the value; what must not be shown of it goes into `redaction`.
pub(super) fn resolved(
    key: &str,
    node: &Node,
    lookup: super::Lookup<'_>,
    redaction: &mut Redaction,
    faults: &mut Vec<DocumentError>,
) -> Node {
    let content = match &node.content {
        Content::Text(text) if text.contains('$') => match replace(text, lookup) {
            Ok(Replaced { text, shown, secrets }) => {
                if !secrets.is_empty() {
                    redaction.insert(key, &text, shown, secrets);
                }
                Content::Text(text)
            }
            Err(reasons) => {
                faults.extend(reasons.into_iter().map(|why| node.error(why)));
                // Something harmless, so that the reading goes on to other faults.
                Content::Text(format!("https://{}.invalid", text.len()))
            }
        },
        Content::List(items) => {
            let one = |item: &Node| resolved(key, item, lookup, redaction, faults);
            Content::List(items.iter().map(one).collect())
        }
        Content::Map(entries) => {
            let one = |entry: &Entry| Entry {
                key: entry.key.clone(),
                place: entry.place,
                value: resolved(&entry.key, &entry.value, lookup, redaction, faults),
            };
            Content::Map(entries.iter().map(one).collect())
        }
        other => other.clone(),
    };
    Node { place: node.place, content }
}

/// A text without references.
#[derive(Default)]
struct Replaced {
    text: String,
    /// The text with the mask in the place of each secret.
    shown: String,
    secrets: Vec<String>,
}

/// The text with the values of its references, or all that is wrong with them.
fn replace(text: &str, lookup: super::Lookup<'_>) -> Result<Replaced, Vec<String>> {
    let (mut replaced, mut wrong) = (Replaced::default(), Vec::new());
    for piece in pieces(text) {
        let value = piece.and_then(|piece| match piece {
            Piece::Text(text) => Ok(Substitute { text: text.to_owned(), is_secret: false }),
            Piece::Name(name) => lookup(name),
        });
        match value {
            Ok(Substitute { text, is_secret }) => {
                replaced.text.push_str(&text);
                replaced.shown.push_str(if is_secret { mask::MASK } else { &text });
                if is_secret {
                    replaced.secrets.push(text);
                }
            }
            Err(why) if wrong.contains(&why) => {}
            Err(why) => wrong.push(why),
        }
    }
    if wrong.is_empty() { Ok(replaced) } else { Err(wrong) }
}

pub(super) enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// A dollar sign that begins neither a reference nor a second one is itself.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Result<Piece<'_>, String>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix("$$") {
            rest = after;
            return Some(Ok(Piece::Text("$")));
        }
        if let Some(after) = rest.strip_prefix("${") {
            let Some((name, after)) = after.split_once('}') else {
                rest = "";
                return Some(Err("a reference is not closed: ${NAME} ends with }".to_owned()));
            };
            rest = after;
            if !is_name(name) {
                return Some(Err(format!(
                    "{name:?} is no name for a reference; it has letters, digits and _"
                )));
            }
            return Some(Ok(Piece::Name(name)));
        }
        let end =
            rest.char_indices().skip(1).find(|(_, c)| *c == '$').map_or(rest.len(), |(i, _)| i);
        let (plain, after) = rest.split_at(end);
        rest = after;
        Some(Ok(Piece::Text(plain)))
    })
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The names that a text refers to.
pub fn names(text: &str) -> Vec<&str> {
    let name = |piece| match piece {
        Ok(Piece::Name(name)) => Some(name),
        _ => None,
    };
    pieces(text).filter_map(name).collect()
}

/// A secret in clear text, where a reference could stand.
pub(super) struct Literal {
    pub(super) place: Place,
    /// `Webhooks.HttpAuth.Password`.
    pub(super) path: String,
}

/// Finds the secrets that a manifest holds in clear text.
pub(super) fn literals(manifest: &Node) -> Vec<Literal> {
    let mut found = Vec::new();
    let Content::Map(entries) = &manifest.content else { return found };
    for entry in entries {
        match (&entry.key[..], &entry.value.content) {
            ("Webhooks", Content::List(items)) => {
                for item in items {
                    webhook(item, &mut found);
                }
            }
            ("Server", Content::Map(entries)) => {
                for e in entries {
                    url(&e.value, &format!("Server.{}", e.key), &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

fn webhook(item: &Node, found: &mut Vec<Literal>) {
    let Content::Map(entries) = &item.content else { return };
    for entry in entries {
        match (&entry.key[..], &entry.value.content) {
            ("Url" | "MovedFrom", _) => {
                url(&entry.value, &format!("Webhooks.{}", entry.key), found);
            }
            ("HttpAuth", Content::Map(auth)) => {
                for entry in auth.iter().filter(|e| e.key == "Password") {
                    secret(&entry.value, "Webhooks.HttpAuth.Password", found);
                }
            }
            ("HttpHeaders", Content::List(headers)) => {
                for header in headers {
                    self::header(header, found);
                }
            }
            _ => {}
        }
    }
}

fn header(header: &Node, found: &mut Vec<Literal>) {
    let Content::Map(entries) = &header.content else { return };
    let value = |key: &str| entries.iter().find(|e| e.key == key).map(|e| &e.value);
    let (Some(name), Some(value)) = (value("Name"), value("Value")) else { return };
    let Content::Text(name) = &name.content else { return };
    if mask::looks_secret(name) {
        secret(value, &format!("Webhooks.HttpHeaders.{name}"), found);
    }
}

fn secret(node: &Node, path: &str, found: &mut Vec<Literal>) {
    let Content::Text(text) = &node.content else { return };
    if !text.is_empty() && names(text).is_empty() {
        found.push(Literal { place: node.place, path: path.to_owned() });
    }
}

/// What the mask would hide of a URL, and is no reference.
fn url(node: &Node, path: &str, found: &mut Vec<Literal>) {
    let Content::Text(text) = &node.content else { return };
    // A reference is no secret: a name takes its place before the URL is looked at.
    let mut plain = text.clone();
    for name in names(text) {
        plain = plain.replace(&format!("${{{name}}}"), "");
    }
    let hidden = mask::url(&plain);
    if hidden != plain && hidden.contains(mask::MASK) {
        found.push(Literal { place: node.place, path: path.to_owned() });
    }
}
