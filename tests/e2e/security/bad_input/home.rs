//! No home, or one that belongs to another user, is read-only or full: this is reported as a failing store (4), not as "no login", and the
//! old state stays.

use std::fs;

use super::{SECRET, refused};
use crate::support::program::Run;
use crate::support::system::{READ_ONLY_HOME, run_after, run_in_foreign_home};
use crate::support::world::{CLIENT_ID, World};

/// The commands that need a home. They have everything else that they need.
fn commands(host: &str) -> Vec<Vec<String>> {
    let login = ["login", "--host", host, "--client-id", CLIENT_ID, "--store", "file"];
    let with_token = ["login", "--with-token", "--host", host, "--store", "file"];
    let commands = [&login[..], &with_token, &["print-token"], &["logout"], &["logout", "--all"]];
    commands.map(|command| command.iter().map(|&word| word.to_owned()).collect()).into()
}

/// Commands for `run_after` after which HOME is not set and the user database has this home. If it is empty, there is no user.
fn home_in_user_database(home: &str) -> String {
    let entry = if home.is_empty() { String::new() } else { format!("root:x:0:0:root:{home}:/bin/sh\n") };
    // Otherwise systemd adds an entry for root.
    format!(
        "cd \"$XDG_RUNTIME_DIR\"\nprintf '%s' '{entry}' >passwd\necho 'passwd: files' >nsswitch.conf\n\
         mount --bind passwd /etc/passwd\nmount --bind nsswitch.conf /etc/nsswitch.conf\nunset HOME"
    )
}

#[test]
fn without_a_home_each_command_fails_with_a_hint() {
    let world = World::new();
    let lines = home_in_user_database("");
    for home in ["", "\nexport HOME=''", "\nexport HOME=relative/home"] {
        for arguments in commands(&world.quay.host()) {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let stderr = refused(run_after(&world, &format!("{lines}{home}"), &arguments).stdin(SECRET), 4);
            assert!(
                stderr
                    .contains("error: there is no folder for quay-auth's files: HOME is not set to an absolute path\n"),
                "{stderr}"
            );
            assert!(stderr.contains("hint: set HOME to a folder of your own\n"), "{stderr}");
            assert!(stderr.contains("hint: in a CI job, set QUAY_AUTH_TOKEN"), "{stderr}");
        }
    }
}

#[test]
fn without_a_home_status_and_the_helper_do_not_report_that_there_is_no_login() {
    let world = World::new();
    let lines = home_in_user_database("");
    let stderr = refused(run_after(&world, &lines, &["status"]), 4);
    assert!(stderr.contains("HOME is not set to an absolute path\n"), "{stderr}");
    let helper = run_after(&world, &lines, &["credential-helper", "--", "get"]).stdin("quay.io");
    let reply = helper.start().wait();
    assert!(reply.code == 1 && reply.stdout.contains("HOME is not set"), "{reply}");
}

#[test]
fn without_home_the_home_in_the_user_database_is_used() {
    let world = World::new();
    let token = world.log_in();
    let lines = home_in_user_database(world.home().to_str().unwrap());
    run_after(&world, &lines, &["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn a_home_that_is_not_utf_8_is_used() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let home = world.home().join(std::ffi::OsStr::from_bytes(b"h\xe9me"));
    fs::create_dir(&home).unwrap();
    world.quay.set_verify(crate::quay_standin::Verify::Status(404));
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.args(["login", "--with-token", "--store", "file", "--host", &world.quay.host()]).env("HOME", &home);
    Run::new(command).stdin(SECRET).stderr("Logged in to").succeeds();
    assert!(home.join(".local/share/quay-auth/tokens.toml").exists());
    assert_eq!(fs::read_dir(world.home()).unwrap().count(), 1, "no other folder");
}

#[test]
fn xdg_data_home_is_used_without_a_home() {
    let world = World::new();
    let data = world.runtime_folder().join("data");
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.args(["login", "--with-token", "--store", "file", "--host", &world.quay.host()]);
    command.env_remove("HOME").env("XDG_DATA_HOME", &data);
    world.quay.set_verify(crate::quay_standin::Verify::Status(404));
    Run::new(command).stdin(SECRET).stderr("Logged in to").succeeds();
    assert!(data.join("quay-auth/tokens.toml").exists());
}

#[test]
fn a_read_only_home_is_reported_with_its_path_before_the_browser() {
    let world = World::new();
    let folder = world.data_folder();
    for arguments in commands(&world.quay.host()).iter().take(2) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let stderr = refused(run_after(&world, READ_ONLY_HOME, &arguments).stdin(SECRET), 4);
        assert!(stderr.contains(&format!("error: cannot write {}", folder.display())), "{stderr}");
        assert!(stderr.contains("cause: Read-only file system"), "{stderr}");
        assert!(
            stderr.contains(&format!(
                "hint: check the permissions and the free space: ls -ld {0}; df -h {0}\n",
                world.home().display()
            )),
            "{stderr}"
        );
        assert!(!stderr.contains("/oauth/authorize"), "{stderr}");
    }
}

/// Puts the program's files on a full disk, runs the program, and prints which files are left and the token.
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
fn a_full_disk_is_reported_and_the_old_token_stays_readable() {
    let world = World::new();
    let token = world.log_in();
    let left = format!("filler\nprofiles.toml\ntokens.toml\n{token}\n");
    for arguments in [&["login", "--with-token"][..], &["login", "--no-browser"]] {
        let run = run_after(&world, FULL_DISK, arguments).stdin(SECRET).stdout(&left);
        let stderr = refused(run, 4);
        assert!(stderr.contains("No space left on device"), "{arguments:?}: {stderr}");
        assert!(stderr.contains("error: cannot write ") && stderr.contains("; df -h "), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("/oauth/authorize"), "{stderr}");
    }
}

#[test]
fn on_a_full_disk_logout_deletes_the_token() {
    let world = World::new();
    world.log_in();
    let lines = FULL_DISK.replace("\"$1\" print-token\n", "");
    let run = run_after(&world, &lines, &["logout"]).stdout("filler\nprofiles.toml\n");
    let stderr = refused(run, 4);
    assert!(stderr.contains("its profile still lists it") && stderr.contains("No space left on device"), "{stderr}");
}

#[test]
fn nothing_is_written_to_another_users_home() {
    let world = World::new();
    let host = world.quay.host();
    for arguments in commands(&host).iter().take(2) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let stderr = refused(run_in_foreign_home(&world, &arguments).stdin(SECRET), 4);
        assert!(stderr.contains(" belongs to another user\n"), "{stderr}");
        assert!(stderr.contains("hint: run quay-auth as that user, without sudo\n"), "{stderr}");
    }
    assert_eq!(fs::read_dir(world.home()).unwrap().count(), 0);
}
