//! What is told while events come.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::summary::Summary;
use super::{Args, line};
use crate::commands::Context;
use crate::local::http::Unread;
use crate::local::receiver::{Delivery, Refusal, Why};
use crate::ops::receive::arrived::{Arrived, Content};
use crate::ops::receive::forward::{Forwarded, News};
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
                self.say(Tone::Warn, &refused(&refusal, self.args));
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
            Told::Forward(news) => self.news(news),
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

    fn news(&self, news: News) {
        match news {
            News::Fails(why) => {
                self.say(Tone::Warn, &format!("an event was not passed on: {why}; trying again"));
            }
            News::Works => self.say(Tone::Good, "events are passed on again"),
            News::Refused { trace, why } => {
                let which = trace.map(|trace| format!(" with the trace {trace}"));
                let which = which.unwrap_or_default();
                self.say(Tone::Bad, &format!("an event{which} was not passed on: {why}"));
            }
            News::Overflows => {
                let sentence = "too many events wait to be passed on; what comes now is not";
                self.say(Tone::Bad, sentence);
            }
        }
    }

    fn event(&mut self, delivery: &Delivery) -> std::io::Result<()> {
        let arrived = Arrived::of(delivery, &mut self.seen);
        self.summary.add(&arrived);
        let settings = &self.ui.settings;
        if settings.format == Format::Jsonl {
            return self.ui.data(&json::compact(&object(delivery, &arrived)));
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

fn refused(refusal: &Refusal, args: &Args) -> String {
    let what = format!("{} {}", refusal.method, refusal.path);
    match refusal.why {
        Why::NoCredentials => format!("{what} came without credentials and was answered with 401"),
        Why::WrongCredentials => {
            format!("{what} came with wrong credentials and was answered with 401")
        }
        Why::Method => format!("{what} is no POST and was answered with 405"),
        Why::Body(Unread::TooLarge) => {
            let most = args.manner.max_body;
            format!("{what} had more than {most} bytes (--max-body) and was answered with 413")
        }
        Why::Body(Unread::TooSlow) => format!("{what} took too long and was answered with 408"),
        Why::Body(Unread::Crowded) => {
            format!("{what} came beside too many large ones and was answered with 503")
        }
        Why::Body(Unread::Broken) => format!("{what} broke off in its body"),
    }
}

fn object(delivery: &Delivery, arrived: &Arrived) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    let mut object = json!({
        "Time": humantime::format_rfc3339_millis(delivery.time).to_string(),
        "Event": arrived.event.key(),
        "Recipient": text(&arrived.recipient),
        "Detail": text(&arrived.detail),
        "MessageStream": text(&arrived.stream),
        "TraceId": arrived.trace,
        "RetriesRemaining": arrived.retries,
        "Repeated": arrived.is_repeated,
        "Path": delivery.path(),
    });
    let (key, body) = match &arrived.body {
        Content::Json(value) => ("Body", value.clone()),
        Content::Text(text) => ("Body", text.as_str().into()),
        Content::Bytes(bytes) => ("BodyBase64", line::base64(bytes).into()),
    };
    if let Value::Object(object) = &mut object {
        object.insert(key.to_owned(), body);
    }
    object
}
