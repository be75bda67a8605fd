//! Assignments: a user who is no administrator logs in with one, once.

use crate::quay_standin::Failure;
use crate::support::browser::Browser;
use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, PATIENCE, World, token_of};

const UUID: &str = "0a1b2c3d-0000-4000-8000-000000000000";

/// A world where every browser is signed in as bob, who is no administrator, and a profile of bob has a token with these scopes.
fn world(scopes: &str) -> World {
    let world = World::new();
    world.quay.set_everyone_is(Some("bob"));
    let token = world.create_token("bob", scopes);
    let login = ["login", "--with-token", "--store", "file", "--scopes", scopes, "--profile", "other"];
    world.run([&login[..], &["--host", &world.quay.host()]].concat()).stdin(token).stderr("as bob").succeeds();
    world
}

#[test]
fn an_assignment_is_found_with_a_stored_token_that_may_list_them() {
    let world = world("user:admin");
    world.quay.assign("0a1b2c3d-0000-4000-8000-000000000001", "alice", CLIENT_ID, "repo:read");
    world.quay.add_application("ANOTHER", &world.redirect_uri);
    world.quay.assign("0a1b2c3d-0000-4000-8000-000000000002", "bob", "ANOTHER", "repo:read");
    world.quay.assign(UUID, "bob", CLIENT_ID, "repo:read");
    let mut login = world.login(&[]).start();
    login.says(&format!("The application is assigned to you: using --assignment {UUID}."));
    assert!(login.authorize_url().ends_with(&format!("&assignment_uuid={UUID}")));
    world.complete(login);
    world.run(["status"]).prints("bob   repo:read").succeeds();
}

#[test]
fn without_such_a_token_or_assignment_the_login_goes_on() {
    for (scopes, assigned, enabled, status) in [
        ("repo:read", true, true, None),
        ("user:admin", false, true, None),
        // Then Quay refuses every login with an assignment.
        ("user:admin", true, false, None),
        ("user:admin", true, true, Some(403)),
        ("user:admin", true, true, Some(500)),
    ] {
        let world = world(scopes);
        if assigned {
            world.quay.assign(UUID, "bob", CLIENT_ID, "repo:read");
        }
        world.quay.database().settings.assigns_applications = enabled;
        if let Some(status) = status {
            world.quay.fail(Failure::new("/api/v1/user/assignedauthorization", status));
        }
        let mut login = world.login(&[]).start();
        assert!(!login.authorize_url().contains("assignment_uuid"));
        login.signal(nix::sys::signal::Signal::SIGTERM);
        let messages = login.fails(143);
        assert!(!messages.contains("assign"), "{messages}");
    }
}

#[test]
fn a_named_assignment_is_used_without_asking_for_one() {
    let world = world("user:admin");
    world.quay.assign(UUID, "bob", CLIENT_ID, "repo:read");
    let named = "0a1b2c3d-0000-4000-8000-00000000ffff";
    let mut login = world.login(&["--assignment", named]).start();
    assert!(login.authorize_url().ends_with(&format!("&assignment_uuid={named}")));
    assert!(world.quay.requests().iter().all(|request| request.path != "/api/v1/user/assignedauthorization"));
}

/// Where Quay's link "Authorize Application" ends after the user's approval: at the registered redirect URI, without a nonce.
fn follow_quays_link(world: &World) -> String {
    world.quay.assign(UUID, "bob", CLIENT_ID, "repo:read");
    let (host, redirect_uri) = (world.quay.host(), &world.redirect_uri);
    let parameters = format!("response_type=token&client_id={CLIENT_ID}&redirect_uri={redirect_uri}&scope=repo:read");
    world.quay.authorize(&format!("{host}/oauth/authorize?{parameters}&assignment_uuid={UUID}")).expect("an approval")
}

#[test]
fn the_token_of_quays_own_link_can_be_copied_into_the_waiting_terminal() {
    let world = World::new();
    world.quay.set_everyone_is(Some("bob"));
    let mut terminal = Terminal::log_in(&world, &[]);
    terminal.authorize_url();
    let location = follow_quays_link(&world);
    let token = token_of(&location);
    let browser = Browser::start();
    browser.goto(&location);
    browser.shows("unknown");
    assert_eq!(browser.url(), world.redirect_uri);
    let page = browser.text("main");
    assert!(
        page.contains("No login is waiting for this token") && page.contains("quay-auth login --with-token"),
        "{page}"
    );
    let everything = || browser.execute("return document.documentElement.outerHTML").to_string();
    assert!(!everything().contains(&token), "the token is in the page before the click");
    browser.execute("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))");
    browser.press("Copy the token");
    let give_up = std::time::Instant::now() + PATIENCE;
    while browser.execute("return document.querySelector('#token_field').value").as_str() != Some(&token) {
        assert!(std::time::Instant::now() < give_up, "{}", everything());
    }
    terminal.enters(&token);
    let screen = terminal.ends(0);
    // It may be a token with any scopes.
    assert!(screen.contains(" as bob.") && screen.contains("(scopes unknown)"), "{screen}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();

    // A URL without a token has nothing to copy.
    let mut login = world.login(&[]).start();
    login.authorize_url();
    browser.goto(&world.redirect_uri);
    browser.shows("unknown");
    let page = browser.text("main");
    assert!(page.contains("No login is waiting here") && !page.contains("Copy the token"), "{page}");
}
