//! The real skopeo, podman, buildah and docker at a real registry, which grants what Quay would grant. docker runs without its daemon.

use std::fs;

use crate::support::image::{make, set_up_tools, shell};
use crate::support::keyring::Keyring;
use crate::support::program::RunResult;
use crate::support::world::World;

/// Part of the error when the registry grants nothing.
const DENIED: &str = "denied";

/// Runs a shell command, and expects this exit code and any output. `IMAGE` becomes an image at this world's stand-in, and `HOST` its host.
fn ends(world: &World, line: &str, code: i32) -> RunResult {
    let line = line.replace("IMAGE", &format!("{}/acme/app", world.quay.address()));
    let line = line.replace("HOST", &world.quay.address().to_string());
    let result = shell(world, &line).start().wait();
    assert_eq!(result.code, code, "{line}: {result}");
    result
}

/// A world with a registry, where docker and the other tools ask quay-auth for credentials.
fn world() -> World {
    let world = World::new();
    set_up(&world);
    world
}

fn set_up(world: &World) {
    world.quay.serve_images();
    set_up_tools(world);
    make(world);
    ends(world, "quay-auth docker install --host http://HOST", 0);
}

/// Logs in with these scopes.
fn log_in(world: &World, scopes: &str) -> String {
    world.complete(world.login(&["--scopes", scopes]).start())
}

/// A world with a private image in the registry, and a login that can only read.
fn world_with_image() -> World {
    let world = world();
    log_in(&world, "repo:write,repo:create");
    ends(&world, "skopeo copy dir:image docker://IMAGE:1", 0);
    log_in(&world, "repo:read");
    world
}

#[test]
fn skopeo_can_do_what_the_scopes_allow() {
    let world = world();
    log_in(&world, "repo:read");
    let refused = ends(&world, "skopeo copy dir:image docker://IMAGE:1", 1);
    assert!(refused.stderr.contains(DENIED), "{refused}");
    log_in(&world, "repo:write");
    // repo:write alone cannot create a repository.
    let refused = ends(&world, "skopeo copy dir:image docker://IMAGE:1", 1);
    assert!(refused.stderr.contains(DENIED), "{refused}");
    log_in(&world, "repo:write,repo:create");
    ends(&world, "skopeo copy dir:image docker://IMAGE:1", 0);
    log_in(&world, "repo:read");
    ends(&world, "skopeo copy docker://IMAGE:1 dir:pulled", 0);
    let manifest = |folder: &str| fs::read(world.home().join(folder).join("manifest.json")).unwrap();
    assert!(!manifest("pulled").is_empty());
    // With other scopes, the registry accepts the token but grants nothing.
    log_in(&world, "user:read");
    let refused = ends(&world, "skopeo inspect docker://IMAGE:1", 1);
    assert!(refused.stderr.contains(DENIED), "{refused}");
}

#[test]
fn without_a_profile_the_tools_pull_public_images() {
    let world = world_with_image();
    world.run(["logout"]).stderr("Deleted").succeeds();
    ends(&world, "skopeo inspect docker://IMAGE:1", 1);
    world.quay.database().repositories[0].is_public = true;
    ends(&world, "skopeo inspect docker://IMAGE:1", 0);
    ends(&world, "docker manifest inspect --insecure IMAGE:1", 0);
}

#[test]
fn another_name_of_the_same_server_gets_no_token() {
    let world = world_with_image();
    ends(&world, "skopeo inspect docker://IMAGE:1", 0);
    let port = world.quay.address().port();
    // Even if docker's settings name quay-auth for the other name.
    let config = world.home().join(".docker/config.json");
    fs::write(&config, format!("{{\"credHelpers\": {{\"localhost:{port}\": \"quay-auth\"}}}}")).unwrap();
    let refused = ends(&world, &format!("skopeo inspect docker://localhost:{port}/acme/app:1"), 1);
    assert!(refused.stderr.contains("not authorized") || refused.stderr.contains("unauthorized"), "{refused}");
}

#[test]
fn podman_pulls_and_pushes() {
    let world = world_with_image();
    ends(&world, "podman pull --quiet IMAGE:1", 0);
    assert!(ends(&world, "podman push --quiet IMAGE:1 IMAGE:2", 125).stderr.contains(DENIED));
    log_in(&world, "repo:write");
    ends(&world, "podman push --quiet IMAGE:1 IMAGE:2", 0);
    let already = ends(&world, "podman login HOST", 0);
    assert!(already.stdout.contains("Existing credentials are valid. Already logged in"), "{already}");
}

#[test]
fn buildah_builds_on_a_private_image_and_pushes_the_result() {
    let world = world_with_image();
    log_in(&world, "repo:write");
    fs::write(
        world.home().join("Containerfile"),
        format!("FROM {}/acme/app:1\nCOPY hello /again\n", world.quay.address()),
    )
    .unwrap();
    ends(&world, "buildah build --quiet --file Containerfile --tag IMAGE:3 .", 0);
    ends(&world, "buildah push --quiet IMAGE:3", 0);
    ends(&world, "skopeo inspect docker://IMAGE:3", 0);
}

