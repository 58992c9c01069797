//! Why a sandbox cannot be had.

use std::io;
use std::path::PathBuf;

use crate::fs::FsError;

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A file could not be used.
    #[error(transparent)]
    Disk(FsError),
    /// The port could not be opened.
    #[error("cannot listen on port {port} of this machine: {source}")]
    Port {
        /// The port that was asked for.
        port: u16,
        /// What the system answered.
        source: io::Error,
    },
    /// Another sandbox uses the state.
    #[error("the sandbox's state is in use by {by}")]
    InUse {
        /// Who that is, with its address where it has a fixed one.
        by: String,
    },
    /// The state file cannot be used. It is left as it is.
    #[error("cannot use the sandbox's state in {path}: {reason}", path = path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system gave no thread or no event queue.
    #[error("cannot start the sandbox: {0}")]
    Start(io::Error),
}
