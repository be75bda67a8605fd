//! After a login that was killed while it stored its token: finds out how far it came, and says so.

use std::path::Path;

use crate::error::Error;
use crate::settings::Settings;
use crate::store::{self, Profiles, Record};
use crate::terminal::Terminal;

/// Takes up what a killed login left: its token is in the store, then its record counts; or it is not, then the one before does.
///
/// Without such a login nothing is read or written. While a login is just writing, the old state counts. What is found out is kept
/// where that can be done at once; a reader waits for nobody and needs no folder that it can write to.
pub(crate) fn recover(settings: &mut Settings, terminal: &mut Terminal) -> Result<(), Error> {
    if settings.profiles.iter().all(|record| record.pending.is_none()) {
        return Ok(());
    }
    let folder = settings.data_folder()?;
    let _change = match Profiles::try_begin_change(&folder) {
        Ok(Some(change)) => Some(change),
        Ok(None) => return Ok(()),
        // Nobody can be writing there.
        Err(_) => None,
    };
    // Read again under the lock: the login may have ended in between.
    settings.profiles = Profiles::load(&folder)?;
    let left: Vec<Record> = settings.profiles.iter().filter(|record| record.pending.is_some()).cloned().collect();
    for record in left {
        let Some(now) = settled(record, &folder, terminal) else { continue };
        settings.profiles.put(now.clone());
        // In vain on a read-only disk: then the next command finds out once more.
        let _ = Profiles::try_update(&folder, |profiles| profiles.put(now));
    }
    Ok(())
}

/// The record that counts; `None` where the store does not tell.
fn settled(mut record: Record, folder: &Path, terminal: &mut Terminal) -> Option<Record> {
    let pending = record.pending.take()?;
    let profile = &record.profile;
    let kept = match store::open(pending.record.store, folder).get(profile) {
        Ok(kept) => kept,
        Err(error) => {
            terminal.warn(&format!(
                "the last login of {profile} was interrupted; how far it came is not known, since {error}."
            ));
            return None;
        }
    };
    if kept.is_none_or(|token| token.fingerprint() != pending.fingerprint) {
        terminal
            .warn(&format!("the last login of {profile} was interrupted; its token was not stored, all is as before."));
        terminal.hint("that token stays valid at Quay: end it in the web UI, \"Authorized Applications\"");
        return Some(record);
    }
    terminal.warn(&format!("the last login of {profile} was interrupted; its new token was stored and is in use."));
    if record.token.is_some() && record.store != pending.record.store {
        // One place holds a token.
        let _ = store::open(record.store, folder).delete(profile);
    }
    Some(pending.record)
}
