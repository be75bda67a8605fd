//! Quay's authorization response, as the page posts it or a person pastes it: a token or an error.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use super::auth_request::State;
use crate::domain::{AccessToken, ServerText};

#[derive(Clone, Debug)]
pub(crate) enum AuthResponse {
    /// Quay issued a token (docs/quay.md, case B1).
    Token {
        /// Shared, because the catcher compares later posts with it.
        token: Arc<AccessToken>,
        expires_in: Option<Duration>,
    },
    /// Quay or the user refused (docs/quay.md, cases C).
    Refused(AuthError),
}

/// The `error` parameter of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthError {
    /// The user chose Cancel.
    Denied,
    /// Quay refuses one of the scopes.
    InvalidScope,
    UnsupportedResponseType,
    /// The application may not use the implicit flow.
    UnauthorizedClient,
    /// Any other code, cut to 40 characters.
    Other(ServerText),
}

impl From<&str> for AuthError {
    fn from(code: &str) -> Self {
        match code {
            // Quay's own code, and the one of RFC 6749 section 4.2.2.1.
            "authorization_denied" | "access_denied" => AuthError::Denied,
            "invalid_scope" => AuthError::InvalidScope,
            "unsupported_response_type" => AuthError::UnsupportedResponseType,
            "unauthorized_client" => AuthError::UnauthorizedClient,
            other => AuthError::Other(other.chars().take(40).collect::<String>().into()),
        }
    }
}

/// Why something is not a response to this login. The login keeps waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseError {
    /// The body of the POST is not the JSON object that the page sends.
    InvalidBody,
    /// It has neither a token nor an error, or both, or one of them twice, or in the wrong place or form.
    InvalidParameters,
    /// It belongs to another login.
    WrongState,
}

/// The parameters of a response. Each may occur once (RFC 6749 section 3.1).
const KNOWN_PARAMETERS: [&str; 7] =
    ["access_token", "token_type", "expires_in", "scope", "state", "error", "error_description"];

/// The body of the page's POST: query and fragment of the redirect, without `?` and `#`. Wiped from memory after use.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostedRedirect {
    query: String,
    fragment: String,
}

impl Drop for PostedRedirect {
    fn drop(&mut self) {
        self.query.zeroize();
        self.fragment.zeroize();
    }
}

impl AuthResponse {
    /// Reads the body of the page's POST: `{"query": …, "fragment": …}`.
    pub(crate) fn from_post(body: &[u8], state: &State) -> Result<AuthResponse, ResponseError> {
        // serde would also accept an array of two strings.
        let is_object = body.trim_ascii_start().starts_with(b"{");
        let posted = serde_json::from_slice::<PostedRedirect>(body).ok().filter(|_| is_object);
        let posted = posted.ok_or(ResponseError::InvalidBody)?;
        AuthResponse::parse(&posted.query, &posted.fragment, state)
    }

    /// Parses query and fragment, both form-encoded and without `?` and `#`.
    ///
    /// Quay puts the token into the fragment, and scope, state and errors into the query. A state that is empty or the text `None`
    /// (docs/quay.md, case B2b) counts as absent. Then the nonce alone binds the response to this login.
    pub(crate) fn parse(query: &str, fragment: &str, state: &State) -> Result<AuthResponse, ResponseError> {
        let mut parameters: BTreeMap<String, Zeroizing<String>> = BTreeMap::new();
        for (part, may_hold_token) in [(query, false), (fragment, true)] {
            for (key, value) in form_urlencoded::parse(part.as_bytes()) {
                if key == "access_token" && !may_hold_token {
                    return Err(ResponseError::InvalidParameters);
                }
                if KNOWN_PARAMETERS.contains(&key.as_ref())
                    && parameters.insert(key.into_owned(), Zeroizing::new(value.into_owned())).is_some()
                {
                    return Err(ResponseError::InvalidParameters);
                }
            }
        }
        match parameters.get("state").map(|state| state.as_str()) {
            None | Some("" | "None") => {}
            Some(returned) if state.matches(returned) => {}
            Some(_) => return Err(ResponseError::WrongState),
        }
        match (parameters.remove("access_token"), parameters.remove("error")) {
            (Some(token), None) => {
                if parameters.get("token_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
                    return Err(ResponseError::InvalidParameters);
                }
                let token = AccessToken::parse(token).map_err(|_| ResponseError::InvalidParameters)?;
                let seconds = parameters.get("expires_in").and_then(|seconds| seconds.parse().ok());
                Ok(AuthResponse::Token { token: Arc::new(token), expires_in: seconds.map(Duration::from_secs) })
            }
            (None, Some(error)) if !error.is_empty() => Ok(AuthResponse::Refused(AuthError::from(error.as_str()))),
            _ => Err(ResponseError::InvalidParameters),
        }
    }

