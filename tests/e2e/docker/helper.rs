//! What `docker-credential-quay-auth` answers, by the protocol's words: stdout and exit code are all that clients look at.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::keyring::Keyring;
use crate::program::Run;
use crate::world::World;

/// What clients know by its words.
const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// Another token.
const OTHER: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// A world with a login, the server as clients name it, and the token.
fn logged_in() -> (World, String, String) {
    let world = World::new();
    let token = world.log_in();
    let server = world.quay.address().to_string();
    (world, server, token)
}

fn credentials(server: &str, user: &str, secret: &str) -> String {
    format!("{{\"ServerURL\":\"{server}\",\"Username\":\"{user}\",\"Secret\":\"{secret}\"}}\n")
}

#[test]
fn get_answers_every_form_of_the_server_and_echoes_it() {
    let (world, server, token) = logged_in();
    for form in [
        server.clone(),
        format!("http://{server}"),
        format!("https://{server}"),
        format!("https://{server}/v1/"),
        format!("{server}/"),
        format!("HTTPS://{server}/v2/"),
    ] {
        world.helper("get", &form).stdout(&credentials(&form, "$oauthtoken", &token)).succeeds();
    }
    world.helper("get", &format!(" {server}\r\n")).stdout(&credentials(&server, "$oauthtoken", &token)).succeeds();
}

#[test]
fn a_foreign_server_is_not_found_whatever_it_looks_like() {
    let (world, server, _) = logged_in();
    let port = world.quay.address().port();
    for foreign in [
        "quay.io".to_owned(),
        "https://index.docker.io/v1/".to_owned(),
        format!("localhost:{port}"),
        format!("{server}0"),
        format!("{server}/acme/app"),
        format!("user@{server}"),
        format!("{server}@evil.example"),
        format!("evil.example/{server}"),
        format!("{server}#x"),
        format!("{server}\nevil.example"),
        format!("{server}\0"),
        "127.0.0.1".to_owned(),
        "é".to_owned(),
        "a".repeat(5000),
    ] {
        world.helper("get", &foreign).stdout(NOT_FOUND).fails(1);
        world.helper("erase", &foreign).succeeds();
    }
    world.helper("get", &server).prints("$oauthtoken").succeeds();
}

#[test]
fn a_foreign_server_is_answered_before_the_keyring_is_asked() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    world.complete(world.login(&["--store", "keyring"]).start());
    keyring.stall();
    world.helper("get", "quay.io").stdout(NOT_FOUND).fails(1);
    world.helper("list", "unused").prints("127.0.0.1").succeeds();
}

#[test]
fn a_locked_keyring_is_an_error_and_never_not_found() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    world.complete(world.login(&["--store", "keyring"]).start());
    let server = world.quay.address().to_string();
    world.helper("get", &server).prints("$oauthtoken").succeeds();
    keyring.lock(&world);
    let locked =
        "quay-auth: the keyring is locked; unlock it, e.g. by logging in to the desktop or with: quay-auth login\n";
    world.helper("get", &server).stdout(locked).fails(1);
    world.helper("store", &credentials(&server, "$oauthtoken", OTHER)).stdout(locked).fails(1);
}

#[test]
fn what_is_wrong_is_one_short_line_on_stdout() {
    let (world, server, _) = logged_in();
    world.helper("get", "").stdout("no credentials server URL\n").fails(1);
    world.helper("erase", "\n").stdout("no credentials server URL\n").fails(1);
    world.helper("store", &credentials("", "u", "s")).stdout("no credentials server URL\n").fails(1);
    world.helper("store", &credentials(&server, "", "s")).stdout("no credentials username\n").fails(1);
    let not_json = world.helper("store", "{\"Secret\":\"topsecret\"").prints("store wants a JSON object").fails(1);
    assert!(!not_json.stdout.contains("topsecret"));
    world.helper("frobnicate", "").prints("usage: docker-credential-quay-auth get|store").fails(1);
    world.config("default_hots = 'quay.io'\n");
    let broken = world.helper("get", &server).prints("config.toml, line 1: unknown key 'default_hots'").fails(1);
    assert_eq!((broken.stdout.lines().count(), broken.stdout.contains('`')), (1, false), "{broken}");
}

