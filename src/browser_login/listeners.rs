//! The sockets that a login listens on: on loopback only, unless the user named another address.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::page::PAGE_MARKER;
use crate::domain::{ListenAddress, LoopbackHost, RedirectUri};

/// For asking the program that uses our address whether it is quay-auth.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);

/// The marker is at the beginning of the page.
const PROBE_SIZE: u64 = 16 * 1024;

/// How many free ports to try: the one that is free on the first address family may be taken on the second.
const PORT_ATTEMPTS: usize = 16;

#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub(crate) struct BindError {
    pub(crate) address: SocketAddr,
    /// Whether another login of quay-auth uses the address.
    pub(crate) used_by_login: bool,
    pub(crate) source: io::Error,
}

/// Listens on every address that a browser may use for this redirect URI, and on the one that the user named.
pub(super) fn listen(redirect_uri: &RedirectUri, named: Option<ListenAddress>) -> Result<Vec<TcpListener>, BindError> {
    let mut addresses = named.map(ListenAddress::addresses).unwrap_or_default();
    let is_covered = |ip: &IpAddr| addresses.iter().any(|any| any.is_unspecified() && any.is_ipv4() == ip.is_ipv4());
    let loopback: Vec<IpAddr> =
        loopback_addresses(redirect_uri.host()).into_iter().filter(|ip| !is_covered(ip)).collect();
    addresses.extend(loopback);
    let listening = listen_at(&addresses, redirect_uri.port());
    listening.map(|(listeners, _)| listeners).map_err(|error| BindError {
        used_by_login: is_in_use(&error) && is_another_login(error.address, redirect_uri.authority()),
        ..error
    })
}

/// Listens on a port that nothing else uses. Returns the port, too.
pub(super) fn listen_on_free_port(host: LoopbackHost) -> Result<(Vec<TcpListener>, u16), BindError> {
    let mut attempts = 1;
    loop {
        match listen_at(&loopback_addresses(host), 0) {
            Err(error) if is_in_use(&error) && attempts < PORT_ATTEMPTS => attempts += 1,
            result => return result,
        }
    }
}

/// `localhost` is both address families, because Chromium uses `::1` and Firefox `127.0.0.1`.
fn loopback_addresses(host: LoopbackHost) -> Vec<IpAddr> {
    match host {
        LoopbackHost::Address(ip) => vec![ip],
        LoopbackHost::Localhost => vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
    }
}

/// Listens on each address, at the same port. The system chooses the port if it is 0.
///
/// A family that this machine does not have is skipped. If another program uses one of the addresses, this fails: the browser could give
/// the token to that program.
fn listen_at(addresses: &[IpAddr], mut port: u16) -> Result<(Vec<TcpListener>, u16), BindError> {
    let mut listeners = Vec::new();
    let mut unavailable = None;
    for &ip in addresses {
        let address = SocketAddr::new(ip, port);
        let failed = |source| BindError { address, used_by_login: false, source };
        match bind(address) {
            Ok(listener) => {
                port = listener.local_addr().map_err(failed)?.port();
                listeners.push(listener);
            }
            Err(source) if is_family_unavailable(ip, &source) => unavailable = Some(failed(source)),
            Err(source) => return Err(failed(source)),
        }
    }
    match unavailable {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok((listeners, port)),
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Unix this allows a port again that was freed a moment ago. On Windows it would let other programs share the port. On Unix systems
    // other than Linux, it would let another program have one of all the addresses.
    #[cfg(unix)]
    socket.set_reuse_address(cfg!(target_os = "linux") || !address.ip().is_unspecified())?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}

fn is_in_use(error: &BindError) -> bool {
    error.source.kind() == io::ErrorKind::AddrInUse
}

/// Whether quay-auth uses the address: its page for unknown paths has the marker too.
fn is_another_login(address: SocketAddr, authority: &str) -> bool {
    let probe = || -> io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, PROBE_TIMEOUT)?;
        stream.set_read_timeout(Some(PROBE_TIMEOUT))?;
        write!(stream, "GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n")?;
        let mut response = Vec::new();
        let _ = stream.take(PROBE_SIZE).read_to_end(&mut response);
        Ok(response.windows(PAGE_MARKER.len()).any(|part| part == PAGE_MARKER.as_bytes()))
    };
    probe().unwrap_or(false)
}

/// Whether this machine does not have the address family, and not only this address.
fn is_family_unavailable(ip: IpAddr, error: &io::Error) -> bool {
    #[cfg(unix)]
    let no_family = error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    #[cfg(not(unix))]
    let no_family = false;
    (ip.is_loopback() || ip.is_unspecified()) && (no_family || error.kind() == io::ErrorKind::AddrNotAvailable)
}
