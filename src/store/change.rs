//! Changes to profiles and tokens, by one process at a time.
//!
//! A change is written to `profiles.toml` before it is made, so that the next command can finish it if the process is killed: a token that
//! is being stored is `pending` in its profile, and a token that is being deleted is a leftover.

use std::collections::BTreeSet;
use std::time::Duration;

use super::profile::{Leftover, Profile};
use super::profiles::Profiles;
use super::vault::{CHANGE_LOCK, Vault};
use super::{Error, Store};
use crate::domain::{AccessToken, Fingerprint, ProfileId, StoreKind};
use crate::files::{self, Lock, PrivateFolder};

/// How long a change waits for that of another process. Long, because a login may already have a token, and a keyring may be slow.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// The right to change profiles and tokens. Other processes wait until it is dropped.
pub(crate) struct Change<'a> {
    vault: &'a Vault,
    folder: PrivateFolder,
    /// `None` if the folder cannot be written to. Then no other process changes it either.
    _lock: Option<Lock>,
    profiles: Profiles,
}

/// What failed after a token was stored.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// Why an older token could not be deleted.
    pub(crate) leftover: Option<(StoreKind, Error)>,
    /// Why the profile is still pending. The new token is used all the same.
    pub(crate) not_updated: Option<Error>,
    /// Why commands that never prompt, such as `print-token`, cannot read the token.
    pub(crate) unreadable: Option<Error>,
}

/// What failed while a token was deleted.
#[derive(Debug, Default)]
pub(crate) struct Deletion {
    /// Why the token is still in a store.
    pub(crate) leftover: Option<Error>,
    /// Why the profile still lists the token.
    pub(crate) not_updated: Option<Error>,
}

impl<'a> Change<'a> {
    /// Waits until no other process is changing anything.
    pub(super) fn begin(vault: &'a Vault) -> Result<Self, Error> {
        let folder = vault.create_folder()?;
        let lock = match folder.lock_as(CHANGE_LOCK, CHANGE_TIMEOUT) {
            Err(files::Error::Io { .. } | files::Error::NoLocks { .. }) => None,
            result => Some(result?),
        };
        let mut profiles = vault.profiles()?;
        // What killed logins left is settled too. How that went is not reported here.
        let _ = vault.settle_locked(&mut profiles);
        Ok(Change { vault, folder, _lock: lock, profiles })
    }

    /// The profiles, as this change has written them so far.
    pub(crate) fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Stores the token and its profile. If that fails, the state is as before.
    pub(crate) fn save(&mut self, profile: &Profile, token: &AccessToken) -> Result<Saved, Error> {
        let id = &profile.id;
        let before = self.profiles.find(id).cloned();
        let old_stores = self.old_stores(profile, before.as_ref());
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
                // The pending profile stays, so that either token can be used.
                None => return Err(error),
                Some(false) => {
                    // If this fails too, the pending profile does no harm, because its token is in no store.
                    let _ = self.update(|profiles| match before {
                        Some(before) => profiles.put(before),
                        None => profiles.remove(id),
                    });
                    return Err(error);
                }
            }
        }
        let not_updated = self
            .update(|profiles| {
                profiles.put(profile.clone());
                profiles.docker_mut(&id.host).is_logged_out = false;
                old_stores.iter().for_each(|old| profiles.add_leftover(id, *old));
            })
            .err();
        let leftover = self.delete_others(id, profile.store, &token.fingerprint());
        let unreadable = self.vault.without_prompts().matching(id, profile.store, &token.fingerprint()).err();
        Ok(Saved { leftover, not_updated, unreadable })
    }

    /// The other stores that have a token of the profile. If `profiles.toml` lists none, because it was lost, they are searched.
    fn old_stores(&self, profile: &Profile, before: Option<&Profile>) -> Vec<StoreKind> {
        let with_token = before.into_iter().flat_map(Profile::with_pending).filter(|before| before.token.is_some());
        let listed: Vec<StoreKind> = with_token.map(|before| before.store).collect();
        let vault = self.vault.without_prompts();
        let has_token = |kind: StoreKind| match listed.is_empty() {
            true => vault.unlisted(kind, &profile.id, &self.profiles).is_ok_and(|tokens| !tokens.is_empty()),
            false => listed.contains(&kind),
        };
        StoreKind::ALL.into_iter().filter(|kind| *kind != profile.store && has_token(*kind)).collect()
    }

    /// Puts the token into its store. Tries twice, because a keyring may be busy.
    fn store_token(&self, profile: &Profile, token: &AccessToken) -> Result<(), Error> {
        let store = self.open(profile.store)?;
        match store.set(&profile.id, token) {
            Err(Error::NotResponding | Error::Keyring(_)) => store.set(&profile.id, token),
            result => result,
        }
    }

    /// Whether the token is stored although the store reported this error, for example for a lost connection. `None` if that is not known.
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

    /// Deletes all tokens of the profile except the one with the fingerprint `keep`, which is in the store `kind`. Returns a store in which
    /// that failed.
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

    /// Deletes the token, and with `purge` also the settings. The token is deleted even if `profiles.toml` cannot be written.
    pub(crate) fn delete(&mut self, id: &ProfileId, purge: bool) -> Deletion {
        let profile = self.profiles.find(id);
        let stores: BTreeSet<_> = profile.into_iter().flat_map(Profile::with_pending).map(|one| one.store).collect();
        let mut deletion = Deletion::default();
        let listed = self.update(|profiles| {
            if purge {
                profiles.purge(id)
            } else {
                profiles.remove_token(id)
            }
            for store in &stores {
                profiles.add_leftover(id, *store);
            }
        });
        for kind in stores {
            let deleted = match self.vault.open(kind) {
                Ok(Some(store)) => store.delete_except(id, None),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            match deleted {
                Ok(()) if listed.is_ok() => {
                    let done = Leftover { id: id.clone(), store: kind };
                    // If this fails, the next login or logout does it.
                    let _ = self.update(|profiles| profiles.remove_leftover(&done));
                }
                Ok(()) => {}
                Err(error) => deletion.leftover = Some(error),
            }
        }
        deletion.not_updated = listed.err();
        deletion
    }

    /// Deletes from a store all tokens of a profile except the one that `profiles.toml` describes.
    pub(crate) fn delete_leftover(&mut self, leftover: &Leftover) -> Result<(), Error> {
        let current = self.profiles.find(&leftover.id).filter(|profile| profile.store == leftover.store);
        let keep = current.and_then(|profile| Some(profile.token.as_ref()?.fingerprint.clone()));
        if let Some(store) = self.vault.open(leftover.store)? {
            store.delete_except(&leftover.id, keep.as_ref())?;
        }
        match self.profiles.leftovers().contains(leftover) {
            true => self.update(|profiles| profiles.remove_leftover(leftover)),
            false => Ok(()),
        }
    }

    /// Changes `profiles.toml`.
    fn update(&mut self, change: impl FnOnce(&mut Profiles)) -> Result<(), Error> {
        let lock = self.folder.lock()?;
        self.profiles = self.vault.write(&self.folder, &lock, change)?;
        Ok(())
    }

    /// Opens a store that this data folder has used.
    fn open(&self, kind: StoreKind) -> Result<Box<dyn Store + '_>, Error> {
        self.vault.open(kind)?.ok_or_else(|| Error::BrokenFolderId(self.folder.join("folder-id")))
    }
}
