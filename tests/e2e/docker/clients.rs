//! The real skopeo, podman, buildah and docker at a real registry, which grants what Quay would. Docker without its engine.

use std::fs;

use crate::image::{make, set_up_tools, shell};
use crate::keyring::Keyring;
use crate::program::Ended;
use crate::world::World;

/// What the registry's own words say when nothing is granted.
const DENIED: &str = "denied";

/// Runs the line; it ends with that code, whatever it says. `IMAGE` is an image of acme's at this world's Quay.
fn ends(world: &World, line: &str, code: i32) -> Ended {
    let line = line.replace("IMAGE", &format!("{}/acme/app", world.quay.address()));
    let line = line.replace("HOST", &world.quay.address().to_string());
    let ended = shell(world, &line).start().wait();
    assert_eq!(ended.code, code, "{line}: {ended}");
    ended
}

/// A world whose Quay serves images, with the tools set up and docker's settings naming quay-auth.
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

/// A world with a private image that was pushed there, and a login that may read.
fn world_with_image() -> World {
    let world = world();
    log_in(&world, "repo:write,repo:create");
    ends(&world, "skopeo copy dir:image docker://IMAGE:1", 0);
    log_in(&world, "repo:read");
    world
}

#[test]
fn skopeo_pushes_with_write_is_refused_with_read_and_pulls_a_private_image() {
    let world = world();
    log_in(&world, "repo:read");
    let refused = ends(&world, "skopeo copy dir:image docker://IMAGE:1", 1);
    assert!(refused.stderr.contains(DENIED), "{refused}");
    log_in(&world, "repo:write");
    // Writing alone makes no repository.
    let refused = ends(&world, "skopeo copy dir:image docker://IMAGE:1", 1);
    assert!(refused.stderr.contains(DENIED), "{refused}");
    log_in(&world, "repo:write,repo:create");
    ends(&world, "skopeo copy dir:image docker://IMAGE:1", 0);
    log_in(&world, "repo:read");
    ends(&world, "skopeo copy docker://IMAGE:1 dir:pulled", 0);
    let manifest = |folder: &str| fs::read(world.home().join(folder).join("manifest.json")).unwrap();
    assert!(!manifest("pulled").is_empty());
    // With other scopes the login succeeds, and pulls nothing.
    log_in(&world, "user:read");
    let refused = ends(&world, "skopeo inspect docker://IMAGE:1", 1);
    assert!(refused.stderr.contains(DENIED), "{refused}");
}

#[test]
fn without_a_login_the_tools_go_on_anonymously() {
    let world = world_with_image();
    world.run(["logout"]).stderr("Forgot").succeeds();
    ends(&world, "skopeo inspect docker://IMAGE:1", 1);
    world.quay.world().repositories[0].is_public = true;
    ends(&world, "skopeo inspect docker://IMAGE:1", 0);
    ends(&world, "docker manifest inspect --insecure IMAGE:1", 0);
}

#[test]
fn another_name_of_the_same_server_gets_nothing() {
    let world = world_with_image();
    ends(&world, "skopeo inspect docker://IMAGE:1", 0);
    let port = world.quay.address().port();
    // Even where the other name leads to our helper.
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
fn docker_sees_a_private_image_logs_in_with_what_is_held_and_logs_out_for_one_host() {
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
    // The user name and the token by hand are what is held already.
    ends(&world, "quay-auth print-token | docker login --username '$oauthtoken' --password-stdin HOST", 0);
    ends(&world, "docker manifest inspect --insecure IMAGE:1", 0);
    let config = fs::read_to_string(world.home().join(".docker/config.json")).unwrap();
    assert!(!config.contains("\"auth\""), "no secret in docker's file: {config}");
}

#[test]
fn a_robot_does_not_replace_the_token_unsaid() {
    let world = world_with_image();
    let said = ends(&world, "printf password | docker login --username alice --password-stdin HOST", 1);
    assert!(said.stderr.contains("keeps its own token"), "{said}");
    ends(&world, "skopeo inspect docker://IMAGE:1", 0);
}

#[test]
fn a_locked_keyring_stops_the_tools_and_says_so() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    set_up(&world);
    world.quay.add_repository("acme/app");
    world.quay.world().repositories[0].is_public = true;
    world.complete(world.login(&["--store", "keyring", "--scopes", "repo:write"]).start());
    ends(&world, "skopeo copy dir:image docker://IMAGE:1", 0);
    keyring.lock(&world);
    // An anonymous pull would work: nobody must take the failing store for that.
    // (`docker manifest inspect`, which needs no engine, asks the helper and does not mind what it says.)
    for (line, code) in [("skopeo inspect docker://IMAGE:1", 1), ("podman pull --quiet IMAGE:1", 125)] {
        let stopped = ends(&world, line, code);
        assert!(stopped.stderr.contains("the keyring is locked"), "{stopped}");
    }
}

#[test]
fn an_exported_config_works_where_no_helper_is() {
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
fn an_older_podman_login_hides_us_and_status_names_the_line_that_ends_it() {
    let world = world_with_image();
    let auth = world.runtime_folder().join("containers/auth.json");
    fs::create_dir_all(auth.parent().unwrap()).unwrap();
    // printf 'alice:wrong' | base64
    let login = format!("{{\"auths\": {{\"{}\": {{\"auth\": \"YWxpY2U6d3Jvbmc=\"}}}}}}", world.quay.address());
    fs::write(&auth, login).unwrap();
    ends(&world, "skopeo inspect docker://IMAGE:1", 1);
    let status = ends(&world, "quay-auth docker status", 0);
    let mend = status.stderr.lines().find_map(|line| line.strip_prefix("hint: ")).unwrap();
    assert!(mend.starts_with("podman logout --authfile "), "{mend}");
    ends(&world, mend, 0);
    ends(&world, "skopeo inspect docker://IMAGE:1", 0);
}
