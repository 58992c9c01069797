//! A manifest of which not every reference is known, and where everything in it is written: for a reader
//! that needs no secrets.

use std::fmt;

use super::Documents;
use super::reference::{self, Piece};
use crate::ops::document::{Content, Entry, Node, Place};
use crate::postmark::{HookUrl, mask};

const URLS: [&str; 3] = ["Url", "MovedFrom", "InboundHookUrl"];

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The file, or `standard input`.
    pub origin: String,
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.origin, self.line, self.column)
    }
}

impl Spot {
    fn new(origin: &str, place: Place) -> Self {
        Self { origin: origin.to_owned(), line: place.line, column: place.column }
    }
}

/// Where a map is written, and each of its keys.
#[derive(Clone, Debug)]
pub struct Spots {
    /// The whole.
    pub own: Spot,
    keys: Vec<(String, Spot)>,
}

impl Spots {
    fn new(origin: &str, node: &Node) -> Self {
        let entries = node.map("").unwrap_or_default();
        let key = |entry: &Entry| (entry.key.clone(), Spot::new(origin, entry.place));
        Self { own: Spot::new(origin, node.place), keys: entries.iter().map(key).collect() }
    }

    /// Where a key is written; the whole where it is not.
    pub fn of(&self, key: &str) -> &Spot {
        self.keys.iter().find(|(name, _)| name == key).map_or(&self.own, |(_, spot)| spot)
    }
}

/// What stands in the place of what is not known.
#[derive(Clone, Debug, Default)]
pub struct StandIns {
    /// The names that are not set, each once, in the order of the manifest.
    pub names: Vec<String>,
    written: Vec<StandIn>,
}

#[derive(Clone, Debug)]
struct StandIn {
    /// A word that is nowhere else.
    word: String,
    /// The word, in a whole URL where it stands for one.
    instead: String,
    /// What is written there.
    written: String,
}

impl StandIns {
    /// True where a part of the text is not known.
    pub fn is_in(&self, text: &str) -> bool {
        self.written.iter().any(|one| text.contains(&one.word))
    }

    /// The text as it is written.
    pub fn restored(&self, text: &str) -> String {
        let back = |text: String, one: &StandIn| text.replace(&one.instead, &one.written);
        self.written.iter().rev().fold(text.to_owned(), back)
    }

    fn name(&mut self, name: &str) -> String {
        let written = format!("${{{name}}}");
        if let Some(one) = self.written.iter().find(|one| one.written == written) {
            return one.instead.clone();
        }
        self.names.push(name.to_owned());
        self.push("", written)
    }

    fn push(&mut self, scheme: &str, written: String) -> String {
        let word = format!("unset-{}-pmhooks", self.written.len());
        let instead = format!("{scheme}{word}");
        self.written.push(StandIn { word, instead: instead.clone(), written });
        instead
    }
}

impl Documents {
    /// Where each webhook is written, in the order of the manifest's entries.
    pub fn webhooks_at(&self) -> Vec<Spots> {
        let mut spots = Vec::new();
        for (origin, entry) in self.top("Webhooks") {
            let items = entry.value.list("Webhooks").unwrap_or_default();
            spots.extend(items.iter().map(|item| Spots::new(origin, item)));
        }
        spots
    }

    /// Where the settings of the server are written.
    pub fn server_at(&self) -> Option<Spots> {
        self.top("Server").map(|(origin, entry)| Spots::new(origin, &entry.value)).next()
    }

    /// Secrets in clear text: position and field path.
    pub fn literals_at(&self) -> Vec<(Spot, String)> {
        let mut found = Vec::new();
        for (origin, node) in &self.0 {
            for literal in reference::literals(node) {
                found.push((Spot::new(origin, literal.place), literal.path));
            }
        }
        found
    }

    /// The same with something in the place of each reference that `known` does not know.
    pub fn assuming(&self, known: &dyn Fn(&str) -> Option<String>) -> (Self, StandIns) {
        let mut stand_ins = StandIns::default();
        let assumed = self.0.iter().map(|(origin, node)| {
            (origin.clone(), Assuming { known, stand_ins: &mut stand_ins }.node(node, false))
        });
        let assumed = Self(assumed.collect());
        (assumed, stand_ins)
    }

    fn top<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        self.0.iter().flat_map(move |(origin, node)| {
            let entries = node.map("").unwrap_or_default().iter();
            entries.filter(move |e| e.key == key).map(move |e| (origin.as_str(), e))
        })
    }
}

struct Assuming<'a> {
    known: &'a dyn Fn(&str) -> Option<String>,
    stand_ins: &'a mut StandIns,
}

