//! A change to profiles and tokens, by one process at a time.
//!
//! The list is written first and says what is about to happen, so that a process killed at any moment leaves a state that can be read and
//! finished: a token being stored is `pending` in its profile, a token being deleted is a leftover.

use std::time::Duration;

use super::profile::{Leftover, Profile};
use super::profiles::Profiles;
use super::vault::{CHANGE_LOCK, Vault};
use super::{Error, Store};
use crate::domain::{AccessToken, Fingerprint, ProfileId, StoreKind};
use crate::files::{self, Lock, PrivateFolder};

/// How long a login waits for another one, holding a fresh token: a keyring may be slow.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// The right to change profiles and tokens; others wait until it is dropped.
pub(crate) struct Change<'a> {
    vault: &'a Vault,
    folder: PrivateFolder,
    /// Missing where the folder cannot be written to, so that no other process changes it either.
    _lock: Option<Lock>,
    profiles: Profiles,
}

/// What did not go as it should while a token was stored; the token itself is safe.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// Why an older token could not be deleted.
    pub(crate) leftover: Option<(StoreKind, Error)>,
    /// Why the profile is still pending; it counts all the same.
    pub(crate) not_updated: Option<Error>,
    /// Why commands that never prompt will not get the token.
    pub(crate) unreadable: Option<Error>,
}

/// What became of a token that was to be deleted.
#[derive(Debug, Default)]
pub(crate) struct Deletion {
    /// Why it could not be deleted.
    pub(crate) leftover: Option<Error>,
    /// Why the profile still says that there is a token.
    pub(crate) not_updated: Option<Error>,
}

impl<'a> Change<'a> {
    /// Waits for its turn.
    pub(super) fn begin(vault: &'a Vault) -> Result<Self, Error> {
        let folder = vault.create_folder()?;
        let lock = match folder.lock_as(CHANGE_LOCK, CHANGE_TIMEOUT) {
            Err(files::Error::Io { .. } | files::Error::NoLocks { .. }) => None,
            result => Some(result?),
        };
        let mut profiles = vault.profiles()?;
        // What an earlier login left half done is none of this change's business, and harmless.
        let _ = vault.settle_locked(&mut profiles);
        Ok(Change { vault, folder, _lock: lock, profiles })
    }

    /// The profiles as they are during this change.
    pub(crate) fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Stores the token and its profile. If that fails, the state is as before.
    pub(crate) fn save(&mut self, profile: &Profile, token: &AccessToken) -> Result<Saved, Error> {
        let id = &profile.id;
        let before = self.profiles.find(id).cloned();
        let without_token = || Profile { token: None, ..profile.clone() };
        let pending =
            Profile { pending: Some(Box::new(profile.clone())), ..before.clone().unwrap_or_else(without_token) };
        if profile.store == StoreKind::Keyring {
            let lock = self.folder.lock()?;
            self.vault.create_folder_id(&self.folder, &lock)?;
        }
        self.update(|profiles| profiles.put(pending))?;
        if let Err(error) = self.store_token(profile, token) {
            match self.is_stored_after(&error, profile, token) {
                Some(true) => {}
                // The profile describes both tokens.
                None => return Err(error),
                Some(false) => {
                    // If this fails too, the pending profile does no harm: its token is in no store.
                    let _ = self.update(|profiles| match before {
                        Some(before) => profiles.put(before),
                        None => profiles.remove(id),
                    });
                    return Err(error);
                }
            }
        }
        let old_store = before.filter(|before| before.token.is_some()).map(|before| before.store);
        let not_updated = self
            .update(|profiles| {
                profiles.put(profile.clone());
                profiles.docker_mut(&id.host).is_logged_out = false;
                if let Some(old) = old_store.filter(|old| *old != profile.store) {
                    profiles.add_leftover(id, old);
                }
            })
            .err();
        let leftover = self.delete_others(id, profile.store, &token.fingerprint());
        let unreadable = self.vault.without_prompts().matching(id, profile.store, &token.fingerprint()).err();
        Ok(Saved { leftover, not_updated, unreadable })
    }

    /// Puts the token into its store. One more try, since a keyring may have been busy.
    fn store_token(&self, profile: &Profile, token: &AccessToken) -> Result<(), Error> {
        let store = self.open(profile.store)?;
        match store.set(&profile.id, token) {
            Err(Error::NotResponding | Error::Keyring(_)) => store.set(&profile.id, token),
            result => result,
        }
    }

