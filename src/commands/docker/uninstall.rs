//! `docker uninstall`: undoes `docker install`.

use super::{ConfigFile, current_profiles};
use crate::docker::HelperName;
use crate::domain::Host;
use crate::error::Error;
use crate::settings::Settings;
use crate::store::{DockerState, OriginalDockerFile};
use crate::terminal::Terminal;

/// Removes quay-auth from docker's settings, or restores the helper that it replaced.
pub(super) fn run(settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let host = settings.profile()?.host;
    // Before the lock, which would create a missing folder.
    let unlocked = ConfigFile::read()?;
    if !unlocked.uses_quay_auth(&host) {
        nothing_to_do(&unlocked, &host, terminal);
        return Ok(());
    }
    let (lock, mut file) = ConfigFile::lock(&host, None)?;
    if !file.uses_quay_auth(&host) {
        nothing_to_do(&file, &host, terminal);
        return Ok(());
    }
    let profiles = current_profiles(settings)?;
    let state = profiles.docker(&host);
    let replaced = state.replaced.get(&file.path).cloned().map(HelperName::from);
    let original = profiles.original_docker_file(&file.path);
    match (&replaced, original) {
        (Some(replaced), _) => file.config.set_helper(&host, replaced.as_str()),
        (None, Some(OriginalDockerFile::EmptyHelpers(text))) => file.config.remove_helper(&host, Some(text)),
        (None, _) => file.config.remove_helper(&host, None),
    }
    let text = match original {
        Some(OriginalDockerFile::Missing) if file.config.is_empty() => None,
        Some(OriginalDockerFile::Blank(text)) if file.config.is_empty() => Some(text.as_str()),
        _ => Some(file.config.as_str()),
    };
    file.write(&lock, &host, text)?;
    if state != DockerState::default() || original.is_some() {
        settings.vault()?.update(|profiles| {
            let is_last = !file.another_file_uses_quay_auth(profiles, &host);
            let state = profiles.docker_mut(&host);
            // Other settings files may need their helpers restored later, whatever they name now.
            state.replaced.remove(&file.path);
            if is_last {
                *state = DockerState { replaced: std::mem::take(&mut state.replaced), ..DockerState::default() };
            }
            if !file.config.uses_quay_auth() {
                profiles.set_original_docker_file(&file.path, None);
            }
        })?;
    }
    let restored = replaced.filter(|helper| !helper.as_str().is_empty());
    let restored = restored.map(|helper| format!(", but `{helper}` again")).unwrap_or_default();
    let path = file.path.display();
    terminal.done(&format!("docker no longer uses quay-auth for {host}{restored} ({path})."));
    Ok(())
}

fn nothing_to_do(file: &ConfigFile, host: &Host, terminal: &mut Terminal) {
    let path = file.path.display();
    terminal.say(&match file.config.helper(host) {
        Some(other) => {
            format!("docker uses the helper `{other}` for {host}, not quay-auth ({path}). Nothing was changed.")
        }
        None => format!("docker does not use quay-auth for {host} ({path}). Nothing was changed."),
    });
}
