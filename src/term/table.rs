//! Tables: named columns, cells that are safe to show, three ways of writing them.

use std::borrow::Cow;

use comfy_table::{ColumnConstraint, ContentArrangement, Width, presets};
use unicode_width::UnicodeWidthStr;

use super::{columns, text};

/// A column: its key is what `--columns` takes, its title what the first line shows.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Lower case, with dashes.
    pub key: &'static str,
    /// The key of the same value in the API, if it has one: `--columns` takes it as well.
    pub alias: &'static str,
    /// Shown where `--columns` does not choose.
    pub shown: bool,
}

impl Column {
    /// Whose a row is, where it could be of several profiles.
    pub const PROFILE: Self = Self::hidden("profile", "Profile");

    /// A column that is shown by default.
    pub const fn new(key: &'static str, alias: &'static str) -> Self {
        Self { key, alias, shown: true }
    }

    /// A column that is shown on demand.
    pub const fn hidden(key: &'static str, alias: &'static str) -> Self {
        Self { key, alias, shown: false }
    }

    /// True where the user's word means this column.
    pub fn is_called(&self, word: &str) -> bool {
        word.eq_ignore_ascii_case(self.key) || word.eq_ignore_ascii_case(self.alias)
    }
}

/// How a text is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// Look at this.
    Warn,
    /// This is broken.
    Bad,
    /// A heading.
    Strong,
    /// Of little weight.
    Faint,
}

impl Tone {
    /// The text in this tone, or as it is where there is no colour.
    pub fn paint(self, text: &str, colour: bool) -> String {
        match self.code() {
            Some(code) if colour => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }

    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
        }
    }

    /// Marks the words of a cell with characters that have no width and that [`text::visible`] never
    /// lets through, so that wrapping counts right and colours can be put in afterwards.
    fn mark(self, text: &str) -> String {
        let Some(index) = TONES.iter().position(|t| *t == self) else { return text.to_owned() };
        let Some(start) = MARKS.get(index) else { return text.to_owned() };
        let words: Vec<_> = text.split(' ').map(|word| format!("{start}{word}{END}")).collect();
        words.join(" ")
    }
}

/// The spaces on each side of a cell on a terminal: as many as there is room for.
const PADDINGS: [u16; 2] = [1, 0];

const TONES: [Tone; 5] = [Tone::Good, Tone::Warn, Tone::Bad, Tone::Strong, Tone::Faint];
const MARKS: [char; 5] = ['\u{2060}', '\u{2061}', '\u{2062}', '\u{2063}', '\u{2064}'];
const END: char = '\u{200b}';

