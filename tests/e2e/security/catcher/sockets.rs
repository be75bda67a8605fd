//! Where the catcher listens, who can connect, and what happens if another program uses the address.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Output, Stdio};

use nix::sys::signal::Signal;
use socket2::{Domain, Socket, Type};

use super::request::{Expected, Reply, Request};
use super::{Waiting, as_root, count};
use crate::support::browser::Browser;
use crate::support::system::run_test_in_network;
use crate::support::world::{CLIENT_ID, World, post_to_catcher};

/// The listening sockets of a process, as `/proc/net/tcp` writes them: `0100007F:1F90`.
///
/// Only root can see which sockets the process has open. Otherwise all sockets with its port are taken.
pub(super) fn listening(process: u32, port: &str) -> BTreeSet<String> {
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
        let is_own = match &own {
            Some(own) => own.contains(&format!("socket:[{number}]")),
            None => address.ends_with(&port),
        };
        if state == "0A" && is_own {
            found.insert(address.trim_end_matches(&port).to_owned());
        }
    }
    found
}

/// The addresses of this machine in its networks, and another loopback address.
fn other_addresses() -> Vec<IpAddr> {
    let mut addresses = vec![IpAddr::from(Ipv4Addr::new(127, 0, 0, 2))];
    // This sends no packet, but makes the system choose the source address.
    for (from, to) in [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")] {
        let source_address = || {
            let socket = UdpSocket::bind(from)?;
            socket.connect(to)?;
            socket.local_addr()
        };
        addresses.extend(source_address().map(|address| address.ip()));
    }
    addresses
}

#[test]
fn the_catcher_listens_on_loopback_only() {
    const IPV4: &str = "0100007F";
    const IPV6: &str = "00000000000000000000000001000000";
    for (loopback, expected) in [("localhost", vec![IPV4, IPV6]), ("127.0.0.1", vec![IPV4]), ("[::1]", vec![IPV6])] {
        let waiting = Waiting::start_at(loopback);
        let port = waiting.authority.rsplit_once(':').unwrap().1.to_owned();
        let found = listening(waiting.process(), &port);
        assert_eq!(found, expected.into_iter().map(str::to_owned).collect(), "{loopback}");
        for ip in other_addresses() {
            let address = SocketAddr::new(ip, port.parse().unwrap());
            let refused = TcpStream::connect(address).expect_err(&format!("{loopback}: {address} is served"));
            assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused, "{loopback}: {address}");
        }
        waiting.completes_without_warning();
    }
}

/// Listens on an address like another program. `is_dual` is for one socket that serves both address families.
fn listen_on(address: &str, is_dual: bool) -> TcpListener {
    let address: SocketAddr = address.parse().expect("a URL");
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    if address.is_ipv6() {
        socket.set_only_v6(!is_dual).expect("one family or both");
    }
    socket.set_reuse_address(true).expect("a shared socket");
    socket.bind(&address.into()).and_then(|()| socket.listen(8)).expect("listen on the address");
    socket.into()
}

#[test]
fn login_exits_8_if_another_program_uses_part_of_the_address() {
    let [v4, v6] = ["127.0.0.1", "[::1]"];
    for (loopback, used, is_dual, named) in [
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
        let world = World::with_redirect_host(loopback);
        let port = world.redirect_authority().rsplit_once(':').unwrap().1.to_owned();
        // Without the other program, the login succeeds.
        let token = world.log_in();
        let _other = listen_on(&format!("{used}:{port}"), is_dual);
        let ended = world.login(&[]).stderr(&format!("cannot listen on {named}:{port}")).fails(8);
        assert!(
            !ended.stderr.contains("/oauth/authorize?"),
            "{loopback}, {used} in use: the authorize URL was shown: {ended}"
        );
        world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    }
}

#[test]
fn another_program_on_the_other_address_family_does_not_matter() {
    for (loopback, used) in [("127.0.0.1", "[::1]"), ("[::1]", "127.0.0.1"), ("[::1]", "0.0.0.0")] {
        let world = World::with_redirect_host(loopback);
        let port = world.redirect_authority().rsplit_once(':').unwrap().1.to_owned();
        let _other = listen_on(&format!("{used}:{port}"), false);
        world.log_in();
    }
}

#[test]
fn a_redirect_uri_that_is_not_on_loopback_is_an_error() {
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
        "http://127.0.0.1:0/callback".to_owned(),
        "http://127.0.0.1:65536/callback".to_owned(),
        "file:///callback".to_owned(),
        "javascript:alert(1)".to_owned(),
        "127.0.0.1".to_owned(),
        String::new(),
    ] {
        let ended = world.login(&["--redirect-uri", &redirect_uri]).start().wait();
        assert!(ended.code == 2 && ended.stdout.is_empty(), "{redirect_uri}: {ended}");
        assert!(!ended.stderr.contains("/oauth/authorize?"), "{redirect_uri}: the authorize URL was shown: {ended}");
    }
    assert!(world.quay.requests().is_empty(), "Quay was asked: {:?}", world.quay.requests());
    // With the redirect URI of this world, it succeeds.
    world.log_in();
}

