//! The stores on Windows: the token file in the user's profile folder, and the Credential Manager.

use std::fs;

use super::{data_file, login, run};
use crate::quay_standin::Verify;
use crate::support::world::{World, post_to_catcher, token_of};

const TOKEN: &str = "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0001";

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_token_is_stored_in_the_credential_manager_and_deleted_again() {
    let world = World::new();
    let host = world.quay.host();
    let mut waiting = login(&world, &host, "keyring", &[]).start();
    let location = world.quay.authorize(waiting.authorize_url().trim_end()).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    waiting.succeeds();
    let token = token_of(&location);
    run(&world, &["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert!(!data_file(&world, "tokens.toml").exists());
    run(&world, &["status", "--offline"]).prints("keyring").succeeds();
    run(&world, &["logout"]).stderr("Deleted").succeeds();
    run(&world, &["print-token"]).stderr("there is no login").fails(3);
    run(&world, &["logout"]).stderr("error: ").fails(3);
}

/// The Credential Manager accepts up to 2560 bytes. A token that Quay creates has 40.
#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_token_that_is_too_long_for_the_credential_manager_does_not_replace_the_old_one() {
    let world = World::new();
    world.quay.set_verify(Verify::Status(404));
    let host = world.quay.host();
    let given = |token: &str, store: &str| {
        run(&world, &["login", "--with-token", "--host", &host, "--store", store]).stdin(token)
    };
    for length in [40, 2560] {
        given(&"a".repeat(length), "keyring").stderr("Logged in").succeeds();
        run(&world, &["print-token"]).stdout(&format!("{}\n", "a".repeat(length))).succeeds();
    }
    let long = "b".repeat(2561);
    let refused = given(&long, "keyring")
        .stderr("the token is longer than this system's keyring takes")
        .stderr("hint: to store the token in ")
        .stderr("--store file")
        .fails(4);
    assert!(!refused.stderr.contains(&long[..40]), "{refused}");
    run(&world, &["print-token"]).stdout(&format!("{}\n", "a".repeat(2560))).succeeds();
    given(&long, "file").stderr("Logged in").succeeds();
    run(&world, &["print-token"]).stdout(&format!("{long}\n")).succeeds();
    world.quay.set_verify(Verify::Normal);
    run(&world, &["logout"]).stderr("Deleted").succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_token_from_a_pipe_can_end_with_any_line_ending() {
    let world = World::new();
    world.quay.set_verify(Verify::Status(404));
    let host = world.quay.host();
    for end in ["\r\n", "\n", "", "\r\n\r\n"] {
        let arguments = ["login", "--with-token", "--host", &host, "--store", "file"];
        run(&world, &arguments).stdin(format!("{TOKEN}{end}")).stderr("Logged in").succeeds();
        run(&world, &["print-token"]).stdout(&format!("{TOKEN}\n")).succeeds();
        assert!(!fs::read_to_string(data_file(&world, "tokens.toml")).unwrap().contains('\r'));
    }
}
