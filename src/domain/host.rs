//! `Host`: one Quay, named by scheme, name and port.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::without_tokens;

/// How a host is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scheme {
    /// TLS; the default.
    Https,
    /// Readable on the way: fine on loopback, elsewhere only with `--allow-http`.
    Http,
}

impl Scheme {
    /// The scheme as it stands in a URL.
    fn as_str(self) -> &'static str {
        match self {
            Scheme::Https => "https",
            Scheme::Http => "http",
        }
    }

    /// The port that goes without saying.
    pub(crate) fn default_port(self) -> u16 {
        match self {
            Scheme::Https => 443,
            Scheme::Http => 80,
        }
    }
}

/// One Quay: scheme, lower-cased name (IDN in punycode) and port.
///
/// Written back as `quay.io`, `quay.example.com:8443` or `http://localhost:8080`: as short as `--host` takes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Host {
    /// Lower-case name, punycode, IPv6 in brackets.
    name: String,
    /// The port, always known.
    port: u16,
    /// How it is spoken to.
    scheme: Scheme,
}

impl Host {
    /// The public Quay: what is meant when nobody names a host and no login exists.
    pub(crate) fn quay_io() -> Self {
        Host { name: "quay.io".to_owned(), port: 443, scheme: Scheme::Https }
    }

    /// The name alone: lower case, punycode, IPv6 in brackets.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How it is spoken to.
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// `quay.io` or `quay.example.com:8443`: name and port, the port left out where it is 443.
    ///
    /// An `http` host always shows its port, so that it is never taken for the `https` host of that name.
    pub(crate) fn authority(&self) -> String {
        if (self.scheme, self.port) == (Scheme::Https, Scheme::Https.default_port()) {
            self.name.clone()
        } else {
            format!("{}:{}", self.name, self.port)
        }
    }

    /// `https://quay.io`: scheme, name and port, without a slash behind.
    pub(crate) fn origin(&self) -> String {
        if self.port == self.scheme.default_port() {
            format!("{}://{}", self.scheme.as_str(), self.name)
        } else {
            format!("{}://{}:{}", self.scheme.as_str(), self.name, self.port)
        }
    }

    /// The host as the names of its images begin: without the port that its scheme brings along.
    pub(crate) fn registry(&self) -> String {
        if self.port == self.scheme.default_port() { self.name.clone() } else { format!("{}:{}", self.name, self.port) }
    }

    /// Whether what is sent there stays on this machine: `localhost` or a loopback address.
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

/// A host as a person wrote it: a bare name leaves the scheme open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostArgument {
    /// The host, `https` where no scheme was written.
    host: Host,
    /// Whether a scheme was written.
    names_scheme: bool,
}

impl HostArgument {
    /// The host that is meant: a bare name is the known host of that name, else `https`.
    pub(crate) fn resolve<'a>(&self, known: impl IntoIterator<Item = &'a Host>) -> Host {
        if self.names_scheme {
            return self.host.clone();
        }
        let written = self.host.authority();
        known
            .into_iter()
            .find(|known| known.authority() == written || (known.port == 80 && known.name == written))
            .unwrap_or(&self.host)
            .clone()
    }
}

/// Why a text is not a host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidHost {
    /// There is no host name in it.
    #[error("`{0}` is not a host name; write it as quay.io, quay.example.com:8443 or http://localhost:8080")]
    NotAHost(String),
    /// A scheme other than http and https.
    #[error("a Quay is reached by https (or http on this machine), not by `{0}`")]
    Scheme(String),
    /// More than a host: a path, query, fragment or user part.
    #[error("only the host is wanted, without {extra}; did you mean `{meant}`?")]
    Surplus {
        /// What stands there besides.
        extra: &'static str,
        /// The host alone.
        meant: Host,
    },
}

