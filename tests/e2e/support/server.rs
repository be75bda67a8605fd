//! A server with canned responses, for servers that are broken or not Quay.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

pub(crate) struct Server {
    pub(crate) authority: String,
    /// The heads of requests.
    requests: Receiver<String>,
}

impl Server {
    /// Answers each connection with the next of these responses, and repeats the last one.
    pub(crate) fn start(answers: Vec<Vec<u8>>) -> Server {
        Server::start_with(move |number, stream| {
            let answer = answers.get(number).or(answers.last()).expect("an answer");
            let _ = stream.write_all(answer);
        })
    }

    /// Calls the function with the number of the connection, from 0, after it has read the head of the request.
    pub(crate) fn start_with(answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Server {
        Server::start_with_head(move |number, _, stream| answer(number, stream))
    }

    /// Answers with this, and then with one byte each half second, without end.
    pub(crate) fn start_slow(answer: &'static str, byte: u8) -> Server {
        Server::start_with(move |_, stream| {
            let mut is_open = stream.write_all(answer.as_bytes()).is_ok();
            while is_open {
                thread::sleep(Duration::from_millis(500));
                is_open = stream.write_all(&[byte]).is_ok();
            }
        })
    }

    /// Calls the function with the head of the request, too.
    pub(crate) fn start_with_head(answer: impl Fn(usize, &str, &mut TcpStream) + Send + 'static) -> Server {
        Server::start_ignoring("", answer)
    }

    /// The same, but requests for `ignored_path` get status 404 and are not counted. If it is empty, none are ignored.
    pub(crate) fn start_ignoring(
        ignored_path: &'static str,
        respond: impl Fn(usize, &str, &mut TcpStream) + Send + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let authority = listener.local_addr().expect("its address").to_string();
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            let mut number = 0;
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { break };
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                if !ignored_path.is_empty() && head.starts_with(&format!("GET {ignored_path}?")) {
                    let _ = stream.write_all(&answer("404 Not Found", "", ""));
                    continue;
                }
                if sender.send(head.clone()).is_err() {
                    break;
                }
                respond(number, &head, &mut stream);
                number += 1;
            }
        });
        Server { authority, requests }
    }

    /// For `--host`.
    pub(crate) fn host(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// The heads of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.try_iter().collect()
    }
}

/// A complete response. Each of the headers must end with `\r\n`.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}
