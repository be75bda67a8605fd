//! `login --direct`: a token for a user name and a password, without a browser (docs/quay.md, cases AA).

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use crate::quay_standin::{Failure, Token};
use crate::support::program::Run;
use crate::support::pty::Terminal;
use crate::support::server::{Server, answer};
use crate::support::world::{CLIENT_ID, World};

/// A world whose Quay allows direct approval for the application, and where no browser is signed in.
fn world() -> World {
    let world = World::new();
    world.quay.set_everyone_is(None);
    world.quay.database().settings.direct_client_ids.push(CLIENT_ID.to_owned());
    world
}

/// The arguments of such a login, without the user name.
fn arguments(world: &World) -> Vec<String> {
    let arguments = ["login", "--direct", "--host", &world.quay.host(), "--client-id", CLIENT_ID, "--store", "file"];
    let redirect_uri = ["--redirect-uri", &world.redirect_uri];
    arguments.into_iter().chain(redirect_uri).map(str::to_owned).collect()
}

/// A login of alice whose password comes from stdin.
fn log_in(world: &World, more: &[&str]) -> Run {
    let mut all = arguments(world);
    all.extend(["--username", "alice", "--password-stdin"].map(str::to_owned));
    all.extend(more.iter().map(|word| (*word).to_owned()));
    world.run(all).stdin("password\n")
}

fn at_terminal(world: &World, more: &[&str]) -> Terminal {
    let all = arguments(world);
    Terminal::start(world, &all.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>())
}

/// How often the password was sent.
fn attempts(world: &World) -> usize {
    world.quay.requests().iter().filter(|request| request.path == "/oauth/authorizeapp").count()
}

/// The scopes of a login that names none.
const DEFAULT_SCOPES: &str = "repo:read,user:read";

fn assert_stored(world: &World, scopes: &str) -> Token {
    let printed = world.run(["print-token"]).prints("\n").succeeds().stdout;
    let token = world.quay.tokens().into_iter().find(|token| token.value == printed.trim()).expect("Quay's token");
    assert_eq!(token.scopes.replace(' ', ","), scopes);
    token
}

fn assert_nothing_stored(world: &World) {
    world.run(["print-token", "--host", &world.quay.host()]).stderr("there is no login").fails(3);
}

#[test]
fn the_token_is_verified_and_stored_and_its_url_never_requested() {
    let world = world();
    // A client that follows the redirect connects here.
    let redirect_target = TcpListener::bind(world.redirect_authority()).unwrap();
    let messages = log_in(&world, &["--verbose"])
        .stderr("The application \"quay-auth test\" asks for repo:read,user:read.\n")
        .stderr("Logged in to ")
        .stderr(" as alice.\n")
        .succeeds()
        .stderr;
    redirect_target.set_nonblocking(true).unwrap();
    assert!(redirect_target.accept().is_err(), "the redirect was followed");
    let token = assert_stored(&world, DEFAULT_SCOPES);
    assert_eq!(token.user, "alice");
    assert!(!messages.contains("password") && !messages.contains("YWxpY2U6") && !messages.contains(&token.value));
    assert_eq!(attempts(&world), 1);
    let requests = world.quay.requests();
    assert!(requests.iter().all(|request| request.path != "/oauth/authorize"), "the browser's address was requested");
    let place = |path: &str| requests.iter().position(|request| request.path.starts_with(path)).expect("a request");
    assert!(place("/api/v1/app/") < place("/oauth/authorizeapp") && place("/oauth/authorizeapp") < place("/v2/auth"));
}

#[test]
fn at_a_terminal_the_password_is_asked_for_and_not_shown() {
    let world = world();
    let mut terminal = at_terminal(&world, &[]);
    terminal.shows("User name at ");
    terminal.enters("acme+robot");
    terminal.shows("a robot account cannot get a token");
    terminal.enters("alice");
    terminal.shows("Password of alice at ");
    terminal.wait_for_default_modes(false);
    terminal.enters("password");
    let screen = terminal.ends(0);
    assert!(
        screen.contains(" as alice.") && !screen.contains("password\r") && !screen.contains("password\n"),
        "{screen}"
    );
    assert_stored(&world, DEFAULT_SCOPES);
    // The next time, the user is known.
    let mut terminal = at_terminal(&world, &[]);
    terminal.shows("Password of alice at ");
    assert!(!terminal.screen().contains("User name at "));
    terminal.types("\x03");
    terminal.ends(130);
    assert_eq!(attempts(&world), 1);
}

