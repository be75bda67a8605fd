//! `cargo bench`: how long `print-token`, `exec` and the credential helper take as whole processes, compared with other programs, and how long
//! a login takes apart from browser and server.
//!
//! They are compared with an empty Rust program, with a minimal one that reads a secret from the Secret Service (both are this program, started
//! with an argument), with `secret-tool lookup`, `docker-credential-secretservice get`, and `gh auth token` if it is installed. The two programs
//! of a pair run in turn. Printed are the median time of each and the median of their ratios, beside the ratio to reach.
//!
//! `PROGRAMS=target/x86_64-unknown-linux-musl/release cargo bench` measures the static programs that `.ci/build` made.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark runs programs and prints"
)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

/// The programs to measure: those that cargo just built, or those in the folder that the variable names.
static PROGRAM: LazyLock<String> = LazyLock::new(|| program("quay-auth", env!("CARGO_BIN_EXE_quay-auth")));
static HELPER: LazyLock<String> =
    LazyLock::new(|| program("docker-credential-quay-auth", env!("CARGO_BIN_EXE_docker-credential-quay-auth")));
const TOKEN: &str = "BENCHMARKBENCHMARKBENCHMARKBENCHMARK0001";
/// A host that refuses connections immediately, so that storing a token does not wait for a response.
const HOST: &str = "http://127.0.0.1:1";
const ROUNDS: usize = 200;
const LOGINS: usize = 40;
/// How many processes run at the same time.
const PARALLEL: usize = 500;

fn program(name: &str, built: &str) -> String {
    std::env::var("PROGRAMS").map_or_else(|_| built.to_owned(), |folder| format!("{folder}/{name}"))
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("nothing") => {}
        Some("bare-read") => bare_read(),
        Some("become-bare-read") => become_bare_read(),
        _ => bench(),
    }
}

