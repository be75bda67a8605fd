//! Where the catcher listens, whom it lets connect, and what happens where the address is somebody else's.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Stdio;

use socket2::{Domain, Socket, Type};

use super::request::{Expected, Reply, Request};
use super::{Waiting, as_root, count};
use crate::system::in_network;
use crate::world::{World, hand_over};

/// The listening sockets of a process, as `/proc/net/tcp` writes them: `0100007F:1F90`.
///
/// Whose a socket is, its number among the process's open files tells, which only root may read of this program. For others, the
/// sockets at its port have to do.
fn listening(process: u32, port: &str) -> BTreeSet<String> {
    let port = format!(":{:04X}", port.parse::<u16>().expect("a port"));
    let own: Option<Vec<String>> = fs::read_dir(format!("/proc/{process}/fd")).ok().map(|files| {
        let targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        targets.map(|target| target.to_string_lossy().into_owned()).collect()
    });
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let mut found = BTreeSet::new();
    for line in tables.iter().flat_map(|table| table.lines().skip(1)) {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let (address, state, number) = (columns[1], columns[3], columns[9]);
        let is_its = match &own {
            Some(own) => own.contains(&format!("socket:[{number}]")),
            None => address.ends_with(&port),
        };
        if state == "0A" && is_its {
            found.insert(address.trim_end_matches(&port).to_owned());
        }
    }
    found
}

/// The addresses of this machine that others reach it by, and one that is as little ours as those.
fn other_addresses() -> Vec<IpAddr> {
    let mut addresses = vec![IpAddr::from(Ipv4Addr::new(127, 0, 0, 2))];
    // No packet is sent: it only asks the system by which address it would go.
    for (from, to) in [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")] {
        let ask = || {
            let socket = UdpSocket::bind(from)?;
            socket.connect(to)?;
            socket.local_addr()
        };
        addresses.extend(ask().map(|address| address.ip()));
    }
    addresses
}

#[test]
fn it_listens_on_loopback_and_nowhere_else() {
    const IPV4: &str = "0100007F";
    const IPV6: &str = "00000000000000000000000001000000";
    for (loopback, expected) in [("localhost", vec![IPV4, IPV6]), ("127.0.0.1", vec![IPV4]), ("[::1]", vec![IPV6])] {
        let waiting = Waiting::begin_at(loopback);
        let port = waiting.authority.rsplit_once(':').unwrap().1.to_owned();
        let found = listening(waiting.process(), &port);
        assert_eq!(found, expected.into_iter().map(str::to_owned).collect(), "{loopback}");
        for ip in other_addresses() {
            let address = SocketAddr::new(ip, port.parse().unwrap());
            let refused = TcpStream::connect(address).expect_err(&format!("{loopback}: {address} is served"));
            assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused, "{loopback}: {address}");
        }
        waiting.completes_unmoved();
    }
}

/// Holds an address as another program does. A dual one is that of a program that serves both families by one socket.
fn hold(address: &str, is_dual: bool) -> TcpListener {
    let address: SocketAddr = address.parse().expect("an address");
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    if address.is_ipv6() {
        socket.set_only_v6(!is_dual).expect("one family or both");
    }
    socket.set_reuse_address(true).expect("a socket that shares as far as it can");
    socket.bind(&address.into()).and_then(|()| socket.listen(8)).expect("hold the address");
    socket.into()
}

#[test]
fn half_a_redirect_address_is_none() {
    let [v4, v6] = ["127.0.0.1", "[::1]"];
    for (loopback, held, is_dual, named) in [
        ("localhost", v4, false, v4),
        ("localhost", v6, false, v6),
        ("localhost", "0.0.0.0", false, v4),
        ("localhost", "[::]", false, v6),
        ("localhost", "[::]", true, v4),
        ("127.0.0.1", v4, false, v4),
        ("127.0.0.1", "0.0.0.0", false, v4),
        ("127.0.0.1", "[::]", true, v4),
        ("[::1]", v6, false, v6),
        ("[::1]", "[::]", false, v6),
    ] {
        let world = World::answered_at(loopback);
        let port = world.redirect_authority().rsplit_once(':').unwrap().1.to_owned();
        // Nothing else is in the way of this login.
        let token = world.log_in();
        let _holder = hold(&format!("{held}:{port}"), is_dual);
        let ended = world.login(&[]).stderr(&format!("cannot listen on {named}:{port}")).fails(8);
        assert!(!ended.stderr.contains("/oauth/authorize?"), "{loopback}, {held} held: a browser was sent: {ended}");
        world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    }
}

#[test]
fn the_other_family_alone_holds_nothing_up() {
    for (loopback, held) in [("127.0.0.1", "[::1]"), ("[::1]", "127.0.0.1"), ("[::1]", "0.0.0.0")] {
        let world = World::answered_at(loopback);
        let port = world.redirect_authority().rsplit_once(':').unwrap().1.to_owned();
        let _holder = hold(&format!("{held}:{port}"), false);
        world.log_in();
    }
}

