//! Reports of commands, and the formats they are shown in.

use std::cmp::Ordering;
use std::io;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::table::same_name;
use super::{Cell, Column, Format, Row, Settings, Sort, Table, Ui, json, text};
use crate::postmark::mask;

/// Blocks of names and values, one block per thing.
pub type Details = Vec<Vec<(&'static str, Cell)>>;

/// Result of a command.
///
/// `Serialize` gives JSON, JSON lines and YAML; `columns` and `rows` give tables. Secrets of known position
/// (URLs, `HttpAuth`, `HttpHeaders`, tokens) are serialized in clear: [`Ui::show`] masks them, in every format.
/// What a report cannot show is known before anything is sent ([`Ui::check`]).
pub trait Report: Serialize {
    /// Columns of the table. A report without columns is shown as JSON in the table's place.
    const COLUMNS: &'static [Column];
    /// Keys of a row's JSON object, for `--columns` and `--sort`.
    const KEYS: &'static [&'static str];
    /// Formats besides table, tsv, json, jsonl and yaml.
    const FORMATS: &'static [Format] = &[Format::Ids];
    /// True if rows can belong to several profiles: they then have [`Column::PROFILE`].
    const HAS_PROFILES: bool = false;
    /// True for documents of the user's own, which are printed unmasked.
    const IS_VERBATIM: bool = false;

    /// Columns of this table: [`Report::COLUMNS`], some of them hidden or shown by its content.
    fn columns(&self) -> Vec<Column> {
        Self::COLUMNS.to_vec()
    }

    /// Rows of the table.
    fn rows(&self) -> Vec<Row>;

    /// Identifier of a report about one thing. Others print the identifiers of their rows.
    fn id(&self) -> Option<String> {
        None
    }

    /// Keys of the JSON rows that only `--columns` shows.
    fn hidden_keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// JSON document of the report.
    fn document(&self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }

    /// Names and values in the table's place, where no columns are chosen.
    fn details(&self) -> Option<Details> {
        None
    }

    /// Text in the table's place on a terminal of `width` columns, where no columns are chosen.
    fn prose(&self, _width: u16, _color: bool) -> Option<String> {
        None
    }

    /// Metrics in Prometheus's text format.
    fn metrics(&self) -> String {
        String::new()
    }

    /// Findings as a SARIF 2.1.0 log.
    fn sarif(&self) -> Value {
        Value::Null
    }

    /// Note on standard error beside an empty table. Empty for none.
    fn empty_note(&self) -> &'static str {
        "Nothing to show."
    }
}

/// Reports of one profile each, shown as one list.
pub struct ByProfile<R> {
    /// Reports with the names of their profiles; `None` for a token from the environment. At least one.
    pub parts: Vec<(Option<String>, R)>,
    /// True if each row names its profile.
    pub several: bool,
}

impl<R: Report> Serialize for ByProfile<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.document().map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<R: Report> Report for ByProfile<R> {
    const COLUMNS: &'static [Column] = R::COLUMNS;
    const KEYS: &'static [&'static str] = R::KEYS;
    const FORMATS: &'static [Format] = R::FORMATS;
    const HAS_PROFILES: bool = true;

    fn columns(&self) -> Vec<Column> {
        let columns = self.parts.first().map_or(R::COLUMNS.to_vec(), |(_, part)| part.columns());
        Column::with_profile(columns, self.several)
    }

    fn rows(&self) -> Vec<Row> {
        let of = |(profile, part): &(Option<String>, R)| {
            let profile = profile.clone().unwrap_or_default();
            part.rows().into_iter().map(move |row| row.of_profile(&profile))
        };
        self.parts.iter().flat_map(of).collect()
    }

    fn document(&self) -> serde_json::Result<Value> {
        let mut all = Vec::new();
        for (profile, report) in &self.parts {
            let items = match report.document()? {
                Value::Array(items) => items,
                one => vec![one],
            };
            all.extend(items.into_iter().map(|mut item| {
                if let Value::Object(object) = &mut item {
                    object.shift_insert(0, PROFILE.to_owned(), profile.as_deref().into());
                }
                item
            }));
        }
        Ok(Value::Array(all))
    }

    fn hidden_keys(&self) -> &'static [&'static str] {
        if self.several { &[] } else { &[PROFILE] }
    }

    fn empty_note(&self) -> &'static str {
        self.parts.first().map_or("", |(_, part)| part.empty_note())
    }
}

