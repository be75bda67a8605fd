//! The program on an unusual system: with its own mounts, with the home of another user, under strace.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::Run;
use crate::support::world::World;

/// Runs these shell commands and then the program, in a mount namespace of its own.
///
/// `$HOME` is that of the world. If the commands contain `"$@"`, the program runs there, otherwise after the last one.
pub(crate) fn run_after(world: &World, commands: &str, arguments: &[&str]) -> Run {
    let mut command = as_root(world, "unshare");
    let script = if commands.contains("\"$@\"") { commands.to_owned() } else { format!("{commands}\nexec \"$@\"") };
    command.args(["--mount", "sh", "-ec", &script, "sh", env!("CARGO_BIN_EXE_quay-auth")]).args(arguments);
    Run::new(command)
}

/// Commands for `run_after` after which nobody can write below `HOME`, not even root.
pub(crate) const READ_ONLY_HOME: &str = "mount --bind \"$HOME\" \"$HOME\"\nmount -o remount,bind,ro \"$HOME\"";

/// Runs the program with the home of another user.
pub(crate) fn run_in_foreign_home(world: &World, arguments: &[&str]) -> Run {
    if is_root() {
        std::os::unix::fs::chown(world.home(), Some(65_534), None).expect("give the home away");
        world.run(arguments)
    } else {
        // Only root can change the owner of a folder. In a user namespace, the folders of the real root belong to another user.
        run_after(world, "export HOME=/usr", arguments)
    }
}

/// Runs the program as a user other than root. If the tests run as root, that is nobody, who gets this world's folders.
pub(crate) fn run_as_user(world: &World, arguments: &[&str]) -> Run {
    if !is_root() {
        return world.run(arguments);
    }
    for folder in [world.home().parent().expect("the world's folder"), &world.home(), &world.runtime_folder()] {
        chown(folder, Some(65_534));
    }
    let mut command = world.command("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_quay-auth")]).args(arguments);
    Run::new(command)
}

/// Gives a file, or a folder and what is in it, to this user and its group, or to those of the tests. Uses `sudo` if that is not root.
pub(crate) fn chown(path: &Path, user: Option<u32>) {
    let own = fs::metadata("/proc/self").expect("/proc");
    let owner = user.map_or_else(|| format!("{}:{}", own.uid(), own.gid()), |user| format!("{user}:{user}"));
    change_owner(&["chown", "-R", &owner], path);
}

/// Gives a link to this user, and not its target.
pub(crate) fn chown_link(path: &Path, user: u32) {
    change_owner(&["chown", "-h", &user.to_string()], path);
}

/// Gives a file to this group.
pub(crate) fn chgrp(path: &Path, group: u32) {
    change_owner(&["chgrp", &group.to_string()], path);
}

fn change_owner(words: &[&str], path: &Path) {
    let sudo: &[&str] = if is_root() { &[] } else { &["sudo", "-n"] };
    let words = [sudo, words].concat();
    let status = Command::new(words[0]).args(&words[1..]).arg(path).status().expect("start chown");
    assert!(status.success(), "{words:?}");
}

/// Shell commands for `run_test_in_network`, after which `quay.example.com` is this machine.
pub(crate) const QUAY_EXAMPLE_COM: &str = "ip link set lo up && hosts=$(mktemp) && \
    echo 127.0.0.1 localhost quay.example.com >\"$hosts\" && mount --bind \"$hosts\" /etc/hosts && rm \"$hosts\"";

/// Runs the ignored test of that name in network and mount namespaces of its own, after these shell commands, and expects that it passes.
pub(crate) fn run_test_in_network(commands: &str, test: &str) {
    let mut unshare = Command::new("unshare");
    if !is_root() {
        unshare.arg("--map-root-user");
    }
    run_test_by(unshare, commands, test);
}

/// Runs the test of that name in a PID namespace of its own, as in a container. The numbers of processes outside of it are 0 there.
pub(crate) fn run_test_in_container(test: &str) {
    let mut unshare = Command::new("unshare");
    if !is_root() {
        unshare.arg("--map-root-user");
    }
    unshare.args(["--pid", "--fork"]);
    expect_pass(unshare, test);
}

/// The same as the real root.
pub(crate) fn run_test_in_network_as_root(commands: &str, test: &str) {
    let mut unshare = Command::new(if is_root() { "unshare" } else { "sudo" });
    if !is_root() {
        unshare.args(["-n", "unshare"]);
    }
    run_test_by(unshare, commands, test);
}

fn run_test_by(mut unshare: Command, commands: &str, test: &str) {
    unshare.args(["--net", "--mount", "sh", "-c", &format!("{commands} && exec \"$@\""), "sh"]);
    expect_pass(unshare, test);
}

fn expect_pass(mut unshare: Command, test: &str) {
    let output = unshare
        .arg(std::env::current_exe().expect("this program"))
        .args(["--include-ignored", "--exact", test])
        .output()
        .expect("start unshare (Debian package util-linux)");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}\n{stderr}");
}

/// A command that runs as root. If the tests run as another user, that is root in a user namespace.
fn as_root(world: &World, program: &str) -> Command {
    if is_root() {
        return world.command(program);
    }
    let mut command = world.command("unshare");
    command.args(["--map-root-user", program]);
    command
}

/// `strace` for all threads of a program. It runs as root, because only root can trace the program.
pub(crate) fn strace(world: &World) -> Command {
    let mut command = as_root(world, "strace");
    command.args(["-f", "-qq", "-e", "signal=none"]);
    command
}

/// Whether the tests run as root, who ignores permissions.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").expect("/proc").uid() == 0
}

/// A run of the program under strace.
pub(crate) struct Traced {
    pub(crate) run: Run,
    record: PathBuf,
}

impl Traced {
    /// `calls` are the system calls to record, in the notation of `strace -e trace=`.
    pub(crate) fn new(world: &World, calls: &str, arguments: &[&str]) -> Traced {
        let record = world.runtime_folder().join("strace");
        let mut command = strace(world);
        command.args(["-y", "-s", "200", "-e", &format!("trace={calls}"), "-o"]);
        // With a umask that gives everyone all permissions, as some systems have by default.
        command.arg(&record).args(["sh", "-c", "umask 000\nexec \"$@\"", "sh"]);
        command.arg(env!("CARGO_BIN_EXE_quay-auth")).args(arguments);
        Traced { run: Run::new(command), record }
    }

    /// Runs the program. Returns the recorded calls, one on each line.
    pub(crate) fn calls(self, end: impl FnOnce(Run)) -> String {
        end(self.run);
        fs::read_to_string(self.record).expect("what strace wrote")
    }
}
