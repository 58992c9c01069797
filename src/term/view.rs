//! What a command has to show, and the formats it can be shown in.

use std::io;

use serde_json::Value;

use super::{Cell, Column, Format, Table, Ui, json};

/// The answer of a command. It is shown in one of eight formats; which of them it can give is known
/// before anything is asked of anybody ([`Ui::check`]).
pub trait Report {
    /// The columns of the table.
    const COLUMNS: &'static [Column];
    /// Whether there is an identifier per row.
    const HAS_IDS: bool = true;
    /// Whether there are rows. What has none is shown as JSON in a table's place.
    const HAS_ROWS: bool = true;
    /// Whether it can be of several profiles, so that there is the column [`Column::PROFILE`].
    const HAS_PROFILES: bool = false;
    /// Whether there are metrics.
    const HAS_METRICS: bool = false;
    /// Whether there are findings for code scanning.
    const HAS_SARIF: bool = false;

    /// One JSON document.
    fn json(&self) -> Value;

    /// A row per thing.
    fn table(&self) -> Table;

    /// The identifiers, one per row.
    fn ids(&self) -> Vec<String> {
        Vec::new()
    }

    /// The metrics, in Prometheus's text format.
    fn metrics(&self) -> String {
        String::new()
    }

    /// The findings, as a SARIF 2.1.0 log.
    fn sarif(&self) -> Value {
        Value::Null
    }

    /// For single things: names and values, shown on a table's place where no columns are chosen.
    fn details(&self) -> Option<Vec<Vec<(&'static str, Cell)>>> {
        None
    }

    /// What a person at a terminal gets in the table's place, where no columns are chosen.
    fn prose(&self, _colour: bool) -> Option<String> {
        None
    }

    /// What is said, on standard error, of an empty table; nothing where it is empty.
    fn nothing(&self) -> &'static str {
        "Nothing to show."
    }
}

impl Ui {
    /// Refuses a format or a column that `V` cannot give, before anything is sent. The error is a
    /// sentence for the user.
    pub fn check<V: Report>(&self) -> Result<(), String> {
        let settings = &self.settings;
        if settings.format == Format::Ids && !V::HAS_IDS {
            return Err(
                "this command has no identifiers to print; --output ids is not for it".to_owned()
            );
        }
        if settings.format == Format::Prometheus && !V::HAS_METRICS {
            return Err("--output prometheus is for `pmhooks health` only".to_owned());
        }
        if settings.format == Format::Sarif && !V::HAS_SARIF {
            return Err("--output sarif is for `pmhooks lint` only".to_owned());
        }
        if settings.format == Format::Tsv && !V::HAS_ROWS {
            return Err("this has no rows; --output tsv is not for it".to_owned());
        }
        if settings.columns.is_empty() {
            return Ok(());
        }
        if !matches!(settings.format, Format::Table | Format::Tsv) {
            return Err("--columns is for --output table and tsv".to_owned());
        }
        let profile = || V::HAS_PROFILES.then_some(&Column::PROFILE);
        let columns = || profile().into_iter().chain(V::COLUMNS);
        let known = |word: &&String| columns().any(|c| c.is_called(word));
        match settings.columns.iter().find(|word| !known(word)) {
            None => Ok(()),
            Some(word) => {
                let all: Vec<_> = columns().map(|c| c.key).collect();
                Err(format!("there is no column {word:?}; there are {}", all.join(", ")))
            }
        }
    }

    /// Shows the answer of a command in the format that the user wants.
    pub fn show<V: Report>(&self, view: &V) -> io::Result<()> {
        let settings = &self.settings;
        let header = !settings.no_header;
        let text = match settings.format {
            Format::Json => json::pretty(&view.json()),
            Format::Jsonl => match view.json() {
                Value::Array(items) => items.iter().map(json::compact).collect(),
                one => json::compact(&one),
            },
            Format::Yaml => json::yaml(&view.json()),
            Format::Ids => view.ids().into_iter().map(|id| id + "\n").collect(),
            Format::Prometheus => view.metrics(),
            Format::Sarif => json::pretty(&view.sarif()),
            Format::Tsv => view.table().select(&settings.columns).tsv(header),
            Format::Table => self.human(view, header),
        };
        self.data(&text)
    }

    fn human<V: Report>(&self, view: &V, header: bool) -> String {
        let settings = &self.settings;
        if !V::HAS_ROWS {
            return json::pretty(&view.json());
        }
        let details = if settings.columns.is_empty() { view.details() } else { None };
        if let Some(rows) = details {
            return Table::details(&rows, settings.width, settings.colour_out);
        }
        let at_terminal = settings.width.is_some() && settings.columns.is_empty();
        if let Some(prose) = view.prose(settings.colour_out).filter(|_| at_terminal) {
            return prose;
        }
        let table = view.table().select(&settings.columns);
        if table.is_empty() {
            if !view.nothing().is_empty() {
                self.note(view.nothing());
            }
            if settings.width.is_some() {
                return String::new();
            }
        }
        table.render(header, settings.width, settings.colour_out)
    }
}
