//! What `status` shows: the table, its JSON, and which profiles.

use serde_json::{Value, json};

use super::{day, status_json};
use crate::support::pty::Terminal;
use crate::support::world::World;

/// A token for `QUAY_AUTH_TOKEN`.
const FROM_CI: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

#[test]
fn table_has_a_row_for_each_profile() {
    let world = World::new();
    world.log_in();
    world.complete(world.login(&["--profile", "admin", "--scopes", "repo:write,user:read"]).start());
    let expires = day(&world, "expires_at");
    let at = world.quay.address();
    let widest = format!("default@{at}").len();
    let table = |status: &str| {
        let line = |cells: [&str; 6]| {
            let [profile, user, scopes, store, expires, status] = cells;
            format!("{profile:widest$}  {user:5}  {scopes:20}  {store:5}  {expires:10}  {status}\n")
        };
        [
            line(["PROFILE", "USER", "SCOPES", "STORE", "EXPIRES", "STATUS"]),
            line([&format!("admin@{at}"), "alice", "repo:write,user:read", "file", &expires, status]),
            line([&format!("default@{at}"), "alice", "repo:read,user:read", "file", &expires, status]),
        ]
        .concat()
    };
    world.run(["status"]).stdout(&table("accepted")).succeeds();
    world.run(["status", "--quiet", "--color", "always"]).stdout(&table("accepted")).succeeds();
    world.run(["status", "--offline"]).stdout(&table("not_asked")).succeeds();
}

#[test]
fn json_has_null_for_what_is_not_known() {
    let world = World::new();
    let token = world.log_in();
    let login = world.run(["login", "--with-token", "--profile", "pasted", "--store", "file"]);
    login.stdin(&token).stderr("(scopes unknown)").succeeds();
    let host = world.quay.host();
    let at = world.quay.address();
    let expected = json!({
        "profiles": [
            {
                "profile": format!("default@{at}"), "host": host, "name": "default", "user": "alice",
                "scopes": "repo:read,user:read", "store": "file", "obtained_at": "TIME", "expires_at": "TIME",
                "expired": false, "verified": true, "state": "accepted", "reason": null,
            },
            {
                "profile": format!("pasted@{at}"), "host": host, "name": "pasted", "user": "alice",
                "scopes": null, "store": "file", "obtained_at": "TIME", "expires_at": null,
                "expired": false, "verified": true, "state": "accepted", "reason": null,
            },
        ],
        "environment_token_for": null,
        "environment_token": null,
        "leftovers": [],
    });
    assert_eq!(status_json(&world, &[]), expected);
}

#[test]
fn json_without_a_profile_is_an_empty_list() {
    let world = World::new();
    let printed = world.run(["status", "--json"]).prints("{\n").stderr("you are not logged in").fails(3).stdout;
    assert_eq!(
        serde_json::from_str::<Value>(&printed).unwrap(),
        json!({"profiles": [], "environment_token_for": null, "environment_token": null, "leftovers": []})
    );
}

#[test]
fn host_and_profile_options_filter_the_rows() {
    let world = World::new();
    let token = world.log_in();
    for arguments in [&["--profile", "ci"][..], &["--host", "http://192.0.2.1:8080", "--allow-http"]] {
        let login = world.run([&["login", "--with-token", "--store", "file"], arguments].concat());
        // The second host does not exist, which does not matter here.
        login.stdin(&token).stderr("Logged in to").succeeds();
    }
    let here = world.quay.host();
    let at = world.quay.address();
    let [default, ci] = ["default", "ci"].map(|name| format!("{name}@{at}"));
    let elsewhere = "default@192.0.2.1:8080".to_owned();
    for (arguments, expected) in [
        (&[][..], vec![&elsewhere, &ci, &default]),
        (&["--host", &here], vec![&ci, &default]),
        (&["--profile", "default"], vec![&elsewhere, &default]),
        (&["--host", &here, "--profile", "ci"], vec![&ci]),
        (&["--host", "192.0.2.1:8080"], vec![&elsewhere]),
    ] {
        let status = status_json(&world, &[&["--offline"], arguments].concat());
        let mut shown: Vec<&str> =
            status["profiles"].as_array().unwrap().iter().map(|row| row["profile"].as_str().unwrap()).collect();
        let mut expected: Vec<&str> = expected.into_iter().map(String::as_str).collect();
        shown.sort_unstable();
        expected.sort_unstable();
        assert_eq!(shown, expected, "{arguments:?}");
    }
}