    /// Whether both are the same response, because the page retried or the browser sent it twice.
    pub(super) fn is_repeat_of(&self, first: &AuthResponse) -> bool {
        match (self, first) {
            (AuthResponse::Token { token, .. }, AuthResponse::Token { token: first, .. }) => token.same_as(first),
            (AuthResponse::Refused(error), AuthResponse::Refused(first)) => error == first,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123";

    fn parse(query: &str, fragment: &str) -> Result<AuthResponse, ResponseError> {
        AuthResponse::parse(query, fragment, &State::for_test("st8"))
    }

    #[test]
    fn a_token_is_accepted_with_and_without_a_state() {
        let fragment = format!("access_token={TOKEN}&token_type=Bearer&expires_in=315576000");
        for query in
            ["scope=user%3Aread%2Crepo%3Aread&state=st8", "scope=user%3Aadmin", "scope=a&state=None", "state=", ""]
        {
            let Ok(AuthResponse::Token { token, expires_in }) = parse(query, &fragment) else { panic!("{query}") };
            assert_eq!((token.expose(), expires_in), (TOKEN, Some(Duration::from_secs(315_576_000))));
        }
        assert_eq!(parse("scope=a&state=other", &fragment).unwrap_err(), ResponseError::WrongState);
    }

    #[test]
    fn each_error_code_is_recognized() {
        for (query, error) in [
            ("error=authorization_denied", AuthError::Denied),
            ("error=invalid_scope", AuthError::InvalidScope),
            ("error=unsupported_response_type", AuthError::UnsupportedResponseType),
            ("error=unauthorized_client", AuthError::UnauthorizedClient),
            ("error=%1b%5Dnew", AuthError::Other("\\u{1b}]new".into())),
        ] {
            let Ok(AuthResponse::Refused(parsed)) = parse(query, "") else { panic!("{query}") };
            assert_eq!(parsed, error);
        }
    }

    #[test]
    fn invalid_parameters_are_rejected() {
        let good = format!("access_token={TOKEN}&token_type=Bearer");
        let queries_and_fragments = [
            ("", ""),
            ("state=st8", ""),
            (&*format!("access_token={TOKEN}"), ""),
            (&*format!("access_token={TOKEN}"), &*good),
            ("error=invalid_scope", &*good),
            ("error=", ""),
            ("", &*format!("{good}&access_token={TOKEN}")),
            ("state=st8&state=st8", &*good),
            ("error=a&error=b", ""),
            ("", &*format!("access_token={TOKEN}&token_type=mac")),
            ("", "access_token=short&token_type=Bearer"),
            ("", &*format!("access_token={TOKEN}%0A&token_type=Bearer")),
            ("", &*format!("access_token={}&token_type=Bearer", "a".repeat(19))),
            ("", &*format!("access_token={}&token_type=Bearer", "a".repeat(4097))),
        ];
        for (query, fragment) in queries_and_fragments {
            assert_eq!(parse(query, fragment).unwrap_err(), ResponseError::InvalidParameters, "{query} # {fragment}");
        }
    }
}
