//! What a browser does with the URL that contains the token, and with the page of quay-auth.

use std::fs;
use std::path::Path;

use crate::quay_standin::Verify;
use crate::support::browser::{Browser, Engine};
use crate::support::server::{Server, answer};
use crate::support::world::World;

/// Whether any file below the folder contains the text.
pub(super) fn contains(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => contains(&path, text),
        // Sockets and locks may not be readable.
        false => fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes())),
    })
}

/// Logs in with that browser and closes it. Returns whether its files then contain the token.
fn stores_the_token(engine: Engine) -> bool {
    let world = World::new();
    let browser = Browser::start_as(engine);
    browser.approve(world.login(&[]).start());
    assert!(browser.text("main").contains("history still has this page’s URL with the token"));
    let folder = browser.folder();
    drop(browser);
    contains(folder.path(), &world.quay.tokens().pop().unwrap().value)
}

/// quay-auth cannot prevent this, so the page and the README explain it. If a browser stops storing the URL, they must be changed.
#[test]
fn the_browser_history_contains_the_token_unless_the_window_is_private() {
    assert!(stores_the_token(Engine::Chromium));
    assert!(!stores_the_token(Engine::PrivateChromium));
    assert!(stores_the_token(Engine::Firefox));
    assert!(!stores_the_token(Engine::PrivateFirefox));
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains("your browser history keeps a URL that contains the token"));
}

#[test]
fn markup_in_a_user_name_is_shown_as_text_and_scripts_cannot_be_injected() {
    let world = World::new();
    let name = "<img src=x onerror=window.hit=1>";
    world.quay.set_verify(Verify::As(name.to_owned()));
    let browser = Browser::start();
    browser.approve(world.login(&[]).start());
    assert!(browser.text("main").contains(name));
    // Shows that scripts of the test can run.
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
}

#[test]
fn a_quay_on_the_internet_can_redirect_to_loopback_but_not_fetch_from_there() {
    let world = World::new();
    let port = world.quay.host().rsplit(':').next().unwrap().parse().unwrap();
    let other = Server::start(vec![answer("200 OK", "", "x"), answer("200 OK", "", "x")]);
    let fetch = format!(
        "return fetch('{}/', {{mode: 'no-cors'}}).then(answer => answer.type, error => error.name)",
        other.host()
    );
    // Shows that a page from this machine can.
    let browser = Browser::start();
    browser.goto(&world.quay.host());
    assert_eq!(browser.execute(&fetch), "opaque");
    drop(browser);

    let browser = Browser::start_as(Engine::ChromiumWithPublic(port));
    browser.goto(&world.quay.host());
    assert_eq!(browser.execute(&fetch), "TypeError");
    browser.approve(world.login(&[]).start());
}
