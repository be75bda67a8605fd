//! Private, atomic, locked files. What stands in them is for `store` and `settings` to say.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// The most that is read of a file of ours, in bytes: far more than a thousand profiles need.
const LARGEST: u64 = 4 * 1024 * 1024;

/// How long a writer waits for another one.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

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
    OpenToOthers {
        /// The file or folder.
        path: PathBuf,
        /// The mode that it should have, in octal.
        wanted: u32,
    },
    /// It belongs to another user; under `sudo`, HOME may be another user's.
    #[error("{} belongs to another user", path.display())]
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
    /// Another writer held the lock for five seconds.
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
    file.persist(&path).map_err(|error| failed()(error.error))?;
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
        self.lock_as("lock")
    }

    /// The same, by a lock of that name: one for what takes several writes.
    pub(crate) fn lock_as(&self, name: &str) -> Result<Lock, Error> {
        let give_up = Instant::now() + LOCK_PATIENCE;
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
        let mut file = tempfile::Builder::new().prefix(".proof.").tempfile_in(&self.0).map_err(failed())?;
        // A full disk shows only once bytes are written.
        file.write_all(&[0; 4096]).and_then(|()| file.as_file().sync_all()).map_err(failed())
    }
}

/// The writers' lock of a folder.
#[derive(Debug)]
#[must_use = "the lock ends when this is dropped"]
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock alone")] File);

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

/// On Windows the profile's folder keeps others out by its inherited access list.
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
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
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