/// One value of a table.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell with a text, made safe to show.
    pub fn new(value: impl AsRef<str>) -> Self {
        Self { text: text::visible(value.as_ref()).into_owned(), tone: Tone::Plain }
    }

    /// The same in a tone.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Rows under columns.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell per column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// One table of those of several profiles, each row with whose it is in front; `shown` even where
    /// no columns are chosen.
    pub fn by_profile(tables: impl IntoIterator<Item = (Cell, Self)>, shown: bool) -> Self {
        let (mut columns, mut rows) = (Vec::new(), Vec::new());
        for (profile, table) in tables {
            columns = vec![Column { shown, ..Column::PROFILE }];
            columns.extend(table.columns);
            rows.extend(table.rows.into_iter().map(|row| {
                let mut cells = vec![profile.clone()];
                cells.extend(row);
                cells
            }));
        }
        Self { columns, rows }
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The same with only these columns, in this order; without a choice those that are shown anyway.
    #[must_use]
    pub fn select(self, words: &[String]) -> Self {
        let chosen: Vec<usize> = if words.is_empty() {
            (0..self.columns.len())
                .filter(|i| self.columns.get(*i).is_some_and(|c| c.shown))
                .collect()
        } else {
            let place = |word: &String| self.columns.iter().position(|c| c.is_called(word));
            words.iter().filter_map(place).collect()
        };
        let pick = |row: &Vec<Cell>| chosen.iter().filter_map(|i| row.get(*i).cloned()).collect();
        Self {
            columns: chosen.iter().filter_map(|i| self.columns.get(*i).copied()).collect(),
            rows: self.rows.iter().map(pick).collect(),
        }
    }

    /// Tab-separated values; the titles first.
    pub fn tsv(&self, header: bool) -> String {
        let mut lines = String::new();
        if header {
            let titles: Vec<_> = self.columns.iter().map(|c| c.key).collect();
            lines.push_str(&titles.join("\t"));
            lines.push('\n');
        }
        for row in &self.rows {
            let cells: Vec<_> = row.iter().map(|c| c.text.as_str()).collect();
            lines.push_str(&cells.join("\t"));
            lines.push('\n');
        }
        lines
    }

    /// Aligned columns: with borders and wrapped to `width` on a terminal, else nothing wrapped or cut.
    /// A terminal that is too narrow for that gets a block of lines per row.
    pub fn render(&self, header: bool, width: Option<u16>, colour: bool) -> String {
        let fitted = width.and_then(|width| self.fitted(header, width));
        if width.is_some() && header && fitted.is_none() {
            return self.blocks(width, colour);
        }
        let mut table = comfy_table::Table::new();
        if let Some(width) = width {
            table.load_style(presets::UTF8_FULL_CONDENSED);
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(20));
        } else {
            table.load_style(presets::NOTHING);
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
        if header {
            let title = |c: &Column| Tone::Strong.mark(&c.key.to_uppercase());
            table.set_header(self.columns.iter().map(title).collect::<Vec<_>>());
        }
        for row in &self.rows {
            let text = |c: &Cell| match width {
                Some(_) => c.tone.mark(&shortened(&c.text)),
                None => c.tone.mark(&c.text),
            };
            table.add_row(row.iter().map(text).collect::<Vec<_>>());
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            if width.is_none() {
                column.set_padding((0, 2));
            }
            let Some((padding, widths)) = &fitted else { continue };
            if let Some(share) = widths.get(index) {
                let whole = u16::try_from(*share).unwrap_or(u16::MAX).saturating_add(2 * padding);
                column.set_padding((*padding, *padding));
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(whole)));
            }
        }
        finish(table.lines(), colour)
    }

    /// The spaces beside a cell on a terminal, and the width of each column without them.
    fn fitted(&self, header: bool, width: u16) -> Option<(u16, Vec<usize>)> {
        PADDINGS.into_iter().find_map(|padding| {
            let frame = self.columns.len() * (2 * usize::from(padding) + 1) + 1;
            let widths = self.widths(header, usize::from(width).checked_sub(frame)?)?;
            Some((padding, widths))
        })
    }

    /// A block of `TITLE  value` lines per row.
    fn blocks(&self, width: Option<u16>, colour: bool) -> String {
        let titles = || self.columns.iter().map(|column| column.key.to_uppercase());
        let cell = |c: &Cell| Cell { text: shortened(&c.text).into_owned(), tone: c.tone };
        let rows = self.rows.iter().map(|row| titles().zip(row.iter().map(cell)).collect());
        Self::details(&rows.collect::<Vec<Vec<_>>>(), width, colour)
    }

    /// The width of each column, where all of them have so much.
    fn widths(&self, header: bool, available: usize) -> Option<Vec<usize>> {
        let need = |(index, column): (usize, &Column)| {
            let title = if header { column.key.width() } else { 0 };
            let cells = self.rows.iter().filter_map(|row| row.get(index));
            cells.fold(columns::Need { word: title, cell: title }, |need, cell| columns::Need {
                word: cell.text.split(' ').map(UnicodeWidthStr::width).fold(need.word, usize::max),
                cell: need.cell.max(cell.text.width()),
            })
        };
        let needs: Vec<_> = self.columns.iter().enumerate().map(need).collect();
        columns::share(&needs, available)
    }

    /// One block of `name  value` lines per row, for a single thing with many values.
    pub fn details<T: AsRef<str>>(
        rows: &[Vec<(T, Cell)>],
        width: Option<u16>,
        colour: bool,
    ) -> String {
        let blocks = rows.iter().map(|row| {
            let mut table = comfy_table::Table::new();
            table.load_style(presets::NOTHING);
            table.set_content_arrangement(match width {
                Some(_) => ContentArrangement::Dynamic,
                None => ContentArrangement::Disabled,
            });
            table.set_width(width.unwrap_or(80).max(20));
            for (name, cell) in row {
                table.add_row(vec![Tone::Strong.mark(name.as_ref()), cell.tone.mark(&cell.text)]);
            }
            table.column_iter_mut().for_each(|column| {
                column.set_padding((0, 2));
            });
            finish(table.lines(), colour)
        });
        blocks.collect::<Vec<_>>().join("\n")
    }
}

