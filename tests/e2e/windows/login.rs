//! Logins on Windows, and the commands after them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::{User, data_file, login, run, windows_path};
use crate::support::browser::Browser;
use crate::support::program::Run;
use crate::support::world::{PATIENCE, World};

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn login_with_a_real_browser_then_print_token_status_and_logout() {
    let world = World::with_redirect_host("localhost");
    let host = world.quay.host();
    let mut waiting = login(&world, &host, "file", &["--scopes", "repo:read,user:read"]).start();
    let browser = Browser::start();
    browser.goto(waiting.authorize_url().trim_end());
    browser.press("Authorize Application");
    browser.shows("stored");
    let stderr = waiting.succeeds();
    assert!(stderr.contains(&format!("Logged in to {host} as alice.")), "{stderr}");
    let token = world.quay.tokens().pop().unwrap().value;

    // The line ends with a newline only, as scripts expect.
    run(&world, &["print-token"]).stdout(&format!("{token}\n")).succeeds();
    run(&world, &["print-token", "--require", "user:read"]).stdout(&format!("{token}\n")).succeeds();
    run(&world, &["print-token", "--require", "org:admin"]).stderr("lacks org:admin").fails(3);
    let status = run(&world, &["status"]).prints("alice").prints("repo:read,user:read").prints("accepted").succeeds();
    assert!(!status.stdout.contains('\x1b'), "{status}");
    assert!(fs::read_to_string(data_file(&world, "tokens.toml")).unwrap().contains(&token));
    assert!(!fs::read_to_string(data_file(&world, "profiles.toml")).unwrap().contains(&token));

    run(&world, &["logout"]).stderr("Deleted").succeeds();
    assert!(!data_file(&world, "tokens.toml").exists());
    run(&world, &["print-token"]).stderr("there is no login").fails(3);
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_second_login_at_the_same_port_exits_8() {
    let world = World::new();
    let host = world.quay.host();
    let mut first = login(&world, &host, "file", &[]).start();
    let url = first.authorize_url();
    login(&world, &host, "file", &[]).stderr("error: ").fails(8);
    let location = world.quay.authorize(url.trim_end()).unwrap();
    assert_eq!(crate::support::world::post_to_catcher(&location), (200, "stored".to_owned()));
    first.succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn the_browser_command_gets_the_url_and_no_token() {
    let world = World::new();
    let user = User::new(&world);
    let browser = world.home().join("Mein Bröwser.cmd");
    fs::write(&browser, "@echo [%1] [%QUAY_AUTH_TOKEN%]> opened.part\r\n@ren opened.part opened.txt\r\n").unwrap();
    let arguments = user.login_arguments("file").into_iter().filter(|word| *word != "--no-browser").collect::<Vec<_>>();
    let browser = windows_path(&browser);
    let mut command = user.command(&[&arguments[..], &["--browser", &browser]].concat());
    command.env("QUAY_AUTH_TOKEN", "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0007").env("QUAY_AUTH_HOST", "quay.io");
    let waiting = Run::new(command).start();
    let opened = world.home().join("opened.txt");
    let deadline = Instant::now() + PATIENCE;
    while !opened.exists() {
        assert!(Instant::now() < deadline, "no browser was started");
        thread::sleep(Duration::from_millis(5));
    }
    let received = fs::read_to_string(opened).unwrap();
    let is_start_page = received.starts_with("[http://127.0.0.1:") && !received.contains(world.redirect_authority());
    assert!(is_start_page && received.ends_with("] []\r\n"), "{received}");
    drop(waiting);
}
