//! Whether a token is good, and whose: `/v2/auth`, the one question that a token of any scopes may ask.

use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::client::{Answer, Client, Error, Limits, authorization};
use crate::domain::{AccessToken, BASIC_USER, ServerText};

/// A person waits for this.
const LIMITS: Limits = Limits { time: Duration::from_secs(5), size: 64 * 1024 };

/// What Quay says of a token.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is good.
    Accepted(Identity),
    /// It is not: wrong, ended, revoked, or its user is disabled. In Quay's words.
    Refused(ServerText),
    /// Quay could not be asked.
    Unreachable(Error),
    /// Quay answered with something else: read-only, overloaded, another server altogether.
    Unclear {
        /// The HTTP status.
        status: u16,
    },
}

/// Whose token it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The user's name.
    pub(crate) user: Option<ServerText>,
    /// Quay's own name of the token, by which it can be revoked.
    pub(crate) uuid: Option<ServerText>,
}

/// Asks Quay whether the token is good (recorded cases "V …"). Costs the server about half a second.
pub(crate) fn verify(client: &Client, token: &AccessToken) -> Verdict {
    let credentials = Zeroizing::new(format!("{BASIC_USER}:{}", token.expose()));
    let basic = Zeroizing::new(BASE64_STANDARD.encode(credentials.as_bytes()));
    let Some(authorization) = authorization("Basic", &basic) else {
        return Verdict::Refused("the token does not fit into a header".into());
    };
    let service: String = form_urlencoded::byte_serialize(client.host().authority().as_bytes()).collect();
    match client.get(&format!("/v2/auth?service={service}"), Some(authorization), LIMITS) {
        Ok(answer) => judge(&answer),
        Err(error) => Verdict::Unreachable(error),
    }
}

/// Reads the answer. Only the status decides: where anonymous access is off, the body of a 401 differs.
pub(crate) fn judge(answer: &Answer) -> Verdict {
    match answer.status {
        200 => match identity(&answer.body) {
            Some(identity) => Verdict::Accepted(identity),
            // A page of some proxy's is no word of Quay's.
            None => Verdict::Unclear { status: 200 },
        },
        401 => Verdict::Refused(reason(&answer.body)),
        status => Verdict::Unclear { status },
    }
}

/// The claims of the registry token that Quay answers with. Its signature is the registry's matter: it came from Quay just now.
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
    let named = |text: Option<String>| text.filter(|text| !text.is_empty()).map(ServerText::from);
    Some(Identity { user: named(claims.sub), uuid: named(claims.context.oauth) })
}

/// Quay's words in a 401.
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
    let said = serde_json::from_slice::<Body>(body)
        .ok()
        .and_then(|body| body.errors.into_iter().next().map(|error| error.message).or(body.error));
    said.unwrap_or_else(|| "no reason given".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use ureq::http::HeaderMap;

    use super::*;

    fn judged(status: u16, body: &str) -> Verdict {
        judge(&Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() })
    }

    #[test]
    fn reads_whose_token_it_is() {
        let claims =
            BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"alice","context":{"oauth":"u-1","kind":"oauth"},"access":[]}"#);
        let Verdict::Accepted(identity) = judged(200, &format!(r#"{{"token":"e30.{claims}.sig"}}"#)) else { panic!() };
        assert_eq!(identity, Identity { user: Some("alice".into()), uuid: Some("u-1".into()) });
    }

    #[test]
    fn only_a_401_says_that_a_token_is_bad() {
        let body =
            r#"{"errors":[{"code":"UNAUTHORIZED","detail":{},"message":"OAuth access token could not be validated"}]}"#;
        let Verdict::Refused(reason) = judged(401, body) else { panic!() };
        assert_eq!(reason.as_str(), "OAuth access token could not be validated");
        assert!(matches!(judged(401, r#"{"error":"Anonymous access is not allowed"}"#), Verdict::Refused(_)));
        assert!(matches!(judged(401, "<html>"), Verdict::Refused(_)));
        for (status, body) in [(200, "<html>"), (200, r#"{"token":"x"}"#), (403, ""), (429, ""), (503, ""), (302, "")] {
            assert!(matches!(judged(status, body), Verdict::Unclear { .. }), "{status} {body}");
        }
    }
}
