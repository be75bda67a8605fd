//! What a person pastes: the URL at which the browser ended, its fragment, or only the token; as people copy them, with quotes or broken
//! over two lines.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::auth_request::AuthorizationRequest;
use super::auth_response::{AuthResponse, ResponseError};
use super::mismatch::RegisteredUri;
use crate::domain::{AccessToken, MalformedToken, Scopes};

/// Why a pasted text is not a response to this login, or not a token. The messages never repeat the text, because it may contain a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasteError {
    #[error("nothing was pasted")]
    Empty,
    #[error("this URL does not belong to this login")]
    WrongLogin,
    /// The URL that the login printed.
    #[error("this is the URL to open; paste the URL of the page where the browser ends after you approve the login")]
    AuthorizeUrl,
    /// The part after `#` may be missing.
    #[error("this URL contains neither a token nor an error; copy all of it, including the part after #")]
    NoResponse,
    #[error("the token in this URL is not complete, or has a character that no token has; copy all of the URL")]
    BrokenToken,
    /// `login --with-token` only; another login ends with that error.
    #[error("this URL contains an error of Quay instead of a token")]
    Refused,
    #[error("there is a space in this URL; copy it again")]
    Space,
    #[error("this is neither a URL nor a token")]
    NotRecognized,
    #[error("this URL says that the application at Quay has a different redirect URI, or none")]
    RedirectUriMismatch(RegisteredUri),
    /// `login --with-token` only, where a token is what is expected.
    #[error(transparent)]
    NotAToken(#[from] MalformedToken),
}

/// Pasted text, without what is around it.
enum Pasted {
    /// It may be anything that does not have the characters of a URL.
    Token(Zeroizing<String>),
    Url(PastedUrl),
}

/// A pasted URL.
struct PastedUrl(Zeroizing<String>);

impl Pasted {
    /// Removes quotes and `<>` around a URL, and its line breaks. No URL of Quay's has such characters. A token is taken as it is: two
    /// lines never become one token. Browsers show some URLs without their scheme, and then people copy them so.
    fn parse(text: &str, default_scheme: &str) -> Result<Self, PasteError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PasteError::Empty);
        }
        // Only the fragment of the URL, or its first part.
        let fragment = text.strip_prefix('#').unwrap_or(text);
        if fragment.starts_with("access_token=") {
            let token = value(fragment, "access_token").unwrap_or_default();
            return Ok(Pasted::Token(Zeroizing::new(token.into_owned())));
        }
        if !text.contains(['#', '?', ':']) {
            return Ok(Pasted::Token(Zeroizing::new(text.to_owned())));
        }
        let is_around = |c: char| c.is_whitespace() || "()<>\"'`“”‘’„«»\u{feff}\u{200b}".contains(c);
        let mut url = Zeroizing::new(String::with_capacity(text.len() + default_scheme.len() + "://".len()));
        if !text.split(['?', '#']).next().unwrap_or_default().contains("://") {
            url.push_str(default_scheme);
            url.push_str("://");
        }
        text.lines().for_each(|line| url.push_str(line.trim_matches(is_around)));
        if url.contains(char::is_whitespace) {
            return Err(PasteError::Space);
        }
        match RegisteredUri::in_url(&url) {
            Some(registered) => Err(PasteError::RedirectUriMismatch(registered)),
            None => Ok(Pasted::Url(PastedUrl(url))),
        }
    }
}

impl PastedUrl {
    /// What is before the query, the query and the fragment, without `?` and `#`.
    fn parts(&self) -> (&str, &str, &str) {
        split(&self.0)
    }

    /// Why this URL contains no token, although it is the right one.
    fn no_token(&self) -> PasteError {
        let (_, query, fragment) = self.parts();
        match () {
            () if value(fragment, "access_token").is_some() => PasteError::BrokenToken,
            () if value(query, "error").is_some() => PasteError::Refused,
            () if self.is_authorize_url() => PasteError::AuthorizeUrl,
            () => PasteError::NoResponse,
        }
    }

    fn is_authorize_url(&self) -> bool {
        self.parts().0.ends_with("/oauth/authorize")
    }
}

