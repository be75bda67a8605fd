//! The profiles and tokens of a data folder. No other module opens a store. A token is used only if its profile describes it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::change::Change;
use super::profile::Profile;
use super::profiles::{self, Profiles};
use super::{Error, FolderId, Prompt, Store, file};
use crate::domain::{AccessToken, Fingerprint, ProfileId, StoreKind};
use crate::files::{self, Lock, PrivateFolder};
use crate::system::random_hex;

/// The file with the [`FolderId`]. Not part of `profiles.toml`, which may be lost.
const FOLDER_ID: &str = "folder-id";

/// The lock that a [`Change`] holds. It makes several writes, each under the lock for writers.
pub(super) const CHANGE_LOCK: &str = "change.lock";

/// How long a reader tries again while other processes change the same profile.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The profiles and tokens of one data folder.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    folder: PathBuf,
    /// The folder for locks if the file system of the data folder has none.
    lock_folder: Option<PathBuf>,
    prompt: Prompt,
}

/// The result of looking up the token of a profile.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// The token, and the profile that describes it.
    Found(Box<Profile>, AccessToken),
    /// The profile has no token, or does not exist.
    NoToken,
    /// The profile has a token, but it is no longer in that store.
    Missing(StoreKind),
}

/// A login that was killed while it stored its token.
#[derive(Debug)]
pub(crate) struct Interrupted {
    pub(crate) id: ProfileId,
    /// Whether its token was stored. An error if the store failed.
    pub(crate) is_stored: Result<bool, Error>,
}

impl Vault {
    /// The vault of that folder, which may not exist yet. The keyring never prompts.
    pub(crate) fn new(folder: PathBuf, lock_folder: Option<PathBuf>) -> Self {
        Vault { folder, lock_folder, prompt: Prompt::Never }
    }

    /// The same vault, whose keyring may prompt.
    pub(crate) fn with_prompts(self, prompt: Prompt) -> Self {
        Vault { prompt, ..self }
    }

    /// Lets the keyring ask again what the user has refused.
    pub(crate) fn ask_again(&self) {
        if let Prompt::Allowed(dialog) = &self.prompt {
            dialog.ask_again();
        }
    }

