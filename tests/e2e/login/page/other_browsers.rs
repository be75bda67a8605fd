//! A login in Firefox and in WebKit, which differ from Chromium in how they treat fragments and loopback.

use crate::support::browser::{Browser, Engine};
use crate::support::world::{World, token_of};

/// Logs in with one click.
fn logs_in(engine: Engine, loopback: &str) {
    let world = World::with_redirect_host(loopback);
    let browser = Browser::start_as(engine);
    let mut login = world.login(&["--scopes", "repo:read,user:read"]).start();
    let url = login.authorize_url();
    // After a response that is rejected, neither a reload nor the back button sends its token again.
    let other = world.quay.authorize(&url).unwrap().replacen("state=", "state=x", 1);
    browser.goto(&other);
    browser.shows("rejected");
    browser.refresh();
    browser.shows("nothing");
    browser.goto(&world.quay.host());
    browser.back();
    browser.shows("nothing");
    let everything =
        browser.execute("return location.href + document.documentElement.outerHTML + JSON.stringify(history.state)");
    assert!(!everything.to_string().contains(&token_of(&other)), "{everything}");
    world.quay.revoke(&token_of(&other));

    browser.goto(&url);
    browser.press("Authorize Application");
    browser.shows("stored");
    login.succeeds();
    let token = world.quay.tokens().pop().unwrap().value;
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert!(browser.text("main").contains("alice"));
    let url = browser.url();
    assert!(url.starts_with(&world.redirect_uri) && !url.contains(['#', '?']), "{url}");
}

#[test]
fn login_works_in_firefox_by_address_and_by_name() {
    logs_in(Engine::Firefox, "127.0.0.1");
    logs_in(Engine::Firefox, "localhost");
}

#[test]
fn login_works_in_webkit_by_address_and_by_name() {
    logs_in(Engine::WebKit, "127.0.0.1");
    logs_in(Engine::WebKit, "localhost");
}
