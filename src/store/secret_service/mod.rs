//! Tokens in the desktop's keyring on Linux and BSD, by the Secret Service API on the session bus. `bus.rs` makes the calls.

mod bus;
mod session_bus;

use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use self::bus::{Attributes, Bus, Found, Item};
use super::{Entries, Error, FolderId, Prompt, SERVICE, Secret, Store};
use crate::domain::{AccessToken, Fingerprint, ProfileId};

/// For a whole read or write, retries included. The time that a person takes to answer a dialog does not count.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How often to check whether a dialog is open.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How often to search again if an entry was deleted between the search and the read.
const MAX_SEARCHES: usize = 20;

/// The desktop's keyring, with the entries of one data folder.
pub(super) struct SecretService {
    pub(super) folder: FolderId,
    pub(super) prompt: Prompt,
    /// Where the session bus may be if the environment does not name it.
    pub(super) runtime_folder: Option<PathBuf>,
}

impl Store for SecretService {
    fn entries(&self, id: &ProfileId) -> Result<Entries, Error> {
        let attributes = self.attributes(Some(id));
        self.with_timeout(move |bus| {
            let (found, secrets) = read(bus, &attributes)?;
            Ok(Entries { secrets, are_all: found.locked.is_empty() && !found.may_be_more })
        })
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let attributes = self.attributes(None);
        self.with_timeout(move |bus| {
            let found = bus.search(&attributes)?;
            let mut names = Vec::new();
            for item in found.unlocked.iter().chain(&found.locked) {
                names.extend(bus.attributes(item)?.and_then(|mut all| all.remove("username")));
            }
            Ok(names)
        })
    }

    fn set(&self, id: &ProfileId, token: &AccessToken) -> Result<(), Error> {
        let (label, attributes) = (format!("{SERVICE}: {id}"), self.attributes(Some(id)));
        let secret = Zeroizing::new(token.expose().to_owned());
        self.with_timeout(move |bus| bus.store(&label, &attributes, secret.as_bytes()))
    }

    fn delete_except(&self, id: &ProfileId, keep: Option<&Fingerprint>) -> Result<(), Error> {
        let (attributes, keep) = (self.attributes(Some(id)), keep.cloned());
        self.with_timeout(move |bus| {
            let items = match &keep {
                None => {
                    let found = bus.search(&attributes)?;
                    if found.may_be_more {
                        return Err(Error::Locked);
                    }
                    [found.unlocked, found.locked].concat()
                }
                Some(keep) => others(bus, &attributes, keep)?,
            };
            items.iter().try_for_each(|item| bus.delete(item))
        })
    }

    fn prepare(&self) -> Result<(), Error> {
        self.with_timeout(Bus::open_default)
    }
}

/// The entries with these attributes, and their secrets.
fn read(bus: &Bus, attributes: &Attributes) -> Result<(Found, Vec<Secret>), Error> {
    for _ in 0..MAX_SEARCHES {
        let found = bus.unlock_found(bus.search(attributes)?)?;
        if let Some(secrets) = bus.secrets(&found.unlocked)? {
            return Ok((found, secrets));
        }
    }
    Err(Error::NotResponding)
}

/// The entries whose secret is not the one to keep.
fn others(bus: &Bus, attributes: &Attributes, keep: &Fingerprint) -> Result<Vec<Item>, Error> {
    let found = bus.search(attributes)?;
    if let ([], [_]) = (&*found.unlocked, &*found.locked) {
        // It is the one that was just stored. To read it, KeePassXC may ask its user, for nothing.
        return Ok(Vec::new());
    }
    let (found, secrets) = read(bus, attributes)?;
    let pairs = found.unlocked.into_iter().zip(secrets);
    Ok(pairs.filter(|(_, secret)| Fingerprint::of(secret) != *keep).map(|(item, _)| item).collect())
}

impl SecretService {
    /// The attributes that all entries of the data folder have, or the entry of one profile.
    /// `secret-tool lookup service quay-auth username NAME@HOST` finds that entry too.
    fn attributes(&self, id: Option<&ProfileId>) -> Attributes {
        let pairs = [("service", SERVICE.to_owned()), ("folder", self.folder.to_string())];
        let username = id.map(|id| ("username", id.to_string()));
        pairs.into_iter().chain(username).map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Does `work` on a thread of its own. If it takes too long, the thread is left behind, because libdbus cannot be interrupted.
    ///
    /// If the keyring does not reply, tries a second time, within the same time limit.
    fn with_timeout<T: Send + 'static>(
        &self,
        work: impl Fn(&Bus) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (done, result) = mpsc::channel();
        let (prompt, runtime_folder) = (self.prompt.clone(), self.runtime_folder.clone());
        let attempt = move || work(&Bus::connect(prompt.clone(), runtime_folder.as_deref())?);
        let worker = thread::Builder::new().name("keyring".to_owned()).spawn(move || {
            let first = attempt();
            let result = if matches!(first, Err(Error::NotResponding)) { attempt() } else { first };
            let _ = done.send(result);
        });
        if let Err(error) = worker {
            return Err(Error::Keyring(Box::new(error)));
        }
        let mut deadline = Instant::now() + TIMEOUT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = if matches!(self.prompt, Prompt::Never) { left } else { left.min(POLL_INTERVAL) };
            match result.recv_timeout(wait) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(Error::NotResponding),
                Err(RecvTimeoutError::Timeout) => match &self.prompt {
                    Prompt::Allowed(dialog) if dialog.is_open() => deadline = Instant::now() + TIMEOUT,
                    _ if Instant::now() >= deadline => return Err(Error::NotResponding),
                    _ => {}
                },
            }
        }
    }
}
