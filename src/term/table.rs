//! Tables: named columns, cells that are safe to show, three renderings.

use std::borrow::Cow;
use std::cmp::Ordering;

use comfy_table::{ColumnConstraint, ContentArrangement, Width, presets};
use unicode_width::UnicodeWidthStr;

use super::{Sort, text};
use crate::postmark::{HookUrl, Reveal, Secret, Secrets};

/// Column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name for `--columns`, and title of the column: lower case, with hyphens.
    pub name: &'static str,
    /// Key of the same value in JSON, which `--columns` takes as well.
    pub key: &'static str,
    /// Shown where `--columns` does not choose.
    pub shown: bool,
}

impl Column {
    /// Profile of a row, where rows can belong to several profiles.
    pub const PROFILE: Self = Self::hidden("profile", "Profile");

    /// A column that is shown by default.
    pub const fn new(name: &'static str, key: &'static str) -> Self {
        Self { name, key, shown: true }
    }

    /// A column that is shown on demand.
    pub const fn hidden(name: &'static str, key: &'static str) -> Self {
        Self { name, key, shown: false }
    }

    /// [`Column::PROFILE`] in front of other columns; `shown` even where no columns are chosen.
    pub fn with_profile(columns: Vec<Self>, shown: bool) -> Vec<Self> {
        std::iter::once(Self { shown, ..Self::PROFILE }).chain(columns).collect()
    }

    /// True if `word` names this column.
    pub fn is_called(&self, word: &str) -> bool {
        same_name(self.name, word) || same_name(self.key, word)
    }
}

/// True if two names differ in case and hyphens only.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    let plain = |name: &str| name.replace('-', "").to_ascii_lowercase();
    plain(a) == plain(b)
}

/// Emphasis of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// No emphasis.
    #[default]
    Plain,
    /// Success: green.
    Good,
    /// Warning: yellow.
    Warn,
    /// Failure: red.
    Bad,
    /// Heading: bold.
    Strong,
    /// Secondary: dim.
    Faint,
}

impl Tone {
    /// The text with the escape sequences of the tone, if `color`.
    pub fn paint(self, text: &str, color: bool) -> String {
        match self.code() {
            Some(code) if color => format!("\x1b[{code}m{text}\x1b[0m"),
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

    /// Marks each word of a cell with characters without width, which [`text::visible`] never lets through.
    ///
    /// Wrapping then counts right, and [`finish`] replaces the marks by colors.
    fn mark(self, text: &str) -> String {
        let Some(index) = TONES.iter().position(|t| *t == self) else { return text.to_owned() };
        let Some(start) = MARKS.get(index) else { return text.to_owned() };
        let words: Vec<_> = text.split(' ').map(|word| format!("{start}{word}{END}")).collect();
        words.join(" ")
    }
}

/// Spaces on each side of a cell on a terminal: the first number that fits.
const PADDINGS: [u16; 2] = [1, 0];

const TONES: [Tone; 5] = [Tone::Good, Tone::Warn, Tone::Bad, Tone::Strong, Tone::Faint];
const MARKS: [char; 5] = ['\u{2060}', '\u{2061}', '\u{2062}', '\u{2063}', '\u{2064}'];
const END: char = '\u{200b}';

/// Value of a table.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    /// Text for `--show-secrets`, where `text` is masked.
    clear: Option<Secret>,
    tone: Tone,
}

impl Cell {
    /// A cell with a text, made safe to show.
    pub fn new(value: impl AsRef<str>) -> Self {
        // Before a narrow column breaks a token into pieces that nobody recognizes.
        let value = Secrets::of_run().mask_tokens(value.as_ref());
        Self { text: text::visible(&value).into_owned(), ..Self::default() }
    }

    /// A cell with a text that holds a secret, and the text that `--show-secrets` puts in its place.
    pub fn secret(masked: impl AsRef<str>, clear: impl AsRef<str>) -> Self {
        let clear = text::visible(clear.as_ref()).into_owned();
        Self { clear: Some(Secret::new(clear)), ..Self::new(masked) }
    }

    /// A cell with a URL.
    pub fn url(url: &HookUrl) -> Self {
        Self::secret(url.masked(), url.expose())
    }

    /// Sets the tone.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// Shows the secret of a cell, where secrets are shown.
    pub(super) fn reveal(&mut self, reveal: Reveal) {
        if let (Reveal::Shown, Some(clear)) = (reveal, &self.clear) {
            self.text = clear.expose().to_owned();
        }
    }

