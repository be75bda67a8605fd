//! The token that a login takes the place of: ended where a scope allows it and a person agrees, else told to be alive.

use crate::pty::Terminal;
use crate::world::{World, hand_over, token_of};

/// Logs in with these scopes, and more flags. Returns the token and what was said.
fn log_in(world: &World, scopes: &str, more: &[&str]) -> (String, String) {
    let mut login = world.login(&[&["--scopes", scopes], more].concat()).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    (token_of(&location), login.succeeds())
}

fn is_revoked(world: &World, token: &str) -> bool {
    world.quay.tokens().iter().find(|known| known.value == token).unwrap().revoked
}

#[test]
fn one_that_nobody_here_can_end_is_told_to_be_alive() {
    let world = World::new();
    let (old, said) = log_in(&world, "repo:read", &[]);
    assert!(!said.contains("the token before"), "{said}");
    let (_, said) = log_in(&world, "repo:read,user:read", &["--revoke-old"]);
    let alive =
        format!("hint: the token before this one stays valid at {}; end it in the web UI of", world.quay.host());
    assert!(said.contains(&alive), "{said}");
    assert!(!is_revoked(&world, &old));
}

#[test]
fn elsewhere_than_at_a_terminal_it_is_ended_only_by_the_flag() {
    let world = World::new();
    let (first, _) = log_in(&world, "user:admin", &[]);
    let (second, said) = log_in(&world, "repo:read", &[]);
    assert!(said.contains("; a login with --revoke-old ends it, or: "), "{said}");
    assert!(!is_revoked(&world, &first));
    // Its own scopes are enough, and so are those of the new one.
    for (scopes, old) in [("user:admin", second), ("org:admin", String::new()), ("repo:read", String::new())] {
        let before = world.run(["print-token"]).prints("").succeeds().stdout;
        let (_, said) = log_in(&world, scopes, &["--revoke-old"]);
        assert!(said.contains("✓ Revoked the token before this one at"), "{said}");
        assert!(is_revoked(&world, before.trim()));
        assert!(old.is_empty() || old == before.trim());
    }
    assert!(!is_revoked(&world, &first), "only the one before");
}

#[test]
fn at_a_terminal_the_person_is_asked_and_enter_is_yes() {
    for (answer, is_ended) in [("", true), ("y", true), ("n", false), ("nonsense", false)] {
        let world = World::new();
        let (old, _) = log_in(&world, "user:admin", &[]);
        let mut terminal = Terminal::log_in(&world, &["--scopes", "repo:read"]);
        let location = world.quay.authorize(&terminal.authorize_url()).unwrap();
        assert_eq!(hand_over(&location), (200, "stored".to_owned()));
        terminal
            .shows(&format!("The token before this one is still valid at {}. Revoke it? [Y/n] ", world.quay.host()));
        terminal.enters(answer);
        let screen = terminal.ends(0);
        assert_eq!(screen.contains("Revoked the token before this one"), is_ended, "{screen}");
        assert_eq!(is_revoked(&world, &old), is_ended);
        world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
    }
}

#[test]
fn ctrl_c_at_the_question_leaves_the_new_token_kept_and_says_so() {
    let world = World::new();
    let (old, _) = log_in(&world, "user:admin", &[]);
    let mut terminal = Terminal::log_in(&world, &["--scopes", "repo:read", "--expires", "30d"]);
    let location = world.quay.authorize(&terminal.authorize_url()).unwrap();
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    terminal.shows("Revoke it? [Y/n] ");
    terminal.types("\x03");
    let screen = terminal.ends(130);
    assert!(screen.contains("the new token is kept, but the question was not answered"), "{screen}");
    assert!(!screen.contains("nothing was changed"), "{screen}");
    assert!(screen.contains("the token before this one stays valid at"), "{screen}");
    // What was promised without a question is done all the same.
    assert!(is_revoked(&world, &token_of(&location)), "{screen}");
    assert!(!is_revoked(&world, &old));
}

#[test]
fn a_token_that_is_given_again_takes_nobodys_place() {
    let world = World::new();
    let (token, _) = log_in(&world, "user:admin", &[]);
    let again = world
        .run(["login", "--with-token", "--revoke-old", "--scopes", "user:admin"])
        .stdin(&token)
        .stderr("Logged in");
    let said = again.succeeds().stderr;
    assert!(!said.contains("before this one"), "{said}");
    assert!(!is_revoked(&world, &token));
}

#[test]
fn one_that_had_ended_or_cannot_be_ended_just_now_is_told_so() {
    let world = World::new();
    let (old, _) = log_in(&world, "user:admin", &[]);
    world.quay.revoke(&old);
    world.quay.set_everyone_is(None);
    let (token, said) = log_in(&world, "repo:read", &["--revoke-old"]);
    assert!(said.contains("The token before this one had ended at"), "{said}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}
