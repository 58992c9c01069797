//! Is the webhook set up right? Its stream, its triggers, what these need, its status.

use super::{Doctor, Part, Ready, Report, Step};
use crate::api::StreamFilter;
use crate::model::{Server, TrackLinks, Trigger, Webhook};
use crate::ops::probe::Endpoint;

impl Doctor<'_> {
    /// Looks at the settings.
    pub(super) fn settings(&self, webhook: &Webhook, ready: &Ready, report: &mut Report) {
        (self.tell)("Looking at the settings…");
        let mut add = |rule, step| report.add(Part::Settings, rule, step);
        add("stream", self.stream(webhook, ready));
        add("triggers", triggers(webhook));
        add("tracking", tracking(webhook, &ready.server));
        add("status", status(webhook));
        add("safety", safety(webhook));
    }

    fn stream(&self, webhook: &Webhook, ready: &Ready) -> Step {
        let name = &webhook.message_stream;
        let all = StreamFilter { kind: None, archived: true };
        let streams = match ready.session.client.streams(all) {
            Ok(streams) => streams,
            Err(error) => return self.failed(&error),
        };
        let Some(stream) = streams.iter().find(|stream| stream.id == *name) else {
            return Step::fail(format!("the server has no stream {name}: no event arises there"))
                .next("see which there are: `pmhooks streams`");
        };
        if !stream.text("ArchivedAt").is_empty() {
            return Step::fail(format!("the stream {name} is archived: nothing is sent on it"))
                .next(
                    "see them: `pmhooks streams --archived`; a webhook's stream cannot be changed",
                );
        }
        let kind = stream.text("MessageStreamType").to_lowercase();
        Step::pass(format!("{name} is there ({kind}); only what is sent on it counts"))
    }
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

/// Opens and clicks arise only where they are tracked.
fn tracking(webhook: &Webhook, server: &Server) -> Step {
    let is_on = |trigger| webhook.triggers.get(trigger).enabled;
    let (opens, clicks) = (is_on(Trigger::Open), is_on(Trigger::Click));
    if !opens && !clicks {
        return Step::pass("nothing to track: neither open nor click is on");
    }
    let untracked =
        |key: &str, off: &dyn Fn(&serde_json::Value) -> bool| server.get(key).is_some_and(off);
    let no_opens = opens && untracked("TrackOpens", &|v| *v == false);
    let no_links = clicks && untracked("TrackLinks", &|v| *v == TrackLinks::None.key());
    if !no_opens && !no_links {
        return Step::pass("the server tracks what the triggers need");
    }
    let mut lacking = Vec::new();
    let mut flags = String::new();
    if no_opens {
        lacking.push("opens");
        flags.push_str(" --track-opens true");
    }
    if no_links {
        lacking.push("links");
        flags.push_str(" --track-links html-and-text");
    }
    let what = lacking.join(" and ");
    Step::warn(format!(
        "the server does not track {what}: such events arise only of messages that ask for it"
    ))
    .next(format!("`pmhooks server edit{flags}`"))
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

/// Whether others can read along, or post too.
fn safety(webhook: &Webhook) -> Step {
    let id = webhook.id;
    let endpoint =
        Endpoint::new(&webhook.url, webhook.http_auth.as_ref(), &webhook.http_headers).ok();
    let mut found: Vec<String> = Vec::new();
    let mut next = Vec::new();
    if webhook.url.is_plain_http() {
        found.push("it is plain http: everybody on the way can read and change it".to_owned());
        next.push(format!("`pmhooks edit {id} --url https://...`"));
    }
    if endpoint.as_ref().is_some_and(|endpoint| endpoint.carriers().is_empty()) {
        found.push("it carries no authentication: anybody can post to it".to_owned());
        next.push(format!("`pmhooks edit {id} --username NAME --password SOURCE`"));
    }
    let doubts = endpoint.iter().flat_map(|endpoint| &endpoint.warnings);
    found.extend(doubts.filter(|warning| **warning != crate::ops::probe::internal()).cloned());
    if found.is_empty() {
        return Step::pass("https, with authentication");
    }
    Step::warn(found.join("; ")).nexts(next)
}
