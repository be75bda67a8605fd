//! Files that a person or another program named: docker's settings, `--output`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Action, Error, ownership};
use crate::system;

/// Who may read the new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Its owner alone: 0600.
    Private,
    /// Whoever could read the one before; its owner alone where there was none.
    AsBefore,
}

/// Makes the file, or replaces it by a new one: the old state or the new one, and never readable by more people on the way.
///
/// A link is the user's own choice: what it leads to is replaced. Missing folders are made, 0700. Refuses what is no plain file, and
/// with [`Mode::AsBefore`] a file that others may write to or that is another user's.
pub(crate) fn put(path: &Path, content: &[u8], mode: Mode) -> Result<(), Error> {
    let failed = || Error::io(path, Action::Write);
    let target = target(path).map_err(failed())?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(failed())?;
    let before = match target.metadata() {
        Ok(metadata) if !metadata.is_file() => return Err(Error::NotAPlainFile { path: path.to_owned() }),
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed()(error)),
    };
    let mut file = tempfile::Builder::new().prefix(".quay-auth.").tempfile_in(folder).map_err(failed())?;
    file.write_all(content).map_err(failed())?;
    if let Some(before) = before.filter(|_| mode == Mode::AsBefore) {
        ownership::check(path, &before, 0o022, 0o600)?;
        file.as_file().set_permissions(before.permissions()).map_err(failed())?;
    }
    file.as_file().sync_all().map_err(failed())?;
    system::replace(file, &target).map_err(|error| failed()(error.error))?;
    #[cfg(unix)]
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed())?;
    Ok(())
}

/// Where a link leads, also one to a file that is not there yet; any other path is itself.
fn target(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path.read_link() {
            Ok(target) => Ok(path.with_file_name("").join(target)),
            Err(_) => Ok(path.to_owned()),
        },
        result => result,
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
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
    fn a_link_stays_and_what_it_leads_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (there, absent) = (folder.path().join("there"), folder.path().join("sub/absent"));
        fs::write(&there, "old").unwrap();
        for (name, target) in [("one", "there"), ("two", "sub/absent")] {
            let link = folder.path().join(name);
            symlink(target, &link).unwrap();
            put(&link, b"new", Mode::AsBefore).unwrap();
            assert!(link.symlink_metadata().unwrap().is_symlink());
        }
        assert_eq!((fs::read(there).unwrap(), fs::read(absent).unwrap()), (b"new".to_vec(), b"new".to_vec()));
    }

    #[test]
    fn what_others_may_write_is_not_trusted_with_settings_and_a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(put(&path, b"new", Mode::AsBefore), Err(Error::OpenToOthers { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert!(matches!(put(folder.path(), b"new", Mode::Private), Err(Error::NotAPlainFile { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
