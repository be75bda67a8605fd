//! Which host is used if an `https` and an `http` host have the same name, for docker and for `--host`.

use crate::support::system::run_test_in_network;
use crate::support::tls_front::{Authority, Valid, plain_front};
use crate::support::world::World;

const NETWORK: &str = "ip link set lo up && hosts=$(mktemp) && echo '127.0.0.1 localhost quay.test' > $hosts \
    && mount --bind $hosts /etc/hosts && rm $hosts";

#[test]
fn a_name_refers_to_the_https_host_unless_the_scheme_or_port_is_that_of_the_http_host() {
    run_test_in_network(NETWORK, "docker::same_name::in_a_network_with_two_hosts_of_the_same_name");
}

#[test]
#[ignore = "run by a_name_refers_to_the_https_host_unless_the_scheme_or_port_is_that_of_the_http_host"]
fn in_a_network_with_two_hosts_of_the_same_name() {
    let world = World::new();
    let ca = Authority::new();
    ca.front(&world, "127.0.0.1:443", "quay.test", Valid::Now);
    plain_front(&world, "127.0.0.1:80");
    let [secure, plain] = ["one", "two"].map(|name| world.complete(world.login(&["--profile", name]).start()));
    let store = |host: &str, more: &[&str], token: &str| {
        let login = [&["login", "--with-token", "--store", "file", "--host", host], more].concat();
        world.run(login).stdin(token).stderr("Logged in").succeeds();
    };
    store("https://quay.test", &["--ca-file", &ca.file(&world)], &secure);
    store("http://quay.test", &["--allow-http"], &plain);

    let expect = |written: &str, token: Option<&str>| {
        let run = world.run(["print-token", "--host", written]);
        match token {
            Some(token) => run.stdout(&format!("{token}\n")).succeeds(),
            None => run.stderr("error: ").fails(3),
        };
        let get = world.helper("get", written);
        match token {
            Some(token) => get.prints(token).succeeds(),
            None => get.stdout("credentials not found in native keychain\n").fails(1),
        };
    };
    for written in ["quay.test", "quay.test:443", "https://quay.test", "https://quay.test:443"] {
        expect(written, Some(&secure));
    }
    for written in ["http://quay.test", "quay.test:80", "http://quay.test:80"] {
        expect(written, Some(&plain));
    }
    expect("https://quay.test:80", None);
    // status shows names that find the profiles.
    let status = world.run(["status", "--json"]).prints("profiles").succeeds().stdout;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let profiles = status["profiles"].as_array().unwrap();
    let hosts: Vec<_> = profiles.iter().map(|profile| profile["host"].as_str().unwrap()).collect();
    assert!(hosts.contains(&"quay.test") && hosts.contains(&"http://quay.test"), "{hosts:?}");

    // docker uses the same name for both.
    world
        .run(["docker", "install", "--host", "http://quay.test"])
        .stderr("use quay-auth for http://quay.test")
        .stderr(
            "warning: docker calls both http://quay.test and quay.test \"quay.test\", and gets the token of quay.test.",
        )
        .succeeds();
    world.run(["docker", "install", "--host", "quay.test"]).stderr("use quay-auth for quay.test").succeeds();
    world.helper("erase", "https://quay.test").stderr("docker no longer gets a token for quay.test.").succeeds();
    world.helper("get", "http://quay.test").prints(&plain).succeeds();
    world.run(["print-token", "--host", "quay.test"]).stdout(&format!("{secure}\n")).succeeds();

    // Without a profile of the https host, the name refers to the http host. A URL with https still does not.
    world.run(["logout", "--host", "quay.test", "--purge", "--no-revoke"]).stderr("Deleted").succeeds();
    expect("quay.test", Some(&plain));
    expect("https://quay.test", None);
}
