//! What a terminal of 80 columns shows: lines that break between words, whole addresses and commands, tables that fit.

use std::process::Command;

use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, World};

/// Runs the program at such a terminal. Returns the lines that it prints, without colours.
fn lines(world: &World, arguments: &[&str], code: u32) -> Vec<String> {
    let mut command: Command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.args(arguments).args(["--color", "never"]);
    let screen = Terminal::run_in(&command, 80).ends(code);
    let (screen, _) = screen.rsplit_once("\n[").expect("the exit code");
    // The spinner writes over its own line.
    let lines = screen.split("\r\n").map(|line| line.rsplit('\r').next().unwrap());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Only what must be copied as a whole may be wider.
fn assert_narrow(lines: &[String]) {
    for line in lines {
        assert!(line.chars().count() <= 80 || line.contains("://"), "{line}\n{lines:#?}");
    }
}

#[test]
fn prose_breaks_between_words_and_commands_and_addresses_stay_whole() {
    let world = World::new();
    let login = [
        "login",
        "--host",
        &world.quay.host(),
        "--client-id",
        CLIENT_ID,
        "--store",
        "file",
        "--redirect-uri",
        &world.redirect_uri,
        "--no-browser",
        "--timeout",
        "1s",
    ];
    let lines = lines(&world, &login, 6);
    assert_narrow(&lines);
    let is_line = |text: &str| lines.iter().any(|line| line == text);
    assert!(is_line("Press c and Enter to copy the URL. If the page after your approval does not"), "{lines:#?}");
    assert!(is_line("load, paste its URL here (input is hidden)."), "{lines:#?}");
    let command = format!("    quay-auth login --host {} ", world.quay.host());
    for (start, end) in [(&*command, " --with-token"), (&command, " --timeout 15m"), ("http://", "&realm=realm")] {
        assert!(lines.iter().any(|line| line.starts_with(start) && line.ends_with(end)), "{start}…{end} {lines:#?}");
    }
}

#[test]
fn status_and_scopes_are_tables() {
    let world = World::new();
    world.log_in();
    let status = lines(&world, &["status"], 0);
    assert_narrow(&status);
    let [head, row] = &status[..] else { panic!("{status:#?}") };
    assert!(head.starts_with("PROFILE ") && head.ends_with("  STATUS"), "{status:#?}");
    assert!(row.starts_with("default@127.0.0.1:") && row.ends_with("  accepted"), "{status:#?}");
    let scopes = lines(&world, &["scopes"], 0);
    assert_narrow(&scopes);
    assert!(scopes[0].starts_with("SCOPE        ALLOWS ") && scopes[0].ends_with("  DANGEROUS"), "{scopes:#?}");
    assert!(
        scopes.iter().any(|line| line.starts_with("user:admin   change ") && line.ends_with(" yes")),
        "{scopes:#?}"
    );
}

#[test]
fn a_cell_with_many_scopes_becomes_several_lines() {
    let world = World::new();
    let scopes = "repo:read,repo:write,repo:create,repo:admin,user:read";
    world.complete(world.login(&["--scopes", scopes]).start());
    let status = lines(&world, &["status"], 0);
    assert_narrow(&status);
    assert!(status.len() > 2 && status[1].contains("  repo:"), "{status:#?}");
    let shown: String = status[1..]
        .iter()
        .flat_map(|line| line.split_whitespace())
        .filter(|word| word.contains("o:") || word.starts_with("user:"))
        .collect();
    assert_eq!(shown, scopes);
}

#[test]
fn doctor_breaks_between_words() {
    assert_narrow(&lines(&World::new(), &["doctor", "--host", "http://127.0.0.1:1"], 1));
}