/// The value of the first parameter of this name.
fn value<'a>(parameters: &'a str, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(parameters.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

fn split(url: &str) -> (&str, &str, &str) {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (url, query) = url.split_once('?').unwrap_or((url, ""));
    (url, query, fragment)
}

/// A response that the user pasted.
pub(crate) struct PastedResponse {
    pub(crate) response: AuthResponse,
    /// Whether it belongs to this request and to no other. A token alone may be any token.
    pub(crate) answers_request: bool,
}

impl AuthorizationRequest {
    /// Reads a pasted text as the response to this request.
    ///
    /// A token alone is accepted as it is: pasting it is the user's own decision.
    pub(crate) fn parse_paste(&self, text: &str) -> Result<PastedResponse, PasteError> {
        let scheme = self.redirect_uri().split_once("://").map_or("", |(scheme, _)| scheme);
        let url = match Pasted::parse(text, scheme)? {
            Pasted::Url(url) => url,
            Pasted::Token(token) => {
                let token = AccessToken::parse(token).map_err(|MalformedToken| PasteError::NotRecognized)?;
                let response = AuthResponse::Token { token: Arc::new(token), expires_in: None };
                return Ok(PastedResponse { response, answers_request: false });
            }
        };
        let (before_query, query, fragment) = url.parts();
        match self.parse_response(before_query, query, fragment) {
            Ok(response) => Ok(PastedResponse { response, answers_request: self.is_answered_with(query) }),
            Err(PasteError::NoResponse) => Err(url.no_token()),
            Err(PasteError::WrongLogin) if url.is_authorize_url() => Err(PasteError::AuthorizeUrl),
            Err(error) => Err(error),
        }
    }

    /// Whether the response with this query, whose state was compared, belongs to this request and to no other. Quay returns no state for
    /// dangerous scopes, but always the scopes as they were requested.
    fn is_answered_with(&self, query: &str) -> bool {
        let requested = self.url().query().and_then(|query| value(query, "scope"));
        let has_state = value(query, "state").is_some_and(|state| self.state().matches(&state));
        self.has_nonce || has_state || requested.is_some_and(|requested| value(query, "scope") == Some(requested))
    }

    /// Reads a URL as the response to this request.
    pub(crate) fn parse_redirect(&self, url: &str) -> Result<AuthResponse, PasteError> {
        let (before_query, query, fragment) = split(url);
        self.parse_response(before_query, query, fragment)
    }

    /// The URL must be the one that this request asked Quay to redirect to, with its nonce, and a state must match if there is one: the
    /// catcher requires the same.
    fn parse_response(&self, before_query: &str, query: &str, fragment: &str) -> Result<AuthResponse, PasteError> {
        if !self.redirects_to(before_query) {
            return Err(PasteError::WrongLogin);
        }
        AuthResponse::parse(query, fragment, &self.state()).map_err(|error| match error {
            ResponseError::WrongState => PasteError::WrongLogin,
            ResponseError::InvalidBody | ResponseError::InvalidParameters => PasteError::NoResponse,
        })
    }
}

/// A token from elsewhere, with what the URL around it says.
#[derive(Debug)]
pub(crate) struct PastedToken {
    pub(crate) token: AccessToken,
    pub(crate) expires_in: Option<Duration>,
    pub(crate) scopes: Option<Scopes>,
}

impl PastedToken {
    /// Reads a token, or any URL with one in its fragment. Quay puts the scopes into the query (docs/quay.md, case B1).
    pub(crate) fn parse(text: &str) -> Result<Self, PasteError> {
        let url = match Pasted::parse(text, "http")? {
            Pasted::Url(url) => url,
            Pasted::Token(token) => {
                return Ok(PastedToken { token: AccessToken::parse(token)?, expires_in: None, scopes: None });
            }
        };
        let (_, query, fragment) = url.parts();
        let token = value(fragment, "access_token").map(|token| Zeroizing::new(token.into_owned()));
        let token = token.and_then(|token| AccessToken::parse(token).ok()).ok_or_else(|| url.no_token())?;
        Ok(PastedToken {
            token,
            expires_in: value(fragment, "expires_in").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
            scopes: value(query, "scope").and_then(|scopes| scopes.parse().ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123";

    #[test]
    fn a_pasted_url_has_no_port_80() {
        for registered in ["http://127.0.0.1:80/callback/N", "http://127.0.0.1/callback/N"] {
            let request = AuthorizationRequest::for_test(registered, "st8");
            let pasted = format!("http://127.0.0.1/callback/N?state=st8#access_token={TOKEN}&token_type=Bearer");
            assert!(request.parse_paste(&pasted).is_ok(), "{registered}");
            assert!(request.parse_paste(&pasted.replace("/callback", ":81/callback")).is_err());
        }
    }

    #[test]
    fn a_pasted_url_must_belong_to_this_login() {
        let request = AuthorizationRequest::for_test("http://127.0.0.1:7829/callback/N", "st8");
        let parse = |text: &str| {
            request.parse_paste(text).map(|pasted| match pasted.response {
                AuthResponse::Token { token, .. } => token.expose().to_owned(),
                AuthResponse::Refused(error) => format!("{error:?}"),
            })
        };
        let token = || Ok(TOKEN.to_owned());
        assert_eq!(
            parse(&format!(
                "http://127.0.0.1:7829/callback/N?scope=a&state=st8#access_token={TOKEN}&token_type=Bearer"
            )),
            token()
        );
        assert_eq!(parse(&format!("http://127.0.0.1:7829/callback/N?scope=a#access_token={TOKEN}")), token());
        assert_eq!(parse(TOKEN), token());
        assert_eq!(parse("http://127.0.0.1:7829/callback/N?error=authorization_denied"), Ok("Denied".to_owned()));
        for (text, error) in [
            (&*format!("http://127.0.0.1:7829/callback/M#access_token={TOKEN}"), PasteError::WrongLogin),
            (&*format!("http://127.0.0.1:7829/callback#access_token={TOKEN}"), PasteError::WrongLogin),
            (&*format!("http://127.0.0.1:7829/callback/N?state=other#access_token={TOKEN}"), PasteError::WrongLogin),
            (&*format!("https://evil.example/callback/N#access_token={TOKEN}"), PasteError::WrongLogin),
            ("http://127.0.0.1:7829/callback/N?state=st8", PasteError::NoResponse),
            (
                "http://127.0.0.1:1/x?error=redirect_uri_mismatch",
                PasteError::RedirectUriMismatch(RegisteredUri::Usable("http://127.0.0.1:1/x".parse().unwrap())),
            ),
            (
                "\"127.0.0.1:1/x?error=redirect_uri_\nmismatch\"",
                PasteError::RedirectUriMismatch(RegisteredUri::Usable("http://127.0.0.1:1/x".parse().unwrap())),
            ),
            ("http://127.0.0.1:7829/callback/N#access_token=short", PasteError::BrokenToken),
            ("https://quay.io/oauth/authorize?response_type=token&client_id=X", PasteError::AuthorizeUrl),
            ("http://127.0.0.1:7829/callback/N?state=st8 #access_token=x", PasteError::Space),
            ("short", PasteError::NotRecognized),
            ("a b", PasteError::NotRecognized),
            (" ", PasteError::Empty),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_pasted_url_is_accepted_as_people_copy_it() {
        let request = AuthorizationRequest::for_test("http://127.0.0.1:7829/callback/N", "st8");
        let url = format!("http://127.0.0.1:7829/callback/N?scope=a&state=st8#access_token={TOKEN}&token_type=Bearer");
        let (start, end) = url.split_at(url.len() - 40);
        for text in [
            url.trim_start_matches("http://").to_owned(),
            format!("\"{url}\""),
            format!(" '{url}' \n"),
            format!("<{url}>"),
            format!("“{url}”"),
            format!("({url})"),
            format!("\u{feff}{url}\u{200b}"),
            format!("{start}\n{end}"),
            format!("  {start}\r\n  {end}\r\n"),
            format!("> {start}\n> {end}\n"),
            format!("<127.0.0.1:7829/callback/N?scope=a&state=st8\n#access_token={TOKEN}>"),
        ] {
            let Ok(PastedResponse { response: AuthResponse::Token { token, .. }, answers_request: true }) =
                request.parse_paste(&text)
            else {
                panic!("{text}")
            };
            assert_eq!(token.expose(), TOKEN);
            assert_eq!(PastedToken::parse(&text).unwrap().token.expose(), TOKEN, "{text}");
        }
        // Two lines are not one token.
        assert_eq!(request.parse_paste(&format!("{TOKEN}\n{TOKEN}")).err(), Some(PasteError::NotRecognized));
        // The token alone, or with what is around it in the URL.
        let fragment = format!("access_token={TOKEN}");
        for text in [TOKEN, &fragment, &format!("#{fragment}&token_type=Bearer&expires_in=60")] {
            let pasted = request.parse_paste(text).ok().unwrap();
            assert!(!pasted.answers_request, "{text}");
            assert_eq!(PastedToken::parse(text).unwrap().token.expose(), TOKEN, "{text}");
        }
    }

    #[test]
    fn a_pasted_token_comes_with_what_its_url_says() {
        let url = format!(
            "http://127.0.0.1:7829/callback/N?scope=repo%3Aread%2Cuser%3Aread&state=x#access_token={TOKEN}&token_type=Bearer&expires_in=60"
        );
        let PastedToken { token, expires_in, scopes } = PastedToken::parse(&url).unwrap();
        assert_eq!((token.expose(), expires_in), (TOKEN, Some(Duration::from_secs(60))));
        assert_eq!(scopes.unwrap().to_string(), "repo:read,user:read");
        let parse = |text: &str| PastedToken::parse(text).map(|pasted| (pasted.expires_in, pasted.scopes));
        assert_eq!(parse(TOKEN), Ok((None, None)));
        assert_eq!(parse(&format!("https://quay.io/#access_token={TOKEN}&scope=repo:read")), Ok((None, None)));
        for (text, error) in [
            ("", PasteError::Empty),
            (" \n", PasteError::Empty),
            ("https://quay.io/#x=1", PasteError::NoResponse),
            ("https://quay.io/#access_token=short", PasteError::BrokenToken),
            ("http://127.0.0.1:7829/callback/N?error=authorization_denied", PasteError::Refused),
            ("https://quay.io/oauth/authorize?client_id=X", PasteError::AuthorizeUrl),
            ("twoWordsOfAToken 0123456789abcdefghij", PasteError::NotAToken(MalformedToken)),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
