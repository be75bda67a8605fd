//! TLS connections, and readable errors for certificates and handshakes.

use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, PeerIncompatible, StreamOwned};
use ureq::http::Uri;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::ConnectError;
use super::certificate::Verifier;
use crate::domain::ServerText;

/// What is wrong with a certificate, or with TLS itself. Each variant has its own hint.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TlsError {
    /// By this machine's clock.
    #[error("its certificate has expired")]
    Expired,
    /// By this machine's clock.
    #[error("its certificate is not valid yet")]
    NotValidYet,
    /// The names in the certificate.
    #[error("its certificate is for {}", if .0.is_empty() { "another name".to_owned() } else { .0.join(", ") })]
    WrongName(Vec<String>),
    /// The name is only in the subject, where it no longer counts, as in every certificate of version 1.
    #[error("its certificate has no subjectAltName, so it is for no host")]
    NoName,
    #[error("its certificate comes from a CA that is not trusted here")]
    UnknownIssuer,
    #[error("this machine has no CA certificates")]
    NoCaCertificates,
    #[error("it uses plain http at this port")]
    PlainHttp,
    #[error("it does not use TLS at this port")]
    NoTls,
    #[error("it does not support TLS 1.2 or newer at this port")]
    OldTls,
    /// The server does not say why.
    #[error(
        "it refused the TLS handshake: it may support only old versions or ciphers, or require a client certificate"
    )]
    HandshakeRefused,
    /// Another problem of the certificate.
    #[error("its certificate {0}")]
    Certificate(String),
    /// The message of the TLS library.
    #[error("{0}")]
    Other(String),
}

/// The error, and the issuer of the server's certificate if there is one.
#[derive(Debug, thiserror::Error)]
#[error("{error}{}", issuer.as_ref().map(|issuer| format!(" (issued by {issuer})")).unwrap_or_default())]
pub(crate) struct TlsFailure {
    pub(crate) error: TlsError,
    pub(crate) issuer: Option<ServerText>,
}

impl TlsError {
    fn from_rustls(error: &rustls::Error) -> Self {
        use AlertDescription as A;
        use CertificateError as C;
        match error {
            rustls::Error::InvalidCertificate(problem) => match problem {
                C::Expired | C::ExpiredContext { .. } => TlsError::Expired,
                C::NotValidYet | C::NotValidYetContext { .. } => TlsError::NotValidYet,
                C::NotValidForNameContext { presented, .. } if presented.is_empty() => TlsError::NoName,
                C::NotValidForNameContext { presented, .. } => {
                    TlsError::WrongName(presented.iter().take(5).map(|name| presented_name(name)).collect())
                }
                C::NotValidForName => TlsError::WrongName(Vec::new()),
                // The signature is bad if another CA with the same name issued the certificate.
                C::UnknownIssuer | C::BadSignature => TlsError::UnknownIssuer,
                // A self-signed certificate.
                C::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => TlsError::UnknownIssuer,
                C::Other(other) if other.to_string().contains("UnsupportedCertVersion") => TlsError::NoName,
                C::UnsupportedSignatureAlgorithmContext { .. }
                | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                    TlsError::Certificate("has an old kind of signature, such as SHA-1".to_owned())
                }
                C::InvalidPurpose | C::InvalidPurposeContext { .. } => {
                    TlsError::Certificate("is not one for servers".to_owned())
                }
                other => TlsError::Certificate(format!("is not accepted: {other}")),
            },
            rustls::Error::InvalidMessage(_) => TlsError::NoTls,
            rustls::Error::AlertReceived(A::ProtocolVersion)
            | rustls::Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => TlsError::OldTls,
            rustls::Error::AlertReceived(A::HandshakeFailure | A::CertificateRequired)
            | rustls::Error::PeerIncompatible(_) => TlsError::HandshakeRefused,
            other => TlsError::Other(other.to_string()),
        }
    }

    /// `None` if TLS is not the cause. A failed handshake is an I/O error that contains the TLS error.
    pub(in crate::quay) fn from_io(error: &io::Error) -> Option<Self> {
        let mut inner = error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
        while let Some(cause) = inner {
            if let Some(error) = cause.downcast_ref::<rustls::Error>() {
                return Some(TlsError::from_rustls(error));
            }
            inner = cause.source();
        }
        // The TLS library uses this kind, and no socket does.
        (error.kind() == io::ErrorKind::InvalidData).then(|| TlsError::Other(error.to_string()))
    }
}