    /// The text; `None` for a value that is not there.
    fn value(&self) -> Option<&str> {
        Some(self.text.as_str()).filter(|text| !text.is_empty() && *text != "-")
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Row of a table.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Identifier that `--output ids` prints, on the first row of its thing.
    id: Option<String>,
    /// A cell per column.
    cells: Vec<Cell>,
}

impl Row {
    /// A row without an identifier.
    pub fn new(cells: impl Into<Vec<Cell>>) -> Self {
        Self { id: None, cells: cells.into() }
    }

    /// Sets the identifier.
    #[must_use]
    pub fn id<T: ToString>(mut self, id: Option<T>) -> Self {
        self.id = id.map(|id| id.to_string());
        self
    }

    /// Puts the cell of [`Column::PROFILE`] in front.
    #[must_use]
    pub fn of_profile(mut self, name: &str) -> Self {
        self.cells.insert(0, Cell::new(name));
        self
    }
}

/// Rows under columns.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl Table {
    /// A table of rows that have a cell per column.
    pub fn new(columns: Vec<Column>, rows: Vec<Row>) -> Self {
        Self { columns, rows }
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Shows secrets, where they are shown.
    pub(super) fn reveal(&mut self, reveal: Reveal) {
        self.rows.iter_mut().flat_map(|row| &mut row.cells).for_each(|cell| cell.reveal(reveal));
    }

    /// Identifiers of the rows.
    pub(super) fn ids(self) -> impl Iterator<Item = String> {
        self.rows.into_iter().filter_map(|row| row.id)
    }

    /// Sorts the rows by a column: numbers, then texts without regard to case.
    pub(super) fn sort(&mut self, sort: &Sort) {
        let Some(index) = self.columns.iter().position(|column| column.is_called(&sort.column))
        else {
            return;
        };
        let value = |row: &Row| row.cells.get(index).and_then(Cell::value).map(str::to_lowercase);
        let order =
            |a: &Row, b: &Row| sort.order(value(a).as_deref(), value(b).as_deref(), compare_texts);
        self.rows.sort_by(order);
    }

    /// Keeps the named columns, in this order; without names those that are shown by default.
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
        let pick = |row: Row| {
            let cells = chosen.iter().filter_map(|i| row.cells.get(*i).cloned()).collect();
            Row { cells, ..row }
        };
        Self {
            columns: chosen.iter().filter_map(|i| self.columns.get(*i).copied()).collect(),
            rows: self.rows.into_iter().map(pick).collect(),
        }
    }

    /// Tab-separated values, `header` first.
    pub fn tsv(&self, header: bool) -> String {
        let mut lines = String::new();
        if header {
            let titles: Vec<_> = self.columns.iter().map(|c| c.name).collect();
            lines.push_str(&titles.join("\t"));
            lines.push('\n');
        }
        for row in &self.rows {
            let cells: Vec<_> = row.cells.iter().map(|c| c.text.as_str()).collect();
            lines.push_str(&cells.join("\t"));
            lines.push('\n');
        }
        lines
    }

