//! `login --expires`: replaces the token that Quay gave out, which stays in the browser's history, with one that expires sooner and has no
//! more scopes than requested.

use std::time::Duration;

use super::conversation::Conversation;
use super::{FirstToken, ImplicitFlow};
use crate::commands::api_refusal::RefusalBody;
use crate::commands::revoke::{Revocable, revoke_by_hand};
use crate::domain::{AccessToken, ApiPath, Lifetime, ProfileId, Scopes, Timestamp};
use crate::error::{Error, Exit};
use crate::quay::{
    Api, ApplicationTokens, Client, Identity, Revocation, TokensError, Verification, has_tokens_api, verify,
};
use crate::settings::LoginSettings;
use crate::terminal::Terminal;

/// What the command line without `--expires` is for.
const WITHOUT_EXPIRES: &str = "log in without --expires";

/// The scopes for the first token: those of the login, and with `--expires` also the one that is needed to create a token.
pub(super) fn requested_scopes(scopes: &Scopes, expires: Option<Lifetime>) -> Scopes {
    match expires {
        None => scopes.clone(),
        Some(_) => scopes.union(&Scopes::org_admin()),
    }
}

/// Fails if Quay is known not to have the API, before the browser opens: all that the login could get is a token that is valid for ten
/// years and has more scopes than requested.
pub(super) fn check_supported(
    client: &Client,
    login: &LoginSettings,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let what = format!("Asking {} whether it can create tokens that expire sooner", client.host());
    match conversation.request(&what, terminal, || has_tokens_api(client))? {
        Some(false) => Err(Error::new(
            Exit::Failure,
            format!("{} cannot create tokens that expire sooner: it is older than Quay 3.18", login.profile.host),
        )
        .hint(login.command().without("--expires").purpose(WITHOUT_EXPIRES))),
        Some(true) | None => Ok(()),
    }
}

/// Says why the first token has more scopes than requested.
pub(super) fn explain(terminal: &mut Terminal) {
    terminal.say("org:admin is needed only to create the token that expires sooner.");
}

