//! `login --listen`: connections from another network, as from the host of a container. That network is a namespace of its own here, which
//! is connected as docker and podman connect theirs. The connection of a published port has the browser's `Host` header.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use super::request::{Expected, Reply, Request};
use super::sockets::listening;
use super::{PLANTED, Waiting, count};
use crate::support::program::Run;
use crate::support::system::{run_test_in_network, run_test_in_network_as_root};
use crate::support::world::{CLIENT_ID, World, post_to_catcher, token_of};

/// The addresses of the container.
const IPV4: &str = "10.77.0.2";
const IPV6: &str = "fd00:77::2";

/// Makes the network `host`, and connects this one with it.
const NETWORK: &str = "ip link set lo up && mount -t tmpfs tmpfs /run && ip netns add host && \
    ip link add inside type veth peer name outside netns host && ip link set inside up && \
    ip addr add 10.77.0.2/24 dev inside && ip addr add fd00:77::2/64 dev inside nodad && ip -n host link set outside up && \
    ip -n host addr add 10.77.0.1/24 dev outside && ip -n host addr add fd00:77::1/64 dev outside nodad";

/// Sends a request from the host. `None` if nothing listens there.
#[allow(clippy::disallowed_methods, reason = "tests start programs")]
fn from_host(address: &str, waiting: &Waiting, request: Request) -> Option<Reply> {
    let script = r#"exec 3<>"/dev/tcp/$1/$2" && cat >&3 && cat <&3"#;
    let port = waiting.authority.rsplit_once(':').unwrap().1;
    let mut client = Command::new("nsenter")
        .args(["--net=/run/netns/host", "bash", "-c", script, "bash", address, port])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start nsenter (Debian package util-linux)");
    // Fails if nothing listens.
    let _ = client.stdin.take().expect("its stdin").write_all(&Vec::from(request));
    let output = client.wait_with_output().expect("its output");
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(message.contains("Connection refused"), "{message}");
        return None;
    }
    Some(Reply::from_bytes(output.stdout))
}

/// What the page would send after an approval, and the token.
fn approved(waiting: &Waiting) -> (Request, String) {
    let location = waiting.world.quay.authorize(&waiting.url).expect("an approval");
    let (query, fragment) = location.split_once('?').unwrap().1.split_once('#').unwrap();
    (waiting.post(query, fragment), token_of(&location))
}

#[test]
fn a_browser_outside_of_the_container_completes_the_login() {
    run_test_in_network(NETWORK, "security::catcher::containers::login_from_the_host");
}

#[test]
#[ignore = "run by a_browser_outside_of_the_container_completes_the_login"]
fn login_from_the_host() {
    for (loopback, listen, addresses) in [
        ("127.0.0.1", "0.0.0.0", vec![IPV4]),
        ("127.0.0.1", IPV4, vec![IPV4]),
        ("localhost", "0.0.0.0", vec![IPV4]),
        ("localhost", "::", vec![IPV4, IPV6]),
        ("[::1]", "::", vec![IPV6, IPV4]),
        ("[::1]", IPV6, vec![IPV6]),
    ] {
        let waiting = Waiting::start_with(World::with_redirect_host(loopback), &["--listen", listen]);
        for address in [IPV4, IPV6] {
            let page = from_host(address, &waiting, waiting.get(&waiting.page()));
            assert_eq!(page.is_some(), addresses.contains(&address), "{loopback}, {listen}, {address}");
        }
        // A program inside is served too.
        waiting.still_waits(listen);
        let (post, token) = approved(&waiting);
        let reply = from_host(addresses[0], &waiting, post).unwrap();
        reply.check(listen, &Expected::Response(200));
        assert_eq!(reply.outcome(), "stored");
        let messages = waiting.login.succeeds();
        assert!(messages.contains(&format!("warning: with --listen {listen}, ")), "{messages}");
        waiting.world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    }
}

#[test]
fn requests_from_outside_are_checked_as_all_others() {
    run_test_in_network(NETWORK, "security::catcher::containers::hostile_requests_from_the_host");
}

