//! Every way in which a login can end, by plain HTTP: the stand-in's answer, what the page would hand over, exit code and store.

use std::net::TcpListener;

use nix::sys::signal::Signal;
use url::Url;

use crate::quay::Verify;
use crate::world::{CLIENT_ID, World, hand_over, token_of};

/// The token of the only login, and nothing else, is what `print-token` prints.
fn assert_holds(world: &World, token: &str) {
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

/// Nothing is kept.
fn assert_holds_nothing(world: &World) {
    world.run(["print-token", "--host", &world.quay.host()]).stderr("there is no login").fails(3);
    assert_eq!(world.profiles_toml(), "");
}

/// The redirect address is nobody's.
fn assert_is_free(world: &World) {
    TcpListener::bind(world.redirect_authority()).expect("a free port");
}

#[test]
fn a_token_with_the_state_is_stored() {
    let world = World::new();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    assert!(location.contains("state="));
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    let said = login.succeeds();
    assert!(said.contains("as alice") && said.contains("repo:read"), "{said}");
    assert_holds(&world, &token_of(&location));
    assert_is_free(&world);
}

#[test]
fn a_token_for_dangerous_scopes_comes_without_state_and_is_stored() {
    let world = World::new();
    let mut login = world.login(&["--scopes", "org:admin,user:admin"]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    assert!(!location.contains("state="));
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    login.succeeds();
    assert_holds(&world, &token_of(&location));
}

#[test]
fn the_text_none_in_place_of_a_state_is_no_state() {
    let world = World::new();
    let mut login = world.login(&[]).start();
    let mut url = Url::parse(&login.authorize_url()).unwrap();
    let rest: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| name != "state").collect();
    url.query_pairs_mut().clear().extend_pairs(rest);
    let location = world.quay.authorize(url.as_str()).unwrap();
    assert!(location.contains("state=None"), "{location}");
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    login.succeeds();
    assert_holds(&world, &token_of(&location));
}

#[test]
fn with_a_live_grant_quay_asks_nothing_and_the_new_token_replaces_the_old() {
    let world = World::new();
    let old = world.log_in();
    let new = world.log_in();
    assert_ne!(old, new);
    assert_holds(&world, &new);
}

#[test]
fn cancel_changes_nothing() {
    let world = World::new();
    let old = world.log_in();
    let mut login = world.login(&["--scopes", "repo:write"]).start();
    let location = world.quay.deny(&login.authorize_url()).unwrap();
    assert_eq!(hand_over(&location), (200, "refused".to_owned()));
    let said = login.fails(5);
    assert!(said.contains("cancelled") && said.contains("hint: "), "{said}");
    assert_holds(&world, &old);
    assert_is_free(&world);
}

#[test]
fn a_mismatch_is_told_once_with_the_address_to_register_and_the_login_goes_on() {
    let world = World::new();
    world.quay.add_application(CLIENT_ID, &format!("http://{}/other", world.redirect_authority()));
    let mut login = world.login(&[]).start();
    let url = login.authorize_url();
    let mut browser = crate::quay::Browser::new(world.redirect_authority().parse().unwrap());
    for _ in 0..3 {
        let location = world.quay.authorize(&url).unwrap();
        let target = location.split_once(world.redirect_authority()).unwrap().1;
        let page = browser.get(target);
        assert_eq!(page.status, 400);
        assert!(page.words().contains(&world.redirect_uri));
    }
    login.says("another redirect URI registered");
    world.quay.add_application(CLIENT_ID, &world.redirect_uri);
    let location = world.quay.authorize(&url).unwrap();
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    let said = login.succeeds();
    assert_eq!(said.matches("another redirect URI registered").count(), 1, "{said}");
    assert!(
        said.contains(&format!(
            "register exactly this one in the application's settings, then run the login again: {}\n",
            world.redirect_uri
        )),
        "{said}"
    );
    assert_holds(&world, &token_of(&location));
}

#[test]
fn a_token_that_quay_refuses_is_not_stored() {
    let world = World::new();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    world.quay.set_verify(Verify::Unauthorized);
    assert_eq!(hand_over(&location), (502, "not_valid".to_owned()));
    let said = login.fails(5);
    assert!(said.contains("does not accept this token") && said.contains("could not be validated"), "{said}");
    assert_holds_nothing(&world);
}

#[test]
fn a_token_that_cannot_be_checked_is_stored_and_marked() {
    for verify in [Verify::Hang, Verify::Status(503)] {
        let world = World::new();
        let mut login = world.login(&[]).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        world.quay.set_verify(verify);
        assert_eq!(hand_over(&location), (200, "stored_unverified".to_owned()));
        let said = login.succeeds();
        assert!(said.contains("warning: ") && said.contains("not known whether"), "{said}");
        assert_holds(&world, &token_of(&location));
        world.run(["status", "--offline"]).prints("(unverified)").succeeds();
    }
}

#[test]
fn an_unknown_client_id_is_told_before_anybody_is_sent_to_quay() {
    let world = World::new();
    world.login(&["--client-id", "NOBODYKNOWSTHISONE01"]).stderr("knows no application").fails(5);
    assert!(world.quay.requests().iter().all(|request| request.path != "/oauth/authorize"));
}

#[test]
fn without_a_client_id_the_error_says_how_to_make_an_application() {
    let world = World::new();
    let host = world.quay.host();
    world
        .run(["login", "--host", &host, "--no-browser"])
        .stderr("no client id is known for")
        .stderr("OAuth Applications")
        .stderr("http://127.0.0.1:7829/callback")
        .stderr(&format!("quay-auth login --host {host} --client-id ID"))
        .fails(2);
}

#[test]
fn without_an_answer_the_login_ends_in_time() {
    let world = World::new();
    world
        .login(&["--timeout", "1s"])
        .stderr("/oauth/authorize?")
        .stderr("no answer came from the browser in time")
        .stderr("close the browser's Quay tab")
        .fails(6);
    assert_is_free(&world);
    assert_holds_nothing(&world);
}

#[test]
fn a_signal_ends_the_login_with_its_code_and_frees_the_port() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let world = World::new();
        let mut login = world.login(&[]).start();
        login.authorize_url();
        login.signal(signal);
        let said = login.fails(code);
        assert!(said.contains("nothing was changed"), "{said}");
        assert_is_free(&world);
        assert_holds_nothing(&world);
    }
}

#[test]
fn another_users_token_does_not_replace_the_one_that_is_there() {
    let world = World::new();
    let old = world.log_in();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    world.quay.set_verify(Verify::As("bob".to_owned()));
    assert_eq!(hand_over(&location), (409, "another_user".to_owned()));
    let said = login.fails(1);
    assert!(said.contains("a login of alice") && said.contains("one of bob"), "{said}");
    assert_holds(&world, &old);
    world.run(["status"]).prints("alice").succeeds();

    // In a profile of its own it is welcome.
    let other = world.complete(world.login(&["--profile", "bob"]).start());
    world.run(["print-token", "--profile", "bob"]).stdout(&format!("{other}\n")).succeeds();
    assert_holds(&world, &old);
}

#[test]
fn a_profile_that_was_logged_out_is_open_to_anybody() {
    let world = World::new();
    world.log_in();
    world.run(["logout"]).stderr("Forgot the token").succeeds();
    world.quay.set_verify(Verify::As("bob".to_owned()));
    // The settings of the login before are remembered: nothing but the browser's part is said again.
    let token = world.complete(world.run(["login", "--no-browser"]).start());
    assert_holds(&world, &token);
    world.run(["status"]).prints("bob").succeeds();
}
