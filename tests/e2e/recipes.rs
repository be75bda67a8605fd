//! The recipes of the README, line by line as they stand there: real tools, and a real registry in quay.io's place.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::image::{make, set_up_tools, shell};
use crate::program::{Ended, Run};
use crate::world::World;

/// What the recipes need a login to be allowed.
const SCOPES: &str = "repo:read,repo:write,repo:create,repo:admin,user:read,org:admin";

/// The lines of the README's recipes in blocks of this language.
fn recipes(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once("\n## Recipes\n").unwrap();
    let (recipes, _) = rest.split_once("\n## ").unwrap();
    let blocks = recipes.split("\n```").skip(1).step_by(2);
    let lines = blocks.filter_map(|block| block.strip_prefix(&format!("{language}\n"))).flat_map(str::lines);
    lines.map(str::to_owned).collect()
}

/// A world with an image at its Quay, everything set up but docker's settings.
fn world() -> World {
    let world = World::new();
    world.quay.serve_images();
    set_up_tools(&world);
    make(&world);
    fs::write(world.home().join("Containerfile"), format!("FROM {}/acme/app:1\n", world.quay.address())).unwrap();
    // There is no terraform here. What its provider for Quay reads is what this one wants.
    let terraform = world.home().join("bin/terraform");
    fs::create_dir(world.home().join("bin")).unwrap();
    fs::write(&terraform, "#!/bin/sh\n: \"${QUAY_TOKEN:?}\" \"${QUAY_URL:?}\"\necho \"$@\" for \"$QUAY_URL\"\n")
        .unwrap();
    fs::set_permissions(terraform, Permissions::from_mode(0o755)).unwrap();
    let token = world.complete(world.login(&["--scopes", SCOPES]).start());
    let push = format!(
        "skopeo copy --dest-creds '$oauthtoken:{token}' dir:image docker://{}/acme/app:1",
        world.quay.address()
    );
    shell(&world, &push).prints("").succeeds();
    world
}

/// The line as it runs here: this world's Quay in quay.io's place, by http, and no cluster for kubectl.
fn here(world: &World, line: &str) -> String {
    let authority = world.quay.address().to_string();
    let line = line.replace("https://quay.io", &world.quay.host()).replace("quay.io", &authority);
    let line = line.replace("docker manifest inspect", "docker manifest inspect --insecure");
    line.replace("kubectl apply --filename -", "kubectl label --local --filename - read=yes --output=name")
}

fn run(world: &World, line: &str) -> Run {
    shell(world, &format!("PATH=\"$HOME/bin:$PATH\"; {}", here(world, line)))
}

/// Runs the line; it succeeds.
fn succeeds(world: &World, line: &str) -> Ended {
    let ended = run(world, line).start().wait();
    assert_eq!(ended.code, 0, "{line}\n{ended}");
    ended
}

#[test]
fn each_line_for_a_shell_runs() {
    let world = world();
    let mut said = String::new();
    let lines = recipes("sh");
    for line in &lines {
        said += &succeeds(&world, line).stdout;
    }
    assert!(lines.len() > 20, "{lines:?}");
    // What they print, here and there.
    let host = world.quay.host();
    for part in [
        "vnd.oci.image.config.v1+json",
        "Login Succeeded!",
        "\"username\": \"alice\"",
        "\napp\n",
        "{\"role\": \"read\"",
        "secret/quay-pull",
        &format!("plan for {host}\n"),
        "\n20",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn each_ci_job_pushes_with_the_variable_alone() {
    let world = world();
    let token = world.run(["print-token"]).prints("").succeeds().stdout;
    world.run(["logout", "--no-revoke"]).stderr("Forgot").succeeds();
    let lines = recipes("yaml");
    let commands: Vec<&str> =
        lines.iter().filter_map(|line| line.trim().strip_prefix("run: ").or(line.strip_prefix("    - "))).collect();
    assert_eq!(commands.len(), 3, "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.trim() == "QUAY_AUTH_HOST: quay.io").count(), 2);
    for command in commands {
        let ended = run(&world, command)
            .env("QUAY_AUTH_HOST", &world.quay.host())
            .env("QUAY_AUTH_TOKEN", token.trim())
            .start()
            .wait();
        assert_eq!(ended.code, 0, "{command}\n{ended}");
    }
    let host = world.quay.address().to_string();
    let tags =
        shell(&world, &format!("skopeo list-tags --creds '$oauthtoken:{}' docker://{host}/acme/app", token.trim()));
    tags.prints("\"4\"").prints("\"5\"").succeeds();
}
