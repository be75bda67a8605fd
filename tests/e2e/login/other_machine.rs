//! The browser is on another machine, or nobody uses this one.

use super::browser::recording_browser;
use crate::quay_standin::Verify;
use crate::support::program::Run;
use crate::support::pty::Terminal;
use crate::support::system::run_after;
use crate::support::world::{CLIENT_ID, World, post_to_catcher, token_of};

/// The arguments of `login --paste` at this world's Quay.
fn paste_arguments<'a>(host: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["login", "--paste", "--no-browser", "--store", "file", "--host", host, "--client-id", CLIENT_ID], more].concat()
}

#[test]
fn over_ssh_the_command_that_forwards_the_port_is_shown() {
    let world = World::new();
    let mut login =
        world.login(&[]).env("SSH_CONNECTION", "203.0.113.7 50022 192.0.2.10 22").env("USER", "alice").start();
    let authority = world.redirect_authority().to_owned();
    let port = authority.rsplit(':').next().unwrap();
    login.says(&format!("ssh -N -L {port}:{authority} alice@192.0.2.10"));
    world.complete(login);
}

#[test]
fn ssh_variables_with_shell_syntax_are_not_put_into_the_command() {
    let world = World::new();
    for (connection, user) in [("a b $(touch x) 22", "alice"), ("203.0.113.7 50022 192.0.2.10 22", "$(touch x)")] {
        let login = world.login(&["--timeout", "1s"]).env("SSH_CONNECTION", connection).env("USER", user);
        let messages = login.stderr("ssh -N -L ").fails(6).stderr;
        assert!(!messages.contains("$("), "{messages}");
    }
}

/// `login` with this value of `CI`, which may open a browser.
fn ci_login(world: &World, ci: &str, more: &[&str]) -> Run {
    let host = world.quay.host();
    let redirect_uri = &*world.redirect_uri;
    let flags = ["--host", &host, "--client-id", CLIENT_ID, "--redirect-uri", redirect_uri, "--store", "file"];
    world.run([&["login"], &flags[..], more].concat()).env("CI", ci)
}

#[test]
fn in_a_ci_job_the_error_names_ci_and_the_variable_to_use() {
    let world = World::new();
    for ci in ["true", "1", "woodpecker"] {
        let run = ci_login(&world, ci, &[]).stderr("error: CI is set, so quay-auth does not open a browser");
        run.stderr("hint: set QUAY_AUTH_TOKEN to a token from the CI system's secrets").fails(2);
    }
    assert!(world.quay.requests().is_empty(), "Quay was asked");
}

#[test]
fn ci_set_to_no_is_not_a_ci_job() {
    let world = World::new();
    for ci in ["0", "false", "False", "no", "NO", "off", " "] {
        let login = ci_login(&world, ci, &["--timeout", "1s"]).stderr("Not opening a browser: ");
        let said = login.stderr("no response from the browser in time").fails(6).stderr;
        assert!(!said.contains("CI is set"), "{ci}: {said}");
    }
}