    /// The same vault, whose keyring never prompts.
    pub(crate) fn without_prompts(&self) -> Self {
        Vault { prompt: Prompt::Never, ..self.clone() }
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The profiles. Does not wait for a lock.
    pub(crate) fn profiles(&self) -> Result<Profiles, Error> {
        Ok(Profiles::load(&self.folder)?)
    }

    /// Looks up the token of the profile. `known` is the profile as it was read before; `None` if there was none.
    pub(crate) fn find(&self, id: &ProfileId, known: Option<&Profile>) -> Result<Lookup, Error> {
        let deadline = Instant::now() + READ_TIMEOUT;
        let mut profile = known.cloned();
        loop {
            let found = match &profile {
                Some(profile) => self.find_token(profile),
                None => Ok(Lookup::NoToken),
            };
            if matches!(found, Ok(Lookup::Found(..) | Lookup::NoToken)) {
                return found;
            }
            // Another process may have changed the profile and the token between the two reads.
            let now = self.profiles()?.find(id).cloned();
            if now == profile || Instant::now() >= deadline {
                return found;
            }
            profile = now;
        }
    }

    /// The token that this profile describes, or the one that a login is storing now.
    fn find_token(&self, profile: &Profile) -> Result<Lookup, Error> {
        let mut result = Ok(Lookup::NoToken);
        for profile in profile.with_pending() {
            let Some(stored) = &profile.token else { continue };
            match self.matching(&profile.id, profile.store, &stored.fingerprint) {
                Ok(Some(token)) => {
                    let profile = Profile { pending: None, ..profile.clone() };
                    return Ok(Lookup::Found(Box::new(profile), token));
                }
                // A problem with the profile's own token matters more than that the pending one is not stored yet.
                _ if !matches!(result, Ok(Lookup::NoToken)) => {}
                Ok(None) => result = Ok(Lookup::Missing(profile.store)),
                Err(error) => result = Err(error),
            }
        }
        result
    }

    /// The token with that fingerprint in that store. Fails if the store has only other entries of the profile.
    pub(super) fn matching(
        &self,
        id: &ProfileId,
        kind: StoreKind,
        wanted: &Fingerprint,
    ) -> Result<Option<AccessToken>, Error> {
        let Some(store) = self.open(kind)? else { return Ok(None) };
        let entries = store.entries(id)?;
        let mut other = None;
        for secret in entries.secrets {
            match token(&secret) {
                Some(token) if token.fingerprint() == *wanted => return Ok(Some(token)),
                Some(_) => other = Some(Error::Mismatch(kind, id.clone())),
                None => other = other.or_else(|| Some(Error::Damaged(kind, id.clone()))),
            }
        }
        match other {
            _ if !entries.are_all => Err(Error::Locked),
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// The tokens in that store that no profile describes, for example because `profiles.toml` was lost.
    pub(crate) fn unlisted(
        &self,
        kind: StoreKind,
        id: &ProfileId,
        profiles: &Profiles,
    ) -> Result<Vec<AccessToken>, Error> {
        let profiles = profiles.find(id).into_iter().flat_map(Profile::with_pending);
        let described: Vec<&Fingerprint> =
            profiles.filter_map(|profile| Some(&profile.token.as_ref()?.fingerprint)).collect();
        let Some(store) = self.open(kind)? else { return Ok(Vec::new()) };
        let tokens = store.entries(id)?.secrets.into_iter().filter_map(|secret| token(&secret));
        Ok(tokens.filter(|token| !described.contains(&&token.fingerprint())).collect())
    }

    /// The profiles that have an entry in that store, as `NAME@HOST`, if the store can list them.
    pub(crate) fn names(&self, kind: StoreKind) -> Result<Vec<String>, Error> {
        self.open(kind)?.map_or(Ok(Vec::new()), |store| store.names())
    }

    /// Checks whether a token can be stored: the locks, a write, and the store itself, which is unlocked if it may prompt.
    pub(crate) fn prepare(&self, kind: StoreKind) -> Result<(), Error> {
        let folder = self.create_folder()?;
        drop(folder.try_lock_as(CHANGE_LOCK)?);
        let lock = folder.lock()?;
        folder.check_writable()?;
        self.profiles()?;
        if kind == StoreKind::Keyring {
            self.create_folder_id(&folder, &lock)?;
        }
        drop(lock);
        match self.open(kind)? {
            Some(store) => store.prepare(),
            None => Ok(()),
        }
    }

    /// Fails if the keyring cannot be reached.
    pub(crate) fn reach_keyring(&self) -> Result<(), Error> {
        self.without_prompts().keyring(FolderId("none".to_owned())).names().map(drop)
    }

    /// Writes, reads and deletes an entry with an ID that no profile can have. Returns whether it was read as it was written.
    pub(crate) fn try_out(&self, kind: StoreKind, id: &ProfileId, token: &AccessToken) -> Result<bool, Error> {
        // A locked keyring is not unlocked for this, but an unlocked one may prompt at each write.
        let without_prompts = self.without_prompts();
        without_prompts.prepare(kind)?;
        let Some(store) = self.open(kind)? else { return Ok(false) };
        store.set(id, token)?;
        let found = without_prompts.matching(id, kind, &token.fingerprint());
        store.delete_except(id, None)?;
        Ok(found?.is_some())
    }

    /// Waits until no other process is changing profiles and tokens, for at most 30 seconds. Others then wait until the change is dropped.
    pub(crate) fn begin(&self) -> Result<Change<'_>, Error> {
        Change::begin(self)
    }

    /// Changes only `profiles.toml`, for example what docker gets. If it fails, nothing was changed.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Profiles)) -> Result<(), Error> {
        let folder = self.create_folder()?;
        let lock = folder.lock()?;
        self.write(&folder, &lock, change).map(drop)
    }

    /// The same, but does nothing while another process is writing.
    pub(crate) fn try_update(&self, change: impl FnOnce(&mut Profiles)) -> Result<(), Error> {
        let folder = self.create_folder()?;
        match folder.try_lock_as("lock")? {
            Some(lock) => self.write(&folder, &lock, change).map(drop),
            None => Ok(()),
        }
    }

    /// Changes `profiles.toml` under the lock for writers. Returns its new content.
    pub(super) fn write(
        &self,
        folder: &PrivateFolder,
        lock: &Lock,
        change: impl FnOnce(&mut Profiles),
    ) -> Result<Profiles, Error> {
        let mut profiles = self.profiles()?;
        change(&mut profiles);
        if let Ok(Some(id)) = self.folder_id() {
            profiles.set_folder_id(id);
        }
        files::replace(folder, lock, profiles::NAME, profiles.to_text()?.as_bytes())?;
        Ok(profiles)
    }

    /// Finds out whether killed logins stored their tokens. If so, the pending profile is used, and otherwise the one before. Does not wait
    /// for a lock, and needs no folder that it can write to: if `profiles.toml` cannot be changed now, the next command does it.
    ///
    /// Does nothing if no login was interrupted, or while one is running.
    pub(crate) fn settle(&self, profiles: &mut Profiles) -> Result<Vec<Interrupted>, Error> {
        if profiles.iter().all(|profile| profile.pending.is_none()) {
            return Ok(Vec::new());
        }
        let _change = match self.create_folder().and_then(|folder| Ok(folder.try_lock_as(CHANGE_LOCK)?)) {
            Ok(None) => return Ok(Vec::new()),
            Ok(lock) => lock,
            // Then no login can write there either.
            Err(_) => None,
        };
        // Read again under the lock, because the login may have finished meanwhile.
        *profiles = self.profiles()?;
        Ok(self.settle_locked(profiles))
    }

    /// The same, for a caller that has the lock [`CHANGE_LOCK`].
    pub(super) fn settle_locked(&self, profiles: &mut Profiles) -> Vec<Interrupted> {
        let mut interrupted = Vec::new();
        for profile in profiles.iter().filter(|profile| profile.pending.is_some()).cloned().collect::<Vec<_>>() {
            let Some(pending) = profile.pending.clone() else { continue };
            let id = profile.id.clone();
            let is_stored = match &pending.token {
                Some(token) => self.matching(&id, pending.store, &token.fingerprint).map(|token| token.is_some()),
                None => Ok(false),
            };
            let is_stored = match is_stored {
                // The store has the token before this one.
                Err(Error::Mismatch(..) | Error::Damaged(..)) => Ok(false),
                is_stored => is_stored,
            };
            if let Ok(is_stored) = is_stored {
                let before = Profile { pending: None, ..profile };
                let moved = is_stored && before.token.is_some() && before.store != pending.store;
                let old_store = before.store;
                let now = if is_stored { *pending } else { before };
                let settled = |profiles: &mut Profiles| {
                    profiles.put(now.clone());
                    if moved {
                        profiles.add_leftover(&id, old_store);
                    }
                };
                settled(profiles);
                // Fails harmlessly on a read-only disk; the next command retries.
                let _ = self.try_update(settled);
            }
            interrupted.push(Interrupted { id, is_stored });
        }
        interrupted
    }

    /// Creates the data folder if it is missing.
    pub(super) fn create_folder(&self) -> Result<PrivateFolder, Error> {
        Ok(PrivateFolder::create(&self.folder, self.lock_folder.as_deref())?)
    }

    /// Creates the ID of the folder if it has none, and its file if that was lost.
    pub(super) fn create_folder_id(&self, folder: &PrivateFolder, lock: &Lock) -> Result<(), Error> {
        if matches!(self.read_folder_id(), Ok(Some(_))) {
            return Ok(());
        }
        let id = match self.folder_id()? {
            Some(id) => id.to_string(),
            None => random_hex().map_err(|error| Error::Unwritable(error.to_string()))?,
        };
        Ok(files::replace(folder, lock, FOLDER_ID, format!("{id}\n").as_bytes())?)
    }

    /// The ID of the folder. `None` if it has never used the keyring.
    fn folder_id(&self) -> Result<Option<FolderId>, Error> {
        match self.read_folder_id() {
            Ok(Some(id)) => Ok(Some(id)),
            // If the file was lost or damaged, `profiles.toml` has the ID too.
            other => {
                self.profiles().ok().and_then(|profiles| profiles.folder_id().cloned()).map_or(other, |id| Ok(Some(id)))
            }
        }
    }

    fn read_folder_id(&self) -> Result<Option<FolderId>, Error> {
        let path = self.folder.join(FOLDER_ID);
        let Some(text) = files::read(&path)? else { return Ok(None) };
        FolderId::parse(text.trim_end()).map(Some).ok_or(Error::BrokenFolderId(path))
    }

    /// Opens the store. `None` for the keyring if this folder has never used it.
    pub(super) fn open(&self, kind: StoreKind) -> Result<Option<Box<dyn Store + '_>>, Error> {
        match kind {
            StoreKind::File => {
                Ok(Some(Box::new(file::File { folder: &self.folder, lock_folder: self.lock_folder.as_deref() })))
            }
            StoreKind::Keyring => Ok(self.folder_id()?.map(|folder| self.keyring(folder))),
        }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn keyring(&self, folder: FolderId) -> Box<dyn Store> {
        Box::new(super::secret_service::SecretService {
            folder,
            prompt: self.prompt.clone(),
            runtime_folder: self.lock_folder.clone(),
        })
    }

    #[cfg(any(windows, target_os = "macos"))]
    fn keyring(&self, folder: FolderId) -> Box<dyn Store> {
        Box::new(super::native::Native { folder })
    }
}

/// `None` if the secret is not a token.
fn token(secret: &Zeroizing<Vec<u8>>) -> Option<AccessToken> {
    AccessToken::parse(str::from_utf8(secret).ok()?.to_owned()).ok()
}
