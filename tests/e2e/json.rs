//! `--json`: whatever state the machine is in, each command prints one document, and ends with the same exit code as without the option.

use std::fs;

use serde_json::Value;

use crate::support::keyring::Keyring;
use crate::support::program::Run;
use crate::support::snapshot;
use crate::support::world::World;

/// Every command with `--json`; `help_lists_no_other_command_with_json` compares them with the help.
const COMMANDS: [&[&str]; 9] = [
    &["print-token"],
    &["status"],
    &["status", "--offline"],
    &["scopes"],
    &["scopes", "--host"],
    &["tokens", "list"],
    &["tokens", "create", "--name", "ci", "--scopes", "repo:read", "--expires", "1d"],
    &["doctor"],
    &["docker", "status"],
];

/// Runs all commands at the same time, and returns their exit codes and what they print on stdout.
fn run_all(world: &World, variables: &[(&str, &str)], more: &[&str]) -> Vec<(i32, String)> {
    let host = world.quay.host();
    let start = |command: &&[&str]| {
        let host = (command.last() == Some(&"--host")).then_some(host.as_str());
        let arguments = command.iter().copied().chain(host).chain(more.iter().copied());
        let run = world.run(arguments).env("QUAY_AUTH_BROWSER", "/bin/true");
        variables.iter().fold(run, |run, (name, value)| Run::env(run, name, value)).start()
    };
    // Started first, since a keyring that does not respond takes each of them five seconds.
    let running: Vec<_> = COMMANDS.iter().map(start).collect();
    running.into_iter().map(|running| running.wait()).map(|result| (result.code, result.stdout)).collect()
}

/// Expects one document from each command, and the same exit codes. Returns the documents and the codes.
fn check(state: &str, world: &World, variables: &[(&str, &str)]) -> Vec<(Value, i32)> {
    let plain = run_all(world, variables, &[]);
    let json = run_all(world, variables, &["--json"]);
    let results = COMMANDS.iter().zip(plain).zip(json).map(|((command, (plain_code, _)), (code, stdout))| {
        assert_eq!(code, plain_code, "{state}: {command:?}: {stdout}");
        let document: Value = serde_json::from_str(&stdout)
            .unwrap_or_else(|error| panic!("{state}: {command:?} prints {stdout:?}: {error}"));
        assert_eq!(document.is_array(), command[0] == "doctor", "{state}: {command:?}: {document}");
        if let Some(error) = document.get("error") {
            assert_eq!(error["exit_code"], code, "{state}: {command:?}: {document}");
            assert!(error["message"].is_string() && error["hints"].is_array(), "{state}: {command:?}: {document}");
        }
        (document, code)
    });
    results.collect()
}

/// The exit codes, in the order of `COMMANDS`.
fn codes(results: &[(Value, i32)]) -> Vec<i32> {
    results.iter().map(|(_, code)| *code).collect()
}

fn world_with_token() -> World {
    let world = World::with_token("repo:read,org:admin").0;
    // Otherwise, a request without a valid token would be that of a person.
    world.quay.set_everyone_is(None);
    world
}