#[test]
#[ignore = "run by requests_from_outside_are_checked_as_all_others"]
fn hostile_requests_from_the_host() {
    let waiting = Waiting::start_with(World::new(), &["--listen", "0.0.0.0"]);
    let port = waiting.authority.rsplit_once(':').unwrap().1.to_owned();
    let own_name = format!("{IPV4}:{port}");
    for (name, expected, request) in [
        ("the container's address as its name", 421, waiting.planted().with("Host", &own_name)),
        ("another name", 421, waiting.planted().with("Host", &format!("evil.example:{port}"))),
        ("another origin", 403, waiting.planted().with("Origin", &format!("http://{own_name}"))),
        ("no origin", 403, waiting.planted().without("Origin")),
        ("a form", 415, waiting.planted().with("Content-Type", "text/plain")),
        ("a wrong nonce", 404, waiting.planted().target("/callback/00000000000000000000000000000000")),
        ("a preflight", 405, waiting.planted().method("OPTIONS")),
    ] {
        let reply = from_host(IPV4, &waiting, request).unwrap();
        reply.check(name, &Expected::Response(expected));
        assert!(!reply.text().contains(PLANTED), "{name}: {reply}");
        waiting.still_waits(name);
    }
    let messages = waiting.completes();
    assert_eq!(count(&messages, "warning:"), 1, "{messages}");
}

#[test]
fn without_listen_nothing_outside_of_the_container_can_connect() {
    run_test_in_network(
        &format!("{NETWORK} && : > /run/.containerenv"),
        "security::catcher::containers::requests_from_the_host_without_listen",
    );
}

/// An earlier login with `--listen` changes nothing either.
#[test]
#[ignore = "run by without_listen_nothing_outside_of_the_container_can_connect"]
fn requests_from_the_host_without_listen() {
    let world = World::new();
    world.complete(world.login(&["--listen", "0.0.0.0"]).start());
    let waiting = Waiting::start_with(world, &[]);
    let port = waiting.authority.rsplit_once(':').unwrap().1.to_owned();
    assert_eq!(listening(waiting.process(), &port), ["0100007F".to_owned()].into());
    for address in [IPV4, IPV6] {
        assert!(from_host(address, &waiting, waiting.planted()).is_none(), "{address}");
    }
    waiting.completes_without_warning();
}
/// Runs the program in a container of podman, whose files are in the folder `$1`. `$2` is the folder of the program, and `$3` the port.
///
/// crun refuses a system with cgroups of both versions, so it sees only those of version 2. The container has its libraries from this system.
const PODMAN: &str = r#"
if [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]; then
  umount --recursive --lazy /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
folder=$1 programs=$2 port=$3
shift 3
for name in usr proc sys dev tmp run etc root programs; do mkdir -p "$folder/system/$name"; done
for name in bin sbin lib lib64; do ln -s "usr/$name" "$folder/system/$name"; done
exec podman --root "$folder/storage" --runroot "$folder/run" --cgroup-manager cgroupfs run --rm --cgroups=disabled \
  --ulimit nofile=1000:1000 --ulimit nproc=1000:1000 --publish "127.0.0.1:$port:$port" --env HOME=/root \
  --volume /usr:/usr:ro --volume "$programs:/programs:ro" --rootfs "$folder/system" /programs/quay-auth "$@"
"#;

#[test]
fn a_published_port_of_a_real_container_leads_to_the_login() {
    // podman remembers its networks in these folders.
    let network =
        "ip link set lo up && mount -t tmpfs tmpfs /run && mkdir -p /var/lib/cni && mount -t tmpfs tmpfs /var/lib/cni";
    run_test_in_network_as_root(network, "security::catcher::containers::login_in_a_container_of_podman");
}

#[test]
#[ignore = "run by a_published_port_of_a_real_container_leads_to_the_login"]
fn login_in_a_container_of_podman() {
    for listen in [&["--listen", "0.0.0.0"][..], &[]] {
        let world = World::new();
        let (host, authority) = (world.quay.host(), world.redirect_authority());
        let port = authority.rsplit_once(':').unwrap().1;
        let programs = Path::new(env!("CARGO_BIN_EXE_quay-auth")).parent().unwrap();
        let mut podman = world.command("sh");
        podman.args(["-euc", PODMAN, "sh"]).arg(world.home().join("podman")).arg(programs).arg(port);
        podman.args(["login", "--no-browser", "--store", "file", "--host", &host, "--client-id", CLIENT_ID]);
        podman.args(["--redirect-uri", &world.redirect_uri]).args(listen);
        let mut login = Run::new(podman).start();
        let location = world.quay.authorize(&login.authorize_url()).expect("an approval");
        if listen.is_empty() {
            login.says("start the container with `-p 127.0.0.1:");
            let mut answer = Vec::new();
            let read = TcpStream::connect(authority).and_then(|mut stream| {
                stream.write_all(format!("GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes())?;
                stream.read_to_end(&mut answer)
            });
            assert!(read.is_err() || answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
            login.signal(Signal::SIGTERM);
            login.fails(143);
        } else {
            // The container cannot reach this Quay.
            assert_eq!(post_to_catcher(&location), (200, "stored_unverified".to_owned()));
            login.succeeds();
        }
    }
}
