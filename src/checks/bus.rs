//! The session bus, which connects to the keyring on Linux and BSD.

use super::{Context, Finding, fail, ok};
use crate::domain::StoreKind;
use crate::error::Error;
use crate::store;

/// Checks the bus only. The check of the store is the one for the keyring itself.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "session bus";
    if cfg!(any(windows, target_os = "macos")) {
        return vec![ok(NAME, "not needed on this system")];
    }
    if context.login.store == StoreKind::File {
        return vec![ok(NAME, "not needed: the token is stored in a file")];
    }
    match context.vault.reach_keyring() {
        Err(error @ store::Error::NoBus(_)) => vec![fail(NAME, Error::in_store(error, context.login.command()))],
        _ => vec![ok(NAME, "available")],
    }
}
