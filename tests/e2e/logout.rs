//! `logout`: what is ended at Quay, what is forgotten, what stays, and what it says where there is nothing to forget.

use std::fs;
use std::net::TcpListener;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;

use crate::keyring::Keyring;
use crate::quay::Release;
use crate::server::{Server, answer};
use crate::world::{CLIENT_ID, World};

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
    assert!(!world.quay.tokens()[0].revoked, "no scope of it allows that");
    assert!(world.quay.requests().iter().all(|request| request.method != "DELETE"), "so Quay is not even asked");
}

/// A world with a login of these scopes, and its token.
fn logged_in(scopes: &str) -> (World, String) {
    let world = World::new();
    let token = world.complete(world.login(&["--scopes", scopes]).start());
    (world, token)
}

/// Whether Quay refuses the token, by its own word.
fn is_refused(world: &World, token: &str) -> bool {
    let basic = STANDARD.encode(format!("$oauthtoken:{token}"));
    let header = format!("Authorization: Basic {basic}");
    let url = format!("{}/v2/auth?service=x", world.quay.host());
    let status =
        world.command("curl").args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", &header, &url]).output();
    match &*status.unwrap().stdout {
        b"401" => true,
        b"200" => false,
        other => panic!("{}", String::from_utf8_lossy(other)),
    }
}

#[test]
fn a_token_that_may_ends_itself_at_quay() {
    for scopes in ["repo:read,user:admin", "org:admin", "repo:read,org:admin,user:admin"] {
        let (world, token) = logged_in(scopes);
        assert!(!is_refused(&world, &token));
        world
            .run(["logout"])
            .stderr(&format!(
                "✓ Revoked the token of default@{} at {}, and forgot it.\n",
                world.quay.address(),
                world.quay.host()
            ))
            .succeeds();
        assert!(is_refused(&world, &token), "{scopes}");
        world.run(["print-token"]).stderr("there is no login").fails(3);
    }
}

#[test]
fn without_being_asked_to_it_revokes_nothing() {
    let (world, token) = logged_in("user:admin");
    world.run(["logout", "--no-revoke"]).stderr("✓ Forgot the token").stderr("it stays valid at").succeeds();
    assert!(!is_refused(&world, &token));
}

#[test]
fn an_older_server_has_no_way_for_org_admin_and_it_says_where_to_do_it() {
    let (world, token) = logged_in("org:admin");
    world.quay.set_release(Release::V3_17);
    world.run(["logout"]).stderr("✓ Forgot the token").stderr("it stays valid at").succeeds();
    assert!(!is_refused(&world, &token));
    // With user:admin there is one in every release.
    let (world, token) = logged_in("user:admin");
    world.quay.set_release(Release::V3_11);
    world.run(["logout"]).stderr("✓ Revoked").succeeds();
    assert!(is_refused(&world, &token));
}

#[test]
fn a_token_that_had_ended_is_forgotten_and_told_so() {
    for scopes in ["user:admin", "org:admin"] {
        let (world, token) = logged_in(scopes);
        world.quay.revoke(&token);
        world.quay.set_everyone_is(None);
        world.run(["logout"]).stderr("✓ Forgot the token of").stderr("which had ended at").succeeds();
        world.run(["print-token"]).stderr("there is no login").fails(3);
    }
}

#[test]
fn a_token_of_unknown_scopes_is_tried() {
    for (scopes, words) in [("user:admin", "✓ Revoked"), ("repo:read", "it stays valid at")] {
        let (world, token) = logged_in(scopes);
        world.run(["logout", "--no-revoke"]).stderr("Forgot").succeeds();
        world
            .run(["login", "--with-token", "--host", &world.quay.host(), "--store", "file"])
            .stdin(&token)
            .stderr("its scopes: unknown")
            .succeeds();
        world.run(["logout"]).stderr(words).succeeds();
        assert_eq!(is_refused(&world, &token), scopes == "user:admin");
    }
}