#[test]
fn logged_in_and_logged_out() {
    let world = world_with_token();
    let results = check("logged in", &world, &[]);
    // Without docker's settings, docker gets no token.
    assert_eq!(codes(&results), [0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert!(results.iter().all(|(document, _)| document.get("error").is_none()));
    for token in world.quay.tokens() {
        world.quay.revoke(&token.value);
    }
    assert_eq!(codes(&check("revoked", &world, &[])), [0, 5, 0, 0, 0, 5, 5, 0, 1]);
    world.run(["logout", "--no-revoke"]).stderr("Deleted").succeeds();
    let results = check("logged out", &world, &[]);
    assert_eq!(codes(&results), [3, 3, 3, 0, 0, 3, 3, 0, 3]);
    assert_eq!(results[1].0["profiles"], Value::Array(Vec::new()));
    assert_eq!(results[0].0["error"]["exit_code"], 3);
    // A machine on which nobody has ever logged in.
    let world = World::new();
    let host = world.quay.host();
    let results = check("new", &world, &[("QUAY_AUTH_HOST", &host), ("QUAY_AUTH_STORE", "file")]);
    assert_eq!(codes(&results), [3, 3, 3, 0, 0, 3, 3, 0, 3]);
    assert_eq!(results[8].0["hosts"], Value::Array(Vec::new()));
}

#[test]
fn damaged_files() {
    let data = |world: &World, name: &str| world.data_folder().join(name);
    let break_file = |path: std::path::PathBuf| {
        let whole = fs::read_to_string(&path).unwrap_or_default();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // In place, so that the file stays private.
        fs::write(&path, format!("{{ ] {whole}")).unwrap();
    };
    for (name, expected) in [
        ("config.toml", [2, 2, 2, 2, 2, 2, 2, 2, 2]),
        ("profiles.toml", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
        ("tokens.toml", [4, 4, 0, 0, 0, 4, 4, 1, 1]),
        ("docker", [0, 0, 0, 0, 0, 0, 0, 0, 1]),
    ] {
        let world = world_with_token();
        break_file(match name {
            "config.toml" => world.home().join(".config/quay-auth/config.toml"),
            "docker" => world.home().join(".docker/config.json"),
            name => data(&world, name),
        });
        let results = check(name, &world, &[]);
        assert_eq!(codes(&results), expected, "{name}");
        if expected[7] > 1 || name == "profiles.toml" {
            assert_eq!(results[7].0[0]["outcome"], "fail", "{name}: {}", results[7].0);
        }
    }
}

#[test]
fn malformed_variables() {
    let world = world_with_token();
    for (name, value, expected) in [
        ("QUAY_AUTH_TOKEN", "no token", [2, 2, 2, 0, 0, 2, 2, 1, 1]),
        ("QUAY_AUTH_TOKEN", "", [0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ("QUAY_AUTH_HOST", "no host", [2, 2, 2, 2, 2, 2, 2, 2, 2]),
        ("QUAY_AUTH_PROFILE", "no name", [2, 0, 0, 0, 2, 2, 2, 2, 2]),
        ("QUAY_AUTH_STORE", "nowhere", [0, 2, 0, 0, 2, 2, 2, 2, 1]),
        ("QUAY_AUTH_CA_FILE", "/nowhere.pem", [0, 2, 0, 0, 2, 2, 2, 1, 1]),
    ] {
        let results = check(&format!("{name}={value}"), &world, &[(name, value)]);
        assert_eq!(codes(&results), expected, "{name}={value}");
    }
}

#[test]
fn failing_keyrings() {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    world.complete(world.login(&["--store", "keyring", "--scopes", "repo:read,org:admin"]).start());
    assert_eq!(codes(&check("unlocked", &world, &[])), [0, 0, 0, 0, 0, 0, 0, 0, 1]);
    keyring.lock(&world);
    let expected = [4, 4, 0, 0, 0, 4, 4, 1, 1];
    let results = check("locked", &world, &[]);
    assert_eq!(codes(&results), expected);
    assert_eq!(results[1].0["profiles"][0]["state"], "locked");
    keyring.stall();
    let results = check("not responding", &world, &[]);
    assert_eq!(codes(&results), expected);
    assert_eq!(results[1].0["profiles"][0]["state"], "not_responding");
    drop(keyring);
    let results = check("not available", &world, &[]);
    assert_eq!(codes(&results), expected);
    assert_eq!(results[1].0["profiles"][0]["state"], "not_available");
}

#[test]
fn help_lists_no_other_command_with_json() {
    let mut with_json: Vec<String> = Vec::new();
    for help in snapshot::help_texts() {
        if fs::read_to_string(&help).unwrap().contains("\n      --json ") {
            with_json.push(help.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    let mut tested: Vec<String> = COMMANDS
        .iter()
        .map(|command| command.iter().take_while(|word| !word.starts_with('-')).copied().collect::<Vec<_>>().join("-"))
        .collect();
    with_json.sort();
    tested.sort();
    tested.dedup();
    assert_eq!(with_json, tested);
}
