//! Reads the environment: the `QUAY_AUTH_…` variables, the user's folders, whether there is a browser. No other file does.

use std::env;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{Color, Error, UnusableBrowser};
use crate::browser_login::BrowserCommand;
use crate::docker::{AuthFileReaders, DockerPaths};
use crate::quay::ProxyVariables;
use crate::system::is_root;

/// The value of a variable. An empty one counts as unset. Bytes that are not UTF-8 become `U+FFFD`.
fn variable(name: &str) -> Option<String> {
    raw_variable(name).filter(|value| !value.is_empty())
}

/// The same, also of an empty one.
#[expect(clippy::disallowed_methods, reason = "with `path_variable`, the only function that reads a variable")]
fn raw_variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// The value of a variable as a path, which need not be UTF-8. An empty one counts as unset.
#[expect(clippy::disallowed_methods, reason = "`variable` replaces bytes that are not UTF-8")]
fn path_variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The value of `QUAY_AUTH_<name>`.
pub(super) fn setting<T>(name: &str) -> Result<Option<T>, Error>
where
    T: FromStr,
    T::Err: std::error::Error,
{
    let name = format!("QUAY_AUTH_{name}");
    match variable(&name) {
        None => Ok(None),
        Some(text) => match text.trim().parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Error::Variable { name, message: error.to_string().into() }),
        },
    }
}

/// `QUAY_AUTH_HOST`, which may be malformed.
pub(super) fn host_variable() -> Option<String> {
    variable("QUAY_AUTH_HOST")
}

/// The file with the variables for the next steps of a job in GitHub Actions.
pub(crate) fn github_env() -> Option<PathBuf> {
    path_variable("GITHUB_ENV")
}

/// `QUAY_AUTH_TOKEN`, trimmed but not checked. It may be empty.
pub(super) fn token() -> Option<Zeroizing<String>> {
    let text = Zeroizing::new(raw_variable("QUAY_AUTH_TOKEN")?);
    Some(Zeroizing::new(text.trim().to_owned()))
}

/// The browser commands in `QUAY_AUTH_BROWSER`, else in `BROWSER`, separated by `:` (`;` on Windows) as in xdg-open; and if there are none,
/// those that cannot be used.
pub(super) fn browsers() -> (Vec<BrowserCommand>, Vec<UnusableBrowser>) {
    let separator = if cfg!(windows) { ';' } else { ':' };
    let (mut usable, mut unusable) = (Vec::new(), Vec::new());
    let list = ["QUAY_AUTH_BROWSER", "BROWSER"].into_iter().find_map(|name| Some((name, variable(name)?)));
    if let Some((variable, list)) = list {
        for command in list.split(separator).map(str::trim).filter(|command| !command.is_empty()) {
            match command.parse() {
                Ok(command) => usable.push(command),
                Err(reason) => unusable.push(UnusableBrowser { variable, command: command.to_owned(), reason }),
            }
        }
    }
    if !usable.is_empty() {
        unusable.clear();
    }
    (usable, unusable)
}

/// What kind of session this process runs in.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// By NO_COLOR, CLICOLOR and CLICOLOR_FORCE.
    pub(crate) color: Color,
    /// `TERM=dumb`.
    pub(crate) has_dumb_terminal: bool,
    /// Why the user could not see a browser on this machine. `None` if there may be one.
    pub(crate) no_browser: Option<NoBrowser>,
    /// `None` also in a container that shares the network of its host, if that is known.
    pub(crate) container: Option<Container>,
    /// `[USER@]ADDRESS` for connecting to this machine, if this is an SSH session.
    pub(crate) ssh_destination: Option<String>,
    /// Who runs this program as root, by `sudo` or the like.
    pub(crate) sudo_user: Option<String>,
    /// This is a job in GitHub Actions, whose log others may read.
    pub(crate) is_github_actions: bool,
}

/// How a browser outside of a container reaches a port in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    /// By a port that was published when the container was started.
    PublishedPorts,
    /// An editor forwards it, as for a dev container.
    ForwardedPorts,
}

/// Why the user could not see a browser on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoBrowser {
    Ci,
    /// It would be root's.
    Sudo,
    /// An SSH session without a forwarded display.
    Ssh,
    Container,
    NoDisplay,
}

impl fmt::Display for NoBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoBrowser::Ci => "CI is set",
            NoBrowser::Sudo => "it would run as root",
            NoBrowser::Ssh => "this is an SSH session without a display",
            NoBrowser::Container => "this looks like a container",
            NoBrowser::NoDisplay => "there is no display here",
        })
    }
}

