//! Who may use a state file.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Holder, SandboxError};
use crate::disk::{DiskError, Lock};

/// How a server's words about itself begin, and how others know it.
const SERVER: &str = "`pmhooks sandbox serve`";
/// How long a command waits for other commands.
const PATIENCE: Duration = Duration::from_secs(10);
/// For so long the words in the lock file may still be those of a holder that is gone.
const SETTLED: Duration = Duration::from_millis(30);

/// Takes the lock beside a state file.
pub(super) fn take(state: &Path, holder: Holder) -> Result<Lock, SandboxError> {
    let pid = std::process::id();
    let (words, patience) = match holder {
        Holder::Command => (format!("another run with the sandbox (pid {pid})"), PATIENCE),
        Holder::Server => (format!("{SERVER} (pid {pid})"), Duration::ZERO),
    };
    let server_since = Cell::new(None);
    let is_server = |words: &str| {
        let since =
            words.starts_with(SERVER).then(|| server_since.get().unwrap_or_else(Instant::now));
        server_since.set(since);
        since.is_some_and(|since: Instant| since.elapsed() >= SETTLED)
    };
    match Lock::acquire(&beside(state), &words, patience, is_server) {
        Ok(lock) => Ok(lock),
        Err(DiskError::Locked { holder, .. }) => Err(SandboxError::InUse { by: holder }),
        Err(error) => Err(SandboxError::Disk(error)),
    }
}

/// Adds a server's address to its words.
pub(super) fn name_server(
    lock: &mut Lock,
    state: &Path,
    address: SocketAddr,
) -> Result<(), SandboxError> {
    let words = format!("{SERVER} at http://{address} (pid {})", std::process::id());
    lock.describe(&words).map_err(|source| {
        SandboxError::Disk(DiskError::Io { doing: "write", path: beside(state), source })
    })
}

/// `sandbox.json` is locked by `sandbox.lock`; by the same one under whichever link it is reached.
fn beside(state: &Path) -> PathBuf {
    let real = state.canonicalize().unwrap_or_else(|_| state.to_owned());
    let lock = real.with_extension("lock");
    if lock == real { real.with_extension("lock.lock") } else { lock }
}
