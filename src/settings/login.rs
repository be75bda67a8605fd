//! The settings of `login`, and those for the connection to a host.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::{Error, Settings, environment};
use crate::browser_login::{BrowserCommand, InvalidBrowser};
use crate::domain::{ClientId, Host, ProfileId, ProfileName, RedirectUri, Scheme, Scopes, StoreKind};
use crate::hint::CommandLine;
use crate::quay::{Connection, RequestLog};
use crate::store::Profile;

/// The options and the variables: the number of layers at the beginning that a later login may not have.
const GIVEN_LAYERS: usize = 2;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The flags of `login` that have a variable and a key in `config.toml` too, or that concern the browser.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct LoginFlags {
    /// Client ID of the OAuth application at Quay
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<ClientId>,

    /// Scopes to request, separated by commas [default: repo:read,user:read]
    #[arg(long, value_name = "SCOPES")]
    pub(crate) scopes: Option<Scopes>,

    /// Scopes to request in addition to those that the profile has
    #[arg(long, value_name = "SCOPES", conflicts_with_all = ["scopes", "with_token"])]
    pub(crate) add_scopes: Option<Scopes>,

    /// Redirect URI registered at Quay [default: http://127.0.0.1:7829/callback]
    #[arg(long, value_name = "URI")]
    pub(crate) redirect_uri: Option<RedirectUri>,

    /// Where to store the token: keyring or file [default: keyring]
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<StoreKind>,

    /// Command that opens the browser; the URL becomes its last argument
    #[arg(long, value_name = "COMMAND")]
    pub(crate) browser: Option<BrowserCommand>,

    /// How long to wait for the browser, such as 90s or 5m; 0 means no limit [default: 5m]
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<LoginTimeout>,

    /// Allow plain http to another machine, although others on the network can read the token
    #[arg(long)]
    pub(crate) allow_http: bool,

    /// PEM file of CA certificates to trust in addition to those of the system
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// How long a login waits for the browser. `None` means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoginTimeout(pub(crate) Option<Duration>);

#[derive(Debug, thiserror::Error)]
#[error("write the time like 90s, 5m or 1h; 0 means no limit")]
pub(crate) struct InvalidLoginTimeout;

impl fmt::Display for LoginTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0.unwrap_or_default()).fmt(f)
    }
}

impl FromStr for LoginTimeout {
    type Err = InvalidLoginTimeout;

    fn from_str(text: &str) -> Result<Self, InvalidLoginTimeout> {
        let time = humantime::parse_duration(text).map_err(|_| InvalidLoginTimeout)?;
        // More than a year means no limit too, because a time that far in the future may not be representable.
        let is_limit = !time.is_zero() && time < Duration::from_secs(365 * 24 * 60 * 60);
        Ok(LoginTimeout(is_limit.then_some(time)))
    }
}

/// The settings from one source.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layer {
    pub(super) client_id: Option<ClientId>,
    pub(super) redirect_uri: Option<RedirectUri>,
    pub(super) scopes: Option<Scopes>,
    pub(super) store: Option<StoreKind>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) allow_http: Option<bool>,
}

impl Layer {
    /// Each setting from the first layer that has it, or else its default.
    pub(super) fn merge(layers: &[Layer]) -> Self {
        Layer {
            client_id: first(layers, |layer| &layer.client_id),
            redirect_uri: Some(first(layers, |layer| &layer.redirect_uri).unwrap_or_default()),
            scopes: Some(first(layers, |layer| &layer.scopes).unwrap_or_default()),
            store: Some(first(layers, |layer| &layer.store).unwrap_or_default()),
            ca_file: first(layers, |layer| &layer.ca_file),
            allow_http: first(layers, |layer| &layer.allow_http),
        }
    }

    /// The settings of a profile's last login, without its scopes.
    fn of_last_login(profile: &Profile) -> Self {
        Layer {
            client_id: profile.client_id.clone(),
            redirect_uri: profile.redirect_uri.clone(),
            scopes: None,
            store: Some(profile.store),
            ca_file: profile.ca_file.clone(),
            allow_http: Some(profile.allow_http),
        }
    }
}

/// A command in the variable that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{command}` in {variable} cannot be used: {reason}")]
pub(crate) struct UnusableBrowser {
    pub(super) variable: &'static str,
    pub(super) command: String,
    pub(super) reason: InvalidBrowser,
}

