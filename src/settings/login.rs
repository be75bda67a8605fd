//! What `login` works with; the other commands take from it how the host is reached.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::{Error, Settings, environment};
use crate::completion;
use crate::domain::{ClientId, Profile, ProfileName, RedirectUri, Scheme, Scopes, StoreKind};
use crate::store::Record;

/// How long `login` waits where nobody says otherwise.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// What `login` can be told besides.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct LoginFlags {
    /// The client id of the OAuth application made in Quay
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<ClientId>,

    /// What the token may do, e.g. repo:read,user:read [default: repo:read]
    #[arg(long, value_name = "SCOPES", add = completion::scopes())]
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
pub(super) struct Layer {
    /// `client_id`
    pub(super) client_id: Option<ClientId>,
    /// `redirect_uri`
    pub(super) redirect_uri: Option<RedirectUri>,
    /// `scopes`
    pub(super) scopes: Option<Scopes>,
    /// `store`
    pub(super) store: Option<StoreKind>,
    /// `ca_file`
    pub(super) ca_file: Option<PathBuf>,
    /// `allow_http`
    pub(super) allow_http: Option<bool>,
}

impl Layer {
    /// What a login left, but for its scopes.
    fn remembered(record: &Record) -> Self {
        Layer {
            client_id: record.client_id.clone(),
            redirect_uri: record.redirect_uri.clone(),
            scopes: None,
            store: Some(record.store),
            ca_file: record.ca_file.clone(),
            allow_http: Some(record.allow_http),
        }
    }
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

impl Settings {
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
        let own = self.profiles.find(profile);
        layers.extend(own.map(|record| Layer { scopes: record.scopes.clone(), ..Layer::remembered(record) }));
        // Another login at that host knows the way too: the same application, store and certificates. Not the scopes, which are why
        // there are two.
        let default = Profile { host: profile.host.clone(), name: ProfileName::default() };
        let others = self.profiles.iter().filter(|record| record.profile.host == profile.host);
        layers.extend(self.profiles.find(&default).or(others.last()).map(Layer::remembered));
        Ok(layers)
    }
}

/// The path from the root on, since it is remembered and the next login may run elsewhere.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
