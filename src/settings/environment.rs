//! What the environment says: the `QUAY_AUTH_…` variables, the folders, the surroundings. The only file that reads it.

use std::env;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{Color, Error};
use crate::docker::Places;
use crate::domain::without_tokens;

/// A variable's value as text; empty counts as unset, and what is not UTF-8 is shown with marks in its place.
#[expect(clippy::disallowed_methods, reason = "the one door to the environment")]
fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// The setting `QUAY_AUTH_<name>`, parsed.
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
            Err(error) => Err(Error::Variable { name, message: error.to_string() }),
        },
    }
}

/// `QUAY_AUTH_TOKEN` as it stands there, ends trimmed.
pub(super) fn token() -> Option<Zeroizing<String>> {
    let text = Zeroizing::new(variable("QUAY_AUTH_TOKEN")?);
    let trimmed = Zeroizing::new(text.trim().to_owned());
    (!trimmed.is_empty()).then_some(trimmed)
}

/// A list of browser commands: `QUAY_AUTH_BROWSER`, else `BROWSER`. Parts are separated by `:` (`;` on Windows), as `open`-like tools do.
pub(super) fn browsers() -> Vec<String> {
    let separator = if cfg!(windows) { ';' } else { ':' };
    let list = variable("QUAY_AUTH_BROWSER").or_else(|| variable("BROWSER")).unwrap_or_default();
    list.split(separator).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Where this process runs, as far as it matters for opening a browser and for colour.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// What NO_COLOR, CLICOLOR and CLICOLOR_FORCE ask for.
    pub(crate) color: Color,
    /// `TERM=dumb`.
    pub(crate) dumb_terminal: bool,
    /// Why no browser can be here, where that is so.
    pub(crate) without_browser: Option<NoBrowser>,
    /// Over SSH: this machine's address, as the other end reached it, with the user's name in front where it is known.
    pub(crate) ssh_destination: Option<String>,
}

/// Why no browser of this machine's can be seen by the person at the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoBrowser {
    /// Nobody sits at a CI job.
    Ci,
    /// An SSH session without a forwarded display.
    Ssh,
    /// A container.
    Container,
    /// Neither.
    NoDisplay,
}

impl fmt::Display for NoBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoBrowser::Ci => "this is a CI job",
            NoBrowser::Ssh => "this is an SSH session without a display",
            NoBrowser::Container => "this is a container",
            NoBrowser::NoDisplay => "there is no display here",
        })
    }
}

impl Surroundings {
    /// Looks around.
    pub(crate) fn look() -> Self {
        let color = if variable("NO_COLOR").is_some() {
            Color::Never
        } else if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
            Color::Always
        } else if variable("CLICOLOR").is_some_and(|value| value == "0") {
            Color::Never
        } else {
            Color::Auto
        };
        Surroundings {
            color,
            dumb_terminal: variable("TERM").is_some_and(|value| value == "dumb"),
            without_browser: without_browser(),
            ssh_destination: ssh_destination(),
        }
    }
}

/// Looks for a place where a browser can be.
fn without_browser() -> Option<NoBrowser> {
    let is_set = |names: &[&str]| names.iter().any(|name| variable(name).is_some());
    if variable("CI").is_some_and(|value| value != "false") {
        return Some(NoBrowser::Ci);
    }
    let has_display =
        !cfg!(all(unix, not(target_os = "macos"))) || is_set(&["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]);
    if has_display {
        None
    } else if is_set(&["SSH_CONNECTION", "SSH_TTY"]) {
        Some(NoBrowser::Ssh)
    } else if is_set(&["REMOTE_CONTAINERS", "CODESPACES", "container"])
        || ["/.dockerenv", "/run/.containerenv"].iter().any(|path| Path::new(path).exists())
    {
        Some(NoBrowser::Container)
    } else {
        Some(NoBrowser::NoDisplay)
    }
}

/// `user@address` of this machine, out of `SSH_CONNECTION`: client address and port, server address and port. `HOST` stands for what it
/// does not tell, as behind a `ProxyCommand`.
fn ssh_destination() -> Option<String> {
    let connection = variable("SSH_CONNECTION")?;
    let server = connection.split_ascii_whitespace().nth(2).and_then(|server| server.parse::<IpAddr>().ok());
    let server = server.map_or_else(|| "HOST".to_owned(), |server| server.to_string());
    let user = variable("USER").or_else(|| variable("LOGNAME"));
    // It becomes part of a line to copy into a shell.
    let user = user.filter(|user| user.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)));
    Some(user.map_or(server.clone(), |user| format!("{user}@{server}")))
}

