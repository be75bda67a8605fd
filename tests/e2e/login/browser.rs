//! Which browser a login starts, and what that program gets.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

use crate::support::program::Running;
use crate::support::world::{PATIENCE, World};

/// Whether this is the URL of a start page: at the loopback host of the redirect URI, but not at its port.
fn is_start_page(world: &World, url: &str) -> bool {
    url.starts_with("http://127.0.0.1:") && !url.contains(world.redirect_authority())
}

/// A browser that writes its arguments and its environment into a named pipe. Returns the paths of both.
pub(crate) fn recording_browser(world: &World) -> (PathBuf, PathBuf) {
    let (script, pipe) = (world.home().join("a browser"), world.home().join("pipe"));
    assert!(world.command("mkfifo").arg(&pipe).status().unwrap().success());
    fs::write(&script, format!("#!/bin/sh\n{{ printf '%s\\n' \"$#\" \"$@\"; env; }} > {}\n", pipe.display())).unwrap();
    fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
    (script, pipe)
}

/// Waits for what the browser writes.
pub(crate) fn recorded(pipe: PathBuf) -> String {
    let (sender, text) = mpsc::channel();
    thread::spawn(move || sender.send(fs::read_to_string(pipe)));
    text.recv_timeout(PATIENCE).expect("no browser was started").expect("read the pipe")
}

#[test]
fn the_chosen_browser_gets_the_url_and_no_secret() {
    let world = World::new();
    let (script, pipe) = recording_browser(&world);
    let quoted = format!("'{}'", script.display());
    let secrets = ["SECRETSECRETSECRETSECRETSECRETSECRETSEC1", "SECRETSECRETSECRETSECRETSECRETSECRETSEC2"];
    let login = world.login(&["--browser", &quoted]).env("QUAY_AUTH_TOKEN", secrets[0]).env("QUAY_TOKEN", secrets[1]);
    let login = login.env("OTHER", "yes").start();
    let recorded = recorded(pipe);
    let mut lines = recorded.lines();
    assert_eq!(lines.next(), Some("1"));
    assert!(is_start_page(&world, lines.next().unwrap()), "{recorded}");
    assert!(recorded.contains("\nOTHER=yes\n") && !recorded.contains("SECRETSECRET"), "{recorded}");
    world.complete(login);
}

/// Skips a program that does not exist, one that fails, and a browser that runs in the terminal.
#[test]
fn the_browser_variables_name_the_browsers_to_try() {
    for name in ["QUAY_AUTH_BROWSER", "BROWSER"] {
        let world = World::new();
        let (script, pipe) = recording_browser(&world);
        let list = format!("/does/not/exist:false:w3m:'{}' --new=%s --then", script.display());
        let login = world.login_without_no_browser(&[]).env(name, &list).start();
        let recorded = recorded(pipe);
        let lines: Vec<&str> = recorded.lines().collect();
        assert!(lines[0] == "2" && lines[2] == "--then", "{recorded}");
        assert!(is_start_page(&world, lines[1].strip_prefix("--new=").unwrap()), "{recorded}");
        world.complete(login);
    }
}

#[test]
fn the_browser_in_config_toml_takes_the_place_of_the_systems() {
    let world = World::new();
    let (script, pipe) = recording_browser(&world);
    world.config(&format!("browser = \"'{}' --x %s\"\n", script.display()));
    let login = world.login_without_no_browser(&[]).env("DISPLAY", ":9999").start();
    let text = recorded(pipe.clone());
    assert!(text.starts_with("2\n--x\nhttp://127.0.0.1:"), "{text}");
    world.complete(login);
    // A variable wins.
    let login = world.login_without_no_browser(&[]).env("DISPLAY", ":9999");
    let login = login.env("BROWSER", &format!("'{}' --y", script.display())).start();
    assert!(recorded(pipe).starts_with("2\n--y\n"));
    world.complete(login);
    // It does not say that there is a screen.
    let mut login = world.login_without_no_browser(&[]).start();
    login.says("Not opening a browser: ");
    world.complete(login);
    world.config("browser = 'w3m'\n");
    world.run(["status"]).stderr("line 1: w3m is a text browser").fails(2);
}

