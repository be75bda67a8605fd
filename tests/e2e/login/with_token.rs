//! `login --with-token`: a token that was made elsewhere, from stdin.

use crate::program::Run;
use crate::quay::{Quay, Verify};
use crate::world::{CLIENT_ID, World, token_of};

/// The address at which Quay leaves a person who made a token without this program.
fn made_elsewhere(world: &World) -> String {
    let (host, redirect_uri) = (world.quay.host(), &world.redirect_uri);
    let url = format!(
        "{host}/oauth/authorize?response_type=token&client_id={CLIENT_ID}&redirect_uri={redirect_uri}&scope=repo:read"
    );
    world.quay.authorize(&url).unwrap()
}

/// The command, which needs no client id.
fn with_token(world: &World, host: &str, more: &[&str]) -> Run {
    world.run([&["login", "--with-token", "--store", "file", "--host", host], more].concat())
}

#[test]
fn a_token_is_taken_bare_or_as_an_address_however_its_line_ends() {
    let world = World::new();
    let location = made_elsewhere(&world);
    let token = token_of(&location);
    for text in
        [token.clone(), format!("{token}\n"), format!("{token}\r\n"), format!("  {token} \n"), format!("{location}\n")]
    {
        with_token(&world, &world.quay.host(), &[]).stdin(&text).stderr("Logged in to").stderr("as alice").succeeds();
        world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
        world.run(["logout", "--purge"]).stderr("Forgot the token").succeeds();
    }
}

#[test]
fn what_is_no_token_is_refused_unrepeated_and_nothing_is_stored() {
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
        let said = with_token(&world, &host, &[]).stdin(text).stderr("error: ").stderr("hint: ").fails(2).stderr;
        assert!(text.trim().is_empty() || !said.contains(text.trim()), "{said}");
    }
    world.run(["print-token", "--host", &host]).stderr("there is no login").fails(3);
    assert!(world.quay.requests().iter().all(|request| request.path != "/v2/auth"), "nobody is asked about no token");
}

#[test]
fn a_token_on_the_command_line_is_refused_unrepeated() {
    let world = World::new();
    let token = token_of(&made_elsewhere(&world));
    for arguments in [vec!["login", "--with-token", &token], vec!["login", &format!("--with-token={token}")]] {
        let said = world.run(arguments).stderr("--with-token < FILE").fails(2).stderr;
        assert!(!said.contains(&token), "{said}");
    }
}

#[test]
fn a_token_that_quay_refuses_is_not_stored() {
    let world = World::new();
    let host = world.quay.host();
    let location = made_elsewhere(&world);
    world.quay.revoke(&token_of(&location));
    with_token(&world, &host, &[]).stdin(&location).stderr("does not accept this token").fails(5);
    world.run(["print-token", "--host", &host]).stderr("there is no login").fails(3);
}

#[test]
fn a_token_for_a_quay_that_is_away_is_stored_and_marked() {
    let world = World::new();
    let host = {
        let away = Quay::start();
        away.host()
    };
    let token = token_of(&made_elsewhere(&world));
    with_token(&world, &host, &[]).stdin(&token).stderr("warning: ").stderr("not known whether").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    world.run(["status", "--offline"]).prints("(unverified)").succeeds();
}

#[test]
fn its_scopes_are_those_that_are_told_else_unknown() {
    let world = World::new();
    let (host, token) = (world.quay.host(), token_of(&made_elsewhere(&world)));
    let line = format!("{token}\n");
    with_token(&world, &host, &[]).stdin(&token).stderr("its scopes: unknown").succeeds();
    world.run(["print-token", "--require", "repo:read"]).stderr("are not known").stderr("--scopes repo:read").fails(3);
    with_token(&world, &host, &["--scopes", "repo:write"]).stdin(&token).stderr("its scopes: repo:write").succeeds();
    world.run(["print-token", "--require", "repo:read"]).stdout(&line).succeeds();
    world.run(["print-token", "--require", "org:admin"]).stderr("lacks org:admin").fails(3);
}

#[test]
fn another_users_token_does_not_replace_the_one_that_is_there() {
    let world = World::new();
    let old = world.log_in();
    let location = made_elsewhere(&world);
    world.quay.set_verify(Verify::As("bob".to_owned()));
    with_token(&world, &world.quay.host(), &[])
        .stdin(&location)
        .stderr("a login of alice")
        .stderr("hint: this token stays valid at Quay; ")
        .fails(1);
    world.run(["print-token"]).stdout(&format!("{old}\n")).succeeds();
}
