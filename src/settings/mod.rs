//! What a command works with: flags, then the environment, the user's `config.toml`, the system's, what the profile's last login used,
//! what another login at that host used, then what is built in. The order of precedence stands here, once.

mod config;
mod environment;
mod login;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::completion;
use crate::docker::Places;
use crate::domain::{AccessToken, Host, HostArgument, MalformedToken, Profile, ProfileName};
use crate::files;
use crate::store::{Profiles, ProfilesError};

pub(crate) use config::Config;
pub(crate) use environment::{Folders, NoBrowser, ProxyVariable, Surroundings};
pub(crate) use login::{LoginFlags, LoginSettings};

/// Why the settings are not complete or not right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A line of a `config.toml`.
    #[error("{}, line {line}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong, and what was meant.
        message: String,
    },
    /// A `QUAY_AUTH_…` variable.
    #[error("{name}: {message}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with its value.
        message: String,
    },
    /// `QUAY_AUTH_TOKEN` holds no token.
    #[error("QUAY_AUTH_TOKEN: {0}")]
    Token(#[source] MalformedToken),
    /// No host is named, and there are several.
    #[error("which Quay? There are logins at {}", .0.iter().map(Host::to_string).collect::<Vec<_>>().join(", "))]
    WhichHost(Vec<Host>),
    /// Plain http to another machine, without the user's word for it.
    #[error("{0} would carry the token readable over the network")]
    PlainHttp(Host),
    /// Neither HOME nor the folders of its place are set.
    #[error("there is no folder to remember logins in: {} is not set", crate::system::HOME)]
    NoHome,
    /// A settings file could not be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The list of logins could not be read.
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
}

/// Whether words are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    /// In a pipe too.
    Always,
    /// Nowhere.
    Never,
}

/// Where `--help` lists what every command takes.
pub(crate) const GLOBAL: &str = "Options of every command";

/// Names the login that is meant.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ProfileFlags {
    /// The Quay: quay.io, quay.example.com:8443 or http://localhost:8080
    #[arg(long, global = true, value_name = "HOST", help_heading = GLOBAL, add = completion::hosts())]
    pub(crate) host: Option<HostArgument>,

    /// Which of several logins at that host
    #[arg(long, global = true, value_name = "NAME", help_heading = GLOBAL, add = completion::profiles())]
    pub(crate) profile: Option<ProfileName>,
}

/// The profiles that a command is about.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// Those at this host.
    host: Option<Host>,
    /// Those of this name.
    name: Option<ProfileName>,
}

impl Chosen {
    /// Whether the command line names anything.
    pub(crate) fn is_named(&self) -> bool {
        self.host.is_some() || self.name.is_some()
    }

    /// The profile name, where the command line names one.
    pub(crate) fn name(&self) -> Option<&ProfileName> {
        self.name.as_ref()
    }

    /// Whether the command line names a host.
    pub(crate) fn names_host(&self) -> bool {
        self.host.is_some()
    }

    /// Whether a profile at that host can be one of them.
    pub(crate) fn includes_host(&self, host: &Host) -> bool {
        self.host.as_ref().is_none_or(|wanted| wanted == host)
    }

    /// Whether the profile is one of them.
    pub(crate) fn includes(&self, profile: &Profile) -> bool {
        self.host.as_ref().is_none_or(|host| *host == profile.host)
            && self.name.as_ref().is_none_or(|name| *name == profile.name)
    }
}

/// All sources of settings but the flags of one command.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The host and profile that the command line names.
    flags: ProfileFlags,
    /// What `QUAY_AUTH_HOST` names.
    host_variable: Option<HostArgument>,
    /// The user's `config.toml`.
    user: Config,
    /// The administrator's.
    system: Config,
    /// This user's folders.
    folders: Folders,
    /// The logins there are.
    pub(crate) profiles: Profiles,
    /// Where this process runs.
    pub(crate) surroundings: Surroundings,
}

impl Settings {
    /// Reads all sources.
    pub(crate) fn load(flags: ProfileFlags, surroundings: Surroundings) -> Result<Self, Error> {
        let folders = Folders::find();
        let profiles = match folders.data() {
            Ok(folder) => Profiles::load(&folder)?,
            Err(_) => Profiles::default(),
        };
        Ok(Settings {
            flags,
            host_variable: environment::setting("HOST")?,
            user: Config::load(folders.config_file())?,
            system: Config::load(Folders::system_config_file())?,
            folders,
            profiles,
            surroundings,
        })
    }

    /// The folder of `profiles.toml` and `tokens.toml`.
    pub(crate) fn data_folder(&self) -> Result<PathBuf, Error> {
        self.folders.data()
    }

    /// The profiles that the command line names: all, unless it names a host or a profile.
    pub(crate) fn chosen(&self) -> Chosen {
        Chosen { host: self.flags.host.as_ref().map(|host| self.resolve(host)), name: self.flags.profile.clone() }
    }

