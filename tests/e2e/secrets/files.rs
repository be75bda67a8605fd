//! The token file: private from its first byte, and whole whatever kills the program.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::program::Run;
use crate::quay::Verify;
use crate::system::{READ_ONLY_HOME, Traced, run_behind, strace};
use crate::world::World;

/// What the two tokens of the kills are: old or new, and nothing between.
const TOKENS: [&str; 2] = ["FIRSTTOKENOFTWO0123456789abcdefghijklmno", "SECONDTOKENOFTWO0123456789abcdefghijklmn"];

/// How often a login is killed.
const KILLS: usize = 60;

fn folder(world: &World) -> PathBuf {
    world.home().join(".local/share/quay-auth")
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn everything_is_private_from_its_first_byte_and_nothing_is_changed_to_be() {
    let world = World::new();
    let calls =
        "openat,?open,?creat,mkdirat,?mkdir,?chmod,fchmod,fchmodat,?fchmodat2,?rename,renameat,renameat2,linkat,?link";
    let login = ["login", "--host", &world.quay.host(), "--client-id", crate::world::CLIENT_ID, "--store", "file"];
    let more = ["--no-browser", "--redirect-uri", &world.redirect_uri];
    let traced = Traced::new(&world, calls, &[&login[..], &more].concat());
    let record = traced.calls(|run| drop(world.complete(run.start())));

    let home = world.home().display().to_string();
    let of_ours: Vec<&str> = record.lines().filter(|call| call.contains(&home)).collect();
    let made: Vec<&str> = of_ours.iter().copied().filter(|call| call.contains("O_CREAT")).collect();
    for file in [".tokens.toml.", ".profiles.toml.", "/lock\"", "/change.lock\""] {
        assert!(made.iter().any(|call| call.contains(file)), "{file} was made: {record}");
    }
    for call in made {
        assert!(call.contains(", 0600)"), "{call}");
        // A lock is opened again and again, so it alone need not be new.
        assert!(call.contains(if call.contains("lock\"") { "O_NOFOLLOW" } else { "O_EXCL" }), "{call}");
    }
    for call in of_ours.iter().filter(|call| call.contains("mkdir")) {
        assert!(call.contains(", 0700)"), "{call}");
    }
    assert!(!record.contains("chmod"), "{record}");
    assert!(of_ours.iter().any(|call| call.contains("rename") && call.contains("/tokens.toml\"")), "{record}");
    let in_place =
        |call: &&&str| call.contains("tokens.toml\"") && !call.contains("rename") && !call.contains("O_RDONLY");
    assert_eq!(of_ours.iter().find(in_place), None);

    for name in ["tokens.toml", "profiles.toml", "lock", "change.lock"] {
        assert_eq!(mode(&folder(&world).join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&folder(&world)), 0o700);
    assert_eq!(mode(&world.home().join(".local")), 0o700);
    assert_eq!(fs::read_dir(folder(&world)).unwrap().count(), 4, "nothing else is left");
}

/// `login --with-token` into the profile that is there.
fn replace_by(world: &World, token: &str) -> Run {
    world.run(["login", "--with-token", "--store", "file", "--host", &world.quay.host()]).stdin(token)
}

/// Raises the flag when it is dropped, in a panic too: nobody goes on reading for ever.
struct Raised<'a>(&'a AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_reader_sees_the_old_token_or_the_new_one_whatever_kills_the_writer() {
    let world = World::new();
    // What checking costs is of no account here.
    world.quay.set_verify(Verify::Status(503));
    let begin = Instant::now();
    replace_by(&world, TOKENS[0]).stderr("Logged in to").succeeds();
    let usual = begin.elapsed();

    let done = AtomicBool::new(false);
    let reads = AtomicUsize::new(0);
    let lines = TOKENS.map(|token| format!("{token}\n"));
    let killed = thread::scope(|scope| {
        let _end_of_the_readers = Raised(&done);
        for _ in 0..10 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let read = world.run(["print-token"]).start().wait();
                    // The first after a kill says how far that login came.
                    let is_said = |line: &str| line.contains(" was interrupted; its ") || line.starts_with("hint: ");
                    assert!(read.code == 0 && read.stderr.lines().all(is_said), "{read}");
                    assert!(lines.contains(&read.stdout), "{read}");
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let kill = |round: usize| {
            let login = replace_by(&world, TOKENS[round % 2]).start();
            let mut chance = [0; 4];
            getrandom::fill(&mut chance).expect("the system's random numbers");
            // Any moment of its life, which the readers make a longer one.
            thread::sleep(usual.mul_f64(f64::from(u32::from_ne_bytes(chance)) / f64::from(u32::MAX) * 4.0));
            login.signal(Signal::SIGKILL);
            login.wait().code == -1
        };
        (0..KILLS).filter(|round| kill(*round)).count()
    });
    assert!(killed > KILLS / 4, "only {killed} were killed in time");
    assert!(reads.into_inner() > KILLS, "hardly anything was read");
    // Nothing that a killed one left is in the way of the next.
    replace_by(&world, TOKENS[1]).stderr("Logged in to").succeeds();
    world.run(["print-token"]).stdout(&lines[1]).succeeds();
}

#[test]
fn a_reader_that_is_overtaken_by_a_writer_reads_on() {
    let world = World::new();
    world.quay.set_verify(Verify::Status(503));
    replace_by(&world, TOKENS[0]).stderr("Logged in to").succeeds();
    let record = world.runtime_folder().join("record");
    assert!(world.command("mkfifo").arg(&record).status().unwrap().success());
    // A reader that rests for a while between opening the file and looking at what it opened.
    let mut command = strace(&world);
    command.args(["-e", "inject=?fstat,?newfstatat,statx:delay_enter=2000000", "-P"]);
    command.arg(folder(&world).join("tokens.toml")).arg("-o").arg(&record);
    command.args([env!("CARGO_BIN_EXE_quay-auth"), "print-token"]);
    let reader = Run::new(command).start();
    let mut calls = BufReader::new(File::open(&record).unwrap());
    let mut call = String::new();
    calls.read_line(&mut call).unwrap();
    assert!(call.contains("openat("), "{call}");
    replace_by(&world, TOKENS[1]).stderr("Logged in to").succeeds();
    let read = reader.wait();
    assert!(read.code == 0 && TOKENS.iter().any(|token| read.stdout == format!("{token}\n")), "{read}");
    drop(calls);
}

/// A world whose second login was killed before this one of its renames: of the list, of the token file, of the list again.
fn killed_before_rename(number: usize) -> World {
    let world = World::new();
    world.quay.set_verify(Verify::Status(503));
    replace_by(&world, TOKENS[0]).stderr("Logged in to").succeeds();
    let renames = "?rename,renameat,renameat2";
    let kill = format!("inject={renames}:error=EIO:signal=KILL:when={number}");
    let mut command = strace(&world);
    command.args(["-o", "/dev/null", "-e", &format!("trace={renames}"), "-e", &kill]);
    command.args([env!("CARGO_BIN_EXE_quay-auth"), "login", "--with-token", "--store", "file"]);
    command.args(["--host", &world.quay.host()]);
    assert_eq!(Run::new(command).stdin(TOKENS[1]).start().wait().code, -1);
    world
}

#[test]
fn what_a_killed_writer_leaves_does_not_outlive_the_logout() {
    for number in [1, 2, 3] {
        let world = killed_before_rename(number);
        let said = world.run(["logout", "--no-revoke"]).stderr("Forgot the token").succeeds().stderr;
        assert_eq!(said.contains("was interrupted"), number > 1, "{said}");
        for path in fs::read_dir(folder(&world)).unwrap().map(|entry| entry.unwrap().path()) {
            let text = fs::read_to_string(&path).unwrap();
            assert!(!TOKENS.iter().any(|token| text.contains(token)), "{number}: {} holds a token", path.display());
        }
    }
}

#[test]
fn after_a_kill_a_reader_needs_nothing_that_it_does_not_need_otherwise() {
    for (number, token) in [(2, TOKENS[0]), (3, TOKENS[1])] {
        let world = killed_before_rename(number);
        let line = format!("{token}\n");
        // Neither a folder that can be written,
        let run = run_behind(&world, READ_ONLY_HOME, &["print-token"]);
        run.stdout(&line).stderr("was interrupted").succeeds();
        // nor its turn among the writers.
        let lock = File::options().write(true).open(folder(&world).join("lock")).unwrap();
        lock.lock().unwrap();
        let begin = Instant::now();
        world.run(["print-token"]).stdout(&line).stderr("was interrupted").succeeds();
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    }
}

#[test]
fn of_twenty_logins_at_once_all_count() {
    let world = World::new();
    world.quay.set_verify(Verify::Status(503));
    let host = world.quay.host();
    let profiles: Vec<String> = (0..20).map(|number| format!("p{number}")).collect();
    thread::scope(|scope| {
        for profile in &profiles {
            let login = ["login", "--with-token", "--store", "file", "--host", &host, "--profile", profile];
            let login = world.run(login).stdin(format!("TOKENOFTHEPROFILE0123456789{profile}")).stderr("Logged in to");
            scope.spawn(|| drop(login.succeeds()));
        }
    });
    for profile in &profiles {
        let line = format!("TOKENOFTHEPROFILE0123456789{profile}\n");
        world.run(["print-token", "--profile", profile]).stdout(&line).succeeds();
    }
}
