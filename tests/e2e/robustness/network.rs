//! Hosts that have only an IPv6 address, or an address that does not answer, and a slow proxy. The tests run in a network namespace with public addresses.

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::support::program::Run;
use crate::support::server::Server;
use crate::support::system::run_test_in_network;
use crate::support::tls_front::{Authority, Valid};
use crate::support::world::World;

/// Adds two addresses, from ranges that are reserved for documentation, to the namespace's own interface.
const ADDRESSES: &str =
    "ip link set lo up && ip addr add 192.0.2.7/32 dev lo && ip addr add 2001:db8::7/128 dev lo nodad";

/// Gives both addresses a name.
const NAME: &str = " && hosts=$(mktemp) && echo '2001:db8::7 quay.example\n192.0.2.7 quay.example' > $hosts \
    && mount --bind $hosts /etc/hosts && rm $hosts";

#[test]
fn an_ipv6_address_that_does_not_answer_delays_a_request_by_a_quarter_of_a_second() {
    run_test_in_network(&format!("{ADDRESSES}{NAME}"), "robustness::network::in_a_network_with_a_silent_ipv6_address");
}

#[test]
#[ignore = "run by an_ipv6_address_that_does_not_answer_delays_a_request_by_a_quarter_of_a_second"]
fn in_a_network_with_a_silent_ipv6_address() {
    let world = World::new();
    let ca = Authority::new();
    let port = ca.front(&world, "192.0.2.7:0", "quay.example", Valid::Now).port();
    // A listener that accepts no connections. Once its queue is full, the kernel drops all packets, as a broken network would.
    let silent = Socket::new(Domain::IPV6, Type::STREAM, None).unwrap();
    silent.bind(&SocketAddr::from(("2001:db8::7".parse::<IpAddr>().unwrap(), port)).into()).unwrap();
    silent.listen(0).unwrap();
    let addresses: Vec<_> = ("quay.example", port).to_socket_addrs().unwrap().collect();
    assert!(addresses[0].is_ipv6() && addresses.len() == 2, "IPv6 is not tried first: {addresses:?}");
    let connect = || TcpStream::connect_timeout(&addresses[0], Duration::from_secs(1));
    let queued: Vec<_> = (0..50).map_while(|_| connect().ok()).collect();
    assert!((1..50).contains(&queued.len()), "{} connections were accepted", queued.len());
    let start = Instant::now();
    request_scopes(&world, &ca, &format!("quay.example:{port}")).prints("repo:read").succeeds();
    let time = start.elapsed();
    assert!(time > Duration::from_millis(250) && time < Duration::from_secs(2), "{time:?}");
}

#[test]
fn a_host_with_only_ipv6_is_reached() {
    run_test_in_network(ADDRESSES, "robustness::network::in_a_network_with_ipv6_only");
}

#[test]
fn a_proxy_that_is_endlessly_slow_is_given_up() {
    run_test_in_network(
        &format!("{ADDRESSES}{NAME}"),
        "robustness::network::in_a_network_with_an_endlessly_slow_proxy",
    );
}

#[test]
#[ignore = "run by a_proxy_that_is_endlessly_slow_is_given_up"]
fn in_a_network_with_an_endlessly_slow_proxy() {
    let world = World::new();
    let slow = Server::start_slow("HTTP/1.1 200 OK\r\nVia: ", b'x');
    let start = Instant::now();
    world
        .run(["scopes", "--host", "quay.example"])
        .env("https_proxy", &slow.authority)
        .stderr(&format!("did not answer in time through the proxy {} (https_proxy)\n", slow.authority))
        .fails(7);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

/// `scopes` at that host, which trusts this CA.
fn request_scopes(world: &World, ca: &Authority, host: &str) -> Run {
    world.run(["scopes", "--host", host]).env("QUAY_AUTH_CA_FILE", &ca.file(world))
}

#[test]
#[ignore = "run by a_host_with_only_ipv6_is_reached"]
fn in_a_network_with_ipv6_only() {
    let world = World::new();
    let ca = Authority::new();
    let host = ca.front(&world, "[2001:db8::7]:0", "2001:db8::7", Valid::Now).to_string();
    request_scopes(&world, &ca, &host).prints("repo:read").succeeds();
    let doctor = world.run(["doctor", "--host", &host]).env("QUAY_AUTH_CA_FILE", &ca.file(&world));
    doctor
        .env("QUAY_AUTH_STORE", "file")
        .env("QUAY_AUTH_BROWSER", "/bin/true")
        .prints("ok    host name: [2001:db8::7] has the address 2001:db8::7\n")
        .prints("ok    certificate: CN=2001:db8::7, issued by CN=A CA made in a test\n")
        .succeeds();
}