#[test]
fn unknown_profile_is_named_in_the_error() {
    let world = World::new();
    let token = world.log_in();
    let host = world.quay.host();
    world
        .run(["status", "--host", &host, "--profile", "none"])
        .stderr(&format!("error: there is no login for none@{}\n", world.quay.address()))
        .stderr(&format!("hint: quay-auth login --host {host} --profile none\n"))
        .fails(3);
    // With several hosts, no single login can be suggested.
    let elsewhere = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"];
    world.run(elsewhere).stdin(&token).stderr("Logged in to").succeeds();
    let said = world
        .run(["status", "--profile", "none"])
        .stderr("no host has a profile named none")
        .stderr("hint: ")
        .fails(3)
        .stderr;
    assert!(!said.contains("quay-auth login \n"), "the hint lacks the host: {said}");
}

#[test]
fn token_variable_is_shown_beside_the_stored_token() {
    let world = World::new();
    let token = world.log_in();
    let host = world.quay.host();
    let note = |state: &str| {
        format!("QUAY_AUTH_TOKEN is set and is used instead of the stored token for {host} (status: {state}).\n")
    };
    let good = world
        .run(["status"])
        .env("QUAY_AUTH_TOKEN", &token)
        .prints("  alice  repo:read,user:read  file ")
        .stderr(&note("accepted"));
    assert_eq!(good.succeeds().stderr, note("accepted"));
    world
        .run(["status"])
        .env("QUAY_AUTH_TOKEN", FROM_CI)
        .prints("accepted\n")
        .stderr(&note("refused"))
        .stderr(&format!("error: {host} does not accept the token in QUAY_AUTH_TOKEN\n"))
        .fails(5);
    let printed =
        world.run(["status", "--json"]).env("QUAY_AUTH_TOKEN", FROM_CI).prints("{").stderr("error").fails(5).stdout;
    assert!(!printed.contains(FROM_CI), "{printed}");
    let status: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(status["environment_token_for"], json!(host));
    let reason = "OAuth access token could not be validated";
    assert_eq!(status["environment_token"], json!({"host": host, "user": null, "state": "refused", "reason": reason}));
    // Without a stored token, as in CI.
    world.run(["logout"]).stderr("Deleted").succeeds();
    world
        .run(["status"])
        .env("QUAY_AUTH_TOKEN", &token)
        .env("QUAY_AUTH_HOST", &host)
        .stderr(&note("accepted"))
        .succeeds();
}

#[test]
fn without_a_profile_the_hint_is_to_log_in() {
    let world = World::new();
    world
        .run(["status"])
        .stderr("quay-auth: error: you are not logged in")
        .stderr("hint: quay-auth login --host quay.io\n")
        .fails(3);
    // The settings that stay after a logout are not a login.
    world.log_in();
    world.run(["logout"]).stderr("Deleted the token").succeeds();
    world.run(["status"]).stderr("you are not logged in").fails(3);
    assert!(world.profiles_toml().contains("client_id"), "the settings are still there");
}

#[test]
fn narrow_terminal_shows_each_row_as_a_block() {
    let world = World::new();
    world.log_in();
    world.complete(world.login(&["--profile", "admin", "--scopes", "repo:write,user:read"]).start());
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.args(["status", "--offline"]);
    let (narrow, wide) = (Terminal::run_in(&command, 60).ends(0), Terminal::run_in(&command, 160).ends(0));
    let at = world.quay.address();
    assert!(
        narrow.starts_with(&format!("PROFILE  admin@{at}\r\nUSER     alice\r\nSCOPES   repo:write,user:read\r\n")),
        "{narrow}"
    );
    assert!(narrow.contains(&format!("STATUS   not_asked\r\n\r\nPROFILE  default@{at}\r\n")), "{narrow}");
    assert!(wide.starts_with("PROFILE ") && wide.contains("  STATUS\r\n"), "{wide}");
}
