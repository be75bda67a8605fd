//! Tokens in `tokens.toml`, 0600: only with the user's own word, `--store file`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use super::{Error, Store};
use crate::domain::{AccessToken, Profile};
use crate::files::{self, PrivateFolder};

/// The file's name.
const NAME: &str = "tokens.toml";

/// The token file of one folder.
pub(super) struct File {
    /// The folder that holds it.
    folder: PathBuf,
}

/// Tokens by profile, as the file holds them; wiped on drop.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Tokens {
    /// `"NAME@HOST[:PORT]" = "token"`.
    #[serde(default)]
    token: BTreeMap<String, String>,
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.token.values_mut().for_each(Zeroize::zeroize);
    }
}

impl File {
    /// The token file in `folder`, which need not exist.
    pub(super) fn new(folder: &Path) -> Self {
        File { folder: folder.to_owned() }
    }

    /// All tokens of the file. The text of a parse error is dropped: it quotes the line, and so the token.
    fn load(&self) -> Result<Tokens, Error> {
        let path = self.folder.join(NAME);
        match files::read_private(&path) {
            Ok(Some(text)) => toml::from_str(&text).map_err(|_| Error::BrokenFile(path)),
            Ok(None) => Ok(Tokens::default()),
            Err(files::Error::NotText { path }) => Err(Error::BrokenFile(path)),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the file under the writers' lock; `change` tells whether there is anything to write.
    fn update(&self, change: impl FnOnce(&mut Tokens) -> bool) -> Result<bool, Error> {
        let folder = PrivateFolder::make(&self.folder)?;
        let lock = folder.lock()?;
        let mut tokens = self.load()?;
        let changed = change(&mut tokens);
        if changed {
            let text = toml::to_string(&tokens).map_err(|error| Error::Keyring(Box::new(error)))?;
            files::replace(&folder, &lock, NAME, Zeroizing::new(text).as_bytes())?;
        }
        Ok(changed)
    }
}

impl Store for File {
    fn get(&self, profile: &Profile) -> Result<Option<AccessToken>, Error> {
        match self.load()?.token.remove(&profile.to_string()) {
            Some(text) => AccessToken::parse(text).map(Some).map_err(|_| Error::Damaged(profile.clone())),
            None => Ok(None),
        }
    }

    fn set(&self, profile: &Profile, token: &AccessToken) -> Result<(), Error> {
        self.update(|tokens| {
            if let Some(mut old) = tokens.token.insert(profile.to_string(), token.expose().to_owned()) {
                old.zeroize();
            }
            true
        })?;
        Ok(())
    }

    fn delete(&self, profile: &Profile) -> Result<bool, Error> {
        // Without a folder there is nothing to forget, and none is made for it.
        if !self.folder.exists() {
            return Ok(false);
        }
        self.update(|tokens| {
            let old = tokens.token.remove(&profile.to_string()).map(Zeroizing::new);
            old.is_some()
        })
    }

    fn make_ready(&self) -> Result<(), Error> {
        let folder = PrivateFolder::make(&self.folder)?;
        let _lock = folder.lock()?;
        folder.prove_writable()?;
        self.load().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_tokens() {
        let folder = tempfile::tempdir().unwrap();
        super::super::keeps_tokens(&File::new(&folder.path().join("quay-auth")));
    }

    #[test]
    fn a_damaged_file_is_an_error_and_stays_as_it_is() {
        let outer = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::make(&outer.path().join("quay-auth")).unwrap();
        let store = File::new(&outer.path().join("quay-auth"));
        let profile = Profile { host: "quay.io".parse().unwrap(), name: "default".parse().unwrap() };
        let token = AccessToken::parse("a".repeat(40)).unwrap();
        files::replace(&folder, &folder.lock().unwrap(), NAME, b"[token]\n\"default@quay.io\" = \"aaaa").unwrap();
        assert!(matches!(store.get(&profile), Err(Error::BrokenFile(_))));
        assert!(matches!(store.set(&profile, &token), Err(Error::BrokenFile(_))));
        files::replace(&folder, &folder.lock().unwrap(), NAME, b"[token]\n\"default@quay.io\" = \"a b\"\n").unwrap();
        assert!(matches!(store.get(&profile), Err(Error::Damaged(_))));
    }
}
