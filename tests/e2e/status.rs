//! `status`: the table, its JSON, its filters, and what it says of a token that ended, was not checked, or is overruled.

use std::fs;

use serde_json::{Value, json};

use crate::quay::Verify;
use crate::world::{World, hand_over, token_of};

/// A token for `QUAY_AUTH_TOKEN`.
const FROM_CI: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// What `status --json` prints, with every moment replaced by a word.
fn status_json(world: &World, more: &[&str]) -> Value {
    let printed = world.run([&["status", "--json"], more].concat()).prints("{\n").succeeds().stdout;
    let mut status: Value = serde_json::from_str(&printed).expect("JSON");
    for row in status["profiles"].as_array_mut().expect("rows") {
        for name in ["obtained_at", "expires_at"] {
            let Some(text) = row[name].as_str() else { continue };
            assert!(text.len() == "2026-11-25T10:00:00Z".len() && text.ends_with('Z'), "{text}");
            row[name] = json!("TIME");
        }
    }
    status
}

/// The day of the first moment of that name in the list of logins.
fn day(world: &World, name: &str) -> String {
    let kept = world.profiles_toml();
    let (_, rest) = kept.split_once(&format!("{name} = \"")).expect("a moment");
    rest[.."2026-11-25".len()].to_owned()
}

#[test]
fn the_table_has_a_line_for_each_login() {
    let world = World::new();
    world.log_in();
    world.complete(world.login(&["--profile", "admin", "--scopes", "repo:write,user:read"]).start());
    let (made, ends) = (day(&world, "obtained_at"), day(&world, "expires_at"));
    let at = world.quay.address();
    let widest = format!("default@{at}").len();
    let line = |profile: &str, user: &str, scopes: &str, store: &str, made: &str, ends: &str| {
        format!("{profile:widest$}  {user:5}  {scopes:20}  {store:5}  {made:10}  {ends}\n")
    };
    let table = [
        line("PROFILE", "USER", "SCOPES", "STORE", "MADE", "ENDS"),
        line(&format!("admin@{at}"), "alice", "repo:write,user:read", "file", &made, &ends),
        line(&format!("default@{at}"), "alice", "repo:read", "file", &made, &ends),
    ];
    world.run(["status"]).stdout(&table.concat()).succeeds();
    world.run(["status", "--quiet", "--color", "always"]).stdout(&table.concat()).succeeds();
}

#[test]
fn json_tells_all_that_is_known_and_null_for_the_rest() {
    let world = World::new();
    let token = world.log_in();
    let login = world.run(["login", "--with-token", "--profile", "pasted", "--store", "file"]);
    login.stdin(&token).stderr("its scopes: unknown").succeeds();
    let host = world.quay.host();
    let at = world.quay.address();
    let expected = json!({
        "profiles": [
            {
                "profile": format!("default@{at}"), "host": host, "name": "default", "user": "alice",
                "scopes": "repo:read", "store": "file", "obtained_at": "TIME", "expires_at": "TIME",
                "expired": false, "verified": true,
            },
            {
                "profile": format!("pasted@{at}"), "host": host, "name": "pasted", "user": "alice",
                "scopes": null, "store": "file", "obtained_at": "TIME", "expires_at": null,
                "expired": false, "verified": true,
            },
        ],
        "environment_token_for": null,
    });
    assert_eq!(status_json(&world, &[]), expected);
}

#[test]
fn without_a_login_json_is_an_empty_list() {
    let world = World::new();
    assert_eq!(status_json(&world, &[]), json!({"profiles": [], "environment_token_for": null}));
}

#[test]
fn host_and_profile_narrow_it_down() {
    let world = World::new();
    let token = world.log_in();
    for arguments in [&["--profile", "ci"][..], &["--host", "http://192.0.2.1:8080", "--allow-http"]] {
        let login = world.run([&["login", "--with-token", "--store", "file"], arguments].concat());
        // Nobody answers at the second, which is of no account here.
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
        let status = status_json(&world, arguments);
        let mut shown: Vec<&str> =
            status["profiles"].as_array().unwrap().iter().map(|row| row["profile"].as_str().unwrap()).collect();
        let mut expected: Vec<&str> = expected.into_iter().map(String::as_str).collect();
        shown.sort_unstable();
        expected.sort_unstable();
        assert_eq!(shown, expected, "{arguments:?}");
    }
}

