//! A private file that lines are added to: whole ones only, and never into a file that is gone.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{FsError, loose_mode, owner, parent, refuse_other_kinds, sync_folder};

/// A file that lines are added to. It is locked: two writers would cut each other's lines.
#[derive(Debug)]
pub struct Appender {
    path: PathBuf,
    file: File,
    /// A plain file: not a device, which cannot be moved away or cut.
    is_plain: bool,
    /// What stands last in it is no whole line.
    is_torn: bool,
    syncs: bool,
    owner: Owner,
}

/// Whose file lines are added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The user of this process alone: the file holds what only this user may know.
    User,
    /// A file of this tool in its folder. Root also works on that of the folder's owner.
    Folder,
}

/// What was found when it was opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// The permission bits, where others than the owner may read or write.
    pub loose_mode: Option<u32>,
    /// Its last line was cut off.
    pub is_torn: bool,
}

/// Where the lines went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into the file that was open.
    Same,
    /// The file had been moved or removed, so a new one stands at the path now.
    New,
}

impl Appender {
    /// Opens a file, or makes it 0600. With `syncs`, lines are on the disk when [`Self::append`] returns.
    ///
    /// A symbolic link and a file of another user are refused, here and when the file is opened anew.
    pub fn open(path: &Path, syncs: bool, owner: Owner) -> Result<(Self, Found), FsError> {
        let failed = |source| FsError::Io { doing: "write", path: path.to_owned(), source };
        let refuse = |metadata: &std::fs::Metadata| {
            if is_device(metadata) {
                Ok(())
            } else {
                refuse_other_kinds(path, metadata.file_type())
            }
        };
        if let Some(metadata) = owner::in_place(path)? {
            refuse(&metadata)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = owner::open(&mut options, path, "write")?;
        let metadata = file.metadata().map_err(failed)?;
        refuse(&metadata)?;
        let is_plain = metadata.is_file();
        if is_plain {
            owner::refuse_planted_name(path, &metadata)?;
            match owner {
                Owner::User => owner::refuse_others(path, &metadata)?,
                Owner::Folder => owner::refuse_foreign(path, &metadata)?,
            }
        } else {
            wait_for_device(&file).map_err(failed)?;
        }
        let mut found = Found::default();
        if is_plain {
            match file.try_lock() {
                Ok(()) => {}
                Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
                Err(std::fs::TryLockError::WouldBlock) => {
                    let holder = "another process that adds to it".to_owned();
                    return Err(FsError::Locked { path: path.to_owned(), holder });
                }
            }
            found.loose_mode = loose_mode(&metadata);
            found.is_torn = is_torn(&mut file).map_err(failed)?;
            if syncs {
                sync_folder(parent(path))?;
            }
        }
        let path = path.to_owned();
        Ok((Self { path, file, is_plain, is_torn: found.is_torn, syncs, owner }, found))
    }

    /// Cuts the file to a length that it had before, in bytes. A shorter file is an error.
    pub fn truncate(&mut self, length: u64) -> Result<(), FsError> {
        let failed = |source| FsError::Io { doing: "write", path: self.path.clone(), source };
        let now = self.file.metadata().map_err(failed)?.len();
        if now < length {
            return Err(failed(io::Error::other(format!("it has {now} bytes, expected {length}"))));
        }
        self.file.set_len(length).map_err(failed)?;
        self.is_torn = false;
        Ok(())
    }

    /// Adds whole lines. When this returns well the system has them all; else the file has none.
    pub fn append(&mut self, lines: &[u8]) -> Result<Place, FsError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| FsError::Io { doing: "write", path, source }
        };
        let written = self.write(lines);
        if !self.is_plain || self.is_in_place() {
            return written.map(|()| Place::Same).map_err(failed(&self.path));
        }
        let is_gone = written.is_err() || self.is_gone();
        let (anew, _) = Self::open(&self.path, self.syncs, self.owner).inspect_err(|_| {
            // The lines are refused, so the file that was moved away must not have them either.
            if written.is_ok() {
                let _ = self.take_back(lines.len() as u64);
            }
        })?;
        *self = anew;
        if is_gone {
            self.write(lines).map_err(failed(&self.path))?;
        }
        Ok(Place::New)
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let start: &[u8] = if self.is_torn { b"\n" } else { b"" };
        let mut written = 0;
        let outcome = self
            .write_all(start, &mut written)
            .and_then(|()| self.write_all(lines, &mut written))
            .and_then(|()| if self.syncs { self.file.sync_data() } else { Ok(()) });
        match outcome {
            Ok(()) => self.is_torn = false,
            // Of a device nothing can be taken back; then the next line starts anew.
            Err(_) if written > 0 => self.is_torn |= self.take_back(written).is_err(),
            Err(_) => {}
        }
        outcome
    }

    fn write_all(&self, mut bytes: &[u8], written: &mut u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match (&self.file).write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    *written += count as u64;
                    bytes = bytes.get(count..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn take_back(&self, written: u64) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        self.file.set_len(length.saturating_sub(written))
    }

    /// Whether the open file is still what the path names.
    #[cfg(unix)]
    fn is_in_place(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        let there = self.path.symlink_metadata().map(identity).ok();
        there.is_some() && there == self.file.metadata().map(identity).ok()
    }

    #[cfg(not(unix))]
    fn is_in_place(&self) -> bool {
        true
    }

    /// Whether no name leads to the open file any more.
    #[cfg(unix)]
    fn is_gone(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        self.file.metadata().is_ok_and(|metadata| metadata.nlink() == 0)
    }

    #[cfg(not(unix))]
    fn is_gone(&self) -> bool {
        false
    }
}

#[cfg(unix)]
fn is_device(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    metadata.file_type().is_char_device()
}

/// A device is opened without waiting, like everything else, but written to at its own speed.
#[cfg(unix)]
fn wait_for_device(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fcntl_setfl(file, rustix::fs::OFlags::APPEND)?)
}

#[cfg(not(unix))]
fn wait_for_device(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn is_device(_: &std::fs::Metadata) -> bool {
    false
}

fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
