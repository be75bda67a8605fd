//! TLS: which CAs are trusted, what is wrong with a certificate in plain words, and whose certificate a host shows.

use std::fs;
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::client::{Error, resolve};
use crate::domain::{Host, ServerText};

/// How long each step of looking at a certificate may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is wrong with a certificate, or with TLS itself; each has its own next step.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TlsTrouble {
    /// Its time is over, by this machine's clock.
    #[error("its certificate has expired")]
    Expired,
    /// Its time has not come, by this machine's clock.
    #[error("its certificate is not valid yet")]
    NotValidYet,
    /// It is another host's.
    #[error("its certificate is for {}", if .0.is_empty() { "another name".to_owned() } else { .0.join(", ") })]
    WrongName(Vec<String>),
    /// No CA that is trusted here vouches for it.
    #[error("its certificate comes from a CA that is not trusted here")]
    UnknownIssuer,
    /// What answers is no TLS, or none that is safe.
    #[error("it does not speak TLS 1.2 or newer there")]
    NoTls,
    /// Anything else, in the TLS library's words.
    #[error("{0}")]
    Other(String),
}

impl TlsTrouble {
    /// What the TLS library says, sorted by what a person can do about it.
    fn of(error: &rustls::Error) -> Self {
        use CertificateError as C;
        match error {
            rustls::Error::InvalidCertificate(problem) => match problem {
                C::Expired | C::ExpiredContext { .. } => TlsTrouble::Expired,
                C::NotValidYet | C::NotValidYetContext { .. } => TlsTrouble::NotValidYet,
                C::NotValidForNameContext { presented, .. } => {
                    let name = |name: &String| {
                        let name = name.trim_start_matches("DnsName(\"").trim_end_matches("\")");
                        ServerText::from(name).to_string()
                    };
                    TlsTrouble::WrongName(presented.iter().take(5).map(name).collect())
                }
                C::NotValidForName => TlsTrouble::WrongName(Vec::new()),
                C::UnknownIssuer => TlsTrouble::UnknownIssuer,
                // A certificate that vouches for itself.
                C::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => TlsTrouble::UnknownIssuer,
                other => TlsTrouble::Other(format!("its certificate is not accepted: {other:?}")),
            },
            rustls::Error::InvalidMessage(_)
            | rustls::Error::AlertReceived(
                rustls::AlertDescription::ProtocolVersion | rustls::AlertDescription::HandshakeFailure,
            )
            | rustls::Error::PeerIncompatible(_) => TlsTrouble::NoTls,
            other => TlsTrouble::Other(other.to_string()),
        }
    }

    /// The TLS trouble in an error of the HTTP library, if that is what it is. A handshake's refusal comes back wrapped as I/O.
    pub(super) fn in_request(error: &ureq::Error) -> Option<Self> {
        match error {
            ureq::Error::Rustls(error) => Some(TlsTrouble::of(error)),
            ureq::Error::Tls(words) => Some(TlsTrouble::Other((*words).to_owned())),
            ureq::Error::Io(error) => TlsTrouble::in_io(error),
            _ => None,
        }
    }

    /// The same in an I/O error.
    fn in_io(error: &io::Error) -> Option<Self> {
        let mut inner = error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
        while let Some(cause) = inner {
            if let Some(error) = cause.downcast_ref::<rustls::Error>() {
                return Some(TlsTrouble::of(error));
            }
            inner = cause.source();
        }
        // No socket has an error of this kind.
        (error.kind() == io::ErrorKind::InvalidData).then(|| TlsTrouble::Other(error.to_string()))
    }
}

/// What encrypts. Named by each who asks for a connection, so that no library chooses.
pub(super) fn crypto() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The system's CA certificates and those of `ca_file`.
pub(super) fn trusted_roots(ca_file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, Error> {
    // A certificate of the system's that does not parse is no reason to trust none.
    let mut roots = rustls_native_certs::load_native_certs().certs;
    if let Some(path) = ca_file {
        let failed = |source| Error::CaFile { path: path.to_owned(), source };
        let pem = fs::read(path).map_err(failed)?;
        let own: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error.to_string())))?;
        if own.is_empty() {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, "there is no PEM certificate in it")));
        }
        roots.extend(own);
    }
    Ok(roots)
}

/// Whose certificate a host shows.
#[derive(Debug)]
pub(crate) struct ShownCertificate {
    /// Whose it is.
    pub(crate) subject: ServerText,
    /// Who vouches for it: a company's proxy that reads along shows itself here.
    pub(crate) issuer: ServerText,
}

/// Looks at the certificate of a host, directly and not through a proxy. It is trusted as a request would trust it, or this fails.
pub(crate) fn look_at_certificate(host: &Host, ca_file: Option<&Path>) -> Result<ShownCertificate, Error> {
    let tls = |trouble| Error::Tls { host: host.clone(), trouble };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(trusted_roots(ca_file)?);
    let config = ClientConfig::builder_with_provider(crypto())
        .with_safe_default_protocol_versions()
        .map_err(|error| tls(TlsTrouble::of(&error)))?
        .with_root_certificates(store)
        .with_no_client_auth();
    let name = ServerName::try_from(host.name().trim_matches(['[', ']']).to_owned())
        .map_err(|error| tls(TlsTrouble::Other(error.to_string())))?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| tls(TlsTrouble::of(&error)))?;
    let mut socket = connect(host)?;
    let lost = |error: io::Error| match TlsTrouble::in_io(&error) {
        Some(trouble) => tls(trouble),
        None => Error::Unreachable { host: host.clone(), source: Box::new(ureq::Error::Io(error)) },
    };
    while connection.is_handshaking() {
        connection.complete_io(&mut socket).map_err(lost)?;
    }
    let shown = connection.peer_certificates().and_then(|chain| chain.first()).cloned();
    drop(StreamOwned::new(connection, socket));
    let certificate = shown.and_then(|der| Certificate::from_der(&der).ok());
    let certificate = certificate.ok_or_else(|| tls(TlsTrouble::Other("its certificate cannot be read".to_owned())))?;
    let certificate = certificate.tbs_certificate();
    Ok(ShownCertificate {
        subject: certificate.subject().to_string().into(),
        issuer: certificate.issuer().to_string().into(),
    })
}

/// A connection to the host, at the first of its addresses that takes one.
fn connect(host: &Host) -> Result<TcpStream, Error> {
    let unreachable = |error| Error::Unreachable { host: host.clone(), source: Box::new(ureq::Error::Io(error)) };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    for address in resolve(host).map_err(unreachable)? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(socket) => {
                socket.set_read_timeout(Some(PATIENCE)).map_err(unreachable)?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(unreachable(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_is_told_by_what_can_be_done() {
        let of = |problem| TlsTrouble::of(&rustls::Error::InvalidCertificate(problem)).to_string();
        assert_eq!(of(CertificateError::Expired), "its certificate has expired");
        assert_eq!(of(CertificateError::UnknownIssuer), "its certificate comes from a CA that is not trusted here");
        assert_eq!(of(CertificateError::NotValidForName), "its certificate is for another name");
        let name = ServerName::try_from("quay.test").unwrap();
        let presented = vec!["DnsName(\"other.test\")".to_owned(), "DnsName(\"\u{1b}[m\")".to_owned()];
        assert_eq!(
            of(CertificateError::NotValidForNameContext { expected: name, presented }),
            "its certificate is for other.test, \\u{1b}[m"
        );
    }
}
