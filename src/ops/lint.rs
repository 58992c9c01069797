//! Rules over the webhooks of a server, or of a manifest: pure decisions.
//!
//! A rule is an entry of [`RULES`]; what it looks at is a [`Scene`], which a server or a manifest gives.

mod address;
mod ask;
mod coverage;
mod credentials;
mod rules;
mod scene;
mod tracking;

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::document::nearest;
use super::manifest::unset::Spot;
use crate::ops::finding::{Finding, Level};
use crate::postmark::{HookUrl, StreamId, WebhookId};
pub use ask::ask;
pub use rules::RULES;
pub use scene::{Scene, Source, Subject};

/// A rule. Its ID and its name stay what they are.
pub struct Rule {
    /// `PM001`.
    pub id: &'static str,
    /// How much a finding of it weighs.
    pub level: Level,
    /// A word for it: `plain-http`.
    pub name: &'static str,
    /// What it finds, in a line.
    pub finds: &'static str,
    /// Why that matters and what to do, in a paragraph.
    pub why: &'static str,
    /// Where it can look.
    pub scope: Scope,
    /// The key of a webhook that it is about.
    key: &'static str,
    check: Check,
}

/// Where a rule can look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// At servers and at manifests.
    Anywhere,
    /// At servers: a manifest does not say it.
    Server,
    /// At all webhooks of a server, or of a manifest: not with one stream only.
    Whole,
    /// At manifests: a server does not say it.
    Manifest,
    /// At several servers side by side.
    Servers,
}

/// What a rule says: what it found, and what to do about it.
type Said = (String, String);

/// How a rule looks.
enum Check {
    /// At each webhook by itself.
    Each(fn(&Scene, &Subject) -> Option<Said>),
    /// At each URL that is posted to: those of the webhooks, and the server's for inbound mail.
    Address(fn(&Scene, &HookUrl, Option<&Subject>) -> Option<Said>),
    /// At all that there is.
    All(fn(&Scene) -> Vec<Hit>),
    /// At several servers side by side: which of them, and what.
    Across(fn(&[Scene]) -> Vec<(usize, Hit)>),
}

/// Something that a rule found, and where.
struct Hit {
    about: About,
    said: Said,
}

/// What something is about.
enum About {
    /// A webhook, by its number among the subjects.
    Webhook(usize),
    /// A stream.
    Stream(StreamId),
    /// A setting of the server.
    Setting(&'static str),
    /// A place of a file.
    Place(Spot),
}

/// What a rule found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The rule.
    pub rule: &'static Rule,
    /// What it found.
    pub finding: Finding,
    /// The stream, where it is about one.
    pub stream: Option<String>,
    /// The URL, masked, where it is about one webhook.
    pub url: Option<String>,
    /// Where it is written, in a manifest.
    pub spot: Option<Spot>,
}

impl Found {
    /// The webhook's ID, where it is about one that has one.
    pub fn id(&self) -> Option<WebhookId> {
        let webhook = self.finding.webhook.as_ref();
        webhook.filter(|_| self.spot.is_none()).map(|webhook| webhook.id)
    }

    /// The documented shape, and the place in a manifest.
    pub fn to_json(&self) -> Value {
        let mut value = self.finding.to_json();
        if let Value::Object(object) = &mut value {
            object.insert("ID".to_owned(), self.id().map(|id| id.0).into());
            object.insert("Url".to_owned(), self.url.clone().into());
            object.insert("MessageStream".to_owned(), self.stream.clone().into());
            if let Some(spot) = &self.spot {
                object.insert("Place".to_owned(), spot.to_string().into());
            }
        }
        value
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl FromStr for &'static Rule {
    type Err = String;

    /// Takes the ID or the name.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_called =
            |rule: &&Rule| [rule.id, rule.name].iter().any(|word| word.eq_ignore_ascii_case(text));
        RULES.iter().find(is_called).ok_or_else(|| {
            let words: Vec<_> = RULES.iter().flat_map(|rule| [rule.id, rule.name]).collect();
            let text: String = text.chars().take(40).collect();
            let near = nearest(&text, &words).map(|near| format!("did you mean {near}? "));
            format!(
                "there is no rule {text:?}; {}`pmhooks lint --rules` lists them",
                near.unwrap_or_default()
            )
        })
    }
}

