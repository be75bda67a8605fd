//! A signal while the login waits for Quay, before there is a token: the process ends at once.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::keyring::wait_until;
use crate::support::program::Run;
use crate::support::pty::Terminal;
use crate::support::server::{Server, answer};
use crate::support::world::{CLIENT_ID, World};

/// Less than the timeout of any request.
const AT_ONCE: Duration = Duration::from_secs(3);

/// A server that never answers requests for this path, nor any later one.
fn server(path: &'static str) -> Server {
    Server::start_with_head(move |_, head, stream| {
        if head.split(' ').nth(1).is_some_and(|target| target.starts_with(path)) {
            loop {
                thread::park();
            }
        }
        let _ = stream.write_all(&answer("401 Unauthorized", "", ""));
    })
}

fn wait_for_request(server: &Server, path: &str) {
    wait_until("the request", || {
        server.requests().iter().any(|head| head.split(' ').nth(1).is_some_and(|target| target.starts_with(path)))
    });
}

/// Interrupts the command during the request for this path. Returns what it says.
fn interrupt(run: Run, server: &Server, path: &str) -> String {
    let running = run.start();
    wait_for_request(server, path);
    let start = Instant::now();
    // Not SIGINT, which is ignored if the tests run in the background of a shell.
    running.signal(Signal::SIGTERM);
    let messages = running.fails(143);
    assert!(start.elapsed() < AT_ONCE, "it went on for {:?}: {messages}", start.elapsed());
    messages
}

#[test]
fn a_signal_during_a_request_ends_the_login_at_once() {
    for (path, arguments) in [
        ("/config", &["--direct", "--username", "alice", "--password-stdin", "--client-id", CLIENT_ID][..]),
        ("/api/v1/app/", &["--direct", "--username", "alice", "--password-stdin", "--client-id", CLIENT_ID]),
        ("/config", &["--paste", "--no-browser", "--client-id", CLIENT_ID]),
        ("/v2/", &["--paste", "--no-browser", "--client-id", CLIENT_ID]),
        ("/v2/", &["--with-token"]),
        ("/api/v1/discovery", &["--no-browser", "--expires", "30d", "--client-id", CLIENT_ID]),
        ("/config", &["--no-browser"]),
    ] {
        let world = World::new();
        let server = server(path);
        let host = server.host();
        let login = [&["login", "--store", "file", "--host", &host], arguments].concat();
        let messages = interrupt(world.run(login).stdin("A".repeat(40)), &server, path);
        assert!(messages.contains("error: stopped by SIGTERM; nothing was changed\n"), "{arguments:?}: {messages}");
        assert_eq!(world.profiles_toml(), "");
    }
}

#[test]
fn a_signal_while_quay_may_create_the_token_says_so() {
    let world = World::new();
    let server = server("/oauth/authorizeapp");
    let host = server.host();
    let login = ["login", "--direct", "--store", "file", "--host", &host, "--client-id", CLIENT_ID];
    let login = world.run([&login[..], &["--username", "alice", "--password-stdin"]].concat()).stdin("password");
    let messages = interrupt(login, &server, "/oauth/authorizeapp");
    assert!(messages.contains("error: stopped by SIGTERM; nothing was stored\n"), "{messages}");
    assert!(messages.contains("hint: Quay may have created a token all the same; if it is listed, "), "{messages}");
    assert_eq!(world.profiles_toml(), "");
}

#[test]
fn a_signal_while_an_answered_host_is_asked_restores_the_terminal() {
    let world = World::new();
    let server = server("/v2/");
    let mut terminal = Terminal::start(&world, &["login", "--no-browser"]);
    terminal.shows("Quay host [");
    terminal.enters(&server.host());
    wait_for_request(&server, "/v2/");
    terminal.shows("Connecting to");
    let start = Instant::now();
    kill(Pid::from_raw(terminal.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let screen = terminal.ends(130);
    assert!(screen.contains("stopped by Ctrl-C; nothing was changed") && start.elapsed() < AT_ONCE, "{screen}");
}
