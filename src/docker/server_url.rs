//! The server that a client names in a request to the credential helper.

use crate::domain::HostArgument;

/// Reads host and port in the forms that clients use: `quay.io`, `https://quay.io/`, `https://quay.io/v1/`, `quay.example.com:8443`.
///
/// Returns `None` for anything else: a user name, a path, a query, an escape. Names are compared as lower-case text, so a name that looks
/// similar or resolves to the same machine is another host.
pub(crate) fn parse_server_url(text: &str) -> Option<HostArgument> {
    let text = text.to_ascii_lowercase();
    let schemes = ["https://", "http://"];
    let scheme = schemes.into_iter().find(|scheme| text.starts_with(scheme)).unwrap_or_default();
    let rest = &text[scheme.len()..];
    let ends = ["/v1/", "/v2/", "/"];
    let authority = ends.iter().find_map(|end| rest.strip_suffix(end)).unwrap_or(rest);
    let name_length = match authority.strip_prefix('[') {
        Some(address) => address.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (name, port) = authority.split_at(name_length);
    let is_number = |digits: &str| digits.parse().is_ok_and(|port: u16| port > 0 && port.to_string() == digits);
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_number) {
        return None;
    }
    // A URL parser also reads other forms of a name, such as 127.1.
    let server: HostArgument = format!("{scheme}{authority}").parse().ok()?;
    (server.host().name() == name).then_some(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(server: &str, host: &str) -> bool {
        let host = host.parse().unwrap();
        parse_server_url(server).is_some_and(|server| server.matches(&host))
    }

    #[test]
    fn every_form_that_clients_write_matches_the_host() {
        for form in ["quay.io", "QUAY.io", "quay.io:443", "https://quay.io", "https://quay.io/", "https://quay.io/v1/"]
        {
            assert!(matches(form, "quay.io"), "{form}");
        }
        for form in ["quay.io/v2/", "quay.io/", "HTTPS://quay.io:443/v2/"] {
            assert!(matches(form, "quay.io"), "{form}");
        }
        for (form, host) in [
            ("quay.example.com:8443", "quay.example.com:8443"),
            ("localhost:8080", "http://localhost:8080"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://localhost:8080/v1/", "http://localhost:8080"),
            ("quay.test", "http://quay.test"),
            ("quay.test:80", "http://quay.test"),
            ("[::1]:8443", "[::1]:8443"),
            ("[::1]", "[::1]"),
            ("xn--bcher-kva.example", "bücher.example"),
        ] {
            assert!(matches(form, host), "{form} {host}");
        }
    }

    #[test]
    fn similar_urls_do_not_match_the_host() {
        for similar in [
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
            assert!(!matches(similar, "quay.io"), "{similar:?}");
        }
        for (form, host) in [
            ("localhost", "http://localhost:8080"),
            ("127.0.0.1:8080", "http://localhost:8080"),
            ("quay.test", "http://quay.test:443"),
            ("quay.test:443", "http://quay.test"),
            ("http://quay.test", "quay.test:80"),
            ("quay.test", "quay.test:80"),
            ("https://quay.test", "http://quay.test"),
            ("https://localhost:8080/v1/", "http://localhost:8080"),
            ("127.1", "127.0.0.1"),
            ("0x7f.0.0.1", "127.0.0.1"),
            ("[0:0::1]", "[::1]"),
        ] {
            assert!(!matches(form, host), "{form} {host}");
        }
    }
}
