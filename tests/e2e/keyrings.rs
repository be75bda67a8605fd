//! The real keyring: what `login` puts there, what `print-token` says when it cannot be read. The file store is not in it.

use std::thread;
use std::time::{Duration, Instant};

use crate::keyring::{Bus, Keyring};
use crate::world::World;

/// A world with a keyring that holds a login, and its token.
fn logged_in() -> (World, Keyring, String) {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    let token = world.complete(world.login(&["--store", "keyring"]).start());
    (world, keyring, token)
}

/// The name of the login's entry.
fn entry(world: &World) -> String {
    format!("default@{}", world.quay.address())
}

#[test]
fn a_login_is_kept_where_the_desktops_own_tools_find_it() {
    let (world, keyring, token) = logged_in();
    let entry = entry(&world);
    assert_eq!(keyring.secret_tool(&world, "lookup", &entry), token);
    let found = keyring.secret_tool(&world, "search", &entry);
    assert!(found.contains(&format!("label = quay-auth: {entry}\n")), "{found}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    let status = world.run(["status", "--json"]).prints("\"store\": \"keyring\"").succeeds().stdout;
    assert!(
        ![status, world.profiles_toml()].iter().any(|text| text.contains(&token)),
        "only the keyring holds the token"
    );
    assert!(!world.home().join(".local/share/quay-auth/tokens.toml").exists());
}

#[test]
fn a_login_again_replaces_the_token() {
    let (world, keyring, old) = logged_in();
    // The store of the login before is remembered.
    let new = world.complete(world.run(["login", "--no-browser"]).start());
    assert_ne!(old, new);
    world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
    assert_eq!(keyring.secret_tool(&world, "lookup", &entry(&world)), new);
}

#[test]
fn two_profiles_are_two_entries_and_logout_forgets_one() {
    let (world, keyring, token) = logged_in();
    let other = world.complete(world.login(&["--store", "keyring", "--profile", "other"]).start());
    assert_ne!(token, other);
    world.run(["logout", "--profile", "other"]).stderr("Forgot the token of other@").succeeds();
    world.run(["print-token", "--profile", "other"]).stderr("there is no login for other@").fails(3);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert_eq!(keyring.secret_tool(&world, "lookup", &entry(&world)), token);
}

#[test]
fn a_locked_keyring_is_said_and_not_taken_for_no_login() {
    let (world, keyring, _) = logged_in();
    keyring.lock(&world);
    world.run(["print-token"]).stderr("locked").stderr("hint: unlock it").fails(4);
}

#[test]
fn no_login_in_a_keyring_that_works_is_no_failure_of_the_keyring() {
    let (world, ..) = logged_in();
    world.run(["print-token", "--profile", "other"]).stderr("there is no login for other@").fails(3);
}

#[test]
fn an_entry_that_somebody_took_out_is_no_login() {
    let (world, keyring, _) = logged_in();
    keyring.secret_tool(&world, "clear", &entry(&world));
    world.run(["print-token"]).stderr("no longer holds the token").fails(3);
}

#[test]
fn a_stalled_keyring_is_given_up_in_five_seconds() {
    let (world, keyring, _) = logged_in();
    keyring.stall();
    let begin = Instant::now();
    world.run(["print-token"]).stderr("the keyring does not answer").fails(4);
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
}

#[test]
fn no_keyring_service_and_no_bus_are_told_apart() {
    let (mut world, keyring, _) = logged_in();
    drop(keyring);
    // The address that the environment names is now stale.
    world.run(["print-token"]).stderr("there is no session bus").fails(4);
    let _bus = Bus::start(&mut world);
    world.run(["print-token"]).stderr("no keyring service runs here").fails(4);
}

#[test]
fn without_a_bus_the_login_ends_before_the_browser_and_names_the_file_store() {
    let world = World::new();
    let run = world.login(&["--store", "keyring"]).stderr("there is no session bus").stderr("--store file");
    assert_nobody_was_sent(&world, &run.fails(4).stderr);
}

#[test]
fn a_locked_keyring_that_nobody_unlocks_ends_the_login_before_the_browser() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    keyring.lock(&world);
    let run = world.login(&["--store", "keyring"]).stderr("the keyring is locked");
    assert_nobody_was_sent(&world, &run.fails(4).stderr);
}

/// No consent was asked for that nobody could have used.
fn assert_nobody_was_sent(world: &World, said: &str) {
    assert!(!said.contains("/oauth/authorize"), "{said}");
    assert!(world.quay.requests().iter().all(|request| !request.path.starts_with("/oauth/authorize")));
}

#[test]
fn a_hundred_at_once_all_get_the_token() {
    let (world, _keyring, token) = logged_in();
    let line = format!("{token}\n");
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| world.run(["print-token"]).stdout(&line).succeeds());
        }
    });
}
