//! `docker`: lets docker, podman, skopeo and buildah ask quay-auth for the credentials of a host, and says what stands in the way.

mod install;
mod status;
mod uninstall;

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use crate::docker::{Config, Obstacle, Places, find_obstacles};
use crate::domain::{Host, Profile};
use crate::error::{Error, Exit};
use crate::files::{self, Mode};
use crate::settings::Settings;
use crate::terminal::Terminal;

/// What can be done with docker.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Make docker, podman, skopeo and buildah ask quay-auth for this host
    Install(install::Args),
    /// Put docker's settings back as they were
    #[command(before_help = "quay-auth docker uninstall\nquay-auth docker uninstall --host quay.example.com")]
    Uninstall,
    /// Show whether they ask quay-auth, and what stands in the way
    Status(status::Args),
}

/// Does it.
pub(super) fn run(action: &Action, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    match action {
        Action::Install(args) => install::run(args, settings, terminal),
        Action::Uninstall => uninstall::run(settings, terminal),
        Action::Status(args) => status::run(args, settings, terminal),
    }
}

/// What a client is answered that asks for a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Gets {
    /// The token.
    Token,
    /// Nothing, since `docker logout`.
    LoggedOut,
    /// Nothing, since there is no login.
    NoLogin,
}

/// What a client is answered that asks for the host of that profile.
fn gets(profile: &Profile, settings: &Settings) -> Result<Gets, Error> {
    let is_kept = settings.profiles.find(profile).is_some_and(|record| record.token.is_some());
    let from_variable = settings.token_variable()?.is_some_and(|(host, _)| host == profile.host);
    Ok(match (settings.profiles.docker(&profile.host).is_logged_out, is_kept || from_variable) {
        (_, false) => Gets::NoLogin,
        (true, true) => Gets::LoggedOut,
        (false, true) => Gets::Token,
    })
}

/// Docker's settings and where they are.
struct Opened {
    /// The file.
    path: PathBuf,
    /// What stands in it.
    config: Config,
    /// Where else the tools look.
    places: Places,
}

impl Opened {
    /// Reads docker's settings; without a file there are none yet.
    fn read(settings: &Settings) -> Result<Self, Error> {
        let places = settings.docker_places();
        let path = places.config.clone().ok_or_else(|| {
            Error::new(Exit::Failure, "there is no folder for docker's settings: HOME is not set")
                .hint("set HOME to your home folder, or DOCKER_CONFIG to docker's")
        })?;
        let text = files::read(&path)?.unwrap_or_default();
        let config = Config::parse(&text).map_err(|broken| {
            Error::new(Exit::Failure, format!("{}, {broken}", path.display()))
                .hint("mend it there, since docker cannot read it either; nothing was changed")
        })?;
        Ok(Opened { path, config, places })
    }

    /// What stands in the way of that host.
    fn obstacles(&self, host: &Host) -> Vec<Obstacle> {
        find_obstacles(host, &self.path, &self.config, &self.places)
    }

    /// Writes the changed settings.
    fn write(&self) -> Result<(), Error> {
        Ok(files::put(&self.path, self.config.as_str().as_bytes(), Mode::AsBefore)?)
    }
}
