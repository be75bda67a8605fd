//! Which proxy is used for a host, by the environment variables. The rules are those of curl (curl(1), "ENVIRONMENT"), with one exception:
//! requests to this machine never go through a proxy.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper_util::client::proxy::matcher::Matcher;
use ureq::ProxyProtocol;
use ureq::http::{HeaderValue, Uri};
use url::{Position, Url};
use zeroize::Zeroizing;

use crate::domain::{Host, Scheme, ServerText};
use crate::quay::client::authorization;

/// The names and values of the proxy variables that are set. An empty one counts as unset.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProxyVariables(Vec<(&'static str, String)>);

impl ProxyVariables {
    /// Not `HTTP_PROXY`: in a CGI program, a client of the web server sets it by a `Proxy` header (CVE-2016-5385).
    const NAMES: [&str; 7] =
        ["https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = Self::NAMES.into_iter().filter_map(|name| Some((name, variable(name)?)));
        ProxyVariables(set.filter(|(_, value)| !value.is_empty()).collect())
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }

    /// The first of these that is set.
    fn first(&self, names: &[&str]) -> Option<(&'static str, &str)> {
        let find = |wanted: &&str| self.0.iter().find(|(name, _)| name == wanted);
        names.iter().find_map(find).map(|(name, value)| (*name, value.as_str()))
    }

    /// The proxy for this host. `None` if it is reached directly. Fails if the variable does not contain a proxy that can be used.
    pub(crate) fn proxy_of(&self, host: &Host) -> Result<Option<Proxy>, InvalidProxy> {
        let names: &[&str] = match host.scheme() {
            Scheme::Https => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            Scheme::Http => &["http_proxy", "all_proxy", "ALL_PROXY"],
        };
        match self.first(names) {
            Some((name, value)) if !host.is_loopback() && !self.excludes(host) => {
                let (list_name, list) = self.exclusions().unwrap_or(("NO_PROXY", ""));
                let list = [list, host.name().trim_matches(['[', ']'])].join(",");
                let bypass = Box::new((list_name, list.trim_start_matches(',').to_owned()));
                Ok(Some(Proxy { bypass, ..Proxy::parse(name, value)? }))
            }
            _ => Ok(None),
        }
    }

    /// The variable with the hosts that need no proxy, and its value.
    fn exclusions(&self) -> Option<(&'static str, &str)> {
        self.first(&["no_proxy", "NO_PROXY"])
    }

    /// Whether `NO_PROXY` contains the host.
    fn excludes(&self, host: &Host) -> bool {
        let Some((_, list)) = self.exclusions() else { return false };
        // As in curl, spaces separate too, a dot at the end of a name is ignored, and `*` means all hosts only if it is the whole value.
        let entries = list.split([',', ' ', '\t']).map(|entry| entry.strip_suffix('.').unwrap_or(entry));
        let entries: Vec<&str> = entries.filter(|entry| *entry != "*").collect();
        let matcher = Matcher::builder().all("http://proxy").no(entries.join(",")).build();
        let host = host.origin().parse();
        list == "*" || host.is_ok_and(|host| matcher.intercept(&host).is_none())
    }
}

/// A proxy, and the variable that it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Proxy {
    variable: &'static str,
    /// Name and port.
    authority: String,
    bypass: Box<(&'static str, String)>,
    pub(super) inner: ureq::Proxy,
}

/// Why the proxy in a variable cannot be used. The first field is the variable. Its value is not shown, because it may contain a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidProxy {
    #[error("{0} is not the URL of a proxy")]
    NotAUrl(&'static str),
    #[error("{0} is a proxy URL with the scheme `{1}`, which quay-auth does not support")]
    Scheme(&'static str, ServerText),
    #[error("{0} contains a user name, which quay-auth does not send to a SOCKS 4 proxy")]
    Socks4User(&'static str),
}

impl Proxy {
    /// The defaults are those of curl: http, and port 1080, or 443 for https.
    fn parse(variable: &'static str, value: &str) -> Result<Self, InvalidProxy> {
        let not_a_url = || InvalidProxy::NotAUrl(variable);
        let with_scheme = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        // It can be in a user name of Windows, `DOMAIN\user`. `Url` would read it as a slash.
        let with_scheme = with_scheme.replace('\\', "%5C");
        let url = Url::parse(&with_scheme).map_err(|_| not_a_url())?;
        // Then a password has a character that must be written as `%2F`, `%3F` or `%23`, and what looks like the host is a part of it.
        if url[Position::AfterPort..].contains('@') {
            return Err(not_a_url());
        }
        let (scheme, default_port) = match url.scheme() {
            "https" => ("https", 443),
            "socks" => ("socks4", 1080),
            known @ ("http" | "socks4" | "socks4a" | "socks5" | "socks5h") => (known, 1080),
            other => return Err(InvalidProxy::Scheme(variable, other.into())),
        };
        if scheme.starts_with("socks4") && !url.username().is_empty() {
            return Err(InvalidProxy::Socks4User(variable));
        }
        // `Url` drops port 80 of http, because it is the default there. For a proxy the default is another one.
        let port_80 = || with_scheme.parse::<Uri>().ok()?.port_u16();
        let port = url.port().or_else(port_80).unwrap_or(default_port);
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(not_a_url)?;
        let user = match (url.username(), url.password()) {
            ("", None) => String::new(),
            (user, password) => format!("{user}:{}@", password.unwrap_or_default()),
        };
        let inner = ureq::Proxy::new(&format!("{scheme}://{user}{host}:{port}")).map_err(|_| not_a_url())?;
        let bypass = Box::default();
        Ok(Proxy { variable, authority: format!("{host}:{port}"), bypass, inner })
    }

    /// Whether the proxy forwards requests to this host, instead of opening a tunnel.
    pub(super) fn forwards(&self, host: &Host) -> bool {
        host.scheme() == Scheme::Http && matches!(self.inner.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
    }

    /// Whether the connection to the proxy itself uses TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.inner.protocol() == ProxyProtocol::Https
    }

    /// The value of `Proxy-Authorization`, for requests that the proxy forwards.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = (self.inner.username()?, self.inner.password().unwrap_or_default());
        Some(authorization("Basic", &Zeroizing::new(BASE64_STANDARD.encode(format!("{user}:{password}")))))
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.inner.host() == name
    }

    pub(crate) fn variable(&self) -> &'static str {
        self.variable
    }

    /// A variable and the value with which the host is reached without this proxy.
    pub(crate) fn bypass(&self) -> (&'static str, &str) {
        (self.bypass.0, &self.bypass.1)
    }
}

