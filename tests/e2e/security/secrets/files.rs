//! The token file: it is always private, and complete after a kill at any time.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::quay_standin::Verify;
use crate::support::program::Run;
use crate::support::system::{READ_ONLY_HOME, Traced, run_after, strace};
use crate::support::world::World;

/// The tokens of logins that are killed. Readers must see one of them.
const TOKENS: [&str; 2] = ["FIRSTTOKENOFTWO0123456789abcdefghijklmno", "SECONDTOKENOFTWO0123456789abcdefghijklmn"];

/// How many logins are killed.
const KILLS: usize = 60;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn files_are_created_private_and_never_made_private_later() {
    let world = World::new();
    let calls =
        "openat,?open,?creat,mkdirat,?mkdir,?chmod,fchmod,fchmodat,?fchmodat2,?rename,renameat,renameat2,linkat,?link";
    let login =
        ["login", "--host", &world.quay.host(), "--client-id", crate::support::world::CLIENT_ID, "--store", "file"];
    let more = ["--no-browser", "--redirect-uri", &world.redirect_uri];
    let traced = Traced::new(&world, calls, &[&login[..], &more].concat());
    let record = traced.calls(|run| drop(world.complete(run.start())));

    let home = world.home().display().to_string();
    let calls: Vec<&str> = record.lines().filter(|call| call.contains(&home)).collect();
    let creations: Vec<&str> = calls.iter().copied().filter(|call| call.contains("O_CREAT")).collect();
    for file in [".tokens.toml.", ".profiles.toml.", "/lock\"", "/change.lock\""] {
        assert!(creations.iter().any(|call| call.contains(file)), "{file} was created: {record}");
    }
    for call in creations {
        assert!(call.contains(", 0600)"), "{call}");
        // Locks are the only files that may exist already.
        assert!(call.contains(if call.contains("lock\"") { "O_NOFOLLOW" } else { "O_EXCL" }), "{call}");
    }
    for call in calls.iter().filter(|call| call.contains("mkdir")) {
        assert!(call.contains(", 0700)"), "{call}");
    }
    assert!(!record.contains("chmod"), "{record}");
    assert!(calls.iter().any(|call| call.contains("rename") && call.contains("/tokens.toml\"")), "{record}");
    let in_place =
        |call: &&&str| call.contains("tokens.toml\"") && !call.contains("rename") && !call.contains("O_RDONLY");
    assert_eq!(calls.iter().find(in_place), None);

    for name in ["tokens.toml", "profiles.toml", "lock", "change.lock"] {
        assert_eq!(mode(&world.data_folder().join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&world.data_folder()), 0o700);
    assert_eq!(mode(&world.home().join(".local")), 0o700);
    assert_eq!(fs::read_dir(world.data_folder()).unwrap().count(), 4, "no other files are left");
}

/// `login --with-token`, which replaces the stored token.
fn replace_by(world: &World, token: &str) -> Run {
    world.run(["login", "--with-token", "--store", "file", "--host", &world.quay.host()]).stdin(token)
}

/// Sets the flag on drop, also during a panic, so that the readers end.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn readers_see_the_old_or_the_new_token_when_writers_are_killed() {
    let world = World::new();
    // Saves the time for checking tokens.
    world.quay.set_verify(Verify::Status(404));
    let start = Instant::now();
    replace_by(&world, TOKENS[0]).stderr("Logged in to").succeeds();
    let duration = start.elapsed();

    let done = AtomicBool::new(false);
    let reads = AtomicUsize::new(0);
    let lines = TOKENS.map(|token| format!("{token}\n"));
    let killed = thread::scope(|scope| {
        let _end_of_readers = SetOnDrop(&done);
        for _ in 0..10 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let read = world.run(["print-token"]).start().wait();
                    // The first command after a kill reports how far that login came.
                    let is_report = |line: &str| line.contains(" was interrupted ") || line.starts_with("hint: ");
                    assert!(read.code == 0 && read.stderr.lines().all(is_report), "{read}");
                    assert!(lines.contains(&read.stdout), "{read}");
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let kill = |round: usize| {
            let login = replace_by(&world, TOKENS[round % 2]).start();
            // Spreads the kills over four times the usual duration, because the readers slow the logins down. 37 and 60 have no common
            // divisor, so each delay is used once.
            thread::sleep(duration * 4 * u32::try_from(round * 37 % KILLS).unwrap() / u32::try_from(KILLS).unwrap());
            login.signal(Signal::SIGKILL);
            login.wait().code == -1
        };
        (0..KILLS).filter(|round| kill(*round)).count()
    });
    assert!(killed > KILLS / 4, "only {killed} logins were killed in time");
    assert!(reads.into_inner() > KILLS, "too few reads");
    // Killed logins leave nothing behind that prevents the next one.
    replace_by(&world, TOKENS[1]).stderr("Logged in to").succeeds();
    world.run(["print-token"]).stdout(&lines[1]).succeeds();
}

#[test]
fn a_reader_succeeds_if_the_file_is_replaced_while_it_is_open() {
    let world = World::new();
    world.quay.set_verify(Verify::Status(404));
    replace_by(&world, TOKENS[0]).stderr("Logged in to").succeeds();
    let record = world.runtime_folder().join("record");
    assert!(world.command("mkfifo").arg(&record).status().unwrap().success());
    // A reader that waits between opening and checking the file.
    let mut command = strace(&world);
    command.args(["-e", "inject=?fstat,?newfstatat,statx:delay_enter=2000000", "-P"]);
    command.arg(world.data_folder().join("tokens.toml")).arg("-o").arg(&record);
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

/// A world whose second login was killed before this rename: that of `profiles.toml`, of `tokens.toml`, or of `profiles.toml` again.
fn killed_before_rename(number: usize) -> World {
    let world = World::new();
    world.quay.set_verify(Verify::Status(404));
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
fn logout_deletes_the_temporary_files_of_a_killed_login() {
    for number in [1, 2, 3] {
        let world = killed_before_rename(number);
        let stderr = world.run(["logout", "--no-revoke"]).stderr("Deleted the token").succeeds().stderr;
        assert_eq!(stderr.contains("was interrupted"), number > 1, "{stderr}");
        for path in fs::read_dir(world.data_folder()).unwrap().map(|entry| entry.unwrap().path()) {
            let text = fs::read_to_string(&path).unwrap();
            assert!(!TOKENS.iter().any(|token| text.contains(token)), "{number}: {} contains a token", path.display());
        }
    }
}

#[test]
fn after_a_kill_print_token_needs_neither_a_writable_folder_nor_the_lock() {
    for (number, token) in [(2, TOKENS[0]), (3, TOKENS[1])] {
        let world = killed_before_rename(number);
        let line = format!("{token}\n");
        let run = run_after(&world, READ_ONLY_HOME, &["print-token"]);
        run.stdout(&line).stderr("was interrupted").succeeds();
        let lock = File::options().write(true).open(world.data_folder().join("lock")).unwrap();
        lock.lock().unwrap();
        let start = Instant::now();
        world.run(["print-token"]).stdout(&line).stderr("was interrupted").succeeds();
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}
