//! `Host`: one Quay server, identified by scheme, name and port.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::redact_tokens;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scheme {
    /// The default.
    Https,
    /// Others on the network can read the token: used on loopback, and elsewhere only with `--allow-http`.
    Http,
}

impl Scheme {
    fn as_str(self) -> &'static str {
        match self {
            Scheme::Https => "https",
            Scheme::Http => "http",
        }
    }

    pub(crate) fn default_port(self) -> u16 {
        match self {
            Scheme::Https => 443,
            Scheme::Http => 80,
        }
    }
}

/// One Quay server: scheme, name and port.
///
/// The name consists of letters, digits, `.`, `_` and `-`, or is an IP address. It goes into URLs, JSON, shell commands and files that shells
/// read, and needs no quotes in any of them. The brackets of an IPv6 address are the one exception, in a shell command.
///
/// Written as `quay.io`, `quay.example.com:8443` or `http://localhost:8080`, the shortest form that `--host` accepts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Host {
    /// Lower case; international names in punycode, IPv6 addresses in brackets.
    name: String,
    port: u16,
    scheme: Scheme,
}

impl Host {
    /// The public Quay: the default when no host is given and there is no profile.
    pub(crate) fn quay_io() -> Self {
        Host { name: "quay.io".to_owned(), port: 443, scheme: Scheme::Https }
    }

    /// Lower case; international names in punycode, IPv6 addresses in brackets.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// `quay.io` or `quay.example.com:8443`: name and port, without the port 443 of an `https` host.
    ///
    /// An `http` host always has its port here, so that it is never confused with the `https` host of that name.
    pub(crate) fn authority(&self) -> String {
        if (self.scheme, self.port) == (Scheme::Https, Scheme::Https.default_port()) {
            self.name.clone()
        } else {
            format!("{}:{}", self.name, self.port)
        }
    }

    /// `https://quay.io`, or `https://quay.example.com:8443`.
    pub(crate) fn origin(&self) -> String {
        if self.port == self.scheme.default_port() {
            format!("{}://{}", self.scheme.as_str(), self.name)
        } else {
            format!("{}://{}:{}", self.scheme.as_str(), self.name, self.port)
        }
    }

    /// The host as image names begin with it: name and port, without the default port of its scheme.
    pub(crate) fn registry(&self) -> String {
        if self.port == self.scheme.default_port() { self.name.clone() } else { format!("{}:{}", self.name, self.port) }
    }

    /// The flag that selects this host on a command line. An IPv6 address is quoted, because brackets are a pattern in zsh.
    pub(crate) fn flag(&self) -> String {
        if self.name.starts_with('[') && cfg!(not(windows)) {
            format!("--host '{self}'")
        } else {
            format!("--host {self}")
        }
    }

    /// Whether requests to it stay on this machine: `localhost` or a loopback address.
    pub(crate) fn is_loopback(&self) -> bool {
        let bare = self.name.trim_start_matches('[').trim_end_matches(']');
        self.name == "localhost" || bare.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Scheme::Https => f.write_str(&self.authority()),
            Scheme::Http => f.write_str(&self.origin()),
        }
    }
}

/// A host as a person or a docker client wrote it, with or without a scheme and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostArgument {
    /// `https` if no scheme was written.
    host: Host,
    has_scheme: bool,
    has_port: bool,
}

impl From<Host> for HostArgument {
    fn from(host: Host) -> Self {
        HostArgument { host, has_scheme: true, has_port: true }
    }
}

impl HostArgument {
    /// Whether this can refer to that host. Without a scheme, it matches both `http` and `https`.
    pub(crate) fn matches(&self, host: &Host) -> bool {
        let port = if self.has_scheme || self.has_port { self.host.port } else { host.scheme.default_port() };
        self.host.name == host.name && port == host.port && (!self.has_scheme || self.host.scheme == host.scheme)
    }

    /// The one of these hosts that this refers to. If two match, that is the `https` host.
    ///
    /// `--host`, `docker install` and the credential helper all use this.
    pub(crate) fn find<'a>(&self, hosts: impl IntoIterator<Item = &'a Host>) -> Option<&'a Host> {
        hosts.into_iter().filter(|host| self.matches(host)).min_by_key(|host| host.scheme)
    }

    /// The `https` host if no scheme was written.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn has_scheme(&self) -> bool {
        self.has_scheme
    }
}

