//! A login in Chromium: the stand-in's consent page, then the page of quay-auth.

use crate::quay_standin::Verify;
use crate::support::browser::Browser;
use crate::support::world::{CLIENT_ID, World, post_to_catcher, token_of};

/// How many requests the script of the current page has sent.
fn fetch_count(browser: &Browser) -> u64 {
    let fetches =
        "return performance.getEntriesByType('resource').filter(entry => entry.initiatorType === 'fetch').length";
    browser.execute(fetches).as_u64().unwrap_or(u64::MAX)
}

#[test]
fn one_click_logs_in() {
    // For `localhost`, Chromium tries `::1` first.
    let world = World::with_redirect_host("localhost");
    let browser = Browser::start();
    let messages = browser.approve(world.login(&["--scopes", "repo:read,user:read"]).start());
    let token = world.quay.tokens().pop().unwrap().value;
    let host = world.quay.host();
    assert!(messages.contains(&format!("Logged in to {host} as alice.")) && !messages.contains(&token), "{messages}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    world.run(["status"]).prints("alice").prints("repo:read,user:read").prints("file").succeeds();

    let page = browser.text("main");
    for text in [&*format!("Logged in to {host}"), "alice", "repo:read, user:read", "history"] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    let url = browser.url();
    assert!(url.starts_with(&world.redirect_uri) && !url.contains(['#', '?']), "{url}");
    let everything =
        browser.execute("return document.documentElement.outerHTML + document.title + JSON.stringify(history.state)");
    assert!(!everything.to_string().contains(&token), "the token is in the page: {everything}");
    assert_eq!(fetch_count(&browser), 1);
}

#[test]
fn dangerous_scopes_need_a_second_click_and_work_without_a_state() {
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
fn a_redirect_uri_mismatch_is_explained_and_can_be_fixed_while_the_login_waits() {
    let world = World::new();
    let browser = Browser::start();
    // Quay sends the browser to the redirect URI that is registered, which is a different one.
    world.quay.add_application(CLIENT_ID, &format!("http://{}/other", world.redirect_authority()));
    let mut login = world.login(&[]).start();
    let url = login.authorize_url();
    browser.goto(&url);
    browser.shows("mismatch");
    assert!(browser.text("main").contains(&world.redirect_uri));
    login.says(&format!("seems to have the redirect URI http://{}/other, not ", world.redirect_authority()));
    login.says(&format!(
        "hint: or set it to exactly {} in the application's settings, then log in again",
        world.redirect_uri
    ));

    world.quay.add_application(CLIENT_ID, &world.redirect_uri);
    browser.goto(&url);
    browser.press("Authorize Application");
    browser.shows("stored");
    login.succeeds();
}

#[test]
fn the_second_tab_says_that_the_login_already_has_a_token() {
    let world = World::new();
    let browser = Browser::start();
    let mut login = world.login(&[]).start();
    let url = login.authorize_url();
    let [first, second] = [world.quay.authorize(&url).unwrap(), world.quay.authorize(&url).unwrap()];
    // The second token arrives while Quay is asked about the first.
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
fn reload_and_the_back_button_do_not_send_the_response_again() {
    let world = World::new();
    let browser = Browser::start();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    // With a wrong state, so that the login keeps waiting and could receive a second POST.
    browser.goto(&location.replacen("state=", "state=x", 1));
    browser.shows("rejected");
    assert_eq!(fetch_count(&browser), 1);
    browser.refresh();
    browser.shows("nothing");
    assert_eq!(fetch_count(&browser), 0);
    browser.goto(&world.quay.host());
    browser.back();
    browser.shows("nothing");
    assert_eq!(fetch_count(&browser), 0);

    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    login.succeeds();
}
