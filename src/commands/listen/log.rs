//! What is told while events come.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::summary::Summary;
use super::{Args, line, object, words};
use crate::commands::Context;
use crate::local::receiver::Delivery;
use crate::ops::receive::arrived::Arrived;
use crate::ops::receive::forward::Forwarded;
use crate::ops::receive::{Inbox, Seen, Told};
use crate::ui::{Format, Tone, Ui, json};

/// Tells of what arrives.
pub struct Log<'a> {
    ui: &'a Ui,
    args: &'a Args,
    seen: Seen,
    summary: Summary,
    has_enough: bool,
}

impl<'a> Log<'a> {
    pub fn new(args: &'a Args, cx: &'a Context) -> Self {
        Self {
            ui: &cx.ui,
            args,
            seen: Seen::default(),
            summary: Summary::default(),
            has_enough: false,
        }
    }

    /// As many events came as were wanted.
    pub fn has_enough(&self) -> bool {
        self.has_enough
    }

    /// Tells of something.
    pub fn tell(&mut self, told: Told) -> Result<()> {
        match told {
            Told::Event(delivery) => {
                self.event(&delivery).context("cannot write to standard output")?;
            }
            Told::Refused(refusal) => {
                self.summary.refused += 1;
                self.say(Tone::Warn, &words::refused(&refusal, self.args));
            }
            Told::RecordFails(why) => {
                let sentence =
                    "the event was not acknowledged, nor will others be until this works";
                self.ui.line(&self.ui.err_tone(Tone::Bad, &format!("pmhooks: {why}; {sentence}")));
            }
            Told::RecordWorks => self.say(Tone::Good, "the record can be written again"),
            Told::RecordIsNew => {
                self.say(Tone::Warn, "the record was moved or removed; it was made anew");
            }
            Told::Forward(news) => {
                let (tone, sentence) = words::news(&news);
                self.say(tone, &sentence);
            }
            Told::Enough => self.has_enough = true,
        }
        Ok(())
    }

    /// Tells of all that is there.
    pub fn tell_all(&mut self, inbox: &Inbox) -> Result<()> {
        while let Some(told) = inbox.wait(Duration::ZERO) {
            self.tell(told)?;
        }
        Ok(())
    }

    /// Tells that events came faster than they could be shown.
    pub fn passed_over(&mut self, count: u64) {
        if count > 0 {
            self.summary.not_shown += count;
            let sentence = "events came faster than they could be shown";
            self.say(Tone::Warn, &format!("{count} {sentence}; -q shows none"));
        }
    }

    /// Tells how it was, at the end.
    pub fn finish(&mut self, inbox: &Inbox, forwarded: Option<Forwarded>) {
        self.summary.not_shown += inbox.passed_over();
        for sentence in self.summary.sentences(inbox.taken(), forwarded, self.args) {
            self.ui.note(&sentence);
        }
    }

    fn event(&mut self, delivery: &Delivery) -> std::io::Result<()> {
        let arrived = Arrived::of(delivery, &mut self.seen);
        self.summary.add(&arrived);
        let settings = &self.ui.settings;
        if settings.format == Format::Jsonl {
            return self.ui.data(&json::compact(&object::of(delivery, &arrived)));
        }
        let mut text = line::of(delivery, &arrived, settings);
        if settings.verbose > 0 {
            text.push_str(&line::body(delivery, &arrived, settings));
        }
        self.ui.data(&text)
    }

    fn say(&self, tone: Tone, sentence: &str) {
        if !self.ui.settings.quiet {
            let sentence = crate::ui::text::visible(sentence);
            self.ui.line(&self.ui.err_tone(tone, &format!("pmhooks: {sentence}")));
        }
    }
}
