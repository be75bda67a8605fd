//! `status`: the table, its JSON, its filters, what Quay says of each token, and what it says of one that ended or is overruled.

use std::fs;

use serde_json::{Value, json};

use crate::keyring::Keyring;
use crate::pty::Terminal;
use crate::quay::Verify;
use crate::world::{World, hand_over, token_of};

/// A token for `QUAY_AUTH_TOKEN`.
const FROM_CI: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// What `status --json` prints where all is well, with every moment replaced by a word.
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
    let table = |says: &str| {
        let line = |cells: [&str; 7]| {
            let [profile, user, scopes, store, made, ends, says] = cells;
            format!("{profile:widest$}  {user:5}  {scopes:20}  {store:5}  {made:10}  {ends:10}  {says}\n")
        };
        [
            line(["PROFILE", "USER", "SCOPES", "STORE", "MADE", "ENDS", "QUAY SAYS"]),
            line([&format!("admin@{at}"), "alice", "repo:write,user:read", "file", &made, &ends, says]),
            line([&format!("default@{at}"), "alice", "repo:read", "file", &made, &ends, says]),
        ]
        .concat()
    };
    world.run(["status"]).stdout(&table("accepted")).succeeds();
    world.run(["status", "--quiet", "--color", "always"]).stdout(&table("accepted")).succeeds();
    world.run(["status", "--offline"]).stdout(&table("not asked")).succeeds();
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
    });
    assert_eq!(status_json(&world, &[]), expected);
}

#[test]
fn without_a_login_json_is_an_empty_list() {
    let world = World::new();
    assert_eq!(
        status_json(&world, &[]),
        json!({"profiles": [], "environment_token_for": null, "environment_token": null})
    );
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
    world.run(["status"]).prints(" (ended)  accepted\n").succeeds();
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
    let row = format!("  unknown  unknown  file   {made} (unverified)  unknown  not asked\n");
    world.run(["status", "--offline"]).prints(&row).succeeds();
    let row = &status_json(&world, &["--offline"])["profiles"][0];
    assert_eq!((&row["verified"], &row["user"]), (&json!(false), &Value::Null));
    // Quay's answer now is as good as one then.
    world.quay.set_verify(Verify::Normal);
    world.run(["status"]).prints("accepted\n").succeeds();
    let row = &status_json(&world, &["--offline"])["profiles"][0];
    assert_eq!((&row["verified"], &row["user"]), (&json!(true), &json!("alice")));
}

#[test]
fn a_token_in_the_environment_is_told_beside_the_stored_one() {
    let world = World::new();
    let token = world.log_in();
    let host = world.quay.host();
    let note =
        |says: &str| format!("QUAY_AUTH_TOKEN is set and replaces the stored token of {host}. It is {says} there.\n");
    let good = world
        .run(["status"])
        .env("QUAY_AUTH_TOKEN", &token)
        .prints("  alice  repo:read  file ")
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
    // In CI there is no other.
    world.run(["logout"]).stderr("Forgot").succeeds();
    world
        .run(["status"])
        .env("QUAY_AUTH_TOKEN", &token)
        .env("QUAY_AUTH_HOST", &host)
        .stderr(&note("accepted"))
        .succeeds();
}

#[test]
fn a_token_that_quay_refuses_is_5_with_its_words_and_the_next_step() {
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
fn a_server_that_is_busy_broken_or_another_says_nothing_of_the_token() {
    let world = World::new();
    world.log_in();
    for (status, reason) in [
        (429, "it answers with status 429"),
        (500, "it answers with status 500"),
        (503, "it answers with status 503"),
        (404, "it answers with status 404"),
        (200, "it answers, but not as Quay does"),
    ] {
        world.quay.set_verify(Verify::Status(status));
        world
            .run(["status"])
            .prints("  unknown\n")
            .stderr("error: it is not known whether")
            .stderr(&format!("  cause: {reason}\n"))
            .stderr("hint: try again; without the network: quay-auth status --offline\n")
            .fails(7);
    }
}

#[test]
fn all_servers_are_asked_at_once_and_none_is_waited_for_beyond_five_seconds() {
    let worlds: Vec<World> = (0..3).map(|_| World::new()).collect();
    let here = &worlds[0];
    for world in &worlds {
        let login = ["login", "--with-token", "--store", "file", "--host", &world.quay.host()];
        here.run(login).stdin(world.log_in()).stderr("Logged in").succeeds();
        world.quay.set_verify(Verify::Hang);
    }
    let asked = |world: &World| world.quay.requests().iter().filter(|request| request.path == "/v2/auth").count();
    let before: Vec<usize> = worlds.iter().map(asked).collect();
    let said = here.run(["status"]).prints("unknown\n").stderr("error: it is not known").stderr("warning: ").fails(7);
    assert_eq!(said.stderr.matches("it is not known whether").count(), 3, "{said}");
    for (world, before) in worlds.iter().zip(before) {
        assert_eq!(asked(world), before + 1, "each is asked while the others are silent");
    }
}

#[test]
fn a_store_that_fails_and_one_that_lost_the_token_are_4_and_3() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    world.complete(world.login(&["--store", "keyring"]).start());
    world.run(["status"]).prints("accepted\n").succeeds();
    let entry = format!("default@{}", world.quay.address());
    keyring.secret_tool(&world, "clear", &entry);
    world
        .run(["status"])
        .prints("  missing\n")
        .stderr(&format!("error: the keyring no longer holds the token of {entry}\n"))
        .fails(3);
    world.complete(world.login(&["--store", "keyring"]).start());
    keyring.lock(&world);
    world
        .run(["status"])
        .prints("  unreadable\n")
        .stderr("error: the keyring is locked\n")
        .stderr("hint: unlock")
        .fails(4);
}

