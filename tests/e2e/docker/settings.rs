//! What `docker install`, `uninstall` and `status` do to docker's `config.json`: one key, the rest byte for byte, or nothing at all.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use crate::program::{Ended, Run};
use crate::world::World;

/// Docker's settings of this world.
fn config_json(world: &World) -> PathBuf {
    world.home().join(".docker/config.json")
}

/// Puts that into docker's settings.
fn put(world: &World, text: impl AsRef<[u8]>) {
    fs::create_dir_all(world.home().join(".docker")).unwrap();
    fs::write(config_json(world), text).unwrap();
}

/// What stands in docker's settings.
fn config(world: &World) -> String {
    fs::read_to_string(config_json(world)).unwrap()
}

/// `docker …` for quay.io, where the helper is on the PATH.
fn docker(world: &World, arguments: &[&str]) -> Run {
    with_helper(world.run([&["docker"], arguments, &["--host", "quay.io"]].concat()))
}

/// The helper's folder on the PATH.
pub(crate) fn with_helper(run: Run) -> Run {
    let helper = PathBuf::from(env!("CARGO_BIN_EXE_docker-credential-quay-auth"));
    run.env("PATH", &format!("{}:/usr/bin:/bin", helper.parent().unwrap().display()))
}

/// `docker install`, which has nothing to mind but that there is no login.
fn install(world: &World) -> Ended {
    docker(world, &["install"]).stderr("✓ docker, podman, skopeo and buildah ask quay-auth for quay.io").succeeds()
}

#[test]
fn a_first_install_makes_the_file_and_an_uninstall_empties_it() {
    let world = World::new();
    install(&world);
    assert_eq!(config(&world), "{\n  \"credHelpers\": {\n    \"quay.io\": \"quay-auth\"\n  }\n}\n");
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(config_json(&world)), mode(world.home().join(".docker"))), (0o600, 0o700));
    docker(&world, &["uninstall"]).stderr("✓ docker no longer asks quay-auth for quay.io").succeeds();
    assert_eq!(config(&world), "{\n}\n");
    docker(&world, &["uninstall"])
        .stderr("docker does not ask quay-auth for quay.io")
        .stderr("nothing was changed")
        .succeeds();
}