impl fmt::Display for Proxy {
    /// Without a user name and a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.authority, self.variable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(set: &[(&str, &str)]) -> ProxyVariables {
        ProxyVariables::read(|name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()))
    }

    fn proxy(set: &[(&str, &str)], host: &str) -> Option<String> {
        variables(set).proxy_of(&host.parse().unwrap()).unwrap().map(|proxy| proxy.to_string())
    }

    #[test]
    fn a_proxy_is_shown_without_its_password_and_with_its_variable() {
        for (value, shown) in [
            ("http://me:topsecret@proxy.test:3128", "proxy.test:3128 (https_proxy)"),
            ("me:topsecret@proxy.test:3128", "proxy.test:3128 (https_proxy)"),
            ("proxy.test", "proxy.test:1080 (https_proxy)"),
            ("http://proxy.test:80", "proxy.test:80 (https_proxy)"),
            ("http://proxy.test:80/x", "proxy.test:80 (https_proxy)"),
            ("https://proxy.test", "proxy.test:443 (https_proxy)"),
            ("socks5h://me:topsecret@proxy.test", "proxy.test:1080 (https_proxy)"),
            ("SOCKS4A://[::1]", "[::1]:1080 (https_proxy)"),
            ("http://CORP\\me:topsecret@proxy.test:3128", "proxy.test:3128 (https_proxy)"),
        ] {
            assert_eq!(proxy(&[("https_proxy", value)], "quay.test").as_deref(), Some(shown));
            let debug = format!("{:?}", variables(&[("https_proxy", value)]).proxy_of(&"quay.test".parse().unwrap()));
            assert!(!debug.contains("topsecret"), "{debug}");
        }
    }

    #[test]
    fn an_invalid_proxy_is_an_error_only_for_hosts_that_would_use_it() {
        let error = |value: &str, host: &str| {
            let variables = variables(&[("all_proxy", value), ("no_proxy", "near.test")]);
            variables.proxy_of(&host.parse().unwrap()).map(|proxy| proxy.is_some()).map_err(|error| error.to_string())
        };
        assert_eq!(error("http://", "quay.test"), Err("all_proxy is not the URL of a proxy".to_owned()));
        assert_eq!(error("::", "quay.test"), Err("all_proxy is not the URL of a proxy".to_owned()));
        // Parts of a password, which is not shown.
        for password in ["1/2", "1?2", "1#2"] {
            let value = format!("http://me:{password}@proxy.test:3128");
            assert_eq!(error(&value, "quay.test"), Err("all_proxy is not the URL of a proxy".to_owned()));
        }
        let unknown = "all_proxy is a proxy URL with the scheme `ftp`, which quay-auth does not support";
        assert_eq!(error("ftp://proxy.test", "quay.test"), Err(unknown.to_owned()));
        let user = "all_proxy contains a user name, which quay-auth does not send to a SOCKS 4 proxy";
        assert_eq!(error("socks4://me@proxy.test", "quay.test"), Err(user.to_owned()));
        assert_eq!(error("::", "near.test"), Ok(false));
        assert_eq!(error("::", "localhost"), Ok(false));
    }

    #[test]
    fn this_machine_is_never_reached_through_a_proxy() {
        for host in ["localhost", "http://localhost:8080", "127.0.0.1:8443", "http://[::1]:8080"] {
            assert_eq!(proxy(&[("ALL_PROXY", "http://proxy.test"), ("http_proxy", "http://proxy.test")], host), None);
        }
    }
}
