//! Files: atomic replacement, locks, appending.
//!
//! There are three ways to write: a private new file ([`write_new`]), replacing a file in place
//! ([`replace`]), and appending ([`append::Appender`]). None of them follows a symbolic link; the
//! configuration, which may be one, is looked up with [`follow_own_links`] first.

pub mod append;
pub mod held;
mod owner;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use owner::follow_own_links;

/// What was tried on which path, and why it failed.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// The operating system said no.
    #[error("cannot {doing} {path}: {source}", path = path.display())]
    Io {
        /// What was tried: a verb, as in `cannot write /path`.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// There is something at the path that is not a plain file.
    #[error("cannot use {path}: it is {what}, not a file", path = path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What stands there instead, with its article.
        what: &'static str,
    },
    /// A symbolic link stands where a file is written.
    #[error("cannot use {path}: it is a symbolic link", path = path.display())]
    Link {
        /// The path.
        path: PathBuf,
    },
    /// A file or a link of another user.
    #[error("cannot use {path}: {what} belongs to another user (uid {owner})", path = path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// The file itself (`it`), or the link or folder that leads to it.
        what: &'static str,
        /// User ID of the owner.
        owner: u32,
    },
    /// A file with the name of a lock holds something else.
    #[error("cannot lock {path}: it is not a lock file of pmhooks", path = path.display())]
    NotALock {
        /// The path.
        path: PathBuf,
    },
    /// The file is larger than anything we would have written.
    #[error("cannot read {path}: it is larger than {limit} bytes", path = path.display())]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// Another process holds the lock.
    #[error("{path} is in use by {holder}", path = path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// What the holder wrote about itself.
        holder: String,
    },
}

impl FsError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// True if a new file was to be created at a path that exists.
    pub fn already_exists(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
    }

    /// True where the file was simply not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// A file's content, and who else can get at it.
#[derive(Debug)]
pub struct Content {
    /// The bytes, at most as many as were asked for.
    pub bytes: Vec<u8>,
    /// The permission bits (`0o644`) where others than the owner may read or write; `None` if private.
    pub loose_mode: Option<u32>,
}

/// Reads a plain file of at most `limit` bytes.
///
/// Folders, pipes and devices are refused instead of waited for. The mode is that of the opened
/// descriptor, so nobody can swap the file between the check and the reading.
pub fn read(path: &Path, limit: u64) -> Result<Content, FsError> {
    refuse_dead_ends(path)?;
    content(path, File::open(path).map_err(FsError::io("read", path))?, limit)
}

/// [`read`], for a file that this tool also writes: a symbolic link is refused.
pub fn read_in_place(path: &Path, limit: u64) -> Result<Content, FsError> {
    if let Some(metadata) = owner::in_place(path)? {
        refuse_other_kinds(path, metadata.file_type())?;
    }
    let file = owner::open(OpenOptions::new().read(true), path, "read")?;
    content(path, file, limit)
}

/// [`read`], for the configuration: a symbolic link is followed as [`follow_own_links`] does.
pub fn read_by_own_links(path: &Path, limit: u64) -> Result<Content, FsError> {
    refuse_dead_ends(path)?;
    let real = follow_own_links(path)?;
    content(path, owner::open(OpenOptions::new().read(true), &real, "read")?, limit)
}

/// Refuses a path that leads to no plain file, links followed.
fn refuse_dead_ends(path: &Path) -> Result<(), FsError> {
    let metadata = fs::metadata(path).or_else(|error| {
        let missing = error.kind() == io::ErrorKind::NotFound;
        match fs::symlink_metadata(path) {
            Ok(there) if missing && there.is_symlink() => {
                Err(FsError::NotAFile { path: path.to_owned(), what: "a link to nothing" })
            }
            // Another process has just made it.
            Ok(_) if missing => fs::metadata(path).map_err(FsError::io("read", path)),
            _ => Err(FsError::io("read", path)(error)),
        }
    })?;
    refuse_other_kinds(path, metadata.file_type())
}

