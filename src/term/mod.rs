//! The terminal: output formats, tables, prompts, signals. The only module that prints.

pub(crate) mod checklist;
pub mod interrupt;
pub mod json;
pub(crate) mod prometheus;
pub(crate) mod prompt;
mod report;
pub(crate) mod table;
pub mod text;

use std::cmp::Ordering;
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::postmark::{Reveal, Secrets};
pub use interrupt::Interrupts;
pub use report::{ByProfile, Details, Report};
pub use table::{Cell, Column, Row, Table, Tone};

/// Output format (`--output`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table: with borders on a terminal, plain aligned columns elsewhere.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// JSON lines: one document per row.
    Jsonl,
    /// YAML.
    Yaml,
    /// Tab-separated values.
    Tsv,
    /// One identifier per line.
    Ids,
    /// Metrics for a textfile collector, of `health` only.
    Prometheus,
    /// Findings for code scanning, of `lint` only.
    Sarif,
}

impl Format {
    /// All formats, in the order of the manual.
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

    /// Name on the command line.
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

    /// True if a program reads the output: standard error then has nothing but an error in JSON.
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

/// Properties of the terminal, and global options about output.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Output format.
    pub format: Format,
    /// Columns to print; empty for the default ones.
    pub columns: Vec<String>,
    /// Order of the rows; `None` for the report's own.
    pub sort: Option<Sort>,
    /// Omit the header row.
    pub no_header: bool,
    /// Whether secrets of webhooks are shown.
    pub reveal: Reveal,
    /// No notes and no progress.
    pub quiet: bool,
    /// Detail of the request trace: 0 none, 1 a line per request, 2 headers and bodies too.
    pub verbose: u8,
    /// Color on standard output.
    pub color_out: bool,
    /// Color on standard error.
    pub color_err: bool,
    /// Columns of standard output, if it is a terminal.
    pub width: Option<u16>,
    /// True if standard error is a terminal that can rewrite its last line.
    pub rewrites: bool,
    /// True if questions can be asked: on a terminal, unless `--no-input` or `CI` forbids it.
    pub may_ask: bool,
}

/// Access to the terminal.
#[derive(Debug, Default)]
pub struct Ui {
    /// Properties of the terminal, and options.
    pub settings: Settings,
    /// Signal handling.
    pub interrupts: Interrupts,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// True if the last line of the terminal shows progress and must be wiped.
    progress: bool,
    /// Warnings kept for the JSON document on standard error.
    warnings: Vec<String>,
}

impl Ui {
    pub fn new(settings: Settings, interrupts: Interrupts) -> Self {
        Self { settings, interrupts, state: Mutex::default() }
    }

    /// Writes all of `text` to standard output.
    pub fn data(&self, text: &str) -> io::Result<()> {
        let mut state = self.state();
        wipe(&mut state);
        let lines = text.split_inclusive('\n').map(|line| Secrets::of_run().mask_tokens(line));
        let masked: String = lines.collect();
        let mut out = io::stdout().lock();
        out.write_all(masked.as_bytes())?;
        out.flush()
    }

    /// Prints a note, unless `--quiet` or JSON output is on.
    pub fn note(&self, sentence: &str) {
        if !self.settings.quiet && !self.settings.format.is_json() {
            self.line(&text::visible(sentence));
        }
    }

    /// Prints a hint, under the conditions of a note.
    pub fn hint(&self, sentence: &str) {
        self.labelled(Tone::Strong, "  hint:", sentence);
    }

    /// Prints a sentence after a label, under the conditions of a note.
    pub fn labelled(&self, tone: Tone, label: &str, sentence: &str) {
        if !self.settings.quiet && !self.settings.format.is_json() {
            let word = label.trim_start();
            let indent = " ".repeat(label.len() - word.len());
            let label = self.err_tone(tone, word);
            self.line(&format!("{indent}{label} {}", text::visible(sentence)));
        }
    }

    /// Prints a warning. With JSON output, it is kept for [`Ui::close`].
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

    /// Prints a line of the request trace (`-v`).
    pub fn trace(&self, line: &str) {
        let line = Secrets::of_run().mask_always(line);
        self.line(&Tone::Faint.paint(&text::visible(&line), self.settings.color_err));
    }

    /// Prints a line to standard error. The caller has escaped it.
    pub fn line(&self, line: &str) {
        let mut state = self.state();
        wipe(&mut state);
        let line = Secrets::of_run().mask_tokens(line);
        // There is no other place to report a failure.
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// Shows progress on standard error, on a terminal. The next output wipes it.
    pub fn progress(&self, sentence: &str) {
        if !self.settings.rewrites || self.settings.quiet {
            return;
        }
        let mut state = self.state();
        state.progress = true;
        let _ = write!(io::stderr().lock(), "\r\x1b[K{}", text::excerpt(sentence, 76));
    }

    /// Wipes the progress line and returns the warnings that were kept for JSON.
    pub fn close(&self) -> Vec<String> {
        let mut state = self.state();
        wipe(&mut state);
        std::mem::take(&mut state.warnings)
    }

    /// A text with emphasis for standard error.
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
