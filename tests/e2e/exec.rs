//! `exec`: the command replaces quay-auth and gets the token in its environment.

use std::fs;
use std::process;

use nix::sys::signal::Signal;

use crate::support::world::World;

/// A token for `QUAY_AUTH_TOKEN`.
const FROM_CI: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

#[test]
fn command_gets_the_token_url_and_host() {
    let world = World::new();
    let token = world.log_in();
    let host = world.quay.host();
    let print = "echo $QUAY_TOKEN $QUAY_URL $QUAY_HOST";
    world.run(["exec", "--", "sh", "-c", print]).stdout(&format!("{token} {host} {host}\n")).succeeds();
    world
        .run(["exec", "--host", "quay.example.com:8443", "--", "sh", "-c", print])
        .env("QUAY_AUTH_HOST", "quay.example.com:8443")
        .env("QUAY_AUTH_TOKEN", FROM_CI)
        .stdout(&format!("{FROM_CI} https://quay.example.com:8443 quay.example.com:8443\n"))
        .succeeds();
}

#[test]
fn env_option_replaces_the_default_variable() {
    let world = World::new();
    let token = world.log_in();
    let print = "echo $ONE $TWO ${QUAY_TOKEN-none} ${QUAY_URL:+url}";
    world
        .run(["exec", "--env", "ONE", "--env", "TWO", "--", "sh", "-c", print])
        .stdout(&format!("{token} {token} none url\n"))
        .succeeds();
    for bad in ["", "1A", "A=B", "A B", "É"] {
        world.run(["exec", "--env", bad, "--", "true"]).stderr("a variable name has letters, digits").fails(2);
    }
}

#[test]
fn command_replaces_the_process() {
    let world = World::new();
    world.log_in();
    world.run(["exec", "--", "sh", "-c", "echo $PPID; exit 42"]).stdout(&format!("{}\n", process::id())).fails(42);
    let running = world.run(["exec", "--", "sh", "-c", "echo here >&2; exec sleep 1000"]).start();
    let mut running = running;
    running.says("here");
    running.signal(Signal::SIGTERM);
    // -1 means: ended by a signal.
    assert_eq!(running.wait().code, -1);
}

#[test]
fn command_inherits_signals_limits_umask_and_stdin() {
    let world = World::new();
    world.log_in();
    // Signals 1 to 28; the C library reserves some of the higher ones.
    let print = "sed -nE 's/^(SigBlk|SigIgn):.*(.{7})$/\\1 \\2/p' /proc/self/status; ulimit -c; umask; cat";
    let bare = world.command("sh").args(["-c", print]).stdin(process::Stdio::null()).output().expect("sh");
    let bare = String::from_utf8(bare.stdout).expect("text");
    world.run(["exec", "--", "sh", "-c", print]).stdin("data\n").stdout(&format!("{bare}data\n")).succeeds();
}

#[test]
fn options_after_the_command_belong_to_the_command() {
    let world = World::new();
    world.log_in();
    world.run(["exec", "--", "echo", "--host", "x", "--env", "-q"]).stdout("--host x --env -q\n").succeeds();
    world.run(["exec", "echo", "--host", "x", "--", "-q"]).stdout("--host x -- -q\n").succeeds();
}

#[test]
fn exit_codes_126_and_127_are_those_of_a_shell() {
    let world = World::new();
    world.log_in();
    world
        .run(["exec", "--", "no-such-command"])
        .stderr("error: command not found: no-such-command\n  hint: check its name and your PATH")
        .fails(127);
    let script = world.home().join("script");
    fs::write(&script, "#!/bin/sh\n").expect("a script");
    let script = script.display().to_string();
    world
        .run(["exec", "--", &script])
        .stderr(&format!("error: cannot run `{script}`\n  cause: Permission denied"))
        .stderr(&format!("  hint: check that it is an executable program: ls -l {script}\n"))
        .fails(126);
    world.run(["exec"]).stderr("required arguments were not provided: <COMMAND>").fails(2);
}

#[test]
fn command_does_not_run_without_a_token() {
    let world = World::new();
    let host = world.quay.host();
    world
        .run(["exec", "--host", &host, "--", "touch", "ran"])
        .stderr(&format!("there is no login for default@{}", world.quay.address()))
        .fails(3);
    world
        .run(["exec", "--", "touch", "ran"])
        .env("QUAY_AUTH_TOKEN", "no token")
        .stderr("does not contain a token")
        .fails(2);
    assert!(!world.home().join("ran").exists());
}
