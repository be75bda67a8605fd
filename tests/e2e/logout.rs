//! `logout`: what is forgotten, what stays, and what it says where there is nothing to forget.

use std::fs;

use crate::world::World;

/// Logs in under this name and returns the token.
fn log_in_as(world: &World, profile: &str) -> String {
    world.complete(world.login(&["--profile", profile]).start())
}

/// The token file, whole.
fn tokens_toml(world: &World) -> String {
    fs::read_to_string(world.home().join(".local/share/quay-auth/tokens.toml")).unwrap()
}

#[test]
fn the_token_is_forgotten_and_it_says_how_to_end_it_at_quay() {
    let world = World::new();
    let token = world.log_in();
    world
        .run(["logout"])
        .stderr(&format!("✓ Forgot the token of default@{}.\n", world.quay.address()))
        .stderr(&format!("hint: it stays valid at {}; ", world.quay.host()))
        .stderr("\"Revoke Authorization\"\n")
        .succeeds();
    assert!(!tokens_toml(&world).contains(&token));
    world.run(["print-token"]).stderr("there is no login").fails(3);
    assert!(!world.quay.tokens()[0].revoked, "Quay was asked for nothing");
}

#[test]
fn the_settings_stay_so_the_next_login_needs_none() {
    let world = World::new();
    world.log_in();
    world.run(["logout"]).stderr("Forgot the token").succeeds();
    let token = world.complete(world.run(["login", "--no-browser"]).start());
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert!(tokens_toml(&world).contains(&token), "in the same store");
}

#[test]
fn a_purge_forgets_the_settings_too() {
    let world = World::new();
    world.log_in();
    world.run(["logout", "--purge"]).stderr("Forgot the token").succeeds();
    let host = world.quay.host();
    world.run(["login", "--no-browser", "--host", &host]).stderr("no client id is known").fails(2);
    assert!(!world.profiles_toml().contains(&host), "{}", world.profiles_toml());
}

#[test]
fn a_purge_after_a_logout_forgets_what_that_left() {
    let world = World::new();
    world.log_in();
    world.run(["logout"]).stderr("Forgot the token").succeeds();
    assert!(world.profiles_toml().contains("client_id"));
    let said = world.run(["logout", "--purge"]).stderr("✓ Forgot ").succeeds().stderr;
    assert!(!said.contains("stays valid") && !said.contains("the token of"), "there was no token any more: {said}");
    assert!(!world.profiles_toml().contains("client_id"));
}

#[test]
fn all_means_every_host_and_profile() {
    let world = World::new();
    let tokens = [world.log_in(), log_in_as(&world, "ci")];
    let elsewhere = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"];
    world.run(elsewhere).stdin(&tokens[0]).stderr("Logged in to").succeeds();
    let said = world.run(["logout", "--all"]).stderr("Forgot the token of default@127.0.0.1:1.\n").succeeds().stderr;
    assert_eq!(said.matches("Forgot the token of").count(), 3, "{said}");
    assert!(tokens.iter().all(|token| !tokens_toml(&world).contains(token)));
    world.run(["status"]).stderr("there is no login").fails(3);
    assert!(world.profiles_toml().contains("client_id"), "the settings stay");
}

#[test]
fn all_with_a_purge_leaves_nothing_but_empty_files() {
    let world = World::new();
    let tokens = [world.log_in(), log_in_as(&world, "ci"), log_in_as(&world, "out")];
    world.run(["logout", "--profile", "out"]).stderr("Forgot").succeeds();
    world.run(["logout", "--all", "--purge"]).stderr("Forgot").succeeds();
    let host = world.quay.host();
    for kept in [tokens_toml(&world), world.profiles_toml()] {
        assert!(!kept.contains(&host) && tokens.iter().all(|token| !kept.contains(token)), "{kept}");
    }
    // Without a login left, quay.io is meant again.
    world.run(["print-token"]).stderr("no login for default@quay.io").fails(3);
}

#[test]
fn where_there_is_nothing_it_says_so() {
    let world = World::new();
    let host = world.quay.host();
    world
        .run(["logout", "--host", &host])
        .stderr(&format!("error: there is no login for default@{}\n", world.quay.address()))
        .stderr("hint: ")
        .fails(3);
    for more in [&["--all"][..], &["--all", "--purge"]] {
        let run = world.run([&["logout"], more].concat());
        run.stderr("error: there is no login to forget\n").fails(3);
    }
    assert_eq!(fs::read_dir(world.home()).unwrap().count(), 0, "and leaves nothing behind");
}

#[test]
fn where_there_is_nothing_at_all_it_names_a_next_step_too() {
    World::new().run(["logout", "--all"]).stderr("error: there is no login to forget\n").stderr("hint: ").fails(3);
}

#[test]
fn a_second_logout_finds_nothing() {
    let world = World::new();
    world.log_in();
    world.run(["logout"]).stderr("Forgot the token").succeeds();
    world.run(["logout"]).stderr("error: there is no login for default@").fails(3);
    world.run(["logout", "--all"]).stderr("error: there is no login to forget\n").fails(3);
}

#[test]
fn other_profiles_are_left_alone() {
    let world = World::new();
    let default = world.log_in();
    log_in_as(&world, "ci");
    let before = world.profiles_toml();
    world.run(["logout", "--profile", "ci"]).stderr("Forgot the token of ci@").succeeds();
    world.run(["print-token"]).stdout(&format!("{default}\n")).succeeds();
    world.run(["print-token", "--profile", "ci"]).stderr("there is no login for ci@").fails(3);
    let section = |text: &str| text.split("[profile.").find(|part| part.starts_with("\"default@")).map(str::to_owned);
    assert_eq!(section(&world.profiles_toml()), section(&before));
    assert!(section(&before).is_some());
}

#[test]
fn several_hosts_and_none_named_is_a_question() {
    let world = World::new();
    let token = world.log_in();
    let elsewhere = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"];
    world.run(elsewhere).stdin(&token).stderr("Logged in to").succeeds();
    world.run(["logout"]).stderr("which Quay?").stderr("http://127.0.0.1:1").stderr("hint: add --host").fails(2);
    world.run(["print-token", "--host", &world.quay.host()]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn a_token_that_is_gone_already_is_forgotten_all_the_same() {
    let world = World::new();
    world.log_in();
    fs::remove_file(world.home().join(".local/share/quay-auth/tokens.toml")).unwrap();
    world.run(["logout"]).stderr("Forgot the token").succeeds();
    world.run(["logout"]).stderr("there is no login").fails(3);
}

#[test]
fn a_token_in_the_environment_is_told_to_stand() {
    let world = World::new();
    let token = world.log_in();
    world
        .run(["logout"])
        .env("QUAY_AUTH_TOKEN", &token)
        .stderr("Forgot the token")
        .stderr(&format!(
            "warning: QUAY_AUTH_TOKEN is still set, and goes on standing in for the stored token of {}.\n",
            world.quay.host()
        ))
        .succeeds();
}

#[test]
fn a_variable_that_holds_no_token_stops_it_before_anything_is_forgotten() {
    let world = World::new();
    let token = world.log_in();
    world
        .run(["logout"])
        .env("QUAY_AUTH_TOKEN", "short")
        .stderr("error: QUAY_AUTH_TOKEN does not hold a token")
        .fails(2);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn quiet_is_quiet() {
    let world = World::new();
    world.log_in();
    world.run(["logout", "--quiet"]).succeeds();
    world.run(["logout", "--quiet"]).stderr("error: ").fails(3);
}
