//! Killed, or failing, at every one of its system calls that changes something: the old state or the new one, readable, and said.
//!
//! strace lets the n-th call of a kind fail, or kills the program there; n grows until a run has no n-th one.

use std::fmt::Display;
use std::fs;
use std::process::Command;
use std::thread;

use crate::keyring::Keyring;
use crate::program::{Ended, Run};
use crate::quay::Verify;
use crate::system::strace;
use crate::world::World;

const OLD: &str = "OLDTOKENOLDTOKENOLDTOKENOLDTOKENOLDTOKEN";
const NEW: &str = "NEWTOKENNEWTOKENNEWTOKENNEWTOKENNEWTOKEN";

/// The calls by which a file takes another's place.
const RENAME: &str = "rename,renameat,renameat2";

/// The calls that change files, lock them, or speak to others.
const CALLS: [&str; 10] =
    ["openat", "write", "fsync", RENAME, "unlink", "mkdir", "flock", "sendmsg", "recvmsg", "sendto"];

/// The most calls of one kind that any of the commands makes; a sweep that has not ended there has gone astray.
const MOST: usize = 200;

/// A world whose Quay is too busy to be asked about a token, with OLD in this store.
fn world_with_old(store: &str) -> (World, Option<Keyring>) {
    let mut world = World::new();
    let keyring = (store == "keyring").then(|| Keyring::start(&mut world));
    world.quay.set_verify(Verify::Status(503));
    login(&world, OLD, store).stderr("Logged in").succeeds();
    (world, keyring)
}

/// The arguments of a login by this store.
fn login_words(world: &World, store: &str) -> Vec<String> {
    ["login", "--with-token", "--scopes", "repo:read", "--store", store, "--host", &world.quay.host()]
        .map(str::to_owned)
        .into()
}

fn login(world: &World, token: &str, store: &str) -> Run {
    world.run(login_words(world, store)).stdin(token)
}

/// Runs the program with this done to the n-th of its calls of that name, or from it on (`3+`); `None` where there is no n-th one.
fn with_fault(
    world: &World,
    words: &[String],
    stdin: &str,
    call: &str,
    fault: &str,
    number: impl Display,
) -> Option<Ended> {
    let record = world.runtime_folder().join("calls");
    let mut command: Command = strace(world);
    command.arg("-o").arg(&record).args(["-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:{fault}:when={number}")]);
    command.arg(env!("CARGO_BIN_EXE_quay-auth")).args(words);
    let ended = Run::new(command).stdin(stdin).start().wait();
    let record = fs::read_to_string(&record).expect("strace's record");
    let happened = ended.code == -1 || record.contains("(INJECTED)");
    happened.then_some(ended)
}

/// Does this to each call of each kind in turn; `check` looks at what is left. Returns how many.
fn sweep(
    fault: &str,
    calls: &[&str],
    run: impl Fn(&str, &str, usize) -> Option<Ended>,
    check: impl Fn(&str, Ended),
) -> usize {
    let mut count = 0;
    for call in calls {
        for number in 1.. {
            assert!(number < MOST, "{call} goes on and on");
            let Some(ended) = run(call, fault, number) else { break };
            check(&format!("{fault} at {call} {number}"), ended);
            count += 1;
        }
    }
    count
}

/// What the next `print-token` prints, which never fails but for want of a login.
fn token_now(world: &World, name: &str) -> Option<String> {
    let ended = world.run(["print-token"]).start().wait();
    assert!([0, 3].contains(&ended.code), "{name}: {ended}");
    (ended.code == 0).then(|| ended.stdout.trim_end().to_owned())
}

/// What a killed writer left half-written goes with the next writer.
fn nothing_is_left_behind(world: &World, name: &str) {
    let folder = fs::read_dir(world.home().join(".local/share/quay-auth")).unwrap();
    for file in folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        assert!(["tokens.toml", "profiles.toml", "lock", "change.lock"].contains(&file.as_str()), "{name}: {file}");
    }
}

/// A login over another one, killed at each call: a token that works, and the next login is as ever.
fn login_is_killed(store: &str) -> usize {
    let (world, _keyring) = world_with_old(store);
    let words = login_words(&world, store);
    sweep(
        "signal=KILL",
        &CALLS,
        |call, fault, number| {
            login(&world, OLD, store).stderr("Logged in").succeeds();
            with_fault(&world, &words, NEW, call, fault, number)
        },
        |name, ended| {
            assert_eq!(ended.code, -1, "{name}: {ended}");
            let token = token_now(&world, name);
            assert!([Some(OLD), Some(NEW)].contains(&token.as_deref()), "{name}: {token:?}");
            // Said once at most; from then on all is as ever.
            world.run(["print-token"]).stdout(&format!("{}\n", token.unwrap())).succeeds();
            login(&world, NEW, store).stderr("Logged in").succeeds();
            world.run(["print-token"]).stdout(&format!("{NEW}\n")).succeeds();
            nothing_is_left_behind(&world, name);
        },
    )
}

