//! `doctor`: each thing that a login needs, found to be right, and broken one at a time.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::Value;

use crate::docker::with_helper;
use crate::keyring::{Bus, Keyring};
use crate::program::Run;
use crate::world::World;

/// `doctor` with these flags, in a world where a browser is there.
fn doctor(world: &World, more: &[&str]) -> Run {
    world.run([&["doctor"], more].concat()).env("QUAY_AUTH_BROWSER", "/bin/true")
}

/// What it found of one check: its outcome and its words. The others are as they should be.
fn found(run: Run, check: &str, code: i32) -> (String, String) {
    let run = run.prints("[");
    let ended = if code == 0 { run.succeeds() } else { run.stderr("check").fails(code) };
    let findings: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let of = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let others = findings.iter().filter(|finding| finding["check"] != check && finding["outcome"] != "ok");
    assert_eq!(others.count(), 0, "{ended}");
    let own = findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{ended}"));
    let outcome = of(own, "outcome");
    assert_eq!(outcome == "ok", own["next"].is_null(), "what is not right has a next step: {own}");
    (outcome, format!("{} → {}", of(own, "detail"), of(own, "next")))
}

/// The same, asked for as JSON of a world with a login.
fn broken(world: &World, more: &[&str], check: &str, code: i32) -> (String, String) {
    found(doctor(world, &[&["--json"], more].concat()), check, code)
}

#[test]
fn where_all_is_well_each_check_says_so_in_a_line() {
    let mut world = World::new();
    let _keyring = Keyring::start(&mut world);
    world.complete(world.login(&["--store", "keyring"]).start());
    let host = world.quay.host();
    let said = doctor(&world, &[]).prints("ok    ").succeeds().stdout;
    for line in [
        "ok    session bus: there is one\n".to_owned(),
        "ok    store: the keyring is unlocked; an entry was written, read and deleted\n".to_owned(),
        format!("ok    redirect address: {} is free; ", world.redirect_uri),
        "ok    browser: /bin/true opens it\n".to_owned(),
        "ok    proxy: none is named\n".to_owned(),
        "ok    host name: 127.0.0.1 is 127.0.0.1\n".to_owned(),
        "ok    certificate: not needed: plain http\n".to_owned(),
        format!("ok    server: {host} answers: Quay 3.18.0\n"),
        "ok    clock: as the server's\n".to_owned(),
        "ok    client id: QUAYAUTHTEST00000001 is \"quay-auth test\" of acme\n".to_owned(),
        format!("ok    docker: not used for {host}; to use it: quay-auth docker install --host {host}\n"),
    ] {
        assert!(said.contains(&line), "{line}{said}");
    }
    assert_eq!(said.lines().count(), 11, "{said}");
    // It leaves nothing behind, and the token is as it was.
    world.run(["print-token"]).prints("\n").succeeds();
    let printed = doctor(&world, &["--json"]).prints("[").succeeds().stdout;
    assert_eq!(serde_json::from_str::<Vec<Value>>(&printed).unwrap().len(), 11);
}

#[test]
fn a_keyring_that_is_locked_or_missing_is_told_as_by_any_command() {
    let mut world = World::new();
    world.log_in();
    let keyring = Keyring::start(&mut world);
    let flags = ["--profile", "other"];
    let with_keyring =
        |world: &World| doctor(world, &[&["--json"], &flags[..]].concat()).env("QUAY_AUTH_STORE", "keyring");
    assert_eq!(found(with_keyring(&world), "store", 0).0, "ok");
    keyring.lock(&world);
    let (outcome, words) = found(with_keyring(&world), "store", 1);
    assert_eq!((outcome.as_str(), words.contains("the keyring is locked → unlock it")), ("fail", true), "{words}");
    drop(keyring);
    let bus = Bus::start(&mut world);
    let (outcome, words) = found(with_keyring(&world), "store", 1);
    assert_eq!((outcome.as_str(), words.contains("no keyring service runs here")), ("fail", true), "{words}");
    drop(bus);
    let ended = with_keyring(&world)
        .prints("\"check\": \"session bus\",\n    \"outcome\": \"fail\"")
        .stderr("2 checks failed")
        .fails(1);
    assert!(ended.stdout.contains("there is no session bus"), "{ended}");
}

