//! The program is killed, or a system call fails, at each call that changes something. Afterwards there is the old state or the new one, and
//! the program reports a failure.
//!
//! strace makes the n-th call of a kind fail, or kills the program there. n grows until a run has no n-th call.

use std::fmt::Display;
use std::fs;
use std::process::Command;
use std::thread;

use crate::quay_standin::Verify;
use crate::support::keyring::Keyring;
use crate::support::program::{Run, RunResult};
use crate::support::system::strace;
use crate::support::world::World;

const OLD: &str = "OLDTOKENOLDTOKENOLDTOKENOLDTOKENOLDTOKEN";
const NEW: &str = "NEWTOKENNEWTOKENNEWTOKENNEWTOKENNEWTOKEN";

/// The calls that replace a file.
const RENAME: &str = "rename,renameat,renameat2";

/// The calls that change or lock files, or communicate.
const CALLS: [&str; 10] =
    ["openat", "write", "fsync", RENAME, "unlink", "mkdir", "flock", "sendmsg", "recvmsg", "sendto"];

/// No command makes more calls of one kind than this.
const MAX_CALLS: usize = 200;

/// A world with the old token in this store. Its stand-in is too busy to check tokens.
fn world_with_old(store: &str) -> (World, Option<Keyring>) {
    let mut world = World::new();
    let keyring = (store == "keyring").then(|| Keyring::start(&mut world));
    world.quay.set_verify(Verify::Status(404));
    login(&world, OLD, store).stderr("Logged in").succeeds();
    (world, keyring)
}

/// The arguments of a login with this store.
fn login_arguments(world: &World, store: &str) -> Vec<String> {
    ["login", "--with-token", "--scopes", "repo:read", "--store", store, "--host", &world.quay.host()]
        .map(str::to_owned)
        .into()
}

fn login(world: &World, token: &str, store: &str) -> Run {
    world.run(login_arguments(world, store)).stdin(token)
}

/// Runs the program with a fault at the n-th call of a kind, or from that call on (`3+`). `None` if there is no n-th call.
fn with_fault(
    world: &World,
    arguments: &[String],
    stdin: &str,
    call: &str,
    fault: &str,
    number: impl Display,
) -> Option<RunResult> {
    let record = world.runtime_folder().join("calls");
    let mut command: Command = strace(world);
    command.arg("-o").arg(&record).args(["-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:{fault}:when={number}")]);
    command.arg(env!("CARGO_BIN_EXE_quay-auth")).args(arguments);
    let result = Run::new(command).stdin(stdin).start().wait();
    let record = fs::read_to_string(&record).expect("strace's record");
    let was_injected = result.code == -1 || record.contains("(INJECTED)");
    was_injected.then_some(result)
}

/// Runs the program once for each call of each kind, with the fault at that call, and checks the result. Returns the number of runs.
fn for_each_call(
    fault: &str,
    calls: &[&str],
    run: impl Fn(&str, &str, usize) -> Option<RunResult>,
    check: impl Fn(&str, RunResult),
) -> usize {
    let mut count = 0;
    for call in calls {
        for number in 1.. {
            assert!(number < MAX_CALLS, "too many calls of {call}");
            let Some(result) = run(call, fault, number) else { break };
            check(&format!("{fault} at {call} {number}"), result);
            count += 1;
        }
    }
    count
}

/// The token that `print-token` prints. `None` if there is no token; any other failure is an error.
fn stored_token(world: &World, name: &str) -> Option<String> {
    let result = world.run(["print-token"]).start().wait();
    assert!([0, 3].contains(&result.code), "{name}: {result}");
    (result.code == 0).then(|| result.stdout.trim_end().to_owned())
}

/// There are no temporary files. Each writer deletes those of writers that were killed.
fn assert_no_temporary_files(world: &World, name: &str) {
    let folder = fs::read_dir(world.data_folder()).unwrap();
    for file in folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        assert!(
            ["tokens.toml", "profiles.toml", "folder-id", "lock", "change.lock"].contains(&file.as_str()),
            "{name}: {file}"
        );
    }
}

/// Kills a second login at each call. There must always be one of the two tokens, and the next login must succeed.
fn kill_login_at_each_call(store: &str) -> usize {
    let (world, _keyring) = world_with_old(store);
    let arguments = login_arguments(&world, store);
    for_each_call(
        "signal=KILL",
        &CALLS,
        |call, fault, number| {
            login(&world, OLD, store).stderr("Logged in").succeeds();
            with_fault(&world, &arguments, NEW, call, fault, number)
        },
        |name, result| {
            assert_eq!(result.code, -1, "{name}: {result}");
            let token = stored_token(&world, name);
            assert!([Some(OLD), Some(NEW)].contains(&token.as_deref()), "{name}: {token:?}");
            // An interrupted login is reported only once.
            world.run(["print-token"]).stdout(&format!("{}\n", token.unwrap())).succeeds();
            login(&world, NEW, store).stderr("Logged in").succeeds();
            world.run(["print-token"]).stdout(&format!("{NEW}\n")).succeeds();
            assert_no_temporary_files(&world, name);
        },
    )
}

