//! A TLS server in front of the stand-in, with a certificate as a test wants it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::world::World;

/// A CA of one's own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub(crate) pem: String,
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Valid {
    /// Now.
    Now,
    /// Until some years ago.
    Before,
    /// In some centuries.
    Later,
}

impl Authority {
    /// One that nobody trusts yet.
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "A CA made in a test");
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate as a file of this world's. Returns the path.
    pub(crate) fn file(&self, world: &World) -> String {
        let path = world.home().join("company-ca.pem");
        fs::write(&path, &self.pem).expect("write the certificate");
        path.display().to_string()
    }

    /// A certificate for this name or address.
    fn certificate(&self, name: &str, valid: Valid) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        match valid {
            Valid::Now => {}
            Valid::Before => {
                params.not_before = date_time_ymd(2019, 1, 1);
                params.not_after = date_time_ymd(2020, 1, 1);
            }
            Valid::Later => params.not_before = date_time_ymd(2900, 1, 1),
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }

    /// A TLS server at this address with a certificate for that name, in front of the world's stand-in. Returns where it is.
    pub(crate) fn front(&self, world: &World, address: &str, name: &str, valid: Valid) -> SocketAddr {
        let (certificate, key) = self.certificate(name, valid);
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a certificate with its key");
        let config = Arc::new(config);
        let listener = TcpListener::bind(address).expect("a listener");
        let here = listener.local_addr().expect("its address");
        let quay = world.quay.address();
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let config = Arc::clone(&config);
                // A client that does not like the certificate goes away, which is no failure here.
                thread::spawn(move || pass_on(config, socket, quay));
            }
        });
        here
    }
}

/// One request and its answer.
fn pass_on(config: Arc<ServerConfig>, socket: TcpStream, quay: SocketAddr) -> Option<()> {
    let mut client = StreamOwned::new(ServerConnection::new(config).ok()?, socket);
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.split_once("\r\n")?.0.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body).ok()?;
    request.truncate(request.len() - 2);
    request.extend_from_slice(b"Connection: close\r\n\r\n");
    request.extend(body);
    let mut server = TcpStream::connect(quay).ok()?;
    server.write_all(&request).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    client.write_all(&answer).ok()?;
    client.conn.send_close_notify();
    client.flush().ok()
}
