//! A whole login in Firefox and in WebKit: what differs there is how the fragment and loopback are treated.

use crate::browser::{Browser, Engine};
use crate::world::{World, token_of};

/// Logs in by one click, and sees what the person sees.
fn logs_in(engine: Engine, loopback: &str) {
    let world = World::answered_at(loopback);
    let browser = Browser::start_as(engine);
    let mut login = world.login(&["--scopes", "repo:read,user:read"]).start();
    let url = login.authorize_url();
    // An answer that the login does not take: neither a reload nor the way back brings its token again (T28).
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
    let address = browser.url();
    assert!(address.starts_with(&world.redirect_uri) && !address.contains(['#', '?']), "{address}");
}

#[test]
fn firefox_logs_in_by_address_and_by_name() {
    logs_in(Engine::Firefox, "127.0.0.1");
    logs_in(Engine::Firefox, "localhost");
}

#[test]
fn webkit_logs_in_by_address_and_by_name() {
    logs_in(Engine::WebKit, "127.0.0.1");
    logs_in(Engine::WebKit, "localhost");
}
