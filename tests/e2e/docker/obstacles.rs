//! What stands in the way of docker, podman, skopeo or buildah, and the line that mends it.

use std::fs;
use std::path::{Path, PathBuf};

use super::settings::with_helper;
use crate::program::Run;
use crate::world::World;

/// A login for quay.io as `podman login` leaves it.
const LOGIN: &str = r#"{"auths": {"quay.io": {"auth": "YWxpY2U6cGFzc3dvcmQ="}}}"#;

/// `docker install` for quay.io, where the helper is on the PATH.
fn install(world: &World) -> Run {
    with_helper(world.run(["docker", "install", "--host", "quay.io"])).stderr("✓")
}

fn put(path: PathBuf, text: &str) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_helper_that_docker_cannot_find_is_named_with_the_path_to_set() {
    let world = World::new();
    let folder = Path::new(env!("CARGO_BIN_EXE_docker-credential-quay-auth")).parent().unwrap().display().to_string();
    world
        .run(["docker", "install", "--host", "quay.io"])
        .env("PATH", "/usr/bin:/bin")
        .stderr("warning: docker-credential-quay-auth is not on your PATH, where docker looks for it.\n")
        .stderr(&format!("hint: export PATH=\"$PATH:{folder}\", in the shell's start file too\n"))
        .succeeds();
    let other = put(world.home().join("bin/docker-credential-quay-auth"), "#!/bin/sh\n");
    fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    world
        .run(["docker", "install", "--host", "quay.io"])
        .env("PATH", &format!("{}:{folder}", other.parent().unwrap().display()))
        .stderr(&format!(
            "warning: your PATH leads to another docker-credential-quay-auth first: {}.\n",
            other.display()
        ))
        .stderr(&format!("export PATH=\"{folder}:$PATH\"\n"))
        .succeeds();
}

#[test]
fn a_login_that_the_containers_tools_ask_first_is_named_with_the_line_that_ends_it() {
    for place in ["run/containers/auth.json", "home/.config/containers/auth.json"] {
        let world = World::new();
        let path = put(world.home().parent().unwrap().join(place), LOGIN);
        install(&world)
            .stderr(&format!(
                "warning: podman, skopeo and buildah ask {} first, and a login for quay.io stands there.\n",
                path.display()
            ))
            .stderr(&format!("hint: podman logout --authfile {} quay.io\n", path.display()))
            .succeeds();
        // Another host's login is in nobody's way.
        fs::write(&path, LOGIN.replace("quay.io", "gcr.io")).unwrap();
        let said = install(&world).succeeds().stderr;
        assert!(!said.contains("auth.json"), "{said}");
    }
}

#[test]
fn another_helper_or_a_broken_file_in_their_way_is_named_too() {
    let world = World::new();
    let path = world.runtime_folder().join("containers/auth.json");
    put(path.clone(), r#"{"credHelpers": {"quay.io": "pass"}}"#);
    install(&world)
        .stderr("first, and it names `pass` for quay.io.\n")
        .stderr(&format!("hint: take \"quay.io\" out of \"credHelpers\" in {}\n", path.display()))
        .succeeds();
    put(path.clone(), r#"{"credHelpers": {"quay.io": "quay-auth"}, "auths": {"quay.io": {"auth": "x"}}}"#);
    assert!(!install(&world).succeeds().stderr.contains("auth.json"));
    put(path.clone(), "{");
    install(&world).stderr("first, and it cannot be read.\n").stderr(&format!("ls -l {}\n", path.display())).succeeds();
}

#[test]
fn variables_that_lead_elsewhere_are_named() {
    let world = World::new();
    install(&world)
        .env("DOCKER_AUTH_CONFIG", "{}")
        .stderr("warning: DOCKER_AUTH_CONFIG is set, and newer dockers ask it first.\n")
        .stderr("hint: unset DOCKER_AUTH_CONFIG\n")
        .succeeds();
    install(&world)
        .env("REGISTRY_AUTH_FILE", "/elsewhere/auth.json")
        .stderr("REGISTRY_AUTH_FILE is set: podman, skopeo and buildah ask /elsewhere/auth.json and nothing else.\n")
        .stderr("hint: unset REGISTRY_AUTH_FILE\n")
        .succeeds();
    // With DOCKER_CONFIG they ask no file of their own.
    put(world.runtime_folder().join("containers/auth.json"), LOGIN);
    let folder = world.home().join("docker");
    let said = install(&world).env("DOCKER_CONFIG", folder.to_str().unwrap()).succeeds().stderr;
    assert!(!said.contains("auth.json"), "{said}");
}

#[test]
fn a_readable_login_in_dockers_own_file_is_told() {
    let world = World::new();
    let path = put(world.home().join(".docker/config.json"), LOGIN);
    install(&world)
        .stderr(&format!("a login for quay.io stands readable in {}; quay-auth goes before it.\n", path.display()))
        .stderr("hint: docker logout quay.io && quay-auth docker install --host quay.io\n")
        .succeeds();
    assert!(fs::read_to_string(path).unwrap().contains("YWxpY2U6cGFzc3dvcmQ="), "it is the user's to end");
}

#[test]
fn the_systems_keyring_for_other_registries_is_not_lost_unsaid() {
    let world = World::new();
    let helper = put(world.home().join("bin/docker-credential-secretservice"), "#!/bin/sh\n");
    fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let ours = Path::new(env!("CARGO_BIN_EXE_docker-credential-quay-auth")).parent().unwrap().display().to_string();
    let path = format!("{ours}:{}", helper.parent().unwrap().display());
    let run =
        |arguments: &[&str]| world.run([&["docker"], arguments, &["--host", "quay.io"]].concat()).env("PATH", &path);
    run(&["install"])
        .stderr("warning: docker uses the system's keyring for other registries only as long as no helper is named.\n")
        .stderr("\"credsStore\": \"secretservice\"\n")
        .succeeds();
    // Only the first helper changes that.
    assert!(!run(&["install"]).stderr("✓").succeeds().stderr.contains("credsStore"));
    run(&["uninstall"]).stderr("✓").succeeds();
    put(world.home().join(".docker/config.json"), "{\"credsStore\": \"pass\"}");
    assert!(!run(&["install"]).stderr("✓").succeeds().stderr.contains("credsStore"));
}