#[test]
fn no_browser_and_paste_work_in_a_ci_job() {
    let world = World::new();
    world.complete(ci_login(&world, "true", &["--no-browser"]).start());
    let token = world.create_token("alice", "repo:read");
    let paste = ci_login(&world, "true", &["--paste"]).stdin(&token);
    paste.stderr("Not opening a browser: CI is set.\n").stderr("Logged in to").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn if_needed_asks_quay_about_the_token_variable_in_a_ci_job() {
    let world = World::new();
    let host = world.quay.host();
    let token = world.create_token("alice", "repo:read");
    let login =
        |more: &[&str]| ci_login(&world, "true", more).env("QUAY_AUTH_TOKEN", &token).env("QUAY_AUTH_HOST", &host);
    let accepted = format!("{host} accepts the token in QUAY_AUTH_TOKEN, so no login is needed.\n");
    assert_eq!(login(&["--if-needed"]).stderr("").succeeds().stderr, accepted);
    login(&[]).stderr("hint: QUAY_AUTH_TOKEN is set: the other commands use it, and need no login\n").fails(2);
    world.quay.set_verify(Verify::Status(503));
    login(&["--if-needed"]).stderr("warning: could not check the token in QUAY_AUTH_TOKEN: ").succeeds();
    world.quay.set_verify(Verify::Normal);
    world.quay.revoke(&token);
    let refused = login(&["--if-needed"]).stderr("does not accept the token in QUAY_AUTH_TOKEN\n");
    refused.stderr("hint: set QUAY_AUTH_TOKEN to another token, or unset it\n").fails(5);
}

#[test]
fn paste_needs_no_port_and_no_redirect_uri() {
    for more in [&[][..], &["--scopes", "org:admin,user:admin"]] {
        let world = World::new();
        // The application belongs to another program.
        world.quay.add_application(CLIENT_ID, "https://another.example.com/callback");
        let host = world.quay.host();
        let mut terminal = Terminal::start(&world, &paste_arguments(&host, more));
        let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
        assert!(location.starts_with(&format!("{host}/oauth/localapp?")), "{location}");
        terminal.shows("Paste it here");
        terminal.enters(&location.replace("/localapp", "/another"));
        terminal.shows("this URL does not belong to this login");
        terminal.shows_times("Paste it here", 2);
        terminal.enters(&location);
        let screen = terminal.ends(0);
        let token = token_of(&location);
        assert!(!screen.contains(&token) && !screen.contains("scopes unknown"), "{screen}");
        world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    }
}

#[test]
fn paste_reads_a_pipe() {
    let world = World::new();
    let host = world.quay.host();
    let token = world.log_in();
    world
        .run(paste_arguments(&host, &[]))
        .stdin(&token)
        .stderr("%2Foauth%2Flocalapp")
        .stderr("Logged in to")
        .succeeds();
    world
        .run(paste_arguments(&host, &[]))
        .stdin("nonsense")
        .stderr("error: this is neither a URL nor a token")
        .fails(2);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn the_scopes_of_a_token_that_is_pasted_without_its_url_are_unknown() {
    let world = World::new();
    let host = world.quay.host();
    let token = world.create_token("alice", "user:read");
    let paste = |text: &str, more: &[&str]| world.run(paste_arguments(&host, more)).stdin(text);
    paste(&token, &["--scopes", "repo:read,repo:write"]).stderr("(scopes unknown)").succeeds();
    world.run(["status"]).prints("unknown").succeeds();
    let refused = world.run(["print-token", "--require", "repo:write"]).stderr("are not known\n");
    refused.stderr(" login --host ").stderr(" --with-token --scopes repo:write\n").fails(3);
    let needed = paste("", &["--if-needed"]).stderr("The scopes of the token of default@");
    needed.stderr(" are not known, so a new one is needed.\n").stderr("error: nothing was pasted").fails(2);

    // Nor is it known whether it can create or revoke tokens.
    let mut expires = paste(&token, &["--expires", "30d", "--profile", "ci"]);
    expires = expires.stderr("you are not an administrator of acme, or this token lacks org:admin: log in without");
    expires.stderr("the browser's token (scopes unknown, uuid ").fails(5);

    // Quay's page has the same address in every login.
    for query in ["", "?scope=user%3Aread", "?scope=user%3Aread&state=None"] {
        let url = format!("{host}/oauth/localapp{query}#access_token={token}&token_type=Bearer");
        paste(&url, &["--scopes", "org:admin"]).stderr("(scopes unknown)").succeeds();
    }

    let mut login = paste_arguments(&host, &["--profile", "url", "--scopes", "repo:read,repo:write"]);
    let mut terminal = Terminal::start(&world, &login);
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    terminal.shows("Paste it here");
    terminal.enters(&location);
    assert!(terminal.ends(0).contains("(repo:read,repo:write)"));
    world.run(["print-token", "--profile", "url", "--require", "repo:write"]).prints("\n").succeeds();
    login.push("--if-needed");
    world.run(login).stderr("url@").stderr(" is already logged in.\n").succeeds();
}

/// The SSH session is in a network namespace, so its loopback is like that of another machine. The port is forwarded as the shown command does.
#[test]
fn the_browser_reaches_the_catcher_through_an_ssh_session() {
    let world = World::new();
    let folder = world.runtime_folder();
    for key in ["host", "user"] {
        let made =
            world.command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key)).status();
        assert!(made.unwrap().success(), "ssh-keygen");
    }
    let path = |name: &str| folder.join(name).display().to_string();
    let config = format!(
        "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPidFile none\nSetEnv HOME={}\n",
        path("host"),
        path("user.pub"),
        world.home().display()
    );
    std::fs::write(folder.join("sshd"), config).unwrap();
    let sshd = format!(
        "sh -c 'ip link set lo up; mkdir -p /run/sshd; exec /usr/sbin/sshd -i -e -f {} 2>/dev/null'",
        path("sshd")
    );
    let authority = world.redirect_authority().to_owned();
    let port = authority.rsplit(':').next().unwrap();
    let forward = format!("{port}:{authority}");
    let login = format!(
        "{} login --host {} --client-id {CLIENT_ID} --redirect-uri {} --store file",
        env!("CARGO_BIN_EXE_quay-auth"),
        world.quay.host(),
        world.redirect_uri
    );
    let mut ssh = world.command("ssh");
    ssh.args(["-tt", "-F", "none", "-i", &path("user"), "-L", &forward, "-o", "ExitOnForwardFailure=yes"]);
    ssh.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]);
    ssh.args(["-o", &format!("ProxyCommand=unshare --net {sshd}"), "root@another.example", &login]);
    let terminal = Terminal::run(&ssh);
    terminal.shows("this is an SSH session without a display");
    terminal.shows(&format!("ssh -N -L {forward} "));
    let location = world.quay.authorize(&terminal.authorize_url()).expect("an approval");
    terminal.shows("Waiting for your approval");
    // From that network Quay cannot be reached, so the token is stored without being checked.
    assert_eq!(post_to_catcher(&location), (200, "stored_unverified".to_owned()));
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
}

#[test]
fn under_sudo_no_browser_is_opened_and_the_login_says_whose_token_it_is() {
    for (variable, user) in [("SUDO_USER", "alice"), ("DOAS_USER", "alice"), ("PKEXEC_UID", "user 1000")] {
        let world = World::new();
        let (browser, _) = recording_browser(&world);
        let host = world.quay.host();
        let login = ["login", "--host", &host, "--client-id", CLIENT_ID, "--redirect-uri", &world.redirect_uri];
        let login = run_after(&world, "true", &[&login[..], &["--store", "file"]].concat());
        let login = login.env(variable, user.trim_start_matches("user ")).env("DISPLAY", ":0");
        let mut login = login.env("BROWSER", &browser.display().to_string()).start();
        login.says("Not opening a browser: it would run as root.");
        let location = world.quay.authorize(&login.authorize_url()).expect("an approval");
        assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
        let whose = format!(
            "quay-auth runs as root, so root's token file gets the token, not {user}'s. To log in as {user}, run it without sudo.\n"
        );
        let messages = login.succeeds();
        assert!(messages.contains(&whose), "{messages}");
    }
}
