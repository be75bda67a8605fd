//! Where docker and the containers tools look for credentials of a host, in which order, and where they look for helpers.

use std::path::{Path, PathBuf};

use super::{Config, HELPER};
use crate::domain::Host;
use crate::files;
use crate::system::is_program;

/// The places of this user, as the environment names them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// Docker's `config.json`, which podman, skopeo and buildah read too.
    pub(crate) config: Option<PathBuf>,
    /// The containers tools' own files, which they ask first, in their order.
    pub(crate) asked_first: Vec<PathBuf>,
    /// The file that `REGISTRY_AUTH_FILE` names: the containers tools ask no other then.
    pub(crate) only_file: Option<PathBuf>,
    /// Whether `DOCKER_AUTH_CONFIG` stands in for all files of docker's.
    pub(crate) has_auth_variable: bool,
    /// The folders of `PATH`.
    pub(crate) path: Vec<PathBuf>,
}

/// What stands in front of us for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shadow {
    /// The variable `DOCKER_AUTH_CONFIG`, for docker.
    Variable,
    /// The file that `REGISTRY_AUTH_FILE` names, for the containers tools.
    OnlyFile(PathBuf),
    /// A login in a file that podman, skopeo and buildah ask first.
    Login(PathBuf),
    /// Another helper in such a file.
    Helper(PathBuf, String),
    /// Such a file that cannot be read.
    Unreadable(PathBuf),
}

/// Where a client finds the helper.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The one that belongs to this program.
    Ours,
    /// Another one, in front of it.
    Another(PathBuf),
    /// None.
    Nowhere,
}

impl Places {
    /// What is asked before us for that host.
    pub(crate) fn shadows(&self, host: &Host) -> Vec<Shadow> {
        let variable = self.has_auth_variable.then_some(Shadow::Variable);
        let only_file = self.only_file.clone().map(Shadow::OnlyFile);
        variable
            .into_iter()
            .chain(only_file)
            .chain(self.asked_first.iter().filter_map(|path| shadow(path, host)))
            .collect()
    }

    /// The helper that docker chooses by itself while its settings name none (docker/cli `cli/config/credentials`), where it is there.
    pub(crate) fn usual_store(&self) -> Option<&'static str> {
        let finds = |name: &str| self.path.iter().any(|folder| is_program(&folder.join(name)));
        let name = match std::env::consts::OS {
            "macos" => "osxkeychain",
            "windows" => "wincred",
            _ if finds("pass") => "pass",
            _ => "secretservice",
        };
        finds(&format!("docker-credential-{name}{}", std::env::consts::EXE_SUFFIX)).then_some(name)
    }

    /// Which helper a client finds in `PATH`, where that of this program is `ours`.
    pub(crate) fn find_helper(&self, ours: &Path) -> Found {
        let name = format!("docker-credential-{HELPER}{}", std::env::consts::EXE_SUFFIX);
        match self.path.iter().map(|folder| folder.join(&name)).find(|path| is_program(path)) {
            None => Found::Nowhere,
            Some(path) if path.canonicalize().ok() == ours.canonicalize().ok() => Found::Ours,
            Some(path) => Found::Another(path),
        }
    }
}

/// What in that file stands before us.
fn shadow(path: &Path, host: &Host) -> Option<Shadow> {
    let path_of = || path.to_owned();
    let Ok(text) = files::read(path) else { return Some(Shadow::Unreadable(path_of())) };
    let Ok(config) = Config::parse(&text?) else { return Some(Shadow::Unreadable(path_of())) };
    match config.helper(host) {
        // In one file a helper is asked before logins.
        Some(helper) if helper == HELPER => None,
        Some(helper) => Some(Shadow::Helper(path_of(), helper)),
        None => config.has_login(host).then(|| Shadow::Login(path_of())),
    }
}

/// The helper that belongs to this program: beside it.
pub(crate) fn helper_path() -> Option<PathBuf> {
    let this = std::env::current_exe().ok()?.canonicalize().ok()?;
    Some(this.with_file_name(format!("docker-credential-{HELPER}{}", std::env::consts::EXE_SUFFIX)))
}
