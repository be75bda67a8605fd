//! What the program says of itself: the first steps and each help text, byte for byte as in `snapshots/`.
//!
//! After a change that is meant, `UPDATE_SNAPSHOTS=1 cargo test --test e2e help` writes them anew; the diff shows what people will read.
#![allow(
    clippy::disallowed_methods,
    reason = "tests start the program, and are told by the environment to renew their snapshots"
)]

use std::fs;
use std::path::{Path, PathBuf};

use crate::world::World;

fn snapshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/snapshots")
}

/// What it prints, and nothing on stderr.
fn printed(world: &World, arguments: &[&str]) -> String {
    world.run(arguments).prints("").succeeds().stdout
}

/// What it prints is the snapshot of that name.
fn assert_is_snapshot(world: &World, name: &str, arguments: &[&str]) {
    let path = snapshots().join(name);
    let text = printed(world, arguments);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &text).expect("write the snapshot");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{} differs:\n{}\nif this is meant: UPDATE_SNAPSHOTS=1 cargo test --test e2e help",
        path.display(),
        difference(&expected, &text)
    );
}

/// The lines that are only in one of the two, after those that both begin with.
fn difference(expected: &str, text: &str) -> String {
    let [mut old, mut new] = [expected, text].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let common = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    old.drain(..common);
    new.drain(..common);
    while old.last().is_some_and(|line| new.last() == Some(line)) {
        old.pop();
        new.pop();
    }
    let shown = |mark: &str, lines: &[&str]| lines.iter().map(|line| format!("{mark}{line:?}\n")).collect::<String>();
    format!("line {}:\n{}{}", common + 1, shown("- ", &old), shown("+ ", &new))
}

/// The commands that `--help` lists, and those below them, such as `docker install`.
fn commands(world: &World, above: &[&str]) -> Vec<String> {
    let help = printed(world, &[above, &["--help"]].concat());
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.map(|line| line.split_whitespace().next().expect("a name"));
    names
        .flat_map(|name| {
            let words = [above, &[name]].concat();
            std::iter::once(words.join(" ")).chain(commands(world, &words))
        })
        .collect()
}

#[test]
fn alone_it_says_what_to_do_first() {
    assert_is_snapshot(&World::new(), "alone.txt", &[]);
}

#[test]
fn the_help_of_it_and_of_each_command_is_the_one_that_was_read() {
    let world = World::new();
    let commands = commands(&world, &[]);
    assert!(commands.iter().any(|command| command == "print-token"), "{commands:?}");
    assert_is_snapshot(&world, "help.txt", &["--help"]);
    for command in &commands {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        assert_is_snapshot(&world, &format!("{}.txt", command.replace(' ', "-")), &words);
    }
    // And no other is left behind.
    let mut files: Vec<String> =
        fs::read_dir(snapshots()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut expected: Vec<String> = ["alone", "help"]
        .iter()
        .map(ToString::to_string)
        .chain(commands)
        .map(|name| name.replace(' ', "-") + ".txt")
        .collect();
    files.sort();
    expected.sort();
    assert_eq!(files, expected);
}

#[test]
fn the_help_needs_no_home_and_is_not_coloured_in_a_pipe() {
    let world = World::new();
    for arguments in [&[][..], &["--help"], &["login", "--help"]] {
        let expected = printed(&world, arguments);
        assert!(!expected.contains('\x1b'), "{expected:?}");
        let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
        command.args(arguments).env_remove("HOME");
        crate::program::Run::new(command).stdout(&expected).succeeds();
        // A broken file of settings is no reason to keep the help back.
        world.config("broken");
        world.run(arguments).stdout(&expected).succeeds();
        fs::remove_dir_all(world.home().join(".config")).unwrap();
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let world = World::new();
    for flag in ["--version", "-V"] {
        world.run([flag]).stdout(concat!("quay-auth ", env!("CARGO_PKG_VERSION"), "\n")).succeeds();
    }
}

#[test]
fn the_help_lists_every_exit_code() {
    let help = printed(&World::new(), &["--help"]);
    let (_, rest) = help.split_once("\nExit codes:\n").expect("a table of exit codes");
    let (table, _) = rest.split_once("\n\n").expect("its end");
    let numbers: Vec<&str> =
        table.split([' ', ',', '\n']).filter(|word| word.bytes().all(|b| b.is_ascii_digit())).collect();
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "126", "127", "129", "130", "143"] {
        assert_eq!(numbers.iter().filter(|number| **number == code).count(), 1, "{code}: {table}");
    }
}

#[test]
fn the_help_of_each_command_begins_with_two_lines_that_it_takes() {
    let world = World::new();
    for command in commands(&world, &[]).iter().map(String::as_str).chain([""]) {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = printed(&world, &words);
        let first: Vec<&str> = help.lines().take_while(|line| !line.is_empty()).collect();
        assert_eq!(first.len(), 2, "{command}: {help}");
        for line in first {
            let (_, ours) = line.split_once("quay-auth ").unwrap_or_else(|| panic!("{command}: {line}"));
            // Up to what another program reads, and what is said about the line.
            let ours = ours.split(['|', ')']).next().unwrap().split("   ").next().unwrap();
            let words = shlex::split(ours).unwrap();
            let own = words.iter().take_while(|word| *word != "--").map(String::as_str).chain(["--help"]);
            world.run(own).prints("Usage:").succeeds();
        }
    }
}