#[test]
fn version_is_told_in_every_way_of_asking() {
    let world = World::new();
    let version = format!("docker-credential-quay-auth (quay-auth) {}\n", env!("CARGO_PKG_VERSION"));
    for verb in ["version", "--version", "-v", "--help", "-h"] {
        world.helper(verb, "").stdout(&version).succeeds();
    }
}

#[test]
fn list_names_the_hosts_and_no_secret() {
    let world = World::new();
    world.helper("list", "unused").stdout("{}\n").succeeds();
    let token = world.log_in();
    let server = world.quay.address().to_string();
    world
        .run(["login", "--with-token", "--host", "quay.test.invalid", "--profile", "work", "--store", "file"])
        .stdin(&token)
        .stderr("Logged in")
        .succeeds();
    // Only the default profile is docker's.
    world.helper("list", "unused").stdout(&format!("{{\"{server}\":\"$oauthtoken\"}}\n")).succeeds();
    world
        .helper("list", "")
        .env("QUAY_AUTH_DOCKER_PROFILE", "work")
        .stdout("{\"quay.test.invalid\":\"$oauthtoken\"}\n")
        .succeeds();
}

#[test]
fn store_takes_what_is_held_already_and_refuses_all_else() {
    let (world, server, token) = logged_in();
    let before = world.profiles_toml();
    world.helper("store", &credentials(&server, "$oauthtoken", &token)).succeeds();
    let refusal = format!("quay-auth keeps its own token for {} and takes no other", world.quay.host());
    for (user, secret) in [("$oauthtoken", OTHER), ("acme+robot", &token), ("<token>", &token), ("$oauthtoken", "")] {
        let refused = world.helper("store", &credentials(&server, user, secret)).prints(&refusal).fails(1);
        assert_eq!(refused.stdout.lines().count(), 1);
        assert!(!refused.stdout.contains(OTHER) && !refused.stdout.contains(&token), "{refused}");
    }
    world
        .helper("store", &credentials("quay.io", "$oauthtoken", &token))
        .stdout("quay-auth has no login for quay.io; run: quay-auth login --host quay.io\n")
        .fails(1);
    world.helper("get", &server).stdout(&credentials(&server, "$oauthtoken", &token)).succeeds();
    assert_eq!(world.profiles_toml(), before);
    assert!(world.quay.requests().iter().all(|request| request.method != "DELETE"));
}

#[test]
fn erase_stops_the_answers_of_one_host_and_keeps_the_token() {
    let (world, server, token) = logged_in();
    let requests = world.quay.requests().len();
    world
        .helper("erase", &format!("https://{server}"))
        .stderr(&format!(
            "quay-auth gives docker no token for {0} any more, until: quay-auth docker install --host {0}\n",
            world.quay.host()
        ))
        .stderr(&format!(
            "hint: the token is kept for other tools; to end it: quay-auth logout --host {}\n",
            world.quay.host()
        ))
        .succeeds();
    // Docker erases every form of the name in turn.
    for form in [server.clone(), format!("http://{server}"), format!("https://{server}")] {
        world.helper("erase", &form).succeeds();
    }
    world.helper("get", &server).stdout(NOT_FOUND).fails(1);
    world.helper("list", "").stdout("{}\n").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert_eq!(world.quay.requests().len(), requests, "Quay is not asked");
}

#[test]
fn a_login_a_store_and_an_install_each_bring_the_answers_back() {
    let (world, server, token) = logged_in();
    let erase = || world.helper("erase", &server).stderr("any more").succeeds();
    erase();
    world.helper("store", &credentials(&server, "$oauthtoken", OTHER)).prints("takes no other").fails(1);
    world.helper("get", &server).stdout(NOT_FOUND).fails(1);
    world.helper("store", &credentials(&server, "$oauthtoken", &token)).succeeds();
    world.helper("get", &server).prints(&token).succeeds();
    erase();
    world.run(["docker", "install"]).stderr("ask quay-auth").stderr("PATH").succeeds();
    world.helper("get", &server).prints(&token).succeeds();
    erase();
    let token = world.log_in();
    world.helper("get", &server).prints(&token).succeeds();
}

