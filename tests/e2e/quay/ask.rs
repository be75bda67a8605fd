//! A request as the rules look at it: path, query, form, credentials; no rule is decided here.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, Uri, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A query or a form. Of a repeated name the first value counts (D14, E "repeated scope param").
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(encoded: &[u8]) -> Fields {
        Fields(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// Every value of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name, empty or not, if the name is there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// One request.
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) query: Fields,
    pub(super) form: Fields,
    pub(super) body: Bytes,
    headers: HeaderMap,
}

impl Ask {
    pub(super) fn new(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Ask {
        Ask {
            query: Fields::parse(uri.query().unwrap_or_default().as_bytes()),
            form: Fields::parse(&body),
            method,
            uri,
            body,
            headers,
        }
    }

    /// The request as it came, to hand it on.
    pub(super) fn into_request(self) -> Request<Bytes> {
        let mut request = Request::new(self.body);
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (self.method, self.uri, self.headers);
        request
    }

    /// `GET` and what goes with it: Quay answers `HEAD` like `GET`, minting included (A3, D9).
    pub(super) fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    /// Whether a script asks for the data behind a page (A2, N2b).
    pub(super) fn wants_json(&self) -> bool {
        self.query.get("format") == Some("json")
    }

    /// A header as text; the bytes of one that is none make it empty, so that nothing matches it (P2k).
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap_or_default())
    }

    /// A cookie by name.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.header("cookie")?
            .split("; ")
            .filter_map(|cookie| cookie.split_once('='))
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// The user name and password of `Authorization: Basic`.
    pub(super) fn basic(&self) -> Option<(String, String)> {
        let decoded = STANDARD.decode(self.credentials("basic")?).ok()?;
        let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some((name.to_owned(), password.to_owned()))
    }

    /// The token of `Authorization: Bearer`, in any case and with blanks around it, but not within (P2f, P2i, P2j).
    pub(super) fn bearer(&self) -> Option<&str> {
        self.credentials("bearer")
    }

    fn credentials(&self, scheme: &str) -> Option<&str> {
        let mut words = self.header(header::AUTHORIZATION.as_str())?.split_ascii_whitespace();
        let (name, credentials) = (words.next()?, words.next()?);
        (name.eq_ignore_ascii_case(scheme) && words.next().is_none()).then_some(credentials)
    }
}
