//! Connections in great number, connections that ask for nothing, and browsers that speak TLS.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::request::{Expected, Reply, connect, is_closed};
use super::{Waiting, count};
use crate::browser::Browser;

/// What the program may hold open at a time.
const CONNECTIONS: usize = 64;

/// What closes a connection without a request is the program's own limit of 5 s; a busy machine adds to it.
const CLOSED_WITHIN: Duration = Duration::from_secs(20);

/// Lets this process hold some thousand connections.
fn raise_the_limit() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).expect("more open files");
}

/// Opens connections that send nothing, or a request's beginning.
fn stalled(waiting: &Waiting, number: usize) -> Vec<TcpStream> {
    let whole: Vec<u8> = waiting.planted().into();
    let end_of_head = whole.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    let beginnings: [&[u8]; 6] =
        [b"", b"G", b"GET /callback", b"GET / HTTP/1.1\r\nHost: x", b"\r\n", &whole[..end_of_head]];
    (0..number)
        .map(|index| {
            let mut stream = connect(&waiting.authority);
            // Those that came too many are closed, maybe while they write.
            let _ = stream.write_all(beginnings[index % beginnings.len()]);
            stream
        })
        .collect()
}

/// Whether the other side has closed, within this time and without having answered.
fn is_closed_within(mut stream: &TcpStream, patience: Duration) -> bool {
    stream.set_read_timeout(Some(patience.max(Duration::from_millis(1)))).unwrap();
    match stream.read(&mut [0]) {
        Ok(length) => {
            assert_eq!(length, 0, "it answered before it was asked");
            true
        }
        Err(error) => is_closed(&error),
    }
}

#[test]
fn stalled_connections_are_closed_while_the_login_waits() {
    let waiting = Waiting::begin();
    let start = Instant::now();
    let streams = stalled(&waiting, 200);
    waiting.waits_on("200 stalled connections");
    for (index, stream) in streams.iter().enumerate() {
        let left = CLOSED_WITHIN.saturating_sub(start.elapsed());
        assert!(is_closed_within(stream, left), "connection {index} is open after {:?}", start.elapsed());
    }
    // The last ones had their full time: a browser may open a connection and take a while.
    assert!(start.elapsed() > Duration::from_secs(4), "all were closed after {:?}", start.elapsed());
    waiting.completes_unmoved();
}

#[test]
fn stalled_connections_do_not_shut_the_browser_out() {
    raise_the_limit();
    for number in [200, 2_000] {
        let waiting = Waiting::begin();
        let streams = stalled(&waiting, number);
        waiting.waits_on(&format!("{number} stalled connections"));
        let open = streams.iter().filter(|stream| !is_closed_within(stream, Duration::ZERO)).count();
        assert!(open <= CONNECTIONS, "{open} of {number} are open");
        waiting.completes_unmoved();
    }
}

#[test]
fn a_real_browser_comes_through_stalled_connections() {
    let mut waiting = Waiting::begin_at("localhost");
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
fn ten_thousand_hostile_requests_and_a_thousand_stalled_connections_stop_no_login() {
    const REQUESTS: usize = 10_000;
    raise_the_limit();
    let waiting = Waiting::begin();
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
        // They go on while the login is completed, until nobody listens any more.
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
            waiting.waits_on("thousands of requests");
        }
        waiting.completes_unmoved();
        drop(streams);
    });
}

#[test]
fn posts_without_their_bodies_do_not_shut_the_browser_out() {
    let waiting = Waiting::begin();
    let request = Vec::from(waiting.planted());
    let half = &request[..request.len() - 10];
    let streams: Vec<TcpStream> = (0..2 * CONNECTIONS)
        .map(|_| {
            let mut stream = connect(&waiting.authority);
            let _ = stream.write_all(half);
            stream
        })
        .collect();
    waiting.waits_on("POSTs without their bodies");
    drop(streams);
    waiting.completes_unmoved();
}

#[test]
fn connections_that_close_again_mean_nothing() {
    let waiting = Waiting::begin();
    for _ in 0..100 {
        drop(connect(&waiting.authority));
    }
    for stream in stalled(&waiting, 100) {
        drop(stream);
    }
    waiting.waits_on("100 connections that closed again");
    waiting.completes_unmoved();
}

#[test]
fn requests_whose_answers_nobody_reads_mean_nothing() {
    let waiting = Waiting::begin();
    let page: Vec<u8> = waiting.get(&waiting.page()).into();
    let streams: Vec<_> = (0..3 * CONNECTIONS).map(|_| waiting.open(page.clone())).collect();
    waiting.waits_on("answers that nobody reads");
    drop(streams);
    waiting.completes_unmoved();
}

#[test]
fn a_browser_that_insists_on_https_is_explained_once() {
    let waiting = Waiting::begin();
    // The beginning of a client hello of TLS 1.3, of TLS 1.0, and the first byte alone.
    let hello = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &[7; 32], &[0; 480]].concat();
    for hello in [&hello[..], b"\x16\x03\x00\x00\x05", b"\x16"] {
        for _ in 0..10 {
            Reply::read(waiting.open(hello)).check(&format!("{hello:?}"), &Expected::Nothing);
        }
    }
    waiting.waits_on("TLS");
    let authority = waiting.authority.clone();
    let said = waiting.completes();
    assert_eq!(count(&said, &format!("the browser insists on https for {authority}")), 1, "{said}");
    assert_eq!((count(&said, "warning:"), count(&said, "HTTPS-only")), (1, 1), "{said}");
}

/// How long a process has computed, in hundredths of a second.
#[cfg(target_os = "linux")]
fn computed(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the process's figures");
    let figures: Vec<&str> = stat.rsplit_once(')').expect("figures").1.split_ascii_whitespace().collect();
    figures[11..=12].iter().map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
}

#[cfg(target_os = "linux")]
#[test]
fn without_file_descriptors_it_waits_for_some() {
    use rustix::process::{Pid, prlimit};
    const LIMIT: u64 = 64;
    let waiting = Waiting::begin();
    let process = waiting.process();
    let id = Pid::from_raw(i32::try_from(process).unwrap());
    let before = prlimit(id, Resource::Nofile, Rlimit { current: Some(LIMIT), maximum: Some(LIMIT) }).unwrap();
    assert!(before.current.is_none_or(|before| before > LIMIT), "it had no more anyway");
    let (start, computed_before) = (Instant::now(), computed(process));
    // More than it may take and the kernel's queue holds: the last of them wait until it has closed the first.
    let streams: Vec<TcpStream> = (0..200).map(|_| connect(&waiting.authority)).collect();
    assert!(is_closed_within(&streams[0], CLOSED_WITHIN), "the first connection is still open");
    let (took, used) = (start.elapsed(), computed(process) - computed_before);
    assert!(took > Duration::from_secs(4), "it was never short of descriptors: {took:?}");
    assert!(used < 100, "it computed {used} hundredths of a second in {took:?}: it does not rest");
    drop(streams);
    waiting.waits_on("200 connections that closed");
    waiting.completes_unmoved();
}
