//! `profiles.toml`: which logins there are, with the settings they used. No secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{ClientId, Host, Profile, ProfileName, RedirectUri, Scopes, ServerText, StoreKind, Timestamp};
use crate::files::{self, Lock, PrivateFolder};

/// The file's name.
const NAME: &str = "profiles.toml";

/// How it begins.
const HEAD: &str = "# Written by quay-auth; your own settings belong into config.toml. No secret stands here.\n\n";

/// Held over all writes of one login.
const CHANGE_LOCK: &str = "change.lock";

/// How long the next login waits for it, with a fresh token in its hands: a keyring may take its time.
const CHANGE_PATIENCE: Duration = Duration::from_secs(30);

/// Why the list of logins could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfilesError {
    /// It is not readable as such a list. Nothing was changed.
    #[error("{}, line {line}: {message}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// It cannot be written as a file of this kind: a bug, or a path that is no text.
    #[error("the list of logins cannot be written: {0}")]
    Unwritable(String),
    /// The file itself could not be used.
    #[error(transparent)]
    File(#[from] files::Error),
}

/// The list of logins, and what docker gets of them.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    /// The logins.
    records: Vec<Record>,
    /// By host.
    docker: BTreeMap<Host, DockerRecord>,
}

/// What is remembered of a host for docker and its kin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct DockerRecord {
    /// The profile that `docker install` was told to serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<ProfileName>,
    /// Whether `docker logout` was the last word: no answer until a login.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_logged_out: bool,
    /// The helper that quay-auth took the place of, by the settings file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) replaced: BTreeMap<PathBuf, String>,
}

/// What is remembered of one login: the settings that it used, and its token but for the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Whose record this is.
    #[serde(flatten)]
    pub(crate) profile: Profile,
    /// The client id last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<ClientId>,
    /// The registered redirect URI last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<RedirectUri>,
    /// The scopes last asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Scopes>,
    /// Where the token is, or was last.
    pub(crate) store: StoreKind,
    /// A file of CA certificates to trust besides the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether plain http off loopback was allowed.
    #[serde(default)]
    pub(crate) allow_http: bool,
    /// The token, while there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<TokenRecord>,
    /// A login that is just storing its token, or was killed while it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<Box<Pending>>,
}

/// A record that takes the place of the one it stands in once its token is in its store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// Tells whether the store has that token already: [`AccessToken::fingerprint`].
    pub(crate) fingerprint: String,
    /// The record to be.
    pub(crate) record: Record,
}

/// What is known of a token besides the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenRecord {
    /// The Quay user who granted it; unknown while Quay could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<ServerText>,
    /// What it may do; unknown for a token that was read from stdin without `--scopes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scopes: Option<Scopes>,
    /// Quay's own name of the token, by which it can be revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uuid: Option<ServerText>,
    /// When it was obtained.
    pub(crate) obtained_at: Timestamp,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Timestamp>,
    /// Whether Quay accepted it when it was obtained.
    pub(crate) verified: bool,
}

