//! Hundreds of processes at the same time, as in a build farm.

use crate::support::keyring::Keyring;
use crate::support::program::Running;
use crate::support::world::World;

/// How many processes run at the same time.
const PROCESSES: usize = 500;

/// Expects that each of them prints the token and nothing else.
fn all_print(world: &World, token: &str) {
    let processes: Vec<Running> = (0..PROCESSES).map(|_| world.run(["print-token"]).start()).collect();
    for process in processes {
        let result = process.wait();
        assert!(result.code == 0 && result.stdout == format!("{token}\n") && result.stderr.is_empty(), "{result}");
    }
}

#[test]
fn five_hundred_processes_print_the_token_from_the_token_file() {
    let world = World::new();
    let token = world.log_in();
    all_print(&world, &token);
}

#[test]
fn five_hundred_processes_print_the_token_from_the_keyring() {
    let mut world = World::new();
    let _keyring = Keyring::start(&mut world);
    let token = world.complete(world.login(&["--store", "keyring"]).start());
    all_print(&world, &token);
}

#[test]
fn five_hundred_processes_print_the_token_while_twenty_others_log_in() {
    let world = World::new();
    let token = world.log_in();
    let logins: Vec<Running> =
        (0..20).map(|_| world.run(["login", "--with-token", "--scopes", "repo:read"]).stdin(&token).start()).collect();
    all_print(&world, &token);
    logins.into_iter().for_each(|login| assert!(login.succeeds().contains("Logged in")));
}
