//! What happens to a token whose store fails after the approval; and `--if-needed`, when a valid token is already stored.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::quay_standin::Verify;
use crate::support::browser::Browser;
use crate::support::keyring::Keyring;
use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, World, post_to_catcher, token_of};

/// A login at a terminal whose keyring is locked while it waits. Returns the terminal, which then asks what to do, and the token.
fn log_in_with_a_keyring_that_locks(world: &World, keyring: &Keyring) -> (Terminal, String) {
    let host = world.quay.host();
    let flags =
        ["login", "--host", &host, "--client-id", CLIENT_ID, "--no-browser", "--redirect-uri", &world.redirect_uri];
    let mut terminal = Terminal::start(world, &flags);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    terminal.shows("Waiting for your approval");
    keyring.lock(world);
    terminal.enters(&location);
    terminal.shows("the keyring is locked");
    terminal.shows("give up (g)?");
    (terminal, token_of(&location))
}

#[test]
fn at_a_terminal_the_user_chooses_what_to_do_when_the_store_fails() {
    for (answer, code) in [("f", 0), ("p", 4), ("g", 4)] {
        let mut world = World::new();
        let keyring = Keyring::start(&mut world);
        let (mut terminal, token) = log_in_with_a_keyring_that_locks(&world, &keyring);
        // The keyring is still locked, so the question is asked again.
        terminal.enters("t");
        terminal.shows_times("give up (g)?", 2);
        terminal.enters(answer);
        let screen = terminal.ends(code);
        assert_eq!(screen.contains(&token), answer == "p", "{answer}: {screen}");
        match answer {
            "f" => drop(world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds()),
            _ => {
                assert!(screen.contains("the new token may still be valid at Quay"), "{screen}");
                world.run(["print-token"]).stderr("there is no login for").fails(3);
            }
        }
    }
}

#[test]
fn without_a_terminal_a_failing_store_is_exit_code_4() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    let mut login = world.login(&["--store", "keyring"]).start();
    let location = world.quay.authorize(&login.authorize_url()).expect("an approval");
    keyring.lock(&world);
    assert_eq!(post_to_catcher(&location), (507, "store_failed".to_owned()));
    let messages = login.fails(4);
    assert!(
        messages.contains("the keyring is locked") && messages.contains("the new token may still be valid at Quay"),
        "{messages}"
    );
    assert!(!messages.contains(&token_of(&location)), "{messages}");
}

#[test]
fn at_a_terminal_login_asks_before_it_replaces_another_users_token() {
    for (answer, replaced) in [("y", true), ("", false)] {
        let world = World::new();
        let old = world.log_in();
        world.quay.set_verify(Verify::As("mallory".to_owned()));
        let mut terminal = Terminal::log_in(&world, &[]);
        let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
        terminal.shows("Waiting for your approval");
        terminal.enters(&location);
        terminal.shows("is logged in as alice, but this token belongs to mallory. Replace alice's login? [y/N]");
        terminal.enters(answer);
        terminal.ends(u32::from(!replaced));
        let expected = if replaced { token_of(&location) } else { old };
        world.run(["print-token"]).stdout(&format!("{expected}\n")).succeeds();
    }
}

#[test]
fn if_needed_does_nothing_if_a_valid_token_with_these_scopes_is_stored() {
    let world = World::new();
    let token = world.log_in();
    let authorized = || world.quay.requests().iter().filter(|request| request.path == "/oauth/authorize").count();
    let before = authorized();
    world.login(&["--if-needed"]).stderr("is already logged in").succeeds();
    world.quay.set_verify(Verify::Status(503));
    world.login(&["--if-needed"]).stderr("could not check the stored token").succeeds();
    world.quay.set_verify(Verify::Normal);
    assert_eq!(authorized(), before);
    let wider = world.complete(world.login(&["--if-needed", "--scopes", "repo:read,repo:write"]).start());
    assert_ne!(token, wider);
    world.quay.revoke(&wider);
    let fresh = world.complete(world.login(&["--if-needed"]).start());
    assert_ne!(wider, fresh);
    world.run(["print-token"]).stdout(&format!("{fresh}\n")).succeeds();
}

