//! Direct approval: Quay creates a token for a user name and a password, without a browser (docs/quay.md, cases AA).

use std::time::Duration;

use ureq::http::{HeaderMap, HeaderValue, Method, header};
use url::Url;
use zeroize::Zeroizing;

use super::client::{Client, Error, HttpRequest, Limits, basic_authorization};
use crate::domain::{Password, UserName};

/// Long, because a token that arrives too late would be lost.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(30), size: 64 * 1024 };

/// Why there is no redirect.
pub(crate) enum DirectError {
    Request(Error),
    /// The user name or the password is wrong (case AA8).
    Unauthorized,
    /// The operator does not allow it for this client ID, or the client ID is unknown (cases AA5 and AA6).
    Forbidden,
    /// Status 400, with this body: probably the redirect URI is not the registered one (case AA4).
    BadRequest(Vec<u8>),
    /// After a failed login, Quay refuses the right password too for a while (case AA9).
    TooManyLogins,
    /// The registry is in read-only mode (case Y1).
    ReadOnly,
    /// Another answer, with this status.
    Unclear(u16),
}

/// Sends the form of Quay's consent page with the user's password, once. Returns where Quay would send a browser: to the redirect URI,
/// with a token or an error. Nothing is sent there.
pub(crate) fn approve_directly(
    client: &Client,
    user: &UserName,
    password: &Password,
    form: &str,
    redirect_uri: &str,
) -> Result<Zeroizing<String>, DirectError> {
    let headers = HeaderMap::from_iter([
        (header::AUTHORIZATION, basic_authorization(user.as_str(), password.expose())),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
    ]);
    let body = Some(form.as_bytes());
    let request = HttpRequest { method: Method::POST, path_and_query: "/oauth/authorizeapp", headers, body };
    let response = client.send_without_redirects(&request, LIMITS).map_err(DirectError::Request)?;
    let location = response.headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    match (response.status, location) {
        (300..400, Some(location)) => {
            if location.strip_prefix(redirect_uri).is_some_and(|rest| rest.starts_with(['?', '#'])) {
                return Ok(Zeroizing::new(location.to_owned()));
            }
            Err(match Url::parse(&client.host().origin()).and_then(|origin| origin.join(location)) {
                Ok(elsewhere) => DirectError::Request(client.redirect_error(&elsewhere)),
                Err(_) => DirectError::Unclear(response.status),
            })
        }
        (400, _) => Err(DirectError::BadRequest(response.body)),
        (401, _) => Err(DirectError::Unauthorized),
        (403, _) => Err(DirectError::Forbidden),
        (429, _) => Err(DirectError::TooManyLogins),
        _ if response.is_read_only() => Err(DirectError::ReadOnly),
        (status, _) => Err(DirectError::Unclear(status)),
    }
}