#[test]
fn a_login_with_the_token_file_can_be_killed_at_every_call() {
    let count = kill_login_at_each_call("file");
    assert!(count > 40, "{count}");
}

#[test]
fn a_login_with_the_keyring_can_be_killed_at_every_call() {
    let count = kill_login_at_each_call("keyring");
    assert!(count > 60, "{count}");
}

#[test]
fn a_logout_can_be_killed_at_every_call() {
    let (world, _) = world_with_old("file");
    let arguments = ["logout".to_owned()];
    let count = for_each_call(
        "signal=KILL",
        &CALLS,
        |call, fault, number| {
            login(&world, OLD, "file").stderr("Logged in").succeeds();
            with_fault(&world, &arguments, "", call, fault, number)
        },
        |name, _| {
            let token = stored_token(&world, name);
            assert!(token.is_none() || token.as_deref() == Some(OLD), "{name}: {token:?}");
            let again = world.run(["logout"]).start().wait();
            // Exit code 3 is right only if the killed logout had already finished.
            assert!(again.code == 0 || token.is_none() && again.code == 3, "{name}: {again}");
            assert_eq!(stored_token(&world, name), None, "{name}");
        },
    );
    assert!(count > 40, "{count}");
}

/// Docker's settings with another registry.
const SETTINGS: &str = "{\n\t\"auths\": {},\n\t\"credHelpers\": {\n\t\t\"gcr.io\": \"gcloud\"\n\t}\n}\n";

#[test]
fn docker_install_and_uninstall_can_be_killed_at_every_call() {
    let (world, _) = world_with_old("file");
    let settings = world.home().join(".docker/config.json");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let read = || fs::read_to_string(&settings).unwrap();
    fs::write(&settings, SETTINGS).unwrap();
    world.run(["docker", "install"]).stderr("docker").succeeds();
    let installed = read();
    assert_ne!(installed, SETTINGS);
    for (command, before, after) in [("install", SETTINGS, &*installed), ("uninstall", &*installed, SETTINGS)] {
        let arguments = ["docker", command].map(str::to_owned);
        let count = for_each_call(
            "signal=KILL",
            &CALLS,
            |call, fault, number| {
                fs::write(&settings, before).unwrap();
                with_fault(&world, &arguments, "", call, fault, number)
            },
            |name, _| {
                assert!([before, after].contains(&&*read()), "{command}, {name}: {}", read());
                let again = world.run(["docker", command]).start().wait();
                assert!(again.code == 0 && read() == after, "{command}, {name}: {again}");
                assert_eq!(stored_token(&world, name).as_deref(), Some(OLD), "{command}, {name}");
                let files = fs::read_dir(settings.parent().unwrap()).unwrap().count();
                assert_eq!(files, 1, "{command}, {name}: temporary files of the killed run are deleted");
            },
        );
        assert!(count >= 15, "{command}: {count}");
    }
}

/// Makes the calls of a second login fail with this error. The login must succeed, or report the error with a hint.
fn fail_login_at_each_call(error: &str, calls: &[&str]) -> usize {
    let (world, _) = world_with_old("file");
    let arguments = login_arguments(&world, "file");
    for_each_call(
        &format!("error={error}"),
        calls,
        |call, fault, number| {
            login(&world, OLD, "file").stderr("Logged in").succeeds();
            with_fault(&world, &arguments, NEW, call, fault, number)
        },
        |name, result| {
            let token = stored_token(&world, name);
            if result.code == 0 {
                assert_eq!(token.as_deref(), Some(NEW), "{name}: {result}");
            } else {
                assert!([Some(OLD), Some(NEW)].contains(&token.as_deref()), "{name}: {token:?}");
                assert_eq!(result.code, 4, "{name}: {result}");
                assert!(result.stderr.contains("error: ") && result.stderr.contains("hint: "), "{name}: {result}");
                assert!(!result.stderr.contains(NEW), "{name}: {result}");
            }
            login(&world, NEW, "file").stderr("Logged in").succeeds();
            assert_no_temporary_files(&world, name);
        },
    )
}

