//! The help: the first steps, each command and each topic, compared with the files in `snapshots/`.
//!
//! After an intended change, `UPDATE_SNAPSHOTS=1 cargo test --test e2e help` writes these files. Read their diff, because users will.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::program::Run;
use crate::support::pty::Terminal;
use crate::support::snapshot;
use crate::support::world::World;

fn printed(world: &World, arguments: &[&str]) -> String {
    world.run(arguments).prints("").succeeds().stdout
}

#[test]
fn color_option_counts_for_help_and_for_errors_of_the_parser() {
    let world = World::new();
    let has_colors = |text: &str| text.contains('\x1b');
    for help in [&["--help"][..], &["help"], &["help", "login"], &["login", "--help"], &["docker", "--help"]] {
        let run = |more: &[&str]| world.run([help, more].concat()).prints("Usage: quay-auth");
        assert!(!has_colors(&run(&["--color", "never"]).env("CLICOLOR_FORCE", "1").succeeds().stdout), "{help:?}");
        // In a pipe, no variable changes what a program reads.
        assert!(!has_colors(&run(&[]).env("CLICOLOR_FORCE", "1").succeeds().stdout), "{help:?}");
        let colored = world.run([help, &["--color=always"]].concat()).prints("\x1b[1m").succeeds().stdout;
        assert!(has_colors(&colored), "{help:?}");
        assert!(has_colors(&Terminal::start(&world, help).ends(0)), "{help:?}");
        let plain = Terminal::start(&world, &[help, &["--color", "never"]].concat()).ends(0);
        assert!(!has_colors(&plain), "{help:?}: {plain}");
    }
    for error in [&["login", "--frobnicate"][..], &["frobnicate"], &["login", "--timeout", "x"], &["exec"]] {
        for (option, variable, expected) in [
            (&["--color", "never"][..], Some("CLICOLOR_FORCE"), false),
            (&["--color=never"], Some("CLICOLOR_FORCE"), false),
            (&["--color=always"], Some("NO_COLOR"), true),
            (&[], Some("CLICOLOR_FORCE"), true),
            (&[], None, false),
        ] {
            let mut run = world.run([option, error].concat()).stderr("error:");
            if let Some(variable) = variable {
                run = run.env(variable, "1");
            }
            let said = run.fails(2);
            assert_eq!(has_colors(&said.stderr), expected, "{option:?} {variable:?}: {said}");
        }
    }
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

/// Every help text: its file in `snapshots/`, and the command line that prints it.
fn help_texts(world: &World) -> Vec<(String, Vec<String>)> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut texts = vec![
        ("first-steps.txt".to_owned(), owned(&[])),
        ("quay-auth.txt".to_owned(), owned(&["--help"])),
        ("topic-environment.txt".to_owned(), owned(&["help", "environment"])),
        ("topic-exit-codes.txt".to_owned(), owned(&["help", "exit-codes"])),
    ];
    texts.extend(commands(world, &[]).iter().map(|command| {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        (format!("{}.txt", command.replace(' ', "-")), owned(&words))
    }));
    texts
}

/// The texts of all help, one below the other.
fn all_help(world: &World) -> String {
    help_texts(world).iter().map(|(_, words)| world.run(words).prints("").succeeds().stdout).collect()
}

#[test]
fn every_help_text_is_in_the_snapshots() {
    let world = World::new();
    let texts = help_texts(&world);
    assert!(texts.iter().any(|(file, _)| file == "docker-install.txt"), "{texts:?}");
    for (file, words) in &texts {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        snapshot::assert_is(file, &printed(&world, &words));
    }
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<String> = snapshot::help_texts().into_iter().map(name).collect();
    let mut expected: Vec<String> = texts.into_iter().map(|(file, _)| file).collect();
    files.sort();
    expected.sort();
    assert_eq!(files, expected, "a snapshot that is not used any more");
}

