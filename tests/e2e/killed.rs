//! A login that is killed while it stores its token leaves the old state or the new one, and the next command says which.

use std::process::Command;

use crate::program::Run;
use crate::world::World;

const OLD: &str = "OLDTOKENOLDTOKENOLDTOKENOLDTOKENOLDTOKEN";
const NEW: &str = "NEWTOKENNEWTOKENNEWTOKENNEWTOKENNEWTOKEN";

/// `login --with-token` of this token; `wrapper` stands in front of the program.
fn login(world: &World, token: &str, wrapper: Option<&str>) -> Run {
    let mut command: Command = match wrapper {
        None => world.command(env!("CARGO_BIN_EXE_quay-auth")),
        Some(strace) => {
            let mut words = strace.split(' ');
            let mut command = world.command(words.next().unwrap());
            command.args(words).arg(env!("CARGO_BIN_EXE_quay-auth"));
            command
        }
    };
    command.args(["login", "--with-token", "--store", "file", "--host", &world.quay.host()]);
    Run::new(command).stdin(token)
}

/// The login is killed as it begins to rename a new file over an old one for the n-th time.
fn killed_at_rename(world: &World, number: usize) {
    let renames = "rename,renameat,renameat2";
    let strace = format!(
        "strace -f -qq -o /dev/null -e trace={renames} -e inject={renames}:error=EIO:signal=KILL:when={number}"
    );
    let ended = login(world, NEW, Some(&strace)).start().wait();
    assert_eq!(ended.code, -1, "by a signal, and strace ends as its child did: {ended}");
}

/// The three writes of a login: the record to be, the token, the record.
#[test]
fn is_old_until_the_token_is_stored_and_new_from_then_on() {
    let interrupted = |known: &str| format!("interrupted; {known}");
    for (rename, token, said) in [
        (1, OLD, None),
        (2, OLD, Some(interrupted("its token was not stored, all is as before."))),
        (3, NEW, Some(interrupted("its new token was stored and is in use."))),
    ] {
        let world = World::new();
        world.quay.set_verify(crate::quay::Verify::Status(503));
        login(&world, OLD, None).stderr("Logged in").succeeds();
        killed_at_rename(&world, rename);
        let print = || world.run(["print-token"]).stdout(&format!("{token}\n"));
        match &said {
            Some(said) => print().stderr(said).succeeds(),
            None => print().succeeds(),
        };
        // Said once; from then on all is as ever.
        print().succeeds();
        login(&world, NEW, None).stderr("Logged in").succeeds();
        world.run(["print-token"]).stdout(&format!("{NEW}\n")).succeeds();
    }
}

#[test]
fn a_first_login_that_is_killed_leaves_none_or_a_whole_one() {
    for (rename, is_kept) in [(1, false), (2, false), (3, true)] {
        let world = World::new();
        world.quay.set_verify(crate::quay::Verify::Status(503));
        killed_at_rename(&world, rename);
        if is_kept {
            world.run(["print-token"]).stdout(&format!("{NEW}\n")).stderr("was stored and is in use").succeeds();
        } else {
            world.run(["print-token"]).stderr("there is no login for").fails(3);
        }
    }
}
