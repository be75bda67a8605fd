//! Bodies of POSTs that are not a JSON object of two strings, or are too large or too slow.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::request::{Expected, Reply, connect, is_closed, row};
use super::{PLANTED, Waiting};

/// The size limit of a body and of the buffer.
const LIMIT: usize = 16 * 1024;

/// quay-auth closes a slow connection after 5 s, and later on a busy machine. The limits of the libraries are 30 s and more.
const CLOSED_WITHIN: Duration = Duration::from_secs(20);

#[test]
fn a_body_must_be_a_json_object_of_two_strings() {
    let waiting = Waiting::start();
    let fragment = format!("access_token={PLANTED}&token_type=Bearer");
    let good = format!(r#"{{"query":"","fragment":"{fragment}"}}"#);
    let rows = [
        ("empty", String::new()),
        ("a blank", " ".to_owned()),
        ("not JSON", "query=&fragment=".to_owned()),
        ("a form", fragment.clone()),
        ("null", "null".to_owned()),
        ("a text", format!("{fragment:?}")),
        ("a number", "1".to_owned()),
        ("a list", format!(r#"["","{fragment}"]"#)),
        ("a list of objects", format!("[{good}]")),
        ("an empty object", "{}".to_owned()),
        ("no query", format!(r#"{{"fragment":"{fragment}"}}"#)),
        ("no fragment", r#"{"query":""}"#.to_owned()),
        ("a key more", good.replace('}', r#","state":""}"#)),
        ("a key more before", good.replacen('{', r#"{"__proto__":{},"#, 1)),
        ("query twice", good.replacen('{', r#"{"query":"","#, 1)),
        ("fragment twice", good.replacen('{', r#"{"fragment":"","#, 1)),
        ("capitals in a key", good.replace("query", "Query")),
        ("query is null", good.replacen(r#""""#, "null", 1)),
        ("query is a number", good.replacen(r#""""#, "0", 1)),
        ("query is a list", good.replacen(r#""""#, "[]", 1)),
        ("query is an object", good.replacen(r#""""#, "{}", 1)),
        ("fragment is a number", r#"{"query":"","fragment":40}"#.to_owned()),
        ("fragment is a list", format!(r#"{{"query":"","fragment":["{fragment}"]}}"#)),
        ("fragment is true", r#"{"query":"","fragment":true}"#.to_owned()),
        ("two objects", format!("{good}{good}")),
        ("something behind", format!("{good}x")),
        ("something before", format!(")]}}'\n{good}")),
        ("byte order mark", format!("\u{feff}{good}")),
        ("not closed", good.trim_end_matches('}').to_owned()),
        ("a comma more", good.replace('}', ",}")),
        ("a comment", good.replacen('{', "{/**/", 1)),
        ("single quotes", good.replace('"', "'")),
        ("a lone surrogate", good.replace("access", r"\ud800")),
        ("a raw line feed", good.replace("access", "\naccess")),
        // So deep that a recursive parser could overflow its stack.
        ("8000 lists deep", "[".repeat(8000) + &"]".repeat(8000)),
        ("deep in a text's place", format!(r#"{{"query":{}"#, "[".repeat(10_000))),
        ("10000 objects deep", r#"{"":"#.repeat(10_000)[..LIMIT].to_owned()),
        ("a number without end", "9".repeat(LIMIT)),
    ];
    waiting.check_all(rows.into_iter().map(|(name, body)| {
        let length = body.len().to_string();
        row(format!("a body that is: {name}"), 400, waiting.planted().and("Content-Length", &length).body(body))
    }));
    let not_utf8 = [good.as_bytes(), b"\xff"].concat();
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    waiting.check_all([
        row("a body of broken UTF-8", 400, waiting.planted().body(not_utf8)),
        row("a body of UTF-16", 400, waiting.planted().body(utf16)),
        row(
            "a body that calls itself compressed",
            400,
            waiting.planted().and("Content-Encoding", "gzip").body("\x1f\u{8b}"),
        ),
        row("no body at all", 400, waiting.planted().body("")),
    ]);
    waiting.completes_without_warning();
}

#[test]
fn large_bodies_are_rejected() {
    let waiting = Waiting::start();
    let fragment = format!("access_token={PLANTED}&token_type=Bearer");
    let of_length = |length: usize| {
        let body = format!(r#"{{"query":"","fragment":"{fragment}"}}"#);
        body.clone() + &" ".repeat(length - body.len())
    };
    let one_chunk = |length: usize| format!("{length:x}\r\n{}\r\n0\r\n\r\n", of_length(length));
    let small_chunks = "1\r\n \r\n".repeat(LIMIT + 1) + "0\r\n\r\n";
    let chunked = || waiting.planted().and("Transfer-Encoding", "chunked");
    waiting.check_all([
        row("one byte too many", 413, waiting.planted().body(of_length(LIMIT + 1))),
        row("300 kB", 413, waiting.planted().body(of_length(300_000))),
        row("one byte too many in a chunk", 413, chunked().body(one_chunk(LIMIT + 1))),
        row("300 kB in a chunk", 413, chunked().body(one_chunk(300_000))),
        row("too many chunks of one byte", 413, chunked().body(small_chunks)),
        row("10000 deep and large", 413, waiting.planted().body("[".repeat(10_000) + &"]".repeat(10_000))),
    ]);
    // Only the beginning of the announced length.
    for length in [LIMIT + 1, 300_000, usize::MAX / 2] {
        let request = waiting.planted().and("Content-Length", &length.to_string()).body(" ".repeat(LIMIT + 1));
        waiting.check_all([row(format!("{length} bytes announced"), 413, request)]);
    }
    waiting.completes_without_warning();
}

#[test]
fn endless_chunks_are_cut_off() {
    let waiting = Waiting::start();
    let mut stream = connect(&waiting.authority);
    let head = waiting.planted().and("Transfer-Encoding", "chunked").body("");
    stream.write_all(&Vec::from(head)).unwrap();
    let chunk = format!("400\r\n{}\r\n", " ".repeat(1024));
    // Until quay-auth closes the connection. The kernel buffers a few megabytes in between.
    let mut sent = 0;
    while stream.write_all(chunk.as_bytes()).is_ok() {
        sent += 1024;
        assert!(sent < 64 << 20, "it reads without end");
    }
    Reply::read(stream).check("chunks without end", &Expected::Response(413));
    waiting.still_waits("chunks without end");
    waiting.completes_without_warning();
}

#[test]
fn slow_heads_are_cut_off() {
    let waiting = Waiting::start();
    let request = Vec::from(waiting.planted());
    // One that is never complete, and one with endless headers.
    let endless: Vec<u8> = b"GET / HTTP/1.1\r\n".iter().chain(b"A:b\r\n".iter().cycle().take(4096)).copied().collect();
    for (name, bytes) in [("a head byte by byte", request), ("headers byte by byte", endless)] {
        drip(&waiting, name, &[], &bytes).check(name, &Expected::Closed);
    }
    waiting.completes_without_warning();
}

#[test]
fn slow_bodies_are_cut_off() {
    let waiting = Waiting::start();
    let request = Vec::from(waiting.planted());
    let end_of_head = request.windows(4).position(|part| part == b"\r\n\r\n").unwrap() + 4;
    let (head, body) = request.split_at(end_of_head);
    drip(&waiting, "a body byte by byte", head, body).check("a body byte by byte", &Expected::Response(408));

    let head = Vec::from(waiting.planted().and("Transfer-Encoding", "chunked").body(""));
    let name = "the size of a chunk byte by byte";
    drip(&waiting, name, &head, &[b'0'; 64]).check(name, &Expected::Response(408));
    waiting.completes_without_warning();
}

/// Sends `beginning` at once, and then one byte a second until the connection is closed. Returns the response.
fn drip(waiting: &Waiting, name: &str, beginning: &[u8], bytes: &[u8]) -> Reply {
    let mut stream = connect(&waiting.authority);
    // Waiting for the response is the timer.
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let start = Instant::now();
    stream.write_all(beginning).unwrap();
    let mut response = Vec::new();
    for byte in bytes {
        let written = stream.write_all(&[*byte]);
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(length) if length > 0 => response.extend(&part[..length]),
            Ok(_) => break,
            Err(error) if is_closed(&error) => break,
            Err(_) => assert!(written.is_ok(), "{name}: {written:?}"),
        }
        assert!(start.elapsed() < CLOSED_WITHIN, "{name}: not closed after {:?}", start.elapsed());
    }
    // A shorter limit would keep out slow machines.
    assert!(start.elapsed() > Duration::from_secs(4), "{name}: closed after {:?}", start.elapsed());
    waiting.still_waits(name);
    Reply::from_bytes(response)
}
