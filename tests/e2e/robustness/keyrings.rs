//! The real gnome-keyring: what `login` stores there, and what `print-token` prints if it cannot be read.

use std::time::{Duration, Instant};

use crate::support::keyring::{Bus, Keyring};
use crate::support::world::World;

/// A world with a token in its keyring, and that token.
fn logged_in() -> (World, Keyring, String) {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    let token = world.complete(world.login(&["--store", "keyring"]).start());
    (world, keyring, token)
}

/// The name of the entry in the keyring.
fn entry(world: &World) -> String {
    format!("default@{}", world.quay.address())
}

#[test]
fn the_tools_of_the_desktop_find_the_stored_token() {
    let (world, keyring, token) = logged_in();
    let entry = entry(&world);
    assert_eq!(keyring.secret_tool(&world, "lookup", &entry), token);
    let found = keyring.secret_tool(&world, "search", &entry);
    assert!(found.contains(&format!("label = quay-auth: {entry}\n")), "{found}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    let status = world.run(["status", "--json"]).prints("\"store\": \"keyring\"").succeeds().stdout;
    assert!(![status, world.profiles_toml()].iter().any(|text| text.contains(&token)));
    assert!(!world.data_folder().join("tokens.toml").exists());
}

#[test]
fn a_second_login_replaces_the_token_in_the_keyring() {
    let (world, keyring, old) = logged_in();
    // It uses the same store as the first one.
    let new = world.complete(world.run(["login", "--no-browser"]).start());
    assert_ne!(old, new);
    world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
    assert_eq!(keyring.secret_tool(&world, "lookup", &entry(&world)), new);
}

#[test]
fn each_profile_has_an_entry_and_logout_deletes_only_its_own() {
    let (world, keyring, token) = logged_in();
    let other = world.complete(world.login(&["--store", "keyring", "--profile", "other"]).start());
    assert_ne!(token, other);
    world.run(["logout", "--profile", "other"]).stderr("Deleted the token of other@").succeeds();
    world.run(["print-token", "--profile", "other"]).stderr("there is no login for other@").fails(3);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert_eq!(keyring.secret_tool(&world, "lookup", &entry(&world)), token);
}

#[test]
fn a_locked_keyring_is_not_reported_as_no_login() {
    let (world, keyring, _) = logged_in();
    keyring.lock(&world);
    world.run(["print-token"]).stderr("locked").stderr("hint: unlock it").fails(4);
}

#[test]
fn a_missing_profile_is_not_reported_as_a_failing_keyring() {
    let (world, ..) = logged_in();
    world.run(["print-token", "--profile", "other"]).stderr("there is no login for other@").fails(3);
}

#[test]
fn an_entry_that_was_deleted_with_another_tool_is_reported() {
    let (world, keyring, _) = logged_in();
    keyring.secret_tool(&world, "clear", &entry(&world));
    world.run(["print-token"]).stderr("the token is no longer in the keyring").fails(3);
}

#[test]
fn a_keyring_that_does_not_respond_is_given_up_after_five_seconds() {
    let (world, keyring, _) = logged_in();
    keyring.stall();
    let start = Instant::now();
    world.run(["print-token"]).stderr("the keyring is not responding").fails(4);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[test]
fn a_missing_keyring_service_and_a_missing_bus_have_different_errors() {
    let (mut world, keyring, _) = logged_in();
    drop(keyring);
    // The environment still has the address of the bus, which is gone.
    world.run(["print-token"]).stderr("there is no session bus").fails(4);
    let _bus = Bus::start(&mut world);
    world.run(["print-token"]).stderr("no keyring service runs here").fails(4);
}

#[test]
fn without_a_bus_login_fails_before_the_browser_and_hints_at_the_token_file() {
    let world = World::new();
    let run = world.login(&["--store", "keyring"]).stderr("there is no session bus").stderr("--store file");
    assert_no_authorize_url(&world, &run.fails(4).stderr);
}

#[test]
fn with_a_locked_keyring_login_fails_before_the_browser() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    keyring.lock(&world);
    let run = world.login(&["--store", "keyring"]).stderr("the keyring is locked");
    assert_no_authorize_url(&world, &run.fails(4).stderr);
}

/// The login did not ask for an approval at Quay, which would have been useless.
fn assert_no_authorize_url(world: &World, stderr: &str) {
    assert!(!stderr.contains("/oauth/authorize"), "{stderr}");
    assert!(world.quay.requests().iter().all(|request| !request.path.starts_with("/oauth/authorize")));
}
