//! Writes files that a person or another program named: docker's settings, the file of `--output`.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::lock::{Lock, lock_folder};
use super::private::sync_folder;
use super::{Action, Error, Links, create_temporary, open, ownership};
use crate::system;

/// The names of temporary files. Between these parts are random characters.
const TEMPORARY: (&str, &str) = (".quay-auth.", ".tmp");

/// Who can read the new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Only the owner: 0600.
    Private,
    /// As for the old file. If there was none, only the owner.
    AsBefore,
}

/// Creates the file or replaces it atomically. At no time can more people read it than in the end.
///
/// If the path is a link, its target is replaced, but a link of another user is rejected. So is anything but a regular file, and with
/// [`Mode::AsBefore`] also a file that others can write to, and a file or folder that belongs to another user.
pub(crate) fn put(path: &Path, content: &[u8], mode: Mode) -> Result<(), Error> {
    let failed = || Error::io(path, Action::Write);
    let target = target(path)?;
    let names_a_folder = path.to_string_lossy().ends_with(std::path::is_separator);
    if names_a_folder {
        return Err(Error::NotAPlainFile { path: path.to_owned() });
    }
    let folder = folder(&target);
    if !folder.try_exists().map_err(failed())? {
        return Err(Error::NoFolder { path: folder.to_owned() });
    }
    let before = match target.metadata() {
        Ok(metadata) if !metadata.is_file() => return Err(Error::NotAPlainFile { path: path.to_owned() }),
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed()(error)),
    };
    let before = match (mode, before) {
        (Mode::Private, _) => None,
        (Mode::AsBefore, Some(before)) => {
            ownership::check_changeable(&target, &before)?;
            Some(before)
        }
        (Mode::AsBefore, None) => {
            ownership::check_home(folder)?;
            None
        }
    };
    let mut file = temporary_file(folder).map_err(failed())?;
    file.write_all(content).map_err(failed())?;
    if let Some(before) = before {
        ownership::copy(path, &before, file.as_file())?;
    }
    file.as_file().sync_all().map_err(failed())?;
    system::replace(file, &target).map_err(|error| failed()(error.error))?;
    sync_folder(folder).map_err(failed())
}

/// Appends lines to an existing file, whose last line may have no end.
pub(crate) fn append_lines(path: &Path, lines: &[u8]) -> Result<(), Error> {
    let failed = || Error::io(path, Action::Write);
    let mut options = OpenOptions::new();
    let mut file = open(&target(path)?, options.read(true).append(true), Links::Reject).map_err(failed())?;
    if !file.metadata().map_err(failed())?.is_file() {
        return Err(Error::NotAPlainFile { path: path.to_owned() });
    }
    let mut last = [b'\n'];
    // Fails in an empty file.
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last).map_err(failed())?;
    }
    let missing_end: &[u8] = if last == *b"\n" { b"" } else { b"\n" };
    file.write_all(&Zeroizing::new([missing_end, lines].concat())).map_err(failed())
}

/// Deletes the file, or the target of a link. Rejects what [`put`] does with [`Mode::AsBefore`].
pub(crate) fn delete(path: &Path) -> Result<(), Error> {
    let failed = || Error::io(path, Action::Write);
    let target = target(path)?;
    ownership::check_changeable(&target, &target.metadata().map_err(failed())?)?;
    fs::remove_file(&target).map_err(failed())?;
    sync_folder(folder(&target)).map_err(failed())
}

/// Waits for the lock of the folder in which [`put`] writes this file, and leaves no file behind.
///
/// Creates missing folders with mode 0700, and deletes what killed processes left there.
pub(crate) fn lock_folder_of(path: &Path) -> Result<Lock, Error> {
    let target = target(path)?;
    let folder = folder(&target);
    if !folder.exists() {
        ownership::check_home(folder)?;
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(Error::io(path, Action::Write))?;
    }
    let lock = lock_folder(folder)?;
    remove_leftovers(folder);
    Ok(lock)
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Creates a temporary file that only this user can read.
fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    remove_leftovers(folder);
    let (prefix, suffix) = TEMPORARY;
    loop {
        let file = create_temporary(folder, prefix, suffix)?;
        // Shows others that it is in use. Another process may have been faster: then it has deleted the file, or is about to. Without
        // locks on this file system, nobody deletes it.
        let is_taken = matches!(file.as_file().try_lock(), Err(TryLockError::WouldBlock));
        if !is_taken && ownership::links(&file.as_file().metadata()?) > 0 {
            return Ok(file);
        }
    }
}

