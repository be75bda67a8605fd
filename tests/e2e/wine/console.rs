//! The console: what is typed there, what is shown there, Ctrl-C. Wine gives the programs the host's pseudo-terminal as theirs.

use std::thread;
use std::time::{Duration, Instant};

use super::{User, windows_path};
use crate::pty::Terminal;
use crate::quay::Verify;
use crate::world::{PATIENCE, World, token_of};

/// The codes of an error's first word in colour.
const RED: &str = "\x1b[1;31merror:";

/// What a login says while it waits.
const WAITING: &str = "Waiting for your consent";

/// What a person sees of it: Wine's console hides and shows the cursor around each letter that is typed.
fn seen(screen: &str) -> String {
    screen.replace("\x1b[?25l", "").replace("\x1b[?25h", "")
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_pasted_address_is_the_answer_and_is_not_shown() {
    let world = World::new();
    let user = User::new(&world);
    let mut terminal = Terminal::run(&user.command(&user.login_words("file")));
    let url = terminal.authorize_url();
    // Wine's console clears the rest of the line.
    let url = url.split('\x1b').next().expect("an address");
    let location = world.quay.authorize(url).expect("a consent");
    terminal.shows(WAITING);
    terminal.becomes_as_usual(false);
    terminal.enters("nonsense");
    terminal.shows("this is neither an address nor a token; still waiting.");
    // A letter too many is taken back.
    terminal.enters(&format!("{location}x\x08"));
    let screen = seen(&terminal.ends(0));
    let token = token_of(&location);
    assert!(!screen.contains(&token) && !screen.contains("nonsense"), "{screen}");
    user.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_token_is_typed_unseen_and_an_answer_to_a_question_seen() {
    let world = World::new();
    let user = User::new(&world);
    let host = world.quay.host();
    let token = "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0003";
    world.quay.set_verify(Verify::Status(503));
    let mut terminal = Terminal::run(&user.command(&["login", "--with-token", "--store", "file", "--host", &host]));
    terminal.shows("Paste the token");
    terminal.becomes_as_usual(false);
    terminal.enters(token);
    let screen = seen(&terminal.ends(0));
    assert!(!screen.contains(token), "{screen}");
    user.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();

    // Where nothing is known yet, the host is asked for.
    let user = User::new(&world);
    let mut terminal = Terminal::run(&user.command(&["login"]));
    terminal.shows("Which Quay?");
    terminal.becomes_as_usual(false);
    terminal.types("quay.example");
    let give_up = Instant::now() + PATIENCE;
    while !seen(&terminal.screen()).contains("quay.example") {
        assert!(Instant::now() < give_up, "what is typed is not seen: {}", terminal.screen());
        thread::sleep(Duration::from_millis(5));
    }
    terminal.types("\x03");
    terminal.ends(130);
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_console_has_colours_unless_it_should_not() {
    let world = World::new();
    let user = User::new(&world);
    let words = ["print-token", "--host", "nowhere.example"];
    let colored = Terminal::run(&user.command(&words)).ends(3);
    assert!(colored.contains(RED), "{colored}");
    for (flags, variable) in [(&["--color", "never"][..], "X"), (&[], "NO_COLOR")] {
        let mut command = user.command(&[&words[..], flags].concat());
        command.env(variable, "1");
        let plain = Terminal::run(&command).ends(3);
        // Wine's console steers the terminal by itself, but colours nothing.
        assert!(plain.contains("quay-auth: error: there is no login") && !plain.contains("\x1b[1;31m"), "{plain}");
    }
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn ctrl_c_frees_the_address_and_changes_nothing() {
    let world = World::new();
    let user = User::new(&world);
    let words = user.login_words("file");
    let mut terminal = Terminal::run(&user.command(&words));
    terminal.shows(WAITING);
    terminal.becomes_as_usual(false);
    terminal.types("\x03");
    let screen = terminal.ends(130);
    assert!(screen.contains("ended by Ctrl-C; nothing was changed"), "{screen}");
    assert!(!user.kept("tokens.toml").exists());
    let token = world.complete(user.run(words).start());
    user.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn ctrl_c_during_exec_is_the_commands_to_answer() {
    let world = World::new();
    let user = User::new(&world);
    let token = "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0004";
    let inner = windows_path(&super::program("quay-auth"));
    let words = [&["exec", "--", &inner][..], &user.login_words("file")].concat();
    let mut command = user.command(&words);
    command.env("QUAY_AUTH_TOKEN", token).env("QUAY_AUTH_HOST", world.quay.host());
    let mut terminal = Terminal::run(&command);
    terminal.shows(WAITING);
    terminal.becomes_as_usual(false);
    terminal.types("\x03");
    // A command that Ctrl-C ends at once has another status, and so would quay-auth.
    let screen = terminal.ends(130);
    assert!(screen.contains("ended by Ctrl-C"), "{screen}");
}
