//! While a login waits: Enter, copying, pasting, the explanation of error pages, what the terminal shows.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};

use super::first_time::approve;
use crate::quay_standin::{Release, Verify};
use crate::support::pty::Terminal;
use crate::support::screen::Screen;
use crate::support::world::{CLIENT_ID, PATIENCE, World, token_of};

const WAITING: &str = "Waiting for your approval";

/// What is pasted is accepted and not shown.
fn assert_accepted(world: &World, pasted: impl Fn(&str) -> String) {
    let mut terminal = Terminal::log_in(world, &[]);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    terminal.shows(WAITING);
    assert!(!terminal.has_default_modes(), "the terminal would show what is typed");
    terminal.enters(&pasted(&location));
    let screen = terminal.ends(0);
    let token = token_of(&location);
    assert!(!screen.contains(&token), "{screen}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn a_pasted_url_is_accepted() {
    assert_accepted(&World::new(), str::to_owned);
}

#[test]
fn a_bracketed_paste_is_accepted() {
    assert_accepted(&World::new(), |location| format!("\x1b[200~ {location}\x1b[201~"));
}

#[test]
fn a_pasted_url_is_accepted_as_people_copy_it() {
    let forms: [fn(&str) -> String; 4] = [
        |location| location.trim_start_matches("http://").to_owned(),
        |location| format!("\"{location}\""),
        |location| location.replace('#', "\r#"),
        // The first line alone would be a token, too.
        |location| {
            let (start, end) = location.split_at(location.find("access_token=").expect("a token") + 35);
            format!("\x1b[200~<{start}\r{end}>\x1b[201~")
        },
    ];
    for form in forms {
        assert_accepted(&World::new(), form);
    }
}

#[test]
fn a_pasted_token_is_accepted() {
    assert_accepted(&World::new(), token_of);
}

#[test]
fn a_token_longer_than_the_line_limit_of_terminals_can_be_pasted() {
    let world = World::new();
    world.quay.set_verify(Verify::Status(503));
    let mut terminal = Terminal::log_in(&world, &[]);
    terminal.shows(WAITING);
    let token = "J".repeat(4096);
    terminal.enters(&token);
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn a_wrong_paste_is_rejected_and_the_login_keeps_waiting() {
    let world = World::new();
    let mut terminal = Terminal::log_in(&world, &[]);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    terminal.shows(WAITING);
    let (url, fragment) = location.split_once('#').unwrap();
    let nonce = url.split('?').next().unwrap().rsplit('/').next().unwrap();
    let wrong_nonce = location.replace(nonce, "00000000000000000000000000000000");
    let wrong_state = location.replace("state=", "state=0");
    let other_site = format!("https://quay.example.com/#{fragment}");
    for (count, (pasted, message)) in [
        (&*wrong_nonce, "this URL does not belong to this login"),
        (&wrong_state, "this URL does not belong to this login"),
        (&other_site, "this URL does not belong to this login"),
        (url, "this URL contains neither a token nor an error"),
        ("nonsense", "this is neither a URL nor a token"),
        ("two words of nonsense", "this is neither a URL nor a token"),
    ]
    .into_iter()
    .enumerate()
    {
        terminal.enters(pasted);
        terminal.shows_times("; still waiting.", count + 1);
        assert!(terminal.screen().contains(message), "{pasted}: {}", terminal.screen());
    }
    let token = approve(&world, &terminal);
    let screen = terminal.ends(0);
    assert!(!screen.contains(&token_of(&location)) && !screen.contains(&token), "{screen}");
}

#[test]
fn a_pasted_error_ends_the_login() {
    let world = World::new();
    let mut terminal = Terminal::log_in(&world, &[]);
    let location = world.quay.deny(&terminal.authorize_url()).expect("an error");
    terminal.shows(WAITING);
    terminal.enters(&location);
    assert!(terminal.ends(5).contains("you cancelled the request at Quay"));
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
    terminal.shows("Opening the browser again.");
    opened(2);
    approve(&world, &terminal);
    terminal.ends(0);
    let opened = fs::read_to_string(&record).unwrap();
    let mut lines = opened.lines();
    assert_eq!(lines.next(), lines.next());
}

#[test]
fn the_error_pages_of_the_release_are_explained() {
    let messages_of = |release: Release| {
        let world = World::new();
        world.quay.set_release(release);
        let mut login = world.login(&[]).start();
        login.says("no page after approval");
        let location = world.quay.authorize(&login.authorize_url()).expect("an approval");
        crate::support::world::post_to_catcher(&location);
        login.succeeds()
    };
    let (new, old) = thread::scope(|scope| {
        let new = scope.spawn(|| messages_of(Release::V3_18));
        let old = messages_of(Release::V3_11);
        (new.join().unwrap(), old)
    });
    for messages in [&new, &old] {
        assert!(
            messages.contains("  404, ") && messages.contains("  400, ") && messages.contains("  503 "),
            "{messages}"
        );
    }
    assert!(new.contains("  401, ") && new.contains("--assignment UUID"), "{new}");
    assert!(
        new.contains("its UUID is in the old web UI (http") && new.contains("/angular): account settings,"),
        "{new}"
    );
    assert!(new.contains(" --with-token"), "{new}");
    assert!(!old.contains("  401, ") && !old.contains("forbidden"), "there any user may authorize: {old}");
    assert!(old.contains("  403, \"CSRF token\"") && !new.contains("CSRF"), "{old}");
}

#[test]
fn timeout_0_means_no_limit() {
    let world = World::new();
    let terminal = Terminal::log_in(&world, &["--timeout", "0"]);
    terminal.shows("Waiting for your approval");
    assert!(!terminal.screen().contains(" left)"), "a time limit is shown: {}", terminal.screen());
    approve(&world, &terminal);
    terminal.ends(0);
}

/// Writes the URL to the terminal as the sequence by which terminals copy (OSC 52), since there is no program for a clipboard here.
#[test]
fn c_copies_the_url_and_a_pasted_token_that_begins_with_c_is_still_a_token() {
    let world = World::new();
    world.quay.set_verify(Verify::Status(503));
    let mut terminal = Terminal::log_in(&world, &[]);
    let url = terminal.authorize_url();
    terminal.shows("c and Enter to copy the URL.");
    terminal.enters("c");
    terminal.shows("Asked the terminal to copy the URL.");
    let screen = terminal.screen();
    let (_, rest) = screen.split_once("\x1b]52;c;").expect("the sequence");
    let (copied, _) = rest.split_once('\x07').expect("its end");
    assert_eq!(String::from_utf8(BASE64_STANDARD.decode(copied).unwrap()).unwrap(), url);
    let token = "c".repeat(40);
    terminal.enters(&token);
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn c_copies_the_url_to_the_clipboard_of_the_screen() {
    let world = World::new();
    let screen = Screen::start(&world);
    let mut command = screen.command(&world, env!("CARGO_BIN_EXE_quay-auth"));
    let host = world.quay.host();
    command.args(["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file", "--no-browser"]);
    command.args(["--redirect-uri", &world.redirect_uri]);
    let mut terminal = Terminal::run(&command);
    let url = terminal.authorize_url();
    terminal.shows(WAITING);
    terminal.enters("c");
    terminal.shows("Copied the URL.");
    let clipboard = screen.command(&world, "xclip").args(["-selection", "clipboard", "-out"]).output().unwrap();
    assert_eq!(String::from_utf8(clipboard.stdout).unwrap(), url);
    approve(&world, &terminal);
    terminal.ends(0);
}

#[test]
fn without_animation_a_line_every_30_seconds_says_how_long_the_login_still_waits() {
    type Switch = fn(&World, &mut Command);
    let switches: [Switch; 3] = [
        |_, command| {
            command.env("QUAY_AUTH_ANIMATION", "false");
        },
        |_, command| {
            command.env("TERM", "dumb");
        },
        |world, _| world.config("animation = false\n"),
    ];
    let wait = |switch: Switch| {
        let world = World::new();
        let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
        let host = world.quay.host();
        command.args(["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file", "--no-browser"]);
        command.args(["--redirect-uri", &world.redirect_uri, "--timeout", "90s"]);
        switch(&world, &mut command);
        let terminal = Terminal::run(&command);
        terminal.shows("(1:30 left).\r\n");
        let start = Instant::now();
        terminal.shows_times(" left).\r\n", 2);
        assert!(start.elapsed() > Duration::from_secs(28), "{:?}", start.elapsed());
        approve(&world, &terminal);
        let screen = terminal.ends(0);
        assert!(!screen.replace("\r\n", "").contains('\r'), "the cursor goes back: {screen}");
        assert_eq!(screen.matches(WAITING).count(), 2, "{screen}");
    };
    thread::scope(|scope| switches.map(|switch| scope.spawn(move || wait(switch))).map(|test| test.join().unwrap()));
}

#[test]
fn without_a_terminal_one_line_says_what_the_login_waits_for_and_for_how_long() {
    for (timeout, limit) in [("2m", " (2:00 left)."), ("0", ", without a time limit.")] {
        let world = World::new();
        let mut login = world.login(&["--timeout", timeout]).start();
        let location = world.quay.authorize(&login.authorize_url()).expect("an approval");
        login.says(&format!("{WAITING} at {}{limit}", world.quay.host()));
        crate::support::world::post_to_catcher(&location);
        assert_eq!(login.succeeds().matches(WAITING).count(), 1);
    }
}
