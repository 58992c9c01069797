//! JSON objects out of a file: one per line, one over several lines, or those of an array. What is
//! damaged is named by its line, and what follows is read all the same.

use std::io::{self, BufRead};

use super::lines::{LONGEST, Line, Lines};

/// Something in the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// An object, to the byte.
    Object {
        /// The line where it begins.
        line: u64,
        /// All of it.
        bytes: Vec<u8>,
        /// It is all that stands on its line.
        alone: bool,
    },
    /// Something that is no object.
    Damaged {
        /// The line where it begins.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
}

const CUT_OFF: &str = "it is cut off";
const TOO_LONG: &str = "it is longer than 128 MB";
const NO_OBJECT: &str = "it is not a JSON object";
const MORE: &str = "there is something behind the object";
const OPEN_ARRAY: &str = "the array is not closed: the file is cut off";

/// How the lines begin that `listen` records.
const RECORD: &[u8] = b"{\"Time\":";

/// The objects of a file, in its order.
pub struct Values<R> {
    lines: Lines<R>,
    current: Option<Current>,
    begun: Option<Begun>,
    in_array: bool,
}

/// A line, and up to where it is used.
struct Current {
    bytes: Vec<u8>,
    at: usize,
}

/// An object that is not complete yet.
struct Begun {
    line: u64,
    bytes: Vec<u8>,
    scan: Scan,
}

/// Where in an object the reading is.
#[derive(Default)]
struct Scan {
    depth: u32,
    in_text: bool,
    escaped: bool,
}

impl Scan {
    /// Reads on; returns behind which byte the object ends, if it does.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

impl<R: BufRead> Values<R> {
    /// The objects of a source.
    pub fn new(source: R) -> Self {
        Self { lines: Lines::new(source, LONGEST), current: None, begun: None, in_array: false }
    }

    /// How many bytes were read.
    pub fn read(&self) -> u64 {
        self.lines.read
    }

    /// The line on which the next object can begin.
    pub fn next_line(&self) -> u64 {
        self.lines.number + u64::from(self.current.is_none())
    }

    /// The next object, or the next damage; none at the end.
    pub fn read_next(&mut self) -> io::Result<Option<Found>> {
        loop {
            let Some(current) = self.current.take() else {
                match self.lines.read_next()? {
                    None => return Ok(self.end()),
                    Some(Line::TooLong) => return Ok(Some(self.too_long())),
                    Some(Line::Text(bytes)) => {
                        let is_first = self.lines.number == 1;
                        let at = if is_first && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
                        self.current = Some(Current { bytes, at });
                    }
                }
                continue;
            };
            if let Some(found) = self.step(current) {
                return Ok(Some(found));
            }
        }
    }

    fn step(&mut self, mut current: Current) -> Option<Found> {
        let number = self.lines.number;
        let damaged = |line, why| Some(Found::Damaged { line, why });
        let Some(mut begun) = self.begun.take() else {
            let rest = current.bytes.get(current.at..).unwrap_or_default();
            let is_space =
                |byte: &u8| byte.is_ascii_whitespace() || (self.in_array && *byte == b',');
            let start = rest.iter().position(|byte| !is_space(byte))?;
            current.at += start;
            match rest.get(start) {
                Some(b'{') => {
                    self.begun =
                        Some(Begun { line: number, bytes: Vec::new(), scan: Scan::default() });
                    return self.go_on(current);
                }
                Some(b'[') if !self.in_array => self.in_array = true,
                Some(b']') if self.in_array => self.in_array = false,
                _ => {
                    // The rest of the line is passed over, an array's end too.
                    self.in_array &= !rest.trim_ascii_end().ends_with(b"]");
                    return damaged(number, NO_OBJECT);
                }
            }
            current.at += 1;
            self.current = Some(current);
            return None;
        };
        // A text cannot go on over a line's end, nor can a record begin within another.
        if begun.scan.in_text || current.bytes.starts_with(RECORD) {
            self.current = Some(current);
            return damaged(begun.line, CUT_OFF);
        }
        if begun.bytes.len() + current.bytes.len() > LONGEST {
            return damaged(begun.line, TOO_LONG);
        }
        begun.scan.escaped = false;
        self.begun = Some(begun);
        self.go_on(current)
    }

