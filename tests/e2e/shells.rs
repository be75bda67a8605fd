//! `completions` in the real shells, and `man` by the real man.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::path::Path;
use std::process::Stdio;

use crate::program::Run;
use crate::pty::Terminal;
use crate::world::{CLIENT_ID, World};

/// A world with two logins.
fn world() -> World {
    let world = World::new();
    world.log_in();
    world.complete(world.login(&["--profile", "admin"]).start());
    world
}

/// A program in this world, with ours on the PATH.
fn program(world: &World, words: &[&str]) -> std::process::Command {
    let ours = Path::new(env!("CARGO_BIN_EXE_quay-auth")).parent().unwrap().display();
    let mut command = world.command(words[0]);
    command.args(&words[1..]).env("PATH", format!("{ours}:/usr/bin:/bin"));
    command
}

/// What a line is completed to, as fish's own completer tells.
fn fish(world: &World, line: &str) -> String {
    let script = format!("quay-auth completions fish | source; complete --do-complete '{line}'");
    Run::new(program(world, &["fish", "--no-config", "--command", &script])).prints("").succeeds().stdout
}

#[test]
fn fish_completes_commands_hosts_profiles_and_scopes_with_what_they_mean() {
    let world = world();
    assert_eq!(fish(&world, "quay-auth print"), "print-token\tPrint the token and a newline, nothing else\n");
    assert_eq!(
        fish(&world, "quay-auth docker in"),
        "install\tMake docker, podman, skopeo and buildah ask quay-auth for this host\n"
    );
    assert_eq!(fish(&world, "quay-auth status --host "), format!("{}\n", world.quay.host()));
    assert_eq!(fish(&world, "quay-auth status --profile "), "admin\ndefault\n");
    assert_eq!(fish(&world, "quay-auth login --scopes repo:r"), "repo:read\tsee and pull repositories\n");
    assert_eq!(
        fish(&world, "quay-auth login --scopes repo:read,user:r"),
        "repo:read,user:read\tread user name and e-mail address\n"
    );
    assert!(fish(&world, "quay-auth export ").starts_with("docker-config"), "formats");
    let commands = fish(&world, "quay-auth ");
    assert!(
        commands.contains("doctor\t") && !commands.contains("credential-helper"),
        "what is hidden stays so: {commands}"
    );
    // Broken settings are told by the command itself, not on Tab.
    world.config("broken");
    assert_eq!(fish(&world, "quay-auth status --profile "), "");
}

/// Types the line and Tab into a shell at a terminal, and sees it become that one.
fn completes(world: &World, shell: &[&str], set_up: &str, typed: &str, becomes: &str) {
    let mut command = program(world, shell);
    command.env("PS1", "ready> ").env("TERM", "xterm");
    let mut terminal = Terminal::run(&command);
    terminal.enters(&format!("{set_up}; echo set''up"));
    terminal.shows("setup");
    terminal.types(typed);
    terminal.types("\t");
    terminal.shows(becomes);
}

#[test]
fn bash_completes_at_a_terminal() {
    let world = world();
    let shell = ["bash", "--norc", "--noprofile", "-i"];
    let set_up = "source <(quay-auth completions bash)";
    completes(&world, &shell, set_up, "quay-auth print-to", "quay-auth print-token");
    completes(&world, &shell, set_up, "quay-auth status --profile ad", "--profile admin");
    completes(&world, &shell, set_up, "quay-auth login --scopes user:r", "--scopes user:read");
    let scopes = "quay-auth print-token --require repo:read,user:r";
    completes(&world, &shell, set_up, scopes, "--require repo:read,user:read");
}

#[test]
fn zsh_completes_at_a_terminal() {
    let world = world();
    let shell = ["zsh", "--no-rcs", "-i"];
    let set_up = "autoload -Uz compinit && compinit -u && source <(quay-auth completions zsh)";
    completes(&world, &shell, set_up, "quay-auth print-to", "print-token");
    completes(&world, &shell, set_up, "quay-auth status --profile ad", "admin");
}

#[test]
fn elvish_takes_the_script() {
    let world = world();
    let script =
        "eval (quay-auth completions elvish | slurp); put $edit:completion:arg-completer[quay-auth] | kind-of (one)";
    let shell = ["elvish", "-norc", "-i"];
    let mut terminal = Terminal::run(program(&world, &shell).env("TERM", "xterm"));
    terminal.enters(script);
    terminal.shows("fn");
}

#[test]
fn every_shell_that_is_named_has_a_script_and_no_other() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        world.run(["completions", shell]).prints("QUAY_AUTH_COMPLETE").succeeds();
    }
    world.run(["completions", "tcsh"]).stderr("tcsh").stderr("bash").fails(2);
}

#[test]
fn man_renders_every_page_without_a_warning() {
    let world = World::new();
    let help = world.run(["--help"]).prints("Commands:").succeeds().stdout;
    let (_, list) = help.split_once("\nCommands:\n").unwrap();
    let names = list.lines().take_while(|line| !line.is_empty()).map(|line| line.split_whitespace().next().unwrap());
    for words in names.map(|name| vec![name]).chain([vec![], vec!["docker", "install"], vec!["tokens", "create"]]) {
        let page = world.run([&["man"], &words[..]].concat()).prints(".TH quay-auth").succeeds().stdout;
        let mut man = program(&world, &["man", "--warnings", "--encoding=UTF-8", "--local-file", "-"]);
        man.env("MANWIDTH", "100").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut man = man.spawn().expect("man (Debian package man-db)");
        std::io::Write::write_all(&mut man.stdin.take().unwrap(), page.as_bytes()).unwrap();
        let shown = man.wait_with_output().unwrap();
        let (text, warnings) = (String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
        assert!(warnings.is_empty() && text.contains("SYNOPSIS"), "{words:?}: {warnings}\n{text}");
    }
    // A table below the help keeps its columns, and an example its line.
    let page = world.run(["man", "login"]).prints("quay\\-auth login \\-\\-host quay.example.com").succeeds();
    assert!(!page.stdout.contains(CLIENT_ID));
    world.run(["man", "nonsense"]).stderr("there is no command `nonsense`").fails(2);
    world.run(["man", "credential-helper"]).stderr("there is no command").fails(2);
}
