//! After the consent nothing is lost; and where a good token is kept already, nothing is done.

use super::first_time::agree;
use crate::browser::Browser;
use crate::keyring::Keyring;
use crate::pty::Terminal;
use crate::quay::Verify;
use crate::world::{CLIENT_ID, World, hand_over, token_of};

/// A login into the keyring at a terminal, whose keyring is locked once it waits. Returns it when it asks what to do, and the token.
fn with_a_keyring_that_locks(world: &World, keyring: &Keyring) -> (Terminal, String) {
    let host = world.quay.host();
    let flags =
        ["login", "--host", &host, "--client-id", CLIENT_ID, "--no-browser", "--redirect-uri", &world.redirect_uri];
    let mut terminal = Terminal::start(world, &flags);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("a consent");
    terminal.shows("Waiting for your consent");
    keyring.lock(world);
    terminal.enters(&location);
    terminal.shows("the keyring is locked");
    terminal.shows("give up (g)?");
    (terminal, token_of(&location))
}

#[test]
fn a_person_chooses_where_a_token_goes_that_its_store_does_not_take() {
    for (answer, code) in [("f", 0), ("p", 4), ("g", 4)] {
        let mut world = World::new();
        let keyring = Keyring::start(&mut world);
        let (mut terminal, token) = with_a_keyring_that_locks(&world, &keyring);
        // What it cannot do is offered again.
        terminal.enters("t");
        terminal.shows_times("give up (g)?", 2);
        terminal.enters(answer);
        let screen = terminal.ends(code);
        assert_eq!(screen.contains(&token), answer == "p", "{answer}: {screen}");
        match answer {
            "f" => drop(world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds()),
            _ => {
                assert!(screen.contains("this token stays valid at Quay"), "{screen}");
                world.run(["print-token"]).stderr("there is no login for").fails(3);
            }
        }
    }
}

#[test]
fn without_a_person_the_page_is_told_and_the_exit_is_the_stores() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    let mut login = world.login(&["--store", "keyring"]).start();
    let location = world.quay.authorize(&login.authorize_url()).expect("a consent");
    keyring.lock(&world);
    assert_eq!(hand_over(&location), (507, "store_failed".to_owned()));
    let said = login.fails(4);
    assert!(said.contains("the keyring is locked") && said.contains("this token stays valid at Quay"), "{said}");
    assert!(!said.contains(&token_of(&location)), "{said}");
}

#[test]
fn another_users_token_takes_the_place_of_the_old_one_only_if_the_person_says_so() {
    for (answer, replaced) in [("y", true), ("", false)] {
        let world = World::new();
        let old = world.log_in();
        world.quay.set_verify(Verify::As("mallory".to_owned()));
        let mut terminal = Terminal::log_in(&world, &[]);
        let location = world.quay.authorize(&terminal.authorize_url()).expect("a consent");
        terminal.shows("Waiting for your consent");
        terminal.enters(&location);
        terminal.shows("is a login of alice, and this token is one of mallory. Replace it? [y/N]");
        terminal.enters(answer);
        terminal.ends(u32::from(!replaced));
        let kept = if replaced { token_of(&location) } else { old };
        world.run(["print-token"]).stdout(&format!("{kept}\n")).succeeds();
    }
}

#[test]
fn if_needed_does_nothing_while_a_good_token_is_kept() {
    let world = World::new();
    let token = world.log_in();
    let authorized = || world.quay.requests().iter().filter(|request| request.path == "/oauth/authorize").count();
    let before = authorized();
    world.login(&["--if-needed"]).stderr("is logged in already").succeeds();
    world.quay.set_verify(Verify::Status(503));
    world.login(&["--if-needed"]).stderr("is left as it is").succeeds();
    world.quay.set_verify(Verify::Normal);
    assert_eq!(authorized(), before);
    let wider = world.complete(world.login(&["--if-needed", "--scopes", "repo:read,user:read"]).start());
    assert_ne!(token, wider);
    world.quay.revoke(&wider);
    let fresh = world.complete(world.login(&["--if-needed"]).start());
    assert_ne!(wider, fresh);
    world.run(["print-token"]).stdout(&format!("{fresh}\n")).succeeds();
}

#[test]
fn an_assignment_goes_along() {
    let world = World::new();
    let uuid = "0a1b2c3d-0000-4000-8000-000000000000";
    let mut login = world.login(&["--assignment", uuid]).start();
    assert!(login.authorize_url().contains(&format!("&assignment_uuid={uuid}")));
}

#[test]
fn for_ever_is_long() {
    let world = World::new();
    let terminal = Terminal::log_in(&world, &["--timeout", "0"]);
    terminal.shows("Waiting for your consent");
    assert!(!terminal.screen().contains(" left)"), "no end is shown: {}", terminal.screen());
    agree(&world, &terminal);
    terminal.ends(0);
}

/// The page offers the token, on a click and not before, and says how to use it.
fn assert_offered(world: &World, browser: &Browser, token: &str) {
    let everything = || {
        let values = "[...document.querySelectorAll('input')].map(input => input.value).join()";
        browser.execute(&format!("return document.documentElement.outerHTML + {values}")).to_string()
    };
    assert!(!everything().contains(token), "the token is in the page before anybody asked for it");
    assert!(browser.text("main").contains(&format!("quay-auth login --with-token --host {}", world.quay.host())));
    // Where the clipboard is out of reach, a field shows it.
    browser.execute("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))");
    browser.press("Copy the token");
    let shown = "return document.querySelector('#token_field').value";
    let give_up = std::time::Instant::now() + crate::world::PATIENCE;
    while browser.execute(shown).as_str() != Some(token) {
        assert!(std::time::Instant::now() < give_up, "{}", everything());
    }
    world.quay.set_verify(Verify::Normal);
    let host = world.quay.host();
    let by_hand = ["login", "--with-token", "--store", "file", "--host", &host];
    world.run(by_hand).stdin(token).stderr("Logged in to").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn a_page_whose_program_was_killed_keeps_the_token_and_offers_it() {
    let world = World::new();
    world.quay.set_verify(Verify::Hang);
    let browser = Browser::start();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).expect("a consent");
    browser.goto(&location);
    // From here on the program has the token and asks Quay about it.
    let give_up = std::time::Instant::now() + crate::world::PATIENCE;
    while !world.quay.requests().iter().any(|request| request.path == "/v2/auth") {
        assert!(std::time::Instant::now() < give_up, "Quay is asked about the token");
        std::thread::yield_now();
    }
    login.signal(nix::sys::signal::Signal::SIGKILL);
    assert_eq!(login.wait().code, -1);
    browser.shows("gone");
    assert_offered(&world, &browser, &token_of(&location));
}

#[test]
fn a_page_whose_token_no_store_took_offers_it() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    let browser = Browser::start();
    let mut login = world.login(&["--store", "keyring"]).start();
    let location = world.quay.authorize(&login.authorize_url()).expect("a consent");
    keyring.lock(&world);
    browser.goto(&location);
    browser.shows("store_failed");
    login.fails(4);
    assert_offered(&world, &browser, &token_of(&location));
}
