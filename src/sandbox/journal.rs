//! An append-only journal of mail and events, in segments: the oldest segment goes first when it is full.
//!
//! A record is one line: a small JSON header, a tab, and the payload as JSON. Reading the journal needs the
//! headers alone; payloads stay on disk until one is asked for.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::SandboxError;
use crate::fs::append::{Appender, Owner};
use crate::fs::{self, FsError};

/// Maximum size of a journal on disk, in bytes.
const MAX_DISK_BYTES: u64 = 256 * 1024 * 1024;
/// Maximum size of a journal in memory, in bytes.
const MAX_MEMORY_BYTES: u64 = 32 * 1024 * 1024;
/// A journal has about this many segments when it is full.
const SEGMENTS: u64 = 8;

/// Place of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) segment: u64,
    offset: u64,
    length: u64,
}

pub(super) struct Journal {
    /// `None` for a journal in memory.
    folder: Option<PathBuf>,
    segments: VecDeque<Segment>,
    next_number: u64,
}

struct Segment {
    number: u64,
    bytes: u64,
    data: Data,
}

enum Data {
    Memory(Vec<u8>),
    /// The reader is opened at the first read, the appender at the first write.
    Disk {
        path: PathBuf,
        reader: Option<File>,
        appender: Option<Appender>,
    },
}

impl Journal {
    /// An empty journal in memory.
    pub(super) fn in_memory() -> Self {
        Self { folder: None, segments: VecDeque::new(), next_number: 1 }
    }

    /// Opens a journal on disk and passes each header with the place of its payload to `apply`.
    pub(super) fn open(
        folder: &Path,
        mut apply: impl FnMut(&[u8], Position),
    ) -> Result<Self, SandboxError> {
        let mut journal =
            Self { folder: Some(folder.to_owned()), segments: VecDeque::new(), next_number: 1 };
        for path in fs::held::files(folder, "jsonl").map_err(SandboxError::Disk)? {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let Ok(number) = name.parse::<u64>() else { continue };
            let content =
                fs::read_in_place(&path, 2 * MAX_DISK_BYTES).map_err(SandboxError::Disk)?;
            let mut offset = 0;
            for line in content.bytes.split_inclusive(|byte| *byte == b'\n') {
                let length = line.len() as u64;
                // A line that was cut off by a kill, and what a full disk left, is not a record.
                if let Some(tab) = line.iter().position(|byte| *byte == b'\t')
                    && line.ends_with(b"\n")
                    && let Some((header, _)) = line.split_at_checked(tab)
                {
                    let start = tab as u64 + 1;
                    let position = Position {
                        segment: number,
                        offset: offset + start,
                        length: length - start - 1,
                    };
                    apply(header, position);
                }
                offset += length;
            }
            let data = Data::Disk { path, reader: None, appender: None };
            journal.segments.push_back(Segment { number, bytes: offset, data });
            journal.next_number = number + 1;
        }
        Ok(journal)
    }

    fn max_bytes(&self) -> u64 {
        if self.folder.is_some() { MAX_DISK_BYTES } else { MAX_MEMORY_BYTES }
    }

    /// Adds a record. The system has it when this returns: it survives the death of the process.
    pub(super) fn append(&mut self, header: &[u8], payload: &[u8]) -> Result<Position, FsError> {
        let length = (header.len() + payload.len() + 2) as u64;
        let segment_bytes = self.max_bytes() / SEGMENTS;
        let is_full =
            |segment: &Segment| segment.bytes > 0 && segment.bytes + length > segment_bytes;
        if self.segments.back().is_none_or(is_full) {
            self.add_segment()?;
        }
        let mut line = Vec::with_capacity(header.len() + payload.len() + 2);
        line.extend_from_slice(header);
        line.push(b'\t');
        line.extend_from_slice(payload);
        line.push(b'\n');
        let Some(segment) = self.segments.back_mut() else {
            return Err(FsError::Io {
                doing: "write",
                path: PathBuf::new(),
                source: io::ErrorKind::NotFound.into(),
            });
        };
        match &mut segment.data {
            Data::Memory(bytes) => bytes.extend_from_slice(&line),
            Data::Disk { path, appender, .. } => {
                let mut open = match appender.take() {
                    Some(open) => open,
                    None => Appender::open(path, false, Owner::Folder)?.0,
                };
                open.append(&line)?;
                *appender = Some(open);
            }
        }
        let offset = segment.bytes + header.len() as u64 + 1;
        segment.bytes += length;
        Ok(Position { segment: segment.number, offset, length: payload.len() as u64 })
    }

    fn add_segment(&mut self) -> Result<(), FsError> {
        let number = self.next_number;
        self.next_number += 1;
        let data = match &self.folder {
            None => Data::Memory(Vec::new()),
            Some(folder) => {
                fs::create_folder(folder)?;
                let path = folder.join(format!("{number:010}.jsonl"));
                Data::Disk { path, reader: None, appender: None }
            }
        };
        if let Some(Segment { data: Data::Disk { appender, .. }, .. }) = self.segments.back_mut() {
            *appender = None;
        }
        self.segments.push_back(Segment { number, bytes: 0, data });
        Ok(())
    }

    /// Removes the oldest segments while the journal is too large. Returns the number of the oldest one
    /// that is left.
    pub(super) fn trim(&mut self) -> u64 {
        let total = |segments: &VecDeque<Segment>| segments.iter().map(|s| s.bytes).sum::<u64>();
        while self.segments.len() > 1 && total(&self.segments) > self.max_bytes() {
            if let Some(Segment { data: Data::Disk { path, .. }, .. }) = self.segments.pop_front() {
                // A segment that cannot be removed is read, and removed, at the next start.
                let _ = std::fs::remove_file(path);
            }
        }
        self.segments.front().map_or(self.next_number, |segment| segment.number)
    }

    /// Reads a payload. `None` if its segment is gone or cannot be read.
    pub(super) fn read(&mut self, position: Position) -> Option<Vec<u8>> {
        let segment = self.segments.iter_mut().find(|s| s.number == position.segment)?;
        let length = usize::try_from(position.length).ok()?;
        match &mut segment.data {
            Data::Memory(bytes) => {
                let start = usize::try_from(position.offset).ok()?;
                bytes.get(start..start + length).map(<[u8]>::to_vec)
            }
            Data::Disk { path, reader, .. } => {
                let file = match reader {
                    Some(file) => file,
                    None => reader.insert(File::open(path).ok()?),
                };
                file.seek(SeekFrom::Start(position.offset)).ok()?;
                let mut payload = vec![0; length];
                file.read_exact(&mut payload).ok()?;
                Some(payload)
            }
        }
    }

    /// Removes all records.
    pub(super) fn clear(&mut self) {
        for segment in self.segments.drain(..) {
            if let Data::Disk { path, .. } = segment.data {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}
