//! Very many connections, idle connections, and browsers that speak TLS.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::request::{Expected, Reply, connect, is_closed};
use super::{Waiting, count};
use crate::support::browser::Browser;

/// The limit on open connections.
const CONNECTIONS: usize = 64;

/// quay-auth closes a connection without a request after 5 s, and later on a busy machine.
const CLOSED_WITHIN: Duration = Duration::from_secs(20);

/// Allows this process a few thousand connections.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).expect("more open files");
}

/// Opens connections that send nothing, or only the beginning of a request.
fn stalled(waiting: &Waiting, number: usize) -> Vec<TcpStream> {
    let whole: Vec<u8> = waiting.planted().into();
    let end_of_head = whole.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    let beginnings: [&[u8]; 6] =
        [b"", b"G", b"GET /callback", b"GET / HTTP/1.1\r\nHost: x", b"\r\n", &whole[..end_of_head]];
    (0..number)
        .map(|index| {
            let mut stream = connect(&waiting.authority);
            // Fails if the connection is already closed to make room.
            let _ = stream.write_all(beginnings[index % beginnings.len()]);
            stream
        })
        .collect()
}

/// Whether quay-auth closes the connection within this time. It must not respond.
fn is_closed_within(mut stream: &TcpStream, timeout: Duration) -> bool {
    stream.set_read_timeout(Some(timeout.max(Duration::from_millis(1)))).unwrap();
    match stream.read(&mut [0]) {
        Ok(length) => {
            assert_eq!(length, 0, "there is a response without a request");
            true
        }
        Err(error) => is_closed(&error),
    }
}

#[test]
fn stalled_connections_are_closed_after_five_seconds() {
    let waiting = Waiting::start();
    let start = Instant::now();
    let streams = stalled(&waiting, 200);
    waiting.still_waits("200 stalled connections");
    for (index, stream) in streams.iter().enumerate() {
        let left = CLOSED_WITHIN.saturating_sub(start.elapsed());
        assert!(is_closed_within(stream, left), "connection {index} is open after {:?}", start.elapsed());
    }
    // Not all were closed to make room: a browser may open a connection and use it later.
    assert!(start.elapsed() > Duration::from_secs(4), "all were closed after {:?}", start.elapsed());
    waiting.completes_without_warning();
}

#[test]
fn the_page_is_served_despite_stalled_connections() {
    raise_file_limit();
    for number in [200, 2_000] {
        let waiting = Waiting::start();
        let streams = stalled(&waiting, number);
        waiting.still_waits(&format!("{number} stalled connections"));
        let open = streams.iter().filter(|stream| !is_closed_within(stream, Duration::ZERO)).count();
        assert!(open <= CONNECTIONS, "{open} of {number} are open");
        waiting.completes_without_warning();
    }
}

#[test]
fn a_real_browser_can_log_in_despite_stalled_connections() {
    let mut waiting = Waiting::start_at("localhost");
    let browser = Browser::start();
    browser.goto(&waiting.url);
    let streams = stalled(&waiting, 200);
    browser.press("Authorize Application");
    browser.shows("stored");
    drop(streams);
    waiting.login.says("Logged in");
    waiting.login.succeeds();
}