/// All settings of a login. Only the client ID, which has no default, may be missing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoginSettings {
    pub(crate) profile: ProfileId,
    pub(crate) client_id: Option<ClientId>,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) scopes: Scopes,
    pub(crate) store: StoreKind,
    pub(crate) connection: Connection,
    /// Commands to try in this order, from the command line or a variable.
    pub(crate) browsers: Vec<BrowserCommand>,
    /// Used in place of the system's default browser, where that could be used. From `config.toml`.
    pub(super) default_browser: Option<BrowserCommand>,
    /// Why the variable for browsers has none that can be used.
    pub(crate) unusable_browsers: Vec<UnusableBrowser>,
    /// `None` means no limit.
    pub(crate) timeout: Option<Duration>,
    /// Options of the command line that are no settings, such as `--no-browser`: for the command line that repeats the login.
    pub(crate) other_options: Vec<(&'static str, Option<String>)>,
    /// What a login without options and variables would find.
    pub(super) saved: Layer,
}

impl LoginSettings {
    /// The commands that open a browser, where that is possible. Without any, it is the system's default browser.
    pub(crate) fn browser_commands(&self) -> &[BrowserCommand] {
        if self.browsers.is_empty() { self.default_browser.as_slice() } else { &self.browsers }
    }

    /// The command line that repeats this login as it was typed and answered. It has an option for each setting that a login would not
    /// find by itself, so it runs as it stands although nothing was stored.
    pub(crate) fn command(&self) -> CommandLine {
        self.with_settings().options(self.other_options.iter().cloned())
    }

    /// The same where no earlier login and no `config.toml` has any settings, as in a new container.
    pub(crate) fn command_elsewhere(&self) -> CommandLine {
        LoginSettings { saved: Layer::merge(&[]), ..self.clone() }.command()
    }

    /// The command line that stores a token from elsewhere as this profile.
    pub(crate) fn with_token_command(&self) -> CommandLine {
        self.with_settings().flag("--with-token")
    }

    /// The command line that repeats this login with `--paste`, which listens on nothing.
    pub(crate) fn paste_command(&self) -> CommandLine {
        self.command().without("--listen").without("--with-token").flag("--paste")
    }

    /// Whether it was typed with `--direct`, so that it has a user name and a password instead of a browser.
    pub(crate) fn is_direct(&self) -> bool {
        self.other_options.iter().any(|(name, _)| *name == "--direct")
    }

    /// Whether neither a `config.toml` nor an earlier login has this client ID.
    pub(crate) fn has_new_client_id(&self) -> bool {
        self.client_id.is_some() && self.client_id != self.saved.client_id
    }

    fn with_settings(&self) -> CommandLine {
        let saved = &self.saved;
        let ca_file = self.connection.ca_file.as_ref().and_then(|path| unless_saved(path, &saved.ca_file));
        let allow_http = self.connection.allow_http && saved.allow_http != Some(true);
        CommandLine::of("login", &self.profile)
            .option("--client-id", self.client_id.as_ref().and_then(|id| unless_saved(id, &saved.client_id)))
            .option("--redirect-uri", unless_saved(&self.redirect_uri, &saved.redirect_uri))
            .option("--scopes", unless_saved(&self.scopes, &saved.scopes))
            .option("--store", unless_saved(&self.store, &saved.store))
            .option("--ca-file", ca_file.map(|path| path.display()))
            .flag_if(allow_http, "--allow-http")
    }
}

fn unless_saved<'a, T: PartialEq>(used: &'a T, saved: &Option<T>) -> Option<&'a T> {
    Some(used).filter(|used| Some(*used) != saved.as_ref())
}

