//! Rules about events: which are posted, posted twice, or never arise.

use std::borrow::Cow;
use std::collections::HashMap;

use super::input::{LintInput, LintedWebhook, SMTP_ERRORS, has_no_triggers, is_on, names};
use super::{Location, Problem, Violation};
use crate::postmark::{StreamId, Trigger, Webhook};

/// Maximum number of webhooks per stream (Postmark's error 1359 and its help on webhooks).
const MAX_PER_STREAM: usize = 10;
const NEAR_MAX: usize = 8;

/// Hook URLs of the server from before the Webhooks API, and the triggers that replace them.
const LEGACY: [(&str, Trigger); 4] = [
    ("BounceHookUrl", Trigger::Bounce),
    ("OpenHookUrl", Trigger::Open),
    ("DeliveryHookUrl", Trigger::Delivery),
    ("ClickHookUrl", Trigger::Click),
];

/// PM005.
pub(super) fn duplicates(input: &LintInput) -> Vec<Violation> {
    let mut seen: HashMap<(&StreamId, Cow<'_, str>), Vec<&Webhook>> = HashMap::new();
    let mut violations = Vec::new();
    for (index, linted) in input.webhooks.iter().enumerate() {
        let webhook = &linted.webhook;
        let twins = seen.entry((&webhook.message_stream, webhook.url.place())).or_default();
        let duplicate = twins.iter().find_map(|twin| {
            let on = webhook.triggers.enabled();
            let both: Vec<_> = on.into_iter().filter(|t| is_on(twin, *t)).collect();
            (!both.is_empty()).then_some((twin.id, both))
        });
        if let Some((twin, both)) = duplicate {
            let message = format!(
                "webhook {twin} posts {} of this stream to the same URL too: each comes twice",
                names(&both, ", ")
            );
            let is_all = both.len() == webhook.triggers.enabled().len();
            let fix = if is_all {
                input.command(&format!("delete {}", webhook.id))
            } else {
                input.edit(webhook, &format!("--off {}", names(&both, ",")), "switch one off")
            };
            violations.push(Violation {
                location: Location::Webhook(index),
                problem: Problem::new(message, fix),
            });
        }
        twins.push(webhook);
    }
    violations
}

/// PM006.
pub(super) fn no_bounces(input: &LintInput) -> Vec<Violation> {
    uncovered(input, Trigger::Bounce, "bounces: dead addresses go unnoticed")
}

/// PM007.
pub(super) fn no_complaints(input: &LintInput) -> Vec<Violation> {
    uncovered(input, Trigger::SpamComplaint, "spam complaints: whoever complains is mailed again")
}

/// A violation per stream none of whose webhooks has the trigger on.
fn uncovered(input: &LintInput, trigger: Trigger, what: &str) -> Vec<Violation> {
    let one = |stream: StreamId| {
        let first = input.of_stream(&stream).next()?;
        if input.of_stream(&stream).any(|webhook| is_on(webhook, trigger)) {
            return None;
        }
        let message = format!("no webhook of stream {stream} gets {what}");
        let manifest_fix = format!("switch {} on in one of its webhooks", trigger.key());
        let fix = input.edit(first, &format!("--on {trigger}"), &manifest_fix);
        Some(Violation { location: Location::Stream(stream), problem: Problem::new(message, fix) })
    };
    input.streams().into_iter().filter_map(one).collect()
}

/// PM008.
pub(super) fn no_webhook(input: &LintInput) -> Vec<Violation> {
    let streams = input.streams().into_iter();
    let bare = streams.filter(|stream| input.of_stream(stream).next().is_none());
    let violation = |stream: StreamId| {
        let message = format!("stream {stream} has no webhook: nobody hears of its bounces");
        let words =
            format!("create --stream {stream} --url https://HOST/PATH --on bounce,spam-complaint");
        Violation {
            problem: Problem::new(message, input.command(&words)),
            location: Location::Stream(stream),
        }
    };
    bare.map(violation).collect()
}

/// PM009.
pub(super) fn no_triggers(input: &LintInput, linted: &LintedWebhook) -> Option<Problem> {
    let webhook = &linted.webhook;
    let fix = input.edit(
        webhook,
        "--on bounce,spam-complaint",
        "switch a trigger on, such as Triggers: {Bounce: {Enabled: true}}",
    );
    has_no_triggers(webhook).then(|| Problem::new("no trigger is on: it gets nothing", fix))
}

/// PM010.
pub(super) fn unverified(input: &LintInput, linted: &LintedWebhook) -> Option<Problem> {
    let webhook = &linted.webhook;
    let status = webhook.status.as_deref().filter(|status| *status != "verified")?;
    let id = webhook.id;
    let (test, verify) =
        (input.command(&format!("test {id}")), input.command(&format!("verify {id}")));
    let fix = format!("{test}, mend the endpoint, then {verify}");
    Some(Problem::new(format!("it is {status}: Postmark posts nothing to it"), fix))
}

/// PM011.
pub(super) fn content(input: &LintInput, linted: &LintedWebhook) -> Option<Problem> {
    let webhook = &linted.webhook;
    let on: Vec<_> = [Trigger::Bounce, Trigger::SpamComplaint]
        .into_iter()
        .filter(|t| is_on(webhook, *t) && webhook.triggers.get(*t).option(*t))
        .collect();
    if on.is_empty() {
        return None;
    }
    let message = format!(
        "{} events come with the whole message: personal data, also in the endpoint's logs",
        names(&on, " and ")
    );
    let flags = format!("--exclude-content {}", names(&on, ","));
    let fix = input.edit(webhook, &flags, "write IncludeContent: false where it is not needed");
    Some(Problem::new(message, fix))
}

/// PM012.
pub(super) fn limit(input: &LintInput) -> Vec<Violation> {
    let one = |stream: StreamId| {
        let count = input.of_stream(&stream).count();
        let message = match count {
            0..NEAR_MAX => return None,
            NEAR_MAX..MAX_PER_STREAM => {
                format!("stream {stream} has {count} of at most {MAX_PER_STREAM} webhooks")
            }
            _ => format!(
                "stream {stream} has {count} webhooks, and takes no more than {MAX_PER_STREAM}"
            ),
        };
        let fix = if input.is_manifest() {
            "let one webhook take the triggers of several".to_owned()
        } else {
            let list = input.command(&format!("list --stream {stream}"));
            format!("{list}, and delete what nobody needs")
        };
        Some(Violation { location: Location::Stream(stream), problem: Problem::new(message, fix) })
    };
    input.streams().into_iter().filter_map(one).collect()
}

/// PM016.
pub(super) fn smtp_errors(input: &LintInput) -> Vec<Violation> {
    let webhooks = || input.webhooks.iter().map(|linted| &linted.webhook);
    if input.flag(SMTP_ERRORS) != Some(true) || webhooks().any(|w| is_on(w, Trigger::Bounce)) {
        return Vec::new();
    }
    let message = "SMTP API errors are wanted, but they come to webhooks with a bounce trigger, and there is none";
    let fix = match webhooks().next() {
        Some(first) => input.edit(first, "--on bounce", "switch Bounce on in a webhook"),
        None if input.is_manifest() => {
            format!("write {SMTP_ERRORS}: false, or a webhook with Bounce")
        }
        None => input.command("create --url https://HOST/PATH --on bounce,spam-complaint"),
    };
    vec![Violation {
        location: Location::Setting(SMTP_ERRORS),
        problem: Problem::new(message, fix),
    }]
}

/// PM013.
pub(super) fn legacy(input: &LintInput) -> Vec<Violation> {
    let one = |(key, trigger): (&'static str, Trigger)| {
        input.text(key)?;
        let webhooks = input.webhooks.iter().map(|linted| &linted.webhook);
        let ids: Vec<_> =
            webhooks.filter(|w| is_on(w, trigger)).map(|w| w.id.to_string()).collect();
        if ids.is_empty() {
            return None;
        }
        let message = format!(
            "the server's old {key} is set beside webhook {}: a {trigger} event is posted to both",
            ids.join(", ")
        );
        let fix = format!("`PUT /server` with {{\"{key}\": \"\"}}, or Postmark's web page");
        Some(Violation { location: Location::Setting(key), problem: Problem::new(message, fix) })
    };
    LEGACY.into_iter().filter_map(one).collect()
}

/// PM014.
pub(super) fn opens(input: &LintInput, linted: &LintedWebhook) -> Option<Problem> {
    let is_off = input.flag("TrackOpens") == Some(false);
    let message = "open is on, but the server does not track opens: only messages that ask for it by themselves are";
    let fix = || input.command("server edit --track-opens true");
    (is_off && is_on(&linted.webhook, Trigger::Open)).then(|| Problem::new(message, fix()))
}

/// PM015.
pub(super) fn clicks(input: &LintInput, linted: &LintedWebhook) -> Option<Problem> {
    let is_off = input.text("TrackLinks").is_some_and(|mode| mode.eq_ignore_ascii_case("None"));
    let message = "click is on, but the server tracks no links: only messages that ask for it by themselves are";
    let fix = || input.command("server edit --track-links html-and-text");
    (is_off && is_on(&linted.webhook, Trigger::Click)).then(|| Problem::new(message, fix()))
}