impl Environment {
    pub(crate) fn detect() -> Self {
        let color = if variable("NO_COLOR").is_some() {
            Color::Never
        } else if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
            Color::Always
        } else if variable("CLICOLOR").is_some_and(|value| value == "0") {
            Color::Never
        } else {
            Color::Auto
        };
        let (sudo_user, container) = (sudo_user(), container());
        Environment {
            color,
            has_dumb_terminal: variable("TERM").is_some_and(|value| value == "dumb"),
            no_browser: no_browser(sudo_user.is_some(), container.is_some()),
            container,
            ssh_destination: ssh_destination(),
            sudo_user,
            is_github_actions: variable("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
        }
    }
}

fn is_set(names: &[&str]) -> bool {
    names.iter().any(|name| variable(name).is_some())
}

/// By what the engines and editors leave in a container (podman-run(1); VS Code's and Codespaces' own variables).
fn container() -> Option<Container> {
    let exists = |paths: &[&str]| paths.iter().any(|path| Path::new(path).exists());
    // Toolbx, and distrobox with the same file or, in older versions, only the variable; and Flatpak: their network is that of the host.
    let is_flatpak = variable("container").is_some_and(|name| name == "flatpak");
    if is_flatpak || exists(&["/run/.toolboxenv"]) || is_set(&["DISTROBOX_ENTER_PATH"]) {
        None
    } else if is_set(&["REMOTE_CONTAINERS", "CODESPACES"]) {
        Some(Container::ForwardedPorts)
    } else if is_set(&["container"]) || exists(&["/.dockerenv", "/run/.containerenv"]) {
        Some(Container::PublishedPorts)
    } else {
        None
    }
}

fn no_browser(is_sudo: bool, is_container: bool) -> Option<NoBrowser> {
    if is_ci() {
        return Some(NoBrowser::Ci);
    }
    if is_sudo {
        return Some(NoBrowser::Sudo);
    }
    let has_display =
        !cfg!(all(unix, not(target_os = "macos"))) || is_set(&["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]);
    if has_display {
        None
    } else if is_set(&["SSH_CONNECTION", "SSH_TTY"]) {
        Some(NoBrowser::Ssh)
    } else if is_container {
        Some(NoBrowser::Container)
    } else {
        Some(NoBrowser::NoDisplay)
    }
}

/// By `CI`, which CI systems set to `true` or to their name.
fn is_ci() -> bool {
    let no = ["", "0", "false", "no", "off"];
    variable("CI").is_some_and(|value| !no.contains(&value.trim().to_ascii_lowercase().as_str()))
}

/// The user that `sudo`, `doas` or `pkexec` was started by, if this process is root.
fn sudo_user() -> Option<String> {
    let name = || variable("SUDO_USER").or_else(|| variable("DOAS_USER"));
    let id = || variable("PKEXEC_UID").map(|id| format!("user {id}"));
    name().or_else(id).filter(|name| is_root() && name != "root" && name != "user 0")
}

/// `[USER@]ADDRESS` of this machine. `SSH_CONNECTION` consists of client address, client port, server address and server port; the address is
/// `HOST` if it is not known there, as behind a `ProxyCommand`.
fn ssh_destination() -> Option<String> {
    let connection = variable("SSH_CONNECTION")?;
    let server = connection.split_ascii_whitespace().nth(2).and_then(|server| server.parse::<IpAddr>().ok());
    let server = server.map_or_else(|| "HOST".to_owned(), |server| server.to_string());
    let user = variable("USER").or_else(|| variable("LOGNAME"));
    // It becomes part of a command that the user copies into a shell.
    let user = user.filter(|user| user.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)));
    Some(user.map_or(server.clone(), |user| format!("{user}@{server}")))
}

/// `HOME` (`USERPROFILE` on Windows), else the home in the user database, since a systemd unit may have no `HOME`.
pub(crate) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}

pub(crate) fn proxy_variables() -> ProxyVariables {
    ProxyVariables::read(variable)
}

/// The names, without values, of the variables that are set and change what this program does.
pub(crate) fn relevant_variables() -> Vec<String> {
    let exact = [
        "BROWSER",
        "CI",
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "DOCKER_AUTH_CONFIG",
        "DOCKER_CONFIG",
        "GITHUB_ACTIONS",
        "GITHUB_ENV",
        "NO_COLOR",
        "REGISTRY_AUTH_FILE",
        "SSH_CONNECTION",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "WAYLAND_DISPLAY",
        "WSL_DISTRO_NAME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_RUNTIME_DIR",
    ];
    let mut names = all_names();
    names.retain(|name| {
        exact.contains(&name.as_str())
            || name.starts_with("QUAY_AUTH_")
            || name.to_ascii_uppercase().ends_with("_PROXY")
    });
    names.sort();
    names
}