impl Assuming<'_> {
    fn node(&mut self, node: &Node, is_url: bool) -> Node {
        let content = match &node.content {
            Content::Text(text) if text.contains('$') => Content::Text(self.text(text, is_url)),
            Content::List(items) => {
                Content::List(items.iter().map(|item| self.node(item, false)).collect())
            }
            Content::Map(entries) => {
                let one = |entry: &Entry| Entry {
                    key: entry.key.clone(),
                    place: entry.place,
                    value: self.node(&entry.value, URLS.contains(&entry.key.as_str())),
                };
                Content::Map(entries.iter().map(one).collect())
            }
            other => other.clone(),
        };
        Node { place: node.place, content }
    }

    /// A text that is wrong in itself stays as it is: whoever resolves it says so.
    fn text(&mut self, text: &str, is_url: bool) -> String {
        let (mut assumed, mut trial, mut is_whole) = (String::new(), String::new(), true);
        for piece in reference::pieces(text) {
            match piece {
                Err(_) => return text.to_owned(),
                Ok(Piece::Text(plain)) => {
                    trial.push_str(plain);
                    assumed.push_str(if plain == "$" { "$$" } else { plain });
                }
                Ok(Piece::Name(name)) => {
                    if let Some(value) = (self.known)(name) {
                        trial.push_str(&value);
                        assumed.push_str(&format!("${{{name}}}"));
                    } else {
                        is_whole = false;
                        let token = self.stand_ins.name(name);
                        trial.push_str(&token);
                        assumed.push_str(&token);
                    }
                }
            }
        }
        let is_web = ["${", "http://", "https://"].iter().any(|start| text.starts_with(start));
        if is_whole || !is_url || !is_web || trial.parse::<HookUrl>().is_ok() {
            return assumed;
        }
        // A port, a scheme or a whole URL that is not known.
        let scheme = if text.starts_with("http://") { "http://" } else { "https://" };
        self.stand_ins.push(scheme, mask::url(text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::references::Substitute;

    fn assumed(text: &str) -> (Documents, StandIns) {
        let documents = Documents::read(&[PathBuf::from("-")], &mut text.as_bytes()).unwrap();
        documents.assuming(&|name| (name == "HOST").then(|| "hooks.example.com".to_owned()))
    }

    #[test]
    fn what_is_not_set_is_stood_in_for_and_shown_as_it_is_written() {
        let text = "hooks.example.com".to_owned();
        let lookup = |_: &str| Ok(Substitute { text: text.clone(), is_secret: false });
        for (written, shown) in [
            ("https://${HOST}/x", "https://hooks.example.com/x"),
            ("https://${NONE}/x", "https://${NONE}/x"),
            ("https://u:${PW}@${HOST}/x", "https://u:********@hooks.example.com/x"),
            ("https://${HOST}:${PORT}/x", "https://${HOST}:${PORT}/x"),
            ("http://10.0.${N}.1/", "http://10.0.${N}.1/"),
            ("${NONE}", "${NONE}"),
            ("${NONE}/x?a=$$b", "${NONE}/x?a=$$b"),
            ("${SCHEME}://h.example/", "${SCHEME}://h.example/"),
            ("https://h.example/$$${HOST}$$", "https://h.example/$hooks.example.com$"),
        ] {
            let (documents, stand_ins) = assumed(&format!("Webhooks: [{{Url: \"{written}\"}}]"));
            let manifest = documents.resolve(&lookup).unwrap();
            let url = &manifest.entries[0].url;
            assert_eq!(stand_ins.restored(&url.masked()), shown);
            assert_eq!(stand_ins.is_in(url.expose()), !stand_ins.names.is_empty(), "{written}");
        }
    }

    #[test]
    fn a_fault_stays_one() {
        let empty = Substitute { text: String::new(), is_secret: false };
        for wrong in ["ftp://${NONE}/", "https://${", "https://${a b}/"] {
            let (documents, _) = assumed(&format!("Webhooks: [{{Url: \"{wrong}\"}}]"));
            assert!(documents.resolve(&|_| Ok(empty.clone())).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_url_that_is_masked_already_holds_no_secret() {
        let masked = assumed("Webhooks: [{Url: \"https://u:********@h.example/?key=********\"}]");
        assert_eq!(masked.0.literals_at().len(), 0);
        let clear = assumed("Webhooks: [{Url: \"https://u:pw@h.example/?key=********\"}]");
        assert_eq!(clear.0.literals_at().len(), 1);
    }

    #[test]
    fn everything_has_a_place() {
        let (documents, _) = assumed(concat!(
            "Server:\n  InboundHookUrl: https://u:p@h.example/\n",
            "Webhooks:\n  - Url: https://h.example/\n    HttpAuth: {Username: u, Password: pw}\n",
        ));
        let at = |spot: &Spot| format!("{}:{}", spot.line, spot.column);
        let webhooks = documents.webhooks_at();
        assert_eq!(
            ["Url", "HttpAuth", "Triggers"].map(|k| at(webhooks[0].of(k))),
            ["4:5", "5:5", "4:5"]
        );
        assert_eq!(at(documents.server_at().unwrap().of("InboundHookUrl")), "2:3");
        let literals = documents.literals_at();
        assert_eq!(literals.iter().map(|(spot, _)| at(spot)).collect::<Vec<_>>(), ["2:19", "5:39"]);
        assert_eq!(literals[0].0.origin, "standard input");
    }
}
