//! Tokens that `profiles.toml` does not describe, because it was lost or a login was killed: they are found, and none is forgotten.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::right_token::{entry, log_in, with_keyring};
use crate::support::keyring::Keyring;
use crate::support::world::World;

/// A world whose `profiles.toml` was lost after a login to the keyring, and that token.
fn with_lost_profiles(user: &str, scopes: &str) -> (World, Keyring, String) {
    let (world, keyring) = with_keyring();
    let token = world.create_token(user, scopes);
    log_in(&world, "keyring", &token, scopes).stderr("").succeeds();
    fs::remove_file(world.data_folder().join("profiles.toml")).unwrap();
    (world, keyring, token)
}

#[test]
fn a_login_to_the_other_store_replaces_an_unlisted_token() {
    let (world, keyring, old) = with_lost_profiles("alice", "user:admin");
    let new = world.create_token("alice", "user:admin");
    log_in(&world, "file", &new, "user:admin")
        .stderr("the keyring already has a token of alice")
        .stderr("your previous token may still be valid")
        .succeeds();
    assert!(!keyring.secret_tool_all(&world, &entry(&world)).contains(&old));
    world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
    let (world, _keyring, _) = with_lost_profiles("bob", "repo:read");
    let alices = world.create_token("alice", "repo:read");
    log_in(&world, "file", &alices, "repo:read").stderr("is logged in as bob").fails(1);
}

#[test]
fn logout_revokes_an_unlisted_token_of_a_profile_that_is_listed() {
    for has_token in [true, false] {
        let (world, keyring, old) = with_lost_profiles("alice", "user:admin");
        let profiles = world.data_folder().join("profiles.toml");
        let new = world.create_token("alice", "user:admin");
        // As if the keyring had been locked during this login.
        let folder_id = world.data_folder().join("folder-id");
        let hidden = world.home().join("folder-id");
        fs::rename(&folder_id, &hidden).unwrap();
        log_in(&world, "file", &new, "user:admin").stderr("Logged in").succeeds();
        if !has_token {
            world.run(["logout"]).stderr("Revoked the token of").succeeds();
        }
        fs::rename(&hidden, &folder_id).unwrap();
        world.run(["logout", "--purge"]).stderr("Revoked the token of").stderr("Deleted the settings").succeeds();
        assert!(world.is_revoked(&old) && world.is_revoked(&new), "{has_token}");
        assert!(!keyring.secret_tool_all(&world, &entry(&world)).contains(&old), "{has_token}");
        assert!(!fs::read_to_string(&profiles).unwrap().contains("leftover"), "{has_token}");
        world.run(["logout", "--all"]).stderr("you are not logged in").fails(3);
    }
}

#[test]
fn logout_finds_and_revokes_tokens_if_profiles_toml_is_missing() {
    for store in ["keyring", "file"] {
        for has_host in [false, true] {
            let (world, _keyring) = with_keyring();
            let host = world.quay.host();
            let token = world.create_token("alice", "user:admin");
            log_in(&world, store, &token, "user:admin").stderr("").succeeds();
            fs::remove_file(world.data_folder().join("profiles.toml")).unwrap();
            let arguments = if has_host { vec!["logout", "--host", &host] } else { vec!["logout", "--all"] };
            world.run(&arguments).stderr("Revoked the token of").succeeds();
            assert!(world.is_revoked(&token), "{store} {arguments:?}");
            world.run(["logout", "--all"]).stderr("you are not logged in").fails(3);
        }
    }
}

#[test]
fn logout_all_fails_if_a_keyring_that_may_have_unlisted_tokens_is_not_responding() {
    let (world, keyring) = with_keyring();
    let (keyrings, files) = (world.create_token("alice", "repo:read"), world.create_token("alice", "user:admin"));
    log_in(&world, "keyring", &keyrings, "repo:read").stderr("").succeeds();
    fs::remove_file(world.data_folder().join("profiles.toml")).unwrap();
    log_in(&world, "file", &files, "user:admin").stderr("").succeeds();
    keyring.stall();
    world
        .run(["logout", "--all"])
        .stderr("Revoked the token of")
        .stderr("error: the keyring is not responding")
        .fails(4);
    assert!(world.is_revoked(&files) && !world.data_folder().join("tokens.toml").exists());
}

#[test]
fn login_reports_a_token_that_profiles_toml_does_not_list_and_revokes_it_with_revoke_old() {
    let (world, _keyring) = with_keyring();
    let (old, new) = (world.create_token("alice", "user:admin"), world.create_token("alice", "user:admin"));
    log_in(&world, "keyring", &old, "user:admin").stderr("").succeeds();
    fs::remove_file(world.data_folder().join("profiles.toml")).unwrap();
    let host = world.quay.host();
    world
        .run(["login", "--with-token", "--revoke-old", "--store", "keyring", "--host", &host, "--scopes", "user:admin"])
        .stdin(&new)
        .stderr("already has a token of alice")
        .stderr("Revoked your previous token")
        .succeeds();
    assert!(world.is_revoked(&old) && !world.is_revoked(&new));
}

