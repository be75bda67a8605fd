//! A small browser: plain HTTP with cookies. It reads forms, and does not follow redirects.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

#[derive(Clone)]
pub(crate) struct Browser {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// As on the status line.
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    /// Empty after `HEAD`.
    pub(crate) body: String,
}

/// A form of a page.
#[derive(Debug, PartialEq)]
pub(crate) struct Form {
    /// The URL that it is sent to.
    pub(crate) action: String,
    /// Names and values of the hidden fields, in order.
    pub(crate) fields: Vec<(String, String)>,
    /// The text of the button that sends it.
    pub(crate) button: String,
}

impl Browser {
    /// A browser without cookies.
    pub(crate) fn new(address: SocketAddr) -> Browser {
        Browser { address, cookies: BTreeMap::new() }
    }

    /// Sends this cookie from now on.
    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Sends a request on a connection of its own. Header values are sent byte for byte.
    pub(crate) fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.address,
            body.len()
        );
        if !self.cookies.is_empty() {
            let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        let request = [request.as_bytes(), b"\r\n", body].concat();

        let mut stream = TcpStream::connect(self.address).expect("connect to the stand-in");
        stream.write_all(&request).expect("send the request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("read the answer");
        let answer = Answer::parse(&answer);
        for cookie in answer.header("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.set_cookie(name, value);
            }
        }
        answer
    }

    pub(crate) fn get(&mut self, target: &str) -> Answer {
        self.send("GET", target, &[], b"")
    }

    /// Sends a form.
    pub(crate) fn post(&mut self, target: &str, fields: &[(String, String)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        self.send("POST", target, &headers, body.as_bytes())
    }

    /// Sends the sign-in form.
    pub(crate) fn sign_in(&mut self, user: &str, password: &str) -> Answer {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        self.post("/signin", &[field("username", user), field("password", password)])
    }
}

impl Answer {
    fn parse(text: &str) -> Answer {
        let (head, body) = text.split_once("\r\n\r\n").expect("a whole answer");
        let mut lines = head.lines();
        let status = lines.next().expect("a status line");
        Answer {
            status: status[9..12].parse().expect("a status"),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    /// All values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The target of a redirect.
    pub(crate) fn location(&self) -> Option<&str> {
        self.header("location").first().copied()
    }

    /// The title of the page.
    pub(crate) fn title(&self) -> String {
        let title = between(&self.body, "<title>", "</title>");
        unescaped(title.unwrap_or_default())
    }

    /// The text of the page, without tags, and with single spaces.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        for piece in self.body.split('<').filter(|piece| !piece.is_empty()) {
            words += piece.split_once('>').map_or(piece, |(_, text)| text);
            words.push(' ');
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The forms of the page, in order.
    pub(crate) fn forms(&self) -> Vec<Form> {
        self.body
            .split("<form ")
            .skip(1)
            .map(|text| text.split("</form>").next().unwrap_or_default())
            .map(|text| Form {
                action: attribute(text, "action"),
                fields: text
                    .split("<input type=\"hidden\"")
                    .skip(1)
                    .map(|input| (attribute(input, "name"), attribute(input, "value")))
                    .collect(),
                button: between(text, "<button type=\"submit\">", "</button>").unwrap_or_default().to_owned(),
            })
            .collect()
    }
}

fn attribute(tag: &str, name: &str) -> String {
    unescaped(between(tag, &format!("{name}=\""), "\"").unwrap_or_default())
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

fn unescaped(text: &str) -> String {
    text.replace("&#34;", "\"").replace("&#39;", "'").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
}
