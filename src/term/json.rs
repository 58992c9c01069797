//! JSON and YAML that are safe on a terminal: active characters are written as `\uXXXX`.

use std::fmt::Write as _;
use std::io;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::Tone;
use super::text::is_active;

/// An indented document with a final newline.
pub fn pretty(value: &impl Serialize) -> String {
    render(value, Safe(PrettyFormatter::new()))
}

/// A document on one line with a final newline.
pub fn compact(value: &impl Serialize) -> String {
    render(value, Safe(CompactFormatter))
}

/// [`pretty`], with keys and values in color if `color`.
pub fn colored(value: &Value, color: bool) -> String {
    let text = pretty(value);
    if !color {
        return text;
    }
    text.lines().map(|line| colored_line(line) + "\n").collect()
}

/// Colors one line of [`pretty`]: indentation, optional key, value or bracket.
fn colored_line(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let (indent, rest) = line.split_at(indent);
    let key = string_end(rest).filter(|end| rest.get(*end..).is_some_and(|r| r.starts_with(": ")));
    let (key, rest) = rest.split_at(key.map_or(0, |end| end + 2));
    let key = key.strip_suffix(": ").map(|key| Tone::Strong.paint(key, true) + ": ");
    let value = match rest.bytes().next() {
        Some(b'"') => Tone::Good.paint(rest, true),
        Some(b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => Tone::Warn.paint(rest, true),
        _ => rest.to_owned(),
    };
    format!("{indent}{}{value}", key.unwrap_or_default())
}

/// End of the double-quoted string at the start of `text`, if there is one.
fn string_end(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let inner = text.strip_prefix('"')?;
    let end = inner.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })?;
    Some(end + 2)
}

fn render<F: Formatter>(value: &impl Serialize, formatter: F) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Cannot fail: the keys of our types are strings, and a Vec takes all bytes.
    let _ = value.serialize(&mut serializer);
    bytes.push(b'\n');
    String::from_utf8_lossy(&bytes).into_owned()
}

/// YAML in block style. Strings with active characters are double-quoted and escaped.
pub fn yaml(value: &Value) -> String {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let text = serde_saphyr::to_string_with_options(&Quoted(value), options);
    match text {
        Ok(text) if !has_active_key(value) => escape_active(&text),
        // JSON is YAML, and keys with active characters are rare.
        _ => pretty(value),
    }
}

/// A value whose strings with active characters are double-quoted, so that they can be escaped.
struct Quoted<'a>(&'a Value);

impl Serialize for Quoted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if text.contains(is_active) => {
                serde_saphyr::DoubleQuoted(text).serialize(serializer)
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Quoted)),
            Value::Object(object) => {
                serializer.collect_map(object.iter().map(|(key, inner)| (key, Quoted(inner))))
            }
            other => other.serialize(serializer),
        }
    }
}

fn has_active_key(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_active_key),
        Value::Object(object) => {
            object.iter().any(|(key, inner)| key.contains(is_active) || has_active_key(inner))
        }
        _ => false,
    }
}

/// Escapes the active characters that the serializer left within double quotes.
fn escape_active(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        let code = u32::from(c);
        // Writing to a String cannot fail.
        let _ = match c {
            c if c == '\n' || !is_active(c) => escaped.write_char(c),
            _ if code <= 0xffff => write!(escaped, "\\u{code:04X}"),
            _ => write!(escaped, "\\U{code:08X}"),
        };
    }
    escaped
}

/// A formatter that escapes all active characters, more than JSON requires.
struct Safe<F>(F);

impl<F: Formatter> Formatter for Safe<F> {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_active) {
            let (plain, tail) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = tail.chars();
            if let Some(active) = characters.next() {
                for unit in active.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn active_characters_are_escaped_and_read_back_the_same() {
        // torture 35, 36
        let every: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let value = json!({ every.clone(): [every, "\\", "\\u"] });
        for text in [pretty(&value), compact(&value)] {
            assert!(!text.contains(|c| is_active(c) && c != '\n'));
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }

    #[test]
    fn one_escaped_string_leaves_the_rest_of_the_yaml_in_block_style() {
        let value = json!({"ID": 1, "Url": "https://h/\u{1b}[31m\u{202e}\n- x", "L": ["a b"]});
        assert_eq!(yaml(&value), "ID: 1\nUrl: \"https://h/\\e[31m\\u202E\\n- x\"\nL:\n- a b\n");
    }

    #[test]
    fn yaml_reads_back_the_same() {
        for value in [
            json!({"Url": "https://h/?a=b: c", "On": "on", "No": "no", "N": "12", "E": "", "L": [], "O": {}}),
            json!([{"A": null, "B": true, "C": -1, "D": [1, [2]]}]),
            json!({"X": "esc\u{1b}[31m\u{202e}\n- evil"}),
            json!({"X": "all: \u{7f}\u{85}\u{9b}\u{ad}\u{200b}\u{202e}\u{2028}\u{feff}\u{e0001}'\"\\\t\r\0"}),
            json!({"odd\u{202e}key": ["\n", "- a\n\n b\n", "word ".repeat(60)]}),
            json!({"X": "two\nlines", "Y": "- a", "Z": "# c", "T": " lead", "Q": "a'b\"c"}),
        ] {
            let text = yaml(&value);
            assert!(!text.contains(|c| is_active(c) && c != '\n'), "{text}");
            assert_eq!(serde_saphyr::from_str::<Value>(&text).unwrap(), value, "{text}");
        }
    }
}
