//! Requests and responses as bytes, because no HTTP client sends such requests; and tables of them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::world::PATIENCE;

/// A request that can be changed in every part.
#[derive(Clone)]
pub(super) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// Without any header.
    pub(super) fn new(method: &str, target: &str) -> Request {
        Request { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub(super) fn method(mut self, method: &str) -> Request {
        method.clone_into(&mut self.method);
        self
    }

    pub(super) fn target(mut self, target: &str) -> Request {
        target.clone_into(&mut self.target);
        self
    }

    pub(super) fn without(mut self, name: &str) -> Request {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Adds this header, even if there is one of its name already.
    pub(super) fn and(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces all headers of this name.
    pub(super) fn with(self, name: &str, value: &str) -> Request {
        self.without(name).and(name, value)
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = body.into();
        self
    }
}

impl From<Request> for Vec<u8> {
    fn from(request: Request) -> Vec<u8> {
        let Request { method, target, headers, body } = request;
        let has_length = headers.iter().any(|(name, _)| {
            name.eq_ignore_ascii_case("Content-Length") || name.eq_ignore_ascii_case("Transfer-Encoding")
        });
        let mut bytes = format!("{method} {target} HTTP/1.1\r\n");
        for (name, value) in headers {
            bytes += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() && !has_length {
            bytes += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut bytes = (bytes + "\r\n").into_bytes();
        bytes.extend(body);
        bytes
    }
}

/// The expected response.
pub(super) enum Expected {
    /// A response of quay-auth with this status and the fixed headers.
    Response(u16),
    /// An empty response of the HTTP library, with this status and no further headers.
    Bare(u16),
    /// The connection is closed without a response.
    Closed,
}

impl From<u16> for Expected {
    fn from(status: u16) -> Expected {
        Expected::Response(status)
    }
}

pub(super) struct Row {
    pub(super) name: String,
    pub(super) expected: Expected,
    pub(super) request: Vec<u8>,
}

/// A row of a table. A number is the status of a `Response`.
pub(super) fn row(name: impl Into<String>, expected: impl Into<Expected>, request: impl Into<Vec<u8>>) -> Row {
    Row { name: name.into(), expected: expected.into(), request: request.into() }
}

/// Sends the request and returns everything until the catcher closes the connection, as it always does.
pub(super) fn exchange(authority: &str, request: impl Into<Vec<u8>>) -> Reply {
    let mut stream = connect(authority);
    // Fails if the catcher has rejected the request before reading all of it. Only the response counts.
    let _ = stream.write_all(&request.into());
    Reply::read(stream)
}

/// A connection with timeouts for reading and writing.
pub(super) fn connect(authority: &str) -> TcpStream {
    let stream = TcpStream::connect(authority).unwrap_or_else(|error| panic!("cannot connect to {authority}: {error}"));
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    stream.set_write_timeout(Some(PATIENCE)).expect("a deadline");
    stream
}

/// Everything that came back on a connection.
pub(super) struct Reply(Vec<u8>);

impl Reply {
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Reply {
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

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The status, or `None` without a response.
    pub(super) fn status(&self) -> Option<u16> {
        let text = self.text();
        text.strip_prefix("HTTP/1.1 ").or(text.strip_prefix("HTTP/1.0 "))?.get(..3)?.parse().ok()
    }

    /// The headers by their names in lower case. The values of repeated headers are joined.
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

    pub(super) fn body(&self) -> String {
        self.text().split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }

    /// The outcome of the login, in the body for the page.
    pub(super) fn outcome(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body()).unwrap_or_default();
        body["outcome"].as_str().unwrap_or_default().to_owned()
    }

    /// Checks that this is the expected response. `name` is for the message.
    pub(super) fn check(&self, name: &str, expected: &Expected) {
        let status = self.status();
        match expected {
            Expected::Response(expected) => {
                assert_eq!(status, Some(*expected), "{name}: {self}");
                self.check_headers(name);
            }
            Expected::Bare(expected) => {
                assert_eq!(status, Some(*expected), "{name}: {self}");
                let names: Vec<_> = self.headers().into_keys().collect();
                assert_eq!(names, ["connection", "content-length", "date"], "{name}: {self}");
                assert_eq!(self.body(), "", "{name}: {self}");
            }
            Expected::Closed => assert!(self.0.is_empty(), "{name}: {self}"),
        }
    }

    /// Checks that it has the fixed headers, and no others except those that every response needs.
    pub(super) fn check_headers(&self, name: &str) {
        let mut headers = self.headers();
        let mut take = |header: &str| headers.remove(header).unwrap_or_else(|| format!("no {header}"));
        for (header, value) in FIXED {
            assert_eq!(take(header), value, "{name}: {header}: {self}");
        }
        // In HTTP/1.0 that is the default.
        if self.text().starts_with("HTTP/1.1") {
            assert_eq!(take("connection"), "close", "{name}: {self}");
        }
        let (kind, length) = (take("content-type"), take("content-length"));
        assert!(CONTENT_TYPES.contains(&kind.as_str()), "{name}: {kind}: {self}");
        assert!(length.parse::<usize>().is_ok(), "{name}: {length}: {self}");
        take("date");
        if self.status() == Some(405) {
            assert_eq!(take("allow"), "GET, HEAD, POST", "{name}: {self}");
        }
        assert!(headers.is_empty(), "{name}: there are more headers: {headers:?}: {self}");
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        // The page is long, and the head is enough.
        write!(f, "{:?}", text.chars().take(1200).collect::<String>())
    }
}

/// Whether the error means that the other side has closed the connection.
pub(super) fn is_closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}

/// The headers of every response, as docs/threat-model.md requires. They are repeated here so that a change in the program is noticed.
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

/// The content types that the catcher uses.
const CONTENT_TYPES: [&str; 5] = [
    "text/html; charset=utf-8",
    "text/plain; charset=utf-8",
    "application/json",
    "text/javascript; charset=utf-8",
    "text/css; charset=utf-8",
];
