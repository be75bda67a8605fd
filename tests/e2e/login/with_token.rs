//! `login --with-token`: stores a token that was created elsewhere.

use crate::quay_standin::{Quay, Verify};
use crate::support::program::Run;
use crate::support::world::{CLIENT_ID, World, token_of};

/// The URL with a token at which the browser ends after an authorization without quay-auth.
fn url_with_token(world: &World) -> String {
    let (host, redirect_uri) = (world.quay.host(), &world.redirect_uri);
    let url = format!(
        "{host}/oauth/authorize?response_type=token&client_id={CLIENT_ID}&redirect_uri={redirect_uri}&scope=repo:read"
    );
    world.quay.authorize(&url).unwrap()
}

/// The command, which needs no client ID.
fn with_token(world: &World, host: &str, more: &[&str]) -> Run {
    world.run([&["login", "--with-token", "--store", "file", "--host", host], more].concat())
}

#[test]
fn a_token_or_a_url_with_one_is_accepted_with_any_line_ending() {
    let world = World::new();
    let location = url_with_token(&world);
    let token = token_of(&location);
    for text in
        [token.clone(), format!("{token}\n"), format!("{token}\r\n"), format!("  {token} \n"), format!("{location}\n")]
    {
        with_token(&world, &world.quay.host(), &[]).stdin(&text).stderr("Logged in to").stderr("as alice").succeeds();
        world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
        world.run(["logout", "--purge", "--no-revoke"]).stderr("Deleted the token").succeeds();
    }
}

/// In UTF-16, with a byte-order mark.
fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_token_or_a_url_is_accepted_as_powershell_writes_it() {
    let world = World::new();
    let location = url_with_token(&world);
    let token = token_of(&location);
    for text in [format!("{token}\r\n"), format!("{location}\r\n")] {
        let utf8 = format!("\u{feff}{text}").into_bytes();
        for stdin in [utf8, utf16(&text, u16::to_le_bytes), utf16(&text, u16::to_be_bytes)] {
            with_token(&world, &world.quay.host(), &[]).stdin(&stdin).stderr("as alice").succeeds();
            world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
            world.run(["logout", "--purge", "--no-revoke"]).stderr("Deleted the token").succeeds();
        }
    }
}

#[test]
fn a_url_is_accepted_as_people_copy_it() {
    let world = World::new();
    let location = url_with_token(&world);
    let token = token_of(&location);
    let (start, end) = location.split_at(location.find("access_token").unwrap() + 30);
    for text in [
        location.trim_start_matches("http://").to_owned(),
        format!("\"{location}\"\n"),
        format!("<{location}>"),
        format!("{start}\n{end}\n"),
        format!("> {start}\r\n> {end}\r\n"),
    ] {
        with_token(&world, &world.quay.host(), &[]).stdin(&text).stderr("as alice").succeeds();
        world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
        world.run(["logout", "--purge", "--no-revoke"]).stderr("Deleted the token").succeeds();
    }
}

#[test]
fn the_error_names_what_is_wrong_with_a_url() {
    let world = World::new();
    let host = world.quay.host();
    let location = url_with_token(&world);
    let (url, _) = location.split_once('#').unwrap();
    let token = token_of(&location);
    for (text, message) in [
        (" \n", "cause: nothing was pasted\n"),
        (url, "cause: this URL contains neither a token nor an error; copy all of it, including the part after #\n"),
        (&location[..location.find("access_token=").unwrap() + 20], "cause: the token in this URL is not complete, or"),
        (&format!("{}/oauth/authorize?client_id={CLIENT_ID}", host), "cause: this is the URL to open; paste"),
        (&format!("{}?error=authorization_denied", world.redirect_uri), "cause: this URL contains an error of Quay"),
        (&location.replace('#', " #"), "cause: there is a space in this URL; copy it again\n"),
        (&format!("{token}\n{token}"), "error: this is not a token: a token is one line of"),
    ] {
        let said = with_token(&world, &host, &[]).stdin(text).stderr(message).stderr("hint: ").fails(2);
        assert!(!said.stderr.contains(&token[..20]), "{said}");
    }
}

