//! Each outcome in light and dark, wide and narrow: pictures to look at (in `target/pictures/`), accessibility as axe-core measures it, and
//! what every outcome must have.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::served::{CASES, Case, Served};
use crate::support::browser::{Browser, Engine};
use crate::support::pty::Terminal;
use crate::support::world::World;

/// What axe-core finds wrong once all animations have ended, each with its element.
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
    let description = |one: &Value| format!("{}: {} ({})", one["id"], one["help"], one["nodes"][0]["html"]);
    found.iter().map(description).collect()
}

/// Saves a picture of the window.
fn save_picture(browser: &Browser, name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pictures");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(format!("{name}.png")), browser.picture()).expect("a picture");
}

/// Checks one outcome in this browser.
fn check(browser: &Browser, served: &Served, case: &Case, scheme: &str) {
    let outcome = case.outcome;
    browser.resize(1000, 1100);
    browser.goto(&served.url(case));
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
    save_picture(browser, &format!("{outcome}-{scheme}"));
    // Nothing is wider than the narrowest phone. Chromium's windows have a minimum width, so this measures inside the page.
    browser.resize(360, 800);
    let overflow =
        browser.execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(overflow, 0, "{outcome}");
    assert_eq!(violations(browser), Vec::<String>::new(), "{outcome} {scheme}, narrow");
    save_picture(browser, &format!("{outcome}-{scheme}-phone"));
}

fn check_all(engine: Engine, scheme: &str) {
    let world = World::new();
    let served = Served::start(&world);
    let browser = Browser::start_as(engine);
    for case in &CASES {
        check(&browser, &served, case, scheme);
    }
}

#[test]
fn each_outcome_is_accessible_in_light() {
    check_all(Engine::Chromium, "light");
}

#[test]
fn each_outcome_is_accessible_in_dark() {
    check_all(Engine::DarkChromium, "dark");
}

#[test]
fn screen_readers_announce_the_outcome_and_the_keyboard_reaches_every_button() {
    let world = World::new();
    let served = Served::start(&world);
    let browser = Browser::start();
    for (case, text) in
        [("stored", "Logged in to quay.io"), ("refused", "Login refused"), ("store_failed", "could not be stored")]
    {
        let case = CASES.iter().find(|known| known.outcome == case).unwrap();
        browser.goto(&served.url(case));
        browser.shows(case.outcome);
        let messages = browser.execute("return [document.getElementById('announcement').textContent, document.getElementById('announcement').getAttribute('role')]");
        assert!(messages[0].as_str().unwrap().contains(text) && messages[1] == "status", "{messages}");
    }
    let buttons = "return [...document.querySelectorAll('button, input, a')].filter(one => one.checkVisibility() && one.tabIndex < 0).length";
    assert_eq!(browser.execute(buttons), 0);
}

#[test]
fn without_javascript_the_page_says_what_to_do() {
    let world = World::new();
    let served = Served::start(&world);
    let browser = Browser::start_as(Engine::ScriptlessChromium);
    let stored = CASES.iter().find(|known| known.outcome == "stored").unwrap();
    browser.goto(&served.url(stored));
    let page = browser.text("main");
    for text in ["One step is left", "JavaScript is turned off", "copy the whole URL from the address bar"] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(browser.url().contains("#access_token="), "the URL cannot be copied");
    browser.resize(1000, 1100);
    save_picture(&browser, "without-javascript-light");

    // Where no login waits, the URL may have a token too.
    let url = served.url(CASES.iter().rfind(|known| known.outcome == "unknown").unwrap());
    browser.goto(&url);
    let page = browser.text("main");
    for text in ["No login is waiting here", "#access_token=", "Copy the whole URL", "quay-auth login --with-token"] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(browser.url().contains("#access_token="), "the URL cannot be copied");
    let with_script = Browser::start();
    with_script.goto(url.split('#').next().unwrap());
    with_script.shows("unknown");
    assert!(!with_script.text("main").contains("#access_token="));
}

#[test]
fn the_bollard_and_the_mast_stand_out_from_the_sky() {
    // The contrast of WCAG 2.2, section 1.4.11.
    let contrast = "const channels = color => color.match(/[\\d.]+/g).slice(0, 3).map(one => one / 255) \
        .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4); \
        const light = color => channels(color).reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0); \
        const style = selector => getComputedStyle(document.querySelector(selector)); \
        const sky = light(style('header').backgroundColor); \
        return [style('.iron').fill, style('.mast').stroke].map(light) \
            .map(one => (Math.max(one, sky) + 0.05) / (Math.min(one, sky) + 0.05))";
    let world = World::new();
    let served = Served::start(&world);
    for engine in [Engine::Chromium, Engine::DarkChromium] {
        let browser = Browser::start_as(engine);
        browser.goto(&served.url(&CASES[1]));
        browser.shows("stored");
        for ratio in browser.execute(contrast).as_array().expect("two ratios") {
            assert!(ratio.as_f64().unwrap() >= 3.0, "{engine:?}: {ratio}");
        }
    }
}

#[test]
fn a_host_does_not_break_inside_its_port_and_the_note_says_how_to_delete_the_entry() {
    for (engine, keys) in
        [(Engine::Chromium, "Ctrl+H, select the entry"), (Engine::Firefox, "Ctrl+Shift+H, right-click")]
    {
        let world = World::new();
        let browser = Browser::start_as(engine);
        browser.approve(world.login(&[]).start());
        assert!(browser.text("main").contains(&format!("To delete it, press {keys}")), "{}", browser.text("main"));
        for width in (140..500).step_by(7) {
            let lines = browser.execute(&format!(
                "document.querySelector('.card').style.width = '{width}px'; \
                 return [...document.querySelectorAll('section:not([hidden]) [data-slot] span, dd span')].map(port => port.getClientRects().length)"
            ));
            let lines = lines.as_array().expect("the ports").clone();
            assert!(lines.len() >= 2 && lines.iter().all(|count| *count == 1), "{width} px: {lines:?}");
        }
    }
}

#[test]
fn enter_is_suggested_only_where_it_works() {
    let world = World::new();
    let browser = Browser::start();
    let mut login = world.login(&[]).start();
    let redirect = |url: &str| {
        url::Url::parse(url).unwrap().query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned()
    };
    browser.goto(&redirect(&login.authorize_url()));
    browser.shows("nothing");
    let page = browser.text("main");
    assert!(page.contains("open the URL that the login shows again") && !page.contains("Enter"), "{page}");
    world.complete(login);
    let terminal = Terminal::log_in(&world, &[]);
    browser.goto(&redirect(&terminal.authorize_url()));
    browser.shows("nothing");
    assert!(browser.text("main").contains("press Enter in its terminal to open Quay again"));
}