#[test]
fn help_fits_80_columns() {
    for line in all_help(&World::new()).lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn help_needs_no_home_and_no_valid_config_and_has_no_colour_in_a_pipe() {
    let world = World::new();
    for arguments in [&[][..], &["--help"], &["login", "--help"], &["help", "environment"]] {
        let expected = printed(&world, arguments);
        assert!(!expected.contains('\x1b'), "{expected:?}");
        let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
        command.args(arguments).env_remove("HOME");
        Run::new(command).stdout(&expected).succeeds();
        world.config("broken");
        world.run(arguments).stdout(&expected).succeeds();
        fs::remove_dir_all(world.home().join(".config")).unwrap();
    }
}

#[test]
fn help_command_and_help_option_print_the_same() {
    let world = World::new();
    world.run(["help"]).stdout(&printed(&world, &["--help"])).succeeds();
    for command in commands(&world, &[]) {
        let words: Vec<&str> = command.split(' ').collect();
        let expected = printed(&world, &[&words[..], &["--help"]].concat());
        world.run([&["help"], &words[..]].concat()).stdout(&expected).succeeds();
    }
    world.run(["help", "nonsense"]).stderr("unrecognized subcommand 'nonsense'").stderr("hint: ").fails(2);
}

#[test]
fn version_is_that_of_the_package() {
    let world = World::new();
    for option in ["--version", "-V", "version"] {
        world.run([option]).stdout(concat!("quay-auth ", env!("CARGO_PKG_VERSION"), "\n")).succeeds();
    }
}

#[test]
fn help_lists_every_exit_code_once() {
    let text = printed(&World::new(), &["help", "exit-codes"]);
    let codes: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "126", "127", "129", "130", "143"]);
}

/// The variables that the source reads: those of `setting("NAME")` in src/settings, every name in environment.rs, and the proxies.
fn variables_in_the_source() -> BTreeSet<String> {
    let source = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path)).unwrap();
    let mut variables = BTreeSet::from(["QUAY_AUTH_COMPLETE".to_owned()]);
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/settings")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let names = text.split("setting(\"").skip(1).filter_map(|rest| rest.split('"').next());
        variables.extend(names.map(|name| format!("QUAY_AUTH_{name}")));
    }
    let environment = source("settings/environment.rs");
    let code = environment.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let literals = code.split('"').skip(1).step_by(2);
    let is_name = |text: &&str| {
        let is_upper = text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let is_part = text.starts_with('_') || text.ends_with('_') || *text == "HOST";
        is_upper && !is_part || ["container", "ProgramData"].contains(text)
    };
    variables.extend(literals.filter(is_name).map(str::to_owned));
    let proxies = source("quay/connection/proxy.rs");
    let (_, proxies) = proxies.split_once("const NAMES").expect("the variables of proxies");
    let (proxies, _) = proxies.split_once(';').and_then(|(_, names)| names.split_once(';')).expect("their names");
    // Most have a second name in capitals, which the texts do not repeat.
    variables.extend(proxies.split('"').skip(1).step_by(2).map(str::to_lowercase));
    variables
}

#[test]
fn help_and_reference_name_every_variable() {
    let variables = variables_in_the_source();
    assert!(variables.len() > 40 && variables.contains("QUAY_AUTH_CA_FILE"), "{variables:?}");
    let help = printed(&World::new(), &["help", "environment"]);
    let reference = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md")).unwrap();
    let (_, reference) = reference.split_once("\n## Environment variables\n").unwrap();
    let (reference, _) = reference.split_once("\n## ").unwrap();
    for (place, text) in [("quay-auth help environment", help.as_str()), ("docs/reference.md", reference)] {
        let named: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        let missing: Vec<&String> = variables.iter().filter(|name| !named.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{place} does not name {missing:?}");
        let unknown: Vec<&&str> =
            named.iter().filter(|name| name.starts_with("QUAY_AUTH_") && !variables.contains(**name)).collect();
        assert!(unknown.is_empty(), "{place} names {unknown:?}, which nothing reads");
    }
}

#[test]
fn every_example_is_a_command_line_that_the_program_accepts() {
    let world = World::new();
    let help = all_help(&world).replace("\\\n", " ").replace("|\n", "| ");
    let mut examples = 0;
    for line in help.lines().filter_map(|line| line.strip_prefix("  ")) {
        let Some(start) = line.find("quay-auth ").filter(|start| !line.starts_with('#') && *start < 10) else {
            continue;
        };
        // What comes before a pipe, a `)` or a comment in the next column.
        let own = line[start + "quay-auth ".len()..].split(['|', ')', '<']).next().unwrap().split("  ").next().unwrap();
        let words = shlex::split(&own.replace("COMMAND", "login")).unwrap();
        let own = words.iter().take_while(|word| *word != "--").map(String::as_str);
        if words[0] == "help" {
            world.run(own).prints("").succeeds();
        } else {
            world.run(own.chain(["--help"])).prints("Usage:").succeeds();
        }
        examples += 1;
    }
    assert!(examples > 30, "{examples}");
}
