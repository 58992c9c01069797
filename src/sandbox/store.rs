//! The state in memory and, unless told otherwise, in a file: a change is on the disk before it is answered.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::answer::Refusal;
use super::error::SandboxError;
use super::state::{State, VERSION};
use crate::fs::{self, Access};

/// The largest state file that is read, in bytes: some hundred thousand webhooks.
const LARGEST: u64 = 512 * 1024 * 1024;

/// Where the state is kept.
pub(super) struct Store {
    file: Option<PathBuf>,
    state: Mutex<State>,
}

impl Store {
    /// Opens a state file, or the first state where there is none yet.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, SandboxError> {
        let state = match file {
            None => State::seeded(),
            Some(path) => read(path)?.unwrap_or_else(State::seeded),
        };
        Ok(Self { file: file.map(Path::to_owned), state: Mutex::new(state) })
    }

    /// Does something to the state: wholly, and kept in the file, or not at all.
    ///
    /// Writing blocks the other requests of this sandbox for as long as the disk needs.
    pub(super) fn transact<T>(
        &self,
        act: impl FnOnce(&mut State) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = state.clone();
        let done = act(&mut next)?;
        if next != *state {
            if let Some(path) = &self.file {
                write(path, &next).map_err(|error| {
                    Refusal::fault(format!("The sandbox cannot keep its state: {error}."))
                })?;
            }
            *state = next;
        }
        Ok(done)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Versioned {
    version: u32,
}

/// The state in a file, `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<State>, SandboxError> {
    let content = match fs::read_in_place(path, LARGEST) {
        Ok(content) => content,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(SandboxError::Disk(error)),
    };
    let unusable = |reason: String| SandboxError::State { path: path.to_owned(), reason };
    // Only the place of an error is told: its text can quote what stands there, passwords too.
    let place = |error: serde_json::Error| {
        format!("it is damaged at line {}, column {}", error.line(), error.column())
    };
    // The version first: the rest of a newer state may look like anything.
    let Versioned { version } =
        serde_json::from_slice(&content.bytes).map_err(|error| unusable(place(error)))?;
    if version != VERSION {
        let why = if version > VERSION {
            "a newer version of this program wrote it"
        } else {
            "it is of a version that never was"
        };
        return Err(unusable(why.to_owned()));
    }
    let state: State =
        serde_json::from_slice(&content.bytes).map_err(|error| unusable(place(error)))?;
    match state.flaw() {
        None => Ok(Some(state)),
        Some(flaw) => Err(unusable(format!("it is damaged: {flaw}"))),
    }
}

/// Puts a state in place of the one in the file.
pub(super) fn write(path: &Path, state: &State) -> Result<(), SandboxError> {
    let mut bytes = serde_json::to_vec(state).map_err(|error| SandboxError::State {
        path: path.to_owned(),
        reason: format!("it cannot be written as JSON: {error}"),
    })?;
    bytes.push(b'\n');
    fs::replace(path, &bytes, Access::Private).map_err(SandboxError::Disk)
}

/// Copies a file that is no state to a name that nothing has yet.
pub(super) fn keep_aside(path: &Path) -> Result<(), SandboxError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut number = 1_u32;
    let aside = loop {
        let aside = path.with_file_name(format!("{name}.broken-{number}"));
        if aside.symlink_metadata().is_err() {
            break aside;
        }
        number += 1;
    };
    let broken = fs::read_in_place(path, LARGEST).map_err(SandboxError::Disk)?;
    fs::write_new(&aside, &broken.bytes).map_err(SandboxError::Disk)
}
