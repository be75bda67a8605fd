//! Reads files, and replaces them atomically.
//!
//! `private` is for quay-auth's own files, `named` for files that a person or another program named.

mod lock;
mod named;
#[cfg_attr(unix, path = "ownership_unix.rs")]
#[cfg_attr(not(unix), path = "ownership_windows.rs")]
mod ownership;
mod private;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

pub(crate) use lock::Lock;
pub(crate) use named::{Mode, append_lines, delete, lock_folder_of, put};
pub(crate) use private::{PrivateFolder, read_private, remove, replace};

/// The largest file that is read, in bytes: far more than a thousand profiles need.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What was tried when the operating system reported an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Read,
    /// Create or replace a file or folder.
    Write,
}

/// Why a file could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot {} {}", match action { Action::Read => "read", Action::Write => "write" }, path.display())]
    Io { path: PathBuf, action: Action, source: io::Error },
    /// Others can read the secret in it, or write to its folder.
    #[error("other users have access to {}", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "on Windows the access list of the user's folder is inherited"))]
    OpenToOthers {
        path: PathBuf,
        /// The mode that it should have.
        mode: u32,
    },
    /// Under `sudo`, HOME may be the folder of another user.
    #[error("{} belongs to another user", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "on Windows the access list of the user's folder is inherited"))]
    ForeignOwner { path: PathBuf },
    /// A file or folder in this user's own folder. Under `sudo`, other programs create such.
    #[error("{} is in your folder, but belongs to another user", path.display())]
    StrayOwner { path: PathBuf },
    /// A link that may have been planted in a shared folder.
    #[error("{} is a link that another user made", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "on Windows only administrators can make links"))]
    ForeignLink { path: PathBuf },
    /// A new file could not have the group of the old one.
    #[error("you are not in the group of {}, so a new file would lose that group", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has such groups"))]
    LostGroup { path: PathBuf },
    #[error("there is no folder {}", path.display())]
    NoFolder { path: PathBuf },
    /// A link, a folder, a pipe, or a file with a second name.
    #[error("{} is not a regular file with a single name", path.display())]
    NotAPlainFile { path: PathBuf },
    /// Another writer did not release the lock in time. The path is that of the lock.
    #[error("another quay-auth process holds the lock {}", path.display())]
    Busy { path: PathBuf },
    /// The file system does not support locks, and there is no other folder for them.
    #[error("cannot lock {}", path.display())]
    NoLocks { path: PathBuf, source: io::Error },
    #[error("{} is not UTF-8 text", path.display())]
    NotText { path: PathBuf },
    #[error("{} is larger than {} MiB", path.display(), LARGEST / (1024 * 1024))]
    TooLarge { path: PathBuf },
}

impl Error {
    /// Adds the path and the action to an error of the operating system.
    fn io(path: &Path, action: Action) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| match ownership::find_stray(&path) {
            Some(path) if source.kind() == io::ErrorKind::PermissionDenied => Error::StrayOwner { path },
            _ => Error::Io { path, action, source },
        }
    }
}

/// Reads a file without secrets, and follows links. `None` if there is no file. Does not block on a pipe.
pub(crate) fn read(path: &Path) -> Result<Option<String>, Error> {
    match open(path, OpenOptions::new().read(true), Links::Follow) {
        Ok(file) => {
            let metadata = file.metadata().map_err(Error::io(path, Action::Read))?;
            if !metadata.is_file() {
                return Err(Error::NotAPlainFile { path: path.to_owned() });
            }
            read_text(file, path).map(Some)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path, Action::Read)(error)),
    }
}

/// Reads the bytes of a file that may be damaged, to search in them. Only the first ones of a large file. `None` if there is no file. Does
/// not block on a pipe.
pub(crate) fn read_damaged(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let failed = || Error::io(path, Action::Read);
    let file = match open(path, OpenOptions::new().read(true), Links::Follow) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed()(error)),
    };
    let metadata = file.metadata().map_err(failed())?;
    if !metadata.is_file() {
        return Err(Error::NotAPlainFile { path: path.to_owned() });
    }
    // With room for all bytes, none of them, which may be a secret, stay behind elsewhere in memory.
    let size = metadata.len().min(LARGEST);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1));
    file.take(size).read_to_end(&mut bytes).map_err(failed())?;
    Ok(Some(bytes))
}

/// Rejects anything but a regular file, and a file with a second name, through which others may have access. A file without a name was
/// just replaced by another process, which is fine.
fn check_plain(path: &Path, metadata: &fs::Metadata) -> Result<(), Error> {
    if metadata.is_file() && ownership::links(metadata) <= 1 {
        Ok(())
    } else {
        Err(Error::NotAPlainFile { path: path.to_owned() })
    }
}

fn read_text(file: File, path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    match file.take(LARGEST + 1).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(Error::NotText { path: path.to_owned() });
        }
        result => drop(result.map_err(Error::io(path, Action::Read))?),
    }
    if text.len() as u64 > LARGEST {
        return Err(Error::TooLarge { path: path.to_owned() });
    }
    Ok(text)
}

/// What to do with a symbolic link in place of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    /// For files where a link is the user's own choice.
    Follow,
    /// For files where a link may be an attack.
    Reject,
}

/// Does not block on a pipe. A new file gets mode 0600.
#[cfg_attr(not(unix), expect(unused_variables, reason = "only Unix has the flags"))]
fn open(path: &Path, options: &mut OpenOptions, links: Links) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NONBLOCK | if links == Links::Reject { OFlags::NOFOLLOW } else { OFlags::empty() };
        options.mode(0o600).custom_flags(flags.bits() as i32);
    }
    options.open(path)
}

/// Creates a file with a random name between these parts and mode 0600. It is deleted on drop, unless it is renamed.
fn create_temporary(folder: &Path, prefix: &str, suffix: &str) -> io::Result<NamedTempFile> {
    // The error of `tempfile_in` would name the temporary file.
    tempfile::Builder::new()
        .prefix(prefix)
        .suffix(suffix)
        .make_in(folder, |path| open(path, OpenOptions::new().read(true).write(true).create_new(true), Links::Reject))
}

/// Whether opening failed because there is a link, a folder or a pipe without a reader.
fn is_link_refusal(error: &io::Error) -> bool {
    #[cfg(unix)]
    return {
        use rustix::io::Errno;
        is_one_of(error, &[Errno::LOOP, Errno::ISDIR, Errno::NXIO])
    };
    #[cfg(not(unix))]
    return error.kind() == io::ErrorKind::IsADirectory;
}

#[cfg(unix)]
fn is_one_of(error: &io::Error, errors: &[rustix::io::Errno]) -> bool {
    errors.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
