//! The OAuth application that somebody made in Quay: its client id and its registered redirect URI.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A client id: 1 to 255 of `[A-Za-z0-9_-]`. Quay's own have 20 letters and digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientId(String);

impl ClientId {
    /// The id as Quay shows it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not a client id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a client id has letters, digits, `_` or `-` only; Quay shows it under \"OAuth Information\" as \"Client ID:\""
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

/// The uuid of an assignment: Quay's `assignment_uuid`, good for one authorization by the user it was made for (recorded cases "J …").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssignmentId(String);

impl AssignmentId {
    /// The uuid as Quay wrote it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Not an assignment's uuid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an assignment is named by its uuid, as in 0a1b2c3d-0000-4000-8000-000000000000")]
pub(crate) struct InvalidAssignmentId;

impl FromStr for AssignmentId {
    type Err = InvalidAssignmentId;

    fn from_str(text: &str) -> Result<Self, InvalidAssignmentId> {
        let fits = text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if fits { Ok(AssignmentId(text.to_owned())) } else { Err(InvalidAssignmentId) }
    }
}

/// How a redirect URI names this machine. Quay compares the text, so the three are not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoopbackHost {
    /// `localhost`: a browser may come to either address family.
    Localhost,
    /// A literal address, `127.0.0.1` or `[::1]`.
    Address(IpAddr),
}

/// A registered redirect URI on this machine, without a slash at its end.
///
/// Always `http`, host exactly `localhost`, `127.0.0.1` or `[::1]`, an explicit port, no user, query or fragment: Quay compares
/// it as text (recorded cases "G …"), and whatever listens there gets the token. A slash at the end is kept apart, since what is
/// sent to Quay is the URI, a slash and the nonce in both cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RedirectUri {
    /// As it was registered.
    registered: String,
    /// Which loopback.
    host: LoopbackHost,
    /// 1 to 65535.
    port: u16,
    /// Where the path begins in `registered`.
    path_start: usize,
}

impl RedirectUri {
    /// The URI as it was registered in Quay.
    pub(crate) fn as_str(&self) -> &str {
        &self.registered
    }

    /// Which loopback it names.
    pub(crate) fn host(&self) -> LoopbackHost {
        self.host
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `localhost:8976`: the `Host` header of a request to it, and with `http://` in front its origin.
    pub(crate) fn authority(&self) -> &str {
        &self.registered["http://".len()..self.path_start]
    }

    /// The URI with one more path segment. Both of Quay's matching rules accept it (recorded cases "G …"), and it survives every outcome.
    pub(crate) fn with(&self, segment: &str) -> String {
        format!("{}/{segment}", self.registered.trim_end_matches('/'))
    }
}

impl Default for RedirectUri {
    /// `http://127.0.0.1:7829/callback`: one socket, so nobody can hold the other address family; 7829 spells QUAY on a phone.
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

/// Why a text is not a redirect URI that may be listened on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRedirectUri {
    /// Not `http://`.
    #[error("a redirect URI on this machine begins with http://")]
    Scheme,
    /// Another host than this machine.
    #[error("a redirect URI must stay on this machine: its host is exactly localhost, 127.0.0.1 or [::1]")]
    NotLoopback,
    /// No port, port 0, or no number.
    #[error("a redirect URI names its port, 1 to 65535, as in http://127.0.0.1:7829/callback")]
    Port,
    /// A query, fragment or user part.
    #[error("a redirect URI has no user name, query or fragment")]
    Surplus,
    /// A path that Quay or a browser would rewrite.
    #[error("the path of a redirect URI holds letters, digits and `-._~/` only, and no `..`")]
    Path,
}

impl FromStr for RedirectUri {
    type Err = InvalidRedirectUri;

    fn from_str(text: &str) -> Result<Self, InvalidRedirectUri> {
        // Read by hand: a URL parser would mend what Quay compares as text.
        const SCHEME: &str = "http://";
        let rest = text.strip_prefix(SCHEME).ok_or(InvalidRedirectUri::Scheme)?;
        if text.contains(['?', '#', '@']) {
            return Err(InvalidRedirectUri::Surplus);
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let path = &rest[authority.len()..];
        let named = [
            ("localhost", LoopbackHost::Localhost),
            ("127.0.0.1", LoopbackHost::Address(IpAddr::V4(Ipv4Addr::LOCALHOST))),
            ("[::1]", LoopbackHost::Address(IpAddr::V6(Ipv6Addr::LOCALHOST))),
        ];
        let (host, port) = named
            .into_iter()
            .find_map(|(name, host)| {
                let port = authority.strip_prefix(name)?;
                (port.is_empty() || port.starts_with(':')).then_some((host, port))
            })
            .ok_or(InvalidRedirectUri::NotLoopback)?;
        let port = port
            .strip_prefix(':')
            .filter(|digits| digits.starts_with(|c: char| ('1'..='9').contains(&c)))
            .and_then(|digits| digits.parse().ok())
            .ok_or(InvalidRedirectUri::Port)?;
        let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b));
        let steps_aside = path.split('/').any(|segment| segment == "." || segment == "..");
        if !plain || steps_aside || path.trim_end_matches('/').contains("//") || path.len() > 512 {
            return Err(InvalidRedirectUri::Path);
        }
        Ok(RedirectUri { registered: text.to_owned(), host, port, path_start: SCHEME.len() + authority.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nonce_becomes_one_more_segment() {
        for (registered, sent) in [
            ("http://localhost:8976/callback", "http://localhost:8976/callback/N"),
            ("http://localhost:8976/callback/", "http://localhost:8976/callback/N"),
            ("http://127.0.0.1:7829", "http://127.0.0.1:7829/N"),
            ("http://[::1]:7829/a/b", "http://[::1]:7829/a/b/N"),
        ] {
            let uri: RedirectUri = registered.parse().unwrap();
            assert_eq!(uri.with("N"), sent);
            assert!(sent.starts_with(&format!("http://{}/", uri.authority())));
        }
        assert_eq!("http://127.0.0.1:7829/callback".parse::<RedirectUri>().unwrap(), RedirectUri::default());
    }

    #[test]
    fn refuses_what_leaves_this_machine_or_what_quay_would_not_match() {
        use InvalidRedirectUri::*;
        for (text, error) in [
            ("https://localhost:8976/callback", Scheme),
            ("localhost:8976/callback", Scheme),
            ("http://example.com:80/", NotLoopback),
            ("http://localhost.evil:8976/", NotLoopback),
            ("http://127.0.0.1.nip.io:8976/", NotLoopback),
            ("http://LOCALHOST:8976/", NotLoopback),
            ("http://0.0.0.0:8976/", NotLoopback),
            ("http://localhost/callback", Port),
            ("http://localhost:0/callback", Port),
            ("http://localhost:65536/callback", Port),
            ("http://localhost:08976/callback", Port),
            ("http://localhost:8976/callback?x=1", Surplus),
            ("http://localhost:8976/callback#x", Surplus),
            ("http://me@localhost:8976/callback", Surplus),
            ("http://localhost:8976/a/../b", Path),
            ("http://localhost:8976/a%2fb", Path),
            ("http://localhost:8976/a//b", Path),
            ("http://localhost:8976/{a}", Path),
        ] {
            assert_eq!(text.parse::<RedirectUri>(), Err(error), "{text}");
        }
    }

    #[test]
    fn client_ids_are_plain_words() {
        assert!("acmecallback00000001".parse::<ClientId>().is_ok());
        for bad in ["", "a b", "$(id)", "a;b", "-x", "é"] {
            assert_eq!(bad.parse::<ClientId>(), Err(InvalidClientId), "{bad}");
        }
    }
}
