//! On Windows, the access list of the user's profile folder protects all files below it, which inherit it. See `system::windows`.

use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};

use super::Error;

pub(super) fn links(_: &Metadata) -> u64 {
    1
}

pub(super) fn find_stray(_: &Path) -> Option<PathBuf> {
    None
}

pub(super) fn check_changeable(_: &Path, _: &Metadata) -> Result<(), Error> {
    Ok(())
}

pub(super) fn check_home(_: &Path) -> Result<(), Error> {
    Ok(())
}

pub(super) fn check_link(_: &Path, _: &Metadata) -> Result<(), Error> {
    Ok(())
}

pub(super) fn copy(_: &Path, _: &Metadata, _: &File) -> Result<(), Error> {
    Ok(())
}

pub(super) fn check(_: &Path, _: &Metadata, _: u32, _: u32) -> Result<(), Error> {
    Ok(())
}

pub(super) fn check_parent(_: &Path, _: &Metadata) -> Result<(), Error> {
    Ok(())
}
