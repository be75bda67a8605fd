//! The network addresses of a host.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use crate::domain::Host;

/// Asks the system for the addresses of the host.
pub(crate) fn resolve(host: &Host) -> io::Result<Vec<SocketAddr>> {
    (host.name().trim_matches(['[', ']']), host.port()).to_socket_addrs().map(Iterator::collect)
}
