//! The address that the browser is sent to, and the two secrets that bind its answer to this login.

use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId as OAuthClientId, CsrfToken, RedirectUrl, Scope};
use subtle::ConstantTimeEq;
use url::Url;

use crate::domain::{AssignmentId, ClientId, Host, RedirectUri, Scopes};

/// One login's request to Quay.
///
/// Nonce and state are independent, 128 bits each from the system's random source, and used once. The nonce, a segment of the
/// redirect path, alone binds the answer to this login: it survives every outcome but a mismatch. The state is a second lock where
/// Quay returns it, which it does not for dangerous scopes and denials (recorded cases B4b, C1).
pub(crate) struct Authorization {
    /// Where Quay sends the browser: by the catcher, the registered URI and the nonce.
    redirect_uri: String,
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

/// What is asked for, and of whom.
pub(crate) struct Request<'a> {
    /// The Quay.
    pub(crate) host: &'a Host,
    /// The application.
    pub(crate) client_id: &'a ClientId,
    /// What the token may do.
    pub(crate) scopes: &'a Scopes,
    /// The assignment that lets a user who is no administrator authorize the application, once.
    pub(crate) assignment: Option<&'a AssignmentId>,
}

impl Authorization {
    /// A fresh request whose answer comes to the catcher at `redirect_uri`.
    pub(crate) fn to_catcher(request: &Request<'_>, redirect_uri: &RedirectUri) -> Result<Self, Error> {
        // The nonce is in hex: Quay refuses escapes behind the registered path.
        Self::new(request, redirect_uri.with(&random_hex()?))
    }

    /// A fresh request whose answer Quay shows on a page of its own, `local_app` (recorded cases "N …"). No nonce fits into it: Quay
    /// takes its exact text only. The person who copies the answer takes its place.
    pub(crate) fn to_local_app(request: &Request<'_>, local_app: String) -> Result<Self, Error> {
        Self::new(request, local_app)
    }

    /// The request (RFC 6749 section 4.2.1; recorded case A1). Scopes are comma-separated, as Quay wants them.
    fn new(request: &Request<'_>, redirect_uri: String) -> Result<Self, Error> {
        let state = random_hex()?;
        let client = BasicClient::new(OAuthClientId::new(request.client_id.as_str().to_owned()))
            .set_auth_uri(AuthUrl::new(format!("{}/oauth/authorize", request.host.origin()))?)
            .set_redirect_uri(RedirectUrl::new(redirect_uri.clone())?);
        let mut ask = client
            .authorize_url(|| CsrfToken::new(state.clone()))
            .use_implicit_flow()
            .add_scope(Scope::new(request.scopes.to_string()))
            .add_extra_param("realm", "realm");
        if let Some(assignment) = request.assignment {
            ask = ask.add_extra_param("assignment_uuid", assignment.as_str());
        }
        let (url, _) = ask.url();
        Ok(Authorization { redirect_uri, state, url })
    }

    /// The address to open.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Where Quay sends the browser.
    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The state to compare with.
    pub(super) fn state(&self) -> State {
        State(self.state.clone())
    }

    /// A request of which only the answer matters.
    #[cfg(any(test, fuzzing))]
    #[allow(clippy::unwrap_used, reason = "for tests")]
    pub(crate) fn answered_at(redirect_uri: &str, state: &str) -> Self {
        let url = Url::parse(redirect_uri).unwrap();
        Authorization { redirect_uri: redirect_uri.to_owned(), state: state.to_owned(), url }
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

    /// That state.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of(state: &str) -> Self {
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

    fn authorization(assignment: Option<&AssignmentId>) -> Authorization {
        let host = "http://localhost:8080".parse().unwrap();
        let client_id = "acmecallback00000001".parse().unwrap();
        let scopes = "repo:read,user:read".parse().unwrap();
        let request = Request { host: &host, client_id: &client_id, scopes: &scopes, assignment };
        Authorization::to_catcher(&request, &"http://localhost:8976/callback".parse().unwrap()).unwrap()
    }

    #[test]
    fn asks_what_quay_wants_to_be_asked() {
        let assignment = "0a1b2c3d-0000-4000-8000-000000000000".parse().unwrap();
        for assignment in [None, Some(&assignment)] {
            let authorization = authorization(assignment);
            let url = authorization.url();
            assert!(url.as_str().starts_with("http://localhost:8080/oauth/authorize?"));
            let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
            let mut expected: BTreeMap<_, _> = [
                ("response_type", "token"),
                ("redirect_uri", &authorization.redirect_uri),
                ("realm", "realm"),
                ("client_id", "acmecallback00000001"),
                ("scope", "repo:read,user:read"),
                ("state", &authorization.state),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
            expected.extend(assignment.map(|uuid| ("assignment_uuid".to_owned(), uuid.as_str().to_owned())));
            assert_eq!(query, expected);
        }
    }

    #[test]
    fn nonce_and_state_are_never_used_twice() {
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let authorization = authorization(None);
            let nonce = authorization.redirect_uri.strip_prefix("http://localhost:8976/callback/").unwrap().to_owned();
            for secret in [nonce, authorization.state] {
                assert!(secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_hexdigit()));
                assert!(seen.insert(secret));
            }
        }
    }
}
