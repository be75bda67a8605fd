//! A proxy, and a host that has only IPv6: in a network namespace of their own, where this machine has a public address.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::front::{Authority, Valid};
use crate::program::Run;
use crate::system::in_network;
use crate::world::{PATIENCE, World};

const TOKEN: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// The addresses that the namespace's own interface has besides loopback; both are for documentation only.
const ADDRESSES: &str =
    "ip link set lo up && ip addr add 192.0.2.7/32 dev lo && ip addr add 2001:db8::7/128 dev lo nodad";

#[test]
fn https_goes_by_the_proxy_and_nothing_else_does() {
    in_network(ADDRESSES, "tls::network::in_a_network_with_a_proxy");
}

#[test]
fn a_host_with_ipv6_only_is_reached() {
    in_network(ADDRESSES, "tls::network::in_a_network_with_ipv6_only");
}

/// `api repository?public=true` at that host, which trusts this CA.
fn ask(world: &World, ca: &Authority, host: &str) -> Run {
    world
        .run(["api", "repository?public=true"])
        .env("QUAY_AUTH_HOST", host)
        .env("QUAY_AUTH_TOKEN", TOKEN)
        .env("QUAY_AUTH_CA_FILE", &ca.file(world))
}

#[test]
#[ignore = "run by https_goes_by_the_proxy_and_nothing_else_does"]
fn in_a_network_with_a_proxy() {
    let world = World::new();
    let ca = Authority::new();
    let host = ca.front(&world, "192.0.2.7:0", "192.0.2.7", Valid::Now).to_string();
    let proxy = Proxy::start(&world);
    ask(&world, &ca, &host).prints("repositories").succeeds();
    assert_eq!(proxy.log(), "", "not without being told to");
    ask(&world, &ca, &host).env("HTTPS_PROXY", &proxy.url()).prints("repositories").succeeds();
    let log = proxy.log();
    assert!(log.contains(&format!("CONNECT {host} ")), "{log}");
    assert!(!log.contains(TOKEN) && !log.contains("/api/v1"), "the proxy sees a host and a port, nothing more: {log}");
    // Hosts that need none, plain http, and this machine.
    let seen = proxy.log().len();
    ask(&world, &ca, &host)
        .env("HTTPS_PROXY", &proxy.url())
        .env("NO_PROXY", "192.0.2.7")
        .prints("repositories")
        .succeeds();
    let local = format!("localhost:{}", ca.front(&world, "127.0.0.1:0", "localhost", Valid::Now).port());
    for host in [local, world.quay.host()] {
        let run = ask(&world, &ca, &host).env("HTTPS_PROXY", &proxy.url()).env("HTTP_PROXY", &proxy.url());
        run.env("ALL_PROXY", &proxy.url()).prints("repositories").succeeds();
    }
    assert_eq!(proxy.log().len(), seen, "{}", proxy.log());
    // One that is gone is told, and doctor shows which it was, without its password.
    ask(&world, &ca, &host)
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .stderr(&format!("{host} cannot be reached\n"))
        .stderr("the proxy (HTTPS_PROXY)\n")
        .fails(7);
    let doctor = world.run(["doctor", "--host", &host]).env("QUAY_AUTH_CA_FILE", &ca.file(&world));
    let found = doctor
        .env("QUAY_AUTH_STORE", "file")
        .env("HTTPS_PROXY", "http://me:topsecret@127.0.0.1:1")
        .prints("ok    proxy: HTTPS_PROXY=127.0.0.1:1\n")
        .prints("fail  server: ")
        .stderr("failed")
        .fails(1);
    assert!(!found.stdout.contains("topsecret"), "{found}");
}

#[test]
#[ignore = "run by a_host_with_ipv6_only_is_reached"]
fn in_a_network_with_ipv6_only() {
    let world = World::new();
    let ca = Authority::new();
    let host = ca.front(&world, "[2001:db8::7]:0", "2001:db8::7", Valid::Now).to_string();
    ask(&world, &ca, &host).prints("repositories").succeeds();
    let doctor = world.run(["doctor", "--host", &host]).env("QUAY_AUTH_CA_FILE", &ca.file(&world));
    doctor
        .env("QUAY_AUTH_STORE", "file")
        .env("QUAY_AUTH_BROWSER", "/bin/true")
        .prints("ok    host name: [2001:db8::7] is 2001:db8::7\n")
        .prints("ok    certificate: CN=2001:db8::7, issued by CN=A CA made in a test\n")
        .succeeds();
}

/// tinyproxy, with a log of its own.
struct Proxy {
    process: Child,
    port: u16,
    log: std::path::PathBuf,
}

impl Proxy {
    fn start(world: &World) -> Proxy {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (config, log) =
            (world.runtime_folder().join("tinyproxy.conf"), world.runtime_folder().join("tinyproxy.log"));
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 10\nLogLevel Connect\nLogFile \"{}\"\nDisableViaHeader Yes\n",
            log.display()
        );
        fs::write(&config, text).unwrap();
        let process = Command::new("tinyproxy")
            .args(["-d", "-c"])
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tinyproxy (Debian package tinyproxy)");
        let give_up = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < give_up, "tinyproxy does not listen");
            std::thread::yield_now();
        }
        Proxy { process, port, log }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests that it saw.
    fn log(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| line.contains("Request")).map(|line| format!("{line}\n")).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
