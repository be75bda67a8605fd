//! quay-auth's own files: only their owner can read them, they are replaced atomically, and writers use a lock.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

#[cfg(unix)]
use super::is_one_of;
use super::lock::{Lock, try_lock, wait_for};
use super::{Action, Error, Links, check_plain, create_temporary, is_link_refusal, open, ownership, read_text};
use crate::system;

/// How long a writer waits for another one.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads a file with secrets. `None` if there is no file.
///
/// Rejects anything but a regular file that belongs to this user and that only this user can read, in a folder that only this user can
/// write to.
pub(crate) fn read_private(path: &Path) -> Result<Option<Zeroizing<String>>, Error> {
    let file = match open(path, OpenOptions::new().read(true), Links::Reject) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if is_link_refusal(&error) => return Err(Error::NotAPlainFile { path: path.to_owned() }),
        Err(error) => return Err(Error::io(path, Action::Read)(error)),
    };
    let metadata = file.metadata().map_err(Error::io(path, Action::Read))?;
    check_plain(path, &metadata)?;
    ownership::check(path, &metadata, 0o077, 0o600)?;
    if let Some(folder) = path.parent() {
        let metadata = folder.metadata().map_err(Error::io(folder, Action::Read))?;
        ownership::check(folder, &metadata, 0o022, 0o700)?;
    }
    read_text(file, path).map(|text| Some(Zeroizing::new(text)))
}

/// Replaces the file `name` in `folder` atomically. The new file is created with mode 0600.
///
/// A temporary file is written beside it, synced and renamed over it. Because the caller has the lock, other temporary files there were
/// left by writers that were killed. They may contain a secret, so they are deleted.
pub(crate) fn replace(folder: &PrivateFolder, _: &Lock, name: &str, content: &[u8]) -> Result<(), Error> {
    let path = folder.path.join(name);
    let failed = || Error::io(&path, Action::Write);
    remove_temporary_files(folder, name)?;
    let mut file = create_temporary(&folder.path, &format!(".{name}."), "").map_err(failed())?;
    file.write_all(content).map_err(failed())?;
    file.as_file().sync_all().map_err(failed())?;
    system::replace(file, &path).map_err(|error| failed()(error.error))?;
    sync_folder(&folder.path).map_err(failed())
}

/// Deletes the file `name` in `folder` if it exists, and temporary files that writers left when they were killed.
pub(crate) fn remove(folder: &PrivateFolder, _: &Lock, name: &str) -> Result<(), Error> {
    let path = folder.path.join(name);
    remove_temporary_files(folder, name)?;
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::io(&path, Action::Write)(error)),
        _ => {}
    }
    sync_folder(&folder.path).map_err(Error::io(&path, Action::Write))
}

/// Deletes the temporary files that [`replace`] left if it was killed. They may contain a secret.
fn remove_temporary_files(folder: &PrivateFolder, name: &str) -> Result<(), Error> {
    let prefix = format!(".{name}.");
    for entry in fs::read_dir(&folder.path).map_err(Error::io(&folder.path, Action::Write))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            // The next writer tries again. To store or delete a token now matters more than to delete this file.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// A folder that only this user can write to.
#[derive(Debug)]
pub(crate) struct PrivateFolder {
    /// An absolute path.
    path: PathBuf,
    /// The folder for its locks if its own file system does not support locks, as NFS may.
    lock_folder: Option<PathBuf>,
}

impl PrivateFolder {
    /// Creates the folder with mode 0700 if it is missing. Rejects one that others can write to or that belongs to another user.
    ///
    /// Locks are files in the folder, or in `lock_folder` if the file system does not support locks.
    pub(crate) fn create(path: &Path, lock_folder: Option<&Path>) -> Result<Self, Error> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        if let Some(parent) = path.ancestors().find(|ancestor| ancestor.exists()) {
            let metadata = parent.metadata().map_err(Error::io(parent, Action::Write))?;
            ownership::check_parent(parent, &metadata)?;
        }
        builder.create(path).map_err(Error::io(path, Action::Write))?;
        let metadata = path.metadata().map_err(Error::io(path, Action::Write))?;
        ownership::check(path, &metadata, 0o022, 0o700)?;
        Ok(PrivateFolder { path: path.to_owned(), lock_folder: lock_folder.map(Path::to_owned) })
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Waits for the writers' lock. It is released when the value is dropped or the process ends.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        self.lock_as("lock", LOCK_TIMEOUT)
    }

    /// Waits for a lock with its own name, for an operation that consists of several writes.
    pub(crate) fn lock_as(&self, name: &str, timeout: Duration) -> Result<Lock, Error> {
        wait_for(&self.path.join(name), timeout, || self.try_lock_as(name))
    }

    /// `None` if another process has this lock.
    pub(crate) fn try_lock_as(&self, name: &str) -> Result<Option<Lock>, Error> {
        match (try_lock(&self.path.join(name)), &self.lock_folder) {
            (Err(Error::NoLocks { .. }), Some(folder)) => try_lock(&folder.join(self.unique_lock_name(name))),
            (result, _) => result,
        }
    }

    /// The name of the lock in `lock_folder`, where several folders have their locks.
    fn unique_lock_name(&self, name: &str) -> String {
        let digest = Sha256::digest(self.path.as_os_str().as_encoded_bytes());
        let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("quay-auth-{digits}.{name}")
    }

    /// Creates, writes and syncs a temporary file, and syncs the folder, to see whether all that works.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        let failed = || Error::io(&self.path, Action::Write);
        // The file has no name if the system supports that, so that nothing is left behind if the process is killed.
        let mut file = tempfile::tempfile_in(&self.path).map_err(failed())?;
        // A full disk shows only once bytes are written.
        file.write_all(&[0; 4096]).and_then(|()| file.sync_all()).map_err(failed())?;
        sync_folder(&self.path).map_err(failed())
    }
}

