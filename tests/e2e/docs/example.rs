//! `cargo run --example first-login`, which the README offers to newcomers.
#![allow(clippy::disallowed_methods, reason = "tests start programs and read the environment")]

use std::process::Command;

use crate::support::browser::Browser;
use crate::support::world::World;

/// Runs the example, and returns what it prints on stderr. It simulates the browser, because there is no display.
fn run_example() -> String {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--locked", "--offline", "--example", "first-login"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    // As in a shell: cargo sets variables for the tests.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_")) {
        if name != "CARGO_HOME" && name != "CARGO_TARGET_DIR" {
            command.env_remove(name);
        }
    }
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let output = command.output().expect("run cargo");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().last().map(str::len), Some(40), "a token: {stderr}");
    stderr
}

#[test]
fn the_second_run_of_the_example_builds_nothing() {
    let first = run_example();
    for part in
        ["Building the program quay-auth.", "$ quay-auth login --host http://", "✓ Logged in to", "$ quay-auth status"]
    {
        assert!(first.contains(part), "{part}: {first}");
    }
    let second = run_example();
    assert!(!second.contains("Compiling") && second.contains("✓ Logged in to"), "{second}");
}

#[test]
fn the_consent_page_of_the_stand_in_is_styled_and_says_what_it_is() {
    let world = World::new();
    let mut login = world.login(&[]).start();
    let browser = Browser::start();
    browser.goto(&login.authorize_url());
    let style =
        |arguments: &str, property: &str| browser.execute(&format!("return getComputedStyle({arguments}).{property}"));
    let button = |path: &str| format!("document.querySelector('form[action=\"{path}\"] button')");
    assert_eq!(style(&button("/oauth/authorizeapp"), "backgroundColor"), "rgb(0, 102, 204)");
    assert_eq!(style(&button("/oauth/denyapp"), "backgroundColor"), "rgba(0, 0, 0, 0)");
    assert!(style("document.body, '::after'", "content").as_str().unwrap().contains("This is not a Quay"));
    browser.press("Authorize Application");
    browser.shows("stored");
    login.succeeds();
}