#[test]
fn spaces_belong_to_the_password() {
    let world = world();
    world.quay.database().users.get_mut("alice").unwrap().password = " two words ".to_owned();
    log_in(&world, &[]).stdin(" two words \r\n").stderr("Logged in to ").succeeds();
    let mut terminal = at_terminal(&world, &[]);
    terminal.shows("Password of alice at ");
    terminal.wait_for_default_modes(false);
    terminal.enters("\x1b[200~ two words \x1b[201~");
    terminal.shows("Logged in to ");
    terminal.ends(0);
}

#[test]
fn backspace_and_ctrl_u_work_in_a_password_that_is_not_shown() {
    let world = world();
    world.quay.database().users.get_mut("alice").unwrap().password = "p\u{e4}ss".to_owned();
    let mut terminal = at_terminal(&world, &["--username", "alice"]);
    terminal.shows("Password of alice at ");
    terminal.wait_for_default_modes(false);
    terminal.enters("wrong\u{15}p\u{fc}\u{7f}\u{e4}sss\u{7f}");
    terminal.ends(0);
}

#[test]
fn the_password_comes_only_from_a_terminal_or_with_password_stdin() {
    let world = world();
    let mut direct = arguments(&world);
    direct.extend(["--username", "alice"].map(str::to_owned));
    world.run(&direct).stdin("password\n").stderr("there is no terminal to ask for the password").fails(2);
    for text in ["", "\n", "two\nlines\n"] {
        log_in(&world, &[]).stdin(text).stderr("a password is one line, and is not empty").fails(2);
    }
    log_in(&world, &["--password", "secret"]).stderr("unexpected argument '--password'").fails(2);
    assert_eq!(attempts(&world), 0);
}

/// The login with this password must be refused with this message and hint, after one attempt.
fn assert_refused(world: &World, user: &str, password: &str, message: &str, hint: &str) {
    let mut all = arguments(world);
    all.extend(["--username", user, "--password-stdin"].map(str::to_owned));
    let result = world.run(all).stdin(password).stderr(message).stderr(hint).fails(5);
    assert!(!result.stderr.contains("secret"), "{result}");
    assert_eq!(attempts(world), 1, "{message}");
    assert_nothing_stored(world);
}

#[test]
fn a_refusal_exits_5_is_not_repeated_and_says_what_to_do() {
    let wrong_password = "does not accept the user name alice with this password\n";
    assert_refused(&world(), "alice", "secret", wrong_password, "hint: before you try again, wait a few seconds");
    let disabled = world();
    disabled.quay.set_enabled("alice", false);
    assert_refused(&disabled, "alice", "password", wrong_password, "hint: before you try again, wait a few seconds");

    let not_listed = "does not create tokens for this application without a browser\n";
    let world = self::world();
    world.quay.database().settings.direct_client_ids.clear();
    let operator = format!("DIRECT_OAUTH_CLIENTID_WHITELIST in Quay's config.yaml needs {CLIENT_ID}\n");
    assert_refused(&world, "alice", "password", not_listed, &operator);
    // Then Quay does not tell whether it knows the client ID.
    let world = self::world();
    world.quay.database().settings.direct_client_ids.clear();
    world.quay.database().settings.allows_anonymous_access = false;
    assert_refused(
        &world,
        "alice",
        "password",
        not_listed,
        "hint: or the client ID is wrong, which could not be checked",
    );

    let assign = " --direct --username bob --assignment UUID`\n";
    assert_refused(&self::world(), "bob", "password", "bob may not use this application at ", assign);

    let world = self::world();
    world.quay.add_application(CLIENT_ID, "http://localhost:1/other");
    let other_uri = " answered with status 400: invalid_request\n  cause: probably the application at Quay has a different redirect URI, or none\n";
    assert_refused(
        &world,
        "alice",
        "password",
        other_uri,
        " --redirect-uri URI --store file --direct --username alice`\n",
    );
}

