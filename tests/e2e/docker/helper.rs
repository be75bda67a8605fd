//! What `docker-credential-quay-auth` replies. Clients look at stdout and the exit code only.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::support::keyring::Keyring;
use crate::support::program::Run;
use crate::support::world::World;

/// Clients recognize this exact text.
const NOT_FOUND: &str = "credentials not found in native keychain\n";

const OTHER_TOKEN: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

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
fn get_accepts_every_form_of_the_server_and_echoes_it() {
    let (world, server, token) = logged_in();
    for form in [
        server.clone(),
        format!("http://{server}"),
        format!("http://{server}/v1/"),
        format!("{server}/"),
        format!("HTTP://{server}/v2/"),
    ] {
        world.helper("get", &form).stdout(&credentials(&form, "$oauthtoken", &token)).succeeds();
    }
    world.helper("get", &format!(" {server}\r\n")).stdout(&credentials(&server, "$oauthtoken", &token)).succeeds();
}

#[test]
fn get_finds_nothing_for_servers_that_only_look_similar() {
    let (world, server, _) = logged_in();
    let port = world.quay.address().port();
    for similar in [
        "quay.io".to_owned(),
        "https://index.docker.io/v1/".to_owned(),
        format!("https://{server}"),
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
        world.helper("get", &similar).stdout(NOT_FOUND).fails(1);
        world.helper("erase", &similar).succeeds();
    }
    world.helper("get", &server).prints("$oauthtoken").succeeds();
}

#[test]
fn the_keyring_is_not_asked_for_other_servers_or_for_list() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    world.complete(world.login(&["--store", "keyring"]).start());
    keyring.stall();
    world.helper("get", "quay.io").stdout(NOT_FOUND).fails(1);
    world.helper("list", "unused").prints("127.0.0.1").succeeds();
}

#[test]
fn a_locked_keyring_is_not_reported_as_not_found() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    world.complete(world.login(&["--store", "keyring"]).start());
    let server = world.quay.address().to_string();
    world.helper("get", &server).prints("$oauthtoken").succeeds();
    keyring.lock(&world);
    let locked = "quay-auth: the keyring is locked; unlock it in your password manager, such as Seahorse, KWalletManager or KeePassXC\n";
    world.helper("get", &server).stdout(locked).fails(1);
    world.helper("store", &credentials(&server, "$oauthtoken", OTHER_TOKEN)).stdout(locked).fails(1);
}

#[test]
fn errors_are_one_line_on_stdout() {
    let (world, server, _) = logged_in();
    world.helper("get", "").stdout("no credentials server URL\n").fails(1);
    world.helper("erase", "\n").stdout("no credentials server URL\n").fails(1);
    world.helper("store", &credentials("", "u", "s")).stdout("no credentials server URL\n").fails(1);
    world.helper("store", &credentials(&server, "", "s")).stdout("no credentials username\n").fails(1);
    let not_json = world.helper("store", "{\"Secret\":\"topsecret\"").prints("'store' expects a JSON object").fails(1);
    assert!(!not_json.stdout.contains("topsecret"));
    world.helper("frobnicate", "").prints("usage: docker-credential-quay-auth get|store").fails(1);
    world.config("default_hots = 'quay.io'\n");
    let broken = world.helper("get", &server).prints("config.toml, line 1: unknown key 'default_hots'").fails(1);
    assert_eq!((broken.stdout.lines().count(), broken.stdout.contains('`')), (1, false), "{broken}");
}

/// What a user or a disk may do to quay-auth's files.
const DAMAGES: [&str; 9] = [
    "printf 'default_hots = 1\\n' > $HOME/.config/quay-auth/config.toml",
    "printf '\\377' > $HOME/.config/quay-auth/config.toml",
    "rm $HOME/.config/quay-auth/config.toml; mkdir $HOME/.config/quay-auth/config.toml",
    "printf '[[' >> $DATA/profiles.toml",
    "printf '\\377' >> $DATA/profiles.toml",
    "sed -i 's/^version = 1/version = 99/' $DATA/profiles.toml",
    "head -c 5000000 /dev/zero >> $DATA/profiles.toml",
    "sed -i 's/^host = .*/host = 5/' $DATA/profiles.toml",
    "rm $DATA/profiles.toml; mkfifo $DATA/profiles.toml",
];

