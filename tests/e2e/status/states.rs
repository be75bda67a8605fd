//! The states of tokens: what `status` asks Quay and the stores, and its exit code.

use std::fs;

use serde_json::{Value, json};

use super::{day, status_json};
use crate::quay_standin::{Failure, Verify};
use crate::support::keyring::Keyring;
use crate::support::world::{World, post_to_catcher};

#[test]
fn expired_token_is_marked() {
    let world = World::new();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    let (rest, _) = location.split_once("&expires_in=").expect("a lifetime");
    assert_eq!(post_to_catcher(&format!("{rest}&expires_in=0")), (200, "stored".to_owned()));
    login.succeeds();
    world.run(["status"]).prints(" (expired)  accepted\n").succeeds();
    assert_eq!(status_json(&world, &[])["profiles"][0]["expired"], true);
    // Everything else goes by the clock of this machine, and names it.
    world.run(["print-token"]).stderr(" expired on 20").stderr("by this machine's clock it is 20").fails(3);
}

#[test]
fn unverified_token_is_marked_until_quay_accepts_it() {
    let world = World::new();
    let token = world.log_in();
    world.quay.set_verify(Verify::Status(503));
    world.run(["login", "--with-token"]).stdin(&token).stderr("warning: ").succeeds();
    let row = "  unknown  unknown  file   unknown  not_asked (unverified)\n";
    world.run(["status", "--offline"]).prints(row).succeeds();
    let row = &status_json(&world, &["--offline"])["profiles"][0];
    assert_eq!((&row["verified"], &row["user"]), (&json!(false), &Value::Null));
    // Quay answers again, and `status` saves that.
    world.quay.set_verify(Verify::Normal);
    world.run(["status"]).prints("accepted\n").succeeds();
    let row = &status_json(&world, &["--offline"])["profiles"][0];
    assert_eq!((&row["verified"], &row["user"]), (&json!(true), &json!("alice")));
}

#[test]
fn refused_token_exits_5_with_the_reason_and_a_hint() {
    let world = World::new();
    let token = world.log_in();
    world.quay.revoke(&token);
    world
        .run(["status"])
        .prints("  refused\n")
        .stderr(&format!(
            "error: {} does not accept the token of default@{}\n",
            world.quay.host(),
            world.quay.address()
        ))
        .stderr("  cause: Quay says: OAuth access token could not be validated\n")
        .stderr(&format!("  hint: quay-auth login --host {}\n", world.quay.host()))
        .fails(5);
    let printed = world.run(["status", "--json"]).prints("\"state\": \"refused\"").stderr("error: ").fails(5).stdout;
    assert!(printed.contains("\"reason\": \"OAuth access token could not be validated\""), "{printed}");
}

#[test]
fn server_that_fails_makes_the_state_unknown() {
    let world = World::new();
    world.log_in();
    for (status, reason) in [
        (429, "the server answered with status 429 (too many requests)"),
        (500, "the server answered with status 500"),
        (503, "the server answered with status 503"),
        (404, "the server answered with status 404"),
        (200, "the server answered, but not as Quay does"),
    ] {
        world.quay.set_verify(Verify::Status(status));
        world
            .run(["status"])
            .prints("  unknown\n")
            .stderr("error: cannot tell whether")
            .stderr(&format!("  cause: {reason}\n"))
            .stderr("hint: try again, or show the profiles without asking Quay: quay-auth status --offline\n")
            .fails(7);
    }
}

#[test]
fn all_servers_are_asked_at_once_for_five_seconds_at_most() {
    let worlds: Vec<World> = (0..3).map(|_| World::new()).collect();
    let here = &worlds[0];
    for world in &worlds {
        let login = ["login", "--with-token", "--store", "file", "--host", &world.quay.host()];
        here.run(login).stdin(world.log_in()).stderr("Logged in").succeeds();
        world.quay.set_verify(Verify::Hang);
    }
    let asked = |world: &World| world.quay.requests().iter().filter(|request| request.path == "/v2/auth").count();
    let before: Vec<usize> = worlds.iter().map(asked).collect();
    let said = here.run(["status"]).prints("unknown\n").stderr("error: cannot tell").stderr("warning: ").fails(7);
    assert_eq!(said.stderr.matches("cannot tell whether").count(), 3, "{said}");
    for (world, before) in worlds.iter().zip(before) {
        assert_eq!(asked(world), before + 1, "each server is asked while the others do not answer");
    }
}

#[test]
fn host_that_cannot_be_reached_is_asked_once_and_named_once() {
    let world = World::new();
    for profile in ["default", "ci", "admin"] {
        world.complete(world.login(&["--profile", profile]).start());
    }
    let host = world.quay.host();
    let ended = world
        .run(["status"])
        .prints("unknown\n")
        .stderr(&format!("error: cannot tell whether {host} accepts the token of "))
        .stderr(&format!("cause: {host} did not answer in time\n"));
    world.quay.set_verify(Verify::Hang);
    let before = world.quay.requests().len();
    let ended = ended.fails(7);
    assert_eq!(ended.stderr.matches("did not answer").count(), 1, "{ended}");
    assert_eq!(ended.stderr.matches(" and the token of ").count(), 2, "{ended}");
    assert_eq!(world.quay.requests().len() - before, 1, "the others are not asked about");
}

