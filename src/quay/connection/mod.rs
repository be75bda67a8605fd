//! Connections to a host, through a proxy if there is one. `client` sends the requests.
//!
//! | file | subject |
//! | --- | --- |
//! | `proxy` | which proxy is used for a host |
//! | `tcp` | names, addresses, sockets |
//! | `tls`, `certificate` | the handshake; which certificates are trusted |
//! | `forward` | plain http through an HTTP proxy |

mod certificate;
mod forward;
mod proxy;
mod tcp;
mod tls;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::IpFamily;
use ureq::http::HeaderValue;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, SocksConnector};
use ureq::{Agent, ProxyProtocol};

pub(super) use certificate::CaFileError;
pub(crate) use certificate::ServerCertificate;
pub(crate) use proxy::{InvalidProxy, Proxy, ProxyVariables};
pub(crate) use tls::{TlsError, TlsFailure};

use self::certificate::{CaCertificates, Verifier, read_ca_file};
use self::forward::ForwardConnector;
use self::tcp::{SystemResolver, TcpConnector};
use self::tls::TlsConnector;
use super::request_log::RequestLog;
use crate::domain::{Host, Scheme};

/// For TCP, TLS and the proxy together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How a host is reached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Connection {
    pub(crate) host: Host,
    /// A PEM file of certificates to trust besides the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether the user allowed plain http to a host other than this machine.
    pub(crate) allow_http: bool,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) log: RequestLog,
}

/// Errors for which ureq, the HTTP library, has no variant. The first field is the name of the host or of the proxy.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// The name has no address.
    #[error("{0} cannot be found")]
    UnknownName(String, #[source] io::Error),
    #[error("no trusted connection to {0}")]
    Tls(String, #[source] TlsFailure),
}

impl From<ConnectError> for ureq::Error {
    fn from(error: ConnectError) -> Self {
        ureq::Error::Other(Box::new(error))
    }
}

/// Why there is no [`Transport`].
#[derive(Debug)]
pub(super) enum SetupError {
    CaFile(CaFileError),
    Tls(rustls::Error),
}

impl From<CaFileError> for SetupError {
    fn from(error: CaFileError) -> Self {
        SetupError::CaFile(error)
    }
}

impl From<rustls::Error> for SetupError {
    fn from(error: rustls::Error) -> Self {
        SetupError::Tls(error)
    }
}

impl Connection {
    /// Also read for plain http, so that a wrong path is always an error.
    pub(super) fn read_ca_file(&self) -> Result<CaCertificates, CaFileError> {
        Ok(self.ca_file.as_deref().map(read_ca_file).transpose()?.unwrap_or_default())
    }
}

/// ureq's agent for one host.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    pub(super) agent: Agent,
    /// `None` if neither the host nor the proxy uses TLS.
    verifier: Option<Arc<Verifier>>,
    /// The user name and password for a forwarding proxy.
    pub(super) proxy_authorization: Option<HeaderValue>,
}

impl Transport {
    pub(super) fn new(connection: &Connection) -> Result<Self, SetupError> {
        let Connection { host, proxy, .. } = connection;
        let ca_file = connection.read_ca_file()?;
        let forward_proxy = proxy.as_ref().filter(|proxy| proxy.forwards(host));
        let forward_uri = forward_proxy.map(|proxy| proxy.inner.uri().clone());
        let needs_tls = host.scheme() == Scheme::Https || proxy.as_ref().is_some_and(Proxy::is_secure);
        // Created only if needed, because loading the system's certificates takes milliseconds.
        let verifier = if needs_tls { Some(Arc::new(Verifier::new(ca_file)?)) } else { None };

        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(concat!("quay-auth/", env!("CARGO_PKG_VERSION")))
            .proxy(proxy.as_ref().filter(|_| forward_proxy.is_none()).map(|proxy| proxy.inner.clone()))
            // SOCKS 4 has no names and no IPv6 addresses.
            .ip_family(match proxy.as_ref().map(|proxy| proxy.inner.protocol()) {
                Some(ProxyProtocol::Socks4) => IpFamily::Ipv4Only,
                _ => IpFamily::Any,
            })
            .build();
        let connector =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(TcpConnector)
                .chain(TlsConnector::new(verifier.clone(), forward_uri.clone())?)
                .chain(ForwardConnector { origin: forward_proxy.map(|_| host.origin()) });
        Ok(Transport {
            agent: Agent::with_parts(config, connector, SystemResolver { forward_uri }),
            verifier,
            proxy_authorization: forward_proxy.and_then(Proxy::authorization),
        })
    }

    /// The certificate of the last handshake, trusted or not.
    pub(super) fn server_certificate(&self) -> Option<ServerCertificate> {
        self.verifier.as_ref()?.last_certificate()
    }
}
