//! An event as a person sees it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use unicode_width::UnicodeWidthStr as _;

use crate::event::Event;
use crate::ops::receive::{EventBody, EventRequest, EventSummary};
use crate::ops::record::masked_path;
use crate::postmark::mask::Reveal;
use crate::term::text::{excerpt, visible};
use crate::term::{Settings, Tone, clock, json};

/// What happened is cut to so many characters, and on a narrow terminal to no less than so many.
const DETAIL: usize = 100;
const LEAST: usize = 11;
/// A recipient is cut to so many there, and to no less than so many.
const RECIPIENT: usize = 21;
const LEAST_RECIPIENT: usize = 10;
/// A terminal with fewer columns has none to give away for alignment.
const NARROW: u16 = 120;
/// A text that is no JSON is cut to so many.
const TEXT: usize = 10_000;

/// The line of an event. On a terminal, what happened is cut so that the line fits, if that is enough.
pub fn of(delivery: &EventRequest, arrived: &EventSummary, settings: &Settings) -> String {
    let (narrow, wide) = (settings.width.is_some_and(|w| w < NARROW), settings.width.is_none());
    let dash = |text: &str| if text.is_empty() { "-".to_owned() } else { excerpt(text, DETAIL) };
    let pad = |text: String, width: usize| if narrow { text } else { format!("{text:<width$}") };
    let trace = match &arrived.trace_id {
        None => "-".to_owned(),
        Some(trace) if wide => visible(trace).into_owned(),
        Some(trace) if narrow => excerpt(trace, 5),
        Some(trace) => excerpt(trace, 8),
    };
    let mut parts = vec![
        (Tone::Faint, clock::local(delivery.time)),
        (tone(arrived), pad(excerpt(arrived.event.name(), 40), 19)),
        (Tone::Plain, String::new()),
        (Tone::Plain, String::new()),
        (Tone::Faint, dash(&arrived.stream)),
    ];
    if arrived.is_repeated {
        parts.insert(3, (Tone::Warn, "repeated".to_owned()));
    }
    parts.extend(arrived.retries_remaining.map(|retries| (Tone::Faint, format!("{retries} left"))));
    parts.push((Tone::Faint, trace));
    let taken: usize = parts.iter().map(|(_, text)| text.width() + 2).sum::<usize>() - 2;
    let room = settings.width.map(|width| usize::from(width).saturating_sub(taken));
    let most = room.unwrap_or_default().saturating_sub(LEAST).clamp(LEAST_RECIPIENT, RECIPIENT);
    let recipient = match arrived.recipient.as_str() {
        long if narrow && long.width() > most => excerpt(long, most - 1),
        short => pad(dash(short), 24),
    };
    let room = room.map(|room| room.saturating_sub(recipient.width()));
    let detail = match room {
        None => dash(&arrived.detail),
        Some(_) if arrived.detail.is_empty() => "-".to_owned(),
        Some(room) => excerpt(&arrived.detail, room.clamp(LEAST, DETAIL) - 1),
    };
    let at = if arrived.is_repeated { 4 } else { 3 };
    for (at, text) in [(2, recipient), (at, detail)] {
        if let Some(place) = parts.get_mut(at) {
            place.1 = text;
        }
    }
    let parts: Vec<_> =
        parts.iter().map(|(tone, text)| tone.paint(text, settings.color_out)).collect();
    parts.join("  ") + "\n"
}

/// The body of an event, with the path that it was posted to.
pub fn body(delivery: &EventRequest, arrived: &EventSummary, settings: &Settings) -> String {
    let color = settings.color_out;
    let path =
        Tone::Faint.paint(&format!("POST {}", visible(&path(delivery, settings.reveal))), color);
    let text = match &arrived.body {
        EventBody::Json(value) => json::colored(value, color),
        EventBody::Text(text) => excerpt(text, TEXT) + "\n",
        EventBody::Binary(bytes) => excerpt(&base64(bytes), TEXT) + "\n",
    };
    std::iter::once(path.as_str()).chain(text.lines()).flat_map(|line| ["  ", line, "\n"]).collect()
}

/// The path of a request, secret query values masked.
pub fn path(delivery: &EventRequest, reveal: Reveal) -> Cow<'_, str> {
    match reveal {
        Reveal::Masked => masked_path(delivery.path()),
        Reveal::Shown => Cow::Borrowed(delivery.path()),
    }
}

/// Bytes as base64.
pub fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn tone(arrived: &EventSummary) -> Tone {
    match arrived.event.event() {
        Some(Event::Bounce | Event::SpamComplaint | Event::SmtpApiError) => Tone::Bad,
        Some(Event::Delivery) => Tone::Good,
        Some(Event::SubscriptionChange) | None => Tone::Warn,
        Some(Event::Open | Event::Click | Event::Inbound) => Tone::Plain,
    }
}
