//! Docker's `config.json` as a file: read, changed while no other quay-auth changes it, and read back.

use std::path::PathBuf;

use crate::docker::{DockerConfig, DockerPaths, HelperName, Obstacle, find_obstacles, is_blank};
use crate::domain::Host;
use crate::error::{Error, Exit};
use crate::files::{self, Lock, Mode};
use crate::settings;
use crate::store::{OriginalDockerFile, Profiles};

/// Docker's `config.json`.
pub(super) struct ConfigFile {
    pub(super) path: PathBuf,
    /// Its text when it was read. `None` if there is no file.
    text: Option<String>,
    pub(super) config: DockerConfig,
    /// Where else docker and the other tools look for credentials.
    pub(super) paths: DockerPaths,
}

impl ConfigFile {
    /// Reads the file. If there is none, its settings are empty.
    pub(super) fn read() -> Result<Self, Error> {
        let (path, paths) = find()?;
        let text = files::read(&path)?;
        let config = DockerConfig::parse(text.as_deref().unwrap_or_default()).map_err(|error| {
            Error::new(Exit::Failure, format!("{}, {error}", path.display())).hint("fix it there; nothing was changed")
        })?;
        Ok(ConfigFile { path, text, config, paths })
    }

    /// Waits until no other quay-auth changes the file, and reads it then. Creates its folder if it is missing.
    ///
    /// `helper` is what the caller will write for that host.
    pub(super) fn lock(host: &Host, helper: Option<&str>) -> Result<(Lock, Self), Error> {
        let before = ConfigFile::read()?;
        let lock = files::lock_folder_of(&before.path).map_err(|error| before.unwritable(error, host, helper))?;
        Ok((lock, ConfigFile::read()?))
    }

    pub(super) fn uses_quay_auth(&self, host: &Host) -> bool {
        uses_quay_auth(&self.config, host)
    }

    /// Whether another settings file, which `DOCKER_CONFIG` can name, uses quay-auth for that host.
    pub(super) fn another_file_uses_quay_auth(&self, profiles: &Profiles, host: &Host) -> bool {
        let files = profiles.docker_files().chain(self.paths.usual_config.as_deref());
        files.filter(|path| *path != self.path).any(|path| {
            let config = DockerConfig::parse(&files::read(path).ok().flatten().unwrap_or_default());
            config.is_ok_and(|config| uses_quay_auth(&config, host))
        })
    }

    pub(super) fn obstacles(&self, host: &Host) -> Vec<Obstacle> {
        find_obstacles(host, &self.path, &self.config, &self.paths)
    }

    /// What has to be known to restore the file later, besides the file itself with quay-auth in it.
    pub(super) fn original(&self) -> OriginalDockerFile {
        match (&self.text, self.config.empty_helpers()) {
            (None, _) => OriginalDockerFile::Missing,
            (Some(text), _) if is_blank(text) => OriginalDockerFile::Blank(text.clone()),
            (Some(_), Some(helpers)) => OriginalDockerFile::EmptyHelpers(helpers.to_owned()),
            (Some(_), None) => OriginalDockerFile::Other,
        }
    }

    /// Replaces the file by this text, in which the helper of that host was changed. `None` deletes the file.
    ///
    /// Docker and the other tools write the file without a lock. So this fails if they changed it after it was read, or if they replace it
    /// right after this. The file is never written in place: if that were killed, the logins for other registries would be lost.
    pub(super) fn write(&self, _: &Lock, host: &Host, text: Option<&str>) -> Result<(), Error> {
        let conflict = |outcome: &str| {
            let message = format!("another program changed {} at the same time; {outcome}", self.path.display());
            Error::new(Exit::Failure, message).hint("try again")
        };
        if files::read(&self.path)? != self.text {
            return Err(conflict("nothing was changed"));
        }
        let helper = self.config.helper(host);
        let result = match text {
            Some(text) => files::put(&self.path, text.as_bytes(), Mode::AsBefore),
            None => files::delete(&self.path),
        };
        result.map_err(|error| self.unwritable(error, host, helper.as_ref().map(HelperName::as_str)))?;
        let written = DockerConfig::parse(&files::read(&self.path)?.unwrap_or_default());
        match written.is_ok_and(|written| written.helper(host) == helper) {
            true => Ok(()),
            false => Err(conflict("the change of quay-auth is lost")),
        }
    }

    /// The file could not be written. Says what to change by hand, so that the host gets this helper.
    fn unwritable(&self, error: files::Error, host: &Host, helper: Option<&str>) -> Error {
        let path = self.path.display();
        let host = host.registry();
        let is_foreign = matches!(error, files::Error::ForeignOwner { .. });
        let has_helpers = self.text.as_deref().is_some_and(|text| text.contains("\"credHelpers\""));
        let by_hand = match helper {
            None => format!("or remove \"{host}\" from \"credHelpers\" in {path} yourself"),
            Some(helper) if has_helpers => {
                format!("or write this into \"credHelpers\" in {path} yourself: \"{host}\": \"{helper}\"")
            }
            Some(helper) if self.text.is_some() => {
                format!("or add this to {path} yourself: \"credHelpers\": {{\"{host}\": \"{helper}\"}}")
            }
            Some(helper) => {
                format!("or write this into {path} yourself: {{\"credHelpers\": {{\"{host}\": \"{helper}\"}}}}")
            }
        };
        match is_foreign {
            true => Error::from(error).hint("or set DOCKER_CONFIG to a folder of your own, for docker too"),
            false => Error::from(error).hint(by_hand),
        }
    }
}

fn uses_quay_auth(config: &DockerConfig, host: &Host) -> bool {
    config.helper(host).is_some_and(|helper| helper.is_quay_auth())
}

/// The absolute path of docker's `config.json`, and where else the tools look.
fn find() -> Result<(PathBuf, DockerPaths), Error> {
    let paths = settings::docker_paths();
    let path = paths.config.clone().ok_or_else(|| {
        Error::new(Exit::Failure, "the folder of docker's settings is not known: HOME is not set")
            .hint("set HOME to your home folder, or DOCKER_CONFIG to the folder of docker's settings")
    })?;
    // `DOCKER_CONFIG` may be relative, but what is stored about the file must not depend on the folder in which this runs.
    Ok((std::path::absolute(&path).unwrap_or(path), paths))
}
