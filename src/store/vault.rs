//! The one way to profiles and tokens of a data folder. A token is served only if it is the one that its profile describes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::change::Change;
use super::profile::Profile;
use super::profiles::{self, Profiles};
use super::{Error, FolderId, Prompt, Store, file};
use crate::domain::{AccessToken, Fingerprint, ProfileId, StoreKind};
use crate::files::{self, Lock, PrivateFolder};

/// Says which entries of the keyring belong to this data folder. A file of its own, so that it survives the loss of `profiles.toml`.
const FOLDER_ID: &str = "folder-id";

/// Held over all writes of one change.
pub(super) const CHANGE_LOCK: &str = "change.lock";

/// How long a reader goes on reading while others change the same profile.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The profiles and tokens of one data folder.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    folder: PathBuf,
    /// Where its locks are if its own file system has none.
    lock_folder: Option<PathBuf>,
    prompt: Prompt,
}

/// What became of a search for a profile's token.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// The token, and the profile that describes it.
    Found(Box<Profile>, AccessToken),
    /// The profile has no token, or does not exist.
    NoToken,
    /// The profile has a token, but that store no longer holds it.
    Missing(StoreKind),
}

/// A login that was killed while it stored its token.
#[derive(Debug)]
pub(crate) struct Interrupted {
    pub(crate) id: ProfileId,
    /// Whether its token was stored; an error where the store does not tell.
    pub(crate) is_stored: Result<bool, Error>,
}

impl Vault {
    /// The vault of that folder, which need not exist. The keyring never prompts.
    pub(crate) fn new(folder: PathBuf, lock_folder: Option<PathBuf>) -> Self {
        Vault { folder, lock_folder, prompt: Prompt::Never }
    }

    /// The same vault for a command at which a person is present: the keyring may prompt.
    pub(crate) fn with_prompts(self, prompt: Prompt) -> Self {
        Vault { prompt, ..self }
    }

    /// Lets the keyring ask again what its user has refused.
    pub(crate) fn ask_again(&self) {
        if let Prompt::Allowed(dialog) = &self.prompt {
            dialog.ask_again();
        }
    }

    pub(super) fn without_prompts(&self) -> Self {
        Vault { prompt: Prompt::Never, ..self.clone() }
    }

    /// Where the files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The profiles. Never waits for a lock.
    pub(crate) fn profiles(&self) -> Result<Profiles, Error> {
        Ok(Profiles::load(&self.folder)?)
    }

