//! A locked gnome-keyring opens a dialog that asks for its password. Commands that only read a token do not let it.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::keyring::{Dialogs, Keyring};
use crate::support::world::World;

const WAITING: &str = "Waiting up to 60 seconds for you to answer the keyring's dialog. Press Ctrl-C to stop waiting.";

/// A world with a login whose token is in a locked keyring, the screen for the keyring's dialogs, and the token.
fn locked() -> (World, Keyring, Dialogs, String) {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    let token = world.complete(world.login(&["--store", "keyring"]).start());
    let dialogs = Dialogs::start(&world, &keyring);
    keyring.lock(&world);
    (world, keyring, dialogs, token)
}

#[test]
fn print_token_status_and_the_helper_open_no_dialog() {
    let (world, _keyring, dialogs, _) = locked();
    let unlock = format!("quay-auth login --host {} --if-needed", world.quay.host());
    world.run(["print-token"]).stderr("the keyring is locked").stderr(&unlock).stderr("--store file").fails(4);
    world.run(["status"]).prints("locked").stderr("the keyring is locked").fails(4);
    world.helper("get", &world.quay.address().to_string()).prints("the keyring is locked").fails(1);
    assert!(!dialogs.screen.has_window(&world, "."));
}

#[test]
fn login_continues_when_the_user_unlocks_the_keyring() {
    let (world, _keyring, dialogs, old) = locked();
    let mut login = world.run(["login", "--no-browser"]).start();
    login.says(WAITING);
    dialogs.unlock(&world);
    let new = world.complete(login);
    assert_ne!(old, new);
    world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
}

#[test]
fn login_if_needed_unlocks_the_keyring_and_uses_the_token_in_it() {
    let (world, _keyring, dialogs, token) = locked();
    let mut login = world.run(["login", "--if-needed", "--no-browser"]).start();
    login.says(WAITING);
    dialogs.unlock(&world);
    assert!(login.succeeds().contains("is already logged in"));
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn logout_unlocks_the_keyring_to_delete_the_token() {
    let (world, keyring, dialogs, _) = locked();
    let mut logout = world.run(["logout", "--no-revoke"]).start();
    logout.says(WAITING);
    dialogs.unlock(&world);
    logout.succeeds();
    let entry = format!("default@{}", world.quay.address());
    assert_eq!(keyring.secret_tool(&world, "search", &entry), "");
}

#[test]
fn login_exits_4_when_the_user_cancels_the_dialog() {
    let (world, _keyring, dialogs, _) = locked();
    let mut login = world.run(["login", "--no-browser"]).start();
    login.says(WAITING);
    dialogs.cancel(&world);
    let message = login.fails(4);
    assert!(message.contains("the keyring is locked, and nobody unlocked it"), "{message}");
    assert!(message.contains("--store file"), "{message}");
    assert!(!message.contains("quay-auth login\n"), "{message}");
}

#[test]
fn a_command_asks_once_and_not_again_after_a_refusal() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    for profile in ["default", "other"] {
        world.complete(world.login(&["--store", "keyring", "--profile", profile]).start());
    }
    let dialogs = Dialogs::start(&world, &keyring);
    keyring.lock(&world);
    let mut logout = world.run(["logout", "--all", "--no-revoke"]).start();
    logout.says(WAITING);
    dialogs.cancel(&world);
    let message = logout.fails(4);
    assert_eq!(message.matches(WAITING).count(), 1, "{message}");
    assert!(message.contains("the keyring is locked, and nobody unlocked it"), "{message}");
}

#[test]
fn an_unanswered_dialog_is_reported_after_60_seconds() {
    let (world, _keyring, dialogs, token) = locked();
    let start = Instant::now();
    let mut login = world.run(["login", "--no-browser"]).start();
    login.says(WAITING);
    let message = login.fails(4);
    assert!(message.contains("nobody answered the keyring's dialog within 60 seconds"), "{message}");
    assert!(message.contains("--store file"), "{message}");
    assert!((60..70).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    // A late answer still unlocks the keyring.
    dialogs.unlock(&world);
    dialogs.wait_until_closed(&world);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn ctrl_c_stops_the_wait_for_the_dialog_and_the_keyring_still_works() {
    for arguments in [&["login", "--no-browser"][..], &["login", "--if-needed"], &["logout"]] {
        let (world, _keyring, dialogs, token) = locked();
        let mut command = world.run(arguments).start();
        command.says(WAITING);
        let start = Instant::now();
        command.signal(Signal::SIGINT);
        let result = command.wait();
        // -1: the signal itself ended the program.
        assert!([130, -1].contains(&result.code), "{arguments:?}: {result}");
        assert!(result.stderr.contains("The keyring's dialog may still be open."), "{arguments:?}: {result}");
        assert!(start.elapsed() < Duration::from_secs(5), "{arguments:?}: {:?}", start.elapsed());
        dialogs.unlock(&world);
        dialogs.wait_until_closed(&world);
        world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    }
}