/// Writes the folder's list of files to disk, so that a rename survives a power failure.
///
/// Some file systems (CIFS, FUSE) cannot sync a folder. Windows has no call for it and needs none.
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, unused_variables, reason = "only Unix syncs folders"))]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        match fs::File::open(path)?.sync_all() {
            Err(error) if is_one_of(&error, &[Errno::INVAL, Errno::NOTSUP, Errno::NOSYS]) => {}
            result => result?,
        }
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder() -> (tempfile::TempDir, PrivateFolder) {
        let outer = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::create(&outer.path().join("a/b"), None).unwrap();
        (outer, folder)
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn replace_writes_private_files_and_deletes_old_temporary_files() {
        let (_outer, folder) = folder();
        let path = folder.path.join("x.toml");
        let lock = folder.lock().unwrap();
        assert!(read_private(&path).unwrap().is_none());
        for content in ["one", "two"] {
            fs::write(folder.path.join(".x.toml.temporary"), "left by a killed process").unwrap();
            replace(&folder, &lock, "x.toml", content.as_bytes()).unwrap();
            assert_eq!(*read_private(&path).unwrap().unwrap(), content);
        }
        assert_eq!((mode(&path), mode(&folder.path)), (0o600, 0o700));
        assert_eq!(fs::read_dir(&folder.path).unwrap().count(), 2, "nothing is left beside it but the lock");
    }

    #[test]
    fn secrets_that_others_can_read_and_folders_that_they_can_write_are_rejected() {
        let (_outer, folder) = folder();
        let path = folder.path.join("x.toml");
        replace(&folder, &folder.lock().unwrap(), "x.toml", b"secret").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read_private(&path), Err(Error::OpenToOthers { mode: 0o600, .. })));
        fs::set_permissions(&folder.path, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(PrivateFolder::create(&folder.path, None), Err(Error::OpenToOthers { mode: 0o700, .. })));
    }

    #[test]
    fn links_pipes_and_folders_in_place_of_a_secret_are_rejected() {
        let (outer, folder) = folder();
        let target = outer.path().join("target");
        fs::write(&target, "target").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        let is_rejected = |create: &dyn Fn(&Path)| {
            let path = folder.path.join("x.toml");
            create(&path);
            let is_rejected = matches!(read_private(&path), Err(Error::NotAPlainFile { .. }));
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
            is_rejected
        };
        assert!(is_rejected(&|path| symlink(&target, path).unwrap()));
        assert!(is_rejected(&|path| fs::hard_link(&target, path).unwrap()));
        assert!(is_rejected(&|path| fs::create_dir(path).unwrap()));
        assert!(is_rejected(&|path| {
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRUSR).unwrap();
        }));
        symlink(&target, folder.path.join("lock")).unwrap();
        assert!(matches!(folder.lock(), Err(Error::NotAPlainFile { .. })));
        assert_eq!(fs::read_to_string(&target).unwrap(), "target");
    }

    #[test]
    fn only_one_process_has_the_lock() {
        let (_outer, folder) = folder();
        let first = folder.lock().unwrap();
        assert!(matches!(folder.lock(), Err(Error::Busy { .. })));
        drop(first);
        let _second = folder.lock().unwrap();
    }
}
