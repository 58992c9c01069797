//! A private file that its process holds: the others can see that it is in use, and whoever finds it free
//! knows that its process is gone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::{FsError, beside, create_folder, owner, parent, sync_folder};

/// A file that is held. It is free when this is dropped, or when the process dies.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    file: File,
}

impl Held {
    /// Makes a file, held from the moment that its name is there.
    pub fn make(path: &Path, bytes: &[u8]) -> Result<Self, FsError> {
        create_folder(parent(path))?;
        Self::put(path, bytes)
    }

    /// Replaces the content in one step; at no moment is the file free.
    pub fn rewrite(&mut self, bytes: &[u8]) -> Result<(), FsError> {
        *self = Self::put(&self.path, bytes)?;
        Ok(())
    }

    /// Takes a file that was left, with what is in it; none where somebody holds it or has removed it.
    pub fn take(path: &Path, limit: u64) -> Result<Option<(Self, Vec<u8>)>, FsError> {
        let file = match owner::open(OpenOptions::new().read(true).write(true), path, "read") {
            Ok(file) => file,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(FsError::io("lock", path)(error)),
        }
        // Between the opening and the lock its holder may have replaced it: then it is not free.
        if !is_same(path, &file) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        (&file).take(limit).read_to_end(&mut bytes).map_err(FsError::io("read", path))?;
        Ok(Some((Self { path: path.to_owned(), file }, bytes)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file.
    pub fn remove(self) -> Result<(), FsError> {
        fs::remove_file(&self.path).map_err(FsError::io("remove", &self.path))?;
        drop(self.file);
        sync_folder(parent(&self.path))
    }

    fn put(path: &Path, bytes: &[u8]) -> Result<Self, FsError> {
        let file = beside(path, bytes)?;
        match file.as_file().try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::Error(error)) => return Err(FsError::io("lock", path)(error)),
            Err(fs::TryLockError::WouldBlock) => {
                return Err(FsError::io("lock", path)(io::ErrorKind::WouldBlock.into()));
            }
        }
        let file = file.persist(path).map_err(|e| FsError::io("write", path)(e.error))?;
        sync_folder(parent(path))?;
        Ok(Self { path: path.to_owned(), file })
    }
}

#[cfg(unix)]
fn is_same(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let there = path.symlink_metadata().map(identity).ok();
    there.is_some() && there == file.metadata().map(identity).ok()
}

#[cfg(not(unix))]
fn is_same(path: &Path, _: &File) -> bool {
    path.exists()
}

/// The files of a folder whose names end so, in their order; none where there is no folder.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, FsError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FsError::io("read the folder", folder)(error)),
    };
    let entries: Result<Vec<_>, _> = entries.collect();
    let entries = entries.map_err(FsError::io("read the folder", folder))?;
    let mut files: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == ending));
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_not_taken_and_what_is_left_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("temporary/a.json");
        let mut held = Held::make(&path, b"one").unwrap();
        assert!(Held::take(&path, 100).unwrap().is_none());
        held.rewrite(b"two").unwrap();
        assert!(Held::take(&path, 100).unwrap().is_none());
        assert_eq!(files(path.parent().unwrap(), "json").unwrap(), std::slice::from_ref(&path));
        drop(held);
        let (taken, bytes) = Held::take(&path, 100).unwrap().unwrap();
        assert_eq!(bytes, b"two");
        assert!(Held::take(&path, 100).unwrap().is_none());
        taken.remove().unwrap();
        assert!(Held::take(&path, 100).unwrap().is_none());
        assert!(files(path.parent().unwrap(), "json").unwrap().is_empty());
        assert!(files(Path::new("/nonexistent/folder"), "json").unwrap().is_empty());
    }
}
