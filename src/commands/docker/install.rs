//! `docker install`: names quay-auth in docker's settings as the helper for a host.

use super::{ConfigFile, CredentialsState, credentials_state, current_profiles, warn_of, warn_of_missing_scope};
use crate::docker::{HELPER, missing_helper};
use crate::domain::{Host, HostArgument, ProfileId};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::settings::{self, NoBrowser, Settings};
use crate::store::{DockerState, OriginalDockerFile};
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
Adds \"credHelpers\": {HOST: \"quay-auth\"} to docker's config.json, which podman,
skopeo and buildah read too, and changes nothing else in it. From then on these
tools ask quay-auth for the token of this host.";

const EXAMPLES: &str = "\
Examples:
  # Use the token, then pull an image
  quay-auth docker install --host quay.io
  docker pull quay.io/acme/app

  # Use the token of another profile
  quay-auth docker install --profile ci";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Replace another helper, which `docker uninstall` will restore
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let host = settings.profile()?.host;
    if let Some(missing) = missing_helper(&settings::docker_paths()) {
        return Err(Error::new(Exit::Failure, format!("{}; nothing was changed", missing.what)).hint(missing.fix));
    }
    let (lock, mut file) = ConfigFile::lock(&host, Some(HELPER))?;
    let path = file.path.display().to_string();
    let other_helper = file.config.helper(&host).filter(|helper| !helper.is_quay_auth());
    if let Some(helper) = &other_helper
        && !args.force
    {
        let message = format!("docker uses the helper `{helper}` for {host} ({path}); nothing was changed");
        let replace = CommandLine::at("docker install", &host).option("--profile", settings.profile_flag());
        return Err(Error::new(Exit::Failure, message).hint(replace.flag("--force").purpose("to replace that helper")));
    }
    let uses_keyring = file.config.leaves_helper_to_docker();
    save_state(&file, &host, settings)?;
    if !file.uses_quay_auth(&host) {
        file.config.set_helper(&host, HELPER);
        file.write(&lock, &host, Some(file.config.as_str()))?;
    }
    drop(lock);
    terminal.done(&format!("docker, podman, skopeo and buildah use quay-auth for {host} ({path})."));
    if let (Some(named), Some(configured)) = (settings.profile_flag(), settings.configured_docker_profile(&host)?)
        && *named != configured
    {
        terminal.warn(&format!(
            "docker gets the token of {configured} and not of {named}, because docker_profile is set to {configured}."
        ));
        terminal
            .hint(format!("to change that, write docker_profile = \"{named}\" below [host.\"{host}\"] in config.toml"));
    }
    // A CI job has no keyring, and a new home each time.
    if uses_keyring
        && settings.environment.no_browser != Some(NoBrowser::Ci)
        && let Some(store) = file.paths.default_helper()
    {
        terminal.warn("setting a helper stops docker from using your keyring for other registries.");
        terminal.hint(format!("to keep using it, add \"credsStore\": \"{store}\" to {path}"));
    }
    warn_of(&file.obstacles(&host), terminal);
    // Docker's name of a host has no scheme.
    let meant = host.registry().parse::<HostArgument>().ok().and_then(|name| settings.find_host(&name));
    if let Some(other) = meant.filter(|other| *other != host) {
        let name = host.registry();
        terminal.warn(&format!("docker calls both {host} and {other} \"{name}\", and gets the token of {other}."));
    }
    let name = settings.profile_flag().cloned().unwrap_or(settings.docker_profile(&host)?.name);
    let profile = ProfileId { host, name };
    match credentials_state(&profile, settings) {
        CredentialsState::NoLogin => {
            terminal.hint(settings.login_command(&profile).purpose("log in, so that docker gets a token"));
        }
        CredentialsState::Expired => {
            terminal.warn(&format!("the token of {profile} has expired, so docker gets none."));
            terminal.hint(CommandLine::of("login", &profile));
        }
        CredentialsState::Malformed => {
            terminal.warn("QUAY_AUTH_TOKEN does not contain a token, so docker gets none.");
            terminal.hint("set it to one token, or unset it to use the stored token");
        }
        CredentialsState::Missing(reason) | CredentialsState::Unreadable(reason) => {
            terminal.warn(&format!("docker gets no token: {}.", reason.summary()));
            reason.hints().iter().for_each(|hint| terminal.hint(hint));
        }
        CredentialsState::Token | CredentialsState::LoggedOut => {
            warn_of_missing_scope(&profile, settings, terminal);
        }
    }
    Ok(())
}

/// Stores which profile docker gets, that docker is no longer logged out, and what `docker uninstall` has to restore.
fn save_state(file: &ConfigFile, host: &Host, settings: &Settings) -> Result<(), Error> {
    let profiles = current_profiles(settings)?;
    let state = profiles.docker(host);
    let mut new_state = DockerState { is_logged_out: false, ..state.clone() };
    new_state.profile = settings.profile_flag().cloned().or(new_state.profile);
    if !file.uses_quay_auth(host) {
        new_state.replaced.remove(&file.path);
        new_state.replaced.extend(file.config.entry(host).map(|entry| (file.path.clone(), entry.as_str().to_owned())));
    }
    let known_original = profiles.original_docker_file(&file.path);
    let original = match file.config.uses_quay_auth() {
        true => known_original.cloned().unwrap_or(OriginalDockerFile::Other),
        false => file.original(),
    };
    let has_new_state = new_state != state;
    if !has_new_state && Some(&original) == known_original {
        return Ok(());
    }
    let saved = settings.vault().map_err(Error::from).and_then(|vault| {
        Ok(vault.update(|profiles| {
            *profiles.docker_mut(host) = new_state;
            profiles.set_original_docker_file(&file.path, Some(original));
        })?)
    });
    // In a CI job there may be no folder for it. Then `uninstall` leaves an empty file.
    if has_new_state { saved } else { Ok(()) }
}