#[test]
fn failing_store_exits_4_and_missing_token_exits_3() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    world.complete(world.login(&["--store", "keyring"]).start());
    world.run(["status"]).prints("accepted\n").succeeds();
    let entry = format!("default@{}", world.quay.address());
    keyring.secret_tool(&world, "clear", &entry);
    world
        .run(["status"])
        .prints("  missing\n")
        .stderr(&format!("error: the token of {entry} is no longer in the keyring\n"))
        .fails(3);
    world.complete(world.login(&["--store", "keyring"]).start());
    world.complete(world.login(&["--store", "keyring", "--profile", "second"]).start());
    keyring.lock(&world);
    world.run(["status"]).prints("  locked\n").stderr("error: the keyring is locked\n").stderr("hint: unlock").fails(4);
    keyring.stall();
    // Both of them, although each read takes five seconds.
    let stalled = world.run(["status"]).prints("  not_responding\n").stderr("error: the keyring is not responding\n");
    assert_eq!(stalled.fails(4).stdout.matches("  not_responding\n").count(), 2);
    drop(keyring);
    world.run(["status"]).prints("  not_available\n").stderr("error: ").fails(4);
}

#[test]
fn worst_state_decides_the_exit_code_and_others_are_warnings() {
    let world = World::new();
    let good = world.log_in();
    let bad = world.complete(world.login(&["--profile", "bad"]).start());
    let elsewhere = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"];
    world.run(elsewhere).stdin(&good).stderr("Logged in to").succeeds();
    world
        .run(["status"])
        .prints("accepted\n")
        .prints("unknown (unverified)\n")
        .stderr("error: cannot tell whether http://127.0.0.1:1 accepts the token of default@127.0.0.1:1\n")
        .fails(7);
    world.quay.revoke(&bad);
    world
        .run(["status"])
        .prints("refused\n")
        .stderr("warning: cannot tell whether http://127.0.0.1:1 accepts the token of default@127.0.0.1:1: ")
        .stderr("error: http")
        .stderr("does not accept the token of bad@")
        .fails(5);
    // A profile that is not shown does not count.
    world.run(["status", "--host", &world.quay.host(), "--profile", "default"]).prints("accepted\n").succeeds();
}

#[test]
fn warns_30_days_before_a_token_expires() {
    let world = World::new();
    for (days, warns) in [(29, true), (31, false)] {
        let mut login = world.login(&[]).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        let (rest, _) = location.split_once("&expires_in=").expect("a lifetime");
        let seconds = days * 24 * 60 * 60;
        assert_eq!(post_to_catcher(&format!("{rest}&expires_in={seconds}")), (200, "stored".to_owned()));
        login.succeeds();
        let ends = day(&world, "expires_at");
        // A token that was created for a month is expected to expire, and there is no warning at first.
        let quiet = world.run(["status"]).prints("accepted\n").succeeds();
        assert_eq!(quiet.stderr, "");
        let file = world.data_folder().join("profiles.toml");
        let made = day(&world, "obtained_at");
        let text = world.profiles_toml().replace(&format!("obtained_at = \"{made}"), "obtained_at = \"2020-01-01");
        fs::write(file, text).unwrap();
        let ended = world.run(["status"]).prints("accepted\n").stderr("").succeeds();
        let words = format!("the token of default@{} expires on {ends}.\n", world.quay.address());
        assert_eq!(ended.stderr.contains(&words), warns, "{ended}");
    }
}

#[test]
fn offline_asks_nobody_and_status_writes_nothing() {
    let world = World::new();
    world.log_in();
    let asked = world.quay.requests().len();
    let folder = world.data_folder();
    let state = || {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let mut state: Vec<_> = files
            .map(|path| (fs::metadata(&path).unwrap().modified().unwrap(), fs::read(&path).unwrap(), path))
            .collect();
        state.sort();
        state
    };
    let before = state();
    world.run(["status", "--offline"]).prints("alice").succeeds();
    assert_eq!(world.quay.requests().len(), asked);
    world.run(["status"]).prints("alice").succeeds();
    assert_eq!(state(), before);
}

#[test]
fn asks_a_busy_server_again() {
    let world = World::new();
    world.log_in();
    world.quay.fail(Failure::new("/v2/auth", 429).times(2));
    world.run(["status"]).prints("accepted\n").succeeds();
    world.quay.fail(Failure::new("/v2/auth", 429).retry_after("3600"));
    world
        .run(["status"])
        .prints("unknown\n")
        .stderr("cause: the server answered with status 429 (too many requests)\n")
        .fails(7);
}
