//! A whole life of a token on Windows.

use std::fs;

use super::{kept, login, run};
use crate::browser::Browser;
use crate::world::World;

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_login_by_a_real_browser_is_printed_shown_and_forgotten() {
    let world = World::answered_at("localhost");
    let host = world.quay.host();
    let mut waiting = login(&world, &host, "file", &["--scopes", "repo:read,user:read"]).start();
    let browser = Browser::start();
    browser.goto(waiting.authorize_url().trim_end());
    browser.press("Authorize Application");
    browser.shows("stored");
    let said = waiting.succeeds();
    assert!(said.contains(&format!("Logged in to {host} as alice.")), "{said}");
    let token = world.quay.tokens().pop().unwrap().value;

    // A newline alone, also here: what reads it is a script.
    run(&world, &["print-token"]).stdout(&format!("{token}\n")).succeeds();
    run(&world, &["print-token", "--require", "user:read"]).stdout(&format!("{token}\n")).succeeds();
    run(&world, &["print-token", "--require", "org:admin"]).stderr("lacks org:admin").fails(3);
    let status = run(&world, &["status"]).prints("alice").prints("repo:read,user:read").prints("accepted").succeeds();
    assert!(!status.stdout.contains('\x1b'), "{status}");
    assert!(fs::read_to_string(kept(&world, "tokens.toml")).unwrap().contains(&token));
    assert!(!fs::read_to_string(kept(&world, "profiles.toml")).unwrap().contains(&token));

    run(&world, &["logout"]).stderr("Forgot").succeeds();
    assert!(!fs::read_to_string(kept(&world, "tokens.toml")).unwrap().contains(&token));
    run(&world, &["print-token"]).stderr("there is no login").fails(3);
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_second_login_at_the_same_address_is_8() {
    let world = World::new();
    let host = world.quay.host();
    let mut first = login(&world, &host, "file", &[]).start();
    let url = first.authorize_url();
    login(&world, &host, "file", &[]).stderr("error: ").fails(8);
    let location = world.quay.authorize(url.trim_end()).unwrap();
    assert_eq!(crate::world::hand_over(&location), (200, "stored".to_owned()));
    first.succeeds();
}
