//! Hostile and accidental requests to the catcher. After each of them, the login still waits, and then stores the real token.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `request` | requests and responses as bytes, and tables of them |
//! | `posts` | POSTs that the page did not send: origin, content type, parameters, state |
//! | `bodies` | invalid, large and slow bodies |
//! | `hosts` | requests for another host: DNS rebinding |
//! | `strays` | other paths and methods, embedding, prefetching, and invalid HTTP |
//! | `headers` | the headers of every response |
//! | `repeats` | the same response twice, a different one, one of an earlier login |
//! | `sockets` | where the catcher listens, and who can connect |
//! | `containers` | `--listen`: connections from another network |
//! | `floods` | very many connections, and idle ones |
//! | `fuzz` | random changes to valid requests |
//! | `earlier_program` | what a program that once had the port has left in a real browser |
//! | `start_page` | the page that the browser opens first |
//! | `websites` | a hostile website in a real Chromium |

mod bodies;
mod containers;
mod earlier_program;
mod floods;
mod fuzz;
mod headers;
mod hosts;
mod posts;
mod repeats;
mod request;
mod sockets;
mod start_page;
mod strays;
mod websites;

use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;
use url::Url;

use crate::support::program::Running;
use crate::support::world::{World, post_to_catcher, token_of};
use request::{Expected, Reply, Request, Row, connect, exchange};

/// The token of an attacker. It must never be stored.
const PLANTED: &str = "PlantedPlantedPlantedPlantedPlanted00000";

/// What it begins with, in case only a part of it is stored.
const MARK: &str = "Planted";

/// The limit on the memory of a login, in KiB. A release build needs at most 20 MiB, a debug build more.
const MAX_MEMORY: u64 = if cfg!(debug_assertions) { 60 * 1024 } else { 20 * 1024 };

/// A login that waits for its browser, with everything that an attacker could know about it.
struct Waiting {
    world: World,
    login: Running,
    /// The authorize URL.
    url: String,
    /// For example `127.0.0.1:20000`.
    authority: String,
    /// The path of the redirect URI.
    path: String,
    nonce: String,
    state: String,
    /// The path of the page's script, which is a new one in each login.
    script: String,
    /// The path of its style sheet.
    style: String,
}

impl Waiting {
    /// With a redirect URI at `127.0.0.1`.
    fn start() -> Waiting {
        Waiting::start_in(World::new())
    }

    /// With a redirect URI at this loopback host.
    fn start_at(loopback: &str) -> Waiting {
        Waiting::start_in(World::with_redirect_host(loopback))
    }

    fn start_in(world: World) -> Waiting {
        Waiting::start_with(world, &[])
    }

    /// With these options.
    fn start_with(world: World, more: &[&str]) -> Waiting {
        // Longer than any of these tests takes on a busy machine.
        let mut login = world.login(&[&["--timeout", "1h"], more].concat()).start();
        let url = login.authorize_url();
        let of_url = |key: &str| {
            let url = Url::parse(&url).expect("an authorize URL");
            url.query_pairs().find(|(known, _)| known == key).expect("a parameter of the authorize URL").1.into_owned()
        };
        let redirect_uri = Url::parse(&of_url("redirect_uri")).expect("a redirect URI");
        let (path, nonce) = redirect_uri.path().rsplit_once('/').expect("a nonce");
        let authority = world.redirect_authority().to_owned();
        let page = exchange(&authority, Request::new("GET", redirect_uri.path()).and("Host", &authority)).body();
        Waiting {
            script: attribute(&page, "src"),
            style: attribute(&page, "rel=\"stylesheet\" href"),
            authority,
            path: path.to_owned(),
            nonce: nonce.to_owned(),
            state: of_url("state"),
            url,
            login,
            world,
        }
    }

    /// The path of the page, with the nonce.
    fn page(&self) -> String {
        format!("{}/{}", self.path, self.nonce)
    }

    /// A GET of this target, as for a link that the user opens.
    fn get(&self, target: &str) -> Request {
        Request::new("GET", target).and("Host", &self.authority)
    }