/// Creates the token to store, authenticated with the first token. At a terminal the user can try again.
///
/// If it cannot be created, nothing is stored, because the first token has more scopes and is valid for longer than requested. That
/// token is revoked, or the error says how long it is valid and how to revoke it.
pub(super) fn create(
    flow: &ImplicitFlow<'_>,
    first: &FirstToken,
    lifetime: Lifetime,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<AccessToken, Error> {
    loop {
        let error = match try_to_create(flow, first, lifetime, terminal) {
            Ok(token) => return Ok(token),
            Err(error) => failure(flow, first, lifetime, error),
        };
        if terminal.is_interactive() {
            terminal.report(&error);
            if conversation.confirm("Try again?", false, terminal).unwrap_or(false) {
                continue;
            }
        }
        return Err(revoke_after(error, flow, first));
    }
}

/// Revokes the first token after an error that leaves it without use, and adds to the error whether that worked.
pub(super) fn revoke_after(error: Error, flow: &ImplicitFlow<'_>, first: &FirstToken) -> Error {
    match try_to_revoke(flow, first) {
        Ok(()) => error.hint(format!("{} was revoked", flow.name_of_first_token())),
        Err(reason) => error.hint(still_valid(flow, first, &reason)),
    }
}

fn try_to_create(
    flow: &ImplicitFlow<'_>,
    first: &FirstToken,
    lifetime: Lifetime,
    terminal: &mut Terminal,
) -> Result<AccessToken, TokensError> {
    let id = &flow.login.profile;
    let host = &id.host;
    terminal.start_waiting(&format!("Creating a token at {host} that expires in {lifetime}"));
    let mut busy = |status: u16, wait: Duration| terminal.say_busy(host, status, wait);
    let api = Api::new(flow.client, &first.token, &mut busy);
    let created = ApplicationTokens::find(api, flow.client_id)
        .and_then(|mut tokens| tokens.create(&name_of_token(id), &flow.login.scopes, lifetime.duration()));
    terminal.stop_waiting();
    created.map(|(token, _)| token)
}

/// Why no token was created, in Quay's words where it gives a reason.
fn failure(flow: &ImplicitFlow<'_>, first: &FirstToken, lifetime: Lifetime, error: TokensError) -> Error {
    let id = &flow.login.profile;
    let host = &id.host;
    let error_with =
        |exit| Error::new(exit, format!("could not create a token that expires in {lifetime}, so nothing was stored"));
    let without_expires = |purpose: String| flow.login.command().without("--expires").purpose(purpose);
    match error {
        TokensError::Request(error) => error_with(Exit::Network).caused_by(Error::from(error).one_line()),
        TokensError::NoApplication => {
            error_with(Exit::Refused).caused_by(format!("{host} does not name the application's organization"))
        }
        TokensError::NoSuchApi => error_with(Exit::Failure)
            .caused_by(format!("{host} is older than Quay 3.18"))
            .hint(without_expires(WITHOUT_EXPIRES.to_owned())),
        TokensError::UnexpectedAnswer => {
            error_with(Exit::Network).caused_by(format!("{host} did not answer as Quay does"))
        }
        TokensError::NotConfirmed(error) => {
            let no_token = || format!("the response of {host} contains no token");
            let cause = error.map_or_else(no_token, |error| Error::from(error).one_line());
            error_with(Exit::Network).caused_by(cause).hint(format!(
                "Quay may have created the token `{}` all the same; if it is listed, {}",
                name_of_token(id),
                revoke_by_hand(host)
            ))
        }
        TokensError::Refused { path, response, .. } => {
            let status = response.status;
            let reason = RefusalBody::parse(&response.body).message;
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            let exit = if status == 429 || status >= 500 { Exit::Network } else { Exit::Refused };
            let error = error_with(exit).caused_by(format!("{}{reason}", flow.client.describe_answer(status)));
            match (status, organization(&path)) {
                (403, Some(organization)) => {
                    let or_scope = if first.scopes.is_none() { ", or this token lacks org:admin" } else { "" };
                    let reason = format!("you are not an administrator of {organization}{or_scope}: {WITHOUT_EXPIRES}");
                    error.hint(without_expires(reason))
                }
                _ => error,
            }
        }
    }
}

/// The name under which Quay lists the token.
fn name_of_token(id: &ProfileId) -> String {
    format!("quay-auth {}", id.name)
}

/// The organization in the path of an application's tokens.
fn organization(path: &ApiPath) -> Option<&str> {
    path.path().split('/').skip_while(|part| *part != "organization").nth(1)
}

/// Revokes the first token once it is no longer needed. Fails with the reason.
fn try_to_revoke(flow: &ImplicitFlow<'_>, first: &FirstToken) -> Result<(), String> {
    let revocable = Revocable { uuid: None, client_id: Some(flow.client_id), token: Some(&first.token) };
    match revocable.revoke(flow.client, &[&first.acting()]) {
        Revocation::Done | Revocation::AlreadyInactive => Ok(()),
        Revocation::NotPossible | Revocation::StillValid => Err("its scopes do not allow revoking it".to_owned()),
        Revocation::Unreachable(error) => Err(Error::from(error).summary()),
        Revocation::Refused(reason) | Revocation::Failed(reason) => Err(reason),
    }
}

/// What to do about a first token that could not be revoked.
fn still_valid(flow: &ImplicitFlow<'_>, first: &FirstToken, reason: &str) -> String {
    let expires_at = first.expires_in.and_then(|lifetime| Timestamp::now().checked_add(lifetime));
    let until = expires_at.map_or_else(String::new, |end| format!(" until {}", end.day()));
    let (is_valid, uuid) = match verify(flow.client, &first.token) {
        Verification::Accepted(Identity { uuid, .. }) => ("is still", uuid),
        _ => ("may still be", None),
    };
    let uuid = uuid.map_or_else(String::new, |uuid| format!(", uuid {uuid}"));
    let by_hand = revoke_by_hand(&flow.login.profile.host);
    let scopes = first.scopes.as_ref().map_or_else(|| "scopes unknown".to_owned(), Scopes::to_string);
    let token = flow.name_of_first_token();
    format!("{token} ({scopes}{uuid}) {is_valid} valid{until} ({reason}); {by_hand}")
}

/// Revokes the first token after another one was stored, and says whether that worked. `true` if it is known to be revoked.
pub(super) fn revoke_first_token(flow: &ImplicitFlow<'_>, first: &FirstToken, terminal: &mut Terminal) -> bool {
    terminal.start_waiting(&format!("Revoking {}", flow.name_of_first_token()));
    let result = try_to_revoke(flow, first);
    terminal.stop_waiting();
    match &result {
        Ok(()) if flow.args.direct.direct || flow.args.private => {
            terminal.say(&format!("  Revoked {}.", flow.name_of_first_token()));
        }
        Ok(()) => terminal.say("  Revoked the browser's token, which is still in the browser's history."),
        Err(reason) => {
            terminal.warn(&format!("could not revoke {}.", flow.name_of_first_token()));
            terminal.hint(still_valid(flow, first, reason));
        }
    }
    result.is_ok()
}
