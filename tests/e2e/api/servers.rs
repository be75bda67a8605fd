//! Servers that are busy, send elsewhere, or send nonsense: the token goes to its own host, and everything ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::program::Run;
use crate::world::World;

const TOKEN: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// A server that answers each connection with the next of these bytes, the last again and again.
struct Server {
    authority: String,
    /// Each request's head.
    requests: Receiver<String>,
}

impl Server {
    fn start(answers: Vec<Vec<u8>>) -> Server {
        Server::start_with(move |number, stream| {
            let answer = answers.get(number).or(answers.last()).expect("an answer");
            let _ = stream.write_all(answer);
        })
    }

    fn start_with(answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Server {
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

    fn host(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// Every request so far.
    fn heard(&self) -> Vec<String> {
        self.requests.try_iter().collect()
    }

    /// `api` at this server.
    fn run(&self, world: &World, arguments: &[&str]) -> Run {
        let host = self.host();
        world.run([&["api"], arguments].concat()).env("QUAY_AUTH_HOST", &host).env("QUAY_AUTH_TOKEN", TOKEN)
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

#[test]
fn the_token_goes_nowhere_else_whatever_a_server_says() {
    let world = World::new();
    let elsewhere = Server::start(vec![answer("200 OK", "", "{}")]);
    let port = elsewhere.authority.rsplit(':').next().unwrap().to_owned();
    for target in [
        format!("{}/api/v1/user/", elsewhere.host()),
        format!("//{}/api/v1/user/", elsewhere.authority),
        format!("http://localhost:{port}/"),
        "https://127.0.0.1/".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
    ] {
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
            let server = Server::start(vec![answer(status, &format!("Location: {target}\r\n"), "")]);
            for arguments in [&["user/"][..], &["user/", "-X", "PUT", "-f", "a=b"], &["--paginate", "repository"]] {
                let ended = server.run(&world, arguments).stderr("which is not followed\n").fails(7);
                assert!(!ended.stderr.contains(TOKEN));
            }
            let heard = server.heard();
            assert_eq!(heard.len(), 3);
            assert!(
                heard.iter().all(|request| request.contains(&format!("authorization: Bearer {TOKEN}\r\n"))),
                "{heard:?}"
            );
        }
    }
    // Nor does a page's word of where the next one is.
    let page = format!("{{\"list\": [1], \"next_page\": \"{}/api/v1/x\"}}", elsewhere.host());
    let server = Server::start(vec![answer("200 OK", "", &page), answer("200 OK", "", "{\"list\": [2]}")]);
    server.run(&world, &["--paginate", "repository"]).stdout("{\"list\":[1,2]}\n").succeeds();
    assert!(elsewhere.heard().is_empty());
}

#[test]
fn a_redirect_within_the_host_is_followed_three_times() {
    let world = World::new();
    let on = |path: &str| answer("308 Permanent", &format!("Location: {path}\r\n"), "");
    let server = Server::start(vec![on("/api/v1/a"), on("b"), on("/api/v1/c"), answer("200 OK", "", "end")]);
    server.run(&world, &["user"]).stdout("end").succeeds();
    let paths: Vec<_> = server.heard().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(paths, ["/api/v1/user", "/api/v1/a", "/api/v1/b", "/api/v1/c"]);
    let server = Server::start(vec![on("/api/v1/user")]);
    server.run(&world, &["user"]).stderr("redirects to itself, again and again").fails(7);
    assert_eq!(server.heard().len(), 4);
}

#[test]
fn a_busy_server_is_asked_three_times_and_a_write_once() {
    let world = World::new();
    let busy = || answer("429 Too Many Requests", "Retry-After: 0\r\n", "<html>");
    let server =
        Server::start(vec![busy(), answer("503 Unavailable", "Retry-After: 0\r\n", ""), answer("200 OK", "", "{}")]);
    server
        .run(&world, &["user/"])
        .stdout("{}")
        .stderr(&format!("{} answers with 429; asking again in 0 s.\n", server.host()))
        .stderr(&format!("{} answers with 503; asking again in 0 s.\n", server.host()))
        .succeeds();
    let server = Server::start(vec![busy()]);
    server.run(&world, &["user/"]).stderr("with 429\n").stderr("try again later\n").fails(1);
    assert_eq!(server.heard().len(), 3);
    let server = Server::start(vec![busy()]);
    server.run(&world, &["-X", "DELETE", "user/x"]).stderr("with 429\n").fails(1);
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn pages_that_lead_to_each_other_or_are_none_end() {
    let world = World::new();
    let run = |bodies: &[&str]| {
        let server = Server::start(bodies.iter().map(|body| answer("200 OK", "", body)).collect());
        let run = server.run(&world, &["--paginate", "repository"]);
        (server, run)
    };
    let (_server, endless) = run(&[r#"{"list": [1], "next_page": "same"}"#]);
    endless.stderr("lead to each other for ever\n").fails(1);
    for odd in ["[1]", "1", "<html>", ""] {
        let (_server, none) = run(&[odd]);
        none.stderr("something else than pages of JSON\n").stderr("hint: leave out --paginate\n").fails(1);
    }
    // A page that fails takes all with it: half a list would be taken for the whole.
    let server = Server::start(vec![
        answer("200 OK", "", r#"{"list": [1], "next_page": "a"}"#),
        answer("404 Not Found", "", r#"{"message": "gone"}"#),
    ]);
    server.run(&world, &["--paginate", "repository"]).stderr("with 404\n").stderr("cause: Quay says: gone\n").fails(1);
}

#[test]
fn what_is_too_much_is_cut_off() {
    let world = World::new();
    let server = Server::start_with(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b'x'; 65_536]).is_ok() {}
    });
    server.run(&world, &["user/"]).stderr("answers with more than was asked for").fails(7);
    let deep = answer("200 OK", "", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    server_of(deep.clone()).run(&world, &["--paginate", "user/"]).stderr("something else than pages").fails(1);
    // Into a pipe it goes as it is.
    let ended = server_of(deep).run(&world, &["user/"]).prints("[[[[").succeeds();
    assert_eq!(ended.stdout.len(), 200_000);
}

fn server_of(answer: Vec<u8>) -> Server {
    Server::start(vec![answer])
}

#[test]
fn a_server_that_is_gone_or_cut_off_is_a_network_error() {
    let world = World::new();
    let server = Server::start(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec()]);
    let cut = server.run(&world, &["user/"]).stderr("cannot be reached").fails(7);
    assert_eq!(cut.stdout, "");
    server_of(b"nonsense\r\n\r\n".to_vec()).run(&world, &["user/"]).stderr("error: ").fails(7);
    world
        .run(["api", "user/"])
        .env("QUAY_AUTH_HOST", "http://127.0.0.1:1")
        .env("QUAY_AUTH_TOKEN", TOKEN)
        .stderr("http://127.0.0.1:1 cannot be reached\n")
        .fails(7);
    world
        .run(["api", "user/"])
        .env("QUAY_AUTH_HOST", "http://quay.example.com")
        .env("QUAY_AUTH_TOKEN", TOKEN)
        .stderr("would carry the token readable over the network")
        .fails(2);
}
