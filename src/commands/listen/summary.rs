//! How it was, in numbers.

use super::Args;
use crate::event::{Event, Received};
use crate::ops::receive::{EventSummary, ForwardCounts};

/// The numbers of a run.
#[derive(Debug, Default)]
pub struct Summary {
    events: [u64; Event::ALL.len()],
    others: u64,
    repeated: u64,
    /// Number of events that `--event` did not select.
    pub not_selected: u64,
    /// How many requests were refused.
    pub refused: u64,
    /// How many events were not shown.
    pub not_shown: u64,
}

impl Summary {
    /// Counts an event.
    pub fn add(&mut self, arrived: &EventSummary) {
        self.repeated += u64::from(arrived.is_repeated);
        let at = |event: &Event| Event::ALL.iter().position(|e| e == event);
        let place = match &arrived.event {
            Received::Known(event) => at(event).and_then(|index| self.events.get_mut(index)),
            Received::Other(_) => None,
        };
        *place.unwrap_or(&mut self.others) += 1;
    }

    /// What is said at the end.
    pub fn sentences(
        &self,
        taken: u64,
        forwarded: Option<ForwardCounts>,
        args: &Args,
    ) -> Vec<String> {
        let known = Event::ALL.iter().zip(self.events);
        let kinds =
            known.map(|(event, count)| (event.name(), count)).chain([("other", self.others)]);
        let kinds: Vec<_> = kinds
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        let colon = if kinds.is_empty() { "" } else { ": " };
        let events = if taken == 1 { "event" } else { "events" };
        let mut first = format!("Received {taken} {events}{colon}{}", kinds.join(", "));
        for (count, what) in [
            (self.repeated, "repeated"),
            (self.not_shown, "not shown"),
            (self.not_selected, "not selected by --event"),
            (self.refused, "refused and not counted"),
        ] {
            if count > 0 {
                first += &format!("; {count} {what}");
            }
        }
        let mut sentences = vec![first + "."];
        if let Some(forwarded) = forwarded {
            let mut sentence = format!("Passed on {}", forwarded.forwarded);
            let (refused, unsent) = (forwarded.failed, forwarded.unsent);
            for (count, what) in [(refused, "not accepted"), (unsent, "not sent")] {
                if count > 0 {
                    sentence += &format!("; {count} {what}");
                }
            }
            sentences.push(sentence + ".");
        }
        if let Some(path) = args.record.as_ref().filter(|_| taken > 0) {
            let path = shell_words::quote(&path.to_string_lossy()).into_owned();
            sentences.push(format!("Send them again: pmhooks replay {path} --to URL|ID"));
        }
        sentences
    }
}
