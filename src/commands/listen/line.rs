//! An event as a person sees it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::local::receiver::Delivery;
use crate::model::Event;
use crate::ops::receive::arrived::{Arrived, Content};
use crate::ui::text::{excerpt, visible};
use crate::ui::{Settings, Tone, json};

/// What happened is cut to so many characters.
const DETAIL: usize = 100;
/// A text that is no JSON is cut to so many.
const TEXT: usize = 10_000;

/// The line of an event.
pub fn of(delivery: &Delivery, arrived: &Arrived, settings: &Settings) -> String {
    let colour = settings.colour_out;
    let dash = |text: &str| if text.is_empty() { "-".to_owned() } else { excerpt(text, DETAIL) };
    let faint = |text: String| Tone::Faint.paint(&text, colour);
    let time = humantime::format_rfc3339_millis(delivery.time).to_string();
    let clock = time.get(11..).unwrap_or(&time);
    let name = format!("{:<19}", excerpt(arrived.event.name(), 40));
    let mut parts = vec![
        faint(clock.to_owned()),
        tone(arrived).map_or_else(|| name.clone(), |tone| tone.paint(&name, colour)),
        format!("{:<24}", dash(&arrived.recipient)),
    ];
    if arrived.is_repeated {
        parts.push(Tone::Warn.paint("repeated", colour));
    }
    parts.push(dash(&arrived.detail));
    parts.push(faint(dash(&arrived.stream)));
    parts.extend(arrived.retries.map(|retries| faint(format!("{retries} left"))));
    parts.push(faint(match (&arrived.trace, settings.width) {
        (None, _) => "-".to_owned(),
        (Some(trace), Some(..120)) => excerpt(trace, 8),
        (Some(trace), _) => visible(trace).into_owned(),
    }));
    parts.join("  ") + "\n"
}

/// The body of an event, with the path that it was posted to.
pub fn body(delivery: &Delivery, arrived: &Arrived, settings: &Settings) -> String {
    let colour = settings.colour_out;
    let path = Tone::Faint.paint(&format!("POST {}", visible(delivery.path())), colour);
    let text = match &arrived.body {
        Content::Json(value) => json::coloured(value, colour),
        Content::Text(text) => excerpt(text, TEXT) + "\n",
        Content::Bytes(bytes) => excerpt(&base64(bytes), TEXT) + "\n",
    };
    std::iter::once(path.as_str()).chain(text.lines()).flat_map(|line| ["  ", line, "\n"]).collect()
}

/// Bytes as base64.
pub fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn tone(arrived: &Arrived) -> Option<Tone> {
    match arrived.event.event() {
        Some(Event::Bounce | Event::SpamComplaint | Event::SmtpApiError) => Some(Tone::Bad),
        Some(Event::Delivery) => Some(Tone::Good),
        Some(Event::SubscriptionChange) | None => Some(Tone::Warn),
        Some(Event::Open | Event::Click | Event::Inbound) => None,
    }
}