/// The shortest program that reads a secret. The reason for its first call is given in `store/secret_service/bus.rs`.
#[cfg(all(unix, not(target_os = "macos")))]
fn bare_read() {
    use dbus::Path;
    use dbus::arg::{RefArg, Variant};
    use dbus::blocking::Connection;
    type Secret = (Path<'static>, Vec<u8>, Vec<u8>, String);
    const SERVICE: &str = "org.freedesktop.Secret.Service";
    let connection = Connection::new_session().expect("a session bus");
    let object = |path| connection.with_proxy("org.freedesktop.secrets", path, Duration::from_secs(2));
    let root = object(Path::from("/org/freedesktop/secrets"));
    let _: (Path<'_>,) = root.method_call(SERVICE, "ReadAlias", ("default",)).expect("a Secret Service");
    let attributes = HashMap::from([("service", "quay-auth"), ("username", "default@127.0.0.1:1")]);
    let (unlocked, _): (Vec<Path<'static>>, Vec<Path<'_>>) =
        root.method_call(SERVICE, "SearchItems", (attributes,)).expect("a search");
    let (_, session): (Variant<Box<dyn RefArg>>, Path<'_>) =
        root.method_call(SERVICE, "OpenSession", ("plain", Variant(""))).expect("a session");
    let item = object(unlocked[0].clone());
    let (secret,): (Secret,) =
        item.method_call("org.freedesktop.Secret.Item", "GetSecret", (session,)).expect("the token");
    std::io::stdout().write_all(&secret.2).expect("stdout");
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn bare_read() {}

/// A helper that starts another program, which reads the secret.
#[cfg(unix)]
fn become_bare_read() {
    use std::os::unix::process::CommandExt;
    let this = std::env::current_exe().expect("this program");
    panic!("{}", Command::new(this).arg("bare-read").exec());
}

#[cfg(not(unix))]
fn become_bare_read() {}

fn bench() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path();
    println!("{}: whole process, medians of {ROUNDS} paired rounds\n", *PROGRAM);
    println!(
        "{:<52} {:>9} {:>9} {:>7} {:>20}",
        "quay-auth: compared with", "that, ms", "ours, ms", "ratio", "to reach"
    );
    let this = std::env::current_exe().expect("this program");
    let this = this.to_str().expect("a plain path");
    let print = &[&PROGRAM, "print-token"];
    let exec = &[&PROGRAM, "exec", "--", "true"];
    let (nothing, bare_read, become_bare_read) = ([this, "nothing"], [this, "bare-read"], [this, "become-bare-read"]);
    let pair = |name, other, ours, to_reach| Pair { name, other, ours, stdin: "", to_reach };

    login_times(home);
    store(home, "file", None);
    pair("print-token, file: an empty Rust program", &nothing, print, "1.0, dynamic 1.6").run(home, None);
    pair("exec -- true, file: print-token", print, exec, "1.8, dynamic 1.3").run(home, None);

    let bus = &Bus::start(home);
    store(home, "keyring", Some(bus));
    pair("print-token: one plain Secret Service read", &bare_read, print, "1.15, dynamic 1.3").run(home, Some(bus));
    let lookup = &["secret-tool", "lookup", "service", "quay-auth", "username", "default@127.0.0.1:1"];
    pair("print-token: secret-tool lookup", lookup, print, "0.25, dynamic 0.3").run(home, Some(bus));
    if Command::new("gh").arg("--version").output().is_ok() {
        pair("print-token: gh auth token", &["gh", "auth", "token"], print, "0.06").run(home, Some(bus));
    }
    pair("exec -- true: print-token", print, exec, "1.3").run(home, Some(bus));

    let ours: &[&str] = &[&HELPER, "get"];
    let get = |name, other, to_reach| Pair { name, other, ours, stdin: "127.0.0.1:1", to_reach };
    get("helper get: one empty program and one plain read", &become_bare_read, "1.3").run(home, Some(bus));
    let credentials = format!("{{\"ServerURL\":\"127.0.0.1:1\",\"Username\":\"u\",\"Secret\":\"{TOKEN}\"}}");
    run_with_stdin(command(home, Some(bus), &["docker-credential-secretservice", "store"]), &credentials);
    get("helper get: docker-credential-secretservice get", &["docker-credential-secretservice", "get"], "0.3")
        .run(home, Some(bus));

    println!("\n{PARALLEL} at the same time, 99th percentile\n");
    compare_parallel("print-token: secret-tool lookup", home, bus, lookup, print);
}

/// Measures the time until a login listens, and from the page's POST to the response that the token is stored. The time of the server is not
/// included, because there is none.
fn login_times(home: &Path) {
    let (mut listening, mut storing) = (Vec::new(), Vec::new());
    for _ in 0..LOGINS {
        let arguments =
            [&PROGRAM, "login", "--no-browser", "--host", HOST, "--client-id", "benchmark", "--store", "file"];
        let mut login = command(home, None, &arguments);
        let start = Instant::now();
        let mut login = login.stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(login.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let url = lines.find(|line| line.contains("/oauth/authorize?")).expect("the authorize URL");
        listening.push(start.elapsed().as_secs_f64() * 1000.0);
        let (_, rest) = url.split_once("redirect_uri=http%3A%2F%2F").expect("a redirect URI");
        let redirect = rest.split('&').next().unwrap_or_default().replace("%3A", ":").replace("%2F", "/");
        let (authority, path) = redirect.split_once('/').expect("a path");
        let body = format!("{{\"query\":\"\",\"fragment\":\"access_token={TOKEN}&token_type=Bearer\"}}");
        let request = format!(
            "POST /{path} HTTP/1.1\r\nHost: {authority}\r\nOrigin: http://{authority}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(authority).expect("the catcher");
        let start = Instant::now();
        stream.write_all(request.as_bytes()).expect("a request");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        storing.push(start.elapsed().as_secs_f64() * 1000.0);
        assert!(response.contains("\"stored_unverified\""), "{response}");
        lines.for_each(drop);
        assert!(login.wait().expect("its end").success());
    }
    for (name, times) in [("login, until it listens", listening), ("login, from the POST to \"stored\"", storing)] {
        println!("{name:<52} {:>9} {:>9.2} {:>7} {:>20}", "", median(times), "", "<= 20 ms");
    }
}

/// Runs many processes of each program at the same time, and prints the 99th percentile of their times.
fn compare_parallel(name: &str, home: &Path, bus: &Bus, other: &[&str], ours: &[&str]) {
    let percentile = |words: &[&str]| {
        let mut times: Vec<f64> = thread::scope(|scope| {
            let run = || {
                let start = Instant::now();
                let status = command(home, Some(bus), words).status().expect("the program starts");
                assert!(status.success(), "{words:?} ends with {status}");
                start.elapsed().as_secs_f64() * 1000.0
            };
            let all: Vec<_> = (0..PARALLEL).map(|_| scope.spawn(run)).collect();
            all.into_iter().map(|one| one.join().expect("a time")).collect()
        });
        times.sort_by(f64::total_cmp);
        times[PARALLEL - PARALLEL / 100]
    };
    let (mut other_times, mut our_times) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        other_times.push(percentile(other));
        our_times.push(percentile(ours));
    }
    let (other_time, our_time) = (median(other_times), median(our_times));
    println!("{name:<52} {other_time:>9.2} {our_time:>9.2} {:>7.2}", our_time / other_time);
}

/// A command with that home.
fn command(home: &Path, bus: Option<&Bus>, words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env("HOME", home).env("GH_TOKEN", TOKEN);
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "QUAY_AUTH_TOKEN", "QUAY_AUTH_HOST", "DBUS_SESSION_BUS_ADDRESS"] {
        command.env_remove(name);
    }
    if let Some(bus) = bus {
        command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Stores the token in the keyring or in the token file.
fn store(home: &Path, kind: &str, bus: Option<&Bus>) {
    run_with_stdin(command(home, bus, &[&PROGRAM, "login", "--with-token", "--host", HOST, "--store", kind]), TOKEN);
}

fn run_with_stdin(mut command: Command, stdin: &str) {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(stdin.as_bytes()).expect("stdin");
    assert!(child.wait().expect("its end").success(), "{command:?}");
}

/// Two commands that read the same input and are compared.
struct Pair<'a> {
    name: &'a str,
    other: &'a [&'a str],
    ours: &'a [&'a str],
    stdin: &'a str,
    to_reach: &'a str,
}

impl Pair<'_> {
    /// Runs both in turn, and prints their times and their ratio.
    fn run(&self, home: &Path, bus: Option<&Bus>) {
        let input = home.join("stdin");
        std::fs::write(&input, self.stdin).expect("a file");
        let time = |words: &[&str]| -> Duration {
            let mut command = command(home, bus, words);
            command.stdin(std::fs::File::open(&input).expect("the file"));
            let start = Instant::now();
            let status = command.status().expect("the program starts");
            let took = start.elapsed();
            assert!(status.success(), "{words:?} ends with {status}");
            took
        };
        let (mut other_times, mut our_times, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS + 5 {
            let (other, our) = (time(self.other).as_secs_f64(), time(self.ours).as_secs_f64());
            // The first rounds fill the caches.
            if round >= 5 {
                other_times.push(other * 1000.0);
                our_times.push(our * 1000.0);
                ratios.push(our / other);
            }
        }
        let (other, our, ratio) = (median(other_times), median(our_times), median(ratios));
        println!("{:<52} {other:>9.2} {our:>9.2} {ratio:>7.2} {:>20}", self.name, format!("<= {}", self.to_reach));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// An unlocked gnome-keyring on a private bus. Both are stopped on drop.
struct Bus {
    address: String,
    processes: Vec<Child>,
}

impl Bus {
    fn start(home: &Path) -> Bus {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address"])
            .env("HOME", home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon (Debian package dbus)");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().expect("a pipe")).read_line(&mut address).expect("the bus's address");
        let address = address.trim().to_owned();
        let mut keyring = Command::new("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("gnome-keyring-daemon (Debian package gnome-keyring)");
        keyring.stdin.take().expect("a pipe").write_all(b"password").expect("its stdin");
        let bus = Bus { address, processes: vec![keyring, daemon] };
        let deadline = Instant::now() + Duration::from_secs(10);
        while !bus.has_keyring(home) {
            assert!(Instant::now() < deadline, "the keyring is available");
        }
        bus
    }

    fn has_keyring(&self, home: &Path) -> bool {
        let send = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"];
        let send = [&send[..], &["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]].concat();
        let reply = command(home, Some(self), &send).stdout(Stdio::piped()).output().expect("dbus-send");
        String::from_utf8_lossy(&reply.stdout).contains("true")
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