#[test]
fn an_unlisted_token_of_another_user_is_not_replaced_without_confirmation() {
    let (world, _keyring) = with_keyring();
    let (bobs, alices) = (world.create_token("bob", "repo:read"), world.create_token("alice", "repo:read"));
    log_in(&world, "keyring", &bobs, "repo:read").stderr("").succeeds();
    fs::remove_file(world.data_folder().join("profiles.toml")).unwrap();
    log_in(&world, "keyring", &alices, "repo:read").stderr("is logged in as bob").fails(1);
    // Its scopes are unknown, so revoking it is tried.
    let logout = world.run(["logout", "--host", &world.quay.host()]).stderr("did not list");
    logout.stderr("could not revoke the token").stderr("answered with status 403\n").fails(7);
}

/// A login to the keyring that was killed when its token was stored there, while another one was in the token file.
fn interrupted_between_stores() -> (World, Keyring, [String; 2]) {
    let (world, keyring) = with_keyring();
    let tokens = ["repo:read", "repo:read"].map(|scopes| world.create_token("alice", scopes));
    log_in(&world, "file", &tokens[0], "repo:read").stderr("").succeeds();
    let before = world.profiles_toml();
    let token_file = fs::read_to_string(world.data_folder().join("tokens.toml")).unwrap();
    log_in(&world, "keyring", &tokens[1], "repo:read").stderr("").succeeds();
    let table = format!("[profile.\"{}\"", entry(&world));
    let after = world.profiles_toml();
    let after = after.split_once(&table).unwrap().1.replace(&table, &format!("{table}.pending"));
    fs::write(world.data_folder().join("profiles.toml"), format!("{before}\n{table}.pending{after}")).unwrap();
    fs::write(world.data_folder().join("tokens.toml"), token_file).unwrap();
    fs::set_permissions(world.data_folder().join("tokens.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    (world, keyring, tokens)
}

#[test]
fn logout_after_an_interrupted_login_does_not_forget_the_token_in_a_locked_keyring() {
    let (mut world, keyring, tokens) = interrupted_between_stores();
    keyring.lock(&world);
    world
        .run(["logout"])
        .stderr("whether its token was stored is not known")
        .stderr("error: the keyring is locked")
        .fails(4);
    world.run(["logout"]).stderr("an older token of").fails(4);
    drop(keyring);
    let keyring = Keyring::start(&mut world);
    world.run(["logout"]).stderr("Deleted an older token of").succeeds();
    let entries = keyring.secret_tool_all(&world, &entry(&world));
    assert!(!tokens.iter().any(|token| entries.contains(token)), "{entries}");
}

#[test]
fn a_login_after_an_interrupted_one_does_not_forget_the_token_in_a_locked_keyring() {
    let (world, keyring, tokens) = interrupted_between_stores();
    keyring.lock(&world);
    log_in(&world, "file", &tokens[0], "repo:read")
        .stderr("could not delete an older token from the keyring")
        .succeeds();
    world.run(["status", "--offline"]).prints("default@").stderr("is still in the keyring").succeeds();
}

#[test]
fn the_entries_of_a_folder_are_found_after_its_folder_id_was_lost() {
    for damaged in [None, Some(""), Some("not an ID\n"), Some("\u{0}")] {
        let (world, keyring) = with_keyring();
        let (old, new) = (world.create_token("alice", "repo:read"), world.create_token("alice", "repo:read"));
        log_in(&world, "keyring", &old, "repo:read").stderr("").succeeds();
        let file = world.data_folder().join("folder-id");
        let id = fs::read_to_string(&file).unwrap();
        match damaged {
            None => fs::remove_file(&file).unwrap(),
            Some(text) => fs::write(&file, text).unwrap(),
        }
        world.run(["print-token"]).stdout(&format!("{old}\n")).succeeds();
        log_in(&world, "keyring", &new, "repo:read").stderr("your previous token may still be valid").succeeds();
        assert_eq!(fs::read_to_string(&file).unwrap(), id, "{damaged:?}");
        let entries = keyring.secret_tool_all(&world, &entry(&world));
        assert!(entries.contains(&new) && !entries.contains(&old), "{damaged:?} {entries}");
        world.run(["logout"]).stderr("Deleted the token of").succeeds();
        assert_eq!(keyring.secret_tool_all(&world, &entry(&world)), "", "{damaged:?}");
    }
}
