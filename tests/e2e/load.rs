//! Hundreds of them at once, as a build farm's scripts run it.

use crate::keyring::Keyring;
use crate::program::Running;
use crate::world::World;

/// How many are started before the first is waited for.
const AT_ONCE: usize = 500;

/// Each of them prints the token and nothing else.
fn all_print(world: &World, token: &str) {
    let running: Vec<Running> = (0..AT_ONCE).map(|_| world.run(["print-token"]).start()).collect();
    for each in running {
        let ended = each.wait();
        assert!(ended.code == 0 && ended.stdout == format!("{token}\n") && ended.stderr.is_empty(), "{ended}");
    }
}

#[test]
fn from_the_file() {
    let world = World::new();
    let token = world.log_in();
    all_print(&world, &token);
}

#[test]
fn from_the_keyring() {
    let mut world = World::new();
    let _keyring = Keyring::start(&mut world);
    let token = world.complete(world.login(&["--store", "keyring"]).start());
    all_print(&world, &token);
}

#[test]
fn while_others_log_in_again() {
    let world = World::new();
    let token = world.log_in();
    let logins: Vec<Running> =
        (0..20).map(|_| world.run(["login", "--with-token", "--scopes", "repo:read"]).stdin(&token).start()).collect();
    all_print(&world, &token);
    logins.into_iter().for_each(|login| assert!(login.succeeds().contains("Logged in")));
}
