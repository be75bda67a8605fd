//! Docker and its kin: whether they ask quay-auth, and what stands in the way.

use super::{Context, Finding, ok, warn};
use crate::docker::{Config, HELPER, find_obstacles};
use crate::files;

/// Reads their files.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "docker";
    let host = context.host();
    let install = format!("quay-auth docker install --host {host}");
    let Some(path) = &context.places.config else { return vec![ok(NAME, "not used: there is no home")] };
    let shown = path.display();
    let config = match files::read(path) {
        Ok(text) => Config::parse(&text.unwrap_or_default()),
        Err(error) => return vec![warn(NAME, error.to_string(), format!("look at it: ls -l {shown}"))],
    };
    let config = match config {
        Ok(config) => config,
        Err(broken) => {
            return vec![warn(NAME, format!("{shown}, {broken}"), "mend it there: docker cannot read it either")];
        }
    };
    match config.helper(host) {
        Some(helper) if helper == HELPER => {}
        Some(other) => return vec![ok(NAME, format!("not used: docker asks `{other}` for {host}"))],
        None => return vec![ok(NAME, format!("not used for {host}; to use it: {install}"))],
    }
    let obstacles = find_obstacles(host, path, &config, &context.places);
    if obstacles.is_empty() {
        return vec![ok(NAME, format!("docker, podman, skopeo and buildah ask quay-auth for {host}"))];
    }
    obstacles.into_iter().map(|obstacle| warn(NAME, obstacle.what, obstacle.mend)).collect()
}
