//! The HTTP client for one host. It sends a token nowhere else.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ureq::Body;
use ureq::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use url::Url;
use zeroize::Zeroizing;

use super::connection::{
    CaFileError, ConnectError, Connection, Proxy, ServerCertificate, SetupError, TlsError, TlsFailure, Transport,
};
use super::request_log::RequestLog;
use crate::domain::{Host, ServerText};

/// For reading a certificate.
const CERTIFICATE_LIMITS: Limits = Limits { timeout: Duration::from_secs(5), size: 64 * 1024 };

/// How many redirects within the host are followed. Quay sends one for a missing slash (docs/quay.md, case P2m).
const MAX_REDIRECTS: usize = 3;

/// Why there is no usable response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{host} cannot be reached{}", through(proxy.as_ref()))]
    Unreachable { host: Host, proxy: Option<Proxy>, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{host} cannot be found: its name has no address")]
    UnknownHost { host: Host, source: io::Error },
    #[error("the proxy {proxy} cannot be found: its name has no address")]
    UnknownProxy { host: Host, proxy: Proxy, source: io::Error },
    #[error("the proxy {proxy} refuses to connect to {host}")]
    ProxyRefused { host: Host, proxy: Proxy, status: u16 },
    /// A problem with the certificate of the host, or of the proxy if one is given.
    #[error("no trusted connection to {}", proxy.as_ref().map_or(host.to_string(), |proxy| format!("the proxy {proxy}")))]
    Tls { host: Host, proxy: Option<Proxy>, source: Box<TlsFailure> },
    #[error("{host} did not answer in time{}", through(proxy.as_ref()))]
    Timeout { host: Host, proxy: Option<Proxy> },
    /// A redirect to another server, which must not get the token. `target` is `None` if it is not a host of http or https.
    #[error("{host} redirects to {}; quay-auth follows no redirect to another server", .origin)]
    Redirected { host: Host, origin: ServerText, target: Option<Host> },
    #[error("{host} redirects in a loop")]
    RedirectLoop { host: Host },
    /// A redirect within the host of a request that is not a GET.
    #[error("{host} redirects this request to {path}")]
    Moved { host: Host, path: ServerText },
    #[error("the answer of {host} is not valid HTTP{}", through(proxy.as_ref()))]
    NotHttp { host: Host, proxy: Option<Proxy>, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the answer of {host} is too large")]
    TooLarge { host: Host },
    /// The file could not be read or contains no certificate.
    #[error("cannot use the CA file {}", path.display())]
    CaFile { host: Host, path: PathBuf, source: io::Error },
}

impl Error {
    fn from_ca_file(host: Host, CaFileError { path, source }: CaFileError) -> Self {
        Error::CaFile { host, path, source }
    }

    /// For a problem with TLS itself, not with a certificate.
    fn from_tls(host: Host, error: TlsError) -> Self {
        Error::Tls { host, proxy: None, source: Box::new(TlsFailure { error, issuer: None }) }
    }
}

fn through(proxy: Option<&Proxy>) -> String {
    proxy.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default()
}

#[derive(Debug)]
pub(crate) struct HttpRequest<'a> {
    pub(crate) method: Method,
    pub(crate) path_and_query: &'a str,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<&'a [u8]>,
}

#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl HttpResponse {
    /// Whether the same request may succeed in a moment.
    pub(crate) fn is_busy(&self) -> bool {
        (self.status == 429 || (500..600).contains(&self.status)) && !self.is_read_only()
    }

    /// Whether the registry is in read-only mode (docs/quay.md, cases Y1).
    pub(crate) fn is_read_only(&self) -> bool {
        let body = || serde_json::from_slice::<serde_json::Value>(&self.body).unwrap_or_default();
        self.status == 503 && body()["is_readonly"] == true
    }
}

/// The status, with its meaning if users are likely to see it.
pub(crate) fn describe_status(status: u16) -> String {
    match status {
        429 => "429 (too many requests)".to_owned(),
        status => status.to_string(),
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For the whole request, redirects included.
    pub(crate) timeout: Duration,
    /// Of the body, in bytes.
    pub(crate) size: u64,
}

/// Sends requests to one host.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    transport: Transport,
    host: Host,
    proxy: Option<Proxy>,
    log: RequestLog,
}

