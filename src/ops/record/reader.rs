//! Reader of recorded events from a file of any size: one JSON object per line, objects over several lines,
//! or an array of objects. Damaged input is reported with its line; reading continues after it.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use super::{RecordFilter, RecordedEvent};
use crate::fs::{self, FsError};

/// Longest line, and longest object, in bytes: a body of 50 MB as a JSON string.
const MAX_LENGTH: usize = 128 * 1024 * 1024;
/// Most lines that are read again one by one after an object that was cut off.
const MAX_REREAD: usize = 1000;
/// Size of one read, in bytes.
const CHUNK_SIZE: usize = 256 * 1024;
/// Interval in which a blocked read looks for an interrupt.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// First bytes of every line that `listen` records.
const RECORD_START: &[u8] = b"{\"Time\":";

const CUT_OFF: &str = "the object is cut off";
const TOO_LONG: &str = "longer than 128 MB";
const NOT_AN_OBJECT: &str = "not a JSON object";
const TRAILING_TEXT: &str = "unexpected text after the object";
const OPEN_ARRAY: &str = "the array is not closed; the file may be cut off";

/// Next content of a file of recorded events.
pub enum ReadItem {
    /// An event that the filter selects.
    Event(Box<RecordedEvent>),
    /// An event that it does not select.
    Skipped {
        /// The filter has a time range, and the event has no time.
        has_no_time: bool,
    },
    /// Something else than an event.
    Damaged(Damage),
}

/// Input that is not an event.
#[derive(Clone, Debug)]
pub struct Damage {
    /// Its first line, from 1.
    pub line: u64,
    /// Completes "line N: ".
    pub reason: String,
}

/// Reader of recorded events.
pub struct RecordReader<R> {
    objects: ObjectReader<R>,
    filter: RecordFilter,
    /// Size of the file in bytes, if known.
    size: Option<u64>,
}

impl RecordReader<InterruptibleSource> {
    /// Opens a file, or standard input for `-`. Reads fail once `is_interrupted`.
    pub fn open(
        path: &Path,
        filter: RecordFilter,
        is_interrupted: Arc<dyn Fn() -> bool + Send + Sync>,
    ) -> Result<Self, FsError> {
        let (source, size): (Box<dyn Read + Send>, _) = if path.as_os_str() == "-" {
            (Box::new(io::stdin()), None)
        } else {
            let opened = fs::open(path)?;
            (Box::new(opened.content), opened.length)
        };
        let source = InterruptibleSource::start(source, is_interrupted)
            .map_err(|source| FsError::Io { doing: "read", path: path.to_owned(), source })?;
        Ok(Self { size, ..Self::new(source, filter) })
    }
}

/// A source that a thread reads ahead, so that neither a read that blocks nor endless input delays the end
/// after an interrupt.
pub struct InterruptibleSource {
    /// Chunks in order; an empty one is the end.
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    offset: usize,
    is_interrupted: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl InterruptibleSource {
    fn start(
        mut source: Box<dyn Read + Send>,
        is_interrupted: Arc<dyn Fn() -> bool + Send + Sync>,
    ) -> io::Result<Self> {
        let (sender, chunks) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("read".to_owned());
        thread.spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK_SIZE];
                let read = match source.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => read.map(|length| {
                        chunk.truncate(length);
                        chunk
                    }),
                };
                let is_end = read.as_ref().map_or(true, Vec::is_empty);
                if sender.send(read).is_err() || is_end {
                    return;
                }
            }
        })?;
        Ok(Self { chunks, chunk: Vec::new(), offset: 0, is_interrupted })
    }
}

