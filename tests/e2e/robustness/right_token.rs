//! A token is only printed, shown, revoked or deleted as the token of a profile if the profile describes it, even if the keyring,
//! `profiles.toml` or `tokens.toml` were changed by something else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::quay_standin::Verify;
use crate::support::keyring::Keyring;
use crate::support::program::{Run, RunResult};
use crate::support::system::{READ_ONLY_HOME, run_after};
use crate::support::world::{CLIENT_ID, World};

/// `login --with-token` into this store.
pub(super) fn log_in(world: &World, store: &str, token: &str, scopes: &str) -> Run {
    let host = world.quay.host();
    world.run(["login", "--with-token", "--store", store, "--host", &host, "--scopes", scopes]).stdin(token)
}

pub(super) fn with_keyring() -> (World, Keyring) {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    (world, keyring)
}

pub(super) fn entry(world: &World) -> String {
    format!("default@{}", world.quay.address())
}

/// What identifies the entries of the world's data folder.
fn folder_id(world: &World) -> String {
    fs::read_to_string(world.data_folder().join("folder-id")).expect("the folder's ID").trim().to_owned()
}

#[test]
fn two_data_folders_share_a_keyring_without_sharing_tokens() {
    let (world, _keyring) = with_keyring();
    let (alices, bobs) = (world.create_token("alice", "user:admin"), world.create_token("bob", "user:admin"));
    let at = |folder: &str, words: &[&str]| {
        world.run(words).env("XDG_DATA_HOME", world.home().join(folder).to_str().unwrap())
    };
    let host = world.quay.host();
    let login = ["login", "--with-token", "--store", "keyring", "--host", &host, "--scopes", "user:admin"];
    at("a", &login).stdin(&alices).stderr("as alice").succeeds();
    at("b", &login).stdin(&bobs).stderr("as bob").succeeds();
    at("a", &["print-token"]).stdout(&format!("{alices}\n")).succeeds();
    at("a", &["status"]).prints("alice").prints("accepted").succeeds();
    at("b", &["print-token"]).stdout(&format!("{bobs}\n")).succeeds();
    at("a", &["logout"]).stderr("Revoked the token of").succeeds();
    assert!(world.is_revoked(&alices) && !world.is_revoked(&bobs));
    at("b", &["print-token"]).stdout(&format!("{bobs}\n")).succeeds();
}

#[test]
fn a_token_that_another_tool_stored_in_the_entry_is_rejected() {
    let (world, keyring) = with_keyring();
    let (alices, bobs) = (world.create_token("alice", "repo:read"), world.create_token("bob", "repo:read"));
    log_in(&world, "keyring", &alices, "repo:read").stderr("as alice").succeeds();
    keyring.store(&world, &[("username", &entry(&world)), ("folder", &folder_id(&world))], &bobs);
    let refused = |words: &[&str]| world.run(words).stderr("another token").fails(4);
    refused(&["print-token"]);
    refused(&["exec", "--", "true"]);
    let status = world.run(["status", "--json"]).prints("\"state\": \"unreadable\"").stderr("another token").fails(4);
    assert!(!status.stdout.contains("accepted"), "{status}");
    let server = world.quay.address().to_string();
    let helper = world.helper("get", &server).start().wait();
    assert!(helper.code == 1 && helper.stdout.contains("another token"), "{helper}");
    // logout deletes the entry, and does not say that it revoked a token.
    let logout = world.run(["logout"]).stderr("may still be valid").succeeds();
    assert!(!logout.stderr.contains("Revoked"), "{logout}");
    assert!(!world.is_revoked(&bobs) && !world.is_revoked(&alices));
    world.run(["print-token"]).stderr("error: ").fails(3);
}

