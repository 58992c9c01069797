//! Rules about settings of the server that decide which events there are.

use super::scene::{Scene, Subject, is_on};
use super::{About, Hit, Said};
use crate::postmark::Trigger;

/// The server's own hooks of before the Webhooks API, and the triggers that have taken their place.
const LEGACY: [(&str, Trigger); 4] = [
    ("BounceHookUrl", Trigger::Bounce),
    ("OpenHookUrl", Trigger::Open),
    ("DeliveryHookUrl", Trigger::Delivery),
    ("ClickHookUrl", Trigger::Click),
];

/// PM013.
pub(super) fn legacy(scene: &Scene) -> Vec<Hit> {
    let one = |(key, trigger): (&'static str, Trigger)| {
        scene.text(key)?;
        let webhooks = scene.subjects.iter().map(|s| &s.webhook);
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
        Some(Hit { about: About::Setting(key), said: (message, fix) })
    };
    LEGACY.into_iter().filter_map(one).collect()
}

/// PM014.
pub(super) fn opens(scene: &Scene, subject: &Subject) -> Option<Said> {
    let is_off = scene.flag("TrackOpens") == Some(false);
    let message = "open is on, but the server does not track opens: only messages that ask for it by themselves are";
    let fix = || scene.command("server edit --track-opens true");
    (is_off && is_on(&subject.webhook, Trigger::Open)).then(|| (message.to_owned(), fix()))
}

/// PM015.
pub(super) fn clicks(scene: &Scene, subject: &Subject) -> Option<Said> {
    let is_off = scene.text("TrackLinks").is_some_and(|mode| mode.eq_ignore_ascii_case("None"));
    let message = "click is on, but the server tracks no links: only messages that ask for it by themselves are";
    let fix = || scene.command("server edit --track-links html-and-text");
    (is_off && is_on(&subject.webhook, Trigger::Click)).then(|| (message.to_owned(), fix()))
}
