//! Who may use a state file.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::SandboxError;
use crate::fs::{self, FsError, Lock};

/// How a server's words about itself begin, and how others know it.
const SERVER: &str = "`pmhooks sandbox serve`";
/// How long a command waits for other commands.
const PATIENCE: Duration = Duration::from_secs(10);
/// For so long the words in the lock file may still be those of a holder that is gone.
const SETTLED: Duration = Duration::from_millis(30);

/// Who runs a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// One short command, which waits a while for others of its kind.
    Command,
    /// `sandbox serve`, which does not wait and is not waited for.
    Server,
}

/// Takes the lock beside a state file.
pub(super) fn take(state: &Path, holder: Holder) -> Result<Lock, SandboxError> {
    fs::refuse_link(state).map_err(SandboxError::Disk)?;
    let pid = std::process::id();
    let (words, patience) = match holder {
        Holder::Command => (format!("another run of `pmhooks -p sandbox` (pid {pid})"), PATIENCE),
        Holder::Server => (format!("{SERVER} (pid {pid})"), Duration::ZERO),
    };
    let server = Seen::default();
    let is_server = |words: &str| server.is_there(words, Instant::now());
    match Lock::beside(state, &words, patience, is_server) {
        Ok(lock) => Ok(lock),
        Err(FsError::Locked { holder, .. }) => Err(SandboxError::InUse { by: holder }),
        Err(error) => Err(SandboxError::Disk(error)),
    }
}

/// Since when a lock file has told of a server.
#[derive(Default)]
struct Seen(Cell<Option<Instant>>);

impl Seen {
    /// True once the words have been those of a server for so long that they must be its own.
    fn is_there(&self, words: &str, now: Instant) -> bool {
        let since = words.starts_with(SERVER).then(|| self.0.get().unwrap_or(now));
        self.0.set(since);
        since.is_some_and(|since| now.saturating_duration_since(since) >= SETTLED)
    }
}

/// Adds a server's address to its words.
pub(super) fn name_server(lock: &mut Lock, address: SocketAddr) -> Result<(), SandboxError> {
    let words = format!("{SERVER} at http://{address} (pid {})", std::process::id());
    lock.describe(&words).map_err(SandboxError::Disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_believed_only_when_its_words_stay() {
        let start = Instant::now();
        let server = format!("{SERVER} at http://127.0.0.1:1 (pid 1)");
        let seen = Seen::default();
        assert!(!seen.is_there(&server, start), "they may be left over");
        assert!(!seen.is_there("another run", start + SETTLED), "and so they were");
        assert!(!seen.is_there(&server, start + 2 * SETTLED), "from here on anew");
        assert!(seen.is_there(&server, start + 3 * SETTLED));
    }
}