#[test]
fn docker_logs_in_with_the_stored_token_and_logs_out() {
    let world = world_with_image();
    let token = world.run(["print-token"]).prints("").succeeds().stdout;
    let inspected = ends(&world, "docker manifest inspect --insecure IMAGE:1", 0);
    assert!(inspected.stdout.contains("vnd.oci.image.layer"), "{inspected}");
    let requests = world.quay.requests().len();
    ends(&world, "docker logout HOST", 0);
    let server = world.quay.address().to_string();
    world.helper("get", &server).stdout("credentials not found in native keychain\n").fails(1);
    world.run(["print-token"]).stdout(&token).succeeds();
    assert!(world.quay.requests()[requests..].iter().all(|request| request.method != "DELETE"));
    ends(&world, "docker manifest inspect --insecure IMAGE:1", 1);
    // docker login accepts only the token that is already stored.
    ends(&world, "quay-auth print-token | docker login --username '$oauthtoken' --password-stdin HOST", 0);
    ends(&world, "docker manifest inspect --insecure IMAGE:1", 0);
    let config = fs::read_to_string(world.home().join(".docker/config.json")).unwrap();
    assert!(!config.contains("\"auth\""), "{config}");
}

#[test]
fn docker_login_as_another_user_is_refused() {
    let world = world_with_image();
    let refused = ends(&world, "printf password | docker login --username alice --password-stdin HOST", 1);
    assert!(refused.stderr.contains("uses its own token"), "{refused}");
    ends(&world, "skopeo inspect docker://IMAGE:1", 0);
}

#[test]
fn after_a_logout_docker_login_names_the_command_that_lets_other_credentials_through() {
    let world = world_with_image();
    let other = world.create_token("alice", "repo:read");
    let login = format!("printf {other} | docker login --username '$oauthtoken' --password-stdin HOST");
    world.run(["logout"]).stderr("Deleted").succeeds();
    let refused = ends(&world, &login, 1);
    let uninstall = format!("quay-auth docker uninstall --host {}", world.quay.host());
    assert!(refused.stderr.contains(&format!("to let docker store other credentials: {uninstall}")), "{refused}");
    ends(&world, &uninstall, 0);
    // With a login in the file, docker does not look for a keyring.
    let config = world.home().join(".docker/config.json");
    fs::write(&config, "{\"auths\": {\"gcr.io\": {\"auth\": \"eDp5\"}}}").unwrap();
    ends(&world, &login, 0);
    ends(&world, "docker manifest inspect --insecure IMAGE:1", 0);
    let config = fs::read_to_string(config).unwrap();
    assert_eq!(config.matches("\"auth\"").count(), 2, "{config}");
}

#[test]
fn with_damaged_files_the_tools_still_pull_from_other_registries() {
    let world = world_with_image();
    world.quay.database().repositories[0].is_public = true;
    let registries = world.home().join(".config/containers/registries.conf");
    let text = fs::read_to_string(&registries).unwrap();
    fs::write(registries, format!("credential-helpers = [\"quay-auth\", \"containers-auth.json\"]\n{text}")).unwrap();
    let port = world.quay.address().port();
    let profiles = world.data_folder().join("profiles.toml");
    let intact = fs::read_to_string(&profiles).unwrap();
    for (config, profiles_text) in [("default_hots = 1\n", &*intact), ("", &*format!("{intact}[["))] {
        world.config(config);
        fs::write(&profiles, profiles_text).unwrap();
        ends(&world, &format!("skopeo inspect docker://localhost:{port}/acme/app:1"), 0);
        ends(&world, &format!("podman pull --quiet localhost:{port}/acme/app:1"), 0);
        let own = ends(&world, "podman pull --quiet IMAGE:1", 125);
        assert!(own.stderr.contains("quay-auth: "), "{own}");
    }
}

#[test]
fn locked_keyring_stops_the_tools_with_an_error() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    set_up(&world);
    world.quay.add_repository("acme/app");
    world.quay.database().repositories[0].is_public = true;
    world.complete(world.login(&["--store", "keyring", "--scopes", "repo:write"]).start());
    ends(&world, "skopeo copy dir:image docker://IMAGE:1", 0);
    keyring.lock(&world);
    // An anonymous pull would succeed. `docker manifest inspect` is not tested here, because docker ignores errors of the helper there.
    for (line, code) in [("skopeo inspect docker://IMAGE:1", 1), ("podman pull --quiet IMAGE:1", 125)] {
        let result = ends(&world, line, code);
        assert!(result.stderr.contains("the keyring is locked"), "{result}");
    }
}

#[test]
fn exported_config_works_without_the_helper() {
    let world = world_with_image();
    ends(&world, "quay-auth export docker-config --output auth.json", 0);
    ends(&world, "quay-auth docker uninstall", 0);
    ends(&world, "skopeo inspect docker://IMAGE:1", 1);
    ends(&world, "skopeo inspect --authfile auth.json docker://IMAGE:1", 0);
    ends(
        &world,
        "mkdir ci && cp auth.json ci/config.json && DOCKER_CONFIG=ci docker manifest inspect --insecure IMAGE:1",
        0,
    );
}

#[test]
fn docker_status_suggests_how_to_end_a_podman_login_that_comes_first() {
    let world = world_with_image();
    let auth = world.runtime_folder().join("containers/auth.json");
    fs::create_dir_all(auth.parent().unwrap()).unwrap();
    // printf 'alice:wrong' | base64
    let login = format!("{{\"auths\": {{\"{}\": {{\"auth\": \"YWxpY2U6d3Jvbmc=\"}}}}}}", world.quay.address());
    fs::write(&auth, login).unwrap();
    ends(&world, "skopeo inspect docker://IMAGE:1", 1);
    let status = ends(&world, "quay-auth docker status", 0);
    let hint = status.stderr.lines().find_map(|line| line.strip_prefix("hint: ")).unwrap();
    assert!(hint.starts_with("podman logout --authfile "), "{hint}");
    ends(&world, hint, 0);
    ends(&world, "skopeo inspect docker://IMAGE:1", 0);
}
