//! `ServerUrl`: the server that a client of the credential protocol names, in whichever of its forms.

use std::fmt;

use crate::domain::{Host, Scheme};

/// Host and port as a client writes them: `quay.io`, `https://quay.io/`, `https://quay.io/v1/`, `quay.example.com:8443`.
///
/// Everything else is no server of ours: a user part, a path, a query, an escape, a character that no host has. What is compared is
/// lower-case text, so no name that merely looks alike, or leads to the same machine, is taken for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    /// Whether `http://` stands in front.
    is_plain: bool,
    /// Lower-case name; IPv6 in brackets.
    name: String,
    /// The port, where one is written.
    port: Option<u16>,
}

impl ServerUrl {
    /// Reads what a client wrote; `None` where it cannot mean any host.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (is_plain, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => (false, text.as_str()),
        };
        let ends = ["/v1/", "/v2/", "/"];
        let authority = ends.iter().find_map(|end| rest.strip_suffix(end)).unwrap_or(rest);
        let name_length = match authority.strip_prefix('[') {
            Some(address) => address.find(']')? + 2,
            None => authority.find(':').unwrap_or(authority.len()),
        };
        let (name, port) = authority.split_at(name_length);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
        let is_address = |c: char| c.is_ascii_hexdigit() || "[:.]".contains(c);
        let fits = !name.is_empty() && name.len() <= 255 && (name.chars().all(is_name) || name.chars().all(is_address));
        let port = match port.strip_prefix(':') {
            Some(digits) => Some(digits.parse().ok().filter(|port: &u16| *port > 0 && port.to_string() == digits)?),
            None if port.is_empty() => None,
            None => return None,
        };
        fits.then(|| ServerUrl { is_plain, name: name.to_owned(), port })
    }

    /// Whether that host is meant. A port that is not written is the one that goes without saying; a client that writes `http://`
    /// would carry the token readable, so it must meet a host that is spoken to that way.
    pub(crate) fn means(&self, host: &Host) -> bool {
        self.name == host.name()
            && self.port.unwrap_or(host.scheme().default_port()) == host.port()
            && !(self.is_plain && host.scheme() == Scheme::Https)
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_plain { "http://" } else { "" };
        write!(f, "{scheme}{}", self.name)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(server: &str, host: &str) -> bool {
        let host = host.parse().unwrap();
        ServerUrl::parse(server).is_some_and(|server| server.means(&host))
    }

    #[test]
    fn every_form_that_clients_write_is_understood() {
        for form in ["quay.io", "QUAY.io", "quay.io:443", "https://quay.io", "https://quay.io/", "https://quay.io/v1/"]
        {
            assert!(means(form, "quay.io"), "{form}");
        }
        for form in ["quay.io/v2/", "quay.io/", "HTTPS://quay.io:443/v2/"] {
            assert!(means(form, "quay.io"), "{form}");
        }
        for (form, host) in [
            ("quay.example.com:8443", "quay.example.com:8443"),
            ("localhost:8080", "http://localhost:8080"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://localhost:8080/v1/", "http://localhost:8080"),
            ("quay.test", "http://quay.test"),
            ("quay.test:80", "http://quay.test"),
            ("[::1]:8443", "[::1]:8443"),
            ("[::1]", "[::1]"),
            ("xn--bcher-kva.example", "bücher.example"),
        ] {
            assert!(means(form, host), "{form} {host}");
        }
    }

    #[test]
    fn nothing_that_merely_looks_alike_is_taken_for_the_host() {
        for foreign in [
            "",
            " ",
            "/",
            "https://",
            "https:///v1/",
            ":443",
            "quay.io.",
            "quay.io..",
            ".quay.io",
            "quay.io:",
            "quay.io:0",
            "quay.io:80",
            "quay.io:8443",
            "quay.io:0443",
            "quay.io:+443",
            "quay.io:443:443",
            "quay.io:65979",
            "quay.io: 443",
            "quay.io :443",
            "http://quay.io",
            "http://quay.io:443",
            "https://http://quay.io",
            "ftp://quay.io",
            "//quay.io",
            "https:quay.io",
            "https:/quay.io",
            "https//quay.io",
            "evilquay.io",
            "quay.io.evil.example",
            "quay.ioo",
            "uay.io",
            "quay-io",
            "quay,io",
            "quay.io/org",
            "quay.io/org/repo",
            "quay.io/v1",
            "quay.io/v2",
            "quay.io/v3/",
            "quay.io//",
            "quay.io/v1//",
            "quay.io/./",
            "quay.io/v1/v2/",
            "quay.io?",
            "quay.io?x=1",
            "quay.io#x",
            "https://quay.io/?",
            "user@quay.io",
            "https://user:pw@quay.io",
            "https://quay.io@evil.example",
            "evil.example#quay.io",
            "evil.example/quay.io",
            "quay.io\\",
            "quay.io\\evil.example",
            "quay%2eio",
            "quay.io%2f",
            "quay.io%00",
            "quay.io\0",
            "quay.io\r",
            "quay.io\nevil.example",
            "quay.io\t",
            "quay .io",
            "quаy.io",
            "quay。io",
            "QUAY.IO.",
            "*.io",
            "*",
            "127.0.0.1",
            "index.docker.io",
            "https://index.docker.io/v1/",
            "[quay.io]",
            "[::1]",
            "[::1",
            "::1",
            "[]",
            "[]:443",
            "[quay.io",
            "quay.io]",
            "ı",
        ] {
            assert!(!means(foreign, "quay.io"), "{foreign:?}");
        }
        for (form, host) in [
            ("localhost", "http://localhost:8080"),
            ("127.0.0.1:8080", "http://localhost:8080"),
            ("quay.test", "http://quay.test:443"),
            ("quay.test:443", "http://quay.test"),
            ("http://quay.test", "quay.test:80"),
            ("quay.test", "quay.test:80"),
        ] {
            assert!(!means(form, host), "{form} {host}");
        }
    }
}