#[test]
fn damaged_files_matter_only_for_hosts_that_they_may_be_about() {
    for damage in DAMAGES {
        let (world, server, _) = logged_in();
        world.config("");
        let script = damage.replace("$DATA", "$HOME/.local/share/quay-auth");
        assert!(world.command("sh").args(["-ec", &script]).status().unwrap().success(), "{damage}");
        for foreign in ["https://index.docker.io/v1/", "gcr.io", "registry.example.com:5000", "quay.io.example.com"] {
            world.helper("get", foreign).stdout(NOT_FOUND).fails(1);
            world.helper("erase", foreign).succeeds();
        }
        // Remote clients of podman would pull nothing at all.
        world.helper("list", "unused").stdout("{}\n").stderr("warning: ").succeeds();
        let own = world.helper("get", &server).prints("quay-auth: ").fails(1);
        assert!(!own.stdout.contains("not found in"), "{damage}: {own}");
    }
    // Malformed variables are no different.
    let (world, server, _) = logged_in();
    let with = |name: &str, server: &str| world.helper("get", server).env(name, "a b");
    with("QUAY_AUTH_HOST", "gcr.io").stdout(NOT_FOUND).fails(1);
    with("QUAY_AUTH_HOST", &server).prints("quay-auth: QUAY_AUTH_HOST").fails(1);
    with("QUAY_AUTH_PROFILE", "gcr.io").stdout(NOT_FOUND).fails(1);
}

#[test]
fn a_host_that_docker_was_set_up_for_is_never_unknown_while_the_profiles_cannot_be_read() {
    let world = World::new();
    world.log_in();
    world.run(["docker", "install", "--host", "quay.example.com"]).stderr("✓").succeeds();
    let profiles = world.data_folder().join("profiles.toml");
    fs::remove_file(&profiles).unwrap();
    fs::create_dir(&profiles).unwrap();
    for own in ["quay.example.com", "quay.io"] {
        world.helper("get", own).prints("profiles.toml is not a regular file").fails(1);
    }
    world.helper("get", "gcr.io").stdout(NOT_FOUND).fails(1);
}

#[test]
fn version_and_help_print_the_version() {
    let world = World::new();
    let version = format!("docker-credential-quay-auth (quay-auth) {}\n", env!("CARGO_PKG_VERSION"));
    for verb in ["version", "--version", "-v", "--help", "-h"] {
        world.helper(verb, "").stdout(&version).succeeds();
    }
}

#[test]
fn list_prints_the_hosts_of_the_default_profile() {
    let world = World::new();
    world.helper("list", "unused").stdout("{}\n").succeeds();
    let token = world.log_in();
    let server = world.quay.address().to_string();
    world
        .run(["login", "--with-token", "--host", "127.0.0.1:1", "--profile", "work", "--store", "file"])
        .stdin(&token)
        .stderr("Logged in")
        .succeeds();
    // docker gets the token of the default profile, and the second host has none.
    world.helper("list", "unused").stdout(&format!("{{\"{server}\":\"$oauthtoken\"}}\n")).succeeds();
    world
        .helper("list", "")
        .env("QUAY_AUTH_DOCKER_PROFILE", "work")
        .stdout("{\"127.0.0.1:1\":\"$oauthtoken\"}\n")
        .succeeds();
}