impl Client {
    /// Fails if the CA file cannot be used.
    pub(crate) fn new(connection: &Connection) -> Result<Self, Error> {
        let host = connection.host.clone();
        let transport = Transport::new(connection).map_err(|error| match error {
            SetupError::CaFile(error) => Error::from_ca_file(host.clone(), error),
            SetupError::Tls(error) => Error::from_tls(host.clone(), TlsError::Other(error.to_string())),
        })?;
        Ok(Client { transport, host, proxy: connection.proxy.clone(), log: connection.log })
    }

    /// Fails if there is a CA file that cannot be used.
    pub(crate) fn check_ca_file(connection: &Connection) -> Result<(), Error> {
        connection.read_ca_file().map(drop).map_err(|error| Error::from_ca_file(connection.host.clone(), error))
    }

    /// The certificate of the host. Fails if it is not trusted.
    pub(crate) fn certificate(&self) -> Result<ServerCertificate, Error> {
        let response = self.get("/v2/", None, CERTIFICATE_LIMITS);
        match (response, self.transport.server_certificate()) {
            (Err(error @ Error::Tls { .. }), _) | (Err(error), None) => Err(error),
            // The connection is trusted. What the server answered does not matter.
            (_, Some(certificate)) => Ok(certificate),
            (Ok(_), None) => Err(Error::from_tls(self.host.clone(), TlsError::NoTls)),
        }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// For messages: `quay.io answered with status 429 (too many requests)`.
    pub(crate) fn describe_answer(&self, status: u16) -> String {
        format!("{} answered with status {}", self.host, describe_status(status))
    }

    /// Sends a GET request, with the `Authorization` header if one is given.
    pub(crate) fn get(
        &self,
        path_and_query: &str,
        authorization: Option<HeaderValue>,
        limits: Limits,
    ) -> Result<HttpResponse, Error> {
        let headers = authorization.into_iter().map(|value| (header::AUTHORIZATION, value)).collect();
        self.send(&HttpRequest { method: Method::GET, path_and_query, headers, body: None }, limits)
    }

    /// Sends the request. Follows a redirect only for a GET and within the host, so that headers and body never go to another server.
    pub(crate) fn send(&self, request: &HttpRequest<'_>, limits: Limits) -> Result<HttpResponse, Error> {
        let deadline = Instant::now() + limits.timeout;
        let mut url = self.url(request);
        for _ in 0..=MAX_REDIRECTS {
            let timeout = deadline.saturating_duration_since(Instant::now());
            let response = self.send_once(request, &url, timeout)?;
            match redirect_target(&response, &url) {
                None => return self.read(response, limits.size),
                Some(target) if request.method == Method::GET && self.is_at_host(&target) => url = target.into(),
                Some(target) => return Err(self.redirect_error(&target)),
            }
        }
        Err(Error::RedirectLoop { host: self.host.clone() })
    }

    /// Sends the request, and returns a redirect instead of following it.
    pub(super) fn send_without_redirects(
        &self,
        request: &HttpRequest<'_>,
        limits: Limits,
    ) -> Result<HttpResponse, Error> {
        self.read(self.send_once(request, &self.url(request), limits.timeout)?, limits.size)
    }

    fn url(&self, request: &HttpRequest<'_>) -> String {
        format!("{}{}", self.host.origin(), request.path_and_query)
    }

    fn send_once(&self, request: &HttpRequest<'_>, url: &str, timeout: Duration) -> Result<Response<Body>, Error> {
        let response = self.run(request, url, timeout);
        self.log.write(&request.method, url, response.as_ref().ok().map(Response::status));
        let response = response.map_err(|error| self.error(error))?;
        // This response comes from a proxy that forwards plain http, not from the host.
        if let (StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(proxy)) = (response.status(), &self.proxy) {
            let (host, proxy) = (self.host.clone(), proxy.clone());
            return Err(Error::ProxyRefused { host, proxy, status: response.status().as_u16() });
        }
        Ok(response)
    }

    fn run(&self, request: &HttpRequest<'_>, url: &str, timeout: Duration) -> Result<Response<Body>, ureq::Error> {
        let mut head = ureq::http::Request::builder().method(request.method.clone()).uri(url).body(())?;
        request.headers.clone_into(head.headers_mut());
        if let Some(value) = &self.transport.proxy_authorization {
            head.headers_mut().insert(header::PROXY_AUTHORIZATION, value.clone());
        }
        let agent = &self.transport.agent;
        let head = agent.configure_request(head).timeout_global(Some(timeout)).build();
        match request.body {
            Some(body) => agent.run(head.map(|()| body)),
            None => agent.run(head),
        }
    }

    /// Fails if the body has more than `size` bytes.
    fn read(&self, mut response: Response<Body>, size: u64) -> Result<HttpResponse, Error> {
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(size + 1).read_to_end(&mut body);
        read.map_err(|error| self.error(ureq::Error::from(error)))?;
        if body.len() as u64 > size {
            return Err(Error::TooLarge { host: self.host.clone() });
        }
        let headers = std::mem::take(response.headers_mut());
        Ok(HttpResponse { status: response.status().as_u16(), headers, body })
    }

    /// The error for a redirect that is not followed.
    pub(super) fn redirect_error(&self, target: &Url) -> Error {
        let host = self.host.clone();
        if self.is_at_host(target) {
            return Error::Moved { host, path: target.path().into() };
        }
        let origin = target.origin();
        if !origin.is_tuple() {
            let scheme = format!("{}:", target.scheme());
            return Error::Redirected { host, target: None, origin: scheme.into() };
        }
        let origin = origin.ascii_serialization();
        Error::Redirected { host, target: origin.parse().ok(), origin: origin.into() }
    }

    /// Whether the URL has the scheme, name and port of this client's host, and no user name.
    fn is_at_host(&self, target: &Url) -> bool {
        let origin = Url::parse(&self.host.origin()).map(|url| url.origin());
        let has_user = !target.username().is_empty() || target.password().is_some();
        // ureq, the HTTP library, has a parser of its own, which must find the same host.
        let ureq_host = target.as_str().parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
        !has_user && origin == Ok(target.origin()) && ureq_host.as_deref() == Some(self.host.name())
    }

    fn error(&self, error: ureq::Error) -> Error {
        let (host, proxy) = (self.host.clone(), self.proxy.clone());
        match error {
            ureq::Error::Timeout(_) => Error::Timeout { host, proxy },
            ureq::Error::ConnectProxyFailed(ref message) => match (proxy, proxy_status(message)) {
                (Some(proxy), Some(status)) => Error::ProxyRefused { host, proxy, status },
                (proxy, _) => Error::Unreachable { host, proxy, source: Box::new(error) },
            },
            ureq::Error::Other(other) => match other.downcast::<ConnectError>() {
                Ok(error) => self.connect_error(*error),
                Err(source) => Error::Unreachable { host, proxy, source },
            },
            ureq::Error::Io(error) => match TlsError::from_io(&error) {
                Some(error) => Error::from_tls(host, error),
                None => Error::Unreachable { host, proxy, source: Box::new(error) },
            },
            ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..) => {
                Error::NotHttp { host, proxy, source: Box::new(error) }
            }
            error => Error::Unreachable { host, proxy, source: Box::new(error) },
        }
    }