#[test]
fn an_unknown_client_id_is_found_before_the_password_is_sent() {
    let world = world();
    world.quay.delete_application(CLIENT_ID);
    log_in(&world, &[]).stderr("has no application with the client ID QUAYAUTHTEST00000001").fails(5);
    assert_eq!(attempts(&world), 0);
}

#[test]
fn too_many_failed_logins_exit_7_with_the_advice_to_wait() {
    let world = world();
    world.quay.database().settings.wrong_password_delay = Duration::from_secs(3600);
    log_in(&world, &[]).stdin("wrong").stderr("does not accept").fails(5);
    log_in(&world, &[])
        .stderr("answered with status 429 (too many failed logins of alice)\n")
        .stderr("hint: wait a minute, then try again")
        .fails(7);
    assert_eq!(attempts(&world), 2);
    for status in [429, 500, 503] {
        let world = self::world();
        world.quay.fail(Failure::new("/oauth/authorizeapp", status));
        log_in(&world, &[]).stderr(&format!("answered with status {status}")).fails(7);
        assert_eq!(attempts(&world), 1, "{status}");
    }
}

#[test]
fn a_read_only_registry_is_told_before_the_password_is_asked_for() {
    let world = world();
    world.quay.database().settings.is_read_only = true;
    let mut terminal = at_terminal(&world, &["--username", "alice"]);
    terminal.shows("is read-only just now: it creates no tokens.");
    terminal.shows("Password of alice at ");
    terminal.types("\x03");
    terminal.ends(130);
    log_in(&world, &[]).stderr("is read-only just now").stderr("is read-only: it creates no tokens\n").fails(7);
}

#[test]
fn a_password_is_never_sent_to_another_machine_over_plain_http() {
    let world = world();
    let flags = ["--host", "http://quay.example.com", "--client-id", CLIENT_ID, "--store", "file", "--allow-http"];
    let direct = ["login", "--direct", "--username", "alice", "--password-stdin"];
    world
        .run([&direct[..], &flags].concat())
        .stdin("password\n")
        .stderr("a password is never sent to http://quay.example.com without encryption")
        .stderr("hint: use --host https://quay.example.com if that server supports https")
        .fails(2);
}

#[test]
fn dangerous_scopes_are_confirmed_here_because_quay_does_not_ask() {
    let scopes = ["--scopes", "repo:read,org:admin"];
    let world = world();
    log_in(&world, &scopes)
        .stderr("warning: org:admin is dangerous.")
        .stderr("there is no terminal to confirm these dangerous scopes: org:admin")
        .stderr("add --accept-dangerous")
        .fails(2);
    for (keys, code) in [("", 5), ("n", 5), ("y", 0)] {
        let mut terminal = at_terminal(&world, &["--username", "alice", "--scopes", "repo:read,org:admin"]);
        terminal.shows("Request org:admin? [y/N]");
        terminal.enters(keys);
        if code == 0 {
            terminal.shows("Password of alice at ");
            terminal.wait_for_default_modes(false);
            terminal.enters("password");
        }
        terminal.ends(code);
        assert_eq!(attempts(&world), usize::from(code == 0));
    }
    assert_stored(&world, "repo:read,org:admin");
    log_in(&world, &["--scopes", "user:admin", "--accept-dangerous"]).stderr("(user:admin)").succeeds();
}

#[test]
fn expires_replaces_the_first_token() {
    let world = world();
    log_in(&world, &["--expires", "30d"]).stderr("there is no terminal to confirm").fails(2);
    let messages = log_in(&world, &["--expires", "30d", "--accept-dangerous"])
        .stderr("org:admin is needed only to create the token that expires sooner.\n")
        .stderr("  Revoked the first token.\n")
        .succeeds()
        .stderr;
    assert!(!messages.contains("browser"), "{messages}");
    assert_eq!(assert_stored(&world, DEFAULT_SCOPES).name.as_deref(), Some("quay-auth default"));
    assert_eq!(world.quay.tokens().iter().filter(|token| token.revoked).count(), 1);
}

#[test]
fn an_assigned_user_logs_in_with_the_assignment() {
    let world = world();
    let uuid = "0a1b2c3d-0000-4000-8000-000000000000";
    world.quay.assign(uuid, "bob", CLIENT_ID, "repo:read");
    let mut all = arguments(&world);
    all.extend(["--username", "bob", "--password-stdin", "--assignment", uuid].map(str::to_owned));
    world.run(all).stdin("password").stderr(" as bob.").succeeds();
    assert_eq!(assert_stored(&world, DEFAULT_SCOPES).user, "bob");
}

