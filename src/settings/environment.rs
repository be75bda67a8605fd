//! What the environment says: the `QUAY_AUTH_…` variables, the folders, the surroundings. The only file that reads it.

use std::env;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{Color, Error};

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
    pub(crate) without_browser: Option<&'static str>,
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
        }
    }
}

/// Why no browser of this machine's can be seen by the person at the terminal.
fn without_browser() -> Option<&'static str> {
    if variable("CI").is_some_and(|value| value != "false") {
        return Some("this is a CI job");
    }
    let has_display = !cfg!(all(unix, not(target_os = "macos")))
        || ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].iter().any(|name| variable(name).is_some());
    if has_display {
        None
    } else if variable("SSH_CONNECTION").is_some() || variable("SSH_TTY").is_some() {
        Some("this is an SSH session without a display")
    } else {
        Some("there is no display here")
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
