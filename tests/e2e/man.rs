//! `man`, rendered by the real man.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::process::Stdio;

use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, World};

#[test]
fn every_page_renders_without_a_warning() {
    let world = World::new();
    let help = world.run(["--help"]).prints("Commands:").succeeds().stdout;
    let (_, list) = help.split_once("\nCommands:\n").unwrap();
    let names = list.lines().take_while(|line| !line.is_empty()).map(|line| line.split_whitespace().next().unwrap());
    for words in names.map(|name| vec![name]).chain([vec![], vec!["docker", "install"], vec!["tokens", "create"]]) {
        let page = world.run([&["man"], &words[..]].concat()).prints(".TH quay-auth").succeeds().stdout;
        let mut man = world.command("man");
        man.args(["--warnings", "--encoding=UTF-8", "--local-file", "-"])
            .env("MANWIDTH", "100")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut man = man.spawn().expect("man (Debian package man-db)");
        std::io::Write::write_all(&mut man.stdin.take().unwrap(), page.as_bytes()).unwrap();
        let shown = man.wait_with_output().unwrap();
        let (text, warnings) = (String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
        assert!(warnings.is_empty() && text.contains("SYNOPSIS"), "{words:?}: {warnings}\n{text}");
    }
}

/// What `man login` shows on a terminal that is 80 columns wide, with this variable.
fn opened(world: &World, (name, value): (&str, &str)) -> String {
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.args(["man", "login"]).env("TERM", "xterm").env("MANPAGER", "cat").env(name, value);
    Terminal::run_in(&command, 80).ends(0)
}

#[test]
fn man_on_a_terminal_opens_the_page() {
    let world = World::new();
    let page = opened(&world, ("MANWIDTH", "80"));
    assert!(
        page.contains("quay-auth-login(1)") && page.contains("Quay in your browser") && !page.contains(".SH"),
        "{page}"
    );
    // The program that shows it gets no token.
    let token = "TOKENTOKENTOKENTOKENTOKENTOKENTOKENTOKEN";
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.args(["man"]).env("TERM", "xterm").env("MANPAGER", "sh -c 'cat >/dev/null; env'");
    let variables = Terminal::run(command.env("QUAY_AUTH_TOKEN", token).env("QUAY_TOKEN", token)).ends(0);
    assert!(variables.contains("MANPAGER=") && !variables.contains(token), "{variables}");
    // Without a `man`, it is printed.
    let printed = opened(&world, ("PATH", "/nonexistent"));
    assert!(printed.contains(".TH quay-auth-login"), "{printed}");
}

#[test]
fn synopsis_has_the_names_of_values() {
    let world = World::new();
    let synopsis = |words: &[&str]| {
        let page = world.run([&["man"], words].concat()).prints(".SH SYNOPSIS\n").succeeds().stdout;
        let (_, line) = page.split_once(".SH SYNOPSIS\n").unwrap();
        let line = line.lines().next().unwrap().replace("\\fB", "").replace("\\fI", "").replace("\\fR", "");
        line.replace("\\-", "-")
    };
    assert_eq!(synopsis(&[]), "quay-auth [global options] [--help] [--version] COMMAND");
    assert!(synopsis(&["login"]).starts_with("quay-auth login [global options] [--client-id ID] [--scopes SCOPES]"));
    let create = synopsis(&["tokens", "create"]);
    for part in ["[--as PROFILE]", " --name NAME", " --scopes SCOPES", " --expires TIME"] {
        assert!(create.contains(part), "{create}");
    }
    assert!(synopsis(&["exec"]).ends_with("[--env NAME...] [--help] COMMAND..."), "{}", synopsis(&["exec"]));
    assert!(synopsis(&["export"]).ends_with(" FORMAT"), "{}", synopsis(&["export"]));
}

#[test]
fn examples_keep_their_lines() {
    let page = World::new()
        .run(["man", "docker", "install"])
        .prints("\n  quay\\-auth docker install \\-\\-host quay.io\n")
        .succeeds();
    assert!(!page.stdout.contains(CLIENT_ID));
}

#[test]
fn man_of_the_program_has_the_help_topics() {
    World::new()
        .run(["man"])
        .prints(".SH \"ENVIRONMENT\"\n")
        .prints("\n  QUAY_AUTH_CLIENT_ID ")
        .prints(".SH \"EXAMPLES\"\n")
        .prints(".SH \"FILES\"\n")
        .prints(".SH \"EXIT STATUS\"\n")
        .prints("\n  126  ")
        .succeeds();
}

#[test]
fn man_refuses_unknown_and_hidden_commands() {
    let world = World::new();
    for command in ["nonsense", "credential-helper"] {
        world.run(["man", command]).stderr(&format!("unknown command `{command}`")).stderr("hint: ").fails(2);
    }
}
