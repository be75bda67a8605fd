//! The session bus, by which the keyring is reached on Linux and BSD.

use super::{Context, Finding, fail, ok};
use crate::domain::StoreKind;
use crate::store;

/// Whether it is there. That the keyring itself is, the store's own check says.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "session bus";
    if cfg!(any(windows, target_os = "macos")) {
        return vec![ok(NAME, "not needed on this system")];
    }
    if context.login.store == StoreKind::File {
        return vec![ok(NAME, "not needed: the token is kept in a file")];
    }
    let keyring = store::open(StoreKind::Keyring, &context.folder);
    match keyring.get(&context.login.profile) {
        Err(error @ store::Error::NoBus(_)) => vec![fail(NAME, error)],
        _ => vec![ok(NAME, "there is one")],
    }
}
