//! What strangers send to the catcher while a login waits. Whatever comes, the login waits on and then keeps the real token.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `request` | requests and answers as bytes, and the tables of them |
//! | `posts` | answers that are not the page's: origin, type, form, state |
//! | `bodies` | bodies that are odd, large, or slow |
//! | `hosts` | requests for another host: DNS rebinding |
//! | `strays` | pages, methods, and what is no HTTP/1.1 at all |
//! | `headers` | what every answer carries, whatever its status |
//! | `repeats` | the same answer twice, another one, an old login's |
//! | `sockets` | where it listens, who may connect, who holds the port |
//! | `floods` | connections in great number, or that do nothing |
//! | `fuzz` | good requests, bent at random |
//! | `websites` | a real Chromium on a page of somebody else's |

mod bodies;
mod floods;
mod fuzz;
mod headers;
mod hosts;
mod posts;
mod repeats;
mod request;
mod sockets;
mod strays;
mod websites;

use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;
use url::Url;

use crate::program::Running;
use crate::world::{World, hand_over, token_of};
use request::{Expected, Reply, Request, Row, connect, exchange};

/// A token that a stranger would like to see stored. No file of the user's may ever hold the word that it begins with.
const PLANTED: &str = "PlantedPlantedPlantedPlantedPlanted00000";

/// That word.
const MARK: &str = "Planted";

/// The most memory that a login may have taken, in KiB. The release build is held to the promise of 20 MiB; a debug build holds
/// debugging information and unoptimized code too.
const MOST_MEMORY: u64 = if cfg!(debug_assertions) { 60 * 1024 } else { 20 * 1024 };

/// A login that waits for its browser, with all that a stranger could know of it.
struct Waiting {
    world: World,
    login: Running,
    /// What the browser is to open.
    url: String,
    /// `127.0.0.1:20000`.
    authority: String,
    /// The registered path.
    path: String,
    nonce: String,
    state: String,
}

impl Waiting {
    /// One that is answered at `127.0.0.1`.
    fn begin() -> Waiting {
        Waiting::begin_in(World::new())
    }

    /// One that is answered at this loopback host.
    fn begin_at(loopback: &str) -> Waiting {
        Waiting::begin_in(World::answered_at(loopback))
    }

    /// One in a world that has been prepared.
    fn begin_in(world: World) -> Waiting {
        let mut login = world.login(&[]).start();
        let url = login.authorize_url();
        let of_url = |key: &str| {
            let url = Url::parse(&url).expect("an authorize URL");
            url.query_pairs().find(|(known, _)| known == key).expect("a parameter of the authorize URL").1.into_owned()
        };
        let redirect_uri = Url::parse(&of_url("redirect_uri")).expect("a redirect URI");
        let (path, nonce) = redirect_uri.path().rsplit_once('/').expect("a nonce");
        Waiting {
            authority: world.redirect_authority().to_owned(),
            path: path.to_owned(),
            nonce: nonce.to_owned(),
            state: of_url("state"),
            url,
            login,
            world,
        }
    }

    /// The path that the page of this login has.
    fn page(&self) -> String {
        format!("{}/{}", self.path, self.nonce)
    }

    /// A visit to this target, as a person's.
    fn get(&self, target: &str) -> Request {
        Request::new("GET", target).and("Host", &self.authority)
    }

    /// The page's POST, right in all things, of this query and fragment.
    fn post(&self, query: &str, fragment: &str) -> Request {
        let body = serde_json::json!({"query": query, "fragment": fragment}).to_string();
        Request::new("POST", &self.page())
            .and("Host", &self.authority)
            .and("Origin", &format!("http://{}", self.authority))
            .and("Content-Type", "application/json")
            .body(body)
    }

    /// The page's POST, right in all things but that the token is a stranger's. One change makes a hostile request of it, and if
    /// the change went unnoticed, the token would be taken.
    fn planted(&self) -> Request {
        let query = format!("scope=repo%3Aread&state={}", self.state);
        self.post(&query, &format!("access_token={PLANTED}&token_type=Bearer&expires_in=315576000"))
    }

    /// Sends this on a connection of its own and returns all that came back.
    fn send(&self, request: impl Into<Vec<u8>>) -> Reply {
        exchange(&self.authority, &request.into())
    }

    /// Sends this on a connection of its own and leaves that open.
    fn open(&self, request: impl Into<Vec<u8>>) -> TcpStream {
        let mut stream = connect(&self.authority);
        stream.write_all(&request.into()).expect("send a request");
        stream
    }

    /// Sends each of the requests, and sees that it is answered as it should be and that the login waits on.
    fn answers(&self, rows: impl IntoIterator<Item = Row>) {
        for Row { name, expected, request } in rows {
            let reply = self.send(request);
            reply.check(&name, &expected);
            assert!(!reply.text().contains(MARK), "{name}: the answer repeats the request: {reply}");
            self.waits_on(&name);
        }
    }

    /// The page is still there for the browser to come to.
    fn waits_on(&self, after: &str) {
        let page = self.send(self.get(&self.page()));
        page.check(&format!("the page after: {after}"), &Expected::Ours(200));
    }

    /// The browser comes with the real token. Returns what the program said from its start to its end.
    fn completes(self) -> String {
        self.used_little_memory();
        let location = self.world.quay.authorize(&self.url).expect("a consent");
        assert_eq!(hand_over(&location), (200, "stored".to_owned()));
        let said = self.login.succeeds();
        let token = token_of(&location);
        self.world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
        assert!(!said.contains(MARK) && !said.contains(&token), "it printed a token: {said}");
        assert!(!said.contains("panick") && !said.contains("internal error"), "it panicked: {said}");
        assert_eq!(files_with(MARK, &self.world.home()), Vec::<PathBuf>::new(), "the planted token was kept");
        let port = self.authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
        for ip in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
            assert!(TcpStream::connect((ip, port)).is_err(), "{ip}:{port} is still served after the end");
        }
        said
    }

    /// As `completes`, and the program never warned of anything.
    fn completes_unmoved(self) {
        let said = self.completes();
        assert_eq!(count(&said, "warning:"), 0, "it let itself be made to speak: {said}");
    }

    /// The login's process, found by the redirect URI, which no other process was given.
    fn process(&self) -> u32 {
        let mark = [b"\0", self.world.redirect_uri.as_bytes(), b"\0"].concat();
        let has_mark = |id: &u32| {
            let command = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            command.windows(mark.len()).any(|part| part == mark)
        };
        let entries = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
        let mut ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.find(has_mark).expect("the login's process")
    }

    /// Whatever came in, the memory that it took at any time is below the promised figure.
    fn used_little_memory(&self) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process())).expect("the login's status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak memory");
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
        assert!(peak < MOST_MEMORY, "its memory reached {peak} KiB, of {MOST_MEMORY}");
    }
}

/// How often a text holds another.
fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

/// The files below a folder that hold this text.
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

/// A program that is run as root: some tests need another user or another network. Where the tests are not root's, `sudo` helps.
#[allow(clippy::disallowed_methods, reason = "tests start programs")]
fn as_root(program: &str) -> Command {
    if geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["-n", program]);
    command
}
