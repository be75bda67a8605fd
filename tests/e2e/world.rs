//! A world of its own for each test: a fresh home, a scrubbed environment, a stand-in for Quay, and the program run in it.
//!
//! `world.run(["print-token"]).stdout("…\n").succeeds()` says all that may happen: an output that is not named must be empty.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{self, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use url::Url;

use crate::program::{Run, Running};
use crate::quay::Quay;

/// The client id of the application that each world's Quay holds.
pub(crate) const CLIENT_ID: &str = "QUAYAUTHTEST00000001";

/// How long anything may take before the test fails: far longer than it takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A world of its own; all of it ends when it is dropped.
pub(crate) struct World {
    folder: TempDir,
    /// The stand-in for Quay, where every browser counts as alice's and the application `CLIENT_ID` is registered.
    pub(crate) quay: Quay,
    /// The redirect URI of that application, at a port that no other world has.
    pub(crate) redirect_uri: String,
    session_bus: Option<String>,
}

impl World {
    /// A world whose logins come back to `127.0.0.1`.
    pub(crate) fn new() -> World {
        World::answered_at("127.0.0.1")
    }

    /// A world whose logins come back to this loopback host.
    pub(crate) fn answered_at(loopback: &str) -> World {
        let world = World {
            folder: tempfile::Builder::new().prefix("quay-auth-").tempdir().expect("a folder"),
            quay: Quay::start(),
            redirect_uri: format!("http://{loopback}:{}/callback", deal_port()),
            session_bus: None,
        };
        for folder in [world.home(), world.runtime_folder()] {
            fs::create_dir(&folder).expect("a folder of the world");
            fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("a private folder");
        }
        world.quay.add_application(CLIENT_ID, &world.redirect_uri);
        world.quay.set_everyone_is(Some("alice"));
        world
    }

    /// `HOME`. The XDG folders below it are where they are by default.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// `XDG_RUNTIME_DIR`.
    pub(crate) fn runtime_folder(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// The host and port of the redirect URI.
    pub(crate) fn redirect_authority(&self) -> &str {
        self.redirect_uri.trim_start_matches("http://").trim_end_matches("/callback")
    }

    /// Lets every program started from now on find this session bus; without one there is none.
    pub(crate) fn set_session_bus(&mut self, address: &str) {
        self.session_bus = Some(address.to_owned());
    }

    /// Writes the user's `config.toml`.
    pub(crate) fn config(&self, text: &str) {
        let folder = self.home().join(".config/quay-auth");
        fs::create_dir_all(&folder).expect("the folder of config.toml");
        fs::write(folder.join("config.toml"), text).expect("write config.toml");
    }

    /// The list of logins as the program wrote it; empty where it wrote none.
    pub(crate) fn profiles_toml(&self) -> String {
        fs::read_to_string(self.home().join(".local/share/quay-auth/profiles.toml")).unwrap_or_default()
    }

    /// Any program, in this world's environment: `HOME`, `XDG_RUNTIME_DIR`, the session bus if there is one, and of the
    /// test's own variables `PATH` alone.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        command.env("HOME", self.home()).env("XDG_RUNTIME_DIR", self.runtime_folder()).current_dir(self.home());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(self.session_bus.as_ref().map(|address| ("DBUS_SESSION_BUS_ADDRESS", address)));
        command
    }

    /// `quay-auth` with these arguments; it runs once the exit is named.
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        let mut command = self.command(env!("CARGO_BIN_EXE_quay-auth"));
        command.args(arguments);
        Run::new(command)
    }

    /// `docker-credential-quay-auth` with this verb and this on its stdin, as a client calls it.
    pub(crate) fn helper(&self, verb: &str, stdin: &str) -> Run {
        let mut command = self.command(env!("CARGO_BIN_EXE_docker-credential-quay-auth"));
        command.arg(verb);
        Run::new(command).stdin(stdin)
    }

    /// `quay-auth login` at this world's Quay into the file store without a browser, as far as `more` does not say otherwise.
    pub(crate) fn login(&self, more: &[&str]) -> Run {
        let host = self.quay.host();
        let usual = [
            ("--host", host.as_str()),
            ("--client-id", CLIENT_ID),
            ("--redirect-uri", &self.redirect_uri),
            ("--store", "file"),
        ];
        let mut arguments = vec!["login"];
        for (flag, value) in usual.into_iter().filter(|(flag, _)| !more.contains(flag)) {
            arguments.extend([flag, value]);
        }
        if !more.contains(&"--browser") {
            arguments.push("--no-browser");
        }
        arguments.extend(more);
        self.run(arguments)
    }

    /// A whole login of whom the stand-in takes everyone for, by plain HTTP. Returns the token.
    pub(crate) fn log_in(&self) -> String {
        self.complete(self.login(&[]).start())
    }

    /// Agrees to a login that waits, hands the answer over as the page would, and sees it succeed. Returns the token.
    pub(crate) fn complete(&self, mut login: Running) -> String {
        let location = self.quay.authorize(&login.authorize_url()).expect("a consent");
        assert_eq!(hand_over(&location), (200, "stored".to_owned()));
        login.succeeds();
        token_of(&location)
    }
}

/// A port that is free on both loopback families and that no other world of this process was dealt.
///
/// It comes from below the ports that systems deal by themselves to listeners and connections, so nothing takes it by chance
/// before the program does. What could is a program with a fixed port, or a second run of the tests, which begins elsewhere.
pub(crate) fn deal_port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static DEALT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(process::id() * 97 % u32::from(COUNT)).expect("less than the count");
    loop {
        let dealt = DEALT.fetch_add(1, Ordering::Relaxed);
        assert!(dealt < COUNT, "no port is free");
        let port = FIRST + (start + dealt) % COUNT;
        // Asked by connecting: a socket that is bound for a moment may live on in a program that another test is just starting.
        let is_free = |ip: IpAddr| TcpStream::connect((ip, port)).is_err();
        if is_free(Ipv4Addr::LOCALHOST.into()) && is_free(Ipv6Addr::LOCALHOST.into()) {
            return port;
        }
    }
}

/// Hands Quay's answer over as the page at that address would. Returns the status and the outcome.
pub(crate) fn hand_over(location: &str) -> (u16, String) {
    let url = Url::parse(location).expect("an address");
    let body =
        serde_json::json!({"query": url.query().unwrap_or(""), "fragment": url.fragment().unwrap_or("")}).to_string();
    let authority = url.authority();
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: {authority}\r\nOrigin: http://{authority}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        url.path(),
        body.len()
    );
    let mut stream = TcpStream::connect(authority).expect("reach the redirect address");
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    stream.write_all(request.as_bytes()).expect("hand over");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    (head[9..12].parse().expect("a status"), body["outcome"].as_str().expect("an outcome").to_owned())
}

/// The token in an address that Quay sends the browser to.
pub(crate) fn token_of(location: &str) -> String {
    let url = Url::parse(location).expect("an address");
    let mut pairs = url::form_urlencoded::parse(url.fragment().unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == "access_token").expect("a token").1.into_owned()
}