#[test]
fn requests_of_another_local_user_are_rejected() {
    for more in [&[][..], &["--listen", "0.0.0.0"]] {
        reject_requests_of_another_user(Waiting::start_with(World::new(), more), more.len() / 2);
    }
}

/// The login has printed that many other warnings.
fn reject_requests_of_another_user(waiting: Waiting, warnings: usize) {
    let post = waiting.planted();
    let (_, port) = waiting.authority.rsplit_once(':').unwrap();
    for (name, request) in [
        ("page", waiting.get(&waiting.page())),
        ("POST", post),
        ("script", waiting.get(&waiting.script)),
        ("mismatch", waiting.get("/?error=redirect_uri_mismatch")),
    ] {
        let reply = as_nobody(port, request);
        reply.check(&format!("{name} by another user"), &Expected::Response(403));
        waiting.still_waits(name);
    }
    let messages = waiting.completes();
    let warning = "warning: a program of another user of this machine asked for this login's page, and was refused.\n";
    assert_eq!((count(&messages, "warning:"), count(&messages, warning)), (warnings + 1, 1), "{messages}");
    assert!(
        messages.contains("hint: if that was your browser, run quay-auth as the user of the browser"),
        "{messages}"
    );
}

/// Sends a request as the user nobody.
pub(super) fn as_nobody(port: &str, request: Request) -> Reply {
    let script = r#"exec 3<>"/dev/tcp/127.0.0.1/$1" && cat >&3 && cat <&3"#;
    let output = run_as_nobody(&["bash", "-c", script, "bash", port], &Vec::from(request));
    assert!(output.status.success(), "{output:?}");
    Reply::from_bytes(output.stdout)
}

/// Runs a command with this stdin as the user nobody.
fn run_as_nobody(command: &[&str], stdin: &[u8]) -> Output {
    let mut client = as_root("setpriv")
        .args(["--reuid=65534", "--clear-groups"])
        .args(command)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start setpriv, as root");
    client.stdin.take().expect("its stdin").write_all(stdin).expect("send the request");
    client.wait_with_output().expect("its output")
}

/// The kernel does not know the user of a closed socket, and shows 0 instead.
#[test]
fn a_post_of_another_local_user_who_closes_the_socket_is_rejected() {
    let close = "";
    let reset = "setsockopt($s, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) or die;";
    for (name, before, more, listen) in [
        ("close", close, "", &[][..]),
        ("close with a stray byte", close, "x", &[]),
        ("reset", reset, "", &[]),
        ("close, as if from outside", close, "", &["--listen", "0.0.0.0"]),
        ("reset, as if from outside", reset, "", &["--listen", "0.0.0.0"]),
    ] {
        let waiting = Waiting::start_with(World::new(), listen);
        let (_, port) = waiting.authority.rsplit_once(':').unwrap();
        let mut bytes = Vec::from(waiting.planted());
        bytes.extend_from_slice(more.as_bytes());
        // The login does not look at the connection before the client has closed it.
        waiting.login.signal(Signal::SIGSTOP);
        let script = format!(
            "use Socket; local $/; socket(my $s, PF_INET, SOCK_STREAM, 0) or die; \
             connect($s, sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die; {before} \
             syswrite($s, <STDIN>) or die; close($s) or die;"
        );
        let output = run_as_nobody(&["perl", "-e", &script, port], &bytes);
        assert!(output.status.success(), "{name}: {output:?}");
        waiting.login.signal(Signal::SIGCONT);
        waiting.still_waits(name);
        let messages = waiting.completes();
        assert_eq!(count(&messages, "warning:"), listen.len() / 2, "{name}: {messages}");
    }
}

#[test]
fn login_works_without_ipv6() {
    let script = "ip link set lo up && echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 && \
                  ! grep -q 00000000000000000000000000000001 /proc/net/if_inet6";
    run_test_in_network(script, "security::catcher::sockets::login_at_localhost");
}

#[test]
#[ignore = "run by login_works_without_ipv6"]
fn login_at_localhost() {
    let waiting = Waiting::start_at("localhost");
    let location = waiting.world.quay.authorize(&waiting.url).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    let messages = waiting.login.succeeds();
    assert_eq!(count(&messages, "warning:"), 0, "{messages}");
}

/// In a network of its own, because there is only one port 80.
#[test]
fn login_works_at_port_80_which_browsers_leave_out() {
    run_test_in_network("ip link set lo up", "security::catcher::sockets::login_at_port_80");
}

#[test]
#[ignore = "run by login_works_at_port_80_which_browsers_leave_out"]
fn login_at_port_80() {
    for redirect_uri in ["http://127.0.0.1:80/callback", "http://localhost/callback"] {
        let mut world = World::new();
        redirect_uri.clone_into(&mut world.redirect_uri);
        world.quay.add_application(CLIENT_ID, redirect_uri);
        let browser = Browser::start();
        browser.approve(world.login(&[]).start());
    }
}
