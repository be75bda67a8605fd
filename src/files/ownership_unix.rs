//! Who owns a file, and who else has access to it.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Action, Error};

const ROOT: u32 = 0;

/// How many names the file has.
pub(super) fn links(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// Rejects what belongs to another user or has a permission bit of `forbidden`. `mode` is the mode that the error recommends.
pub(super) fn check(path: &Path, metadata: &Metadata, forbidden: u32, mode: u32) -> Result<(), Error> {
    if metadata.uid() != own_id() {
        return Err(match find_stray(path) {
            Some(path) => Error::StrayOwner { path },
            None => Error::ForeignOwner { path: path.to_owned() },
        });
    }
    if metadata.mode() & forbidden != 0 {
        return Err(Error::OpenToOthers { path: path.to_owned(), mode });
    }
    Ok(())
}

fn own_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The path or a folder above it, if that belongs to another user but is in a folder of this one. Not for root, who may be in a user's
/// folder by mistake.
pub(super) fn find_stray(path: &Path) -> Option<PathBuf> {
    let own_id = own_id();
    let path = std::path::absolute(path).ok().filter(|_| own_id != ROOT)?;
    let mut stray = None;
    for part in path.ancestors() {
        match part.metadata() {
            Ok(metadata) if metadata.uid() == own_id => return stray,
            Ok(_) => stray = Some(part.to_owned()),
            // Missing, or in a folder of the other user.
            Err(_) => {}
        }
    }
    None
}

/// Rejects a file that belongs to another user, or that others can write to.
pub(super) fn check_changeable(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    // Others can write to a file only if they can get to it. A folder without `x` for them is in their way.
    let is_closed = |folder: &Path| folder.metadata().is_ok_and(|folder| folder.mode() & 0o011 == 0);
    let forbidden = if path.ancestors().skip(1).any(is_closed) { 0 } else { 0o022 };
    check(path, metadata, forbidden, 0o600)
}

/// Rejects a folder for a new file that belongs to another user, or is in such a folder: root has no files in a user's home.
pub(super) fn check_home(folder: &Path) -> Result<(), Error> {
    let mut existing = folder.ancestors().filter_map(|folder| Some((folder, folder.metadata().ok()?)));
    match own_id() {
        ROOT => existing.try_for_each(|(folder, metadata)| check_parent(folder, &metadata)),
        _ => existing.next().map_or(Ok(()), |(folder, metadata)| check_parent(folder, &metadata)),
    }
}

/// Rejects a link that neither this user nor root made.
pub(super) fn check_link(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    if [ROOT, own_id()].contains(&metadata.uid()) { Ok(()) } else { Err(Error::ForeignLink { path: path.to_owned() }) }
}

/// Gives the new file the group and the mode of the old one. Fails if the group had access and this user cannot give it away.
pub(super) fn copy(path: &Path, old: &Metadata, new: &File) -> Result<(), Error> {
    let result = std::os::unix::fs::fchown(new, None, Some(old.gid()));
    if result.is_err() && old.mode() & 0o070 != 0 {
        return Err(Error::LostGroup { path: path.to_owned() });
    }
    new.set_permissions(old.permissions()).map_err(Error::io(path, Action::Write))
}

/// Rejects another user's folder, since under `sudo` HOME may still be that of the user. Folders of root are fine.
pub(super) fn check_parent(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    match metadata.uid() {
        ROOT => Ok(()),
        _ => check(path, metadata, 0, 0),
    }
}
