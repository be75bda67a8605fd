//! What another website in a real Chromium can do to a login, even if it knows the redirect URI with the nonce.

use serde_json::json;

use super::request::{Expected, row};
use super::{PLANTED, Waiting};
use crate::support::browser::Browser;

/// A login at `localhost`, and a browser that shows another website.
fn login_and_website() -> (Waiting, Browser) {
    let waiting = Waiting::start_at("localhost");
    let browser = Browser::start();
    browser.goto(&waiting.world.quay.host());
    (waiting, browser)
}

#[test]
fn a_fetch_from_another_website_never_reaches_the_login() {
    let (waiting, browser) = login_and_website();
    let page = format!("http://{}{}", waiting.authority, waiting.page());
    let body = json!({"query": "", "fragment": format!("access_token={PLANTED}&token_type=Bearer")}).to_string();
    let json = json!({"Content-Type": "application/json"});
    let fetch = |address: &str, init: serde_json::Value| {
        browser.execute(&format!("return fetch({address:?}, {init}).then(answer => answer.type, error => error.name)"))
    };
    // The same fetch works on its own origin.
    assert_eq!(fetch("/", json!({"method": "POST", "headers": json, "body": body})), "basic");
    for (name, init) in [
        ("JSON", json!({"method": "POST", "headers": json, "body": body})),
        ("JSON, unseen", json!({"method": "POST", "headers": json, "body": body, "mode": "no-cors"})),
        ("JSON with credentials", json!({"method": "POST", "headers": json, "body": body, "credentials": "include"})),
        ("text", json!({"method": "POST", "body": body})),
        ("text, unseen", json!({"method": "POST", "body": body, "mode": "no-cors"})),
        ("another method", json!({"method": "PUT", "body": body})),
        ("visit", json!({})),
        ("visit, unseen", json!({"mode": "no-cors"})),
    ] {
        assert_eq!(fetch(&page, init), "TypeError", "{name}");
        waiting.still_waits(name);
    }
    let beacon = format!("return navigator.sendBeacon({page:?}, new Blob([{body:?}], {{type: 'text/plain'}}))");
    assert_eq!(browser.execute(&beacon), true);
    waiting.still_waits("a beacon");
    waiting.completes_without_warning();
}

#[test]
fn images_frames_and_forms_of_another_website_change_nothing() {
    let (waiting, browser) = login_and_website();
    let ours = format!("http://{}", waiting.authority);
    // Resolves when the element has loaded or failed.
    let embed = |element: &str, source: &str| {
        format!(
            "return new Promise(done => {{
                 const element = document.createElement({element:?});
                 element.onload = element.onerror = event => done(event.type);
                 element.src = {source:?};
                 document.body.append(element);
             }})"
        )
    };
    for error in ["access_denied", "redirect_uri_mismatch", "invalid_scope"] {
        for path in [waiting.path.clone(), waiting.page()] {
            let source = format!("{ours}{path}?error={error}");
            assert_eq!(browser.execute(&embed("img", &source)), "error", "{source}");
            assert_eq!(browser.execute(&embed("iframe", &source)), "load", "{source}");
        }
    }

    let frame = embed("iframe", &format!("{ours}{}#access_token={PLANTED}&token_type=Bearer", waiting.page()));
    assert_eq!(browser.execute(&frame), "load");
    waiting.still_waits("frames");

    let form = format!(
        "return new Promise(done => {{
             const frame = document.createElement('iframe');
             frame.name = 'target';
             document.body.append(frame);
             const form = document.createElement('form');
             Object.assign(form, {{method: 'POST', enctype: 'text/plain', target: 'target', action: {:?}}});
             const field = document.createElement('input');
             field.name = '{{\"query\":\"\",\"fragment\":\"access_token={PLANTED}&token_type=Bearer&x';
             field.value = '\"}}';
             form.append(field);
             document.body.append(form);
             frame.onload = () => done('load');
             form.submit();
         }})",
        format!("{ours}{}", waiting.page())
    );
    assert_eq!(browser.execute(&form), "load");
    waiting.check_all([row("after all of these", Expected::Response(404), waiting.get("/"))]);
    waiting.completes_without_warning();
}
