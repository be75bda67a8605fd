//! The OAuth application that an administrator created at Quay: its client ID and its registered redirect URI.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use url::Url;

/// A client ID: 1 to 255 of `[A-Za-z0-9_-]`. Those that Quay creates have 20 letters and digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientId(String);

impl ClientId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Finds it in the address of a page of Quay's: that of the application in the old web UI,
    /// `/organization/ORG/application/CLIENT_ID`, or one with the parameter `client_id`.
    pub(crate) fn in_page_url(url: &Url) -> Option<Self> {
        let mut segments =
            url.path_segments()?.skip_while(|segment| !["application", "applications"].contains(segment));
        let parameter = || url.query_pairs().find(|(name, _)| name == "client_id").map(|(_, value)| value.into_owned());
        let text = segments.nth(1).map(str::to_owned).or_else(parameter)?;
        text.parse().ok()
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a client ID has only letters, digits, `_` and `-`; Quay shows it under \"OAuth Information\" as \"Client ID:\""
)]
pub(crate) struct InvalidClientId;

impl FromStr for ClientId {
    type Err = InvalidClientId;

    fn from_str(text: &str) -> Result<Self, InvalidClientId> {
        let fits = (1..=255).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if fits { Ok(ClientId(text.to_owned())) } else { Err(InvalidClientId) }
    }
}

/// The UUID of an assignment: Quay's `assignment_uuid`. The assigned user can authorize the application once with it
/// (docs/quay.md, cases J).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssignmentId(String);

impl AssignmentId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an assignment is a UUID, such as 0a1b2c3d-0000-4000-8000-000000000000")]
pub(crate) struct InvalidAssignmentId;

impl FromStr for AssignmentId {
    type Err = InvalidAssignmentId;

    fn from_str(text: &str) -> Result<Self, InvalidAssignmentId> {
        let fits = text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if fits { Ok(AssignmentId(text.to_owned())) } else { Err(InvalidAssignmentId) }
    }
}

/// How a redirect URI names this machine. Quay compares redirect URIs as text, so the three spellings are different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoopbackHost {
    /// `localhost`: a browser may connect by IPv4 or by IPv6.
    Localhost,
    /// A literal address, `127.0.0.1` or `[::1]`.
    Address(IpAddr),
}

impl fmt::Display for LoopbackHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoopbackHost::Localhost => f.write_str("localhost"),
            LoopbackHost::Address(IpAddr::V4(ip)) => ip.fmt(f),
            LoopbackHost::Address(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

/// A registered redirect URI on this machine.
///
/// Always `http`; the host is exactly `localhost`, `127.0.0.1` or `[::1]`; no user name, query or fragment. Quay
/// compares it as text (docs/quay.md, cases G), and whatever program listens there gets the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RedirectUri {
    registered: String,
    host: LoopbackHost,
    port: u16,
    /// Where the path begins in `registered`.
    path_start: usize,
}

impl RedirectUri {
    /// The URI as it is registered at Quay.
    pub(crate) fn as_str(&self) -> &str {
        &self.registered
    }

    pub(crate) fn host(&self) -> LoopbackHost {
        self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `localhost:8976`: the `Host` header of a request to this URI. With `http://` in front, it is the URI's origin. In both, browsers
    /// leave out port 80.
    pub(crate) fn authority(&self) -> &str {
        let authority = &self.registered["http://".len()..self.path_start];
        if self.port == 80 { authority.trim_end_matches(":80") } else { authority }
    }

    /// The same URI with another port.
    pub(crate) fn with_port(&self, port: u16) -> String {
        format!("http://{}:{port}{}", self.host, &self.registered[self.path_start..])
    }

    /// Adds a path segment. All releases of Quay accept that for a registered URI, and redirect there (docs/quay.md, cases G). The
    /// exception is a redirect URI that does not match: then Quay redirects to the registered one.
    pub(crate) fn with_segment(&self, segment: &str) -> String {
        format!("{}/{segment}", self.registered.trim_end_matches('/'))
    }
}

impl Default for RedirectUri {
    /// `http://127.0.0.1:7829/callback`. A literal address needs one socket; for `localhost`, another program could listen on the
    /// other address family. 7829 spells QUAY on a phone's keypad.
    fn default() -> Self {
        RedirectUri {
            registered: "http://127.0.0.1:7829/callback".to_owned(),
            host: LoopbackHost::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            port: 7829,
            path_start: "http://127.0.0.1:7829".len(),
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.registered)
    }
}

/// Why quay-auth cannot listen at a redirect URI.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRedirectUri {
    #[error("a redirect URI on this machine must begin with http://")]
    Scheme,
    #[error("a redirect URI must stay on this machine: its host must be localhost, 127.0.0.1 or [::1]")]
    NotLoopback,
    #[error("the port of a redirect URI must be from 1 to 65535, as in http://127.0.0.1:7829/callback")]
    Port,
    #[error("a redirect URI must not have a user name, a query or a fragment")]
    ExtraPart,
    /// A path that Quay or a browser would rewrite.
    #[error("the path of a redirect URI must have only letters, digits and `-._~/`, and no `..`")]
    Path,
}

impl FromStr for RedirectUri {
    type Err = InvalidRedirectUri;