#[test]
fn login_deletes_the_old_entry_in_another_collection() {
    let (world, keyring) = with_keyring();
    let (old, new) = (world.create_token("alice", "repo:read"), world.create_token("alice", "repo:read"));
    log_in(&world, "keyring", &old, "repo:read").stderr("Logged in").succeeds();
    keyring.make_session_collection_default(&world);
    log_in(&world, "keyring", &new, "repo:read").stderr("Logged in").succeeds();
    world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
    let entries = keyring.secret_tool_all(&world, &entry(&world));
    assert!(!entries.contains(&old) && entries.contains(&new), "{entries}");
}

#[test]
fn logout_deletes_a_damaged_entry() {
    for secret in ["TOKEN\n", "not a token", "\u{fffd}"] {
        let (world, keyring) = with_keyring();
        log_in(&world, "keyring", &world.create_token("alice", "repo:read"), "repo:read").stderr("").succeeds();
        keyring.store(&world, &[("username", &entry(&world)), ("folder", &folder_id(&world))], secret);
        world.run(["print-token"]).stderr("is not a token").fails(4);
        world.run(["logout"]).stderr("is not a token").succeeds();
        world.run(["logout"]).stderr("error: ").fails(3);
        world.run(["print-token"]).stderr("error: ").fails(3);
    }
}

#[test]
fn logout_repairs_a_damaged_token_file_and_keeps_the_tokens_of_other_profiles() {
    for damaged_line in ["garbage\n", "\"default@HOST\" = \"short\"\n", "= = =\n"] {
        let world = World::new();
        log_in(&world, "file", &world.create_token("alice", "repo:read"), "repo:read").stderr("").succeeds();
        let other = world.create_token("alice", "repo:read");
        let host = world.quay.host();
        world
            .run(["login", "--with-token", "--store", "file", "--host", &host, "--profile", "other"])
            .stdin(&other)
            .stderr("")
            .succeeds();
        let file = world.data_folder().join("tokens.toml");
        let text = fs::read_to_string(&file).unwrap();
        let own = format!("\"{}\"", entry(&world));
        let damaged: String = text
            .lines()
            .map(|line| {
                if line.starts_with(&own) {
                    damaged_line.replace("HOST", &world.quay.address().to_string())
                } else {
                    format!("{line}\n")
                }
            })
            .collect();
        fs::write(&file, damaged).unwrap();
        world.run(["print-token"]).stderr("error: ").fails(4);
        world.run(["logout"]).stderr("Logged out of").succeeds();
        world.run(["print-token", "--profile", "other"]).stdout(&format!("{other}\n")).succeeds();
    }
}

#[test]
fn files_of_a_newer_version_are_rejected_and_not_changed() {
    for name in ["profiles.toml", "tokens.toml"] {
        let world = World::new();
        log_in(&world, "file", &world.create_token("alice", "repo:read"), "repo:read").stderr("").succeeds();
        let file = world.data_folder().join(name);
        let newer = fs::read_to_string(&file).unwrap().replacen("version = 1", "version = 99", 1);
        fs::write(&file, &newer).unwrap();
        for arguments in [&["print-token"][..], &["logout"], &["status"]] {
            let result = world.run(arguments).start().wait();
            assert!(result.code != 0 && result.stderr.contains("a newer quay-auth wrote"), "{name}: {result}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), newer);
    }
}

/// Reads with `print-token` from several threads while `write` runs.
fn read_during(world: &World, write: impl FnOnce()) -> Vec<RunResult> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut reads = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        reads.push(world.run(["print-token"]).start().wait());
                    }
                    reads
                })
            })
            .collect();
        write();
        done.store(true, Ordering::Relaxed);
        readers.into_iter().flat_map(|reader| reader.join().expect("a reader")).collect()
    })
}

