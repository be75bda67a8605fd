//! Several runs at the same time: no token and no entry in docker's settings is lost, and each run reports what it really did.
//!
//! More rounds: `QUAY_AUTH_ROUNDS=1000 cargo test --test e2e races`.

use std::fs;

use crate::quay_standin::Verify;
use crate::support::program::{Run, Running};
use crate::support::world::{World, post_to_catcher};

/// How many times each race is run.
fn rounds() -> usize {
    #[expect(clippy::disallowed_methods, reason = "the number of rounds can be set for a longer run")]
    let rounds = std::env::var("QUAY_AUTH_ROUNDS");
    rounds.map_or(25, |rounds| rounds.parse().expect("a number"))
}

/// `login --with-token` with this token, for this profile.
fn login(world: &World, profile: &str, token: &str, scopes: &str) -> Run {
    let host = world.quay.host();
    let arguments = ["login", "--with-token", "--store", "file", "--host", &host, "--profile", profile];
    world.run([&arguments[..], &["--scopes", scopes]].concat()).stdin(token)
}

/// The stored token and its scopes, as `print-token` prints them. `None` if there is no token.
fn stored(world: &World, profile: &str) -> Option<(String, String)> {
    let result = world.run(["print-token", "--json", "--profile", profile]).start().wait();
    if result.code == 3 {
        return None;
    }
    assert_eq!(result.code, 0, "{result}");
    let json: serde_json::Value = serde_json::from_str(&result.stdout).unwrap();
    Some((json["token"].as_str().unwrap().to_owned(), json["scopes"].as_str().unwrap().to_owned()))
}

#[test]
fn a_waiting_login_does_not_replace_the_newer_login_of_another_user() {
    let world = World::new();
    let mut waiting = world.login(&[]).start();
    let location = world.quay.authorize(&waiting.authorize_url()).unwrap();
    world.quay.set_verify(Verify::As("bob".to_owned()));
    let bobs = world.create_token("alice", "repo:read");
    login(&world, "default", &bobs, "repo:read").stderr("Logged in to").stderr("as bob").succeeds();
    world.quay.set_verify(Verify::As("alice".to_owned()));
    assert_eq!(post_to_catcher(&location), (409, "another_user".to_owned()));
    let stderr = waiting.fails(1);
    assert!(stderr.contains("is logged in as bob, but this token belongs to alice; it was not stored"), "{stderr}");
    assert_eq!(stored(&world, "default").unwrap().0, bobs);
}

#[test]
fn a_waiting_login_reports_that_a_newer_token_which_it_replaces_stays_valid() {
    let world = World::new();
    let mut waiting = world.login(&[]).start();
    let location = world.quay.authorize(&waiting.authorize_url()).unwrap();
    let first = world.create_token("alice", "repo:read");
    login(&world, "default", &first, "repo:read").stderr("Logged in to").succeeds();
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    let stderr = waiting.succeeds();
    assert!(stderr.contains("your previous token may still be valid;"), "{stderr}");
}

#[test]
fn logout_revokes_and_deletes_the_same_token_during_a_login() {
    let world = World::new();
    for _ in 0..rounds() {
        let (old, new) = (world.create_token("alice", "user:admin"), world.create_token("alice", "user:admin"));
        login(&world, "default", &old, "user:admin").stderr("Logged in").succeeds();
        let both: [Running; 2] = [world.run(["logout"]).start(), login(&world, "default", &new, "user:admin").start()];
        let [logout, login] = both.map(Running::wait);
        assert!(logout.code == 0 && login.code == 0, "{logout}\n{login}");
        let stored = stored(&world, "default").map(|(token, _)| token);
        // The new token is stored and valid, or the logout found it, revoked it and deleted it.
        assert_eq!(stored.is_none(), world.is_revoked(&new), "{stored:?}\n{logout}\n{login}");
        assert!(stored.is_none_or(|token| token == new), "{logout}\n{login}");
        if !world.is_revoked(&new) {
            world.run(["logout"]).stderr("Revoked").succeeds();
        }
    }
}

