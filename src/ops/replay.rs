//! Recorded events, sent again: read one by one from a file of any size, in its order.
//!
//! May use `probe`, `model` and `disk`; must not use `api` or `config`.

mod lines;
pub mod recorded;
pub mod send;
mod values;

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::SystemTime;

use crate::event::Event;
use crate::fs::{self, FsError};
use recorded::Recorded;
use values::{Found, Values};

/// Which of the recorded events are meant.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// These; none where all are meant.
    pub events: Vec<Event>,
    /// Not before.
    pub since: Option<SystemTime>,
    /// Before.
    pub until: Option<SystemTime>,
    /// Nothing that begins on an earlier line.
    pub from_line: u64,
}

impl Filter {
    /// Whether an event is meant. One without a time is in no span of time.
    fn takes(&self, event: &Recorded) -> bool {
        let known = event.post.event.event();
        let is_named = self.events.is_empty() || known.is_some_and(|e| self.events.contains(&e));
        let late = |since: SystemTime| event.time.is_some_and(|time| time >= since);
        let early = |until: SystemTime| event.time.is_some_and(|time| time < until);
        is_named && self.since.is_none_or(late) && self.until.is_none_or(early)
    }

    /// Whether it asks for a span of time.
    pub fn is_about_time(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }
}

/// What stands in the file next.
pub enum Item {
    /// An event that is meant.
    Event(Box<Recorded>),
    /// An event that is not.
    LeftOut {
        /// Its time is not known.
        is_timeless: bool,
    },
    /// Something that is no event.
    Damaged(Damage),
}

/// Something that is no event.
#[derive(Clone, Debug)]
pub struct Damage {
    /// The line where it begins.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

/// The events of a file.
pub struct Events<R> {
    values: Values<R>,
    filter: Filter,
    /// How many bytes there are, where that is known.
    pub length: Option<u64>,
}

/// A file, or standard input.
pub type Source = BufReader<Box<dyn Read + Send>>;

/// Opens a file, or standard input where the path is `-`.
pub fn open(path: &Path, filter: Filter) -> Result<Events<Source>, FsError> {
    let (source, length): (Box<dyn Read + Send>, _) = if path.as_os_str() == "-" {
        (Box::new(io::stdin()), None)
    } else {
        let opened = fs::open(path)?;
        (Box::new(opened.content), opened.length)
    };
    let source = BufReader::with_capacity(256 * 1024, source);
    Ok(Events { length, ..Events::new(source, filter) })
}

impl<R: BufRead> Events<R> {
    /// The events of a source.
    pub fn new(source: R, filter: Filter) -> Self {
        Self { values: Values::new(source), filter, length: None }
    }

    /// The line on which the next event can begin.
    pub fn next_line(&self) -> u64 {
        self.values.next_line()
    }

    /// How much was read, in percent.
    pub fn percent(&self) -> Option<u64> {
        let length = self.length.filter(|length| *length > 0)?;
        Some(self.values.read().saturating_mul(100) / length)
    }

    /// What stands in the file next; none at its end.
    pub fn read_next(&mut self) -> io::Result<Option<Item>> {
        loop {
            let Some(found) = self.values.read_next()? else { return Ok(None) };
            let (Found::Object { line, .. } | Found::Damaged { line, .. }) = &found;
            if *line < self.filter.from_line {
                continue;
            }
            return Ok(Some(self.judge(found)));
        }
    }

    fn judge(&self, found: Found) -> Item {
        let (line, read) = match found {
            Found::Damaged { line, why } => (line, Err(why.to_owned())),
            Found::Object { line, bytes, alone } => {
                let read = recorded::read(&bytes);
                (line, read.map(|event| Recorded { line, alone, ..event }))
            }
        };
        match read {
            Err(why) => Item::Damaged(Damage { line, why }),
            Ok(event) if self.filter.takes(&event) => Item::Event(Box::new(event)),
            Ok(event) => {
                Item::LeftOut { is_timeless: self.filter.is_about_time() && event.time.is_none() }
            }
        }
    }
}