#[test]
fn the_worst_of_several_is_the_exit_and_the_others_are_said() {
    let world = World::new();
    let good = world.log_in();
    let bad = world.complete(world.login(&["--profile", "bad"]).start());
    let elsewhere = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"];
    world.run(elsewhere).stdin(&good).stderr("Logged in to").succeeds();
    world
        .run(["status"])
        .prints("accepted\n")
        .prints("unknown\n")
        .stderr("error: it is not known whether http://127.0.0.1:1 accepts the token of default@127.0.0.1:1\n")
        .fails(7);
    world.quay.revoke(&bad);
    world
        .run(["status"])
        .prints("refused\n")
        .stderr("warning: it is not known whether http://127.0.0.1:1 accepts the token of default@127.0.0.1:1: ")
        .stderr("error: http")
        .stderr("does not accept the token of bad@")
        .fails(5);
    // What is not shown does not count.
    world.run(["status", "--host", &world.quay.host(), "--profile", "default"]).prints("accepted\n").succeeds();
}

#[test]
fn an_end_within_thirty_days_is_told() {
    let world = World::new();
    for (days, told) in [(29, true), (31, false)] {
        let mut login = world.login(&[]).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        let (rest, _) = location.split_once("&expires_in=").expect("a life");
        let seconds = days * 24 * 60 * 60;
        assert_eq!(hand_over(&format!("{rest}&expires_in={seconds}")), (200, "stored".to_owned()));
        login.succeeds();
        let ends = day(&world, "expires_at");
        // A token of years; one that was made for a month is not worth a word at once.
        let quiet = world.run(["status"]).prints("accepted\n").succeeds();
        assert_eq!(quiet.stderr, "");
        let file = world.home().join(".local/share/quay-auth/profiles.toml");
        let made = day(&world, "obtained_at");
        let text = world.profiles_toml().replace(&format!("obtained_at = \"{made}"), "obtained_at = \"2020-01-01");
        fs::write(file, text).unwrap();
        let ended = world.run(["status"]).prints("accepted\n").stderr("").succeeds();
        let words = format!("the token of default@{} ends on {ends}.\n", world.quay.address());
        assert_eq!(ended.stderr.contains(&words), told, "{ended}");
    }
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
fn offline_nothing_is_asked_and_never_is_anything_written() {
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
    world.run(["status", "--offline"]).prints("alice").succeeds();
    assert_eq!(world.quay.requests().len(), asked);
    world.run(["status"]).prints("alice").succeeds();
    assert_eq!(state(), before);
}

#[test]
fn on_a_narrow_terminal_a_row_is_a_block_and_nothing_is_cut_off() {
    let world = World::new();
    world.log_in();
    world.complete(world.login(&["--profile", "admin", "--scopes", "repo:write,user:read"]).start());
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.args(["status", "--offline"]);
    let (narrow, wide) = (Terminal::run_in(&command, 60).ends(0), Terminal::run_in(&command, 160).ends(0));
    let at = world.quay.address();
    assert!(
        narrow
            .starts_with(&format!("PROFILE    admin@{at}\r\nUSER       alice\r\nSCOPES     repo:write,user:read\r\n")),
        "{narrow}"
    );
    assert!(narrow.contains(&format!("QUAY SAYS  not asked\r\n\r\nPROFILE    default@{at}\r\n")), "{narrow}");
    assert!(wide.starts_with("PROFILE ") && wide.contains("  QUAY SAYS\r\n"), "{wide}");
}
