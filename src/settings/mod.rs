//! What a command works with: flags, then the environment, the user's `config.toml`, the system's, what the profile's last login used,
//! then what is built in. The order of precedence stands here, once.

mod config;
mod environment;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::domain::{
    AccessToken, ClientId, Host, HostArgument, MalformedToken, Profile, ProfileName, RedirectUri, Scheme, Scopes,
    StoreKind,
};
use crate::files;
use crate::store::{Profiles, ProfilesError};

use config::Config;
pub(crate) use environment::{Folders, NoBrowser, Surroundings};

/// How long `login` waits where nobody says otherwise.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(5 * 60);

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
    #[error("there is no folder to remember logins in: HOME is not set")]
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
    #[arg(long, global = true, value_name = "HOST", help_heading = GLOBAL)]
    pub(crate) host: Option<HostArgument>,

    /// Which of several logins at that host
    #[arg(long, global = true, value_name = "NAME", help_heading = GLOBAL)]
    pub(crate) profile: Option<ProfileName>,
}

/// What `login` can be told besides.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct LoginFlags {
    /// The client id of the OAuth application made in Quay
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<ClientId>,

    /// What the token may do, e.g. repo:read,user:read [default: repo:read]
    #[arg(long, value_name = "SCOPES")]
    pub(crate) scopes: Option<Scopes>,

    /// The redirect URI registered in Quay [default: http://127.0.0.1:7829/callback]
    #[arg(long, value_name = "URI")]
    pub(crate) redirect_uri: Option<RedirectUri>,

    /// Where the token is kept: keyring or file [default: keyring]
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<StoreKind>,

    /// The command that opens the browser; the URL becomes its last argument
    #[arg(long, value_name = "CMD")]
    pub(crate) browser: Option<String>,

    /// How long to wait for the browser, e.g. 90s or 5m; 0 waits for ever [default: 5m]
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<Patience>,

    /// Allow plain http to a host that is not this machine: the token travels readable
    #[arg(long)]
    pub(crate) allow_http: bool,

    /// Trust the CA certificates of this PEM file too
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// How long a login waits; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience(pub(crate) Option<Duration>);

/// Not a length of time.
#[derive(Debug, thiserror::Error)]
#[error("write the time as 90s, 5m or 1h; 0 waits for ever")]
pub(crate) struct InvalidPatience;

impl FromStr for Patience {
    type Err = InvalidPatience;

    fn from_str(text: &str) -> Result<Self, InvalidPatience> {
        let time = humantime::parse_duration(text).map_err(|_| InvalidPatience)?;
        // Beyond a year is for ever: a moment that far away may not be representable.
        let finite = !time.is_zero() && time < Duration::from_secs(365 * 24 * 60 * 60);
        Ok(Patience(finite.then_some(time)))
    }
}

/// What one source says of a login.
#[derive(Clone, Debug, Default, PartialEq)]
struct Layer {
    /// `client_id`
    client_id: Option<ClientId>,
    /// `redirect_uri`
    redirect_uri: Option<RedirectUri>,
    /// `scopes`
    scopes: Option<Scopes>,
    /// `store`
    store: Option<StoreKind>,
    /// `ca_file`
    ca_file: Option<PathBuf>,
    /// `allow_http`
    allow_http: Option<bool>,
}

/// A login, settled: nothing that has a default is left open.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoginSettings {
    /// Whose token it will be.
    pub(crate) profile: Profile,
    /// The application, once somebody has named it.
    pub(crate) client_id: Option<ClientId>,
    /// Its redirect URI.
    pub(crate) redirect_uri: RedirectUri,
    /// What is asked for.
    pub(crate) scopes: Scopes,
    /// Where the token will be kept.
    pub(crate) store: StoreKind,
    /// A file of CA certificates to trust besides the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether plain http off loopback is allowed.
    pub(crate) allow_http: bool,
    /// Browser commands to try, before the system's own way.
    pub(crate) browsers: Vec<String>,
    /// How long to wait.
    pub(crate) timeout: Option<Duration>,
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

    /// Settles a login of that profile.
    pub(crate) fn login(&self, flags: &LoginFlags, profile: Profile) -> Result<LoginSettings, Error> {
        let layers = self.layers(flags, &profile)?;
        fn first<T: Clone>(layers: &[Layer], pick: impl Fn(&Layer) -> &Option<T>) -> Option<T> {
            layers.iter().find_map(|layer| pick(layer).clone())
        }
        let allow_http = first(&layers, |layer| &layer.allow_http).unwrap_or(false);
        let readable_on_the_way = profile.host.scheme() == Scheme::Http && !profile.host.is_loopback();
        if readable_on_the_way && !allow_http {
            return Err(Error::PlainHttp(profile.host));
        }
        let patience = match flags.timeout {
            Some(patience) => Some(patience),
            None => environment::setting("TIMEOUT")?,
        };
        Ok(LoginSettings {
            client_id: first(&layers, |layer| &layer.client_id),
            redirect_uri: first(&layers, |layer| &layer.redirect_uri).unwrap_or_default(),
            scopes: first(&layers, |layer| &layer.scopes).unwrap_or_default(),
            store: first(&layers, |layer| &layer.store).unwrap_or_default(),
            ca_file: first(&layers, |layer| &layer.ca_file),
            allow_http,
            browsers: match &flags.browser {
                Some(command) => vec![command.clone()],
                None => environment::browsers(),
            },
            timeout: patience.unwrap_or(Patience(Some(LOGIN_TIMEOUT))).0,
            profile,
        })
    }

    /// Every source that says something of this login, the strongest first.
    fn layers(&self, flags: &LoginFlags, profile: &Profile) -> Result<Vec<Layer>, Error> {
        let mut layers = vec![
            Layer {
                client_id: flags.client_id.clone(),
                redirect_uri: flags.redirect_uri.clone(),
                scopes: flags.scopes.clone(),
                store: flags.store,
                ca_file: flags.ca_file.clone().map(absolute),
                allow_http: flags.allow_http.then_some(true),
            },
            Layer {
                client_id: environment::setting("CLIENT_ID")?,
                redirect_uri: environment::setting("REDIRECT_URI")?,
                scopes: environment::setting("SCOPES")?,
                store: environment::setting("STORE")?,
                ca_file: environment::setting("CA_FILE")?.map(absolute),
                allow_http: environment::setting("ALLOW_HTTP")?,
            },
        ];
        for config in [&self.user, &self.system] {
            let sections = || config.hosts.iter().filter(|section| self.resolve(&section.host) == profile.host);
            let of_profile = sections().flat_map(|section| &section.profiles).filter(|(name, _)| *name == profile.name);
            layers.extend(of_profile.map(|(_, layer)| layer.clone()));
            layers.extend(sections().map(|section| section.layer.clone()));
        }
        if let Some(record) = self.profiles.find(profile) {
            layers.push(Layer {
                client_id: record.client_id.clone(),
                redirect_uri: record.redirect_uri.clone(),
                scopes: record.scopes.clone(),
                store: Some(record.store),
                ca_file: record.ca_file.clone(),
                allow_http: Some(record.allow_http),
            });
        }
        Ok(layers)
    }
}

/// The path from the root on, since it is remembered and the next login may run elsewhere.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