/// Why a text is not a host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidHost {
    #[error("`{0}` is not a host name; write it like quay.io, quay.example.com:8443 or http://localhost:8080")]
    NotAHost(String),
    #[error("quay-auth connects to Quay by https (or http), not by `{0}`")]
    Scheme(String),
    #[error("give only the host, without {part}; did you mean `{host}`?")]
    ExtraPart { part: &'static str, host: Host },
}

impl FromStr for HostArgument {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let has_scheme = text.contains("://");
        // The error repeats only the host's part of the text: a pasted URL may contain a password or a token.
        let host_part = || {
            let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host: String = authority.rsplit('@').next().unwrap_or_default().chars().take(60).collect();
            redact_tokens(&host)
        };
        let not_a_host = || InvalidHost::NotAHost(host_part());
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(not_a_host());
        }
        let with_scheme = if has_scheme { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&with_scheme).map_err(|_| not_a_host())?;
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => return Err(InvalidHost::Scheme(other.to_owned())),
        };
        let name = url.host_str().ok_or_else(not_a_host)?;
        // DNS names may end with a dot; it is the same host.
        let name = name.strip_suffix('.').unwrap_or(name);
        if !is_plain(name) && !matches!(url.host(), Some(url::Host::Ipv6(_))) {
            return Err(not_a_host());
        }
        // The parser drops the default port of the scheme. If none was written, parsing again with `http` reveals port 443.
        let port_with_http = || if has_scheme { None } else { Url::parse(&format!("http://{text}")).ok()?.port() };
        let port = url.port().or_else(port_with_http);
        let host = Host { name: name.to_owned(), port: port.unwrap_or(scheme.default_port()), scheme };
        // The parser ignores extra slashes and accepts empty labels.
        let starts_with_slash = with_scheme.split_once("://").is_some_and(|(_, rest)| rest.starts_with('/'));
        if host.port == 0 || starts_with_slash || host.name.split('.').any(str::is_empty) {
            return Err(not_a_host());
        }
        let extra = if !url.username().is_empty() || url.password().is_some() {
            Some("a user name")
        } else if url.fragment().is_some() {
            Some("a fragment")
        } else if url.query().is_some() {
            Some("a query")
        } else if url.path() != "/" {
            Some("a path")
        } else {
            None
        };
        match extra {
            Some(part) => Err(InvalidHost::ExtraPart { part, host }),
            None => Ok(HostArgument { host, has_scheme, has_port: port.is_some() }),
        }
    }
}

/// Whether the name has only characters of host names. The URL parser accepts more, which could have a meaning in a shell or in JSON.
fn is_plain(name: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_allowed)
}

impl FromStr for Host {
    type Err = InvalidHost;

