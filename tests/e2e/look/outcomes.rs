//! Each outcome in light and dark, wide and narrow: a picture for people to look at (in `target/pictures/`), axe-core's judgement, and
//! what every outcome must have.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::served::{CASES, Case, Served};
use crate::browser::{Browser, Engine};
use crate::world::World;

/// What axe-core finds wrong when nothing fades in any more, each with the element that it is about.
fn violations(browser: &Browser) -> Vec<String> {
    let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/npm/axe.min.js");
    let axe = fs::read_to_string(axe).expect("axe-core; tests/setup.sh fetches it");
    let found = browser.execute_async(&format!(
        "{axe}; const done = arguments[arguments.length - 1]; \
         const ends = one => isFinite(one.effect.getComputedTiming().endTime); \
         Promise.all(document.getAnimations().filter(ends).map(one => one.finished)) \
             .then(() => axe.run(document, {{resultTypes: ['violations']}})).then(done, error => done(String(error)))"
    ));
    let found = found["violations"].as_array().unwrap_or_else(|| panic!("axe-core says {found}")).clone();
    let about = |one: &Value| format!("{}: {} ({})", one["id"], one["help"], one["nodes"][0]["html"]);
    found.iter().map(about).collect()
}

/// Puts a picture of the window where people look for it.
fn keep_picture(browser: &Browser, name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pictures");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(format!("{name}.png")), browser.picture()).expect("a picture");
}

/// Looks at one outcome in this browser.
fn look(browser: &Browser, served: &Served, case: &Case, scheme: &str) {
    let outcome = case.outcome;
    browser.resize(1000, 1100);
    browser.goto(&served.address(case));
    browser.shows(outcome);
    let state = browser.execute(
        "return {title: document.title, lang: document.documentElement.lang, \
         headings: [...document.querySelectorAll('h1')].filter(one => one.checkVisibility()).length, \
         address: location.href, outside: performance.getEntriesByType('resource').filter(one => !one.name.startsWith(location.origin)).length, \
         dark: matchMedia('(prefers-color-scheme: dark)').matches, ground: getComputedStyle(document.body.parentNode).backgroundColor}",
    );
    assert!(state["title"].as_str().unwrap().ends_with(" – quay-auth"), "{outcome}: {state}");
    assert_eq!(
        (&state["lang"], &state["headings"], &state["outside"]),
        (&"en".into(), &1.into(), &0.into()),
        "{outcome}"
    );
    assert!(!state["address"].as_str().unwrap().contains("access_token"), "{outcome}: {state}");
    assert_eq!(state["dark"], scheme == "dark", "{outcome}");
    assert_eq!(state["ground"] == "rgb(11, 20, 24)", scheme == "dark", "{outcome}: {state}");
    assert_eq!(violations(browser), Vec::<String>::new(), "{outcome} {scheme}");
    keep_picture(browser, &format!("{outcome}-{scheme}"));
    // Down to the narrowest phone nothing sticks out. (A window of Chromium's has a smallest width, so what counts is measured inside.)
    browser.resize(360, 800);
    let overflow =
        browser.execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(overflow, 0, "{outcome}");
    assert_eq!(violations(browser), Vec::<String>::new(), "{outcome} {scheme}, narrow");
    keep_picture(browser, &format!("{outcome}-{scheme}-phone"));
}

/// Looks at every outcome.
fn look_at_all(engine: Engine, scheme: &str) {
    let world = World::new();
    let served = Served::start(&world);
    let browser = Browser::start_as(engine);
    for case in &CASES {
        look(&browser, &served, case, scheme);
    }
}

#[test]
fn each_outcome_is_accessible_in_light() {
    look_at_all(Engine::Chromium, "light");
}

#[test]
fn each_outcome_is_accessible_in_dark() {
    look_at_all(Engine::DarkChromium, "dark");
}

#[test]
fn the_outcome_is_announced_and_the_keyboard_reaches_every_button() {
    let world = World::new();
    let served = Served::start(&world);
    let browser = Browser::start();
    for (case, words) in
        [("stored", "Logged in to quay.io"), ("refused", "Login not granted"), ("store_failed", "could not be stored")]
    {
        let case = CASES.iter().find(|known| known.outcome == case).unwrap();
        browser.goto(&served.address(case));
        browser.shows(case.outcome);
        let said = browser.execute("return [document.getElementById('said').textContent, document.getElementById('said').getAttribute('role')]");
        assert!(said[0].as_str().unwrap().contains(words) && said[1] == "status", "{said}");
    }
    let buttons = "return [...document.querySelectorAll('button, input, a')].filter(one => one.checkVisibility() && one.tabIndex < 0).length";
    assert_eq!(browser.execute(buttons), 0);
}

#[test]
fn without_javascript_it_says_what_to_do_and_the_login_goes_on() {
    let world = World::new();
    let served = Served::start(&world);
    let browser = Browser::start_as(Engine::ScriptlessChromium);
    let stored = CASES.iter().find(|known| known.outcome == "stored").unwrap();
    browser.goto(&served.address(stored));
    let page = browser.text("main");
    for words in ["One step is left", "JavaScript is switched off here", "copy the whole address of this page"] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
    assert!(browser.url().contains("#access_token="), "so the address can be copied");
    browser.resize(1000, 1100);
    keep_picture(&browser, "without-javascript-light");
}
