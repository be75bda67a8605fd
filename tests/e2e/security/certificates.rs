//! Certificates from openssl, and the CA file. Where curl has the same rule, the results are compared.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use crate::support::openssl_server::OpensslServer;
use crate::support::program::Run;
use crate::support::tls_front::front_from_files;
use crate::support::world::{CLIENT_ID, World};

const TOKEN: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// A certificate and its key.
struct Certificate {
    pem: PathBuf,
    key: PathBuf,
}

impl Certificate {
    /// Runs `openssl req -x509` with these options. By default, the certificate is marked as a CA.
    fn self_signed(world: &World, name: &str, options: &[&str]) -> Certificate {
        Certificate::self_signed_on(world, name, "now", options)
    }

    /// The same on another day. The certificate is valid for 30 days from then on.
    fn self_signed_on(world: &World, name: &str, day: &str, options: &[&str]) -> Certificate {
        let certificate = Certificate::files(world, name);
        let mut openssl = world.command("faketime");
        openssl.args([day, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]);
        openssl.arg("-keyout").arg(&certificate.key).arg("-out").arg(&certificate.pem).args(options);
        run(openssl);
        certificate
    }

    /// A certificate for `localhost` from this CA.
    fn signed_by(world: &World, name: &str, ca: &Certificate) -> Certificate {
        let extension = ["-addext", "subjectAltName=DNS:localhost"];
        Certificate::signed_with(world, name, ca, &[&["-newkey", "rsa:2048"], &extension[..]].concat(), &[])
    }

    /// A certificate with the subject `localhost` from this CA, by these options of `openssl req` and `openssl x509`.
    fn signed_with(world: &World, name: &str, ca: &Certificate, req: &[&str], x509: &[&str]) -> Certificate {
        let certificate = Certificate::files(world, name);
        let request = world.runtime_folder().join(format!("{name}.csr"));
        let mut openssl = world.command("openssl");
        openssl.args(["req", "-nodes", "-subj", "/CN=localhost"]).args(req);
        openssl.arg("-keyout").arg(&certificate.key).arg("-out").arg(&request);
        run(openssl);
        let mut openssl = world.command("openssl");
        openssl.args(["x509", "-req", "-days", "30", "-copy_extensions", "copy"]).arg("-in").arg(&request).args(x509);
        openssl.arg("-CA").arg(&ca.pem).arg("-CAkey").arg(&ca.key).arg("-out").arg(&certificate.pem);
        run(openssl);
        certificate
    }

    fn files(world: &World, name: &str) -> Certificate {
        let file = |end: &str| world.runtime_folder().join(format!("{name}.{end}"));
        Certificate { pem: file("pem"), key: file("key") }
    }

    /// Starts a server with this certificate at `localhost`. Returns `localhost:PORT`.
    fn serve(&self, world: &World) -> String {
        format!("localhost:{}", front_from_files(world, "127.0.0.1:0", &self.pem, &self.key).port())
    }

    fn path(&self) -> &str {
        self.pem.to_str().unwrap()
    }
}

