//! `profiles.toml`: the profiles of a data folder, without secrets. Reading it needs no lock, because writers replace the whole file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::FolderId;
use super::profile::{DockerState, Leftover, OriginalDockerFile, Profile, StoredToken};
use crate::domain::{Host, ProfileId, StoreKind};
use crate::files;

pub(super) const NAME: &str = "profiles.toml";

/// The format that this version writes. It reads older formats, and refuses newer ones.
pub(super) const VERSION: u32 = 1;

/// The first line of the file.
const HEADER: &str = "# Written by quay-auth. Put your own settings in config.toml. This file contains no secrets.\n\n";

/// Why the profiles could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfilesError {
    /// The file is damaged. The line counts from 1.
    #[error("{}, line {line}: {message}", path.display())]
    Broken { path: PathBuf, line: usize, message: String },
    /// A newer version of this program wrote it.
    #[error("a newer quay-auth wrote {} (format {version}; this one knows up to {VERSION})", path.display())]
    Newer { path: PathBuf, version: u32 },
    /// A path in it is not UTF-8.
    #[error("the profiles cannot be written: {0}")]
    Unwritable(String),
    /// The file itself could not be used.
    #[error(transparent)]
    File(#[from] files::Error),
}

/// The content of `profiles.toml`.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    profiles: Vec<Profile>,
    docker: BTreeMap<Host, DockerState>,
    /// By the path of docker's settings file, which `DOCKER_CONFIG` can change.
    original_docker_files: BTreeMap<PathBuf, OriginalDockerFile>,
    leftovers: Vec<Leftover>,
    default: Option<ProfileId>,
    folder_id: Option<FolderId>,
}

impl Profiles {
    /// Reads the file in `folder`. Without a file there are no profiles.
    pub(crate) fn load(folder: &Path) -> Result<Self, ProfilesError> {
        let path = folder.join(NAME);
        let text = match files::read(&path) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(Profiles::default()),
            Err(files::Error::NotText { .. }) => {
                let message = "this file is not UTF-8 text".to_owned();
                return Err(ProfilesError::Broken { path, line: 1, message });
            }
            Err(error) => return Err(error.into()),
        };
        Profiles::parse(path, &text)
    }

    /// Reads the text of the file. `path` is for errors.
    pub(crate) fn parse(path: PathBuf, text: &str) -> Result<Self, ProfilesError> {
        let file: ProfilesFile = toml::from_str(text).map_err(|error| match newer_version(text) {
            Some(version) => ProfilesError::Newer { path: path.clone(), version },
            None => {
                let start = error.span().map_or(0, |span| span.start);
                let line = text.get(..start).unwrap_or(text).matches('\n').count() + 1;
                ProfilesError::Broken { path: path.clone(), line, message: error.message().to_owned() }
            }
        })?;
        if file.version > VERSION {
            return Err(ProfilesError::Newer { path, version: file.version });
        }
        Ok(Profiles {
            profiles: file.profile.into_values().collect(),
            docker: file.docker,
            original_docker_files: file.original_docker_file,
            leftovers: file.leftover,
            default: file.default,
            folder_id: file.folder_id.and_then(|id| FolderId::parse(&id)),
        })
    }

    /// The text of the file.
    pub(crate) fn to_text(&self) -> Result<String, ProfilesError> {
        let file = ProfilesFile {
            version: VERSION,
            folder_id: self.folder_id.as_ref().map(FolderId::to_string),
            default: self.default.clone(),
            leftover: self.leftovers.clone(),
            profile: self.profiles.iter().map(|profile| (profile.id.to_string(), profile.clone())).collect(),
            docker: self.docker.clone().into_iter().filter(|(_, state)| *state != DockerState::default()).collect(),
            original_docker_file: self.original_docker_files.clone(),
        };
        let text = toml::to_string(&file).map_err(|error| ProfilesError::Unwritable(error.to_string()))?;
        Ok(format!("{HEADER}{text}"))
    }

    /// The ID of the data folder, if it was known when the file was written.
    pub(super) fn folder_id(&self) -> Option<&FolderId> {
        self.folder_id.as_ref()
    }

    pub(super) fn set_folder_id(&mut self, id: FolderId) {
        self.folder_id = Some(id);
    }

    pub(crate) fn find(&self, id: &ProfileId) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.id == *id)
    }

    /// What is known of the profile's token, if it has one.
    pub(crate) fn token(&self, id: &ProfileId) -> Option<&StoredToken> {
        self.find(id)?.token.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.iter()
    }

    pub(crate) fn docker(&self, host: &Host) -> DockerState {
        self.docker.get(host).cloned().unwrap_or_default()
    }

    pub(crate) fn docker_mut(&mut self, host: &Host) -> &mut DockerState {
        self.docker.entry(host.clone()).or_default()
    }

    /// What docker's settings file at that path contained before `docker install`.
    pub(crate) fn original_docker_file(&self, path: &Path) -> Option<&OriginalDockerFile> {
        self.original_docker_files.get(path)
    }

    /// The settings files of docker that `docker install` has changed.
    pub(crate) fn docker_files(&self) -> impl Iterator<Item = &Path> {
        self.original_docker_files.keys().map(PathBuf::as_path)
    }

    pub(crate) fn set_original_docker_file(&mut self, path: &Path, original: Option<OriginalDockerFile>) {
        match original {
            Some(original) => drop(self.original_docker_files.insert(path.to_owned(), original)),
            None => drop(self.original_docker_files.remove(path)),
        }
    }

    /// The tokens that should be gone but could not be deleted.
    pub(crate) fn leftovers(&self) -> &[Leftover] {
        &self.leftovers
    }

    /// Adds a token that is to be deleted from that store.
    pub(super) fn add_leftover(&mut self, id: &ProfileId, store: StoreKind) {
        let leftover = Leftover { id: id.clone(), store };
        if !self.leftovers.contains(&leftover) {
            self.leftovers.push(leftover);
        }
    }

    pub(super) fn remove_leftover(&mut self, leftover: &Leftover) {
        self.leftovers.retain(|listed| listed != leftover);
    }

    /// Adds the profile, and replaces the one that is written with the same name.
    pub(crate) fn put(&mut self, profile: Profile) {
        self.remove(&profile.id);
        self.profiles.push(profile);
    }

    /// The profile that `switch` made the default.
    pub(crate) fn default_profile(&self) -> Option<&ProfileId> {
        self.default.as_ref()
    }

    pub(crate) fn set_default(&mut self, id: ProfileId) {
        self.default = Some(id);
    }

    /// Removes the profile with its settings, for example before it is added again.
    pub(crate) fn remove(&mut self, id: &ProfileId) {
        let name = id.to_string();
        self.profiles.retain(|profile| profile.id.to_string() != name);
    }

    /// Removes the profile with its settings. It is no longer the default either.
    pub(crate) fn purge(&mut self, id: &ProfileId) {
        self.remove(id);
        self.default.take_if(|default| default == id);
    }

    /// Removes what is known of the token. The settings stay.
    pub(crate) fn remove_token(&mut self, id: &ProfileId) {
        if let Some(profile) = self.profiles.iter_mut().find(|profile| profile.id == *id) {
            profile.token = None;
            profile.pending = None;
        }
    }
}

