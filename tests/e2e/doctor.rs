//! `doctor`: all checks pass, or one of them fails.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::Value;

use crate::support::keyring::{Bus, Keyring};
use crate::support::program::Run;
use crate::support::world::World;

/// `doctor` with these options, on a machine with a browser.
fn doctor(world: &World, more: &[&str]) -> Run {
    world.run([&["doctor"], more].concat()).env("QUAY_AUTH_BROWSER", "/bin/true")
}

/// The outcome of one check, and what it printed. All other checks pass.
fn found(run: Run, check: &str, code: i32) -> (String, String) {
    let run = run.prints("[");
    let ended = if code == 0 { run.succeeds() } else { run.stderr("check").fails(code) };
    let findings: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let of = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let others = findings.iter().filter(|finding| finding["check"] != check && finding["outcome"] != "ok");
    assert_eq!(others.count(), 0, "{ended}");
    let own = findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{ended}"));
    let outcome = of(own, "outcome");
    assert_eq!(outcome == "ok", own["next"].is_null(), "a failure has a next step: {own}");
    (outcome, format!("{} → {}", of(own, "detail"), of(own, "next")))
}

/// The same, after running `doctor --json`.
fn broken(world: &World, more: &[&str], check: &str, code: i32) -> (String, String) {
    found(doctor(world, &[&["--json"], more].concat()), check, code)
}

#[test]
fn prints_one_line_for_each_check_that_passes() {
    let mut world = World::new();
    let _keyring = Keyring::start(&mut world);
    world.complete(world.login(&["--store", "keyring"]).start());
    let host = world.quay.host();
    let said = doctor(&world, &[]).prints("ok    ").succeeds().stdout;
    for line in [
        "ok    session bus: available\n".to_owned(),
        "ok    store: the keyring is unlocked; an entry was written, read and deleted\n".to_owned(),
        "ok    leftovers: every deleted token is gone\n".to_owned(),
        format!("ok    redirect URI: {} is free; ", world.redirect_uri),
        "ok    browser: /bin/true opens it\n".to_owned(),
        "ok    proxy: no variable names one\n".to_owned(),
        "ok    host name: 127.0.0.1 has the address 127.0.0.1\n".to_owned(),
        "ok    certificate: not needed: plain http\n".to_owned(),
        format!("ok    server: {host} answers: Quay 3.18.0\n"),
        "ok    clock: differs from that of the server by less than a minute\n".to_owned(),
        "ok    client ID: QUAYAUTHTEST00000001 is the application \"quay-auth test\" of acme\n".to_owned(),
        format!("ok    token: the token of default@{} expires on 2", world.quay.address()),
        format!("ok    docker: not used for {host}; to use it: quay-auth docker install --host {host}\n"),
    ] {
        assert!(said.contains(&line), "{line}{said}");
    }
    assert_eq!(said.lines().count(), 13, "{said}");
    // The test entry is deleted, and the token is unchanged.
    world.run(["print-token"]).prints("\n").succeeds();
    let printed = doctor(&world, &["--json"]).prints("[").succeeds().stdout;
    assert_eq!(serde_json::from_str::<Vec<Value>>(&printed).unwrap().len(), 13);
}

#[test]
fn finds_a_keyring_that_is_locked_or_not_available() {
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
fn finds_a_token_file_that_others_can_read() {
    let world = World::new();
    world.log_in();
    let tokens = world.data_folder().join("tokens.toml");
    fs::set_permissions(&tokens, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let (outcome, words) = broken(&world, &[], "store", 1);
    let expected = format!("other users have access to {0} → chmod 600 {0}", tokens.display());
    assert_eq!((outcome.as_str(), words.contains(&expected)), ("fail", true), "{words}");
}

#[test]
fn finds_a_port_that_is_in_use() {
    let world = World::new();
    world.log_in();
    let _held = TcpListener::bind(world.redirect_authority()).unwrap();
    let (outcome, words) = broken(&world, &[], "redirect URI", 1);
    assert_eq!((outcome.as_str(), words.contains("another program listens there")), ("fail", true), "{words}");
}

#[test]
fn without_a_browser_suggests_other_ways() {
    let world = World::new();
    world.log_in();
    let run = world.run(["doctor", "--json"]).env("QUAY_AUTH_BROWSER", "no-such-browser");
    let (outcome, words) = found(run, "browser", 0);
    assert_eq!(
        (outcome.as_str(), words.contains("no program that opens a browser was found")),
        ("warn", true),
        "{words}"
    );
    let (_, words) = found(world.run(["doctor", "--json"]).env("SSH_CONNECTION", "1 2 3 4"), "browser", 0);
    assert!(words.contains("this is an SSH session without a display → log in with any browser: "), "{words}");
}

#[test]
fn finds_a_read_only_registry() {
    let world = World::new();
    world.log_in();
    world.quay.database().settings.is_read_only = true;
    let (outcome, words) = broken(&world, &[], "registry", 0);
    assert_eq!(outcome, "warn");
    assert!(words.contains("is read-only: it creates and revokes no tokens; reading and pulling work"), "{words}");
}

#[test]
fn finds_an_expired_token() {
    let world = World::new();
    world.log_in();
    world.set_expires_at("2026-01-01T00:00:00Z");
    let (outcome, words) = broken(&world, &[], "token", 0);
    assert_eq!(outcome, "warn");
    assert!(words.contains(" expired on 2026-01-01; by this machine's clock it is 20"), "{words}");
    assert!(words.contains(" → quay-auth login "), "{words}");
}

#[test]
fn finds_a_token_that_is_missing_or_another_one() {
    let world = World::new();
    let token = world.log_in();
    let file = world.data_folder().join("tokens.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(&token, &"Z".repeat(40))).unwrap();
    let (outcome, words) = broken(&world, &[], "token", 1);
    assert_eq!(outcome, "fail");
    assert!(words.contains("the token file has another token for default@"), "{words}");
    std::fs::remove_file(&file).unwrap();
    let (outcome, words) = broken(&world, &[], "token", 0);
    assert_eq!(outcome, "warn");
    assert!(words.contains(" is no longer in the token file → quay-auth login "), "{words}");
}

#[test]
fn finds_an_unknown_client_id() {
    let world = World::new();
    world.log_in();
    world.quay.database().applications.clear();
    let (outcome, words) = broken(&world, &[], "client ID", 1);
    assert_eq!(
        (outcome.as_str(), words.contains("has no application with the client ID QUAYAUTHTEST00000001")),
        ("fail", true),
        "{words}"
    );
    let other = World::new();
    let run = at(&other, &world.quay.host());
    let (outcome, words) = found(run, "client ID", 0);
    assert_eq!((outcome.as_str(), words.contains("not known for default@")), ("warn", true), "{words}");
}

/// Starts a server that answers each request with these bytes. Returns its host.
fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request);
                if answer.is_empty() {
                    // Never answers.
                    let _ = socket.read_to_end(&mut Vec::new());
                }
                let _ = TcpStream::write_all(&mut socket, answer.as_bytes());
            });
        }
    });
    host
}

