//! While a login waits: Enter, pasting, dead ends explained, signals, Ctrl-Z.

use std::fs;
use std::thread;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::first_time::agree;
use crate::pty::Terminal;
use crate::quay::Release;
use crate::world::{CLIENT_ID, PATIENCE, World, token_of};

const WAITING: &str = "Waiting for your consent";

/// What is pasted is taken as the answer and not shown.
fn assert_taken(world: &World, pasted: impl Fn(&str) -> String) {
    let mut terminal = Terminal::log_in(world, &[]);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("a consent");
    terminal.shows(WAITING);
    assert!(!terminal.is_as_usual(), "what is typed must not be seen");
    terminal.enters(&pasted(&location));
    let screen = terminal.ends(0);
    let token = token_of(&location);
    assert!(!screen.contains(&token), "{screen}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn a_pasted_address_is_the_answer() {
    assert_taken(&World::new(), str::to_owned);
}

#[test]
fn a_paste_that_the_terminal_marks_is_the_answer() {
    assert_taken(&World::new(), |location| format!("\x1b[200~ {location}\x1b[201~"));
}

#[test]
fn a_pasted_token_is_the_answer() {
    assert_taken(&World::new(), token_of);
}

#[test]
fn a_token_longer_than_a_terminals_line_can_be_pasted() {
    let world = World::new();
    world.quay.set_verify(crate::quay::Verify::Status(503));
    let mut terminal = Terminal::log_in(&world, &[]);
    terminal.shows(WAITING);
    let token = "J".repeat(4096);
    terminal.enters(&token);
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn what_is_not_the_answer_is_told_and_the_login_waits_on() {
    let world = World::new();
    let mut terminal = Terminal::log_in(&world, &[]);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("a consent");
    terminal.shows(WAITING);
    let (address, fragment) = location.split_once('#').unwrap();
    let nonce = address.split('?').next().unwrap().rsplit('/').next().unwrap();
    let another_nonce = location.replace(nonce, "00000000000000000000000000000000");
    let another_state = location.replace("state=", "state=0");
    let elsewhere = format!("https://quay.example.com/#{fragment}");
    for (count, (pasted, told)) in [
        (&*another_nonce, "this address is not the answer to this login"),
        (&another_state, "this address is not the answer to this login"),
        (&elsewhere, "this address is not the answer to this login"),
        (address, "there is neither a token nor a refusal in this address"),
        ("nonsense", "this is neither an address nor a token"),
        ("two words of nonsense", "this is neither an address nor a token"),
    ]
    .into_iter()
    .enumerate()
    {
        terminal.enters(pasted);
        terminal.shows_times("; still waiting.", count + 1);
        assert!(terminal.screen().contains(told), "{pasted}: {}", terminal.screen());
    }
    let token = agree(&world, &terminal);
    let screen = terminal.ends(0);
    assert!(!screen.contains(&token_of(&location)) && !screen.contains(&token), "{screen}");
}

#[test]
fn a_pasted_refusal_ends_it() {
    let world = World::new();
    let mut terminal = Terminal::log_in(&world, &[]);
    let location = world.quay.deny(&terminal.authorize_url()).expect("a refusal");
    terminal.shows(WAITING);
    terminal.enters(&location);
    assert!(terminal.ends(5).contains("cancelled in the browser"));
}

#[test]
fn enter_opens_the_browser_again() {
    let world = World::new();
    let script = world.home().join("browser");
    let record = world.home().join("record");
    fs::write(&script, "echo \"$1\" >> \"$HOME/record\"\n").unwrap();
    let browser = format!("sh {}", script.display());
    let host = world.quay.host();
    let flags = ["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file", "--browser", &browser];
    let mut terminal = Terminal::start(&world, &[&flags[..], &["--redirect-uri", &world.redirect_uri]].concat());
    terminal.shows(WAITING);
    let opened = |count: usize| {
        let give_up = Instant::now() + PATIENCE;
        while fs::read_to_string(&record).unwrap_or_default().lines().count() < count {
            assert!(Instant::now() < give_up, "the browser is opened {count} times");
            thread::yield_now();
        }
    };
    opened(1);
    terminal.enters("");
    opened(2);
    agree(&world, &terminal);
    terminal.ends(0);
    let opened = fs::read_to_string(&record).unwrap();
    let mut lines = opened.lines();
    assert_eq!(lines.next(), lines.next());
}

#[test]
fn dead_ends_are_explained_as_the_release_has_them() {
    let explained = |release: Release| {
        let world = World::new();
        world.quay.set_release(release);
        let mut login = world.login(&[]).start();
        login.says("nothing after consent");
        let location = world.quay.authorize(&login.authorize_url()).expect("a consent");
        crate::world::hand_over(&location);
        login.succeeds()
    };
    let (new, old) = thread::scope(|scope| {
        let new = scope.spawn(|| explained(Release::V3_18));
        let old = explained(Release::V3_11);
        (new.join().unwrap(), old)
    });
    for said in [&new, &old] {
        assert!(said.contains("  404, ") && said.contains("  400, ") && said.contains("  503 "), "{said}");
    }
    assert!(new.contains("  401, ") && new.contains("--assignment UUID"), "{new}");
    assert!(!old.contains("  401, ") && !old.contains("  403, "), "there any user may authorize: {old}");
}

#[test]
fn a_signal_ends_it_with_its_code_and_the_terminal_as_it_was() {
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGHUP, 129), (Signal::SIGINT, 130)] {
        let world = World::new();
        let mut terminal = Terminal::log_in(&world, &[]);
        terminal.shows(WAITING);
        if signal == Signal::SIGINT {
            terminal.types("\x03");
        } else {
            kill(Pid::from_raw(terminal.id().try_into().unwrap()), signal).unwrap();
        }
        terminal.ends(code);
        let port = world.redirect_authority().to_owned();
        std::net::TcpListener::bind(port).expect("the port is free at once");
    }
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_the_login_goes_on() {
    let world = World::new();
    let mut shell = world.command("bash");
    shell.args(["--norc", "--noprofile", "-i"]).env("PS1", "$ ").env("QA", env!("CARGO_BIN_EXE_quay-auth"));
    let mut terminal = Terminal::run(&shell);
    let login = format!(
        "\"$QA\" login --host {} --client-id {CLIENT_ID} --redirect-uri {} --store file --no-browser",
        world.quay.host(),
        world.redirect_uri
    );
    terminal.enters(&login);
    terminal.shows(WAITING);
    terminal.becomes_as_usual(false);
    terminal.types("\x1a");
    terminal.shows("Stopped");
    // A shell that edits its line itself hides what the terminal was left as; one that reads plainly shows it.
    terminal.enters("stty -a");
    terminal.shows(" icanon ");
    terminal.shows(" echo ");
    terminal.enters("fg");
    terminal.shows_times(WAITING, 2);
    terminal.becomes_as_usual(false);
    let token = agree(&world, &terminal);
    terminal.shows("Logged in to");
    terminal.enters("exit");
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}
