//! The token that a login replaces: it is revoked if the scopes allow that and the user agrees. Otherwise the user is told about it.

use crate::support::pty::Terminal;
use crate::support::world::{World, post_to_catcher, token_of};

/// Logs in with these scopes and flags. Returns the token and the messages.
fn log_in(world: &World, scopes: &str, more: &[&str]) -> (String, String) {
    let mut login = world.login(&[&["--scopes", scopes], more].concat()).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    (token_of(&location), login.succeeds())
}

fn is_revoked(world: &World, token: &str) -> bool {
    world.quay.tokens().iter().find(|known| known.value == token).unwrap().revoked
}

#[test]
fn without_the_scopes_to_revoke_it_the_hint_says_how_to_do_it_by_hand() {
    let world = World::new();
    let (old, messages) = log_in(&world, "repo:read", &[]);
    assert!(!messages.contains("previous token"), "{messages}");
    let (_, messages) = log_in(&world, "repo:read,user:read", &["--revoke-old"]);
    let hint = format!("hint: your previous token may still be valid; revoke it at {}: ", world.quay.host());
    assert!(messages.contains(&hint), "{messages}");
    assert!(!is_revoked(&world, &old));
}

#[test]
fn without_a_terminal_it_is_revoked_only_with_revoke_old() {
    let world = World::new();
    let (first, _) = log_in(&world, "user:admin", &[]);
    let (second, messages) = log_in(&world, "repo:read", &[]);
    assert!(messages.contains("next time, add --revoke-old to revoke the previous token"), "{messages}");
    assert!(!is_revoked(&world, &first));
    // The scopes of either token are enough.
    for (scopes, old) in [("user:admin", second), ("org:admin", String::new()), ("repo:read", String::new())] {
        let before = world.run(["print-token"]).prints("").succeeds().stdout;
        let (_, messages) = log_in(&world, scopes, &["--revoke-old"]);
        assert!(messages.contains("✓ Revoked your previous token at"), "{messages}");
        assert!(is_revoked(&world, before.trim()));
        assert!(old.is_empty() || old == before.trim());
    }
    assert!(!is_revoked(&world, &first), "only the previous token is revoked");
}

#[test]
fn at_a_terminal_login_asks_and_enter_means_yes() {
    for (answer, expected) in [("", true), ("y", true), ("n", false), ("nonsense", false)] {
        let world = World::new();
        let (old, _) = log_in(&world, "user:admin", &[]);
        let mut terminal = Terminal::log_in(&world, &["--scopes", "repo:read"]);
        let location = world.quay.authorize(&terminal.authorize_url()).unwrap();
        assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
        terminal.shows(&format!("Revoke your previous token at {}? [Y/n] ", world.quay.host()));
        terminal.enters(answer);
        let screen = terminal.ends(0);
        assert_eq!(screen.contains("Revoked your previous token"), expected, "{screen}");
        assert_eq!(is_revoked(&world, &old), expected);
        world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
    }
}

#[test]
fn ctrl_c_at_the_question_keeps_the_new_token() {
    let world = World::new();
    let (old, _) = log_in(&world, "user:admin", &[]);
    let mut terminal = Terminal::log_in(&world, &["--scopes", "repo:read", "--expires", "30d"]);
    let location = world.quay.authorize(&terminal.authorize_url()).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    terminal.shows("Revoke your previous token at ");
    terminal.types("\x03");
    let screen = terminal.ends(130);
    assert!(screen.contains("the new token is stored, but the question was not answered"), "{screen}");
    assert!(!screen.contains("nothing was changed"), "{screen}");
    assert!(screen.contains("your previous token may still be valid;"), "{screen}");
    // The browser's token is revoked all the same.
    assert!(is_revoked(&world, &token_of(&location)), "{screen}");
    assert!(!is_revoked(&world, &old));
}

#[test]
fn storing_the_same_token_again_replaces_nothing() {
    let world = World::new();
    let (token, _) = log_in(&world, "user:admin", &[]);
    let again = world
        .run(["login", "--with-token", "--revoke-old", "--scopes", "user:admin"])
        .stdin(&token)
        .stderr("Logged in");
    let messages = again.succeeds().stderr;
    assert!(!messages.contains("previous token"), "{messages}");
    assert!(!is_revoked(&world, &token));
}

#[test]
fn a_previous_token_that_was_already_revoked_is_reported_as_that() {
    let world = World::new();
    let (old, _) = log_in(&world, "user:admin", &[]);
    world.quay.revoke(&old);
    world.quay.set_everyone_is(None);
    let (token, messages) = log_in(&world, "repo:read", &["--revoke-old"]);
    assert!(messages.contains("Your previous token was no longer valid at"), "{messages}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}