#[test]
fn another_users_token_does_not_replace_the_stored_one() {
    let world = world();
    log_in(&world, &[]).stderr(" as alice.").succeeds();
    let stored = assert_stored(&world, DEFAULT_SCOPES);
    world.quay.database().organizations.get_mut("acme").unwrap().admins.push("bob".to_owned());
    let mut all = arguments(&world);
    all.extend(["--username", "bob", "--password-stdin"].map(str::to_owned));
    let login = world.run(all).stdin("password").stderr("is logged in as alice, but this token belongs to bob");
    let messages = login.stderr("hint: log in as alice: quay-auth login ").stderr(" --username alice").fails(1).stderr;
    assert!(!messages.contains("browser"), "{messages}");
    assert_eq!(assert_stored(&world, DEFAULT_SCOPES).value, stored.value);
}

/// A server that sends this status and `Location` after a password. `{uri}` stands for the redirect URI of the login.
fn server(status: &'static str, location: &'static str) -> Server {
    Server::start_with_head(move |_, head, stream| {
        // 401 for everything else: as a Quay without anonymous access.
        if !head.starts_with("POST /oauth/authorizeapp ") {
            let _ = stream.write_all(&answer("401 Unauthorized", "", ""));
            return;
        }
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.expect("the length of the form")];
        stream.read_exact(&mut body).expect("the form");
        let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
        let location = location.replace("{uri}", &form["redirect_uri"]).replace("{state}", &form["state"]);
        let _ = stream.write_all(&answer(status, &format!("Location: {location}\r\n"), ""));
    })
}

#[test]
fn only_a_redirect_to_this_login_is_accepted() {
    for (status, location, message, code) in [
        (
            "302 Found",
            "{uri}?state=other#access_token=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123",
            "does not belong to this login",
            7,
        ),
        (
            "302 Found",
            "{uri}0#access_token=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123",
            "redirects to http://127.0.0.1:7829; ",
            7,
        ),
        (
            "302 Found",
            "http://evil.example/#access_token=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123",
            "redirects to http://evil.example; ",
            7,
        ),
        ("307 Temporary Redirect", "/oauth/authorizeapp/", "redirects this request to /oauth/authorizeapp/", 7),
        ("400 Bad Request", "{uri}", " answered with status 400\n  cause: probably the application", 5),
        ("302 Found", "{uri}?state={state}", "does not belong to this login", 7),
        ("302 Found", "{uri}?error=invalid_scope", "does not know one of these scopes: repo:read,user:read", 5),
        ("200 OK", "{uri}#access_token=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123", "answered with status 200", 7),
    ] {
        let world = World::new();
        let server = server(status, location);
        let direct = ["login", "--direct", "--host", &server.host(), "--client-id", CLIENT_ID, "--store", "file"];
        let user = ["--username", "alice", "--password-stdin"];
        let login = world.run([&direct[..], &user].concat()).stdin("password");
        let result = login.stderr(message).fails(code);
        assert!(!result.stderr.contains("ABCDEFGHIJ"), "{result}");
        let requests = server.requests();
        assert_eq!(requests.iter().filter(|head| head.starts_with("POST ")).count(), 1, "{requests:?}");
        world.run(["print-token", "--host", &server.host()]).stderr("there is no login").fails(3);
    }
}

#[test]
fn options_of_a_password_are_a_usage_error_in_every_other_login() {
    let world = World::new();
    for password in [&["--username", "alice"][..], &["--password-stdin"], &["--accept-dangerous"]] {
        let alone = world.run([&["login"], password].concat());
        alone.stderr("required arguments were not provided: --direct\n").fails(2);
        for other in [
            &["--with-token"][..],
            &["--paste"],
            &["--browser", "true"],
            &["--no-browser"],
            &["--private"],
            &["--listen", "0.0.0.0"],
            &["--timeout", "1s"],
        ] {
            for direct in [&[][..], &["--direct"]] {
                let login = world.run([&["login"], direct, password, other].concat());
                login.stderr("cannot be used with").stderr(other[0]).fails(2);
            }
        }
    }
}