#[test]
fn a_login_into_the_file_is_killed_at_every_call() {
    let count = login_is_killed("file");
    assert!(count > 40, "{count}");
}

#[test]
fn a_login_into_the_keyring_is_killed_at_every_call() {
    let count = login_is_killed("keyring");
    assert!(count > 60, "{count}");
}

#[test]
fn a_logout_is_killed_at_every_call() {
    let (world, _) = world_with_old("file");
    let words = ["logout".to_owned()];
    let count = sweep(
        "signal=KILL",
        &CALLS,
        |call, fault, number| {
            login(&world, OLD, "file").stderr("Logged in").succeeds();
            with_fault(&world, &words, "", call, fault, number)
        },
        |name, _| {
            let token = token_now(&world, name);
            assert!(token.is_none() || token.as_deref() == Some(OLD), "{name}: {token:?}");
            let again = world.run(["logout"]).start().wait();
            // Where the token was forgotten and its record was not, there is still something to do.
            assert!(again.code == 0 || token.is_none() && again.code == 3, "{name}: {again}");
            assert_eq!(token_now(&world, name), None, "{name}");
        },
    );
    assert!(count > 40, "{count}");
}

/// Docker's settings as somebody has them, who uses two registries.
const SETTINGS: &str = "{\n\t\"auths\": {},\n\t\"credHelpers\": {\n\t\t\"gcr.io\": \"gcloud\"\n\t}\n}\n";

#[test]
fn an_install_and_an_uninstall_are_killed_at_every_call() {
    let (world, _) = world_with_old("file");
    let settings = world.home().join(".docker/config.json");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let read = || fs::read_to_string(&settings).unwrap();
    fs::write(&settings, SETTINGS).unwrap();
    world.run(["docker", "install"]).stderr("docker").succeeds();
    let installed = read();
    assert_ne!(installed, SETTINGS);
    for (command, before, after) in [("install", SETTINGS, &*installed), ("uninstall", &*installed, SETTINGS)] {
        let words = ["docker", command].map(str::to_owned);
        let count = sweep(
            "signal=KILL",
            &CALLS,
            |call, fault, number| {
                fs::write(&settings, before).unwrap();
                with_fault(&world, &words, "", call, fault, number)
            },
            |name, _| {
                assert!([before, after].contains(&&*read()), "{command}, {name}: {}", read());
                let again = world.run(["docker", command]).start().wait();
                assert!(again.code == 0 && read() == after, "{command}, {name}: {again}");
                assert_eq!(token_now(&world, name).as_deref(), Some(OLD), "{command}, {name}");
            },
        );
        assert!(count >= 15, "{command}: {count}");
    }
}

/// A login over another one, whose calls fail with this error: it says so and what to do, and the old token stays; or it succeeds.
fn login_fails(error: &str, calls: &[&str]) -> usize {
    let (world, _) = world_with_old("file");
    let words = login_words(&world, "file");
    sweep(
        &format!("error={error}"),
        calls,
        |call, fault, number| {
            login(&world, OLD, "file").stderr("Logged in").succeeds();
            with_fault(&world, &words, NEW, call, fault, number)
        },
        |name, ended| {
            let token = token_now(&world, name);
            if ended.code == 0 {
                assert_eq!(token.as_deref(), Some(NEW), "{name}: {ended}");
            } else {
                assert!([Some(OLD), Some(NEW)].contains(&token.as_deref()), "{name}: {token:?}");
                assert_eq!(ended.code, 4, "{name}: {ended}");
                assert!(ended.stderr.contains("error: ") && ended.stderr.contains("hint: "), "{name}: {ended}");
                assert!(!ended.stderr.contains(NEW), "{name}: {ended}");
            }
            login(&world, NEW, "file").stderr("Logged in").succeeds();
            nothing_is_left_behind(&world, name);
        },
    )
}

