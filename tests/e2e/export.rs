//! `export`: each format is read by the tool that it is for, and a file is its owner's alone. `docker/clients` has the registry's tools.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Output, Stdio};

use crate::pty::Terminal;
use crate::system::Traced;
use crate::world::World;

/// Runs a program with that stdin; it succeeds. Returns its stdout.
fn fed(world: &World, words: &[&str], stdin: &str) -> String {
    let mut command = world.command(words[0]);
    let mut child = command
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", words[0]));
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(status.success(), "{words:?}: {status}\n{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// What `export` prints.
fn exported(world: &World, arguments: &[&str]) -> String {
    world.run([&["export"], arguments].concat()).prints("\n").succeeds().stdout
}

/// A world with a login that may read the user.
fn world_with_user_read() -> (World, String) {
    let world = World::new();
    let token = world.complete(world.login(&["--scopes", "user:read"]).start());
    (world, token)
}

#[test]
fn curl_takes_its_configuration_and_quay_the_token() {
    let (world, _) = world_with_user_read();
    let url = format!("{}/api/v1/user/", world.quay.host());
    let config = exported(&world, &["curl-config"]);
    let answer = fed(&world, &["curl", "--silent", "--fail", "--config", "-", &url], &config);
    assert!(answer.contains("\"username\": \"alice\""), "{answer}");
}

#[test]
fn curl_takes_the_netrc_where_a_password_is_asked_for() {
    let (world, token) = world_with_user_read();
    world
        .run(["export", "netrc", "--output", "netrc"])
        .stderr("warning: a netrc knows no ports: this one gives the token to every port of 127.0.0.1.\n")
        .stderr("Wrote the token of default@")
        .succeeds();
    let url = format!("{}/v2/auth?service=quay", world.quay.host());
    let answer = fed(&world, &["curl", "--silent", "--fail", "--netrc-file", "netrc", &url], "");
    assert!(answer.starts_with("{\"token\":"), "{answer}");
    // A host without a port needs no warning.
    world
        .run(["export", "netrc"])
        .env("QUAY_AUTH_HOST", "quay.io")
        .env("QUAY_AUTH_TOKEN", &token)
        .stdout(&format!("machine quay.io login $oauthtoken password {token}\n"))
        .succeeds();
}

#[test]
fn a_shell_reads_the_variables() {
    let (world, token) = world_with_user_read();
    world.run(["export", "env", "--output", "quay.env"]).stderr("readable by you alone").succeeds();
    let told = fed(&world, &["sh", "-c", "set -a; . ./quay.env; env | grep ^QUAY_ | sort"], "");
    let host = world.quay.host();
    assert_eq!(told, format!("QUAY_HOST={host}\nQUAY_TOKEN={token}\nQUAY_URL={host}\n"));
}

#[test]
fn kubectl_takes_the_secret_and_makes_the_same_one_itself() {
    let (world, token) = world_with_user_read();
    let manifest = exported(&world, &["kubernetes-secret", "--name", "quay-pull"]);
    // Without a cluster, `label --local` is what reads a manifest as the kind that it says it is.
    let label = ["kubectl", "label", "--local", "--filename", "-", "read=by-kubectl", "--output", "json"];
    let ours: serde_json::Value = serde_json::from_str(&fed(&world, &label, &manifest)).unwrap();
    let registry = world.quay.address().to_string();
    let mut create =
        vec!["kubectl", "create", "secret", "docker-registry", "quay-pull", "--dry-run=client", "--output=json"];
    let (server, password) = (format!("--docker-server={registry}"), format!("--docker-password={token}"));
    create.extend([&*server, "--docker-username=$oauthtoken", &*password]);
    let theirs: serde_json::Value = serde_json::from_str(&fed(&world, &create, "")).unwrap();
    assert_eq!((&ours["kind"], &ours["type"]), (&theirs["kind"], &theirs["type"]));
    assert_eq!(ours["metadata"]["name"], "quay-pull");
    let auth = |secret: &serde_json::Value| {
        let config = secret["data"][".dockerconfigjson"].as_str().unwrap();
        let config = fed(&world, &["base64", "--decode"], config);
        serde_json::from_str::<serde_json::Value>(&config).unwrap()["auths"][&registry]["auth"].clone()
    };
    assert_eq!(auth(&ours), auth(&theirs));
    assert!(auth(&ours).is_string());
}

#[test]
fn a_kubernetes_name_is_checked_before_anything_is_written() {
    let (world, _) = world_with_user_read();
    world.run(["export", "kubernetes-secret", "--name", "Quay_Pull"]).stderr("a Kubernetes name has").fails(2);
    world.run(["export", "env", "--name", "quay-pull"]).stderr("only a Kubernetes secret has a name").fails(2);
    let named = format!("\n  name: 127.0.0.1-{}\n", world.quay.address().port());
    world.run(["export", "kubernetes-secret"]).prints(&named).succeeds();
}

#[test]
fn a_file_is_its_owners_alone_from_its_first_byte_and_replaced_whole() {
    let (world, token) = world_with_user_read();
    let path = world.home().join("quay.env");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let traced = Traced::new(
        &world,
        "?open,?openat,?creat,?chmod,?fchmod,?fchmodat",
        &["export", "env", "--output", "quay.env"],
    );
    let calls = traced.calls(|run| drop(run.stderr("readable by you alone").succeeds()));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&path).unwrap().contains(&token));
    let made: Vec<_> = calls.lines().filter(|call| call.contains("O_CREAT")).collect();
    assert!(!made.is_empty() && made.iter().all(|call| call.contains("O_EXCL") && call.contains("0600")), "{made:?}");
    assert!(!calls.contains("chmod"), "{calls}");
}

#[test]
fn a_file_that_cannot_be_written_stays_as_it_was() {
    let (world, token) = world_with_user_read();
    fs::create_dir(world.home().join("folder")).unwrap();
    world.run(["export", "env", "--output", "folder"]).stderr("folder is not a plain file of its own").fails(4);
    world.run(["export", "env", "--output", "/dev/full"]).stderr("/dev/full is not a plain file").fails(4);
    fs::write(world.home().join("real"), "old").unwrap();
    symlink("real", world.home().join("link")).unwrap();
    world.run(["export", "env", "--output", "link"]).stderr("readable by you alone").succeeds();
    assert!(world.home().join("link").is_symlink());
    assert!(fs::read_to_string(world.home().join("real")).unwrap().contains(&token));
}

#[test]
fn a_person_is_warned_before_a_secret_is_shown() {
    let (world, token) = world_with_user_read();
    let shown = Terminal::start(&world, &["export", "env"]).ends(0);
    let warning = shown.find("this shows a secret").unwrap_or_else(|| panic!("{shown}"));
    assert!(warning < shown.find(&token).unwrap(), "{shown}");
    exported(&world, &["env"]);
}
