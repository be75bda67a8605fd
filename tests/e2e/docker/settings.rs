//! What `docker install`, `uninstall` and `status` do to docker's `config.json`: they change one key and keep the rest byte for byte.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::keyring::Keyring;
use crate::support::program::{Run, RunResult};
use crate::support::world::World;

pub(super) fn config_json(world: &World) -> PathBuf {
    world.home().join(".docker/config.json")
}

/// Writes `config.json`.
pub(super) fn put(world: &World, text: impl AsRef<[u8]>) {
    fs::create_dir_all(world.home().join(".docker")).unwrap();
    fs::write(config_json(world), text).unwrap();
}

/// The content of `config.json`.
pub(super) fn config(world: &World) -> String {
    fs::read_to_string(config_json(world)).unwrap()
}

/// `docker …` for quay.io.
pub(super) fn docker(world: &World, arguments: &[&str]) -> Run {
    world.run([&["docker"], arguments, &["--host", "quay.io"]].concat())
}

/// `docker install`, which succeeds.
pub(super) fn install(world: &World) -> RunResult {
    docker(world, &["install"]).stderr("✓ docker, podman, skopeo and buildah use quay-auth for quay.io").succeeds()
}

#[test]
fn install_creates_config_json_and_uninstall_deletes_it() {
    let world = World::new();
    install(&world);
    assert_eq!(config(&world), "{\n  \"credHelpers\": {\n    \"quay.io\": \"quay-auth\"\n  }\n}\n");
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(config_json(&world)), mode(world.home().join(".docker"))), (0o600, 0o700));
    docker(&world, &["uninstall"]).stderr("✓ docker no longer uses quay-auth for quay.io").succeeds();
    assert!(!config_json(&world).exists());
    docker(&world, &["uninstall"])
        .stderr("docker does not use quay-auth for quay.io")
        .stderr("Nothing was changed.")
        .succeeds();
}

