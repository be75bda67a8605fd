//! `login --with-token`: a token that was made elsewhere, or a whole address with one in its fragment, read from stdin.

use std::path::Path;

use crate::domain::{AccessToken, MalformedToken};
use crate::error::{Error, Exit};
use crate::login::token_in_address;
use crate::quay::{Authority, Client};
use crate::settings::{LoginFlags, LoginSettings, Settings};
use crate::store::Record;
use crate::terminal::Terminal;

use super::conversation::Conversation;
use super::keep::{self, Caught, Keeper};
use super::{Args, prove, warn_of_plain_http};

/// Reads the token, checks and keeps it. Its scopes are those that the command line names, else unknown.
pub(super) fn run(
    args: &Args,
    login: &LoginSettings,
    settings: &Settings,
    folder: &Path,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let flags = &args.settings;
    let profile = &login.profile;
    warn_of_plain_http(login, terminal);
    let client = Client::new(&profile.host, login.ca_file.as_deref())?;
    let mut conversation = Conversation::begin()?;
    prove::the_place(login, folder, &conversation)?;
    let question = format!("Paste the token for {profile} (it is not shown), then press Enter:");
    let text = conversation.read_secret(&question, terminal)?.ok_or_else(|| malformed(MalformedToken))?;
    let (text, expires_in) = token_in_address(&text).unwrap_or((text, None));
    let token = AccessToken::parse(text).map_err(malformed)?;
    let remember = remembered(flags, login, settings);
    let caught = Caught { token: &token, expires_in, scopes: flags.scopes.clone(), remember };
    let keeper = Keeper { login, client: &client, folder };
    let (_, result) = keeper.keep(caught, &mut conversation, terminal);
    let kept = result?;
    keep::say(&kept, profile, terminal);
    let Some(replaced) = kept.replaced else { return Ok(()) };
    let new = Authority { token: &token, scopes: flags.scopes.as_ref() };
    replaced.end(&new, args.revoke_old, &client, &mut conversation, terminal)
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
        ca_file: flags.ca_file.as_ref().and(login.ca_file.clone()).or_else(|| before?.ca_file.clone()),
        allow_http: flags.allow_http || before.is_some_and(|before| before.allow_http),
        token: None,
        pending: None,
    }
}

/// What came was no token. It is not repeated: it may be most of one.
fn malformed(error: MalformedToken) -> Error {
    Error::new(Exit::Usage, error.to_string())
        .hint("give the token alone, e.g.: quay-auth login --with-token < FILE")
        .hint("or the whole address of the browser's last page, with everything behind its #")
}
