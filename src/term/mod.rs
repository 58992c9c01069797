//! The terminal: output formats, tables, prompts, signals. The only module that prints.

pub mod checklist;
pub mod clock;
mod columns;
pub mod interrupt;
pub mod json;
pub mod metrics;
pub mod prompt;
mod report;
pub mod table;
pub mod text;

use std::cmp::Ordering;
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::postmark::{Reveal, Secret, mask};
pub use interrupt::Interrupts;
pub use report::{ByProfile, Details, Report};
pub use table::{Cell, Column, Row, Table, Tone};

/// How data is written (`--output`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table: with borders on a terminal, plain aligned columns elsewhere.
    #[default]
    Table,
    /// Exactly one JSON document.
    Json,
    /// A JSON document per line.
    Jsonl,
    /// YAML.
    Yaml,
    /// Tab-separated values.
    Tsv,
    /// One identifier per line.
    Ids,
    /// Metrics for a textfile collector: of `health` only.
    Prometheus,
    /// Findings for code scanning: of `lint` only.
    Sarif,
}

impl Format {
    /// All of them, in the manual's order.
    pub const ALL: [Self; 8] = [
        Self::Table,
        Self::Json,
        Self::Jsonl,
        Self::Yaml,
        Self::Tsv,
        Self::Ids,
        Self::Prometheus,
        Self::Sarif,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Yaml => "yaml",
            Self::Tsv => "tsv",
            Self::Ids => "ids",
            Self::Prometheus => "prometheus",
            Self::Sarif => "sarif",
        }
    }

    /// True for the formats that are made of a report's JSON document.
    fn is_document(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl | Self::Yaml)
    }

    /// True where a program reads what is printed, so that standard error is kept free of chatter.
    pub fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl | Self::Sarif)
    }
}

/// Order of rows (`--sort`).
#[derive(Clone, Debug)]
pub struct Sort {
    /// Name of a column or of a JSON key.
    pub column: String,
    /// The greatest value first.
    pub is_descending: bool,
}

impl FromStr for Sort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix('-')) {
            ("" | "-", _) => {
                Err("name a column, as in url, or -url for descending order".to_owned())
            }
            (_, Some(column)) => Ok(Self { column: column.to_owned(), is_descending: true }),
            (column, None) => Ok(Self { column: column.to_owned(), is_descending: false }),
        }
    }
}

impl Sort {
    /// Order of two values. Missing values come last, in either direction.
    fn order<T: ?Sized>(
        &self,
        a: Option<&T>,
        b: Option<&T>,
        compare: impl Fn(&T, &T) -> Ordering,
    ) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.is_descending => compare(a, b).reverse(),
            (Some(a), Some(b)) => compare(a, b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

/// What the terminal is like, and what the user wants of it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How data is written.
    pub format: Format,
    /// The columns to show, by their keys.
    pub columns: Vec<String>,
    /// The order of the rows.
    pub sort: Option<Sort>,
    /// Leave out the line with the columns' names.
    pub no_header: bool,
    /// Show the secrets of webhooks.
    pub reveal: Reveal,
    /// Only data and errors.
    pub quiet: bool,
    /// How much is told of requests: 1 a line each, 2 headers and bodies too.
    pub verbose: u8,
    /// Color on standard output.
    pub color_out: bool,
    /// Color on standard error.
    pub color_err: bool,
    /// Standard output is a terminal of so many columns.
    pub width: Option<u16>,
    /// Standard error is a terminal that can rewrite its last line.
    pub rewrites: bool,
    /// Somebody can be asked: standard input and standard error are terminals, and nothing forbids it.
    pub may_ask: bool,
}

/// The way to the terminal.
#[derive(Debug, Default)]
pub struct Ui {
    /// What the user wants of it.
    pub settings: Settings,
    /// What to do when somebody wants the run to end.
    pub interrupts: Interrupts,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// A progress line stands on the terminal and must be wiped first.
    progress: bool,
    /// Warnings of a run whose standard error must stay one JSON document.
    warnings: Vec<String>,
    /// Values that no trace and no error shows.
    hidden: Vec<Secret>,
}

impl Ui {
    /// A way to the terminal with these settings.
    pub fn new(settings: Settings, interrupts: Interrupts) -> Self {
        Self { settings, interrupts, state: Mutex::default() }
    }

    /// Writes data to standard output, whole.
    pub fn data(&self, text: &str) -> io::Result<()> {
        let mut state = self.state();
        wipe(&mut state);
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Says something that is good to know: what was done, what to do next.
    pub fn note(&self, sentence: &str) {
        if !self.settings.quiet && !self.settings.format.is_json() {
            self.line(&text::visible(sentence));
        }
    }

    /// Says what would help. Silent where notes are.
    pub fn hint(&self, sentence: &str) {
        self.labelled(Tone::Strong, "  hint:", sentence);
    }

    /// Says something after a label in a tone. Silent where notes are.
    pub fn labelled(&self, tone: Tone, label: &str, sentence: &str) {
        if !self.settings.quiet && !self.settings.format.is_json() {
            let word = label.trim_start();
            let indent = " ".repeat(label.len() - word.len());
            let label = self.err_tone(tone, word);
            self.line(&format!("{indent}{label} {}", text::visible(sentence)));
        }
    }

    /// Says something that should not be overlooked. With JSON output it is kept for [`Ui::close`].
    pub fn warn(&self, sentence: &str) {
        if self.settings.quiet {
            return;
        }
        let sentence = text::visible(sentence).into_owned();
        if self.settings.format.is_json() {
            self.state().warnings.push(sentence);
        } else {
            let label = self.err_tone(Tone::Warn, "warning:");
            self.line(&format!("pmhooks: {label} {sentence}"));
        }
    }

    /// A line of the trace that `-v` asks for.
    pub fn trace(&self, line: &str) {
        let line = self.without_hidden(line);
        self.line(&Tone::Faint.paint(&text::visible(&line), self.settings.color_err));
    }

    /// Keeps these values out of traces and of the causes of errors from now on.
    pub fn hide(&self, values: &[Secret]) {
        self.state().hidden.extend_from_slice(values);
    }

    /// A text without the values that are to be hidden.
    pub fn without_hidden(&self, text: &str) -> String {
        mask::values(text, &self.state().hidden).into_owned()
    }

    /// A line of a trace or of an error: already safe to show.
    pub fn line(&self, line: &str) {
        let mut state = self.state();
        wipe(&mut state);
        // Nobody is left to be told if this fails.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// Shows how far the work is. The next output of any kind wipes it.
    pub fn progress(&self, sentence: &str) {
        if !self.settings.rewrites || self.settings.quiet {
            return;
        }
        let mut state = self.state();
        state.progress = true;
        let _ = write!(io::stderr().lock(), "\r\x1b[K{}", text::excerpt(sentence, 76));
    }

    /// The warnings that were kept back; they are the caller's from now on.
    pub fn close(&self) -> Vec<String> {
        let mut state = self.state();
        wipe(&mut state);
        std::mem::take(&mut state.warnings)
    }

    /// A text in a tone, for standard error.
    pub fn err_tone(&self, tone: Tone, text: &str) -> String {
        tone.paint(text, self.settings.color_err)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wipe(state: &mut State) {
    if std::mem::take(&mut state.progress) {
        let _ = write!(io::stderr().lock(), "\r\x1b[K");
    }
}
