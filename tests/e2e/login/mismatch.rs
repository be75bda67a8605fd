//! The redirect URI that is registered at Quay is a different one: what the terminal says about the URL at which the browser ends.

use std::net::TcpListener;

use crate::support::browser::Browser;
use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, World, next_port, post_to_catcher, token_of};

const WAITING: &str = "Waiting for your approval";

/// Registers another redirect URI, and starts a login that expects the one of the world. Returns the URL at which the browser ends.
fn mismatch(world: &World, registered: &str) -> (Terminal, String) {
    world.quay.add_application(CLIENT_ID, registered);
    let terminal = Terminal::log_in(world, &[]);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("a redirect");
    assert!(location.contains("error=redirect_uri_mismatch"), "{location}");
    terminal.shows(WAITING);
    (terminal, location)
}

/// Approves the login of the last URL on the screen. Returns where Quay sends the browser.
fn approve_last(world: &World, terminal: &Terminal) -> String {
    terminal.shows_times("&realm=realm", 2);
    let screen = terminal.screen();
    let line = screen.lines().rfind(|line| line.contains("/oauth/authorize?")).expect("a URL");
    world.quay.authorize(line[line.find("http").expect("a URL")..].trim()).expect("an approval")
}

#[test]
fn the_user_can_continue_with_the_registered_uri() {
    let world = World::new();
    let registered = format!("http://localhost:{}/callback", next_port());
    let (mut terminal, location) = mismatch(&world, &registered);
    let first_url = terminal.authorize_url();
    terminal.enters(&location);
    terminal.shows(&format!(
        "the application at Quay seems to have the redirect URI {registered}, not {}.",
        world.redirect_uri
    ));
    terminal.shows(&format!(
        "use that one: quay-auth login --host {} --client-id {CLIENT_ID} --redirect-uri {registered} --store file",
        world.quay.host()
    ));
    terminal.shows(&format!("Continue with {registered}? "));
    terminal.enters("y");
    let location = approve_last(&world, &terminal);
    assert!(location.starts_with(&format!("{registered}/")), "{location}");
    // Nonce and state are new, and the first address is free again.
    let secrets = |url: &str| {
        let url = url::Url::parse(url).unwrap();
        url.query_pairs()
            .filter(|(name, _)| name == "state" || name == "redirect_uri")
            .map(|(_, value)| value.into_owned())
            .collect::<Vec<_>>()
    };
    let first = secrets(&first_url);
    assert!(first.iter().all(|secret| !location.contains(secret.rsplit('/').next().unwrap())), "{location} {first:?}");
    TcpListener::bind(world.redirect_authority()).expect("the first port is free");
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
    // It is remembered.
    world.complete(world.run(["login", "--no-browser"]).start());
    assert!(world.profiles_toml().contains(&registered));
}

