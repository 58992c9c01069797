//! What does the endpoint answer? The samples of the triggers that are on, as `test` posts them.

use super::endpoint::sources;
use super::{Doctor, DoctorReport, Outcome, Part, Ready, Step, Wishes};
use crate::http::client;
use crate::ops::fanout;
use crate::ops::test::samples::SampleOptions;
use crate::ops::test::verdict::{self, Verdict};
use crate::ops::test::{Attempt, Endpoint, EventSender, OutgoingEvent};
use crate::postmark::Webhook;

/// So many events are posted at the same time.
const WIDTH: usize = 4;

/// What several events have in common.
struct Group {
    events: Vec<String>,
    outcome: Outcome,
    message: String,
    next: Vec<String>,
    milliseconds: u128,
}

impl Doctor<'_> {
    /// Posts the samples.
    pub(super) fn answers(
        &self,
        webhook: &Webhook,
        ready: &Ready,
        wishes: &Wishes,
        reached: bool,
        report: &mut DoctorReport,
    ) {
        let id = webhook.id;
        let mut add = |step| report.add(Part::Answers, "answer", step);
        if !wishes.test {
            let step = Step::skipped("nothing was to be posted (--no-test)");
            return add(step.next(format!("post the samples: `pmhooks test {id}`")));
        }
        if !reached {
            return add(Step::skipped("it is out of reach"));
        }
        let auth = webhook.http_auth.as_ref();
        let endpoint = match Endpoint::new(&webhook.url, auth, &webhook.http_headers) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                return add(Step::of_error(&error).next(format!("look at it: `pmhooks get {id}`")));
            }
        };
        let triggers = &webhook.triggers;
        let bodies = SampleOptions::default().bodies(
            &webhook.message_stream,
            ready.server.id,
            triggers,
            &mut Vec::new(),
        );
        let posts: Vec<_> =
            bodies.into_iter().map(|(event, body)| OutgoingEvent::new(event, body)).collect();
        if posts.is_empty() {
            return add(Step::skipped("no trigger is on, so there is no event to post"));
        }
        (self.tell)(&format!("Posting {} sample events…", posts.len()));
        let prober = EventSender::new(self.net, Some(self.limits.timeout));
        let exchanges = fanout::map(&posts, WIDTH, |post| prober.send(&endpoint, post));
        let mut groups: Vec<Group> = Vec::new();
        for (post, exchange) in posts.iter().zip(&exchanges) {
            match &exchange.answer {
                Err(error) if verdict::is_local_fault(error) => return add(Step::of_error(error)),
                _ => gather(&mut groups, judged(post, exchange)),
            }
        }
        // The words are those of `test`, which knows no ID where a URL is tested.
        let verify = format!("`pmhooks doctor {id} --verify`");
        for group in &mut groups {
            group.next.iter_mut().for_each(|n| *n = n.replace("`pmhooks verify`", &verify));
        }
        for group in groups {
            let (events, ms) = (group.events.join(", "), group.milliseconds);
            let message = format!("{events}: {} ({ms} ms)", group.message);
            add(Step(group.outcome, message, group.next));
        }
    }
}

fn judged(post: &OutgoingEvent, exchange: &Attempt) -> Group {
    let verdict = verdict::judge(&post.event, exchange);
    let outcome = match (verdict.success, verdict.warnings.is_empty()) {
        (true, true) => Outcome::Pass,
        (true, false) => Outcome::Warn,
        (false, _) => Outcome::Fail,
    };
    let mut message = vec![answered(&verdict)];
    message.extend(verdict.warnings.iter().cloned());
    if let Some(fate) = verdict.outcome.filter(|_| !verdict.success) {
        message.push(fate.consequence(post.event.event()).to_owned());
    }
    let mut next: Vec<_> = verdict.fix.into_iter().collect();
    if verdict.status == Some(403) {
        next.push(format!("if it is a list of addresses, Postmark's are {}", sources()));
    }
    Group {
        events: vec![post.event.name().to_owned()],
        outcome,
        message: message.join("; "),
        next,
        milliseconds: exchange.took.as_millis(),
    }
}

/// `503 Service Unavailable`, or why there was no answer.
fn answered(verdict: &Verdict) -> String {
    let phrase = verdict.status.and_then(client::phrase);
    match (verdict.status, phrase) {
        (Some(status), Some(phrase)) if verdict.message.starts_with(phrase) => {
            format!("{status} {}", verdict.message)
        }
        _ => verdict.message.clone(),
    }
}

/// Events with the same answer are one step; the slowest is told.
fn gather(groups: &mut Vec<Group>, new: Group) {
    let same = |old: &&mut Group| old.message == new.message && old.next == new.next;
    match groups.iter_mut().find(same) {
        Some(old) => {
            old.events.extend(new.events);
            old.milliseconds = old.milliseconds.max(new.milliseconds);
        }
        None => groups.push(new),
    }
}