#[test]
fn a_file_store_that_others_may_read_is_told() {
    let world = World::new();
    world.log_in();
    let tokens = world.home().join(".local/share/quay-auth/tokens.toml");
    fs::set_permissions(&tokens, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let (outcome, words) = broken(&world, &[], "store", 1);
    assert_eq!((outcome.as_str(), words.contains("is open to other users → chmod 600")), ("fail", true), "{words}");
}

#[test]
fn a_port_that_is_held_is_told() {
    let world = World::new();
    world.log_in();
    let _held = TcpListener::bind(world.redirect_authority()).unwrap();
    let (outcome, words) = broken(&world, &[], "redirect address", 1);
    assert_eq!((outcome.as_str(), words.contains("another program holds it")), ("fail", true), "{words}");
}

#[test]
fn without_a_browser_the_other_ways_are_named() {
    let world = World::new();
    world.log_in();
    let run = world.run(["doctor", "--json"]).env("QUAY_AUTH_BROWSER", "no-such-browser");
    let (outcome, words) = found(run, "browser", 0);
    assert_eq!((outcome.as_str(), words.contains("no program that opens one was found")), ("warn", true), "{words}");
    let (_, words) = found(world.run(["doctor", "--json"]).env("SSH_CONNECTION", "1 2 3 4"), "browser", 0);
    assert!(words.contains("this is an SSH session without a display → quay-auth login prints the address"), "{words}");
}

#[test]
fn a_client_id_that_quay_does_not_know_is_told() {
    let world = World::new();
    world.log_in();
    world.quay.world().applications.clear();
    let (outcome, words) = broken(&world, &[], "client id", 1);
    assert_eq!(
        (outcome.as_str(), words.contains("knows no application QUAYAUTHTEST00000001")),
        ("fail", true),
        "{words}"
    );
    let other = World::new();
    let run = other.run(["doctor", "--json", "--host", &world.quay.host()]);
    let run = run.env("QUAY_AUTH_STORE", "file").env("QUAY_AUTH_BROWSER", "/bin/true");
    let (outcome, words) = found(run, "client id", 0);
    assert_eq!((outcome.as_str(), words.contains("none is known for default@")), ("warn", true), "{words}");
}

/// A server that answers each request with these bytes; its host.
fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request);
                if answer.is_empty() {
                    // Says nothing, ever.
                    let _ = socket.read_to_end(&mut Vec::new());
                }
                let _ = TcpStream::write_all(&mut socket, answer.as_bytes());
            });
        }
    });
    host
}

/// `doctor --json` at that server.
fn at(world: &World, host: &str) -> Run {
    world.run(["doctor", "--json", "--host", host]).env("QUAY_AUTH_STORE", "file").env("QUAY_AUTH_BROWSER", "/bin/true")
}

#[test]
fn a_clock_that_is_wrong_is_told() {
    let world = World::new();
    let host = server(
        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: close\r\nContent-Length: 53\r\n\r\n\
         {\"config\": {\"A\": 1}, \"version_number\": \"Quay 3.16.0\"}",
    );
    let ended = at(&world, &host).prints("\"check\": \"clock\",\n    \"outcome\": \"warn\"").succeeds().stdout;
    assert!(ended.contains("apart from the server's") && ended.contains("answers: Quay 3.16.0"), "{ended}");
}

#[test]
fn a_server_that_is_no_quay_or_says_nothing_is_told_and_holds_up_no_other_check() {
    let world = World::new();
    let ended = at(&world, &server("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\n<html>"))
        .prints("answers, but not as Quay does")
        .prints("is that the right host? Check --host")
        .succeeds();
    assert!(ended.stdout.contains("the server does not tell the time"), "{ended}");
    let silent = at(&world, &server("")).prints("does not answer in time").stderr("failed").fails(1).stdout;
    assert!(silent.contains("\"check\": \"store\",\n    \"outcome\": \"ok\""), "{silent}");
}

#[test]
fn a_name_that_has_no_address_is_told() {
    let world = World::new();
    let ended =
        at(&world, "quay.invalid").prints("quay.invalid cannot be looked up: ").stderr("failed").fails(1).stdout;
    assert!(ended.contains("in a company, its VPN"), "{ended}");
}

#[test]
fn what_stands_in_dockers_way_is_told_once_docker_asks_us() {
    let world = World::new();
    world.log_in();
    with_helper(world.run(["docker", "install"])).stderr("✓").succeeds();
    let (outcome, words) = found(with_helper(doctor(&world, &["--json"])), "docker", 0);
    assert_eq!(
        (outcome.as_str(), words.contains("docker, podman, skopeo and buildah ask quay-auth")),
        ("ok", true),
        "{words}"
    );
    let (outcome, words) = broken(&world, &[], "docker", 0);
    assert_eq!((outcome.as_str(), words.contains("is not on your PATH")), ("warn", true), "{words}");
    fs::write(world.home().join(".docker/config.json"), "{").unwrap();
    let (outcome, words) = broken(&world, &[], "docker", 0);
    assert_eq!((outcome.as_str(), words.contains("config.json, line 1, column 1")), ("warn", true), "{words}");
}

#[test]
fn the_report_has_what_a_bug_report_needs_and_nothing_secret() {
    let world = World::new();
    let token = world.log_in();
    let report = doctor(&world, &["--report"]).env("QUAY_AUTH_TOKEN", &token).prints("quay-auth ").succeeds().stdout;
    assert!(report.starts_with(concat!("quay-auth ", env!("CARGO_PKG_VERSION"), " on linux ")), "{report}");
    assert!(
        report.contains("variables that are set: QUAY_AUTH_BROWSER, QUAY_AUTH_TOKEN, XDG_RUNTIME_DIR\n"),
        "{report}"
    );
    assert!(report.contains("\nok    store: tokens.toml in ~/.local/share/quay-auth is yours alone; "), "{report}");
    for secret in [&*token, "alice", &world.home().display().to_string()] {
        assert!(!report.contains(secret), "{secret} in {report}");
    }
}