#[test]
fn the_default_is_no_and_the_question_stays_in_nobodys_way() {
    let world = World::new();
    let (mut terminal, location) = mismatch(&world, "http://[::1]:1/other");
    terminal.enters(&location);
    terminal.shows("Continue with http://[::1]:1/other? ");
    terminal.enters("");
    terminal.shows("Still waiting for your approval.");
    terminal.enters(&location);
    terminal.shows_times("Continue with http://[::1]:1/other? ", 2);
    terminal.enters("nonsense");
    terminal.shows("this is neither a URL nor a token; still waiting.");
    // The question is over.
    terminal.enters("y");
    terminal.shows_times("this is neither a URL nor a token; still waiting.", 2);
    terminal.enters(&location);
    terminal.shows_times("Continue with http://[::1]:1/other? ", 3);
    // A response counts although nobody answered.
    world.quay.add_application(CLIENT_ID, &world.redirect_uri);
    let token = super::first_time::approve(&world, &terminal);
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn the_user_is_asked_only_once() {
    let world = World::new();
    let registered = format!("http://localhost:{}/callback", next_port());
    let (mut terminal, location) = mismatch(&world, &registered);
    terminal.enters(&location);
    terminal.shows("Continue with ");
    terminal.enters("y");
    // The second login listens.
    terminal.shows_times("paste its URL here", 2);
    terminal.enters("http://localhost:1/x?error=redirect_uri_mismatch");
    terminal.shows("the application at Quay seems to have the redirect URI http://localhost:1/x, not ");
    terminal.enters("y");
    terminal.shows("this is neither a URL nor a token; still waiting.");
    assert_eq!(terminal.screen().matches("Continue with ").count(), 1);
    terminal.types("\x03");
    terminal.ends(130);
}

#[test]
fn a_registered_uri_that_cannot_be_used_is_explained_without_a_question() {
    for (registered, reason) in [
        ("https://127.0.0.1:7829/callback", "a redirect URI on this machine must begin with http://"),
        ("http://localhost:0/callback", "the port of a redirect URI must be from 1 to 65535"),
        ("https://acme.example/callback", "must begin with http://"),
        ("http://acme.example:80/callback", "a redirect URI must stay on this machine"),
    ] {
        let world = World::new();
        let (mut terminal, location) = mismatch(&world, registered);
        terminal.enters(&location);
        terminal.shows(&format!("the redirect URI {registered}, which quay-auth cannot use: "));
        terminal.shows(reason);
        terminal.shows(&format!("set it to exactly {} in the application's settings", world.redirect_uri));
        terminal.types("\x03");
        assert!(!terminal.ends(130).contains("Continue with"));
    }
}

#[test]
fn a_missing_redirect_uri_is_explained() {
    let world = World::new();
    let (mut terminal, location) = mismatch(&world, "");
    // The browser makes this absolute.
    assert_eq!(location, "?error=redirect_uri_mismatch");
    terminal.enters(&format!("{}/oauth/authorize{location}", world.quay.host()));
    terminal.shows("the application at Quay seems to have no redirect URI.");
    terminal.shows(&format!("set it to exactly {} in the application's settings", world.redirect_uri));
    terminal.types("\x03");
    assert!(!terminal.ends(130).contains("Continue with"));
}

#[test]
fn with_token_explains_such_a_url_too() {
    let world = World::new();
    let host = world.quay.host();
    let login = || world.run(["login", "--with-token", "--store", "file", "--host", &host]);
    login()
        .stdin("http://localhost:8976/callback?error=redirect_uri_mismatch\n")
        .stderr("the application at Quay seems to have the redirect URI http://localhost:8976/callback, not http://127.0.0.1:7829/callback")
        .stderr(&format!("hint: use that one: quay-auth login --host {host} --store file --redirect-uri http://localhost:8976/callback\n"))
        .fails(5);
    login()
        .stdin(format!("{host}/oauth/authorize?error=redirect_uri_mismatch"))
        .stderr("seems to have no redirect URI")
        .fails(5);
}

/// The most common mistake: `localhost` is registered instead of `127.0.0.1`, or the other way round.
#[test]
fn another_name_of_this_machine_is_explained_in_the_browser_and_the_user_can_continue_with_it() {
    for (ours, registered) in [("127.0.0.1", "localhost"), ("localhost", "127.0.0.1")] {
        let world = World::with_redirect_host(ours);
        let registered = world.redirect_uri.replace(ours, registered);
        world.quay.add_application(CLIENT_ID, &registered);
        let mut terminal = Terminal::log_in(&world, &[]);
        let browser = Browser::start();
        browser.goto(&terminal.authorize_url());
        browser.shows("mismatch");
        assert_eq!(browser.url(), registered);
        assert!(browser.text("main").contains(&world.redirect_uri));
        let styled =
            browser.execute("return document.styleSheets.length === 1 && document.documentElement.dataset.script");
        assert_eq!(styled.as_str(), Some("on"), "the page has its style sheet and its script");
        terminal.shows(&format!(
            "the application at Quay seems to have the redirect URI {registered}, not {}.",
            world.redirect_uri
        ));
        terminal.shows("ignore this if Quay did not send your browser there");
        terminal.shows(&format!("Continue with {registered}? "));
        terminal.enters("y");
        let location = approve_last(&world, &terminal);
        assert!(location.starts_with(&format!("{registered}/")), "{location}");
        browser.goto(&location);
        browser.shows("stored");
        terminal.ends(0);
        world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
    }
}

#[test]
fn a_forged_mismatch_does_not_get_in_the_way_of_the_login() {
    let world = World::new();
    let terminal = Terminal::log_in(&world, &[]);
    terminal.shows(WAITING);
    let forged = format!("{}/x?error=redirect_uri_mismatch", world.redirect_uri.replace("127.0.0.1", "localhost"));
    let browser = Browser::start();
    browser.goto(&forged);
    terminal.shows("Continue with ");
    let token = super::first_time::approve(&world, &terminal);
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let world = World::new();
    let registered = world.redirect_uri.replace("127.0.0.1", "localhost");
    world.quay.add_application(CLIENT_ID, &registered);
    let mut login = world.login(&[]).start();
    let browser = Browser::start();
    browser.goto(&login.authorize_url());
    login.says(&format!(
        "hint: use that one: quay-auth login --host {} --client-id {CLIENT_ID} --redirect-uri {registered} ",
        world.quay.host()
    ));
    world.quay.add_application(CLIENT_ID, &world.redirect_uri);
    let location = world.quay.authorize(&login.authorize_url()).expect("an approval");
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    assert!(!login.succeeds().contains("Continue with"));
}
