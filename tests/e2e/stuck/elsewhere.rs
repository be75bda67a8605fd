//! The browser is on another machine, or nobody sits at this one.

use crate::pty::Terminal;
use crate::world::{CLIENT_ID, World, hand_over, token_of};

/// The flags of a login by `--paste` at this world's Quay.
fn paste<'a>(host: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["login", "--paste", "--no-browser", "--store", "file", "--host", host, "--client-id", CLIENT_ID], more].concat()
}

#[test]
fn over_ssh_the_line_that_forwards_this_very_port_is_shown() {
    let world = World::new();
    let mut login =
        world.login(&[]).env("SSH_CONNECTION", "203.0.113.7 50022 192.0.2.10 22").env("USER", "alice").start();
    let authority = world.redirect_authority().to_owned();
    let port = authority.rsplit(':').next().unwrap();
    login.says(&format!("ssh -N -L {port}:{authority} alice@192.0.2.10"));
    world.complete(login);
}

#[test]
fn odd_words_about_the_ssh_session_are_not_repeated_into_a_line_for_a_shell() {
    let world = World::new();
    for (connection, user) in [("a b $(touch x) 22", "alice"), ("203.0.113.7 50022 192.0.2.10 22", "$(touch x)")] {
        let login = world.login(&[]).env("SSH_CONNECTION", connection).env("USER", user).start();
        let location = world.quay.authorize(&{ login }.authorize_url());
        assert!(location.is_ok());
    }
    let said =
        world.login(&["--timeout", "1s"]).env("SSH_CONNECTION", "a b $(x) 22").stderr("no answer").fails(6).stderr;
    assert!(!said.contains("$(x)"), "{said}");
}

#[test]
fn a_ci_job_is_told_what_to_use_instead() {
    let world = World::new();
    let host = world.quay.host();
    let flags = ["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file"];
    let run = world.run(flags).env("CI", "true");
    run.stderr("this is a CI job").stderr("QUAY_AUTH_TOKEN").fails(2);
    assert!(world.quay.requests().is_empty(), "nobody is asked anything");
}

#[test]
fn an_answer_is_pasted_without_any_port() {
    for more in [&[][..], &["--scopes", "org:admin,user:admin"]] {
        let world = World::new();
        // The application is registered for another program altogether.
        world.quay.add_application(CLIENT_ID, "https://another.example.com/callback");
        let host = world.quay.host();
        let mut terminal = Terminal::start(&world, &paste(&host, more));
        let location = world.quay.authorize(&terminal.authorize_url()).expect("a consent");
        assert!(location.starts_with(&format!("{host}/oauth/localapp?")), "{location}");
        terminal.shows("Paste it here");
        terminal.enters(&location.replace("/localapp", "/another"));
        terminal.shows("this address is not the answer to this login");
        terminal.shows_times("Paste it here", 2);
        terminal.enters(&location);
        let screen = terminal.ends(0);
        let token = token_of(&location);
        assert!(!screen.contains(&token), "{screen}");
        world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    }
}

#[test]
fn an_answer_is_pasted_through_a_pipe() {
    let world = World::new();
    let host = world.quay.host();
    let token = world.log_in();
    world.run(paste(&host, &[])).stdin(&token).stderr("%2Foauth%2Flocalapp").stderr("Logged in to").succeeds();
    world.run(paste(&host, &[])).stdin("nonsense").stderr("error: this is neither an address nor a token").fails(2);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn a_browser_that_cannot_be_started_never_ends_the_login() {
    for (browser, told) in [("false", true), ("/nonexistent/browser", true), ("sh -c 'exec sleep 20'", false)] {
        let world = World::new();
        let host = world.quay.host();
        let flags = [
            "login",
            "--host",
            &host,
            "--client-id",
            CLIENT_ID,
            "--store",
            "file",
            "--redirect-uri",
            &world.redirect_uri,
        ];
        let mut login = world.run(flags).env("BROWSER", browser).start();
        let location = world.quay.authorize(&login.authorize_url()).expect("a consent");
        if told {
            login.says("no browser could be started");
        }
        assert_eq!(hand_over(&location), (200, "stored".to_owned()));
        login.succeeds();
    }
}

#[test]
fn the_next_browser_of_the_list_is_tried() {
    let world = World::new();
    let record = world.home().join("record");
    let host = world.quay.host();
    let flags =
        ["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file", "--redirect-uri", &world.redirect_uri];
    std::fs::write(world.home().join("browser"), "printf %s \"$*\" > \"$HOME/record\"\n").unwrap();
    let list = format!("false:w3m:sh {}/browser --new %s --then", world.home().display());
    let mut login = world.run(flags).env("BROWSER", &list).start();
    let url = login.authorize_url();
    let give_up = std::time::Instant::now() + crate::world::PATIENCE;
    while std::fs::read_to_string(&record).unwrap_or_default() != format!("--new {url} --then") {
        assert!(std::time::Instant::now() < give_up, "{:?}", std::fs::read_to_string(&record));
        std::thread::yield_now();
    }
    world.complete(login);
}

/// A real SSH session into a network of its own, so that its loopback is another machine's, with the port forwarded as the line says.
#[test]
fn through_a_real_ssh_session_the_browser_comes_by_the_forwarded_port() {
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
    let location = world.quay.authorize(&terminal.authorize_url()).expect("a consent");
    terminal.shows("Waiting for your consent");
    // That machine cannot reach this Quay, so the token is kept unchecked.
    assert_eq!(hand_over(&location), (200, "stored_unverified".to_owned()));
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
}
