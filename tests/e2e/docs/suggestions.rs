//! Every command of quay-auth that a message suggests is built in `src/hint.rs`, so that it has what it needs.

use super::{file, files};
use crate::support::suggestions::COMMANDS;

/// Whether this line of source has a command of quay-auth in a text that is neither help nor a comment.
fn has_command(line: &str) -> bool {
    // Lines of help begin with the command, or quote it for reading.
    let line = line.trim_start();
    let is_help = line.starts_with("//") || line.starts_with("quay-auth ") || line.starts_with('`');
    let mut commands = line.match_indices("quay-auth ").filter_map(|(start, found)| {
        let word = line[start + found.len()..].split(' ').next()?.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        let (before, is_command) = (&line[..start], COMMANDS.contains(&word));
        Some(is_command && (before.ends_with(": ") || before.ends_with('"')))
    });
    !is_help && commands.any(|is_command| is_command)
}

#[test]
fn no_message_writes_a_command_of_its_own() {
    let sources = files().into_iter().filter(|name| name.starts_with("src/") && name.ends_with(".rs"));
    // The usage of `tokens create`, and tests of how commands are written and printed.
    let exceptions = ["src/hint.rs", "src/commands/tokens/create.rs", "src/terminal/wrapping.rs"];
    let mut wrong = Vec::new();
    for name in sources.filter(|name| !exceptions.contains(&name.as_str())) {
        let text = file(&name);
        wrong.extend(text.lines().filter(|line| has_command(line)).map(|line| format!("{name}: {}", line.trim())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_command_in_a_message_is_found() {
    assert!(has_command(r#".hint("try again: quay-auth login")"#));
    assert!(has_command(r#"format!("quay-auth login {}", host)"#));
    assert!(has_command(r#".hint("quay-auth status")"#));
    assert!(!has_command(r#"format!("quay-auth sets {name}")"#));
    assert!(!has_command(r#".hint("log in with `quay-auth login --host HOST`")"#));
}
