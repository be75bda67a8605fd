//! What several of them do to each other at the same time: nothing is lost, and nobody is told what is not so.
//!
//! More rounds: `QUAY_AUTH_ROUNDS=1000 cargo test --test e2e races`.

use std::time::{Duration, SystemTime};

use crate::program::{Run, Running};
use crate::quay::{Token, Verify};
use crate::world::{CLIENT_ID, World, hand_over};

/// How many times each race is run.
fn rounds() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a person says how many")]
    let given = std::env::var("QUAY_AUTH_ROUNDS");
    given.map_or(25, |rounds| rounds.parse().expect("a number"))
}

/// A good token of alice's that the stand-in has from now on.
fn mint(world: &World, scopes: &str) -> String {
    let mut quay = world.quay.world();
    let number = quay.tokens.len();
    let value = format!("{number:0>40}");
    quay.tokens.push(Token {
        value: value.clone(),
        uuid: format!("00000000-0000-4000-8000-{number:0>12}"),
        user: "alice".to_owned(),
        scopes: scopes.replace(',', " "),
        client_id: CLIENT_ID.to_owned(),
        name: None,
        created: SystemTime::now(),
        expires_at: SystemTime::now() + Duration::from_secs(3600),
        last_accessed: None,
        revoked: false,
    });
    value
}

fn is_revoked(world: &World, value: &str) -> bool {
    world.quay.tokens().iter().find(|token| token.value == value).expect("a token of this Quay").revoked
}

/// `login --with-token` of this token, for this profile.
fn login(world: &World, profile: &str, token: &str, scopes: &str) -> Run {
    let host = world.quay.host();
    let arguments = ["login", "--with-token", "--store", "file", "--host", &host, "--profile", profile];
    world.run([&arguments[..], &["--scopes", scopes]].concat()).stdin(token)
}

/// The token and its scopes as `print-token` tells them, if it does.
fn kept(world: &World, profile: &str) -> Option<(String, String)> {
    let ended = world.run(["print-token", "--json", "--profile", profile]).start().wait();
    assert!(matches!(ended.code, 0 | 3), "{ended}");
    let told: serde_json::Value = serde_json::from_str(&ended.stdout).ok()?;
    Some((told["token"].as_str().unwrap().to_owned(), told["scopes"].as_str().unwrap().to_owned()))
}

#[test]
fn another_users_login_that_ended_while_this_one_waited_is_not_overwritten() {
    let world = World::new();
    let mut waits = world.login(&[]).start();
    let location = world.quay.authorize(&waits.authorize_url()).unwrap();
    world.quay.set_verify(Verify::As("bob".to_owned()));
    let bobs = mint(&world, "repo:read");
    login(&world, "default", &bobs, "repo:read").stderr("Logged in to").stderr("as bob").succeeds();
    world.quay.set_verify(Verify::As("alice".to_owned()));
    assert_eq!(hand_over(&location), (409, "another_user".to_owned()));
    let said = waits.fails(1);
    assert!(said.contains("is a login of bob, and this token is one of alice; it was not stored"), "{said}");
    assert_eq!(kept(&world, "default").unwrap().0, bobs);
}

#[test]
fn a_token_that_came_while_this_login_waited_is_told_to_stay_valid() {
    let world = World::new();
    let mut waits = world.login(&[]).start();
    let location = world.quay.authorize(&waits.authorize_url()).unwrap();
    let first = mint(&world, "repo:read");
    login(&world, "default", &first, "repo:read").stderr("Logged in to").succeeds();
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    let said = waits.succeeds();
    assert!(said.contains("the token before this one stays valid at"), "{said}");
}

/// A logout ends and forgets the token that it found, and no other.
#[test]
fn a_logout_never_takes_the_token_of_a_login_that_ends_meanwhile() {
    let world = World::new();
    for _ in 0..rounds() {
        let (old, new) = (mint(&world, "user:admin"), mint(&world, "user:admin"));
        login(&world, "default", &old, "user:admin").stderr("Logged in").succeeds();
        let both: [Running; 2] = [world.run(["logout"]).start(), login(&world, "default", &new, "user:admin").start()];
        let [logout, login] = both.map(Running::wait);
        assert!(logout.code == 0 && login.code == 0, "{logout}\n{login}");
        let kept = kept(&world, "default").map(|(token, _)| token);
        // Kept and good, or ended by a logout that found the new one.
        assert_eq!(kept.is_none(), is_revoked(&world, &new), "{kept:?}\n{logout}\n{login}");
        assert!(kept.is_none_or(|kept| kept == new), "{logout}\n{login}");
        if !is_revoked(&world, &new) {
            world.run(["logout"]).stderr("Revoked").succeeds();
        }
    }
}

/// Whichever wins, the record is that of the token that is kept, and of the other it was said that it is alive.
#[test]
fn of_two_logins_at_once_one_is_kept_whole() {
    let world = World::new();
    for _ in 0..rounds() {
        let tokens = [("repo:read", mint(&world, "repo:read")), ("user:read", mint(&world, "user:read"))];
        let both: Vec<Running> =
            tokens.iter().map(|(scopes, token)| login(&world, "default", token, scopes).start()).collect();
        let both: Vec<_> = both.into_iter().map(Running::wait).collect();
        assert!(both.iter().all(|login| login.code == 0), "{}\n{}", both[0], both[1]);
        let (token, scopes) = kept(&world, "default").expect("a token");
        assert!(tokens.contains(&(scopes.as_str(), token.clone())), "{scopes} {token}");
        let told = both.iter().filter(|login| login.stderr.contains("the token before this one stays valid")).count();
        assert!(told >= 1, "{}\n{}", both[0], both[1]);
    }
}

#[test]
fn ten_writers_lose_nothing() {
    let world = World::new();
    for _ in 0..rounds().div_ceil(10) {
        let logins: Vec<(String, String, Running)> = (0..10)
            .map(|number| {
                let (profile, token) = (format!("p{number}"), mint(&world, "repo:read"));
                let running = login(&world, &profile, &token, "repo:read").start();
                (profile, token, running)
            })
            .collect();
        for (profile, token, running) in logins {
            let ended = running.wait();
            assert_eq!(ended.code, 0, "{ended}");
            let expected = Some((token, "repo:read".to_owned()));
            assert_eq!(kept(&world, &profile), expected, "{profile}: {ended}");
        }
    }
}
