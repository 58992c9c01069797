//! Lines of a file that may be larger than memory.

use std::io::{self, BufRead, Read as _};

/// The longest line that is read, in bytes: a body of 50 MB, written as text within JSON.
pub const LONGEST: usize = 128 * 1024 * 1024;

/// A line, with its line end.
pub enum Line {
    /// Its bytes.
    Text(Vec<u8>),
    /// It is too long, and was passed over.
    TooLong,
}

/// The lines of a source.
pub struct Lines<R> {
    source: R,
    longest: usize,
    /// The number of the line that was read last, from 1.
    pub number: u64,
    /// How many bytes were read.
    pub read: u64,
}

impl<R: BufRead> Lines<R> {
    /// Starts before the first line.
    pub fn new(source: R, longest: usize) -> Self {
        Self { source, longest, number: 0, read: 0 }
    }

    /// Reads the next line; none at the end.
    pub fn read_next(&mut self) -> io::Result<Option<Line>> {
        let mut text = Vec::new();
        let most = self.longest as u64 + 1;
        self.read += self.source.by_ref().take(most).read_until(b'\n', &mut text)? as u64;
        if text.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if text.len() <= self.longest {
            return Ok(Some(Line::Text(text)));
        }
        if !text.ends_with(b"\n") {
            drop(text);
            self.pass()?;
        }
        Ok(Some(Line::TooLong))
    }

    /// Reads on to the end of the line and keeps nothing of it.
    fn pass(&mut self) -> io::Result<()> {
        loop {
            let piece = match self.source.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                piece => piece?,
            };
            let end = piece.iter().position(|byte| *byte == b'\n');
            let (used, ends) = match end {
                Some(at) => (at + 1, true),
                None => (piece.len(), piece.is_empty()),
            };
            self.source.consume(used);
            self.read += used as u64;
            if ends {
                return Ok(());
            }
        }
    }
}
