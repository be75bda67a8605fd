//! `--private`: a private window of the right browser, where the user signs in first. `security::secrets::private_window` has real browsers.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::keyring::wait_until;
use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, World, post_to_catcher};

/// A program of that name in a folder of its own. `commands` are those of a shell, with the folder as `$FOLDER`.
pub(crate) fn program(world: &World, name: &str, commands: &str) -> PathBuf {
    let folder = world.home().join(format!("{name}-folder"));
    fs::create_dir(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\nFOLDER='{}'\n{commands}\n", folder.display())).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    path
}

/// A browser that only writes down its arguments, a line for each start.
fn recording(world: &World, name: &str) -> PathBuf {
    program(world, name, "printf '%s ' \"$@\" >> \"$FOLDER/starts\"; echo >> \"$FOLDER/starts\"")
}

/// The arguments of each start, once there are that many.
fn starts(browser: &Path, count: usize) -> Vec<String> {
    let file = browser.with_file_name("starts");
    let lines = || fs::read_to_string(&file).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    wait_until("the browser", || lines().len() >= count);
    lines()
}

/// `login` with these options at a terminal with a display.
pub(crate) fn login(world: &World, more: &[&str]) -> Command {
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    let host = world.quay.host();
    command.args(["login", "--host", &host, "--client-id", CLIENT_ID, "--redirect-uri", &world.redirect_uri]);
    command.args(["--store", "file"]).args(more).env("DISPLAY", ":9999");
    command
}

/// The response to a GET or POST of that URL.
fn exchange(method: &str, url: &str, body: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let authority = url.authority();
    let mut stream = TcpStream::connect(authority).unwrap();
    let head = format!("{method} {} HTTP/1.1\r\nHost: {authority}\r\nOrigin: http://{authority}\r\n", url.path());
    let body = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn the_sign_in_page_comes_first_and_enter_opens_the_request_in_the_same_private_session() {
    for (name, option) in [
        ("firefox", "--private-window"),
        ("firefox-esr", "--private-window"),
        ("chromium", "--incognito"),
        ("google-chrome-stable", "--incognito"),
        ("microsoft-edge", "--inprivate"),
    ] {
        let world = World::new();
        let browser = recording(&world, name);
        let mut terminal = Terminal::run(&login(&world, &["--private", "--browser", &browser.display().to_string()]));
        terminal.shows("Sign in to Quay in the private window, then press Enter.");
        assert_eq!(starts(&browser, 1), [format!("{option} {}/signin ", world.quay.host())]);
        assert!(!terminal.screen().contains("/oauth/authorize?"), "{}", terminal.screen());
        terminal.enters("");
        let request = terminal.authorize_url();
        let starts = starts(&browser, 2);
        let start_page = starts[1].strip_prefix(option).unwrap().trim();
        assert!(start_page.starts_with("http://127.0.0.1:"), "{starts:?}");
        assert!(exchange("GET", start_page, "").starts_with("HTTP/1.1 200 "));
        // The page then says nothing about the history.
        let location = url::Url::parse(&world.quay.authorize(&request).unwrap()).unwrap();
        let body = serde_json::json!({"query": location.query(), "fragment": location.fragment()}).to_string();
        let response = exchange("POST", location.as_str(), &body);
        assert!(response.contains("\"outcome\":\"stored\"") && response.contains("\"in_history\":false"), "{response}");
        terminal.ends(0);
    }
}

#[test]
fn the_page_warns_of_the_history_if_the_private_window_did_not_open_the_request() {
    let world = World::new();
    let browser = recording(&world, "firefox");
    let mut terminal = Terminal::run(&login(&world, &["--private", "--browser", &browser.display().to_string()]));
    terminal.shows("Sign in to Quay in the private window, then press Enter.");
    terminal.enters("");
    let location = url::Url::parse(&world.quay.authorize(&terminal.authorize_url()).unwrap()).unwrap();
    let body = serde_json::json!({"query": location.query(), "fragment": location.fragment()}).to_string();
    terminal.shows("Waiting for your approval");
    let response = exchange("POST", location.as_str(), &body);
    assert!(response.contains("\"in_history\":true"), "{response}");
    terminal.ends(0);
}

#[test]
fn the_private_window_is_one_of_the_systems_default_browser() {
    let world = World::new();
    let browser = recording(&world, "firefox");
    let applications = world.home().join(".local/share/applications");
    fs::create_dir_all(&applications).unwrap();
    let exec = format!("Exec=\"{}\" --name x %u", browser.display());
    let text = format!("[Desktop Entry]\nType=Application\nName=Browser\n{exec}\nMimeType=x-scheme-handler/http;\n");
    fs::write(applications.join("my-browser.desktop"), text).unwrap();
    let defaults = "[Default Applications]\nx-scheme-handler/http=my-browser.desktop\n";
    fs::create_dir_all(world.home().join(".config")).unwrap();
    fs::write(world.home().join(".config/mimeapps.list"), defaults).unwrap();
    let terminal = Terminal::run(&login(&world, &["--private"]));
    terminal.shows("Sign in to Quay in the private window, then press Enter.");
    assert_eq!(starts(&browser, 1), [format!("--name x --private-window {}/signin ", world.quay.host())]);
}

#[test]
fn a_browser_without_a_known_private_window_is_an_error_that_says_how_to_name_one() {
    let world = World::new();
    let other = recording(&world, "other-browser").display().to_string();
    for (more, path, message) in [
        (&["--browser", &*other][..], None, "it is not known how `"),
        (
            &["--browser", "firefox --new-tab %s"],
            None,
            "it is not known how `firefox --new-tab '%s'` opens a private window",
        ),
        (&[], Some("/nonexistent"), "it is not known which browser is the default one of this system"),
    ] {
        let mut command = login(&world, &[&["--private"], more].concat());
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let screen = Terminal::run(&command).ends(2);
        assert!(screen.contains(message) && screen.contains(" --private --browser firefox"), "{screen}");
        assert!(screen.contains("`--browser 'COMMAND --incognito'`"), "{screen}");
    }
    assert!(world.quay.tokens().is_empty());
}

#[test]
fn a_browser_that_does_not_start_is_reported_while_the_login_waits_for_enter() {
    let world = World::new();
    let browser = program(&world, "firefox", "exit 1").display().to_string();
    let mut terminal = Terminal::run(&login(&world, &["--private", "--browser", &browser]));
    terminal.shows("could not start a browser.");
    terminal.types("\x03");
    let screen = terminal.ends(130);
    assert!(screen.contains("stopped by Ctrl-C; nothing was changed"), "{screen}");
    let waits = login(&world, &["--private", "--browser", &browser, "--timeout", "1s"]);
    let screen = Terminal::run(&waits).ends(6);
    assert!(screen.contains("Enter was not pressed in time; nothing was changed"), "{screen}");
}

#[test]
fn without_a_terminal_or_a_browser_here_private_is_a_usage_error() {
    let world = World::new();
    let error = world.login_without_no_browser(&["--private", "--browser", "firefox"]).env("DISPLAY", ":9999");
    let error =
        error.stderr("error: --private needs a terminal: you sign in to Quay in the private window, then press Enter");
    let said = error.stderr("hint: log in without a private window: quay-auth login ").fails(2);
    assert!(!said.stderr.contains(" --private\n"), "{said}");
    let mut remote = login(&world, &["--private"]);
    remote.env_remove("DISPLAY").env("SSH_CONNECTION", "203.0.113.7 50022 192.0.2.10 22");
    let screen = Terminal::run(&remote).ends(2);
    assert!(screen.contains("cannot open a private window: this is an SSH session without a display"), "{screen}");
    assert!(world.quay.requests().iter().all(|request| !request.path.starts_with("/oauth/")));
    // The suggested command prints the URL in CI, too.
    let in_ci = world.login_without_no_browser(&["--private"]).env("CI", "true");
    let messages = in_ci.stderr("error: cannot open a private window: CI is set").fails(2).stderr;
    let (_, command) = messages.split_once("in a private window yourself: quay-auth ").expect("a hint");
    world.complete(world.run(shlex::split(command).expect("words")).env("CI", "true").start());
    for conflict in ["--no-browser", "--with-token", "--direct"] {
        world.run(["login", "--private", conflict]).stderr("cannot be used with").fails(2);
    }
    world.run(["login", "--private", "--listen", "0.0.0.0"]).stderr("cannot be used with").fails(2);
}

#[test]
fn paste_works_in_a_private_window() {
    let world = World::new();
    let browser = recording(&world, "firefox");
    let options = ["--private", "--paste", "--browser", &browser.display().to_string()];
    let mut terminal = Terminal::run(&login(&world, &options));
    terminal.shows("Sign in to Quay in the private window, then press Enter.");
    terminal.enters("");
    let request = terminal.authorize_url();
    assert_eq!(starts(&browser, 2)[1].trim(), format!("--private-window {request}"));
    terminal.shows("Paste it here");
    terminal.enters(&world.quay.authorize(&request).unwrap());
    terminal.ends(0);
}

#[test]
fn the_revoked_token_of_a_private_window_is_not_said_to_be_in_the_history() {
    let world = World::new();
    let browser = recording(&world, "firefox").display().to_string();
    let mut terminal = Terminal::run(&login(&world, &["--private", "--expires", "30d", "--browser", &browser]));
    terminal.shows("Sign in to Quay in the private window, then press Enter.");
    terminal.enters("");
    let location = world.quay.authorize(&terminal.authorize_url()).unwrap();
    terminal.shows("Waiting for your approval");
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    let screen = terminal.ends(0);
    assert!(screen.contains("  Revoked the browser's token.") && !screen.contains("history"), "{screen}");
}

#[test]
fn quiet_still_says_where_to_sign_in() {
    let world = World::new();
    let browser = recording(&world, "firefox").display().to_string();
    let mut terminal = Terminal::run(&login(&world, &["--private", "--quiet", "--browser", &browser]));
    terminal.shows("Sign in to Quay in the private window, then press Enter.");
    terminal.types("\x03");
    terminal.ends(130);
}