    /// Whether the token is stored although the store reported this error, after a lost connection or a failed sync. `None` if that cannot
    /// be known.
    fn is_stored_after(&self, error: &Error, profile: &Profile, token: &AccessToken) -> Option<bool> {
        if matches!(error, Error::Locked | Error::NotUnlocked | Error::NotConfirmed | Error::Unanswered(_)) {
            return Some(false);
        }
        match self.vault.without_prompts().matching(&profile.id, profile.store, &token.fingerprint()) {
            Ok(token) => Some(token.is_some()),
            Err(Error::Mismatch(..) | Error::Damaged(..)) => Some(false),
            Err(_) => None,
        }
    }

    /// Deletes all tokens of that profile but the one with that fingerprint. Returns the store that still has one.
    fn delete_others(&mut self, id: &ProfileId, kind: StoreKind, keep: &Fingerprint) -> Option<(StoreKind, Error)> {
        let same_store = self.open(kind).and_then(|store| store.delete_except(id, Some(keep)));
        if let Err(error) = same_store {
            let _ = self.update(|profiles| profiles.add_leftover(id, kind));
            return Some((kind, error));
        }
        let leftovers: Vec<Leftover> =
            self.profiles.leftovers().iter().filter(|leftover| leftover.id == *id).cloned().collect();
        let errors: Vec<_> = leftovers
            .iter()
            .filter_map(|leftover| Some((leftover.store, self.delete_leftover(leftover).err()?)))
            .collect();
        errors.into_iter().next()
    }

    /// Deletes the token, and the settings too with `purge`. The secret goes even if the list of profiles cannot be written.
    pub(crate) fn delete(&mut self, id: &ProfileId, purge: bool) -> Deletion {
        let store = self.profiles.find(id).map(|profile| profile.store);
        self.delete_from(id, store.as_slice(), purge)
    }

    /// Deletes the entries of a profile that is not in the list from every store.
    pub(crate) fn delete_unlisted(&mut self, id: &ProfileId) -> Deletion {
        self.delete_from(id, &StoreKind::ALL, false)
    }

    fn delete_from(&mut self, id: &ProfileId, stores: &[StoreKind], purge: bool) -> Deletion {
        let mut deletion = Deletion::default();
        let listed = self.update(|profiles| {
            if purge {
                profiles.purge(id)
            } else {
                profiles.remove_token(id)
            }
            for store in stores {
                profiles.add_leftover(id, *store);
            }
        });
        for kind in stores {
            let deleted = match self.vault.open(*kind) {
                Ok(Some(store)) => store.delete_except(id, None),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            match deleted {
                Ok(()) if listed.is_ok() => {
                    let done = Leftover { id: id.clone(), store: *kind };
                    // If this fails, the next login or logout finds nothing to delete and removes it from the list.
                    let _ = self.update(|profiles| profiles.remove_leftover(&done));
                }
                Ok(()) => {}
                Err(error) => deletion.leftover = Some(error),
            }
        }
        deletion.not_updated = listed.err();
        deletion
    }

    /// Tries once more to delete what should be gone.
    pub(crate) fn delete_leftover(&mut self, leftover: &Leftover) -> Result<(), Error> {
        let current = self.profiles.find(&leftover.id).filter(|profile| profile.store == leftover.store);
        let keep = current.and_then(|profile| Some(profile.token.as_ref()?.fingerprint.clone()));
        if let Some(store) = self.vault.open(leftover.store)? {
            store.delete_except(&leftover.id, keep.as_ref())?;
        }
        self.update(|profiles| profiles.remove_leftover(leftover))
    }

    /// Writes the changed list.
    fn update(&mut self, change: impl FnOnce(&mut Profiles)) -> Result<(), Error> {
        let lock = self.folder.lock()?;
        self.profiles = self.vault.write(&self.folder, &lock, change)?;
        Ok(())
    }

    /// The store, which this folder has used by now.
    fn open(&self, kind: StoreKind) -> Result<Box<dyn Store + '_>, Error> {
        self.vault.open(kind)?.ok_or_else(|| Error::BrokenFolderId(self.folder.join("folder-id")))
    }
}
