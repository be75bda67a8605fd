//! The token file, `tokens.toml`, with mode 0600. Used only with `--store file`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use super::profiles::{VERSION, newer_version};
use super::{Entries, Error, Store};
use crate::domain::{AccessToken, Fingerprint, ProfileId};
use crate::files::{self, PrivateFolder};

pub(super) const NAME: &str = "tokens.toml";

/// The token file of one data folder.
pub(super) struct File<'a> {
    pub(super) folder: &'a Path,
    /// See [`PrivateFolder::create`].
    pub(super) lock_folder: Option<&'a Path>,
}

/// The content of the file. Wiped from memory when it is dropped.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Tokens {
    #[serde(default)]
    version: u32,
    /// `"NAME@HOST[:PORT]" = "token"`.
    #[serde(default)]
    token: BTreeMap<String, String>,
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.token.values_mut().for_each(Zeroize::zeroize);
    }
}

impl File<'_> {
    fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// The text of the file. `None` if there is no file.
    fn text(&self) -> Result<Option<Zeroizing<String>>, Error> {
        match files::read_private(&self.path()) {
            Err(files::Error::NotText { path }) => Err(Error::BrokenFile(path)),
            result => Ok(result?),
        }
    }

    /// Reads the file. The parser's own error is not used, because it quotes the line with the token.
    fn load(&self) -> Result<Tokens, Error> {
        let Some(text) = self.text()? else { return Ok(Tokens::default()) };
        if let Some(version) = newer_version(&text) {
            return Err(Error::NewerFile { path: self.path(), version });
        }
        toml::from_str(&text).map_err(|_| Error::BrokenFile(self.path()))
    }

    /// The tokens in those lines of a damaged file that can still be read.
    fn salvage(&self) -> Result<Tokens, Error> {
        let text = self.text()?.unwrap_or_default();
        let tokens = text.lines().filter_map(|line| toml::from_str::<BTreeMap<String, String>>(line).ok()).flatten();
        Ok(Tokens { version: VERSION, token: tokens.filter(|(name, _)| name.contains('@')).collect() })
    }

    /// Replaces the file, or deletes it if there is no token. Deleting works on a full disk too.
    fn write(&self, folder: &PrivateFolder, lock: &files::Lock, tokens: &mut Tokens) -> Result<(), Error> {
        if tokens.token.is_empty() {
            return Ok(files::remove(folder, lock, NAME)?);
        }
        tokens.version = VERSION;
        let text = toml::to_string(tokens).map(Zeroizing::new).map_err(|error| Error::Unwritable(error.to_string()))?;
        Ok(files::replace(folder, lock, NAME, text.as_bytes())?)
    }

    fn folder(&self) -> Result<PrivateFolder, Error> {
        Ok(PrivateFolder::create(self.folder, self.lock_folder)?)
    }
}

impl Store for File<'_> {
    fn entries(&self, id: &ProfileId) -> Result<Entries, Error> {
        let secret = self.load()?.token.remove(&id.to_string());
        let secrets = secret.map(|secret| Zeroizing::new(secret.into_bytes())).into_iter().collect();
        Ok(Entries { secrets, are_all: true })
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let mut tokens = match self.load() {
            Err(Error::BrokenFile(_)) => self.salvage()?,
            result => result?,
        };
        Ok(std::mem::take(&mut tokens.token)
            .into_iter()
            .map(|(name, mut secret)| {
                secret.zeroize();
                name
            })
            .collect())
    }

    fn set(&self, id: &ProfileId, token: &AccessToken) -> Result<(), Error> {
        let folder = self.folder()?;
        let lock = folder.lock()?;
        let mut tokens = self.load()?;
        if let Some(mut old) = tokens.token.insert(id.to_string(), token.expose().to_owned()) {
            old.zeroize();
        }
        self.write(&folder, &lock, &mut tokens)
    }

    fn delete_except(&self, id: &ProfileId, keep: Option<&Fingerprint>) -> Result<(), Error> {
        // Opening the folder would create it.
        if !self.path().exists() {
            return Ok(());
        }
        let folder = self.folder()?;
        let lock = folder.lock()?;
        let (mut tokens, is_damaged) = match self.load() {
            Err(Error::BrokenFile(_)) if keep.is_none() => (self.salvage()?, true),
            result => (result?, false),
        };
        let name = id.to_string();
        let goes = tokens.token.get(&name).is_some_and(|secret| keep != Some(&Fingerprint::of(secret.as_bytes())));
        if goes && let Some(mut secret) = tokens.token.remove(&name) {
            secret.zeroize();
        }
        if goes || is_damaged {
            self.write(&folder, &lock, &mut tokens)?;
        }
        Ok(())
    }

    fn prepare(&self) -> Result<(), Error> {
        self.load().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ProfileId {
        ProfileId { host: "quay.io".parse().unwrap(), name: "default".parse().unwrap() }
    }

    fn token(c: &str) -> AccessToken {
        AccessToken::parse(c.repeat(40)).unwrap()
    }

    /// A folder with this text in its token file.
    fn damaged(text: &str) -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("quay-auth");
        let folder = PrivateFolder::create(&path, None).unwrap();
        files::replace(&folder, &folder.lock().unwrap(), NAME, text.as_bytes()).unwrap();
        (outer, path)
    }

    #[test]
    fn stores_and_deletes_tokens() {
        let folder = tempfile::tempdir().unwrap();
        super::super::check_store(&File { folder: &folder.path().join("quay-auth"), lock_folder: None });
    }

    #[test]
    fn a_damaged_file_is_an_error_and_stays_as_it_is() {
        let (_outer, folder) = damaged("[token]\n\"default@quay.io\" = \"aaaa");
        let store = File { folder: &folder, lock_folder: None };
        assert!(matches!(store.entries(&id()), Err(Error::BrokenFile(_))));
        assert!(matches!(store.set(&id(), &token("a")), Err(Error::BrokenFile(_))));
    }

    #[test]
    fn deleting_from_a_damaged_file_leaves_the_readable_tokens_of_others() {
        let (_outer, folder) = damaged("[token]\n\"default@quay.io\" = \"aaaa\n\"ci@quay.io\" = \"bbbb\"\ngarbage\n");
        let store = File { folder: &folder, lock_folder: None };
        store.delete_except(&id(), None).unwrap();
        assert_eq!(store.names().unwrap(), ["ci@quay.io"]);
    }

    #[test]
    fn a_newer_format_is_refused_and_not_deleted_from() {
        let (_outer, folder) = damaged("version = 2\n[token]\n\"default@quay.io\" = \"aaaa\"\n");
        let store = File { folder: &folder, lock_folder: None };
        assert!(matches!(store.entries(&id()), Err(Error::NewerFile { version: 2, .. })));
        assert!(matches!(store.delete_except(&id(), None), Err(Error::NewerFile { .. })));
    }
}
