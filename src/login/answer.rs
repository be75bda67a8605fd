//! What Quay answered, as the page or a person hands it over: a token or a refusal, read strictly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use super::authorize::State;
use crate::domain::{AccessToken, ServerText};

/// What Quay answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A token (recorded case B1).
    Token {
        /// The secret; shared, since the catcher compares a repeated one with it.
        token: Arc<AccessToken>,
        /// How long it lives.
        expires_in: Option<Duration>,
    },
    /// No token (recorded cases "C …").
    Refused(Refusal),
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The person chose Cancel.
    Denied,
    /// Quay has no such scope for this application.
    InvalidScope,
    /// Quay does not take `response_type=token`.
    UnsupportedResponseType,
    /// The application may not do this.
    UnauthorizedClient,
    /// Any other code, 40 characters at most.
    Other(ServerText),
}

impl From<&str> for Refusal {
    fn from(code: &str) -> Self {
        match code {
            // Quay's own word, and that of RFC 6749 section 4.2.2.1.
            "authorization_denied" | "access_denied" => Refusal::Denied,
            "invalid_scope" => Refusal::InvalidScope,
            "unsupported_response_type" => Refusal::UnsupportedResponseType,
            "unauthorized_client" => Refusal::UnauthorizedClient,
            other => Refusal::Other(other.chars().take(40).collect::<String>().into()),
        }
    }
}

/// Why something handed over is not the answer to this login. The login waits on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Not the JSON object that the page sends.
    NoHandOver,
    /// Neither token nor error, both, one twice, or not of their form.
    Invalid,
    /// The state of another login.
    WrongState,
}

/// The parameters that Quay sends; each may stand once (RFC 6749 section 3.1).
const KNOWN: [&str; 7] = ["access_token", "token_type", "expires_in", "scope", "state", "error", "error_description"];

/// What the page hands over: query and fragment of its address, without `?` and `#`. Wiped when read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandedOver {
    /// Scope, state, or an error.
    query: String,
    /// The token.
    fragment: String,
}

impl Drop for HandedOver {
    fn drop(&mut self) {
        self.query.zeroize();
        self.fragment.zeroize();
    }
}

impl Answer {
    /// Reads what the page sends: `{"query": …, "fragment": …}`.
    pub(crate) fn from_page(body: &[u8], state: &State) -> Result<Answer, Rejection> {
        // A list of two texts would do for serde.
        let is_object = body.trim_ascii_start().starts_with(b"{");
        let handed_over = serde_json::from_slice::<HandedOver>(body).ok().filter(|_| is_object);
        let handed_over = handed_over.ok_or(Rejection::NoHandOver)?;
        Answer::read(&handed_over.query, &handed_over.fragment, state)
    }

    /// Reads query and fragment, both form-encoded and without their `?` and `#`.
    ///
    /// Quay puts the token into the fragment, scope, state and errors into the query. A state that is absent, empty or the text `None`
    /// (recorded case B2b) is absent: the nonce binds alone.
    pub(crate) fn read(query: &str, fragment: &str, state: &State) -> Result<Answer, Rejection> {
        let mut found: BTreeMap<String, Zeroizing<String>> = BTreeMap::new();
        for (part, may_hold_token) in [(query, false), (fragment, true)] {
            for (key, value) in form_urlencoded::parse(part.as_bytes()) {
                if key == "access_token" && !may_hold_token {
                    return Err(Rejection::Invalid);
                }
                if KNOWN.contains(&key.as_ref())
                    && found.insert(key.into_owned(), Zeroizing::new(value.into_owned())).is_some()
                {
                    return Err(Rejection::Invalid);
                }
            }
        }
        match found.get("state").map(|state| state.as_str()) {
            None | Some("" | "None") => {}
            Some(returned) if state.matches(returned) => {}
            Some(_) => return Err(Rejection::WrongState),
        }
        match (found.remove("access_token"), found.remove("error")) {
            (Some(token), None) => {
                if found.get("token_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
                    return Err(Rejection::Invalid);
                }
                let token = AccessToken::parse(token).map_err(|_| Rejection::Invalid)?;
                let seconds = found.get("expires_in").and_then(|seconds| seconds.parse().ok());
                Ok(Answer::Token { token: Arc::new(token), expires_in: seconds.map(Duration::from_secs) })
            }
            (None, Some(error)) if !error.is_empty() => Ok(Answer::Refused(Refusal::from(error.as_str()))),
            _ => Err(Rejection::Invalid),
        }
    }

    /// Whether both are the same answer: a retry, or a form sent twice.
    pub(super) fn is_repeat_of(&self, first: &Answer) -> bool {
        match (self, first) {
            (Answer::Token { token, .. }, Answer::Token { token: first, .. }) => token.same_as(first),
            (Answer::Refused(refusal), Answer::Refused(first)) => refusal == first,
            _ => false,
        }
    }
}

/// The token in a pasted address, and how long it lives; `None` where the text is no address with a token in its fragment.
pub(crate) fn token_in_address(text: &str) -> Option<(Zeroizing<String>, Option<Duration>)> {
    let (_, fragment) = text.split_once('#').filter(|(address, _)| address.contains("://"))?;
    let value =
        |key: &str| form_urlencoded::parse(fragment.as_bytes()).find(|(found, _)| found == key).map(|(_, value)| value);
    let token = Zeroizing::new(value("access_token")?.into_owned());
    let seconds = value("expires_in").and_then(|seconds| seconds.parse().ok());
    Some((token, seconds.map(Duration::from_secs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123";

    fn read(query: &str, fragment: &str) -> Result<Answer, Rejection> {
        Answer::read(query, fragment, &State::of("st8"))
    }

    #[test]
    fn reads_a_token_with_and_without_state() {
        let fragment = format!("access_token={TOKEN}&token_type=Bearer&expires_in=315576000");
        for query in
            ["scope=user%3Aread%2Crepo%3Aread&state=st8", "scope=user%3Aadmin", "scope=a&state=None", "state=", ""]
        {
            let Ok(Answer::Token { token, expires_in }) = read(query, &fragment) else { panic!("{query}") };
            assert_eq!((token.expose(), expires_in), (TOKEN, Some(Duration::from_secs(315_576_000))));
        }
        assert_eq!(read("scope=a&state=other", &fragment).unwrap_err(), Rejection::WrongState);
    }

    #[test]
    fn reads_a_refusal() {
        for (query, refusal) in [
            ("error=authorization_denied", Refusal::Denied),
            ("error=invalid_scope", Refusal::InvalidScope),
            ("error=unsupported_response_type", Refusal::UnsupportedResponseType),
            ("error=unauthorized_client", Refusal::UnauthorizedClient),
            ("error=%1b%5Dnew", Refusal::Other("\\u{1b}]new".into())),
        ] {
            let Ok(Answer::Refused(read)) = read(query, "") else { panic!("{query}") };
            assert_eq!(read, refusal);
        }
    }

    #[test]
    fn takes_nothing_else() {
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
            assert_eq!(read(query, fragment).unwrap_err(), Rejection::Invalid, "{query} # {fragment}");
        }
    }

    #[test]
    fn finds_the_token_in_a_pasted_address() {
        let address =
            format!("http://127.0.0.1:7829/callback/N?state=x#access_token={TOKEN}&token_type=Bearer&expires_in=60");
        let (token, expires_in) = token_in_address(&address).unwrap();
        assert_eq!((token.as_str(), expires_in), (TOKEN, Some(Duration::from_secs(60))));
        assert!(token_in_address(TOKEN).is_none());
        assert!(token_in_address("https://quay.io/#x=1").is_none());
    }
}
