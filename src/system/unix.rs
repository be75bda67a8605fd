//! Linux, macOS and other Unix systems.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Once};
use std::thread;

use nix::unistd::{getpgrp, getppid, getsid, tcgetpgrp};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use tempfile::{NamedTempFile, PersistError};

/// The variable whose folder contains the program's own files.
pub(crate) const HOME: &str = "HOME";

/// Describes the token file: it has mode 0600, and is rejected if others can read it.
pub(crate) const PRIVATE_FILE: &str = "a file that only you can read";

/// Says who can read the token file.
pub(crate) const PRIVATE: &str = "readable only by you";

/// Says who can read a file that `export` writes: it has mode 0600.
pub(crate) const EXPORTED: &str = "readable only by you";

/// Replaces this process by the command, which so gets the signals and sets the exit status. Returns only if that fails.
pub(crate) fn become_command(mut command: Command) -> Result<Infallible, io::Error> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

/// Whether everything that is written there is lost. That is also so if the file was closed when the program started: the standard
/// library then opens `/dev/null` in its place.
pub(crate) fn is_discarded(file: impl AsFd) -> bool {
    let same_device = |null: rustix::fs::Stat| rustix::fs::fstat(file).is_ok_and(|stat| stat.st_rdev == null.st_rdev);
    rustix::fs::stat("/dev/null").is_ok_and(same_device)
}

/// Whether the terminal can show colours. `settings::environment` checks `TERM`.
pub(crate) fn understands_colors() -> bool {
    true
}

/// Renames the new file over the old one, which may be open in other programs.
pub(crate) fn replace(file: NamedTempFile, path: &Path) -> Result<(), PersistError> {
    file.persist(path).map(drop)
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether the file exists and can be executed.
pub(crate) fn is_program(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
}

/// Whether this process may read from the terminal and change it. The system stops a background job that tries to. Jobs exist only at
/// the controlling terminal; under `su -c`, for example, there is none.
pub(crate) fn is_in_foreground(terminal: impl AsFd) -> bool {
    tcgetpgrp(terminal).map_or(true, |group| group == getpgrp())
}

/// Whether a shell with job control started this process. Otherwise nothing could continue the process after Ctrl-Z: a script that leads
/// its session, as under `ssh -t HOST "…; …"`, is in the process group of its commands, and so would stop too.
///
/// A process outside of this container has the number 0, as a parent and as the leader of a session.
pub(crate) fn can_be_continued() -> bool {
    let (parent, session) = (getppid(), getsid(None));
    parent.as_raw() != 0 && getsid(Some(parent)) == session && session != Ok(getpgrp())
}

/// Lets this process find out how the programs end that it starts. If SIGCHLD was ignored at its own start, the system would not say.
pub(crate) fn observe_children() {
    static OBSERVED: Once = Once::new();
    // Any handler will do.
    OBSERVED.call_once(|| drop(signal_hook::flag::register(SIGCHLD, Arc::default())));
}

/// The given signals without those that this process ignores. A signal that was ignored at the start, as by `nohup` or after
/// `trap '' HUP` in a shell, must stay without effect.
///
/// Only Linux says which ones are ignored; elsewhere all are returned. `sigaction` would need unsafe code.
pub(crate) fn not_ignored(signals: impl IntoIterator<Item = i32>) -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    signals.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
}

/// Listens for Ctrl-C, `kill` and a closed terminal until it is dropped.
pub(crate) struct TerminationSignals(Handle);

impl TerminationSignals {
    /// Calls `on_signal` on another thread, and then, if `terminate` is set, ends the process as the signal would have done.
    pub(crate) fn listen(on_signal: impl Fn() + Send + 'static, terminate: bool) -> io::Result<Self> {
        let mut signals = Signals::new(not_ignored([SIGINT, SIGTERM, SIGHUP]))?;
        let handle = signals.handle();
        thread::Builder::new().name("termination".to_owned()).spawn(move || {
            for signal in &mut signals {
                on_signal();
                if terminate {
                    // Fails only for a signal that does not exist.
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
            }
        })?;
        Ok(TerminationSignals(handle))
    }
}

impl Drop for TerminationSignals {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Commands for hints, in the syntax of a shell.
pub(crate) mod shell_commands {
    use std::path::Path;

    /// The text as one word of a command, in quotes if it needs them.
    #[expect(clippy::expect_used, reason = "only a NUL cannot be quoted")]
    pub(crate) fn word(text: &str) -> String {
        // shlex would also quote commas, as in a list of scopes.
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:,@+".contains(&b)) {
            return text.to_owned();
        }
        shlex::try_quote(&text.replace('\0', "")).expect("there is no NUL").into_owned()
    }

    /// The path as one word of a command.
    pub(crate) fn path_word(path: &Path) -> String {
        word(&path.display().to_string())
    }

    /// Shows type, owner and permissions of a file or folder itself, or if this user cannot get to it, of the nearest folder above.
    pub(crate) fn show_permissions(path: &Path) -> String {
        let visible = path.ancestors().find(|path| path.symlink_metadata().is_ok());
        format!("ls -ld {}", path_word(visible.unwrap_or(path)))
    }

    /// Shows permissions and free space of a folder.
    pub(crate) fn show_free_space(folder: &Path) -> String {
        format!("ls -ld {0}; df -h {0}", path_word(folder))
    }

    /// Gives a file, or a folder with its files, to this user.
    pub(crate) fn take_ownership(path: &Path) -> String {
        format!("sudo chown -R \"$(id -u):$(id -g)\" {}", path_word(path))
    }

    /// Takes all permissions from the group of a file.
    pub(crate) fn close_to_group(path: &Path) -> String {
        format!("chmod g= {}", path_word(path))
    }

    pub(crate) fn create_folder(path: &Path) -> String {
        format!("mkdir -p {}", path_word(path))
    }

    /// Renames a file.
    pub(crate) fn move_away(path: &Path) -> String {
        format!("mv {0} {0}.broken", path_word(path))
    }

    /// Shows the program that has the file open.
    pub(crate) fn show_user_of_file(path: &Path) -> String {
        format!("fuser {}", path_word(path))
    }

    /// Shows the program that listens at the port.
    pub(crate) fn show_listener(port: u16) -> String {
        format!("ss -ltnp 'sport = :{port}'")
    }

    pub(crate) fn set_variable(name: &str, value: &str) -> String {
        format!("export {name}={}", word(value))
    }

    /// Adds a folder to the end of PATH.
    pub(crate) fn last_on_path(folder: &Path) -> String {
        format!("export PATH=\"$PATH\":{}", path_word(folder))
    }

    /// Adds a folder to the start of PATH.
    pub(crate) fn first_on_path(folder: &Path) -> String {
        format!("export PATH={}:\"$PATH\"", path_word(folder))
    }

    /// The hint for a command that was not found.
    pub(crate) const NO_COMMAND: &str =
        "check its name and your PATH; if it is a script, also the interpreter in its first line";

    /// The hint for a command that cannot be run.
    pub(crate) fn not_runnable(program: &str) -> String {
        format!("check that it is an executable program: ls -l {}", word(program))
    }
}