#[test]
fn if_needed_replaces_an_entry_that_is_not_the_stored_token() {
    for other in ["Z".repeat(40), "short".to_owned()] {
        let world = World::new();
        let token = world.log_in();
        let file = world.data_folder().join("tokens.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace(&token, &other)).unwrap();
        let new = world.complete(world.login(&["--if-needed"]).start());
        world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
    }
}

#[test]
fn a_profile_keeps_its_scopes_when_it_logs_in_again() {
    let (world, token) = World::with_token("repo:read");
    world.login(&["--if-needed"]).stderr("is already logged in").succeeds();
    let second = world.complete(world.login(&[]).start());
    assert_ne!(token, second);
    world.run(["status"]).prints("  alice  repo:read  file").succeeds();
    world.run(["api", "user/"]).stderr("lacks user:read").stderr(" --add-scopes user:read\n").fails(5);
    world.complete(world.login(&["--add-scopes", "user:read"]).start());
    world.run(["api", "user/"]).prints("\"username\": \"alice\"").succeeds();
}

/// Copies the token from the page, where it appears only after a click, and stores it with the command that the page shows.
fn assert_token_can_be_copied(world: &World, browser: &Browser, token: &str) {
    let everything = || {
        let values = "[...document.querySelectorAll('input')].map(input => input.value).join()";
        browser.execute(&format!("return document.documentElement.outerHTML + {values}")).to_string()
    };
    assert!(!everything().contains(token), "the token is in the page before the click");
    let command = browser.execute("return document.querySelector('.by_hand pre').textContent").to_string();
    assert!(command.contains(&format!("quay-auth login --host {}", world.quay.host())), "{command}");
    assert!(command.contains(" --client-id ") && command.contains(" --with-token"), "{command}");
    // Without access to the clipboard, the page shows the token in a field.
    browser.execute("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))");
    browser.press("Copy the token");
    let shown = "return document.querySelector('#token_field').value";
    let give_up = std::time::Instant::now() + crate::support::world::PATIENCE;
    while browser.execute(shown).as_str() != Some(token) {
        assert!(std::time::Instant::now() < give_up, "{}", everything());
    }
    world.quay.set_verify(Verify::Normal);
    let host = world.quay.host();
    let arguments = ["login", "--with-token", "--store", "file", "--host", &host];
    world.run(arguments).stdin(token).stderr("Logged in to").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

/// A browser that shows the page of a login that was killed while it stored the token, and the URL with the token.
fn killed_while_storing(world: &World) -> (Browser, String) {
    world.quay.set_verify(Verify::Hang);
    let browser = Browser::start();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).expect("an approval");
    browser.goto(&location);
    // quay-auth has the token now, and asks Quay about it.
    let give_up = std::time::Instant::now() + crate::support::world::PATIENCE;
    while !world.quay.requests().iter().any(|request| request.path == "/v2/auth") {
        assert!(std::time::Instant::now() < give_up, "Quay was not asked about the token");
        std::thread::yield_now();
    }
    login.signal(nix::sys::signal::Signal::SIGKILL);
    assert_eq!(login.wait().code, -1);
    browser.shows("gone");
    assert!(browser.text("main").contains("can no longer reach it. The program has probably ended."));
    (browser, location)
}

#[test]
fn the_token_can_be_copied_from_the_page_after_quay_auth_was_killed() {
    let world = World::new();
    let (browser, location) = killed_while_storing(&world);
    assert_token_can_be_copied(&world, &browser, &token_of(&location));
}

#[test]
fn the_token_can_be_copied_from_the_page_after_another_login_or_program_answered_it() {
    let world = World::new();
    let (browser, location) = killed_while_storing(&world);
    let answers = "const fetched = window.fetch; window.answers = []; \
                   window.fetch = async (...request) => { \
                       const answer = await fetched(...request); window.answers.push(answer.status); return answer; }";
    browser.execute(answers);
    let tries_again = |answered: u64| {
        browser.press("Try again");
        let give_up = std::time::Instant::now() + crate::support::world::PATIENCE;
        while browser.execute("return window.answers.at(-1)").as_u64() != Some(answered) {
            assert!(std::time::Instant::now() < give_up, "no {answered}: {}", browser.execute("return window.answers"));
        }
        browser.shows("gone");
        let page = browser.text("main");
        assert!(page.contains("At Quay it is valid until it expires or you revoke it"), "{page}");
        assert!(page.contains("Copy the token"), "{page}");
        assert!(page.contains("Something answered, but not the login that this page belongs to."), "{page}");
    };
    // A new login has the same port and does not know this page.
    let mut next = world.login(&[]).start();
    next.authorize_url();
    tries_again(404);
    next.signal(nix::sys::signal::Signal::SIGKILL);
    assert_eq!(next.wait().code, -1);
    // Then another program has the port.
    let others = [(200, "<!doctype html>"), (200, r#"{"outcome":"welcome"}"#), (403, "no"), (409, ""), (502, "")];
    answer_posts(TcpListener::bind(world.redirect_authority()).expect("the port of the login"), others);
    others.iter().for_each(|(status, _)| tries_again(*status));
    assert_token_can_be_copied(&world, &browser, &token_of(&location));
}

/// Answers each POST with the next of these statuses and bodies.
fn answer_posts(listener: TcpListener, answers: [(u64, &'static str); 5]) {
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let answers = Arc::clone(&answers);
            // Each in a thread of its own, because browsers open connections in advance and may not use them.
            std::thread::spawn(move || answer_post(socket, &answers));
        }
    });
}

fn answer_post(socket: TcpStream, answers: &Mutex<impl Iterator<Item = (u64, &'static str)>>) -> Option<()> {
    let mut request = BufReader::new(socket);
    let mut head = String::new();
    while request.read_line(&mut head).ok()? > 2 {}
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    request.read_exact(&mut vec![0; length?]).ok()?;
    let (status, body) = answers.lock().expect("the answers").next()?;
    let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    request.get_mut().write_all((head + body).as_bytes()).ok()
}

#[test]
fn the_token_can_be_copied_from_the_page_after_the_store_failed() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    let browser = Browser::start();
    let mut login = world.login(&["--store", "keyring"]).start();
    let location = world.quay.authorize(&login.authorize_url()).expect("an approval");
    keyring.lock(&world);
    browser.goto(&location);
    browser.shows("store_failed");
    login.fails(4);
    assert_token_can_be_copied(&world, &browser, &token_of(&location));
}