#[test]
fn everything_else_stays_as_it_is() {
    let world = World::new();
    let text = "{\n\t\"psFormat\": \"table {{.ID}}\\t\\u00e9\",\n\n\t\"auths\": { \"https://index.docker.io/v1/\": {} },\n\t\"z\": 1.50,\n\
                \t\"credsStore\": \"desktop\",\n\t\"credHelpers\": {\n\t\t\"gcr.io\": \"gcloud\"\n\t},\n\t\"a\": null\n}";
    put(&world, text);
    fs::set_permissions(config_json(&world), Permissions::from_mode(0o640)).unwrap();
    install(&world);
    let added = text.replace("\"gcloud\"", "\"gcloud\",\n\t\t\"quay.io\": \"quay-auth\"");
    assert_eq!(config(&world), added);
    // Once more changes nothing.
    install(&world);
    assert_eq!(config(&world), added);
    docker(&world, &["uninstall"]).stderr("✓").succeeds();
    assert_eq!(config(&world), text);
    assert_eq!(config_json(&world).metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(world.home().join(".docker")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_link_is_followed() {
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
fn docker_config_names_another_folder() {
    let world = World::new();
    let folder = world.home().join("elsewhere");
    docker(&world, &["install"])
        .env("DOCKER_CONFIG", folder.to_str().unwrap())
        .stderr("elsewhere/config.json")
        .succeeds();
    assert!(fs::read_to_string(folder.join("config.json")).unwrap().contains("quay-auth"));
    assert!(!config_json(&world).exists());
}

#[test]
fn a_foreign_helper_is_replaced_only_by_force_and_comes_back() {
    let world = World::new();
    let text = "{\n  \"credHelpers\": {\n    \"quay.io\": \"secretservice\"\n  }\n}\n";
    put(&world, text);
    docker(&world, &["install"])
        .stderr("error: docker asks `secretservice` for quay.io")
        .stderr("nothing was changed\n  hint: to take its place: quay-auth docker install --host quay.io --force\n")
        .fails(1);
    docker(&world, &["uninstall"]).stderr("docker asks `secretservice` for quay.io, not quay-auth").succeeds();
    assert_eq!(config(&world), text);
    docker(&world, &["install", "--force"]).stderr("✓").succeeds();
    assert_eq!(config(&world), text.replace("secretservice", "quay-auth"));
    docker(&world, &["install"]).stderr("✓").succeeds();
    docker(&world, &["uninstall"]).stderr("and asks `secretservice` as before").succeeds();
    assert_eq!(config(&world), text);
    assert!(!world.profiles_toml().contains("secretservice"), "it is not remembered for ever");
}

#[test]
fn what_docker_cannot_read_is_refused_with_its_place_and_not_touched() {
    let world = World::new();
    for (text, words) in [
        ("{\n  \"auths\": {},\n}\n", "config.json, line 3, column 1: "),
        ("{\n  // mine\n}\n", "config.json, line 2, column 3: "),
        ("{\"a\": 1", "config.json, line 1, column 7: "),
        ("\u{feff}{}", "config.json, it begins with a byte order mark"),
        ("[]", "config.json, it should be one JSON object"),
        ("{\"credHelpers\": \"quay-auth\"}", "`credHelpers` should be an object"),
        ("{\"credHelpers\": {}, \"credHelpers\": {}}", "`credHelpers` stands in it more than once"),
    ] {
        put(&world, text);
        for command in ["install", "uninstall", "status"] {
            docker(&world, &[command]).stderr(words).stderr("hint: mend it there").fails(1);
        }
        assert_eq!(config(&world), text);
    }
    put(&world, [b'{', 0xff, b'}']);
    docker(&world, &["install"]).stderr("config.json is not a text").fails(1);
    put(&world, format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000)));
    docker(&world, &["install"]).stderr("recursion limit").fails(1);
}

#[test]
fn files_that_others_may_write_or_that_are_none_are_refused() {
    let world = World::new();
    put(&world, "{}\n");
    fs::set_permissions(config_json(&world), Permissions::from_mode(0o666)).unwrap();
    docker(&world, &["install"]).stderr("is open to other users").stderr("hint: chmod 600 ").fails(4);
    assert_eq!(config(&world), "{}\n");
    fs::remove_file(config_json(&world)).unwrap();
    fs::create_dir(config_json(&world)).unwrap();
    docker(&world, &["install"]).stderr("config.json is not a plain file").fails(4);
    fs::remove_dir(config_json(&world)).unwrap();
    assert!(world.command("mkfifo").arg(config_json(&world)).status().unwrap().success());
    docker(&world, &["install"]).stderr("config.json is not a plain file").fails(4);
}

#[test]
fn an_empty_file_is_no_settings_yet() {
    let world = World::new();
    for text in ["", "\n", "  \n"] {
        put(&world, text);
        install(&world);
        assert_eq!(config(&world), "{\n  \"credHelpers\": {\n    \"quay.io\": \"quay-auth\"\n  }\n}\n");
    }
}

#[test]
fn status_says_whom_docker_asks_and_what_it_gets() {
    let world = World::new();
    world.run(["docker", "status"]).stderr("there is no login here").fails(3);
    world.log_in();
    let host = world.quay.host();
    let profile = format!("default@{}", world.quay.address());
    let status = || with_helper(world.run(["docker", "status"]));
    status()
        .prints(&format!("\n{host}  nobody       the token of {profile}\n"))
        .stderr(&format!("docker gets no token of quay-auth for {host}"))
        .stderr(&format!("hint: quay-auth docker install --host {host}\n"))
        .fails(1);
    with_helper(world.run(["docker", "install"])).stderr("✓").succeeds();
    status().prints(&format!("\n{host}  quay-auth    the token of {profile}\n")).succeeds();
    world.helper("erase", &world.quay.address().to_string()).stderr("any more").succeeds();
    status().prints("quay-auth    nothing since docker logout\n").stderr("docker install").fails(1);
    with_helper(world.run(["docker", "install"])).stderr("✓").succeeds();
    world.run(["logout"]).stderr("Forgot").succeeds();
    status()
        .prints("quay-auth    nothing: there is no login\n")
        .stderr(&format!("hint: quay-auth login --host {host}\n"))
        .fails(1);
}

#[test]
fn status_as_json_has_the_same() {
    let world = World::new();
    world.log_in();
    with_helper(world.run(["docker", "install"])).stderr("✓").succeeds();
    let printed = with_helper(world.run(["docker", "status", "--json"])).prints("{\n").succeeds().stdout;
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
fn an_install_before_the_login_says_what_is_missing() {
    let world = World::new();
    docker(&world, &["install"])
        .stderr("✓")
        .stderr("hint: docker gets a token after: quay-auth login --host quay.io\n")
        .succeeds();
}
