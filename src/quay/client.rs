//! The one blocking HTTP client: it speaks to one host, and takes a token nowhere else.

use std::io::{self, Read};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, HeaderValue, Method, Response, Uri, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};
use url::Url;
use zeroize::Zeroizing;

use super::tls::{TlsTrouble, crypto, trusted_roots};
use crate::domain::{Host, Scheme, ServerText};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How often a redirect within the host is followed: Quay sends one for a missing slash (recorded case P2j).
const REDIRECTS: usize = 3;

/// Why there is no answer to use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No connection, or it broke.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// The host.
        host: Host,
        /// What the network said.
        source: Box<ureq::Error>,
    },
    /// The certificate or the TLS handshake was refused.
    #[error("no trusted connection to {host}")]
    Tls {
        /// The host.
        host: Host,
        /// What is wrong.
        #[source]
        trouble: TlsTrouble,
    },
    /// No answer in time.
    #[error("{host} does not answer in time")]
    Timeout {
        /// The host.
        host: Host,
    },
    /// It sends us elsewhere, where no token of its belongs.
    #[error("{host} redirects to {target}, which is not followed")]
    Redirected {
        /// The host.
        host: Host,
        /// Where to: scheme, name and port only.
        target: String,
    },
    /// Its redirects lead back to itself, again and again.
    #[error("{host} redirects in a circle")]
    Endless {
        /// The host.
        host: Host,
    },
    /// It wants the request at another path of its own; only a GET goes there by itself.
    #[error("{host} wants this request at {path}")]
    Moved {
        /// The host.
        host: Host,
        /// Where.
        path: ServerText,
    },
    /// The answer is larger than what was asked for can be.
    #[error("{host} answers with more than was asked for")]
    TooLarge {
        /// The host.
        host: Host,
    },
    /// `ca_file` could not be read or holds no certificate.
    #[error("cannot use the CA file {}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What is asked of the host.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The HTTP method.
    pub(crate) method: Method,
    /// From the slash on.
    pub(crate) path_and_query: &'a str,
    /// `Authorization` among them, where there is one.
    pub(crate) headers: HeaderMap,
    /// Where the method has one.
    pub(crate) body: Option<&'a [u8]>,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, whole.
    pub(crate) body: Vec<u8>,
}

/// How much an answer may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Time, redirects included.
    pub(crate) time: Duration,
    /// Bytes of the body.
    pub(crate) size: u64,
}

/// Speaks to one Quay.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// The HTTP library's connections.
    agent: Agent,
    /// The host.
    host: Host,
}

impl Client {
    /// A client for that host, which trusts the system's CA certificates and those of `ca_file`.
    pub(crate) fn new(host: &Host, ca_file: Option<&Path>) -> Result<Self, Error> {
        let secure = host.scheme() == Scheme::Https;
        // Loading the system's certificates takes milliseconds; plain http needs none.
        let trusted = if secure { trusted_roots(ca_file)? } else { Vec::new() };
        let roots: Vec<_> = trusted.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(crypto())
            .root_certs(RootCerts::new_with_certs(&roots));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("quay-auth/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            // A proxy sees what it is sent in the clear: only TLS goes through one, and nothing that stays on this machine.
            .proxy(if secure && !host.is_loopback() { Proxy::try_from_env() } else { None })
            .build();
        Ok(Client { agent: config.into(), host: host.clone() })
    }

    /// The host that it speaks to.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// Asks for `path_and_query`, with the `Authorization` header where one is given.
    pub(crate) fn get(
        &self,
        path_and_query: &str,
        authorization: Option<HeaderValue>,
        limits: Limits,
    ) -> Result<Answer, Error> {
        let headers = authorization.into_iter().map(|value| (header::AUTHORIZATION, value)).collect();
        self.send(&Request { method: Method::GET, path_and_query, headers, body: None }, limits)
    }

    /// Sends the request. A redirect is followed for a GET and within the host: no header and no body ever goes elsewhere.
    pub(crate) fn send(&self, request: &Request<'_>, limits: Limits) -> Result<Answer, Error> {
        let deadline = Instant::now() + limits.time;
        let mut address = format!("{}{}", self.host.origin(), request.path_and_query);
        for _ in 0..=REDIRECTS {
            let left = deadline.saturating_duration_since(Instant::now());
            let response = self.send_once(request, &address, left).map_err(|error| self.failure(error))?;
            match redirect_target(&response, &address) {
                None => return self.read(response, limits.size),
                Some(target) if request.method == Method::GET && same_origin(&target, &address) => {
                    address = target.into();
                }
                Some(target) => return Err(self.redirected(&target, &address)),
            }
        }
        Err(Error::Endless { host: self.host.clone() })
    }

    /// Sends the request to that address.
    fn send_once(&self, request: &Request<'_>, address: &str, left: Duration) -> Result<Response<Body>, ureq::Error> {
        let mut head = ureq::http::Request::builder().method(request.method.clone()).uri(address).body(())?;
        request.headers.clone_into(head.headers_mut());
        let head = self.agent.configure_request(head).timeout_global(Some(left)).build();
        match request.body {
            Some(body) => self.agent.run(head.map(|()| body)),
            None => self.agent.run(head),
        }
    }

    /// Reads the body, `size` bytes at most.
    fn read(&self, mut response: Response<Body>, size: u64) -> Result<Answer, Error> {
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(size + 1).read_to_end(&mut body);
        read.map_err(|error| self.failure(ureq::Error::from(error)))?;
        if body.len() as u64 > size {
            return Err(Error::TooLarge { host: self.host.clone() });
        }
        let headers = std::mem::take(response.headers_mut());
        Ok(Answer { status: response.status().as_u16(), headers, body })
    }

    /// The error that names where we were sent: another host without path and query.
    fn redirected(&self, target: &Url, address: &str) -> Error {
        let host = self.host.clone();
        if same_origin(target, address) {
            return Error::Moved { host, path: target.path().into() };
        }
        Error::Redirected { host, target: target.origin().ascii_serialization() }
    }

    /// Sorts what went wrong by what a person can do about it.
    fn failure(&self, error: ureq::Error) -> Error {
        let host = self.host.clone();
        match (&error, TlsTrouble::in_request(&error)) {
            (ureq::Error::Timeout(_), _) => Error::Timeout { host },
            (_, Some(trouble)) => Error::Tls { host, trouble },
            _ => Error::Unreachable { host, source: Box::new(error) },
        }
    }
}

/// `SCHEME CREDENTIALS` as a header that does not print itself; `None` where it does not fit into one.
pub(super) fn authorization(scheme: &str, credentials: &str) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("{scheme} {credentials}"));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Where the response sends us, if it does.
fn redirect_target(response: &Response<Body>, address: &str) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    Url::parse(address).ok()?.join(location).ok()
}

/// Whether both have the same scheme, host and port.
fn same_origin(target: &Url, address: &str) -> bool {
    Url::parse(address).is_ok_and(|address| address.origin() == target.origin()) && address.parse::<Uri>().is_ok()
}

/// The addresses of the host.
pub(crate) fn resolve(host: &Host) -> io::Result<Vec<SocketAddr>> {
    (host.name().trim_matches(['[', ']']), host.port()).to_socket_addrs().map(Iterator::collect)
}
