//! Finds out which user of this machine is at the other end of a connection (Linux only). Another user could read the nonce from the
//! browser's command line and then post a token of their own.

use std::net::SocketAddr;

/// Who opened a connection, found out once, when it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "other systems allow everyone"))]
pub(super) enum Peer {
    /// Our user, or root, as a forwarding `sshd` is. Also everyone on a system that has no table of connections.
    Allowed,
    AnotherUser,
    /// The client has closed its socket already, so its user is no longer known. It may have been anyone.
    Gone,
    /// The client is not on this machine, or in another network namespace of it.
    Elsewhere,
}

impl Peer {
    /// Looks the client's end of the connection up in the kernel's tables.
    #[cfg(target_os = "linux")]
    pub(super) fn of(client: SocketAddr, server: SocketAddr) -> Peer {
        // A table that changes while it is read may lack a line, so a missing line is looked for again.
        const ATTEMPTS: usize = 3;
        // A client on this machine has one line, in the table of its address family, or of IPv6 if its socket serves both.
        let port = format!(":{:04X} ", client.port());
        for _ in 0..ATTEMPTS {
            let mut has_table = false;
            // After a flood of connections they have tens of thousands of lines. Read the second one only if the first has not the line, and
            // parse only lines with the client's port.
            for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
                let Ok(table) = std::fs::read_to_string(path) else { continue };
                has_table = true;
                let mut lines = table.lines().filter(|line| line.contains(&port));
                if let Some(peer) = lines.find_map(|line| peer_in(line, client, server)) {
                    return peer;
                }
            }
            if !has_table {
                return Peer::Allowed;
            }
        }
        match is_address_of_this_machine(client) {
            true => Peer::Gone,
            false => Peer::Elsewhere,
        }
    }

    /// Other systems have no such table.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn of(_: SocketAddr, _: SocketAddr) -> Peer {
        Peer::Allowed
    }
}

/// Whether a program on this machine can have that address. A closed socket may have no line, so the missing line alone says nothing.
#[cfg(target_os = "linux")]
fn is_address_of_this_machine(mut client: SocketAddr) -> bool {
    client.set_port(0);
    match std::net::UdpSocket::bind(client) {
        Err(error) => error.kind() != std::io::ErrorKind::AddrNotAvailable,
        Ok(_) => true,
    }
}

/// Reads a line of the table, if it is the client's end of the connection. The columns are
/// `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …` (proc_pid_net(5)).
#[cfg(target_os = "linux")]
fn peer_in(line: &str, client: SocketAddr, server: SocketAddr) -> Option<Peer> {
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[_, local, remote, _, _, _, _, uid, _, inode, ..] = &columns[..] else { return None };
    if socket_address(local) != Some(client) || socket_address(remote) != Some(server) {
        return None;
    }
    // The client closed this socket. The table then shows inode 0 and user 0, not the real user.
    if inode == "0" {
        return Some(Peer::Gone);
    }
    let uid: u32 = uid.parse().ok()?;
    let is_allowed = uid == 0 || uid == rustix::process::geteuid().as_raw();
    Some(if is_allowed { Peer::Allowed } else { Peer::AnotherUser })
}

/// Parses `0100007F:1F90`: an IP address in 32-bit words of this machine's byte order, and a port. IPv4-mapped IPv6 becomes IPv4.
#[cfg(target_os = "linux")]
fn socket_address(column: &str) -> Option<SocketAddr> {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let (address, port) = column.split_once(':')?;
    let word =
        |index: usize| u32::from_str_radix(address.get(index * 8..index * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = if address.len() == 8 {
        IpAddr::V4(Ipv4Addr::from(word(0)?))
    } else {
        let mut bytes = [0; 16];
        for index in 0..4 {
            bytes[index * 4..index * 4 + 4].copy_from_slice(&word(index)?);
        }
        IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{Shutdown, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_user_of_a_real_connection_is_found_until_it_is_closed() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            let server = listener.local_addr().unwrap();
            let stream = TcpStream::connect(server).unwrap();
            let client = stream.local_addr().unwrap();
            assert_eq!(Peer::of(client, server), Peer::Allowed, "{address}");
            // Closed in one direction only.
            stream.shutdown(Shutdown::Write).unwrap();
            assert_eq!(Peer::of(client, server), Peer::Allowed, "{address}");
            drop(stream);
            assert_eq!(Peer::of(client, server), Peer::Gone, "{address}");
            drop(listener);
            assert_eq!(Peer::of(client, server), Peer::Gone, "{address}");
        }
    }

    #[test]
    fn only_our_user_and_root_are_allowed_and_only_with_an_open_socket() {
        let [client, server] = ["127.0.0.1:40000", "127.0.0.1:7829"].map(|address| address.parse().unwrap());
        let own = rustix::process::geteuid().as_raw();
        let peer = |uid: u32, inode: u32| {
            let line = format!(
                "   0: 0100007F:9C40 0100007F:1E95 01 00000000:00000000 00:00000000 00000000 {uid:5}        0 {inode} 1 0 20 4 30"
            );
            peer_in(&line, client, server)
        };
        assert_eq!(peer(own, 77), Some(Peer::Allowed));
        assert_eq!(peer(0, 77), Some(Peer::Allowed));
        assert_eq!(peer(own + 1, 77), Some(Peer::AnotherUser));
        assert_eq!(peer(0, 0), Some(Peer::Gone));
        assert_eq!(peer(own, 0), Some(Peer::Gone));
        // As the kernel writes a connection in TIME_WAIT.
        let line = "   1: 0100007F:9C40 0100007F:1E95 06 00000000:00000000 03:00000A1B 00000000     0        0 0 3 0000000000000000";
        assert_eq!(peer_in(line, client, server), Some(Peer::Gone));
        // The server's end of the connection says nothing about the client.
        let line =
            "   2: 0100007F:1E95 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 78 1 0 20 4 30";
        assert_eq!(peer_in(line, client, server), None);
    }

    #[test]
    fn only_an_address_of_another_machine_is_elsewhere() {
        let server = "127.0.0.1:7829".parse().unwrap();
        for address in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1"] {
            assert_eq!(Peer::of(address.parse().unwrap(), server), Peer::Gone, "{address}");
        }
        // Of networks that exist only in documents (RFC 5737, RFC 3849).
        for address in ["192.0.2.1:1", "[2001:db8::1]:1"] {
            assert_eq!(Peer::of(address.parse().unwrap(), server), Peer::Elsewhere, "{address}");
        }
    }

    #[test]
    fn mapped_addresses_become_ipv4() {
        assert_eq!(socket_address("0100007F:1F90"), Some("127.0.0.1:8080".parse().unwrap()));
        assert_eq!(socket_address("0000000000000000FFFF00000100007F:1F90"), Some("127.0.0.1:8080".parse().unwrap()));
        assert_eq!(socket_address("00000000000000000000000001000000:0050"), Some("[::1]:80".parse().unwrap()));
        assert_eq!(socket_address("local_address"), None);
    }
}
