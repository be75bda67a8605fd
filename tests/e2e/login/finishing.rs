//! After Quay has created the token: signals, and questions that nobody answers.

use std::fs::File;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::quay_standin::Verify;
use crate::support::keyring::wait_until;
use crate::support::pty::Terminal;
use crate::support::world::{World, post_to_catcher, token_of};

fn interrupt(terminal: &Terminal) {
    kill(Pid::from_raw(terminal.id().try_into().unwrap()), Signal::SIGINT).unwrap();
}

/// Approves the login, and waits until the terminal shows that text.
fn approve_until(world: &World, terminal: &mut Terminal, shown: &str) -> String {
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    terminal.shows("Waiting for your approval");
    terminal.enters(&location);
    terminal.shows(shown);
    token_of(&location)
}

/// A login after the first signal, while Quay does not answer whether it accepts the token. Returns the token, too.
fn interrupted(world: &World) -> (Terminal, String) {
    world.quay.set_verify(Verify::Hang);
    let mut terminal = Terminal::log_in(world, &[]);
    let token = approve_until(world, &mut terminal, "Checking the token");
    interrupt(&terminal);
    terminal.shows("Finishing: storing the token.");
    (terminal, token)
}

#[test]
fn the_first_signal_is_answered_at_once_and_the_token_is_stored() {
    let world = World::new();
    let (terminal, token) = interrupted(&world);
    assert!(!terminal.screen().contains("Logged in"), "the answer came late: {}", terminal.screen());
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn the_second_signal_ends_the_login_and_says_that_the_token_is_not_stored() {
    let world = World::new();
    let (terminal, token) = interrupted(&world);
    interrupt(&terminal);
    let screen = terminal.ends(130);
    assert!(screen.contains("stopped by Ctrl-C; the token was not stored"), "{screen}");
    assert!(screen.contains("may still be valid") && screen.contains("revoke it at http://"), "{screen}");
    assert!(!screen.contains(&token), "{screen}");
    assert_eq!(world.profiles_toml(), "");
}

#[test]
fn the_second_signal_says_if_it_is_not_known_whether_the_token_is_stored() {
    let world = World::new();
    let mut terminal = Terminal::log_in(&world, &[]);
    terminal.shows("Waiting for your approval");
    // As if another quay-auth were storing a token.
    let lock = File::create(world.data_folder().join("change.lock")).unwrap();
    lock.lock().unwrap();
    approve_until(&world, &mut terminal, "Checking the token");
    wait_until("the check", || world.quay.requests().iter().any(|request| request.path == "/v2/auth"));
    interrupt(&terminal);
    terminal.shows("Finishing: storing the token.");
    interrupt(&terminal);
    let screen = terminal.ends(130);
    assert!(screen.contains("; the token may not be stored") && screen.contains("quay-auth status --host"), "{screen}");
}

/// What goes on then is revoking the browser's token.
#[test]
fn the_second_signal_says_that_the_token_is_stored() {
    let world = World::new();
    world.quay.set_verify(Verify::Hang);
    let mut terminal = Terminal::log_in(&world, &["--expires", "30d"]);
    approve_until(&world, &mut terminal, "Logged in to");
    interrupt(&terminal);
    terminal.shows("Finishing: the token is stored.");
    interrupt(&terminal);
    let screen = terminal.ends(130);
    assert!(screen.contains("stopped by Ctrl-C; the token is stored"), "{screen}");
    assert!(screen.contains("other tokens of this login may still be valid"), "{screen}");
    world.run(["print-token"]).prints("\n").succeeds();
}

#[test]
fn a_question_ends_with_the_timeout_of_the_login() {
    let world = World::new();
    let old = world.log_in();
    world.quay.set_verify(Verify::As("bob".to_owned()));
    let terminal = Terminal::log_in(&world, &["--timeout", "5s"]);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    assert_eq!(post_to_catcher(&location), (409, "another_user".to_owned()));
    let screen = terminal.ends(6);
    assert!(screen.contains("Replace alice's login? [y/N]"), "{screen}");
    assert!(screen.contains("the question was not answered in time; nothing was changed"), "{screen}");
    std::net::TcpListener::bind(world.redirect_authority()).expect("the port is free");
    world.run(["print-token"]).stdout(&format!("{old}\n")).succeeds();
}

/// The login itself has succeeded.
#[test]
fn an_unanswered_question_about_the_previous_token_is_no_error() {
    let (world, old) = World::with_token("user:admin");
    let terminal = Terminal::log_in(&world, &["--timeout", "5s"]);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    let screen = terminal.ends(0);
    assert!(screen.contains("Revoke your previous token") && screen.contains("may still be valid"), "{screen}");
    assert!(!world.is_revoked(&old));
}

#[test]
fn an_unanswered_paste_ends_with_the_timeout_of_the_login() {
    let world = World::new();
    let terminal = Terminal::log_in(&world, &["--paste", "--timeout", "1s"]);
    let screen = terminal.ends(6);
    assert!(screen.contains("Paste it here") && screen.contains("was not answered in time"), "{screen}");
}