    /// Reads a name without a scheme as an `https` host.
    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        Ok(text.parse::<HostArgument>()?.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_written_in_their_shortest_form() {
        for (written, shown, origin) in [
            ("quay.io", "quay.io", "https://quay.io"),
            ("QUAY.IO:443", "quay.io", "https://quay.io"),
            ("https://quay.io/", "quay.io", "https://quay.io"),
            ("quay.example.com:8443", "quay.example.com:8443", "https://quay.example.com:8443"),
            ("http://localhost:8080", "http://localhost:8080", "http://localhost:8080"),
            ("http://localhost", "http://localhost", "http://localhost"),
            ("http://localhost:443", "http://localhost:443", "http://localhost:443"),
            ("bücher.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("[::1]:8443", "[::1]:8443", "https://[::1]:8443"),
        ] {
            let host: Host = written.parse().unwrap();
            assert_eq!((host.to_string(), host.origin()), (shown.to_owned(), origin.to_owned()));
            assert_eq!(host.to_string().parse::<Host>().unwrap(), host);
        }
    }

    #[test]
    fn invalid_hosts_are_rejected() {
        for (written, message) in [
            ("https://quay.io/repository/a", "give only the host, without a path; did you mean `quay.io`?"),
            ("https://me:pw@quay.io", "give only the host, without a user name; did you mean `quay.io`?"),
            ("quay.io?x=1", "give only the host, without a query; did you mean `quay.io`?"),
            ("quay.io#x", "give only the host, without a fragment; did you mean `quay.io`?"),
            ("ftp://quay.io", "quay-auth connects to Quay by https (or http), not by `ftp`"),
        ] {
            assert_eq!(written.parse::<Host>().unwrap_err().to_string(), message);
        }
        for not_a_host in [
            "",
            "a b",
            "quay.io:99999",
            "quay.io:0",
            "https://",
            "qu\ny.io",
            ".quay.io",
            "quay..io",
            "quay.io..",
            "/quay.io",
            "https:///quay.io",
            "-quay.io",
        ] {
            assert!(matches!(not_a_host.parse::<Host>(), Err(InvalidHost::NotAHost(_))), "{not_a_host:?}");
        }
    }

    #[test]
    fn host_names_have_only_letters_digits_dots_dashes_and_underscores() {
        for name in ["my_quay.example", "10.1.2.3", "[2001:db8::1]", "q-1.example"] {
            assert_eq!(name.parse::<Host>().unwrap().name(), name);
        }
        for c in "$(){};&'\"`*!,~+=|<>^%".chars() {
            assert!(matches!(format!("q{c}x.example").parse::<Host>(), Err(InvalidHost::NotAHost(_))), "{c}");
        }
    }

    #[test]
    fn the_error_for_an_invalid_host_repeats_no_password() {
        for (written, shown) in
            [("https://qu ay.io/x?y", "qu ay.io"), ("me:pw@qu ay.io", "qu ay.io"), ("http://a..b", "a..b")]
        {
            assert_eq!(written.parse::<Host>(), Err(InvalidHost::NotAHost(shown.to_owned())));
        }
    }

    #[test]
    fn a_name_without_a_scheme_finds_the_https_host_first() {
        let hosts: Vec<Host> = [
            "http://both.test",
            "http://both.test:8443",
            "both.test",
            "http://plain.test:8080",
            "http://plain.test",
            "tls.test:8443",
        ]
        .map(|host| host.parse().unwrap())
        .into();
        let find = |text: &str| text.parse::<HostArgument>().unwrap().find(&hosts).map(Host::to_string);
        for (written, expected) in [
            ("both.test", Some("both.test")),
            ("both.test:443", Some("both.test")),
            ("both.test:80", Some("http://both.test")),
            ("both.test:8443", Some("http://both.test:8443")),
            ("https://both.test", Some("both.test")),
            ("http://both.test", Some("http://both.test")),
            ("https://both.test:80", None),
            ("plain.test", Some("http://plain.test")),
            ("plain.test:80", Some("http://plain.test")),
            ("plain.test:443", None),
            ("plain.test:8080", Some("http://plain.test:8080")),
            ("https://plain.test", None),
            ("https://plain.test:8080", None),
            ("tls.test", None),
            ("tls.test:8443", Some("tls.test:8443")),
            ("http://tls.test:8443", None),
        ] {
            assert_eq!(find(written).as_deref(), expected, "{written}");
        }
        // A host as it is displayed finds itself.
        assert!(hosts.iter().all(|host| host.to_string().parse::<HostArgument>().unwrap().find(&hosts) == Some(host)));
    }

    #[test]
    fn http_and_https_hosts_of_the_same_name_have_different_authorities() {
        let authority = |text: &str| text.parse::<Host>().unwrap().authority();
        assert_eq!(
            ["quay.test", "http://quay.test", "http://quay.test:443"].map(authority),
            ["quay.test", "quay.test:80", "quay.test:443"]
        );
    }

    #[test]
    fn localhost_and_loopback_addresses_are_loopback() {
        for (host, loopback) in [
            ("http://localhost:8080", true),
            ("http://127.0.0.1", true),
            ("http://[::1]:80", true),
            ("http://localhost.evil.example", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(host.parse::<Host>().unwrap().is_loopback(), loopback, "{host}");
        }
    }

    #[test]
    fn registry_omits_the_default_port() {
        for (host, name) in [
            ("quay.io", "quay.io"),
            ("quay.test:8443", "quay.test:8443"),
            ("http://quay.test", "quay.test"),
            ("http://localhost:8080", "localhost:8080"),
            ("http://quay.test:443", "quay.test:443"),
        ] {
            assert_eq!(host.parse::<Host>().unwrap().registry(), name);
        }
    }
}
