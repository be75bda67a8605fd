//! What a person sees and clicks: Chromium on the stand-in's consent page and then on ours.

use crate::browser::Browser;
use crate::quay::Verify;
use crate::world::{CLIENT_ID, World, hand_over, token_of};

/// How many times the page that is shown has handed something over.
fn handed_over(browser: &Browser) -> u64 {
    let fetches =
        "return performance.getEntriesByType('resource').filter(entry => entry.initiatorType === 'fetch').length";
    browser.execute(fetches).as_u64().unwrap_or(u64::MAX)
}

#[test]
fn one_click_logs_in() {
    // By this name Chromium comes to `::1` first, and the registered address says nothing of families.
    let world = World::answered_at("localhost");
    let browser = Browser::start();
    let mut login = world.login(&["--scopes", "repo:read,user:read"]).start();
    browser.goto(&login.authorize_url());
    browser.press("Authorize Application");
    browser.shows("stored");

    let said = login.succeeds();
    let token = world.quay.tokens().pop().unwrap().value;
    let host = world.quay.host();
    assert!(said.contains(&format!("Logged in to {host} as alice.")) && !said.contains(&token), "{said}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    world.run(["status"]).prints("alice").prints("repo:read,user:read").prints("file").succeeds();

    let page = browser.text("main");
    for words in [&*format!("Logged in to {host}"), "alice", "repo:read, user:read", "history"] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
    let address = browser.url();
    assert!(address.starts_with(&world.redirect_uri) && !address.contains(['#', '?']), "{address}");
    let everything =
        browser.execute("return document.documentElement.outerHTML + document.title + JSON.stringify(history.state)");
    assert!(!everything.to_string().contains(&token), "the token is in the page: {everything}");
    assert_eq!(handed_over(&browser), 1);
}

#[test]
fn dangerous_scopes_are_confirmed_and_come_back_without_state() {
    let world = World::new();
    let browser = Browser::start();
    let mut login = world.login(&["--scopes", "org:admin,user:admin"]).start();
    browser.goto(&login.authorize_url());
    browser.press("Authorize Application");
    browser.press("Authorize Application");
    browser.shows("stored");
    login.succeeds();
    world.run(["print-token", "--require", "org:admin,user:admin"]).prints("\n").succeeds();
}

#[test]
fn cancel_ends_the_login() {
    let world = World::new();
    let browser = Browser::start();
    let mut login = world.login(&[]).start();
    browser.goto(&login.authorize_url());
    browser.press("Cancel");
    browser.shows("refused");
    assert!(browser.text("main").contains("Nothing was stored"));
    login.fails(5);
}

#[test]
fn a_mismatch_is_explained_and_mended_without_a_new_login() {
    let world = World::new();
    let browser = Browser::start();
    // Quay sends the browser to the registered address, which is another one.
    world.quay.add_application(CLIENT_ID, &format!("http://{}/other", world.redirect_authority()));
    let mut login = world.login(&[]).start();
    let url = login.authorize_url();
    browser.goto(&url);
    browser.shows("mismatch");
    assert!(browser.text("main").contains(&world.redirect_uri));
    login.says("another redirect URI registered");

    world.quay.add_application(CLIENT_ID, &world.redirect_uri);
    browser.goto(&url);
    browser.press("Authorize Application");
    browser.shows("stored");
    login.succeeds();
}

#[test]
fn the_second_of_two_tabs_learns_that_it_is_late() {
    let world = World::new();
    let browser = Browser::start();
    let mut login = world.login(&[]).start();
    let url = login.authorize_url();
    let [first, second] = [world.quay.authorize(&url).unwrap(), world.quay.authorize(&url).unwrap()];
    // While Quay is being asked about the first, the second arrives.
    world.quay.set_verify(Verify::Hang);
    browser.goto(&first);
    browser.new_tab();
    browser.goto(&second);
    browser.shows("already_answered");
    browser.tab(0);
    browser.shows("stored_unverified");
    login.succeeds();
    world.run(["print-token"]).stdout(&format!("{}\n", token_of(&first))).succeeds();
}

#[test]
fn reload_and_back_hand_nothing_over_again() {
    let world = World::new();
    let browser = Browser::start();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    // Refused, so that the login waits on and would hear of a second try.
    browser.goto(&location.replacen("state=", "state=x", 1));
    browser.shows("rejected");
    assert_eq!(handed_over(&browser), 1);
    browser.refresh();
    browser.shows("nothing");
    assert_eq!(handed_over(&browser), 0);
    browser.goto(&world.quay.host());
    browser.back();
    browser.shows("nothing");
    assert_eq!(handed_over(&browser), 0);

    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    login.succeeds();
}
