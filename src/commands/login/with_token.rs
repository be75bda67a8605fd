//! `login --with-token`: stores a token that was created elsewhere. Reads it, or a URL with it in the fragment, from stdin.

use crate::browser_login::{PasteError, PastedToken};
use crate::domain::MalformedToken;
use crate::error::{Error, Exit};
use crate::quay::ActingToken;
use crate::settings::{LoginFlags, LoginSettings, Settings};
use crate::store::{Profile, Vault};
use crate::terminal::Terminal;

use super::conversation::Conversation;
use super::save::{NewToken, TokenSaver, new_profile};
use super::{Args, mismatch, new_client, preflight, warn_if_unencrypted};

/// The scopes of such a token are known only if `--scopes` or the pasted URL names them.
pub(super) fn run(
    args: &Args,
    login: &LoginSettings,
    settings: &Settings,
    vault: &Vault,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let flags = &args.settings;
    warn_if_unencrypted(login, terminal);
    let client = new_client(login)?;
    let mut conversation = Conversation::start(terminal)?;
    preflight::check_store(login, vault, &conversation)?;
    let prompt = format!("Paste the token for {} (input is hidden) and press Enter:", login.profile);
    let text = conversation.read_secret(&prompt, terminal)?.ok_or_else(|| no_token(PasteError::Empty, login))?;
    let pasted = PastedToken::parse(&text).map_err(|error| match error {
        PasteError::RedirectUriMismatch(registered) => mismatch::error(&registered, login),
        error => no_token(error, login),
    })?;
    preflight::check_server(login, &client, &mut conversation, terminal)?;
    let PastedToken { token, expires_in, scopes } = pasted;
    let scopes = flags.scopes.clone().or(scopes);
    let profile = updated_profile(flags, login, settings);
    let new = NewToken { token: &token, expires_in, scopes: scopes.clone(), profile };
    conversation.start_finishing(login, terminal);
    let saver = TokenSaver { login, client: &client, vault };
    let saved = saver.save(new, &mut conversation, terminal).map_err(|failure| failure.error)?;
    saved.report(login, settings, terminal);
    let Some(previous) = saved.previous else { return Ok(()) };
    let acting = ActingToken { token: &token, scopes: scopes.as_ref() };
    previous.revoke(&acting, args.revoke_old, &client, &mut conversation, terminal)
}

/// The existing profile with the settings of the command line. Settings from elsewhere are not stored, since this login did not use them.
fn updated_profile(flags: &LoginFlags, login: &LoginSettings, settings: &Settings) -> Profile {
    let before = settings.profiles.find(&login.profile);
    Profile {
        client_id: flags.client_id.clone().or_else(|| before?.client_id.clone()),
        redirect_uri: flags.redirect_uri.clone().or_else(|| before?.redirect_uri.clone()),
        scopes: flags.scopes.clone().or_else(|| before?.scopes.clone()),
        ca_file: flags.ca_file.as_ref().and(login.connection.ca_file.clone()).or_else(|| before?.ca_file.clone()),
        allow_http: flags.allow_http || before.is_some_and(|before| before.allow_http),
        ..new_profile(login)
    }
}

/// Never repeats the text, which may be most of a token.
fn no_token(reason: PasteError, login: &LoginSettings) -> Error {
    let error = Error::new(Exit::Usage, MalformedToken.to_string());
    let error = if reason == PasteError::NotAToken(MalformedToken) { error } else { error.caused_by(reason) };
    error
        .hint(format!("pass only the token: `{} < FILE`", login.command()))
        .hint("or the whole URL of the browser's last page, including the part after #")
}