/// What of a text stands in a cell on a terminal. More of one word than this, wrapped into a narrow
/// column, takes seconds and fills screens; a pipe gets all of it.
fn shortened(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 2000;
    // The longest form in which a character is written out: `\u{10ffff}`.
    const ESCAPE: usize = 10;
    let Some((end, _)) = text.char_indices().nth(LONGEST) else { return text.into() };
    let start = text.get(..end).unwrap_or_default();
    let whole = match start.rfind('\\') {
        Some(at) if start.len() - at < ESCAPE => start.get(..at).unwrap_or_default(),
        _ => start,
    };
    format!("{whole}…").into()
}

/// Turns the marks into colour, or away, and takes off spaces at the ends of lines.
fn finish(lines: impl Iterator<Item = String>, colour: bool) -> String {
    let mut text = String::new();
    for line in lines {
        let end_of_text = line.trim_end_matches([' ', END]);
        let mut open = false;
        for c in end_of_text.chars() {
            let tone = MARKS.iter().position(|m| *m == c).and_then(|i| TONES.get(i));
            match (tone.and_then(|t| t.code()), c) {
                (Some(code), _) => {
                    open = colour;
                    if colour {
                        text.push_str(&format!("\x1b[{code}m"));
                    }
                }
                (None, END) => {
                    if std::mem::take(&mut open) {
                        text.push_str("\x1b[0m");
                    }
                }
                (None, c) => text.push(c),
            }
        }
        if open {
            text.push_str("\x1b[0m");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 2] = [Column::new("id", "ID"), Column::new("url", "Url")];

    fn table(rows: &[[&str; 2]]) -> Table {
        let mut table = Table::new(&COLUMNS);
        for [a, b] in rows {
            table.row(vec![Cell::new(a).tone(Tone::Good), Cell::new(b)]);
        }
        table
    }

    #[test]
    fn elsewhere_than_on_a_terminal_nothing_is_wrapped_cut_or_coloured() {
        let long = "x".repeat(300);
        let text = table(&[["1", &long], ["22", "y"]]).render(true, None, false);
        assert_eq!(text, format!("ID  URL\n1   {long}\n22  y\n"));
    }

    #[test]
    fn on_a_terminal_an_endless_word_is_cut_but_no_escape_is() {
        assert_eq!(shortened(&"x".repeat(2000)), "x".repeat(2000));
        assert_eq!(shortened(&"x".repeat(2001)), "x".repeat(2000) + "…");
        let odd = Cell::new("x".repeat(1995) + "\u{1b}y");
        assert_eq!(shortened(&odd.text), "x".repeat(1995) + "…");
    }

    #[test]
    fn one_thing_is_one_row_whatever_its_text() {
        // torture 32, 34
        let evil = "a\n::error::b\r\n\u{2028}c\u{2060}\u{200b}";
        let text = table(&[["1", evil]]).render(false, None, false);
        assert_eq!(text, "1  a\\n::error::b\\r\\n\\u{2028}c\\u{2060}\\u{200b}\n");
    }

    #[test]
    fn borders_stay_aligned_at_any_width_with_wide_characters() {
        // torture 34
        for (width, header) in [(1, false), (20, true), (33, true), (80, true), (10_000, true)] {
            let rows = [["1", "漢字漢字漢字 e\u{301} 👍"], ["2", &"long ".repeat(40)]];
            let text = table(&rows).render(header, Some(width), false);
            let widths: std::collections::HashSet<_> =
                text.lines().map(UnicodeWidthStr::width).collect();
            assert_eq!(widths.len(), 1, "{text}");
        }
    }

    #[test]
    fn where_words_would_break_the_spaces_go_first_and_then_the_table() {
        let rows = [["1234567890", "open, delivery"]];
        let draw = |width| table(&rows).render(true, Some(width), false);
        let tight = draw(21);
        assert!(tight.contains("│1234567890┆open,   │\n│          ┆delivery│"), "{tight}");
        assert_eq!(draw(20), "ID   1234567890\nURL  open,\n     delivery\n");
    }

    #[test]
    fn colour_changes_no_width_and_ends_on_its_line() {
        let plain = table(&[["1", "y"]]).render(true, Some(80), false);
        let coloured = table(&[["1", "y"]]).render(true, Some(80), true);
        assert!(coloured.contains("\x1b[32m1\x1b[0m"), "{coloured:?}");
        let mut stripped = coloured;
        for code in ["\x1b[1m", "\x1b[32m", "\x1b[0m"] {
            stripped = stripped.replace(code, "");
        }
        assert_eq!(stripped, plain);
    }
}
