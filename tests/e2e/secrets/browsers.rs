//! What a browser itself does with the address that holds the token, and with our page: keeps the one, and lets nobody into the other.

use std::fs;
use std::path::Path;

use crate::browser::{Browser, Engine};
use crate::quay::Verify;
use crate::server::{Server, answer};
use crate::world::World;

/// Whether any file below the folder holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => holds(&path, text),
        // Not every socket or lock can be read.
        false => fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes())),
    })
}

/// Logs in by that browser and ends it. Returns whether its files hold the token then.
fn keeps_the_token(engine: Engine) -> bool {
    let world = World::new();
    let browser = Browser::start_as(engine);
    let mut login = world.login(&[]).start();
    browser.goto(&login.authorize_url());
    browser.press("Authorize Application");
    browser.shows("stored");
    assert!(browser.text("main").contains("history still holds the address with the token"));
    login.succeeds();
    let folder = browser.folder();
    drop(browser);
    holds(folder.path(), &world.quay.tokens().pop().unwrap().value)
}

/// It cannot be prevented, so page and README say it, with the remedy; should a browser stop keeping it, they are to be revised.
#[test]
fn a_history_keeps_the_token_as_page_and_readme_say_and_a_private_window_does_not() {
    assert!(keeps_the_token(Engine::Chromium));
    assert!(!keeps_the_token(Engine::PrivateChromium));
    assert!(keeps_the_token(Engine::Firefox));
    assert!(!keeps_the_token(Engine::PrivateFirefox));
    let readme = include_str!("../../../README.md");
    assert!(readme.contains("the browser's history keeps the address with the token"));
}

#[test]
fn a_name_with_markup_is_a_name_on_the_page_and_no_script_gets_in() {
    let world = World::new();
    let name = "<img src=x onerror=window.hit=1>";
    world.quay.set_verify(Verify::As(name.to_owned()));
    let browser = Browser::start();
    let mut login = world.login(&[]).start();
    browser.goto(&login.authorize_url());
    browser.press("Authorize Application");
    browser.shows("stored");
    assert!(browser.text("main").contains(name));
    // The control: this much a script may do.
    assert_eq!(browser.execute("document.title = 'x'; return document.title"), "x");
    for attempt in [
        "document.body.innerHTML = '<img src=x onerror=window.hit=1>'",
        "document.body.setAttribute('onclick', 'window.hit=1'); document.body.click()",
        "const script = document.createElement('script'); script.text = 'window.hit=1'; document.head.append(script)",
        "const script = document.createElement('script'); script.src = 'data:text/javascript,window.hit=1'; \
         document.head.append(script)",
    ] {
        let refused = browser.execute(&format!("try {{ {attempt} }} catch (error) {{ return error.name }}"));
        assert_eq!(refused, "TypeError", "{attempt}");
    }
    assert_eq!(browser.execute("return [window.hit ?? null, document.images.length]"), serde_json::json!([null, 0]));
    login.succeeds();
}

#[test]
fn a_quay_on_the_internet_may_send_the_browser_to_loopback_but_not_fetch_there() {
    let world = World::new();
    let port = world.quay.host().rsplit(':').next().unwrap().parse().unwrap();
    let other = Server::start(vec![answer("200 OK", "", "x"), answer("200 OK", "", "x")]);
    let fetch = format!(
        "return fetch('{}/', {{mode: 'no-cors'}}).then(answer => answer.type, error => error.name)",
        other.host()
    );
    // The control: a page of this machine may.
    let browser = Browser::start();
    browser.goto(&world.quay.host());
    assert_eq!(browser.execute(&fetch), "opaque");
    drop(browser);

    let browser = Browser::start_as(Engine::ChromiumWithPublic(port));
    browser.goto(&world.quay.host());
    assert_eq!(browser.execute(&fetch), "TypeError");
    let mut login = world.login(&[]).start();
    browser.goto(&login.authorize_url());
    browser.press("Authorize Application");
    browser.shows("stored");
    login.succeeds();
}
