//! What keeps docker, podman, skopeo or buildah from asking quay-auth, and the hint that fixes it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::program::Run;
use crate::support::world::World;

/// A login for quay.io as `podman login` writes it.
const LOGIN: &str = r#"{"auths": {"quay.io": {"auth": "YWxpY2U6cGFzc3dvcmQ="}}}"#;

/// `docker install` for quay.io, with the helper on the PATH.
fn install(world: &World) -> Run {
    world.run(["docker", "install", "--host", "quay.io"]).stderr("✓")
}

fn put(path: PathBuf, text: &str) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn install_refuses_without_a_helper_on_the_path_and_reports_another_one() {
    let world = World::new();
    let folder = Path::new(env!("CARGO_BIN_EXE_docker-credential-quay-auth")).parent().unwrap().display().to_string();
    world
        .run(["docker", "install", "--host", "quay.io"])
        .env("PATH", "/usr/bin:/bin")
        .stderr(
            "error: docker-credential-quay-auth is not on your PATH, where docker looks for it; nothing was changed\n",
        )
        .stderr(&format!("hint: run this, and add it to your shell's start file: export PATH=\"$PATH\":{folder}\n"))
        .fails(1);
    assert!(!world.home().join(".docker").exists());
    let other = put(world.home().join("bin/docker-credential-quay-auth"), "#!/bin/sh\n");
    fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    world
        .run(["docker", "install", "--host", "quay.io"])
        .env("PATH", &format!("{}:{folder}", other.parent().unwrap().display()))
        .stderr(&format!(
            "warning: another docker-credential-quay-auth comes first on your PATH: {}.\n",
            other.display()
        ))
        .stderr(&format!("export PATH={folder}:\"$PATH\"\n"))
        .succeeds();
}

#[test]
fn the_hint_puts_a_folder_with_any_name_on_the_path() {
    let world = World::new();
    let folder = world.home().join("it's a $HOME `x` \"y\"");
    fs::create_dir(&folder).unwrap();
    for program in [env!("CARGO_BIN_EXE_quay-auth"), env!("CARGO_BIN_EXE_docker-credential-quay-auth")] {
        fs::copy(program, folder.join(Path::new(program).file_name().unwrap())).unwrap();
    }
    let other = put(world.home().join("bin/docker-credential-quay-auth"), "#!/bin/sh\n");
    fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let install = "\"$0/quay-auth\" docker install --host quay.io";
    for path in ["/usr/bin:/bin".to_owned(), format!("{}:/usr/bin:/bin", other.parent().unwrap().display())] {
        let output = world.command("sh").args(["-c", install]).arg(&folder).env("PATH", &path).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let command = &stderr[stderr.find("export PATH").expect(&stderr)..].lines().next().unwrap();
        for shell in ["sh", "bash", "zsh", "fish"] {
            let script = format!("{command}; docker-credential-quay-auth version");
            let output = world.command(shell).args(["-c", &script]).env("PATH", &path).output().unwrap();
            let stdout = String::from_utf8(output.stdout).unwrap();
            assert!(stdout.starts_with("docker-credential-quay-auth (quay-auth)"), "{shell}: {command}\n{stdout}");
        }
    }
}

#[test]
fn a_login_in_a_file_that_podman_reads_first_is_reported() {
    for file in ["run/containers/auth.json", "home/.config/containers/auth.json"] {
        let world = World::new();
        let path = put(world.home().parent().unwrap().join(file), LOGIN);
        install(&world)
            .stderr(&format!(
                "warning: podman, skopeo and buildah read {} first, and it contains a login for quay.io.\n",
                path.display()
            ))
            .stderr(&format!("hint: podman logout --authfile {} quay.io\n", path.display()))
            .succeeds();
        // A login for another host does not matter.
        fs::write(&path, LOGIN.replace("quay.io", "gcr.io")).unwrap();
        let stderr = install(&world).succeeds().stderr;
        assert!(!stderr.contains("auth.json"), "{stderr}");
    }
}

#[test]
fn the_hint_removes_a_login_under_any_of_its_names() {
    let world = World::new();
    let path = world.runtime_folder().join("containers/auth.json");
    let auths = |names: &[&str]| {
        let login = |name: &&str| format!("\"{name}\": {{\"auth\": \"YWxpY2U6cGFzc3dvcmQ=\"}}");
        format!("{{\"auths\": {{{}}}}}", names.iter().map(login).collect::<Vec<_>>().join(", "))
    };
    put(path.clone(), &auths(&["quay.io", "quay.io/acme", "quay.io/acme/app"]));
    let stderr = install(&world).succeeds().stderr;
    let commands: Vec<_> = stderr.lines().filter_map(|line| line.strip_prefix("hint: podman logout")).collect();
    assert_eq!(commands.len(), 3, "{stderr}");
    run_in_bash(&world, &format!("podman logout{}", commands.join(" && podman logout")));
    assert!(!install(&world).succeeds().stderr.contains("auth.json"));
    // `podman logout` does not find these.
    put(path.clone(), &auths(&["https://quay.io/v1/"]));
    install(&world)
        .stderr(&format!("hint: remove \"https://quay.io/v1/\" from \"auths\" in {}\n", path.display()))
        .succeeds();
    fs::remove_file(path).unwrap();

    let config = world.home().join(".docker/config.json");
    for name in ["quay.io", "http://quay.io", "https://quay.io/v1/", "quay.io/", "quay.io/acme"] {
        put(config.clone(), &auths(&[name]));
        let stderr = install(&world).stderr("still contains a readable login").succeeds().stderr;
        let command = stderr.lines().find_map(|line| line.strip_prefix("hint: docker logout")).unwrap();
        run_in_bash(&world, &format!("docker logout{command}"));
        assert!(!install(&world).succeeds().stderr.contains("readable login"), "{name}");
    }
}

