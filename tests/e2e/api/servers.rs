//! Servers that are busy, send elsewhere, or send nonsense: the token goes to its own host, and everything ends.

use std::io::Write;

use crate::program::Run;
use crate::server::{Server, answer};
use crate::world::World;

const TOKEN: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// `api` at this server.
fn api(server: &Server, world: &World, arguments: &[&str]) -> Run {
    let host = server.host();
    world.run([&["api"], arguments].concat()).env("QUAY_AUTH_HOST", &host).env("QUAY_AUTH_TOKEN", TOKEN)
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
                let ended = api(&server, &world, arguments).stderr("which is not followed\n").fails(7);
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
    api(&server, &world, &["--paginate", "repository"]).stdout("{\"list\":[1,2]}\n").succeeds();
    assert!(elsewhere.heard().is_empty());
}

#[test]
fn a_redirect_within_the_host_is_followed_three_times() {
    let world = World::new();
    let on = |path: &str| answer("308 Permanent", &format!("Location: {path}\r\n"), "");
    let server = Server::start(vec![on("/api/v1/a"), on("b"), on("/api/v1/c"), answer("200 OK", "", "end")]);
    api(&server, &world, &["user"]).stdout("end").succeeds();
    let paths: Vec<_> = server.heard().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(paths, ["/api/v1/user", "/api/v1/a", "/api/v1/b", "/api/v1/c"]);
    let server = Server::start(vec![on("/api/v1/user")]);
    api(&server, &world, &["user"]).stderr("redirects in a circle").fails(7);
    assert_eq!(server.heard().len(), 4);
}

#[test]
fn a_busy_server_is_asked_three_times_and_a_write_once() {
    let world = World::new();
    let busy = || answer("429 Too Many Requests", "Retry-After: 0\r\n", "<html>");
    let server =
        Server::start(vec![busy(), answer("503 Unavailable", "Retry-After: 0\r\n", ""), answer("200 OK", "", "{}")]);
    api(&server, &world, &["user/"])
        .stdout("{}")
        .stderr(&format!("{} answers with 429; asking again in 0 s.\n", server.host()))
        .stderr(&format!("{} answers with 503; asking again in 0 s.\n", server.host()))
        .succeeds();
    let server = Server::start(vec![busy()]);
    api(&server, &world, &["user/"]).stderr("with 429\n").stderr("try again later\n").fails(1);
    assert_eq!(server.heard().len(), 3);
    let server = Server::start(vec![busy()]);
    api(&server, &world, &["-X", "DELETE", "user/x"]).stderr("with 429\n").fails(1);
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn pages_that_lead_to_each_other_or_are_none_end() {
    let world = World::new();
    let run = |bodies: &[&str]| {
        let server = Server::start(bodies.iter().map(|body| answer("200 OK", "", body)).collect());
        let run = api(&server, &world, &["--paginate", "repository"]);
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
    api(&server, &world, &["--paginate", "repository"])
        .stderr("with 404\n")
        .stderr("cause: Quay says: gone\n")
        .fails(1);
}

#[test]
fn what_is_too_much_is_cut_off() {
    let world = World::new();
    let server = Server::start_with(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b'x'; 65_536]).is_ok() {}
    });
    api(&server, &world, &["user/"]).stderr("answers with more than was asked for").fails(7);
    let deep = answer("200 OK", "", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    api(&server_of(deep.clone()), &world, &["--paginate", "user/"]).stderr("something else than pages").fails(1);
    // Into a pipe it goes as it is.
    let ended = api(&server_of(deep), &world, &["user/"]).prints("[[[[").succeeds();
    assert_eq!(ended.stdout.len(), 200_000);
}

fn server_of(answer: Vec<u8>) -> Server {
    Server::start(vec![answer])
}

#[test]
fn a_server_that_is_gone_or_cut_off_is_a_network_error() {
    let world = World::new();
    let server = Server::start(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec()]);
    let cut = api(&server, &world, &["user/"]).stderr("cannot be reached").fails(7);
    assert_eq!(cut.stdout, "");
    api(&server_of(b"nonsense\r\n\r\n".to_vec()), &world, &["user/"]).stderr("error: ").fails(7);
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
