//! A login at a shell with job control: Ctrl-Z, background jobs, programs that start it; and signals.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use super::first_time::approve;
use crate::quay_standin::Verify;
use crate::support::pty::Terminal;
use crate::support::system::run_test_in_container;
use crate::support::world::{CLIENT_ID, World, post_to_catcher, token_of};

const WAITING: &str = "Waiting for your approval";

/// Shown once in the background, and again and again in the foreground.
const TIME_LEFT: &str = " left)";

/// What the shell says about a job that used the terminal in the background.
const STOPPED: [&str; 2] = ["Stopped (tty", "suspended (tty"];

/// A shell at a terminal. `$LOGIN` is the command of a login at this world's stand-in.
fn shell(world: &World, arguments: &[&str]) -> Terminal {
    let mut shell = world.command("bash");
    shell.args(["--norc", "--noprofile"]).args(arguments).env("PS1", "$ ").env("LOGIN", login_command(world));
    Terminal::run(&shell)
}

fn login_command(world: &World) -> String {
    format!(
        "{} login --host {} --client-id {CLIENT_ID} --redirect-uri {} --store file --no-browser",
        env!("CARGO_BIN_EXE_quay-auth"),
        world.quay.host(),
        world.redirect_uri
    )
}

/// The shell still gets every key, so the login takes none, and the terminal has the modes of the shell.
fn assert_shell_has_the_terminal(terminal: &mut Terminal) {
    let before = terminal.screen().matches("all of it").count();
    terminal.enters("stty -a; echo 'all of'' it'");
    terminal.shows_times("all of it", before + 1);
    let screen = terminal.screen();
    let (_, modes) = screen.rsplit_once("speed ").unwrap();
    assert!(modes.contains(" icanon ") && modes.contains(" echo "), "{screen}");
}