    /// Aligned columns. A terminal of `width` columns gets borders and wrapping, or a block of lines per row
    /// where it is too narrow; elsewhere nothing is wrapped or cut.
    pub fn render(&self, header: bool, width: Option<u16>, color: bool) -> String {
        let fitted = width.and_then(|width| self.fitted(header, width));
        if width.is_some() && header && fitted.is_none() {
            return self.blocks(width, color);
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
            let title = |c: &Column| Tone::Strong.mark(&c.name.to_uppercase());
            table.set_header(self.columns.iter().map(title).collect::<Vec<_>>());
        }
        for row in &self.rows {
            let text = |c: &Cell| match width {
                Some(_) => c.tone.mark(&shortened(&c.text)),
                None => c.tone.mark(&c.text),
            };
            table.add_row(row.cells.iter().map(text).collect::<Vec<_>>());
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
        finish(table.lines(), color)
    }

    /// Padding of a cell on a terminal, and widths of the columns without it.
    fn fitted(&self, header: bool, width: u16) -> Option<(u16, Vec<usize>)> {
        PADDINGS.into_iter().find_map(|padding| {
            let frame = self.columns.len() * (2 * usize::from(padding) + 1) + 1;
            let widths = self.widths(header, usize::from(width).checked_sub(frame)?)?;
            Some((padding, widths))
        })
    }

    /// A block of `TITLE  value` lines per row.
    fn blocks(&self, width: Option<u16>, color: bool) -> String {
        let titles = || self.columns.iter().map(|column| column.name.to_uppercase());
        let cell = |c: &Cell| Cell { text: shortened(&c.text).into_owned(), ..c.clone() };
        let rows = self.rows.iter().map(|row| titles().zip(row.cells.iter().map(cell)).collect());
        Self::details(&rows.collect::<Vec<Vec<_>>>(), width, color)
    }

    /// Widths of the columns, if they fit.
    fn widths(&self, header: bool, available: usize) -> Option<Vec<usize>> {
        let need = |(index, column): (usize, &Column)| {
            let title = if header { column.name.width() } else { 0 };
            let cells = self.rows.iter().filter_map(|row| row.cells.get(index));
            cells.fold(Need { word: title, cell: title }, |need, cell| Need {
                word: cell.text.split(' ').map(UnicodeWidthStr::width).fold(need.word, usize::max),
                cell: need.cell.max(cell.text.width()),
            })
        };
        let needs: Vec<_> = self.columns.iter().enumerate().map(need).collect();
        share(&needs, available)
    }

    /// A block of `name  value` lines per row.
    pub fn details<T: AsRef<str>>(
        rows: &[Vec<(T, Cell)>],
        width: Option<u16>,
        color: bool,
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
            finish(table.lines(), color)
        });
        blocks.collect::<Vec<_>>().join("\n")
    }
}

/// Widths that a column needs, in characters.
#[derive(Clone, Copy, Debug)]
struct Need {
    /// Longest word, the title included. Narrower columns break words.
    word: usize,
    /// Longest cell. Wider columns waste space.
    cell: usize,
}

/// Longest word, in characters, that is broken only after all longer ones. Longer words are mostly URLs.
const LONG_WORD: usize = 20;

/// Longest word, in characters, that is never broken.
const SHORT_WORD: usize = 12;

/// Widths of the columns, in characters. `None` if they do not fit without breaking short words.
///
/// Each column gets its longest word; long words are broken first. What is left goes to the columns that wrap.
fn share(needs: &[Need], available: usize) -> Option<Vec<usize>> {
    let mut widths: Vec<usize> = needs.iter().map(|need| need.word.max(1)).collect();
    let mut over = widths.iter().sum::<usize>().saturating_sub(available);
    while over > 0 {
        let breakable = |longer: usize| {
            let columns = widths.iter().zip(needs).enumerate();
            let long =
                columns.filter(|(_, (width, need))| need.word > longer && **width > SHORT_WORD);
            long.max_by_key(|(_, (width, _))| **width).map(|(index, _)| index)
        };
        let index = breakable(LONG_WORD).or_else(|| breakable(SHORT_WORD))?;
        *widths.get_mut(index)? -= 1;
        over -= 1;
    }
    let mut left = available.saturating_sub(widths.iter().sum());
    while left > 0 {
        let wanting = widths.iter_mut().zip(needs).filter(|(width, need)| **width < need.cell);
        // The narrowest column wraps the most.
        let Some((width, _)) = wanting.min_by_key(|(width, _)| **width) else { break };
        *width += 1;
        left -= 1;
    }
    Some(widths)
}