impl FromStr for HostArgument {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let names_scheme = text.contains("://");
        // What is not a host is not repeated beyond its host part: a pasted address may hold a password or a token.
        let shown = || {
            let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host: String = authority.rsplit('@').next().unwrap_or_default().chars().take(60).collect();
            without_tokens(&host)
        };
        let not_a_host = || InvalidHost::NotAHost(shown());
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(not_a_host());
        }
        let written = if names_scheme { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&written).map_err(|_| not_a_host())?;
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => return Err(InvalidHost::Scheme(other.to_owned())),
        };
        let name = url.host_str().filter(|name| !name.is_empty()).ok_or_else(not_a_host)?;
        let host = Host {
            // A dot at the end says that the name is whole; it is the same host.
            name: name.strip_suffix('.').unwrap_or(name).to_owned(),
            port: url.port().unwrap_or(scheme.default_port()),
            scheme,
        };
        // The parser passes over slashes too many, and an empty part of a name leads nowhere.
        let starts_with_slash = written.split_once("://").is_some_and(|(_, rest)| rest.starts_with('/'));
        if host.port == 0 || starts_with_slash || host.name.split('.').any(str::is_empty) {
            return Err(not_a_host());
        }
        let surplus = |extra| Err(InvalidHost::Surplus { extra, meant: host.clone() });
        if !url.username().is_empty() || url.password().is_some() {
            return surplus("a user name");
        }
        if url.fragment().is_some() {
            return surplus("a fragment");
        }
        if url.query().is_some() {
            return surplus("a query");
        }
        if url.path() != "/" {
            return surplus("a path");
        }
        Ok(HostArgument { host, names_scheme })
    }
}

impl FromStr for Host {
    type Err = InvalidHost;

    /// Takes a bare name as `https`.
    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        Ok(text.parse::<HostArgument>()?.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_hosts_as_short_as_they_are_read() {
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
    fn says_what_was_meant_where_more_than_a_host_stands() {
        for (written, message) in [
            ("https://quay.io/repository/a", "only the host is wanted, without a path; did you mean `quay.io`?"),
            ("https://me:pw@quay.io", "only the host is wanted, without a user name; did you mean `quay.io`?"),
            ("quay.io?x=1", "only the host is wanted, without a query; did you mean `quay.io`?"),
            ("quay.io#x", "only the host is wanted, without a fragment; did you mean `quay.io`?"),
            ("ftp://quay.io", "a Quay is reached by https (or http on this machine), not by `ftp`"),
        ] {
            assert_eq!(written.parse::<Host>().unwrap_err().to_string(), message);
        }
        for nonsense in [
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
        ] {
            assert!(matches!(nonsense.parse::<Host>(), Err(InvalidHost::NotAHost(_))), "{nonsense:?}");
        }
    }

    #[test]
    fn what_is_no_host_is_shown_without_what_may_be_secret() {
        for (written, shown) in
            [("https://qu ay.io/x?y", "qu ay.io"), ("me:pw@qu ay.io", "qu ay.io"), ("http://a..b", "a..b")]
        {
            assert_eq!(written.parse::<Host>(), Err(InvalidHost::NotAHost(shown.to_owned())));
        }
    }

    #[test]
    fn a_bare_name_takes_the_scheme_of_the_known_host() {
        let known: Vec<Host> =
            ["http://quay.test:8080", "http://plain.test", "quay.io"].map(|h| h.parse().unwrap()).into();
        let resolve = |text: &str| text.parse::<HostArgument>().unwrap().resolve(&known).to_string();
        assert_eq!(resolve("quay.test:8080"), "http://quay.test:8080");
        assert_eq!(resolve("plain.test"), "http://plain.test");
        assert_eq!(resolve("https://quay.test:8080"), "quay.test:8080");
        assert_eq!(resolve("other.test"), "other.test");
    }

    #[test]
    fn an_http_host_is_never_taken_for_the_https_host_of_that_name() {
        let authority = |text: &str| text.parse::<Host>().unwrap().authority();
        assert_eq!(
            ["quay.test", "http://quay.test", "http://quay.test:443"].map(authority),
            ["quay.test", "quay.test:80", "quay.test:443"]
        );
    }

    #[test]
    fn knows_what_stays_on_this_machine() {
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
    fn a_host_is_named_as_images_name_it() {
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