#[expect(clippy::disallowed_methods, reason = "the only function that lists variables")]
fn all_names() -> Vec<String> {
    env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect()
}

/// Where docker, podman, skopeo and buildah look for credentials (containers-auth.json(5); docker's `DOCKER_CONFIG` and `DOCKER_AUTH_CONFIG`).
pub(crate) fn docker_paths() -> DockerPaths {
    let path = path_variable;
    let home = home();
    let docker_folder = path("DOCKER_CONFIG");
    let registry_auth_file = path("REGISTRY_AUTH_FILE");
    let auth_files = match &registry_auth_file {
        // Then the tools read no other file.
        Some(_) => Vec::new(),
        None => {
            let config = path("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
            let lasting = config.map(|folder| folder.join("containers").join("auth.json"));
            runtime_auth_file().into_iter().chain(lasting).collect()
        }
    };
    let usual_config = home.map(|home| home.join(".docker").join("config.json"));
    DockerPaths {
        auth_file_readers: if docker_folder.is_some() { AuthFileReaders::Skopeo } else { AuthFileReaders::All },
        config: docker_folder.map(|folder| folder.join("config.json")).or_else(|| usual_config.clone()),
        usual_config,
        auth_files,
        registry_auth_file,
        has_docker_auth_config: variable("DOCKER_AUTH_CONFIG").is_some(),
        path: path_variable("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default(),
    }
}

/// Where podman stores a login until the user's session ends.
fn runtime_auth_file() -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    return Some(match path_variable("XDG_RUNTIME_DIR") {
        Some(folder) => folder.join("containers/auth.json"),
        None => format!("/run/containers/{}/auth.json", rustix::process::getuid().as_raw()).into(),
    });
    #[cfg(not(target_os = "linux"))]
    None
}

/// The folders for data of all programs, such as desktop files: the user's, then those of the system (XDG Base Directory Specification).
pub(crate) fn data_folders() -> Vec<PathBuf> {
    let own = path_variable("XDG_DATA_HOME").or_else(|| home().map(|home| home.join(".local/share")));
    let system = path_variable("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    own.into_iter().chain(env::split_paths(&system)).filter(|path| path.is_absolute()).collect()
}

/// The user's folders for settings and for data. quay-auth has a folder of its own in each.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    config: Option<PathBuf>,
    data: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`, which is on a local disk and is emptied when the user's session ends.
    runtime: Option<PathBuf>,
}

impl Folders {
    pub(crate) fn find() -> Self {
        let absolute = |name: &str| path_variable(name).filter(|path| path.is_absolute());
        let runtime = absolute("XDG_RUNTIME_DIR");
        if cfg!(windows) {
            return Folders { config: absolute("APPDATA"), data: absolute("LOCALAPPDATA"), runtime };
        }
        let home = home();
        let below_home = |path: &str| home.as_deref().map(|home| home.join(path));
        if cfg!(target_os = "macos") {
            let support = below_home("Library/Application Support");
            return Folders { config: support.clone(), data: support, runtime };
        }
        Folders {
            config: absolute("XDG_CONFIG_HOME").or_else(|| below_home(".config")),
            data: absolute("XDG_DATA_HOME").or_else(|| below_home(".local/share")),
            runtime,
        }
    }

    /// The user's `config.toml`. `None` without a home.
    pub(super) fn config_file(&self) -> Option<PathBuf> {
        Some(self.config.as_ref()?.join("quay-auth").join("config.toml"))
    }

    /// The `config.toml` for all users of this machine, whether or not it exists. `None` if this system has no place for it.
    pub(crate) fn system_config_file() -> Option<PathBuf> {
        if cfg!(windows) {
            variable("ProgramData").map(|folder| Path::new(&folder).join("quay-auth").join("config.toml"))
        } else {
            Some(PathBuf::from("/etc/quay-auth/config.toml"))
        }
    }

    /// The folder for locks if the data folder's file system does not support them.
    pub(super) fn runtime(&self) -> Option<PathBuf> {
        self.runtime.clone()
    }

    /// The folder of `profiles.toml` and `tokens.toml`, an absolute path. Fails without a home.
    pub(crate) fn data(&self) -> Result<PathBuf, Error> {
        self.data.as_ref().map(|folder| folder.join("quay-auth")).ok_or(Error::NoHome)
    }
}
