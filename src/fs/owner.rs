//! Links and owners: what others put into a file's place is neither followed nor taken over.
//!
//! Outside Unix only links are looked at; files there inherit their access from the folder.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::path::{Path, PathBuf};

use super::{Access, FsError, parent};

/// Links that may stand behind each other. The kernel's own limit is 40.
const MOST_LINKS: usize = 40;

/// Refuses a symbolic link at a path; nothing there is fine. Its metadata otherwise.
pub(super) fn in_place(path: &Path) -> Result<Option<Metadata>, FsError> {
    refuse_planted_links(path)?;
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(FsError::Link { path: path.to_owned() }),
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(error) => Err(FsError::io("look at", path)(error)),
    }
}

/// Opens a file without following a link at its end, even one that appears meanwhile.
pub(super) fn open(
    options: &mut OpenOptions,
    path: &Path,
    doing: &'static str,
) -> Result<File, FsError> {
    refuse_planted_links(path)?;
    let link = || FsError::Link { path: path.to_owned() };
    no_follow(options);
    let file = options.open(path).map_err(|error| {
        let is_link = fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink());
        if is_link { link() } else { FsError::io(doing, path)(error) }
    })?;
    // Windows opens the link itself.
    if file.metadata().map_err(FsError::io(doing, path))?.is_symlink() {
        return Err(link());
    }
    Ok(file)
}

/// The file that a path leads to, if each link on the way and its folder belong to the user or to root.
///
/// For the configuration alone: people keep theirs in a repository and link to it.
pub fn follow_own_links(path: &Path) -> Result<PathBuf, FsError> {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        refuse_planted_links(&target)?;
        match fs::symlink_metadata(&target) {
            Ok(metadata) if metadata.is_symlink() => {
                refuse_foreign_link(path, &target, &metadata)?;
                let next = fs::read_link(&target).map_err(FsError::io("follow the link", path))?;
                target = parent(&target).join(next);
            }
            // What is there, and whether it can be read at all, is seen when it is opened.
            _ => return Ok(target),
        }
    }
    Err(FsError::Link { path: path.to_owned() })
}

#[cfg(unix)]
fn no_follow(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    // A pipe in the file's place is refused, not waited for.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed());
}

#[cfg(windows)]
fn no_follow(options: &mut OpenOptions) {
    use std::os::windows::fs::OpenOptionsExt as _;
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
}