impl BufRead for InterruptibleSource {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.offset >= self.chunk.len() {
            if (self.is_interrupted)() {
                return Err(io::Error::other("interrupted"));
            }
            match self.chunks.recv_timeout(POLL_INTERVAL) {
                Ok(chunk) => {
                    (self.chunk, self.offset) = (chunk?, 0);
                    if self.chunk.is_empty() {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(self.chunk.get(self.offset..).unwrap_or_default())
    }

    fn consume(&mut self, length: usize) {
        self.offset += length;
    }
}

impl Read for InterruptibleSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> RecordReader<R> {
    /// A reader of a source.
    pub fn new(source: R, filter: RecordFilter) -> Self {
        Self { objects: ObjectReader::new(source, MAX_LENGTH), filter, size: None }
    }

    /// First line on which the next event can begin.
    pub fn next_line(&self) -> u64 {
        self.objects.next_line()
    }

    /// Share of the file that was read, in percent.
    pub fn percent(&self) -> Option<u64> {
        let size = self.size.filter(|size| *size > 0)?;
        Some(self.objects.lines.bytes_read.saturating_mul(100) / size)
    }

    /// Reads the next item; `None` at the end.
    pub fn read_next(&mut self) -> io::Result<Option<ReadItem>> {
        loop {
            let Some(object) = self.objects.read_next()? else { return Ok(None) };
            let (Object::Complete { line, .. } | Object::Damaged { line, .. }) = &object;
            if *line >= self.filter.from_line {
                return Ok(Some(self.item(object)));
            }
        }
    }

    fn item(&self, object: Object) -> ReadItem {
        let (line, parsed) = match object {
            Object::Damaged { line, reason } => (line, Err(reason.to_owned())),
            Object::Complete { line, bytes, is_whole_line } => {
                let parsed = RecordedEvent::parse(&bytes);
                (line, parsed.map(|event| RecordedEvent { line, is_whole_line, ..event }))
            }
        };
        match parsed {
            Err(reason) => ReadItem::Damaged(Damage { line, reason }),
            Ok(event) if self.filter.matches(&event) => ReadItem::Event(Box::new(event)),
            Ok(event) => ReadItem::Skipped {
                has_no_time: self.filter.has_time_range() && event.time.is_none(),
            },
        }
    }
}

/// A JSON object of a file, or input that is none.
#[derive(Debug, PartialEq, Eq)]
enum Object {
    Complete { line: u64, bytes: Vec<u8>, is_whole_line: bool },
    Damaged { line: u64, reason: &'static str },
}

/// Reader of JSON objects, to the byte.
struct ObjectReader<R> {
    lines: LineReader<R>,
    /// Lines to read again, with their numbers.
    reread: VecDeque<(u64, Vec<u8>)>,
    /// Number of the current line.
    number: u64,
    current: Option<CurrentLine>,
    partial: Option<PartialObject>,
    in_array: bool,
}

/// A line that is used up to `offset`.
struct CurrentLine {
    bytes: Vec<u8>,
    offset: usize,
}

/// An object that is not complete yet.
struct PartialObject {
    line: u64,
    bytes: Vec<u8>,
    scan: Scan,
}

/// Position within the structure of an object.
#[derive(Default)]
struct Scan {
    /// Open brackets and braces, outermost first.
    open: Vec<u8>,
    in_string: bool,
    is_escaped: bool,
    /// Last byte outside of strings that is not whitespace.
    last: u8,
}

impl Scan {
    /// Reads on. Returns the length up to the end of the object, if it ends in `bytes`.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.in_string => self.is_escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => continue,
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

    /// Whether the object can continue on this line. A string never spans lines, a nested object follows a
    /// colon or is in an array, and a record is never nested.
    fn can_continue(&self, line: &[u8]) -> bool {
        let may_nest = match self.last {
            b':' | b'[' => true,
            b',' => self.open.last() == Some(&b'['),
            _ => false,
        };
        !self.in_string && !line.starts_with(RECORD_START) && (may_nest || !line.starts_with(b"{"))
    }
}

impl<R: BufRead> ObjectReader<R> {
    fn new(source: R, max_length: usize) -> Self {
        Self {
            lines: LineReader { source, max_length, number: 0, bytes_read: 0 },
            reread: VecDeque::new(),
            number: 0,
            current: None,
            partial: None,
            in_array: false,
        }
    }

    fn next_line(&self) -> u64 {
        match self.reread.front() {
            Some((number, _)) if self.current.is_none() => *number,
            _ => self.number + u64::from(self.current.is_none()),
        }
    }

    fn read_next(&mut self) -> io::Result<Option<Object>> {
        loop {
            let Some(current) = self.current.take() else {
                if let Some((number, bytes)) = self.reread.pop_front() {
                    self.number = number;
                    self.current = Some(CurrentLine { bytes, offset: 0 });
                    continue;
                }
                let line = self.lines.read_next()?;
                self.number = self.lines.number;
                match line {
                    None => return Ok(self.end()),
                    Some(Line::TooLong) => return Ok(Some(self.too_long())),
                    Some(Line::Text(bytes)) => {
                        let has_mark = self.number == 1 && bytes.starts_with(b"\xef\xbb\xbf");
                        self.current =
                            Some(CurrentLine { bytes, offset: usize::from(has_mark) * 3 });
                    }
                }
                continue;
            };
            if let Some(object) = self.step(current) {
                return Ok(Some(object));
            }
        }
    }

    fn step(&mut self, mut current: CurrentLine) -> Option<Object> {
        let number = self.number;
        let damaged = |line, reason| Some(Object::Damaged { line, reason });
        let Some(mut partial) = self.partial.take() else {
            let rest = current.bytes.get(current.offset..).unwrap_or_default();
            let is_space =
                |byte: &u8| byte.is_ascii_whitespace() || (self.in_array && *byte == b',');
            let start = rest.iter().position(|byte| !is_space(byte))?;
            current.offset += start;
            match rest.get(start) {
                Some(b'{') => {
                    self.partial = Some(PartialObject {
                        line: number,
                        bytes: Vec::new(),
                        scan: Scan::default(),
                    });
                    return self.extend(current);
                }
                Some(b'[') if !self.in_array => self.in_array = true,
                Some(b']') if self.in_array => self.in_array = false,
                _ => {
                    // The rest of the line is skipped, including the end of an array.
                    self.in_array &= !rest.trim_ascii_end().ends_with(b"]");
                    return damaged(number, NOT_AN_OBJECT);
                }
            }
            current.offset += 1;
            self.current = Some(current);
            return None;
        };
        if !partial.scan.can_continue(&current.bytes) {
            self.reread.push_front((number, current.bytes));
            return Some(self.cut_off(partial));
        }
        if partial.bytes.len() + current.bytes.len() > self.lines.max_length {
            return damaged(partial.line, TOO_LONG);
        }
        partial.scan.is_escaped = false;
        self.partial = Some(partial);
        self.extend(current)
    }

    /// Adds the line, or the part of it that belongs to the object, to the partial object.
    fn extend(&mut self, mut current: CurrentLine) -> Option<Object> {
        let mut partial = self.partial.take()?;
        let rest = current.bytes.get(current.offset..).unwrap_or_default();
        let Some(length) = partial.scan.find_end(rest) else {
            partial.bytes.extend_from_slice(rest);
            self.partial = Some(partial);
            return None;
        };
        partial.bytes.extend_from_slice(rest.get(..length).unwrap_or_default());
        let before = current.bytes.get(..current.offset).unwrap_or_default();
        let is_blank = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_whitespace);
        let ends_line = is_blank(rest.get(length..).unwrap_or_default());
        if !self.in_array && !ends_line {
            return Some(Object::Damaged { line: partial.line, reason: TRAILING_TEXT });
        }
        let is_whole_line = partial.line == self.number && ends_line && is_blank(before);
        current.offset += length;
        self.current = Some(current).filter(|_| !ends_line);
        Some(Object::Complete { line: partial.line, bytes: partial.bytes, is_whole_line })
    }

    /// Reports the first line of an object as damaged; the lines after it are read again.
    fn cut_off(&mut self, partial: PartialObject) -> Object {
        let lines: Vec<&[u8]> =
            partial.bytes.split_inclusive(|byte| *byte == b'\n').skip(1).collect();
        if lines.len() <= MAX_REREAD {
            let numbered: Vec<_> = (partial.line + 1..).zip(lines).collect();
            for (number, line) in numbered.into_iter().rev() {
                self.reread.push_front((number, line.to_vec()));
            }
        }
        Object::Damaged { line: partial.line, reason: CUT_OFF }
    }

    fn too_long(&mut self) -> Object {
        let line = self.partial.take().map_or(self.number, |partial| partial.line);
        Object::Damaged { line, reason: TOO_LONG }
    }

    fn end(&mut self) -> Option<Object> {
        if let Some(partial) = self.partial.take() {
            return Some(self.cut_off(partial));
        }
        let is_open = std::mem::take(&mut self.in_array);
        is_open.then_some(Object::Damaged { line: self.number, reason: OPEN_ARRAY })
    }
}

/// A line with its line break.
enum Line {
    Text(Vec<u8>),
    TooLong,
}

/// Reader of lines that may be longer than memory.
struct LineReader<R> {
    source: R,
    max_length: usize,
    /// Number of the last line read, from 1.
    number: u64,
    bytes_read: u64,
}

impl<R: BufRead> LineReader<R> {
    fn read_next(&mut self) -> io::Result<Option<Line>> {
        let mut text = Vec::new();
        let limit = self.max_length as u64 + 1;
        self.bytes_read += self.source.by_ref().take(limit).read_until(b'\n', &mut text)? as u64;
        if text.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if text.len() <= self.max_length {
            return Ok(Some(Line::Text(text)));
        }
        if !text.ends_with(b"\n") {
            drop(text);
            self.skip_line()?;
        }
        Ok(Some(Line::TooLong))
    }

    /// Reads to the end of the line without keeping it.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let piece = match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                piece => piece?,
            };
            let line_break = piece.iter().position(|byte| *byte == b'\n');
            let used = line_break.map_or(piece.len(), |at| at + 1);
            let is_end = line_break.is_some() || piece.is_empty();
            self.source.consume(used);
            self.bytes_read += used as u64;
            if is_end {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut objects = ObjectReader::new(text.as_bytes(), MAX_LENGTH);
        let mut found = Vec::new();
        while let Some(next) = objects.read_next().unwrap() {
            found.push(match next {
                Object::Complete { line, bytes, .. } => {
                    format!("{line}: {}", String::from_utf8(bytes).unwrap())
                }
                Object::Damaged { line, reason } => format!("{line}! {reason}"),
            });
        }
        found
    }

    #[test]
    fn lines_multiline_objects_and_arrays_are_read_to_the_byte() {
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
    fn damage_is_reported_and_reading_continues() {
        // torture 113
        for (text, expected) in [
            ("{\"a\":1}\n{\"a\":\"tor", vec!["1: {\"a\":1}", "2! the object is cut off"]),
            ("{\"a\":\"tor\n{\"a\":2}\n", vec!["1! the object is cut off", "2: {\"a\":2}"]),
            (
                "{\"Time\":\"t\",\n{\"Time\":\"u\"}\n",
                vec!["1! the object is cut off", "2: {\"Time\":\"u\"}"],
            ),
            ("{\"a\":\n{\"b\":1}\n{}\n", vec!["1! the object is cut off", "2: {\"b\":1}", "3: {}"]),
            ("{\"a\":[{},\n{\"b\":1}\n", vec!["1! the object is cut off", "2: {\"b\":1}"]),
            ("{\"a\":1,\n{\"b\":1}\n", vec!["1! the object is cut off", "2: {\"b\":1}"]),
            ("garbage\n{}\n", vec!["1! not a JSON object", "2: {}"]),
            ("{} x\n{}\n", vec!["1! unexpected text after the object", "2: {}"]),
            ("{\"a\":\"\\\n{}\n", vec!["1! the object is cut off", "2: {}"]),
            ("[1, {}]\n{}", vec!["1! not a JSON object", "2: {}"]),
            ("[{},", vec!["1: {}", "1! the array is not closed; the file may be cut off"]),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn damage_to_one_line_loses_no_other_line() {
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
            // The line break stays, and the line is never left intact.
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
    fn a_line_over_the_limit_is_skipped() {
        let mut lines = ObjectReader::new(&b"12345\n1234\n123456789"[..], 5).lines;
        let mut next = || match lines.read_next().unwrap() {
            Some(Line::Text(text)) => String::from_utf8(text).unwrap(),
            Some(Line::TooLong) => format!("{}!", lines.number),
            None => "end".to_owned(),
        };
        assert_eq!([next(), next(), next(), next()], ["1!", "1234\n", "3!", "end"]);
        assert_eq!(lines.bytes_read, 6 + 5 + 9);
    }
}
