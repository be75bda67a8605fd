//! The address that the browser is sent to, and the two secrets that bind its answer to this login.

use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId as OAuthClientId, CsrfToken, RedirectUrl, Scope};
use subtle::ConstantTimeEq;
use url::Url;

use crate::domain::{ClientId, Host, RedirectUri, Scopes};

/// One login's request to Quay.
///
/// Nonce and state are independent, 128 bits each from the system's random source, and used once. The nonce, a segment of the
/// redirect path, alone binds the answer to this login: it survives every outcome but a mismatch. The state is a second lock where
/// Quay returns it, which it does not for dangerous scopes and denials (recorded cases B4b, C1).
pub(crate) struct Authorization {
    /// 32 hex digits; Quay refuses escapes behind the registered path.
    nonce: String,
    /// 32 hex digits.
    state: String,
    /// The whole address.
    url: Url,
}

/// What cannot be built into an address; a bug or an odd host.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The system has no randomness to give.
    #[error("the system's random source failed")]
    Random,
    /// The host or redirect URI does not make a URL.
    #[error("no authorize address can be built")]
    Url(#[from] url::ParseError),
}

impl Authorization {
    /// A fresh request (RFC 6749 section 4.2.1; recorded case A1). Scopes are comma-separated, as Quay wants them.
    pub(crate) fn new(
        host: &Host,
        client_id: &ClientId,
        redirect_uri: &RedirectUri,
        scopes: &Scopes,
    ) -> Result<Self, Error> {
        let (nonce, state) = (random_hex()?, random_hex()?);
        let client = BasicClient::new(OAuthClientId::new(client_id.as_str().to_owned()))
            .set_auth_uri(AuthUrl::new(format!("{}/oauth/authorize", host.origin()))?)
            .set_redirect_uri(RedirectUrl::new(redirect_uri.with(&nonce))?);
        let (url, _) = client
            .authorize_url(|| CsrfToken::new(state.clone()))
            .use_implicit_flow()
            .add_scope(Scope::new(scopes.to_string()))
            .add_extra_param("realm", "realm")
            .url();
        Ok(Authorization { nonce, state, url })
    }

    /// The address to open.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The last segment of the redirect path.
    pub(crate) fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The state to compare with.
    pub(crate) fn state(&self) -> State {
        State(self.state.clone())
    }
}

/// The state of one login.
#[derive(Clone)]
pub(crate) struct State(String);

impl State {
    /// Whether `state` is this one, in constant time.
    pub(super) fn matches(&self, state: &str) -> bool {
        self.0.as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// A state for tests.
    #[cfg(test)]
    pub(super) fn for_test(state: &str) -> Self {
        State(state.to_owned())
    }
}

/// 128 random bits as 32 hex digits.
fn random_hex() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn authorization() -> Authorization {
        let host = "http://localhost:8080".parse().unwrap();
        let redirect_uri = "http://localhost:8976/callback".parse().unwrap();
        let scopes = "repo:read,user:read".parse().unwrap();
        Authorization::new(&host, &"acmecallback00000001".parse().unwrap(), &redirect_uri, &scopes).unwrap()
    }

    #[test]
    fn asks_what_quay_wants_to_be_asked() {
        let authorization = authorization();
        let url = authorization.url();
        assert!(url.as_str().starts_with("http://localhost:8080/oauth/authorize?"));
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        let redirect_uri = format!("http://localhost:8976/callback/{}", authorization.nonce());
        let expected = [
            ("response_type", "token"),
            ("redirect_uri", &redirect_uri),
            ("realm", "realm"),
            ("client_id", "acmecallback00000001"),
            ("scope", "repo:read,user:read"),
            ("state", &authorization.state),
        ];
        assert_eq!(query, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn nonce_and_state_are_never_used_twice() {
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let authorization = authorization();
            for secret in [authorization.nonce, authorization.state] {
                assert!(secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_hexdigit()));
                assert!(seen.insert(secret));
            }
        }
    }
}