#[cfg(not(any(unix, windows)))]
fn no_follow(_: &mut OpenOptions) {}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    use super::{Access, File, FsError, Metadata, Path, fs, parent};

    const ROOT: u32 = 0;
    const OTHERS_WRITE: u32 = 0o022;

    /// The user whose rights this process has.
    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn foreign(path: &Path, what: &'static str, owner: u32) -> FsError {
        FsError::Foreign { path: path.to_owned(), what, owner }
    }

    pub(in super::super) fn refuse_foreign_link(
        path: &Path,
        link: &Path,
        metadata: &Metadata,
    ) -> Result<(), FsError> {
        let folder = fs::metadata(parent(link)).map_err(FsError::io("look at", parent(link)))?;
        let owners = [
            ("the symbolic link", metadata.uid()),
            ("the folder of the symbolic link", folder.uid()),
        ];
        match owners.into_iter().find(|(_, owner)| ![user(), ROOT].contains(owner)) {
            Some((what, owner)) => Err(foreign(path, what, owner)),
            None => Ok(()),
        }
    }

    /// Refuses a way through a link that another user put into a folder where everybody may write.
    ///
    /// Linux does so by itself where `fs.protected_symlinks` is on.
    pub(in super::super) fn refuse_planted_links(path: &Path) -> Result<(), FsError> {
        for folder in parent(path).ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
            let Ok(link) = fs::symlink_metadata(folder) else { continue };
            if !link.is_symlink() || [user(), ROOT].contains(&link.uid()) {
                continue;
            }
            let is_planted =
                |above: Metadata| above.mode() & OTHERS_WRITE != 0 && above.uid() != link.uid();
            if fs::metadata(parent(folder)).is_ok_and(is_planted) {
                return Err(foreign(path, "a symbolic link on the way", link.uid()));
            }
        }
        Ok(())
    }

    /// Whether a file is the user's own, or one that root may work on for its owner: it stands in the
    /// owner's folder, or in one where nobody else could have put it.
    fn is_own(file: &Metadata, folder: &Metadata) -> bool {
        file.uid() == user()
            || user() == ROOT && (file.uid() == folder.uid() || folder.mode() & OTHERS_WRITE == 0)
    }

    /// Refuses an open file that another user may have put there.
    pub(in super::super) fn refuse_foreign(path: &Path, file: &Metadata) -> Result<(), FsError> {
        let folder = fs::metadata(parent(path)).map_err(FsError::io("look at", parent(path)))?;
        if is_own(file, &folder) { Ok(()) } else { Err(foreign(path, "it", file.uid())) }
    }

    /// Refuses an open file of another user, whoever that is.
    pub(in super::super) fn refuse_others(path: &Path, file: &Metadata) -> Result<(), FsError> {
        if file.uid() == user() { Ok(()) } else { Err(foreign(path, "it", file.uid())) }
    }

    /// Refuses a second name that another user may have given to a file of this one.
    pub(in super::super) fn refuse_planted_name(
        path: &Path,
        file: &Metadata,
    ) -> Result<(), FsError> {
        let is_shared = |folder: Metadata| folder.mode() & OTHERS_WRITE != 0;
        if has_other_names(file) && fs::metadata(parent(path)).is_ok_and(is_shared) {
            return Err(FsError::NotAFile { path: path.to_owned(), what: "a hard link" });
        }
        Ok(())
    }

    /// Whether a file can be reached by another name, too.
    pub(in super::super) fn has_other_names(file: &Metadata) -> bool {
        file.nlink() > 1
    }

    /// Gives a new file the owner of its folder, where root works in a user's folder.
    pub(in super::super) fn adopt(path: &Path, file: &File) {
        if user() != ROOT {
            return;
        }
        if let Ok(folder) = fs::metadata(parent(path))
            && folder.uid() != ROOT
        {
            // Where that is not possible the file is root's, as any other that root makes.
            let _ = fchown(file, Some(folder.uid()), Some(folder.gid()));
        }
    }

    /// The same for a new folder.
    pub(in super::super) fn adopt_folder(folder: &Path) {
        use std::os::unix::fs::OpenOptionsExt as _;
        if user() != ROOT {
            return;
        }
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::DIRECTORY;
        let mut options = fs::OpenOptions::new();
        options.read(true).custom_flags(flags.bits().cast_signed());
        if let Ok(opened) = options.open(folder) {
            adopt(folder, &opened);
        }
    }

    /// Gives a file that takes another's place its owner, its group and, if asked, its mode.
    pub(in super::super) fn inherit(
        path: &Path,
        new: &File,
        old: &Metadata,
        access: Access,
    ) -> Result<(), FsError> {
        let failed = || FsError::io("keep the owner of", path);
        let created = new.metadata().map_err(failed())?;
        if old.uid() != created.uid() {
            let folder =
                fs::metadata(parent(path)).map_err(FsError::io("look at", parent(path)))?;
            if user() != ROOT || !is_own(old, &folder) {
                return Err(foreign(path, "it", old.uid()));
            }
            fchown(new, Some(old.uid()), None).map_err(failed())?;
        }
        let has_group = old.gid() == created.gid() || fchown(new, None, Some(old.gid())).is_ok();
        if access == Access::Kept {
            // Another group gets no more than it had.
            let mode = old.mode() & if has_group { 0o777 } else { 0o707 };
            let permissions = fs::Permissions::from_mode(mode);
            new.set_permissions(permissions).map_err(FsError::io("keep the mode of", path))?;
        }
        Ok(())
    }
}

#[cfg(unix)]
pub(super) use unix::{
    adopt, adopt_folder, has_other_names, inherit, refuse_foreign, refuse_foreign_link,
    refuse_others, refuse_planted_links, refuse_planted_name,
};

#[cfg(not(unix))]
mod elsewhere {
    use super::{Access, File, FsError, Metadata, Path};

    pub(in super::super) fn refuse_foreign_link(
        _: &Path,
        _: &Path,
        _: &Metadata,
    ) -> Result<(), FsError> {
        Ok(())
    }

    pub(in super::super) fn refuse_planted_links(_: &Path) -> Result<(), FsError> {
        Ok(())
    }

    pub(in super::super) fn refuse_foreign(_: &Path, _: &Metadata) -> Result<(), FsError> {
        Ok(())
    }

    pub(in super::super) fn refuse_others(_: &Path, _: &Metadata) -> Result<(), FsError> {
        Ok(())
    }

    pub(in super::super) fn refuse_planted_name(_: &Path, _: &Metadata) -> Result<(), FsError> {
        Ok(())
    }

    pub(in super::super) fn has_other_names(_: &Metadata) -> bool {
        false
    }

    pub(in super::super) fn adopt(_: &Path, _: &File) {}

    pub(in super::super) fn adopt_folder(_: &Path) {}

    pub(in super::super) fn inherit(
        _: &Path,
        _: &File,
        _: &Metadata,
        _: Access,
    ) -> Result<(), FsError> {
        Ok(())
    }
}

#[cfg(not(unix))]
pub(super) use elsewhere::{
    adopt, adopt_folder, has_other_names, inherit, refuse_foreign, refuse_foreign_link,
    refuse_others, refuse_planted_links, refuse_planted_name,
};
