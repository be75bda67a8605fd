//! Which certificates are trusted, and the errors for others. No variable and no flag makes other certificates acceptable.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::thread;

use crate::support::openssl_server::OpensslServer;
use crate::support::program::Run;
use crate::support::tls_front::{Authority, Valid};
use crate::support::world::{CLIENT_ID, World, post_to_catcher, token_of};

const TOKEN: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// `api user/` at that host, with a token from the environment.
fn request_user(world: &World, host: &str, ca_file: Option<&str>) -> Run {
    let run = world.run(["api", "user/"]).env("QUAY_AUTH_HOST", host).env("QUAY_AUTH_TOKEN", TOKEN);
    ca_file.into_iter().fold(run, |run, file| run.env("QUAY_AUTH_CA_FILE", file))
}

/// With a CA that issued nothing as the only one of the system, so that the test does not depend on those of this machine.
fn with_another_system_ca(world: &World, run: Run) -> Run {
    let file = world.runtime_folder().join("system-ca.pem");
    std::fs::write(&file, Authority::new().pem).unwrap();
    run.env("SSL_CERT_FILE", file.to_str().unwrap()).env("SSL_CERT_DIR", "/nonexistent")
}

#[test]
fn a_login_works_with_a_companys_own_ca() {
    let world = World::new();
    let ca = Authority::new();
    let file = ca.file(&world);
    let host = format!("localhost:{}", ca.front(&world, "127.0.0.1:0", "localhost", Valid::Now).port());
    let flags = ["login", "--host", &host, "--client-id", CLIENT_ID, "--redirect-uri", &world.redirect_uri];
    let mut login = world.run([&flags[..], &["--store", "file", "--no-browser", "--ca-file", &file]].concat()).start();
    let url = login.authorize_url();
    assert!(url.starts_with(&format!("https://{host}/oauth/authorize?")), "{url}");
    let location = world.quay.authorize(&url.replace(&format!("https://{host}"), &world.quay.host())).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    login.succeeds();
    // Later commands use the stored path of the CA file.
    world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
    with_another_system_ca(&world, world.run(["status"])).prints("accepted\n").succeeds();
    with_another_system_ca(&world, world.run(["api", "repository?public=true"])).prints("repositories").succeeds();
    with_another_system_ca(&world, world.run(["doctor"]))
        .prints("ok    certificate: CN=localhost, issued by CN=A CA made in a test\n")
        .env("QUAY_AUTH_BROWSER", "/bin/true")
        .succeeds();
}

#[test]
fn the_error_for_an_untrusted_certificate_names_the_reason_and_a_hint() {
    let world = World::new();
    let ca = Authority::new();
    let file = ca.file(&world);
    for (name, valid, trusted, cause, hint) in [
        ("localhost", Valid::Now, false, "comes from a CA that is not trusted here", " --ca-file FILE.pem`\n"),
        (
            "localhost",
            Valid::Before,
            true,
            "its certificate has expired (issued by CN=A CA made in a test)\n",
            "the server's administrator must renew the certificate",
        ),
        (
            "localhost",
            Valid::Later,
            true,
            "its certificate is not valid yet (issued by CN=A CA made in a test)\n",
            "check this machine's clock: date",
        ),
        ("other.example", Valid::Now, true, "its certificate is for other.example", "check that localhost:"),
    ] {
        let host = format!("localhost:{}", ca.front(&world, "127.0.0.1:0", name, valid).port());
        with_another_system_ca(&world, request_user(&world, &host, trusted.then_some(&*file)))
            .stderr(&format!("error: no trusted connection to {host}\n  cause: "))
            .stderr(cause)
            .stderr("  hint: ")
            .stderr(hint)
            .fails(7);
        // doctor reports the same.
        let doctor = world.run(["doctor", "--host", &host]).env("QUAY_AUTH_STORE", "file");
        let doctor = if trusted { doctor.env("QUAY_AUTH_CA_FILE", &file) } else { doctor };
        let found = with_another_system_ca(&world, doctor)
            .prints("fail  certificate: no trusted connection to ")
            .prints(cause)
            .stderr("failed")
            .fails(1);
        assert!(found.stdout.contains(&format!("fail  server: no trusted connection to {host}")), "{found}");
    }
    assert!(world.quay.requests().is_empty());
}

#[test]
fn no_variable_makes_an_untrusted_certificate_acceptable() {
    let world = World::new();
    let host = format!("localhost:{}", Authority::new().front(&world, "127.0.0.1:0", "localhost", Valid::Now).port());
    let mut run = request_user(&world, &host, None);
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
fn the_error_for_a_failed_handshake_says_what_is_known_about_it() {
    let world = World::new();
    let plain = world.quay.address().to_string();
    request_user(&world, &plain, None)
        .stderr("cause: it uses plain http at this port\n")
        .stderr(&format!("hint: if that is the right port, use `--host http://{plain}`\n"))
        .fails(7);
    let [pem, key] = ["cert.pem", "key.pem"].map(|name| world.home().join(name));
    let mut openssl = world.command("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]).stderr(Stdio::null());
    assert!(openssl.arg("-keyout").arg(&key).arg("-out").arg(&pem).status().expect("openssl").success());
    let refused =
        "it refused the TLS handshake: it may support only old versions or ciphers, or require a client certificate";
    for (options, cause) in [
        (&["-tls1_1"][..], "it does not support TLS 1.2 or newer at this port"),
        (&["-tls1_2", "-cipher", "AES128-SHA"], refused),
        (&["-groups", "P-521"], refused),
        (&["-Verify", "1", "-verify_return_error"], refused),
        (&["-tls1_2", "-Verify", "1", "-verify_return_error"], refused),
    ] {
        let server = OpensslServer::start(&world, &pem, &key, options);
        request_user(&world, &format!("localhost:{}", server.port), pem.to_str())
            .stderr("no trusted connection")
            .stderr(&format!("cause: {cause}"))
            .stderr("hint: check the port of --host, or ask the server's administrator\n")
            .fails(7);
    }
    // As of an SSH server.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in other.incoming().flatten() {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").and_then(|()| stream.read(&mut [0; 1024]));
        }
    });
    request_user(&world, &format!("localhost:{port}"), None)
        .stderr("cause: it does not use TLS at this port\n")
        .stderr("hint: check the port of --host\n")
        .fails(7);
}
