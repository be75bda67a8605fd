//! The settings of a command.
//!
//! In order of precedence, they come from flags, the environment, the user's `config.toml`, the system's `config.toml`, the profile's last
//! login, another profile of the same host, and built-in defaults.

mod config;
mod damaged;
mod environment;
mod login;
mod shared;
mod token_variable;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use crate::domain::{Host, HostArgument, MalformedToken, ProfileId, ProfileName, ServerText};
use crate::files;
use crate::hint::{CommandLine, always_name_the_profile};
use crate::quay::{InvalidProxy, RequestLog};
use crate::store::{Profiles, ProfilesError, Vault};

pub(crate) use config::Config;
use config::HostSection;
pub(crate) use damaged::may_concern_us;
pub(crate) use environment::{
    Container, Environment, Folders, NoBrowser, data_folders, docker_paths, github_env, home, proxy_variables,
    relevant_variables,
};
use login::UnusableBrowser;
pub(crate) use login::{LoginFlags, LoginSettings};
pub(crate) use token_variable::TokenVariable;

/// Why the settings are incomplete or invalid.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The line counts from 1.
    #[error("{}, line {line}: {message}", path.display())]
    Config { path: PathBuf, line: usize, message: ServerText },
    #[error("{name}: {message}")]
    Variable { name: String, message: ServerText },
    #[error("QUAY_AUTH_TOKEN: {0}")]
    Token(#[from] MalformedToken),
    #[error(transparent)]
    SeveralHosts(#[from] SeveralHosts),
    #[error(transparent)]
    Proxy(#[from] InvalidProxy),
    /// Plain http to another machine, which the user did not allow.
    #[error("{0} would send the token over the network without encryption")]
    PlainHttp(Host),
    #[error("there is no folder for quay-auth's files: {} is not set to an absolute path", crate::system::HOME)]
    NoHome,
    #[error(transparent)]
    File(#[from] files::Error),
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
}

/// No host was given, and it is not clear which one to use.
#[derive(Debug, thiserror::Error)]
#[error("several hosts have a profile: {}", .hosts.iter().map(Host::to_string).collect::<Vec<_>>().join(", "))]
pub(crate) struct SeveralHosts {
    /// Two at least.
    pub(crate) hosts: Vec<Host>,
    /// Whether `QUAY_AUTH_TOKEN` is set, which is for the default host.
    pub(crate) has_token_variable: bool,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// If the output is a terminal.
    Auto,
    Always,
    Never,
}

/// The heading in `--help` for options that every command has.
pub(crate) const GLOBAL: &str = "Global options";

/// The flags that select a profile.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ProfileFlags {
    /// Quay host, for example quay.io or http://localhost:8080
    #[arg(long, global = true, value_name = "HOST", help_heading = GLOBAL)]
    pub(crate) host: Option<HostArgument>,

    /// Profile to use, if you have several for this host
    #[arg(long, global = true, value_name = "NAME", help_heading = GLOBAL)]
    pub(crate) profile: Option<ProfileName>,
}

/// Selects profiles by the host and the name on the command line. Without them, it selects all.
#[derive(Debug)]
pub(crate) struct ProfileFilter {
    host: Option<Host>,
    name: Option<ProfileName>,
}

impl ProfileFilter {
    pub(crate) fn is_set(&self) -> bool {
        self.host.is_some() || self.name.is_some()
    }

    pub(crate) fn name(&self) -> Option<&ProfileName> {
        self.name.as_ref()
    }

    pub(crate) fn has_host(&self) -> bool {
        self.host.is_some()
    }

    /// Whether it may include a profile of that host.
    pub(crate) fn includes_host(&self, host: &Host) -> bool {
        self.host.as_ref().is_none_or(|wanted| wanted == host)
    }

    pub(crate) fn includes(&self, profile: &ProfileId) -> bool {
        self.host.as_ref().is_none_or(|host| *host == profile.host)
            && self.name.as_ref().is_none_or(|name| *name == profile.name)
    }
}

/// The options, for the end of a message. Empty without them.
impl fmt::Display for ProfileFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.iter().try_for_each(|host| write!(f, " with --host {host}"))?;
        self.name.iter().try_for_each(|name| write!(f, " with --profile {name}"))
    }
}

/// All sources of settings except the flags of a single command.
#[derive(Debug)]
pub(crate) struct Settings {
    flags: ProfileFlags,
    /// `QUAY_AUTH_HOST`.
    host_variable: Option<HostArgument>,
    /// The user's `config.toml`.
    user: Config,
    /// The system's `config.toml`, written by an administrator.
    system: Config,
    folders: Folders,
    pub(crate) profiles: Profiles,
    pub(crate) environment: Environment,
    /// Prints requests if the command line has `--verbose`.
    pub(crate) request_log: RequestLog,
}