#[test]
fn scopes_are_taken_from_a_pasted_url_unless_they_are_named() {
    let world = World::new();
    let location = url_with_token(&world);
    for (text, more, scopes) in [
        (location.clone(), &[][..], "repo:read"),
        (location.clone(), &["--scopes", "repo:write"], "repo:write"),
        (token_of(&location), &[], "unknown"),
    ] {
        with_token(&world, &world.quay.host(), more).stdin(&text).stderr("Logged in to").succeeds();
        world.run(["status"]).prints(&format!("  alice  {scopes}  file")).succeeds();
        world.run(["logout", "--purge", "--no-revoke"]).stderr("Deleted the token").succeeds();
    }
}

#[test]
fn a_later_login_asks_for_the_scopes_of_the_token() {
    let world = World::new();
    with_token(&world, &world.quay.host(), &[]).stdin(url_with_token(&world)).stderr("(repo:read)").succeeds();
    world.login(&["--if-needed"]).stderr("is already logged in").succeeds();
    assert!(world.login(&[]).start().authorize_url().contains("&scope=repo%3Aread&"));
}

#[test]
fn anything_else_is_rejected_and_not_repeated() {
    let world = World::new();
    let host = world.quay.host();
    let long = "x".repeat(4097);
    for text in [
        "",
        "\n",
        "tooshorttobeone",
        "twoWordsOfAToken 0123456789abcdefghij",
        "tokenWithA\u{7}Bell0123456789abcdef",
        &long,
    ] {
        let messages = with_token(&world, &host, &[]).stdin(text).stderr("error: ").stderr("hint: ").fails(2).stderr;
        assert!(text.trim().is_empty() || !messages.contains(text.trim()), "{messages}");
    }
    world.run(["print-token", "--host", &host]).stderr("there is no login").fails(3);
    assert!(world.quay.requests().iter().all(|request| request.path != "/v2/auth"), "Quay was asked");
}

#[test]
fn a_token_on_the_command_line_is_rejected_and_not_repeated() {
    let world = World::new();
    let token = token_of(&url_with_token(&world));
    for arguments in [vec!["login", "--with-token", &token], vec!["login", &format!("--with-token={token}")]] {
        let messages = world.run(arguments).stderr("--with-token < FILE").fails(2).stderr;
        assert!(!messages.contains(&token), "{messages}");
    }
}

#[test]
fn a_token_that_quay_refuses_is_not_stored() {
    let world = World::new();
    let host = world.quay.host();
    let location = url_with_token(&world);
    world.quay.revoke(&token_of(&location));
    with_token(&world, &host, &[]).stdin(&location).stderr("does not accept this token").fails(5);
    world.run(["print-token", "--host", &host]).stderr("there is no login").fails(3);
}

#[test]
fn a_token_for_a_quay_that_cannot_be_reached_is_stored_as_unverified() {
    let world = World::new();
    let host = {
        let stopped = Quay::start();
        stopped.host()
    };
    let token = token_of(&url_with_token(&world));
    with_token(&world, &host, &[])
        .stdin(&token)
        .stderr("warning: ")
        .stderr("could not check whether Quay accepts")
        .succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    world.run(["status", "--offline"]).prints("(unverified)").succeeds();
}

#[test]
fn its_scopes_are_known_only_if_they_are_given() {
    let world = World::new();
    let (host, token) = (world.quay.host(), token_of(&url_with_token(&world)));
    let line = format!("{token}\n");
    with_token(&world, &host, &[]).stdin(&token).stderr("(scopes unknown)").succeeds();
    world.run(["print-token", "--require", "repo:read"]).stderr("are not known").stderr("--scopes repo:read").fails(3);
    with_token(&world, &host, &["--scopes", "repo:write"]).stdin(&token).stderr("(repo:write)").succeeds();
    world.run(["print-token", "--require", "repo:read"]).stdout(&line).succeeds();
    world.run(["print-token", "--require", "org:admin"]).stderr("lacks org:admin").fails(3);
}

#[test]
fn another_users_token_does_not_replace_the_stored_one() {
    let world = World::new();
    let old = world.log_in();
    let location = url_with_token(&world);
    world.quay.set_verify(Verify::As("bob".to_owned()));
    with_token(&world, &world.quay.host(), &[])
        .stdin(&location)
        .stderr("is logged in as alice")
        .stderr("hint: the new token may still be valid at Quay; ")
        .fails(1);
    world.run(["print-token"]).stdout(&format!("{old}\n")).succeeds();
}
