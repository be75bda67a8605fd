//! Tokens in the macOS Keychain or the Windows Credential Manager, through the `keyring` crate.

use keyring::v1::{Entry, Error as KeyringError};
use zeroize::Zeroizing;

use super::{Entries, Error, FolderId, SERVICE, Store};
use crate::domain::{AccessToken, Fingerprint, ProfileId};

/// The keyring of this user, with the entries of one data folder.
pub(super) struct Native {
    pub(super) folder: FolderId,
}

impl Native {
    /// The entry of that profile, which may not exist yet: service `quay-auth`, user `NAME@HOST FOLDER`.
    fn entry(&self, id: &ProfileId) -> Result<Entry, Error> {
        Ok(Entry::new(SERVICE, &format!("{id} {}", self.folder))?)
    }
}

impl Store for Native {
    fn entries(&self, id: &ProfileId) -> Result<Entries, Error> {
        match self.entry(id)?.get_secret() {
            Ok(secret) => Ok(Entries { secrets: vec![Zeroizing::new(secret)], are_all: true }),
            Err(KeyringError::NoEntry) => Ok(Entries { secrets: Vec::new(), are_all: true }),
            Err(error) => Err(error.into()),
        }
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        // Listing may prompt on both systems.
        Ok(Vec::new())
    }

    fn set(&self, id: &ProfileId, token: &AccessToken) -> Result<(), Error> {
        Ok(self.entry(id)?.set_secret(token.expose().as_bytes())?)
    }

    fn delete_except(&self, id: &ProfileId, keep: Option<&Fingerprint>) -> Result<(), Error> {
        if keep.is_some() && self.entries(id)?.secrets.iter().all(|secret| keep == Some(&Fingerprint::of(secret))) {
            return Ok(());
        }
        match self.entry(id)?.delete_credential() {
            Ok(()) | Err(KeyringError::NoEntry) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn prepare(&self) -> Result<(), Error> {
        // Both systems unlock the keyring when the user logs in to the desktop, so this checks only that there is one.
        match Entry::store_status() {
            Ok(()) => Ok(()),
            Err(error) => Err(Error::NoService(Some(error.to_string().into()))),
        }
    }
}

impl From<KeyringError> for Error {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::NoStorageAccess(_) => Error::Locked,
            KeyringError::NoDefaultStore => Error::NoService(None),
            KeyringError::TooLong(..) => Error::TooLong,
            // As text, because `Debug` would print bytes of the secret.
            other => Error::Keyring(other.to_string().into()),
        }
    }
}