#[test]
fn a_login_that_is_not_among_those_that_there_are_is_named() {
    let world = World::new();
    let token = world.log_in();
    let host = world.quay.host();
    world
        .run(["status", "--host", &host, "--profile", "none"])
        .stderr(&format!("error: there is no login for none@{}\n", world.quay.address()))
        .stderr(&format!("hint: quay-auth login --host {host} --profile none\n"))
        .fails(3);
    // With several hosts and none named, no line can be given that is right for all.
    let elsewhere = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"];
    world.run(elsewhere).stdin(&token).stderr("Logged in to").succeeds();
    let said = world
        .run(["status", "--profile", "none"])
        .stderr("there is no login named none at any host")
        .stderr("hint: ")
        .fails(3)
        .stderr;
    assert!(!said.contains("quay-auth login \n"), "a line with nothing behind it: {said}");
}

#[test]
fn a_token_that_has_ended_is_marked() {
    let world = World::new();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    let (rest, _) = location.split_once("&expires_in=").expect("a life");
    assert_eq!(hand_over(&format!("{rest}&expires_in=0")), (200, "stored".to_owned()));
    login.succeeds();
    world.run(["status"]).prints(" (ended)\n").succeeds();
    assert_eq!(status_json(&world, &[])["profiles"][0]["expired"], true);
    // It is Quay that decides whether a token is good, and this machine's clock may be wrong.
    world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
}

#[test]
fn a_token_that_was_not_checked_is_marked() {
    let world = World::new();
    let token = world.log_in();
    world.quay.set_verify(Verify::Status(503));
    world.run(["login", "--with-token"]).stdin(&token).stderr("warning: ").succeeds();
    let made = day(&world, "obtained_at");
    world.run(["status"]).prints(&format!("  unknown  unknown  file   {made} (unverified)  unknown\n")).succeeds();
    let row = &status_json(&world, &[])["profiles"][0];
    assert_eq!((&row["verified"], &row["user"]), (&json!(false), &Value::Null));
}

#[test]
fn a_token_in_the_environment_is_told_beside_the_stored_one() {
    let world = World::new();
    world.log_in();
    let host = world.quay.host();
    let note = format!("QUAY_AUTH_TOKEN is set and replaces the stored token of {host}.\n");
    let ended = world.run(["status"]).env("QUAY_AUTH_TOKEN", FROM_CI).prints("  alice  repo:read  file ").stderr(&note);
    assert_eq!(ended.succeeds().stderr, note);
    let run = world.run(["status", "--json"]).env("QUAY_AUTH_TOKEN", FROM_CI);
    let printed = run.prints(&format!("\"environment_token_for\": \"{host}\"\n")).succeeds();
    assert!(!printed.stdout.contains(FROM_CI), "{printed}");
}

#[test]
fn without_a_login_it_names_the_first_step() {
    let world = World::new();
    world
        .run(["status"])
        .stderr("quay-auth: error: there is no login here")
        .stderr("hint: quay-auth login --host quay.io\n")
        .fails(3);
    // The settings that a logout leaves are no login.
    world.log_in();
    world.run(["logout"]).stderr("Forgot the token").succeeds();
    world.run(["status"]).stderr("there is no login").fails(3);
    assert!(world.profiles_toml().contains("client_id"), "they are still there");
}

#[test]
fn nothing_is_asked_and_nothing_is_written() {
    let world = World::new();
    world.log_in();
    let asked = world.quay.requests().len();
    let folder = world.home().join(".local/share/quay-auth");
    let state = || {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let mut state: Vec<_> = files
            .map(|path| (fs::metadata(&path).unwrap().modified().unwrap(), fs::read(&path).unwrap(), path))
            .collect();
        state.sort();
        state
    };
    let before = state();
    world.run(["status"]).prints("alice").succeeds();
    assert_eq!(state(), before);
    assert_eq!(world.quay.requests().len(), asked);
}
