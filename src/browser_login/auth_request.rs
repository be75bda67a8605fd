//! The authorization request: the URL that the browser opens, and the two secrets that bind Quay's response to this login.

use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId as OAuthClientId, CsrfToken, RedirectUrl, Scope};
use subtle::ConstantTimeEq;
use url::Url;

use crate::domain::{AssignmentId, ClientId, Host, RedirectUri, Scopes};
use crate::system::{RandomError, random_hex};

/// One login's request to Quay.
///
/// The nonce is a segment of the redirect path, and it alone binds the response to this login: Quay returns it with every response
/// except `redirect_uri_mismatch`. The state is a second check. Quay leaves it out for dangerous scopes and when the user cancels
/// (docs/quay.md, cases B4b and C1). Each is 128 bits from the system's random source and is used once.
pub(crate) struct AuthorizationRequest {
    redirect_url: RedirectUrl,
    /// Whether the redirect URI has a nonce.
    pub(super) has_nonce: bool,
    state: String,
    url: Url,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("cannot build the authorize URL")]
    Url(#[from] url::ParseError),
}

/// What a login asks Quay for.
pub(crate) struct RequestParameters<'a> {
    pub(crate) host: &'a Host,
    pub(crate) client_id: &'a ClientId,
    pub(crate) scopes: &'a Scopes,
    /// Lets a user who is not an administrator authorize the application, once.
    pub(crate) assignment: Option<&'a AssignmentId>,
}

impl AuthorizationRequest {
    /// A new request whose response goes to the catcher at `redirect_uri`.
    pub(crate) fn to_catcher(parameters: &RequestParameters<'_>, redirect_uri: &RedirectUri) -> Result<Self, Error> {
        // Hex, because Quay refuses percent-encoding after the registered path.
        let request = Self::new(parameters, redirect_uri.with_segment(&random_hex()?))?;
        Ok(AuthorizationRequest { has_nonce: true, ..request })
    }

    /// A new request whose response Quay shows on its own page, `local_app` (docs/quay.md, "/oauth/localapp").
    ///
    /// Quay accepts only the exact URL of that page, so there is no room for a nonce. The person who copies the response here does
    /// what the nonce does otherwise.
    pub(crate) fn to_local_app(parameters: &RequestParameters<'_>, local_app: String) -> Result<Self, Error> {
        Self::new(parameters, local_app)
    }

    /// Builds the URL (RFC 6749 section 4.2.1; docs/quay.md, case A1). Quay wants the scopes separated by commas.
    fn new(parameters: &RequestParameters<'_>, redirect_uri: String) -> Result<Self, Error> {
        let state = random_hex()?;
        let redirect_url = RedirectUrl::new(redirect_uri)?;
        let client = BasicClient::new(OAuthClientId::new(parameters.client_id.as_str().to_owned()))
            .set_auth_uri(AuthUrl::new(format!("{}/oauth/authorize", parameters.host.origin()))?)
            .set_redirect_uri(redirect_url.clone());
        let mut builder = client
            .authorize_url(|| CsrfToken::new(state.clone()))
            .use_implicit_flow()
            .add_scope(Scope::new(parameters.scopes.to_string()))
            .add_extra_param("realm", "realm");
        if let Some(assignment) = parameters.assignment {
            builder = builder.add_extra_param("assignment_uuid", assignment.as_str());
        }
        let (url, _) = builder.url();
        Ok(AuthorizationRequest { redirect_url, has_nonce: false, state, url })
    }

    /// The URL that the browser opens.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The same parameters as the form of Quay's consent page, for direct approval (docs/quay.md, cases AA). Quay ignores `realm` there.
    pub(crate) fn form(&self) -> &str {
        self.url.query().unwrap_or_default()
    }

    /// The URL that Quay sends the browser to, before Quay adds its response.
    pub(crate) fn redirect_uri(&self) -> &str {
        self.redirect_url.as_str()
    }

    /// Whether this is that URL. Browsers leave out port 80.
    pub(super) fn redirects_to(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| url == *self.redirect_url.url())
    }

    /// The path that the browser then asks the catcher for, with the nonce.
    pub(super) fn redirect_path(&self) -> &str {
        self.redirect_url.url().path()
    }

    pub(super) fn state(&self) -> State {
        State(self.state.clone())
    }

    /// A request with this redirect URI and state, whose own URL does not matter.
    #[cfg(any(test, fuzzing))]
    #[allow(clippy::unwrap_used, reason = "for tests")]
    pub(crate) fn for_test(redirect_uri: &str, state: &str) -> Self {
        let redirect_url = RedirectUrl::new(redirect_uri.to_owned()).unwrap();
        AuthorizationRequest { url: redirect_url.url().clone(), redirect_url, has_nonce: true, state: state.to_owned() }
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

    #[cfg(any(test, fuzzing))]
    pub(crate) fn for_test(state: &str) -> Self {
        State(state.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn new_request(assignment: Option<&AssignmentId>) -> AuthorizationRequest {
        let host = "http://localhost:8080".parse().unwrap();
        let client_id = "acmecallback00000001".parse().unwrap();
        let scopes = "repo:read,user:read".parse().unwrap();
        let parameters = RequestParameters { host: &host, client_id: &client_id, scopes: &scopes, assignment };
        AuthorizationRequest::to_catcher(&parameters, &"http://localhost:8976/callback".parse().unwrap()).unwrap()
    }

    #[test]
    fn the_url_has_the_parameters_that_quay_expects() {
        let assignment = "0a1b2c3d-0000-4000-8000-000000000000".parse().unwrap();
        for assignment in [None, Some(&assignment)] {
            let request = new_request(assignment);
            let url = request.url();
            assert!(url.as_str().starts_with("http://localhost:8080/oauth/authorize?"));
            let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
            let mut expected: BTreeMap<_, _> = [
                ("response_type", "token"),
                ("redirect_uri", request.redirect_uri()),
                ("realm", "realm"),
                ("client_id", "acmecallback00000001"),
                ("scope", "repo:read,user:read"),
                ("state", &request.state),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
            expected.extend(assignment.map(|uuid| ("assignment_uuid".to_owned(), uuid.as_str().to_owned())));
            assert_eq!(query, expected);
        }
    }

    #[test]
    fn every_nonce_and_state_is_new() {
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let request = new_request(None);
            let nonce = request.redirect_path().strip_prefix("/callback/").unwrap().to_owned();
            for secret in [nonce, request.state] {
                assert!(secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_hexdigit()));
                assert!(seen.insert(secret));
            }
        }
    }
}
