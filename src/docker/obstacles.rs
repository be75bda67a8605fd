//! What keeps docker, podman, skopeo or buildah from asking quay-auth, and how to fix it.

use std::path::Path;

use serde::Serialize;

use super::paths::{CredentialOverride, own_helper};
use super::{DockerConfig, DockerPaths};
use crate::domain::Host;
use crate::hint::{CommandLine, Hint};
use crate::system::shell_commands::{first_on_path, last_on_path, path_word, show_permissions, word};

#[derive(Debug, Serialize)]
pub(crate) struct Obstacle {
    /// Without a full stop.
    pub(crate) what: String,
    pub(crate) fix: Hint,
}

/// Finds all obstacles for that host. `path` is docker's `config.json`, and `config` its content.
pub(crate) fn find_obstacles(host: &Host, path: &Path, config: &DockerConfig, paths: &DockerPaths) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let command = |command: String| Hint::Command { purpose: None, command };
    let mut add = |what: String, fix: Hint| obstacles.push(Obstacle { what, fix });
    for Obstacle { what, fix } in missing_helper(paths).into_iter().chain(other_helper(paths)) {
        add(what, fix);
    }
    let (registry, readers) = (host.registry(), paths.auth_file_readers);
    for overriding in paths.overrides(host) {
        match overriding {
            CredentialOverride::DockerAuthConfig => add(
                "DOCKER_AUTH_CONFIG is set, and newer versions of docker use it before any helper".to_owned(),
                command("unset DOCKER_AUTH_CONFIG".to_owned()),
            ),
            CredentialOverride::RegistryAuthFile(path) => add(
                format!("REGISTRY_AUTH_FILE is set, so podman, skopeo and buildah read only {}", path.display()),
                command("unset REGISTRY_AUTH_FILE".to_owned()),
            ),
            CredentialOverride::Login(path, login) => add(
                format!("{readers} {} first, and it contains a login for {login}", path.display()),
                match login.as_str() {
                    // `podman logout` cannot remove these.
                    name if name.contains("://") || name.ends_with('/') => {
                        format!("remove \"{login}\" from \"auths\" in {}", path.display()).into()
                    }
                    name => command(format!("podman logout --authfile {} {}", path_word(&path), word(name))),
                },
            ),
            CredentialOverride::Helper(path, helper) => add(
                format!("{readers} {} first, and it names the helper `{helper}` for {registry}", path.display()),
                format!("remove \"{registry}\" from \"credHelpers\" in {}", path.display()).into(),
            ),
            CredentialOverride::Unreadable(path) => add(
                format!("{readers} {} first, and quay-auth cannot read that file", path.display()),
                Hint::shell("fix it or move it away", show_permissions(&path)),
            ),
        }
    }
    for login in config.logins(host) {
        add(
            format!("{} still contains a readable login for {login}; quay-auth takes precedence", path.display()),
            command(format!("docker logout {} && {}", word(login.as_str()), CommandLine::at("docker install", host))),
        );
    }
    obstacles
}

/// Why clients find no helper of quay-auth at all. `None` if they find one.
pub(crate) fn missing_helper(paths: &DockerPaths) -> Option<Obstacle> {
    if paths.find_helper().is_some() {
        return None;
    }
    let (what, fix) = match own_helper() {
        Err(_) => (
            "quay-auth cannot find out in which folder it is, and its helper is not on your PATH",
            "install quay-auth again if it was deleted or replaced; in a container, mount /proc".into(),
        ),
        Ok((_, own)) if !own.is_file() => (
            "docker-credential-quay-auth was not found in the folder of quay-auth",
            "both programs must be in the same folder: install quay-auth again".into(),
        ),
        Ok((folder, _)) => (
            "docker-credential-quay-auth is not on your PATH, where docker looks for it",
            Hint::shell("run this, and add it to your shell's start file", last_on_path(&folder)),
        ),
    };
    Some(Obstacle { what: what.to_owned(), fix })
}

/// The helper that clients find, if it is not the one that was installed with this program.
fn other_helper(paths: &DockerPaths) -> Option<Obstacle> {
    let found = paths.find_helper()?;
    let (folder, own) = own_helper().ok()?;
    let is_own = matches!((found.canonicalize(), own.canonicalize()), (Ok(found), Ok(own)) if found == own);
    (!is_own).then(|| Obstacle {
        what: format!("another docker-credential-quay-auth comes first on your PATH: {}", found.display()),
        fix: Hint::shell("remove it, or put the right folder first", first_on_path(&folder)),
    })
}
