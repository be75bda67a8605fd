//! A person's terminal and a program's pipe: the one is laid out and cannot be steered, the other is Quay's bytes.

use super::logged_in;
use crate::pty::Terminal;

/// A world with a repository whose description would steer a terminal.
fn hostile() -> crate::world::World {
    let (world, _) = logged_in("repo:read");
    world.quay.add_repository("acme/app");
    world.quay.world().repositories[0].description = Some("\u{1b}]52;c;eA==\u{7}\u{202e}\u{9b}31m".to_owned());
    world
}

#[test]
fn a_pipe_gets_quays_very_bytes() {
    let world = hostile();
    let plain = world.run(["api", "repository/acme/app"]).prints("\u{202e}\u{9b}31m").succeeds().stdout;
    assert!(plain.starts_with("{\"namespace\": \"acme\", \"name\": \"app\"") && plain.ends_with("}\n"), "{plain}");
    // Whatever somebody set for good.
    world.run(["api", "repository/acme/app"]).env("CLICOLOR_FORCE", "1").stdout(&plain).succeeds();
    let forced =
        world.run(["api", "--color", "always", "repository/acme/app"]).prints("\x1b[34m\"namespace\"").succeeds();
    assert!(forced.stdout.contains("{\n  "), "{forced}");
}

#[test]
fn a_person_sees_it_laid_out_in_colour_and_harmless() {
    let world = hostile();
    let screen = Terminal::start(&world, &["api", "repository/acme/app"]).ends(0);
    assert!(screen.contains("\x1b[34m\"namespace\"\x1b[0m: \x1b[32m\"acme\"\x1b[0m,\r\n"), "{screen}");
    assert!(screen.contains("\\u001b]52;c;eA==\\u0007\\u202e\\u009b31m"), "{screen}");
    assert!(!screen.contains("\x1b]52") && !screen.contains('\u{202e}') && !screen.contains('\u{9b}'), "{screen}");
    let plain = Terminal::start(&world, &["--color", "never", "api", "repository/acme/app"]).ends(0);
    assert!(plain.contains("  \"namespace\": \"acme\",\r\n") && !plain.contains("\x1b[34m"), "{plain}");
}

#[test]
fn refusals_cannot_steer_a_terminal_either() {
    let (world, _) = logged_in("repo:admin");
    world.quay.add_repository("acme/app");
    let team = "repository/acme/app/permissions/team/%1b%5d52;c;x%07";
    let refused = world.run(["api", "-X", "PUT", team, "-F", "role=read"]).stderr("No team ").fails(1).stderr;
    assert!(!refused.contains(['\x1b', '\x07']), "{refused:?}");
}

#[test]
fn headers_and_pages_of_text_are_shown_line_by_line() {
    let (world, _) = logged_in("user:read");
    let screen = Terminal::start(&world, &["api", "--include", "user/"]).ends(0);
    let (head, body) = screen.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{screen}"));
    assert!(head.contains("HTTP/1.1 200 OK\r\n"), "{screen}");
    assert!(body.starts_with("{\r\n"), "{screen}");
}