/// Order of two cells: numbers and percentages before texts.
fn compare_texts(a: &str, b: &str) -> Ordering {
    let number = |text: &str| text.trim_end_matches('%').parse::<f64>().ok();
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// Text of a cell on a terminal, cut to 2000 characters: a longer word, wrapped into a narrow column, takes
/// seconds and fills screens. A pipe gets all of it.
fn shortened(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 2000;
    // Longest escape of a character: `\u{10ffff}`.
    const ESCAPE: usize = 10;
    let Some((end, _)) = text.char_indices().nth(LONGEST) else { return text.into() };
    let start = text.get(..end).unwrap_or_default();
    let whole = match start.rfind('\\') {
        Some(at) if start.len() - at < ESCAPE => start.get(..at).unwrap_or_default(),
        _ => start,
    };
    format!("{whole}…").into()
}

/// Replaces the marks by colors, or removes them, and trims the ends of lines.
fn finish(lines: impl Iterator<Item = String>, color: bool) -> String {
    let mut text = String::new();
    for line in lines {
        let end_of_text = line.trim_end_matches([' ', END]);
        let mut open = false;
        for c in end_of_text.chars() {
            let tone = MARKS.iter().position(|m| *m == c).and_then(|i| TONES.get(i));
            match (tone.and_then(|t| t.code()), c) {
                (Some(code), _) => {
                    open = color;
                    if color {
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
        let row = |[a, b]: &[&str; 2]| Row::new([Cell::new(a).tone(Tone::Good), Cell::new(b)]);
        Table::new(COLUMNS.to_vec(), rows.iter().map(row).collect())
    }

    #[test]
    fn a_pipe_gets_everything_unwrapped_and_without_color() {
        let long = "x".repeat(300);
        let text = table(&[["1", &long], ["22", "y"]]).render(true, None, false);
        assert_eq!(text, format!("ID  URL\n1   {long}\n22  y\n"));
    }

    #[test]
    fn a_terminal_cuts_endless_words_but_never_inside_an_escape() {
        assert_eq!(shortened(&"x".repeat(2000)), "x".repeat(2000));
        assert_eq!(shortened(&"x".repeat(2001)), "x".repeat(2000) + "…");
        let odd = Cell::new("x".repeat(1995) + "\u{1b}y");
        assert_eq!(shortened(&odd.text), "x".repeat(1995) + "…");
    }

    #[test]
    fn a_row_is_one_line_whatever_its_text() {
        // torture 32, 34
        let evil = "a\n::error::b\r\n\u{2028}c\u{2060}\u{200b}";
        let text = table(&[["1", evil]]).render(false, None, false);
        assert_eq!(text, "1  a\\n::error::b\\r\\n\\u{2028}c\\u{2060}\\u{200b}\n");
    }

    #[test]
    fn borders_are_aligned_at_any_width_with_wide_characters() {
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
    fn a_narrow_terminal_drops_padding_first_and_then_the_table() {
        let rows = [["1234567890", "open, delivery"]];
        let draw = |width| table(&rows).render(true, Some(width), false);
        let tight = draw(21);
        assert!(tight.contains("│1234567890┆open,   │\n│          ┆delivery│"), "{tight}");
        assert_eq!(draw(20), "ID   1234567890\nURL  open,\n     delivery\n");
    }

    #[test]
    fn color_changes_no_width_and_ends_on_its_line() {
        let plain = table(&[["1", "y"]]).render(true, Some(80), false);
        let colored = table(&[["1", "y"]]).render(true, Some(80), true);
        assert!(colored.contains("\x1b[32m1\x1b[0m"), "{colored:?}");
        let mut stripped = colored;
        for code in ["\x1b[1m", "\x1b[32m", "\x1b[0m"] {
            stripped = stripped.replace(code, "");
        }
        assert_eq!(stripped, plain);
    }

    fn needs(pairs: &[(usize, usize)]) -> Vec<Need> {
        pairs.iter().map(|(word, cell)| Need { word: *word, cell: *cell }).collect()
    }

    #[test]
    fn columns_that_fit_are_as_wide_as_their_longest_cell() {
        assert_eq!(share(&needs(&[(7, 7), (5, 30)]), 80), Some(vec![7, 30]));
    }

    #[test]
    fn spare_width_goes_to_the_columns_that_wrap() {
        assert_eq!(share(&needs(&[(7, 7), (6, 60), (8, 20)]), 50), Some(vec![7, 23, 20]));
    }

    #[test]
    fn the_longest_words_are_broken_first() {
        assert_eq!(share(&needs(&[(7, 7), (44, 44), (19, 42)]), 50), Some(vec![7, 24, 19]));
        assert_eq!(share(&needs(&[(7, 7), (44, 44), (19, 42)]), 40), Some(vec![7, 14, 19]));
        assert_eq!(share(&needs(&[(7, 7), (44, 44), (19, 42)]), 34), Some(vec![7, 12, 15]));
    }

    #[test]
    fn short_words_are_never_broken() {
        assert_eq!(share(&needs(&[(7, 7), (44, 44), (19, 42)]), 31), Some(vec![7, 12, 12]));
        assert_eq!(share(&needs(&[(7, 7), (44, 44), (19, 42)]), 30), None);
    }
}