#[test]
fn a_browser_that_does_not_start_or_does_not_return_does_not_stop_the_login() {
    for (browser, is_reported) in [("false", true), ("/does/not/exist", true), ("sh -c 'exec sleep 20'", false)] {
        let world = World::new();
        let mut login = world.login(&["--browser", browser]).start();
        if is_reported {
            login.says("could not start a browser");
        }
        world.complete(login);
    }
}

#[test]
fn an_existing_file_with_spaces_in_its_path_is_a_browser() {
    let world = World::new();
    let (script, pipe) = recording_browser(&world);
    let script = script.to_str().unwrap();
    let start: [&dyn Fn() -> Running; 2] = [&|| world.login(&["--browser", script]).start(), &|| {
        world.login_without_no_browser(&[]).env("BROWSER", script).start()
    }];
    for start in start {
        let mut login = start();
        login.authorize_url();
        assert!(recorded(pipe.clone()).starts_with("1\nhttp"));
        world.complete(login);
    }
}

#[test]
fn a_command_that_cannot_be_a_browser_is_an_error() {
    let world = World::new();
    for (command, reason) in [
        ("w3m", "w3m is a text browser, which cannot show Quay's pages and would take over the terminal"),
        ("/usr/bin/lynx -nocolor", "/usr/bin/lynx is a text browser"),
        ("", "there is no command in it"),
        ("firefox 'https://", "a quote in it is not closed"),
    ] {
        world.login(&["--browser", command]).stderr(reason).stderr("--browser").stderr("hint: ").fails(2);
    }
}

/// A folder for PATH with this system's programs, except browsers and other openers, and with a `w3m` that leaves a file behind.
fn programs_with_only_w3m(world: &World) -> (PathBuf, PathBuf) {
    let (folder, trace) = (world.home().join("bin"), world.home().join("w3m was started"));
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir("/usr/bin").unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        let name = name.to_str().unwrap();
        let opens = ["browser", "chrom", "firefox", "links", "lynx", "w3m", "gio", "open", "epiphany"];
        if name == "xdg-open" || !opens.iter().any(|part| name.contains(part)) {
            symlink(entry.path(), folder.join(name)).unwrap();
        }
    }
    for name in ["w3m", "www-browser"] {
        fs::write(folder.join(name), format!("#!/bin/sh\n: > '{}'\n", trace.display())).unwrap();
        fs::set_permissions(folder.join(name), Permissions::from_mode(0o700)).unwrap();
    }
    (folder, trace)
}

#[test]
fn a_text_browser_counts_as_no_browser() {
    let world = World::new();
    let (folder, trace) = programs_with_only_w3m(&world);
    for (variable, value) in [("BROWSER", "w3m"), ("QUAY_AUTH_BROWSER", "lynx:w3m"), ("BROWSER", "'w3m")] {
        let login = world.login_without_no_browser(&[]).env("PATH", folder.to_str().unwrap());
        let mut login = login.env(variable, value).start();
        login.says(&format!("in {variable} cannot be used: "));
        login.says("Not opening a browser: ");
        world.complete(login);
    }
    assert!(!trace.exists());
}

/// `xdg-open` ends its search with the text browsers, even if `BROWSER` is not set.
#[test]
fn the_systems_opener_does_not_start_a_text_browser_either() {
    let world = World::new();
    let (folder, trace) = programs_with_only_w3m(&world);
    let path = folder.to_str().unwrap();
    // Without desktop files, which name programs by their path.
    let environment = [("PATH", path), ("DISPLAY", ":9999"), ("XDG_DATA_DIRS", "/nonexistent")];
    let mut opener = world.command(folder.join("xdg-open"));
    opener.arg("https://quay.example.com").envs(environment).stderr(Stdio::null());
    assert!(opener.status().unwrap().success() && trace.exists(), "the opener would start it");
    fs::remove_file(&trace).unwrap();
    for variable in [None, Some(("BROWSER", "w3m"))] {
        let login = environment.into_iter().chain(variable);
        let login = login.fold(world.login_without_no_browser(&[]), |login, (name, value)| login.env(name, value));
        let mut login = login.start();
        login.says("could not start a browser");
        world.complete(login);
        assert!(!trace.exists());
    }
}
