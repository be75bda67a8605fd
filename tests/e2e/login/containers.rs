//! A login in a container: what it says, and `--listen`. `security::catcher::containers` has the connections.

use std::net::TcpListener;

use crate::support::program::Run;
use crate::support::system::run_after;
use crate::support::world::{CLIENT_ID, World, post_to_catcher};

/// Hides what the machine of the tests says about being a container itself.
const NO_CONTAINER: &str = "mount -t tmpfs tmpfs /run && : > /run/.toolboxenv";

fn login_after(world: &World, commands: &str) -> Run {
    let host = world.quay.host();
    let login = ["login", "--no-browser", "--store", "file", "--host", &host, "--client-id", CLIENT_ID];
    run_after(world, commands, &[&login[..], &["--redirect-uri", &world.redirect_uri]].concat())
}

/// Completes the login. Returns its messages.
fn messages(world: &World, login: Run) -> String {
    let mut login = login.start();
    let location = world.quay.authorize(&login.authorize_url()).expect("an approval");
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    login.succeeds()
}

#[test]
fn in_a_container_the_login_says_how_to_publish_the_port() {
    for (loopback, publish, listen) in [
        ("127.0.0.1", "`-p 127.0.0.1:PORT:PORT`", "0.0.0.0"),
        ("[::1]", "`-p '[::1]:PORT:PORT'`", "::"),
        ("localhost", "`-p 127.0.0.1:PORT:PORT -p '[::1]:PORT:PORT'`", "::"),
    ] {
        let world = World::with_redirect_host(loopback);
        let port = world.redirect_authority().rsplit_once(':').unwrap().1;
        for login in [
            login_after(&world, "mount -t tmpfs tmpfs /run && : > /run/.containerenv"),
            world.login(&[]).env("container", "podman"),
        ] {
            let messages = messages(&world, login);
            let host = world.quay.host();
            let sign_in = format!("Sign in to {host} in a browser outside of this container, then open this URL:\n");
            assert!(messages.contains(&sign_in), "{messages}");
            assert!(messages.contains(&publish.replace("PORT", port)), "{messages}");
            // Complete, although the login in this container is stored.
            let command = format!(
                "\n  quay-auth login --host {host} --client-id {CLIENT_ID} --redirect-uri '{}' --store file --listen {listen}\n",
                world.redirect_uri
            );
            let command = if loopback == "[::1]" { command } else { command.replace('\'', "") };
            assert!(messages.contains(&command), "{messages}");
            assert!(!messages.contains("on this machine"), "{messages}");
        }
    }
}

#[test]
fn containers_whose_ports_need_not_be_published_get_other_words() {
    let world = World::new();
    let on_this_machine =
        format!("Sign in to {} in a browser on this machine, then open this URL:\n", world.quay.host());
    for login in [
        login_after(&world, NO_CONTAINER),
        login_after(&world, NO_CONTAINER).env("container", "oci"),
        world.login(&[]).env("container", "flatpak"),
        world.login(&[]).env("DISTROBOX_ENTER_PATH", "/usr/bin/distrobox-enter").env("container", "podman"),
    ] {
        let messages = messages(&world, login);
        assert!(messages.contains(&on_this_machine) && !messages.contains("container"), "{messages}");
    }
    for variable in ["REMOTE_CONTAINERS", "CODESPACES"] {
        let messages = messages(&world, world.login(&[]).env(variable, "true").env("container", "docker"));
        assert!(messages.contains("only if your editor forwards port "), "{messages}");
        assert!(messages.contains("in a browser outside of this container, then open this URL:\n"), "{messages}");
        assert!(!messages.contains("--listen"), "{messages}");
    }
}

#[test]
fn listen_warns_of_everyone_who_can_reach_the_address_and_opens_no_browser() {
    let world = World::new();
    let authority = world.redirect_authority();
    let port = authority.rsplit_once(':').unwrap().1;
    let listen = ["--listen", "0.0.0.0"];
    let login = world.login_without_no_browser(&listen).env("container", "podman").env("BROWSER", "false");
    let in_container = messages(&world, login);
    for part in [
        &format!(
            "warning: with --listen 0.0.0.0, port {port} is open to the other containers on its networks, and to everyone who \
             can reach a port published to it.\n"
        ),
        &format!(
            "hint: publish that port to your own machine only: start the container with `-p 127.0.0.1:{port}:{port}`\n"
        ),
        &format!("in a browser on the machine that forwards {authority} to this login, then open this URL:\n"),
    ] {
        assert!(in_container.contains(part.as_str()), "{in_container}");
    }
    assert!(!in_container.contains("Opening") && !in_container.contains("could not start a browser"), "{in_container}");
    let login = world.login(&listen).env("DISTROBOX_ENTER_PATH", "/usr/bin/distrobox-enter");
    let elsewhere = messages(&world, login);
    let warning =
        format!("warning: with --listen 0.0.0.0, port {port} is open to everyone on the networks of this machine.\n");
    assert!(elsewhere.contains(&warning) && !elsewhere.contains("container"), "{elsewhere}");
    // Nothing is stored about it.
    assert!(!world.profiles_toml().contains("0.0.0.0"), "{}", world.profiles_toml());
}

#[test]
fn listen_takes_an_ip_address_that_others_can_reach() {
    let world = World::new();
    let port = world.redirect_authority().rsplit_once(':').unwrap().1;
    for (address, reason) in [
        ("eth0", "give an IP address of this machine, or 0.0.0.0 for all of them"),
        (":7829", "give an IP address of this machine"),
        ("0.0.0.0:7829", "the port is that of the redirect URI"),
        ("127.0.0.1", "quay-auth listens on the loopback address without this option"),
        ("::1", "quay-auth listens on the loopback address without this option"),
        ("224.0.0.1", "a login cannot listen on a multicast or link-local address"),
    ] {
        world.login(&["--listen", address]).stderr(reason).stderr("--listen").fails(2);
    }
    for conflict in [&["--browser", "true"][..], &["--paste"], &["--with-token"], &["--direct"]] {
        let options = [&["login", "--listen", "0.0.0.0"], conflict].concat();
        world.run(options).stderr("cannot be used with").fails(2);
    }
    // Of a network that exists only in documents (RFC 5737).
    let login = world.login(&["--listen", "192.0.2.7"]).stderr(&format!("cannot listen on 192.0.2.7:{port}\n"));
    let messages = login.stderr("hint: check that this machine has that address\n").fails(8).stderr;
    // With every port it is the same.
    assert!(!messages.contains("use another port"), "{messages}");
    log_in_without_a_port(&world, &messages);
    let _other = TcpListener::bind(world.redirect_authority()).unwrap();
    let login = world.login(&["--listen", "0.0.0.0"]).stderr(&format!("cannot listen on 0.0.0.0:{port}\n"));
    log_in_without_a_port(&world, &login.stderr("hint: or use another port: ").fails(8).stderr);
}

/// Runs the command that these messages suggest.
fn log_in_without_a_port(world: &World, messages: &str) {
    let (_, command) = messages.split_once("hint: or log in without a port: quay-auth ").expect("a hint");
    let token = world.create_token("alice", "repo:read");
    world.run(shlex::split(command).expect("words")).stdin(&token).stderr("Logged in to ").succeeds();
}