/// The user's home.
pub(super) fn home() -> Option<PathBuf> {
    variable(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(PathBuf::from).filter(|home| home.is_absolute())
}

/// A variable that names a proxy, or hosts that need none.
#[derive(Clone, Debug)]
pub(crate) struct ProxyVariable {
    /// Its name.
    name: &'static str,
    /// Its value, without a user and password.
    shown: String,
    /// Whether it is an address where it should be.
    is_odd: bool,
}

impl ProxyVariable {
    /// Whether it should be an address and is none.
    pub(crate) fn is_odd(&self) -> bool {
        self.is_odd
    }
}

impl fmt::Display for ProxyVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.shown)
    }
}

/// The variables that name proxies, in the order in which they count.
pub(super) fn proxies() -> Vec<ProxyVariable> {
    // ureq takes the last two for https as well.
    let named = ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let names = named.into_iter().chain(["NO_PROXY", "no_proxy"]);
    let set = names.filter_map(|name| Some((name, variable(name)?)));
    set.map(|(name, value)| {
        let is_list = name.eq_ignore_ascii_case("NO_PROXY");
        // A password of the proxy's is a secret too.
        let shown = value.rsplit_once('@').filter(|_| !is_list).map_or(value.as_str(), |(_, behind)| behind);
        let with_scheme = if value.contains("://") { value.clone() } else { format!("http://{value}") };
        let is_odd = !is_list && url::Url::parse(&with_scheme).is_err();
        ProxyVariable { name, shown: without_tokens(shown), is_odd }
    })
    .collect()
}

/// The names of the variables that are set and change what this program does.
pub(super) fn names_that_matter() -> Vec<String> {
    let exact = [
        "BROWSER",
        "CI",
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "DOCKER_AUTH_CONFIG",
        "DOCKER_CONFIG",
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
    let mut names: Vec<String> = every_name();
    names.retain(|name| {
        exact.contains(&name.as_str())
            || name.starts_with("QUAY_AUTH_")
            || name.to_ascii_uppercase().ends_with("_PROXY")
    });
    names.sort();
    names
}

/// The name of every variable.
#[expect(clippy::disallowed_methods, reason = "the one door to the environment")]
fn every_name() -> Vec<String> {
    env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect()
}

/// Where docker and the containers tools look (containers-auth.json(5); docker's `DOCKER_CONFIG` and `DOCKER_AUTH_CONFIG`).
pub(super) fn docker_places() -> Places {
    let path = |name: &str| variable(name).map(PathBuf::from);
    let home = home();
    let docker_folder = path("DOCKER_CONFIG");
    let named = path("REGISTRY_AUTH_FILE");
    let asked_first = match (&named, &docker_folder) {
        // Each takes the place of all others.
        (Some(_), _) | (None, Some(_)) => Vec::new(),
        (None, None) => {
            let runtime = path("XDG_RUNTIME_DIR").filter(|_| cfg!(target_os = "linux"));
            let config = path("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
            [runtime, config].into_iter().flatten().map(|folder| folder.join("containers").join("auth.json")).collect()
        }
    };
    Places {
        config: docker_folder
            .or_else(|| home.map(|home| home.join(".docker")))
            .map(|folder| folder.join("config.json")),
        asked_first,
        only_file: named,
        has_auth_variable: variable("DOCKER_AUTH_CONFIG").is_some(),
        path: variable("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default(),
    }
}

/// The folders of this user's files, without the program's own name.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// Where people keep settings.
    config: Option<PathBuf>,
    /// Where programs keep state.
    data: Option<PathBuf>,
}

impl Folders {
    /// The folders that this platform and the environment name.
    pub(crate) fn find() -> Self {
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        if cfg!(windows) {
            return Folders { config: absolute("APPDATA"), data: absolute("LOCALAPPDATA") };
        }
        let home = absolute("HOME");
        let below_home = |path: &str| home.as_deref().map(|home| home.join(path));
        if cfg!(target_os = "macos") {
            let support = below_home("Library/Application Support");
            return Folders { config: support.clone(), data: support };
        }
        Folders {
            config: absolute("XDG_CONFIG_HOME").or_else(|| below_home(".config")),
            data: absolute("XDG_DATA_HOME").or_else(|| below_home(".local/share")),
        }
    }

    /// The user's `config.toml`; without a home there is none.
    pub(super) fn config_file(&self) -> Option<PathBuf> {
        Some(self.config.as_ref()?.join("quay-auth").join("config.toml"))
    }

    /// The administrator's `config.toml`.
    pub(super) fn system_config_file() -> Option<PathBuf> {
        if cfg!(windows) {
            variable("ProgramData").map(|folder| Path::new(&folder).join("quay-auth").join("config.toml"))
        } else {
            Some(PathBuf::from("/etc/quay-auth/config.toml"))
        }
    }

    /// The folder of `profiles.toml` and `tokens.toml`. Fails when there is no home.
    pub(crate) fn data(&self) -> Result<PathBuf, Error> {
        self.data.as_ref().map(|folder| folder.join("quay-auth")).ok_or(Error::NoHome)
    }
}
