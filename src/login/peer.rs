//! Whose process is at the other end of a loopback connection (Linux): another user of this machine, who could have read the nonce
//! from the browser's command line, must not answer in our user's name.

use std::net::SocketAddr;

/// Whether the client may be heard: a process of our user's or of root's (forwarders such as `sshd`). What cannot be told is allowed.
#[cfg(target_os = "linux")]
pub(super) fn is_ours(client: SocketAddr, server: SocketAddr) -> bool {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    // A flood leaves tens of thousands of lines behind, of which few have the client's port.
    let port = format!(":{:04X} ", client.port());
    let mut lines = tables.iter().flat_map(|table| table.lines()).filter(|line| line.contains(&port));
    let owner = lines.find_map(|line| owner_of(line, client, server));
    owner.is_none_or(|uid| uid == 0 || uid == rustix::process::geteuid().as_raw())
}

/// Elsewhere there is no such table to read.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_ours(_: SocketAddr, _: SocketAddr) -> bool {
    true
}

/// The user id of the socket, if the line is the client's own end: `sl local_address rem_address st tx:rx tr:when retrnsmt uid …`.
#[cfg(target_os = "linux")]
fn owner_of(line: &str, client: SocketAddr, server: SocketAddr) -> Option<u32> {
    let mut columns = line.split_ascii_whitespace().skip(1);
    let is_end = |column: Option<&str>, address| column.and_then(socket_address) == Some(address);
    let (local, remote) = (columns.next(), columns.next());
    if !is_end(local, client) || !is_end(remote, server) {
        return None;
    }
    columns.nth(4)?.parse().ok()
}

/// `0100007F:1F90`: an address in 32-bit words of this machine's byte order, and the port. Mapped IPv4 is IPv4.
#[cfg(target_os = "linux")]
fn socket_address(column: &str) -> Option<SocketAddr> {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let (address, port) = column.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = if address.len() == 8 {
        IpAddr::V4(Ipv4Addr::from(word(0)?))
    } else {
        let mut bytes = [0; 16];
        for at in 0..4 {
            bytes[at * 4..at * 4 + 4].copy_from_slice(&word(at)?);
        }
        IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn finds_the_owner_of_a_real_connection() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            let server = listener.local_addr().unwrap();
            let client = TcpStream::connect(server).unwrap();
            let client = client.local_addr().unwrap();
            let table =
                std::fs::read_to_string(if server.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" }).unwrap();
            let owner = table.lines().find_map(|line| owner_of(line, client, server));
            assert_eq!(owner, Some(rustix::process::geteuid().as_raw()), "{address}");
            assert!(is_ours(client, server));
        }
    }

    #[test]
    fn reads_mapped_addresses_as_what_they_mean() {
        assert_eq!(socket_address("0100007F:1F90"), Some("127.0.0.1:8080".parse().unwrap()));
        assert_eq!(socket_address("0000000000000000FFFF00000100007F:1F90"), Some("127.0.0.1:8080".parse().unwrap()));
        assert_eq!(socket_address("00000000000000000000000001000000:0050"), Some("[::1]:80".parse().unwrap()));
        assert_eq!(socket_address("local_address"), None);
    }
}
