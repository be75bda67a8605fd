//! The checks before the browser opens: they run at the same time, every failure is reported, and Ctrl-C ends them.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::keyring::Keyring;
use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, World};

#[test]
fn every_failure_is_reported_and_the_exit_code_is_that_of_the_store() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    keyring.lock(&world);
    let listener = TcpListener::bind(world.redirect_authority()).unwrap();
    let start = Instant::now();
    let run = world.login(&["--store", "keyring", "--client-id", "NOSUCHCLIENT"]);
    let run = run.stderr("error: the keyring is locked").stderr("error: cannot listen on");
    run.stderr("has no application with the client ID NOSUCHCLIENT").fails(4);
    drop(listener);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert!(world.quay.requests().iter().all(|request| request.path != "/oauth/authorize"));
}

#[test]
fn the_error_says_whether_another_login_or_another_program_uses_the_port() {
    let world = World::new();
    let mut first = world.login(&[]).start();
    first.authorize_url();
    world.login(&[]).stderr("another quay-auth login is waiting there").fails(8);
    world.complete(first);
    let _listener = TcpListener::bind(world.redirect_authority()).unwrap();
    let error = world.login(&[]).stderr("another program listens there").fails(8);
    // The hints lead to another port, and work as they are.
    let line = error.stderr.lines().find(|line| line.contains("log in with its client ID: ")).unwrap();
    let command = line.split('`').nth(1).unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).map(|word| if word == "ID" { CLIENT_ID } else { word }).collect();
    let other = words[words.iter().position(|word| *word == "--redirect-uri").unwrap() + 1];
    assert!(error.stderr.contains(&format!("create a second application in Quay, with the redirect URI {other}\n")));
    world.quay.add_application(CLIENT_ID, other);
    world.complete(world.run(words).start());
}

#[test]
fn ctrl_c_ends_the_checks_while_quay_does_not_respond() {
    let world = World::new();
    // The kernel accepts connections, and nothing responds.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", silent.local_addr().unwrap());
    let flags = ["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file", "--no-browser"];
    let mut terminal = Terminal::start(&world, &[&flags[..], &["--redirect-uri", &world.redirect_uri]].concat());
    terminal.shows("Checking the file");
    terminal.types("\x03");
    assert!(terminal.ends(130).contains("stopped by Ctrl-C"));
}

#[test]
fn a_quay_that_does_not_respond_is_a_warning() {
    let world = World::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", silent.local_addr().unwrap());
    let start = Instant::now();
    let mut login = world.login(&["--host", &host]).start();
    login.says("did not answer in time. Continuing");
    login.authorize_url();
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[test]
fn a_read_only_registry_is_told_before_the_browser_opens() {
    let world = World::new();
    world.quay.database().settings.is_read_only = true;
    for more in [&[][..], &["--paste"]] {
        let mut login = world.login(more).start();
        login.says("is read-only just now: it creates no tokens. Reading and pulling still work.");
        let authorize_url = login.authorize_url();
        assert!(world.quay.authorize(&authorize_url).unwrap_err().starts_with("503: "));
        login.signal(nix::sys::signal::Signal::SIGTERM);
        login.wait();
    }
}

#[test]
fn a_client_id_that_cannot_be_checked_without_a_login_is_worth_no_warning() {
    for (more, detail) in [(&[][..], false), (&["--verbose"], true)] {
        let world = World::new();
        world.quay.set_everyone_is(None);
        world.quay.database().settings.allows_anonymous_access = false;
        let mut login = world.login(more).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        crate::support::world::post_to_catcher(&location);
        let said = login.succeeds();
        assert_eq!(said.contains("answers only with a login"), detail, "{said}");
        assert!(!said.contains("warning"), "{said}");
    }
}
