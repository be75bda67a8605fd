//! The first minute: no client id, no host. A dialogue at a terminal, the same words elsewhere.

use crate::pty::Terminal;
use crate::quay::Release;
use crate::world::{CLIENT_ID, World, hand_over, token_of};

/// Agrees in the browser to a login at a terminal. Returns the token.
pub(super) fn agree(world: &World, terminal: &Terminal) -> String {
    let location = world.quay.authorize(&terminal.authorize_url()).expect("a consent");
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    token_of(&location)
}

#[test]
fn a_short_dialogue_ends_in_a_token_and_is_not_needed_again() {
    let world = World::new();
    let mut terminal =
        Terminal::start(&world, &["login", "--store", "file", "--no-browser", "--redirect-uri", &world.redirect_uri]);
    terminal.shows("Which Quay? [quay.io]");
    terminal.enters("https://quay.example.com/repository");
    terminal.shows("without a path; did you mean `quay.example.com`?");
    terminal.enters(&world.quay.host());
    terminal.shows(&format!("\"Redirect/Callback URL prefix\": {}", world.redirect_uri));
    terminal.shows("Client ID:");
    terminal.enters("no id");
    terminal.shows("a client id has letters, digits");
    terminal.enters("NOSUCHCLIENT");
    terminal.shows("knows no application with the client id NOSUCHCLIENT");
    terminal.enters(CLIENT_ID);
    let token = agree(&world, &terminal);
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();

    let again = Terminal::start(&world, &["login", "--no-browser"]);
    let token = agree(&world, &again);
    let screen = again.ends(0);
    assert!(!screen.contains("Which Quay?") && !screen.contains("Client ID:"), "{screen}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn the_words_fit_the_release_and_are_the_same_without_a_terminal() {
    let new = "\"OAuth Applications\", \"Create new application\"";
    let old = "\"Applications\", \"Create New Application\"";
    for (release, fits) in [
        (Release::V3_18, &[new][..]),
        (Release::V3_17, &[new]),
        (Release::V3_15, &[old]),
        (Release::V3_11, &[old]),
        // It does not tell.
        (Release::V3_6, &[new, old]),
    ] {
        let world = World::new();
        world.quay.set_release(release);
        let host = world.quay.host();
        let flags = ["login", "--host", &host, "--redirect-uri", &world.redirect_uri];
        let said = world.run(flags).stderr("no client id is known for").stderr("hint: quay-auth login").fails(2).stderr;
        let mut terminal = Terminal::start(&world, &flags);
        terminal.shows("Client ID:");
        let screen = terminal.screen();
        for text in [&said, &screen] {
            for words in [new, old] {
                assert_eq!(text.contains(words), fits.contains(&words), "{release:?}, {words}: {text}");
            }
            assert!(text.contains(&world.redirect_uri), "{text}");
        }
        terminal.types("\x03");
        terminal.ends(130);
    }
}

#[test]
fn an_administrator_can_ship_the_answers() {
    let world = World::new();
    let config = format!(
        "default_host = '{host}'\n[host.'{host}']\nclient_id = '{CLIENT_ID}'\nredirect_uri = '{}'\nstore = 'file'\n",
        world.redirect_uri,
        host = world.quay.host()
    );
    let lines =
        format!("mount -t tmpfs tmpfs /etc\nmkdir /etc/quay-auth\nprintf %s \"{config}\" > /etc/quay-auth/config.toml");
    let login = crate::system::run_behind(&world, &lines, &["login", "--no-browser"]).start();
    let token = world.complete(login);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}