#[test]
fn the_disk_can_fail_at_every_call_of_a_login() {
    let counts: Vec<usize> = thread::scope(|scope| {
        let runs =
            [("EIO", &["fsync", RENAME][..]), ("ENOSPC", &["fsync"]), ("EROFS", &[RENAME]), ("ESTALE", &[RENAME])];
        let runs = runs.map(|(error, calls)| scope.spawn(move || fail_login_at_each_call(error, calls)));
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(counts.iter().all(|count| *count >= 3), "{counts:?}");
}

#[test]
fn a_lost_bus_connection_is_reported_as_a_failing_keyring_and_not_as_no_login() {
    let (world, _keyring) = world_with_old("keyring");
    let print = ["print-token".to_owned()];
    let calls = ["sendmsg", "recvmsg"];
    let count = for_each_call(
        "error=ECONNRESET",
        &calls,
        |call, fault, number| with_fault(&world, &print, "", call, fault, format!("{number}+")),
        |name, result| {
            let is_printed = result.code == 0 && result.stdout == format!("{OLD}\n");
            let is_reported = result.code == 4 && result.stdout.is_empty() && result.stderr.contains("hint: ");
            assert!(is_printed || is_reported, "{name}: {result}");
        },
    );
    assert!(count > 5, "{count}");
    let arguments = login_arguments(&world, "keyring");
    let count = for_each_call(
        "error=ECONNRESET",
        &calls,
        |call, fault, number| {
            login(&world, OLD, "keyring").stderr("Logged in").succeeds();
            with_fault(&world, &arguments, NEW, call, fault, format!("{number}+"))
        },
        |name, result| {
            let token = stored_token(&world, name);
            match result.code {
                0 => assert_eq!(token.as_deref(), Some(NEW), "{name}: {result}"),
                _ => {
                    assert!([Some(OLD), Some(NEW)].contains(&token.as_deref()), "{name}: {token:?}");
                    assert!(result.code == 4 && result.stderr.contains("hint: "), "{name}: {result}");
                }
            }
        },
    );
    assert!(count > 10, "{count}");
}

#[test]
fn a_wrong_clock_does_not_lose_a_token() {
    let (world, _) = world_with_old("file");
    let at = |time: &str, arguments: &[String], stdin: &str| {
        let mut command = world.command("faketime");
        command.arg(time).arg(env!("CARGO_BIN_EXE_quay-auth")).args(arguments);
        Run::new(command).stdin(stdin).start().wait()
    };
    for time in ["1970-01-02 00:00:00", "2040-01-01 00:00:00", "2300-01-01 00:00:00"] {
        let printed = at(time, &["print-token".to_owned()], "");
        assert!(printed.code == 0 && printed.stdout == format!("{OLD}\n"), "{time}: {printed}");
        let status = at(time, &["status", "--offline"].map(str::to_owned), "");
        assert!(status.code == 0 && status.stdout.contains("default@"), "{time}: {status}");
        let again = at(time, &login_arguments(&world, "file"), OLD);
        assert!(again.code == 0 && again.stderr.contains("Logged in"), "{time}: {again}");
        // At the present time again, with a profile from that time.
        assert_eq!(stored_token(&world, time).as_deref(), Some(OLD));
        world.run(["status", "--offline", "--json"]).prints(&time[..10]).succeeds();
    }
}

/// A login writes three files: `profiles.toml` with the new profile as pending, the token, and `profiles.toml` again.
#[test]
fn the_next_command_reports_how_far_a_killed_login_came() {
    let interrupted = |known: &str| format!("interrupted {known}");
    for (rename, token, report) in [
        (1, OLD, None),
        (2, OLD, Some(interrupted("before its token was stored. Nothing was changed."))),
        (3, NEW, Some(interrupted("after its token was stored. The new token is used."))),
    ] {
        let (world, _) = world_with_old("file");
        let arguments = login_arguments(&world, "file");
        let result = with_fault(&world, &arguments, NEW, RENAME, "error=EIO:signal=KILL", rename).unwrap();
        assert_eq!(result.code, -1, "{result}");
        let print = || world.run(["print-token"]).stdout(&format!("{token}\n"));
        match &report {
            Some(report) => print().stderr(report).succeeds(),
            None => print().succeeds(),
        };
        print().succeeds();
    }
}

#[test]
fn a_killed_first_login_leaves_no_token_or_a_complete_profile() {
    for (rename, is_stored) in [(1, false), (2, false), (3, true)] {
        let world = World::new();
        world.quay.set_verify(Verify::Status(404));
        let arguments = login_arguments(&world, "file");
        with_fault(&world, &arguments, NEW, RENAME, "error=EIO:signal=KILL", rename).unwrap();
        if is_stored {
            world.run(["print-token"]).stdout(&format!("{NEW}\n")).stderr("The new token is used").succeeds();
        } else {
            world.run(["print-token"]).stderr("there is no login for").fails(3);
        }
    }
}
