//! Text that is not a token, and tokens that are given where others can read them: not stored, not sent, not repeated.

use super::{SECRET, assert_nothing_happened, refused, with_token};
use crate::support::world::World;

#[test]
fn text_that_is_not_a_token_is_rejected() {
    let world = World::new();
    let host = world.quay.host();
    for text in [
        format!("{SECRET}\n{SECRET}"),
        format!("{SECRET}\r{SECRET}\n"),
        format!("{SECRET}\0"),
        format!("\0{SECRET}"),
        format!("{SECRET}\x1b[2J"),
        format!("é{SECRET}"),
        format!("{SECRET} {SECRET}"),
        format!("\"{SECRET}\""),
        "SECRETSECRETSECRETS".to_owned(),
        SECRET.repeat(103),
        // Longer than the limit for reading a secret.
        SECRET.repeat(1000),
        format!("https://127.0.0.1:7829/callback#access_token={SECRET}%0A"),
        format!("https://127.0.0.1:7829/callback?access_token={SECRET}"),
        format!("https://127.0.0.1:7829/callback#token={SECRET}"),
    ] {
        let stderr = refused(with_token(&world, &text), 2);
        assert!(
            stderr
                .contains("error: this is not a token: a token is one line of 20 to 4096 letters, digits or `._~+/=-`"),
            "{stderr}"
        );
        assert!(stderr.contains("hint: pass only the token: `quay-auth login --host "), "{stderr}");
        assert!(stderr.contains(" --store file --with-token < FILE`\n"), "{stderr}");
    }
    let invalid_utf8 = [SECRET.as_bytes(), &[0xff]].concat();
    refused(with_token(&world, invalid_utf8), 2);
    world.run(["print-token", "--host", &host]).stderr("there is no login").fails(3);
    assert!(!world.quay.requests().iter().any(|request| request.authorization));
    assert_eq!(world.profiles_toml(), "");
}

#[test]
fn a_rejected_token_does_not_change_the_stored_one() {
    let world = World::new();
    let token = world.log_in();
    let before = world.profiles_toml();
    refused(with_token(&world, format!("{SECRET}\n{SECRET}")), 2);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert_eq!(world.profiles_toml(), before);
}

#[test]
fn a_token_on_the_command_line_is_rejected_with_a_hint_at_stdin() {
    let world = World::new();
    let joined = format!("--with-token={SECRET}");
    for arguments in [&["--with-token", SECRET][..], &[&joined], &[SECRET], &["--with-token", "--", SECRET]] {
        let stderr = refused(world.run([&["login"], arguments].concat()), 2);
        assert!(stderr.contains("hint: pass it on stdin: `quay-auth login --with-token < FILE`\n"), "{stderr}");
    }
    assert_nothing_happened(&world);
}

#[test]
fn no_usage_error_repeats_a_token_on_the_command_line() {
    let world = World::new();
    let joined = format!("--with-token={SECRET}");
    let option = format!("--token={SECRET}");
    for arguments in [
        &["login", "--with-token", "myself", SECRET][..],
        &["login", SECRET, SECRET],
        &["login", &joined, &joined],
        &["login", "--token", SECRET],
        &["login", &option],
        &["login", "--quiet", "--verbose", SECRET],
        &[SECRET],
        &["logout", SECRET],
        &["print-token", SECRET],
        &["status", SECRET],
    ] {
        super::usage_error(world.run(arguments));
    }
    assert_nothing_happened(&world);
}
