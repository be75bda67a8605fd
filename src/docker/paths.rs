//! Where docker, podman, skopeo and buildah look for the credentials of a host, in which order, and where they look for helpers.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{DockerConfig, HELPER, HelperName};
use crate::domain::{Host, ServerText};
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
    /// Which of the tools read those files.
    pub(crate) auth_file_readers: AuthFileReaders,
    /// The file that `REGISTRY_AUTH_FILE` names. If it is set, podman, skopeo and buildah read no other file.
    pub(crate) registry_auth_file: Option<PathBuf>,
    /// `DOCKER_AUTH_CONFIG` is set, which docker uses instead of its files.
    pub(crate) has_docker_auth_config: bool,
    /// The folders of `PATH`.
    pub(crate) path: Vec<PathBuf>,
}

/// The tools that read their own files before docker's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AuthFileReaders {
    #[default]
    All,
    /// With `DOCKER_CONFIG`, podman and buildah read only docker's file.
    Skopeo,
}

impl fmt::Display for AuthFileReaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AuthFileReaders::All => "podman, skopeo and buildah read",
            AuthFileReaders::Skopeo => "skopeo reads",
        })
    }
}

/// Something that a client uses for a host before it asks quay-auth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CredentialOverride {
    /// The variable `DOCKER_AUTH_CONFIG`, for docker.
    DockerAuthConfig,
    /// The file that `REGISTRY_AUTH_FILE` names, for podman, skopeo and buildah.
    RegistryAuthFile(PathBuf),
    /// A login in a file that podman, skopeo and buildah read first, and its name there.
    Login(PathBuf, ServerText),
    /// Another helper, named in such a file.
    Helper(PathBuf, HelperName),
    /// Such a file that quay-auth cannot read.
    Unreadable(PathBuf),
}

impl DockerPaths {
    /// Everything that clients use for that host before they ask quay-auth.
    pub(crate) fn overrides(&self, host: &Host) -> Vec<CredentialOverride> {
        let variable = self.has_docker_auth_config.then_some(CredentialOverride::DockerAuthConfig);
        let only_file = self.registry_auth_file.as_ref().filter(|path| !names_quay_auth(path, host));
        let only_file = only_file.cloned().map(CredentialOverride::RegistryAuthFile);
        let in_files = self.auth_files.iter().flat_map(|path| find_overrides(path, host));
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

fn names_quay_auth(path: &Path, host: &Host) -> bool {
    let config = files::read(path).ok().flatten().and_then(|text| DockerConfig::parse(&text).ok());
    config.and_then(|config| config.helper(host)).is_some_and(|helper| helper.is_quay_auth())
}

fn find_overrides(path: &Path, host: &Host) -> Vec<CredentialOverride> {
    let config = match files::read(path).map(|text| text.map(|text| DockerConfig::parse(&text))) {
        Ok(None) => return Vec::new(),
        Ok(Some(Ok(config))) => config,
        Ok(Some(Err(_))) | Err(_) => return vec![CredentialOverride::Unreadable(path.to_owned())],
    };
    match config.helper(host) {
        // Within one file, clients ask the helper before they look for a login.
        Some(helper) if helper.is_quay_auth() => Vec::new(),
        Some(helper) => vec![CredentialOverride::Helper(path.to_owned(), helper)],
        None => {
            config.logins(host).into_iter().map(|login| CredentialOverride::Login(path.to_owned(), login)).collect()
        }
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
