//! Before the browser opens: everything is tried at once, all that fails is said, and Ctrl-C ends it.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::keyring::Keyring;
use crate::pty::Terminal;
use crate::quay::Release;
use crate::world::{CLIENT_ID, World};

#[test]
fn all_that_fails_is_said_and_the_code_is_that_of_the_store() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    keyring.lock(&world);
    let held = TcpListener::bind(world.redirect_authority()).unwrap();
    let begin = Instant::now();
    let run = world.login(&["--store", "keyring", "--client-id", "NOSUCHCLIENT"]);
    let run = run.stderr("error: the keyring is locked").stderr("error: cannot listen on");
    run.stderr("knows no application with the client id NOSUCHCLIENT").fails(4);
    drop(held);
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    assert!(world.quay.requests().iter().all(|request| request.path != "/oauth/authorize"));
}

#[test]
fn a_port_that_another_login_holds_is_told_from_one_that_another_program_holds() {
    let world = World::new();
    let mut first = world.login(&[]).start();
    first.authorize_url();
    world.login(&[]).stderr("another quay-auth login waits there").fails(8);
    world.complete(first);
    let _held = TcpListener::bind(world.redirect_authority()).unwrap();
    world.login(&[]).stderr("another program holds it").fails(8);
}

#[test]
fn ctrl_c_ends_it_while_a_silent_host_is_asked() {
    let world = World::new();
    // Accepts by its queue and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", silent.local_addr().unwrap());
    let flags = ["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file", "--no-browser"];
    let mut terminal = Terminal::start(&world, &[&flags[..], &["--redirect-uri", &world.redirect_uri]].concat());
    terminal.shows("Checking the file");
    terminal.types("\x03");
    assert!(terminal.ends(130).contains("ended by Ctrl-C"));
}

#[test]
fn a_silent_host_is_told_and_the_login_goes_on() {
    let world = World::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", silent.local_addr().unwrap());
    let begin = Instant::now();
    let mut login = world.login(&["--host", &host]).start();
    login.says("does not answer in time from here; going on");
    login.authorize_url();
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
}

#[test]
fn a_login_at_each_release_ends_in_a_token() {
    for release in [Release::V3_6, Release::V3_11, Release::V3_15, Release::V3_17, Release::V3_18] {
        for scopes in ["repo:read", "org:admin,user:admin"] {
            let world = World::new();
            world.quay.set_release(release);
            let token = world.complete(world.login(&["--scopes", scopes]).start());
            world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
        }
    }
}
