//! The program on a system that is not as usual, or watched by it: mounts of its own, another user's home, strace.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use crate::program::Run;
use crate::world::World;

/// The program with these arguments, behind these lines of shell, in a mount namespace that nobody else sees.
///
/// `$HOME` is the world's. The lines may end with `"$@"` and more after it; else the program takes the shell's place.
pub(crate) fn run_behind(world: &World, lines: &str, arguments: &[&str]) -> Run {
    let mut command = as_root(world, "unshare");
    let script = if lines.contains("\"$@\"") { lines.to_owned() } else { format!("{lines}\nexec \"$@\"") };
    command.args(["--mount", "sh", "-ec", &script, "sh", env!("CARGO_BIN_EXE_quay-auth")]).args(arguments);
    Run::new(command)
}

/// Lines for `run_behind` after which nothing below `HOME` can be written, by root neither.
pub(crate) const READ_ONLY_HOME: &str = "mount --bind \"$HOME\" \"$HOME\"\nmount -o remount,bind,ro \"$HOME\"";

/// The program in a home that is another user's.
pub(crate) fn run_in_foreign_home(world: &World, arguments: &[&str]) -> Run {
    if is_root() {
        std::os::unix::fs::chown(world.home(), Some(65_534), None).expect("give the home away");
        world.run(arguments)
    } else {
        // Only root can give a home away. In a namespace that knows no other user, root's own folders are a stranger's.
        run_behind(world, "export HOME=/usr", arguments)
    }
}

/// Runs the ignored test of that name by this same program, in a network of its own that these lines of shell set up. It passes.
pub(crate) fn in_network(lines: &str, test: &str) {
    let mut command = Command::new("unshare");
    if !is_root() {
        command.arg("--map-root-user");
    }
    let output = command
        .args(["--net", "sh", "-c", &format!("{lines} && exec \"$@\""), "sh"])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", test])
        .output()
        .expect("start unshare (Debian package util-linux)");
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{failed}");
}

/// This command, run by root; by somebody else it is run in a namespace where that user counts as root.
fn as_root(world: &World, program: &str) -> Command {
    if is_root() {
        return world.command(program);
    }
    let mut command = world.command("unshare");
    command.args(["--map-root-user", program]);
    command
}

/// `strace` over all of a program's threads; it sees into one that lets nobody look at its memory but root.
pub(crate) fn strace(world: &World) -> Command {
    let mut command = as_root(world, "strace");
    command.args(["-f", "-qq", "-e", "signal=none"]);
    command
}

/// Whether the tests run as root, for whom permissions do not count.
fn is_root() -> bool {
    fs::metadata("/proc/self").expect("/proc").uid() == 0
}

/// The program with these arguments, and with every system call of these kinds on record.
pub(crate) struct Traced {
    /// The run.
    pub(crate) run: Run,
    record: PathBuf,
}

impl Traced {
    /// `calls` as `strace -e trace=` takes them; `?` before one that not every processor has.
    pub(crate) fn new(world: &World, calls: &str, arguments: &[&str]) -> Traced {
        let record = world.runtime_folder().join("strace");
        let mut command = strace(world);
        command.args(["-y", "-s", "200", "-e", &format!("trace={calls}"), "-o"]);
        // By a shell that allows everybody everything, as some systems do by default.
        command.arg(&record).args(["sh", "-c", "umask 000\nexec \"$@\"", "sh"]);
        command.arg(env!("CARGO_BIN_EXE_quay-auth")).args(arguments);
        Traced { run: Run::new(command), record }
    }

    /// The calls, a line each, once it has ended as it should.
    pub(crate) fn calls(self, end: impl FnOnce(Run)) -> String {
        end(self.run);
        fs::read_to_string(self.record).expect("what strace wrote")
    }
}
