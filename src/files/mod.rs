//! Files: reading them, and replacing them whole. What stands in them is for others to say.
//!
//! `private` has those of our own, `named` those that a person or another program named.

mod named;
mod private;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub(crate) use named::{Mode, put};
pub(crate) use private::{Lock, PrivateFolder, read_private, replace};

/// The most that is read of a file of ours, in bytes: far more than a thousand profiles need.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What was done when the operating system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Reading a file.
    Read,
    /// Making or replacing a file or folder.
    Write,
}

/// Why a file could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The operating system refused.
    #[error("cannot {} {}", match action { Action::Read => "read", Action::Write => "write" }, path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was done.
        action: Action,
        /// What the operating system said.
        source: io::Error,
    },
    /// Others may read the secret in it, or write to its folder.
    #[error("{} is open to other users", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "on Windows the access list of the user's folder is inherited"))]
    OpenToOthers {
        /// The file or folder.
        path: PathBuf,
        /// The mode that it should have, in octal.
        wanted: u32,
    },
    /// It belongs to another user; under `sudo`, HOME may be another user's.
    #[error("{} belongs to another user", path.display())]
    #[cfg_attr(not(unix), expect(dead_code, reason = "on Windows the access list of the user's folder is inherited"))]
    ForeignOwner {
        /// The file or folder.
        path: PathBuf,
    },
    /// A link, folder, pipe or doubly linked file stands where a plain file should.
    #[error("{} is not a plain file of its own", path.display())]
    NotAPlainFile {
        /// What stands there.
        path: PathBuf,
    },
    /// Another writer held the lock for too long.
    #[error("another quay-auth is writing to {}", path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
    /// It is no UTF-8 text.
    #[error("{} is not a text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// More than four MiB.
    #[error("{} is larger than any file of quay-auth's", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// Names the path and the action of what the operating system refused.
    fn io(path: &Path, action: Action) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { path, action, source }
    }
}

/// Reads a file without secrets, a link to one too; `None` where there is none. Waits for no pipe.
pub(crate) fn read(path: &Path) -> Result<Option<String>, Error> {
    match open(path, OpenOptions::new().read(true), Links::Followed) {
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

/// Refuses what is no plain file, or has a second name by which others may reach it. None at all is fine: it was just replaced.
fn check_plain(path: &Path, metadata: &fs::Metadata) -> Result<(), Error> {
    if metadata.is_file() && ownership::links(metadata) <= 1 {
        Ok(())
    } else {
        Err(Error::NotAPlainFile { path: path.to_owned() })
    }
}

/// Reads the whole of an open file.
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

/// What is done about a symbolic link in place of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    /// It is the user's own choice.
    Followed,
    /// It may be a trap.
    Refused,
}

/// Opens without waiting for the other end of a pipe, 0600 where it is made.
#[cfg_attr(not(unix), expect(unused_variables, reason = "the flags are of Unix"))]
fn open(path: &Path, options: &mut OpenOptions, links: Links) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NONBLOCK | if links == Links::Refused { OFlags::NOFOLLOW } else { OFlags::empty() };
        options.mode(0o600).custom_flags(flags.bits() as i32);
    }
    options.open(path)
}

/// Whether opening failed because a link, a folder or a pipe without a reader stands there.
fn is_link_refusal(error: &io::Error) -> bool {
    #[cfg(unix)]
    return [rustix::io::Errno::LOOP, rustix::io::Errno::ISDIR, rustix::io::Errno::NXIO]
        .iter()
        .any(|refusal| error.raw_os_error() == Some(refusal.raw_os_error()));
    #[cfg(not(unix))]
    return error.kind() == io::ErrorKind::IsADirectory;
}

/// Who owns a file and who else may use it.
#[cfg(unix)]
mod ownership {
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use super::Error;

    /// How many names the file has.
    pub(super) fn links(metadata: &Metadata) -> u64 {
        metadata.nlink()
    }

    /// Refuses what is another user's, or what has a permission bit of `forbidden`.
    pub(super) fn check(path: &Path, metadata: &Metadata, forbidden: u32, wanted: u32) -> Result<(), Error> {
        let path = || path.to_owned();
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(Error::ForeignOwner { path: path() });
        }
        if metadata.mode() & forbidden != 0 {
            return Err(Error::OpenToOthers { path: path(), wanted });
        }
        Ok(())
    }

    /// Refuses to make anything in another user's folder: under `sudo`, HOME may still be the user's own. The system's own are fine.
    pub(super) fn check_parent(path: &Path, metadata: &Metadata) -> Result<(), Error> {
        match metadata.uid() {
            0 => Ok(()),
            _ => check(path, metadata, 0, 0),
        }
    }
}

/// On Windows the profile's folder keeps others out by its access list, which all below inherits (`system/windows.rs` says why that is all).
#[cfg(not(unix))]
mod ownership {
    use std::fs::Metadata;
    use std::path::Path;

    use super::Error;

    /// How many names the file has; not asked here.
    pub(super) fn links(_: &Metadata) -> u64 {
        1
    }

    /// Nothing to refuse: the access list is inherited.
    pub(super) fn check(_: &Path, _: &Metadata, _: u32, _: u32) -> Result<(), Error> {
        Ok(())
    }

    /// Nothing to refuse: the access list is inherited.
    pub(super) fn check_parent(_: &Path, _: &Metadata) -> Result<(), Error> {
        Ok(())
    }
}