    fn from_str(text: &str) -> Result<Self, InvalidRedirectUri> {
        // Parsed by hand, because a URL parser normalizes what Quay compares as text.
        const SCHEME: &str = "http://";
        let rest = text.strip_prefix(SCHEME).ok_or(InvalidRedirectUri::Scheme)?;
        if text.contains(['?', '#', '@']) {
            return Err(InvalidRedirectUri::ExtraPart);
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let path = &rest[authority.len()..];
        let hosts = [
            ("localhost", LoopbackHost::Localhost),
            ("127.0.0.1", LoopbackHost::Address(IpAddr::V4(Ipv4Addr::LOCALHOST))),
            ("[::1]", LoopbackHost::Address(IpAddr::V6(Ipv6Addr::LOCALHOST))),
        ];
        let (host, port) = hosts
            .into_iter()
            .find_map(|(name, host)| {
                let port = authority.strip_prefix(name)?;
                (port.is_empty() || port.starts_with(':')).then_some((host, port))
            })
            .ok_or(InvalidRedirectUri::NotLoopback)?;
        let port = match port.strip_prefix(':') {
            None => 80,
            Some(digits) if !digits.starts_with(|c: char| ('1'..='9').contains(&c)) => {
                return Err(InvalidRedirectUri::Port);
            }
            Some(digits) => digits.parse().map_err(|_| InvalidRedirectUri::Port)?,
        };
        let is_plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b));
        let has_dots = path.split('/').any(|segment| segment == "." || segment == "..");
        if !is_plain || has_dots || path.trim_end_matches('/').contains("//") || path.len() > 512 {
            return Err(InvalidRedirectUri::Path);
        }
        Ok(RedirectUri { registered: text.to_owned(), host, port, path_start: SCHEME.len() + authority.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_segment_adds_one_segment_to_the_path() {
        for (registered, sent) in [
            ("http://localhost:8976/callback", "http://localhost:8976/callback/N"),
            ("http://localhost:8976/callback/", "http://localhost:8976/callback/N"),
            ("http://127.0.0.1:7829", "http://127.0.0.1:7829/N"),
            ("http://[::1]:7829/a/b", "http://[::1]:7829/a/b/N"),
        ] {
            let uri: RedirectUri = registered.parse().unwrap();
            assert_eq!(uri.with_segment("N"), sent);
            assert!(sent.starts_with(&format!("http://{}/", uri.authority())));
        }
        assert_eq!("http://127.0.0.1:7829/callback".parse::<RedirectUri>().unwrap(), RedirectUri::default());
    }

    #[test]
    fn a_missing_port_is_port_80_and_browsers_do_not_send_it() {
        for (registered, authority, other_port) in [
            ("http://localhost/callback", "localhost", "http://localhost:81/callback"),
            ("http://127.0.0.1:80/callback", "127.0.0.1", "http://127.0.0.1:81/callback"),
            ("http://[::1]:80", "[::1]", "http://[::1]:81"),
        ] {
            let uri: RedirectUri = registered.parse().unwrap();
            assert_eq!((uri.as_str(), uri.port(), uri.authority()), (registered, 80, authority));
            assert_eq!(uri.with_port(81), other_port);
        }
        let uri: RedirectUri = "http://localhost:8080/callback".parse().unwrap();
        assert_eq!((uri.port(), uri.authority()), (8080, "localhost:8080"));
    }

    #[test]
    fn redirect_uris_elsewhere_or_that_quay_cannot_match_are_rejected() {
        use InvalidRedirectUri::*;
        for (text, error) in [
            ("https://localhost:8976/callback", Scheme),
            ("localhost:8976/callback", Scheme),
            ("http://example.com:80/", NotLoopback),
            ("http://localhost.evil:8976/", NotLoopback),
            ("http://127.0.0.1.nip.io:8976/", NotLoopback),
            ("http://LOCALHOST:8976/", NotLoopback),
            ("http://0.0.0.0:8976/", NotLoopback),
            ("http://localhost:/callback", Port),
            ("http://localhost:0/callback", Port),
            ("http://localhost:65536/callback", Port),
            ("http://localhost:08976/callback", Port),
            ("http://localhost:8976/callback?x=1", ExtraPart),
            ("http://localhost:8976/callback#x", ExtraPart),
            ("http://me@localhost:8976/callback", ExtraPart),
            ("http://localhost:8976/a/../b", Path),
            ("http://localhost:8976/a%2fb", Path),
            ("http://localhost:8976/a//b", Path),
            ("http://localhost:8976/{a}", Path),
        ] {
            assert_eq!(text.parse::<RedirectUri>(), Err(error), "{text}");
        }
    }

    #[test]
    fn the_client_id_is_found_in_the_address_of_a_page() {
        let found = |url: &str| ClientId::in_page_url(&url.parse().unwrap()).map(|id| id.to_string());
        for url in [
            "https://quay.io/organization/acme/application/ABC123",
            "https://quay.io/organization/acme/application/ABC123?tab=settings#x",
            "https://quay.io/api/v1/organization/acme/applications/ABC123/tokens",
            "https://quay.io/oauth/authorize?response_type=token&client_id=ABC123&scope=x",
        ] {
            assert_eq!(found(url).as_deref(), Some("ABC123"), "{url}");
        }
        for url in ["https://quay.io/", "https://quay.io/organization/application", "https://quay.io/application/a%20b"]
        {
            assert_eq!(found(url), None, "{url}");
        }
    }

    #[test]
    fn client_ids_with_other_characters_are_rejected() {
        assert!("acmecallback00000001".parse::<ClientId>().is_ok());
        for bad in ["", "a b", "$(id)", "a;b", "-x", "é"] {
            assert_eq!(bad.parse::<ClientId>(), Err(InvalidClientId), "{bad}");
        }
    }
}
