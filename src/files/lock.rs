//! Locks between processes. They are released when their process ends, even if it is killed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

#[cfg(unix)]
use super::is_one_of;
use super::{Action, Error, Links, check_plain, is_link_refusal, open};

/// How long a process waits while others change a file in a folder with [`lock_folder`].
const FOLDER_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub(crate) struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Waits until no other process has the lock of this folder, in which other programs also write. Leaves no file behind.
///
/// Some network file systems cannot lock a folder. There nobody waits, so read back what was written.
pub(super) fn lock_folder(folder: &Path) -> Result<Lock, Error> {
    wait_for(folder, FOLDER_TIMEOUT, || try_lock_folder(folder).map_err(Error::io(folder, Action::Write)))
}

/// Tries until it succeeds or the time is over. `path` is for the error.
pub(super) fn wait_for(
    path: &Path,
    timeout: Duration,
    try_lock: impl Fn() -> Result<Option<Lock>, Error>,
) -> Result<Lock, Error> {
    let deadline = Instant::now() + timeout;
    loop {
        match try_lock()? {
            Some(lock) => return Ok(lock),
            None if Instant::now() >= deadline => return Err(Error::Busy { path: path.to_owned() }),
            None => thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Creates the file if it is missing, and locks it. `None` if another process has the lock.
pub(super) fn try_lock(path: &Path) -> Result<Option<Lock>, Error> {
    let failed = |error: io::Error| {
        if is_link_refusal(&error) {
            Error::NotAPlainFile { path: path.to_owned() }
        } else if is_lock_refusal(&error) {
            Error::NoLocks { path: path.to_owned(), source: error }
        } else {
            Error::io(path, Action::Write)(error)
        }
    };
    let file = open(path, OpenOptions::new().write(true).create(true), Links::Reject).map_err(failed)?;
    check_plain(path, &file.metadata().map_err(failed)?)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

#[cfg(unix)]
fn try_lock_folder(folder: &Path) -> io::Result<Option<Lock>> {
    let file = File::open(folder)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if !is_lock_refusal(&error) => Err(error),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(Lock(file))),
    }
}

/// Windows cannot lock a folder. A file that only one process can have open, and that disappears when it is closed, has the same effect.
#[cfg(windows)]
fn try_lock_folder(folder: &Path) -> io::Result<Option<Lock>> {
    use std::os::windows::fs::OpenOptionsExt;
    const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;
    const SHARING_VIOLATION: i32 = 32;
    let path = folder.join(".quay-auth-lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).share_mode(0).custom_flags(FILE_FLAG_DELETE_ON_CLOSE);
    match options.open(&path) {
        Ok(file) => Ok(Some(Lock(file))),
        Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => Ok(None),
        // So is the answer while it disappears.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && path.exists() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the file system does not support such a lock, or is read-only. NFS locks only what is open for writing, so no folders.
fn is_lock_refusal(error: &io::Error) -> bool {
    #[cfg(unix)]
    return {
        use rustix::io::Errno;
        is_one_of(error, &[Errno::NOLCK, Errno::NOSYS, Errno::NOTSUP, Errno::ROFS, Errno::BADF])
    };
    #[cfg(not(unix))]
    return error.kind() == io::ErrorKind::Unsupported;
}