impl Settings {
    /// The settings of a login to this profile. Fails if a setting is invalid, or if it would use plain http that the user did not allow.
    pub(crate) fn login(&self, flags: &LoginFlags, profile: ProfileId) -> Result<LoginSettings, Error> {
        let layers = self.layers(flags, &profile)?;
        let connection = connection(&layers, &profile.host, self.request_log)?;
        let timeout = match flags.timeout {
            Some(timeout) => Some(timeout),
            None => environment::setting("TIMEOUT")?,
        };
        let (browsers, unusable_browsers) = match &flags.browser {
            Some(command) => (vec![command.clone()], Vec::new()),
            None => environment::browsers(),
        };
        let configured_scopes = first(&layers, |layer| &layer.scopes).unwrap_or_default();
        Ok(LoginSettings {
            client_id: first(&layers, |layer| &layer.client_id),
            redirect_uri: first(&layers, |layer| &layer.redirect_uri).unwrap_or_default(),
            scopes: match &flags.add_scopes {
                None => configured_scopes,
                Some(more) => self.granted_scopes(&profile).unwrap_or(&configured_scopes).union(more),
            },
            store: first(&layers, |layer| &layer.store).unwrap_or_default(),
            connection,
            browsers,
            default_browser: self.user.browser.as_ref().or(self.system.browser.as_ref()).cloned(),
            unusable_browsers,
            timeout: timeout.unwrap_or(LoginTimeout(Some(DEFAULT_TIMEOUT))).0,
            other_options: Vec::new(),
            saved: Layer::merge(&layers[GIVEN_LAYERS..]),
            profile,
        })
    }

    /// The scopes of the stored token, if there is one and they are known.
    pub(crate) fn granted_scopes(&self, id: &ProfileId) -> Option<&Scopes> {
        self.profiles.token(id)?.scopes.as_ref()
    }

    /// How to reach the host of that profile. Fails if that is by plain http to another machine and the user did not allow it.
    pub(crate) fn connection(&self, id: &ProfileId) -> Result<Connection, Error> {
        connection(&self.layers(&LoginFlags::default(), id)?, &id.host, self.request_log)
    }

    /// The client ID of that profile's application, if it is known.
    pub(crate) fn client_id(&self, id: &ProfileId) -> Result<Option<ClientId>, Error> {
        Ok(first(&self.layers(&LoginFlags::default(), id)?, |layer| &layer.client_id))
    }

    /// The command line that logs in to this profile. Invalid settings are left out; the login will say what is wrong with them.
    pub(crate) fn login_command(&self, id: &ProfileId) -> CommandLine {
        let login = self.login(&LoginFlags::default(), id.clone());
        login.map_or_else(|_| CommandLine::of("login", id), |login| login.command())
    }

    /// All sources that have settings for this login, in order of precedence. The first ones are the [`GIVEN_LAYERS`].
    fn layers(&self, flags: &LoginFlags, profile: &ProfileId) -> Result<Vec<Layer>, Error> {
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
        if let Some(stored) = self.profiles.find(profile) {
            // A token from elsewhere may have scopes that no login asked for.
            let scopes = stored.scopes.as_ref().or_else(|| self.granted_scopes(profile)).cloned();
            layers.push(Layer { scopes, ..Layer::of_last_login(stored) });
        }
        // Another profile of the host probably uses the same application, store and certificates. It does not have the same scopes, since
        // these are usually the reason for a second profile.
        let default = ProfileId { host: profile.host.clone(), name: ProfileName::default() };
        let others = self.profiles.iter().filter(|other| other.id.host == profile.host);
        layers.extend(self.profiles.find(&default).or(others.last()).map(Layer::of_last_login));
        Ok(layers)
    }
}

/// The value from the first layer that has one.
fn first<T: Clone>(layers: &[Layer], pick: impl Fn(&Layer) -> &Option<T>) -> Option<T> {
    layers.iter().find_map(|layer| pick(layer).clone())
}

fn connection(layers: &[Layer], host: &Host, log: RequestLog) -> Result<Connection, Error> {
    let allow_http = first(layers, |layer| &layer.allow_http).unwrap_or(false);
    if host.scheme() == Scheme::Http && !host.is_loopback() && !allow_http {
        return Err(Error::PlainHttp(host.clone()));
    }
    let proxy = environment::proxy_variables().proxy_of(host)?;
    Ok(Connection { host: host.clone(), ca_file: first(layers, |layer| &layer.ca_file), allow_http, proxy, log })
}

/// The path is stored with the profile, and the next login may run in another folder.
fn absolute(path: PathBuf) -> PathBuf {
    // Fails for an empty path or without a current folder. Then reading the file fails too, and names the path.
    std::path::absolute(&path).unwrap_or(path)
}
