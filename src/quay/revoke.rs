//! Revokes a token at Quay: as one of the user's authorizations (`user:admin`), or as one of its application's tokens (`org:admin`, since
//! Quay 3.18).

use std::time::Duration;

use ureq::http::{HeaderMap, Method, header};

use super::application::{ApplicationLookup, look_up_application};
use super::client::{Client, Error, HttpRequest, HttpResponse, Limits, authorization};
use crate::domain::{AccessToken, ApiPath, ClientId, Scopes};

/// Short, because the user is waiting.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), size: 64 * 1024 };

/// The result of revoking a token.
#[derive(Debug)]
pub(crate) enum Revocation {
    Done,
    /// Quay does not accept the token any more. [`revoke`] itself does not find that out.
    AlreadyInactive,
    /// Nothing was tried, because the acting token lacks the scopes.
    NotPossible,
    /// As `NotPossible`, and Quay said that the token is valid. [`revoke`] itself does not ask.
    StillValid,
    /// Quay was asked to revoke the token and did not. It may still be valid, or may have been invalid before: Quay answers "not found" or
    /// "unauthorized" also if the acting token is not valid or may not see this one. The field is the reason.
    Refused(String),
    /// The server could not be asked, so the token may still be valid.
    Unreachable(Error),
    /// Quay gave no clear answer, so the token may still be valid. The field is the reason.
    Failed(String),
}

/// The token that a request is authenticated with, and its scopes if they are known.
pub(crate) struct ActingToken<'a> {
    pub(crate) token: &'a AccessToken,
    pub(crate) scopes: Option<&'a Scopes>,
}

impl ActingToken<'_> {
    /// Whether its scopes may be sufficient to revoke a token of the application with this client ID.
    pub(crate) fn can_revoke(&self, client_id: Option<&ClientId>) -> bool {
        self.may_have("user:admin") || client_id.is_some() && self.may_have("org:admin")
    }

    /// True also if the scopes are not known.
    fn may_have(&self, scope: &str) -> bool {
        self.scopes.is_none_or(|scopes| scopes.iter().any(|word| word == scope))
    }
}

/// Revokes the token with that UUID. The client ID is that of its application (docs/quay.md, cases P4, Q4 and S6).
pub(crate) fn revoke(
    client: &Client,
    acting: &ActingToken<'_>,
    uuid: &str,
    client_id: Option<&ClientId>,
) -> Revocation {
    let mut revocation = Revocation::NotPossible;
    if acting.may_have("user:admin") {
        revocation = match delete(client, acting, &format!("user/authorizations/{uuid}")) {
            Ok(response) => read_deletion(client, &response),
            Err(revocation) => revocation,
        };
    }
    let may_go_on = matches!(revocation, Revocation::NotPossible | Revocation::Refused(_));
    match client_id {
        Some(client_id) if may_go_on && acting.may_have("org:admin") => {
            revoke_application_token(client, acting, uuid, client_id).unwrap_or_else(|revocation| revocation)
        }
        _ => revocation,
    }
}

/// `Err` is a result too: one that is certain before the end.
fn revoke_application_token(
    client: &Client,
    acting: &ActingToken<'_>,
    uuid: &str,
    client_id: &ClientId,
) -> Result<Revocation, Revocation> {
    let host = client.host();
    let application = match look_up_application(client, client_id, Some(acting.token)) {
        ApplicationLookup::Known(application) => application,
        ApplicationLookup::Unknown => {
            return Err(Revocation::Refused(format!("{host} has no application with the client ID {client_id}")));
        }
        ApplicationLookup::Unreachable(error) => return Err(Revocation::Unreachable(error)),
        ApplicationLookup::Unclear { status: 401 } => return Err(Revocation::Refused(client.describe_answer(401))),
        ApplicationLookup::Unclear { status } => return Err(Revocation::Failed(client.describe_answer(status))),
    };
    let tokens = application.tokens_path(client_id);
    let tokens =
        tokens.ok_or_else(|| Revocation::Refused(format!("{host} does not name the application's organization")))?;
    let response = delete(client, acting, &format!("{}/{uuid}", tokens.as_str()))?;
    // This can also mean that the server is older than 3.18 and does not have this API (docs/quay.md, cases T8, X3d, X3k).
    if [404, 405, 500].contains(&response.status) && send(client, acting, Method::GET, &tokens)?.status == 404 {
        let reason = format!("{host} is older than Quay 3.18, where revoking needs a token with user:admin");
        return Err(Revocation::Refused(reason));
    }
    Ok(read_deletion(client, &response))
}

fn read_deletion(client: &Client, response: &HttpResponse) -> Revocation {
    match response.status {
        204 => Revocation::Done,
        status @ (401 | 403 | 404 | 405) => Revocation::Refused(client.describe_answer(status)),
        _ if response.is_read_only() => Revocation::Failed("the registry is read-only".to_owned()),
        status => Revocation::Failed(client.describe_answer(status)),
    }
}

fn delete(client: &Client, acting: &ActingToken<'_>, path: &str) -> Result<HttpResponse, Revocation> {
    // The UUID comes from the server, and must not lead to another path.
    let path = path.parse().map_err(|_| Revocation::Failed("its UUID is not valid".to_owned()))?;
    send(client, acting, Method::DELETE, &path)
}

fn send(client: &Client, acting: &ActingToken<'_>, method: Method, path: &ApiPath) -> Result<HttpResponse, Revocation> {
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, authorization("Bearer", acting.token.expose()))]);
    client
        .send(&HttpRequest { method, path_and_query: path.as_str(), headers, body: None }, LIMITS)
        .map_err(Revocation::Unreachable)
}