    /// The page's POST, valid in every respect, with this query and fragment.
    fn post(&self, query: &str, fragment: &str) -> Request {
        let body = serde_json::json!({"query": query, "fragment": fragment}).to_string();
        Request::new("POST", &self.page())
            .and("Host", &self.authority)
            .and("Origin", &format!("http://{}", self.authority))
            .and("Content-Type", "application/json")
            .body(body)
    }

    /// The page's POST with the attacker's token, valid in every respect. Each test changes one thing about it. If the catcher did not
    /// notice the change, it would accept the token.
    fn planted(&self) -> Request {
        let query = format!("scope=repo%3Aread&state={}", self.state);
        self.post(&query, &format!("access_token={PLANTED}&token_type=Bearer&expires_in=315576000"))
    }

    /// Sends this on a new connection and returns the response.
    fn send(&self, request: impl Into<Vec<u8>>) -> Reply {
        exchange(&self.authority, request)
    }

    /// Sends this on a new connection, which stays open.
    fn open(&self, request: impl Into<Vec<u8>>) -> TcpStream {
        let mut stream = connect(&self.authority);
        stream.write_all(&request.into()).expect("send a request");
        stream
    }

    /// Sends each request and checks its response, and that the login still waits.
    fn check_all(&self, rows: impl IntoIterator<Item = Row>) {
        for Row { name, expected, request } in rows {
            let reply = self.send(request);
            reply.check(&name, &expected);
            assert!(!reply.text().contains(MARK), "{name}: the response repeats the request: {reply}");
            self.still_waits(&name);
        }
    }

    /// Checks that the page is still served.
    fn still_waits(&self, after: &str) {
        let page = self.send(self.get(&self.page()));
        page.check(&format!("the page after: {after}"), &Expected::Response(200));
    }

    /// Completes the login with a real token. Returns all its messages.
    fn completes(self) -> String {
        self.check_memory();
        let location = self.world.quay.authorize(&self.url).expect("a consent");
        assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
        let messages = self.login.succeeds();
        let token = token_of(&location);
        self.world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
        assert!(!messages.contains(MARK) && !messages.contains(&token), "it printed a token: {messages}");
        assert!(!messages.contains("panick") && !messages.contains("internal error"), "it panicked: {messages}");
        assert_eq!(files_with(MARK, &self.world.home()), Vec::<PathBuf>::new(), "the planted token was stored");
        let port = self.authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
        for ip in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
            assert!(TcpStream::connect((ip, port)).is_err(), "{ip}:{port} is still served after the end");
        }
        messages
    }

    /// As `completes`, without any warning.
    fn completes_without_warning(self) {
        let messages = self.completes();
        assert_eq!(count(&messages, "warning:"), 0, "it printed a warning: {messages}");
    }

    /// The login's process, found by its redirect URI, which no other process has.
    fn process(&self) -> u32 {
        let argument = [b"\0", self.world.redirect_uri.as_bytes(), b"\0"].concat();
        let has_argument = |id: &u32| {
            let command = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            command.windows(argument.len()).any(|part| part == argument)
        };
        let entries = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
        let mut ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.find(has_argument).expect("the login's process")
    }

    /// Checks the peak of the memory that the login has used.
    fn check_memory(&self) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process())).expect("the login's status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak memory");
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
        assert!(peak < MAX_MEMORY, "its memory reached {peak} KiB, of {MAX_MEMORY}");
    }
}

/// The value of the first attribute of this name in a page.
fn attribute(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"').next().expect("a value").replace("&amp;", "&")
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

/// The files below a folder that contain this text.
fn files_with(text: &str, folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (path, kind) = (entry.path(), entry.file_type().expect("a kind of file"));
        if kind.is_dir() {
            found.extend(files_with(text, &path));
        } else if kind.is_file() {
            let bytes = fs::read(&path).expect("a file of the user's");
            if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                found.push(path);
            }
        }
    }
    found
}

/// A program to run as root, since some tests need another user or another network. Uses `sudo` if the tests do not run as root.
#[allow(clippy::disallowed_methods, reason = "tests start programs")]
fn as_root(program: &str) -> Command {
    if geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["-n", program]);
    command
}
