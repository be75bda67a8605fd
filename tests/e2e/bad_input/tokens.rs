//! A token that is none, or that is given where others can read it: not stored, not asked about, not repeated.

use super::{SECRET, assert_nothing_happened, refused, with_token};
use crate::world::World;

#[test]
fn what_is_no_token_is_refused() {
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
        // More than is read of any secret.
        SECRET.repeat(1000),
        format!("https://127.0.0.1:7829/callback#access_token={SECRET}%0A"),
        format!("https://127.0.0.1:7829/callback?access_token={SECRET}"),
        format!("https://127.0.0.1:7829/callback#token={SECRET}"),
    ] {
        let said = refused(with_token(&world, &text), 2);
        assert!(said.contains("error: this is not a token: one has 20 to 4096 letters, digits or `._~+/=-`"), "{said}");
        assert!(said.contains("hint: give the token alone, e.g.: quay-auth login --with-token < FILE\n"), "{said}");
    }
    let invalid_utf8 = [SECRET.as_bytes(), &[0xff]].concat();
    refused(with_token(&world, invalid_utf8), 2);
    world.run(["print-token", "--host", &host]).stderr("there is no login").fails(3);
    assert!(world.quay.requests().is_empty());
    assert_eq!(world.profiles_toml(), "");
}

#[test]
fn what_is_no_token_leaves_the_login_before_as_it_was() {
    let world = World::new();
    let token = world.log_in();
    let before = world.profiles_toml();
    refused(with_token(&world, format!("{SECRET}\n{SECRET}")), 2);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    assert_eq!(world.profiles_toml(), before);
}

#[test]
fn a_token_on_the_command_line_is_refused_with_the_way_that_nobody_reads() {
    let world = World::new();
    let joined = format!("--with-token={SECRET}");
    for arguments in [&["--with-token", SECRET][..], &[&joined], &[SECRET], &["--with-token", "--", SECRET]] {
        let said = refused(world.run([&["login"], arguments].concat()), 2);
        assert!(said.contains("hint: give it on stdin: quay-auth login --with-token < FILE\n"), "{said}");
    }
    assert_nothing_happened(&world);
}

#[test]
fn no_slip_beside_a_token_on_the_command_line_repeats_it() {
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
        super::mistyped(world.run(arguments));
    }
    assert_nothing_happened(&world);
}
