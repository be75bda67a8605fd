//! Which certificates are trusted: those that were issued by a CA of the system or of the CA file, and those in the CA file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;

use crate::domain::ServerText;

#[derive(Clone, Debug)]
pub(crate) struct ServerCertificate {
    pub(crate) subject: ServerText,
    /// The CA. If a proxy inspects TLS, it is that of the proxy.
    pub(crate) issuer: ServerText,
}

/// The CA file could not be read, or it contains no certificate.
#[derive(Debug)]
pub(in crate::quay) struct CaFileError {
    pub(in crate::quay) path: PathBuf,
    pub(in crate::quay) source: io::Error,
}

/// The certificates in a CA file.
pub(super) type CaCertificates = Vec<CertificateDer<'static>>;

/// The certificates in a PEM file, or the one in a DER file, as browsers and Windows save it.
pub(super) fn read_ca_file(path: &Path) -> Result<CaCertificates, CaFileError> {
    let failed = |source| CaFileError { path: path.to_owned(), source };
    let invalid = |message| failed(io::Error::new(io::ErrorKind::InvalidData, message));
    let bytes = fs::read(path).map_err(failed)?;
    let is_certificate = |der: &CertificateDer<'_>| Certificate::from_der(der).is_ok();
    let der = CertificateDer::from(bytes);
    if is_certificate(&der) {
        return Ok(vec![der]);
    }
    // As curl accepts them: with a byte-order mark, and with the label of old programs.
    let pem = String::from_utf8_lossy(&der).trim_start_matches('\u{feff}').replace(" X509 CERT", " CERT");
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| invalid("a certificate in it is incomplete or damaged"))?;
    match certificates.as_slice() {
        [] => Err(invalid("there is no PEM certificate in it")),
        // A file with many may have some in a form that is not known here.
        certificates if !certificates.iter().any(is_certificate) => {
            Err(invalid("the certificate in it is incomplete or damaged"))
        }
        _ => Ok(certificates),
    }
}

/// Decides whether a server's certificate is trusted.
#[derive(Debug)]
pub(super) struct Verifier {
    /// The cryptography, chosen here so that no default of a library applies.
    pub(super) provider: Arc<CryptoProvider>,
    /// Verifies certificates that a CA has issued. `None` if there are no CA certificates.
    ca_verifier: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates in the CA file.
    ca_file: CaCertificates,
    last_certificate: Mutex<Option<ServerCertificate>>,
}

impl Verifier {
    /// Trusts the system's CAs and the certificates of the CA file.
    pub(super) fn new(ca_file: CaCertificates) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // Certificates of the system that cannot be read are skipped. The others still work.
        let system = rustls_native_certs::load_native_certs().certs;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(system.into_iter().chain(ca_file.iter().cloned()));
        let ca_verifier = if roots.is_empty() {
            None
        } else {
            let built = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider)).build();
            Some(built.map_err(|error| Error::General(error.to_string()))?)
        };
        Ok(Verifier { provider, ca_verifier, ca_file, last_certificate: Mutex::new(None) })
    }

    /// The certificate that was verified last, trusted or not.
    pub(super) fn last_certificate(&self) -> Option<ServerCertificate> {
        self.last_certificate.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn has_ca_certificates(&self) -> bool {
        self.ca_verifier.is_some()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = Certificate::from_der(end_entity).map_err(|_| CertificateError::BadEncoding)?;
        let fields = certificate.tbs_certificate();
        *self.last_certificate.lock().unwrap_or_else(PoisonError::into_inner) = Some(ServerCertificate {
            subject: fields.subject().to_string().into(),
            issuer: fields.issuer().to_string().into(),
        });
        // webpki would reject a self-signed certificate that is marked as a CA, as those of `openssl req -x509` are.
        if self.ca_file.iter().any(|trusted| trusted == end_entity) {
            return verify_trusted(end_entity, &certificate, server_name, now);
        }
        match &self.ca_verifier {
            Some(verifier) => verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
            .map_err(handshake_signature_error)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
            .map_err(handshake_signature_error)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The error for a bad signature of the handshake, which rustls does not tell from one of the certificate. The cause is mostly a weak key.
fn handshake_signature_error(error: Error) -> Error {
    match error {
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            Error::General("its handshake is not signed as it must be; an RSA key has 2048 bits or more".to_owned())
        }
        error => error,
    }
}

/// Verifies a server's certificate that is in the CA file itself: only its dates and its name.
fn verify_trusted(
    der: &CertificateDer<'_>,
    certificate: &Certificate,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    let fields = certificate.tbs_certificate();
    let validity = fields.validity();
    if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
        return Err(CertificateError::Expired.into());
    }
    // By default, `openssl req -x509` writes the name only into the subject. Without a subjectAltName, curl accepts that too.
    let has_alt_name = !matches!(fields.get_extension::<SubjectAltName>(), Ok(None));
    match fields.subject().common_name().ok().flatten().filter(|_| !has_alt_name) {
        Some(name) if name.value().eq_ignore_ascii_case(&server_name.to_str()) => {}
        Some(name) => {
            let (expected, presented) = (server_name.to_owned(), vec![name.value().into_owned()]);
            return Err(CertificateError::NotValidForNameContext { expected, presented }.into());
        }
        None => verify_server_name(&ParsedCertificate::try_from(der)?, server_name)?,
    }
    Ok(ServerCertVerified::assertion())
}