#[test]
fn a_login_meets_a_disk_that_fails_at_every_call() {
    let counts: Vec<usize> = thread::scope(|scope| {
        let runs =
            [("EIO", &["fsync", RENAME][..]), ("ENOSPC", &["fsync"]), ("EROFS", &[RENAME]), ("ESTALE", &[RENAME])];
        let runs = runs.map(|(error, calls)| scope.spawn(move || login_fails(error, calls)));
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(counts.iter().all(|count| *count >= 3), "{counts:?}");
}

#[test]
fn a_bus_that_is_gone_from_some_call_on_is_a_failing_store_and_never_no_login() {
    let (world, _keyring) = world_with_old("keyring");
    let print = ["print-token".to_owned()];
    let calls = ["sendmsg", "recvmsg"];
    let count = sweep(
        "error=ECONNRESET",
        &calls,
        |call, fault, number| with_fault(&world, &print, "", call, fault, format!("{number}+")),
        |name, ended| {
            let is_printed = ended.code == 0 && ended.stdout == format!("{OLD}\n");
            let is_said = ended.code == 4 && ended.stdout.is_empty() && ended.stderr.contains("hint: ");
            assert!(is_printed || is_said, "{name}: {ended}");
        },
    );
    assert!(count > 5, "{count}");
    let words = login_words(&world, "keyring");
    let count = sweep(
        "error=ECONNRESET",
        &calls,
        |call, fault, number| {
            login(&world, OLD, "keyring").stderr("Logged in").succeeds();
            with_fault(&world, &words, NEW, call, fault, format!("{number}+"))
        },
        |name, ended| {
            let token = token_now(&world, name);
            match ended.code {
                0 => assert_eq!(token.as_deref(), Some(NEW), "{name}: {ended}"),
                _ => {
                    assert!([Some(OLD), Some(NEW)].contains(&token.as_deref()), "{name}: {token:?}");
                    assert!(ended.code == 4 && ended.stderr.contains("hint: "), "{name}: {ended}");
                }
            }
        },
    );
    assert!(count > 10, "{count}");
}

#[test]
fn a_clock_that_jumps_loses_no_token() {
    let (world, _) = world_with_old("file");
    let at = |time: &str, words: &[String], stdin: &str| {
        let mut command = world.command("faketime");
        command.arg(time).arg(env!("CARGO_BIN_EXE_quay-auth")).args(words);
        Run::new(command).stdin(stdin).start().wait()
    };
    for time in ["1970-01-02 00:00:00", "2040-01-01 00:00:00", "2300-01-01 00:00:00"] {
        let printed = at(time, &["print-token".to_owned()], "");
        assert!(printed.code == 0 && printed.stdout == format!("{OLD}\n"), "{time}: {printed}");
        let status = at(time, &["status", "--offline"].map(str::to_owned), "");
        assert!(status.code == 0 && status.stdout.contains("default@"), "{time}: {status}");
        let again = at(time, &login_words(&world, "file"), OLD);
        assert!(again.code == 0 && again.stderr.contains("Logged in"), "{time}: {again}");
        // Back to the present, with a record of that time.
        assert_eq!(token_now(&world, time).as_deref(), Some(OLD));
        world.run(["status", "--offline"]).prints(&time[..10]).succeeds();
    }
}

/// The three writes of a login: the record to be, the token, the record.
#[test]
fn the_next_command_says_how_far_a_killed_login_came() {
    let interrupted = |known: &str| format!("interrupted; {known}");
    for (rename, token, said) in [
        (1, OLD, None),
        (2, OLD, Some(interrupted("its token was not stored, all is as before."))),
        (3, NEW, Some(interrupted("its new token was stored and is in use."))),
    ] {
        let (world, _) = world_with_old("file");
        let words = login_words(&world, "file");
        let ended = with_fault(&world, &words, NEW, RENAME, "error=EIO:signal=KILL", rename).unwrap();
        assert_eq!(ended.code, -1, "{ended}");
        let print = || world.run(["print-token"]).stdout(&format!("{token}\n"));
        match &said {
            Some(said) => print().stderr(said).succeeds(),
            None => print().succeeds(),
        };
        print().succeeds();
    }
}

#[test]
fn a_first_login_that_is_killed_leaves_none_or_a_whole_one() {
    for (rename, is_kept) in [(1, false), (2, false), (3, true)] {
        let world = World::new();
        world.quay.set_verify(Verify::Status(503));
        let words = login_words(&world, "file");
        with_fault(&world, &words, NEW, RENAME, "error=EIO:signal=KILL", rename).unwrap();
        if is_kept {
            world.run(["print-token"]).stdout(&format!("{NEW}\n")).stderr("was stored and is in use").succeeds();
        } else {
            world.run(["print-token"]).stderr("there is no login for").fails(3);
        }
    }
}
