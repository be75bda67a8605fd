//! `completions`, in the real shells.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::path::Path;

use crate::support::program::Run;
use crate::support::pty::Terminal;
use crate::support::world::World;

/// A world with two profiles.
fn world() -> World {
    let world = World::new();
    world.log_in();
    world.complete(world.login(&["--profile", "admin"]).start());
    world
}

/// A program of this world, with quay-auth on the PATH.
fn program(world: &World, words: &[&str]) -> std::process::Command {
    let ours = Path::new(env!("CARGO_BIN_EXE_quay-auth")).parent().unwrap().display();
    let mut command = world.command(words[0]);
    command.args(&words[1..]).env("PATH", format!("{ours}:/usr/bin:/bin"));
    command
}

/// The completions of a line in fish.
fn fish(world: &World, line: &str) -> String {
    let script = format!("quay-auth completions fish | source; complete --do-complete '{line}'");
    Run::new(program(world, &["fish", "--no-config", "--command", &script])).prints("").succeeds().stdout
}

#[test]
fn fish_completes_commands_hosts_profiles_and_scopes() {
    let world = world();
    assert_eq!(fish(&world, "quay-auth print"), "print-token\tPrint the token\n");
    assert_eq!(
        fish(&world, "quay-auth docker in"),
        "install\tMake docker, podman, skopeo and buildah use the token for a host\n"
    );
    for line in ["quay-auth status --host ", "quay-auth login http"] {
        assert_eq!(fish(&world, line), format!("{}\n", world.quay.host()));
    }
    assert_eq!(fish(&world, "quay-auth status --profile "), "admin\ndefault\n");
    assert_eq!(fish(&world, "quay-auth login --scopes repo:r"), "repo:read\tsee and pull repositories\n");
    assert_eq!(
        fish(&world, "quay-auth login --scopes repo:read,user:r"),
        "repo:read,user:read\tread user name and organizations\n"
    );
    let formats = fish(&world, "quay-auth export ");
    assert!(formats.starts_with("docker-config\tdocker's config.json, for a CI job or a container\n"), "{formats}");
    assert_eq!(fish(&world, "quay-auth login --store "), "keyring\nfile\n");
    let targets = fish(&world, "quay-auth switch ");
    assert!(targets.starts_with(&format!("{}\nadmin\ndefault\n", world.quay.host())), "{targets}");
    for command in ["help", "man"] {
        assert_eq!(fish(&world, &format!("quay-auth {command} print")), "print-token\tPrint the token\n");
    }
    std::fs::write(world.home().join("script.sh"), "").unwrap();
    assert_eq!(fish(&world, "quay-auth exec -- ./scr"), "./script.sh\n");
    let commands = fish(&world, "quay-auth ");
    assert!(
        commands.contains("doctor\t") && !commands.contains("credential-helper"),
        "a hidden command is completed: {commands}"
    );
    // Commands report a malformed config.toml, but the Tab key does not.
    world.config("broken");
    assert_eq!(fish(&world, "quay-auth status --profile "), "");
}

/// Types the line and the Tab key into a shell on a terminal, and waits until the line `becomes` this.
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
    completes(&world, &shell, set_up, "quay-auth status --profile=ad", "--profile=admin");
    completes(&world, &shell, set_up, "quay-auth login --scopes=user:r", "--scopes=user:read");
    completes(&world, &shell, set_up, "quay-auth login --scopes=repo:read,user:r", "--scopes=repo:read,user:read");
    completes(&world, &shell, set_up, "quay-auth login --store k", "--store keyring");
    completes(&world, &shell, set_up, "quay-auth login --store=k", "--store=keyring");
    std::fs::write(world.home().join("script.sh"), "").unwrap();
    completes(&world, &shell, set_up, "quay-auth exec -- ./scr", "exec -- ./script.sh");
    // Some people do not let bash split words there.
    let set_up = "COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]/}; source <(quay-auth completions bash)";
    completes(&world, &shell, set_up, "quay-auth login --scopes=user:r", "--scopes=user:read");
    completes(&world, &shell, set_up, "quay-auth login --scopes user:r", "--scopes user:read");
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
fn elvish_loads_the_script() {
    let world = world();
    let script =
        "eval (quay-auth completions elvish | slurp); put $edit:completion:arg-completer[quay-auth] | kind-of (one)";
    let shell = ["elvish", "-norc", "-i"];
    let mut terminal = Terminal::run(program(&world, &shell).env("TERM", "xterm"));
    terminal.enters(script);
    terminal.shows("fn");
}

#[test]
fn every_listed_shell_has_a_script() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        world.run(["completions", shell]).prints("QUAY_AUTH_COMPLETE").succeeds();
    }
    world.run(["completions", "tcsh"]).stderr("tcsh").stderr("bash").fails(2);
}
