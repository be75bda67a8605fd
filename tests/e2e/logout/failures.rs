//! `logout` while Quay cannot be reached, is busy or read-only, or while a store fails.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{is_refused, move_to, tokens_toml};
use crate::support::keyring::Keyring;
use crate::support::pty::Terminal;
use crate::support::server::{Server, answer};
use crate::support::world::{CLIENT_ID, World};

#[test]
fn token_is_deleted_and_exit_is_7_if_quay_cannot_be_reached() {
    let (world, token) = World::with_token("user:admin");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    move_to(&world, &gone.to_string());
    world
        .run(["logout"])
        .stderr(&format!("✓ Deleted the token of default@{gone}.\n"))
        .stderr(&format!("error: could not revoke the token of default@{gone} at http://{gone}\n"))
        .stderr(&format!("  cause: http://{gone} cannot be reached: Connection refused "))
        .stderr("\n  hint: it may still be valid at Quay; ")
        .fails(7);
    assert!(!tokens_toml(&world).contains(&token));
    world.run(["logout", "--host", &format!("http://{gone}")]).stderr("there is no login").fails(3);
}

#[test]
fn silent_host_is_asked_once_for_all_its_profiles() {
    let world = World::new();
    let profiles = [("default", "user:admin"), ("ci", "user:admin,repo:read"), ("read", "repo:read")];
    let tokens = profiles
        .map(|(profile, scopes)| world.complete(world.login(&["--profile", profile, "--scopes", scopes]).start()));
    let silent = Server::start_with(|_, stream| drop(stream.read_to_end(&mut Vec::new())));
    move_to(&world, &silent.authority);
    let start = Instant::now();
    let ended = world
        .run(["logout", "--all"])
        .stderr("could not revoke the token of default@")
        .stderr("could not revoke the token of ci@")
        .stderr(" did not answer in time")
        .fails(7);
    assert_eq!(silent.requests().len(), 1, "{ended}");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert!(!tokens.iter().any(|token| tokens_toml(&world).contains(token)), "all are deleted here");
}

#[test]
fn silent_host_is_named_while_a_terminal_waits() {
    let world = World::new();
    world.complete(world.login(&["--scopes", "user:admin"]).start());
    let silent = Server::start_with(|_, stream| drop(stream.read_to_end(&mut Vec::new())));
    move_to(&world, &silent.authority);
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    let terminal = Terminal::run(command.arg("logout"));
    terminal.shows(&format!("Revoking the token at {}", silent.host()));
    terminal.ends(7);
}

#[test]
fn busy_server_is_not_mistaken_for_a_missing_right() {
    let busy = Server::start(vec![answer("503 Service Unavailable", "", "")]);
    let world = World::new();
    let host = busy.host();
    let login = ["login", "--with-token", "--store", "file", "--host", &host, "--scopes", "org:admin"];
    world
        .run([&login[..], &["--client-id", CLIENT_ID]].concat())
        .stdin("A".repeat(40))
        .stderr("could not check whether Quay accepts the token")
        .succeeds();
    world.run(["logout"]).stderr("could not revoke the token of").stderr("answered with status 503\n").fails(7);
}

#[test]
fn failing_store_after_revoking_is_reported_with_the_revocation() {
    let (world, token) = World::with_token("user:admin");
    let folder = world.data_folder();
    fs::remove_file(folder.join("lock")).unwrap();
    std::os::unix::fs::symlink("elsewhere", folder.join("lock")).unwrap();
    let hint = format!("hint: the token was revoked at {}, but this machine still has it", world.quay.host());
    world.run(["logout"]).stderr("lock is not a regular file").stderr(&hint).fails(4);
    assert!(is_refused(&world, &token));
}

#[test]
fn logout_all_continues_if_one_profile_fails() {
    let (world, first) = World::with_token("user:admin");
    let second = world.complete(world.login(&["--profile", "org", "--scopes", "org:admin"]).start());
    let elsewhere = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"];
    world.run(elsewhere).stdin(&first).stderr("Logged in to").succeeds();
    world
        .run(["logout", "--all"])
        .stderr(&format!("✓ Revoked the token of default@{}", world.quay.address()))
        .stderr(&format!("✓ Revoked the token of org@{}", world.quay.address()))
        .stderr("✓ Deleted the token of default@127.0.0.1:1.\n")
        .stderr("error: could not revoke the token of default@127.0.0.1:1")
        .fails(7);
    assert!(is_refused(&world, &first) && is_refused(&world, &second));
    world.run(["status", "--offline"]).stderr("you are not logged in").fails(3);
}

#[test]
fn locked_keyring_changes_nothing() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    let token = world.complete(world.login(&["--store", "keyring", "--scopes", "user:admin"]).start());
    keyring.lock(&world);
    world.run(["logout"]).stderr("error: the keyring is locked").fails(4);
    assert!(!is_refused(&world, &token));
    world.run(["status", "--offline"]).prints("user:admin").succeeds();
}

#[test]
fn logout_exits_3_and_claims_nothing_if_the_token_file_is_missing() {
    let world = World::new();
    world.log_in();
    fs::remove_file(world.data_folder().join("tokens.toml")).unwrap();
    let message = world.run(["logout"]).stderr("no longer has the token").stderr("may still be valid").fails(3).stderr;
    assert!(!message.contains("Deleted"), "{message}");
    world.run(["logout"]).stderr("there is no login").fails(3);
}

#[test]
fn a_read_only_registry_revokes_nothing_and_is_named() {
    for scopes in ["user:admin", "org:admin"] {
        let (world, token) = World::with_token(scopes);
        world.quay.database().settings.is_read_only = true;
        world
            .run(["logout"])
            .stderr("✓ Deleted")
            .stderr("could not revoke the token")
            .stderr("cause: the registry is read-only\n")
            .fails(7);
        assert!(!is_refused(&world, &token));
    }
}