#[test]
fn print_token_succeeds_while_logins_move_the_token_between_stores() {
    let (world, _keyring) = with_keyring();
    let tokens: Vec<String> = (0..2).map(|_| world.create_token("alice", "repo:read")).collect();
    log_in(&world, "file", &tokens[0], "repo:read").stderr("").succeeds();
    let reads = read_during(&world, || {
        for round in 0..20 {
            let store = if round % 2 == 0 { "keyring" } else { "file" };
            log_in(&world, store, &tokens[round % 2], "repo:read").stderr("").succeeds();
        }
    });
    for read in reads {
        assert!(read.code == 0 && tokens.contains(&read.stdout.trim_end().to_owned()), "{read}");
    }
}

#[test]
fn print_token_prints_the_token_or_exits_3_during_logouts_and_logins() {
    let (world, _keyring) = with_keyring();
    let token = world.create_token("alice", "repo:read");
    log_in(&world, "keyring", &token, "repo:read").stderr("").succeeds();
    let reads = read_during(&world, || {
        for _ in 0..10 {
            world.run(["logout"]).stderr("").succeeds();
            log_in(&world, "keyring", &token, "repo:read").stderr("").succeeds();
        }
    });
    for read in reads {
        let is_token = read.code == 0 && read.stdout.trim_end() == token;
        assert!(is_token || read.code == 3, "{read}");
    }
}

#[test]
fn a_token_that_cannot_be_deleted_is_a_leftover_until_it_can() {
    let (mut world, keyring) = with_keyring();
    let (old, new) = (world.create_token("alice", "repo:read"), world.create_token("alice", "repo:read"));
    log_in(&world, "keyring", &old, "repo:read").stderr("").succeeds();
    keyring.lock(&world);
    log_in(&world, "file", &new, "repo:read").stderr("could not delete an older token from the keyring").succeeds();
    world.run(["status", "--offline"]).prints("default@").stderr("is still in the keyring").succeeds();
    let doctor = world.run(["doctor"]).start().wait();
    assert!(doctor.stdout.contains("warn  leftovers: an older token of"), "{doctor}");
    world.run(["logout"]).stderr("Deleted the token of").stderr("is still in the keyring").fails(4);
    world.run(["logout", "--all"]).stderr("is still in the keyring").fails(4);
    // A new session unlocks the keyring.
    drop(keyring);
    let keyring = Keyring::start(&mut world);
    world.run(["logout", "--all"]).stderr("Deleted an older token of").succeeds();
    world.run(["logout", "--all"]).stderr("you are not logged in").fails(3);
    assert!(!keyring.secret_tool_all(&world, &entry(&world)).contains(&old));
}

