//! `login --expires`: the token that came through the browser, and stays in its history, is swapped for one that may do no more than was
//! wanted and ends soon.

use std::time::Duration;

use super::Story;
use crate::commands::revoking::{Doomed, by_hand};
use crate::domain::{AccessToken, Lifetime, Profile, Scopes, Timestamp};
use crate::error::{Error, Exit};
use crate::quay::{Api, Authority, Client, Revocation, Tokens, TokensError, has_tokens_api};
use crate::store::{Record, TokenRecord};
use crate::terminal::Terminal;

/// The scope that makes and ends tokens of an application.
const MAKER: &str = "org:admin";

/// What the browser is asked for: what is wanted, and the right to make a token of it.
pub(super) fn asked(wanted: &Scopes, expires: Option<Lifetime>) -> Scopes {
    match MAKER.parse() {
        Ok(maker) if expires.is_some() => wanted.with(&maker),
        _ => wanted.clone(),
    }
}

/// Refuses before the browser opens where the server is known to have no such API: a token of ten years with more rights than were
/// wanted would be all that comes of it.
pub(super) fn prove(client: &Client, profile: &Profile) -> Result<(), Error> {
    match has_tokens_api(client) {
        Some(false) => Err(Error::new(
            Exit::Failure,
            format!("{} cannot make a token that ends sooner: it is older than Quay 3.18", profile.host),
        )
        .hint(format!("leave out --expires: quay-auth login {}", profile.flags()))),
        Some(true) | None => Ok(()),
    }
}

/// Makes the token that is wanted by the word of the browser's. Fails with the reason why not.
pub(super) fn mint(
    story: &Story<'_>,
    browsers: &AccessToken,
    lives: Lifetime,
    terminal: &mut Terminal,
) -> Result<AccessToken, String> {
    let profile = &story.login.profile;
    let host = &profile.host;
    terminal.wait_for(&format!("Making a token that ends in {lives} at {host}"), None);
    let mut busy = |status: u16, wait: Duration| terminal.say_busy(host, status, wait);
    let api = Api { client: story.client, token: browsers, busy: &mut busy };
    let name = format!("quay-auth {}", profile.name);
    let made = Tokens::of(api, story.client_id)
        .and_then(|mut tokens| tokens.create(&name, &story.login.scopes, lives.duration()));
    terminal.waited();
    match made {
        Ok((token, _)) => Ok(token),
        Err(TokensError::Request(error)) => Err(error.to_string()),
        Err(TokensError::NoApplication) => Err(format!("{host} does not tell of the application's organization")),
        Err(TokensError::NoSuchApi) => Err(format!("{host} is older than Quay 3.18")),
        Err(TokensError::Refused { answer, .. }) => Err(format!("{host} answers with status {}", answer.status)),
        Err(TokensError::Odd) => Err(format!("{host} answers with something else than a token")),
    }
}

/// Ends the token that went through the browser, and says what became of it.
pub(super) fn end(story: &Story<'_>, browsers: &AccessToken, record: &Record, terminal: &mut Terminal) {
    let host = &story.login.profile.host;
    let known = TokenRecord {
        user: None,
        scopes: Some(story.asked.clone()),
        uuid: None,
        obtained_at: Timestamp::now(),
        expires_at: None,
        verified: false,
    };
    let doomed = Doomed { known: &known, record, token: Some(browsers) };
    let authority = Authority { token: browsers, scopes: Some(&story.asked) };
    match doomed.revoke(story.client, &authority) {
        Revocation::Done | Revocation::AlreadyEnded => {
            terminal.say("  The token that went through the browser, and stays in its history, is revoked.");
        }
        Revocation::OutOfReach => warn(host, None, terminal),
        Revocation::Failed(reason) => warn(host, Some(reason), terminal),
    }
}

/// The browser's token is alive.
fn warn(host: &crate::domain::Host, reason: Option<String>, terminal: &mut Terminal) {
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    terminal.warn(&format!("the token that went through the browser could not be revoked{reason}."));
    terminal.hint(&format!("it lives ten years and may do more than the one that is kept; {}", by_hand(host)));
}
