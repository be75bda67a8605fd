//! Around a login: the redirect address, the browser that is opened, several hosts and profiles side by side.

use std::fs::{self, Permissions};
use std::io::{Error, ErrorKind};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use crate::quay::Quay;
use crate::world::{CLIENT_ID, PATIENCE, World, hand_over, token_of};

/// What binding both loopback addresses at the world's port comes to.
fn bind_both(world: &World) -> [Result<TcpListener, Error>; 2] {
    let port = world.redirect_authority().rsplit(':').next().unwrap();
    ["127.0.0.1", "[::1]"].map(|ip| TcpListener::bind(format!("{ip}:{port}")))
}

#[test]
fn localhost_is_held_in_both_families_and_an_address_alone() {
    let is_held =
        |result: &Result<TcpListener, Error>| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::AddrInUse);
    for (loopback, held) in [("localhost", [true, true]), ("127.0.0.1", [true, false]), ("[::1]", [false, true])] {
        let world = World::answered_at(loopback);
        let mut login = world.login(&[]).start();
        login.authorize_url();
        assert_eq!(bind_both(&world).each_ref().map(is_held), held, "{loopback}");
        world.complete(login);
        assert!(bind_both(&world).iter().all(Result::is_ok), "{loopback}");
    }
}

#[test]
fn an_address_that_another_program_holds_is_named_and_nothing_is_half_held() {
    for held in [0, 1] {
        let world = World::answered_at("localhost");
        let kept = bind_both(&world).into_iter().nth(held).unwrap().expect("a free port");
        let address = kept.local_addr().unwrap().to_string();
        world.login(&[]).stderr(&format!("cannot listen on {address}")).stderr("--redirect-uri URI").fails(8);
        assert!(world.quay.tokens().is_empty());
    }
}

#[test]
fn a_second_login_at_the_same_address_leaves_the_first_alone() {
    let world = World::new();
    let mut first = world.login(&[]).start();
    first.authorize_url();
    let address = world.redirect_authority();
    world.login(&["--profile", "second"]).stderr(&format!("cannot listen on {address}")).fails(8);
    let token = world.complete(first);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

/// A browser that tells what it was started with, through a pipe with a name; and where the pipe is.
fn recording_browser(world: &World) -> (PathBuf, PathBuf) {
    let (script, pipe) = (world.home().join("a browser"), world.home().join("told"));
    assert!(world.command("mkfifo").arg(&pipe).status().unwrap().success());
    fs::write(&script, format!("#!/bin/sh\n{{ printf '%s\\n' \"$#\" \"$@\"; env; }} > {}\n", pipe.display())).unwrap();
    fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
    (script, pipe)
}

/// What the browser told.
fn told(pipe: PathBuf) -> String {
    let (sender, told) = mpsc::channel();
    thread::spawn(move || sender.send(fs::read_to_string(pipe)));
    told.recv_timeout(PATIENCE).expect("no browser was started").expect("read what it told")
}

#[test]
fn the_named_browser_gets_the_address_and_no_secret() {
    let world = World::new();
    let (script, pipe) = recording_browser(&world);
    let quoted = format!("'{}'", script.display());
    let secrets = ["SECRETSECRETSECRETSECRETSECRETSECRETSEC1", "SECRETSECRETSECRETSECRETSECRETSECRETSEC2"];
    let login = world.login(&["--browser", &quoted]).env("QUAY_AUTH_TOKEN", secrets[0]).env("QUAY_TOKEN", secrets[1]);
    let mut login = login.env("KEPT", "yes").start();
    let url = login.authorize_url();
    let told = told(pipe);
    assert!(told.starts_with(&format!("1\n{url}\n")), "{told}");
    assert!(told.contains("\nKEPT=yes\n") && !told.contains("SECRETSECRET"), "{told}");
    world.complete(login);
}

#[test]
fn the_browser_variables_are_obeyed() {
    for name in ["QUAY_AUTH_BROWSER", "BROWSER"] {
        let world = World::new();
        let (script, pipe) = recording_browser(&world);
        let command = format!("/does/not/exist:'{}' --new=%s", script.display());
        let host = world.quay.host();
        let arguments = ["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file", "--redirect-uri"];
        let mut login = world.run(arguments.into_iter().chain([&*world.redirect_uri])).env(name, &command).start();
        let url = login.authorize_url();
        let told = told(pipe);
        assert!(told.starts_with(&format!("1\n--new={url}\n")), "{told}");
        world.complete(login);
    }
}

#[test]
fn a_browser_that_does_not_start_is_told_and_the_login_goes_on() {
    let world = World::new();
    let mut login = world.login(&["--browser", "/does/not/exist"]).start();
    login.says("no browser could be started");
    world.complete(login);
}

#[test]
fn two_hosts_and_two_profiles_keep_to_themselves() {
    let world = World::new();
    let other = Quay::start();
    other.add_application(CLIENT_ID, &world.redirect_uri);
    other.set_everyone_is(Some("alice"));

    let first = world.log_in();
    let admin = world.complete(world.login(&["--profile", "admin", "--scopes", "org:admin"]).start());
    let mut login = world.login(&["--host", &other.host()]).start();
    let location = other.authorize(&login.authorize_url()).unwrap();
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    login.succeeds();
    let second = token_of(&location);

    let [here, there] = [world.quay.host(), other.host()];
    for (arguments, token) in [
        (vec!["--host", &here], &first),
        (vec!["--host", &here, "--profile", "admin"], &admin),
        (vec!["--host", &there], &second),
    ] {
        world.run([vec!["print-token"], arguments].concat()).stdout(&format!("{token}\n")).succeeds();
    }
    world.run(["print-token"]).stderr("which Quay?").stderr(&here).stderr(&there).fails(2);
    world.run(["print-token"]).env("QUAY_AUTH_HOST", &there).stdout(&format!("{second}\n")).succeeds();
    world.config(&format!("default_host = \"{here}\"\n"));
    world.run(["print-token"]).stdout(&format!("{first}\n")).succeeds();
    let status = world.run(["status"]).prints("admin@").succeeds().stdout;
    assert_eq!(status.matches("default@").count(), 2, "{status}");

    world.run(["logout", "--host", &here]).stderr("Forgot the token").succeeds();
    world.run(["print-token", "--host", &here]).stderr("there is no login").fails(3);
    world.run(["print-token", "--host", &here, "--profile", "admin"]).stdout(&format!("{admin}\n")).succeeds();
    world.run(["print-token", "--host", &there]).stdout(&format!("{second}\n")).succeeds();
}
