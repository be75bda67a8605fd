//! `ListenAddress`: where a browser outside of a container reaches a login.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address of this machine that others can reach, or all of them: `0.0.0.0` is every IPv4 address, `::` also every IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListenAddress(IpAddr);

impl ListenAddress {
    /// All addresses of IPv4.
    pub(crate) const ANY_IPV4: ListenAddress = ListenAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    /// All addresses of both families.
    pub(crate) const ANY: ListenAddress = ListenAddress(IpAddr::V6(Ipv6Addr::UNSPECIFIED));

    /// Each needs a socket of its own.
    pub(crate) fn addresses(self) -> Vec<IpAddr> {
        match self {
            ListenAddress::ANY => vec![ListenAddress::ANY_IPV4.0, ListenAddress::ANY.0],
            ListenAddress(ip) => vec![ip],
        }
    }

    pub(crate) fn is_any(self) -> bool {
        self.0.is_unspecified()
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidListenAddress {
    #[error("give an IP address of this machine, or 0.0.0.0 for all of them; the port is that of the redirect URI")]
    NotAnIpAddress,
    #[error("quay-auth listens on the loopback address without this option; others cannot reach it")]
    Loopback,
    #[error("a login cannot listen on a multicast or link-local address")]
    Unusable,
}

impl FromStr for ListenAddress {
    type Err = InvalidListenAddress;

    /// IPv6 may be in brackets, as in a URL.
    fn from_str(text: &str) -> Result<Self, InvalidListenAddress> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).filter(|text| text.contains(':'));
        let ip: IpAddr = bare.unwrap_or(text).parse().map_err(|_| InvalidListenAddress::NotAnIpAddress)?;
        match ip.to_canonical() {
            ip if ip.is_loopback() => Err(InvalidListenAddress::Loopback),
            IpAddr::V4(ip) if ip.is_multicast() || ip.is_broadcast() => Err(InvalidListenAddress::Unusable),
            IpAddr::V6(ip) if ip.is_multicast() || ip.is_unicast_link_local() => Err(InvalidListenAddress::Unusable),
            ip => Ok(ListenAddress(ip)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_others_can_reach_are_accepted() {
        for (text, shown, addresses) in [
            ("0.0.0.0", "0.0.0.0", vec!["0.0.0.0"]),
            ("::", "::", vec!["0.0.0.0", "::"]),
            ("[::]", "::", vec!["0.0.0.0", "::"]),
            ("172.17.0.2", "172.17.0.2", vec!["172.17.0.2"]),
            ("::ffff:172.17.0.2", "172.17.0.2", vec!["172.17.0.2"]),
            ("fd00::2", "fd00::2", vec!["fd00::2"]),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            let expected: Vec<IpAddr> = addresses.into_iter().map(|ip| ip.parse().unwrap()).collect();
            assert_eq!(address.addresses(), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_and_addresses_are_rejected() {
        use InvalidListenAddress as E;
        for (text, reason) in [
            ("", E::NotAnIpAddress),
            ("eth0", E::NotAnIpAddress),
            ("localhost", E::NotAnIpAddress),
            ("0.0.0.0:7829", E::NotAnIpAddress),
            ("[::]:7829", E::NotAnIpAddress),
            ("[0.0.0.0]", E::NotAnIpAddress),
            ("0", E::NotAnIpAddress),
            ("127.0.0.1", E::Loopback),
            ("127.0.0.2", E::Loopback),
            ("::1", E::Loopback),
            ("::ffff:127.0.0.1", E::Loopback),
            ("224.0.0.1", E::Unusable),
            ("255.255.255.255", E::Unusable),
            ("ff02::1", E::Unusable),
            ("fe80::1", E::Unusable),
        ] {
            assert_eq!(text.parse::<ListenAddress>(), Err(reason), "{text}");
        }
    }
}
