//! The recipes of docs/recipes.md, each line as it is written, with the real tools and a real registry instead of quay.io.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::file;
use crate::support::image::{make, set_up_tools, shell};
use crate::support::program::{Run, RunResult};
use crate::support::world::World;

/// The scopes that the recipes need.
const SCOPES: &str = "repo:read,repo:write,repo:create,repo:admin,user:read,org:admin";

/// The lines of the recipes in blocks of this language.
fn recipes(language: &str) -> Vec<String> {
    let recipes = file("docs/recipes.md");
    let blocks = recipes.split("\n```").skip(1).step_by(2);
    let lines = blocks.filter_map(|block| block.strip_prefix(&format!("{language}\n"))).flat_map(str::lines);
    lines.map(str::to_owned).collect()
}

/// A world with an image in its registry. docker is not configured yet.
fn world() -> World {
    let world = World::new();
    world.quay.serve_images();
    set_up_tools(&world);
    make(&world);
    fs::write(world.home().join("Containerfile"), format!("FROM {}/acme/app:1\n", world.quay.address())).unwrap();
    // A script instead of terraform, which needs the same variables as terraform's provider for Quay.
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

/// The line with this world's stand-in instead of quay.io, with plain http, and without a cluster for kubectl.
fn here(world: &World, line: &str) -> String {
    let authority = world.quay.address().to_string();
    let line = line.replace("https://quay.io", &world.quay.host()).replace("quay.io", &authority);
    let line = line.replace("docker manifest inspect", "docker manifest inspect --insecure");
    line.replace("kubectl apply --filename -", "kubectl label --local --filename - read=yes --output=name")
}

fn run(world: &World, line: &str) -> Run {
    shell(world, &format!("PATH=\"$HOME/bin:$PATH\"; {}", here(world, line)))
}

/// Runs the line, which must succeed.
fn succeeds(world: &World, line: &str) -> RunResult {
    let result = run(world, line).start().wait();
    assert_eq!(result.code, 0, "{line}\n{result}");
    result
}

#[test]
fn every_shell_command_in_the_recipes_runs() {
    let world = world();
    let mut stdout = String::new();
    let lines = recipes("sh");
    for line in &lines {
        stdout += &succeeds(&world, line).stdout;
    }
    assert!(lines.len() > 20, "{lines:?}");
    // Parts of the outputs.
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
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
}

#[test]
fn every_ci_job_in_the_recipes_pushes_with_only_the_variable() {
    let world = world();
    let token = world.run(["print-token"]).prints("").succeeds().stdout;
    world.run(["logout", "--no-revoke"]).stderr("Deleted").succeeds();
    let lines = recipes("yaml");
    let commands: Vec<&str> =
        lines.iter().filter_map(|line| line.trim().strip_prefix("run: ").or(line.strip_prefix("    - "))).collect();
    assert_eq!(commands.len(), 3, "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.trim() == "QUAY_AUTH_HOST: quay.io").count(), 2);
    for command in commands {
        let result = run(&world, command)
            .env("QUAY_AUTH_HOST", &world.quay.host())
            .env("QUAY_AUTH_TOKEN", token.trim())
            .start()
            .wait();
        assert_eq!(result.code, 0, "{command}\n{result}");
    }
    let host = world.quay.address().to_string();
    let tags =
        shell(&world, &format!("skopeo list-tags --creds '$oauthtoken:{}' docker://{host}/acme/app", token.trim()));
    tags.prints("\"4\"").prints("\"5\"").succeeds();
}
