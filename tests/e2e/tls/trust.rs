//! Which certificates are trusted, and what is said of the others. No variable and no flag lets any other pass.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use super::front::{Authority, Valid};
use crate::program::Run;
use crate::world::{CLIENT_ID, World, hand_over, token_of};

const TOKEN: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// `api user/` at that host, by a token of the environment.
fn ask(world: &World, host: &str, ca_file: Option<&str>) -> Run {
    let run = world.run(["api", "user/"]).env("QUAY_AUTH_HOST", host).env("QUAY_AUTH_TOKEN", TOKEN);
    ca_file.into_iter().fold(run, |run, file| run.env("QUAY_AUTH_CA_FILE", file))
}

/// What a test adds to trust nobody by chance: the system's own CAs are not those of the machine.
fn alone(run: Run) -> Run {
    run.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/nonexistent")
}

#[test]
fn a_whole_login_goes_over_tls_by_a_companys_own_ca() {
    let world = World::new();
    let ca = Authority::new();
    let file = ca.file(&world);
    let host = format!("localhost:{}", ca.front(&world, "127.0.0.1:0", "localhost", Valid::Now).port());
    let flags = ["login", "--host", &host, "--client-id", CLIENT_ID, "--redirect-uri", &world.redirect_uri];
    let mut login = world.run([&flags[..], &["--store", "file", "--no-browser", "--ca-file", &file]].concat()).start();
    let url = login.authorize_url();
    assert!(url.starts_with(&format!("https://{host}/oauth/authorize?")), "{url}");
    let location = world.quay.authorize(&url.replace(&format!("https://{host}"), &world.quay.host())).unwrap();
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    login.succeeds();
    // The file is remembered for every later question.
    world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
    alone(world.run(["status"])).prints("accepted\n").succeeds();
    alone(world.run(["api", "repository?public=true"])).prints("repositories").succeeds();
    alone(world.run(["doctor"]))
        .prints("ok    certificate: CN=localhost, issued by CN=A CA made in a test\n")
        .env("QUAY_AUTH_BROWSER", "/bin/true")
        .succeeds();
}

#[test]
fn each_certificate_that_is_not_trusted_is_told_in_plain_words() {
    let world = World::new();
    let ca = Authority::new();
    let file = ca.file(&world);
    for (name, valid, trusted, cause, hint) in [
        ("localhost", Valid::Now, false, "comes from a CA that is not trusted here", "add --ca-file FILE.pem"),
        ("localhost", Valid::Before, true, "its certificate has expired", "its administrator must renew it"),
        ("localhost", Valid::Later, true, "its certificate is not valid yet", "is this machine's clock right? date"),
        ("other.example", Valid::Now, true, "its certificate is for other.example", "is localhost:"),
    ] {
        let host = format!("localhost:{}", ca.front(&world, "127.0.0.1:0", name, valid).port());
        alone(ask(&world, &host, trusted.then_some(&*file)))
            .stderr(&format!("error: no trusted connection to {host}\n  cause: "))
            .stderr(cause)
            .stderr("  hint: ")
            .stderr(hint)
            .fails(7);
        // And doctor says the same.
        let doctor = world.run(["doctor", "--host", &host]).env("QUAY_AUTH_STORE", "file");
        let doctor = if trusted { doctor.env("QUAY_AUTH_CA_FILE", &file) } else { doctor };
        let found = alone(doctor)
            .prints("fail  certificate: no trusted connection to ")
            .prints(cause)
            .stderr("failed")
            .fails(1);
        assert!(found.stdout.contains(&format!("fail  server: no trusted connection to {host}")), "{found}");
    }
    assert!(world.quay.requests().is_empty(), "no request is made on such a connection");
}

#[test]
fn no_variable_lets_an_untrusted_certificate_pass() {
    let world = World::new();
    let host = format!("localhost:{}", Authority::new().front(&world, "127.0.0.1:0", "localhost", Valid::Now).port());
    let mut run = ask(&world, &host, None);
    for (name, value) in [
        ("SSL_NO_VERIFY", "1"),
        ("SSL_VERIFY", "0"),
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
        ("CURL_INSECURE", "1"),
        ("GIT_SSL_NO_VERIFY", "1"),
        ("PYTHONHTTPSVERIFY", "0"),
        ("QUAY_AUTH_INSECURE", "1"),
        ("QUAY_AUTH_ALLOW_HTTP", "true"),
    ] {
        run = run.env(name, value);
    }
    run.stderr("not trusted here").fails(7);
    assert!(world.quay.requests().is_empty());
}

#[test]
fn a_server_that_speaks_no_tls_or_an_old_one_is_told_so() {
    let world = World::new();
    let plain = world.quay.address().to_string();
    ask(&world, &plain, None)
        .stderr("cause: it does not speak TLS 1.2 or newer there\n")
        .stderr(&format!("hint: is it the right port? Over plain http it is: --host http://{plain}\n"))
        .fails(7);
    let old = OldServer::start(&world);
    ask(&world, &format!("localhost:{}", old.port), None).stderr("no trusted connection").fails(7);
}

#[test]
fn a_ca_file_that_is_none_is_found_out_at_once() {
    let world = World::new();
    std::fs::write(world.home().join("empty.pem"), "").unwrap();
    for file in ["absent.pem", "empty.pem", "/dev/null"] {
        ask(&world, "localhost:1", Some(file)).stderr("cannot use the CA file").stderr("name a PEM file").fails(2);
    }
}

/// OpenSSL, told to speak TLS 1.0 and 1.1 alone.
struct OldServer {
    process: Child,
    port: u16,
}

impl OldServer {
    fn start(world: &World) -> OldServer {
        let home = world.home();
        let make = [
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ];
        let made =
            Command::new("openssl").args(make).current_dir(&home).stderr(Stdio::null()).status().expect("openssl");
        assert!(made.success());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let accept = format!("127.0.0.1:{port}");
        let process = Command::new("openssl")
            .args(["s_server", "-accept", &accept, "-key", "key.pem", "-cert", "cert.pem", "-tls1_1", "-www"])
            .args(["-cipher", "ALL:@SECLEVEL=0"])
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl");
        let give_up = std::time::Instant::now() + crate::world::PATIENCE;
        while std::net::TcpStream::connect(&accept).is_err() {
            assert!(std::time::Instant::now() < give_up, "openssl does not listen");
            std::thread::yield_now();
        }
        OldServer { process, port }
    }
}

impl Drop for OldServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
