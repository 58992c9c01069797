//! A YAML or JSON document that remembers where everything in it stands.

use crate::error::{Diagnose, Diagnosis, Exit};
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{Location, Spanned};

/// Where something stands, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", .place.map(|p| format!("{}:{}: ", p.line, p.column)).unwrap_or_default())]
pub struct DocumentError {
    /// Where, if it can be said.
    pub place: Option<Place>,
    /// What; never a value, which may be a secret.
    pub problem: String,
}

impl Diagnose for DocumentError {
    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::new(Exit::Usage)
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub content: Content,
}

/// A value of a document.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a map, with its place, and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Its value.
    pub value: Node,
}

/// The most values that a document holds, those that aliases repeat included: about 12 000 webhooks.
const MOST_NODES: usize = 400_000;

/// Reads a document. JSON is read as the YAML that it is.
///
/// Anchors that explode, deep nesting, duplicate keys and several documents are refused; `yes`, `no`,
/// `on` and `off` are texts, so that a boolean is always written `true` or `false`.
pub fn parse(text: &str) -> Result<Node, DocumentError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_nodes: MOST_NODES, max_depth: 24 },
        // An alias is a few letters, and what it repeats may be large.
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MOST_NODES / 8 },
    };
    match serde_saphyr::from_str_with_options::<Spanned<Content>>(text, options) {
        Ok(spanned) => Ok(node(spanned)),
        Err(error) => {
            let place = error.location().map(Place::from);
            let said = error.without_snippet().to_string();
            let problem = said.split(" at line ").next().unwrap_or_default();
            let problem = problem.split(", set DuplicateKeyPolicy").next().unwrap_or_default();
            let problem = problem.split("; use from_str").next().unwrap_or_default();
            let line = place.and_then(|p| text.lines().nth(usize::try_from(p.line).ok()? - 1));
            let is_unquoted = line.is_some_and(|line| line.contains("${"));
            let quotes = "; within { } and [ ] a reference wants quotes: \"${NAME}\"";
            let advice = if is_unquoted { quotes } else { "" };
            Err(DocumentError { place, problem: format!("{problem}{advice}") })
        }
    }
}

fn node(spanned: Spanned<Content>) -> Node {
    Node { place: spanned.referenced.into(), content: spanned.value }
}

impl Node {
    /// An error about this value.
    pub fn error(&self, problem: impl Into<String>) -> DocumentError {
        DocumentError { place: Some(self.place), problem: problem.into() }
    }

    /// The entries of a map.
    pub fn map(&self, path: &str) -> Result<&[Entry], DocumentError> {
        match &self.content {
            Content::Map(entries) => Ok(entries),
            _ => Err(self.wrong(path, "a map of keys and values")),
        }
    }

    /// The items of a list.
    pub fn list(&self, path: &str) -> Result<&[Self], DocumentError> {
        match &self.content {
            Content::List(items) => Ok(items),
            _ => Err(self.wrong(path, "a list")),
        }
    }

    /// A text.
    pub fn text(&self, path: &str) -> Result<&str, DocumentError> {
        match &self.content {
            Content::Text(text) => Ok(text),
            _ => Err(self.wrong(path, "a text (put it in quotes)")),
        }
    }

    /// A truth value.
    pub fn bool(&self, path: &str) -> Result<bool, DocumentError> {
        match &self.content {
            Content::Bool(value) => Ok(*value),
            _ => Err(self.wrong(path, "true or false")),
        }
    }

    /// True for null.
    pub fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    /// The value without places.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => {
                Value::Object(entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect())
            }
        }
    }

    fn wrong(&self, path: &str, expected: &str) -> DocumentError {
        let found = match &self.content {
            Content::Null => "empty",
            Content::Bool(_) => "true or false",
            Content::Number(_) => "a number",
            Content::Text(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        };
        self.error(format!("{path} is {found}, not {expected}"))
    }
}

impl Entry {
    /// An error about this key.
    pub fn error(&self, problem: impl Into<String>) -> DocumentError {
        DocumentError { place: Some(self.place), problem: problem.into() }
    }
}

/// The known key that a user most likely meant by an unknown one.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |k: &str| edit_distance(&word.to_lowercase(), &k.to_lowercase());
    let best = known.iter().map(|k| (distance(k), *k)).min_by_key(|(d, _)| *d);
    best.filter(|(d, k)| *d <= (k.len() / 3).max(2)).map(|(_, k)| k)
}

/// The Levenshtein distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cb, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = *above;
            left = substituted.min(*above + 1).min(left + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }
    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Number::from_f64(value).map_or(Content::Null, Content::Number))
    }
    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Content>>()? {
            list.push(node(item));
        }
        Ok(Content::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Spanned<String>, Spanned<Content>>()? {
            entries.push(Entry {
                place: key.referenced.into(),
                key: key.value,
                value: node(value),
            });
        }
        Ok(Content::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn yaml_and_json_are_read_alike_with_their_places() {
        let yaml = parse("Url: https://h/x\nTriggers:\n  Open: { Enabled: true }\n").unwrap();
        let json =
            parse(r#"{"Url": "https://h/x", "Triggers": {"Open": {"Enabled": true}}}"#).unwrap();
        assert_eq!(yaml.to_json(), json.to_json());
        let entries = yaml.map("top").unwrap();
        assert_eq!(entries[1].place, Place { line: 2, column: 1 });
        assert_eq!(
            entries[1].value.map("Triggers").unwrap()[0].place,
            Place { line: 3, column: 3 }
        );
    }

    #[test]
    fn what_is_not_one_plain_document_is_refused_with_its_place() {
        // torture 81, 110
        assert_eq!(problem("Url: a\nUrl: b\n"), "2:1: duplicate mapping key: Url");
        assert_eq!(problem("a: [1,\n"), "1:4: unclosed bracket '['");
        assert!(problem("a: 1\n---\nb: 2\n").starts_with("3:1: multiple YAML documents"));
        assert!(problem(&"[".repeat(100_000)).len() < 200);
        assert!(problem(&"- ".repeat(100_000)).len() < 200);
    }

    #[test]
    fn anchors_that_explode_are_stopped() {
        // torture 110
        let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (this, last) in ('b'..='z').zip('a'..) {
            let items = vec![format!("*{last}"); 9].join(",");
            bomb += &format!("{this}: &{this} [{items}]\n");
        }
        assert!(problem(&bomb).contains("alias"), "{}", problem(&bomb));
    }

    #[test]
    fn a_yes_is_a_text_and_is_refused_where_a_truth_value_belongs() {
        let node = parse("yes").unwrap();
        assert_eq!(
            node.bool("Enabled").unwrap_err().problem,
            "Enabled is a text, not true or false"
        );
    }

    #[test]
    fn the_nearest_key_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("Ulr", &["Url", "Triggers"]), Some("Url"));
        assert_eq!(nearest("HttpHeader", &["HttpAuth", "HttpHeaders"]), Some("HttpHeaders"));
        assert_eq!(nearest("Webhook", &["Url", "Triggers"]), None);
    }
}