#[test]
fn a_token_file_that_others_can_read_is_a_leftover_until_it_is_fixed() {
    let (world, _keyring) = with_keyring();
    log_in(&world, "file", &world.create_token("alice", "repo:read"), "repo:read").stderr("").succeeds();
    let file = world.data_folder().join("tokens.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let new = world.create_token("alice", "repo:read");
    log_in(&world, "keyring", &new, "repo:read")
        .stderr("could not delete an older token from the token file")
        .succeeds();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    log_in(&world, "keyring", &new, "repo:read").stderr("Logged in").succeeds();
    assert!(!file.exists(), "the next login deletes it");
    world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
}

#[test]
fn logout_purge_keeps_the_settings_of_a_token_that_it_cannot_read() {
    let (world, keyring) = with_keyring();
    let token = world.create_token("alice", "repo:read");
    log_in(&world, "keyring", &token, "repo:read").stderr("").succeeds();
    keyring.lock(&world);
    for arguments in [&["logout", "--purge"][..], &["logout", "--all", "--purge"]] {
        let logout = world.run(arguments).stderr("error: the keyring is locked").fails(4);
        assert!(!logout.stderr.contains("meanwhile"), "{logout}");
    }
    assert!(world.profiles_toml().contains("fingerprint"));
}

#[test]
fn a_token_of_an_unknown_user_does_not_replace_one_of_a_known_user_without_confirmation() {
    let world = World::new();
    let (alices, other) = (world.create_token("alice", "repo:read"), world.create_token("bob", "repo:read"));
    log_in(&world, "file", &alices, "repo:read").stderr("as alice").succeeds();
    world.quay.set_verify(Verify::Status(404));
    log_in(&world, "file", &other, "repo:read")
        .stderr("is logged in as alice")
        .stderr("but Quay did not say whose token this is")
        .fails(1);
    world.run(["print-token"]).stdout(&format!("{alices}\n")).succeeds();
    // Storing the same token again replaces nothing.
    log_in(&world, "file", &alices, "repo:read").stderr("Logged in").succeeds();
}

#[test]
fn logout_does_not_claim_to_delete_an_entry_that_is_missing() {
    let (world, keyring) = with_keyring();
    let token = world.create_token("alice", "user:admin");
    log_in(&world, "keyring", &token, "user:admin").stderr("").succeeds();
    keyring.secret_tool(&world, "clear", &entry(&world));
    let logout = world.run(["logout"]).stderr("no longer has the token").stderr("may still be valid").fails(3);
    assert!(!logout.stderr.contains("Deleted") && !logout.stderr.contains("Revoked"), "{logout}");
    world.run(["print-token"]).stderr("error: ").fails(3);
}

#[test]
fn logout_all_revokes_a_missing_token_with_another_one() {
    let (world, keyring) = with_keyring();
    let missing = world.create_token("alice", "repo:read");
    log_in(&world, "keyring", &missing, "repo:read").stderr("").succeeds();
    keyring.secret_tool(&world, "clear", &entry(&world));
    let host = world.quay.host();
    for (user, code) in [("bob", 3), ("alice", 0)] {
        let admin = world.create_token(user, "user:admin");
        let login = ["login", "--with-token", "--store", "file", "--host", &host, "--profile", "admin"];
        world.run([&login[..], &["--scopes", "user:admin"]].concat()).stdin(&admin).stderr("").succeeds();
        if user == "alice" {
            log_in(&world, "keyring", &missing, "repo:read").stderr("").succeeds();
            keyring.secret_tool(&world, "clear", &entry(&world));
        }
        let logout = world.run(["logout", "--all"]).stderr("the keyring no longer has the token of").fails(code);
        assert!(world.is_revoked(&admin), "{logout}");
        assert_eq!(world.is_revoked(&missing), code == 0, "{logout}");
    }
}

#[test]
fn logout_deletes_the_token_in_the_keyring_even_if_the_data_folder_is_read_only() {
    let (world, keyring) = with_keyring();
    let token = world.create_token("alice", "user:admin");
    log_in(&world, "keyring", &token, "user:admin").stderr("").succeeds();
    run_after(&world, READ_ONLY_HOME, &["logout"])
        .stderr("Revoked the token of")
        .stderr("its profile still lists it")
        .stderr(&entry(&world))
        .fails(4);
    assert!(world.is_revoked(&token));
    assert!(!keyring.secret_tool_all(&world, &entry(&world)).contains(&token));
    world.run(["logout"]).stderr("no longer has the token").fails(3);
}

#[test]
fn logout_all_revokes_all_tokens_with_the_one_that_is_allowed_to() {
    let world = World::new();
    let host = world.quay.host();
    let mut tokens = Vec::new();
    for (profile, scopes) in [("a", "org:admin"), ("b", "repo:read"), ("c", "repo:write")] {
        let token = world.create_token("alice", scopes);
        let login = ["login", "--with-token", "--store", "file", "--host", &host, "--profile", profile];
        world
            .run([&login[..], &["--scopes", scopes, "--client-id", CLIENT_ID]].concat())
            .stdin(&token)
            .stderr("")
            .succeeds();
        tokens.push(token);
    }
    world.run(["logout", "--all"]).stderr("Revoked the token of b@").stderr("Revoked the token of c@").succeeds();
    assert!(tokens.iter().all(|token| world.is_revoked(token)));
}
