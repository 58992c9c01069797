//! Rules about which events are posted, how often, and which not at all.

use std::borrow::Cow;
use std::collections::HashMap;

use super::scene::{SMTP_ERRORS, Scene, Subject, is_on, is_silent, names};
use super::{About, Hit, Said};
use crate::postmark::{StreamId, Trigger, Webhook};

/// As many webhooks as a stream takes (Postmark's error 1359 and its help on webhooks).
const LIMIT: usize = 10;
const NEAR: usize = 8;

/// PM005.
pub(super) fn duplicates(scene: &Scene) -> Vec<Hit> {
    let mut earlier: HashMap<(&StreamId, Cow<'_, str>), Vec<&Webhook>> = HashMap::new();
    let mut hits = Vec::new();
    for (at, subject) in scene.subjects.iter().enumerate() {
        let webhook = &subject.webhook;
        let twins = earlier.entry((&webhook.message_stream, webhook.url.place())).or_default();
        let both = twins.iter().find_map(|twin| {
            let on = webhook.triggers.enabled();
            let both: Vec<_> = on.into_iter().filter(|t| is_on(twin, *t)).collect();
            (!both.is_empty()).then_some((twin.id, both))
        });
        if let Some((twin, both)) = both {
            let message = format!(
                "webhook {twin} posts {} of this stream to the same URL too: each comes twice",
                names(&both, ", ")
            );
            let is_all = both.len() == webhook.triggers.enabled().len();
            let fix = if is_all {
                scene.command(&format!("delete {}", webhook.id))
            } else {
                scene.edit(webhook, &format!("--off {}", names(&both, ",")), "switch one off")
            };
            hits.push(Hit { about: About::Webhook(at), said: (message, fix) });
        }
        twins.push(webhook);
    }
    hits
}

/// PM006.
pub(super) fn no_bounces(scene: &Scene) -> Vec<Hit> {
    uncovered(scene, Trigger::Bounce, "bounces: dead addresses go unnoticed")
}

/// PM007.
pub(super) fn no_complaints(scene: &Scene) -> Vec<Hit> {
    uncovered(scene, Trigger::SpamComplaint, "spam complaints: whoever complains is mailed again")
}

fn uncovered(scene: &Scene, trigger: Trigger, what: &str) -> Vec<Hit> {
    let one = |stream: StreamId| {
        let first = scene.of_stream(&stream).next()?;
        if scene.of_stream(&stream).any(|webhook| is_on(webhook, trigger)) {
            return None;
        }
        let message = format!("no webhook of stream {stream} gets {what}");
        let written = format!("switch {} on in one of its webhooks", trigger.key());
        let fix = scene.edit(first, &format!("--on {trigger}"), &written);
        Some(Hit { about: About::Stream(stream), said: (message, fix) })
    };
    scene.streams().into_iter().filter_map(one).collect()
}

/// PM008.
pub(super) fn no_webhook(scene: &Scene) -> Vec<Hit> {
    let streams = scene.streams().into_iter();
    let bare = streams.filter(|stream| scene.of_stream(stream).next().is_none());
    let hit = |stream: StreamId| {
        let message = format!("stream {stream} has no webhook: nobody hears of its bounces");
        let words =
            format!("create --stream {stream} --url https://HOST/PATH --on bounce,spam-complaint");
        Hit { said: (message, scene.command(&words)), about: About::Stream(stream) }
    };
    bare.map(hit).collect()
}

/// PM009.
pub(super) fn silent(scene: &Scene, subject: &Subject) -> Option<Said> {
    let webhook = &subject.webhook;
    let fix = scene.edit(
        webhook,
        "--on bounce,spam-complaint",
        "switch a trigger on, such as Triggers: {Bounce: {Enabled: true}}",
    );
    is_silent(webhook).then(|| ("no trigger is on: it gets nothing".to_owned(), fix))
}

/// PM010.
pub(super) fn unverified(scene: &Scene, subject: &Subject) -> Option<Said> {
    let webhook = &subject.webhook;
    let status = webhook.status.as_deref().filter(|status| *status != "verified")?;
    let id = webhook.id;
    let (test, verify) =
        (scene.command(&format!("test {id}")), scene.command(&format!("verify {id}")));
    let fix = format!("{test}, mend the endpoint, then {verify}");
    Some((format!("it is {status}: Postmark posts nothing to it"), fix))
}

/// PM011.
pub(super) fn content(scene: &Scene, subject: &Subject) -> Option<Said> {
    let webhook = &subject.webhook;
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
    Some((
        message,
        scene.edit(webhook, &flags, "write IncludeContent: false where it is not needed"),
    ))
}

/// PM012.
pub(super) fn limit(scene: &Scene) -> Vec<Hit> {
    let one = |stream: StreamId| {
        let count = scene.of_stream(&stream).count();
        let message = match count {
            0..NEAR => return None,
            NEAR..LIMIT => format!("stream {stream} has {count} of at most {LIMIT} webhooks"),
            _ => format!("stream {stream} has {count} webhooks, and takes no more than {LIMIT}"),
        };
        let fix = if scene.is_manifest() {
            "let one webhook take the triggers of several".to_owned()
        } else {
            let list = scene.command(&format!("list --stream {stream}"));
            format!("{list}, and delete what nobody needs")
        };
        Some(Hit { about: About::Stream(stream), said: (message, fix) })
    };
    scene.streams().into_iter().filter_map(one).collect()
}

/// PM016.
pub(super) fn smtp_errors(scene: &Scene) -> Vec<Hit> {
    let webhooks = || scene.subjects.iter().map(|s| &s.webhook);
    if scene.flag(SMTP_ERRORS) != Some(true) || webhooks().any(|w| is_on(w, Trigger::Bounce)) {
        return Vec::new();
    }
    let message = "SMTP API errors are wanted, but they come to webhooks with a bounce trigger, and there is none";
    let fix = match webhooks().next() {
        Some(first) => scene.edit(first, "--on bounce", "switch Bounce on in a webhook"),
        None if scene.is_manifest() => {
            format!("write {SMTP_ERRORS}: false, or a webhook with Bounce")
        }
        None => scene.command("create --url https://HOST/PATH --on bounce,spam-complaint"),
    };
    vec![Hit { about: About::Setting(SMTP_ERRORS), said: (message.to_owned(), fix) }]
}