fn run_in_bash(world: &World, commands: &str) {
    let output = world.command("bash").args(["-e", "-c", commands]).output().unwrap();
    assert!(output.status.success(), "{commands}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn another_helper_or_a_broken_file_that_podman_reads_first_is_reported() {
    let world = World::new();
    let path = world.runtime_folder().join("containers/auth.json");
    put(path.clone(), r#"{"credHelpers": {"quay.io": "pass"}}"#);
    install(&world)
        .stderr("first, and it names the helper `pass` for quay.io.\n")
        .stderr(&format!("hint: remove \"quay.io\" from \"credHelpers\" in {}\n", path.display()))
        .succeeds();
    put(path.clone(), r#"{"credHelpers": {"quay.io": "quay-auth"}, "auths": {"quay.io": {"auth": "x"}}}"#);
    assert!(!install(&world).succeeds().stderr.contains("auth.json"));
    put(path.clone(), "{");
    install(&world)
        .stderr("first, and quay-auth cannot read that file.\n")
        .stderr(&format!("ls -ld {}\n", path.display()))
        .succeeds();
}

#[test]
fn variables_that_override_quay_auth_are_reported() {
    let world = World::new();
    install(&world)
        .env("DOCKER_AUTH_CONFIG", "{}")
        .stderr("warning: DOCKER_AUTH_CONFIG is set, and newer versions of docker use it before any helper.\n")
        .stderr("hint: unset DOCKER_AUTH_CONFIG\n")
        .succeeds();
    install(&world)
        .env("REGISTRY_AUTH_FILE", "/elsewhere/auth.json")
        .stderr("REGISTRY_AUTH_FILE is set, so podman, skopeo and buildah read only /elsewhere/auth.json.\n")
        .stderr("hint: unset REGISTRY_AUTH_FILE\n")
        .succeeds();
    // A file that itself names quay-auth is as good as docker's.
    let own = put(world.home().join("own.json"), r#"{"credHelpers": {"quay.io": "quay-auth"}}"#);
    let stderr = install(&world).env("REGISTRY_AUTH_FILE", own.to_str().unwrap()).succeeds().stderr;
    assert!(!stderr.contains("REGISTRY_AUTH_FILE"), "{stderr}");
    // With DOCKER_CONFIG, podman and buildah do not read their own files.
    let path = put(world.runtime_folder().join("containers/auth.json"), LOGIN);
    install(&world)
        .env("DOCKER_CONFIG", world.home().join("docker").to_str().unwrap())
        .stderr(&format!("warning: skopeo reads {} first, and it contains a login for quay.io.\n", path.display()))
        .succeeds();
}

#[test]
fn a_readable_login_in_config_json_is_reported_and_kept() {
    let world = World::new();
    let path = put(world.home().join(".docker/config.json"), LOGIN);
    install(&world)
        .stderr(&format!(
            "{} still contains a readable login for quay.io; quay-auth takes precedence.\n",
            path.display()
        ))
        .stderr("hint: docker logout quay.io && quay-auth docker install --host quay.io\n")
        .succeeds();
    assert!(fs::read_to_string(path).unwrap().contains("YWxpY2U6cGFzc3dvcmQ="));
}

#[test]
fn install_warns_if_docker_stops_using_the_keyring_for_other_registries() {
    let world = World::new();
    let helper = put(world.home().join("bin/docker-credential-secretservice"), "#!/bin/sh\n");
    fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let folder = Path::new(env!("CARGO_BIN_EXE_docker-credential-quay-auth")).parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", helper.parent().unwrap().display());
    let run =
        |arguments: &[&str]| world.run([&["docker"], arguments, &["--host", "quay.io"]].concat()).env("PATH", &path);
    // A CI job has no keyring.
    let result = run(&["install"]).env("CI", "true").stderr("✓").succeeds();
    assert!(!result.stderr.contains("credsStore"), "{result}");
    run(&["uninstall"]).stderr("✓").succeeds();
    run(&["install"])
        .stderr("warning: setting a helper stops docker from using your keyring for other registries.\n")
        .stderr("hint: to keep using it, add \"credsStore\": \"secretservice\" to ")
        .succeeds();
    // Only setting the first helper has this effect.
    assert!(!run(&["install"]).stderr("✓").succeeds().stderr.contains("credsStore"));
    run(&["uninstall"]).stderr("✓").succeeds();
    // A default helper would keep docker from reading a login that is in the file.
    for text in ["{\"credsStore\": \"pass\"}", r#"{"auths": {"ghcr.io": {"auth": "YWxpY2U6cGFzc3dvcmQ="}}}"#] {
        put(world.home().join(".docker/config.json"), text);
        assert!(!run(&["install"]).stderr("✓").succeeds().stderr.contains("credsStore"), "{text}");
    }
}
