//! Ends a token at Quay: among the user's authorizations (`user:admin`), or among its application's tokens (`org:admin`, since 3.18).

use std::time::Duration;

use ureq::http::{HeaderMap, Method, header};

use super::application::{ApplicationAnswer, ask_application};
use super::client::{Answer, Client, Error, Limits, Request, authorization};
use crate::domain::{AccessToken, ApiPath, ClientId, Scopes};

/// A person waits for this.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), size: 64 * 1024 };

/// How it ended.
#[derive(Debug)]
pub(crate) enum Revocation {
    /// The token is ended.
    Done,
    /// It had ended before.
    AlreadyEnded,
    /// These scopes do not reach it, or this server has no way for a program.
    OutOfReach,
    /// It is alive, as far as is known.
    Failed(String),
}

/// Whose word it is: a token, and what it may do, where that is known.
pub(crate) struct Authority<'a> {
    /// The token.
    pub(crate) token: &'a AccessToken,
    /// Its scopes.
    pub(crate) scopes: Option<&'a Scopes>,
}

impl Authority<'_> {
    /// Whether its scopes can be enough to end a token of an application with this client id, where one is known.
    pub(crate) fn can_revoke(&self, client_id: Option<&ClientId>) -> bool {
        self.may_have("user:admin") || client_id.is_some() && self.may_have("org:admin")
    }

    /// Whether it has the scope, or nobody knows.
    fn may_have(&self, scope: &str) -> bool {
        self.scopes.is_none_or(|scopes| scopes.words().any(|word| word == scope))
    }
}

/// Ends the token that Quay names by `uuid`, which was made for the application with that client id (recorded cases P4, Q4, S6).
pub(crate) fn revoke(
    client: &Client,
    authority: &Authority<'_>,
    uuid: &str,
    client_id: Option<&ClientId>,
) -> Revocation {
    let mut ended = Revocation::OutOfReach;
    if authority.may_have("user:admin") {
        ended = judge(client, delete(client, authority, &format!("user/authorizations/{uuid}")));
    }
    if let (Revocation::OutOfReach, Some(client_id), true) = (&ended, client_id, authority.may_have("org:admin")) {
        let tokens = match tokens_of(client, client_id) {
            Ok(Some(tokens)) => tokens,
            Ok(None) => return Revocation::OutOfReach,
            Err(reason) => return Revocation::Failed(reason),
        };
        let answer = delete(client, authority, &format!("{tokens}/{uuid}"));
        if matches!(&answer, Ok(Some(answer)) if answer.status == 404) {
            // A server that has no such tokens at all is older than 3.18.
            match send(client, authority, Method::GET, &tokens) {
                Ok(Some(list)) if list.status == 200 => {}
                Ok(_) => return Revocation::OutOfReach,
                Err(error) => return Revocation::Failed(error.to_string()),
            }
        }
        ended = judge(client, answer);
    }
    ended
}

/// The path of an application's tokens, which goes by the name of its organization; `None` where the server tells of none. Fails with
/// the reason why it says nothing.
fn tokens_of(client: &Client, client_id: &ClientId) -> Result<Option<String>, String> {
    match ask_application(client, client_id) {
        ApplicationAnswer::Known(application) => Ok(application
            .organization
            .map(|organization| format!("organization/{organization}/applications/{client_id}/tokens"))),
        ApplicationAnswer::Unknown => Ok(None),
        ApplicationAnswer::Unreachable(error) => Err(error.to_string()),
        ApplicationAnswer::Unclear { status } => Err(format!("{} answers with status {status}", client.host())),
    }
}

/// Asks Quay to delete what is there.
fn delete(client: &Client, authority: &Authority<'_>, path: &str) -> Result<Option<Answer>, Error> {
    send(client, authority, Method::DELETE, path)
}

/// Asks with the authority's token; `None` where a part of the path, which came from the server, leads elsewhere.
fn send(client: &Client, authority: &Authority<'_>, method: Method, path: &str) -> Result<Option<Answer>, Error> {
    let Ok(path) = path.parse::<ApiPath>() else { return Ok(None) };
    let bearer = authorization("Bearer", authority.token.expose());
    let headers: HeaderMap = bearer.into_iter().map(|value| (header::AUTHORIZATION, value)).collect();
    client.send(&Request { method, path_and_query: path.as_str(), headers, body: None }, LIMITS).map(Some)
}

/// Reads the answer to a deletion.
fn judge(client: &Client, answer: Result<Option<Answer>, Error>) -> Revocation {
    let answer = match answer {
        Ok(Some(answer)) => answer,
        Ok(None) => return Revocation::OutOfReach,
        Err(error) => return Revocation::Failed(error.to_string()),
    };
    let says = |words: &[u8]| answer.body.windows(words.len()).any(|part| part == words);
    match answer.status {
        204 => Revocation::Done,
        404 => Revocation::AlreadyEnded,
        // On a write, Quay takes a bad token for a browser without its CSRF token (recorded case T2f).
        401 => Revocation::AlreadyEnded,
        403 if says(b"CSRF token") => Revocation::AlreadyEnded,
        403 | 405 => Revocation::OutOfReach,
        status => Revocation::Failed(format!("{} answers with status {status}", client.host())),
    }
}