/// A name in a certificate, which the TLS library writes as `DnsName("quay.io")` or `IpAddress(0::1)`.
fn presented_name(name: &str) -> String {
    let inner = |start, end| name.strip_prefix(start)?.strip_suffix(end);
    let name = inner("DnsName(\"", "\")").or_else(|| inner("IpAddress(", ")")).unwrap_or(name);
    name.parse().map_or_else(|_| ServerText::from(name).to_string(), |ip: IpAddr| ip.to_string())
}

/// Makes the TLS handshake if the host, or the forwarding proxy if there is one, uses https.
#[derive(Debug)]
pub(super) struct TlsConnector {
    /// `None` if neither the host nor the proxy uses TLS.
    tls: Option<(Arc<ClientConfig>, Arc<Verifier>)>,
    /// The URI of the forwarding proxy, if there is one. All connections go there.
    forward_uri: Option<Uri>,
}

impl TlsConnector {
    pub(super) fn new(verifier: Option<Arc<Verifier>>, forward_uri: Option<Uri>) -> Result<Self, rustls::Error> {
        let Some(verifier) = verifier else { return Ok(TlsConnector { tls: None, forward_uri }) };
        let config = ClientConfig::builder_with_provider(Arc::clone(&verifier.provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
            .with_no_client_auth();
        Ok(TlsConnector { tls: Some((Arc::new(config), verifier)), forward_uri })
    }

    fn handshake(
        &self,
        name: &str,
        transport: impl Transport,
        details: &ConnectionDetails<'_>,
    ) -> Result<StreamOwned<ClientConnection, Socket>, ureq::Error> {
        let failed =
            |error, issuer| ureq::Error::from(ConnectError::Tls(name.to_owned(), TlsFailure { error, issuer }));
        let other = |message: String| failed(TlsError::Other(message), None);
        let Some((config, verifier)) = &self.tls else { return Err(other("TLS is not set up".to_owned())) };
        let server_name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned());
        let server_name = server_name.map_err(|error| other(error.to_string()))?;
        let mut connection =
            ClientConnection::new(Arc::clone(config), server_name).map_err(|error| other(error.to_string()))?;
        let mut adapter = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        adapter.set_timeout(details.timeout);
        let mut socket = Socket { adapter, first_bytes: Vec::new() };
        let issuer = || verifier.last_certificate().map(|certificate| certificate.issuer);
        match connection.complete_io(&mut socket) {
            Ok(_) => Ok(StreamOwned::new(connection, socket)),
            Err(error) => Err(match TlsError::from_io(&error) {
                None => error.into(),
                Some(TlsError::NoTls) if socket.is_http() => failed(TlsError::PlainHttp, None),
                Some(TlsError::UnknownIssuer) if !verifier.has_ca_certificates() => {
                    failed(TlsError::NoCaCertificates, issuer())
                }
                Some(error) => failed(error, issuer()),
            }),
        }
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else { return Ok(None) };
        let peer = self.forward_uri.as_ref().unwrap_or(details.uri);
        if peer.scheme_str() != Some("https") || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let stream = self.handshake(peer.host().unwrap_or_default(), transport, details)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { stream, buffers })))
    }
}

/// The connection below TLS. It remembers the first bytes from the server, which show whether it uses plain http instead.
struct Socket {
    adapter: TransportAdapter,
    first_bytes: Vec<u8>,
}

impl Socket {
    /// Whether the server sent a status line of http, or, as some servers do, a page without one.
    fn is_http(&self) -> bool {
        self.first_bytes.starts_with(b"HTTP/") || self.first_bytes.starts_with(b"<")
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.adapter.read(buffer)?;
        if self.first_bytes.is_empty() {
            self.first_bytes.extend(buffer[..count].iter().take(5));
        }
        Ok(count)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.adapter.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.adapter.flush()
    }
}

pub(super) struct TlsTransport {
    stream: StreamOwned<ClientConnection, Socket>,
    buffers: LazyBuffers,
}

impl std::fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.adapter.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.adapter.set_timeout(timeout);
        let count = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.adapter.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_errors_are_readable() {
        let message = |problem| TlsError::from_rustls(&rustls::Error::InvalidCertificate(problem)).to_string();
        assert_eq!(message(CertificateError::Expired), "its certificate has expired");
        assert_eq!(
            message(CertificateError::UnknownIssuer),
            "its certificate comes from a CA that is not trusted here"
        );
        assert_eq!(message(CertificateError::NotValidForName), "its certificate is for another name");
        let name = ServerName::try_from("quay.test").unwrap();
        let presented =
            ["DnsName(\"other.test\")", "DnsName(\"\u{1b}[m\")", "IpAddress(0::1)"].map(str::to_owned).into();
        assert_eq!(
            message(CertificateError::NotValidForNameContext { expected: name, presented }),
            "its certificate is for other.test, \\u{1b}[m, ::1"
        );
    }
}
