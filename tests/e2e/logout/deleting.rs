//! What `logout` deletes here, and what stays: other profiles, other hosts, settings.

use std::fs;

use super::{log_in_as, tokens_toml};
use crate::support::world::World;

#[test]
fn settings_stay_for_the_next_login() {
    let world = World::new();
    world.log_in();
    world.run(["logout"]).stderr("Deleted the token").succeeds();
    let token = world.complete(world.run(["login", "--no-browser"]).start());
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert!(tokens_toml(&world).contains(&token), "in the same store");
}

#[test]
fn purge_deletes_the_settings_too() {
    let world = World::new();
    world.log_in();
    world.run(["logout", "--purge"]).stderr("Deleted the token").succeeds();
    let host = world.quay.host();
    world.run(["login", "--no-browser", "--host", &host]).stderr("no client ID is known").fails(2);
    assert!(!world.profiles_toml().contains(&host), "{}", world.profiles_toml());
}

#[test]
fn purge_after_a_logout_deletes_the_settings() {
    let world = World::new();
    world.log_in();
    world.run(["logout"]).stderr("Deleted the token").succeeds();
    assert!(world.profiles_toml().contains("client_id"));
    let said = world.run(["logout", "--purge"]).stderr("✓ Deleted ").succeeds().stderr;
    assert!(!said.contains("still be valid") && !said.contains("the token of"), "there was no token any more: {said}");
    assert!(!world.profiles_toml().contains("client_id"));
}

#[test]
fn logout_all_covers_every_host_and_profile() {
    let world = World::new();
    let tokens = [world.log_in(), log_in_as(&world, "ci")];
    let elsewhere = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"];
    world.run(elsewhere).stdin(&tokens[0]).stderr("Logged in to").succeeds();
    let said = world.run(["logout", "--all"]).stderr("Deleted the token of default@127.0.0.1:1.\n").fails(7).stderr;
    assert_eq!(said.matches("Deleted the token of").count(), 3, "{said}");
    assert!(tokens.iter().all(|token| !tokens_toml(&world).contains(token)));
    world.run(["status"]).stderr("you are not logged in").fails(3);
    assert!(world.profiles_toml().contains("client_id"), "the settings stay");
}

#[test]
fn logout_all_with_purge_leaves_empty_files() {
    let world = World::new();
    let tokens = [world.log_in(), log_in_as(&world, "ci"), log_in_as(&world, "out")];
    world.run(["logout", "--profile", "out"]).stderr("Deleted").succeeds();
    world.run(["logout", "--all", "--purge"]).stderr("Deleted").succeeds();
    let host = world.quay.host();
    for kept in [tokens_toml(&world), world.profiles_toml()] {
        assert!(!kept.contains(&host) && tokens.iter().all(|token| !kept.contains(token)), "{kept}");
    }
    // Without a profile the default host is quay.io again.
    world.run(["print-token"]).stderr("no login for default@quay.io").fails(3);
}

#[test]
fn logout_without_a_profile_exits_3_and_writes_nothing() {
    let world = World::new();
    let host = world.quay.host();
    world
        .run(["logout", "--host", &host])
        .stderr(&format!("error: there is no login for default@{}\n", world.quay.address()))
        .stderr("hint: ")
        .fails(3);
    for more in [&["--all"][..], &["--all", "--purge"]] {
        let run = world.run([&["logout"], more].concat());
        run.stderr("error: you are not logged in\n").stderr("hint: ").fails(3);
    }
    assert_eq!(fs::read_dir(world.home()).unwrap().count(), 0, "files were written");
}

#[test]
fn second_logout_exits_3() {
    let world = World::new();
    world.log_in();
    world.run(["logout"]).stderr("Deleted the token").succeeds();
    world.run(["logout"]).stderr("error: there is no login for default@").fails(3);
    world.run(["logout", "--all"]).stderr("error: you are not logged in\n").fails(3);
}

#[test]
fn other_profiles_are_not_changed() {
    let world = World::new();
    let default = world.log_in();
    log_in_as(&world, "ci");
    let before = world.profiles_toml();
    world.run(["logout", "--profile", "ci"]).stderr("Deleted the token of ci@").succeeds();
    world.run(["print-token"]).stdout(&format!("{default}\n")).succeeds();
    world.run(["print-token", "--profile", "ci"]).stderr("there is no login for ci@").fails(3);
    let section = |text: &str| text.split("[profile.").find(|part| part.starts_with("\"default@")).map(str::to_owned);
    assert_eq!(section(&world.profiles_toml()), section(&before));
    assert!(section(&before).is_some());
}

#[test]
fn with_several_hosts_one_must_be_chosen() {
    let world = World::new();
    let token = world.log_in();
    let elsewhere = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"];
    world.run(elsewhere).stdin(&token).stderr("Logged in to").succeeds();
    world
        .run(["logout"])
        .stderr("several hosts have a profile")
        .stderr("http://127.0.0.1:1")
        .stderr("hint: choose one, for example with `--host ")
        .fails(2);
    world.run(["print-token", "--host", &world.quay.host()]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn warns_if_the_token_variable_is_still_set() {
    let world = World::new();
    let token = world.log_in();
    world
        .run(["logout"])
        .env("QUAY_AUTH_TOKEN", &token)
        .stderr("Deleted the token")
        .stderr(&format!("warning: QUAY_AUTH_TOKEN is still set and is used for {}.\n", world.quay.host()))
        .succeeds();
}
