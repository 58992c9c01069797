//! Options of sample events.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::parse::{quiet, quiet_with, size};
use crate::event::{BounceType, Event};
use crate::ops::test::samples::FieldAssignment;

/// Options of the events to post.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "The events")]
pub struct EventArgs {
    /// Events to post instead of those of the enabled triggers: open, click, delivery, bounce,
    /// spam-complaint, subscription-change, inbound, smtp-api-error, or all
    #[arg(long, value_name = "EVENT,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = events_or_all())]
    pub event: Vec<EventWord>,
    /// Post this JSON object instead of samples; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["event", "bounce_type", "attachment_size"])]
    pub data: Option<PathBuf>,
    /// Change a field, as in Client.Name=Mail or Tag=null; can be repeated
    #[arg(long, value_name = "PATH=VALUE", value_parser = quiet::<FieldAssignment>())]
    pub set: Vec<FieldAssignment>,
    /// The type of the bounce, as in SoftBounce or Blocked
    #[arg(long, value_name = "TYPE", value_parser = quiet::<BounceType>())]
    pub bounce_type: Option<BounceType>,
    /// The size of the attachment of the inbound mail, as in 20MB
    #[arg(long, value_name = "SIZE", value_parser = quiet_with(attachment_size))]
    pub attachment_size: Option<usize>,
}

impl EventArgs {
    /// Events that the options ask for; none if the triggers decide. An option of one event asks for it.
    pub fn asked(&self) -> Result<Vec<Event>, String> {
        let mut asked = events(&self.event);
        for (flag, event, is_given) in [
            ("--bounce-type", Event::Bounce, self.bounce_type.is_some()),
            ("--attachment-size", Event::Inbound, self.attachment_size.is_some()),
        ] {
            if is_given && self.event.is_empty() {
                asked.push(event);
            } else if is_given && !asked.contains(&event) {
                return Err(format!(
                    "{flag} is for the event {event}, which --event does not name"
                ));
            }
        }
        Ok(asked)
    }
}

/// An event, or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EventWord {
    One(Event),
    All,
}

/// Parser of an event.
pub fn event() -> impl TypedValueParser<Value = Event> {
    let word = |event: Event| PossibleValue::new(event.name()).alias(event.key());
    PossibleValuesParser::new(Event::ALL.map(word))
        .map(|word| word.parse().unwrap_or(Event::Bounce))
}

/// Parser of an event or `all`.
pub fn events_or_all() -> impl TypedValueParser<Value = EventWord> {
    // The API's own words are understood as well.
    let word = |event: Event| PossibleValue::new(event.name()).alias(event.key());
    let words = Event::ALL.into_iter().map(word).chain([PossibleValue::new("all")]);
    PossibleValuesParser::new(words).map(|word| word.parse().map_or(EventWord::All, EventWord::One))
}

/// Named events, each once, in the order of [`Event::ALL`].
pub fn events(words: &[EventWord]) -> Vec<Event> {
    let named = |event: &Event| {
        words.iter().any(|word| *word == EventWord::All || *word == EventWord::One(*event))
    };
    Event::ALL.into_iter().filter(named).collect()
}

/// Size of an attachment, in bytes. Postmark accepts up to 35 MB per mail (its page on the inbound webhook).
pub fn attachment_size(text: &str) -> Result<usize, String> {
    const LARGEST: usize = 35_000_000;
    match size(text)? {
        size if size <= LARGEST => Ok(size),
        _ => Err("Postmark takes no more than 35MB of attachments".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(attachment_size("20MB"), Ok(20_000_000));
        assert_eq!(attachment_size("1 kib"), Ok(1024));
        assert_eq!(attachment_size("7"), Ok(7));
        for bad in ["", "MB", "-1", "1.5MB", "20GB", "36MB"] {
            assert!(attachment_size(bad).is_err(), "{bad}");
        }
    }
}
