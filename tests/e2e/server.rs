//! A server that is no Quay, or a broken one: it answers as it is told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// A server that answers each connection with the next of these bytes, the last again and again.
pub(crate) struct Server {
    /// Where it is.
    pub(crate) authority: String,
    /// Each request's head.
    requests: Receiver<String>,
}

impl Server {
    /// One on loopback.
    pub(crate) fn start(answers: Vec<Vec<u8>>) -> Server {
        Server::start_with(move |number, stream| {
            let answer = answers.get(number).or(answers.last()).expect("an answer");
            let _ = stream.write_all(answer);
        })
    }

    /// One that does this to the connection of that number, from 0, once its head is read.
    pub(crate) fn start_with(answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let authority = listener.local_addr().expect("its address").to_string();
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { break };
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
                    head.push(byte[0]);
                }
                if sender.send(String::from_utf8_lossy(&head).into_owned()).is_err() {
                    break;
                }
                answer(number, &mut stream);
            }
        });
        Server { authority, requests }
    }

    /// It as `--host` takes it.
    pub(crate) fn host(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// The head of every request so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.requests.try_iter().collect()
    }
}

/// A whole answer; each of the headers ends with `\r\n`.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}
