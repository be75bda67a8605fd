//! Output: JSON is formatted and escaped on a terminal, and unchanged in a pipe.

use crate::support::pty::Terminal;
use crate::support::world::World;

/// A world with a repository whose description has escape sequences.
fn hostile() -> World {
    let (world, _) = World::with_token("repo:read");
    world.quay.add_repository("acme/app");
    world.quay.database().repositories[0].description = Some("\u{1b}]52;c;eA==\u{7}\u{202e}\u{9b}31m".to_owned());
    world
}

#[test]
fn pipe_gets_the_response_byte_for_byte() {
    let world = hostile();
    let plain = world.run(["api", "repository/acme/app"]).prints("\u{202e}\u{9b}31m").succeeds().stdout;
    assert!(plain.starts_with("{\"namespace\": \"acme\", \"name\": \"app\"") && plain.ends_with("}\n"), "{plain}");
    // A variable does not change what a program reads.
    world.run(["api", "repository/acme/app"]).env("CLICOLOR_FORCE", "1").stdout(&plain).succeeds();
    let forced =
        world.run(["api", "--color", "always", "repository/acme/app"]).prints("\x1b[34m\"namespace\"").succeeds();
    assert!(forced.stdout.contains("{\n  "), "{forced}");
}

#[test]
fn terminal_gets_formatted_coloured_and_escaped_json() {
    let world = hostile();
    let screen = Terminal::start(&world, &["api", "repository/acme/app"]).ends(0);
    assert!(screen.contains("\x1b[34m\"namespace\"\x1b[0m: \x1b[32m\"acme\"\x1b[0m,\r\n"), "{screen}");
    assert!(screen.contains("\\u001b]52;c;eA==\\u0007\\u202e\\u009b31m"), "{screen}");
    assert!(!screen.contains("\x1b]52") && !screen.contains('\u{202e}') && !screen.contains('\u{9b}'), "{screen}");
    let plain = Terminal::start(&world, &["--color", "never", "api", "repository/acme/app"]).ends(0);
    assert!(plain.contains("  \"namespace\": \"acme\",\r\n") && !plain.contains("\x1b[34m"), "{plain}");
}

#[test]
fn escape_sequences_in_refusals_are_escaped() {
    let (world, _) = World::with_token("repo:admin");
    world.quay.add_repository("acme/app");
    let team = "repository/acme/app/permissions/team/%1b%5d52;c;x%07";
    let refused = world.run(["api", "-X", "PUT", team, "-F", "role=read"]).stderr("No team ").fails(1).stderr;
    assert!(!refused.contains(['\x1b', '\x07']), "{refused:?}");
}

#[test]
fn terminal_gets_headers_and_formatted_body() {
    let (world, _) = World::with_token("user:read");
    let screen = Terminal::start(&world, &["api", "--include", "user/"]).ends(0);
    let (head, body) = screen.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{screen}"));
    assert!(head.contains("HTTP/1.1 200 OK\r\n"), "{screen}");
    assert!(body.starts_with("{\r\n"), "{screen}");
}
