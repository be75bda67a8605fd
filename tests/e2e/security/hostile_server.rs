//! A server that never ends its responses can cost at most 64 MiB of memory and half a minute.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::program::{Run, RunResult};
use crate::support::server::{Server, answer};
use crate::support::world::{CLIENT_ID, World};

const TOKEN: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// In MiB.
const MAX_MEMORY: u64 = 64;
const MAX_TIME: Duration = Duration::from_secs(35);

/// Runs the program at that server, through a shell that prints its maximum memory.
fn measured(world: &World, server: &Server, arguments: &[&str]) -> Run {
    let mut command = world.command("zsh");
    command.args(["-c", "TIMEFMT='memory: %M MiB'; time \"$@\"", "zsh", env!("CARGO_BIN_EXE_quay-auth")]);
    command.args(arguments);
    Run::new(command)
        .env("QUAY_AUTH_HOST", &server.host())
        .env("QUAY_AUTH_TOKEN", TOKEN)
        .env("QUAY_AUTH_CLIENT_ID", CLIENT_ID)
}

/// Expects this exit code and message, and that the program stays within the limits.
fn stays_within_limits(run: Run, code: i32, message: &str) -> RunResult {
    let start = Instant::now();
    let result = run.stderr(message).fails(code);
    assert!(start.elapsed() < MAX_TIME, "{:?}: {result}", start.elapsed());
    let memory =
        result.stderr.rsplit_once("memory: ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok());
    assert!(memory.is_some_and(|memory| memory < MAX_MEMORY), "{memory:?}: {result}");
    result
}

/// A server with endless pages. The function gets the number of a page, and returns its members without `next_page`.
fn endless(page: impl Fn(usize) -> String + Send + 'static) -> Server {
    Server::start_with_head(move |number, head, stream: &mut TcpStream| {
        let body = match head.contains("/api/v1/app/") {
            true => r#"{"name": "app", "organization": {"name": "acme"}}"#.to_owned(),
            false => format!("{{{}, \"next_page\": \"page-{number}\"}}", page(number)),
        };
        let _ = stream.write_all(&answer("200 OK", "", &body));
    })
}

#[test]
fn endless_pages_are_cut_off() {
    let small = |number: usize| format!("\"tokens\": [{number}]");
    let large = |number: usize| format!("\"tokens\": [{number}{}]", ",0".repeat(1024 * 1024));
    let many_keys = |_| format!("\"tokens\": [1], {}", vec!["\"\":0"; 1024 * 1024].join(","));
    let tokens = |number: usize| {
        format!("\"tokens\": [{}]", vec![format!(r#"{{"uuid":"{number}","scope":""}}"#); 20_000].join(","))
    };
    let world = World::new();
    let api = ["api", "--paginate", "repository"];
    stays_within_limits(measured(&world, &endless(small), &api), 1, "has more pages than quay-auth collects\n");
    stays_within_limits(measured(&world, &endless(large), &api), 1, "has more pages than quay-auth collects\n");
    stays_within_limits(measured(&world, &endless(many_keys), &api), 1, "did not answer with pages of JSON\n");
    for command in [&["tokens", "list"][..], &["tokens", "revoke", "ci"]] {
        for server in [endless(small), endless(large), endless(many_keys), endless(tokens)] {
            stays_within_limits(measured(&world, &server, command), 1, "did not answer as Quay does\n");
        }
    }
}

#[test]
fn a_page_without_new_items_is_the_last_one() {
    let world = World::new();
    for page in ["\"list\": [1]", "\"list\": []", "\"list\": 1"] {
        let server = endless(move |_| page.to_owned());
        let api = ["api", "--paginate", "repository"];
        let run = measured(&world, &server, &api).prints("{");
        stays_within_limits(run, 0, "says that there are more results, but gives no more pages.\n");
        assert!(server.requests().len() <= 3);
    }
}

#[test]
fn a_server_that_is_always_busy_is_given_up_after_half_a_minute() {
    let world = World::new();
    // Each page comes at the second attempt, so neither the limit for pages nor the one for attempts is reached.
    let busy = Server::start_with(|number, stream: &mut TcpStream| {
        let page = format!(r#"{{"list": [{number}], "next_page": "page-{number}"}}"#);
        let answer = match number % 2 {
            0 => answer("503 Busy", "Retry-After: 2\r\n", ""),
            _ => answer("200 OK", "", &page),
        };
        let _ = stream.write_all(&answer);
    });
    let start = Instant::now();
    let result =
        stays_within_limits(measured(&world, &busy, &["api", "--paginate", "repository"]), 1, "trying again in 2 s.\n");
    assert!(start.elapsed() > Duration::from_secs(20) && result.stderr.contains("with 503\n"), "{result}");
}

#[test]
fn a_server_that_is_endlessly_slow_is_given_up_after_half_a_minute() {
    let world = World::new();
    let slow = Server::start_slow("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{", b' ');
    stays_within_limits(measured(&world, &slow, &["api", "--paginate", "repository"]), 7, "did not answer in time\n");
}