/// Key of a row's profile.
const PROFILE: &str = "Profile";

/// Keys of documents whose rows are not the document itself.
const ROWS: [&str; 3] = ["Results", "Changes", "Findings"];

impl Ui {
    /// Refuses a format, a column or a key that `R` does not have. The error is a sentence for the user.
    pub fn check<R: Report>(&self) -> Result<(), String> {
        let Settings { format, columns, sort, .. } = &self.settings;
        match format {
            Format::Ids if !R::FORMATS.contains(format) => {
                let why = "this command has no identifiers to print; --output ids is not for it";
                return Err(why.to_owned());
            }
            Format::Prometheus if !R::FORMATS.contains(format) => {
                return Err("--output prometheus is for `pmhooks health` only".to_owned());
            }
            Format::Sarif if !R::FORMATS.contains(format) => {
                return Err("--output sarif is for `pmhooks lint` only".to_owned());
            }
            Format::Tsv if R::COLUMNS.is_empty() => {
                return Err("this has no rows; --output tsv is not for it".to_owned());
            }
            Format::Prometheus | Format::Sarif => refuse(*format, columns, sort.as_ref())?,
            Format::Ids => refuse(*format, columns, None)?,
            _ => {}
        }
        let words = columns.iter().chain(sort.iter().map(|sort| &sort.column));
        for word in words {
            if format.is_document() {
                key::<R>(word)?;
            } else {
                column::<R>(word)?;
            }
        }
        Ok(())
    }

    /// Prints a report to standard output in the format of `--output`.
    pub fn show<R: Report>(&self, report: &R) -> io::Result<()> {
        self.show_run(report, false)
    }

    /// [`Ui::show`] for a run that may be a dry run: its JSON then says `"DryRun": true`.
    pub fn show_run<R: Report>(&self, report: &R, is_dry: bool) -> io::Result<()> {
        let settings = &self.settings;
        let text = match settings.format {
            Format::Json => json::pretty(&self.document(report, is_dry)?),
            Format::Jsonl => match self.document(report, is_dry)? {
                Value::Array(items) => items.iter().map(json::compact).collect(),
                one => json::compact(&one),
            },
            Format::Yaml => json::yaml(&self.document(report, is_dry)?),
            Format::Ids => match report.id() {
                Some(id) => text::visible(&id).into_owned() + "\n",
                None => self
                    .table(report)
                    .ids()
                    .map(|id| text::visible(&id).into_owned() + "\n")
                    .collect(),
            },
            Format::Prometheus => report.metrics(),
            Format::Sarif => json::pretty(&report.sarif()),
            Format::Tsv => self.table(report).select(&settings.columns).tsv(!settings.no_header),
            Format::Table => self.human(report, is_dry)?,
        };
        self.data(&text)
    }

    fn human<R: Report>(&self, report: &R, is_dry: bool) -> io::Result<String> {
        let Settings { width, color_out, columns, reveal, sort, .. } = &self.settings;
        if R::COLUMNS.is_empty() {
            return Ok(json::pretty(&self.document(report, is_dry)?));
        }
        if let Some(mut details) = report.details().filter(|_| columns.is_empty()) {
            details.iter_mut().flatten().for_each(|(_, cell)| cell.reveal(*reveal));
            return Ok(Table::details(&details, *width, *color_out));
        }
        let width_of_prose = width.filter(|_| columns.is_empty() && sort.is_none());
        if let Some(prose) = width_of_prose.and_then(|width| report.prose(width, *color_out)) {
            return Ok(prose);
        }
        let table = self.table(report).select(columns);
        if table.is_empty() {
            if !report.empty_note().is_empty() {
                self.note(report.empty_note());
            }
            if width.is_some() {
                return Ok(String::new());
            }
        }
        Ok(table.render(!self.settings.no_header, *width, *color_out))
    }

    /// Sorted table with all columns.
    fn table<R: Report>(&self, report: &R) -> Table {
        let mut table = Table::new(report.columns(), report.rows());
        table.reveal(self.settings.reveal);
        if let Some(sort) = &self.settings.sort {
            table.sort(sort);
        }
        table
    }