    /// Takes what the line has of the object that is begun.
    fn go_on(&mut self, mut current: Current) -> Option<Found> {
        let mut begun = self.begun.take()?;
        let rest = current.bytes.get(current.at..).unwrap_or_default();
        let Some(length) = begun.scan.end(rest) else {
            begun.bytes.extend_from_slice(rest);
            self.begun = Some(begun);
            return None;
        };
        begun.bytes.extend_from_slice(rest.get(..length).unwrap_or_default());
        let before = current.bytes.get(..current.at).unwrap_or_default();
        let is_empty = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_whitespace);
        let nothing_behind = is_empty(rest.get(length..).unwrap_or_default());
        if !self.in_array && !nothing_behind {
            return Some(Found::Damaged { line: begun.line, why: MORE });
        }
        let alone = begun.line == self.lines.number && nothing_behind && is_empty(before);
        current.at += length;
        self.current = Some(current).filter(|_| !nothing_behind);
        Some(Found::Object { line: begun.line, bytes: begun.bytes, alone })
    }

    fn too_long(&mut self) -> Found {
        let line = self.begun.take().map_or(self.lines.number, |begun| begun.line);
        Found::Damaged { line, why: TOO_LONG }
    }

    fn end(&mut self) -> Option<Found> {
        let line = self.lines.number;
        if let Some(begun) = self.begun.take() {
            self.in_array = false;
            return Some(Found::Damaged { line: begun.line, why: CUT_OFF });
        }
        let is_open = std::mem::take(&mut self.in_array);
        is_open.then_some(Found::Damaged { line, why: OPEN_ARRAY })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut values = Values::new(text.as_bytes());
        let mut found = Vec::new();
        while let Some(next) = values.read_next().unwrap() {
            found.push(match next {
                Found::Object { line, bytes, .. } => {
                    format!("{line}: {}", String::from_utf8(bytes).unwrap())
                }
                Found::Damaged { line, why } => format!("{line}! {why}"),
            });
        }
        found
    }

    #[test]
    fn lines_documents_and_arrays_are_read_to_the_byte() {
        for (text, expected) in [
            ("", vec![]),
            ("\n \r\n", vec![]),
            (
                "{\"a\": 1}\n{ \"b\":\"}\\\"{\"}\r\n",
                vec!["1: {\"a\": 1}", "2: { \"b\":\"}\\\"{\"}"],
            ),
            ("\u{feff}{}\n\n{}", vec!["1: {}", "3: {}"]),
            (
                "{\n  \"a\": [\n    {}\n  ]\n}\n{\n}\n",
                vec!["1: {\n  \"a\": [\n    {}\n  ]\n}", "6: {\n}"],
            ),
            ("[]", vec![]),
            ("[{\"a\":1}, {\"a\":2}]", vec!["1: {\"a\":1}", "1: {\"a\":2}"]),
            ("[\n{\"a\":1},\n{\"a\":\n2}\n]\n{}", vec!["2: {\"a\":1}", "3: {\"a\":\n2}", "6: {}"]),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn damage_is_named_and_what_follows_is_read() {
        // torture 113
        for (text, expected) in [
            ("{\"a\":1}\n{\"a\":\"tor", vec!["1: {\"a\":1}", "2! it is cut off"]),
            ("{\"a\":\"tor\n{\"a\":2}\n", vec!["1! it is cut off", "2: {\"a\":2}"]),
            (
                "{\"Time\":\"t\",\n{\"Time\":\"u\"}\n",
                vec!["1! it is cut off", "2: {\"Time\":\"u\"}"],
            ),
            ("garbage\n{}\n", vec!["1! it is not a JSON object", "2: {}"]),
            ("{} x\n{}\n", vec!["1! there is something behind the object", "2: {}"]),
            ("{\"a\":\"\\\n{}\n", vec!["1! it is cut off", "2: {}"]),
            ("[1, {}]\n{}", vec!["1! it is not a JSON object", "2: {}"]),
            ("[{},", vec!["1: {}", "1! the array is not closed: the file is cut off"]),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let mut lines = Lines::new(&b"12345\n1234\n123456789"[..], 5);
        let mut next = || match lines.read_next().unwrap() {
            Some(Line::Text(text)) => String::from_utf8(text).unwrap(),
            Some(Line::TooLong) => format!("{}!", lines.number),
            None => "end".to_owned(),
        };
        assert_eq!([next(), next(), next(), next()], ["1!", "1234\n", "3!", "end"]);
    }
}