fn assert_stored(world: &World, token: &str) {
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

/// Approves the login, which is the shell's only job, in the background. It leaves the terminal alone, on which it has shown how much time is
/// left so many times.
fn completes_in_the_background(world: &World, mut terminal: Terminal, shown: usize) {
    assert_shell_has_the_terminal(&mut terminal);
    let token = approve(world, &terminal);
    terminal.enters("wait %1; echo \"code $?\"");
    terminal.shows("code 0");
    assert_shell_has_the_terminal(&mut terminal);
    let screen = terminal.screen();
    assert_eq!(screen.matches(TIME_LEFT).count(), shown, "the background job drew on the terminal: {screen}");
    assert!(!STOPPED.iter().any(|stopped| screen.contains(stopped)), "{screen}");
    terminal.enters("exit");
    terminal.ends(0);
    assert_stored(world, &token);
}

#[test]
fn a_background_job_completes_and_leaves_the_terminal_to_the_shell() {
    let world = World::new();
    let mut terminal = shell(&world, &["-i"]);
    terminal.enters("$LOGIN &");
    terminal.authorize_url();
    completes_in_the_background(&world, terminal, 1);
}

#[test]
fn after_ctrl_z_and_bg_the_login_completes_in_the_background() {
    let world = World::new();
    let mut terminal = shell(&world, &["-i"]);
    terminal.enters("$LOGIN");
    terminal.shows(WAITING);
    terminal.wait_for_default_modes(false);
    // Keys that the login may be about to read when it stops.
    terminal.types("some keys\x1a");
    terminal.shows("Stopped");
    terminal.enters("");
    terminal.enters("bg");
    assert_shell_has_the_terminal(&mut terminal);
    let shown = terminal.screen().matches(TIME_LEFT).count();
    completes_in_the_background(&world, terminal, shown);
}

#[test]
fn after_ctrl_z_the_shell_has_its_terminal_and_fg_continues_the_login() {
    let world = World::new();
    let mut terminal = shell(&world, &["-i"]);
    terminal.enters("$LOGIN");
    terminal.shows(WAITING);
    terminal.wait_for_default_modes(false);
    terminal.types("\x1a");
    terminal.shows("Stopped");
    assert_shell_has_the_terminal(&mut terminal);
    terminal.enters("fg");
    terminal.shows_times(WAITING, 2);
    terminal.wait_for_default_modes(false);
    let token = approve(&world, &terminal);
    terminal.shows("Logged in to");
    terminal.enters("exit");
    terminal.ends(0);
    assert_stored(&world, &token);
}

/// It reads keys there, hides them, and then leaves the modes of the terminal as they were when it came to the foreground.
#[test]
fn a_background_job_that_comes_to_the_foreground_accepts_a_paste() {
    let world = World::new();
    let mut terminal = shell(&world, &["-i"]);
    terminal.enters("$LOGIN &");
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    assert!(!terminal.screen().contains("paste its URL here"), "{}", terminal.screen());
    terminal.enters("fg");
    terminal.shows("paste its URL here");
    terminal.shows_times(TIME_LEFT, 2);
    terminal.enters(&location);
    terminal.shows("Logged in to");
    assert_shell_has_the_terminal(&mut terminal);
    terminal.enters("exit");
    let screen = terminal.ends(0);
    let token = token_of(&location);
    assert!(!screen.contains(&token), "{screen}");
    assert_stored(&world, &token);
}

/// `timeout` starts its command in the background.
#[test]
fn a_login_under_timeout_in_a_script_completes_although_a_key_is_pressed() {
    let world = World::new();
    let mut terminal = shell(&world, &["-c", "timeout 60 $LOGIN; echo \"code $?\""]);
    terminal.authorize_url();
    terminal.enters("keys that nothing reads");
    let token = approve(&world, &terminal);
    let screen = terminal.ends(0);
    assert!(screen.contains("code 0"), "{screen}");
    assert_stored(&world, &token);
}

#[test]
fn a_background_job_asks_no_questions() {
    let world = World::new();
    let old = world.log_in();
    world.quay.set_verify(Verify::As("bob".to_owned()));
    let mut terminal = shell(&world, &["-i"]);
    terminal.enters("$LOGIN &");
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    assert_eq!(post_to_catcher(&location), (409, "another_user".to_owned()));
    terminal.enters("wait %1; echo \"code $?\"");
    terminal.shows("code 1");
    let screen = terminal.screen();
    assert!(screen.contains("this token belongs to bob; it was not stored") && !screen.contains("[y/N]"), "{screen}");
    terminal.enters("exit");
    terminal.ends(0);
    assert_stored(&world, &old);
}

/// As under `su -c`: the terminal is not the controlling one, so there are no jobs.
#[test]
fn without_job_control_a_paste_is_hidden_and_accepted() {
    let world = World::new();
    let mut terminal = shell(&world, &["-c", "setsid --wait $LOGIN"]);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    terminal.shows(WAITING);
    terminal.wait_for_default_modes(false);
    terminal.enters(&location);
    let screen = terminal.ends(0);
    let token = token_of(&location);
    assert!(!screen.contains(&token), "{screen}");
    assert_stored(&world, &token);
}

#[test]
fn ctrl_z_does_nothing_where_no_shell_could_continue_the_login() {
    let world = World::new();
    let mut terminal = Terminal::log_in(&world, &[]);
    terminal.shows(WAITING);
    terminal.types("\x1a");
    let token = approve(&world, &terminal);
    terminal.ends(0);
    assert_stored(&world, &token);
}

/// As under `ssh -t HOST "…; …"`: the shell has no jobs, and would stop too.
#[test]
fn ctrl_z_does_nothing_in_a_script_that_leads_its_session() {
    let world = World::new();
    let mut terminal = shell(&world, &["-c", "$LOGIN; echo \"code $?\""]);
    terminal.shows(WAITING);
    terminal.types("\x1a");
    let token = approve(&world, &terminal);
    let screen = terminal.ends(0);
    assert!(screen.contains("code 0"), "{screen}");
    assert_stored(&world, &token);
}

#[test]
fn in_a_container_ctrl_z_does_nothing_where_no_shell_could_continue_the_login() {
    run_test_in_container("login::jobs::ctrl_z_does_nothing_where_no_shell_could_continue_the_login");
}

fn send(world: &World, terminal: &Terminal, signal: &str) {
    let kill = ["-c", "kill -s \"$1\" \"$2\"", "bash", signal, &terminal.id().to_string()];
    assert!(world.command("bash").args(kill).status().unwrap().success(), "{signal}");
}

#[test]
fn a_signal_ends_the_login_with_its_exit_code_and_restores_the_terminal() {
    let typed = [("\x03", 130), ("\x1c", 131)];
    let sent = [
        ("TERM", 143),
        ("HUP", 129),
        ("INT", 130),
        ("QUIT", 131),
        ("ALRM", 142),
        ("USR1", 138),
        ("USR2", 140),
        ("VTALRM", 154),
        ("PROF", 155),
        ("IO", 157),
        ("XCPU", 152),
        ("XFSZ", 153),
        ("ABRT", 134),
        ("BUS", 135),
        ("SYS", 159),
        ("TRAP", 133),
        ("STKFLT", 144),
        ("PWR", 158),
        ("RTMIN+6", 168),
    ];
    let keys = typed.map(|(keys, code)| (Some(keys), "", code));
    for (keys, signal, code) in keys.into_iter().chain(sent.map(|(signal, code)| (None, signal, code))) {
        let world = World::new();
        let mut terminal = Terminal::log_in(&world, &[]);
        terminal.shows(WAITING);
        terminal.wait_for_default_modes(false);
        match keys {
            Some(keys) => terminal.types(keys),
            None => send(&world, &terminal, signal),
        }
        let screen = terminal.ends(code);
        assert!(screen.contains("stopped ") && screen.contains("; nothing was changed"), "{screen}");
        assert_eq!(world.profiles_toml(), "");
        TcpListener::bind(world.redirect_authority()).expect("the port is free at once");
    }
}

#[test]
fn a_signal_that_is_ignored_at_the_start_stays_ignored() {
    for (start, signals) in [
        ("exec nohup $LOGIN 2> >(cat)", &["HUP"][..]),
        ("trap '' HUP INT QUIT TERM USR1; exec $LOGIN", &["HUP", "INT", "QUIT", "TERM", "USR1"]),
    ] {
        let world = World::new();
        let terminal = shell(&world, &["-c", start]);
        terminal.authorize_url();
        for signal in signals {
            send(&world, &terminal, signal);
        }
        let token = approve(&world, &terminal);
        terminal.ends(0);
        assert_stored(&world, &token);
    }
}

/// As under a service manager that ignores it. Then the system does not say how a program ended, unless it is asked to.
#[test]
fn programs_can_be_started_although_sigchld_is_ignored() {
    let world = World::new();
    let clipboard = world.home().join("pbcopy");
    fs::write(&clipboard, "#!/bin/sh\ncat > copied\n").unwrap();
    fs::set_permissions(&clipboard, Permissions::from_mode(0o700)).unwrap();
    let mut terminal = shell(&world, &["-c", "PATH=$HOME:$PATH exec env --ignore-signal=CHLD $LOGIN"]);
    let url = terminal.authorize_url();
    terminal.shows(WAITING);
    terminal.enters("c");
    terminal.shows("Copied the URL.");
    assert_eq!(fs::read_to_string(world.home().join("copied")).unwrap(), url);
    approve(&world, &terminal);
    terminal.ends(0);
}
