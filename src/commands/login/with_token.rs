//! `login --with-token`: a token that was made elsewhere, or a whole address with one in its fragment, read from stdin.

use crate::domain::{AccessToken, MalformedToken};
use crate::error::{Error, Exit};
use crate::login::{Signal, token_in_address};
use crate::quay::Client;
use crate::settings::{LoginFlags, LoginSettings, Settings};
use crate::store::Record;
use crate::terminal::Terminal;

use super::keep::{self, Caught};
use super::prove;

/// Reads the token, checks and keeps it. Its scopes are those that the command line names, else unknown.
pub(super) fn run(
    flags: &LoginFlags,
    login: &LoginSettings,
    settings: &Settings,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let folder = settings.data_folder()?;
    let client = Client::new(&login.profile.host, login.ca_file.as_deref())?;
    prove::can_keep(login, &folder)?;
    let prompt = format!("Paste the token for {} (it is not shown), then press Enter:", login.profile);
    let text = terminal
        .read_secret(&prompt)
        .map_err(|error| {
            Error::new(Exit::Usage, "cannot read a token").caused_by(error).hint("quay-auth login --with-token < FILE")
        })?
        .ok_or_else(|| Error::new(Exit::Signal(Signal::Interrupt), "ended by Ctrl-C; nothing was changed"))?;
    let (text, expires_in) = token_in_address(&text).unwrap_or((text, None));
    let token = AccessToken::parse(text).map_err(malformed)?;
    let remember = remembered(flags, login, settings);
    let caught = Caught { token: &token, expires_in, scopes: flags.scopes.clone(), remember };
    let (_, result) = keep::keep(caught, login, &client, settings, &folder, terminal);
    keep::say(result, terminal)
}

/// What was remembered before, and of this login only what the command line names: the rest had no part in it.
fn remembered(flags: &LoginFlags, login: &LoginSettings, settings: &Settings) -> Record {
    let before = settings.profiles.find(&login.profile);
    Record {
        profile: login.profile.clone(),
        client_id: flags.client_id.clone().or_else(|| before?.client_id.clone()),
        redirect_uri: flags.redirect_uri.clone().or_else(|| before?.redirect_uri.clone()),
        scopes: flags.scopes.clone().or_else(|| before?.scopes.clone()),
        store: login.store,
        ca_file: flags.ca_file.clone().or_else(|| before?.ca_file.clone()),
        allow_http: flags.allow_http || before.is_some_and(|before| before.allow_http),
        token: None,
    }
}

/// What came was no token. It is not repeated: it may be most of one.
fn malformed(error: MalformedToken) -> Error {
    Error::new(Exit::Usage, error.to_string())
        .hint("give the token alone, e.g.: quay-auth login --with-token < FILE")
        .hint("or the whole address of the browser's last page, with everything behind its #")
}