#[test]
fn a_second_login_touches_nothing_of_the_first() {
    let waiting = Waiting::begin_at("localhost");
    let port = waiting.authority.rsplit_once(':').unwrap().1.to_owned();
    waiting.world.login(&[]).stderr(&format!("127.0.0.1:{port}")).fails(8);
    waiting.waits_on("a second login");
    waiting.completes_unmoved();
}

#[test]
fn a_redirect_uri_that_leaves_loopback_is_refused() {
    let world = World::new();
    let port = world.redirect_authority().rsplit_once(':').unwrap().1.to_owned();
    for redirect_uri in [
        format!("http://example.com:{port}/callback"),
        format!("http://localhost.evil:{port}/callback"),
        format!("http://localhost.:{port}/callback"),
        format!("http://evil.localhost:{port}/callback"),
        format!("http://127.0.0.1.nip.io:{port}/callback"),
        format!("http://127.0.0.2:{port}/callback"),
        format!("http://0.0.0.0:{port}/callback"),
        format!("http://[::]:{port}/callback"),
        format!("http://[::ffff:127.0.0.1]:{port}/callback"),
        format!("http://192.0.2.1:{port}/callback"),
        format!("https://127.0.0.1:{port}/callback"),
        format!("http://user@127.0.0.1:{port}/callback"),
        format!("http://user:password@127.0.0.1:{port}/callback"),
        format!("http://127.0.0.1:{port}@evil.example/callback"),
        format!("http://evil.example\\@127.0.0.1:{port}/callback"),
        format!("http://127.0.0.1:{port}/callback?x=1"),
        format!("http://127.0.0.1:{port}/callback#x"),
        format!("http://127.0.0.1:{port}/a/../callback"),
        format!("http://127.0.0.1:{port}/%63allback"),
        "http://127.0.0.1/callback".to_owned(),
        "http://127.0.0.1:0/callback".to_owned(),
        "http://127.0.0.1:65536/callback".to_owned(),
        "file:///callback".to_owned(),
        "javascript:alert(1)".to_owned(),
        "127.0.0.1".to_owned(),
        String::new(),
    ] {
        let ended = world.login(&["--redirect-uri", &redirect_uri]).start().wait();
        assert!(ended.code == 2 && ended.stdout.is_empty(), "{redirect_uri}: {ended}");
        assert!(!ended.stderr.contains("/oauth/authorize?"), "{redirect_uri}: a browser was sent: {ended}");
    }
    assert!(world.quay.requests().is_empty(), "Quay was asked: {:?}", world.quay.requests());
    // The worlds' own, which differs in nothing else, is taken.
    world.log_in();
}

#[test]
fn another_user_of_this_machine_is_refused() {
    let waiting = Waiting::begin();
    let post = waiting.planted();
    let (_, port) = waiting.authority.rsplit_once(':').unwrap();
    for (name, request) in [
        ("page", waiting.get(&waiting.page())),
        ("POST", post),
        ("script", waiting.get("/quay-auth.js")),
        ("mismatch", waiting.get("/?error=redirect_uri_mismatch")),
    ] {
        let reply = as_nobody(&waiting, port, request);
        reply.check(&format!("{name} by another user"), &Expected::Ours(403));
        waiting.waits_on(name);
    }
    waiting.completes_unmoved();
}

/// Sends a request as a process of the user nobody's.
fn as_nobody(waiting: &Waiting, port: &str, request: Request) -> Reply {
    let script = r#"exec 3<>"/dev/tcp/127.0.0.1/$1" && cat >&3 && cat <&3"#;
    let mut client = as_root("setpriv")
        .args(["--reuid=65534", "--clear-groups", "bash", "-c", script, "bash", port])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start setpriv, as root");
    let mut stdin = client.stdin.take().expect("its stdin");
    stdin.write_all(&Vec::from(request)).expect("hand over the request");
    drop(stdin);
    let output = client.wait_with_output().expect("its output");
    assert!(output.status.success(), "{}: {output:?}", waiting.authority);
    Reply::of(output.stdout)
}

#[test]
fn a_machine_without_ipv6_can_log_in() {
    let script = "ip link set lo up && echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 && \
                  ! grep -q 00000000000000000000000000000001 /proc/net/if_inet6";
    in_network(script, "hostile::sockets::a_login_by_the_name_of_localhost");
}

#[test]
#[ignore = "run by a_machine_without_ipv6_can_log_in"]
fn a_login_by_the_name_of_localhost() {
    let waiting = Waiting::begin_at("localhost");
    let location = waiting.world.quay.authorize(&waiting.url).unwrap();
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    let said = waiting.login.succeeds();
    assert_eq!(count(&said, "warning:"), 0, "{said}");
}
