//! How Quay parses redirect URIs, which ones it accepts, and how it adds its answer to them.

use super::release::Release;

/// The parts of a redirect URI, as Python's `urlsplit` returns them to Quay.
struct Parts {
    scheme: String,
    netloc: String,
    path: String,
    query: String,
    fragment: String,
}

impl Parts {
    fn of(uri: &str) -> Parts {
        let rest = uri.trim_start_matches(|c: char| c <= ' ');
        let (scheme, rest) = match rest.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
            _ => (String::new(), rest),
        };
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (netloc, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        Parts {
            scheme,
            netloc: netloc.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            fragment: fragment.to_owned(),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Whether Quay accepts the requested redirect URI for the registered one. From 3.16 on it parses both; before that it compares them as text
/// (docs/quay.md, "What redirect URIs Quay accepts"; cases G, X4).
pub(super) fn is_accepted(release: Release, registered: &str, asked: &str) -> bool {
    if registered.is_empty() || asked.is_empty() {
        return false;
    }
    if !release.parses_redirect_uris() {
        return asked.starts_with(registered);
    }
    let (registered, asked) = (Parts::of(registered), Parts::of(asked));
    registered.scheme == asked.scheme
        && registered.netloc == asked.netloc
        && !asked.netloc.contains('@')
        && !asked.path.contains("..")
        && !asked.path.contains('@')
        && asked.path.strip_prefix(registered.path.as_str()).is_some_and(|behind| !behind.contains('%'))
}

/// Adds parameters to the query of a URI. `None` removes one that is there.
///
/// As in Python, a repeated key becomes one, with its first place and last value. Escapes are rewritten, and a fragment stays (cases B7,
/// G "query named state", "repeated key", "fragment", "is REMOVED").
pub(super) fn with_query(uri: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let parts = Parts::of(uri);
    let mut query: Vec<(String, String)> = Vec::new();
    for (key, value) in url::form_urlencoded::parse(parts.query.as_bytes()) {
        set(&mut query, &key, &value);
    }
    for (key, value) in parameters {
        match value {
            Some(value) => set(&mut query, key, value),
            None => query.retain(|(known, _)| known != key),
        }
    }
    let query =
        query.iter().map(|(key, value)| format!("{}={}", quoted(key), quoted(value))).collect::<Vec<_>>().join("&");

    let mut uri = String::new();
    if !parts.scheme.is_empty() {
        uri += &format!("{}:", parts.scheme);
    }
    if !parts.netloc.is_empty() {
        uri += &format!("//{}", parts.netloc);
    }
    uri += &parts.path;
    if !query.is_empty() {
        uri += &format!("?{query}");
    }
    if !parts.fragment.is_empty() {
        uri += &format!("#{}", parts.fragment);
    }
    uri
}

fn set(query: &mut Vec<(String, String)>, key: &str, value: &str) {
    match query.iter_mut().find(|(known, _)| known == key) {
        Some((_, old)) => value.clone_into(old),
        None => query.push((key.to_owned(), value.to_owned())),
    }
}

/// Python's `quote_plus`. Unlike the form encoding of browsers, it escapes `*` and not `~`.
fn quoted(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'_' | b'.' | b'-' | b'~' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// A URI for a `Location` header: spaces and everything that is not ASCII are escaped (case G "trailing space").
pub(super) fn as_header(uri: &str) -> String {
    uri.bytes()
        .map(|byte| match byte {
            b'!'..=b'~' if !b"\"<>\\^`{|}".contains(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