    /// The profile that is meant.
    pub(crate) fn profile(&self) -> Result<Profile, Error> {
        match &self.flags.host {
            Some(host) => self.profile_at(self.resolve(host)),
            None => self.profile_at(self.default_host()?),
        }
    }

    /// The profile that is meant, at the host that a person answered with.
    pub(crate) fn profile_at_answer(&self, host: &HostArgument) -> Result<Profile, Error> {
        self.profile_at(self.resolve(host))
    }

    /// Whether nothing at all names a host, so that quay.io is a guess.
    pub(crate) fn guesses_host(&self) -> bool {
        let named = [&self.flags.host, &self.host_variable, &self.user.default_host, &self.system.default_host];
        named.into_iter().all(Option::is_none) && self.profiles.iter().next().is_none()
    }

    /// The profile that is meant, at that host.
    fn profile_at(&self, host: Host) -> Result<Profile, Error> {
        let name = match &self.flags.profile {
            Some(name) => name.clone(),
            None => environment::setting("PROFILE")?.unwrap_or_default(),
        };
        Ok(Profile { host, name })
    }

    /// Every host that is known, also without a login: those of the files of settings too.
    pub(crate) fn known_hosts(&self) -> BTreeSet<Host> {
        let sections = [&self.user, &self.system].into_iter().flat_map(|config| &config.hosts);
        self.hosts().into_iter().chain(sections.map(|section| self.resolve(&section.host))).collect()
    }

    /// Every host that a token may be kept for: those of the logins, and the one of `QUAY_AUTH_TOKEN`.
    pub(crate) fn hosts(&self) -> BTreeSet<Host> {
        let variable = environment::token().and_then(|_| self.default_host().ok());
        self.profiles.iter().map(|record| record.profile.host.clone()).chain(variable).collect()
    }

    /// The profile whose token docker gets at that host: `docker_profile`, then the one that `docker install` was told, then the one
    /// that goes without saying.
    pub(crate) fn docker_profile(&self, host: &Host) -> Result<Profile, Error> {
        let name = match self.configured_docker_profile(host)?.or_else(|| self.profiles.docker(host).profile) {
            Some(name) => name,
            None => environment::setting("PROFILE")?.unwrap_or_default(),
        };
        Ok(Profile { host: host.clone(), name })
    }

    /// `QUAY_AUTH_DOCKER_PROFILE`, then `docker_profile` of the host in a `config.toml`.
    pub(crate) fn configured_docker_profile(&self, host: &Host) -> Result<Option<ProfileName>, Error> {
        let sections = [&self.user, &self.system].into_iter().flat_map(|config| &config.hosts);
        let mut named = sections.filter(|section| self.resolve(&section.host) == *host);
        Ok(environment::setting("DOCKER_PROFILE")?.or_else(|| named.find_map(|section| section.docker_profile.clone())))
    }

    /// The profile name that the command line names.
    pub(crate) fn named_profile(&self) -> Option<&ProfileName> {
        self.flags.profile.as_ref()
    }

    /// The user's home.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        environment::home()
    }

    /// The variables that name proxies.
    pub(crate) fn proxies(&self) -> Vec<ProxyVariable> {
        environment::proxies()
    }

    /// The names of the variables that are set and change what this program does; without their values.
    pub(crate) fn variables_that_matter(&self) -> Vec<String> {
        environment::names_that_matter()
    }

    /// Where docker and the containers tools look.
    pub(crate) fn docker_places(&self) -> Places {
        environment::docker_places()
    }

    /// The host that is meant where the command line names none. With several and no word of which, none is.
    fn default_host(&self) -> Result<Host, Error> {
        if let Some(host) =
            [&self.host_variable, &self.user.default_host, &self.system.default_host].into_iter().flatten().next()
        {
            return Ok(self.resolve(host));
        }
        let mut hosts: Vec<Host> = self.profiles.iter().map(|record| record.profile.host.clone()).collect();
        hosts.sort();
        hosts.dedup();
        match hosts.len() {
            0 => Ok(Host::quay_io()),
            1 => Ok(hosts.remove(0)),
            _ => Err(Error::WhichHost(hosts)),
        }
    }

    /// The host that a written one means: a bare name takes the scheme of the known host of that name.
    fn resolve(&self, argument: &HostArgument) -> Host {
        let sections = [&self.user, &self.system].into_iter().flat_map(|config| &config.hosts);
        let configured: Vec<Host> = sections.map(|section| section.host.resolve([])).collect();
        argument.resolve(configured.iter().chain(self.profiles.iter().map(|record| &record.profile.host)))
    }

    /// `QUAY_AUTH_TOKEN` and the host whose stored token it replaces: the default host, and no other.
    pub(crate) fn token_variable(&self) -> Result<Option<(Host, AccessToken)>, Error> {
        let (Some(text), Ok(host)) = (environment::token(), self.default_host()) else { return Ok(None) };
        AccessToken::parse(text).map(|token| Some((host, token))).map_err(Error::Token)
    }
}