/// `doctor --json` at that server. Its redirect URI is that of this world, because other tests use the default one.
fn at(world: &World, host: &str) -> Run {
    let doctor = doctor(world, &["--json", "--host", host]);
    doctor.env("QUAY_AUTH_STORE", "file").env("QUAY_AUTH_REDIRECT_URI", &world.redirect_uri)
}

#[test]
fn finds_a_wrong_clock() {
    let world = World::new();
    let host = server(
        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: close\r\nContent-Length: 53\r\n\r\n\
         {\"config\": {\"A\": 1}, \"version_number\": \"Quay 3.16.0\"}",
    );
    let ended = at(&world, &host).prints("\"check\": \"clock\",\n    \"outcome\": \"warn\"").succeeds().stdout;
    assert!(ended.contains("differs from that of the server by ") && ended.contains("answers: Quay 3.16.0"), "{ended}");
}

#[test]
fn server_that_is_no_quay_or_silent_does_not_delay_other_checks() {
    let world = World::new();
    let ended = at(&world, &server("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\n<html>"))
        .prints("answers, but not as Quay does")
        .prints("is this the right host? Check --host")
        .succeeds();
    assert!(ended.stdout.contains("not checked: the server did not send its time"), "{ended}");
    let silent = at(&world, &server("")).prints("did not answer in time").stderr("failed").fails(1).stdout;
    assert!(silent.contains("\"check\": \"store\",\n    \"outcome\": \"ok\""), "{silent}");
}

#[test]
fn finds_a_host_name_without_an_address() {
    let world = World::new();
    let ended = at(&world, "quay.invalid").prints("cannot resolve quay.invalid: ").stderr("failed").fails(1).stdout;
    assert!(ended.contains("the VPN"), "{ended}");
}

#[test]
fn finds_docker_conflicts_after_docker_install() {
    let world = World::new();
    world.log_in();
    world.run(["docker", "install"]).stderr("✓").succeeds();
    let (outcome, words) = found(doctor(&world, &["--json"]), "docker", 0);
    assert_eq!(
        (outcome.as_str(), words.contains("docker, podman, skopeo and buildah use quay-auth")),
        ("ok", true),
        "{words}"
    );
    let (outcome, words) = found(doctor(&world, &["--json"]).env("PATH", "/usr/bin:/bin"), "docker", 0);
    assert_eq!((outcome.as_str(), words.contains("is not on your PATH")), ("warn", true), "{words}");
    fs::write(world.home().join(".docker/config.json"), "{").unwrap();
    let (outcome, words) = broken(&world, &[], "docker", 0);
    assert_eq!((outcome.as_str(), words.contains("config.json, line 1, column 1")), ("warn", true), "{words}");
}

#[test]
fn report_has_no_secrets_and_no_home_folder() {
    let world = World::new();
    let token = world.log_in();
    let report = doctor(&world, &["--report"]).env("QUAY_AUTH_TOKEN", &token).prints("quay-auth ").succeeds().stdout;
    assert!(report.starts_with(concat!("quay-auth ", env!("CARGO_PKG_VERSION"), " on linux ")), "{report}");
    assert!(report.contains("variables: QUAY_AUTH_BROWSER, QUAY_AUTH_TOKEN, XDG_RUNTIME_DIR\n"), "{report}");
    assert!(
        report.contains("\nok    store: tokens.toml in ~/.local/share/quay-auth is readable only by you; "),
        "{report}"
    );
    for secret in [&*token, "alice", &world.home().display().to_string()] {
        assert!(!report.contains(secret), "{secret} in {report}");
    }
}
