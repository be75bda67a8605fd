//! The command that is suggested after a login that failed runs as it stands, although nothing was stored: it has what was typed and answered.

use crate::quay_standin::Verify;
use crate::support::program::Run;
use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, World, post_to_catcher};

/// The commands of quay-auth that the error suggests. In a container, a hint before it has one too.
fn suggested(messages: &str) -> Vec<String> {
    let (_, error) = messages.split_once("quay-auth: error: ").expect("an error");
    let lines = error.lines().filter(|line| line.trim_start().starts_with("hint: "));
    lines.filter_map(|line| line.split_once(": quay-auth ").map(|(_, command)| command.trim().to_owned())).collect()
}

/// The program as the pasted command starts it.
fn paste(world: &World, command: &str) -> Run {
    world.run(shlex::split(command).expect("words"))
}

/// The options of a first login, with every setting that the command must repeat.
fn settings(world: &World) -> String {
    let [host, redirect_uri] = [world.quay.host(), world.redirect_uri.clone()];
    format!(
        "login --host {host} --profile ci --client-id {CLIENT_ID} --redirect-uri {redirect_uri} --scopes repo:read,repo:write --store file"
    )
}

/// Logs in with the suggested command, and without any other setting.
fn assert_logs_in(world: &World, command: &str) {
    let token = world.complete(paste(world, command).start());
    world.run(["print-token", "--profile", "ci"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn after_a_cancelled_first_login_the_suggested_command_logs_in() {
    let world = World::new();
    let typed = format!("{} --no-browser --expires 30d --timeout '1m 30s'", settings(&world));
    let mut login = paste(&world, &typed).start();
    let location = world.quay.deny(&login.authorize_url()).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "refused".to_owned()));
    let [command] = &suggested(&login.fails(5))[..] else { panic!("one command") };
    for option in [" --no-browser", " --expires 30d", " --timeout '1m 30s'"] {
        assert!(command.contains(option), "{command}");
    }
    assert!(command.starts_with(&settings(&world)), "{command}");
}

#[test]
fn after_a_timeout_both_suggested_commands_log_in() {
    let world = World::new();
    let typed = format!("{} --no-browser --timeout 1s", settings(&world));
    let messages = paste(&world, &typed).stderr("no response from the browser in time").fails(6).stderr;
    let settings = settings(&world);
    let expected = [format!("{settings} --with-token"), format!("{settings} --no-browser --timeout 15m")];
    assert_eq!(suggested(&messages), expected);
    let token = world.create_token("alice", "repo:read");
    paste(&world, &expected[0]).stdin(&token).stderr("Logged in").succeeds();
    assert_logs_in(&world, &expected[1]);
}

#[test]
fn after_a_refused_token_the_suggested_command_logs_in() {
    let world = World::new();
    let mut login = paste(&world, &format!("{} --no-browser", settings(&world))).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    world.quay.set_verify(Verify::Unauthorized);
    assert_eq!(post_to_catcher(&location), (502, "not_valid".to_owned()));
    let commands = suggested(&login.fails(5));
    assert_eq!(commands, [format!("{} --no-browser", settings(&world))]);
    world.quay.set_verify(Verify::Normal);
    assert_logs_in(&world, &commands[0]);
}

#[test]
fn without_a_keyring_the_suggested_command_stores_the_token_in_a_file() {
    let world = World::new();
    let typed = format!("{} --no-browser", settings(&world).replace(" --store file", " --store keyring"));
    let messages = paste(&world, &typed).stderr("there is no session bus").fails(4).stderr;
    let commands = suggested(&messages);
    assert_eq!(commands.len(), 1, "{messages}");
    assert!(commands[0].contains(" --store file"), "{commands:?}");
    assert_logs_in(&world, &commands[0]);
}

#[test]
fn settings_from_variables_are_in_the_suggested_command() {
    let world = World::new();
    let host = world.quay.host();
    let run = world.run(["login", "--no-browser", "--timeout", "1s"]).env("QUAY_AUTH_HOST", &host);
    let run = run.env("QUAY_AUTH_CLIENT_ID", CLIENT_ID).env("QUAY_AUTH_REDIRECT_URI", &world.redirect_uri);
    let run = run.env("QUAY_AUTH_STORE", "file").env("QUAY_AUTH_PROFILE", "ci");
    let commands = suggested(&run.stderr("no response from the browser in time").fails(6).stderr);
    assert_logs_in(&world, &commands[1]);
}

#[test]
fn what_was_answered_is_in_the_suggested_command() {
    let world = World::new();
    let flags = ["login", "--store", "file", "--profile", "ci", "--no-browser", "--redirect-uri", &world.redirect_uri];
    let mut terminal = Terminal::start(&world, &flags);
    terminal.shows("Quay host [quay.io]:");
    terminal.enters(&world.quay.host());
    terminal.shows("Client ID:");
    terminal.enters(CLIENT_ID);
    let location = world.quay.deny(&terminal.authorize_url()).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "refused".to_owned()));
    let screen = terminal.ends(5);
    let command = screen.lines().find_map(|line| line.split_once(" quay-auth ").map(|(_, command)| command.trim()));
    assert_logs_in(&world, command.expect("a command"));
}

#[test]
fn the_page_has_the_commands_of_this_login() {
    let world = World::new();
    let mut login = paste(&world, &format!("{} --no-browser", settings(&world))).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    let url = location.split('#').next().unwrap();
    let page = ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap();
    let settings = settings(&world);
    for command in [
        format!("{settings} --no-browser"),
        format!("{settings} --with-token"),
        format!("{} --no-browser", settings.replace("--profile ci", "--profile NAME")),
    ] {
        assert!(page.contains(&format!("<code>quay-auth {command}</code>")), "{command}");
    }
    // Other pages of the catcher do not show what belongs to this login.
    let other = url.replace("/callback", "/other?error=redirect_uri_mismatch&x=");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let page = agent.get(&other).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(page.contains("different redirect URI") && !page.contains(CLIENT_ID), "{page}");
}
