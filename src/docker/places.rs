//! Where docker, podman, skopeo and buildah look for the credentials of a host, in which order, and where they look for helpers.

use std::io;
use std::path::{Path, PathBuf};

use super::{DockerConfig, HELPER, HelperName};
use crate::domain::Host;
use crate::files;
use crate::system::is_program;

/// The files and folders of this user, as the environment names them.
#[derive(Clone, Debug, Default)]
pub(crate) struct DockerPaths {
    /// Docker's `config.json`, which podman, skopeo and buildah read too.
    pub(crate) config: Option<PathBuf>,
    /// The same in the home folder, which `DOCKER_CONFIG` does not change.
    pub(crate) usual_config: Option<PathBuf>,
    /// The files that podman, skopeo and buildah read before docker's, in their order.
    pub(crate) auth_files: Vec<PathBuf>,
    /// The file that `REGISTRY_AUTH_FILE` names. If it is set, podman, skopeo and buildah read no other file.
    pub(crate) registry_auth_file: Option<PathBuf>,
    /// `DOCKER_AUTH_CONFIG` is set, which docker uses instead of its files.
    pub(crate) has_docker_auth_config: bool,
    /// The folders of `PATH`.
    pub(crate) path: Vec<PathBuf>,
}

/// Something that a client uses for a host before it asks quay-auth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CredentialOverride {
    /// The variable `DOCKER_AUTH_CONFIG`, for docker.
    DockerAuthConfig,
    /// The file that `REGISTRY_AUTH_FILE` names, for podman, skopeo and buildah.
    RegistryAuthFile(PathBuf),
    /// A login in a file that podman, skopeo and buildah read first.
    Login(PathBuf),
    /// Another helper, named in such a file.
    Helper(PathBuf, HelperName),
    /// Such a file that quay-auth cannot read.
    Unreadable(PathBuf),
}

impl DockerPaths {
    /// Everything that clients use for that host before they ask quay-auth.
    pub(crate) fn overrides(&self, host: &Host) -> Vec<CredentialOverride> {
        let variable = self.has_docker_auth_config.then_some(CredentialOverride::DockerAuthConfig);
        let only_file = self.registry_auth_file.clone().map(CredentialOverride::RegistryAuthFile);
        let in_files = self.auth_files.iter().filter_map(|path| find_override(path, host));
        variable.into_iter().chain(only_file).chain(in_files).collect()
    }

    /// The helper that docker chooses while its settings name none, if that helper is installed (docker/cli, `cli/config/credentials`).
    pub(crate) fn default_helper(&self) -> Option<&'static str> {
        let is_on_path = |name: &str| self.path.iter().any(|folder| is_program(&folder.join(name)));
        let name = match std::env::consts::OS {
            "macos" => "osxkeychain",
            "windows" => "wincred",
            _ if is_on_path("pass") => "pass",
            _ => "secretservice",
        };
        is_on_path(&program_name(name)).then_some(name)
    }

    /// The `docker-credential-quay-auth` that a client finds on `PATH`.
    pub(crate) fn find_helper(&self) -> Option<PathBuf> {
        let name = program_name(HELPER);
        self.path.iter().map(|folder| folder.join(&name)).find(|path| is_program(path))
    }
}

fn find_override(path: &Path, host: &Host) -> Option<CredentialOverride> {
    let unreadable = || Some(CredentialOverride::Unreadable(path.to_owned()));
    let Ok(text) = files::read(path) else { return unreadable() };
    let Ok(config) = DockerConfig::parse(&text?) else { return unreadable() };
    match config.helper(host) {
        // Within one file, clients ask the helper before they look for a login.
        Some(helper) if helper.is_quay_auth() => None,
        Some(helper) => Some(CredentialOverride::Helper(path.to_owned(), helper)),
        None => config.has_login(host).then(|| CredentialOverride::Login(path.to_owned())),
    }
}

/// The folder of this program, and the helper that should have been installed there with it.
///
/// Fails if the system does not tell where this program is, for example after the program was deleted.
pub(crate) fn own_helper() -> io::Result<(PathBuf, PathBuf)> {
    let program = std::env::current_exe()?.canonicalize()?;
    let folder = program.parent().unwrap_or(Path::new("."));
    Ok((folder.to_owned(), folder.join(program_name(HELPER))))
}

/// The file name of a helper.
fn program_name(helper: &str) -> String {
    format!("docker-credential-{helper}{}", std::env::consts::EXE_SUFFIX)
}
