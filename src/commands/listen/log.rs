//! What is told while events come.

use std::time::{Duration, Instant};

use super::summary::Summary;
use super::{Args, line, object, words};
use crate::commands::Context;
use crate::error::{Result, ResultExt as _};
use crate::ops::receive::{
    Dedup, EventRequest, EventSummary, ForwardCounts, Notice, NoticeReceiver,
};
use crate::term::{Format, Tone, Ui, json};

/// What happens all the time is said once in this.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells of what arrives.
pub struct Log<'a> {
    ui: &'a Ui,
    args: &'a Args,
    seen: Dedup,
    summary: Summary,
    /// How many events were passed over, and not yet spoken of; and when that was done last.
    passed_over: u64,
    said: Option<Instant>,
    has_enough: bool,
}

impl<'a> Log<'a> {
    pub fn new(args: &'a Args, cx: &'a Context) -> Self {
        Self {
            ui: &cx.ui,
            args,
            seen: Dedup::default(),
            summary: Summary::default(),
            passed_over: 0,
            said: None,
            has_enough: false,
        }
    }

    /// As many events came as were wanted.
    pub fn has_enough(&self) -> bool {
        self.has_enough
    }

    /// Tells of something.
    pub fn tell(&mut self, told: Notice) -> Result<()> {
        match told {
            Notice::Event(delivery) => {
                self.event(&delivery).context("cannot write to standard output")?;
            }
            Notice::Rejected(refusal) => {
                self.summary.refused += 1;
                self.say(Tone::Warn, &words::refused(&refusal, self.args));
            }
            Notice::RecordFailed(why) => {
                let sentence =
                    "the event was not acknowledged, nor will others be until this works";
                self.ui.line(&self.ui.err_tone(Tone::Bad, &format!("pmhooks: {why}; {sentence}")));
            }
            Notice::RecordRecovered => self.say(Tone::Good, "the record can be written again"),
            Notice::RecordRecreated => {
                self.say(Tone::Warn, "the record was moved or removed; it was made anew");
            }
            Notice::Forward(news) => {
                let (tone, sentence) = words::news(&news);
                self.say(tone, &sentence);
            }
            Notice::CountReached => self.has_enough = true,
        }
        Ok(())
    }

    /// Tells of all that is there.
    pub fn tell_all(&mut self, inbox: &NoticeReceiver) -> Result<()> {
        while let Some(told) = inbox.next(Duration::ZERO) {
            self.tell(told)?;
        }
        Ok(())
    }

    /// Tells that events came faster than they could be shown.
    pub fn passed_over(&mut self, count: u64) {
        self.passed_over += count;
        let is_due = self.said.is_none_or(|said| said.elapsed() >= PAUSE);
        if self.passed_over > 0 && is_due {
            let count = std::mem::take(&mut self.passed_over);
            self.summary.not_shown += count;
            self.said = Some(Instant::now());
            let sentence = "events came faster than they could be shown";
            self.say(Tone::Warn, &format!("{count} {sentence}; -q shows none"));
        }
    }

    /// Tells how it was, at the end.
    pub fn finish(&mut self, inbox: &NoticeReceiver, forwarded: Option<ForwardCounts>) {
        self.summary.not_shown += self.passed_over + inbox.take_dropped();
        self.summary.not_selected = inbox.not_selected_count();
        for sentence in self.summary.sentences(inbox.event_count(), forwarded, self.args) {
            self.ui.note(&sentence);
        }
    }

    fn event(&mut self, delivery: &EventRequest) -> std::io::Result<()> {
        let arrived = EventSummary::new(delivery, &mut self.seen);
        self.summary.add(&arrived);
        let settings = &self.ui.settings;
        if settings.format == Format::Jsonl {
            return self.ui.data(&json::compact(&object::of(delivery, &arrived, settings.reveal)));
        }
        let mut text = line::of(delivery, &arrived, settings);
        if settings.verbose > 0 {
            text.push_str(&line::body(delivery, &arrived, settings));
        }
        self.ui.data(&text)
    }

    fn say(&self, tone: Tone, sentence: &str) {
        if !self.ui.settings.quiet {
            let sentence = crate::term::text::visible(sentence);
            self.ui.line(&self.ui.err_tone(tone, &format!("pmhooks: {sentence}")));
        }
    }
}
