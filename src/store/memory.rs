//! Tokens in memory, for unit tests of what uses a store.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{Error, Store};
use crate::domain::{AccessToken, Profile};

/// Keeps tokens as long as it lives.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<Profile, String>>);

impl Store for Memory {
    fn get(&self, profile: &Profile) -> Result<Option<AccessToken>, Error> {
        Ok(self.0.lock().unwrap().get(profile).cloned().map(|token| AccessToken::parse(token).unwrap()))
    }

    fn set(&self, profile: &Profile, token: &AccessToken) -> Result<(), Error> {
        self.0.lock().unwrap().insert(profile.clone(), token.expose().to_owned());
        Ok(())
    }

    fn delete(&self, profile: &Profile) -> Result<bool, Error> {
        Ok(self.0.lock().unwrap().remove(profile).is_some())
    }

    fn make_ready(&self) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn keeps_tokens() {
        super::super::keeps_tokens(&super::Memory::default());
    }
}
