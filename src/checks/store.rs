//! The place that keeps tokens: there, unlocked, and one entry written, read and deleted.

use super::{Context, Finding, fail, ok};
use crate::domain::{AccessToken, Profile, StoreKind};
use crate::store::{self, Profiles};
use crate::system;

/// Writes, reads and deletes an entry of its own. Nothing is unlocked: a question nobody expects would be left unanswered.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "store";
    let kind = context.login.store;
    match try_it(context) {
        Ok(true) => {
            let place = match kind {
                StoreKind::Keyring => "the keyring is unlocked".to_owned(),
                StoreKind::File => format!("tokens.toml in {} is {}", context.folder.display(), system::HOW_PRIVATE),
            };
            vec![ok(NAME, format!("{place}; an entry was written, read and deleted"))]
        }
        Ok(false) => vec![fail(
            NAME,
            crate::error::Error::new(
                crate::error::Exit::Store,
                format!("the {kind} does not give back what was put there"),
            )
            .hint("restart its service; or keep tokens in a private file: quay-auth login --store file"),
        )],
        Err(error) => vec![fail(NAME, error)],
    }
}

/// Whether the entry came back as it was written.
fn try_it(context: &Context) -> Result<bool, crate::error::Error> {
    // Under a name that no login can have: `.invalid` is no host of anybody's (RFC 2606).
    let profile = "doctor.invalid".parse().ok().zip("doctor".parse().ok()).map(|(host, name)| Profile { host, name });
    let token = AccessToken::parse("NOT-A-TOKEN-BUT-A-TEST-OF-QUAY-AUTH-DOCTOR".to_owned()).ok();
    let (Some(profile), Some(token)) = (profile, token) else { return Ok(false) };
    let store = store::open(context.login.store, &context.folder);
    // Before anything is written: a locked keyring answers a write with a question.
    store.get(&profile)?;
    Profiles::prove_writable(&context.folder)?;
    store.set(&profile, &token)?;
    let kept = store.get(&profile);
    store.delete(&profile)?;
    Ok(kept?.is_some_and(|kept| kept.same_as(&token)))
}
