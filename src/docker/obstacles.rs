//! What keeps docker, podman, skopeo or buildah from asking quay-auth, each with what mends it.

use std::path::Path;

use serde::Serialize;

use super::{Config, Found, Places, Shadow, helper_path};
use crate::domain::Host;

/// Something in the way.
#[derive(Debug, Serialize)]
pub(crate) struct Obstacle {
    /// What it is, without a full stop.
    pub(crate) what: String,
    /// What mends it.
    pub(crate) mend: String,
}

/// Everything in the way of that host, where `path` is docker's file and `config` what stands in it.
pub(crate) fn find_obstacles(host: &Host, path: &Path, config: &Config, places: &Places) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let mut add = |what: String, mend: String| obstacles.push(Obstacle { what, mend });
    match helper_path().filter(|path| path.is_file()) {
        None => add(
            "docker-credential-quay-auth is not beside quay-auth".to_owned(),
            "both programs belong into one folder: install quay-auth again".to_owned(),
        ),
        Some(ours) => {
            let folder = ours.parent().unwrap_or(Path::new("")).display().to_string();
            match places.find_helper(&ours) {
                Found::Ours => {}
                Found::Another(path) => add(
                    format!("your PATH leads to another docker-credential-quay-auth first: {}", path.display()),
                    format!("remove it, or put the right folder first: export PATH=\"{folder}:$PATH\""),
                ),
                Found::Nowhere => add(
                    "docker-credential-quay-auth is not on your PATH, where docker looks for it".to_owned(),
                    format!("export PATH=\"$PATH:{folder}\", in the shell's start file too"),
                ),
            }
        }
    }
    let registry = host.registry();
    for shadow in places.shadows(host) {
        match shadow {
            Shadow::Variable => add(
                "DOCKER_AUTH_CONFIG is set, and newer dockers ask it first".to_owned(),
                "unset DOCKER_AUTH_CONFIG".to_owned(),
            ),
            Shadow::OnlyFile(path) => add(
                format!(
                    "REGISTRY_AUTH_FILE is set: podman, skopeo and buildah ask {} and nothing else",
                    path.display()
                ),
                "unset REGISTRY_AUTH_FILE".to_owned(),
            ),
            Shadow::Login(path) => add(
                format!(
                    "podman, skopeo and buildah ask {} first, and a login for {registry} stands there",
                    path.display()
                ),
                format!("podman logout --authfile {} {registry}", shell(&path)),
            ),
            Shadow::Helper(path, helper) => add(
                format!(
                    "podman, skopeo and buildah ask {} first, and it names `{helper}` for {registry}",
                    path.display()
                ),
                format!("take \"{registry}\" out of \"credHelpers\" in {}", path.display()),
            ),
            Shadow::Unreadable(path) => add(
                format!("podman, skopeo and buildah ask {} first, and it cannot be read", path.display()),
                format!("mend it or move it away: ls -l {}", shell(&path)),
            ),
        }
    }
    if config.has_login(host) {
        add(
            format!("a login for {registry} stands readable in {}; quay-auth goes before it", path.display()),
            format!("docker logout {registry} && quay-auth docker install --host {host}"),
        );
    }
    obstacles
}

/// The path as one word of a shell's.
fn shell(path: &Path) -> String {
    let path = path.display().to_string();
    shlex::try_quote(&path).map(|quoted| quoted.into_owned()).unwrap_or(path)
}
