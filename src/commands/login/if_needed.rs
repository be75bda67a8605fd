//! `login --if-needed`: whether there is a valid token already.

use super::{new_client, preflight};
use crate::commands::keyring_dialog::{AfterSignal, KeyringDialog};
use crate::domain::AccessToken;
use crate::error::Error;
use crate::quay::{TokenRefusal, Verification, verify};
use crate::settings::{LoginSettings, Settings};
use crate::store::{self, Lookup};
use crate::terminal::Terminal;

/// Whether the other commands have a token that Quay accepts, or that it cannot be asked about. A stored token must also have the scopes.
pub(super) fn has_valid_token(
    login: &LoginSettings,
    settings: &Settings,
    terminal: &mut Terminal,
) -> Result<bool, Error> {
    let id = &login.profile;
    if let Some(token) = settings.token_variable().token_for(&id.host)? {
        let accepted = format!("{} accepts the token in QUAY_AUTH_TOKEN, so no login is needed.", id.host);
        return match refusal(login, &token, "the token in QUAY_AUTH_TOKEN", &accepted, terminal)? {
            None => Ok(true),
            // Until the variable is unset, nothing would use the token of another login.
            Some(refusal) => Err(Error::variable_refused(&id.host, &refusal)),
        };
    }
    let Some(profile) = settings.profiles.find(id) else { return Ok(false) };
    let Some(stored) = &profile.token else { return Ok(false) };
    let Some(granted) = &stored.scopes else {
        terminal.say(&format!("The scopes of the token of {id} are not known, so a new one is needed."));
        return Ok(false);
    };
    if granted.missing(&login.scopes).is_some() || stored.past_expiry().is_some() {
        return Ok(false);
    }
    let dialog = KeyringDialog::allow(AfterSignal::Terminate, terminal)?;
    let vault = settings.vault()?.with_prompts(dialog.prompt());
    let token = match vault.find(id, Some(profile)) {
        Ok(Lookup::Found(_, token)) => token,
        // Another token, or no token, is in its place. A login replaces it.
        Ok(_) | Err(store::Error::Mismatch(..) | store::Error::Damaged(..)) => return Ok(false),
        Err(error) => return Err(Error::in_store(error, login.command())),
    };
    let accepted = format!("{id} is already logged in.");
    Ok(refusal(login, &token, &format!("the stored token of {id}"), &accepted, terminal)?.is_none())
}

/// Why Quay does not accept the token. `None` if it does, which the message `accepted` says, or if it cannot be asked.
fn refusal(
    login: &LoginSettings,
    token: &AccessToken,
    name: &str,
    accepted: &str,
    terminal: &mut Terminal,
) -> Result<Option<TokenRefusal>, Error> {
    let client = new_client(login)?;
    match verify(&client, token) {
        Verification::Accepted(_) => terminal.say(accepted),
        Verification::Refused(refusal) => return Ok(Some(refusal)),
        Verification::Unreachable(error) => {
            let error = preflight::unless_final(error, login)?;
            terminal.warn(&format!("could not check {name}: {}.", error.summary()));
        }
        Verification::Unclear { status } => {
            terminal.warn(&format!("could not check {name}: {}.", client.describe_answer(status)));
        }
    }
    Ok(None)
}
