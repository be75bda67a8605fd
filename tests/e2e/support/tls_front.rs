//! A TLS server in front of the stand-in, with any certificate.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::world::World;

/// A CA for tests, which no system trusts.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub(crate) pem: String,
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Valid {
    Now,
    /// It has expired.
    Before,
    /// It is not valid yet.
    Later,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "A CA made in a test");
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// Writes its certificate into a file in the world's home. Returns the path.
    pub(crate) fn file(&self, world: &World) -> String {
        let path = world.home().join("company-ca.pem");
        fs::write(&path, &self.pem).expect("write the certificate");
        path.display().to_string()
    }

    /// Issues a certificate for these names or addresses.
    fn certificate(&self, names: &[&str], valid: Valid) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params =
            CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, names[0]);
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

    /// Starts a TLS server at this address, with a certificate for that name, in front of the world's stand-in. Returns its address.
    pub(crate) fn front(&self, world: &World, address: &str, name: &str, valid: Valid) -> SocketAddr {
        self.front_of(world, address, &[name], valid)
    }

    /// The same, with a certificate for several names.
    pub(crate) fn front_of(&self, world: &World, address: &str, names: &[&str], valid: Valid) -> SocketAddr {
        front(world, address, self.config(names, valid))
    }

    /// A TLS server at a free port of 127.0.0.1, with a certificate for that name, in front of any other server.
    pub(crate) fn relay(&self, name: &str, to: SocketAddr) -> SocketAddr {
        let config = self.config(&[name], Valid::Now);
        listen("127.0.0.1:0", move |socket| {
            let mut server = TcpStream::connect(to).ok()?;
            // Short, because one thread reads from both sides in turn.
            for side in [&socket, &server] {
                side.set_read_timeout(Some(Duration::from_millis(5))).ok()?;
            }
            let mut client = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).ok()?, socket);
            while copy(&mut client, &mut server).is_some() && copy(&mut server, &mut client).is_some() {}
            Some(())
        })
    }

    fn config(&self, names: &[&str], valid: Valid) -> Arc<ServerConfig> {
        let (certificate, key) = self.certificate(names, valid);
        config(vec![certificate], key)
    }
}

fn config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate with its key");
    Arc::new(config)
}

/// Starts a TLS server at this address, with the certificate and key in these PEM files, in front of the world's stand-in. Returns its
/// address.
pub(crate) fn front_from_files(world: &World, address: &str, certificate: &Path, key: &Path) -> SocketAddr {
    let chain = CertificateDer::pem_file_iter(certificate).expect("a file").collect::<Result<_, _>>().expect("PEM");
    front(world, address, config(chain, PrivateKeyDer::from_pem_file(key).expect("a key")))
}

fn front(world: &World, address: &str, config: Arc<ServerConfig>) -> SocketAddr {
    let quay = world.quay.address();
    listen(address, move |socket| {
        let mut client = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).ok()?, socket);
        pass_on(&mut client, quay)?;
        client.conn.send_close_notify();
        client.flush().ok()
    })
}

/// Starts a server of plain http at this address in front of the world's stand-in. Returns its address.
pub(crate) fn plain_front(world: &World, address: &str) -> SocketAddr {
    let quay = world.quay.address();
    listen(address, move |mut socket| pass_on(&mut socket, quay))
}

/// Serves each connection on a thread of its own. A connection that fails is ignored, because a client may reject the certificate.
fn listen(address: &str, serve: impl Fn(TcpStream) -> Option<()> + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(address).expect("a listener");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let serve = serve.clone();
            thread::spawn(move || serve(socket));
        }
    });
    address
}

/// Copies what one side has sent so far to the other. `None` if it has closed the connection.
fn copy(from: &mut impl Read, to: &mut impl Write) -> Option<()> {
    let mut buffer = [0; 16_384];
    match from.read(&mut buffer) {
        Ok(0) => None,
        Ok(count) => to.write_all(&buffer[..count]).and_then(|()| to.flush()).ok(),
        Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => Some(()),
        Err(_) => None,
    }
}

/// Forwards one request and its response.
fn pass_on(client: &mut (impl Read + Write), quay: SocketAddr) -> Option<()> {
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
    client.flush().ok()
}