#[test]
fn after_a_logout_there_is_nothing_to_be_found() {
    let (world, server, _) = logged_in();
    world.run(["logout"]).stderr("Forgot").succeeds();
    world.helper("get", &server).stdout(NOT_FOUND).fails(1);
    world.helper("list", "").stdout("{}\n").succeeds();
    world
        .helper("store", &credentials(&server, "$oauthtoken", OTHER))
        .prints(&format!("there is no login for default@{server}; quay-auth login --host"))
        .fails(1);
}

#[test]
fn the_profile_for_docker_is_the_one_that_is_configured() {
    let (world, server, token) = logged_in();
    let ci = world.complete(world.login(&["--profile", "ci", "--scopes", "repo:write"]).start());
    let gets = |token: &str| world.helper("get", &server).prints(token).succeeds();
    gets(&token);
    world.run(["docker", "install", "--profile", "ci"]).stderr("ask quay-auth").stderr("PATH").succeeds();
    gets(&ci);
    world.config(&format!("[host.\"{}\"]\ndocker_profile = \"default\"\n", world.quay.host()));
    gets(&token);
    world.helper("get", &server).env("QUAY_AUTH_DOCKER_PROFILE", "ci").prints(&ci).succeeds();
    world
        .run(["docker", "install", "--profile", "ci"])
        .stderr("docker gets the token of default, not of ci: docker_profile says so.")
        .stderr(&format!("below [host.\"{}\"]: docker_profile = \"ci\"", world.quay.host()))
        .succeeds();
}

#[test]
fn in_ci_the_variable_serves_its_own_host_and_no_other() {
    let (world, server, token) = logged_in();
    let ci = |server: &str| {
        world.helper("get", server).env("QUAY_AUTH_TOKEN", OTHER).env("QUAY_AUTH_HOST", "quay.example.com")
    };
    ci("quay.example.com").stdout(&credentials("quay.example.com", "$oauthtoken", OTHER)).succeeds();
    ci(&server).stdout(&credentials(&server, "$oauthtoken", &token)).succeeds();
    ci("quay.io").stdout(NOT_FOUND).fails(1);
    world
        .helper("get", &server)
        .env("QUAY_AUTH_TOKEN", "no token")
        .prints("QUAY_AUTH_TOKEN does not hold a token")
        .fails(1);
    world.helper("get", "quay.io").env("QUAY_AUTH_TOKEN", "no token").stdout(NOT_FOUND).fails(1);
}

/// A program in place of `quay-auth` that tells of itself.
fn planted(folder: &std::path::Path) {
    fs::create_dir_all(folder).expect("a folder");
    let program = folder.join("quay-auth");
    fs::write(&program, "#!/bin/sh\necho planted\n").expect("a script");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("a program");
}

#[test]
fn only_the_quay_auth_beside_it_is_started() {
    let (world, server, _) = logged_in();
    let bin = world.home().join("bin");
    planted(&bin);
    symlink(env!("CARGO_BIN_EXE_docker-credential-quay-auth"), bin.join("docker-credential-quay-auth"))
        .expect("a link");
    let call = |program: &str| {
        let mut command: Command = world.command(program);
        command.arg("get").env("PATH", &bin);
        Run::new(command).stdin(&server)
    };
    // By a link, with another `quay-auth` beside the link and first in PATH.
    call(&bin.join("docker-credential-quay-auth").display().to_string()).prints("$oauthtoken").succeeds();
    // Alone it finds none, wherever another is.
    let alone = world.home().join("alone/docker-credential-quay-auth");
    fs::create_dir(world.home().join("alone")).expect("a folder");
    fs::copy(env!("CARGO_BIN_EXE_docker-credential-quay-auth"), &alone).expect("a copy");
    call(&alone.display().to_string())
        .prints("docker-credential-quay-auth cannot start the quay-auth beside it: No such file or directory")
        .fails(1);
}