    /// Finds out whether the error is about the host or about the proxy.
    fn connect_error(&self, error: ConnectError) -> Error {
        let host = self.host.clone();
        let proxy_of = |name: &str| self.proxy.clone().filter(|proxy| proxy.is_named(name));
        match error {
            ConnectError::UnknownName(name, source) => match proxy_of(&name) {
                Some(proxy) => Error::UnknownProxy { host, proxy, source },
                None => Error::UnknownHost { host, source },
            },
            ConnectError::Tls(name, failure) => Error::Tls { host, proxy: proxy_of(&name), source: failure.into() },
        }
    }
}

/// Reads the status from `proxy server responded 407/407`. ureq returns no more of a proxy's response.
fn proxy_status(message: &str) -> Option<u16> {
    message.rsplit_once('/')?.1.parse().ok()
}

/// The value of an `Authorization` header, marked so that it is not printed.
#[expect(clippy::expect_used, reason = "a header can contain every character of base64 and of an `AccessToken`")]
pub(super) fn authorization(scheme: &str, credentials: &str) -> HeaderValue {
    let text = Zeroizing::new(format!("{scheme} {credentials}"));
    let mut value = HeaderValue::from_str(&text).expect("visible ASCII");
    value.set_sensitive(true);
    value
}

/// The `Authorization` header for a user name and a password (RFC 7617).
pub(super) fn basic_authorization(user: &str, password: &str) -> HeaderValue {
    let credentials = Zeroizing::new(format!("{user}:{password}"));
    authorization("Basic", &Zeroizing::new(BASE64_STANDARD.encode(credentials.as_bytes())))
}

/// `None` if the response is not a redirect.
fn redirect_target(response: &Response<Body>, url: &str) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    Url::parse(url).ok()?.join(location).ok()
}