#[test]
fn store_accepts_only_the_token_that_is_already_stored() {
    let (world, server, token) = logged_in();
    let before = world.profiles_toml();
    world.helper("store", &credentials(&server, "$oauthtoken", &token)).succeeds();
    let refusal = format!("quay-auth uses its own token for {} and stores no other credentials", world.quay.host());
    for (user, secret) in
        [("$oauthtoken", OTHER_TOKEN), ("acme+robot", &token), ("<token>", &token), ("$oauthtoken", "")]
    {
        let refused = world.helper("store", &credentials(&server, user, secret)).prints(&refusal);
        let refused =
            refused.stderr("hint: to let docker store other credentials: quay-auth docker uninstall").fails(1);
        assert_eq!(refused.stdout.lines().count(), 1);
        assert!(!refused.stdout.contains(OTHER_TOKEN) && !refused.stdout.contains(&token), "{refused}");
    }
    world
        .helper("store", &credentials("quay.io", "$oauthtoken", &token))
        .stdout("there is no login for default@quay.io\n")
        .stderr("hint: quay-auth login --host quay.io\n")
        .stderr("hint: to let docker store other credentials: quay-auth docker uninstall --host quay.io\n")
        .fails(1);
    world.helper("get", &server).stdout(&credentials(&server, "$oauthtoken", &token)).succeeds();
    assert_eq!(world.profiles_toml(), before);
    assert!(world.quay.requests().iter().all(|request| request.method != "DELETE"));
}

#[test]
fn erase_hides_one_host_from_docker_and_keeps_the_token() {
    let (world, server, token) = logged_in();
    let requests = world.quay.requests().len();
    world
        .helper("erase", &format!("http://{server}"))
        .stderr(&format!(
            "docker no longer gets a token for {0}. To undo this: quay-auth docker install --host {0}\n",
            world.quay.host()
        ))
        .stderr(&format!(
            "hint: the token is still stored for other tools; to delete it: quay-auth logout --host {}\n",
            world.quay.host()
        ))
        .succeeds();
    // docker erases every form of the name, one after the other.
    for form in [server.clone(), format!("http://{server}"), format!("https://{server}")] {
        world.helper("erase", &form).succeeds();
    }
    world.helper("get", &server).stdout(NOT_FOUND).fails(1);
    world.helper("list", "").stdout("{}\n").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert_eq!(world.quay.requests().len(), requests);
}

#[test]
fn login_store_and_install_each_undo_an_erase() {
    let (world, server, token) = logged_in();
    let erase = || world.helper("erase", &server).stderr("docker no longer gets a token").succeeds();
    erase();
    world
        .helper("store", &credentials(&server, "$oauthtoken", OTHER_TOKEN))
        .prints("stores no other credentials")
        .stderr("hint: ")
        .fails(1);
    world.helper("get", &server).stdout(NOT_FOUND).fails(1);
    world.helper("store", &credentials(&server, "$oauthtoken", &token)).succeeds();
    world.helper("get", &server).prints(&token).succeeds();
    erase();
    world.run(["docker", "install"]).stderr("use quay-auth").succeeds();
    world.helper("get", &server).prints(&token).succeeds();
    erase();
    let token = world.log_in();
    world.helper("get", &server).prints(&token).succeeds();
}

#[test]
fn get_finds_nothing_after_a_logout() {
    let (world, server, _) = logged_in();
    world.run(["logout"]).stderr("Deleted").succeeds();
    world.helper("get", &server).stdout(NOT_FOUND).fails(1);
    world.helper("list", "").stdout("{}\n").succeeds();
    world
        .helper("store", &credentials(&server, "$oauthtoken", OTHER_TOKEN))
        .stdout(&format!("there is no login for default@{server}\n"))
        .stderr("hint: quay-auth login --host")
        .fails(1);
}

