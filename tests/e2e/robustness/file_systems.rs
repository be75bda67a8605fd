//! File systems that cannot lock files or sync folders, as some network file systems.

use std::fs;
use std::path::PathBuf;

use crate::support::program::Run;
use crate::support::system::strace;
use crate::support::world::{CLIENT_ID, World};

/// The program, with one system call that fails with this error: always, or, if `paths` is not empty, only on these files and folders.
fn with_failing_call(world: &World, call: &str, error: &str, paths: &[PathBuf], arguments: &[&str]) -> Run {
    let mut command = strace(world);
    command.args(["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &format!("inject={call}:error={error}")]);
    for path in paths {
        command.arg("-P").arg(path);
    }
    command.arg(env!("CARGO_BIN_EXE_quay-auth")).args(arguments);
    Run::new(command)
}

#[test]
fn login_works_on_a_file_system_that_cannot_sync_folders() {
    let world = World::new();
    let token = world.create_token("alice", "repo:read");
    let folder = world.data_folder();
    fs::create_dir_all(&folder).unwrap();
    let login = ["login", "--with-token", "--store", "file", "--host", &world.quay.host()];
    with_failing_call(&world, "fsync", "EINVAL", &[folder], &login).stdin(&token).stderr("Logged in").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn without_file_locks_in_the_data_folder_those_in_the_runtime_folder_are_used() {
    let world = World::new();
    let token = world.create_token("alice", "repo:read");
    let locks = ["lock", "change.lock"].map(|name| world.data_folder().join(name));
    let login = ["login", "--with-token", "--store", "file", "--host", &world.quay.host()];
    with_failing_call(&world, "flock", "ENOLCK", &locks, &login).stdin(&token).stderr("Logged in").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    let files = fs::read_dir(world.runtime_folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.starts_with("quay-auth-") && name.ends_with("lock")).count(), 2);
}

#[test]
fn without_file_locks_login_fails_before_it_opens_the_browser() {
    for error in ["ENOLCK", "ENOSYS"] {
        let world = World::new();
        let host = world.quay.host();
        let login = ["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file", "--no-browser"];
        let run = with_failing_call(&world, "flock", error, &[], &login);
        let message = run.stderr("cannot lock").stderr("XDG_RUNTIME_DIR").fails(4).stderr;
        assert!(!message.contains("/oauth/authorize"), "{message}");
        assert!(!world.data_folder().join("tokens.toml").exists());
    }
}