impl Settings {
    pub(crate) fn load(flags: ProfileFlags, environment: Environment) -> Result<Self, Error> {
        if !matches!(environment::setting::<ProfileName>("PROFILE"), Ok(None)) {
            always_name_the_profile();
        }
        let folders = Folders::find();
        let profiles = match folders.data() {
            Ok(folder) => Profiles::load(&folder)?,
            // Without a home there are no profiles. Commands that need the folder ask for it again, and fail.
            Err(_) => Profiles::default(),
        };
        Ok(Settings {
            flags,
            host_variable: environment::setting("HOST")?,
            user: Config::load(folders.config_file())?,
            system: Config::load(Folders::system_config_file())?,
            folders,
            profiles,
            environment,
            request_log: RequestLog::default(),
        })
    }

    /// Whether waits may be shown by a spinner.
    pub(crate) fn animation(&self) -> Result<bool, Error> {
        Ok(environment::setting("ANIMATION")?.or(self.user.animation).or(self.system.animation).unwrap_or(true))
    }

    /// The user's profiles and tokens. Fails if there is no folder for them, so that this is not mistaken for "not logged in".
    pub(crate) fn vault(&self) -> Result<Vault, Error> {
        Ok(Vault::new(self.folders.data()?, self.folders.runtime()))
    }

    pub(crate) fn profile_filter(&self) -> ProfileFilter {
        ProfileFilter {
            host: self.flags.host.as_ref().map(|host| self.resolve(host)),
            name: self.flags.profile.clone(),
        }
    }

    /// The profile that a command works with. It may not exist. Fails if several hosts have a profile and nothing names one.
    pub(crate) fn profile(&self) -> Result<ProfileId, Error> {
        if let Some(host) = &self.flags.host {
            return self.profile_at(self.resolve(host));
        }
        let name = match &self.flags.profile {
            Some(name) => Some(name.clone()),
            None => self.profile_variable()?,
        };
        match (name, self.profiles.default_profile()) {
            (None, Some(default)) if self.configured_host().is_none_or(|host| host == default.host) => {
                Ok(default.clone())
            }
            (Some(name), _) if self.configured_host().is_none() => Ok(ProfileId { host: self.host_of(&name)?, name }),
            (name, _) => Ok(ProfileId { host: self.default_host()?, name: name.unwrap_or_default() }),
        }
    }

    /// The host of the profile of that name: the default host if it has one, else the only host that has one.
    fn host_of(&self, name: &ProfileName) -> Result<Host, SeveralHosts> {
        let mut hosts = self.profiles.iter().filter(|profile| profile.id.name == *name).map(|profile| &profile.id.host);
        match (self.default_host(), hosts.next(), hosts.next()) {
            (Ok(default), Some(first), _) if *first == default => Ok(default),
            (_, Some(only), None) => Ok(only.clone()),
            (default, ..) => default,
        }
    }

    /// Uses this host, as if the command line named it.
    pub(crate) fn use_host(&mut self, host: &Host) {
        self.flags.host = Some(host.clone().into());
    }

    /// The profile at a host that the user entered.
    pub(crate) fn profile_at_entered_host(&self, host: &HostArgument) -> Result<ProfileId, Error> {
        self.profile_at(self.resolve(host))
    }

    /// Parses `NAME@HOST[:PORT]`, which has no scheme. Assumes http if the host is this machine and is not known.
    pub(crate) fn profile_named(&self, text: &str) -> Option<ProfileId> {
        let (name, host) = text.split_once('@')?;
        let mut host = self.resolve(&host.parse().ok()?);
        if host.is_loopback() && !self.known_hosts().contains(&host) {
            host = self.resolve(&format!("http://{}", host.authority()).parse().ok()?);
        }
        Some(ProfileId { host, name: name.parse().ok()? })
    }

    /// Whether there is neither a host setting nor a profile, so that quay.io is only a guess.
    pub(crate) fn guesses_host(&self) -> bool {
        let settings = [&self.flags.host, &self.host_variable, &self.user.default_host, &self.system.default_host];
        settings.into_iter().all(Option::is_none) && self.profiles.iter().next().is_none()
    }

    /// Whether `QUAY_AUTH_HOST` is set.
    pub(crate) fn has_host_variable(&self) -> bool {
        self.host_variable.is_some()
    }

    /// `QUAY_AUTH_PROFILE`.
    pub(crate) fn profile_variable(&self) -> Result<Option<ProfileName>, Error> {
        environment::setting("PROFILE")
    }

    fn profile_at(&self, host: Host) -> Result<ProfileId, Error> {
        let name = match &self.flags.profile {
            Some(name) => name.clone(),
            None => self.profile_variable()?.unwrap_or_default(),
        };
        Ok(ProfileId { host, name })
    }

    /// The hosts that have a token or a section in a `config.toml`.
    pub(crate) fn known_hosts(&self) -> BTreeSet<Host> {
        self.hosts().into_iter().chain(self.host_sections().map(|section| self.resolve(&section.host))).collect()
    }