#[test]
fn install_and_uninstall_keep_everything_else_in_config_json() {
    let world = World::new();
    let text = "{\n\t\"psFormat\": \"table {{.ID}}\\t\\u00e9\",\n\n\t\"auths\": { \"https://index.docker.io/v1/\": {} },\n\t\"z\": 1.50,\n\
                \t\"credsStore\": \"desktop\",\n\t\"credHelpers\": {\n\t\t\"gcr.io\": \"gcloud\"\n\t},\n\t\"a\": null\n}";
    put(&world, text);
    fs::set_permissions(config_json(&world), Permissions::from_mode(0o640)).unwrap();
    install(&world);
    let added = text.replace("\"gcloud\"", "\"gcloud\",\n\t\t\"quay.io\": \"quay-auth\"");
    assert_eq!(config(&world), added);
    // A second install changes nothing.
    install(&world);
    assert_eq!(config(&world), added);
    docker(&world, &["uninstall"]).stderr("✓").succeeds();
    assert_eq!(config(&world), text);
    assert_eq!(config_json(&world).metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(world.home().join(".docker")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn install_follows_a_symbolic_link() {
    let world = World::new();
    let dotfiles = world.home().join("dotfiles");
    fs::create_dir_all(world.home().join(".docker")).unwrap();
    fs::create_dir(&dotfiles).unwrap();
    fs::write(dotfiles.join("docker.json"), "{}\n").unwrap();
    symlink("../dotfiles/docker.json", config_json(&world)).unwrap();
    install(&world);
    assert!(config_json(&world).is_symlink());
    assert_eq!(
        fs::read_to_string(dotfiles.join("docker.json")).unwrap(),
        "{\"credHelpers\": {\"quay.io\": \"quay-auth\"}}\n"
    );
    assert_eq!(fs::read_dir(dotfiles).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn install_uses_the_folder_that_docker_config_names() {
    let world = World::new();
    let folder = world.home().join("elsewhere");
    docker(&world, &["install"])
        .env("DOCKER_CONFIG", folder.to_str().unwrap())
        .stderr("elsewhere/config.json")
        .succeeds();
    assert!(fs::read_to_string(folder.join("config.json")).unwrap().contains("quay-auth"));
    assert!(!config_json(&world).exists());
    // Uninstalling works from any folder, also if the variable is relative.
    fs::write(folder.join("config.json"), "{\"credHelpers\": {\"quay.io\": \"pass\"}}").unwrap();
    docker(&world, &["install", "--force"]).env("DOCKER_CONFIG", "elsewhere").stderr("✓").succeeds();
    docker(&world, &["uninstall"]).env("DOCKER_CONFIG", folder.to_str().unwrap()).stderr("but `pass` again").succeeds();
}

#[test]
fn uninstall_in_one_folder_keeps_profile_and_logout_for_the_others() {
    let world = World::new();
    world.log_in();
    let [first, second] = ["first", "second"].map(|name| world.home().join(name));
    let (address, host) = (world.quay.address().to_string(), world.quay.host());
    let run = |folder: &Path, command: &[&str]| {
        let docker = world.run([&["docker"], command, &["--host", &host]].concat());
        docker.env("DOCKER_CONFIG", folder.to_str().unwrap()).stderr("✓").succeeds();
    };
    // One folder has other settings already, the other does not exist.
    fs::create_dir(&first).unwrap();
    fs::write(first.join("config.json"), "{\"detachKeys\": \"ctrl-x\"}").unwrap();
    for (stays, goes) in [(&first, &second), (&second, &first)] {
        for folder in [stays, goes] {
            run(folder, &["install", "--profile", "ci"]);
        }
        world.helper("erase", &address).stderr("docker no longer gets a token").succeeds();
        run(goes, &["uninstall"]);
        let state = world.profiles_toml();
        assert!(state.contains("profile = \"ci\"") && state.contains("is_logged_out = true"), "{state}");
        run(stays, &["uninstall"]);
        let state = world.profiles_toml();
        assert!(!state.contains("[docker") && !state.contains("[original"), "{state}");
    }
    assert!(!second.join("config.json").exists());
    // The usual file counts even if a person wrote quay-auth into it.
    run(&first, &["install", "--profile", "ci"]);
    put(&world, format!("{{\"credHelpers\": {{\"{address}\": \"quay-auth\"}}}}"));
    run(&first, &["uninstall"]);
    assert!(world.profiles_toml().contains("profile = \"ci\""));
    world.run(["docker", "uninstall", "--host", &host]).stderr("✓").succeeds();
    assert!(!world.profiles_toml().contains("[docker"));
    // A folder that was deleted does not count.
    run(&second, &["install", "--profile", "ci"]);
    run(&first, &["install"]);
    fs::remove_dir_all(&second).unwrap();
    run(&first, &["uninstall"]);
    assert!(!world.profiles_toml().contains("\"ci\""));
}

#[test]
fn another_helper_is_replaced_only_with_force_and_restored_by_uninstall() {
    let world = World::new();
    let text = "{\n  \"credHelpers\": {\n    \"quay.io\": \"secretservice\"\n  }\n}\n";
    put(&world, text);
    docker(&world, &["install"])
        .stderr("error: docker uses the helper `secretservice` for quay.io")
        .stderr(
            "nothing was changed\n  hint: to replace that helper: quay-auth docker install --host quay.io --force\n",
        )
        .fails(1);
    docker(&world, &["uninstall"])
        .stderr("docker uses the helper `secretservice` for quay.io, not quay-auth")
        .succeeds();
    assert_eq!(config(&world), text);
    docker(&world, &["install", "--force"]).stderr("✓").succeeds();
    assert_eq!(config(&world), text.replace("secretservice", "quay-auth"));
    docker(&world, &["install"]).stderr("✓").succeeds();
    docker(&world, &["uninstall"]).stderr("but `secretservice` again").succeeds();
    assert_eq!(config(&world), text);
    assert!(!world.profiles_toml().contains("secretservice"));
}

#[test]
fn a_broken_config_json_is_reported_with_its_line_and_not_changed() {
    let world = World::new();
    for (text, words) in [
        ("{\n  \"auths\": {},\n}\n", "config.json, line 3, column 1: "),
        ("{\n  // mine\n}\n", "config.json, line 2, column 3: "),
        ("{\"a\": 1", "config.json, line 1, column 7: "),
        ("\u{feff}{}", "config.json, it begins with a byte order mark"),
        ("[]", "config.json, it should be one JSON object"),
        ("{\"credHelpers\": \"quay-auth\"}", "`credHelpers` should be an object"),
    ] {
        put(&world, text);
        for command in ["install", "uninstall", "status"] {
            docker(&world, &[command]).stderr(words).stderr("hint: fix it there").fails(1);
        }
        assert_eq!(config(&world), text);
    }
    put(&world, [b'{', 0xff, b'}']);
    docker(&world, &["install"]).stderr("config.json is not UTF-8 text").fails(1);
    put(&world, format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000)));
    docker(&world, &["install"]).stderr("Maximum nesting depth exceeded").fails(1);
}

#[test]
fn a_config_json_that_others_can_write_or_that_is_not_a_file_is_rejected() {
    let world = World::new();
    put(&world, "{}\n");
    fs::set_permissions(config_json(&world), Permissions::from_mode(0o666)).unwrap();
    for closed in [world.home().parent().unwrap().to_owned(), world.home()] {
        fs::set_permissions(closed, Permissions::from_mode(0o755)).unwrap();
    }
    docker(&world, &["install"]).stderr("other users have access to ").stderr("hint: chmod 600 ").fails(1);
    assert_eq!(config(&world), "{}\n");
    fs::remove_file(config_json(&world)).unwrap();
    fs::create_dir(config_json(&world)).unwrap();
    docker(&world, &["install"]).stderr("config.json is not a regular file").fails(1);
    fs::remove_dir(config_json(&world)).unwrap();
    assert!(world.command("mkfifo").arg(config_json(&world)).status().unwrap().success());
    docker(&world, &["install"]).stderr("config.json is not a regular file").fails(1);
}

#[test]
fn an_empty_config_json_counts_as_no_settings() {
    let world = World::new();
    for text in ["", "\n", "  \n"] {
        put(&world, text);
        install(&world);
        assert_eq!(config(&world), "{\n  \"credHelpers\": {\n    \"quay.io\": \"quay-auth\"\n  }\n}\n");
    }
}

#[test]
fn uninstall_restores_the_file_byte_for_byte() {
    for text in [
        "",
        "\n",
        "null",
        "{}",
        "{\"credHelpers\": {}}",
        "{\n  \"credHelpers\": { },\n  \"a\": 1\n}",
        "{\"credHelpers\": null}",
        "{\"credHelpers\": {\"quay.io\": \"\"}}",
        "{\"credHelpers\": {\"gcr.io\": \"gcloud\", \"gcr.io\": \"x\"}, \"credHelpers\": {}}",
    ] {
        let world = World::new();
        put(&world, text);
        let other = |command| {
            world.run(["docker", command, "--host", "quay.example.com"]).stderr("✓").succeeds();
        };
        // In any order, if several hosts use quay-auth.
        install(&world);
        other("install");
        docker(&world, &["uninstall"]).stderr("✓").succeeds();
        install(&world);
        other("uninstall");
        docker(&world, &["uninstall"]).stderr("✓").succeeds();
        assert_eq!(config(&world), text);
        assert!(!world.profiles_toml().contains("docker"), "{}", world.profiles_toml());
    }
}

#[test]
fn uninstall_keeps_what_others_added_to_a_file_that_install_created() {
    let world = World::new();
    install(&world);
    let added = config(&world).replacen('{', "{\n  \"auths\": {},", 1);
    put(&world, added);
    docker(&world, &["uninstall"]).stderr("✓").succeeds();
    assert_eq!(config(&world), "{\n  \"auths\": {}\n}\n");
}

#[test]
fn a_helper_that_was_replaced_once_is_not_restored_after_a_later_install() {
    let world = World::new();
    put(&world, "{\"credHelpers\": {\"quay.io\": \"pass\"}}");
    docker(&world, &["install", "--force"]).stderr("✓").succeeds();
    put(&world, "{}");
    install(&world);
    docker(&world, &["uninstall"]).stderr("✓").succeeds();
    assert_eq!(config(&world), "{}");
}

#[test]
fn status_shows_helper_and_credentials_of_each_host() {
    let world = World::new();
    world.run(["docker", "status"]).stderr("you are not logged in").fails(3);
    world.log_in();
    let host = world.quay.host();
    let profile = format!("default@{}", world.quay.address());
    let status = || world.run(["docker", "status"]);
    status()
        .prints(&format!("\n{host}  none    token of {profile}\n"))
        .stderr(&format!("docker does not get a token from quay-auth for {host}"))
        .stderr(&format!("hint: quay-auth docker install --host {host}\n"))
        .fails(1);
    world.run(["docker", "install"]).stderr("✓").succeeds();
    status().prints(&format!("\n{host}  quay-auth  token of {profile}\n")).succeeds();
    world.helper("erase", &world.quay.address().to_string()).stderr("docker no longer gets a token").succeeds();
    status().prints("quay-auth  none, since docker logout\n").stderr("docker install").fails(1);
    world.run(["docker", "install"]).stderr("✓").succeeds();
    world.run(["logout"]).stderr("Deleted").succeeds();
    status()
        .prints("quay-auth  none, not logged in\n")
        .stderr(&format!("hint: quay-auth login --host {host}\n"))
        .fails(1);
}

#[test]
fn status_is_about_hosts_with_a_login_or_with_quay_auth_as_helper() {
    let world = World::new();
    let host = world.quay.host();
    let token = world.log_in();
    let other = ["--host", "127.0.0.1:1"];
    let login = [&["login", "--with-token", "--store", "file"], &other[..]].concat();
    world.run(login).stdin(&token).stderr("Logged in").succeeds();
    world.run(["docker", "install", "--host", &host]).stderr("✓").succeeds();
    world.run(["docker", "status"]).prints("127.0.0.1:1 ").stderr("docker does not get a token").fails(1);
    world.run([&["logout", "--no-revoke"], &other[..]].concat()).stderr("Deleted").succeeds();
    let status = world.run(["docker", "status"]).prints(&host).succeeds();
    assert!(!status.stdout.contains("127.0.0.1:1 "), "{status}");
    // If asked for.
    world.run([&["docker", "status"], &other[..]].concat()).prints("none, not logged in").stderr("error: ").fails(1);
    // docker still asks quay-auth for it, but the user has logged out.
    world.run([&["docker", "install"], &other[..]].concat()).stderr("✓").succeeds();
    world.run(["docker", "status"]).prints("127.0.0.1:1  ").prints("none, not logged in").succeeds();
    world.run(["logout", "--no-revoke", "--host", &host]).stderr("Deleted").succeeds();
    world.run(["docker", "status"]).prints("none, not logged in").stderr("hint: quay-auth login ").fails(1);
    for host in [&host, "127.0.0.1:1"] {
        world.run(["docker", "uninstall", "--host", host]).stderr("✓").succeeds();
    }
    world.run(["docker", "status"]).stderr("you are not logged in").fails(3);
}

#[test]
fn status_and_logout_of_a_profile_without_a_token_say_so() {
    let world = World::new();
    world.log_in();
    world.run(["docker", "install", "--profile", "ci"]).stderr("✓").stderr("--profile ci\n").succeeds();
    let erased = world.helper("erase", &world.quay.address().to_string()).stderr("docker no longer gets").succeeds();
    assert!(!erased.stderr.contains("still stored"), "{erased}");
    fs::remove_file(config_json(&world)).unwrap();
    world
        .run(["docker", "status"])
        .prints("none, not logged in")
        .stderr("docker does not get a token from quay-auth for ")
        .stderr("hint: quay-auth login --host ")
        .stderr(" --profile ci\n")
        .fails(1);
}

#[test]
fn status_prints_json() {
    let world = World::new();
    world.log_in();
    world.run(["docker", "install"]).stderr("✓").succeeds();
    let printed = world.run(["docker", "status", "--json"]).prints("{\n").succeeds().stdout;
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let expected = serde_json::json!({
        "config_file": config_json(&world),
        "hosts": [{
            "host": world.quay.host(),
            "helper": "quay-auth",
            "profile": format!("default@{}", world.quay.address()),
            "gets": "token",
            "obstacles": [],
        }],
    });
    assert_eq!(printed, expected);
}

#[test]
fn a_token_that_docker_would_not_get_is_not_shown_as_one() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    world.complete(world.login(&["--store", "keyring"]).start());
    world.run(["docker", "install"]).stderr("✓").succeeds();
    world.run(["docker", "status"]).prints("token of default@").succeeds();
    keyring.secret_tool(&world, "clear", &format!("default@{}", world.quay.address()));
    world
        .run(["docker", "status"])
        .prints("none, the token of default@")
        .prints(" is missing\n")
        .stderr("the token is no longer in the keyring\n")
        .stderr("hint: quay-auth login ")
        .fails(1);
    keyring.lock(&world);
    let hint = "hint: unlock it in your password manager";
    world.run(["docker", "status", "--json"]).prints("\"gets\": \"unreadable\"").stderr(hint).fails(1);
    world.run(["docker", "install"]).stderr("docker gets no token: the keyring is locked.\n").stderr(hint).succeeds();
}

#[test]
fn install_before_a_login_hints_at_login() {
    let world = World::new();
    docker(&world, &["install"])
        .stderr("✓")
        .stderr("hint: log in, so that docker gets a token: quay-auth login --host quay.io\n")
        .succeeds();
}

#[test]
fn install_and_status_warn_if_the_token_cannot_pull() {
    let world = World::new();
    world.complete(world.login(&["--scopes", "user:read"]).start());
    let warning = "lacks repo:read: docker can log in, but not pull private images.\n";
    let hint = "--add-scopes repo:read\n";
    world.run(["docker", "install"]).stderr(warning).stderr(hint).succeeds();
    world.run(["docker", "status"]).prints("token of").stderr(warning).stderr(hint).succeeds();
    world.complete(world.login(&["--scopes", "repo:write"]).start());
    let status = world.run(["docker", "status"]).prints("token of").succeeds();
    assert!(!status.stderr.contains("repo:read"), "repo:write includes it: {status}");
}
