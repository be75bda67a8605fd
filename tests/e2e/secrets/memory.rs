//! What is left of a token in the program's memory, read by gdb as the process is about to end; and that nobody else reads it before.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustix::process::geteuid;

use crate::keyring::Keyring;
use crate::world::World;

/// A program that gdb runs to this point, where its memory is written to a file.
struct Dump {
    /// How often the token stands there, bare or as part of a Basic header.
    tokens: usize,
    /// What it printed.
    output: String,
}

/// Runs a program with these arguments and this stdin until it is about to make that system call, and reads its memory.
fn dumped_at(call: &str, world: &World, program: &str, arguments: &str, stdin: &str, token: &str) -> Dump {
    let folder = world.runtime_folder();
    let [input, output, core] = ["input", "output", "core"].map(|name| folder.join(name));
    fs::write(&input, stdin).unwrap();
    let redirected = format!("{arguments} < '{}' > '{}' 2>&1", input.display(), output.display());
    let mut gdb = world.command("gdb");
    gdb.args(["--quiet", "--batch", "--nx", "-ex", "set confirm off", "-ex", &format!("catch syscall {call}")]);
    gdb.args(["-ex", &format!("set args {redirected}"), "-ex", "run", "-ex", &format!("gcore {}", core.display())]);
    let said =
        gdb.args(["-ex", "kill", program]).stdin(Stdio::null()).output().expect("gdb; tests/setup.sh installs it");
    let memory = fs::read(&core).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&said.stdout)));
    fs::remove_file(&core).unwrap();
    let count = |secret: &str| memory.windows(secret.len()).filter(|part| *part == secret.as_bytes()).count();
    // `$oauthtoken:` has twelve characters, so that base64 of what follows begins on its own.
    let tokens = count(token) + count(BASE64_STANDARD.encode(token).trim_end_matches('='));
    Dump { tokens, output: fs::read_to_string(output).unwrap() }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_quay-auth");

/// What libraries leave behind that do not wipe: the HTTP client's buffer, libdbus's message and the buffer it was read into.
const BY_HTTP: usize = 1;
const BY_DBUS: usize = 2;

#[test]
fn at_its_end_the_program_has_wiped_the_token() {
    let mut world = World::new();
    let _keyring = Keyring::start(&mut world);
    let token = world.complete(world.login(&["--scopes", "repo:read,user:read"]).start());
    let host = world.quay.host();
    let given = format!("login --with-token --host {host} --scopes repo:read --store");
    // The control: as it prints the token, it has it.
    let printing = dumped_at("write", &world, PROGRAM, "print-token", "", &token);
    assert!(printing.tokens > 0, "{}", printing.output);
    for (arguments, stdin, says, left) in [
        ("print-token", "", &*token, 0),
        ("print-token --require super:user", "", "lacks super:user", 0),
        ("export netrc", "", &token, 0),
        ("export docker-config", "", "auths", 0),
        ("credential-helper -- get", &host, &token, 0),
        ("status", "", "alice", BY_HTTP),
        ("api user/", "", "alice", BY_HTTP),
        (&format!("{given} file"), &token, "Logged in", BY_HTTP),
        (&format!("{given} keyring"), &token, "Logged in", BY_HTTP + BY_DBUS),
        ("print-token", "", &token, BY_DBUS),
        ("logout", "", "Forgot", BY_HTTP + BY_DBUS),
    ] {
        let dump = dumped_at("exit_group", &world, PROGRAM, arguments, stdin, &token);
        assert!(dump.output.contains(says), "{arguments}: {}", dump.output);
        assert!(dump.tokens <= left, "{arguments}: {} copies", dump.tokens);
    }
}

/// A program without the powers of root: what remains is what one process of a user's may do to another.
fn powerless(world: &World, program: &str) -> Command {
    if !geteuid().is_root() {
        return world.command(program);
    }
    let mut command = world.command("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", program]);
    command
}

/// Whether a debugger of the same user's gets at that process, and whether `/proc` shows its memory and environment.
fn is_open(world: &World, process: u32) -> [bool; 3] {
    let core = world.runtime_folder().join("core");
    let mut gcore = powerless(world, "gcore");
    let output =
        gcore.arg("-o").arg(&core).arg(process.to_string()).output().expect("gcore; tests/setup.sh installs gdb");
    let proc = Path::new("/proc").join(process.to_string());
    let head = |name: &str, bytes: &str| {
        let mut head = powerless(world, "head");
        head.args(["-c", bytes]).arg(proc.join(name)).output().unwrap()
    };
    // Memory begins where nothing can be read, and an environment that is closed may read as an empty one.
    let [mem, environ] = [head("mem", "0").status.success(), !head("environ", "1").stdout.is_empty()];
    let has_core = world.runtime_folder().join(format!("core.{process}")).exists();
    assert_eq!(has_core, output.status.success());
    [has_core, mem, environ]
}

#[test]
fn no_other_process_of_the_same_user_looks_into_it() {
    let world = World::new();
    let mut command = powerless(&world, PROGRAM);
    let host = world.quay.host();
    command.args(["login", "--no-browser", "--host", &host, "--client-id", crate::world::CLIENT_ID, "--store", "file"]);
    let mut login = command.args(["--redirect-uri", &world.redirect_uri]).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(login.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("/oauth/authorize?")));
    assert_eq!(is_open(&world, login.id()), [false; 3]);
    login.kill().unwrap();
    login.wait().unwrap();
    // The control: another program is open.
    let mut other = powerless(&world, "sleep").arg("60").spawn().unwrap();
    assert_eq!(is_open(&world, other.id()), [true; 3]);
    other.kill().unwrap();
    other.wait().unwrap();
}
