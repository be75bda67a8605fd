//! Checks whether Quay accepts a token, and whose token it is: `/v2/auth`, which accepts tokens with any scopes.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::client::{Client, Error, HttpResponse, Limits, basic_authorization};
use super::retry::Retries;
use crate::domain::{AccessToken, OAUTH_TOKEN_USER, ServerText};

/// Short, because the user is waiting. Retries are included.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), size: 64 * 1024 };

/// How long to wait before a busy server is asked again, if it does not say.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(400), Duration::from_millis(1200)];

/// The result of checking a token.
#[derive(Debug)]
pub(crate) enum Verification {
    Accepted(Identity),
    Refused(TokenRefusal),
    Unreachable(Error),
    /// Another answer with this HTTP status: the server is overloaded, or is not Quay.
    Unclear {
        status: u16,
    },
}

/// Quay's reason: the token is unknown, expired or revoked, or its user is disabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenRefusal(ServerText);

impl TokenRefusal {
    /// A new token of this user would be refused too (docs/quay.md, case W6a).
    pub(crate) fn is_account_disabled(&self) -> bool {
        self.0.as_str() == "Granter of the oauth access token is disabled"
    }
}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whose token it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) user: Option<ServerText>,
    /// Quay's identifier of the token, by which it can be revoked.
    pub(crate) uuid: Option<ServerText>,
}

/// Asks Quay whether it accepts the token (docs/quay.md, cases V). This takes the server about half a second. A busy server is asked up
/// to three times.
pub(crate) fn verify(client: &Client, token: &AccessToken) -> Verification {
    let service: String = form_urlencoded::byte_serialize(client.host().authority().as_bytes()).collect();
    let path = format!("/v2/auth?service={service}");
    let deadline = Instant::now() + LIMITS.timeout;
    let mut retries = Retries::new(&RETRY_DELAYS, deadline);
    loop {
        let limits = Limits { timeout: deadline.saturating_duration_since(Instant::now()), ..LIMITS };
        let response = match client.get(&path, Some(basic_authorization(OAUTH_TOKEN_USER, token.expose())), limits) {
            Ok(response) => response,
            Err(error) => return Verification::Unreachable(error),
        };
        match retries.delay_after(&response) {
            Some(delay) => thread::sleep(delay),
            None => return read(&response),
        }
    }
}

/// Only the status of a refusal counts, since its body differs if anonymous access is off.
pub(crate) fn read(response: &HttpResponse) -> Verification {
    match response.status {
        200 => match identity(&response.body) {
            Some(identity) => Verification::Accepted(identity),
            // For example the page of a proxy.
            None => Verification::Unclear { status: 200 },
        },
        401 => Verification::Refused(TokenRefusal(reason(&response.body))),
        status => Verification::Unclear { status },
    }
}

/// Reads the claims of the registry token in the response. Its signature need not be checked, because it comes directly from Quay.
fn identity(body: &[u8]) -> Option<Identity> {
    #[derive(Deserialize)]
    struct Body {
        token: String,
    }
    #[derive(Deserialize)]
    struct Claims {
        sub: Option<String>,
        #[serde(default)]
        context: Context,
    }
    #[derive(Default, Deserialize)]
    struct Context {
        oauth: Option<String>,
    }
    let jwt = serde_json::from_slice::<Body>(body).ok()?.token;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let non_empty = |text: Option<String>| text.filter(|text| !text.is_empty()).map(ServerText::from);
    Some(Identity { user: non_empty(claims.sub), uuid: non_empty(claims.context.oauth) })
}

/// Quay's message in a 401.
fn reason(body: &[u8]) -> ServerText {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Message>,
        error: Option<String>,
    }
    #[derive(Deserialize)]
    struct Message {
        message: String,
    }
    let message = serde_json::from_slice::<Body>(body)
        .ok()
        .and_then(|body| body.errors.into_iter().next().map(|error| error.message).or(body.error));
    message.unwrap_or_else(|| "no reason given".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use ureq::http::HeaderMap;

    use super::*;

    fn verification(status: u16, body: &str) -> Verification {
        read(&HttpResponse { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() })
    }

    #[test]
    fn user_and_uuid_are_read_from_the_registry_token() {
        let claims =
            BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"alice","context":{"oauth":"u-1","kind":"oauth"},"access":[]}"#);
        let Verification::Accepted(identity) = verification(200, &format!(r#"{{"token":"e30.{claims}.sig"}}"#)) else {
            panic!()
        };
        assert_eq!(identity, Identity { user: Some("alice".into()), uuid: Some("u-1".into()) });
    }

    #[test]
    fn only_a_401_means_that_a_token_is_refused() {
        let body =
            r#"{"errors":[{"code":"UNAUTHORIZED","detail":{},"message":"OAuth access token could not be validated"}]}"#;
        let Verification::Refused(reason) = verification(401, body) else { panic!() };
        assert_eq!(reason.to_string(), "OAuth access token could not be validated");
        assert!(matches!(
            verification(401, r#"{"error":"Anonymous access is not allowed"}"#),
            Verification::Refused(_)
        ));
        assert!(matches!(verification(401, "<html>"), Verification::Refused(_)));
        for (status, body) in [(200, "<html>"), (200, r#"{"token":"x"}"#), (403, ""), (429, ""), (503, ""), (302, "")] {
            assert!(matches!(verification(status, body), Verification::Unclear { .. }), "{status} {body}");
        }
    }
}
