//! What is left of a token in the memory of the program at its end, as gdb sees it, and that other processes cannot read that memory.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustix::process::geteuid;

use crate::support::keyring::Keyring;
use crate::support::world::World;

struct Dump {
    /// How often the memory contains the token, by itself or in a header with Basic authentication.
    tokens: usize,
    /// Stdout and stderr.
    output: String,
}

/// Runs a program in gdb until it is about to make that system call, and searches its memory for the token.
fn dump_at(call: &str, world: &World, program: &str, arguments: &str, stdin: &str, token: &str) -> Dump {
    let folder = world.runtime_folder();
    let [input, output, core] = ["input", "output", "core"].map(|name| folder.join(name));
    fs::write(&input, stdin).unwrap();
    let redirected = format!("{arguments} < '{}' > '{}' 2>&1", input.display(), output.display());
    let mut gdb = world.command("gdb");
    gdb.args(["--quiet", "--batch", "--nx", "-ex", "set confirm off", "-ex", &format!("catch syscall {call}")]);
    gdb.args(["-ex", &format!("set args {redirected}"), "-ex", "run", "-ex", &format!("gcore {}", core.display())]);
    let gdb_output =
        gdb.args(["-ex", "kill", program]).stdin(Stdio::null()).output().expect("gdb; tests/setup.sh installs it");
    let memory = fs::read(&core).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&gdb_output.stdout)));
    fs::remove_file(&core).unwrap();
    let count = |secret: &str| memory.windows(secret.len()).filter(|part| *part == secret.as_bytes()).count();
    // `$oauthtoken:` has twelve characters, so the base64 of the token does not depend on it.
    let tokens = count(token) + count(BASE64_STANDARD.encode(token).trim_end_matches('='));
    Dump { tokens, output: fs::read_to_string(output).unwrap() }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_quay-auth");

/// Copies that libraries do not wipe: in the buffer of the HTTP client, and in a message of libdbus and the buffer for reading it.
const BY_HTTP: usize = 1;
const BY_DBUS: usize = 2;

#[test]
fn the_token_is_wiped_from_memory_before_the_program_ends() {
    let mut world = World::new();
    let _keyring = Keyring::start(&mut world);
    let token = world.complete(world.login(&["--scopes", "repo:read,user:read"]).start());
    let host = world.quay.host();
    let given = format!("login --with-token --host {host} --scopes repo:read --store");
    // Shows that the search finds the token while it is printed.
    let printing = dump_at("write", &world, PROGRAM, "print-token", "", &token);
    assert!(printing.tokens > 0, "{}", printing.output);
    for (arguments, stdin, message, left) in [
        ("print-token", "", &*token, 0),
        ("print-token --require super:user", "", "lacks super:user", 0),
        ("export netrc", "", &token, 0),
        ("export docker-config", "", "auths", 0),
        ("credential-helper -- get", &host, &token, 0),
        ("status", "", "alice", BY_HTTP),
        // Two connections at the same time.
        ("api user/", "", "alice", 2 * BY_HTTP),
        (&format!("{given} file"), &token, "Logged in", BY_HTTP),
        // Stored, and read back.
        (&format!("{given} keyring"), &token, "Logged in", BY_HTTP + 2 * BY_DBUS),
        ("print-token", "", &token, BY_DBUS),
        ("logout", "", "Deleted", BY_HTTP + 2 * BY_DBUS),
    ] {
        let dump = dump_at("exit_group", &world, PROGRAM, arguments, stdin, &token);
        assert!(dump.output.contains(message), "{arguments}: {}", dump.output);
        assert!(dump.tokens <= left, "{arguments}: {} copies", dump.tokens);
    }
}

/// A command that runs without the privileges of root, with only the rights that one process of a user has over another.
fn unprivileged(world: &World, program: &str) -> Command {
    if !geteuid().is_root() {
        return world.command(program);
    }
    let mut command = world.command("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", program]);
    command
}

/// Whether a debugger of the same user can access that process, and whether its memory and its environment are readable in `/proc`.
fn is_accessible(world: &World, process: u32) -> [bool; 3] {
    let core = world.runtime_folder().join("core");
    let mut gcore = unprivileged(world, "gcore");
    let output =
        gcore.arg("-o").arg(&core).arg(process.to_string()).output().expect("gcore; tests/setup.sh installs gdb");
    let proc = Path::new("/proc").join(process.to_string());
    let head = |name: &str, bytes: &str| {
        let mut head = unprivileged(world, "head");
        head.args(["-c", bytes]).arg(proc.join(name)).output().unwrap()
    };
    // At address 0 there is no readable memory, so this only opens the file. An environment that is not accessible may appear empty.
    let [mem, environ] = [head("mem", "0").status.success(), !head("environ", "1").stdout.is_empty()];
    let has_core = world.runtime_folder().join(format!("core.{process}")).exists();
    assert_eq!(has_core, output.status.success());
    [has_core, mem, environ]
}

#[test]
fn other_processes_of_the_same_user_cannot_read_memory_and_environment() {
    let world = World::new();
    let mut command = unprivileged(&world, PROGRAM);
    let mut login = command.args(world.login_arguments(&[])).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(login.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("/oauth/authorize?")));
    assert_eq!(is_accessible(&world, login.id()), [false; 3]);
    login.kill().unwrap();
    login.wait().unwrap();
    // Shows that another program is accessible.
    let mut other = unprivileged(&world, "sleep").arg("60").spawn().unwrap();
    assert_eq!(is_accessible(&world, other.id()), [true; 3]);
    other.kill().unwrap();
    other.wait().unwrap();
}