fn content(path: &Path, file: File, limit: u64) -> Result<Content, FsError> {
    let metadata = file.metadata().map_err(FsError::io("read", path))?;
    refuse_other_kinds(path, metadata.file_type())?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(FsError::io("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(FsError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(Content { bytes, loose_mode: loose_mode(&metadata) })
}

/// A file that is read piece by piece.
#[derive(Debug)]
pub struct Opened {
    /// What was there when it was opened: what is added meanwhile is not read.
    pub content: io::Take<File>,
    /// How many bytes that is; none of a pipe.
    pub length: Option<u64>,
}

/// Opens a file that may be larger than memory. A pipe is read to its end.
pub fn open(path: &Path) -> Result<Opened, FsError> {
    let file = File::open(path).map_err(FsError::io("read", path))?;
    let metadata = file.metadata().map_err(FsError::io("read", path))?;
    if metadata.is_dir() {
        return Err(FsError::NotAFile { path: path.to_owned(), what: "a folder" });
    }
    let length = metadata.is_file().then_some(metadata.len());
    Ok(Opened { content: file.take(length.unwrap_or(u64::MAX)), length })
}

fn refuse_other_kinds(path: &Path, kind: fs::FileType) -> Result<(), FsError> {
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a folder"
    } else {
        "a pipe, a socket or a device"
    };
    Err(FsError::NotAFile { path: path.to_owned(), what })
}

#[cfg(unix)]
fn loose_mode(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn loose_mode(_: &fs::Metadata) -> Option<u32> {
    None
}

/// Who can read a file after it was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone (0600): it may hold a secret.
    Private,
    /// The same users as before. A new file is private.
    Kept,
}

/// Replaces or creates a file in one step: afterwards it is wholly the old or wholly the new.
///
/// It keeps its owner. A symbolic link is refused, and so is a file whose owner cannot be kept. Missing
/// folders are made 0700. When this returns the bytes and the name are on the disk.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<(), FsError> {
    let old = owner::in_place(path)?;
    if let Some(old) = &old {
        refuse_other_kinds(path, old.file_type())?;
    }
    let folder = parent(path);
    create_folder(folder)?;
    let file = beside(path, bytes)?;
    let placed = match &old {
        Some(old) => {
            owner::inherit(path, file.as_file(), old, access)?;
            file.persist(path)
        }
        None => file.persist_noclobber(path).or_else(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            // Not every file system can refuse to replace. A link would be replaced, not followed.
            _ => error.file.persist(path),
        }),
    };
    placed.map_err(|e| {
        FsError::io(if old.is_some() { "replace" } else { "create" }, path)(e.error)
    })?;
    sync_folder(folder)
}

/// Creates a private file in one step. What is already at the path stays, and is an error of the kind
/// `AlreadyExists`; a symbolic link counts. Missing folders are made 0700.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let folder = parent(path);
    create_folder(folder)?;
    let file = beside(path, bytes)?;
    file.persist_noclobber(path).map_err(|e| FsError::io("create", path)(e.error))?;
    sync_folder(folder)
}

/// Removes a file. A missing one is not an error.
pub fn remove(path: &Path) -> Result<(), FsError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FsError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Refuses a symbolic link at a path, before the work begins whose result goes there.
pub fn refuse_link(path: &Path) -> Result<(), FsError> {
    owner::in_place(path).map(drop)
}

/// The bytes on the disk, in a private file without a lasting name beside the one that it is to have.
fn beside(target: &Path, bytes: &[u8]) -> Result<tempfile::NamedTempFile, FsError> {
    owner::refuse_planted_links(target)?;
    let folder = parent(target);
    let mut file = tempfile::Builder::new()
        .prefix(".pmhooks-")
        .tempfile_in(folder)
        .map_err(FsError::io("write in", folder))?;
    owner::adopt(target, file.as_file());
    file.write_all(bytes).map_err(FsError::io("write", target))?;
    file.as_file().sync_all().map_err(FsError::io("write", target))?;
    Ok(file)
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// A folder; `true` where others than the owner may change what is in it.
    Folder(bool),
    /// Anything else.
    Other,
}