fn run(mut command: std::process::Command) {
    let output =
        command.stdin(Stdio::null()).output().expect("start openssl or faketime; tests/setup.sh installs them");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// `scopes` at that host. It trusts only the certificates in this file.
fn request_scopes(world: &World, host: &str, ca_file: Option<&str>) -> Run {
    let run = world.run(["scopes", "--host", host]);
    let run = run.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/nonexistent");
    ca_file.into_iter().fold(run, |run, file| run.env("QUAY_AUTH_CA_FILE", file))
}

/// Whether curl trusts that host if it trusts only the certificates in this file.
fn curl_trusts(world: &World, host: &str, ca_file: &str) -> bool {
    let mut curl = world.command("curl");
    curl.args(["--silent", "--output", "/dev/null", "--capath", "/nonexistent", "--cacert", ca_file]);
    curl.arg(format!("https://{host}/api/v1/discovery"));
    curl.status().expect("curl").success()
}

#[test]
fn a_self_signed_certificate_in_the_ca_file_is_trusted_for_its_name_and_dates() {
    let world = World::new();
    let plain = ["-subj", "/CN=localhost"];
    let with_name = ["-subj", "/O=Corp/CN=Quay", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    let other = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:other.example"];
    for (name, day, options, is_trusted, cause) in [
        ("plain", "now", &plain[..], true, ""),
        ("named", "now", &with_name, true, ""),
        ("other-subject", "now", &["-subj", "/CN=other.example"], false, "its certificate is for other.example ("),
        // The name in the subject does not count if there are others in the extension.
        ("other-name", "now", &other, false, "its certificate is for other.example (issued by CN=localhost)\n"),
        ("expired", "2020-01-01", &plain, false, "its certificate has expired (issued by CN=localhost)\n"),
        ("early", "2900-01-01", &plain, false, "its certificate is not valid yet (issued by CN=localhost)\n"),
    ] {
        let certificate = Certificate::self_signed_on(&world, name, day, options);
        let host = certificate.serve(&world);
        let run = request_scopes(&world, &host, Some(certificate.path()));
        if is_trusted {
            run.prints("repo:read").succeeds();
        } else {
            run.stderr(&format!("no trusted connection to {host}\n")).stderr(cause).fails(7);
        }
        assert_eq!(curl_trusts(&world, &host, certificate.path()), is_trusted, "{name}");
    }
}

#[test]
fn a_self_signed_certificate_is_not_trusted_if_another_one_of_that_name_is_in_the_ca_file() {
    let world = World::new();
    let [ours, theirs] =
        ["ours", "theirs"].map(|name| Certificate::self_signed(&world, name, &["-subj", "/CN=localhost"]));
    let host = theirs.serve(&world);
    request_scopes(&world, &host, Some(ours.path())).stderr("not trusted here (issued by CN=localhost)\n").fails(7);
    assert!(!curl_trusts(&world, &host, ours.path()));
    // Both in one file.
    let both = world.home().join("both.pem");
    fs::write(&both, format!("{}{}", fs::read_to_string(&ours.pem).unwrap(), fs::read_to_string(&theirs.pem).unwrap()))
        .unwrap();
    request_scopes(&world, &host, both.to_str()).prints("repo:read").succeeds();
}

#[test]
fn a_companys_ca_is_trusted_and_another_of_the_same_name_is_not() {
    let world = World::new();
    let subject = ["-subj", "/O=Corp/CN=Corp CA"];
    let [ca, same_name] = ["ca", "same-name"].map(|name| Certificate::self_signed(&world, name, &subject));
    let host = Certificate::signed_by(&world, "server", &ca).serve(&world);
    request_scopes(&world, &host, Some(ca.path())).prints("repo:read").succeeds();
    assert!(curl_trusts(&world, &host, ca.path()));
    request_scopes(&world, &host, Some(same_name.path()))
        .stderr("its certificate comes from a CA that is not trusted here (issued by CN=Corp CA,O=Corp)\n")
        .stderr(&format!("then run `quay-auth login --host {host} --ca-file FILE.pem`\n"))
        .fails(7);
    assert!(!curl_trusts(&world, &host, same_name.path()));
}

#[test]
fn the_error_says_what_is_wrong_with_a_certificate_of_a_trusted_ca() {
    let world = World::new();
    let ca = Certificate::self_signed(&world, "ca", &["-subj", "/CN=Corp CA"]);
    let (rsa, name) = (["-newkey", "rsa:2048"], ["-addext", "subjectAltName=DNS:localhost"]);
    let no_name = "its certificate has no subjectAltName, so it is for no host (issued by CN=Corp CA)";
    for (file, req, x509, cause) in [
        // Of version 1, as without the options for extensions.
        ("v1", &rsa[..], &["-copy_extensions", "none"][..], no_name),
        ("no-name", &[&rsa[..], &["-addext", "keyUsage=digitalSignature"]].concat(), &[], no_name),
        ("sha1", &[rsa, name].concat(), &["-sha1"], "its certificate has an old kind of signature, such as SHA-1"),
        ("weak", &[["-newkey", "rsa:1024"], name].concat(), &[], "an RSA key has 2048 bits or more"),
        (
            "client",
            &[rsa, name, ["-addext", "extendedKeyUsage=clientAuth"]].concat(),
            &[],
            "its certificate is not one for servers",
        ),
    ] {
        let certificate = Certificate::signed_with(&world, file, &ca, req, x509);
        let server = OpensslServer::start(&world, &certificate.pem, &certificate.key, &[]);
        let host = format!("localhost:{}", server.port);
        let run = request_scopes(&world, &host, Some(ca.path())).stderr(cause);
        let hint =
            if file == "weak" { "check --host" } else { "the server's administrator must replace the certificate" };
        run.stderr("error: no trusted connection to ").stderr(hint).fails(7);
    }
}

/// In the forms in which curl accepts it too, and in DER, as browsers save it.
#[test]
fn a_ca_file_may_have_several_forms() {
    let world = World::new();
    let ca = Certificate::self_signed(&world, "ca", &["-subj", "/CN=Corp CA"]);
    let host = Certificate::signed_by(&world, "server", &ca).serve(&world);
    let pem = fs::read_to_string(&ca.pem).unwrap();
    let mut openssl = world.command("openssl");
    let der = world.home().join("ca.der");
    openssl.args(["x509", "-outform", "DER"]).arg("-in").arg(&ca.pem).arg("-out").arg(&der);
    run(openssl);
    request_scopes(&world, &host, der.to_str()).prints("repo:read").succeeds();
    let file = world.home().join("ca.pem");
    let key = fs::read_to_string(&ca.key).unwrap();
    for (form, cause) in [
        (pem.clone(), None),
        (pem.replace('\n', "\r\n"), None),
        (format!("\u{feff}{pem}"), None),
        (format!("# The CA of M\u{fc}ller\n{key}{pem}the end"), None),
        (pem.replace("CERTIFICATE", "X509 CERTIFICATE"), None),
        (key, Some("there is no PEM certificate in it")),
        (pem[..400].to_owned(), Some("a certificate in it is incomplete or damaged")),
        (pem.replace("MII", "M!I"), Some("a certificate in it is incomplete or damaged")),
        (pem.replace("MII", "MMM"), Some("the certificate in it is incomplete or damaged")),
    ] {
        fs::write(&file, &form).unwrap();
        let run = request_scopes(&world, &host, file.to_str());
        match cause {
            None => run.prints("repo:read").succeeds(),
            Some(cause) => run.stderr("cannot use the CA file").stderr(&format!("cause: {cause}\n")).fails(2),
        };
        assert_eq!(curl_trusts(&world, &host, file.to_str().unwrap()), cause.is_none(), "{form}");
    }
}

#[test]
fn the_error_says_if_the_machine_has_no_ca_certificates() {
    let world = World::new();
    let host = Certificate::self_signed(&world, "plain", &["-subj", "/CN=localhost"]).serve(&world);
    let missing = world.home().join("missing.pem");
    for variable in ["/dev/null", missing.to_str().unwrap()] {
        request_scopes(&world, &host, None)
            .env("SSL_CERT_FILE", variable)
            .stderr("cause: this machine has no CA certificates (issued by CN=localhost)\n")
            .stderr("hint: install them, for example the package ca-certificates; if SSL_CERT_FILE or SSL_CERT_DIR is set, correct it\n")
            .fails(7);
    }
}

#[test]
fn a_missing_ca_file_is_an_error_for_plain_http_too() {
    let world = World::new();
    let login = world.login(&["--ca-file", "nosuch.pem"]);
    let result = login.stderr("error: cannot use the CA file ").stderr("nosuch.pem\n").stderr("cause: ").fails(2);
    // The suggested command has what was typed: nothing is stored yet.
    let (_, hint) = result.stderr.split_once("hint: ").unwrap();
    for typed in [&format!("--client-id {CLIENT_ID}"), "--store file", "--no-browser", "--ca-file FILE.pem"] {
        assert!(hint.contains(typed), "{typed}: {hint}");
    }
}

/// The arguments, stdin and the exit code.
type Command = (&'static [&'static str], &'static str, i32);

/// Every command that sends requests to Quay, except `logout`.
const COMMANDS: [Command; 10] = [
    (&["login", "--no-browser"], "", 7),
    (&["login", "--no-browser", "--profile", "new"], "", 7),
    (&["login", "--paste", "--no-browser"], "", 7),
    (&["login", "--with-token", "--profile", "new"], TOKEN, 7),
    (&["login", "--if-needed"], "", 7),
    (&["status"], "", 7),
    (&["api", "user/"], "", 7),
    (&["tokens", "list"], "", 7),
    (&["scopes"], "", 7),
    (&["doctor"], "", 1),
];

/// Expects that each command fails at that host, which has a profile, and that its output contains these parts. Also expects that no command
/// sends a request to the server.
fn every_command_fails(world: &World, host: &str, ca_file: &str, commands: &[Command], parts: &[&str]) {
    let requests = world.quay.requests().len();
    for (arguments, stdin, code) in commands {
        // Without `--host`, doctor would check another host.
        let run = world.run([arguments, &["--host", host][..]].concat()).stdin(stdin);
        let run = run.env("QUAY_AUTH_CA_FILE", ca_file).env("QUAY_AUTH_STORE", "file");
        let run = run.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/nonexistent");
        let result = run.env("QUAY_AUTH_REDIRECT_URI", &world.redirect_uri).start().wait();
        let output = format!("{}{}", result.stdout, result.stderr);
        assert_eq!(result.code, *code, "{arguments:?}: {result}");
        assert!(parts.iter().all(|part| output.contains(part)), "{arguments:?} lacks one of {parts:?}: {result}");
        assert!(!output.contains("Logged in") && !output.contains("/oauth/authorize"), "{arguments:?}: {result}");
    }
    assert_eq!(world.quay.requests().len(), requests);
}

#[test]
fn every_command_names_the_problem_the_issuer_and_the_command_that_helps() {
    let localhost = ["-subj", "/CN=localhost"];
    let world = World::new();
    let known = Certificate::self_signed(&world, "known", &localhost);
    let ca = Certificate::self_signed(&world, "ca", &["-subj", "/O=Corp/CN=Corp CA"]);
    let signed = Certificate::signed_by(&world, "signed", &ca);
    let expired = Certificate::self_signed_on(&world, "expired", "2020-01-01", &localhost);
    let other = Certificate::self_signed(&world, "other", &["-subj", "/CN=quay.other.example"]);
    let deleted = world.home().join("deleted.pem").display().to_string();
    let mut host = known.serve(&world);
    let login = ["login", "--with-token", "--store", "file", "--client-id", CLIENT_ID, "--ca-file", known.path()];
    let login = [&login[..], &["--scopes", "user:admin,org:admin", "--host", &host]].concat();
    world.run(login).stdin(world.log_in()).stderr("Logged in").succeeds();
    for (certificate, ca_file, problem, has_hint) in [
        (&signed, known.path(), "comes from a CA that is not trusted here (issued by CN=Corp CA,O=Corp)", true),
        (&expired, expired.path(), "its certificate has expired (issued by CN=localhost)", false),
        (&other, other.path(), "(issued by CN=quay.other.example)", false),
        (&known, &deleted, &format!("cannot use the CA file {deleted}"), true),
    ] {
        let new_host = certificate.serve(&world);
        move_profiles(&world, &host, &new_host);
        host = new_host;
        let login = format!("`quay-auth login --host {host} ");
        let error = if ca_file == deleted { problem.to_owned() } else { format!("no trusted connection to {host}") };
        let mut parts = vec![problem, &error];
        if has_hint {
            parts.extend([&*login, "--ca-file FILE.pem"]);
        }
        // A missing file is a usage error. doctor ends with 1 if any check fails.
        let code = |(arguments, stdin, code): Command| match code {
            7 if ca_file == deleted => (arguments, stdin, 2),
            code => (arguments, stdin, code),
        };
        every_command_fails(&world, &host, ca_file, &COMMANDS.map(code), &parts);
        world.run(["print-token", "--host", &host, "--profile", "new"]).stderr("there is no login").fails(3);
    }
    // The last one, because it deletes the token.
    every_command_fails(
        &world,
        &host,
        &deleted,
        &[(&["logout"], "", 2)],
        &["could not revoke", "cannot use the CA file "],
    );
}

/// Changes the host of profiles and tokens.
fn move_profiles(world: &World, from: &str, to: &str) {
    for file in ["profiles.toml", "tokens.toml"] {
        let file = world.data_folder().join(file);
        fs::write(&file, fs::read_to_string(&file).unwrap().replace(from, to)).unwrap();
    }
}
