//! The token to use: `QUAY_AUTH_TOKEN`, or else the stored one. Selecting it needs no network and asks no question.

use std::time::Duration;

use crate::domain::{AccessToken, Host, ProfileId, Scopes, Timestamp};
use crate::error::{Error, host_of_variable};
use crate::hint::{CommandLine, Hint};
use crate::settings::{Settings, TokenVariable};
use crate::store::{self, Lookup, StoredToken};
use crate::terminal::Terminal;

pub(super) struct SelectedToken {
    pub(super) profile: ProfileId,
    pub(super) token: AccessToken,
    /// What is known about the token; `None` for `QUAY_AUTH_TOKEN`.
    pub(super) stored: Option<StoredToken>,
}

impl SelectedToken {
    /// The scopes of the token, if they are known.
    pub(super) fn scopes(&self) -> Option<&Scopes> {
        self.stored.as_ref()?.scopes.as_ref()
    }
}

/// How long before a token expires the user hears of it.
const EXPIRES_SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Selects the token of the profile that the command line, the environment or `config.toml` names. At a terminal, warns if it expires
/// soon.
pub(super) fn select_token(settings: &Settings, terminal: &mut Terminal) -> Result<SelectedToken, Error> {
    let selected = select_token_of(settings.profile()?, settings)?;
    warn_if_without_host(&settings.token_variable(), terminal);
    if let Some(stored) = selected.stored.as_ref().filter(|_| terminal.is_interactive()) {
        warn_if_expiring(&selected.profile, stored, EXPIRES_SOON, terminal);
    }
    Ok(selected)
}

/// Warns if the token expires within this time. A short-lived token is expected to expire, so the warning for it comes in the last
/// quarter of its life.
pub(super) fn warn_if_expiring(id: &ProfileId, stored: &StoredToken, within: Duration, terminal: &mut Terminal) {
    let Some(expires_at) = stored.expires_at.filter(|expires_at| !expires_at.is_past()) else { return };
    let within = within.min(expires_at.since(stored.obtained_at) / 4);
    if expires_at.since(Timestamp::now()) < within {
        terminal.warn(&format!("the token of {id} expires on {}.", expires_at.day_or_time()));
        terminal.hint(CommandLine::of("login", id).purpose("to get a new one"));
    }
}

/// When the stored token of this profile expired, unless it is still valid or `QUAY_AUTH_TOKEN` replaces it.
pub(super) fn expired_at(profile: &ProfileId, settings: &Settings) -> Option<Timestamp> {
    if settings.token_variable().is_for(&profile.host) {
        return None;
    }
    settings.profiles.token(profile)?.past_expiry()
}

/// Selects the token of this profile. Fails with exit code 3 if there is none or if it has expired, and with 4 if its store fails.
pub(super) fn select_token_of(profile: ProfileId, settings: &Settings) -> Result<SelectedToken, Error> {
    if let Some(token) = settings.token_variable().token_for(&profile.host)? {
        return Ok(SelectedToken { profile, token, stored: None });
    }
    let hint = hint_about_unused(settings, &profile.host);
    stored_token(profile, settings).map_err(|error| hint.into_iter().fold(error, Error::first_hint))
}

/// Why `QUAY_AUTH_TOKEN` is not used for this host, although it is set and may be meant for it, and what to do about it. For errors
/// that a token in it would avert.
pub(super) fn hint_about_unused(settings: &Settings, host: &Host) -> Option<Hint> {
    let reason = match settings.token_variable() {
        TokenVariable::Empty => {
            return Some("QUAY_AUTH_TOKEN is empty: check that this job may read the secret that it comes from".into());
        }
        TokenVariable::WithoutHost(_) => "no host is the default".to_owned(),
        // With `QUAY_AUTH_HOST`, it is known to be meant for the other host.
        TokenVariable::ForHost(own, _) if own != *host && !settings.has_host_variable() => format!("it is for {own}"),
        TokenVariable::Unset | TokenVariable::ForHost(..) => return None,
    };
    let purpose = format!("QUAY_AUTH_TOKEN is not used, because {reason}; to use it for {host}");
    Some(Hint::variable(purpose, "QUAY_AUTH_HOST", host))
}

/// Warns if `QUAY_AUTH_TOKEN` is used for no host at all.
pub(super) fn warn_if_without_host(variable: &TokenVariable, terminal: &mut Terminal) {
    let TokenVariable::WithoutHost(hosts) = variable else { return };
    terminal.warn("QUAY_AUTH_TOKEN is not used: several hosts have a profile, and nothing says which one it is for.");
    if let Some(first) = hosts.first() {
        terminal.hint(host_of_variable(first));
    }
}

fn stored_token(profile: ProfileId, settings: &Settings) -> Result<SelectedToken, Error> {
    let login = || settings.login_command(&profile);
    let found = settings.vault()?.find(&profile, settings.profiles.find(&profile)).map_err(|error| {
        // This command never prompts, but a login does.
        let is_locked = matches!(error, store::Error::Locked);
        match Error::in_store(error, login()) {
            error if is_locked => error.hint(login().flag("--if-needed").purpose("or let quay-auth ask for it")),
            error => error,
        }
    });
    match found? {
        Lookup::Found(found, token) => match found.token.as_ref().and_then(StoredToken::past_expiry) {
            Some(expires_at) => Err(Error::expired(&profile, expires_at)),
            None => Ok(SelectedToken { profile, token, stored: found.token }),
        },
        Lookup::NoToken => Err(Error::no_login(&profile, login())),
        Lookup::Missing(store) => Err(Error::no_login(&profile, login())
            .caused_by(format!("the token is no longer in the {}", store.description()))),
    }
}