/// The format version of a file, if it is newer than the one that this program knows.
pub(super) fn newer_version(text: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    toml::from_str::<Version>(text).ok().map(|file| file.version).filter(|version| *version > VERSION)
}

/// The keys of the file.
#[derive(Serialize, Deserialize)]
struct ProfilesFile {
    #[serde(default)]
    version: u32,
    /// A copy, in case the file of that name is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    folder_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<ProfileId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    leftover: Vec<Leftover>,
    /// By `NAME@HOST`, for people. The host and the name inside count.
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    docker: BTreeMap<Host, DockerState>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    original_docker_file: BTreeMap<PathBuf, OriginalDockerFile>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AccessToken;

    fn profile(host: &str, name: &str) -> Profile {
        let token = AccessToken::parse("a".repeat(40)).unwrap();
        Profile {
            id: ProfileId { host: host.parse().unwrap(), name: name.parse().unwrap() },
            client_id: Some("acmecallback00000001".parse().unwrap()),
            redirect_uri: Some("http://127.0.0.1:7829/callback".parse().unwrap()),
            scopes: Some("repo:read,user:read".parse().unwrap()),
            store: StoreKind::File,
            ca_file: None,
            allow_http: false,
            token: Some(StoredToken {
                user: Some("alice".into()),
                scopes: Some("repo:read".parse().unwrap()),
                // To the second, as the file has it.
                obtained_at: serde_json::from_str("\"2026-11-25T10:00:00Z\"").unwrap(),
                ..StoredToken::unverified(&token)
            }),
            pending: None,
        }
    }

    fn parse(text: &str) -> Result<Profiles, ProfilesError> {
        Profiles::parse("profiles.toml".into(), text)
    }

    #[test]
    fn a_written_list_reads_back_the_same() {
        let mut profiles = Profiles::default();
        let (admin, default) = (profile("http://localhost:8080", "admin"), profile("quay.io", "default"));
        let pending = Profile { pending: Some(Box::new(default.clone())), ..default.clone() };
        for profile in [&admin, &default, &pending] {
            profiles.put(profile.clone());
        }
        profiles.add_leftover(&default.id, StoreKind::Keyring);
        profiles.add_leftover(&default.id, StoreKind::Keyring);
        profiles.docker_mut(&admin.id.host).is_logged_out = true;
        profiles.set_default(admin.id.clone());
        let originals = [
            ("/a", OriginalDockerFile::Missing),
            ("/b", OriginalDockerFile::Blank("\n".to_owned())),
            ("/c", OriginalDockerFile::EmptyHelpers("{ }".to_owned())),
        ];
        for (path, original) in &originals {
            profiles.set_original_docker_file(Path::new(path), Some(original.clone()));
        }
        let mut read = parse(&profiles.to_text().unwrap()).unwrap();
        assert_eq!(read.profiles, [admin.clone(), pending]);
        assert_eq!(read.leftovers(), [Leftover { id: default.id.clone(), store: StoreKind::Keyring }]);
        assert!(read.docker(&admin.id.host).is_logged_out);
        for (path, original) in &originals {
            assert_eq!(read.original_docker_file(Path::new(path)), Some(original));
        }
        read.remove_token(&default.id);
        assert_eq!((&read.find(&default.id).unwrap().token, read.find(&admin.id)), (&None, Some(&admin)));
    }

    #[test]
    fn a_damaged_list_names_its_line() {
        let text = "\n[profile.'default@quay.io']\nhost = 'quay.io/x'\nname = 'default'\nstore = 'file'\n";
        let error = parse(text).unwrap_err();
        assert!(error.to_string().starts_with("profiles.toml, line 2: "), "{error}");
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        for text in ["version = 2\n", "version = 2\n[profile.x]\nnew = 1\n"] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, ProfilesError::Newer { version: 2, .. }), "{error}");
        }
    }
}