impl Profiles {
    /// Reads the list of `folder`; without a file there are none. Never waits for a lock: a writer replaces the file whole.
    pub(crate) fn load(folder: &Path) -> Result<Self, ProfilesError> {
        let path = folder.join(NAME);
        let text = match files::read(&path) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(Profiles::default()),
            Err(files::Error::NotText { .. }) => {
                let message = "this file is not a text in UTF-8".to_owned();
                return Err(ProfilesError::Broken { path, line: 1, message });
            }
            Err(error) => return Err(error.into()),
        };
        Profiles::parse(path, &text)
    }

    /// Reads the text of the file at `path`.
    pub(crate) fn parse(path: PathBuf, text: &str) -> Result<Self, ProfilesError> {
        let file: ProfilesFile = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.get(..start).unwrap_or(text).matches('\n').count() + 1;
            ProfilesError::Broken { path, line, message: error.message().to_owned() }
        })?;
        Ok(Profiles { records: file.profile.into_values().collect(), docker: file.docker })
    }

    /// The text of the file.
    pub(crate) fn into_text(mut self) -> Result<String, ProfilesError> {
        self.docker.retain(|_, record| *record != DockerRecord::default());
        let by_name = self.records.into_iter().map(|record| (record.profile.to_string(), record));
        let file = ProfilesFile { profile: by_name.collect(), docker: self.docker };
        let text = toml::to_string(&file).map_err(|error| ProfilesError::Unwritable(error.to_string()))?;
        Ok(format!("{HEAD}{text}"))
    }

    /// Holds off all others that change a token and its record, and `commands::recover`; with the list as it is from then on.
    pub(crate) fn begin_change(folder: &Path) -> Result<(Lock, Self), ProfilesError> {
        let lock = PrivateFolder::make(folder)?.lock_as(CHANGE_LOCK, CHANGE_PATIENCE)?;
        Ok((lock, Profiles::load(folder)?))
    }

    /// The lock of `begin_change`, unless another process has it.
    pub(crate) fn try_begin_change(folder: &Path) -> Result<Option<Lock>, ProfilesError> {
        Ok(PrivateFolder::make(folder)?.try_lock_as(CHANGE_LOCK)?)
    }

    /// Changes the list under the writers' lock. A list that cannot be read is not overwritten.
    pub(crate) fn update(folder: &Path, change: impl FnOnce(&mut Profiles)) -> Result<(), ProfilesError> {
        let private = PrivateFolder::make(folder)?;
        let lock = private.lock()?;
        Profiles::load(folder)?.change(&private, &lock, change)
    }

    /// The same, unless another process is writing just now.
    pub(crate) fn try_update(folder: &Path, change: impl FnOnce(&mut Profiles)) -> Result<(), ProfilesError> {
        let private = PrivateFolder::make(folder)?;
        match private.try_lock_as("lock")? {
            Some(lock) => Profiles::load(folder)?.change(&private, &lock, change),
            None => Ok(()),
        }
    }

    /// Writes the changed list.
    fn change(
        mut self,
        folder: &PrivateFolder,
        lock: &Lock,
        change: impl FnOnce(&mut Profiles),
    ) -> Result<(), ProfilesError> {
        change(&mut self);
        Ok(files::replace(folder, lock, NAME, self.into_text()?.as_bytes())?)
    }

    /// Proves that `update` will work.
    pub(crate) fn prove_writable(folder: &Path) -> Result<(), ProfilesError> {
        let folder_of_ours = PrivateFolder::make(folder)?;
        folder_of_ours.prove_writable()?;
        Profiles::load(folder).map(drop)
    }

    /// The record of that profile.
    pub(crate) fn find(&self, profile: &Profile) -> Option<&Record> {
        self.records.iter().find(|record| record.profile == *profile)
    }

    /// All records, by host and name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    /// What docker gets of that host.
    pub(crate) fn docker(&self, host: &Host) -> DockerRecord {
        self.docker.get(host).cloned().unwrap_or_default()
    }

    /// The same, to change it.
    pub(crate) fn docker_mut(&mut self, host: &Host) -> &mut DockerRecord {
        self.docker.entry(host.clone()).or_default()
    }

    /// Puts the record in the place of the one with its written name.
    pub(crate) fn put(&mut self, record: Record) {
        self.forget(&record.profile);
        self.records.push(record);
    }

    /// Drops the record, settings and all.
    pub(crate) fn forget(&mut self, profile: &Profile) {
        let name = profile.to_string();
        self.records.retain(|record| record.profile.to_string() != name);
    }

    /// Drops what is known of the token and keeps the settings.
    pub(crate) fn forget_token(&mut self, profile: &Profile) {
        if let Some(record) = self.records.iter_mut().find(|record| record.profile == *profile) {
            record.token = None;
        }
    }
}

/// The file: `[profile."NAME@HOST"]`, in that order, and `[docker.HOST]`.
#[derive(Serialize, Deserialize)]
struct ProfilesFile {
    /// By written name, which is for people; what counts stands inside.
    #[serde(default)]
    profile: BTreeMap<String, Record>,
    /// By host.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    docker: BTreeMap<Host, DockerRecord>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(host: &str, name: &str) -> Record {
        Record {
            profile: Profile { host: host.parse().unwrap(), name: name.parse().unwrap() },
            client_id: Some("acmecallback00000001".parse().unwrap()),
            redirect_uri: Some(RedirectUri::default()),
            scopes: Some("repo:read,user:read".parse().unwrap()),
            store: StoreKind::File,
            ca_file: None,
            allow_http: false,
            token: Some(TokenRecord {
                user: Some("alice".into()),
                scopes: Some("repo:read".parse().unwrap()),
                uuid: None,
                obtained_at: serde_json::from_str("\"2026-11-25T10:00:00Z\"").unwrap(),
                expires_at: None,
                verified: true,
            }),
            pending: None,
        }
    }

    #[test]
    fn is_read_as_it_was_written() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("quay-auth");
        assert_eq!(Profiles::load(&folder).unwrap().iter().count(), 0);
        let records = [record("http://localhost:8080", "admin"), record("quay.io", "default")];
        for record in &records {
            Profiles::update(&folder, |profiles| profiles.put(record.clone())).unwrap();
            Profiles::update(&folder, |profiles| profiles.put(record.clone())).unwrap();
        }
        assert_eq!(Profiles::load(&folder).unwrap().records, records);
        Profiles::update(&folder, |profiles| profiles.forget_token(&records[1].profile)).unwrap();
        let kept = Profiles::load(&folder).unwrap();
        assert_eq!(kept.find(&records[1].profile).unwrap().token, None);
        assert_eq!(kept.find(&records[0].profile), Some(&records[0]));
    }

    #[test]
    fn a_broken_list_names_its_line_and_is_not_overwritten() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("quay-auth");
        let private = PrivateFolder::make(&folder).unwrap();
        let broken = "\n[profile.'default@quay.io']\nhost = 'quay.io/x'\nname = 'default'\nstore = 'file'\n";
        files::replace(&private, &private.lock().unwrap(), NAME, broken.as_bytes()).unwrap();
        let error = Profiles::update(&folder, |profiles| profiles.put(record("quay.io", "default"))).unwrap_err();
        assert!(error.to_string().contains("profiles.toml, line 2: only the host is wanted"), "{error}");
        assert_eq!(files::read(&folder.join(NAME)).unwrap().unwrap(), broken);
    }
}
