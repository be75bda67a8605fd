//! The keyring or token file: is it unlocked, and can an entry be written, read and deleted?

use super::{Context, Finding, fail, ok, warn};
use crate::domain::{AccessToken, ProfileId, StoreKind};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::store;
use crate::system;

pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "store";
    let kind = context.login.store;
    match try_entry(context) {
        Ok(true) => {
            let store = match kind {
                StoreKind::Keyring => "the keyring is unlocked".to_owned(),
                StoreKind::File => {
                    format!("tokens.toml in {} is {}", context.vault.folder().display(), system::PRIVATE)
                }
            };
            vec![ok(NAME, format!("{store}; an entry was written, read and deleted"))]
        }
        Ok(false) => {
            let message = format!("the {} did not return what was stored", kind.description());
            let use_file = context.login.command().option("--store", Some(StoreKind::File));
            let hint = use_file.purpose("restart the keyring's service, or store the token in a file");
            vec![fail(NAME, Error::new(Exit::Store, message).hint(hint))]
        }
        Err(error) => vec![fail(NAME, Error::in_store(error, context.login.command()))],
    }
}

/// Writes, reads and deletes an entry. Returns whether it came back as it was written. Does not unlock the keyring: the user does not
/// expect its dialog here.
#[expect(clippy::expect_used, reason = "the host, the name and the token are constants")]
fn try_entry(context: &Context) -> Result<bool, store::Error> {
    // No profile can have this host, because `.invalid` is reserved (RFC 2606).
    let id = ProfileId { host: "doctor.invalid".parse().expect("a host"), name: "doctor".parse().expect("a name") };
    let token = AccessToken::parse("NOT-A-TOKEN-BUT-A-TEST-OF-QUAY-AUTH-DOCTOR".to_owned()).expect("a token");
    context.vault.try_out(context.login.store, &id, &token)
}

/// Whether the keyring or token file has tokens that should be gone.
pub(super) fn check_leftovers(context: &Context) -> Vec<Finding> {
    const NAME: &str = "leftovers";
    match context.vault.profiles() {
        Ok(profiles) if profiles.leftovers().is_empty() => vec![ok(NAME, "every deleted token is gone")],
        Ok(profiles) => {
            let next = |id: &ProfileId| CommandLine::of("login", id).purpose("to delete it, log in again");
            profiles.leftovers().iter().map(|leftover| warn(NAME, leftover.to_string(), next(&leftover.id))).collect()
        }
        Err(error) => vec![fail(NAME, error)],
    }
}
