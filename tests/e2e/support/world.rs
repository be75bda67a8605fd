//! The surroundings of one test: a fresh home, a clean environment, a stand-in for Quay, and functions that run the program there.
//!
//! `world.run(["print-token"]).stdout("…\n").succeeds()` fails on any other result: an output that the test does not name must be empty.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use url::Url;

use crate::quay_standin::{Quay, Token};
use crate::support::program::{Run, Running};

/// The client ID of the application that each world's stand-in has.
pub(crate) const CLIENT_ID: &str = "QUAYAUTHTEST00000001";

/// How long a test waits for something before it fails: far longer than that takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Everything that one test runs in. It is removed on drop.
pub(crate) struct World {
    folder: TempDir,
    /// The stand-in for Quay. Every browser is signed in there as alice, and the application `CLIENT_ID` is registered.
    pub(crate) quay: Quay,
    /// The redirect URI of that application, with a port that no other world uses.
    pub(crate) redirect_uri: String,
    session_bus: Option<String>,
}

impl World {
    /// The redirect URI is at `127.0.0.1`.
    pub(crate) fn new() -> World {
        World::with_redirect_host("127.0.0.1")
    }

    /// The redirect URI is at this loopback host.
    pub(crate) fn with_redirect_host(loopback: &str) -> World {
        let world = World {
            folder: tempfile::Builder::new().prefix("quay-auth-").tempdir().expect("a folder"),
            quay: Quay::start(),
            redirect_uri: format!("http://{loopback}:{}/callback", next_port()),
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

    /// `HOME`. The XDG folders have their default places below it.
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

    /// Programs that are started from now on find this session bus. Without it, they find none.
    pub(crate) fn set_session_bus(&mut self, address: &str) {
        self.session_bus = Some(address.to_owned());
    }

    /// Writes the user's `config.toml`.
    pub(crate) fn config(&self, text: &str) {
        let folder = self.home().join(".config/quay-auth");
        fs::create_dir_all(&folder).expect("the folder of config.toml");
        fs::write(folder.join("config.toml"), text).expect("write config.toml");
    }

    /// The content of `profiles.toml`. Empty if there is none.
    pub(crate) fn profiles_toml(&self) -> String {
        fs::read_to_string(self.data_folder().join("profiles.toml")).unwrap_or_default()
    }

    /// Writes into all profiles that the token expires at this time, such as `2026-11-25T10:00:00Z`.
    pub(crate) fn set_expires_at(&self, time: &str) {
        self.set_in_profiles("expires_at", time);
    }

    /// Writes into all profiles that the token was obtained at this time.
    pub(crate) fn set_obtained_at(&self, time: &str) {
        self.set_in_profiles("obtained_at", time);
    }

    fn set_in_profiles(&self, key: &str, value: &str) {
        let line = |line: &str| match line.split_once(" = ") {
            Some((known, _)) if known == key => format!("{key} = \"{value}\"\n"),
            _ => format!("{line}\n"),
        };
        let text: String = self.profiles_toml().lines().map(line).collect();
        fs::write(self.data_folder().join("profiles.toml"), text).expect("write profiles.toml");
    }

    /// A command with this world's environment: `HOME`, `XDG_RUNTIME_DIR`, the session bus if there is one, and a `PATH`
    /// on which quay-auth and its helper come first.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        command.env("HOME", self.home()).env("XDG_RUNTIME_DIR", self.runtime_folder()).current_dir(self.home());
        let programs = Path::new(env!("CARGO_BIN_EXE_quay-auth")).parent().expect("its folder").display();
        command.env("PATH", format!("{programs}:{}", std::env::var("PATH").unwrap_or_default()));
        command.envs(self.session_bus.as_ref().map(|address| ("DBUS_SESSION_BUS_ADDRESS", address)));
        command
    }

    /// `quay-auth` with these arguments. It starts when the test calls `succeeds`, `fails` or `start`.
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        let mut command = self.command(env!("CARGO_BIN_EXE_quay-auth"));
        command.args(arguments);
        Run::new(command)
    }

    /// `docker-credential-quay-auth` with this verb and stdin, as a client calls it.
    pub(crate) fn helper(&self, verb: &str, stdin: &str) -> Run {
        let mut command = self.command(env!("CARGO_BIN_EXE_docker-credential-quay-auth"));
        command.arg(verb);
        Run::new(command).stdin(stdin)
    }

    /// `quay-auth login` at this world's stand-in with `--store file` and `--no-browser`, unless `more` has other flags.
    pub(crate) fn login(&self, more: &[&str]) -> Run {
        self.run(self.login_arguments(more))
    }

