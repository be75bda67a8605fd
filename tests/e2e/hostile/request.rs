//! Requests and answers as bytes, since no HTTP client sends what strangers send; and the tables of them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::world::PATIENCE;

/// A request that is whole, and can be bent.
#[derive(Clone)]
pub(super) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// One without any header.
    pub(super) fn new(method: &str, target: &str) -> Request {
        Request { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// With another method.
    pub(super) fn method(mut self, method: &str) -> Request {
        method.clone_into(&mut self.method);
        self
    }

    /// For another target.
    pub(super) fn target(mut self, target: &str) -> Request {
        target.clone_into(&mut self.target);
        self
    }

    /// Without this header.
    pub(super) fn without(mut self, name: &str) -> Request {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// With this header, beside any of its name.
    pub(super) fn and(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this header in place of any of its name.
    pub(super) fn with(self, name: &str, value: &str) -> Request {
        self.without(name).and(name, value)
    }

    /// With this body.
    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = body.into();
        self
    }
}

impl From<Request> for Vec<u8> {
    fn from(request: Request) -> Vec<u8> {
        let Request { method, target, headers, body } = request;
        let says_its_length = headers.iter().any(|(name, _)| {
            name.eq_ignore_ascii_case("Content-Length") || name.eq_ignore_ascii_case("Transfer-Encoding")
        });
        let mut bytes = format!("{method} {target} HTTP/1.1\r\n");
        for (name, value) in headers {
            bytes += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() && !says_its_length {
            bytes += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut bytes = (bytes + "\r\n").into_bytes();
        bytes.extend(body);
        bytes
    }
}

/// How a request has to be answered.
pub(super) enum Expected {
    /// By us, with this status and the fixed headers.
    Ours(u16),
    /// By the HTTP library, with this status, nothing in it, and no header that says anything.
    Bare(u16),
    /// Not at all: the connection is closed.
    Nothing,
}

impl From<u16> for Expected {
    fn from(status: u16) -> Expected {
        Expected::Ours(status)
    }
}

/// A row of a table.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) expected: Expected,
    pub(super) request: Vec<u8>,
}

/// A row of a table; a bare status is one of ours.
pub(super) fn row(name: impl Into<String>, expected: impl Into<Expected>, request: impl Into<Vec<u8>>) -> Row {
    Row { name: name.into(), expected: expected.into(), request: request.into() }
}

/// Sends all of it and returns all that comes back until the other side closes, as it always has to.
pub(super) fn exchange(authority: &str, request: &[u8]) -> Reply {
    let mut stream = connect(authority);
    // Whoever refuses a request does not read the rest of it; what it answered is what counts.
    let _ = stream.write_all(request);
    Reply::read(stream)
}

/// A connection that nothing waits for longer than the patience of a test.
pub(super) fn connect(authority: &str) -> TcpStream {
    let stream = TcpStream::connect(authority).unwrap_or_else(|error| panic!("nobody is at {authority}: {error}"));
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    stream.set_write_timeout(Some(PATIENCE)).expect("a deadline");
    stream
}

/// All that came back on a connection.
pub(super) struct Reply(Vec<u8>);

impl Reply {
    /// What was read already.
    pub(super) fn of(bytes: Vec<u8>) -> Reply {
        Reply(bytes)
    }

    /// Reads until the other side closes.
    pub(super) fn read(mut stream: TcpStream) -> Reply {
        let mut bytes = Vec::new();
        let mut part = [0; 16 * 1024];
        loop {
            match stream.read(&mut part) {
                Ok(0) => return Reply(bytes),
                Ok(length) => bytes.extend(&part[..length]),
                Err(error) if is_closed(&error) => return Reply(bytes),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => panic!("the connection was not closed: {error}; so far: {}", Reply(bytes)),
            }
        }
    }

    /// The whole answer.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The status; none where no answer came.
    pub(super) fn status(&self) -> Option<u16> {
        let text = self.text();
        text.strip_prefix("HTTP/1.1 ").or(text.strip_prefix("HTTP/1.0 "))?.get(..3)?.parse().ok()
    }

    /// The headers by their names in lower case; one that stands twice has both values.
    pub(super) fn headers(&self) -> BTreeMap<String, String> {
        let text = self.text();
        let head = text.split_once("\r\n\r\n").map_or("", |(head, _)| head);
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in head.lines().skip(1).filter_map(|line| line.split_once(':')) {
            let values = headers.entry(name.to_ascii_lowercase()).or_default();
            *values += if values.is_empty() { "" } else { " and " };
            *values += value.trim();
        }
        headers
    }

    /// The body.
    pub(super) fn body(&self) -> String {
        self.text().split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }

    /// The outcome that the page is told.
    pub(super) fn outcome(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body()).unwrap_or_default();
        body["outcome"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether this is the answer that the row of this name expects.
    pub(super) fn check(&self, name: &str, expected: &Expected) {
        let status = self.status();
        match expected {
            Expected::Ours(expected) => {
                assert_eq!(status, Some(*expected), "{name}: {self}");
                self.has_the_fixed_headers(name);
            }
            Expected::Bare(expected) => {
                assert_eq!(status, Some(*expected), "{name}: {self}");
                let names: Vec<_> = self.headers().into_keys().collect();
                assert_eq!(names, ["connection", "content-length", "date"], "{name}: {self}");
                assert_eq!(self.body(), "", "{name}: {self}");
            }
            Expected::Nothing => assert!(self.0.is_empty(), "{name}: {self}"),
        }
    }

    /// Whether the answer carries the headers that every answer of ours does, with those values, and no other.
    pub(super) fn has_the_fixed_headers(&self, name: &str) {
        let mut headers = self.headers();
        let mut take = |header: &str| headers.remove(header).unwrap_or_else(|| format!("no {header}"));
        for (header, value) in FIXED {
            assert_eq!(take(header), value, "{name}: {header}: {self}");
        }
        // In HTTP/1.0 that goes without saying.
        if self.text().starts_with("HTTP/1.1") {
            assert_eq!(take("connection"), "close", "{name}: {self}");
        }
        let (kind, length) = (take("content-type"), take("content-length"));
        assert!(KINDS.contains(&kind.as_str()), "{name}: {kind}: {self}");
        assert!(length.parse::<usize>().is_ok(), "{name}: {length}: {self}");
        take("date");
        if self.status() == Some(405) {
            assert_eq!(take("allow"), "GET, HEAD, POST", "{name}: {self}");
        }
        assert!(headers.is_empty(), "{name}: it carries {headers:?} too: {self}");
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        // A page is long, and the head tells enough.
        write!(f, "{:?}", text.chars().take(1200).collect::<String>())
    }
}

/// Whether reading failed because the other side has closed, with something unread.
pub(super) fn is_closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

/// What every answer carries, copied by hand from what was decided, so that the program cannot change it unnoticed.
const FIXED: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The kinds of bodies that there are.
const KINDS: [&str; 5] = [
    "text/html; charset=utf-8",
    "text/plain; charset=utf-8",
    "application/json",
    "text/javascript; charset=utf-8",
    "text/css; charset=utf-8",
];
