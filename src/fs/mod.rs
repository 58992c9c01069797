//! Files: atomic replacement, locks, appending.

pub mod append;
pub mod held;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
    refuse_other_kinds(path, metadata.file_type())?;
    let file = File::open(path).map_err(FsError::io("read", path))?;
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

/// Replaces (or makes) a private file in one step: afterwards it is wholly the old or wholly the new.
///
/// A symbolic link is kept and its target replaced. Missing folders are made 0700. When this returns
/// the bytes and the name are on the disk.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let target = resolve_link(path)?;
    let folder = parent(&target);
    create_folder(folder)?;
    if let Ok(metadata) = fs::metadata(&target) {
        refuse_other_kinds(&target, metadata.file_type())?;
    }
    let file = beside(&target, bytes)?;
    file.persist(&target).map_err(|e| FsError::io("replace", &target)(e.error))?;
    sync_folder(folder)
}

/// Makes a private file in one step, in a folder that is there. Whatever stands at the path stays.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let file = beside(path, bytes)?;
    file.persist_noclobber(path).map_err(|e| FsError::io("make", path)(e.error))?;
    sync_folder(parent(path))
}

/// The bytes on the disk, in a private file without a lasting name beside the one that it is to have.
fn beside(target: &Path, bytes: &[u8]) -> Result<tempfile::NamedTempFile, FsError> {
    let folder = parent(target);
    let mut file = tempfile::Builder::new()
        .prefix(".pmhooks-")
        .tempfile_in(folder)
        .map_err(FsError::io("write in", folder))?;
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
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(FsError::io("make the folder", folder))
}

fn resolve_link(path: &Path) -> Result<PathBuf, FsError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => {
            fs::canonicalize(path).map_err(FsError::io("follow the link", path))
        }
        _ => Ok(path.to_owned()),
    }
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

/// A lock between processes, freed when it is dropped or its process dies.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock, waiting at most `wait` for another process to let go.
    ///
    /// `holder` says who we are, for the message that the others see. Waiting ends early where
    /// `hopeless` says so of the present holder's own words.
    pub fn acquire(
        path: &Path,
        holder: &str,
        wait: Duration,
        hopeless: impl Fn(&str) -> bool,
    ) -> Result<Self, FsError> {
        create_folder(parent(path))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(FsError::io("lock", path))?;
        let give_up = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::Error(e)) => return Err(FsError::io("lock", path)(e)),
                Err(fs::TryLockError::WouldBlock) => {
                    let other = described(&mut file);
                    if Instant::now() >= give_up || hopeless(&other) {
                        return Err(FsError::Locked { path: path.to_owned(), holder: other });
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
        let mut lock = Self { file };
        lock.describe(holder).map_err(FsError::io("lock", path))?;
        Ok(lock)
    }

    /// Says anew who holds the lock.
    pub fn describe(&mut self, holder: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(holder.as_bytes())
    }
}

fn described(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(512).read_to_string(&mut text));
    if read.is_err() || text.is_empty() { "another process".to_owned() } else { text }
}
