//! Is the webhook set up right? Its stream, its triggers, its status, and the rules of `lint`.

use url::Url;

use super::{Doctor, DoctorReport, Outcome, Part, Ready, Step};
use crate::http::client::names_internal;
use crate::ops::finding::Level;
use crate::ops::lint::{self, LintFinding, LintInput};
use crate::postmark::{Stream, StreamFilter, Trigger, Webhook};

/// Rules that other steps have said in their own words: no trigger, not verified.
const SAID: [&str; 2] = ["silent", "unverified"];
/// Another, where the host itself is inside a network; it finds tunnels and the like as well.
const NOT_PUBLIC: &str = "not-public";
/// Rules about what the triggers need of the server.
const TRACKING: [&str; 2] = ["opens-not-tracked", "clicks-not-tracked"];

impl Doctor<'_> {
    /// Looks at the settings.
    pub(super) fn settings(&self, webhook: &Webhook, ready: &Ready, report: &mut DoctorReport) {
        (self.tell)("Looking at the settings…");
        let mut add = |rule, step| report.add(Part::Settings, rule, step);
        let streams = ready.session.client.streams(StreamFilter { kind: None, archived: true });
        add(
            "stream",
            match &streams {
                Ok(streams) => stream(webhook, streams),
                Err(error) => Step::of_error(error),
            },
        );
        add("triggers", triggers(webhook));
        add("status", status(webhook));
        let found = by_rules(webhook, ready, streams.unwrap_or_default());
        let (tracking, others): (Vec<_>, Vec<_>) =
            found.iter().partition(|found| TRACKING.contains(&found.rule.name));
        if tracking.is_empty() {
            add("tracking", tracked(webhook));
        }
        for found in tracking.iter().chain(&others) {
            add(found.rule.id, warned(found));
        }
        if others.is_empty() {
            add("lint", Step::pass("no rule finds anything in it"));
        }
    }
}

/// What `lint` finds of this webhook among the others, and was not said yet.
fn by_rules(webhook: &Webhook, ready: &Ready, streams: Vec<Stream>) -> Vec<LintFinding> {
    let profile = ready.session.target.name();
    let webhooks = ready.webhooks.clone();
    let scene = LintInput::from_server(profile, webhooks, ready.server.clone(), streams, None);
    let is_internal = Url::parse(webhook.url.expose()).is_ok_and(|url| names_internal(&url));
    let mut found = lint::check(&[scene], &[]);
    found.retain(|found| {
        let name = found.rule.name;
        let is_said = SAID.contains(&name) || (name == NOT_PUBLIC && is_internal);
        found.id() == Some(webhook.id) && !is_said && found.finding.level != Level::Info
    });
    found
}

/// A finding of a rule. None of them keeps events from arriving, so none is a failure here.
fn warned(found: &LintFinding) -> Step {
    let message = format!("{} ({})", found.finding.message, found.rule.name);
    Step(Outcome::Warn, message, vec![found.finding.fix.clone()])
}

fn stream(webhook: &Webhook, streams: &[Stream]) -> Step {
    let name = &webhook.message_stream;
    let Some(stream) = streams.iter().find(|stream| stream.id == *name) else {
        return Step::fail(format!("the server has no stream {name}: no event arises there"))
            .next("see which there are: `pmhooks streams`");
    };
    if !stream.text("ArchivedAt").is_empty() {
        return Step::fail(format!("the stream {name} is archived: nothing is sent on it"))
            .next("see them: `pmhooks streams --archived`; a webhook's stream cannot be changed");
    }
    let kind = stream.text("MessageStreamType").to_lowercase();
    Step::pass(format!("{name} is there ({kind}); only what is sent on it counts"))
}

fn triggers(webhook: &Webhook) -> Step {
    let known = webhook.triggers.enabled().into_iter().map(|trigger| trigger.name().to_owned());
    let on: Vec<_> = known.chain(webhook.triggers.other_enabled().map(str::to_owned)).collect();
    let id = webhook.id;
    if on.is_empty() {
        return Step::fail("none is on: it gets nothing")
            .next(format!("`pmhooks edit {id} --on TRIGGER,...`"));
    }
    Step::pass(format!("on for {}, and for nothing else", on.join(", ")))
}

fn status(webhook: &Webhook) -> Step {
    let id = webhook.id;
    match webhook.status.as_deref() {
        None => Step::skipped("this API does not say"),
        Some("verified") => Step::pass("verified"),
        Some(other) => Step::fail(format!("{other}: Postmark holds its events back"))
            .next(format!("mend the endpoint, then `pmhooks verify {id}`")),
    }
}

/// Opens and clicks arise only where they are tracked; no rule found that they are not.
fn tracked(webhook: &Webhook) -> Step {
    let is_on = |trigger| webhook.triggers.get(trigger).enabled;
    if is_on(Trigger::Open) || is_on(Trigger::Click) {
        Step::pass("the server tracks what the triggers need")
    } else {
        Step::pass("nothing to track: neither open nor click is on")
    }
}
