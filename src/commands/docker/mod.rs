//! `docker`: sets up docker, podman, skopeo and buildah so that they get credentials from quay-auth.

mod config_file;
mod install;
mod status;
mod uninstall;

use clap::Subcommand;
use serde::Serialize;

use config_file::ConfigFile;

use super::selected_token::{expired_at, select_token_of};
use crate::docker::Obstacle;
use crate::domain::{ProfileId, Scopes};
use crate::error::{Error, Exit, login_with_more_scopes};
use crate::settings::Settings;
use crate::store::Profiles;
use crate::terminal::Terminal;

pub(super) const EXAMPLES: &str = "\
Examples:
  # Set up docker, podman, skopeo and buildah
  quay-auth docker install

  # Find out why they do not get the token
  quay-auth docker status";

const UNINSTALL_EXAMPLES: &str = "\
Examples:
  # Stop giving docker the token of a host
  quay-auth docker uninstall --host quay.example.com";

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Make docker, podman, skopeo and buildah use the token for a host
    Install(install::Args),
    /// Undo `docker install`
    #[command(after_help = UNINSTALL_EXAMPLES)]
    Uninstall,
    /// Show which helper docker uses, what it returns, and any conflicts
    Status(status::Args),
}

pub(super) fn run(action: &Action, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    match action {
        Action::Install(args) => install::run(args, settings, terminal),
        Action::Uninstall => uninstall::run(settings, terminal),
        Action::Status(args) => status::run(args, settings, terminal),
    }
}

/// What quay-auth answers when docker asks for the credentials of a host.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum CredentialsState {
    Token,
    /// Nothing, because of `docker logout`.
    LoggedOut,
    /// Nothing, because the profile has no token.
    NoLogin,
    /// Nothing, because the token has expired.
    Expired,
    /// Nothing, because the store no longer has the token.
    Missing(#[serde(skip)] Error),
    /// An error, because the store fails.
    Unreadable(#[serde(skip)] Error),
    /// An error, because `QUAY_AUTH_TOKEN` is used for this host and does not contain a token.
    Malformed,
}

/// What quay-auth answers for the host of this profile.
fn credentials_state(profile: &ProfileId, settings: &Settings) -> CredentialsState {
    let is_stored = settings.profiles.token(profile).is_some();
    let is_logged_out = settings.profiles.docker(&profile.host).is_logged_out;
    match settings.token_variable().token_for(&profile.host) {
        Ok(None) if !is_stored => CredentialsState::NoLogin,
        Ok(None) if expired_at(profile, settings).is_some() => CredentialsState::Expired,
        _ if is_logged_out => CredentialsState::LoggedOut,
        Ok(_) => match select_token_of(profile.clone(), settings) {
            Ok(_) => CredentialsState::Token,
            Err(error) if error.exit == Exit::NoLogin => CredentialsState::Missing(error),
            Err(error) => CredentialsState::Unreadable(error),
        },
        Err(_) => CredentialsState::Malformed,
    }
}

/// The profiles as they are now, for a command that waited for the lock of docker's settings. Without a home folder there are none.
fn current_profiles(settings: &Settings) -> Result<Profiles, Error> {
    settings.vault().map_or(Ok(Profiles::default()), |vault| Ok(vault.profiles()?))
}

/// Warns if the tools can log in with the token of this profile, but not pull private images.
fn warn_of_missing_scope(profile: &ProfileId, settings: &Settings, terminal: &mut Terminal) {
    if settings.token_variable().is_for(&profile.host) {
        return;
    }
    let Some(scopes) = settings.granted_scopes(profile) else { return };
    let pull = Scopes::pull();
    if scopes.missing(&pull).is_some() {
        terminal.warn(&format!("the token of {profile} lacks {pull}: docker can log in, but not pull private images."));
        terminal.hint(login_with_more_scopes(profile, &pull));
    }
}

/// Warns of everything that keeps the tools from using quay-auth.
fn warn_of(obstacles: &[Obstacle], terminal: &mut Terminal) {
    for obstacle in obstacles {
        terminal.warn(&format!("{}.", obstacle.what));
        terminal.hint(&obstacle.fix);
    }
}