#[test]
fn get_returns_the_token_of_the_configured_profile() {
    let (world, server, token) = logged_in();
    let ci = world.complete(world.login(&["--profile", "ci", "--scopes", "repo:write"]).start());
    let gets = |token: &str| world.helper("get", &server).prints(token).succeeds();
    gets(&token);
    world.run(["docker", "install", "--profile", "ci"]).stderr("use quay-auth").succeeds();
    gets(&ci);
    world.config(&format!("[host.\"{}\"]\ndocker_profile = \"default\"\n", world.quay.host()));
    gets(&token);
    world.helper("get", &server).env("QUAY_AUTH_DOCKER_PROFILE", "ci").prints(&ci).succeeds();
    world
        .run(["docker", "install", "--profile", "ci"])
        .stderr("docker gets the token of default and not of ci, because docker_profile is set to default.")
        .stderr(&format!("write docker_profile = \"ci\" below [host.\"{}\"] in config.toml", world.quay.host()))
        .succeeds();
}

#[test]
fn the_token_variable_is_used_only_for_its_host() {
    let (world, server, token) = logged_in();
    let ci = |server: &str| {
        world.helper("get", server).env("QUAY_AUTH_TOKEN", OTHER_TOKEN).env("QUAY_AUTH_HOST", "quay.example.com")
    };
    ci("quay.example.com").stdout(&credentials("quay.example.com", "$oauthtoken", OTHER_TOKEN)).succeeds();
    ci(&server).stdout(&credentials(&server, "$oauthtoken", &token)).succeeds();
    ci("quay.io").stdout(NOT_FOUND).fails(1);
    world
        .helper("get", &server)
        .env("QUAY_AUTH_TOKEN", "no token")
        .prints("QUAY_AUTH_TOKEN does not contain a token")
        .fails(1);
    world.helper("get", "quay.io").env("QUAY_AUTH_TOKEN", "no token").stdout(NOT_FOUND).fails(1);
}

/// Puts another program named `quay-auth` into the folder.
fn plant_quay_auth(folder: &std::path::Path) {
    fs::create_dir_all(folder).expect("a folder");
    let program = folder.join("quay-auth");
    fs::write(&program, "#!/bin/sh\necho planted\n").expect("a script");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("a program");
}

#[test]
fn the_helper_starts_only_the_quay_auth_in_its_own_folder() {
    let (world, server, _) = logged_in();
    let bin = world.home().join("bin");
    plant_quay_auth(&bin);
    symlink(env!("CARGO_BIN_EXE_docker-credential-quay-auth"), bin.join("docker-credential-quay-auth"))
        .expect("a link");
    let call = |program: &str| {
        let mut command: Command = world.command(program);
        command.arg("get").env("PATH", &bin);
        Run::new(command).stdin(&server)
    };
    // Through a link, with another `quay-auth` beside the link and first on the PATH.
    call(&bin.join("docker-credential-quay-auth").display().to_string()).prints("$oauthtoken").succeeds();
    // In a folder of its own it finds none, although another one is on the PATH.
    let alone = world.home().join("alone/docker-credential-quay-auth");
    fs::create_dir(world.home().join("alone")).expect("a folder");
    fs::copy(env!("CARGO_BIN_EXE_docker-credential-quay-auth"), &alone).expect("a copy");
    call(&alone.display().to_string())
        .prints("docker-credential-quay-auth cannot run quay-auth, which must be in the same folder: No such file or directory")
        .fails(1);
}

/// With an expired token docker could not even pull public images.
#[test]
fn an_expired_token_is_not_found_and_stderr_says_why() {
    let world = World::new();
    world.log_in();
    world.set_expires_at("2026-01-01T00:00:00Z");
    let address = world.quay.address().to_string();
    world
        .helper("get", &address)
        .stdout("credentials not found in native keychain\n")
        .stderr("expired on 2026-01-01: by this machine's clock it is ")
        .stderr("; quay-auth login --host ")
        .fails(1);
    world.helper("list", "").stdout("{}\n").succeeds();
    let status = world.run(["docker", "status"]).prints("none, the token of default@").prints(" has expired");
    status.stderr("docker does not get a token").stderr("hint: quay-auth login ").fails(1);
    world.run(["docker", "status", "--json"]).prints("\"gets\": \"expired\"").stderr("docker does not get").fails(1);
}
