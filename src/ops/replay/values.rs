//! JSON objects out of a file: one per line, one over several lines, or those of an array. What is
//! damaged is named by its line, and what follows is read all the same.

use std::collections::VecDeque;
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

/// So many lines at most are looked at again one by one, where an object that seemed to go over them
/// turns out to be cut off.
const AGAIN: usize = 1000;

/// The objects of a file, in its order.
pub struct Values<R> {
    lines: Lines<R>,
    /// Lines that are to be looked at again, with their numbers.
    again: VecDeque<(u64, Vec<u8>)>,
    /// The number of the line that is being looked at.
    number: u64,
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
    /// What is open, from the outside in.
    open: Vec<u8>,
    in_text: bool,
    escaped: bool,
    /// The last byte that means something outside of texts.
    last: u8,
}

impl Scan {
    /// Reads on; returns behind which byte the object ends, if it does.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => continue,
                b'{' | b'[' => self.open.push(*byte),
                b'}' | b']' => {
                    self.open.pop();
                    if self.open.is_empty() {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                self.last = *byte;
            }
        }
        None
    }

    /// Whether the object can go on with this line: no text goes on over a line's end, and an object
    /// within another stands behind a colon or in an array. A record stands in nothing.
    fn goes_on(&self, line: &[u8]) -> bool {
        let may_nest = match self.last {
            b':' | b'[' => true,
            b',' => self.open.last() == Some(&b'['),
            _ => false,
        };
        !self.in_text && !line.starts_with(RECORD) && (may_nest || !line.starts_with(b"{"))
    }
}

impl<R: BufRead> Values<R> {
    /// The objects of a source.
    pub fn new(source: R) -> Self {
        Self {
            lines: Lines::new(source, LONGEST),
            again: VecDeque::new(),
            number: 0,
            current: None,
            begun: None,
            in_array: false,
        }
    }

    /// How many bytes were read.
    pub fn read(&self) -> u64 {
        self.lines.read
    }

    /// The line on which the next object can begin.
    pub fn next_line(&self) -> u64 {
        match self.again.front() {
            Some((number, _)) if self.current.is_none() => *number,
            _ => self.number + u64::from(self.current.is_none()),
        }
    }

    /// The next object, or the next damage; none at the end.
    pub fn read_next(&mut self) -> io::Result<Option<Found>> {
        loop {
            let Some(current) = self.current.take() else {
                if let Some((number, bytes)) = self.again.pop_front() {
                    self.number = number;
                    self.current = Some(Current { bytes, at: 0 });
                    continue;
                }
                let line = self.lines.read_next()?;
                self.number = self.lines.number;
                match line {
                    None => return Ok(self.end()),
                    Some(Line::TooLong) => return Ok(Some(self.too_long())),
                    Some(Line::Text(bytes)) => {
                        let is_first = self.number == 1;
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
        let number = self.number;
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
        if !begun.scan.goes_on(&current.bytes) {
            self.again.push_front((number, current.bytes));
            return Some(self.cut_off(begun));
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
        let alone = begun.line == self.number && nothing_behind && is_empty(before);
        current.at += length;
        self.current = Some(current).filter(|_| !nothing_behind);
        Some(Found::Object { line: begun.line, bytes: begun.bytes, alone })
    }

    /// Only the line counts on which it begins; those after it are looked at again.
    fn cut_off(&mut self, begun: Begun) -> Found {
        let lines: Vec<&[u8]> =
            begun.bytes.split_inclusive(|byte| *byte == b'\n').skip(1).collect();
        if lines.len() <= AGAIN {
            let numbered: Vec<_> = (begun.line + 1..).zip(lines).collect();
            for (number, line) in numbered.into_iter().rev() {
                self.again.push_front((number, line.to_vec()));
            }
        }
        Found::Damaged { line: begun.line, why: CUT_OFF }
    }

    fn too_long(&mut self) -> Found {
        let line = self.begun.take().map_or(self.number, |begun| begun.line);
        Found::Damaged { line, why: TOO_LONG }
    }

    fn end(&mut self) -> Option<Found> {
        let line = self.number;
        if let Some(begun) = self.begun.take() {
            return Some(self.cut_off(begun));
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
            ("{\"a\":\n{\"b\":1}\n{}\n", vec!["1! it is cut off", "2: {\"b\":1}", "3: {}"]),
            ("{\"a\":[{},\n{\"b\":1}\n", vec!["1! it is cut off", "2: {\"b\":1}"]),
            ("{\"a\":1,\n{\"b\":1}\n", vec!["1! it is cut off", "2: {\"b\":1}"]),
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
    fn one_damage_costs_one_line_whatever_it_is() {
        // torture 113
        let random = &mut fastrand::Rng::with_seed(113);
        let lines: Vec<String> = (0..6)
            .map(|n| {
                format!(
                    "{{\"Time\":\"t\",\"H\":[{{\"N\":{n}}},[]],\"Body\":\"{{\\\"a\\\":[]}}\"}}\n"
                )
            })
            .collect();
        for _ in 0..20_000 {
            let mut damaged = lines.clone();
            let (line, whole) = (random.usize(..6), &lines[0]);
            // Never its line end, and never in a way that leaves it whole.
            let (from, until) = (random.usize(..whole.len() - 1), random.usize(..whole.len() - 1));
            let odd = random.choice(["", "\"", "{", "}", "[", "\\", ",", "\n", "\0", "x", "\n{\n"]);
            damaged[line].replace_range(from.min(until)..from.max(until), odd.unwrap());
            let found = read(&damaged.concat());
            for (n, whole) in lines.iter().enumerate().filter(|(n, _)| *n != line) {
                let is_there = |found: &&String| found.ends_with(whole.trim_end());
                let count = found.iter().filter(is_there).count();
                assert_eq!(count, 1, "{n} of {}\n{}", damaged.concat(), found.join("\n"));
            }
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
        assert_eq!(lines.read, 6 + 5 + 9);
    }
}