    /// The token of that profile; `known` is the profile as it was a moment ago, if there was one.
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
            // Another process may have changed both in between.
            let now = self.profiles()?.find(id).cloned();
            if now == profile || Instant::now() >= deadline {
                return found;
            }
            profile = now;
        }
    }

    /// The token that this profile describes, or the one of a login that is storing it now.
    fn find_token(&self, profile: &Profile) -> Result<Lookup, Error> {
        let mut result = Ok(Lookup::NoToken);
        for profile in [Some(profile), profile.pending.as_deref()].into_iter().flatten() {
            let Some(stored) = &profile.token else { continue };
            match self.matching(&profile.id, profile.store, &stored.fingerprint) {
                Ok(Some(token)) => {
                    let profile = Profile { pending: None, ..profile.clone() };
                    return Ok(Lookup::Found(Box::new(profile), token));
                }
                // What is wrong with the profile's own token counts, not that the next one is not there yet.
                _ if !matches!(result, Ok(Lookup::NoToken)) => {}
                Ok(None) => result = Ok(Lookup::Missing(profile.store)),
                Err(error) => result = Err(error),
            }
        }
        result
    }

    /// The token with that fingerprint in that store. Fails where there are only others.
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

    /// Tokens in that store that no profile describes: what is left when `profiles.toml` was lost.
    pub(crate) fn unlisted(
        &self,
        kind: StoreKind,
        id: &ProfileId,
        profiles: &Profiles,
    ) -> Result<Vec<AccessToken>, Error> {
        let profile = profiles.find(id);
        let described: Vec<&Fingerprint> = [profile, profile.and_then(|profile| profile.pending.as_deref())]
            .into_iter()
            .flatten()
            .filter_map(|profile| Some(&profile.token.as_ref()?.fingerprint))
            .collect();
        let Some(store) = self.open(kind)? else { return Ok(Vec::new()) };
        let tokens = store.entries(id)?.secrets.into_iter().filter_map(|secret| token(&secret));
        Ok(tokens.filter(|token| !described.contains(&&token.fingerprint())).collect())
    }

    /// The written names of all profiles with an entry in that store, if it can list them.
    pub(crate) fn names(&self, kind: StoreKind) -> Result<Vec<String>, Error> {
        self.open(kind)?.map_or(Ok(Vec::new()), |store| store.names())
    }

    /// Tries all that a change needs, unlocking the store where that is allowed: the locks, a write, the store itself.
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

    /// Asks the keyring for anything at all: fails as any use of it would.
    pub(crate) fn reach_keyring(&self) -> Result<(), Error> {
        self.without_prompts().keyring(FolderId("none".to_owned())).names().map(drop)
    }

    /// Writes, reads and deletes an entry under a name that no profile can have; whether it came back as it was.
    pub(crate) fn try_out(&self, kind: StoreKind, id: &ProfileId, token: &AccessToken) -> Result<bool, Error> {
        // A keyring that is locked is not unlocked for this. One that is open may still prompt at each write.
        let without_prompts = self.without_prompts();
        without_prompts.prepare(kind)?;
        let Some(store) = self.open(kind)? else { return Ok(false) };
        store.set(id, token)?;
        let found = without_prompts.matching(id, kind, &token.fingerprint());
        store.delete_except(id, None)?;
        Ok(found?.is_some())
    }

    /// Waits until no other process changes profiles and tokens, and keeps others out. 30 seconds at most: a keyring may be slow.
    pub(crate) fn begin(&self) -> Result<Change<'_>, Error> {
        Change::begin(self)
    }

    /// Changes the list of profiles alone, such as what docker gets. Fails without having changed anything.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Profiles)) -> Result<(), Error> {
        let folder = self.create_folder()?;
        let lock = folder.lock()?;
        self.write(&folder, &lock, change).map(drop)
    }

    /// The same, unless another process is writing at this moment.
    pub(crate) fn try_update(&self, change: impl FnOnce(&mut Profiles)) -> Result<(), Error> {
        let folder = self.create_folder()?;
        match folder.try_lock_as("lock")? {
            Some(lock) => self.write(&folder, &lock, change).map(drop),
            None => Ok(()),
        }
    }

    /// Writes the changed list under the writers' lock, and returns it.
    pub(super) fn write(
        &self,
        folder: &PrivateFolder,
        lock: &Lock,
        change: impl FnOnce(&mut Profiles),
    ) -> Result<Profiles, Error> {
        let mut profiles = self.profiles()?;
        change(&mut profiles);
        files::replace(folder, lock, profiles::NAME, profiles.to_text()?.as_bytes())?;
        Ok(profiles)
    }

    /// Finds out how far killed logins came: the token is in its store, then that profile counts; else the one before. Changes the list
    /// where that can be done at once; a reader waits for nobody and needs no folder that it can write to.
    ///
    /// Reads and writes nothing where no login was interrupted or one is still at work.
    pub(crate) fn settle(&self, profiles: &mut Profiles) -> Result<Vec<Interrupted>, Error> {
        if profiles.iter().all(|profile| profile.pending.is_none()) {
            return Ok(Vec::new());
        }
        let _change = match self.create_folder().and_then(|folder| Ok(folder.try_lock_as(CHANGE_LOCK)?)) {
            Ok(None) => return Ok(Vec::new()),
            Ok(lock) => lock,
            // Then no login can be writing there either.
            Err(_) => None,
        };
        // Read again under the lock: the login may have finished in between.
        *profiles = self.profiles()?;
        Ok(self.settle_locked(profiles))
    }

    /// The same, while no other process changes anything.
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
                // Another token is there: the one before.
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
                // Fails harmlessly on a read-only disk; the next command finds out again.
                let _ = self.try_update(settled);
            }
            interrupted.push(Interrupted { id, is_stored });
        }
        interrupted
    }

    /// The folder, created where it is missing.
    pub(super) fn create_folder(&self) -> Result<PrivateFolder, Error> {
        Ok(PrivateFolder::create(&self.folder, self.lock_folder.as_deref())?)
    }

    /// Chooses the folder's ID where it has none.
    pub(super) fn create_folder_id(&self, folder: &PrivateFolder, lock: &Lock) -> Result<(), Error> {
        if self.folder_id()?.is_some() {
            return Ok(());
        }
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| Error::Unwritable(error.to_string()))?;
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(files::replace(folder, lock, FOLDER_ID, format!("{digits}\n").as_bytes())?)
    }

    /// The folder's ID, once it was chosen.
    fn folder_id(&self) -> Result<Option<FolderId>, Error> {
        let path = self.folder.join(FOLDER_ID);
        let Some(text) = files::read(&path)? else { return Ok(None) };
        let id = text.trim_end();
        let is_valid = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_valid { Ok(Some(FolderId(id.to_owned()))) } else { Err(Error::BrokenFolderId(path)) }
    }

    /// The store; `None` for the keyring while this folder has never used it.
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

/// The token that a store's secret is, if it is one.
fn token(secret: &Zeroizing<Vec<u8>>) -> Option<AccessToken> {
    AccessToken::parse(str::from_utf8(secret).ok()?.to_owned()).ok()
}