/// Deletes the temporary files of processes that were killed, which may contain secrets. Those in use have a lock.
fn remove_leftovers(folder: &Path) {
    let (prefix, suffix) = TEMPORARY;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        if !name.starts_with(prefix) || !name.ends_with(suffix) {
            continue;
        }
        let Ok(file) = open(&path, OpenOptions::new().read(true).write(true), Links::Reject) else { continue };
        let is_own = file.metadata().is_ok_and(|metadata| ownership::check(&path, &metadata, 0, 0).is_ok());
        if is_own && file.try_lock().is_ok() {
            // The next process tries again.
            let _ = fs::remove_file(path);
        }
    }
}

/// Where the path leads if all links in it are followed. The last part may be missing.
///
/// Rejects links of other users: in a shared folder, they could make this user overwrite any file.
fn target(path: &Path) -> Result<PathBuf, Error> {
    /// As in Linux.
    const MOST_LINKS: usize = 40;
    let failed = || Error::io(path, Action::Write);
    let parts =
        |path: &Path| path.components().rev().map(|part| part.as_os_str().to_owned()).collect::<Vec<OsString>>();
    let mut rest = parts(&std::path::absolute(path).map_err(failed())?);
    let mut target = PathBuf::new();
    let mut links = 0;
    while let Some(part) = rest.pop() {
        if part == Component::ParentDir.as_os_str() {
            target.pop();
            continue;
        }
        let next = target.join(part);
        match next.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => {
                ownership::check_link(&next, &metadata)?;
                links += 1;
                // Links in /proc lead to open files. If such a file were replaced, who has it open would get nothing.
                if links > MOST_LINKS || next.starts_with("/proc") {
                    return Err(Error::NotAPlainFile { path: path.to_owned() });
                }
                // Joining an absolute path replaces the folder.
                rest.extend(parts(&next.read_link().map_err(failed())?));
            }
            _ => target = next,
        }
    }
    Ok(target)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_is_private_and_a_replaced_one_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        assert!(matches!(put(&path, b"one", Mode::AsBefore), Err(Error::NoFolder { .. })));
        let _lock = lock_folder_of(&path).unwrap();
        put(&path, b"one", Mode::AsBefore).unwrap();
        assert_eq!((mode(&path), mode(&folder.path().join("a"))), (0o600, 0o700));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        put(&path, b"two", Mode::AsBefore).unwrap();
        assert_eq!(mode(&path), 0o644);
        put(&path, b"secret", Mode::Private).unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o600, b"secret".to_vec()));
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn the_target_of_a_link_is_replaced_and_the_link_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (there, absent) = (folder.path().join("there"), folder.path().join("sub/absent"));
        fs::write(&there, "old").unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        for (name, target) in [("one", "there"), ("two", "sub/absent")] {
            let link = folder.path().join(name);
            symlink(target, &link).unwrap();
            put(&link, b"new", Mode::AsBefore).unwrap();
            assert!(link.symlink_metadata().unwrap().is_symlink());
        }
        assert_eq!((fs::read(there).unwrap(), fs::read(absent).unwrap()), (b"new".to_vec(), b"new".to_vec()));
    }

    #[test]
    fn a_link_may_lead_through_other_links_but_not_in_a_circle() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("a/b")).unwrap();
        symlink("a/b", path("folder")).unwrap();
        symlink("../up", path("a/b/x")).unwrap();
        symlink(path("a/real"), path("a/up")).unwrap();
        put(&path("folder/../b/./x"), b"new", Mode::Private).unwrap();
        assert_eq!(fs::read(path("a/real")).unwrap(), b"new");
        symlink("two", path("one")).unwrap();
        symlink("one", path("two")).unwrap();
        assert!(matches!(put(&path("one"), b"new", Mode::Private), Err(Error::NotAPlainFile { .. })));
    }

    #[test]
    fn files_that_others_can_write_and_folders_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o710)).unwrap();
        assert!(matches!(put(&path, b"new", Mode::AsBefore), Err(Error::OpenToOthers { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert!(matches!(put(folder.path(), b"new", Mode::Private), Err(Error::NotAPlainFile { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        // Nobody else can get to the file.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        put(&path, b"new", Mode::AsBefore).unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o664, b"new".to_vec()));
    }

    #[test]
    fn temporary_files_are_deleted_unless_they_are_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let left = |name: &str| fs::write(folder.path().join(name), "left by a killed process").unwrap();
        let used = temporary_file(folder.path()).unwrap();
        for name in [".quay-auth.aB3dE5.tmp", ".quay-auth.env", "quay-auth.aB3dE5.tmp"] {
            left(name);
        }
        put(&folder.path().join("x"), b"new", Mode::Private).unwrap();
        assert!(used.path().exists());
        let names: BTreeSet<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let used = used.path().file_name().unwrap();
        let kept = [used, ".quay-auth.env".as_ref(), "quay-auth.aB3dE5.tmp".as_ref(), "x".as_ref()];
        assert_eq!(names, kept.map(ToOwned::to_owned).into());
    }
}
