//! `exec`: the command takes the program's place, and the token is in its environment alone.

use std::fs;
use std::process;

use nix::sys::signal::Signal;

use crate::world::World;

/// A token for `QUAY_AUTH_TOKEN`.
const FROM_CI: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

#[test]
fn the_command_finds_the_token_and_the_host_as_terraform_and_ansible_read_them() {
    let world = World::new();
    let token = world.log_in();
    let host = world.quay.host();
    let tell = "echo $QUAY_TOKEN $QUAY_URL $QUAY_HOST";
    world.run(["exec", "--", "sh", "-c", tell]).stdout(&format!("{token} {host} {host}\n")).succeeds();
    world
        .run(["exec", "--host", "quay.example.com:8443", "--", "sh", "-c", tell])
        .env("QUAY_AUTH_HOST", "quay.example.com:8443")
        .env("QUAY_AUTH_TOKEN", FROM_CI)
        .stdout(&format!("{FROM_CI} https://quay.example.com:8443 quay.example.com:8443\n"))
        .succeeds();
}

#[test]
fn other_variables_take_the_place_of_the_usual_one() {
    let world = World::new();
    let token = world.log_in();
    let tell = "echo $ONE $TWO ${QUAY_TOKEN-none} ${QUAY_URL:+url}";
    world
        .run(["exec", "--env", "ONE", "--env", "TWO", "--", "sh", "-c", tell])
        .stdout(&format!("{token} {token} none url\n"))
        .succeeds();
    for bad in ["", "1A", "A=B", "A B", "É"] {
        world.run(["exec", "--env", bad, "--", "true"]).stderr("a variable has letters, digits").fails(2);
    }
}

#[test]
fn no_parent_is_left_and_the_status_is_the_commands_own() {
    let world = World::new();
    world.log_in();
    world.run(["exec", "--", "sh", "-c", "echo $PPID; exit 42"]).stdout(&format!("{}\n", process::id())).fails(42);
    let running = world.run(["exec", "--", "sh", "-c", "echo here >&2; exec sleep 1000"]).start();
    let mut running = running;
    running.says("here");
    running.signal(Signal::SIGTERM);
    // -1: by the signal itself.
    assert_eq!(running.wait().code, -1);
}

#[test]
fn the_command_is_given_what_it_would_have_had_without_us() {
    let world = World::new();
    world.log_in();
    // Of the signals 1 to 28: the C library has those behind for itself.
    let tell = "sed -nE 's/^(SigBlk|SigIgn):.*(.{7})$/\\1 \\2/p' /proc/self/status; ulimit -c; umask; cat";
    let bare = world.command("sh").args(["-c", tell]).stdin(process::Stdio::null()).output().expect("sh");
    let bare = String::from_utf8(bare.stdout).expect("text");
    world.run(["exec", "--", "sh", "-c", tell]).stdin("data\n").stdout(&format!("{bare}data\n")).succeeds();
}

#[test]
fn a_flag_behind_the_command_is_the_commands() {
    let world = World::new();
    world.log_in();
    world.run(["exec", "--", "echo", "--host", "x", "--env", "-q"]).stdout("--host x --env -q\n").succeeds();
    world.run(["exec", "echo", "--host", "x", "--", "-q"]).stdout("--host x -- -q\n").succeeds();
}

#[test]
fn what_cannot_be_run_is_told_as_a_shell_tells_it() {
    let world = World::new();
    world.log_in();
    world
        .run(["exec", "--", "no-such-command"])
        .stderr("error: there is no command `no-such-command`\n  hint: check its name and your PATH")
        .fails(127);
    let script = world.home().join("script");
    fs::write(&script, "#!/bin/sh\n").expect("a script");
    let script = script.display().to_string();
    world
        .run(["exec", "--", &script])
        .stderr(&format!("error: cannot run `{script}`\n  cause: Permission denied"))
        .stderr(&format!("  hint: is it a program, and executable? ls -l {script}\n"))
        .fails(126);
    world.run(["exec"]).stderr("required arguments were not provided: <CMD>").fails(2);
}

#[test]
fn without_a_token_nothing_is_run() {
    let world = World::new();
    let host = world.quay.host();
    world
        .run(["exec", "--host", &host, "--", "touch", "ran"])
        .stderr(&format!("there is no login for default@{}", world.quay.address()))
        .fails(3);
    world
        .run(["exec", "--", "touch", "ran"])
        .env("QUAY_AUTH_TOKEN", "no token")
        .stderr("does not hold a token")
        .fails(2);
    assert!(!world.home().join("ran").exists());
}