    /// The same, but it opens a browser if there is one.
    pub(crate) fn login_without_no_browser(&self, more: &[&str]) -> Run {
        self.run(self.login_arguments(more).into_iter().filter(|argument| argument != "--no-browser"))
    }

    /// The arguments of [`login`](Self::login).
    pub(crate) fn login_arguments(&self, more: &[&str]) -> Vec<String> {
        let host = self.quay.host();
        let defaults = [
            ("--host", host.as_str()),
            ("--client-id", CLIENT_ID),
            ("--redirect-uri", &self.redirect_uri),
            ("--store", "file"),
        ];
        let mut arguments = vec!["login"];
        for (flag, value) in defaults.into_iter().filter(|(flag, _)| !more.contains(flag)) {
            arguments.extend([flag, value]);
        }
        if !more.contains(&"--browser") {
            arguments.push("--no-browser");
        }
        arguments.extend(more);
        arguments.into_iter().map(str::to_owned).collect()
    }

    /// Where the program stores profiles, tokens and locks.
    pub(crate) fn data_folder(&self) -> PathBuf {
        self.home().join(".local/share/quay-auth")
    }

    /// A complete login as the user that every browser is signed in as, by plain HTTP. Returns the token.
    pub(crate) fn log_in(&self) -> String {
        self.complete(self.login(&[]).start())
    }

    /// Adds a valid token of that user to the stand-in, for the application `CLIENT_ID`. Returns it.
    pub(crate) fn create_token(&self, user: &str, scopes: &str) -> String {
        let mut quay = self.quay.database();
        let number = quay.tokens.len();
        let value = format!("{number:A>40}");
        quay.tokens.push(Token {
            value: value.clone(),
            uuid: format!("00000000-0000-4000-8000-{number:0>12}"),
            user: user.to_owned(),
            scopes: scopes.replace(',', " "),
            client_id: CLIENT_ID.to_owned(),
            name: None,
            created: SystemTime::now(),
            expires_at: SystemTime::now() + Duration::from_secs(3600),
            last_accessed: None,
            revoked: false,
        });
        value
    }

    /// Whether this token of the stand-in is revoked.
    pub(crate) fn is_revoked(&self, value: &str) -> bool {
        self.quay.tokens().iter().find(|token| token.value == value).expect("a token of this Quay").revoked
    }

    /// A world with a stored token that has these scopes, and the token.
    pub(crate) fn with_token(scopes: &str) -> (World, String) {
        let world = World::new();
        let token = world.complete(world.login(&["--scopes", scopes]).start());
        (world, token)
    }

    /// Approves a waiting login, sends Quay's answer as the page would, and expects that the login succeeds. Returns the token.
    pub(crate) fn complete(&self, mut login: Running) -> String {
        let location = self.quay.authorize(&login.authorize_url()).expect("an approval");
        assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
        login.succeeds();
        token_of(&location)
    }
}

/// Returns a port that is free on both loopback addresses, and that no other world of this process has.
///
/// It is below the range from which systems choose ports, so no other program gets it by chance before the program under test listens there.
/// A second run of the tests at the same time starts at another port.
pub(crate) fn next_port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(process::id() * 97 % u32::from(COUNT)).expect("less than the count");
    loop {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        assert!(tried < COUNT, "no port is free");
        let port = FIRST + (start + tried) % COUNT;
        // Checked by connecting and not by listening: a program that another test starts at that moment could inherit the socket.
        let is_free = |ip: IpAddr| TcpStream::connect((ip, port)).is_err();
        if is_free(Ipv4Addr::LOCALHOST.into()) && is_free(Ipv6Addr::LOCALHOST.into()) {
            return port;
        }
    }
}

/// Sends Quay's answer to the catcher, as the page at that URL would. Returns the status and the outcome.
pub(crate) fn post_to_catcher(location: &str) -> (u16, String) {
    let url = Url::parse(location).expect("a URL");
    let body =
        serde_json::json!({"query": url.query().unwrap_or(""), "fragment": url.fragment().unwrap_or("")}).to_string();
    let authority = url.authority();
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: {authority}\r\nOrigin: http://{authority}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        url.path(),
        body.len()
    );
    let mut stream = TcpStream::connect(authority).expect("reach the redirect URI");
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    stream.write_all(request.as_bytes()).expect("send the request");
    let mut answer = String::new();
    let end = stream.read_to_string(&mut answer);
    assert!(end.is_ok(), "{end:?} after {answer:?}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    (head[9..12].parse().expect("a status"), body["outcome"].as_str().expect("an outcome").to_owned())
}

/// The token in a URL to which Quay redirects the browser.
pub(crate) fn token_of(location: &str) -> String {
    let url = Url::parse(location).expect("an address");
    let mut pairs = url::form_urlencoded::parse(url.fragment().unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == "access_token").expect("a token").1.into_owned()
}
