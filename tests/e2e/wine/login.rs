//! A whole life of a token on Windows.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::{User, kept, login, run, windows_path};
use crate::browser::Browser;
use crate::program::Run;
use crate::world::{PATIENCE, World};

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_login_by_a_real_browser_is_printed_shown_and_forgotten() {
    let world = World::answered_at("localhost");
    let host = world.quay.host();
    let mut waiting = login(&world, &host, "file", &["--scopes", "repo:read,user:read"]).start();
    let browser = Browser::start();
    browser.goto(waiting.authorize_url().trim_end());
    browser.press("Authorize Application");
    browser.shows("stored");
    let said = waiting.succeeds();
    assert!(said.contains(&format!("Logged in to {host} as alice.")), "{said}");
    let token = world.quay.tokens().pop().unwrap().value;

    // A newline alone, also here: what reads it is a script.
    run(&world, &["print-token"]).stdout(&format!("{token}\n")).succeeds();
    run(&world, &["print-token", "--require", "user:read"]).stdout(&format!("{token}\n")).succeeds();
    run(&world, &["print-token", "--require", "org:admin"]).stderr("lacks org:admin").fails(3);
    let status = run(&world, &["status"]).prints("alice").prints("repo:read,user:read").prints("accepted").succeeds();
    assert!(!status.stdout.contains('\x1b'), "{status}");
    assert!(fs::read_to_string(kept(&world, "tokens.toml")).unwrap().contains(&token));
    assert!(!fs::read_to_string(kept(&world, "profiles.toml")).unwrap().contains(&token));

    run(&world, &["logout"]).stderr("Forgot").succeeds();
    assert!(!fs::read_to_string(kept(&world, "tokens.toml")).unwrap().contains(&token));
    run(&world, &["print-token"]).stderr("there is no login").fails(3);
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_second_login_at_the_same_address_is_8() {
    let world = World::new();
    let host = world.quay.host();
    let mut first = login(&world, &host, "file", &[]).start();
    let url = first.authorize_url();
    login(&world, &host, "file", &[]).stderr("error: ").fails(8);
    let location = world.quay.authorize(url.trim_end()).unwrap();
    assert_eq!(crate::world::hand_over(&location), (200, "stored".to_owned()));
    first.succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_named_browser_gets_the_address_whole_and_no_secret() {
    let world = World::new();
    let user = User::new(&world);
    let browser = world.home().join("Mein Bröwser.cmd");
    fs::write(&browser, "@echo [%1] [%QUAY_AUTH_TOKEN%]> opened.part\r\n@ren opened.part opened.txt\r\n").unwrap();
    let words = user.login_words("file").into_iter().filter(|word| *word != "--no-browser").collect::<Vec<_>>();
    let browser = windows_path(&browser);
    let mut command = user.command(&[&words[..], &["--browser", &browser]].concat());
    command.env("QUAY_AUTH_TOKEN", "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0007").env("QUAY_AUTH_HOST", "quay.io");
    let mut waiting = Run::new(command).start();
    let url = waiting.authorize_url();
    let opened = world.home().join("opened.txt");
    let give_up = Instant::now() + PATIENCE;
    while !opened.exists() {
        assert!(Instant::now() < give_up, "no browser was started");
        thread::sleep(Duration::from_millis(5));
    }
    // A script reads the escapes in it as arguments of its own; what stands before and behind them came whole.
    let given = fs::read_to_string(opened).unwrap();
    let (before, _) = url.split_once('%').expect("an escape");
    assert!(given.starts_with(&format!("[\"{before}")) && given.ends_with("&realm=realm\"] []\r\n"), "{given}");
    drop(waiting);
}
