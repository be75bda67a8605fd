//! `ApiPath`: a path in Quay's API, always below `/api/v1/`.

use std::str::FromStr;

use url::Url;

use super::redact_tokens;

const BASE: &str = "/api/v1/";

/// A percent-encoded path below `/api/v1/`, with its query.
///
/// It never contains a host, so a request with the token cannot go to another server.
/// Written `repository?namespace=acme`, `/repository?…` or `/api/v1/repository?…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiPath(Url);

/// Why a text is not a path in the API.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidApiPath {
    /// A whole URL. The field is its path, where it has one below `/api/v1/`.
    #[error("give only the path here, and the host with --host{}", .0.as_ref().map(|path| format!("; did you mean `{path}`?")).unwrap_or_default())]
    Url(Option<String>),
    /// Dots or slashes that lead out of the API.
    #[error("the path must stay below {BASE}")]
    Outside,
    /// A fragment, a control character or a backslash.
    #[error("the path must not contain {0}; write it like repository?namespace=acme")]
    Character(&'static str),
    #[error("give a path below {BASE}, such as repository?namespace=acme")]
    Empty,
}

impl ApiPath {
    /// Path and query, as they are sent.
    pub(crate) fn as_str(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// The path alone.
    pub(crate) fn path(&self) -> &str {
        self.0.path()
    }

    /// Sets one parameter of the query. The other parameters keep their spelling.
    pub(crate) fn with_parameter(&self, name: &str, value: &str) -> Self {
        let mut url = self.0.clone();
        let has_name = |pair: &&str| form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(key, _)| key == name);
        let rest: Vec<&str> = self.0.query().unwrap_or_default().split('&').filter(|pair| !has_name(pair)).collect();
        let rest = rest.join("&");
        url.set_query((!rest.is_empty()).then_some(&rest));
        ApiPath(url).and_parameter(name, value)
    }

    /// Adds a parameter to the query, in addition to those of that name.
    pub(crate) fn and_parameter(&self, name: &str, value: &str) -> Self {
        let mut url = self.0.clone();
        url.query_pairs_mut().append_pair(name, value);
        ApiPath(url)
    }
}

impl FromStr for ApiPath {
    type Err = InvalidApiPath;

    fn from_str(text: &str) -> Result<Self, InvalidApiPath> {
        if text.contains(|c: char| c.is_control()) {
            return Err(InvalidApiPath::Character("a control character"));
        }
        if text.contains('\\') {
            return Err(InvalidApiPath::Character("a backslash"));
        }
        let path = text.split(['?', '#']).next().unwrap_or_default();
        if path.contains("://") || path.starts_with("//") {
            let below = text.split('#').next().and_then(|text| text.split_once(BASE)).map(|(_, below)| below);
            return Err(InvalidApiPath::Url(below.filter(|below| !below.is_empty()).map(redact_tokens)));
        }
        if text.contains('#') {
            return Err(InvalidApiPath::Character("a fragment"));
        }
        let below = text.strip_prefix(BASE).or_else(|| text.strip_prefix('/')).unwrap_or(text);
        if below.split('?').next().unwrap_or_default().is_empty() {
            return Err(InvalidApiPath::Empty);
        }
        // A server may decode the path before it resolves `..`.
        let decoded = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
        if decoded.split('/').any(|segment| segment == ".." || segment == ".") {
            return Err(InvalidApiPath::Outside);
        }
        let url = Url::parse(&format!("https://host{BASE}{below}")).map_err(|_| InvalidApiPath::Outside)?;
        if url.host_str() == Some("host") && url.path().starts_with(BASE) && !url.path().contains("//") {
            Ok(ApiPath(url))
        } else {
            Err(InvalidApiPath::Outside)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_spellings_are_sent_the_same_way() {
        for (written, sent) in [
            ("repository?namespace=acme&public=false", "/api/v1/repository?namespace=acme&public=false"),
            ("/repository?x", "/api/v1/repository?x"),
            ("/api/v1/repository", "/api/v1/repository"),
            ("user/", "/api/v1/user/"),
            ("repository/acme/app/tag/?limit=5", "/api/v1/repository/acme/app/tag/?limit=5"),
            ("find/all?query=a b&x=%2F%20é", "/api/v1/find/all?query=a%20b&x=%2F%20%C3%A9"),
            ("repository?x=http://evil.example/../", "/api/v1/repository?x=http://evil.example/../"),
            ("host:8080/x", "/api/v1/host:8080/x"),
            ("user@evil.example/x", "/api/v1/user@evil.example/x"),
            ("..a/.b/c..", "/api/v1/..a/.b/c.."),
        ] {
            assert_eq!(written.parse::<ApiPath>().unwrap().as_str(), sent);
        }
    }

    #[test]
    fn paths_outside_the_api_are_rejected() {
        for outside in [
            "..",
            "../oauth/authorize",
            "/../v2/auth",
            "repository/../../../oauth",
            "repository/../user/",
            "./user/",
            "%2e%2e/oauth",
            "%2E./oauth",
            ".%2e/oauth",
            "..%2foauth",
            "repository/%2e%2e%2f%2e%2e%2foauth",
            "..%5coauth",
            "a//b",
            "repository//evil",
            "/api/v1//evil.example/",
        ] {
            assert_eq!(outside.parse::<ApiPath>(), Err(InvalidApiPath::Outside), "{outside}");
        }
        for url in ["https://evil.example/api/v1", "http://quay.io/", "//evil.example/x", "///x", "ftp://x/y"] {
            assert_eq!(url.parse::<ApiPath>(), Err(InvalidApiPath::Url(None)), "{url}");
        }
        for odd in ["a\\b", "a\nb", "a\rb", "a\0b", "a#b", "\u{85}a", "\tuser"] {
            assert!(matches!(odd.parse::<ApiPath>(), Err(InvalidApiPath::Character(_))), "{odd:?}");
        }
        for empty in ["", "/", "/api/v1/", "?a=b"] {
            assert_eq!(empty.parse::<ApiPath>(), Err(InvalidApiPath::Empty), "{empty}");
        }
    }

    #[test]
    fn the_error_for_a_url_suggests_its_path_without_a_token() {
        let error = |text: &str| text.parse::<ApiPath>().unwrap_err().to_string();
        assert_eq!(
            error("https://quay.io/api/v1/user/?x=1#y"),
            "give only the path here, and the host with --host; did you mean `user/?x=1`?"
        );
        let secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123";
        assert!(!error(&format!("https://quay.io/api/v1/x?access_token={secret}")).contains(secret));
    }

    #[test]
    fn with_parameter_replaces_a_parameter_of_that_name() {
        let with =
            |text: &str| text.parse::<ApiPath>().unwrap().with_parameter("next_page", "a&b=").as_str().to_owned();
        assert_eq!(with("repository"), "/api/v1/repository?next_page=a%26b%3D");
        assert_eq!(with("repository?a=%2F&next_page=x&b"), "/api/v1/repository?a=%2F&b&next_page=a%26b%3D");
    }
}
