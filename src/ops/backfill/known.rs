//! Events that the endpoint already has (`--missing-from`).

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::Value;

use super::rebuild::{self, RebuiltEvent};
use crate::error::{Diagnose, Diagnosis, Exit};
use crate::fs::{self, FsError};
use crate::ops::record::{ReadItem, RecordFilter, RecordReader};

/// Reason why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// The file cannot be read.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The file cannot be read to its end.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// A line is neither an event nor a MessageID.
    #[error("{path}:{line}: expected a recorded event or a MessageID")]
    Invalid {
        /// The file.
        path: String,
        /// The line, from 1.
        line: u64,
    },
}

impl Diagnose for KnownError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Fs(error) => error.diagnosis(),
            Self::Read { source, .. } => source.diagnosis(),
            Self::Invalid { .. } => Diagnosis::new(Exit::Usage),
        }
    }
}

/// Events that the endpoint already has, as hashes: eight bytes each.
#[derive(Debug, Default)]
pub struct KnownEvents {
    hasher: RandomState,
    events: HashSet<u64>,
    messages: HashSet<u64>,
}

impl KnownEvents {
    /// Reads a record of `listen`, or a list of MessageIDs, one per line. The first byte tells which.
    /// A damaged line of a record is skipped; its number is in the list that is returned.
    pub fn read(path: &Path) -> Result<(Self, Vec<u64>), KnownError> {
        let name = path.display().to_string();
        let failed = |source| KnownError::Read { path: name.clone(), source };
        let mut known = Self::default();
        let mut file = BufReader::new(fs::open(path)?.content);
        let is_record = loop {
            match file.fill_buf().map_err(&failed)? {
                [] => return Ok((known, Vec::new())),
                [first, ..] if first.is_ascii_whitespace() => file.consume(1),
                [first, ..] => break matches!(first, b'{' | b'['),
            }
        };
        if is_record {
            let damaged = known.add_record(RecordReader::new(file, RecordFilter::default()));
            return damaged.map(|damaged| (known, damaged)).map_err(failed);
        }
        for (index, line) in file.lines().enumerate() {
            let line = line.map_err(&failed)?;
            let id = line.trim();
            let is_id = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
            if is_id {
                known.messages.insert(known.hasher.hash_one(id.to_lowercase().as_str()));
            } else if !id.is_empty() {
                return Err(KnownError::Invalid { path: name, line: index as u64 + 1 });
            }
        }
        Ok((known, Vec::new()))
    }

    fn add_record<R: BufRead>(&mut self, mut reader: RecordReader<R>) -> std::io::Result<Vec<u64>> {
        let mut damaged = Vec::new();
        while let Some(item) = reader.read_next()? {
            match item {
                ReadItem::Event(recorded) => {
                    let body = serde_json::from_slice(&recorded.post.body);
                    if let (Ok(body), Some(event)) = (body, recorded.post.event.event()) {
                        self.insert(&rebuild::key(event, &body));
                    }
                }
                ReadItem::Skipped { .. } => {}
                ReadItem::Damaged(damage) => damaged.push(damage.line),
            }
        }
        Ok(damaged)
    }

    /// Adds the events of a record.
    pub fn with_record(mut self, path: &Path) -> Result<Self, KnownError> {
        let file = BufReader::new(fs::open(path)?.content);
        let reader = RecordReader::new(file, RecordFilter::default());
        self.add_record(reader)
            .map_err(|source| KnownError::Read { path: path.display().to_string(), source })?;
        Ok(self)
    }

    /// Adds an event by its key.
    pub fn insert(&mut self, key: &str) {
        self.events.insert(self.hasher.hash_one(key));
    }

    /// Whether the endpoint has this event.
    pub fn contains(&self, event: &RebuiltEvent) -> bool {
        let message = event.body.get("MessageID").and_then(Value::as_str).unwrap_or_default();
        self.events.contains(&self.hasher.hash_one(event.key().as_str()))
            || self.messages.contains(&self.hasher.hash_one(message.to_lowercase().as_str()))
    }
}