#[test]
fn login_works_during_ten_thousand_requests_and_a_thousand_stalled_connections() {
    const REQUESTS: usize = 10_000;
    raise_file_limit();
    let waiting = Waiting::start();
    let shapes: Vec<Vec<u8>> = [
        waiting.planted().with("Origin", "https://evil.example"),
        waiting.planted().with("Content-Type", "text/plain"),
        waiting.planted().with("Host", "evil.example"),
        waiting.planted().target(&format!("{}/{}", waiting.path, "0".repeat(32))),
        waiting.planted().body("{}".repeat(4_000)),
        waiting.get("/?error=access_denied"),
        waiting.get("/favicon.ico").method("OPTIONS"),
    ]
    .map(Vec::from)
    .into();
    let sent = AtomicUsize::new(0);
    let authority = waiting.authority.clone();
    thread::scope(|scope| {
        // They continue while the login completes, until the port is closed.
        for number in 0..8 {
            let (sent, shapes, authority) = (&sent, &shapes, &authority);
            scope.spawn(move || {
                for shape in shapes.iter().cycle().skip(number) {
                    let Ok(mut stream) = TcpStream::connect(authority) else { return };
                    let _ = stream.write_all(shape);
                    let _ = stream.read(&mut [0; 12]);
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let streams = stalled(&waiting, 1_000);
        while sent.load(Ordering::Relaxed) < REQUESTS {
            waiting.still_waits("thousands of requests");
        }
        waiting.completes_without_warning();
        drop(streams);
    });
}

#[test]
fn the_page_is_served_despite_posts_without_their_bodies() {
    let waiting = Waiting::start();
    let request = Vec::from(waiting.planted());
    let half = &request[..request.len() - 10];
    let streams: Vec<TcpStream> = (0..2 * CONNECTIONS)
        .map(|_| {
            let mut stream = connect(&waiting.authority);
            let _ = stream.write_all(half);
            stream
        })
        .collect();
    waiting.still_waits("POSTs without their bodies");
    drop(streams);
    waiting.completes_without_warning();
}

#[test]
fn connections_that_close_without_a_request_are_ignored() {
    let waiting = Waiting::start();
    for _ in 0..100 {
        drop(connect(&waiting.authority));
    }
    for stream in stalled(&waiting, 100) {
        drop(stream);
    }
    waiting.still_waits("100 connections that closed again");
    waiting.completes_without_warning();
}

#[test]
fn responses_that_are_not_read_do_not_block_others() {
    let waiting = Waiting::start();
    let page: Vec<u8> = waiting.get(&waiting.page()).into();
    let streams: Vec<_> = (0..3 * CONNECTIONS).map(|_| waiting.open(page.clone())).collect();
    waiting.still_waits("responses that are not read");
    drop(streams);
    waiting.completes_without_warning();
}

/// As when the computer sleeps just when the browser has connected.
#[test]
fn a_request_that_arrives_while_the_process_is_stopped_is_answered() {
    /// How long a connection may be without a request.
    const LIMIT: Duration = Duration::from_secs(5);
    let waiting = Waiting::start();
    let page: Vec<u8> = waiting.get(&waiting.page()).into();
    let mut streams = loop {
        let start = Instant::now();
        let streams: Vec<TcpStream> = (0..16).map(|_| connect(&waiting.authority)).collect();
        // Connections are accepted in their order.
        waiting.still_waits("connections without requests");
        waiting.login.signal(Signal::SIGSTOP);
        // On a busy machine the time may be over already.
        if start.elapsed() < LIMIT / 2 {
            break streams;
        }
        waiting.login.signal(Signal::SIGCONT);
    };
    for stream in &mut streams {
        stream.write_all(&page).unwrap();
    }
    thread::sleep(LIMIT + Duration::from_secs(1));
    waiting.login.signal(Signal::SIGCONT);
    for stream in streams {
        Reply::read(stream).check("after the process continued", &Expected::Response(200));
    }
    waiting.completes_without_warning();
}

#[test]
fn tls_is_explained_once() {
    let waiting = Waiting::start();
    // The beginning of a client hello of TLS 1.3, of TLS 1.0, and the first byte alone.
    let hello = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &[7; 32], &[0; 480]].concat();
    for hello in [&hello[..], b"\x16\x03\x00\x00\x05", b"\x16"] {
        for _ in 0..10 {
            Reply::read(waiting.open(hello)).check(&format!("{hello:?}"), &Expected::Closed);
        }
    }
    waiting.still_waits("TLS");
    let authority = waiting.authority.clone();
    let messages = waiting.completes();
    assert_eq!(count(&messages, &format!("the browser uses https for {authority}")), 1, "{messages}");
    assert_eq!((count(&messages, "warning:"), count(&messages, "HTTPS-only")), (1, 1), "{messages}");
}

/// The CPU time of a process, in hundredths of a second.
#[cfg(target_os = "linux")]
fn cpu_time(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the status of the process");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("fields").1.split_ascii_whitespace().collect();
    fields[11..=12].iter().map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
}

#[cfg(target_os = "linux")]
#[test]
fn the_catcher_waits_when_it_has_no_file_descriptors_left() {
    use rustix::process::{Pid, prlimit};
    const LIMIT: u64 = 64;
    let waiting = Waiting::start();
    let process = waiting.process();
    let id = Pid::from_raw(i32::try_from(process).unwrap());
    let before = prlimit(id, Resource::Nofile, Rlimit { current: Some(LIMIT), maximum: Some(LIMIT) }).unwrap();
    assert!(before.current.is_none_or(|before| before > LIMIT), "the limit was not lowered");
    let (start, cpu_before) = (Instant::now(), cpu_time(process));
    // More than the limit and the kernel's queue: the last ones wait until quay-auth has closed the first.
    let streams: Vec<TcpStream> = (0..200).map(|_| connect(&waiting.authority)).collect();
    assert!(is_closed_within(&streams[0], CLOSED_WITHIN), "the first connection is still open");
    let (took, used) = (start.elapsed(), cpu_time(process) - cpu_before);
    assert!(took > Duration::from_secs(4), "it had enough descriptors: {took:?}");
    assert!(used < 100, "it used {used} hundredths of a second of CPU time in {took:?}: a busy loop");
    drop(streams);
    waiting.still_waits("200 connections that closed");
    waiting.completes_without_warning();
}