impl Rule {
    /// True where it can look at this.
    pub fn applies_to(&self, scenes: &[Scene]) -> bool {
        let any = |is: fn(&Scene) -> bool| scenes.iter().any(is);
        match self.scope {
            Scope::Anywhere => true,
            Scope::Server => any(|s| !s.is_manifest()),
            Scope::Whole => any(|s| s.only.is_none()),
            Scope::Manifest => any(Scene::is_manifest),
            Scope::Servers => any(|s| !s.is_manifest()) && scenes.len() > 1,
        }
    }
}

/// Looks at everything with all rules but the ignored ones. What is found is in the order of the servers,
/// of their webhooks or of the places in a manifest, and then of its weight.
pub fn check(scenes: &[Scene], ignored: &[&'static Rule]) -> Vec<Found> {
    let mut found = Vec::new();
    let rules = RULES.iter().filter(|rule| !ignored.contains(rule) && rule.applies_to(scenes));
    for rule in rules {
        let hits: Vec<_> = if let Check::Across(look) = rule.check {
            look(scenes)
        } else {
            let scenes = scenes.iter().enumerate();
            let scenes = scenes.filter(|(_, one)| rule.applies_to(std::slice::from_ref(*one)));
            scenes.flat_map(|(at, one)| hits(rule, one).into_iter().map(move |h| (at, h))).collect()
        };
        for (at, hit) in hits {
            let rank = rank(&hit);
            found.extend(scenes.get(at).map(|scene| (at, rank, scene.found(rule, hit))));
        }
    }
    // The rules are in the order of their IDs, and the sort is stable.
    found.sort_by_cached_key(|(at, rank, found)| {
        let spot = found.spot.as_ref().map(|s| (s.origin.clone(), s.line, s.column));
        let rank = if spot.is_some() { (0, 0) } else { *rank };
        (*at, spot, rank, std::cmp::Reverse(found.rule.level))
    });
    found.into_iter().map(|(_, _, found)| found).collect()
}

/// The rules that cannot look at this, for a manifest or a part of a server does not say what they need.
pub fn skipped(scenes: &[Scene], ignored: &[&'static Rule]) -> Vec<&'static Rule> {
    let needs_more = |rule: &&Rule| match rule.scope {
        Scope::Server | Scope::Whole => !rule.applies_to(scenes),
        Scope::Anywhere | Scope::Manifest | Scope::Servers => false,
    };
    RULES.iter().filter(needs_more).filter(|rule| !ignored.contains(rule)).collect()
}

fn hits(rule: &Rule, scene: &Scene) -> Vec<Hit> {
    let of_webhooks = |look: &dyn Fn(&Subject) -> Option<Said>| -> Vec<Hit> {
        let subjects = scene.subjects.iter().enumerate();
        let hit = |(at, said)| Hit { about: About::Webhook(at), said };
        subjects.filter_map(|(at, subject)| Some((at, look(subject)?))).map(hit).collect()
    };
    match rule.check {
        Check::Each(look) => of_webhooks(&|subject| look(scene, subject)),
        Check::Address(look) => {
            let mut hits = of_webhooks(&|subject| look(scene, &subject.webhook.url, Some(subject)));
            let inbound = scene.inbound().and_then(|url| look(scene, &url, None));
            let about = About::Setting(scene::INBOUND);
            hits.extend(inbound.map(|said| Hit { about, said }));
            hits
        }
        Check::All(look) => look(scene),
        Check::Across(_) => Vec::new(),
    }
}

/// Webhooks first, in their order; then streams, then the server.
fn rank(hit: &Hit) -> (u8, usize) {
    match &hit.about {
        About::Webhook(at) => (0, *at),
        About::Stream(_) => (1, 0),
        About::Setting(_) | About::Place(_) => (2, 0),
    }
}

#[cfg(test)]
mod tests;
