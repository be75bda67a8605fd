//! After a login that was killed while it stored its token: says whether the store has the new token.

use crate::error::Error;
use crate::settings::Settings;
use crate::store::Interrupted;
use crate::terminal::Terminal;

/// Settles every profile that a killed login left pending, and says how. Without one, nothing is read or written.
pub(crate) fn recover(settings: &mut Settings, terminal: &mut Terminal) -> Result<(), Error> {
    if settings.profiles.iter().all(|profile| profile.pending.is_none()) {
        return Ok(());
    }
    for Interrupted { id, is_stored } in settings.vault()?.settle(&mut settings.profiles)? {
        let interrupted = format!("the last login of {id} was interrupted");
        match is_stored {
            Ok(true) => terminal.warn(&format!("{interrupted} after its token was stored. The new token is used.")),
            Ok(false) => {
                terminal.warn(&format!("{interrupted} before its token was stored. Nothing was changed."));
                terminal.hint(
                    "that token may still be valid: revoke it in Quay's web UI under \"Authorized Applications\"",
                );
            }
            Err(error) => {
                terminal.warn(&format!("{interrupted}, and whether its token was stored is not known: {error}."))
            }
        }
    }
    Ok(())
}
