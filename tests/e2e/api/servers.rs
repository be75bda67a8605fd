//! Servers that are busy, redirect or send invalid responses: the token is sent to its host only, and every command ends.

use std::io::Write;

use crate::support::program::Run;
use crate::support::server::{Server, answer};
use crate::support::world::World;

const TOKEN: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// A server that gives these answers, the last again and again. Where `api` checks its token at the same time, it is no Quay.
fn serve(answers: Vec<Vec<u8>>) -> Server {
    Server::start_ignoring("/v2/auth", move |number, _, stream| {
        let answer = answers.get(number).or(answers.last()).expect("an answer");
        let _ = stream.write_all(answer);
    })
}

/// `api` at this server.
fn api(server: &Server, world: &World, arguments: &[&str]) -> Run {
    let host = server.host();
    world.run([&["api"], arguments].concat()).env("QUAY_AUTH_HOST", &host).env("QUAY_AUTH_TOKEN", TOKEN)
}

#[test]
fn token_is_never_sent_to_another_host() {
    let world = World::new();
    let elsewhere = serve(vec![answer("200 OK", "", "{}")]);
    let port = elsewhere.authority.rsplit(':').next().unwrap().to_owned();
    for target in [
        format!("{}/api/v1/user/", elsewhere.host()),
        format!("//{}/api/v1/user/", elsewhere.authority),
        format!("http://localhost:{port}/"),
        "https://127.0.0.1/".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
        "javascript:alert(1)".to_owned(),
    ] {
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
            let server = serve(vec![answer(status, &format!("Location: {target}\r\n"), "")]);
            for arguments in [&["user/"][..], &["user/", "-X", "PUT", "-f", "a=b"], &["--paginate", "repository"]] {
                let ended = api(&server, &world, arguments)
                    .stderr("quay-auth follows no redirect to another server\n")
                    .fails(7);
                assert!(!ended.stderr.contains(TOKEN) && !ended.stderr.contains("null"), "{ended}");
            }
            let requests = server.requests();
            assert_eq!(requests.len(), 3);
            assert!(
                requests.iter().all(|request| request.contains(&format!("authorization: Bearer {TOKEN}\r\n"))),
                "{requests:?}"
            );
        }
    }
    // The address of the next page is ignored too.
    let page = format!("{{\"list\": [1], \"next_page\": \"{}/api/v1/x\"}}", elsewhere.host());
    let server = serve(vec![answer("200 OK", "", &page), answer("200 OK", "", "{\"list\": [2]}")]);
    api(&server, &world, &["--paginate", "repository"])
        .stdout("{\"list\":[1,2]}\n")
        .stderr("could not check whether")
        .succeeds();
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn redirects_within_the_host_are_followed_three_times() {
    let world = World::new();
    let on = |path: &str| answer("308 Permanent", &format!("Location: {path}\r\n"), "");
    let server = serve(vec![on("/api/v1/a"), on("b"), on("/api/v1/c"), answer("200 OK", "", "end")]);
    api(&server, &world, &["user"]).stdout("end").stderr("could not check whether").succeeds();
    let paths: Vec<_> = server.requests().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(paths, ["/api/v1/user", "/api/v1/a", "/api/v1/b", "/api/v1/c"]);
    let server = serve(vec![on("/api/v1/user")]);
    api(&server, &world, &["user"]).stderr("redirects in a loop").fails(7);
    assert_eq!(server.requests().len(), 4);
    // A user name in front of the same host is not the same: the HTTP library would send it along.
    let server = Server::start_ignoring("/v2/auth", |_, head, stream| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let _ =
            stream.write_all(&answer("308 Permanent", &format!("Location: http://me:pw@{host}/api/v1/user\r\n"), ""));
    });
    api(&server, &world, &["user"]).stderr("quay-auth follows no redirect to another server\n").fails(7);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn busy_server_is_asked_three_times_but_a_write_only_once() {
    let world = World::new();
    let busy = || answer("429 Too Many Requests", "Retry-After: 0\r\n", "<html>");
    let server = serve(vec![busy(), answer("503 Unavailable", "Retry-After: 0\r\n", ""), answer("200 OK", "", "{}")]);
    api(&server, &world, &["user/"])
        .stdout("{}")
        .stderr(&format!("{} answered with 429 (too many requests); trying again in 0 s.\n", server.host()))
        .stderr(&format!("{} answered with 503; trying again in 0 s.\n", server.host()))
        .succeeds();
    let server = serve(vec![busy()]);
    api(&server, &world, &["user/"]).stderr("with 429\n").stderr("cause: too many requests\n").fails(1);
    assert_eq!(server.requests().len(), 3);
    let server = serve(vec![busy()]);
    api(&server, &world, &["-X", "DELETE", "user/x"]).stderr("with 429\n").fails(1);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn circular_and_malformed_pages_are_errors() {
    let world = World::new();
    let run = |bodies: &[&str]| {
        let server = serve(bodies.iter().map(|body| answer("200 OK", "", body)).collect());
        let run = api(&server, &world, &["--paginate", "repository"]);
        (server, run)
    };
    let (_server, endless) = run(&[r#"{"list": [1], "next_page": "same"}"#]);
    endless
        .stdout("{\"list\":[1]}\n")
        .stderr("says that there are more results, but gives no more pages.\n")
        .succeeds();
    for odd in ["[1]", "1", "<html>", ""] {
        let (_server, none) = run(&[odd]);
        none.stderr("did not answer with pages of JSON\n").stderr("hint: leave out --paginate\n").fails(1);
    }
    // If one page fails, nothing is printed: half a list could be mistaken for the whole list.
    let server = serve(vec![
        answer("200 OK", "", r#"{"list": [1], "next_page": "a"}"#),
        answer("404 Not Found", "", r#"{"message": "gone"}"#),
    ]);
    api(&server, &world, &["--paginate", "repository"])
        .stderr("with 404\n")
        .stderr("cause: Quay says: gone\n")
        .fails(1);
}

#[test]
fn too_large_responses_are_cut_off() {
    let world = World::new();
    let server = Server::start_ignoring("/v2/auth", |_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b'x'; 65_536]).is_ok() {}
    });
    api(&server, &world, &["user/"]).stderr("is too large").fails(7);
    let deep = answer("200 OK", "", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    api(&server_of(deep.clone()), &world, &["--paginate", "user/"]).stderr("did not answer with pages").fails(1);
    // In a pipe the response is not parsed.
    let ended = api(&server_of(deep), &world, &["user/"]).prints("[[[[").stderr("could not check whether").succeeds();
    assert_eq!(ended.stdout.len(), 200_000);
}

fn server_of(answer: Vec<u8>) -> Server {
    serve(vec![answer])
}

#[test]
fn broken_connection_is_a_network_error() {
    let world = World::new();
    let server = serve(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec()]);
    let cut = api(&server, &world, &["user/"]).stderr("cannot be reached").fails(7);
    assert_eq!(cut.stdout, "");
    for nonsense in [
        b"nonsense\r\n\r\n".to_vec(),
        b"HTTP/1.1 099 X\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}".to_vec(),
        [b"HTTP/1.1 200 OK\r\nX: ", &b"x".repeat(100_000)[..], b"\r\n\r\n"].concat(),
    ] {
        api(&server_of(nonsense), &world, &["user/"])
            .stderr(" is not valid HTTP\n")
            .stderr("hint: check that")
            .fails(7);
    }
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
        .stderr("would send the token over the network without encryption")
        .fails(2);
}
