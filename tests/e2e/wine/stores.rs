//! Where Windows keeps tokens: a file below the user's own folder, and the Credential Manager.

use std::fs;

use super::{kept, login, run};
use crate::quay::Verify;
use crate::world::{World, hand_over, token_of};

const TOKEN: &str = "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0001";

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn the_credential_manager_keeps_a_token_and_forgets_it() {
    let world = World::new();
    let host = world.quay.host();
    let mut waiting = login(&world, &host, "keyring", &[]).start();
    let location = world.quay.authorize(waiting.authorize_url().trim_end()).unwrap();
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    waiting.succeeds();
    let token = token_of(&location);
    run(&world, &["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert!(!kept(&world, "tokens.toml").exists());
    run(&world, &["status", "--offline"]).prints("keyring").succeeds();
    run(&world, &["logout"]).stderr("Forgot").succeeds();
    run(&world, &["print-token"]).stderr("there is no login").fails(3);
    run(&world, &["logout"]).stderr("error: ").fails(3);
}

/// It takes 2560 bytes; a token of Quay's own has 40.
#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_token_that_is_too_long_for_it_is_told_and_the_old_one_stays() {
    let world = World::new();
    world.quay.set_verify(Verify::Status(503));
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
        .stderr("hint: keep it in a private file: quay-auth login --store file")
        .fails(4);
    assert!(!refused.stderr.contains(&long[..40]), "{refused}");
    run(&world, &["print-token"]).stdout(&format!("{}\n", "a".repeat(2560))).succeeds();
    given(&long, "file").stderr("Logged in").succeeds();
    run(&world, &["print-token"]).stdout(&format!("{long}\n")).succeeds();
    world.quay.set_verify(Verify::Normal);
    run(&world, &["logout"]).stderr("Forgot").succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_token_from_a_pipe_may_end_as_lines_do_there() {
    let world = World::new();
    world.quay.set_verify(Verify::Status(503));
    let host = world.quay.host();
    for end in ["\r\n", "\n", "", "\r\n\r\n"] {
        let words = ["login", "--with-token", "--host", &host, "--store", "file"];
        run(&world, &words).stdin(format!("{TOKEN}{end}")).stderr("Logged in").succeeds();
        run(&world, &["print-token"]).stdout(&format!("{TOKEN}\n")).succeeds();
        assert!(!fs::read_to_string(kept(&world, "tokens.toml")).unwrap().contains('\r'));
    }
}
