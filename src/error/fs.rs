//! Errors of files and of the operating system.

use std::io;

use super::{Diagnose, Diagnosis, Exit};
use crate::fs::FsError;

impl Diagnose for FsError {
    fn diagnosis(&self) -> Diagnosis {
        let machine = Diagnosis::new(Exit::Machine);
        match self {
            Self::Link { .. } => {
                machine.hint("links are not followed when a file is written; name the file itself")
            }
            Self::Foreign { .. } => {
                machine.hint("name another file, or run this as the user that it belongs to")
            }
            Self::NotALock { .. } => machine.hint("move that file away, or name another file"),
            Self::Io { .. }
            | Self::NotAFile { .. }
            | Self::TooLarge { .. }
            | Self::Locked { .. } => machine,
        }
    }
}

impl Diagnose for io::Error {
    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::new(Exit::Machine)
    }
}
