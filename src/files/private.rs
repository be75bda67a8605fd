//! Our own files: private, atomic, locked.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::{Action, Error, Links, check_plain, is_link_refusal, open, ownership, read_text};
use crate::system;

/// How long a writer of one file waits for another one.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads a file that holds secrets; `None` where there is none.
///
/// Refuses whatever is not a plain file of our own that only we may read, in a folder that only we may write to.
pub(crate) fn read_private(path: &Path) -> Result<Option<Zeroizing<String>>, Error> {
    let file = match open(path, OpenOptions::new().read(true), Links::Refused) {
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

/// Replaces the file `name` in `folder` by one with `content`: the old state or the new one, 0600 from its first byte.
///
/// A new file is written beside it, synced and renamed over it. The lock proves that nobody else writes: what lies there half-written
/// is a killed writer's, may hold a secret, and goes.
pub(crate) fn replace(folder: &PrivateFolder, _: &Lock, name: &str, content: &[u8]) -> Result<(), Error> {
    let path = folder.0.join(name);
    let failed = || Error::io(&path, Action::Write);
    let half_written = format!(".{name}.");
    for entry in fs::read_dir(&folder.0).map_err(failed())?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&half_written) {
            let _ = fs::remove_file(entry.path());
        }
    }
    // tempfile opens with O_EXCL and 0600, under a random name.
    let mut file = tempfile::Builder::new().prefix(&format!(".{name}.")).tempfile_in(&folder.0).map_err(failed())?;
    file.write_all(content).map_err(failed())?;
    file.as_file().sync_all().map_err(failed())?;
    system::replace(file, &path).map_err(|error| failed()(error.error))?;
    // The rename itself must last too. Windows has no such call and needs none.
    #[cfg(unix)]
    File::open(&folder.0).and_then(|folder| folder.sync_all()).map_err(failed())?;
    Ok(())
}

/// A folder that is ours alone to write to.
#[derive(Debug)]
pub(crate) struct PrivateFolder(PathBuf);

impl PrivateFolder {
    /// Makes the folder where it is missing (0700), and refuses one that others may write to or that is another user's.
    pub(crate) fn make(path: &Path) -> Result<Self, Error> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        if let Some(home) = path.ancestors().find(|ancestor| ancestor.exists()) {
            let metadata = home.metadata().map_err(Error::io(home, Action::Write))?;
            ownership::check_parent(home, &metadata)?;
        }
        builder.create(path).map_err(Error::io(path, Action::Write))?;
        let metadata = path.metadata().map_err(Error::io(path, Action::Write))?;
        ownership::check(path, &metadata, 0o022, 0o700)?;
        Ok(PrivateFolder(path.to_owned()))
    }

    /// Waits for its turn among the writers, five seconds at most. The lock ends with the value, or with the process.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        self.lock_as("lock", PATIENCE)
    }

    /// The same, by a lock of that name: one for what takes several writes, and longer.
    pub(crate) fn lock_as(&self, name: &str, patience: Duration) -> Result<Lock, Error> {
        let give_up = Instant::now() + patience;
        loop {
            match self.try_lock_as(name)? {
                Some(lock) => return Ok(lock),
                None if Instant::now() >= give_up => return Err(Error::Busy { path: self.0.join(name) }),
                None => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// The lock of that name, unless another process has it.
    pub(crate) fn try_lock_as(&self, name: &str) -> Result<Option<Lock>, Error> {
        let path = self.0.join(name);
        let file = open(&path, OpenOptions::new().write(true).create(true), Links::Refused).map_err(|error| {
            if is_link_refusal(&error) {
                Error::NotAPlainFile { path: path.clone() }
            } else {
                Error::io(&path, Action::Write)(error)
            }
        })?;
        check_plain(&path, &file.metadata().map_err(Error::io(&path, Action::Write))?)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::io(&path, Action::Write)(error)),
        }
    }

    /// Proves that a file can be made, written and synced here.
    pub(crate) fn prove_writable(&self) -> Result<(), Error> {
        let failed = || Error::io(&self.0, Action::Write);
        // Without a name, where the system can: what is killed here leaves nothing behind.
        let mut file = tempfile::tempfile_in(&self.0).map_err(failed())?;
        // A full disk shows only once bytes are written.
        file.write_all(&[0; 4096]).and_then(|()| file.sync_all()).map_err(failed())
    }
}

/// The writers' lock of a folder.
#[derive(Debug)]
#[must_use = "the lock ends when this is dropped"]
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock alone")] File);

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder() -> (tempfile::TempDir, PrivateFolder) {
        let outer = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::make(&outer.path().join("a/b")).unwrap();
        (outer, folder)
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn replaces_whole_files_that_only_we_may_read() {
        let (_outer, folder) = folder();
        let path = folder.0.join("x.toml");
        let lock = folder.lock().unwrap();
        assert!(read_private(&path).unwrap().is_none());
        for content in ["one", "two"] {
            fs::write(folder.0.join(".x.toml.left"), "by a killed writer").unwrap();
            replace(&folder, &lock, "x.toml", content.as_bytes()).unwrap();
            assert_eq!(*read_private(&path).unwrap().unwrap(), content);
        }
        assert_eq!((mode(&path), mode(&folder.0)), (0o600, 0o700));
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2, "nothing is left beside it but the lock");
    }

    #[test]
    fn refuses_secrets_that_others_may_read_and_folders_that_they_may_write() {
        let (_outer, folder) = folder();
        let path = folder.0.join("x.toml");
        replace(&folder, &folder.lock().unwrap(), "x.toml", b"secret").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read_private(&path), Err(Error::OpenToOthers { wanted: 0o600, .. })));
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(PrivateFolder::make(&folder.0), Err(Error::OpenToOthers { wanted: 0o700, .. })));
    }

    #[test]
    fn refuses_links_pipes_and_folders_in_place_of_a_secret() {
        let (outer, folder) = folder();
        let target = outer.path().join("target");
        fs::write(&target, "target").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        let planted = |plant: &dyn Fn(&Path)| {
            let path = folder.0.join("x.toml");
            plant(&path);
            let refused = matches!(read_private(&path), Err(Error::NotAPlainFile { .. }));
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
            refused
        };
        assert!(planted(&|path| symlink(&target, path).unwrap()));
        assert!(planted(&|path| fs::hard_link(&target, path).unwrap()));
        assert!(planted(&|path| fs::create_dir(path).unwrap()));
        assert!(planted(&|path| {
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRUSR).unwrap();
        }));
        symlink(&target, folder.0.join("lock")).unwrap();
        assert!(matches!(folder.lock(), Err(Error::NotAPlainFile { .. })));
        assert_eq!(fs::read_to_string(&target).unwrap(), "target");
    }

    #[test]
    fn one_writer_at_a_time() {
        let (_outer, folder) = folder();
        let first = folder.lock().unwrap();
        assert!(matches!(folder.lock(), Err(Error::Busy { .. })));
        drop(first);
        let _second = folder.lock().unwrap();
    }
}
