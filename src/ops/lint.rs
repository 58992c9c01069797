//! Lint rules for the webhooks of a server or of a manifest. They send nothing.
//!
//! A rule is an entry of [`RULES`] with a check function. It inspects a [`LintInput`].

mod coverage;
mod credentials;
mod input;
mod rules;
mod urls;

use std::fmt;
use std::str::FromStr;

use super::document::nearest;
use super::manifest::unset::Spot;
use crate::ops::finding::{Finding, Level};
use crate::postmark::{HookUrl, StreamId, WebhookId};
pub(crate) use input::{LintInput, LintedWebhook, fetch};
pub(crate) use rules::RULES;

/// A lint rule. ID and name never change.
pub(crate) struct Rule {
    /// `PM001`.
    pub(crate) id: &'static str,
    pub(crate) level: Level,
    /// `plain-http`.
    pub(crate) name: &'static str,
    /// What the rule finds, in one line.
    pub(crate) finds: &'static str,
    /// Why that matters and what to do, in a paragraph.
    pub(crate) why: &'static str,
    pub(crate) scope: Scope,
    /// Key of the webhook that findings in a manifest point to.
    key: &'static str,
    check: Check,
}

/// Inputs that a rule applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Servers and manifests.
    Anywhere,
    /// Servers: a manifest lacks the data.
    Server,
    /// Servers and manifests, unless limited to one stream.
    Whole,
    /// Manifests: a server lacks the data.
    Manifest,
    /// Several servers compared with each other.
    Servers,
}

/// A problem and how to fix it.
struct Problem {
    message: String,
    fix: String,
}

impl Problem {
    fn new(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { message: message.into(), fix: fix.into() }
    }
}

/// Check function of a rule.
enum Check {
    /// Checks each webhook by itself.
    Webhook(fn(&LintInput, &LintedWebhook) -> Option<Problem>),
    /// Checks each URL: those of the webhooks, and the server's InboundHookUrl.
    Url(fn(&LintInput, &HookUrl, Option<&LintedWebhook>) -> Option<Problem>),
    /// Checks all webhooks and settings together.
    All(fn(&LintInput) -> Vec<Violation>),
    /// Compares several servers. Returns the index of the input with each violation.
    Servers(fn(&[LintInput]) -> Vec<(usize, Violation)>),
}

/// A problem and where it is.
struct Violation {
    location: Location,
    problem: Problem,
}

/// Location of a violation in the input.
enum Location {
    /// Index of the webhook.
    Webhook(usize),
    Stream(StreamId),
    /// Key of a server setting.
    Setting(&'static str),
    /// Position in a manifest.
    File(Spot),
}

/// A finding of a rule.
#[derive(Clone, Debug)]
pub(crate) struct LintFinding {
    pub(crate) rule: &'static Rule,
    pub(crate) finding: Finding,
    pub(crate) stream: Option<String>,
    /// URL of the webhook, masked.
    pub(crate) url: Option<String>,
    /// Position in a manifest.
    pub(crate) spot: Option<Spot>,
}

impl LintFinding {
    /// ID of the webhook. Webhooks of a manifest have none.
    pub(crate) fn id(&self) -> Option<WebhookId> {
        let webhook = self.finding.webhook.as_ref();
        webhook.filter(|_| self.spot.is_none()).map(|webhook| webhook.id)
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

    /// Parses an ID or a name, in any case.
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
    /// True if the rule applies to at least one input.
    pub(crate) fn applies_to(&self, inputs: &[LintInput]) -> bool {
        let any = |is: fn(&LintInput) -> bool| inputs.iter().any(is);
        match self.scope {
            Scope::Anywhere => true,
            Scope::Server => any(|s| !s.is_manifest()),
            Scope::Whole => any(|s| s.only.is_none()),
            Scope::Manifest => any(LintInput::is_manifest),
            Scope::Servers => any(|s| !s.is_manifest()) && inputs.len() > 1,
        }
    }
}

/// Checks the inputs with all rules except the ignored ones.
///
/// Findings are sorted by input, then by webhook or by position in the manifest, then by severity.
pub(crate) fn check(inputs: &[LintInput], ignored: &[&'static Rule]) -> Vec<LintFinding> {
    let mut found = Vec::new();
    let rules = RULES.iter().filter(|rule| !ignored.contains(rule) && rule.applies_to(inputs));
    for rule in rules {
        let violations: Vec<_> = if let Check::Servers(check) = rule.check {
            check(inputs)
        } else {
            let inputs = inputs.iter().enumerate();
            let inputs = inputs.filter(|(_, one)| rule.applies_to(std::slice::from_ref(*one)));
            let violations = |(index, input)| {
                violations(rule, input).into_iter().map(move |violation| (index, violation))
            };
            inputs.flat_map(violations).collect()
        };
        for (index, violation) in violations {
            let rank = rank(&violation);
            let finding = inputs.get(index).map(|input| input.finding(rule, violation));
            found.extend(finding.map(|finding| (index, rank, finding)));
        }
    }
    // The sort is stable, so rules stay in the order of their IDs.
    found.sort_by_cached_key(|(index, rank, found)| {
        let spot = found.spot.as_ref().map(|s| (s.origin.clone(), s.line, s.column));
        let rank = if spot.is_some() { (0, 0) } else { *rank };
        (*index, spot, rank, std::cmp::Reverse(found.rule.level))
    });
    found.into_iter().map(|(_, _, found)| found).collect()
}

/// Rules that were skipped because the inputs lack the data that they need.
pub(crate) fn skipped(inputs: &[LintInput], ignored: &[&'static Rule]) -> Vec<&'static Rule> {
    let needs_more = |rule: &&Rule| match rule.scope {
        Scope::Server | Scope::Whole => !rule.applies_to(inputs),
        Scope::Anywhere | Scope::Manifest | Scope::Servers => false,
    };
    RULES.iter().filter(needs_more).filter(|rule| !ignored.contains(rule)).collect()
}

fn violations(rule: &Rule, input: &LintInput) -> Vec<Violation> {
    let of_webhooks = |check: &dyn Fn(&LintedWebhook) -> Option<Problem>| -> Vec<Violation> {
        let webhooks = input.webhooks.iter().enumerate();
        let violation =
            |(index, problem)| Violation { location: Location::Webhook(index), problem };
        webhooks.filter_map(|(index, w)| Some((index, check(w)?))).map(violation).collect()
    };
    match rule.check {
        Check::Webhook(check) => of_webhooks(&|linted| check(input, linted)),
        Check::Url(check) => {
            let mut found = of_webhooks(&|linted| check(input, &linted.webhook.url, Some(linted)));
            let inbound = input.inbound().and_then(|url| check(input, &url, None));
            let location = Location::Setting(input::INBOUND);
            found.extend(inbound.map(|problem| Violation { location, problem }));
            found
        }
        Check::All(check) => check(input),
        Check::Servers(_) => Vec::new(),
    }
}

/// Sort key: webhooks in their order, then streams, then settings.
fn rank(violation: &Violation) -> (u8, usize) {
    match &violation.location {
        Location::Webhook(index) => (0, *index),
        Location::Stream(_) => (1, 0),
        Location::Setting(_) | Location::File(_) => (2, 0),
    }
}

#[cfg(test)]
mod tests;
