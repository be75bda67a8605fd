//! The first login, without a host or client ID: questions at a terminal, and otherwise an error with the same instructions.

use crate::quay_standin::Release;
use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, World, post_to_catcher, token_of};

/// Approves a login at a terminal. Returns the token.
pub(super) fn approve(world: &World, terminal: &Terminal) -> String {
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    token_of(&location)
}

#[test]
fn login_asks_for_host_and_client_id_only_once() {
    let world = World::new();
    let mut terminal =
        Terminal::start(&world, &["login", "--store", "file", "--no-browser", "--redirect-uri", &world.redirect_uri]);
    terminal.shows("Quay host [quay.io]:");
    terminal.enters("https://quay.example.com/repository");
    terminal.shows("without a path; did you mean `quay.example.com`?");
    // A host that does not exist or does not fit is noticed at once.
    terminal.enters("quay.example.invalid");
    terminal.shows("quay.example.invalid cannot be found: its name has no address");
    terminal.enters(&world.quay.address().to_string());
    terminal.shows("it uses plain http at this port");
    terminal.shows(&format!("--host {}", world.quay.host()));
    terminal.shows_times("Quay host [quay.io]:", 4);
    terminal.enters(&world.quay.host());
    terminal.shows(&format!("set \"Redirect/Callback URL prefix\" to {}", world.redirect_uri));
    terminal.shows("Client ID, or the address of the application's page:");
    terminal.enters("");
    terminal.shows("please send me the client ID. It is not a secret.");
    let command = format!("quay-auth login --host {} --redirect-uri {}", world.quay.host(), world.redirect_uri);
    terminal.shows(&format!("enter it here, or later run `{command} --store file --no-browser --client-id ID`"));
    terminal.enters("no id");
    terminal.shows("a client ID has only letters, digits");
    terminal.enters("NOSUCHCLIENT");
    terminal.shows("has no application with the client ID NOSUCHCLIENT");
    terminal.enters("https://quay.example.com/organization/acme/application/QUAYAUTHTEST00000001");
    terminal.shows(&format!("that is not a page of {}", world.quay.host()));
    terminal.enters(&format!("{}/organization/acme?tab=OAuthApplications", world.quay.host()));
    terminal.shows("the address of that page does not contain the client ID");
    terminal.enters(&format!("{}/organization/acme/application/{CLIENT_ID}?tab=oauth", world.quay.host()));
    let token = approve(&world, &terminal);
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();

    let again = Terminal::start(&world, &["login", "--no-browser"]);
    let token = approve(&world, &again);
    let screen = again.ends(0);
    assert!(!screen.contains("Quay host [") && !screen.contains("Client ID, or"), "{screen}");
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn the_instructions_fit_the_release_with_and_without_a_terminal() {
    let new = "\"OAuth Applications\", \"Create new application\"";
    let old = "\"Applications\", \"Create New Application\"";
    for (release, expected) in [
        (Release::V3_18, &[new][..]),
        (Release::V3_17, &[new]),
        (Release::V3_15, &[old]),
        (Release::V3_11, &[old]),
        // This release does not reveal itself.
        (Release::V3_6, &[new, old]),
    ] {
        let world = World::new();
        world.quay.set_release(release);
        let host = world.quay.host();
        let flags = ["login", "--host", &host, "--redirect-uri", &world.redirect_uri];
        let messages = world
            .run(flags)
            .stderr("no client ID is known for")
            .stderr(&format!(
                "hint: then run `quay-auth login --host {host} --redirect-uri {} --client-id ID`\n",
                world.redirect_uri
            ))
            .fails(2)
            .stderr;
        let mut terminal = Terminal::start(&world, &flags);
        terminal.shows("Client ID, or the address");
        let screen = terminal.screen();
        for text in [&messages, &screen] {
            for path in [new, old] {
                assert_eq!(text.contains(path), expected.contains(&path), "{release:?}, {path}: {text}");
            }
            assert!(text.contains(&world.redirect_uri), "{text}");
        }
        terminal.types("\x03");
        terminal.ends(130);
    }
}

#[test]
fn enter_shows_a_message_to_an_administrator_that_fits_the_release() {
    let new = "\"Create new application\"; set \"Redirect/Callback URL prefix\"";
    let old = "\"Create New Application\"; in its \"Settings\", set \"Redirect/Callback URL Prefix\"";
    let assign = "please assign the application to me";
    for (release, expected) in [
        (Release::V3_18, &[new, assign][..]),
        (Release::V3_15, &[old, assign]),
        (Release::V3_11, &[old]),
        (Release::V3_6, &[new, old, assign, "from Quay 3.12 on"]),
    ] {
        let world = World::new();
        world.quay.set_release(release);
        let host = world.quay.host();
        let mut terminal =
            Terminal::start(&world, &["login", "--quiet", "--host", &host, "--redirect-uri", &world.redirect_uri]);
        let question = "Client ID, or the address of the application's page:";
        terminal.shows(question);
        terminal.enters("");
        terminal.shows_times(question, 2);
        let screen = terminal.screen();
        let message = screen.split("I would like to log in to ").nth(1).expect("a message");
        assert!(message.starts_with(&host), "{message}");
        // To copy, it has a line of its own.
        assert!(message.contains(&format!("\n  {}\r\n", world.redirect_uri)), "{message}");
        for part in [new, old, assign, "from Quay 3.12 on"] {
            let is_shown = message.split_whitespace().collect::<Vec<_>>().join(" ").contains(part);
            assert_eq!(is_shown, expected.contains(&part), "{release:?}, {part}: {message}");
        }
        terminal.types("\x03");
        terminal.ends(130);
    }
}

#[test]
fn an_administrator_can_configure_host_and_client_id() {
    let world = World::new();
    let config = format!(
        "default_host = '{host}'\n[host.'{host}']\nclient_id = '{CLIENT_ID}'\nredirect_uri = '{}'\nstore = 'file'\n",
        world.redirect_uri,
        host = world.quay.host()
    );
    let lines =
        format!("mount -t tmpfs tmpfs /etc\nmkdir /etc/quay-auth\nprintf %s \"{config}\" > /etc/quay-auth/config.toml");
    let login = crate::support::system::run_after(&world, &lines, &["login", "--no-browser"]).start();
    let token = world.complete(login);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}
