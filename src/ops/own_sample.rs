//! A body of the user's own, in place of a sample.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::fs::{self, FsError};

/// A body is smaller than this, in bytes: inbound mail of 35 MB, encoded, and some.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Why a body cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It cannot be read.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Stdin(std::io::Error),
    /// No body has a field that is to be changed.
    #[error("cannot set {0}: no event that would be posted has this field")]
    NoField(String),
    /// It is not what Postmark would post.
    #[error("{origin}: {problem}")]
    Unusable {
        /// The file, or `standard input`.
        origin: String,
        /// Why.
        problem: String,
    },
}

/// A body as it was written, and what it says.
#[derive(Clone, Debug)]
pub struct OwnBody {
    /// To the byte.
    pub bytes: Vec<u8>,
    /// The JSON object in it.
    pub value: Value,
}

/// Reads a body from a file, or from standard input where the path is `-`.
pub fn read(path: &Path, stdin: &mut dyn Read) -> Result<OwnBody, BodyError> {
    let is_stdin = path.as_os_str() == "-";
    let origin = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    let bytes = if is_stdin {
        let mut bytes = Vec::new();
        stdin.take(LARGEST + 1).read_to_end(&mut bytes).map_err(BodyError::Stdin)?;
        bytes
    } else {
        fs::read(path, LARGEST)?.bytes
    };
    let unusable = |problem: String| BodyError::Unusable { origin: origin.clone(), problem };
    if bytes.len() as u64 > LARGEST {
        return Err(unusable(format!("it is larger than {LARGEST} bytes")));
    }
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(value) if value.is_object() => Ok(OwnBody { bytes, value }),
        Ok(_) => Err(unusable("it is JSON, but not an object; Postmark posts objects".to_owned())),
        // The place is said; the words of the document are not.
        Err(e) => {
            Err(unusable(format!("it is not JSON (line {}, column {})", e.line(), e.column())))
        }
    }
}