    /// JSON document: masked, its rows sorted and reduced to the chosen keys.
    fn document<R: Report>(&self, report: &R, is_dry: bool) -> io::Result<Value> {
        let Settings { columns, sort, reveal, .. } = &self.settings;
        let mut document = report.document()?;
        if !R::IS_VERBATIM {
            mask::value(&mut document, *reveal);
        }
        if is_dry {
            mark_dry_run(&mut document);
        }
        let rows = rows_of(&mut document);
        if let Some((sort, key)) = sort.as_ref().and_then(|s| Some((s, key::<R>(&s.column).ok()?)))
        {
            rows.sort_by(|a, b| sort.order(present(a, key), present(b, key), compare_values));
        }
        let chosen: Vec<_> = columns.iter().filter_map(|word| key::<R>(word).ok()).collect();
        for row in rows.iter_mut().filter_map(Value::as_object_mut) {
            if chosen.is_empty() {
                report.hidden_keys().iter().for_each(|key| drop(row.shift_remove(*key)));
            } else {
                let pick = |key: &&str| Some(((*key).to_owned(), row.get(*key)?.clone()));
                *row = chosen.iter().filter_map(pick).collect::<Map<_, _>>();
            }
        }
        Ok(document)
    }
}

/// Marks an object, or each object of a list.
fn mark_dry_run(document: &mut Value) {
    let objects = match document {
        Value::Array(items) => items.as_mut_slice(),
        one => std::slice::from_mut(one),
    };
    for object in objects.iter_mut().filter_map(Value::as_object_mut) {
        object.insert("DryRun".to_owned(), true.into());
    }
}

/// Rows of a document: the elements of an array, those of a documented key, or the one object itself.
fn rows_of(document: &mut Value) -> &mut [Value] {
    let key = ROWS.into_iter().find(|key| document.get(key).is_some_and(Value::is_array));
    let rows = match key {
        Some(key) => &mut document[key],
        None => document,
    };
    match rows {
        Value::Array(items) => items,
        one => std::slice::from_mut(one),
    }
}

fn refuse(format: Format, columns: &[String], sort: Option<&Sort>) -> Result<(), String> {
    let flags = [("--columns", !columns.is_empty()), ("--sort", sort.is_some())];
    match flags.into_iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => Err(format!("{flag} is not for --output {}", format.name())),
        None => Ok(()),
    }
}

/// Checks the name of a column.
fn column<R: Report>(word: &str) -> Result<(), String> {
    let profile = R::HAS_PROFILES.then_some(&Column::PROFILE);
    let mut columns = profile.into_iter().chain(R::COLUMNS);
    if columns.clone().any(|column| column.is_called(word)) {
        return Ok(());
    }
    let all: Vec<_> = columns.by_ref().map(|column| column.name).collect();
    Err(not_found("column", word, &all))
}

/// JSON key that is meant by the name of a column or of a key.
fn key<R: Report>(word: &str) -> Result<&'static str, String> {
    let profile = R::HAS_PROFILES && !R::KEYS.contains(&PROFILE);
    let mut keys = profile.then_some(PROFILE).into_iter().chain(R::KEYS.iter().copied());
    let named = || R::COLUMNS.iter().find(|column| column.is_called(word)).map(|column| column.key);
    let found = keys.clone().find(|key| same_name(key, word));
    if let Some(key) = found.or_else(|| named().filter(|name| keys.clone().any(|key| key == *name)))
    {
        return Ok(key);
    }
    let all: Vec<_> = keys.by_ref().collect();
    Err(not_found("key", word, &all))
}

fn not_found(kind: &str, word: &str, available: &[&str]) -> String {
    match available {
        [] => format!("{kind} {word:?} not found: this command has no rows"),
        _ => format!("{kind} {word:?} not found (available: {})", available.join(", ")),
    }
}

/// Value of a key; `None` where there is nothing to sort by.
fn present<'a>(row: &'a Value, key: &str) -> Option<&'a Value> {
    row.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

/// Order of two JSON values: numbers, texts without regard to case, then all else by its JSON.
fn compare_values(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        _ => 2,
    };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default())
        }
        (Value::String(a), Value::String(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
        _ if rank(a) == rank(b) => a.to_string().cmp(&b.to_string()),
        _ => rank(a).cmp(&rank(b)),
    }
}
