//! docker, podman, skopeo and buildah: do they use quay-auth, and does anything keep them from it?

use super::{Context, Finding, ok, warn};
use crate::docker::{DockerConfig, find_obstacles};
use crate::files;
use crate::hint::{CommandLine, Hint};
use crate::system::shell_commands::show_permissions;

pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "docker";
    let host = context.host();
    let install = CommandLine::at("docker install", host);
    let Some(path) = &context.docker_paths.config else { return vec![ok(NAME, "not used: there is no home folder")] };
    let shown = path.display();
    let config = match files::read(path) {
        Ok(text) => DockerConfig::parse(&text.unwrap_or_default()),
        Err(error) => {
            return vec![warn(NAME, error.to_string(), Hint::shell("check the file", show_permissions(path)))];
        }
    };
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            return vec![warn(NAME, format!("{shown}, {error}"), "fix it there")];
        }
    };
    match config.helper(host) {
        Some(helper) if helper.is_quay_auth() => {}
        Some(other) => return vec![ok(NAME, format!("not used: docker uses the helper `{other}` for {host}"))],
        None => return vec![ok(NAME, format!("not used for {host}; to use it: {install}"))],
    }
    let obstacles = find_obstacles(host, path, &config, &context.docker_paths);
    if obstacles.is_empty() {
        return vec![ok(NAME, format!("docker, podman, skopeo and buildah use quay-auth for {host}"))];
    }
    obstacles.into_iter().map(|obstacle| warn(NAME, obstacle.what, obstacle.fix)).collect()
}