#[test]
fn where_quay_cannot_be_reached_it_is_forgotten_all_the_same_and_exit_7() {
    let (world, token) = logged_in("user:admin");
    let address = world.quay.address();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = world.home().join(".local/share/quay-auth/profiles.toml");
    let moved = fs::read_to_string(&file).unwrap().replace(&address.to_string(), &gone.to_string());
    fs::write(&file, moved).unwrap();
    let tokens = world.home().join(".local/share/quay-auth/tokens.toml");
    let moved = fs::read_to_string(&tokens).unwrap().replace(&address.to_string(), &gone.to_string());
    fs::write(&tokens, moved).unwrap();
    world
        .run(["logout"])
        .stderr(&format!("✓ Forgot the token of default@{gone}.\n"))
        .stderr(&format!("error: the token of default@{gone} could not be revoked at http://{gone}\n"))
        .stderr(&format!(
            "  cause: http://{gone} cannot be reached\n  hint: it is forgotten here and stays valid there; "
        ))
        .fails(7);
    assert!(!tokens_toml(&world).contains(&token));
    world.run(["logout", "--host", &format!("http://{gone}")]).stderr("there is no login").fails(3);
}

/// What a server says that is busy is no word of a token that lives on.
#[test]
fn where_quay_does_not_say_it_is_not_taken_for_out_of_reach() {
    let busy = Server::start(vec![answer("503 Service Unavailable", "", "")]);
    let world = World::new();
    let host = busy.host();
    let login = ["login", "--with-token", "--store", "file", "--host", &host, "--scopes", "org:admin"];
    world
        .run([&login[..], &["--client-id", CLIENT_ID]].concat())
        .stdin("A".repeat(40))
        .stderr("it is not known whether it accepts the token")
        .succeeds();
    world.run(["logout"]).stderr("could not be revoked at").stderr("answers with status 503\n").fails(7);
}

#[test]
fn a_store_that_fails_after_the_revocation_is_told_with_it() {
    let (world, token) = logged_in("user:admin");
    let folder = world.home().join(".local/share/quay-auth");
    fs::remove_file(folder.join("lock")).unwrap();
    std::os::unix::fs::symlink("elsewhere", folder.join("lock")).unwrap();
    let hint =
        format!("hint: the token is revoked at {}; it is only this machine that still has it", world.quay.host());
    world.run(["logout"]).stderr("lock is not a plain file").stderr(&hint).fails(4);
    assert!(is_refused(&world, &token));
}

#[test]
fn all_goes_on_where_one_fails_and_says_what_became_of_each() {
    let (world, first) = logged_in("user:admin");
    let second = world.complete(world.login(&["--profile", "org", "--scopes", "org:admin"]).start());
    let elsewhere = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"];
    world.run(elsewhere).stdin(&first).stderr("Logged in to").succeeds();
    world
        .run(["logout", "--all"])
        .stderr(&format!("✓ Revoked the token of default@{}", world.quay.address()))
        .stderr(&format!("✓ Revoked the token of org@{}", world.quay.address()))
        .stderr("✓ Forgot the token of default@127.0.0.1:1.\n")
        .stderr("error: the token of default@127.0.0.1:1 could not be revoked")
        .fails(7);
    assert!(is_refused(&world, &first) && is_refused(&world, &second));
    world.run(["status", "--offline"]).stderr("there is no login").fails(3);
}

#[test]
fn a_locked_keyring_leaves_all_as_it_is() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    let token = world.complete(world.login(&["--store", "keyring", "--scopes", "user:admin"]).start());
    keyring.lock(&world);
    world.run(["logout"]).stderr("error: the keyring is locked").fails(4);
    assert!(!is_refused(&world, &token));
    world.run(["status", "--offline"]).prints("user:admin").succeeds();
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
    let said = world.run(["logout", "--all"]).stderr("Forgot the token of default@127.0.0.1:1.\n").fails(7).stderr;
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
