//! No home, another user's, a read-only or a full one: a failing store (4), never "no login", and the old state stays.

use std::fs;

use super::{SECRET, refused};
use crate::program::Run;
use crate::system::{READ_ONLY_HOME, run_behind, run_in_foreign_home};
use crate::world::{CLIENT_ID, World};

/// The commands that need a home, each with all that it needs otherwise.
fn commands(host: &str) -> Vec<Vec<String>> {
    let login = ["login", "--host", host, "--client-id", CLIENT_ID, "--store", "file"];
    let with_token = ["login", "--with-token", "--host", host, "--store", "file"];
    let commands = [&login[..], &with_token, &["print-token"], &["logout"], &["logout", "--all"]];
    commands.map(|command| command.iter().map(|&word| word.to_owned()).collect()).into()
}

#[test]
fn without_a_home_there_is_a_next_step() {
    let world = World::new();
    for home in [None, Some(""), Some("relative/home")] {
        for arguments in commands(&world.quay.host()) {
            let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
            command.args(&arguments).env_remove("HOME");
            command.envs(home.map(|home| ("HOME", home)));
            let said = refused(Run::new(command).stdin(SECRET), 4);
            assert!(said.contains("error: there is no folder to remember logins in: HOME is not set\n"), "{said}");
            assert!(said.contains("hint: set HOME to your home folder\n"), "{said}");
            assert!(said.contains("hint: in a CI job, set QUAY_AUTH_TOKEN"), "{said}");
        }
    }
}

#[test]
fn without_a_home_status_does_not_say_that_there_is_no_login() {
    let world = World::new();
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.arg("status").env_remove("HOME");
    let said = refused(Run::new(command), 4);
    assert!(said.contains("HOME is not set\n"), "{said}");
}

#[test]
fn a_folder_that_is_named_stands_in_for_a_home() {
    let world = World::new();
    let data = world.runtime_folder().join("data");
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.args(["login", "--with-token", "--store", "file", "--host", &world.quay.host()]);
    command.env_remove("HOME").env("XDG_DATA_HOME", &data);
    world.quay.set_verify(crate::quay::Verify::Status(503));
    Run::new(command).stdin(SECRET).stderr("Logged in to").succeeds();
    assert!(data.join("quay-auth/tokens.toml").exists());
}

#[test]
fn a_read_only_home_is_said_with_its_path_before_the_browser() {
    let world = World::new();
    let folder = world.home().join(".local/share/quay-auth");
    for arguments in commands(&world.quay.host()).iter().take(2) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = refused(run_behind(&world, READ_ONLY_HOME, &arguments).stdin(SECRET), 4);
        assert!(said.contains(&format!("error: cannot write {}", folder.display())), "{said}");
        assert!(said.contains("cause: Read-only file system"), "{said}");
        assert!(
            said.contains(&format!(
                "hint: check the permissions and the free space: ls -ld {0}; df -h {0}\n",
                world.home().display()
            )),
            "{said}"
        );
        assert!(!said.contains("/oauth/authorize"), "{said}");
    }
}

/// Puts the program's files on a disk without a free page, and shows what is readable there when it is done.
const FULL_DISK: &str = r#"
data="$HOME/.local/share/quay-auth"
saved="$XDG_RUNTIME_DIR/saved"
rm -rf "$saved"
cp -a "$data" "$saved"
mount -t tmpfs -o size=64k,mode=700 tmpfs "$data"
cp -a "$saved/." "$data"
if dd if=/dev/zero of="$data/filler" bs=4k 2>/dev/null; then exit 99; fi
code=0
"$@" || code=$?
cmp "$saved/profiles.toml" "$data/profiles.toml"
ls -A "$data" | grep -v lock
"$1" print-token
exit $code
"#;

#[test]
fn a_full_disk_is_said_and_the_old_state_stays_readable() {
    let world = World::new();
    let token = world.log_in();
    let left = format!("filler\nprofiles.toml\ntokens.toml\n{token}\n");
    for arguments in [&["login", "--with-token"][..], &["login", "--no-browser"], &["logout"]] {
        let run = run_behind(&world, FULL_DISK, arguments).stdin(SECRET).stdout(&left);
        let said = refused(run, 4);
        assert!(said.contains("No space left on device"), "{arguments:?}: {said}");
        assert!(said.contains("error: cannot write ") && said.contains("; df -h "), "{arguments:?}: {said}");
        assert!(!said.contains("/oauth/authorize"), "{said}");
    }
}

#[test]
fn another_users_home_is_left_alone() {
    let world = World::new();
    let host = world.quay.host();
    for arguments in commands(&host).iter().take(2) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = refused(run_in_foreign_home(&world, &arguments).stdin(SECRET), 4);
        assert!(said.contains(" belongs to another user\n"), "{said}");
        assert!(said.contains("hint: run quay-auth as the user whose home this is, without sudo\n"), "{said}");
    }
    assert_eq!(fs::read_dir(world.home()).unwrap().count(), 0);
}
