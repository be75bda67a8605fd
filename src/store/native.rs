//! Tokens in the macOS Keychain or the Windows Credential Manager, by the `keyring` crate.

use keyring::v1::{Entry, Error as KeyringError};
use zeroize::Zeroizing;

use super::{Error, SERVICE, Store};
use crate::domain::{AccessToken, Profile};

/// The keyring of this user.
pub(super) struct Native;

impl Store for Native {
    fn get(&self, profile: &Profile) -> Result<Option<AccessToken>, Error> {
        let secret = match entry(profile)?.get_secret() {
            Ok(secret) => Zeroizing::new(secret),
            Err(KeyringError::NoEntry) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        std::str::from_utf8(&secret)
            .ok()
            .and_then(|text| AccessToken::parse(text.to_owned()).ok())
            .map(Some)
            .ok_or_else(|| Error::Damaged(profile.clone()))
    }

    fn set(&self, profile: &Profile, token: &AccessToken) -> Result<(), Error> {
        Ok(entry(profile)?.set_secret(token.expose().as_bytes())?)
    }

    fn delete(&self, profile: &Profile) -> Result<bool, Error> {
        match entry(profile)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(KeyringError::NoEntry) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn make_ready(&self) -> Result<(), Error> {
        // Both systems unlock the keyring with the user's session; what is left to prove is that it can be opened at all.
        match Entry::store_status() {
            Ok(()) => Ok(()),
            Err(error) => Err(Error::NoService(Some(error.to_string().into()))),
        }
    }
}

/// The entry of that profile, which need not exist.
fn entry(profile: &Profile) -> Result<Entry, Error> {
    Ok(Entry::new(SERVICE, &profile.to_string())?)
}

impl From<KeyringError> for Error {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::NoStorageAccess(_) => Error::Locked,
            KeyringError::NoDefaultStore => Error::NoService(None),
            KeyringError::TooLong(..) => Error::TooLong,
            // Its Debug form would print bytes of the secret; the text does not.
            other => Error::Keyring(other.to_string().into()),
        }
    }
}
