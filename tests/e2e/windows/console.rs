//! Input and output at the console, and Ctrl-C. Wine uses the pseudo-terminal of Linux as the console.

use std::thread;
use std::time::{Duration, Instant};

use super::{User, windows_path};
use crate::quay_standin::Verify;
use crate::support::pty::Terminal;
use crate::support::world::{PATIENCE, World, token_of};

/// The first word of an error in colour.
const RED: &str = "\x1b[1;31merror:";

/// What a login prints while it waits.
const WAITING: &str = "Waiting for your approval";

/// The text without the codes by which Wine's console hides and shows the cursor and clears the rest of a line. It prints some spaces as a
/// move of the cursor.
fn visible(screen: &str) -> String {
    screen.replace("\x1b[?25l", "").replace("\x1b[?25h", "").replace("\x1b[K", "").replace("\x1b[1C", " ")
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_pasted_url_completes_the_login_and_is_not_echoed() {
    let world = World::new();
    let user = User::new(&world);
    let mut terminal = Terminal::run(&user.command(&user.login_arguments("file")));
    let url = terminal.authorize_url();
    // Wine's console adds a code that clears the rest of the line.
    let url = url.split('\x1b').next().expect("a URL");
    let location = world.quay.authorize(url).expect("an approval");
    terminal.shows(WAITING);
    terminal.wait_for_default_modes(false);
    terminal.enters("nonsense");
    terminal.shows("this is neither a URL nor a token; still waiting.");
    // Backspace deletes the last letter.
    terminal.enters(&format!("{location}x\x08"));
    let screen = visible(&terminal.ends(0));
    let token = token_of(&location);
    assert!(!screen.contains(&token) && !screen.contains("nonsense"), "{screen}");
    user.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_typed_token_is_not_echoed_but_a_typed_host_is() {
    let world = World::new();
    let user = User::new(&world);
    let host = world.quay.host();
    let token = "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0003";
    world.quay.set_verify(Verify::Status(404));
    let mut terminal = Terminal::run(&user.command(&["login", "--with-token", "--store", "file", "--host", &host]));
    terminal.shows("Paste the token");
    terminal.wait_for_default_modes(false);
    terminal.enters(token);
    let screen = visible(&terminal.ends(0));
    assert!(!screen.contains(token), "{screen}");
    user.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();

    // The first login asks for the host.
    let user = User::new(&world);
    let mut terminal = Terminal::run(&user.command(&["login"]));
    terminal.shows("Quay host [");
    terminal.wait_for_default_modes(false);
    terminal.types("quay.example");
    let deadline = Instant::now() + PATIENCE;
    while !visible(&terminal.screen()).contains("quay.example") {
        assert!(Instant::now() < deadline, "the host is not echoed: {}", terminal.screen());
        thread::sleep(Duration::from_millis(5));
    }
    terminal.types("\x03");
    terminal.ends(130);
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_console_gets_colours_unless_disabled() {
    let world = World::new();
    let user = User::new(&world);
    let arguments = ["print-token", "--host", "nowhere.example"];
    let colored = Terminal::run(&user.command(&arguments)).ends(3);
    assert!(colored.contains(RED), "{colored}");
    for (flags, variable) in [(&["--color", "never"][..], "X"), (&[], "NO_COLOR")] {
        let mut command = user.command(&[&arguments[..], flags].concat());
        command.env(variable, "1");
        let plain = visible(&Terminal::run(&command).ends(3));
        assert!(plain.contains("quay-auth: error: there is no login") && !plain.contains("\x1b[1;31m"), "{plain}");
    }
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn ctrl_c_stores_nothing_and_a_new_login_can_listen() {
    let world = World::new();
    let user = User::new(&world);
    let arguments = user.login_arguments("file");
    let mut terminal = Terminal::run(&user.command(&arguments));
    terminal.shows(WAITING);
    terminal.wait_for_default_modes(false);
    terminal.types("\x03");
    let screen = terminal.ends(130);
    assert!(screen.contains("stopped by Ctrl-C; nothing was changed"), "{screen}");
    assert!(!user.data_file("tokens.toml").exists());
    let token = world.complete(user.run(arguments).start());
    user.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn the_command_of_exec_handles_ctrl_c() {
    let world = World::new();
    let user = User::new(&world);
    let token = "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0004";
    let inner = windows_path(&super::program("quay-auth"));
    let arguments = [&["exec", "--", &inner][..], &user.login_arguments("file")].concat();
    let mut command = user.command(&arguments);
    command.env("QUAY_AUTH_TOKEN", token).env("QUAY_AUTH_HOST", world.quay.host());
    let mut terminal = Terminal::run(&command);
    terminal.shows(WAITING);
    terminal.wait_for_default_modes(false);
    terminal.types("\x03");
    // If quay-auth or the command were ended by the system, the exit status would be another one.
    let screen = terminal.ends(130);
    assert!(screen.contains("stopped by Ctrl-C"), "{screen}");
}
