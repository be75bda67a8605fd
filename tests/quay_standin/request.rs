//! Reads a request: path, query, form, credentials.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, Uri, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::reply::Reply;

/// A query or a form. The first value of a repeated name counts (cases D14, E "repeated scope param").
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(encoded: &[u8]) -> Fields {
        Fields(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// All values of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of that name, which may be empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of that name, if it is a number.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }
}

pub(super) struct HttpRequest {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) query: Fields,
    pub(super) form: Fields,
    pub(super) body: Bytes,
    headers: HeaderMap,
}

impl HttpRequest {
    pub(super) fn new(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> HttpRequest {
        HttpRequest {
            query: Fields::parse(uri.query().unwrap_or_default().as_bytes()),
            form: Fields::parse(&body),
            method,
            uri,
            body,
            headers,
        }
    }

    /// The request as it arrived, to forward it.
    pub(super) fn into_request(self) -> Request<Bytes> {
        let mut request = Request::new(self.body);
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (self.method, self.uri, self.headers);
        request
    }

    /// `GET` or `HEAD`, which Quay treats the same: `HEAD` creates tokens too (cases A3, D9).
    pub(super) fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    /// Whether a script asks for the data behind a page (cases A2, N2b).
    pub(super) fn wants_json(&self) -> bool {
        self.query.get("format") == Some("json")
    }

    /// A header as text. One that is not text counts as empty (case P2k).
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

    /// The token of `Authorization: Bearer`, in any case and with spaces around it, but not within (cases P2f, P2i, P2j).
    pub(super) fn bearer(&self) -> Option<&str> {
        self.credentials("bearer")
    }

    fn credentials(&self, scheme: &str) -> Option<&str> {
        let mut words = self.header(header::AUTHORIZATION.as_str())?.split_ascii_whitespace();
        let (name, credentials) = (words.next()?, words.next()?);
        (name.eq_ignore_ascii_case(scheme) && words.next().is_none()).then_some(credentials)
    }

    /// The JSON body of a request that changes something, or Flask's refusal of it (cases S4h, T2h).
    pub(super) fn json(&self) -> Result<Value, Reply> {
        if self.header("content-type") != Some("application/json") {
            let message =
                "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.";
            return Err(Reply::refused(415, message));
        }
        serde_json::from_slice(&self.body).map_err(|_| Reply::not_understood())
    }
}