/// Either login may be the last. The other one's token is reported to stay valid.
#[test]
fn after_two_logins_at_the_same_time_token_and_scopes_are_those_of_one_of_them() {
    let world = World::new();
    for _ in 0..rounds() {
        let tokens = [
            ("repo:read", world.create_token("alice", "repo:read")),
            ("user:read", world.create_token("alice", "user:read")),
        ];
        let both: Vec<Running> =
            tokens.iter().map(|(scopes, token)| login(&world, "default", token, scopes).start()).collect();
        let both: Vec<_> = both.into_iter().map(Running::wait).collect();
        assert!(both.iter().all(|login| login.code == 0), "{}\n{}", both[0], both[1]);
        let (token, scopes) = stored(&world, "default").expect("a token");
        assert!(tokens.contains(&(scopes.as_str(), token.clone())), "{scopes} {token}");
        let is_reported = both.iter().any(|login| login.stderr.contains("your previous token may still be valid"));
        assert!(is_reported, "{}\n{}", both[0], both[1]);
    }
}

#[test]
fn twenty_logins_at_the_same_time_lose_no_token() {
    let world = World::new();
    for _ in 0..rounds().div_ceil(10) {
        let logins: Vec<(String, String, Running)> = (0..20)
            .map(|number| {
                let (profile, token) = (format!("p{number}"), world.create_token("alice", "repo:read"));
                let running = login(&world, &profile, &token, "repo:read").start();
                (profile, token, running)
            })
            .collect();
        for (profile, token, running) in logins {
            let result = running.wait();
            assert_eq!(result.code, 0, "{result}");
            let expected = Some((token, "repo:read".to_owned()));
            assert_eq!(stored(&world, &profile), expected, "{profile}: {result}");
        }
    }
}

/// Runs `docker install` or `uninstall` for several hosts at the same time. All of them succeed.
fn docker<'a>(world: &World, runs: impl IntoIterator<Item = (&'a str, usize)>) {
    let start =
        |(command, number)| world.run(["docker", command, "--host", &format!("quay{number}.example.com")]).start();
    let all: Vec<Running> = runs.into_iter().map(start).collect();
    for running in all {
        let result = running.wait();
        assert_eq!(result.code, 0, "{result}");
    }
}

#[test]
fn six_installs_and_uninstalls_at_the_same_time_lose_no_entry() {
    let world = World::new();
    let folder = world.home().join(".docker");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("config.json");
    let original = "{\n  \"auths\": {\n    \"gcr.io\": {\n      \"auth\": \"YWxpY2U6cGFzc3dvcmQ=\"\n    }\n  }\n}\n";
    fs::write(&path, original).unwrap();
    let helpers = || {
        let config: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut helpers: Vec<_> = config["credHelpers"].as_object().unwrap().keys().cloned().collect();
        helpers.sort();
        helpers
    };
    let hosts = |numbers: [usize; 6]| numbers.map(|number| format!("quay{number}.example.com"));
    for _ in 0..rounds().div_ceil(5) {
        docker(&world, (0..6).map(|number| ("install", number)));
        assert_eq!(helpers(), hosts([0, 1, 2, 3, 4, 5]));
        docker(
            &world,
            (0..6).map(|number| if number % 2 == 0 { ("uninstall", number) } else { ("install", number + 6) }),
        );
        assert_eq!(helpers(), {
            let mut hosts = hosts([1, 3, 5, 7, 9, 11]);
            hosts.sort();
            hosts
        });
        docker(&world, [1, 3, 5, 7, 9, 11].map(|number| ("uninstall", number)));
        assert_eq!(fs::read_to_string(&path).unwrap(), original);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    }
}

#[test]
fn parallel_exports_into_one_folder_all_succeed() {
    let (world, token) = World::with_token("repo:read");
    let folder = world.home().join("shared");
    fs::create_dir(&folder).unwrap();
    for _ in 0..rounds() {
        let start = |name: usize| {
            let path = folder.join(name.to_string()).display().to_string();
            world.run(["export", "netrc", "--output", &path]).start()
        };
        // Two of them write each file.
        let exports: Vec<Running> = (0..16).map(|number| start(number / 2)).collect();
        for export in exports {
            let result = export.wait();
            assert!(result.code == 0 && result.stderr.contains("✓ Wrote the token of"), "{result}");
        }
        let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 8, "{files:?}");
        assert!(files.iter().all(|file| fs::read_to_string(file).unwrap().contains(&token)));
    }
}
