//! After a login that was killed while it stored its token: finds out how far it came, and says so.

use crate::error::Error;
use crate::settings::Settings;
use crate::store::{self, Profiles, Record};
use crate::terminal::Terminal;

/// Takes up what a killed login left: its token is in the store, then its record counts; or it is not, then the one before does.
///
/// Without such a login nothing is read or written. While a login is just writing, the old state counts.
pub(crate) fn recover(settings: &mut Settings, terminal: &mut Terminal) -> Result<(), Error> {
    if settings.profiles.iter().all(|record| record.pending.is_none()) {
        return Ok(());
    }
    let folder = settings.data_folder()?;
    let Some(_change) = Profiles::try_begin_change(&folder)? else { return Ok(()) };
    // Read again under the lock: the login may have ended in between.
    settings.profiles = Profiles::load(&folder)?;
    let left: Vec<Record> = settings.profiles.iter().filter(|record| record.pending.is_some()).cloned().collect();
    for mut record in left {
        let Some(pending) = record.pending.take() else { continue };
        let profile = record.profile.clone();
        let kept = match store::open(pending.record.store, &folder).get(&profile) {
            Ok(kept) => kept,
            Err(error) => {
                terminal.warn(&format!(
                    "the last login of {profile} was interrupted; how far it came is not known, since {error}."
                ));
                continue;
            }
        };
        let now = if kept.is_some_and(|token| token.fingerprint() == pending.fingerprint) {
            terminal
                .warn(&format!("the last login of {profile} was interrupted; its new token was stored and is in use."));
            if record.token.is_some() && record.store != pending.record.store {
                store::open(record.store, &folder).delete(&profile)?;
            }
            pending.record
        } else {
            terminal.warn(&format!(
                "the last login of {profile} was interrupted; its token was not stored, all is as before."
            ));
            terminal.hint(
                "that token stays valid at Quay: end it in the web UI, \"Authorized Applications\", or log in again",
            );
            record
        };
        Profiles::update(&folder, |profiles| profiles.put(now))?;
    }
    settings.profiles = Profiles::load(&folder)?;
    Ok(())
}