    /// The hosts that may have a token: those of profiles, and that of `QUAY_AUTH_TOKEN`.
    pub(crate) fn hosts(&self) -> BTreeSet<Host> {
        let variable = self.token_variable();
        self.profiles.iter().map(|profile| &profile.id.host).chain(variable.host()).cloned().collect()
    }

    /// The profile whose token docker gets for that host: the configured one, then that of `docker install`, then the default.
    pub(crate) fn docker_profile(&self, host: &Host) -> Result<ProfileId, Error> {
        let name = match self.configured_docker_profile(host)?.or_else(|| self.profiles.docker(host).profile) {
            Some(name) => name,
            None => self.profile_variable()?.unwrap_or_default(),
        };
        Ok(ProfileId { host: host.clone(), name })
    }

    /// `QUAY_AUTH_DOCKER_PROFILE`, then `docker_profile` of the host in a `config.toml`.
    pub(crate) fn configured_docker_profile(&self, host: &Host) -> Result<Option<ProfileName>, Error> {
        let mut sections = self.host_sections().filter(|section| self.resolve(&section.host) == *host);
        Ok(environment::setting("DOCKER_PROFILE")?
            .or_else(|| sections.find_map(|section| section.docker_profile.clone())))
    }

    /// The name that `--profile` gives.
    pub(crate) fn profile_flag(&self) -> Option<&ProfileName> {
        self.flags.profile.as_ref()
    }

    /// The `[host."…"]` sections of both files, the user's first.
    fn host_sections(&self) -> impl Iterator<Item = &HostSection> {
        [&self.user, &self.system].into_iter().flat_map(|config| &config.hosts)
    }

    /// The host to use if the command line gives none. Fails if there are profiles of several hosts and no setting chooses one.
    fn default_host(&self) -> Result<Host, SeveralHosts> {
        if let Some(host) = self.configured_host() {
            return Ok(host);
        }
        match self.profiles.default_profile() {
            Some(default) => Ok(default.host.clone()),
            None => self.only_host(),
        }
    }

    /// The only host in use, or quay.io if there is none.
    fn only_host(&self) -> Result<Host, SeveralHosts> {
        let mut hosts: Vec<Host> = self.hosts_in_use().into_iter().cloned().collect();
        match hosts.len() {
            0 => Ok(Host::quay_io()),
            1 => Ok(hosts.remove(0)),
            _ => {
                let has_token_variable = environment::token().is_some_and(|token| !token.is_empty());
                Err(SeveralHosts { hosts, has_token_variable })
            }
        }
    }

    /// The host that `QUAY_AUTH_HOST` or a `config.toml` names.
    pub(crate) fn configured_host(&self) -> Option<Host> {
        let mut configured =
            [&self.host_variable, &self.user.default_host, &self.system.default_host].into_iter().flatten();
        configured.next().map(|host| self.resolve(host))
    }

    /// The hosts of the profiles that have a token, or if none has one, of all profiles: their settings serve the next login.
    fn hosts_in_use(&self) -> BTreeSet<&Host> {
        let with_token = self.hosts_with_token();
        if with_token.is_empty() { self.profiles.iter().map(|profile| &profile.id.host).collect() } else { with_token }
    }

    fn hosts_with_token(&self) -> BTreeSet<&Host> {
        let with_token = self.profiles.iter().filter(|profile| profile.token.is_some());
        with_token.map(|profile| &profile.id.host).collect()
    }

    /// The command line for a profile that has just got a token, without the options that are not needed to find it.
    pub(crate) fn short_command(&self, command: &'static str, id: &ProfileId) -> CommandLine {
        let has_variable = !matches!(self.profile_variable(), Ok(None));
        let is_found = !has_variable
            && match (self.configured_host(), self.profiles.default_profile()) {
                (Some(configured), None) => configured == id.host && id.name.is_default(),
                (Some(configured), Some(default)) => configured == id.host && default == id,
                (None, Some(default)) => default == id,
                (None, None) => {
                    id.name.is_default() && self.hosts_with_token().into_iter().all(|host| *host == id.host)
                }
            };
        if is_found { CommandLine::new(command) } else { CommandLine::of(command, id) }
    }

    /// The host that `argument` refers to, if it may have a token.
    pub(crate) fn find_host(&self, argument: &HostArgument) -> Option<Host> {
        argument.find(&self.hosts()).cloned()
    }

    /// The host that `argument` refers to: that of a profile, else that of a setting which has a scheme, else the `https` host.
    fn resolve(&self, argument: &HostArgument) -> Host {
        let profiles = self.profiles.iter().map(|profile| &profile.id.host);
        let settings = [&self.host_variable, &self.user.default_host, &self.system.default_host].into_iter().flatten();
        let settings = settings.chain(self.host_sections().map(|section| &section.host));
        let with_scheme = settings.filter(|setting| setting.has_scheme()).map(HostArgument::host);
        argument.find(profiles).or_else(|| argument.find(with_scheme)).unwrap_or(argument.host()).clone()
    }
}