/// Looks what stands at a path. Links are followed.
pub fn look(path: &Path) -> Result<Standing, FsError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Ok(Standing::Folder(loose_mode(&metadata).is_some_and(|mode| mode & 0o022 != 0)))
        }
        Ok(_) => Ok(Standing::Other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Standing::Nothing),
        Err(error) => Err(FsError::io("look at", path)(error)),
    }
}

/// Makes a folder, and those above it, so that only its owner can enter (0700).
pub fn create_folder(folder: &Path) -> Result<(), FsError> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<_> = folder.ancestors().take_while(is_missing).collect();
    for part in missing.into_iter().rev() {
        match builder.create(part) {
            Ok(()) => owner::adopt_folder(part),
            // Another process has just made it.
            Err(_) if part.is_dir() => {}
            Err(error) => return Err(FsError::io("make the folder", folder)(error)),
        }
    }
    // Something else may stand there.
    builder.recursive(true).create(folder).map_err(FsError::io("make the folder", folder))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), FsError> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(FsError::io("write in", folder))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), FsError> {
    Ok(())
}

/// How a lock file begins, so that a file of another program is never taken for one.
const LOCK_MARK: &str = "pmhooks-lock: ";

/// A lock between processes, freed when it is dropped or its process dies.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Takes the lock of a file, waiting at most `wait` for another process to let go.
    ///
    /// It is a file of its own beside it, `.NAME.pmhooks-lock`, which is never removed. `holder` says who
    /// we are, for the message that the others see. Waiting ends early where `hopeless` says so of the
    /// present holder's own words.
    pub fn beside(
        path: &Path,
        holder: &str,
        wait: Duration,
        hopeless: impl Fn(&str) -> bool,
    ) -> Result<Self, FsError> {
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".pmhooks-lock");
        let path = path.with_file_name(name);
        create_folder(parent(&path))?;
        let mut file = open_lock(&path)?;
        let give_up = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::Error(e)) => return Err(FsError::io("lock", &path)(e)),
                Err(fs::TryLockError::WouldBlock) => {
                    let other = described(&mut file);
                    if Instant::now() >= give_up || hopeless(&other) {
                        return Err(FsError::Locked { path, holder: other });
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
        if !is_lock(&mut file).map_err(FsError::io("lock", &path))? {
            return Err(FsError::NotALock { path });
        }
        let mut lock = Self { path, file };
        lock.describe(holder)?;
        Ok(lock)
    }

    /// Says anew who holds the lock.
    pub fn describe(&mut self, holder: &str) -> Result<(), FsError> {
        let described = self
            .file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .and_then(|()| self.file.write_all(format!("{LOCK_MARK}{holder}").as_bytes()));
        described.map_err(FsError::io("lock", &self.path))
    }
}

/// Opens a lock file, or makes it 0600.
fn open_lock(path: &Path) -> Result<File, FsError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match owner::open(options.clone().create_new(true), path, "lock") {
        Ok(file) => {
            owner::adopt(path, &file);
            return Ok(file);
        }
        Err(FsError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let file = owner::open(&mut options, path, "lock")?;
    let metadata = file.metadata().map_err(FsError::io("lock", path))?;
    refuse_other_kinds(path, metadata.file_type())?;
    owner::refuse_foreign(path, &metadata)?;
    Ok(file)
}

/// Whether a file was written by [`Lock::describe`], wholly or in part, or is a new one. An empty file that
/// has another name is somebody's.
fn is_lock(file: &mut File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    if metadata.len() == 0 {
        return Ok(!owner::has_other_names(&metadata));
    }
    let mut start = Vec::new();
    file.rewind()?;
    file.take(LOCK_MARK.len() as u64).read_to_end(&mut start)?;
    Ok(LOCK_MARK.as_bytes().starts_with(&start))
}

fn described(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(512).read_to_string(&mut text));
    match text.strip_prefix(LOCK_MARK) {
        Some(holder) if read.is_ok() && !holder.is_empty() => holder.to_owned(),
        _ => "another process".to_owned(),
    }
}
